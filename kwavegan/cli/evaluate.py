"""`kwavegan evaluate`: how far the sounds of a run are from real ones."""

import json
from typing import TYPE_CHECKING

import click

from kwavegan.cli.options import player_option, runs_dir_option, seed_option
from kwavegan.cli.output import say, say_all, warn

if TYPE_CHECKING:
    from kwavegan.evaluation.results import Evaluation


@click.command()
@click.argument("run", required=False)
@click.option(
    "--checkpoint",
    type=int,
    metavar="STEP",
    help="Step of the checkpoint.  [default: the best, or the last]",
)
@click.option(
    "--n", "-n", "count", type=click.IntRange(2), default=1_000, show_default=True,
    help="Number of sounds to generate.",
)  # fmt: skip
@seed_option("the latents")
@click.option(
    "--judge",
    "evaluators",
    multiple=True,
    metavar="NAME",
    help="Ask an external evaluator too: speech-embedding, dnsmos or pocketsphinx, from the extra "
    "kwavegan[judges]. May be given several times.",
)
@click.option(
    "--data",
    type=click.Path(),
    help="The data that the run was trained on, if it has moved.  [default: as in the run]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON that is kept in the run.")
@player_option
@runs_dir_option
def command(
    run: str | None,
    checkpoint: int | None,
    count: int,
    seed: int,
    evaluators: tuple[str, ...],
    data: str | None,
    as_json: bool,
    backend: str | None,
    runs_dir: str | None,
) -> None:
    """Measure RUN, the latest if none is named, against the test sounds of its own data.

    A classifier, trained once on the real training sounds, predicts labels and gives the space of
    the distances; every number stands beside that of real sounds. The result is kept in the run:
    see `kwavegan compare`.
    """
    if backend is not None:
        from kwavegan.backend.selection import select_backend

        select_backend(backend)
    from kwavegan.evaluation.in_one_call import evaluate
    from kwavegan.evaluation.results import save_evaluation
    from kwavegan.generation.generator import load_generator

    generator = load_generator(run, checkpoint, runs_dir, in_keras=backend is not None)
    evaluation = evaluate(generator, count, seed=seed, evaluators=evaluators, data=data, note=warn)
    path = save_evaluation(generator.run, evaluation)
    if as_json:
        click.echo(json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=2))
    else:
        say_all(_summary(evaluation, generator.which))
        say(path)


def _summary(evaluation: "Evaluation", which: str) -> str:
    from kwavegan.reporting import tables

    sounds, classifier = evaluation.sounds, evaluation.classifier
    right = f"; classifier right on {classifier['accuracy']:.1%} of them" if classifier else ""
    return (
        f"{evaluation.run}, {which}: {sounds['generated']} generated sounds against "
        f"{sounds['test']} test sounds{right}\n\n{tables.evaluation_table(evaluation)}\n\n"
        f"± is 95 %; real: test sounds, or for distances {sounds['compared']} training sounds "
        "against them"
    )
