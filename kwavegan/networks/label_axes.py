"""Which weights of a network have a part for each label, so that fine-tuning can change labels."""

from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class LabelAxis:
    """Where a weight has a part for each label.

    Attributes:
        axis: of the weight; it is divided into equal parts, a part for each label, or for each
            value where labels have several attributes.
        at_the_end: whether only the last rows of the axis, one for each label, belong to labels.
    """

    axis: int
    at_the_end: bool = False


def mark(layer: keras.Layer, **axes: LabelAxis) -> keras.Layer:
    """Note on a layer which of its weights have a part for each label.

    Args:
        layer: any layer.
        **axes: by the weight's name, such as `kernel=LabelAxis(1)`.
    """
    layer.label_axes = axes
    return layer


def find_label_axes(network: keras.Model) -> dict[str, LabelAxis]:
    """Return what layers of a network are marked with, by the weight's path."""
    found = {}
    for layer in network._flatten_layers():
        for name, axis in getattr(layer, "label_axes", {}).items():
            found[getattr(layer, name).path] = axis
    return found
