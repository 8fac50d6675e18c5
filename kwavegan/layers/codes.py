"""Codes of labels with several attributes: how many values and attributes they name.

No Keras here, so that `kwavegan.networks` and `kwavegan.player` count as the layers do.
"""

from kwavegan.types import Codes


def count_values(num_labels: int, codes: Codes) -> int:
    """Return how many values the attributes of labels have: the labels, where they are whole."""
    return 1 + max(map(max, codes)) if codes else num_labels


def count_attributes(codes: Codes) -> int:
    """Return how many values a label has: one, where labels are whole."""
    return len(codes[0]) if codes else 1
