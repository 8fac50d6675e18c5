"""Generators as files of other programs: the same sounds, and a card that says what they are."""

import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
from support.players import GENERATORS, LABELS, tiny_player

import kwavegan
from kwavegan.errors import InputError
from kwavegan.evaluation.results import load_evaluation
from kwavegan.exporting import export_generator, onnx_model
from kwavegan.exporting.onnx_parts import inverse_transform
from kwavegan.gan import sampling
from kwavegan.layers import tables
from kwavegan.runs.pretrained import FOLDER
from kwavegan.storage import files


def session_of(model):
    """Return onnxruntime's session of a file or a model."""
    given = str(model) if hasattr(model, "suffix") else model.SerializeToString()
    return onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("changes", GENERATORS.values(), ids=GENERATORS)
def test_onnxruntime_plays_what_numpy_plays(changes, labels):
    player = tiny_player(**changes, **labels)
    latents = sampling.draw_latents("normal", 8, 5)
    latents[4] = 0
    inputs = {"latent": latents, "label": np.array([0, 1, 2, 1, 0])}
    inputs = {name: inputs[name] for name in player.input}
    session = session_of(onnx_model(player))
    want = player.predict_on_batch(inputs)
    assert np.abs(want[:4]).max(axis=(1, 2)).min() > 0.01
    for n in (5, 1):
        (got,) = session.run(["audio"], {name: x[:n] for name, x in inputs.items()})
        assert (got.shape, got.dtype) == (want[:n].shape, np.float32)
        np.testing.assert_allclose(got, want[:n], atol=1e-4)


def test_the_inverse_transform_is_a_product_of_real_numbers():
    bins, hop = 16, 8
    rng = np.random.default_rng(0)
    real, imaginary = rng.standard_normal((2, 3, bins))
    got = np.concatenate([real, imaginary], axis=-1) @ inverse_transform(bins, hop)
    spectrum = np.pad(real + 1j * imaginary, ((0, 0), (1, 0)))
    want = np.fft.irfft(spectrum, 4 * hop) * tables.taper_of(hop)
    np.testing.assert_allclose(got, want, atol=1e-6)


@pytest.fixture
def export(cli, tmp_path, monkeypatch):
    """`export(…)` runs the command in a folder with the run `drums`."""
    shutil.copytree(FOLDER / "drums", tmp_path / "runs" / "drums")
    monkeypatch.chdir(tmp_path)
    return lambda *args: cli("export", *args)


def test_the_drums_in_onnx_with_all_that_is_known_of_them(export, tmp_path):
    export("drums", "--licence", "CC0-1.0")
    session = session_of(tmp_path / "exports" / "drums.onnx")
    drums = kwavegan.load_pretrained("drums")
    latents = drums.latents(3, seed=1)
    for index, label in enumerate(drums.labels):
        inputs = {"latent": latents, "label": np.full(3, index)}
        (got,) = session.run(None, inputs)
        np.testing.assert_allclose(got, drums.generate(label, latents=latents), atol=1e-4)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["labels"]) == list(drums.labels)
    assert (facts["run"], facts["step"]) == ("drums", str(drums.step))
    assert (facts["rate"], facts["licence"]) == (str(drums.rate), "CC0-1.0")
    assert "kwavegan " in facts["versions"]
    shape = session.get_inputs()[0].shape
    assert shape == ["batch", drums.config.latent_dim]
    assert onnx.load(tmp_path / "exports" / "drums.onnx").opset_import[0].version == 17


def test_the_card_says_what_the_run_knows(export, tmp_path):
    export("--pretrained", "drums", "--licence", "CC0 | 1.0")
    drums = kwavegan.load_pretrained("drums")
    card = (tmp_path / "exports" / "pretrained-drums.onnx.md").read_text(encoding="utf-8")
    assert "| labels | 0: clap, 1: closed-hat, 2: kick, 3: open-hat, 4: snare, 5: tom |" in card
    assert f"| run | drums, step {drums.step}, the best |" in card
    assert "| licence of the recordings | CC0 \\| 1.0 |" in card
    accuracy = load_evaluation(drums.run).overall["label_accuracy"]
    assert f"| label accuracy | ↑ | {accuracy.value:.3f} | {accuracy.real:.3f} |" in card
    assert 'InferenceSession("pretrained-drums.onnx")' in card


def test_the_card_of_a_run_without_measures_says_how_to_get_them(export, tmp_path):
    shutil.rmtree(tmp_path / "runs" / "drums" / "evaluations")
    export("drums", "--out", "out/mine.onnx")
    card = (tmp_path / "out" / "mine.onnx.md").read_text(encoding="utf-8")
    step = kwavegan.load_pretrained("drums").step
    assert f"`kwavegan evaluate drums --checkpoint {step}`" in card
    assert "| licence of the recordings | not stated" in card


def code_of(card):
    """Return the Python of a card."""
    return card.split("```python\n")[1].split("```")[0]


@pytest.mark.parametrize("form", ["onnx", "keras"])
def test_what_the_card_shows_runs_and_sounds_the_same(export, tmp_path, monkeypatch, form):
    export("drums", "--format", form)
    monkeypatch.chdir(tmp_path / "exports")
    space = {}
    exec(code_of((tmp_path / "exports" / f"drums.{form}.md").read_text("utf-8")), space)
    drums = kwavegan.load_pretrained("drums")
    want = drums.generate(drums.labels[0], latents=space["latent"])
    np.testing.assert_allclose(space["audio"], want, atol=1e-4)


def test_a_file_that_cannot_be_written_leaves_nothing(export, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    export("drums")
    before = {path: path.read_bytes() for path in (tmp_path / "exports").iterdir()}
    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(InputError, match="the disk is full"):
        export_generator(kwavegan.load_pretrained("drums"), "exports/drums.onnx")
    assert {path: path.read_bytes() for path in (tmp_path / "exports").iterdir()} == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nothing"], "nothing: no such run"),
        (["drums", "--checkpoint", 7], "no checkpoint of step 7"),
        (["drums", "--pretrained", "drums"], "--pretrained: takes the place of a run"),
        (["drums", "--out", "drums.bin"], "--out: drums.bin must end in .onnx for --format onnx"),
        (["drums", "--out", "x.onnx", "--format", "keras"], "must end in .keras"),
        (["drums", "--backend", "jax"], "--backend: an ONNX file is the same from each"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(cli, export, tmp_path, args, says):
    assert says in cli.refuse("export", *args)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_without_the_package_it_says_how_to_get_it(cli, export, tmp_path, monkeypatch):
    monkeypatch.setattr("kwavegan.exporting.onnx_graph.package_folder", lambda name: None)
    assert 'pip install "kwavegan[onnx]"' in cli.refuse("export", "drums")
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_network_of_one_s_own_is_for_keras_alone(cli, export, monkeypatch):
    monkeypatch.setattr("kwavegan.generation.generator.misfit", lambda *_: "something new")
    assert "take --format keras" in cli.refuse("export", "drums")
