"""How far the sounds of a run are from real ones: every number beside that of real sounds."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kwavegan.audio.mel import mel_settings
from kwavegan.backend.selection import versions
from kwavegan.data.dataset import Dataset, data_digest, subset
from kwavegan.errors import InputError, setting
from kwavegan.evaluation import external
from kwavegan.evaluation.classifier import LabelClassifier, load_or_train_classifier
from kwavegan.evaluation.features import Features, FeatureSpace
from kwavegan.evaluation.kept_ratings import rate_and_keep
from kwavegan.evaluation.metrics import frechet_distance, standard_error
from kwavegan.evaluation.results import Evaluation, MeasureRow
from kwavegan.evaluation.scores import Score, compare, mean, measure, ordered
from kwavegan.gan.sampling import generate_batches, labels_like
from kwavegan.generation.generator import SoundGenerator
from kwavegan.player import Player

GENERATED_SOUNDS = 1_000
"""Sounds that an evaluation generates by default."""

MIN_ACCURACY = 0.9
"""A classifier that is right less often on real test sounds gets a warning."""

_MIN_TEST_SOUNDS = 50  # with fewer, intervals are wide enough for a warning

_MAX_REAL_SOUNDS = 10_000  # of a split; memory and time grow with them

Audio = tuple[np.ndarray, np.ndarray]
"""Sounds (n, length, channels) in −1…1 and their label indices (n,)."""


@dataclass(frozen=True)
class Reference:
    """The real sounds of a set and what measures generated ones against them; `build_reference`.

    Attributes:
        dataset: the set.
        classifier: of its labels; None for a set with fewer than two.
        space: the feature space fitted to its training sounds.
        test: features of its test sounds.
        accuracy: share of test sounds that the classifier is right on, 0…1; NaN without one.
        audio: "train" and "test": the real sounds with their labels.

    Example:
        >>> from kwavegan import open_dataset
        >>> from kwavegan.evaluation import build_reference
        >>> reference = build_reference(open_dataset("set"))
        >>> sorted(reference.audio), len(reference.test) == len(reference.dataset.test)
        (['test', 'train'], True)
    """

    dataset: Dataset
    classifier: LabelClassifier | None
    space: FeatureSpace = field(repr=False)
    test: Features = field(repr=False)
    accuracy: float
    audio: dict[str, Audio] = field(repr=False)


def build_reference(dataset: Dataset, progress: Callable[[str], None] | None = None) -> Reference:
    """Return what generated sounds of a set are measured against.

    Its classifier is trained first if none is kept.

    Args:
        dataset: labelled or not.
        progress: called with a line where something takes time.

    Raises:
        InputError: there are fewer than two test sounds.

    Example:
        >>> from kwavegan import open_dataset
        >>> from kwavegan.evaluation import build_reference
        >>> reference = build_reference(open_dataset("set"))
        >>> reference.accuracy > 0.9
        True
    """
    if len(dataset.test) < 2:
        raise InputError(
            f"{dataset.spelled}: has {len(dataset.test)} test sounds, and evaluate needs at least "
            f"2; add sounds, or prepare them with a larger share for the test, see "
            f"{setting('test')}, and train on that"
        )
    classifier = load_or_train_classifier(dataset, progress) if len(dataset.labels) > 1 else None
    training, test = (subset(part, _MAX_REAL_SOUNDS) for part in (dataset.train, dataset.test))
    mel = mel_settings(dataset.rate, dataset.length)
    space = FeatureSpace.fit(*training, mel, classifier, with_texture=True)
    features = space.extract(*test)
    accuracy = float("nan")
    if (predicted := features.predicted_labels) is not None:
        accuracy = float((predicted == features.labels).mean())
    audio = {"train": training, "test": test}
    return Reference(dataset, classifier, space, features, accuracy, audio)


def evaluate(
    generator: SoundGenerator,
    reference: Reference,
    n: int = GENERATED_SOUNDS,
    seed: int = 0,
    evaluators: Sequence[str] = (),
) -> Evaluation:
    """Generate sounds of a run and measure them; writes nothing.

    Args:
        generator: from `load_generator`.
        reference: from `build_reference`, for the set that the run was trained on.
        n: number of sounds to generate, with labels as frequent as in training.
        seed: draws their latents, and the training sounds of the floor.
        evaluators: names of external evaluators to ask too; see `external.EVALUATORS`.

    Raises:
        InputError: an external evaluator is unknown, not installed, or cannot rate these labels.

    Example:
        >>> import kwavegan
        >>> from kwavegan.data import load_dataset
        >>> from kwavegan.evaluation import build_reference, evaluate
        >>> generator = kwavegan.load_pretrained("drums")
        >>> dataset = load_dataset("kit", generator.config)
        >>> evaluation = evaluate(generator, build_reference(dataset), n=30)
        >>> evaluation.overall["label_accuracy"].value > 0.5
        True
    """
    began = time.perf_counter()
    labelled = bool(generator.labels)
    training = reference.space.training
    labels = labels_like(training.labels, n) if labelled else np.zeros(n, int)
    latents = generator.latents(len(labels), seed)
    sounds = np.concatenate(list(generate_batches(generator.player, latents, labels)))
    scored = scores(sounds, labels, reference, labelled, seed, evaluators)
    return Evaluation(
        run=generator.run.name,
        step=generator.step,
        **scored,
        about={
            "seed": seed,
            "model": generator.config.model,
            "backend": _backend(generator),
            "versions": versions(),
            "data": data_digest(reference.dataset),
            "seconds": round(time.perf_counter() - began, 1),
        },
    )


def _backend(generator: SoundGenerator) -> str:
    """Return what made the sounds: "numpy", or the backend of Keras."""
    if isinstance(generator.player, Player):
        return "numpy"
    import keras

    return keras.backend.backend()


def scores(
    sounds: np.ndarray,
    labels: np.ndarray,
    reference: Reference,
    labelled: bool = True,
    seed: int = 0,
    evaluators: Sequence[str] = (),
    errors: bool = True,
) -> dict[str, Any]:
    """Measure any sounds: the part of an `Evaluation` that does not depend on a run.

    Args:
        sounds: (n, length, channels) in −1…1.
        labels: (n,) label indices.
        reference: from `build_reference`.
        labelled: whether the sounds were generated for these labels; if not, the labels that the
            classifier predicts are taken.
        seed: draws the training sounds of the floor.
        evaluators: as for `evaluate`.
        errors: whether to bootstrap the errors of distances; without, they are NaN.

    Returns:
        Fields of `Evaluation` by name: overall, labels, external, classifier, sounds, warnings.
    """
    training, test = reference.space.training, reference.test
    generated = reference.space.extract(sounds, labels)
    if not labelled and generated.probabilities is not None:
        generated = generated.with_predicted_labels()
    rng = np.random.default_rng([seed, 1])
    ours, theirs = matched_rows(generated.labels, training.labels, labelled, rng)
    train = training.take(theirs)
    overall = _rows(generated, ours, train, test, labelled, training.probabilities, errors)
    names = reference.dataset.labels if labelled else ()
    by_label = {
        name: _rows(
            generated.take(generated.labels == i),
            np.arange((generated.labels[ours] == i).sum()),
            training.take(theirs[training.labels[theirs] == i]),
            test.take(test.labels == i),
            labelled,
            None,
            errors,
        )
        for i, name in enumerate(names)
    }
    audio = (sounds, labels)
    ratings = {name: _rate(name, audio, (ours, theirs), reference, labelled) for name in evaluators}
    classifier = reference.classifier
    return {
        "overall": overall,
        "labels": by_label,
        "external": ratings,
        "classifier": (
            {"digest": classifier.digest, "accuracy": reference.accuracy} if classifier else {}
        ),
        "sounds": {
            "generated": len(generated),
            "compared": len(ours),
            "train": len(training),
            "test": len(test),
        },
        "warnings": tuple(_warnings(reference)),
    }


def matched_rows(
    ours: np.ndarray, theirs: np.ndarray, labelled: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of two sets, as many of one as of the other, label by label if `labelled`.

    Distances depend on how many sounds there are, so generated and training sounds are compared
    with the test sounds in equal numbers.

    Args:
        ours, theirs: label indices of both sets, (n,) and (m,).
        labelled: whether each label must have equal numbers too.
        rng: draws the rows of the second set; of the first the first rows are taken.

    Returns:
        Two arrays of k row indices each.
    """
    if not labelled:
        count = min(len(ours), len(theirs))
        return np.arange(count), np.sort(rng.permutation(len(theirs))[:count])
    first, second = [], []
    for label in np.unique(ours):
        a, b = (np.flatnonzero(labels == label) for labels in (ours, theirs))
        count = min(len(a), len(b))
        first.append(a[:count])
        second.append(np.sort(rng.permutation(b)[:count]))
    return np.concatenate(first), np.concatenate(second)


def _rows(
    generated: Features,
    compared: np.ndarray,
    training: Features,
    test: Features,
    labelled: bool,
    reference: np.ndarray | None,
    errors: bool,
) -> dict[str, MeasureRow]:
    """Return every measure of generated sounds, beside that of real ones.

    Args:
        generated: all generated sounds.
        compared: rows of them, for distances; as many as `training` has.
        training, test: real sounds.
        labelled: whether the sounds were generated for their labels.
        reference: probabilities of all training sounds, for scores over all labels.
        errors: whether distances get one.
    """
    own = measure(generated, labelled, reference)
    own |= compare(generated.take(compared), test, errors)
    real = measure(test, labelled, reference) if len(test) else {}
    real |= compare(training, test, errors)
    none = Score(float("nan"), float("nan"))
    return {name: MeasureRow(*score, *real.get(name, none)) for name, score in ordered(own).items()}


def _rate(
    name: str,
    generated: Audio,
    compared: tuple[np.ndarray, np.ndarray],
    reference: Reference,
    labelled: bool,
) -> dict[str, MeasureRow]:
    """Return an external evaluator's measures of generated sounds, beside those of real ones.

    Args:
        name: of the evaluator.
        generated: sounds and labels.
        compared: rows of generated and of training sounds, for a distance; as many of each.
        reference: has the real sounds.
        labelled: whether the sounds were generated for their labels.
    """
    dataset, most = reference.dataset, external.EVALUATORS[name].most
    rng = np.random.default_rng(0)

    def rate(sounds: np.ndarray, labels: np.ndarray, real: bool = False) -> dict[str, np.ndarray]:
        rows = np.sort(rng.permutation(len(sounds))[:most])
        function = rate_and_keep if real else external.rate
        return function(name, sounds[rows], labels[rows], dataset.rate, dataset.labels)

    def part(audio: Audio, rows: np.ndarray) -> Audio:
        return audio[0][rows], audio[1][rows]

    test = rate(*reference.audio["test"], real=True)
    if "embedding" in test:
        ours, theirs = compared
        own = rate(*part(generated, ours))
        training = rate(*part(reference.audio["train"], theirs), real=True)
        embeddings = (measures["embedding"] for measures in (own, training, test))
        return {"frechet_distance": _distance(*embeddings)}
    own = rate(*generated)
    names = [key for key in own if labelled or key != "label_accuracy"]
    return {key: MeasureRow(*mean(own[key]), *mean(test[key])) for key in names}


def _distance(generated: np.ndarray, training: np.ndarray, test: np.ndarray) -> MeasureRow:
    pairs = ((generated, test), (training, test))
    numbers = [(frechet_distance(*p), standard_error(frechet_distance, p)) for p in pairs]
    return MeasureRow(*numbers[0], *numbers[1])


def _warnings(reference: Reference) -> Iterator[str]:
    if reference.classifier and reference.accuracy < MIN_ACCURACY:
        yield (
            f"the classifier is right on only {reference.accuracy:.0%} of the real test sounds: "
            "its numbers say little; the labels may sound alike, or there are too few sounds"
        )
    if len(reference.test) < _MIN_TEST_SOUNDS:
        yield (
            f"only {len(reference.test)} test sounds: the intervals are wide; "
            "`kwavegan prepare --split` can give the test more"
        )
