"""Signals of a run's health: what some dozens of sounds, and the discriminator, say at a preview.

No network but the run's own is involved: sounds are compared in log-mel statistics, so that no
classifier has to be trained first and sets without labels have the same signals.
`kwavegan.monitoring.health` says which numbers are bad ones.
"""

from collections.abc import Callable

import keras
import numpy as np

from kwavegan.audio.mel import mel_settings
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, Split, subset
from kwavegan.evaluation.features import DistanceToReal, Features, FeatureSpace
from kwavegan.evaluation.metrics import spread
from kwavegan.evaluation.texture import Texture, largest_shared_period
from kwavegan.gan import sampling
from kwavegan.gan.model import WaveGAN

SIGNALS = {
    "real_fake_auc": "Chance that the discriminator scores a training sound above a generated one"
    " of the same label, the area under the ROC curve: 1 is always, 0.5 is guessing.",
    "train_validation_auc": "Chance that it scores a training sound above a validation sound of the"
    " same label: 0.5 where it has memorized none.",
    "distance": "Fréchet distance of generated to training sounds in log-mel statistics, over that"
    " of as many training sounds: 1 is as near as real ones.",
    "diversity": "Spread of generated sounds in log-mel statistics, over that of training sounds,"
    " in the label where it is smallest.",
    "label_separation": "Distance of the means of two labels' generated sounds in log-mel"
    " statistics, over that of training sounds, for the two labels that are most alike.",
    "nearest_training_ratio": "Median distance of a generated sound to the nearest training sound,"
    " over the mean of that distance among training sounds: copies are near 0.",
    "silent": "Share of generated sounds below -60 dBFS less that of training sounds, in the label"
    " where it is largest.",
    "clipped": "Share of generated sounds that are clipped, less that of training sounds.",
    "offset": "Mean share of a generated sound's RMS that is its DC offset, less that of training"
    " sounds.",
    "periodicity": "Lower bound of the median share of a generated sound that returns after a"
    " period, less the median of training sounds, in the label where it is largest.",
    "shared_period": "Largest share of a label's sounds whose periods agree within 3 %, less that"
    " of as many training sounds, in the label where it is largest.",
    "attack": "Lower bound of the median time of generated sounds from 5 to 95 % of their"
    " amplitude, over the median of training sounds, in the label where it is largest.",
}
"""Every signal that `SignalMeter.measure` returns if the set allows it, by name."""

LABEL_COLUMNS = {
    "diversity": ("diversity_label",),
    "label_separation": ("label_separation_one", "label_separation_other"),
    "silent": ("silent_label",),
    "periodicity": ("periodicity_label",),
    "shared_period": ("shared_period_label",),
    "attack": ("attack_label",),
}
"""Beside some signals: the index of the label that they are of; none in a run without labels."""

SIGNALS_AND_LABELS = tuple(
    column for name in SIGNALS for column in (name, *LABEL_COLUMNS.get(name, ()))
)
"""Columns of `health.csv`, in their order: each signal before its labels."""

# Outside the range of `Config.seed`; differs from the seeds of validation and of previews.
_LATENT_SEED = 2**31 + 2

_SAMPLES_IN_MEMORY = 2**22  # bounds the number of long sounds

_MAX_SOUNDS = 64  # generated; and as many validation sounds

_MIN_SOUNDS = 16

_MAX_LABELS = 16  # of more labels, this many are measured

_TRAINING_SOUNDS_PER_GENERATED = 8

_MIN_SOUNDS_FOR_DISTANCE = 8  # training sounds on either side of the floor

_MIN_VALIDATION_SOUNDS = 16  # with fewer, the chance of a score is too uncertain

_MIN_SOUNDS_OF_LABEL = 4  # training sounds, for a spread and for a mean to compare

_MIN_ERRORS_APART = 3.0  # standard errors between the means of two labels' training sounds

_SHORTEST_ATTACK = 0.002  # s, what the envelope resolves: a shorter one is as sharp

_ERRORS_BELOW = 2.5  # standard errors to the lower bound of a median; by chance 1 in 160 is lower

_DRAWS = 50  # of as many training sounds as generated ones, for the period that they share


class SignalMeter:
    """Measures a GAN while it trains; what it needs of the real sounds is computed once, here.

    Args:
        config: the run's settings.
        dataset: the set that the run is trained on.

    Example:
        >>> from kwavegan import Config, open_dataset
        >>> from kwavegan.monitoring import SignalMeter
        >>> from kwavegan.training.build import build_gan
        >>> dataset = open_dataset("set")
        >>> config = Config(width=2, critic="waveform").for_dataset(dataset)
        >>> signals, rms = SignalMeter(config, dataset).measure(build_gan(config))
        >>> signals["distance"] > 10  # untrained
        True
    """

    def __init__(self, config: Config, dataset: Dataset):
        count = int(np.clip(_SAMPLES_IN_MEMORY // dataset.length, _MIN_SOUNDS, _MAX_SOUNDS))
        self.conditional = config.model != "wgan"
        audio, labels = self._subset(dataset.train, _TRAINING_SOUNDS_PER_GENERATED * count)
        mel = mel_settings(dataset.rate, dataset.length)
        self.space = FeatureSpace.fit(audio, labels, mel, with_texture=True)
        self.real = _by_label(self.space.training)

        names = np.unique(labels)
        places = np.linspace(0, len(names) - 1, _MAX_LABELS).round().astype(int)
        measured = np.unique(names[places])
        each = max(2, count // len(measured))
        latents = sampling.draw_latents(
            config.latent_distribution, config.latent_dim, each, _LATENT_SEED
        )
        self.latents = np.tile(latents, (len(measured), 1))
        self.labels = np.repeat(measured, each).astype("int32")
        self.label_distances = _label_distances(self.real, measured)

        first, second, self.compared = _floor_rows(labels, measured, each)
        self.train = audio[first], labels[first]
        self.train_features = self.space.training.take(first)
        self.distance = None
        if min(len(first), len(second)) >= _MIN_SOUNDS_FOR_DISTANCE:
            rest = self.space.training.take(second)
            self.distance = DistanceToReal.fit(rest, self.train_features)
        self.validation = self._subset(dataset.validation, count)
        self.shared_periods = {
            label: _shared_by_chance(own.require_texture().period, each)
            for label, own in self.real.items()
        }

    def _subset(self, split: Split, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return sounds of a split; for a model without labels they all have label 0."""
        audio, labels = subset(split, most)
        return audio, labels if self.conditional else np.zeros_like(labels)

    def measure(self, gan: WaveGAN) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Measure a GAN as it is now.

        The sounds come from `gan.inference_generator`, always of the same latents, which all labels
        share. Samples that are not finite count as silence, and scores that are not finite are left
        out, so that a run that diverged can still be measured.

        Returns:
            Two dictionaries. First the `SIGNALS` by name, with their `LABEL_COLUMNS`, without those
            that the set is too small for. Second the RMS of some sounds, "real" and "generated",
            (n,) each; full scale is 1.
        """
        network = gan.inference_generator
        sounds = np.concatenate(list(sampling.generate_batches(network, self.latents, self.labels)))
        sounds = np.nan_to_num(sounds, nan=0.0, posinf=1.0, neginf=-1.0)
        features = self.space.extract(sounds, self.labels)
        signals = {
            **self._discriminator_aucs(gan.discriminator, sounds),
            **self._distance(features),
            **self._within_labels(features),
            **self._between_labels(features),
            **self._nearest(features),
            "clipped": self._beyond_real(features, lambda own: own.clipped.mean()),
            "offset": self._beyond_real(features, lambda own: _offset_share(own).mean()),
            **self._texture(features),
        }
        rms = {"real": _rms(self.train_features), "generated": _rms(features)}
        return {name: signals[name] for name in SIGNALS_AND_LABELS if name in signals}, rms

    def _discriminator_aucs(self, network: keras.Model, sounds: np.ndarray) -> dict[str, float]:
        """Return how well the discriminator's scores separate training sounds from others."""
        (known, labels), (new, new_labels) = self.train, self.validation
        audio = np.concatenate([known, new, sounds])
        values = scores(network, audio, np.concatenate([labels, new_labels, self.labels]))
        train, unseen, generated = np.split(values, np.cumsum([len(known), len(new)]))
        aucs = {"real_fake_auc": auc_within_labels(train, generated, labels, self.labels)}
        if len(new) >= _MIN_VALIDATION_SOUNDS:
            aucs["train_validation_auc"] = auc_within_labels(train, unseen, labels, new_labels)
        return {name: auc for name, auc in aucs.items() if np.isfinite(auc)}

    def _distance(self, features: Features) -> dict[str, float]:
        if self.distance is None or not self.distance.floor:
            return {}
        generated = features.take(self.compared)
        return {"distance": self.distance.of(generated) / self.distance.floor}

    def _beyond_real(self, features: Features, mean: Callable[[Features], float]) -> float:
        """Return a mean of generated sounds less that of training sounds; labels count equally."""
        of_labels = _by_label(features).items()
        return float(np.mean([mean(own) - mean(self.real[label]) for label, own in of_labels]))

    def _nearest(self, features: Features) -> dict[str, float]:
        # All 0 with a single training sound, or where all are alike: there is nothing to divide by.
        if not self.space.training.nearest.any():
            return {}
        return {"nearest_training_ratio": float(np.median(features.nearest))}

    def _within_labels(self, features: Features) -> dict[str, float]:
        """Return the silence of the most silent label, and the spread of the least diverse one."""
        generated = _by_label(features)
        silence = {
            label: float(own.silent.mean() - self.real[label].silent.mean())
            for label, own in generated.items()
        }
        signals = self._worst("silent", silence, max)
        ratios = {
            label: _spread(own) / real_spread
            for label, own in generated.items()
            if len(self.real[label]) >= _MIN_SOUNDS_OF_LABEL
            and (real_spread := _spread(self.real[label])) > 0
        }
        return signals | (self._worst("diversity", ratios, min) if ratios else {})

    def _texture(self, features: Features) -> dict[str, float]:
        """Return the texture of the labels that differ most from training sounds."""
        generated = {
            label: own.require_texture()
            for label, own in _by_label(features).items()
            if len(self.real[label]) >= _MIN_SOUNDS_OF_LABEL
        }
        if not generated:
            return {}
        real = {label: self.real[label].require_texture() for label in generated}
        excess = {
            label: _lower_bound(own.periodicity) - float(np.median(real[label].periodicity))
            for label, own in generated.items()
        }
        shared = {
            label: largest_shared_period(own.period) - self.shared_periods[label]
            for label, own in generated.items()
        }
        slower = {label: _slower(own, real[label]) for label, own in generated.items()}
        signals = {"periodicity": excess, "shared_period": shared, "attack": slower}
        worst = (self._worst(name, by_label, max) for name, by_label in signals.items())
        return {column: value for columns in worst for column, value in columns.items()}

    def _worst(
        self, name: str, by_label: dict[int, float], choose: Callable[..., int]
    ) -> dict[str, float]:
        """Return a signal of the label that `choose` (min or max) picks, and that label."""
        label = choose(by_label, key=by_label.get)
        columns = LABEL_COLUMNS[name] if self.conditional else ()
        return {name: by_label[label], **{column: float(label) for column in columns}}

    def _between_labels(self, features: Features) -> dict[str, float]:
        means = {
            label: own.mel_statistics.mean(axis=0) for label, own in _by_label(features).items()
        }
        ratios = {
            pair: float(np.linalg.norm(means[pair[0]] - means[pair[1]]) / distance)
            for pair, distance in self.label_distances.items()
        }
        if not ratios:
            return {}
        pair = min(ratios, key=ratios.__getitem__)
        columns = zip(LABEL_COLUMNS["label_separation"], map(float, pair), strict=True)
        return {"label_separation": ratios[pair], **dict(columns)}


def _by_label(features: Features) -> dict[int, Features]:
    labels = features.labels
    return {int(label): features.take(labels == label) for label in np.unique(labels)}


def _spread(features: Features) -> float:
    """Return the spread of at least two sounds' statistics, corrected for their number."""
    count = len(features)
    return spread(features.mel_statistics) * float(np.sqrt(count / (count - 1)))


def _shared_by_chance(periods: np.ndarray, count: int) -> float:
    """Return the share of `count` real sounds that have one period, mean over draws of them."""
    rng, count = np.random.default_rng(0), min(count, len(periods))
    draws = (rng.choice(periods, count, replace=False) for _ in range(_DRAWS))
    return float(np.mean([largest_shared_period(draw) for draw in draws]))


def _slower(generated: Texture, real: Texture) -> float:
    """Return how many times as long as real sounds generated ones take to begin, at least."""
    return _lower_bound(generated.attack) / max(float(np.median(real.attack)), _SHORTEST_ATTACK)


def _lower_bound(values: np.ndarray) -> float:
    """Return the lower bound of the median of values (n,): a quantile of them.

    The rank of the median has a standard error of √n / 2, whatever the values.
    """
    return float(np.quantile(values, max(0.0, 0.5 - _ERRORS_BELOW / 2 / np.sqrt(len(values)))))


def _label_distances(real: dict[int, Features], labels: np.ndarray) -> dict[tuple[int, int], float]:
    """Return the distance of two labels' means of real sounds, for labels that surely differ."""
    enough = [int(label) for label in labels if len(real[int(label)]) >= _MIN_SOUNDS_OF_LABEL]
    means = {label: real[label].mel_statistics.mean(axis=0) for label in enough}
    variances = {label: _spread(real[label]) ** 2 / len(real[label]) for label in enough}
    distances = {
        (a, b): float(np.linalg.norm(means[a] - means[b]))
        for i, a in enumerate(enough)
        for b in enough[i + 1 :]
    }
    return {
        (a, b): distance
        for (a, b), distance in distances.items()
        if distance > _MIN_ERRORS_APART * float(np.sqrt(variances[a] + variances[b]))
    }


def _floor_rows(
    labels: np.ndarray, measured: np.ndarray, each: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split training sounds in two, for the floor of the distance.

    Args:
        labels: (n,) label indices of the training sounds.
        measured: labels to take sounds of.
        each: number of generated sounds of each label.

    Returns:
        Rows of the first part: up to `each` sounds of a label, and at most half of them. Rows of
        the second part: the rest. Rows of generated sounds, as many of each label as the first
        part has: only distances of equal numbers compare.
    """
    first, second, generated = [], [], []
    for place, label in enumerate(measured):
        own = np.flatnonzero(labels == label)
        count = min(each, (len(own) + 1) // 2)
        first.append(own[:count])
        second.append(own[count:])
        generated.append(place * each + np.arange(count))
    return np.concatenate(first), np.concatenate(second), np.concatenate(generated)


def _rms(features: Features) -> np.ndarray:
    return 10 ** (features.loudness / 20)


def _offset_share(features: Features) -> np.ndarray:
    """Return each sound's DC offset over its RMS, (n,); 0 for a silent sound."""
    return np.where(features.silent, 0.0, features.offset / _rms(features))


def scores(network: keras.Model, audio: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a discriminator's scores of sounds, without phase shuffle.

    Args:
        network: the discriminator.
        audio: (n, length, channels) in −1…1.
        labels: (n,) label indices.

    Returns:
        (n,) scores, higher for sounds that seem more real.
    """
    size = sampling.BATCH
    parts = []
    for start in range(0, len(audio), size):
        part, own = audio[start : start + size], labels[start : start + size]
        # The last batch is filled up to the size of the others, so that nothing compiles twice.
        fill = (0, size - len(part))
        inputs = {
            "audio": np.pad(part, (fill, (0, 0), (0, 0))),
            "label": np.pad(np.asarray(own, "int32"), fill),
        }
        if "shifts" in network.input:
            inputs["shifts"] = np.zeros((size, network.input["shifts"].shape[-1]), "int32")
        inputs = {name: inputs[name] for name in network.input}
        score = np.asarray(network.predict_on_batch(inputs)["score"])
        parts.append(score[: len(part), 0])
    return np.concatenate(parts)


def auc_within_labels(
    ours: np.ndarray, theirs: np.ndarray, our_labels: np.ndarray, their_labels: np.ndarray
) -> float:
    """Return P(a > b) + P(a = b) / 2 over pairs of scores, one of each set, of the same label.

    This is the area under the ROC curve (Hanley & McNeil 1982), restricted to pairs of the same
    label, since scores of different labels have no common zero.

    Args:
        ours, theirs: scores, (n,) and (m,).
        our_labels, their_labels: their labels, (n,) and (m,).

    Returns:
        0…1; NaN where there is no such pair or a score is not finite.
    """
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return float("nan")
    same = our_labels[:, None] == their_labels
    if not same.any():
        return float("nan")
    signs = np.sign(ours[:, None] - theirs)
    return float((0.5 + 0.5 * signs[same]).mean())
