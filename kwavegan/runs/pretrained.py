"""Pretrained models of the package: runs with one small checkpoint and its evaluation.

`scripts/release/make_pretrained.py` makes one of a run. This module imports no backend, so that
one can still be chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kwavegan.config.settings import Config
from kwavegan.errors import InputError, setting
from kwavegan.runs.run import Run

FOLDER = Path(__file__).parents[1] / "pretrained"
"""The folder with a folder for each pretrained model."""

INHERITED = (
    "model",
    "conditioning",
    "generator",
    "critic",
    "waveform_scale",
    "spectral_scale",
    "loudness",
    "pitch",
    "width",
    "latent_dim",
    "latent_distribution",
    "label_embedding",
    "channels",
    "rate",
    "length",
)
"""Settings that a run takes from the run it starts from: the weights fit no others."""


@dataclass(frozen=True)
class PretrainedModel:
    """A trained model in the package.

    Attributes:
        name: for `kwavegan.load_pretrained`, `generate --pretrained` and `train --from`.
        run: its run folder, which every command that reads a run accepts.

    Example:
        >>> from kwavegan.runs import pretrained_models
        >>> drums = pretrained_models()[0]
        >>> drums.name, drums.config.labels
        ('drums', ('clap', 'closed-hat', 'kick', 'open-hat', 'snare', 'tom'))
    """

    name: str
    run: Run

    @property
    def config(self) -> Config:
        """The settings of its training."""
        return self.run.config()

    @property
    def size(self) -> int:
        """Size of its folder in bytes."""
        return sum(path.stat().st_size for path in self.run.path.rglob("*") if path.is_file())


def pretrained_models() -> tuple[PretrainedModel, ...]:
    """Return the pretrained models of the package, by name.

    Example:
        >>> from kwavegan.runs import pretrained_models
        >>> [model.name for model in pretrained_models()]
        ['drums']
    """
    folders = sorted(path.parent for path in FOLDER.glob("*/config.toml"))
    return tuple(PretrainedModel(path.name, Run(path)) for path in folders)


def find_pretrained(name: str) -> PretrainedModel:
    """Return a pretrained model.

    Raises:
        InputError: there is no model of that name.
    """
    models = {model.name: model for model in pretrained_models()}
    if name not in models:
        raise InputError(
            f"{setting('pretrained')}: {name!r} is no pretrained model; choose from"
            f" {', '.join(models)}"
        )
    return models[name]


def origin_run(origin: str, runs_dir: str | Path | None = None) -> Run:
    """Return the run that the setting `origin` names: a pretrained model, else a run.

    Args:
        origin: name of a pretrained model, or name or path of a run.
        runs_dir: the folder of the run folders; None for `KWAVEGAN_RUNS`, or `./runs`.

    Raises:
        InputError: there is neither.
    """
    models = {model.name: model.run for model in pretrained_models()}
    if origin in models:
        return models[origin]
    try:
        return Run.open(origin, runs_dir)
    except InputError as error:
        names = ", ".join(models)
        raise InputError(
            f"{setting('origin')}: {error.args[0]}; pretrained models: {names}"
        ) from error


def inherited_settings(source: Config, name: str, wishes: Mapping[str, object]) -> dict[str, Any]:
    """Return the settings that a run takes from `source`, by field.

    Args:
        source: settings of the run that it starts from.
        name: of that run, for the message.
        wishes: the user's own settings by field; None or 0 for none.

    Raises:
        InputError: a wish differs from the source.
    """
    for field in INHERITED:
        wish, inherited = wishes.get(field), getattr(source, field)
        if wish and wish != inherited:
            raise InputError(
                f"{setting(field)}: {wish} does not go with {setting('origin', name)}, whose"
                f" weights are for {inherited}; leave it out"
            )
    return {field: getattr(source, field) for field in INHERITED}


def inherit_settings(
    config: Config, wishes: Mapping[str, object] | None = None, runs_dir: str | Path | None = None
) -> Config:
    """Replace the networks, rate and length of a config by those of the run it starts from.

    Args:
        config: the settings; if its `origin` is empty, they come back unchanged.
        wishes: those among them that must not be replaced silently, by field; None for none.
        runs_dir: the folder of the run folders; None for `KWAVEGAN_RUNS`, or `./runs`.

    Returns:
        The settings; `origin` names a pretrained model, or a run by its absolute path.

    Raises:
        InputError: there is no such run, or it differs from one of `wishes`.
    """
    if not config.origin:
        return config
    run = origin_run(config.origin, runs_dir)
    inherited = inherited_settings(run.config(), config.origin, wishes or {})
    origin = run.name if run.path.parent == FOLDER else str(run.path.resolve())
    return replace(config, **inherited, origin=origin)
