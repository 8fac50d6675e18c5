"""`kwavegan info`: versions, backends, devices and folders."""

import json

import click

from kwavegan.backend.selection import devices, installed_backends, select_backend, versions
from kwavegan.cli.options import backend_option
from kwavegan.errors import InputError


@click.command()
@backend_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(backend: str | None, as_json: bool) -> None:
    """Print versions, backends and devices.

    Put this beside a bug report.
    """
    from kwavegan.runs.naming import runs_folder
    from kwavegan.storage.cache import cache_folder

    try:
        chosen = select_backend(backend)
        computing = {"backend": chosen, "devices": devices(chosen)}
    except InputError as error:
        if backend is not None:
            raise
        # The command that says what is there must say so even where nothing can train.
        computing = {"backend": f"none: {error}", "devices": []}
    facts = {
        "versions": versions(),
        "installed backends": list(installed_backends()),
        **computing,
        "runs folder": str(runs_folder().absolute()),
        "cache folder": str(cache_folder()),
    }
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    lines = {**facts.pop("versions"), **facts}
    for name, value in lines.items():
        text = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:20}{text or 'none'}")
