"""Recordings → a folder of the run's nearest sounds, variations of them, and ways between two."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.audio.soundfiles import write_wav
from kwavegan.config.attributes import file_title
from kwavegan.control.blending import blended
from kwavegan.control.finding import Found
from kwavegan.control.normals import arc, from_normals, to_normals, with_lengths
from kwavegan.control.recording import Recording
from kwavegan.errors import InputError, setting
from kwavegan.generation.generator import SoundGenerator
from kwavegan.generation.recipes import Recipe
from kwavegan.generation.wav_folder import sounds_of, write_sounds


@dataclass(frozen=True)
class Output:
    """Where and how sounds are written; see `write_sounds`.

    Attributes:
        folder: of the files.
        bits: of a sample.
        trim: whether a sound ends where it falls silent.
    """

    folder: Path
    bits: int = 16
    trim: bool = True


def recipe_of(generator: SoundGenerator, recording: Recording, found: Found) -> Recipe:
    """Return the recipe of a found sound, named after its recording and its label."""
    stem = re.sub(r"[^\w .+@-]", "_", recording.path.stem) or "sound"
    label = file_title(generator.label_name(found.label))
    return Recipe(found.latent, found.label, f"{stem}_{label}" if label else stem)


def variations(
    generator: SoundGenerator, recipe: Recipe, count: int, amount: float, seed: int = 0
) -> Iterator[Recipe]:
    """Yield recipes of sounds around one, each the same distance from it in its own direction.

    Args:
        generator: that the recipe is for.
        recipe: of the sound.
        count: how many.
        amount: 0 for the sound itself, 1 for sounds as unlike it as any of its label.
        seed: of the directions.

    Raises:
        InputError: an amount outside 0…1.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import variations
        >>> drums = kwavegan.load_pretrained("drums")
        >>> (kick,) = drums.recipes("kick", n=1, seed=0)
        >>> [one.name for one in variations(drums, kick, count=2, amount=0.3)]
        ['kick_s0_0000_v1', 'kick_s0_0000_v2']
    """
    if not 0 <= amount <= 1:
        raise InputError(f"{setting('amount')}: {amount} is out of range; choose 0 to 1")
    distribution = generator.config.latent_distribution
    middle = to_normals(recipe.latent, distribution)
    length = float(np.linalg.norm(middle))
    turn = amount * np.pi / 2
    for i in range(count):
        away = np.random.default_rng([seed, i]).standard_normal(len(middle))
        away -= middle * (away @ middle) / max(length**2, 1e-12)
        normals = np.cos(turn) * middle + np.sin(turn) * with_lengths(away, length)
        yield Recipe(from_normals(normals, distribution), recipe.label, f"{recipe.name}_v{i + 1}")


def write_morph(
    generator: SoundGenerator,
    ends: tuple[Recipe, Recipe],
    steps: int,
    output: Output,
    call: dict[str, Any],
) -> list[str]:
    """Write the sounds of a way from one sound to another, both included; return their names.

    The latents go along an arc, at the length of their normal numbers. Where the ends have two
    labels, so does the label; `latents.csv` can name no label between two, so it holds the ends.

    Args:
        generator: that the recipes are for.
        ends: the first sound and the last.
        steps: sounds on the way, at least 2.
        output: where they are written.
        call: how they were asked for, for `about.json`.

    Raises:
        InputError: fewer than two steps, or `write_sounds` and `blended` refuse.
    """
    if steps < 2:
        raise InputError(f"{setting('steps')}: a walk needs at least 2 sounds; got {steps}")
    distribution = generator.config.latent_distribution
    start, end = ends
    start_at, end_at = (to_normals(one.latent, distribution) for one in ends)
    points = arc(start_at, end_at, steps)
    digits = max(2, len(str(steps)))
    stem = f"{start.name}_to_{end.name}"
    recipes = [
        Recipe(latent, start.label, f"{stem}_{i:0{digits}}")
        for i, latent in enumerate(from_normals(points, distribution), 1)
    ]
    # An end is the very sound that was found, not one that arithmetic brought near it.
    first = Recipe(start.latent, start.label, recipes[0].name)
    last = Recipe(end.latent, end.label, recipes[-1].name)
    middle = recipes[1:-1]
    between: list[tuple[Recipe, np.ndarray]] = []
    if start.label != end.label:
        for i, recipe in enumerate(middle, 1):
            mixed = blended(generator, start.label, end.label, i / (steps - 1))
            between += sounds_of(mixed, [recipe], output.trim)
        middle = []
    told = [first, *middle, last]
    write_sounds(generator, told, output.folder, output.bits, output.trim, call)
    for recipe, audio in between:
        write_wav(output.folder / f"{recipe.name}.wav", audio, generator.rate, output.bits)
    return [one.name for one in recipes]
