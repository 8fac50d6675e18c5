"""`kwavegan evaluate`: a run → how far its sounds are from real ones."""

import click

from kwavegan.cli.options import backend_option, runs_dir_option, warn
from kwavegan.errors import InputError


@click.command()
@click.argument("run", required=False)
@click.option("--checkpoint", type=int, metavar="STEP", help="Which one.  [default: best or last]")
@click.option(
    "--n", "-n", "count", type=click.IntRange(2), default=1_000, show_default=True,
    help="Sounds to generate.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of latents."
)
@click.option(
    "--judge",
    "judges",
    multiple=True,
    metavar="NAME",
    help="Ask an outside judge too: speech-embedding, dnsmos or pocketsphinx, of the extra "
    "kwavegan[judges]; may be given several times.",
)
@click.option(
    "--data",
    type=click.Path(),
    help="What the run was trained on, if it has moved.  [default: where it was]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON that is kept in the run.")
@backend_option
@runs_dir_option
def command(
    run: str | None,
    checkpoint: int | None,
    count: int,
    seed: int,
    judges: tuple[str, ...],
    data: str | None,
    as_json: bool,
    backend: str | None,
    runs_dir: str | None,
) -> None:
    """Measure RUN, the latest if none is named, against the test sounds of its own data.

    A judge, trained once on the real training sounds, hears labels and distances; every number
    stands beside what real sounds get. The result is kept in the run: see `kwavegan compare`.
    """
    from kwavegan.backend.selection import select_backend

    select_backend(backend)
    from kwavegan.data.load import load
    from kwavegan.evaluation import external
    from kwavegan.generation.generator import load_run

    generator = load_run(run, checkpoint, runs_dir)
    config = generator.config
    external.check(judges, config.labels)
    for problem in generator.problems:
        warn(problem)
    dataset = load(config.data if data is None else data, config)

    from kwavegan.evaluation import evaluator, results
    from kwavegan.reporting import tables
    from kwavegan.training.session import settle

    try:
        settle(config, dataset)
    except InputError as error:
        raise InputError(
            f"{dataset.path}: not what {generator.run.name} was trained on: {error}"
        ) from error
    audience = evaluator.assemble(dataset, warn)
    found = evaluator.evaluate(generator, audience, count, seed, judges)
    path = results.save(generator.run, found)
    for line in found.warnings:
        warn(line)
    if as_json:
        click.echo(path.read_text(encoding="utf-8"), nl=False)
        return
    sounds = found.sounds
    judge = f"; judge right on {found.judge['accuracy']:.1%} of them" if found.judge else ""
    click.echo(
        f"{found.run}, {generator.which}: {sounds['generated']} generated sounds against "
        f"{sounds['test']} test sounds{judge}\n\n{tables.one(found)}\n\n"
        f"± is 95 %; real: test sounds, or for distances {sounds['compared']} training sounds "
        f"against them\n{path}"
    )
