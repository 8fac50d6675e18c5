"""Published set-ups, as far as they differ from the defaults of `kwavegan.config.settings`."""

from typing import Any, NamedTuple


class Preset(NamedTuple):
    """What differs from the defaults, with one line of help.

    Example:
        >>> from kwavegan.config import PRESETS
        >>> PRESETS["wavegan"].values["loss"]
        'wgan-gp'
    """

    help: str
    values: dict[str, Any]


# Donahue et al. 2018, appendix E, and one phase shift a batch as in their code; Hill's too.
_WAVEGAN = {
    "generator": "waveform",
    "critic": "waveform",
    "gamma_final": 1.0,
    "class_weight": 1.0,
    "shuffle_per": "batch",
    "batch_size": 64,
    "lr": 1e-4,
    "lr_final": 1.0,
    "beta1": 0.5,
    "beta2": 0.9,
    "ema_decay": 0.0,
}

# Hill 2018, F.1: the defaults of its arguments, STEPS (its summaries) and CHECKPOINTS. Shifts are
# drawn anew each step, as its text (3.1.4) has it; its listing draws them once a run.
_DISSERTATION = {
    **_WAVEGAN,
    "generator": "dissertation",
    "width": 0,
    "steps": 1_000,
    "log_every": 100,
    "checkpoint_every": 5_000,
}

_CWGAN = {**_DISSERTATION, "conditioning": "concat", "loss": "cross-entropy"}

PRESETS = {
    "default": Preset("Conditional, gated, relativistic loss: learns in minutes.", {}),
    "wavegan": Preset(
        "WaveGAN as published: Donahue et al. 2018 (arXiv 1802.04208), appendix E and code.",
        {
            **_WAVEGAN,
            "model": "wgan",
            "width": 64,
            "loss": "wgan-gp",
            "d_updates": 5,
            "steps": 200_000,
            "stop_loss": 0.0,
        },
    ),
    "dissertation-wgan": Preset(
        "The downsized WaveGAN of Hill 2018 (3.1).",
        {**_DISSERTATION, "model": "wgan", "loss": "wgan-gp"},
    ),
    "dissertation-cwgan": Preset(
        "Hill 2018's conditional WaveGAN (3.2.1), cross-entropy loss as its final code.", _CWGAN
    ),
    "dissertation-cwgan-gp": Preset(
        "Hill 2018's conditional WaveGAN with the WGAN-GP loss.", {**_CWGAN, "loss": "wgan-gp"}
    ),
    "dissertation-gated": Preset(
        "Hill 2018's novel conditioning: the waveform times label planes (3.2.1).",
        {**_DISSERTATION, "loss": "cross-entropy"},
    ),
    "dissertation-acgan": Preset(
        "Hill 2018's ACGAN (3.2.2), with its label smoothing.",
        {
            **_DISSERTATION,
            "model": "acgan",
            "loss": "acgan",
            "smoothing_low": 0.7,
            "smoothing_high": 1.2,
            "class_loss": "both",
        },
    ),
}
"""By the name that `--preset` takes."""
