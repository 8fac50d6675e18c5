"""`kwavegan train`: a folder of audio → a run."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kwavegan.backend.guard import stand_guard
from kwavegan.backend.launch import find_launch
from kwavegan.backend.replicas import device_count, open_engine
from kwavegan.backend.selection import select_backend
from kwavegan.cli.options import (
    PRESETS_EPILOG,
    backend_option,
    click_options,
    config_option,
    preparing,
    preset_option,
    runs_dir_option,
)
from kwavegan.cli.output import say, say_while_heard, silence, warn
from kwavegan.cli.progress import LiveLine, TimeLeft, clock
from kwavegan.config.resolution import resolve
from kwavegan.config.settings import Config
from kwavegan.config.sound_set import remarks_on
from kwavegan.errors import (
    InputError,
    for_command_line,
    option_name,
    printable,
    shell_command,
)
from kwavegan.monitoring.listener import Listener

if TYPE_CHECKING:
    from kwavegan.evaluation.validation import ValidationResult
    from kwavegan.monitoring.health import Finding
    from kwavegan.monitoring.previews import Preview
    from kwavegan.runs.run import Run
    from kwavegan.training.session import Outcome

LATEST = "\0latest"
"""Stands for `--resume` without a name."""

_INTERVAL = 10.0  # seconds between two lines on the progress, where they are not rewritten


@click.command(epilog=PRESETS_EPILOG)
@click.argument("data", required=False, type=click.Path())
@click.option("--name", help="Name of the run.  [default: time and model]")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=LATEST,
    metavar="[RUN]",
    help="Continue a run, the latest unless you name one; of its settings only --steps may change.",
)
@click.option(
    "--report",
    is_flag=True,
    help="Write report.html, a page about the run, into its folder at every preview.",
)
@click.option(
    "--devices",
    default="1",
    show_default=True,
    metavar="all|N",
    help="Devices that share each batch, of this host or of all processes started together.",
)
@preset_option
@config_option
@click_options()
@backend_option
@runs_dir_option
def command(
    data: str | None,
    name: str | None,
    resume: str | None,
    report: bool,
    devices: str,
    preset: str | None,
    toml_path: str | None,
    backend: str | None,
    runs_dir: str | None,
    **options: Any,
) -> None:
    """Train a model on DATA, a folder that holds a folder of audio for each label.

    DATA may be the address of one, too, such as s3://bucket/folder.

    A folder that `kwavegan prepare` made will do too. Without DATA the model learns the six
    built-in drums. Ctrl-C saves the run and stops; `kwavegan train --resume` continues, with DATA
    where that has moved.
    """
    if report:
        from kwavegan.reporting.page import require

        require()
    device_count(devices)
    backend = select_backend(backend)
    launch = find_launch(backend, devices)
    if launch is not None and backend == "jax":
        stand_guard()
    if launch is not None and launch.place:
        silence(sys.stdout)
    if resume is not None:
        fixed = {option_name(key): value for key, value in options.items() if key != "steps"}
        fixed |= {"--name": name, "--preset": preset, "--config": toml_path}
        for option, value in fixed.items():
            if value is not None:
                raise InputError(
                    f"{option}: cannot change on --resume; a run continues with its own settings, "
                    "so leave it out or train a new run"
                )
        run = None if resume == LATEST else resume
        _resume(run, data, options["steps"], runs_dir, backend, report, devices)
    else:
        from kwavegan.runs.pretrained import inherit_settings

        config = inherit_settings(resolve(preset, toml_path, options), options, runs_dir)
        _train(config, data, name, runs_dir, backend, report, devices)


def _train(
    config: Config,
    data: str | None,
    name: str | None,
    runs_dir: str | None,
    backend: str,
    report: bool,
    devices: str,
) -> None:
    from kwavegan.data.load import load_dataset, stored_source

    data = data if data is not None else config.data
    chosen: list[str] = []
    dataset = load_dataset(data, config, preparing, chosen.append)
    with open_engine(devices) as engine:
        from kwavegan.training.session import run_training

        asked = config
        config = config.for_dataset(dataset, stored_source(data) if data else "")
        for line in filter(None, [*chosen, *remarks_on(asked, config, dataset)]):
            say(for_command_line(line))
        labels = f", labels {', '.join(config.labels)}" if config.labels else ""
        headline = (
            f"{config.model} on {backend}, {len(dataset.train)} sounds of "
            f"{config.length} samples at {config.rate} Hz{labels}"
        )
        progress = _Progress(headline, config, report)
        outcome = run_training(config, dataset, name, runs_dir, [progress], engine=engine)
    if engine.leads:
        progress.finish(outcome)


def _resume(
    given: str | None,
    data: str | None,
    steps: int | None,
    runs_dir: str | None,
    backend: str,
    report: bool,
    devices: str,
) -> None:
    from kwavegan.data.load import load_trained_data, stored_source
    from kwavegan.runs.run import Run

    run = Run.open(given, runs_dir)
    config = run.config()
    moved = shell_command("train", "SOUNDS", resume=run.name, runs_dir=run.runs_dir)
    dataset = load_trained_data(config, data, moved, preparing)
    headline = f"continues with {config.model} on {backend}"
    config = replace(config, steps=steps or config.steps)
    progress = _Progress(headline, config, report)
    source = None if data is None else stored_source(data)
    with open_engine(devices) as engine:
        from kwavegan.training.session import resume

        outcome = resume(run, dataset, steps, [progress], source=source, engine=engine)
    if engine.leads:
        progress.finish(outcome)


class _Progress(Listener):
    """Shows a training: a live line with its losses, news above it, and a page about the run.

    Args:
        headline: what is printed of a run when its training begins.
        config: the run's settings.
        report: whether to keep the page.
    """

    def __init__(self, headline: str, config: Config, report: bool) -> None:
        self.headline, self.config, self.report = headline, config, report
        self.total, self.labelled = config.steps, config.model != "wgan"
        self.line = LiveLine(_INTERVAL)

    def started(self, run: "Run") -> None:
        self.run, self.page_written = run, False
        self.problems: tuple[str, ...] | None = None
        config = self.config
        self.time_left = TimeLeft(
            self.total, {"evaluation": config.evaluate_every, "preview": config.preview_every}
        )
        self.line.news(f"{run.name}: {self.headline}")

    def row(self, row: Mapping[str, float]) -> None:
        step = int(row["step"])
        speed = f"{row['steps_per_second']:.2f} steps/s  " if "steps_per_second" in row else ""
        seconds = self.time_left.after(row)
        left = "" if seconds is None else f"{clock(seconds)} left  "
        losses = f"d_loss {row['d_loss']:.4g}  g_loss {row['g_loss']:.4g}"
        last = step == self.total
        self.line.rewrite(f"step {step}/{self.total}  {speed}{left}{losses}", last)
        if self.report and not self.page_written:
            self.line.news(f"report: {self._write_page(refresh=True)}")

    def paused(self, kind: str, seconds: float) -> None:
        self.time_left.paused(kind, seconds)

    def first_sounds(self, step: int, folder: Path) -> None:
        self.line.news(f"step {step}: the first sounds to hear: {folder}")
        if self.report:
            self._write_page(refresh=True)

    def validated(self, result: "ValidationResult") -> None:
        accuracy = f", label accuracy {result.label_accuracy:.3f}" if self.labelled else ""
        best = ", the best so far" if result.best else ""
        self.line.news(
            f"step {result.step}: Fréchet distance {result.frechet_distance:.4g} (real "
            f"{result.floor:.4g}), texture distance {result.texture_distance:.4g} (real "
            f"{result.texture_floor:.4g}){accuracy}{best}"
        )

    def previewed(self, preview: "Preview") -> None:
        problems = tuple(finding.name for finding in preview.findings)
        if problems != self.problems:
            self.problems = problems
            for text in _health(preview.findings):
                self.line.news(f"step {preview.step}: {text}")
        if self.report:
            self._write_page(refresh=True)

    def note(self, text: str) -> None:
        self.line.warning(text)

    def finish(self, outcome: "Outcome") -> None:
        """Print how the training ended and what to do next; write the page a last time."""
        if self.report:
            self._write_page(refresh=False)
        _finish(outcome, self.total)

    def _write_page(self, refresh: bool) -> Path:
        from kwavegan.reporting.page import write_report

        self.page_written = True
        return write_report(self.run, refresh=refresh)


def _health(findings: "Sequence[Finding]") -> list[str]:
    if not findings:
        return ["healthy"]
    return [f"{each.title}: {each.evidence} Try: {'; or '.join(each.tries)}" for each in findings]


def _finish(outcome: "Outcome", total: int) -> None:
    run, step = outcome.run, outcome.step
    generate = f"next: {shell_command('generate', run.name, runs_dir=run.runs_dir)}"
    if outcome.state == "finished":
        _say_last(f"finished: {run.path}", generate)
    elif outcome.state == "stalled":
        stalled = f"stalled at step {step} of {total}: {outcome.message}: {run.path}"
        _say_last("", stalled, generate)
    elif outcome.state == "stopped":
        again = shell_command("train", resume=run.name, runs_dir=run.runs_dir)
        _say_last("", f"stopped and saved at step {step} of {total}; continue with: {again}")
    else:
        kept = f"the checkpoint of step {step} is kept" if step else "none is kept"
        say("", err=True)
        warn(
            f"{run.path}: diverged: {outcome.message}; {kept}; try a lower --lr, "
            "another --seed (--retry 3 does it by itself), or --loss relativistic"
        )
        raise click.exceptions.Exit(1)


def _say_last(*lines: str) -> None:
    for line in lines:
        say_while_heard(printable(line))
