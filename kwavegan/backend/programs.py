"""A network as a program of its backend, which runs without kwavegan: where Keras offers that."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwavegan.backend.selection import package_folder, select_backend
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import first_line

if TYPE_CHECKING:
    import keras

SAVED_MODEL, TORCH = "saved_model", "torch"
"""TensorFlow's SavedModel, a folder; and PyTorch's exported program, which followed TorchScript."""

BACKEND_OF = {SAVED_MODEL: "tensorflow", TORCH: "torch"}
"""Form of a program → the backend that it is a program of."""

_WRITERS = {SAVED_MODEL: ("tensorflow", "jax"), TORCH: ("torch",)}
"""Form of a program → the backends from which Keras writes it."""


def write_program(network: "keras.Model", path: Path, form: str) -> None:
    """Write a network whose inputs have names, for batches of any size.

    Args:
        network: in Keras, of the backend that runs.
        path: of the folder for `SAVED_MODEL`, of the file, which ends in `.pt2`, for `TORCH`.
        form: one of `BACKEND_OF`.

    Raises:
        InputError: Keras runs on another backend, or cannot write this network.
    """
    require_writer(form)
    try:
        if form == TORCH:
            _write_torch(network, path)
        else:
            network.export(path, format="tf_saved_model", verbose=False)
    except OSError:
        raise
    except Exception as error:
        raise InputError(
            f"{setting('format', form)}: Keras cannot write this network so: {first_line(error)}"
        ) from error


def require_writer(form: str) -> None:
    """Check that Keras runs where it writes programs of a form, or set it to run there.

    Raises:
        InputError: it runs elsewhere, or TensorFlow is missing.
    """
    running, writers = select_backend(), _WRITERS[form]
    if running not in writers:
        raise InputError(
            f"{setting('format', form)}: Keras writes it on {' or '.join(writers)}, and runs on "
            f"{running}; take {setting('backend', writers[0])}"
        )
    if form == SAVED_MODEL and package_folder("tensorflow") is None:
        raise InputError(
            f"{setting('format', form)}: tensorflow is not installed; "
            'run: pip install "kwavegan[tensorflow]"'
        )


def _write_torch(network: "keras.Model", path: Path) -> None:
    import keras
    import torch

    batch = torch.export.Dim("batch")
    # PyTorch's whole numbers are int64, where nothing else is said.
    signature = {
        name: keras.InputSpec(shape=x.shape, dtype="int64" if "int" in x.dtype else x.dtype)
        for name, x in network.input.items()
    }
    dynamic: dict[str, dict[int, Any]] = {name: {0: batch} for name in signature}
    network.export(
        path, format="torch", verbose=False, input_signature=[signature], dynamic_shapes=(dynamic,)
    )
