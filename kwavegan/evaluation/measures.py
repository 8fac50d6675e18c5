"""The table of measures: what each is called, which numbers are better, what it says."""

from typing import NamedTuple

INTERVAL = 1.96
"""Standard errors on each side of a number that make an interval of 95 %."""


class Measure(NamedTuple):
    """The meaning of a measure.

    Attributes:
        title: its name in tables.
        better: which numbers are better: "higher", "lower", "one" (nearer to 1, which real sounds
            have) or "real" (nearer to the number of real sounds).
        help: one sentence.
    """

    title: str
    better: str
    help: str


MEASURES = {
    "label_accuracy": Measure(
        "label accuracy", "higher", "Share of sounds whose label the classifier predicts."
    ),
    "frechet_distance": Measure(
        "Fréchet distance", "lower", "Between Gaussians in the classifier's embedding."
    ),
    "frechet_distance_mel": Measure(
        "Fréchet distance, mel", "lower", "The same in log-mel statistics: no classifier."
    ),
    "kernel_distance": Measure(
        "kernel distance", "lower", "Unbiased MMD², cubic kernel, classifier's embedding."
    ),
    "diversity": Measure("diversity", "one", "Spread within a label in the embedding, over real."),
    "diversity_mel": Measure("diversity, mel", "one", "The same in log-mel statistics."),
    "precision": Measure("precision", "higher", "Share of sounds near some real sound."),
    "density": Measure("density", "higher", "How many real neighbourhoods a sound lies in."),
    "recall": Measure("recall", "higher", "Share of real sounds near some generated sound."),
    "coverage": Measure("coverage", "higher", "Share of real neighbourhoods with a sound in them."),
    "inception_score": Measure(
        "inception score", "higher", "In ten parts, as Donahue et al. 2018."
    ),
    "inception_score_halves": Measure(
        "inception score, halves", "higher", "Marginal from the other half, after Goel et al. 2022."
    ),
    "modified_inception_score": Measure(
        "modified inception score", "higher", "Over pairs of sounds (Gurumurthy et al. 2017)."
    ),
    "am_score": Measure("AM score", "lower", "Zhou et al. 2018."),
    "nearest_training": Measure(
        "nearest training sound",
        "real",
        "Distance to it, over the mean of that among training sounds; copies are near 0.",
    ),
    "silent": Measure("silent", "real", "Share of sounds below -60 dBFS."),
    "clipped": Measure("clipped", "real", "Share of sounds with 0.1 % of samples at full scale."),
    "loudness": Measure("loudness", "real", "Mean RMS in dBFS."),
    "offset": Measure("offset", "real", "Mean size of the DC offset; full scale is 1."),
    "texture_distance": Measure(
        "texture distance", "lower", "Fréchet distance in statistics of texture: no classifier."
    ),
    "periodicity": Measure(
        "periodicity", "real", "Median of how much of a sound returns after a period, 0 to 1."
    ),
    "shared_period": Measure(
        "sounds on one period",
        "real",
        "Largest share of a label's sounds whose periods agree within 3 %.",
    ),
    "pitch_spread": Measure(
        "pitch spread",
        "real",
        "Standard deviation in octaves of the pitch of a label's sounds that have one.",
    ),
    "tonality": Measure(
        "tonality", "real", "Median of how far a partial above 1 kHz stands out, in dB."
    ),
    "roughness": Measure(
        "roughness", "real", "Median fluctuation of a third of an octave between frames, in dB."
    ),
    "attack": Measure("attack", "real", "Median time from 5 to 95 % of the amplitude, in ms."),
    "crest": Measure("crest", "real", "Median of peak over RMS of the loud part, in dB."),
    "kurtosis": Measure("kurtosis", "real", "Median of the loud parts; noise has 3, pulses more."),
    "top": Measure("top of the band", "real", "Median frequency that 99 % of energy is below, Hz."),
}
"""Every measure by name, in the order of tables."""

PER_SOUND_TEXTURE = ("periodicity", "tonality", "roughness", "attack", "crest", "kurtosis", "top")
"""Measures of `kwavegan.evaluation.texture` whose medians over sounds are shown."""
