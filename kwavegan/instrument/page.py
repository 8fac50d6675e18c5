"""The page: the network, its weights and all that plays them, in one file."""

import base64
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwavegan.backend.selection import versions
from kwavegan.control.directions import Direction
from kwavegan.errors import InputError, shell_command, shell_line
from kwavegan.generation.generator import SoundGenerator
from kwavegan.generation.provenance import weights_digest
from kwavegan.instrument.bundle import one_script
from kwavegan.instrument.description import describe
from kwavegan.kits.notes import NOTES, places_of
from kwavegan.player import Player
from kwavegan.runs.pretrained import FOLDER
from kwavegan.storage import files

COMFORTABLE_BYTES = 20_000_000
"""A larger page takes seconds to open on a phone."""

HERE = Path(__file__).parent

_PLAYER, _PAGE = HERE / "player", HERE / "page"


Directions = Mapping[str, Mapping[str, Direction]]
"""By label ("" in a run without labels) and name; see `kwavegan.control.directions_of`."""


def write_instrument(
    generator: SoundGenerator, path: str | Path, directions: Directions | None = None
) -> Path:
    """Write a page that plays a generator, atomically, and return its path.

    The page is one file that opens from a disk, without a network and without a server; the network
    computes in it. Its sounds are those of `generate` to 1e-3.

    Args:
        generator: of a run, or pretrained.
        path: of the page.
        directions: for sliders that make a sound brighter, longer and so on; None for no sliders.

    Raises:
        InputError: the network is one of the user's own, or the path is not writable.

    Example:
        >>> import kwavegan
        >>> from kwavegan.control import directions_of
        >>> from kwavegan.instrument import write_instrument
        >>> drums = kwavegan.load_pretrained("drums")
        >>> write_instrument(drums, "exports/drums.html", directions_of(drums)).name
        'drums.html'
    """
    player, path = require_player(generator), Path(path)
    files.write_text(path, _page(generator, player, directions or {}))
    return path


def require_player(generator: SoundGenerator) -> Player:
    """Return what plays a generator, if a page can be it too.

    Raises:
        InputError: the network is one of the user's own.
    """
    if not isinstance(generator.player, Player):
        run = generator.run
        raise InputError(
            f"{run.name}: has a network of its own, which no page can play; write sounds of it: "
            f"{shell_command('generate', run.name, runs_dir=run.runs_dir)}"
        )
    return generator.player


def _page(generator: SoundGenerator, player: Player, directions: Directions) -> str:
    about, weights = describe(player)
    parts = {
        "title": html.escape(generator.run.name),
        "about": html.escape(_about(generator)),
        "made": html.escape(f"kwavegan {versions()['kwavegan']}, {generator.which}"),
        "command": html.escape(_source(generator)),
        "style": _text(_PAGE / "style.css"),
        "script": one_script("main", (_PLAYER, _PAGE)),
        "json": _json({**_facts(generator, about), "directions": _steps(generator, directions)}),
        "matmul": _base64((_PLAYER / "matmul.wasm").read_bytes()),
        "pcg64": _base64((_PLAYER / "pcg64.wasm").read_bytes()),
        "weights": _base64(weights.astype("<f4").tobytes()),
    }
    # Each part goes in once, so that nothing in a part is taken for the place of another.
    first, *rest = _text(_PAGE / "page.html").split("{{")
    texts = [first]
    for piece in rest:
        name, _, after = piece.partition("}}")
        texts += [parts[name], after]
    return "".join(texts)


def _facts(generator: SoundGenerator, network: dict[str, Any]) -> dict[str, Any]:
    config = generator.config
    return {
        "run": generator.run.name,
        "step": generator.step,
        "weights": weights_digest(generator.player),
        "labels": generator.labels,
        "notes": _notes(generator.labels),
        "rate": config.rate,
        "length": config.length,
        "channels": config.channels,
        "latentDim": config.latent_dim,
        "distribution": config.latent_distribution,
        "firstLatent": generator.latents(1)[0].tolist(),
        "network": network,
    }


def _notes(labels: tuple[str, ...]) -> list[int]:
    """Return the note of each label, as in a kit; a page has room for more labels than notes."""
    return [place.note for place in places_of(labels[: len(NOTES)]).values()]


def _steps(generator: SoundGenerator, directions: Directions) -> list[dict[str, list[float]]]:
    """Return the steps of the useful directions of each label, by name, to four digits."""
    return [
        {
            name: [float(f"{x:.4g}") for x in one.step]
            for name, one in directions.get(label, {}).items()
            if one.useful
        }
        for label in generator.labels or ("",)
    ]


def _about(generator: SoundGenerator) -> str:
    config, labels = generator.config, len(generator.labels)
    sounds = f"{labels} labels" if labels else "no labels"
    return f"{sounds} · {config.length / config.rate:.3g} s · {config.rate:,} Hz"


def _source(generator: SoundGenerator) -> str:
    name = shell_line([generator.run.name])
    return f"--pretrained {name}" if generator.run.path.parent == FOLDER else name


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """Return JSON in which no text, such as a label, can end the script that it is in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
