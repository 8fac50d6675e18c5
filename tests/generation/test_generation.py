import numpy as np
import pytest
import soundfile
from keras import ops
from support.datasets import LENGTH, RATE, tiny_config
from support.sounds import assert_same_sounds
from support.training import run_training

import kwavegan
from kwavegan.audio import processing
from kwavegan.errors import InputError
from kwavegan.gan.sampling import BATCH
from kwavegan.generation import Recipe, load_generator, walk, wav_folder
from kwavegan.generation.latents_table import merged_latents, read_latents


@pytest.fixture(scope="module")
def runs(dataset, tmp_path_factory):
    """A folder with a conditional run, and a later unconditional one."""
    folder = tmp_path_factory.mktemp("runs")
    for name, changes in {
        "labelled": {"keep": 9},
        "plain": {"model": "wgan", "ema_decay": 0.0, "latent_distribution": "normal"},
    }.items():
        run_training(tiny_config(**changes).for_dataset(dataset), dataset, name, folder)
    return folder


@pytest.fixture
def generate(cli, runs, tmp_path, monkeypatch):
    """`generate(…)` runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: cli("generate", *args, "--runs-dir", runs)


def test_sounds_have_the_shape_and_range_that_python_is_promised(runs):
    generator = kwavegan.load_generator(runs / "labelled")
    sounds = generator.generate("low", n=5, seed=3)
    assert (sounds.shape, sounds.dtype) == ((5, LENGTH, 1), np.float32)
    assert np.abs(sounds).max() <= 1
    assert np.abs(sounds).max() > 0
    assert generator.rate == RATE


def test_a_sound_depends_on_seed_and_index_alone(runs):
    generator = load_generator(runs / "labelled")
    few, many = (generator.generate("low", n=n, seed=3) for n in (2, BATCH + 3))
    assert_same_sounds(many[:2], few)
    other = generator.generate("low", n=2, seed=4)
    assert (np.abs(other - few).max(axis=(1, 2)) > 1e-4).all()
    label = generator.generate("high", n=2, seed=3)
    assert (np.abs(label - few).max(axis=(1, 2)) > 1e-4).all()


def test_latents_are_the_same_on_every_backend(runs):
    got = load_generator(runs / "labelled").latents(2, seed=7)[:, 0]
    np.testing.assert_allclose(got, [0.25019094, 0.5402819], rtol=1e-6)


def test_latents_have_the_distribution_that_was_trained_on(runs):
    uniform = load_generator(runs / "labelled").latents(500)
    assert 0.99 < np.abs(uniform).max() <= 1
    normal = load_generator(runs / "plain").latents(500)
    assert np.abs(normal).max() > 3
    assert normal.std() == pytest.approx(1, abs=0.05)


def test_the_averaged_generator_sounds_where_there_is_one(runs):
    generator = load_generator(runs / "labelled")
    stored = generator.run.load_checkpoint().arrays
    for weight in generator.network.weights:
        got = ops.convert_to_numpy(weight)
        np.testing.assert_array_equal(got, stored[f"ema_generator/{weight.path}"])


def test_any_checkpoint_can_be_asked_for(runs):
    assert load_generator(runs / "labelled", checkpoint=4).step == 4
    assert load_generator(runs / "labelled").step == 12
    with pytest.raises(InputError, match="no checkpoint of step 5"):
        load_generator(runs / "labelled", checkpoint=5)


def test_the_best_checkpoint_is_the_default_once_it_is_known(runs):
    run = load_generator(runs / "labelled").run
    run.mark_best(8)
    try:
        assert load_generator(runs / "labelled").step == 8
    finally:
        (run.path / "best.json").unlink()


def test_wavs_are_pcm16_at_the_runs_rate(generate, tmp_path):
    generate("labelled", "--label", "low", "-n", 2, "--seed", 5, "--out", "out")
    path = tmp_path / "out" / "low_s5_0001.wav"
    info = soundfile.info(path)
    assert (info.samplerate, info.subtype, info.frames) == (RATE, "PCM_16", LENGTH)


def test_wavs_hold_what_python_generates(generate, runs, tmp_path):
    generate("labelled", "--label", "low", "-n", 2, "--out", "out")
    want = load_generator(runs / "labelled").generate("low", 2)[1]
    got, _ = soundfile.read(tmp_path / "out" / "low_s0_0001.wav", always_2d=True)
    np.testing.assert_allclose(got, want, atol=1 / 32768)


@pytest.mark.parametrize(("bits", "subtype"), [(16, "PCM_16"), (24, "PCM_24"), (32, "FLOAT")])
def test_wavs_have_the_bits_that_are_asked_for(generate, runs, tmp_path, bits, subtype):
    generate("labelled", "--label", "low", "-n", 1, "--bits", bits, "--no-trim", "--out", "out")
    (path,) = (tmp_path / "out").glob("*.wav")
    want = load_generator(runs / "labelled").generate("low", 1)[0]
    assert soundfile.info(path).subtype == subtype
    got, _ = soundfile.read(path, dtype="float64", always_2d=True)
    assert np.abs(got - want).max() <= max(2.0**-bits, 1e-9) * 1.01


def test_a_sound_ends_where_it_falls_silent():
    time = np.arange(8000) / 8000
    sound = (np.exp(-time * 40) * np.sin(2 * np.pi * 500 * time)).astype("float32")[:, None]
    ended = processing.without_tail(sound, 8000)
    # 60 dB at 40 a second are 0.173 s, of its peak that is a little below 1; and 5 ms to fade.
    assert len(ended) == pytest.approx((0.173 + 0.005) * 8000, abs=16)
    np.testing.assert_array_equal(ended[:-40], sound[: len(ended) - 40])
    assert abs(ended[-1, 0]) < 1e-6
    for whole in (np.zeros((100, 2), "float32"), sound[:500]):
        assert processing.without_tail(whole, 8000) is whole


def test_generated_files_end_there_too_unless_told_otherwise(generate, tmp_path, monkeypatch):
    monkeypatch.setattr(wav_folder, "without_tail", lambda sound, rate: sound[:7])
    for flags, frames in (((), 7), (("--no-trim",), 256)):
        generate("labelled", "--label", "low", "-n", 1, *flags, "--out", f"out{frames}")
        (path,) = (tmp_path / f"out{frames}").glob("*.wav")
        assert soundfile.info(path).frames == frames


def test_without_arguments_every_label_of_the_latest_run_is_made(generate, tmp_path):
    assert "plain" in generate("-n", 2).output
    assert len(list((tmp_path / "sounds" / "plain").glob("sound_s0_*.wav"))) == 2
    generate("labelled")
    names = [path.name for path in (tmp_path / "sounds" / "labelled").glob("*.wav")]
    assert sum(name.startswith("low_") for name in names) == 10
    assert sum(name.startswith("high_") for name in names) == 10


def test_the_same_sound_can_be_had_again_from_the_table(generate, tmp_path):
    generate("labelled", "-n", 2, "--out", "first")
    generate("labelled", "--latents", "first/latents.csv", "--out", "again")
    first, again = (sorted((tmp_path / name).glob("[!a]*")) for name in ("first", "again"))
    assert [path.name for path in first] == [path.name for path in again]
    assert len(first) == 5
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_the_table_keeps_the_sounds_of_earlier_calls(generate, tmp_path):
    for seed in (0, 1, 0):
        generate("labelled", "--label", "low", "-n", 2, "--seed", seed, "--out", "out")
    lines = (tmp_path / "out" / "latents.csv").read_text().splitlines()
    files = [line.split(",")[0] for line in lines]
    wavs = sorted(path.name for path in (tmp_path / "out").glob("*.wav"))
    assert files[0] == "file"
    assert sorted(files[1:]) == wavs
    assert len(wavs) == 4
    assert not list((tmp_path / "out").glob(".partial*"))


def test_a_walk_begins_at_one_sound_and_ends_at_the_other(generate, runs, tmp_path):
    generate("labelled", "--label", "low", "--interpolate", 0, 3, "--steps", 5, "--out", "out")
    ends = load_generator(runs / "labelled").generate("low", 4)[[0, 3]]
    paths = sorted((tmp_path / "out").glob("low_walk_*.wav"))
    assert len(paths) == 5
    for path, want in zip((paths[0], paths[-1]), ends, strict=True):
        np.testing.assert_allclose(soundfile.read(path)[0], want[:, 0], atol=1 / 32768)


def test_a_walk_between_sounds_of_a_table(generate, tmp_path):
    generate("labelled", "-n", 2, "--out", "out")
    names = ("high_s0_0000.wav", "low_s0_0001")
    generate("labelled", "--interpolate", *names, "--latents", "out/latents.csv", "--out", "walk")
    assert len(list((tmp_path / "walk").glob("high_walk_*.wav"))) == 8


def test_a_walk_is_a_straight_line():
    got = walk(np.array([0.0, 1.0]), np.array([1.0, -1.0]), 3)
    np.testing.assert_allclose(got, [[0, 1], [0.5, 0], [1, -1]])
    with pytest.raises(InputError, match="at least 2"):
        walk(np.zeros(2), np.ones(2), 1)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["labelled", "--label", "tom"], "'tom' is not a label of labelled; choose from high, low"),
        (["plain", "--label", "low"], "plain is unconditional"),
        (["nothing"], "nothing: no such run"),
        (["labelled", "--checkpoint", 7], "no checkpoint of step 7; there are"),
        (["labelled", "--latents", "none.csv"], "none.csv: No such file"),
        (["labelled", "--latents", "wrong.csv"], "first line must begin with file,label"),
        (["labelled", "--latents", "short.csv"], "line 2: 2 values of a latent"),
        (["labelled", "--latents", "word.csv"], "line 2: not a number"),
        (["labelled", "--latents", "nan.csv"], "line 2: a value is not finite"),
        (["labelled", "--latents", "label.csv"], "line 2: 'tom' is not a label"),
        (["labelled", "--interpolate", 0, 1], "a walk stays in one label"),
        (["labelled", "--interpolate", "a", 1, "--label", "low"], "'a' is no index"),
        (["labelled", "--steps", 4], "--interpolate A B"),
        (["labelled", "--latents", "none.csv", "-n", 3], "-n:"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(cli, runs, tmp_path, monkeypatch, args, says):
    monkeypatch.chdir(tmp_path)
    first = "file,label," + ",".join(f"z{i}" for i in range(8)) + "\n"
    values = ",".join(["0.5"] * 7)
    tables = {
        "wrong": "a,b\n",
        "short": first + "x.wav,low,1,2\n",
        "word": first + f"x.wav,low,{values},loud\n",
        "nan": first + f"x.wav,low,{values},nan\n",
        "label": first + f"x.wav,tom,{values},1\n",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    before = set(tmp_path.iterdir())
    assert says in cli.refuse("generate", *args, "--runs-dir", runs)
    assert set(tmp_path.iterdir()) == before, "something was written"


def test_a_table_gives_latents_back_exactly(tmp_path):
    values = np.random.default_rng(0).standard_normal(8).astype("float32")
    path = tmp_path / "latents.csv"
    with merged_latents(path, 8, ("x", "y")) as add:
        add(Recipe(values, 1, "a"))
    (recipe,) = read_latents(path, 8, ("x", "y"))
    np.testing.assert_array_equal(recipe.latent, values)
    assert (recipe.label, recipe.name) == (1, "a")


def test_a_table_that_fails_stays_as_it_was(tmp_path):
    path = tmp_path / "latents.csv"
    with merged_latents(path, 2, ()) as add:
        add(Recipe(np.zeros(2, "float32"), 0, "a"))
    before = path.read_text()

    def interrupted():
        with merged_latents(path, 2, ()) as add:
            add(Recipe(np.ones(2, "float32"), 0, "b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]
