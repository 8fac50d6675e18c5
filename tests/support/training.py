"""Trainings of tests, which share the GANs of equal settings.

A tiny GAN takes far longer to trace and to compile than to train: on TensorFlow ten times as long.
A test about building a GAN anew, such as one that resumes a run in its stead, uses
`kwavegan.training.session` itself.
"""

import json

from kwavegan.errors import InputError
from kwavegan.gan.state import capture_state, restore_state
from kwavegan.training import session
from kwavegan.training.build import build_gan

_train, _resume = session.run_training, session.resume

NOT_OF_THE_GAN = {
    *("data", "origin", "log_every", "checkpoint_every", "keep", "stop_loss", "retry"),
    *("evaluate_every", "stop_when_stalled", "preview_every", "tensorboard"),
}
"""Settings of a run that `build_gan` does not read."""

_built = {}  # the GAN of settings, and where it starts from by seed


def shared_gan(config):
    """Return the GAN of some settings as `build_gan` does; an earlier one, at its start again."""
    settings = config.as_dict()
    seed = settings.pop("seed")
    key = json.dumps([item for item in settings.items() if item[0] not in NOT_OF_THE_GAN])
    gan, starts = _built.get(key, (None, {}))
    if seed not in starts:
        new = build_gan(config)
        starts[seed] = capture_state(new)
        gan = gan or new
        _built[key] = gan, starts
    restore_state(gan, starts[seed])
    return gan


def run_training(*args, **options):
    """Train a new run, as `kwavegan.training.run_training` does."""
    return _with_shared_gan(_train, args, options)


def resume(*args, **options):
    """Go on with a run, as `kwavegan.training.resume` does."""
    return _with_shared_gan(_resume, args, options)


def _with_shared_gan(train, args, options):
    try:
        return train(*args, build=shared_gan, **options)
    except InputError:
        raise  # before anything was trained
    except BaseException:
        _built.clear()  # on JAX, a `fit` that breaks off leaves a model without its values
        raise
