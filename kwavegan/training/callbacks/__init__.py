"""The callbacks of a training, one in each file, and what they share."""
