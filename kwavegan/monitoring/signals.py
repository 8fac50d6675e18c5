"""A run's vital signs: what some dozens of its sounds, and its discriminator, say at a preview.

Nothing here was learned from the set but the run itself: sounds are compared in log-mel
statistics, so that there is no judge to wait for and sets without labels have the same signals.
`kwavegan.monitoring.health` says which numbers are bad ones.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from kwavegan.audio.mel import mel_settings
from kwavegan.config.settings import Config
from kwavegan.data.dataset import Dataset, some
from kwavegan.evaluation.features import Ears, Heard
from kwavegan.evaluation.metrics import frechet_distance, spread
from kwavegan.gan.model import WaveGAN
from kwavegan.generation import sampling
from kwavegan.networks.architecture import Ladder

SIGNALS = {
    "told_apart": "Chance that the discriminator scores a training sound above a generated one of "
    "the same label: 1 always, 0.5 by chance.",
    "known_by_heart": "Chance that it scores a training sound above a validation sound of the same "
    "label: 0.5 where it learned none by heart.",
    "distance": "Fréchet distance of generated to training sounds in log-mel statistics, over that "
    "of as many training sounds: 1 is as near as real ones.",
    "diversity": "Spread of generated sounds in log-mel statistics, over that of training sounds, "
    "in the label where it is smallest.",
    "labels_apart": "Distance of the means of two labels' generated sounds in log-mel statistics, "
    "over that of training sounds, for the two that are most alike.",
    "nearest": "Median distance of a generated sound to the nearest training sound, over the mean "
    "distance among training sounds: copies are near 0.",
    "silent": "Share of generated sounds below -60 dBFS less that of training sounds, in the label "
    "where it is largest.",
    "clipped": "Share of generated sounds that are clipped, less that of training sounds.",
    "offset": "Mean share of a generated sound's RMS that is its DC offset, less that of training "
    "sounds.",
    "buzz": "Level of a generated sound at the multiples of rate / 4, / 16, … above its "
    "neighbourhood, less that of training sounds: the largest of the means, in dB.",
}
"""Every signal that `Vitals.measure` returns, if the set allows it, by name."""

PLACES = {
    "diversity": ("diversity_label",),
    "labels_apart": ("labels_apart_one", "labels_apart_other"),
    "silent": ("silent_label",),
}
"""Beside some signals: where they were found, as indices of labels (none without labels)."""

_SEED = 2**31 + 2  # of the latents: no seed of a run, of its evaluations or its previews

_SAMPLES = 2**22  # at once in memory: what bounds the number of long sounds

_MOST = 64  # sounds of each kind

_LEAST = 16

_LABELS = 16  # measured, where there are more

_MANY = 8  # training sounds a measured one

_FEW = 8  # with fewer training sounds on either side there is no distance

_ENOUGH = 16  # with fewer validation sounds nobody can say that they score lower

_PAIR = 4  # with fewer training sounds of a label it has no spread, and no mean to compare

_SURE = 3.0  # standard errors between the means of two labels' training sounds that differ

_HEARD = 1e-4  # of a sound's mean power in a bin; what is weaker does not buzz


class Vitals:
    """Measures a GAN in training; what it needs of the real sounds is computed here, once.

    Args:
        config: the run's settings.
        dataset: what it is trained on.
    """

    def __init__(self, config: Config, dataset: Dataset):
        count = int(np.clip(_SAMPLES // dataset.length, _LEAST, _MOST))
        self.conditional = config.model != "wgan"
        audio, labels = self._some(dataset, "train", _MANY * count)
        self.ears = Ears(None, mel_settings(dataset.rate, dataset.length), audio, labels)
        self.real = _by_label(self.ears.training)

        names = np.unique(labels)
        measured = np.unique(names[np.linspace(0, len(names) - 1, _LABELS).round().astype(int)])
        each = max(2, count // len(measured))
        latents = sampling.draw_latents(config.latent_distribution, config.latent, each, _SEED)
        self.latents = np.tile(latents, (len(measured), 1))
        self.labels = np.repeat(measured, each).astype("int32")
        self.pairs = _pairs(self.real, measured)

        ours, theirs, generated = _shared(labels, measured, each)
        self.compared, self.against, self.floor = generated, theirs, 0.0
        if min(len(ours), len(theirs)) >= _FEW:
            a, b = (self.ears.training.statistics[rows] for rows in (ours, theirs))
            self.floor = frechet_distance(a, b)
        self.train = audio[ours], labels[ours]
        self.like = self.ears.training.take(ours)
        self.validation = self._some(dataset, "validation", count)
        self.periods = np.cumprod(Ladder.of(dataset.length, 1).strides)
        self.contrasts = line_contrasts(audio, self.periods)

    def _some(self, dataset: Dataset, split: str, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return sounds of a split; to a model without labels they are all of one."""
        audio, labels = some(getattr(dataset, split), most)
        return audio, labels if self.conditional else np.zeros_like(labels)

    def measure(self, gan: WaveGAN) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Measure a GAN as it is now.

        Sounds are those of `gan.sounding_generator`, always of the same latents, which every label
        shares. Samples that are not finite count as silence, and scores that are not finite are
        left out, so that a run that diverged can still be measured.

        Returns:
            `SIGNALS` by name, with `PLACES`, without those that the set is too small for; and the
            RMS of some sounds, "real" and "generated", (n,) each, full scale is 1.
        """
        network = gan.sounding_generator
        sounds = np.concatenate(list(sampling.sounds(network, self.latents, self.labels)))
        sounds = np.nan_to_num(sounds, nan=0.0, posinf=1.0, neginf=-1.0)
        heard = self.ears.hear(sounds, self.labels)
        signals = {
            **self._scores(gan.discriminator, sounds),
            **self._distance(heard),
            **self._within_labels(heard),
            **self._between_labels(heard),
            **self._nearest(heard),
            "clipped": self._beyond(heard, lambda own: own.clipped.mean()),
            "offset": self._beyond(heard, lambda own: _offset(own).mean()),
            "buzz": float(np.max(line_contrasts(sounds, self.periods) - self.contrasts)),
        }
        rms = {"real": _rms(self.like), "generated": _rms(heard)}
        return {name: signals[name] for name in _ORDER if name in signals}, rms

    def _scores(self, network: keras.Model, sounds: np.ndarray) -> dict[str, float]:
        """How well the discriminator tells generated and validation sounds from training sounds."""
        (known, labels), (new, new_labels) = self.train, self.validation
        audio = np.concatenate([known, new, sounds])
        found = scores(network, audio, np.concatenate([labels, new_labels, self.labels]))
        train, unseen, generated = np.split(found, np.cumsum([len(known), len(new)]))
        chances = {"told_apart": chance_above(train, generated, labels, self.labels)}
        if len(new) >= _ENOUGH:
            chances["known_by_heart"] = chance_above(train, unseen, labels, new_labels)
        return {name: chance for name, chance in chances.items() if np.isfinite(chance)}

    def _distance(self, heard: Heard) -> dict[str, float]:
        if not self.floor:
            return {}
        theirs = self.ears.training.statistics[self.against]
        ours = heard.statistics[self.compared]
        return {"distance": frechet_distance(ours, theirs) / self.floor}

    def _beyond(self, heard: Heard, mean: Callable[[Heard], float]) -> float:
        """Return a mean of generated sounds less that of training sounds, every label alike."""
        of_labels = _by_label(heard).items()
        return float(np.mean([mean(own) - mean(self.real[label]) for label, own in of_labels]))

    def _nearest(self, heard: Heard) -> dict[str, float]:
        among = self.ears.training.nearest
        return {"nearest": float(np.median(heard.nearest))} if among.any() else {}

    def _within_labels(self, heard: Heard) -> dict[str, float]:
        """The least diverse label, and the most silent one."""
        generated = _by_label(heard)
        silence = {
            label: float(own.silent.mean() - self.real[label].silent.mean())
            for label, own in generated.items()
        }
        found = self._worst("silent", silence, max)
        ratios = {
            label: _width(own.statistics) / wide
            for label, own in generated.items()
            if len(self.real[label]) >= _PAIR and (wide := _width(self.real[label].statistics)) > 0
        }
        return found | (self._worst("diversity", ratios, min) if ratios else {})

    def _worst(self, name: str, by_label: dict[int, float], choose: Callable) -> dict[str, float]:
        label = choose(by_label, key=by_label.get)
        places = PLACES[name] if self.conditional else ()
        return {name: by_label[label], **{place: float(label) for place in places}}

    def _between_labels(self, heard: Heard) -> dict[str, float]:
        means = {label: own.statistics.mean(axis=0) for label, own in _by_label(heard).items()}
        ratios = {
            pair: float(np.linalg.norm(means[pair[0]] - means[pair[1]]) / apart)
            for pair, apart in self.pairs.items()
        }
        if not ratios:
            return {}
        pair = min(ratios, key=ratios.get)
        places = zip(PLACES["labels_apart"], map(float, pair), strict=True)
        return {"labels_apart": ratios[pair], **dict(places)}


_ORDER = tuple(column for name in SIGNALS for column in (name, *PLACES.get(name, ())))


def _by_label(heard: Heard) -> dict[int, Heard]:
    return {int(label): heard.take(heard.labels == label) for label in np.unique(heard.labels)}


def _width(rows: np.ndarray) -> float:
    """Return the spread of rows (n, d), n of at least 2, as of ever so many."""
    return spread(rows) * float(np.sqrt(len(rows) / (len(rows) - 1)))


def _pairs(real: dict[int, Heard], labels: np.ndarray) -> dict[tuple[int, int], float]:
    """Return how far the means of two labels' real sounds are apart, where they surely differ."""
    enough = [int(label) for label in labels if len(real[int(label)]) >= _PAIR]
    means = {label: real[label].statistics.mean(axis=0) for label in enough}
    errors = {label: _width(real[label].statistics) ** 2 / len(real[label]) for label in enough}
    apart = {
        (a, b): float(np.linalg.norm(means[a] - means[b]))
        for i, a in enumerate(enough)
        for b in enough[i + 1 :]
    }
    return {
        (a, b): far
        for (a, b), far in apart.items()
        if far > _SURE * float(np.sqrt(errors[a] + errors[b]))
    }


def _shared(
    labels: np.ndarray, measured: np.ndarray, each: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split training sounds in two; return rows of both, and of generated sounds.

    The first part has up to `each` sounds of a label, and at most half of them; the third, as many
    of each label as the first: distances of equal numbers can be compared.
    """
    first, second, generated = [], [], []
    for place, label in enumerate(measured):
        own = np.flatnonzero(labels == label)
        count = min(each, (len(own) + 1) // 2)
        first.append(own[:count])
        second.append(own[count:])
        generated.append(place * each + np.arange(count))
    return np.concatenate(first), np.concatenate(second), np.concatenate(generated)


def _rms(heard: Heard) -> np.ndarray:
    return 10 ** (heard.loudness / 20)


def _offset(heard: Heard) -> np.ndarray:
    """Return each sound's DC offset over its RMS; 0 for a silent one."""
    return np.where(heard.silent, 0.0, heard.offset / _rms(heard))


def scores(network: keras.Model, audio: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a discriminator's scores (n,) of sounds (n, length, channels), phases not shifted.

    In batches of one size, the last one filled up, so that nothing compiles twice.
    """
    size = sampling.BATCH
    found = []
    for start in range(0, len(audio), size):
        part, own = audio[start : start + size], labels[start : start + size]
        fill = (0, size - len(part))
        inputs = {
            "audio": np.pad(part, (fill, (0, 0), (0, 0))),
            "label": np.pad(np.asarray(own, "int32"), fill),
        }
        if "shifts" in network.input:
            inputs["shifts"] = np.zeros((size, network.input["shifts"].shape[-1]), "int32")
        inputs = {name: inputs[name] for name in network.input}
        score = np.asarray(network.predict_on_batch(inputs)["score"])
        found.append(score[: len(part), 0])
    return np.concatenate(found)


def chance_above(
    ours: np.ndarray, theirs: np.ndarray, our_labels: np.ndarray, their_labels: np.ndarray
) -> float:
    """Return P(a > b) + P(a = b) / 2 of a in ours (n,) and b in theirs (m,), of the same label.

    The area under the ROC curve (Hanley & McNeil 1982), over pairs of the same label: scores of
    different labels have no common zero. NaN where there is no such pair, or a score is not finite.
    """
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return float("nan")
    same = our_labels[:, None] == their_labels
    if not same.any():
        return float("nan")
    apart = np.sign(ours[:, None] - theirs)
    return float((0.5 + 0.5 * apart[same]).mean())


def line_contrasts(sounds: np.ndarray, periods: Sequence[int]) -> np.ndarray:
    """Return how far sounds stick out of their own spectrum at the multiples of rate / period.

    A layer that takes one frame to several samples repeats itself with the period that those
    frames have in the waveform; what it repeats is heard as a tone there (Donahue et al. 2018,
    "checkerboard" after Odena et al. 2016). A contrast is a bin's level less the mean level of its
    neighbours on both sides, in dB, mean over sounds: the spectrum's shape, and pitches that differ
    from sound to sound, drop out.

    Args:
        sounds: (n, length, channels).
        periods: in samples, ascending, each a multiple of the one before.

    Returns:
        (periods,) the mean contrast of all multiples below half the rate, in dB. Of a period that
        has fewer than 8 bins from one multiple to the next: that of the period before.
    """
    length = sounds.shape[1]
    usable = [int(period) for period in periods if length // period >= 8]
    deepest = usable[-1]
    repeats = length // deepest
    lines = np.arange(1, deepest // 2)
    aside = np.arange(2, repeats // 2 + 1)
    around = repeats * lines[:, None] + np.concatenate([-aside, aside])
    total = np.zeros(len(lines))
    for start in range(0, len(sounds), _MOST):
        part = sounds[start : start + _MOST, : repeats * deepest]
        power = (np.abs(np.fft.rfft(part, axis=1)) ** 2).mean(axis=2)
        floor = _HEARD * power.mean(axis=1, keepdims=True)
        level = 10 * np.log10(power + np.maximum(floor, 1e-12))
        total += (level[:, repeats * lines] - level[:, around].mean(axis=2)).sum(axis=0)
    contrast = total / len(sounds)
    means = [contrast[lines % (deepest // period) == 0].mean() for period in usable]
    return np.array(means + means[-1:] * (len(periods) - len(usable)))
