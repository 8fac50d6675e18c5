"""What is made once for the repository: golden numbers and pretrained models."""
