"""`kwavegan train`: a folder of audio → a run."""

import sys
import time
from collections.abc import Sequence
from typing import Any

import click

from kwavegan.cli.options import (
    PRESETS_EPILOG,
    backend_option,
    click_options,
    config_option,
    preparing,
    preset_option,
    runs_dir_option,
    warn,
)
from kwavegan.config.settings import Config, option_name, resolve
from kwavegan.errors import InputError

LATEST = "\0latest"
"""Stands for `--resume` without a name."""


@click.command(epilog=PRESETS_EPILOG)
@click.argument("data", required=False, type=click.Path())
@click.option("--name", help="Name of the run.  [default: time and model]")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=LATEST,
    metavar="[RUN]",
    help="Go on with a run, the latest if none is named; of the settings, only --steps may change.",
)
@click.option(
    "--report",
    is_flag=True,
    help="Keep a page about the run, report.html in its folder, up to date at every preview.",
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
    preset: str | None,
    toml_path: str | None,
    backend: str | None,
    runs_dir: str | None,
    **options: Any,
) -> None:
    """Train on DATA: a folder with a folder of audio for each label, or what `prepare` made of it.

    Without DATA it trains on the built-in drums: kick, snare and hat. Ctrl-C saves and stops;
    `kwavegan train --resume` goes on.
    """
    from kwavegan.backend.selection import select_backend

    if report:
        from kwavegan.reporting.page import require

        require()
    backend = select_backend(backend)
    if resume is not None:
        fixed = {option_name(key): value for key, value in options.items() if key != "steps"}
        fixed |= {"DATA": data, "--name": name, "--preset": preset, "--config": toml_path}
        for option, value in fixed.items():
            if value is not None:
                raise InputError(
                    f"{option}: cannot change on --resume; a run goes on with its own settings, "
                    "so leave it out or train a new run"
                )
        _resume(None if resume == LATEST else resume, options["steps"], runs_dir, backend, report)
    else:
        from kwavegan.runs.pretrained import adopt

        config = adopt(resolve(preset, toml_path, options), options, runs_dir)
        _train(config, data, name, runs_dir, backend, report)


def _train(
    config: Config,
    data: str | None,
    name: str | None,
    runs_dir: str | None,
    backend: str,
    report: bool,
) -> None:
    from pathlib import Path

    from kwavegan.data.load import load

    data = data if data is not None else config.data
    dataset = load(data, config, preparing)

    from kwavegan.training.session import Watch, settle, train

    config = settle(config, dataset, str(Path(data).resolve()) if data else "")

    def started(run: Any) -> None:
        labels = f", labels {', '.join(config.labels)}" if config.labels else ""
        click.echo(
            f"{run.name}: {config.model} on {backend}, {len(dataset.train)} sounds of "
            f"{config.length} samples at {config.rate} Hz{labels}"
        )
        live.of(run)

    live = _Live(config.steps, config.model != "wgan", report)
    watch = Watch(started, live.row, live.validated, live.previewed, warn)
    live.finish(train(config, dataset, name, runs_dir, watch))


def _resume(
    given: str | None, steps: int | None, runs_dir: str | None, backend: str, report: bool
) -> None:
    from kwavegan.data.load import load
    from kwavegan.runs.run import Run

    run = Run.open(given, runs_dir)
    config = run.config()
    dataset = load(config.data, config, preparing)

    from kwavegan.training.session import Watch, resume

    total = steps or config.steps
    click.echo(f"{run.name}: going on with {config.model} on {backend}")
    live = _Live(total, config.model != "wgan", report)
    live.of(run)
    watch = Watch(row=live.row, validated=live.validated, previewed=live.previewed, note=warn)
    live.finish(resume(run, dataset, steps, watch))


class _Live:
    """What a training says of itself while it runs: a live line, news above it, and a page.

    The line is rewritten in place on a terminal, and printed now and then elsewhere.
    """

    def __init__(self, total: int, labelled: bool, report: bool) -> None:
        self.total, self.labelled, self.report = total, labelled, report
        self.live = sys.stdout.isatty()
        self.clear = "\r\033[K" if self.live else ""
        self.printed = 0.0

    def of(self, run: Any) -> None:
        """Begin to speak of a run."""
        self.run, self.health, self.paged = run, None, False

    def row(self, row: dict[str, float]) -> None:
        """Rewrite the line."""
        rate, step = row["steps_per_second"], int(row["step"])
        left = int((self.total - step) / rate)
        text = (
            f"step {step}/{self.total}  {rate:.2f} steps/s  {left // 60}:{left % 60:02} left  "
            f"d_loss {row['d_loss']:.4g}  g_loss {row['g_loss']:.4g}"
        )
        if self.live:
            click.echo(f"{self.clear}{text}", nl=step == self.total)
        elif time.monotonic() - self.printed > 10 or step == self.total:
            click.echo(text)
            self.printed = time.monotonic()
        if self.report and not self.paged:
            click.echo(f"{self.clear}report: {self._page(refresh=True)}")

    def validated(self, found: Any) -> None:
        """Print one line for an evaluation."""
        accuracy = f", label accuracy {found.label_accuracy:.3f}" if self.labelled else ""
        best = ", the best so far" if found.best else ""
        click.echo(
            f"{self.clear}step {found.step}: Fréchet distance {found.frechet_distance:.4g} (real "
            f"{found.floor:.4g}){accuracy}{best}"
        )

    def previewed(self, preview: Any) -> None:
        """Print what is wrong where it is not what it was, and bring the page up to date."""
        names = tuple(finding.name for finding in preview.findings)
        if names != self.health:
            self.health = names
            for line in _health(preview.findings):
                click.echo(f"{self.clear}step {preview.step}: {line}")
        if self.report:
            self._page(refresh=True)

    def _page(self, refresh: bool) -> Any:
        from kwavegan.reporting.page import write_report

        self.paged = True
        return write_report(self.run, refresh=refresh)

    def finish(self, outcome: Any) -> None:
        """Say how it ended, and what to do next."""
        if self.report:
            self._page(refresh=False)
        _finish(outcome, self.total)


def _health(findings: Sequence[Any]) -> list[str]:
    if not findings:
        return ["healthy"]
    return [f"{one.title}: {one.evidence} Try: {'; or '.join(one.tries)}" for one in findings]


def _finish(outcome: Any, total: int) -> None:
    run = outcome.run
    if outcome.state == "finished":
        click.echo(f"finished: {run.path}\nnext: kwavegan generate {run.name}")
    elif outcome.state == "stalled":
        click.echo(
            f"\nstalled at step {outcome.step} of {total}: {outcome.message}: {run.path}\n"
            f"next: kwavegan generate {run.name}"
        )
    elif outcome.state == "stopped":
        click.echo(
            f"\nstopped and saved at step {outcome.step} of {total}; "
            f"go on with: kwavegan train --resume {run.name}"
        )
    else:
        kept = f"the checkpoint of step {outcome.step} is kept" if outcome.step else "none is kept"
        click.echo(
            f"\nkwavegan: {run.path}: diverged: {outcome.message}; {kept}; try a lower --lr, "
            "another --seed (--retry 3 does it by itself), or --loss relativistic",
            err=True,
        )
        raise click.exceptions.Exit(1)
