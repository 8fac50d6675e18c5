"""Generators as programs of TensorFlow and PyTorch, which run without kwavegan."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from support.players import tiny_generator, tiny_run

from kwavegan.backend.programs import BACKEND_OF
from kwavegan.backend.selection import package_folder
from kwavegan.cli.export import _FORMATS
from kwavegan.errors import InputError
from kwavegan.exporting import FORMATS, export_generator
from kwavegan.exporting.files import ending_of

RUNNING = keras.backend.backend()
OWN = {"jax": "saved_model", "torch": "torch", "tensorflow": "saved_model"}[RUNNING]
OTHER = next(form for form in BACKEND_OF if form != OWN)

needs_its_backend = pytest.mark.skipif(
    package_folder(BACKEND_OF[OWN]) is None, reason=f"needs {BACKEND_OF[OWN]}"
)


def player_of(path, form):
    """Return a function from NumPy inputs by name to the sounds of an exported program."""
    if form == "torch":
        import torch

        program = torch.export.load(path).module()
        return lambda inputs: program({k: torch.tensor(v) for k, v in inputs.items()}).detach()
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    return lambda inputs: model.serve(inputs)  # which holds the variables too


@needs_its_backend
@pytest.mark.filterwarnings("ignore:The `native_serialization` parameter:DeprecationWarning")
@pytest.mark.parametrize(
    "changes", [{}, {"model": "wgan", "labels": ()}], ids=["labelled", "plain"]
)
def test_a_program_plays_what_numpy_plays(tmp_path, changes):
    generator = tiny_generator(tmp_path / "tiny", **changes)
    path = tmp_path / f"tiny{ending_of(OWN)}"
    card = export_generator(generator, path, OWN, "CC0-1.0").read_text(encoding="utf-8")
    assert "CC0-1.0" in card
    play = player_of(path, OWN)
    inputs = {"latent": generator.latents(5, seed=1), "label": np.array([0, 1, 1, 0, 1])}
    inputs = {name: inputs[name] for name in generator.player.input}
    want = generator.player.predict_on_batch(inputs)
    assert np.abs(want).max() > 0.01
    for n in (1, 2, 5):
        got = np.asarray(play({name: x[:n] for name, x in inputs.items()}))
        np.testing.assert_allclose(got, want[:n], atol=1e-4)


@pytest.mark.skipif(RUNNING == "jax", reason="the command takes the format's own backend")
def test_what_the_card_shows_runs_without_kwavegan(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator, file = tiny_run(tmp_path / "runs"), f"tiny{ending_of(OWN)}"
    cli("export", "tiny", "--format", OWN, "--out", file)
    code = (tmp_path / f"{file}.md").read_text("utf-8").split("```python\n")[1].split("```")[0] + (
        "\nimport sys\nassert 'kwavegan' not in sys.modules\n"
        "np.savez('heard.npz', latent=np.asarray(latent), audio=np.asarray(audio))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with np.load(tmp_path / "heard.npz") as stored:
        heard = dict(stored)
    want = generator.generate("kick", latents=heard["latent"])
    np.testing.assert_allclose(heard["audio"], want, atol=1e-4)


def test_a_program_of_another_backend_is_refused(tmp_path):
    generator = tiny_generator(tmp_path / "tiny")
    with pytest.raises(
        InputError, match=f"format='{OTHER}': Keras writes it on .* runs on {RUNNING}"
    ):
        export_generator(generator, tmp_path / f"tiny{ending_of(OTHER)}", OTHER)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_saved_model_stays(tmp_path):
    mine = tmp_path / "tiny.saved_model" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(InputError, match="is no SavedModel; choose another place"):
        export_generator(tiny_generator(tmp_path / "tiny"), mine.parent, "saved_model")
    assert mine.read_text() == "mine"


@needs_its_backend
def test_what_keras_cannot_write_ends_in_one_line(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("an operator is not known\nand so on")

    monkeypatch.setattr(keras.Model, "export", refuse)
    with pytest.raises(InputError, match=f"format='{OWN}': Keras cannot write this .* not known$"):
        export_generator(tiny_generator(tmp_path / "t"), tmp_path / f"t{ending_of(OWN)}", OWN)
    assert list(tmp_path.iterdir()) == []


def test_the_command_knows_every_format():
    assert tuple(FORMATS) == _FORMATS
