"""Recipes → a folder of WAV files, with the table of their latents."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.audio.processing import without_tail
from kwavegan.audio.soundfiles import write_wav
from kwavegan.errors import InputError
from kwavegan.gan.sampling import BATCH, generate_batches
from kwavegan.generation.generator import SoundGenerator
from kwavegan.generation.latents_table import merged_latents
from kwavegan.generation.provenance import ABOUT, LATENTS, claim
from kwavegan.generation.recipes import Recipe
from kwavegan.storage import files
from kwavegan.storage.sole_writer import only_writer_of, unannounced


def write_sounds(
    generator: SoundGenerator,
    recipes: Iterable[Recipe],
    folder: str | Path,
    bits: int = 16,
    trim: bool = True,
    call: Mapping[str, Any] | None = None,
    note: Callable[[str], None] | None = None,
) -> int:
    """Generate sounds, a batch at a time, and write them as WAV files.

    Args:
        generator: makes the sounds.
        recipes: of the sounds.
        folder: of the files and of their `latents.csv`, which keeps the lines of earlier sounds,
            and their `about.json`, which names the generator.
        bits: of a sample: 16 or 24, integers, or 32, floats.
        trim: whether a sound ends where it falls silent (`without_tail`), or has the full length.
        call: how the recipes came about, for `about.json`: values that JSON can represent.
        note: called with a line where another process writes to the folder, and is waited for.

    Returns:
        The number of different files.

    Raises:
        InputError: the folder holds sounds of another run or step, the disk is full, or the folder
            is not writable.

    Example:
        >>> import kwavegan
        >>> from kwavegan.generation import write_sounds
        >>> drums = kwavegan.load_pretrained("drums")
        >>> write_sounds(drums, drums.recipes("kick", n=3, seed=0), "sounds/kicks")
        3
    """
    folder, names = Path(folder), set()
    labels, latent_dim = generator.combinations, generator.config.latent_dim
    # A second call waits for its turn: it adds to the table of the first, and to its about.json.
    with only_writer_of(folder / LATENTS, wait=note or unannounced):
        files.clear_unfinished_in(folder, "*.wav", f"*-{ABOUT}", f"*-{LATENTS}*")
        claim(generator, folder, {**(call or {}), "bits": bits, "trim": trim})
        with merged_latents(folder / LATENTS, latent_dim, labels) as add:
            for recipe, audio in sounds_of(generator, recipes, trim):
                write_wav(folder / f"{recipe.name}.wav", audio, generator.rate, bits)
                add(recipe)
                names.add(recipe.name)
    return len(names)


def sounds_of(
    generator: SoundGenerator, recipes: Iterable[Recipe], trim: bool
) -> Iterator[tuple[Recipe, np.ndarray]]:
    """Yield each recipe with its sound (time, channels), generated a batch at a time.

    Args:
        generator: makes the sounds.
        recipes: of the sounds.
        trim: whether a sound ends where it falls silent (`without_tail`), or has the full length.

    Raises:
        InputError: a sound is not finite.
    """
    recipes = iter(recipes)
    while batch := list(islice(recipes, BATCH)):
        latents = np.stack([recipe.latent for recipe in batch])
        indices = [recipe.label for recipe in batch]
        (sounds,) = generate_batches(generator.player, latents, indices)
        if not np.isfinite(sounds).all():
            raise InputError(
                f"{generator.run.path}: step {generator.step} makes sounds that are not finite;"
                " take another checkpoint, or smaller latents"
            )
        for recipe, sound in zip(batch, sounds, strict=True):
            yield recipe, without_tail(sound, generator.rate) if trim else sound
