"""Run folders written by hand, for what reads them: the page, the plots."""

import numpy as np

from kwavegan.config.settings import Config
from kwavegan.monitoring.previews import Clip, PreviewStore, names
from kwavegan.runs.run import HEALTH, VALIDATION, Run
from kwavegan.storage.csv_log import MetricsLog

RATE, LENGTH = 4096, 1024

METRICS = (
    "d_loss",
    "g_loss",
    "d_adversarial_loss",
    "penalty",
    "gradient_penalty",
    "real_score",
    "fake_score",
)
METRICS += ("d_gradient_norm", "g_gradient_norm", "peak_loss")


def written_run(base, name="run", steps=(200, 400, 600), **changes):
    """Return a finished run of two labels with metrics, evaluations, health and previews."""
    settings = {"rate": RATE, "length": LENGTH, "channels": 1, "labels": ("kick", "snare")}
    config = Config(**{**settings, "steps": steps[-1] if steps else 600, **changes})
    run = Run.create(name, config, base)
    rng = np.random.default_rng(0)
    logs = {which: MetricsLog(run.path / which) for which in ("metrics.csv", VALIDATION, HEALTH)}
    for step in steps:
        losses = dict(zip(METRICS, rng.uniform(0.2, 0.9, len(METRICS)), strict=True))
        logs["metrics.csv"].append({"step": step, "seconds": step / 10, **losses})
        found = {"frechet_distance": 900 / step, "floor": 0.5, "label_accuracy": 0.9}
        found |= {"texture_distance": 400 / step, "texture_floor": 0.2, "score": 0.3}
        logs[VALIDATION].append({"step": step, **found, "seconds": 0.2})
        logs[HEALTH].append({"step": step, "real_fake_auc": 0.8, "diversity": 0.9, "seconds": 0.3})
        PreviewStore(run).add(step, sounds(config, pitch=step))
    if steps:
        PreviewStore(run).keep_real(sounds(config, pitch=100))
        run.update(state="finished", step=steps[-1], backend="jax", versions={"keras": "3.15.1"})
    return run


def sounds(config, pitch):
    """Return the sounds of a preview: sines, louder from sound to sound."""
    time = np.arange(config.length) / config.rate
    clips = []
    for place, (name, label, _) in enumerate(names(config)):
        sine = (0.2 + 0.02 * place) * np.sin(2 * np.pi * pitch * time)
        clips.append(Clip(name, label, np.repeat(sine[:, None], config.channels, 1)))
    return clips
