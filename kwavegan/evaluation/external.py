"""External evaluators: pretrained models of others that rate sounds independently of our own.

They are the extra `kwavegan[judges]`. The weights of each model lie inside a package on PyPI, so
that nothing is downloaded, and are read there without importing a package that brings more than its
weights. A model gets what a mono 16-bit WAV file at 16 kHz would hold, each sound by itself: its
rating depends neither on the other sounds nor on their order. A model runs on one thread for each
sound, and on several sounds at once.
"""

import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwavegan.audio import pcm, processing, resampling
from kwavegan.backend.cores import on_all_cores
from kwavegan.backend.selection import package_folder
from kwavegan.errors import InputError, setting

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from pocketsphinx import Decoder

RATE = 16000
"""Sample rate that every evaluator gets, in Hz."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Sounds = Sequence[np.ndarray]
"""Sounds as an evaluator gets them: each (time,) int16 at `RATE`."""


@dataclass(frozen=True)
class ExternalEvaluator:
    """One pretrained model and how it is run.

    Attributes:
        name: the value of `--judge`.
        help: what it measures, in a line.
        packages: packages that must be installed.
        measures: names of the arrays that `rate` returns.
        most: largest number of sounds of a set that it rates; small for a slow model.
        distance: whether the measure is an embedding, to be compared between sets of sounds, and
            not a rating of each sound.
        run: (sounds, labels, label names) → arrays by measure.
        check_labels: raises InputError for label names that the model cannot rate.
    """

    name: str
    help: str
    packages: tuple[str, ...]
    measures: tuple[str, ...]
    most: int
    distance: bool
    run: Callable[[Sounds, Iterable[int], Sequence[str]], dict[str, np.ndarray]]
    check_labels: Callable[[Sequence[str]], None]


def check(names: Sequence[str], labels: Sequence[str]) -> None:
    """Make sure that these evaluators can rate sounds of these labels; loads no model.

    Args:
        names: keys of `EVALUATORS`.
        labels: the label names of the sounds.

    Raises:
        InputError: an evaluator is unknown, lacks a package, or cannot rate these labels.
    """
    for name in names:
        if name not in EVALUATORS:
            raise InputError(
                f"{setting('evaluators')}: {name!r} is no external evaluator; choose from "
                f"{', '.join(EVALUATORS)}"
            )
        packages = EVALUATORS[name].packages
        if missing := [package for package in packages if package_folder(package) is None]:
            raise InputError(
                f"{setting('evaluators')}: {name} needs {' and '.join(missing)}; "
                "run: pip install 'kwavegan[judges]'"
            )
        EVALUATORS[name].check_labels(labels)


def rate(
    name: str, sounds: np.ndarray, labels: np.ndarray, sample_rate: int, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Rate sounds with one evaluator; the same sounds get the same rating on each call.

    Args:
        name: key of `EVALUATORS`.
        sounds: (n, length, channels) float in −1…1, mixed to mono and resampled here.
        labels: (n,) integers, indices of `names`.
        sample_rate: of the sounds, in Hz.
        names: the label names.

    Returns:
        Arrays of n rows, by measure. "speech-embedding": "embedding" (n, 96) float32. "dnsmos":
        "signal", "background" and "overall", float64 (n,), mean opinion scores from 1, bad, to 5.
        "pocketsphinx": "label_accuracy", bool (n,), whether it recognized the label's word.

    Raises:
        InputError: as `check`, or the sounds are empty or hold NaN or infinity.
    """
    check([name], names)
    inputs = [_model_input(sound, sample_rate) for sound in sounds]
    return EVALUATORS[name].run(inputs, labels, names)


def _model_input(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    """(length, channels) float at `sample_rate` → (time,) int16 at `RATE`."""
    if round(len(sound) * RATE / sample_rate) < 1 or not np.isfinite(sound).all():
        raise InputError(
            f"{setting('evaluators')}: a sound is empty or holds NaN or infinity; generate it again"
        )
    mono = processing.mix(np.asarray(sound, np.float32), 1)
    return pcm.to_int16(resampling.resample(mono, sample_rate, RATE)[:, 0])


@functools.cache
def _session(path: Path) -> "InferenceSession":
    """Load an ONNX model, to run on one thread of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _on_all_cores(
    work: Callable[[np.ndarray], np.ndarray], sounds: Sounds, size: int
) -> np.ndarray:
    """Return what `work` makes of each sound, (n, size), with a sound on each core."""
    rows = on_all_cores(work, sounds)  # onnxruntime runs without Python's lock
    return np.stack(rows) if rows else np.empty((0, size))


def _installed_folder(package: str) -> Path:
    """Return the folder of a package that `check` requires."""
    folder = package_folder(package)
    if folder is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return folder


def _any_labels(labels: Sequence[str]) -> None:
    """Accept any labels, for an evaluator that does not use them."""


# speech-embedding: Google's speech_embedding (tfhub.dev/google/speech_embedding/1) in ONNX.
_MEL_FRAMES = 76  # frames of 10 ms in a window

_MEL_HOP = 8

_SHORTEST = 75 * 160 + 512  # samples that make one window of mel frames

_EMBEDDING = 96


def _embed(sounds: Sounds, labels: Iterable[int], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return "embedding" (n, 96): each sound's mean over windows of 76 mel frames, every 8."""
    models = _installed_folder("openwakeword") / "resources" / "models"
    to_mel = _session(models / "melspectrogram.onnx")
    to_embedding = _session(models / "embedding_model.onnx")

    def embed(sound: np.ndarray) -> np.ndarray:
        # In int16's range, and padded with silence at the end. One sound at a time, since the model
        # cuts decibels off 80 below the loudest sound of its batch.
        padded = np.zeros((1, max(len(sound), _SHORTEST)), np.float32)
        padded[0, : len(sound)] = sound
        mel = to_mel.run(None, {"input": padded})[0].reshape(-1, 32) / 10 + 2  # as openwakeword
        starts = range(0, len(mel) - _MEL_FRAMES + 1, _MEL_HOP)
        windows = np.stack([mel[start : start + _MEL_FRAMES] for start in starts])
        output = to_embedding.run(None, {"input_1": windows[..., np.newaxis]})[0]
        return output.reshape(-1, _EMBEDDING).mean(axis=0)

    return {"embedding": _on_all_cores(embed, sounds, _EMBEDDING).astype(np.float32)}


# dnsmos: DNSMOS P.835 (Reddy et al., arxiv.org/abs/2110.01763) as in speechmos.dnsmos, without its
# P.808 model, for which that module imports librosa.
_MOS_SECONDS = 9.01

_MOS_FITS = {  # a polynomial for each of the model's three outputs, the highest power first
    "signal": (-0.08397278, 1.22083953, 0.0052439),
    "background": (-0.13166888, 1.60915514, -0.39604546),
    "overall": (-0.06766283, 1.11546468, 0.04602535),
}


def _rate_quality(
    sounds: Sounds, labels: Iterable[int], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return "signal", "background" and "overall" (n,): means over windows of 9 s, every second."""
    model = _session(_installed_folder("speechmos") / "dnsmos_models" / "sig_bak_ovr.onnx")
    fits = _MOS_FITS.values()

    def score(sound: np.ndarray) -> np.ndarray:
        outputs = [
            model.run(None, {"input_1": window[np.newaxis]})[0][0] for window in _mos_windows(sound)
        ]
        rated = [[np.polyval(*pair) for pair in zip(fits, raw, strict=True)] for raw in outputs]
        return np.mean(rated, axis=0)

    scores = _on_all_cores(score, sounds, len(fits))
    return dict(zip(_MOS_FITS, scores.T, strict=True))


def _mos_windows(sound: np.ndarray) -> list[np.ndarray]:
    """Cut (time,) int16 into float32 windows; a short sound is repeated until it fills one.

    speechmos doubles a short sound until it fills one or more windows, which for one second are
    eight of nearly the same sound, and eight times the time.
    """
    samples = int(_MOS_SECONDS * RATE)
    floats = pcm.to_float(sound)
    if len(floats) <= samples:
        return [np.resize(floats, samples)]
    hops = int(len(floats) // RATE - _MOS_SECONDS) + 1
    # The model's own code rounds the ends, so that some windows are too short, and skips those.
    ends = [(hop * RATE, int((hop + _MOS_SECONDS) * RATE)) for hop in range(hops)]
    return [floats[start:end] for start, end in ends if end - start == samples]


# pocketsphinx: its English model, with a grammar of one word out of a few.
_SILENCE = np.zeros(RATE // 4, np.int16)  # the model expects silence before and after a word


def _recognize_words(
    sounds: Sounds, labels: Iterable[int], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return "label_accuracy" (n,): whether the recognized word is the label's, in any case."""
    grammar = _grammar(names)
    decoder = _decoder(grammar, _pronunciations(grammar))
    words = [_recognize(decoder, sound) for sound in sounds]
    wanted = [names[label].lower() for label in labels]
    right = [word == label for word, label in zip(words, wanted, strict=True)]
    return {"label_accuracy": np.array(right, bool)}


def _grammar(names: Sequence[str]) -> tuple[str, ...]:
    """Return the words to choose from: the label names, and digits where there are fewer than ten.

    With only two words to choose from, the model takes all noise for the same one of them, and half
    of the generated sounds seem right.
    """
    words = tuple(dict.fromkeys(name.lower() for name in names))
    return words if len(words) >= 10 else tuple(dict.fromkeys((*words, *DIGITS)))


def _pronunciations(words: Collection[str]) -> dict[str, str]:
    """Look words up in the model's dictionary: {"zero": "Z IH R OW", "zero(2)": "Z IY R OW", …}."""
    path = _installed_folder("pocketsphinx") / "model" / "en-us" / "cmudict-en-us.dict"
    with path.open(encoding="utf-8") as file:
        entries = (line.split(maxsplit=1) for line in file)
        return {word: phones.strip() for word, phones in entries if word.partition("(")[0] in words}


def _check_words(labels: Sequence[str]) -> None:
    without = setting("evaluators", "pocketsphinx")
    if not labels:
        raise InputError(
            f"{setting('evaluators')}: pocketsphinx recognizes the label's word, and these sounds "
            f"have no labels; leave out {without}"
        )
    known = _pronunciations({label.lower() for label in labels})
    if unknown := [label for label in labels if label.lower() not in known]:
        raise InputError(
            f"{setting('evaluators')}: pocketsphinx recognizes English words, and does not know "
            f"the label {unknown[0]!r}; leave out {without}"
        )


def _decoder(grammar: Sequence[str], pronunciations: dict[str, str]) -> "Decoder":
    """Return a decoder that recognizes one word of a grammar, or none.

    The dictionary's 134,000 other words are left out.
    """
    import pocketsphinx

    model = _installed_folder("pocketsphinx") / "model" / "en-us" / "en-us"
    decoder = pocketsphinx.Decoder(hmm=str(model), dict=None, lm=None, loglevel="FATAL")
    for word, phones in pronunciations.items():
        decoder.add_word(word, phones)
    rule = f"#JSGF V1.0; grammar words; public <word> = {' | '.join(grammar)};"
    decoder.add_jsgf_string("words", rule)
    decoder.activate_search("words")
    return decoder


def _recognize(decoder: "Decoder", sound: np.ndarray) -> str | None:
    """Return the word that a decoder recognizes in (time,) int16; None or "" if none.

    It makes its front end anew, or that would subtract the noise of the last sound from this one. A
    new decoder gives the same scores to the last bit, and takes as long as a sound.
    """
    decoder.reinit_feat()
    decoder.start_utt()
    padded = np.concatenate([_SILENCE, sound, _SILENCE])
    decoder.process_raw(padded.tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return None if hypothesis is None else hypothesis.hypstr


EVALUATORS = {
    evaluator.name: evaluator
    for evaluator in (
        ExternalEvaluator(
            name="speech-embedding",
            help="Fréchet distance to real sounds in Google's speech embedding.",
            packages=("openwakeword", "onnxruntime"),
            measures=("embedding",),
            most=1_000,
            distance=True,
            run=_embed,
            check_labels=_any_labels,
        ),
        ExternalEvaluator(
            name="dnsmos",
            help="Quality as speech, 1 to 5, as DNSMOS predicts listeners' opinions.",
            packages=("speechmos", "onnxruntime"),
            measures=tuple(_MOS_FITS),
            most=40,
            distance=False,
            run=_rate_quality,
            check_labels=_any_labels,
        ),
        ExternalEvaluator(
            name="pocketsphinx",
            help="Whether a speech recognizer understands the label's word, for labels of words.",
            packages=("pocketsphinx",),
            measures=("label_accuracy",),
            most=300,
            distance=False,
            run=_recognize_words,
            check_labels=_check_words,
        ),
    )
}
"""The external evaluators by name."""
