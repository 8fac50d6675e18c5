"""Evaluation during training: which checkpoint is the best, and whether there is still a gain."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from kwavegan.audio.mel import log_mel, mel_settings
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, some
from kwavegan.evaluation.classifier import judge_of
from kwavegan.evaluation.features import statistics
from kwavegan.evaluation.metrics import frechet_distance
from kwavegan.evaluation.results import rank
from kwavegan.generation import sampling
from kwavegan.generation.sampling import labels_like

SOUNDS = 256
"""Generated for an evaluation; always of the same latents."""

ENOUGH = 100
"""Validation sounds; with fewer, generated sounds are compared with the training sounds.

24 sounds of two words were further from the training sounds (2.1) than the test sounds were (0.9),
and picked the generator of step 200 over one of step 6,800 that the test sounds put at a seventh of
its distance.
"""

_SEED = 2**31  # of the latents; no seed of a run, so that nobody picks what was selected by


@dataclass(frozen=True)
class Validation:
    """How far a generator is at a step.

    Attributes:
        step: of the training.
        frechet_distance: to the validation sounds in the judge's embedding; without labels, in
            log-mel statistics.
        floor: the same of as many training sounds.
        label_accuracy: share of sounds in which the judge hears their label; 1 without labels.
        best: whether no step before had a better rank.
    """

    step: int
    frechet_distance: float
    floor: float
    label_accuracy: float
    best: bool = False

    @property
    def score(self) -> float:
        """Label accuracy × floor / Fréchet distance: higher is better, 1 is as good as real."""
        return self.label_accuracy * self.floor / max(self.frechet_distance, 1e-9)

    @property
    def rank(self) -> float:
        """What checkpoints are compared by; see `kwavegan.evaluation.results.rank`."""
        return rank({"score": self.score, "label_accuracy": self.label_accuracy})


class Examiner:
    """Measures a generator network against the validation split.

    Args:
        config: the run's settings.
        dataset: what it is trained on; its judge is trained if need be.
        note: called with a line where something takes time or differs from the usual.

    Raises:
        InputError: the judge cannot be kept anywhere.
    """

    def __init__(self, config: Config, dataset: Dataset, note: Callable[[str], None]):
        self.mel = mel_settings(dataset.rate, dataset.length)
        self.judge = judge_of(dataset, note) if len(dataset.labels) > 1 else None
        self.labelled = config.model != "wgan"
        self.labels = labels_like(dataset.train.labels, SOUNDS)
        self.latents = sampling.draw_latents(
            config.latent_distribution, config.latent, len(self.labels), _SEED
        )
        training, _ = some(dataset.train, 4 * SOUNDS)
        self.mean, self.scale = 0.0, 1.0
        if self.judge is None:
            raw = statistics(log_mel(training, self.mel))
            self.mean, self.scale = raw.mean(axis=0), raw.std(axis=0) + 1.0
        rows = np.random.default_rng(0).permutation(len(training))
        if len(dataset.validation) >= ENOUGH:
            real, same = some(dataset.validation, 4 * SOUNDS)[0], rows[:SOUNDS]
        else:
            note(
                f"{len(dataset.validation)} validation sounds are too few to tell checkpoints "
                "apart: they are compared with the training sounds"
            )
            half = len(rows) // 2
            real, same = training[rows[half:]], rows[:half][:SOUNDS]
        self.real = self._space(real)[0]
        self.floor = frechet_distance(self._space(training[same])[0], self.real)

    def examine(self, network: keras.Model, step: int) -> Validation:
        """Return how far a generator network is."""
        sounds = np.concatenate(list(sampling.sounds(network, self.latents, self.labels)))
        space, heard = self._space(sounds)
        right = 1.0
        if heard is not None and self.labelled:
            right = float((heard == self.labels).mean())
        return Validation(step, frechet_distance(space, self.real), self.floor, right)

    def _space(self, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return where distances are measured, and the labels that are heard."""
        spectrograms = log_mel(sounds, self.mel)
        if self.judge is None:
            return (statistics(spectrograms) - self.mean) / self.scale, None
        embedding, probabilities = self.judge.hear(spectrograms)
        return embedding, probabilities.argmax(axis=1)
