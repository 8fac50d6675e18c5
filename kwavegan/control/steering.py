"""Recipes moved along directions: brighter, longer, as far as asked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from kwavegan.control.directions import Direction
from kwavegan.control.kept import useful_direction
from kwavegan.control.normals import from_normals, moved, to_normals
from kwavegan.generation.generator import SoundGenerator
from kwavegan.generation.recipes import Recipe


def steered(
    generator: SoundGenerator,
    recipes: Iterable[Recipe],
    directions: Mapping[str, Mapping[str, Direction]],
    amounts: Mapping[str, float],
) -> Iterator[Recipe]:
    """Yield recipes moved along directions of their labels; what was done ends their names.

    A moved latent keeps the length of its normal numbers, so that it is as likely as it was.

    Args:
        generator: that the recipes are for.
        recipes: of the sounds.
        directions: by label ("" in a run without labels) and name.
        amounts: direction → standard deviations, up or down.

    Raises:
        InputError: a direction is of no use for the label of a recipe.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import directions_of, steered
        >>> drums = kwavegan.load_pretrained("drums")
        >>> recipes = drums.recipes("tom", n=1, seed=0)
        >>> (higher,) = steered(drums, recipes, directions_of(drums, ["tom"]), {"pitch": 1.5})
        >>> higher.name
        'tom_s0_0000_pitch+1.5'
    """
    distribution = generator.config.latent_distribution
    ending = "".join(f"_{name}{amount:+g}" for name, amount in amounts.items())
    for recipe in recipes:
        label = generator.label_name(recipe.label)
        steps = [
            amount * useful_direction(generator, directions, label, name).step
            for name, amount in amounts.items()
        ]
        normals = moved(to_normals(recipe.latent, distribution), np.sum(steps, axis=0))
        latent = from_normals(normals, distribution)
        yield replace(recipe, latent=latent, name=recipe.name + ending)
