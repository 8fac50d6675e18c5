"""Whether two networks and a loss go together."""

from collections.abc import Sequence

import keras

from kwavegan.gan.objectives import Objectives
from kwavegan.layers.codes import count_values
from kwavegan.layers.label_conditioning import find_codes


def count_labels(
    generator: keras.Model, discriminator: keras.Model, given: int | None, names: Sequence[str]
) -> int:
    """Return the number of labels: as given, or as the networks' label layers have it.

    Raises:
        ValueError: they differ.
    """
    counts = {
        layer.num_labels
        for network in (generator, discriminator)
        for layer in network._flatten_layers()
        if hasattr(layer, "num_labels")
    }
    if "logits" in discriminator.output:
        codes = find_codes(generator, discriminator)
        logits = discriminator.output["logits"].shape[-1]
        # Of labels with several attributes, a discriminator tells the values.
        counts.add(len(codes) if codes and logits == count_values(0, codes) else logits)
    if given is not None:
        counts.add(given)
    elif names:
        counts.add(len(names))
    if len(counts) > 1:
        raise ValueError(f"WaveGAN: the networks and labels differ in their number: {counts}")
    return counts.pop() if counts else 0


def check_networks(objectives: Objectives) -> None:
    """Raise a ValueError where the networks lack what the loss needs."""
    if objectives.settings.loss == "acgan" and not objectives.has_class_head:
        raise ValueError(
            "WaveGAN: loss='acgan' needs a discriminator with a class head, \"logits\"; build one "
            "with Architecture(model='acgan') or take another loss"
        )
