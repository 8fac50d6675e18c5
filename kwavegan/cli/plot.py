"""`kwavegan plot`: audio files or a run → figures."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwavegan.cli.options import player_option, runs_dir_option
from kwavegan.cli.output import say, warn
from kwavegan.errors import InputError, setting, shell_command

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from kwavegan.monitoring.previews import Clip
    from kwavegan.runs.run import Run

    NamedSounds = Sequence[tuple[str, np.ndarray]]
    NamedFigures = Iterator[tuple[str, Figure]]

_SOUND_KINDS = ("waves", "spectrograms")

_KINDS = (*_SOUND_KINDS, "losses")

_ROWS = 12  # of one figure at most; more sounds go to further figures


@click.command()
@click.argument("names", nargs=-1, metavar="[FILE...|RUN]")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(_KINDS),
    multiple=True,
    help="Kind of figure; may be given several times.  [default: all that fit]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("png", "svg")),
    default="png",
    show_default=True,
    help="Format of the figures.",
)
@click.option(
    "--out",
    type=click.Path(),
    help="Folder to write to.  [default: plots; for a run, its own plots]",
)
@click.option(
    "--step", type=int, help="Preview or checkpoint of a run to draw.  [default: the last preview]"
)
@click.option(
    "--label", "labels", multiple=True, metavar="LABEL",
    help="Draw only sounds of this label of a run; may be given several times.",
)  # fmt: skip
@player_option
@runs_dir_option
def command(
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    form: str,
    out: str | None,
    step: int | None,
    labels: tuple[str, ...],
    backend: str | None,
    runs_dir: str | None,
) -> None:
    """Draw audio FILEs, or the sounds and losses of RUN, the latest if nothing is named.

    FILEs are drawn as waves and spectrograms, on one scale; where their rates differ, all are drawn
    at the highest. For a RUN the figures show the real and generated sounds of its previews side by
    side, and the losses of its training. A run without previews makes sounds from its best
    checkpoint.

    A name that is both a file and a run means the file.
    """
    files = [name for name in names if Path(name).is_file()]
    if files:
        _refuse_run_options(kinds, step, labels)
        if missing := [name for name in names if name not in files]:
            raise InputError(f"{missing[0]}: no such file; name audio files, or one run")
        folder, drawn = Path(out or "plots"), _of_files(files, kinds or _SOUND_KINDS)
    else:
        run = _open(names, runs_dir)
        folder = _own_folder(run) if out is None else Path(out)
        drawn = _of_run(run, kinds, step, labels, backend)
    from kwavegan.reporting import figures

    for name, figure in drawn:
        path = folder / f"{name}.{form}"
        figures.save(figure, path)
        say(path)


def _refuse_run_options(kinds: Sequence[str], step: int | None, labels: Sequence[str]) -> None:
    """Refuse options that only runs have.

    Raises:
        InputError: one of them was given.
    """
    given = {
        setting("kind", "losses"): "losses" in kinds,
        setting("step"): step is not None,
        setting("label"): bool(labels),
    }
    for option, is_given in given.items():
        if is_given:
            raise InputError(f"{option}: is for runs; leave it out for files")


# -- Files ----------------------------------------------------------------------------------------


def _of_files(paths: Sequence[str], kinds: Iterable[str]) -> "NamedFigures":
    from kwavegan.audio import problems, resampling, soundfiles

    sounds = []
    for path in paths:
        try:
            sounds.append(soundfiles.read_audio(path))
        except problems.AudioError as error:
            advice = "" if ";" in error.reason else "; leave it out"
            raise InputError(f"{path}: {error.reason}{advice}") from error
    rate = max(rate for _, rate in sounds)
    if any(own != rate for _, own in sounds):
        warn(f"the files have different sample rates: all are drawn at the highest, {rate} Hz")
    names = [Path(path).name for path in paths]
    if len(set(names)) < len(names):
        names = list(paths)
    resampled = [resampling.resample(sound, own, rate) for sound, own in sounds]
    yield from _sounds({"": list(zip(names, resampled, strict=True))}, rate, kinds)


# -- Runs -----------------------------------------------------------------------------------------


def _open(names: tuple[str, ...], runs_dir: str | None) -> "Run":
    from kwavegan.runs.naming import runs_folder
    from kwavegan.runs.run import Run

    if len(names) > 1:
        raise InputError(f"{names[0]}: no such file; name audio files, or one run")
    folders = [place / name for name in names for place in (runs_folder(runs_dir), Path())]
    if names and not any(folder.is_dir() for folder in folders):
        raise InputError(
            f"{names[0]}: neither a file nor a run in {runs_folder(runs_dir)}; "
            "`kwavegan runs` lists the runs"
        )
    return Run.open(names[0] if names else None, runs_dir)


def _of_run(
    run: "Run",
    kinds: Sequence[str],
    step: int | None,
    labels: Sequence[str],
    backend: str | None,
) -> "NamedFigures":
    wanted = kinds or _KINDS
    if sound_kinds := [kind for kind in wanted if kind in _SOUND_KINDS]:
        try:
            columns = _columns(run, step, labels, backend)
        except InputError as error:
            if kinds or step is not None or labels or not _rows(run):
                raise
            warn(f"no sounds to draw: {error.for_command_line()}")
        else:
            suffix = "" if step is None else f"-step-{step:08}"
            for name, figure in _sounds(columns, run.config().rate, sound_kinds):
                yield name + suffix, figure
    if "losses" in wanted:
        yield from _losses(run, required="losses" in kinds)


def _own_folder(run: "Run") -> Path:
    """Return the folder of a run's figures."""
    from kwavegan.runs.links import refuse_links_out

    refuse_links_out(run.path)
    return run.path / "plots"


def _rows(run: "Run") -> list[dict[str, float]]:
    from kwavegan.storage.csv_log import read_metrics

    return read_metrics(run.path / "metrics.csv")


def _losses(run: "Run", required: bool) -> "NamedFigures":
    from kwavegan.reporting import figures

    rows = _rows(run)
    if rows:
        yield "losses", figures.losses(rows)
    elif required:
        raise InputError(f"{run.path}: no losses yet; they are logged as training goes on")


def _columns(
    run: "Run", step: int | None, labels: Sequence[str], backend: str | None
) -> "dict[str, NamedSounds]":
    """Return real and generated sounds of a preview or, without previews, of a checkpoint."""
    from kwavegan.monitoring.previews import PreviewStore

    _check_labels(run, labels)
    previews = PreviewStore(run)
    if steps := previews.steps():
        shown = steps[-1] if step is None else step
        real, generated, title = previews.real(), previews.at(shown), f"step {shown}"
    else:
        real, generated, title = _clips_of_checkpoint(run, step, backend)
    chosen = [clip for clip in generated if not labels or clip.label in labels]
    if not chosen:
        raise InputError(
            f"{previews.path}: no sounds of {title}; choose another {setting('step')} or "
            f"{setting('label')}"
        )
    real_audio = {clip.name: clip.audio for clip in real}
    # A row is a pair of sounds: generated sounds without a real one come last.
    chosen.sort(key=lambda clip: clip.name not in real_audio)
    columns = {
        "real": [(c.name, real_audio[c.name]) for c in chosen if c.name in real_audio],
        f"generated, {title}": [(c.name, c.audio) for c in chosen],
    }
    return {heading: sounds for heading, sounds in columns.items() if sounds}


def _check_labels(run: "Run", labels: Sequence[str]) -> None:
    from kwavegan.monitoring.previews import names

    known = list(dict.fromkeys(label for _, label, _ in names(run.config()) if label))
    for label in labels:
        if not known:
            raise InputError(f"{setting('label')}: {run.name} has no labels; leave it out")
        if label not in known:
            raise InputError(
                f"{setting('label')}: {label!r} is not in the previews of {run.name}; "
                f"choose from {', '.join(known)}"
            )


def _clips_of_checkpoint(
    run: "Run", step: int | None, backend: str | None
) -> "tuple[tuple[Clip, ...], tuple[Clip, ...], str]":
    """Return training sounds, sounds of a checkpoint, and the checkpoint in words."""
    if not run.checkpoint_steps():  # refused before any data is loaded
        raise InputError(f"{run.path}: no preview and no checkpoint yet; let it train further")
    if backend is not None:
        from kwavegan.backend.selection import select_backend

        select_backend(backend)
    from kwavegan.data.load import load_trained_data
    from kwavegan.generation.generator import load_generator
    from kwavegan.monitoring.previews import generate_clips, real_clips

    config = run.config()
    moved = shell_command("train", "SOUNDS", resume=run.name, runs_dir=run.runs_dir)
    real = real_clips(config, load_trained_data(config, None, moved))
    generator = load_generator(run.path, step, in_keras=backend is not None)
    for problem in generator.problems:
        warn(problem)
    return real, generate_clips(generator.player, config, seed=0), generator.which


# -- Both -----------------------------------------------------------------------------------------


def _sounds(columns: "dict[str, NamedSounds]", rate: int, kinds: Iterable[str]) -> "NamedFigures":
    """Yield figures of at most `_ROWS` rows: `waves`, or `waves-1`, `waves-2`, …"""
    from kwavegan.reporting import figures

    rows = max(map(len, columns.values()))
    for kind in kinds:
        for start in range(0, rows, _ROWS):
            part = {title: sounds[start : start + _ROWS] for title, sounds in columns.items()}
            name = kind if rows <= _ROWS else f"{kind}-{start // _ROWS + 1}"
            yield name, getattr(figures, kind)(part, rate)
