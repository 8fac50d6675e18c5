"""What `kwavegan generate --kit` does: recipes → a kit, and a line about what is where."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwavegan.cli.output import say, warn

if TYPE_CHECKING:
    from kwavegan.generation.generator import SoundGenerator
    from kwavegan.generation.recipes import Recipe
    from kwavegan.kits.folder import WrittenKit


def make_kit(
    generator: "SoundGenerator",
    recipes: "Iterable[Recipe]",
    kit: str,
    out: str | None,
    title: str,
    bits: int,
    trim: bool,
    call: Mapping[str, Any],
) -> None:
    """Write a kit, and say where it is and which note plays what.

    Args:
        generator, recipes, kit, bits, trim, call: as `write_kit` takes them.
        out: folder; None for a new one, `kits/TITLE-FORMAT`.
        title: of the generator.

    Raises:
        InputError: as `write_kit`.
    """
    from kwavegan.kits.folder import free_folder, write_kit

    folder = Path(out) if out else free_folder(Path("kits") / f"{title}-{kit}")
    written = write_kit(generator, recipes, folder, kit, bits, trim, call)
    if written.silent:
        warn(f"left out, silent or nearly so: {', '.join(written.silent)}")
    voices = written.kit.voices
    sounds = sum(len(layer.files) for voice in voices for layer in voice.layers)
    say(f"{sounds} sounds of {generator.run.name}, {generator.which}: {written.path}")
    say(_places(written))


def _places(written: "WrittenKit") -> str:
    """Return a line such as "kick: 36 Bass Drum 1; dog: 60"."""
    each = (
        f"{label}: {f'{place.note} {place.name}'.rstrip()}"
        for label, place in written.places.items()
    )
    return "notes: " + "; ".join(each)
