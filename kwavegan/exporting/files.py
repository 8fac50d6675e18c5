"""A generator → a file that other programs open, and its model card."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from kwavegan.backend.programs import BACKEND_OF, SAVED_MODEL, TORCH, write_program
from kwavegan.errors import InputError, require_choice, setting
from kwavegan.exporting.card import Origin, model_card
from kwavegan.exporting.onnx_graph import require_onnx
from kwavegan.exporting.onnx_network import onnx_model
from kwavegan.generation.generator import SoundGenerator
from kwavegan.player import Player
from kwavegan.storage import files
from kwavegan.storage.sole_writer import only_writer_of


def _write_onnx(origin: Origin, path: Path) -> None:
    require_onnx()
    player = origin.generator.player
    if not isinstance(player, Player):
        raise InputError(
            f"{setting('format', 'onnx')}: {origin.generator.run.name} has a network of its own, "
            f"which only Keras knows; take {setting('format', 'keras')}"
        )
    path.write_bytes(onnx_model(player, origin.facts).SerializeToString())


def _write_keras(origin: Origin, path: Path) -> None:
    origin.generator.network.save(path)


def _write_program(origin: Origin, path: Path, form: str) -> None:
    write_program(origin.generator.network, path, form)


FORMATS: dict[str, Callable[[Origin, Path], None]] = {
    "onnx": _write_onnx,
    "keras": _write_keras,
    **{form: partial(_write_program, form=form) for form in BACKEND_OF},
}
"""Format → what writes it."""

_ENDINGS = {TORCH: ".pt2"}


def ending_of(form: str) -> str:
    """Return what the names of files of a format end in: `.onnx`."""
    return _ENDINGS.get(form, f".{form}")


def export_generator(
    generator: SoundGenerator, path: str | Path, form: str = "onnx", licence: str = ""
) -> Path:
    """Write a generator as a file that other programs open, and a model card beside it.

    Args:
        generator: of a run, or pretrained.
        path: of the file, or of the folder of a SavedModel; it ends in `.onnx`, `.keras`,
            `.saved_model` or `.pt2`. The card is `<path>.md`.
        form: `"onnx"`, for which NumPy's description of the network is enough; `"keras"`, for which
            a backend must be installed; `"saved_model"`, which Keras writes on TensorFlow, or on
            JAX beside it; or `"torch"`, PyTorch's exported program.
        licence: of the recordings that it was trained on, for card and metadata.

    Returns:
        The path of the card.

    Raises:
        InputError: an unknown format, another ending, a package is missing, Keras runs on another
            backend, another process writes the file, something else is in its place, or the folder
            is not writable.

    Example:
        >>> import kwavegan
        >>> from kwavegan.exporting import export_generator
        >>> drums = kwavegan.load_pretrained("drums")
        >>> export_generator(drums, "exports/drums.onnx", licence="CC0-1.0").name
        'drums.onnx.md'
    """
    path = Path(path)
    require_choice(setting("format"), form, FORMATS)
    if path.suffix != ending_of(form):
        raise InputError(
            f"{setting('out')}: {path} must end in {ending_of(form)} for {setting('format', form)}"
        )
    _refuse_taken(path, form)
    origin = Origin(generator, licence)
    card = path.with_name(f"{path.name}.md")
    with only_writer_of(path), only_writer_of(card):
        with files.atomic(path) as partial:
            FORMATS[form](origin, partial)
        files.write_text(card, model_card(origin, path.name, form))
    return card


def _refuse_taken(path: Path, form: str) -> None:
    """Check that what a SavedModel takes the place of is one."""
    model = path / "saved_model.pb"
    if form == SAVED_MODEL and path.exists() and not model.is_file():
        raise InputError(f"{setting('out')}: {path} is no SavedModel; choose another place")
