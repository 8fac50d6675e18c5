"""`kwavegan presets`: the pretrained models of the package, and the presets of settings."""

import json
from typing import TYPE_CHECKING, Any

import click

from kwavegan.cli.output import say_all
from kwavegan.config.presets import PRESETS

if TYPE_CHECKING:
    from kwavegan.runs.pretrained import PretrainedModel

_COLUMNS = ("name", "labels", "sounds", "label accuracy", "Fréchet / floor", "diversity", "size")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """List pretrained models with their scores, and presets of settings.

    A pretrained model is for `generate --pretrained` and `train --from`; a preset of settings for
    `train --preset` and `search --preset`. The scores are those of `evaluate`: real sounds have 1,
    1 and 1.
    """
    from kwavegan.reporting.tables import text_table
    from kwavegan.runs.pretrained import pretrained_models

    models = [_facts(model) for model in pretrained_models()]
    if as_json:
        settings = {name: preset.help for name, preset in PRESETS.items()}
        click.echo(json.dumps({"pretrained": models, "settings": settings}, indent=2))
        return
    say_all("Pretrained models, for `generate --pretrained` and `train --from`:\n")
    say_all(text_table([_COLUMNS, *map(_row, models)]))
    say_all("\nPresets of settings, for `train --preset` and `search --preset`:\n")
    say_all(text_table([(name, preset.help) for name, preset in PRESETS.items()]))


def _facts(model: "PretrainedModel") -> dict[str, Any]:
    from kwavegan.evaluation.results import load_evaluation

    evaluation = load_evaluation(model.run)
    config, overall = model.config, evaluation.overall
    status = model.run.status()
    return {
        "name": model.name,
        "labels": list(config.labels),
        "rate": config.rate,
        "length": config.length,
        "bytes": model.size,
        "steps": evaluation.step,
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
