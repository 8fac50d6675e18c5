"""What makes the recipe learn, and how good it is; `docs/experiments.md` shows the results."""
