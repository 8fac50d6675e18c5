"""What `find` and `morph` share: recordings, the search for their sounds, and its words."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kwavegan.cli.options import BITS, seed_option, trim_option
from kwavegan.cli.output import say, show_progress, warn
from kwavegan.errors import InputError

if TYPE_CHECKING:
    from kwavegan.control.finding import Found
    from kwavegan.control.recording import Recording
    from kwavegan.generation.generator import SoundGenerator
    from kwavegan.generation.recipes import Recipe

_Command = TypeVar("_Command", bound=Callable[..., Any])


def recording_options(command: _Command) -> _Command:
    """Decorate a command with `--label`, `--seed`, and `--out`, `--bits` and `--trim`."""
    for option in (
        trim_option,
        click.option(
            "--bits",
            type=BITS,
            default="16",
            show_default=True,
            help="Bits of a sample; 32: float.",
        ),
        click.option("--out", type=click.Path(), help="Folder for the WAVs.  [default: in sounds]"),
        seed_option("the search"),
        click.option("--label", help="Stay in this label.  [default: the nearest]"),
    ):
        command = option(command)
    return command


def recordings_of(
    run: str | None, sounds: Sequence[str], pretrained: str | None
) -> tuple[str | None, list[Path]]:
    """Return the run and the recordings: a first word that is a file is no run.

    Raises:
        InputError: no recording is named.
    """
    if run is not None and (pretrained is not None or Path(run).is_file()):
        sounds, run = (run, *sounds), None
    if not sounds:
        raise InputError("SOUND: is missing; name a recording behind the run, such as kick.wav")
    return run, [Path(sound) for sound in sounds]


def find_all(
    generator: "SoundGenerator", paths: Sequence[Path], label: str | None, seed: int
) -> "tuple[list[tuple[Recording, Found]], dict[str, Any]]":
    """Find the nearest sound to each recording, and print how near it is.

    Returns:
        The recordings with what was found, and a note for `about.json`.

    Raises:
        InputError: a recording is no usable audio, before any is looked for; or no such label.
    """
    from kwavegan.control.finding import Finder
    from kwavegan.control.recording import read_recording

    recordings = [read_recording(path, generator.config) for path in paths]
    index = None if label is None else generator.label_index(label)
    finder, pairs, about = Finder(generator, seed), [], {}
    for recording in recordings:
        show_progress(f"looking for {recording.path.name}")
        found = finder.find(recording.audio, index)
        show_progress("")
        pairs.append((recording, found))
        about[recording.path.name] = _told(generator, recording, found)
    return pairs, about


def _told(generator: "SoundGenerator", recording: "Recording", found: "Found") -> dict[str, Any]:
    """Print how near a sound is, and return it for `about.json`."""
    from kwavegan.control.nearness import in_words, real_nearness

    label = generator.label_name(found.label)
    real = real_nearness(generator, label, warn)
    what = label or "sound"
    say(f"{recording.path}: {f'{label}, ' if label else ''}{in_words(found, real)}")
    beside = "" if real is None else f"; the nearest other real {what} to a real one: {real:.1f} dB"
    say(f"  {found.distance:.1f} dB away; any {what} of the run: {found.usual:.1f} dB{beside}")
    if recording.seconds > 1.02 * recording.compared:
        say(f"  it lasts {recording.seconds:.2f} s; its first {recording.compared:.2f} s count")
    return {"label": label, "distance": round(found.distance, 2)}


def recipes_of(
    generator: "SoundGenerator", pairs: "Sequence[tuple[Recording, Found]]"
) -> "list[Recipe]":
    """Return recipes of found sounds, with different names."""
    from dataclasses import replace

    from kwavegan.control.exploring import recipe_of

    recipes: list[Recipe] = []
    for recording, found in pairs:
        recipe = recipe_of(generator, recording, found)
        same = sum(one.name.split("~")[0] == recipe.name for one in recipes)
        recipes.append(replace(recipe, name=f"{recipe.name}~{same + 1}") if same else recipe)
    return recipes
