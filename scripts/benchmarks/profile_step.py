"""Say where the time of a training step goes.

    python -m scripts.benchmarks.profile_step --backend jax [--out FILE]

The same on every backend, because it takes no profiler: each layer's passes are timed alone and
added up as a step of WGAN-GP makes them; the step is timed whole, without its phase shuffles, and
with losses that cost nothing. What remains is activations, gates, reshaping, and what the layers
lose by working together.
"""

from pathlib import Path

import click

from kwavegan.backend.selection import BACKENDS, select_backend
from kwavegan.storage.files import write_json
from scripts.benchmarks import machine
from scripts.benchmarks.rows import Bench
from scripts.common.runner import DOCS


@click.command()
@click.option("--backend", type=click.Choice(BACKENDS), required=True)
@click.option("--repeat", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="Tiny sizes: only to see that everything runs.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON to write.")
def main(backend: str, repeat: int, quick: bool, out: Path | None) -> None:
    """Print, and keep, where the time of a step goes."""
    machine.choose_device("cpu")
    bench = Bench(select_backend(backend), "cpu", quick, repeat)
    from scripts.benchmarks.passes import profile  # imports Keras, on the backend just chosen

    header, parts = machine.header(bench), profile(bench)
    for name, seconds in parts.items():
        click.echo(f"{name:45}{1000 * seconds:9.1f} ms {seconds / parts['whole']:6.1%}")
    if out or not quick:
        path = out or DOCS / "performance" / f"profile-{backend}.json"
        write_json(path, {**header, "seconds": parts})


if __name__ == "__main__":
    main()
