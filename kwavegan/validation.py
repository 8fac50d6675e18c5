"""Evaluation during training: which checkpoint is the best, and whether there is still a gain."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from kwavegan import sampling
from kwavegan.callbacks import Checkpoints
from kwavegan.config import Config
from kwavegan.dataset import Dataset, some
from kwavegan.evaluation import labels_like
from kwavegan.features import log_mel, mel_settings, statistics
from kwavegan.judge import judge_of
from kwavegan.measures import frechet_distance
from kwavegan.metrics import MetricsLog, rank, read_metrics
from kwavegan.runs import Run

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
        """What checkpoints are compared by; see `kwavegan.metrics.rank`."""
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


class Validator(keras.callbacks.Callback):
    """Examine the generator every `every` steps, mark the best checkpoint, and stop a stall.

    The evaluations, and the seconds each took, are kept in `validation.csv` of the run. `stalled`
    says why it stopped.

    Args:
        run: its best checkpoint is marked.
        log: where evaluations go.
        examiner: what measures.
        checkpoints: what saves the checkpoint that is examined.
        every: steps between evaluations.
        patience: evaluations without a better one before it stops; 0 for any number.
        report: called with each `Validation`.
    """

    def __init__(
        self,
        run: Run,
        log: MetricsLog,
        examiner: Examiner,
        checkpoints: Checkpoints,
        every: int,
        patience: int,
        report: Callable[[Validation], None],
    ):
        super().__init__()
        self.run, self.log, self.examiner, self.checkpoints = run, log, examiner, checkpoints
        self.every, self.patience, self.report = every, patience, report
        self.stalled = ""
        ranks = [rank(row) for row in read_metrics(log.path)]
        self.best = max(ranks, default=-np.inf)
        self.since = len(ranks) - 1 - ranks.index(self.best) if ranks else 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        step = self.checkpoints.recorder.step
        if step % self.every == 0 and self.checkpoints.save(logs or {}):
            self._examine(step)

    def _examine(self, step: int) -> None:
        gan, began = self.model, time.perf_counter()
        found = self.examiner.examine(gan.sounding_generator, step)
        found = Validation(**{**vars(found), "best": found.rank >= self.best})
        numbers = {name: value for name, value in vars(found).items() if name != "best"}
        spent = time.perf_counter() - began
        self.log.append({**numbers, "score": found.score, "seconds": spent})
        self.since = 0 if found.rank > self.best else self.since + 1
        if found.best:
            self.best = found.rank
            self.run.mark_best(**numbers, score=found.score)
        self.report(found)
        if self.patience and self.since >= self.patience:
            self.stalled = f"no better evaluation in {self.since}; the best is kept"
            gan.stop_training = True
