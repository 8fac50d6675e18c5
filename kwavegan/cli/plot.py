"""`kwavegan plot`: audio files or a run → figures."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kwavegan.cli.options import backend_option, runs_dir_option, warn
from kwavegan.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from kwavegan.monitoring.previews import Clip
    from kwavegan.runs.run import Run

    Sounds = Sequence[tuple[str, np.ndarray]]
    Named = Iterator[tuple[str, Figure]]

_SOUND_KINDS = ("waves", "spectrograms")

_KINDS = (*_SOUND_KINDS, "losses")

_ROWS = 12  # more than can be read in one figure; the others get figures of their own


@click.command()
@click.argument("what", nargs=-1, metavar="[FILE...|RUN]")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(_KINDS),
    multiple=True,
    help="May be given several times.  [default: all that fit]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("png", "svg")),
    default="png",
    show_default=True,
    help="Of the figures.",
)
@click.option(
    "--out", type=click.Path(), help="Folder for them.  [default: plots; of a run, its own plots/]"
)
@click.option(
    "--step", type=int, help="Which preview, or checkpoint, of a run.  [default: the last preview]"
)
@click.option(
    "--label", "labels", multiple=True, metavar="LABEL",
    help="Of a run, the sounds of this label alone; may be given several times.",
)  # fmt: skip
@backend_option
@runs_dir_option
def command(
    what: tuple[str, ...],
    kinds: tuple[str, ...],
    form: str,
    out: str | None,
    step: int | None,
    labels: tuple[str, ...],
    backend: str | None,
    runs_dir: str | None,
) -> None:
    """Draw audio FILEs, or the sounds and losses of RUN, the latest if nothing is named.

    Of FILEs come their waves and spectrograms, on one scale; where their rates differ, all are
    drawn at the highest. Of a RUN come real beside generated sounds, those of its previews, and
    the losses of its training. A run without previews makes sounds from its best checkpoint.

    What is both a file and the name of a run is taken for the file.
    """
    files = [name for name in what if Path(name).is_file()]
    if files:
        _refuse(kinds, step, labels)
        if strangers := [name for name in what if name not in files]:
            raise InputError(f"{strangers[0]}: no such file; name audio files, or one run")
        folder, figures = Path(out or "plots"), _of_files(files, kinds or _SOUND_KINDS)
    else:
        run = _open(what, runs_dir)
        folder = run.path / "plots" if out is None else Path(out)
        figures = _of_run(run, kinds, step, labels, backend)
    from kwavegan.reporting import figures as plots

    for name, figure in figures:
        path = folder / f"{name}.{form}"
        plots.save(figure, path)
        click.echo(path)


def _refuse(kinds: Sequence[str], step: int | None, labels: Sequence[str]) -> None:
    """Refuse what files do not have."""
    given = {"--kind losses": "losses" in kinds, "--step": step is not None, "--label": labels}
    for option, found in given.items():
        if found:
            raise InputError(f"{option}: is for runs; leave it out for files")


# -- Files ----------------------------------------------------------------------------------------


def _of_files(paths: Sequence[str], kinds: Iterable[str]) -> "Named":
    from kwavegan.audio import decoding, resampling, soundfiles

    sounds = []
    for path in paths:
        try:
            sounds.append(soundfiles.read(path))
        except decoding.AudioError as error:
            advice = "" if ";" in error.reason else "; leave it out"
            raise InputError(f"{path}: {error.reason}{advice}") from error
    rate = max(rate for _, rate in sounds)
    if any(own != rate for _, own in sounds):
        warn(f"the files have different sample rates: all are drawn at the highest, {rate} Hz")
    names = [Path(path).name for path in paths]
    names = names if len(set(names)) == len(names) else list(paths)
    resampled = [resampling.resample(sound, own, rate) for sound, own in sounds]
    yield from _sounds({"": list(zip(names, resampled, strict=True))}, rate, kinds)


# -- Runs -----------------------------------------------------------------------------------------


def _open(what: tuple[str, ...], runs_dir: str | None) -> "Run":
    from kwavegan.runs.naming import runs_folder
    from kwavegan.runs.run import Run

    if len(what) > 1:
        raise InputError(f"{what[0]}: no such file; name audio files, or one run")
    folders = [place / name for name in what for place in (runs_folder(runs_dir), Path())]
    if what and not any(folder.is_dir() for folder in folders):
        raise InputError(
            f"{what[0]}: neither a file nor a run in {runs_folder(runs_dir)}; "
            "`kwavegan runs` lists the runs"
        )
    return Run.open(what[0] if what else None, runs_dir)


def _of_run(
    run: "Run",
    kinds: Sequence[str],
    step: int | None,
    labels: Sequence[str],
    backend: str | None,
) -> "Named":
    wanted = kinds or _KINDS
    if drawn := [kind for kind in wanted if kind in _SOUND_KINDS]:
        try:
            columns = _columns(run, step, labels, backend)
        except InputError as error:
            if kinds or step is not None or labels or not _rows(run):
                raise
            warn(f"no sounds to draw: {error}")
        else:
            end = "" if step is None else f"-step-{step:08}"
            for name, figure in _sounds(columns, run.config().rate, drawn):
                yield name + end, figure
    if "losses" in wanted:
        yield from _losses(run, asked="losses" in kinds)


def _rows(run: "Run") -> list[dict[str, float]]:
    from kwavegan.storage.csv_log import read_metrics

    return read_metrics(run.path / "metrics.csv")


def _losses(run: "Run", asked: bool) -> "Named":
    from kwavegan.reporting import figures

    rows = _rows(run)
    if rows:
        yield "losses", figures.losses(rows)
    elif asked:
        raise InputError(f"{run.path}: no losses yet; they are logged as training goes on")


def _columns(
    run: "Run", step: int | None, labels: Sequence[str], backend: str | None
) -> "dict[str, Sounds]":
    """Real and generated sounds of a preview or, where there are none, of a checkpoint."""
    from kwavegan.monitoring.previews import Album

    _check_labels(run, labels)
    album = Album(run)
    if steps := album.steps():
        shown = steps[-1] if step is None else step
        real, generated, title = album.real(), album.at(shown), f"step {shown}"
    else:
        real, generated, title = _made(run, step, backend)
    chosen = [clip for clip in generated if not labels or clip.label in labels]
    if not chosen:
        raise InputError(f"{album.path}: no sounds of {title}; choose another --step or --label")
    pairs = {clip.name: clip for clip in real}
    # Rows are pairs: what has no real sound to stand beside comes last.
    chosen.sort(key=lambda clip: clip.name not in pairs)
    beside = [(c.name, pairs[c.name].audio) for c in chosen if c.name in pairs]
    columns = {"real": beside, f"generated, {title}": [(c.name, c.audio) for c in chosen]}
    return {heading: sounds for heading, sounds in columns.items() if sounds}


def _check_labels(run: "Run", labels: Sequence[str]) -> None:
    from kwavegan.monitoring.previews import names

    known = list(dict.fromkeys(label for _, label, _ in names(run.config()) if label))
    for label in labels:
        if not known:
            raise InputError(f"--label: {run.name} has no labels; leave the option out")
        if label not in known:
            raise InputError(
                f"--label: {label!r} is not heard in the previews of {run.name}; "
                f"choose from {', '.join(known)}"
            )


def _made(
    run: "Run", step: int | None, backend: str | None
) -> "tuple[Sequence[Clip], Sequence[Clip], str]":
    """Training sounds, sounds of a checkpoint, and which: for a run without previews."""
    from kwavegan.backend.selection import select_backend

    if not run.steps():  # said before any data is loaded
        raise InputError(f"{run.path}: no preview and no checkpoint yet; let it train further")
    select_backend(backend)
    import numpy as np

    from kwavegan.data.load import load
    from kwavegan.generation.generator import load_run
    from kwavegan.monitoring.previews import Clip, names, real_clips

    config = run.config()
    wanted = names(config)
    real = real_clips(config, load(config.data, config))
    generator = load_run(run.path, step)
    for problem in generator.problems:
        warn(problem)
    # As in previews, labels share their latents: kick-0 and snare-0 differ by the label alone.
    latents = generator.latents(len(wanted))[[int(name.rsplit("-", 1)[1]) for name, *_ in wanted]]
    made = generator.batches(latents, [index for *_, index in wanted])
    generated = [
        Clip(name, label, sound)
        for (name, label, _), sound in zip(wanted, np.concatenate(list(made)), strict=True)
    ]
    return real, generated, generator.which


# -- Both -----------------------------------------------------------------------------------------


def _sounds(columns: "dict[str, Sounds]", rate: int, kinds: Iterable[str]) -> "Named":
    """Figures of sounds, `_ROWS` rows in each: `waves`, or `waves-1` and `waves-2`."""
    from kwavegan.reporting import figures

    rows = max(map(len, columns.values()))
    for kind in kinds:
        for start in range(0, rows, _ROWS):
            page = {title: sounds[start : start + _ROWS] for title, sounds in columns.items()}
            name = kind if rows <= _ROWS else f"{kind}-{start // _ROWS + 1}"
            yield name, getattr(figures, kind)(page, rate)
