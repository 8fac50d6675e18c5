"""Speed and memory, as ratios within one run; `docs/performance.md` shows the results."""
