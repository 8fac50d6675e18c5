"""The generators in NumPy: the same sounds as in Keras, and without it."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from support.players import GENERATORS, LABELS, tiny_architecture
from support.runs import written_run
from support.sounds import assert_same_sounds

import kwavegan
from kwavegan.errors import InputError
from kwavegan.gan import sampling
from kwavegan.generation import load_generator
from kwavegan.networks import build_generator, initialize
from kwavegan.player import Player, misfit
from kwavegan.runs.pretrained import FOLDER


def both(**changes):
    """Return a generator in Keras, no weight of which is zero, and its player."""
    architecture = tiny_architecture(**changes)
    network = build_generator(architecture)
    initialize(network, 1)
    rng = np.random.default_rng(2)  # larger weights would magnify TensorFlow's rounding beyond 1e-4
    for weight in network.weights:
        weight.assign(np.asarray(weight) + rng.normal(0, 0.05, weight.shape).astype("float32"))
    return network, Player(architecture, {w.path: np.asarray(w) for w in network.weights})


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("changes", GENERATORS.values(), ids=GENERATORS)
def test_numpy_plays_what_keras_plays(changes, labels):
    network, player = both(**changes, **labels)
    latents = sampling.draw_latents("normal", 8, 5)
    latents[4] = 0
    given = [
        list(sampling.generate_batches(n, latents, [0, 1, 2, 1, 0])) for n in (player, network)
    ]
    (numpy,), (keras,) = given
    assert (numpy.shape, numpy.dtype) == (keras.shape, np.float32)
    assert np.abs(keras[:4]).max(axis=(1, 2)).min() > 0.01
    np.testing.assert_allclose(numpy, keras, atol=1e-4)


def test_the_drums_are_those_of_keras():
    numpy, keras = (load_generator(FOLDER / "drums", in_keras=each) for each in (False, True))
    assert (type(numpy.player), type(keras.player)) == (Player, type(numpy.network))
    assert keras.network is keras.player
    for label in numpy.labels:
        latents = numpy.latents(5, seed=3)
        want = keras.generate(label, latents=latents)
        np.testing.assert_allclose(numpy.generate(label, latents=latents), want, atol=1e-4)
    again = sampling.generate(numpy.network, latents, len(numpy.labels) - 1, 100)
    assert_same_sounds(again, want)


def test_a_sound_alone_is_the_same_as_among_others():
    """The drums have as many frames as bands of noise: one must not be taken for the other."""
    drums = load_generator(FOLDER / "drums", in_keras=True)
    latents = drums.latents(2, seed=3)
    alone = drums.generate("snare", latents=latents[:1])  # first: TensorFlow traces this very size
    both = drums.generate("snare", latents=latents)
    np.testing.assert_allclose(alone, both[:1], atol=1e-4)


def test_many_sounds_are_computed_a_few_at_a_time(monkeypatch):
    _, player = both(num_labels=2)
    latents, labels = sampling.draw_latents("normal", 8, 7), np.arange(7) % 2
    whole = player.predict_on_batch({"latent": latents, "label": labels})
    sizes, original = [], player._audio
    monkeypatch.setattr("kwavegan.player.network.SAMPLES", 3 * 256)
    monkeypatch.setattr(player, "_audio", lambda z, y: (sizes.append(len(z)), original(z, y))[1])
    some = player.predict_on_batch({"latent": latents, "label": labels})
    assert sizes == [3, 3, 1]
    assert_same_sounds(some, whole)


def test_weights_of_another_network_are_named():
    _, player = both(num_labels=2)
    weights = dict(player.weights)
    assert misfit(player.architecture, weights) == ""
    del weights["up_1/bias"]
    with pytest.raises(InputError, match="up_1/bias does not fit the model"):
        Player(player.architecture, weights)
    assert misfit(player.architecture, {**player.weights, "up_9/bias": np.zeros(1)}) == "up_9/bias"
    wrong = {**player.weights, "dense/bias": np.zeros(1)}
    assert misfit(player.architecture, wrong) == "dense/bias"


def test_a_network_that_the_player_does_not_know_is_played_by_keras(monkeypatch):
    monkeypatch.setattr("kwavegan.generation.generator.misfit", lambda *_: "something new")
    drums = kwavegan.load_pretrained("drums")
    assert drums.player is drums.network
    assert drums.generate("kick").shape == (1, 16384, 1)


BLOCKED = """
import sys

class Nothing:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("keras", "jax", "torch", "tensorflow"):
            if name == "keras":  # an import that is caught; backends are looked for, to be named
                print("imports", name, file=sys.stderr)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
from kwavegan.cli.main import main
for line in sys.stdin:
    main(line.split(), standalone_mode=False)
"""
"""The command line where neither Keras nor a backend is installed; a command on each line."""

READING = """
generate --pretrained drums --label kick -n 2 --no-trim --out sounds
generate drums --latents sounds/latents.csv --no-trim --out again
generate drums --label snare --interpolate 0 3 --steps 3 --out walk
runs
presets
evaluate -h
report run
compare drums run
plot run
"""

FOREIGN = "inline-of-another-environment"
"""A backend of Matplotlib that a `!` cell of Jupyter names, and that may not be installed here."""


def test_commands_that_only_read_need_neither_keras_nor_a_backend(tmp_path):
    shutil.copytree(FOLDER / "drums", tmp_path / "runs" / "drums")
    written_run(tmp_path / "runs")
    shutil.copytree(FOLDER / "drums" / "evaluations", tmp_path / "runs" / "run" / "evaluations")
    foreign = {**os.environ, "MPLBACKEND": FOREIGN}
    python, given = [sys.executable, "-W", "error", "-c"], {"capture_output": True, "text": True}
    refused = subprocess.run([*python, "import matplotlib"], **given, env=foreign)
    assert FOREIGN in refused.stderr
    done = subprocess.run(
        [*python, BLOCKED], input=READING.strip(), **given, env=foreign, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    sounds = {path.name: soundfile.read(path)[0] for path in (tmp_path / "sounds").glob("*.wav")}
    want = kwavegan.load_pretrained("drums").generate("kick", 2)[..., 0]
    for i, name in enumerate(("kick_s0_0000.wav", "kick_s0_0001.wav")):
        np.testing.assert_allclose(sounds[name], want[i], atol=1 / 2**15)
        np.testing.assert_array_equal(soundfile.read(tmp_path / "again" / name)[0], sounds[name])
    assert len(list((tmp_path / "walk").glob("*.wav"))) == 3
    run = tmp_path / "runs" / "run"
    assert (run / "report.html").stat().st_size > 10_000
    assert list((run / "plots").glob("*.png"))
