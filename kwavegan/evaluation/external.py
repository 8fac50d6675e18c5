"""Judges from outside: pretrained models that hear sounds with an ear that is not our own.

They are the extra `kwavegan[judges]`. Each model's weights lie inside a package of PyPI's, so that
nothing is downloaded, and are found there without importing a package that brings more than its
weights. A judge hears what a mono 16-bit WAV file at 16 kHz would hold, each sound by itself: its
verdict depends neither on the other sounds nor on their order. All models run on one thread.
"""

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kwavegan.audio import decoding, processing, resampling
from kwavegan.backend.selection import package_folder
from kwavegan.errors import InputError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from pocketsphinx import Decoder

RATE = 16000
"""What every judge hears, in Hz."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Sounds = Sequence[np.ndarray]
"""Sounds as a judge hears them: each (time,) int16 at `RATE`."""


@dataclass(frozen=True)
class OutsideJudge:
    """One pretrained model and how to ask it.

    Attributes:
        name: what `--judge` calls it.
        help: what it measures, in a line.
        packages: what must be importable.
        measures: the names of the arrays that `listen` returns.
        most: how many sounds of a set it is asked about at most, for its slowness.
        distance: whether the measure is an embedding, to be compared between sets of sounds, and
            not a verdict on each sound.
        hear: (sounds, labels, label names) → the measures.
        check_labels: raises InputError for label names that the judge cannot judge.
    """

    name: str
    help: str
    packages: tuple[str, ...]
    measures: tuple[str, ...]
    most: int
    distance: bool
    hear: Callable[[Sounds, Sequence[int], Sequence[str]], dict[str, np.ndarray]]
    check_labels: Callable[[Sequence[str]], None]


def check(names: Sequence[str], labels: Sequence[str]) -> None:
    """Make sure that these judges can judge sounds of these labels; loads no model.

    Args:
        names: of `JUDGES`.
        labels: the label names of the sounds.

    Raises:
        InputError: a judge is unknown, lacks a package, or cannot judge these labels.
    """
    for name in names:
        if name not in JUDGES:
            raise InputError(f"--judge: {name!r} is no judge; choose from {', '.join(JUDGES)}")
        judge = JUDGES[name]
        if missing := [package for package in judge.packages if package_folder(package) is None]:
            raise InputError(
                f"--judge: {name} needs {' and '.join(missing)}; "
                "run: pip install 'kwavegan[judges]'"
            )
        judge.check_labels(labels)


def listen(
    name: str, sounds: np.ndarray, labels: np.ndarray, rate: int, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Let one judge hear sounds; the same sounds get the same verdict on each call.

    Args:
        name: of `JUDGES`.
        sounds: (n, length, channels) float in -1…1, mixed to mono and resampled here.
        labels: (n,) integers, places in `names`.
        rate: sample rate of the sounds in Hz.
        names: the label names.

    Returns:
        Arrays of n, by measure. "speech-embedding": "embedding" (n, 96) float32. "dnsmos":
        "signal", "background" and "overall", float64 (n,), mean opinion scores from 1, bad, to 5.
        "pocketsphinx": "heard", bool (n,), whether it heard the word that the label says.

    Raises:
        InputError: as `check`, or the sounds are empty or hold NaN or infinity.
    """
    check([name], names)
    return JUDGES[name].hear([_heard(sound, rate) for sound in sounds], labels, names)


def _heard(sound: np.ndarray, rate: int) -> np.ndarray:
    """(length, channels) float at `rate` → (time,) int16 at `RATE`."""
    if round(len(sound) * RATE / rate) < 1 or not np.isfinite(sound).all():
        raise InputError("--judge: a sound is empty or holds NaN or infinity; generate it again")
    mono = processing.mix(np.asarray(sound, np.float32), 1)
    return processing.to_int16(resampling.resample(mono, rate, RATE)[:, 0])


@functools.cache
def _session(path: Path) -> "InferenceSession":
    """Load an ONNX model, to run on one thread of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _any_labels(labels: Sequence[str]) -> None:
    """For a judge that does not ask what a sound should be."""


# speech-embedding: Google's speech_embedding (tfhub.dev/google/speech_embedding/1) in ONNX.
_MEL_FRAMES = 76  # of 10 ms: a window

_MEL_HOP = 8

_SHORTEST = 75 * 160 + 512  # samples that make one window

_EMBEDDING = 96


def _embed(sounds: Sounds, labels: Sequence[int], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return "embedding" (n, 96): of each sound the mean over windows of 76 mel frames, every 8."""
    models = package_folder("openwakeword") / "resources" / "models"
    to_mel = _session(models / "melspectrogram.onnx")
    to_embedding = _session(models / "embedding_model.onnx")
    embeddings = np.empty((len(sounds), _EMBEDDING), np.float32)
    for i, sound in enumerate(sounds):
        # In int16's range; padded with silence at the end. One by one, since the model cuts its
        # decibels 80 below the loudest of all that it is given.
        padded = np.zeros((1, max(len(sound), _SHORTEST)), np.float32)
        padded[0, : len(sound)] = sound
        mel = to_mel.run(None, {"input": padded})[0].reshape(-1, 32) / 10 + 2  # as openwakeword
        starts = range(0, len(mel) - _MEL_FRAMES + 1, _MEL_HOP)
        windows = np.stack([mel[start : start + _MEL_FRAMES] for start in starts])
        found = to_embedding.run(None, {"input_1": windows[..., np.newaxis]})[0]
        embeddings[i] = found.reshape(-1, _EMBEDDING).mean(axis=0)
    return {"embedding": embeddings}


# dnsmos: DNSMOS P.835 (Reddy et al., arxiv.org/abs/2110.01763) as in speechmos.dnsmos, without its
# P.808 model, for which that module imports librosa.
_MOS_SECONDS = 9.01

_MOS_FITS = {  # a polynomial for each of the model's three outputs, the highest power first
    "signal": (-0.08397278, 1.22083953, 0.0052439),
    "background": (-0.13166888, 1.60915514, -0.39604546),
    "overall": (-0.06766283, 1.11546468, 0.04602535),
}


def _rate_quality(
    sounds: Sounds, labels: Sequence[int], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return "signal", "background" and "overall" (n,): means over windows of 9 s, every second."""
    model = _session(package_folder("speechmos") / "dnsmos_models" / "sig_bak_ovr.onnx")
    fits = _MOS_FITS.values()
    scores = np.empty((len(sounds), len(fits)))
    for i, sound in enumerate(sounds):
        rated = {}  # a sound whose repetitions fit a second has the same window many times
        windows = _mos_windows(sound)
        for window in windows:
            if (key := window.tobytes()) not in rated:
                raw = model.run(None, {"input_1": window[np.newaxis]})[0][0]
                rated[key] = [np.polyval(*pair) for pair in zip(fits, raw, strict=True)]
        scores[i] = np.mean([rated[window.tobytes()] for window in windows], axis=0)
    return dict(zip(_MOS_FITS, scores.T, strict=True))


def _mos_windows(sound: np.ndarray) -> list[np.ndarray]:
    """Cut (time,) int16 into float32 windows; a short sound is doubled until it fills one."""
    samples = int(_MOS_SECONDS * RATE)
    floats = decoding.to_float(sound)
    while len(floats) < samples:
        floats = np.append(floats, floats)
    hops = int(len(floats) // RATE - _MOS_SECONDS) + 1
    # The model's own code rounds the end so that some windows fall short, which it passes over.
    ends = [(hop * RATE, int((hop + _MOS_SECONDS) * RATE)) for hop in range(hops)]
    return [floats[start:end] for start, end in ends if end - start == samples]


# pocketsphinx: its English model, with a grammar of one word out of a few.
_SILENCE = np.zeros(RATE // 4, np.int16)  # the model expects some before and after a word


def _recognize_words(
    sounds: Sounds, labels: Sequence[int], names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return "heard" (n,): whether the word heard is the label's name, in any case."""
    grammar = _grammar(names)
    pronunciations = _pronunciations(grammar)
    words = [_recognize(_decoder(grammar, pronunciations), sound) for sound in sounds]
    said = [names[label].lower() for label in labels]
    return {"heard": np.array([a == b for a, b in zip(words, said, strict=True)], bool)}


def _grammar(names: Sequence[str]) -> tuple[str, ...]:
    """The words to choose from: the label names, and the digits where there are fewer than ten.

    Between two words, noise is always the same one, and half of what is generated seems right.
    """
    words = tuple(dict.fromkeys(name.lower() for name in names))
    return words if len(words) >= 10 else tuple(dict.fromkeys((*words, *DIGITS)))


def _pronunciations(words: Collection[str]) -> dict[str, str]:
    """Look words up in the model's dictionary: {"zero": "Z IH R OW", "zero(2)": "Z IY R OW", …}."""
    path = package_folder("pocketsphinx") / "model" / "en-us" / "cmudict-en-us.dict"
    with path.open(encoding="utf-8") as file:
        entries = (line.split(maxsplit=1) for line in file)
        return {word: phones.strip() for word, phones in entries if word.partition("(")[0] in words}


def _check_words(labels: Sequence[str]) -> None:
    if not labels:
        raise InputError(
            "--judge: pocketsphinx listens for the label's word, and these sounds have no labels; "
            "leave out --judge pocketsphinx"
        )
    known = _pronunciations({label.lower() for label in labels})
    if unknown := [label for label in labels if label.lower() not in known]:
        raise InputError(
            f"--judge: pocketsphinx hears English words, and label {unknown[0]!r} is none that it "
            "knows; leave out --judge pocketsphinx"
        )


def _decoder(grammar: Sequence[str], pronunciations: dict[str, str]) -> "Decoder":
    """Return a decoder that hears one word of a grammar, or none.

    Every sound gets a new one, since a decoder carries something over to the next sound. Without
    the dictionary's 134,000 other words it is there in milliseconds.
    """
    import pocketsphinx

    model = package_folder("pocketsphinx") / "model" / "en-us" / "en-us"
    decoder = pocketsphinx.Decoder(hmm=str(model), dict=None, lm=None, loglevel="FATAL")
    for word, phones in pronunciations.items():
        decoder.add_word(word, phones)
    rule = f"#JSGF V1.0; grammar words; public <word> = {' | '.join(grammar)};"
    decoder.add_jsgf_string("words", rule)
    decoder.activate_search("words")
    return decoder


def _recognize(decoder: "Decoder", sound: np.ndarray) -> str | None:
    """Return the word that a decoder hears in (time,) int16; None or "" where it hears none."""
    decoder.start_utt()
    padded = np.concatenate([_SILENCE, sound, _SILENCE])
    decoder.process_raw(padded.tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return None if hypothesis is None else hypothesis.hypstr


JUDGES = {
    judge.name: judge
    for judge in (
        OutsideJudge(
            name="speech-embedding",
            help="Fréchet distance to real sounds in Google's speech embedding.",
            packages=("openwakeword", "onnxruntime"),
            measures=("embedding",),
            most=1_000,
            distance=True,
            hear=_embed,
            check_labels=_any_labels,
        ),
        OutsideJudge(
            name="dnsmos",
            help="Quality as speech, 1 to 5, as DNSMOS predicts listeners' opinions.",
            packages=("speechmos", "onnxruntime"),
            measures=tuple(_MOS_FITS),
            most=40,
            distance=False,
            hear=_rate_quality,
            check_labels=_any_labels,
        ),
        OutsideJudge(
            name="pocketsphinx",
            help="Whether a speech recogniser hears the label's word, for labels that are words.",
            packages=("pocketsphinx",),
            measures=("heard",),
            most=300,
            distance=False,
            hear=_recognize_words,
            check_labels=_check_words,
        ),
    )
}
"""The judges by name."""
