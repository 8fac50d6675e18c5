"""What experiments share: their data, their tables of results, and one runner."""
