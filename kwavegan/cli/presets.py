"""`kwavegan presets`: the trained models that come with the package, and the named settings."""

import json
from typing import TYPE_CHECKING, Any

import click

from kwavegan.config.presets import PRESETS

if TYPE_CHECKING:
    from kwavegan.runs.pretrained import Trained

_COLUMNS = ("name", "labels", "sounds", "label accuracy", "Fréchet / floor", "diversity", "size")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List trained presets with their figures, and presets of settings.

    A trained preset is for `generate --preset` and `train --from`; one of settings for `train
    --preset`. Figures are those of `evaluate`: real sounds have 1, 1 and 1.
    """
    from kwavegan.reporting.tables import columns
    from kwavegan.runs.pretrained import trained

    found = trained()
    if as_json:
        settings = {name: preset.help for name, preset in PRESETS.items()}
        listed = {"trained": list(map(_facts, found)), "settings": settings}
        click.echo(json.dumps(listed, indent=2))
        return
    click.echo("Trained, for `generate --preset` and `train --from`:\n")
    click.echo(columns([_COLUMNS, *(_row(_facts(preset)) for preset in found)]))
    click.echo("\nSettings, for `train --preset`:\n")
    click.echo(columns([(name, preset.help) for name, preset in PRESETS.items()]))


def _facts(preset: "Trained") -> dict[str, Any]:
    config, overall = preset.config, preset.evaluation.overall
    status = preset.run.status()
    return {
        "name": preset.name,
        "labels": list(config.labels),
        "rate": config.rate,
        "length": config.length,
        "bytes": preset.size,
        "steps": preset.evaluation.step,
        "seconds": status.seconds,
        "backend": status.backend,
        **{name: row.value for name, row in overall.items()},
        "frechet_floor": overall["frechet_distance"].real,
    }


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    return (
        facts["name"],
        ", ".join(facts["labels"]),
        f"{facts['length'] / facts['rate']:.2g} s at {facts['rate']} Hz",
        f"{facts['label_accuracy']:.3f}",
        f"{facts['frechet_distance'] / facts['frechet_floor']:.1f}",
        f"{facts['diversity']:.2f}",
        f"{facts['bytes'] / 1e6:.1f} MB",
    )
