"""Recipes → a folder that a sampler opens: sounds, what plays them, and where they came from."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from kwavegan.audio.soundfiles import write_wav_in_place
from kwavegan.backend.selection import versions
from kwavegan.errors import InputError, require_choice, setting
from kwavegan.generation.generator import SoundGenerator
from kwavegan.generation.latents_table import merged_latents
from kwavegan.generation.provenance import LATENTS, claim
from kwavegan.generation.recipes import Recipe
from kwavegan.generation.wav_folder import sounds_of
from kwavegan.kits.assembly import Take, audible, layers_of, matched, voice_of
from kwavegan.kits.description import Kit, Voice
from kwavegan.kits.formats import FORMATS, KitFormat
from kwavegan.kits.notes import NOTES, Place, places_of
from kwavegan.storage import files
from kwavegan.storage.sole_writer import only_writer_of

_WITHOUT_LABEL = "sound"
"""Label of the sounds of a run without labels."""

_LONGEST = 40
"""Characters of a label in the name of a file."""


@dataclass(frozen=True)
class WrittenKit:
    """A kit on disk.

    Attributes:
        path: of the file that the sampler opens.
        kit: what it describes.
        places: of its labels, in the order of their notes.
        silent: names of the recipes whose sounds were left out: there is little or nothing to hear.

    Example:
        >>> import kwavegan
        >>> from kwavegan.kits import write_kit
        >>> drums = kwavegan.load_pretrained("drums")
        >>> written = write_kit(drums, drums.recipes("open-hat", n=1, seed=0), "kits/hats")
        >>> written.places["open-hat"].name
        'Open Hi-Hat'
    """

    path: Path
    kit: Kit
    places: Mapping[str, Place]
    silent: tuple[str, ...]


def write_kit(
    generator: SoundGenerator,
    recipes: Iterable[Recipe],
    folder: str | Path,
    kit: str = "sfz",
    bits: int = 24,
    trim: bool = True,
    call: Mapping[str, Any] | None = None,
) -> WrittenKit:
    """Generate sounds, and write them as a kit for a sampler, the whole folder atomically.

    Labels that are drums are on their notes of General MIDI, others on keys from C3 up
    (`places_of`). The sounds of a label are equally loud, in up to four layers by velocity; those
    of a layer take turns. A closed hat ends an open one.

    Args:
        generator: makes the sounds.
        recipes: of the sounds; 12 of a label make four layers of three.
        folder: of the kit; it must not exist, or be empty.
        kit: the format: `"sfz"`, `"decentsampler"` or `"hydrogen"`.
        bits: of a sample: 16 or 24, integers, or 32, floats.
        trim: whether a sound ends where it falls silent, or has the full length.
        call: how the recipes came about, for `about.json`: values that JSON can represent.

    Raises:
        InputError: there is no such format, the folder holds something, no sound is asked for or
            more than the sampler plays, all sounds of a label are silent, the disk is full, or the
            folder is not writable.

    Example:
        >>> import kwavegan
        >>> from kwavegan.kits import write_kit
        >>> drums = kwavegan.load_pretrained("drums")
        >>> written = write_kit(drums, drums.recipes("kick", n=3, seed=0), "kits/kicks")
        >>> written.path.name, written.kit.voices[0].note
        ('drums.sfz', 36)
    """
    require_choice(setting("kit"), kit, FORMATS)
    form, folder = FORMATS[kit], Path(folder)
    _refuse_taken(folder)
    asked = _by_label(generator, recipes)
    _check_counts(asked, form)
    places = places_of(_placed(generator, asked))
    takes, silent = audible(_takes(generator, asked, trim))
    named = _named(matched(takes), places)
    about = f"kwavegan {versions()['kwavegan']}: {generator.run.name}, {generator.which}"
    described = Kit(generator.run.name, about, tuple(each.voice for each in named))
    file = form.file.format(name=described.name)
    with only_writer_of(folder):
        _refuse_taken(folder)  # by another process, meanwhile
        with files.atomic(folder) as partial:
            sounds = partial / form.folder
            sounds.mkdir(parents=True)
            claim(generator, partial, {**(call or {}), "kit": kit, "bits": bits, "trim": trim})
            _write_sounds(generator, named, sounds, partial / LATENTS, bits)
            (partial / file).write_text(form.text(described, form.folder), encoding="utf-8")
    by_note = {each.voice.label: each.place for each in named}
    return WrittenKit(folder / file, described, by_note, tuple(t.recipe.name for t in silent))


def free_folder(wish: Path) -> Path:
    """Return a folder for a kit: `wish`, or the first of `wish-2`, `wish-3`, … where nothing is."""
    others = (wish.with_name(f"{wish.name}-{number}") for number in count(2))
    return wish if _is_free(wish) else next(other for other in others if _is_free(other))


def _refuse_taken(folder: Path) -> None:
    if not _is_free(folder):
        raise InputError(f"{setting('out')}: {folder} is there already; name a new folder")


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _by_label(generator: SoundGenerator, recipes: Iterable[Recipe]) -> dict[str, list[Recipe]]:
    asked: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        asked.setdefault(generator.label_name(recipe.label) or _WITHOUT_LABEL, []).append(recipe)
    return asked


def _placed(generator: SoundGenerator, asked: Mapping[str, list[Recipe]]) -> Iterable[str]:
    """Return the labels that share the notes: all of the run, so that each keeps its own."""
    of_run = tuple(dict.fromkeys([*generator.labels, *asked]))
    return of_run if len(of_run) <= len(NOTES) else asked


def _check_counts(asked: Mapping[str, list[Recipe]], form: KitFormat) -> None:
    if not asked:
        raise InputError("no sound is asked for; a kit needs one at least")
    label, recipes = max(asked.items(), key=lambda item: len(item[1]))
    if form.most is not None and len(recipes) > form.most:
        raise InputError(
            f"{label}: {len(recipes)} sounds, but {form.title} plays at most {form.most} of an"
            " instrument; make fewer"
        )


def _takes(
    generator: SoundGenerator, asked: Mapping[str, list[Recipe]], trim: bool
) -> dict[str, list[Take]]:
    """Generate the sounds of each label."""
    return {
        label: [Take.of(*each, generator.rate) for each in sounds_of(generator, recipes, trim)]
        for label, recipes in asked.items()
    }


@dataclass(frozen=True)
class _NamedVoice:
    """A voice, where it is, and its sounds by the names of their files, without endings."""

    voice: Voice
    place: Place
    sounds: Mapping[str, Take]


def _named(takes: Mapping[str, list[Take]], places: Mapping[str, Place]) -> list[_NamedVoice]:
    """Return the voices in the order of their notes."""
    voices = []
    for label in sorted(takes, key=lambda each: places[each].note):
        start = f"{places[label].note:03}_{_slug(label)}"
        layers = [
            {f"{start}_v{number}_r{turn}": take for turn, take in enumerate(layer, start=1)}
            for number, layer in enumerate(layers_of(takes[label]), start=1)
        ]
        voice = voice_of(label, places[label], [[f"{s}.wav" for s in each] for each in layers])
        sounds = {stem: take for each in layers for stem, take in each.items()}
        voices.append(_NamedVoice(voice, places[label], sounds))
    return voices


def _slug(label: str) -> str:
    """Return a label as a part of a file's name that every system and sampler takes."""
    plain = unicodedata.normalize("NFC", label)
    return re.sub(r"[^\w-]+", "-", plain)[:_LONGEST].strip("-") or "label"


def _write_sounds(
    generator: SoundGenerator, named: Iterable[_NamedVoice], folder: Path, table: Path, bits: int
) -> None:
    """Write the WAV files, and the table of their latents."""
    with merged_latents(table, generator.config.latent_dim, generator.combinations) as add:
        for each in named:
            for stem, take in each.sounds.items():
                write_wav_in_place(folder / f"{stem}.wav", take.audio, generator.rate, bits)
                add(Recipe(take.recipe.latent, take.recipe.label, stem))
