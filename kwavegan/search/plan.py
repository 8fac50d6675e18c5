"""From what a user asks for to a search that can begin, or go on: data, space, folder and study."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kwavegan.config.settings import Config
from kwavegan.data.dataset import data_digest
from kwavegan.data.load import fitted, load
from kwavegan.errors import InputError
from kwavegan.runs.naming import check_name, runs_folder
from kwavegan.runs.pretrained import adopt
from kwavegan.runs.run import Run
from kwavegan.search.loop import Search
from kwavegan.search.space import Space, as_plain, check_possible, default_space, inside, read_space
from kwavegan.search.study import file_url, open_storage, open_study, quiet, reaching

STUDY = "study.db"
"""In the folder of a search: its study, where no other storage is asked for."""


@dataclass(frozen=True)
class Plan:
    """What a user asks for.

    Attributes:
        config: the settings that trials share, but for what is searched.
        given: those among them that were given as options, by field.
        data: a folder; None for the one in `config`, else the built-in drums.
        name: of the search.
        space: a TOML file; None for the default space.
        objective: `"score"` or `"survival"`.
        storage: URL of a database; None for a file in the folder.
        runs_dir: where the run folders are.
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
def begin(plan: Plan, progress: Callable[[int, int], None] | None = None) -> Iterator[Search]:
    """Open a search for a block: a new one, or one to go on with.

    Args:
        plan: what is asked for.
        progress: called with files done and files in all, where audio is prepared.

    Raises:
        InputError: bad data, a bad space, a storage that cannot be reached, a folder that is taken,
            or a search of that name that was begun otherwise.
    """
    folder = _folder(plan)
    config = adopt(plan.config, plan.given, plan.runs_dir)
    spelled, space = _space(plan, config)
    trained = trial_settings(config, plan.objective, plan.given)
    check_possible(space, trained, spelled)
    data = plan.data if plan.data is not None else config.data
    dataset = load(data, config, progress)
    source = str(Path(data).resolve()) if data else ""
    base, trained = (fitted(each, dataset, source) for each in (config, trained))
    about = {
        "data": data_digest(dataset),
        "objective": plan.objective,
        "steps": config.steps,
        "space": as_plain(space),
        "settings": {
            k: v for k, v in trained.as_dict().items() if k not in (*space, "data", "steps")
        },
    }
    about = json.loads(json.dumps(about))  # tuples come back as lists
    first = inside(space, base)
    with _held(folder, plan.name), quiet():
        url = plan.storage or file_url(folder / STUDY)
        storage = open_storage(url)
        with reaching(url):
            try:
                study = open_study(storage, plan.name, about, first, config.seed)
                _check_leftovers(folder, study)
                yield Search(
                    folder, study, storage, plan.objective, space, base, trained, not plan.storage
                )
            finally:
                storage.remove_session()
                storage.engine.dispose()


def _folder(plan: Plan) -> Path:
    check_name(plan.name)
    folder = runs_folder(plan.runs_dir) / plan.name
    if (folder / "config.toml").exists():
        raise InputError(f"{folder}: is a run; choose another --name for the search")
    return folder


def _space(plan: Plan, config: Config) -> tuple[str, Space]:
    if plan.space is None:
        return "search", default_space(config, plan.given)
    return plan.space, read_space(plan.space, config, plan.given)


@contextmanager
def _held(folder: Path, name: str) -> Iterator[None]:
    """Make the folder of a search, and keep other searches out of it.

    Raises:
        InputError: another search holds it, or it cannot be made.
    """
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error
    held = Run(folder)
    if held.is_locked():
        raise InputError(
            f"{folder}: another search is going on here; --jobs runs more trials at once, and other"
            " machines need a --runs-dir of their own"
        )
    with held.lock():
        try:
            yield
        finally:
            _clear(folder, new)


def _clear(folder: Path, new: bool) -> None:
    """Leave nothing of a search that never began."""
    kept = {".lock", ".identity"}
    if new and all(path.name in kept for path in folder.iterdir()):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _check_leftovers(folder: Path, study: Any) -> None:
    """Refuse to begin a study in a folder that holds the runs of another."""
    if all(not trial.params for trial in study.get_trials(deepcopy=False)) and (
        found := sorted(folder.glob("trial-*/config.toml"))
    ):
        raise InputError(
            f"{found[0].parent}: is of a search whose study is gone; move {folder} away, or give"
            " another --name"
        )


def trial_settings(base: Config, objective: str, given: dict[str, Any]) -> Config:
    """Return the settings that trials are trained with: `base`, looked at often enough.

    Args:
        base: the user's settings.
        objective: `"score"` or `"survival"`.
        given: the user's options by field, None for "not given".

    Raises:
        InputError: no evaluation would ever take place, and the score is sought.
    """
    changes: dict[str, Any] = {"retry": 0}
    if objective == "survival":
        changes |= {"stop_when_stalled": 0}
        if given.get("log_every") is None:
            changes["log_every"] = min(base.log_every, max(1, base.steps // 100))
        return replace(base, **changes)
    often = max(1, base.steps // 10)
    if given.get("evaluate_every") is None:
        changes["evaluate_every"] = min(base.evaluate_every or often, often)
    elif not 0 < base.evaluate_every <= base.steps:
        raise InputError(
            f"--evaluate-every: {base.evaluate_every} gives no score within {base.steps} steps; "
            "lower it or leave it out, or take --objective survival"
        )
    return replace(base, **changes)
