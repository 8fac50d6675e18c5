"""Trained models that come with the package: runs of one small checkpoint and its evaluation.

`scripts/make_preset.py` makes one of any run. Needs no backend: one may still be chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from kwavegan.config.settings import Config, option_name
from kwavegan.errors import InputError
from kwavegan.evaluation import results
from kwavegan.evaluation.results import Evaluation
from kwavegan.runs.run import Run

FOLDER = Path(__file__).parents[1] / "trained"

KEPT = (
    "model",
    "conditioning",
    "generator",
    "critic",
    "wave_scale",
    "spectral_scale",
    "width",
    "latent",
    "latent_distribution",
    "label_embedding",
    "channels",
    "rate",
    "length",
)
"""Settings that a run takes from the one it starts from: with others the weights mean nothing."""


@dataclass(frozen=True)
class Trained:
    """One trained preset.

    Attributes:
        name: what `generate --preset` and `train --from` take.
        run: its folder, which any command that reads a run can read.
    """

    name: str
    run: Run

    @cached_property
    def config(self) -> Config:
        """The settings it was trained with."""
        return self.run.config()

    @cached_property
    def evaluation(self) -> Evaluation:
        """What `evaluate` measured."""
        return results.load(self.run)

    @property
    def size(self) -> int:
        """Bytes of its folder."""
        return sum(path.stat().st_size for path in self.run.path.rglob("*") if path.is_file())


def trained() -> tuple[Trained, ...]:
    """Return the trained presets, by name."""
    found = sorted(path.parent for path in FOLDER.glob("*/config.toml"))
    return tuple(Trained(path.name, Run(path)) for path in found)


def find_trained(name: str) -> Trained:
    """Return a trained preset.

    Raises:
        InputError: there is none of that name.
    """
    known = {preset.name: preset for preset in trained()}
    if name not in known:
        raise InputError(f"--preset: {name!r} is no trained preset; choose from {', '.join(known)}")
    return known[name]


def origin_run(origin: str, runs_dir: str | Path | None = None) -> Run:
    """Return the run that `train --from` names: a trained preset, else a run by name or path.

    Raises:
        InputError: there is neither.
    """
    known = {preset.name: preset.run for preset in trained()}
    if origin in known:
        return known[origin]
    try:
        return Run.open(origin, runs_dir)
    except InputError as error:
        names = ", ".join(known)
        raise InputError(f"--from: {error}; trained presets are: {names}") from error


def kept_settings(source: Config, name: str, given: Mapping[str, object]) -> dict[str, object]:
    """Return the settings that a run takes from `source`.

    Args:
        source: settings of the run that it starts from.
        name: of that run, for the message.
        given: the user's own wishes by field; None or 0 for none.

    Raises:
        InputError: a wish differs from what the source has.
    """
    for field in KEPT:
        wish, have = given.get(field), getattr(source, field)
        if wish and wish != have:
            raise InputError(
                f"{option_name(field)}: {wish} cannot be had with --from {name}, whose weights are"
                f" those of {have}; leave the option out"
            )
    return {field: getattr(source, field) for field in KEPT}


def adopt(
    config: Config, given: Mapping[str, object] | None = None, runs_dir: str | Path | None = None
) -> Config:
    """Take over the networks, rate and length of the run that `config.origin` names, if it does.

    Args:
        config: the wishes.
        given: those among them that are not to be given up silently, by field; None for none.
        runs_dir: where the run folders are.

    Returns:
        The settings; `origin` names a trained preset, or a run by its whole path.

    Raises:
        InputError: there is no such run, or a wish of `given` differs from what it has.
    """
    if not config.origin:
        return config
    run = origin_run(config.origin, runs_dir)
    kept = kept_settings(run.config(), config.origin, given or {})
    shipped = run.path.parent == FOLDER
    return replace(config, **kept, origin=run.name if shipped else str(run.path.resolve()))
