"""External evaluators; tests that need the extra `kwavegan[judges]` are skipped without it."""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from kwavegan.audio import pcm
from kwavegan.backend import selection
from kwavegan.errors import InputError
from kwavegan.evaluation import external

RATE = 16000


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Stand-ins for packages: the given ones are there, with a dictionary of a few words."""

    def set_up(*packages, dictionary=""):
        folder = tmp_path / "pocketsphinx" / "model" / "en-us"
        folder.mkdir(parents=True)
        (folder / "cmudict-en-us.dict").write_text(dictionary, encoding="utf-8")

        def find_spec(name):
            origin = str(tmp_path / name / "__init__.py")
            return SimpleNamespace(origin=origin) if name in packages else None

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)

    return set_up


def noise(n=1, seconds=1.0, rate=RATE, level=0.1, seed=0):
    sounds = level * np.random.default_rng(seed).standard_normal((n, round(seconds * rate), 1))
    return sounds.clip(-1, 1).astype(np.float32)


# Frequencies of three formants in Hz, after Peterson and Barney, and of two semivowels.
FORMANTS = {
    "w": (290, 610, 2150),
    "y": (260, 2200, 3000),
    "i": (280, 2250, 2900),
    "a": (730, 1090, 2440),
    "u": (310, 870, 2240),
}
WORDS = {  # (seconds, phone) between which the formants glide
    "we": [(0, "w"), (0.08, "w"), (0.16, "i"), (0.35, "i")],
    "why": [(0, "w"), (0.08, "w"), (0.16, "a"), (0.25, "a"), (0.35, "i"), (0.42, "i")],
    "you": [(0, "y"), (0.08, "y"), (0.2, "u"), (0.35, "u")],
}


def say(word, rate=RATE, seconds=0.5):
    """Synthesize a word: harmonics of a falling voice through formants, then silence."""
    times, phones = zip(*WORDS[word], strict=True)
    time = np.arange(round(times[-1] * rate)) / rate
    pitch = 130 - 30 * time / times[-1]
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    sound = np.zeros_like(time)
    for k in range(1, 31):  # below 4 kHz
        gain = 1 / k
        for formant, width in zip(range(3), (80, 100, 150), strict=True):
            at = np.interp(time, times, [FORMANTS[phone][formant] for phone in phones])
            gain = gain * at**2 / np.hypot(at**2 - (k * pitch) ** 2, width * k * pitch)
        sound += gain * np.sin(k * phase + k * k)
    sound *= np.minimum(1, np.minimum(time, times[-1] - time) / 0.03)
    whole = np.zeros((round(seconds * rate), 1), np.float32)
    whole[: len(sound), 0] = 0.3 * sound / np.abs(sound).max()
    return whole


def words(rate=RATE):
    return np.stack([say(word, rate) for word in WORDS])


def ask(name, sounds, labels=None, rate=RATE, names=tuple(WORDS)):
    """Rate sounds, or skip the test without the evaluator's packages."""
    for package in external.EVALUATORS[name].packages:
        # Not importorskip: of openwakeword only the models are needed, not what it imports.
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    labels = np.zeros(len(sounds), int) if labels is None else np.asarray(labels)
    return external.rate(name, sounds, labels, rate, names)


def test_the_table_is_consistent():
    assert list(external.EVALUATORS) == ["speech-embedding", "dnsmos", "pocketsphinx"]
    assert all(evaluator.name == name for name, evaluator in external.EVALUATORS.items())


def test_an_unknown_evaluator_is_refused_with_the_known_ones(install):
    install("speechmos", "onnxruntime")
    with pytest.raises(InputError) as error:
        external.check(["dnsmos", "ear"], ["kick"])
    assert str(error.value) == (
        "evaluators: 'ear' is no external evaluator; choose from speech-embedding, dnsmos, "
        "pocketsphinx"
    )
    assert error.value.for_command_line().startswith("--judge: 'ear' is no external evaluator")


def test_says_what_to_install(install):
    install("onnxruntime")
    with pytest.raises(InputError) as error:
        external.check(["dnsmos"], ["kick"])
    assert str(error.value) == (
        "evaluators: dnsmos needs speechmos; run: pip install 'kwavegan[judges]'"
    )


def test_says_all_that_is_missing_also_when_rating(install):
    install()
    with pytest.raises(InputError, match="needs openwakeword and onnxruntime; run: pip install"):
        external.rate("speech-embedding", noise(), np.zeros(1, int), RATE, ["kick"])


def test_a_folder_of_that_name_is_no_package(monkeypatch, tmp_path):
    (tmp_path / "speechmosish").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert selection.package_folder("speechmosish") is None
    assert selection.package_folder("kwavegan").name == "kwavegan"


def test_checks_that_labels_are_words(install):
    install("pocketsphinx", dictionary="go G OW\nno N OW\nno(2) N UH\n")
    external.check(["pocketsphinx"], ["go", "No"])
    with pytest.raises(InputError, match=r"^evaluators: pocketsphinx .* label 'kick'; leave"):
        external.check(["pocketsphinx"], ["go", "kick"])
    with pytest.raises(InputError, match=r"does not know the label 'no\(2\)'"):
        external.check(["pocketsphinx"], ["no(2)"])
    with pytest.raises(InputError, match="have no labels; leave out evaluators='pocketsphinx'"):
        external.check(["pocketsphinx"], [])


def test_looks_up_every_pronunciation(install):
    install("pocketsphinx", dictionary="no N OW\nno(2) N UH\nnoah N OW AH\n")
    assert external._pronunciations(["no"]) == {"no": "N OW", "no(2)": "N UH"}


def test_digits_are_recognized_among_all_ten():
    assert sorted(external._grammar(["one", "Zero"])) == sorted(external.DIGITS)
    assert len(set(external.DIGITS)) == 10
    assert external._grammar(["yes", "No", "yes"]) == ("yes", "no", *external.DIGITS)
    many = [f"word{i}" for i in range(10)]
    assert external._grammar(many) == tuple(many)


def test_label_accuracy_is_whether_the_word_is_the_labels(install, monkeypatch):
    install("pocketsphinx", dictionary="go G OW\nno N OW\n")
    answers = iter(["go", "no", "go", None, ""])
    monkeypatch.setattr(external, "_decoder", lambda *words: object())
    monkeypatch.setattr(external, "_recognize", lambda decoder, sound: next(answers))
    labels = np.array([1, 1, 0, 0, 1])
    measures = external.rate("pocketsphinx", noise(5), labels, RATE, ["No", "GO"])
    right = measures["label_accuracy"]
    assert right.dtype == bool
    assert right.tolist() == [True, False, False, False, False]


def test_a_decoder_gets_the_whole_sound_between_silences():
    class Decoder:
        def reinit_feat(self):
            self.new = True

        def start_utt(self):
            self.begun = self.new

        def process_raw(self, data, full_utt):
            assert self.begun
            assert full_utt
            self.samples = np.frombuffer(data, np.int16)

        def end_utt(self):
            self.ended = True

        def hyp(self):
            return SimpleNamespace(hypstr="go") if self.ended else None

    decoder, sound = Decoder(), np.arange(1, 100, dtype=np.int16)
    assert external._recognize(decoder, sound) == "go"
    assert len(decoder.samples) == 4000 + 99 + 4000
    assert np.array_equal(np.trim_zeros(decoder.samples), sound)
    assert decoder.samples[3999] == 0
    assert decoder.samples[4000] == 1


@pytest.mark.parametrize(("rate", "length"), [(8000, 4000), (44100, 22050), (16384, 8192)])
def test_evaluators_get_mono_at_16_khz(rate, length):
    time = np.arange(length) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * time, dtype=np.float32)
    samples = external._model_input(np.stack([tone, 0 * tone], axis=1), rate)
    assert samples.dtype == np.int16
    assert samples.shape == (8000,)
    expected = 0.25 * 32768 * np.sin(2 * np.pi * 440 * np.arange(8000) / RATE)
    assert np.abs(samples - expected)[500:-500].max() < 100


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 1)), np.zeros((1, 1)), np.full((9, 1), np.nan), np.full((9, 1), np.inf)]
)
def test_refuses_what_is_no_sound(bad):
    with pytest.raises(InputError, match="empty or holds NaN or infinity"):
        external._model_input(bad.astype(np.float32), 48000)


def test_dnsmos_repeats_short_sounds_and_slides_over_long_ones():
    second = pcm.to_int16(noise()[0, :, 0])
    (window,) = external._mos_windows(second)
    assert window.shape == (144160,)
    assert np.array_equal(window[RATE : 2 * RATE] * 32768, second)
    windows = external._mos_windows((np.arange(11 * RATE) // RATE).astype(np.int16))
    assert [window.shape for window in windows] == [(144160,)] * 2
    assert [window[0] * 32768 for window in windows] == [0, 1]
    # Its own code computes the end of the eighth as 1 too low, and leaves it out.
    windows = external._mos_windows(np.zeros(17 * RATE, np.int16))
    assert [window.shape for window in windows] == [(144160,)] * 7


@pytest.mark.parametrize("name", list(external.EVALUATORS))
def test_arrays_are_as_the_table_says(name):
    evaluator = external.EVALUATORS[name]
    kind = {"embedding": (96,)} if evaluator.distance else dict.fromkeys(evaluator.measures, ())
    for n in (0, 2):
        measures = ask(name, noise(n))
        assert tuple(measures) == evaluator.measures
        types = {"embedding": np.float32, "label_accuracy": bool}
        assert all(value.dtype == types.get(key, float) for key, value in measures.items())
        assert {key: value.shape for key, value in measures.items()} == {
            key: (n, *rest) for key, rest in kind.items()
        }


@pytest.mark.parametrize("name", list(external.EVALUATORS))
def test_the_same_again_in_any_company_and_in_stereo(name, capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    sounds = words()[:2, : RATE // 2]
    first = ask(name, sounds, [0, 1])
    external._session.cache_clear()
    stereo = np.repeat(sounds, 2, axis=2)
    other = ask(name, stereo[::-1], [1, 0])
    for key, values in first.items():
        assert np.array_equal(values, other[key][::-1])
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_embeddings_depend_on_words_and_not_on_rates():
    low, high = (
        ask("speech-embedding", words(rate), rate=rate)["embedding"] for rate in (16000, 44100)
    )
    between = np.linalg.norm(low[:, None] - low[None], axis=2)[np.triu_indices(3, 1)]
    assert np.linalg.norm(low - high, axis=1).max() < 0.2 * between.min()


def test_embedding_is_openwakewords():
    got = ask("speech-embedding", say("why", seconds=1.2)[np.newaxis])["embedding"]
    # The mean of what openwakeword.utils.AudioFeatures().embed_clips returns for this sound.
    expected = [-7.7767, 12.5153, 5.6234, 3.4796, 5.4725, 24.0484]
    assert got[0, :6] == pytest.approx(expected, abs=0.05)


def test_embedding_is_the_mean_over_windows():
    sound = noise(1, 2.0)
    whole = ask("speech-embedding", sound)["embedding"]
    # A window is 76 frames of 10 ms, and the next begins 80 ms later: 16 in two seconds.
    assert whole.dtype == np.float32
    parts = [sound[:, at * 1280 : at * 1280 + 12512] for at in range(16)]
    windows = [ask("speech-embedding", part)["embedding"] for part in parts]
    assert np.abs(np.mean(windows, axis=0) - whole).max() < 0.05 * np.abs(whole).max()


def test_short_sounds_are_padded_with_silence():
    short = words()[:, :6000]
    padded = np.pad(short, ((0, 0), (0, 12512 - 6000), (0, 0)))
    first, second = (ask("speech-embedding", sounds)["embedding"] for sounds in (short, padded))
    assert np.array_equal(first, second)
    ask("speech-embedding", noise(1, 1 / RATE))  # a single sample


def test_dnsmos_of_noise_is_low():
    scores = ask("dnsmos", noise())
    assert all(1 < scores[name][0] < 2 for name in ("signal", "background", "overall"))
    speech = ask("dnsmos", words()[:1])
    assert speech["background"][0] > 2


def test_dnsmos_scores_as_speechmos_does():
    pytest.importorskip("librosa")
    pytest.importorskip("requests")
    module = pytest.importorskip("speechmos.dnsmos")
    sound = np.tile(say("we"), (22, 1))  # 11 s: two windows
    ours = ask("dnsmos", sound[np.newaxis])
    theirs = module.run(external._model_input(sound, RATE) / np.float32(32768), RATE)
    for name, key in (("signal", "sig"), ("background", "bak"), ("overall", "ovrl")):
        assert ours[name][0] == pytest.approx(theirs[f"{key}_mos"], abs=1e-5)


def test_a_decoder_remembers_no_sound():
    ask("pocketsphinx", noise(0))  # or skip
    heard = [external._model_input(sound, RATE) for sound in [*words(), *noise(3, level=0.01)]]
    grammar = external._grammar(tuple(WORDS))

    def decoder():
        return external._decoder(grammar, external._pronunciations(grammar))

    def scores(decoder, sound):
        external._recognize(decoder, sound)
        return [(part.word, part.start_frame, part.ascore) for part in decoder.seg()]

    used = decoder()
    assert [scores(used, sound) for sound in heard] == [scores(decoder(), sound) for sound in heard]


@pytest.mark.parametrize("rate", [16000, 44100])
def test_pocketsphinx_recognizes_words(rate):
    names = tuple(WORDS)
    assert ask("pocketsphinx", words(rate), [0, 1, 2], rate, names)["label_accuracy"].all()
    assert not ask("pocketsphinx", words(rate), [1, 2, 0], rate, names)["label_accuracy"].any()


def test_pocketsphinx_recognizes_no_word_in_noise():
    labels = np.arange(20) % 10
    right = ask("pocketsphinx", noise(20), labels, names=external.DIGITS)["label_accuracy"]
    assert right.dtype == bool
    assert right.mean() <= 0.2
