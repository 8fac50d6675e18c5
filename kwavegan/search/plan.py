"""From what a user asks for to a search that can run: data, space, folder and study."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.study import Study

from kwavegan.config.settings import Config
from kwavegan.data.dataset import data_digest
from kwavegan.data.load import load_dataset, stored_source
from kwavegan.errors import InputError, setting
from kwavegan.runs.naming import check_name, runs_folder
from kwavegan.runs.pretrained import inherit_settings
from kwavegan.runs.run import Run
from kwavegan.search.checking import damage_told
from kwavegan.search.database import file_url, open_storage, shown_url, storage_errors
from kwavegan.search.loop import Search
from kwavegan.search.space import (
    Space,
    as_plain,
    check_possible,
    default_space,
    distributions,
    first_values,
    read_space,
)
from kwavegan.search.study import open_study, quiet
from kwavegan.storage import files
from kwavegan.storage.failures import reason
from kwavegan.storage.reading import read_text

STUDY = "study.db"
"""The file of a search's study in its folder, unless the user names another storage."""

_NAME = setting("name")


@dataclass(frozen=True)
class Plan:
    """What a user asks for.

    Attributes:
        config: the settings that trials share, apart from those that are searched.
        given: the settings among them that came as options, by field.
        data: a folder of audio; None for that of `config`, else the built-in drums.
        name: the search's: of its folder among the runs, and of its study.
        space: a TOML file; None for the default space.
        objective: `"score"` or `"survival"`.
        storage: the URL of a database; None for a file in the folder.
        runs_dir: the folder of run folders.
    """

    config: Config
    given: Mapping[str, Any]
    data: str | None = None
    name: str = "search"
    space: str | None = None
    objective: str = "score"
    storage: str | None = None
    runs_dir: str | None = None


@contextmanager
def begin(
    plan: Plan,
    progress: Callable[[int, int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Iterator[Search]:
    """Open a search for a block: a new one, or one to continue.

    Args:
        plan: what the user asks for.
        progress: called with files done and files in all while audio is prepared.
        note: called with each line about what was chosen, done and left out of the audio.

    Raises:
        InputError: bad data, a bad space, a storage that cannot be reached, a folder that is taken,
            or a search of that name with other settings.
    """
    folder = _folder(plan)
    config = inherit_settings(plan.config, plan.given, plan.runs_dir)
    origin, space = _space(plan, config)
    trained = trial_settings(config, plan.objective, plan.given)
    check_possible(space, trained, origin)
    data = plan.data if plan.data is not None else config.data
    dataset = load_dataset(data, config, progress, note)
    source = stored_source(data) if data else ""
    base, trained = (each.for_dataset(dataset, source) for each in (config, trained))
    about = {
        "data": data_digest(dataset),
        "objective": plan.objective,
        "steps": config.steps,
        "space": as_plain(space),
        "settings": {
            name: value
            for name, value in trained.as_dict().items()
            if name not in (*space, "data", "steps")
        },
    }
    about = json.loads(json.dumps(about))  # tuples come back as lists
    first = first_values(space, base)
    with _locked(folder), quiet():
        url = plan.storage or file_url(folder / STUDY)
        storage = open_storage(url, _identity(folder))
        with storage_errors(url):
            try:
                with damage_told(shown_url(url)):
                    drawn = distributions(space)
                    study = open_study(storage, plan.name, about, first, config.seed, drawn)
                _check_leftovers(folder, study)
                files.clear_unfinished_in(folder, "*")  # trials see to their own
                yield Search(
                    folder=folder,
                    study=study,
                    storage=storage,
                    objective=plan.objective,
                    space=space,
                    base=base,
                    trained=trained,
                    local=not plan.storage,
                )
            finally:
                storage.remove_session()
                storage.engine.dispose()


def _folder(plan: Plan) -> Path:
    check_name(plan.name)
    folder = runs_folder(plan.runs_dir) / plan.name
    if (folder / "config.toml").exists():
        raise InputError(f"{folder}: is a run; choose another {_NAME} for the search")
    return folder


def _space(plan: Plan, config: Config) -> tuple[str, Space]:
    """Return the space, and what error messages call it."""
    if plan.space is None:
        return "search", default_space(config, plan.given)
    return plan.space, read_space(plan.space, config, plan.given)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make the folder of a search, and keep other searches out of it.

    Raises:
        InputError: another search holds it, or it cannot be made.
    """
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {reason(error)}") from error
    run = Run(folder)  # for its lock
    if run.is_locked():
        raise InputError(
            f"{folder}: another search is running here; {setting('jobs')} trains more trials at "
            f"once, and other machines need a {setting('runs_dir')} of their own"
        )
    with run.lock():
        try:
            yield
        finally:
            _clear(folder, new)


def _clear(folder: Path, new: bool) -> None:
    """Remove the folder of a search that never began."""
    kept = {".lock", ".identity"}
    if new and all(path.name in kept for path in folder.iterdir()):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _identity(folder: Path) -> str:
    """Return what marks trials of a shared study as those of the search in this folder."""
    path = folder / ".identity"
    with suppress(OSError, ValueError):
        return read_text(path).strip()
    name = uuid.uuid4().hex
    files.write_text(path, name + "\n")
    return name


def _check_leftovers(folder: Path, study: Study) -> None:
    """Refuse to begin a study in a folder that holds the runs of another."""
    begun = any(trial.params for trial in study.get_trials(deepcopy=False))
    leftovers = sorted(folder.glob("trial-*/config.toml"))
    if leftovers and not begun:
        raise InputError(
            f"{leftovers[0].parent}: belongs to a search whose study is gone; move {folder} away, "
            f"or give another {_NAME}"
        )


def trial_settings(base: Config, objective: str, given: Mapping[str, Any]) -> Config:
    """Return the settings of trials: `base`, evaluated often enough to compare them.

    Args:
        base: the user's settings.
        objective: `"score"` or `"survival"`.
        given: the user's options by field; None for an option that is not given.

    Raises:
        InputError: the objective is the score, but no evaluation would ever take place.
    """
    changes: dict[str, Any] = {"retry": 0}
    if objective == "survival":
        changes |= {"stop_when_stalled": 0}
        if given.get("log_every") is None:
            changes["log_every"] = min(base.log_every, max(1, base.steps // 100))
        return replace(base, **changes)
    tenth = max(1, base.steps // 10)
    if given.get("evaluate_every") is None:
        changes["evaluate_every"] = min(base.evaluate_every or tenth, tenth)
    elif not 0 < base.evaluate_every <= base.steps:
        raise InputError(
            f"{setting('evaluate_every')}: {base.evaluate_every} gives no score within "
            f"{base.steps} steps; lower it or leave it out, or choose "
            f"{setting('objective', 'survival')}"
        )
    return replace(base, **changes)
