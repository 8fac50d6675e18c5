"""Evaluation during training: which checkpoint is the best, and whether the run still gains."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kwavegan.audio.mel import mel_settings
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, subset
from kwavegan.evaluation.classifier import load_or_train_classifier
from kwavegan.evaluation.features import DistanceToReal, Features, FeatureSpace
from kwavegan.gan import sampling
from kwavegan.gan.sampling import labels_like

GENERATED_SOUNDS = 256
"""Sounds generated for an evaluation, always of the same latents."""

MIN_VALIDATION_SOUNDS = 100
"""With fewer validation sounds, generated sounds are compared with the training sounds.

24 sounds of two words were further from the training sounds (2.1) than the test sounds were (0.9),
and picked the generator of step 200 over one of step 6,800 that the test sounds put at a seventh of
its distance.
"""

_REAL_SOUNDS = 4 * GENERATED_SOUNDS  # of a split, at most

# Outside the range of `Config.seed`: no checkpoint is selected by the sounds that a user generates.
_LATENT_SEED = 2**31


@dataclass(frozen=True)
class ValidationResult:
    """How far a generator is from real sounds at a step.

    Attributes:
        step: of the training.
        frechet_distance: distance to the validation sounds in the classifier's embedding, or in
            log-mel statistics for a set without labels.
        floor: the same distance of as many training sounds.
        label_accuracy: share of sounds whose label the classifier predicts, 0…1; 1 without labels.
        texture_distance: distance to the validation sounds in statistics of texture, which neither
            the critics nor the classifier hear.
        texture_floor: the same distance of as many training sounds.
        best: whether no step before had a score that is better by more than chance.

    Example:
        >>> from kwavegan.evaluation import ValidationResult
        >>> ValidationResult(400, 2.0, 0.5, 0.8, texture_distance=4.0, texture_floor=4.0).score
        0.4
        >>> ValidationResult(800, 0.2, 0.5, 1.0, texture_distance=3.0, texture_floor=4.0).score
        1.0
    """

    step: int
    frechet_distance: float
    floor: float
    label_accuracy: float
    texture_distance: float
    texture_floor: float
    best: bool = False

    @property
    def score(self) -> float:
        """What checkpoints are compared by: higher is better, 1 is as good as real.

        Label accuracy × √(floor / Fréchet distance × floor / texture distance), where each ratio
        counts as 1 at most: a distance *below* real-versus-real is no better, and is lowest for a
        few sounds near the real mean. Of scores that chance might exchange the later checkpoint's
        counts: its sounds vary more, and begin more sharply.
        """
        embedding = _closeness(self.frechet_distance, self.floor)
        texture = _closeness(self.texture_distance, self.texture_floor)
        return self.label_accuracy * math.sqrt(embedding * texture)


def _closeness(distance: float, floor: float) -> float:
    return min(1.0, floor / max(distance, 1e-9))


class ValidationScorer:
    """Measures a generator network against the validation split.

    Args:
        config: the run's settings.
        dataset: the set that the run is trained on. Its classifier is trained if none is kept.
        note: called with a line where something takes time or differs from the usual.

    Raises:
        InputError: the classifier cannot be kept anywhere.

    Example:
        >>> import kwavegan
        >>> from kwavegan.data import load_dataset
        >>> from kwavegan.evaluation import ValidationScorer
        >>> generator = kwavegan.load_pretrained("drums")
        >>> dataset = load_dataset("kit", generator.config)
        >>> scorer = ValidationScorer(generator.config, dataset, note=lambda line: None)
        >>> result = scorer.score(generator.player, generator.step)
        >>> result.frechet_distance > 0, result.texture_distance > 0
        (True, True)
    """

    def __init__(self, config: Config, dataset: Dataset, note: Callable[[str], None]):
        classifier = load_or_train_classifier(dataset, note) if len(dataset.labels) > 1 else None
        self.labelled = classifier is not None and config.model != "wgan"
        self.labels = labels_like(dataset.train.labels, GENERATED_SOUNDS)
        self.latents = sampling.draw_latents(
            config.latent_distribution, config.latent_dim, len(self.labels), _LATENT_SEED
        )
        mel = mel_settings(dataset.rate, dataset.length)
        self.space = FeatureSpace.fit(
            *subset(dataset.train, _REAL_SOUNDS), mel, classifier, with_texture=True
        )
        self.distance = DistanceToReal.fit(*self._real_sounds(dataset, note))

    def _real_sounds(
        self, dataset: Dataset, note: Callable[[str], None]
    ) -> tuple[Features, Features]:
        """Return the real sounds to compare with, and others for the floor."""
        training = self.space.training
        rows = np.random.default_rng(0).permutation(len(training))
        if len(dataset.validation) >= MIN_VALIDATION_SOUNDS:
            real = self.space.extract(*subset(dataset.validation, _REAL_SOUNDS))
            return real, training.take(rows[:GENERATED_SOUNDS])
        note(
            f"{len(dataset.validation)} validation sounds are too few to tell checkpoints "
            "apart: they are compared with the training sounds"
        )
        half = len(rows) // 2
        return training.take(rows[half:]), training.take(rows[:half][:GENERATED_SOUNDS])

    def score(self, network: sampling.Network, step: int) -> ValidationResult:
        """Return how far a generator network is at a step."""
        sounds = np.concatenate(list(sampling.generate_batches(network, self.latents, self.labels)))
        features = self.space.extract(sounds, self.labels)
        accuracy = 1.0
        predicted = features.predicted_labels
        if self.labelled and predicted is not None:
            accuracy = float((predicted == features.labels).mean())
        real = self.distance
        texture = features.texture_distance(real.real)
        return ValidationResult(
            step, real.of(features), real.floor, accuracy, texture, real.texture_floor
        )
