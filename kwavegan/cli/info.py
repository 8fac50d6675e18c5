"""`kwavegan info`: versions, backends, devices and folders."""

import json

import click

from kwavegan.backend.selection import (
    devices,
    installed_backends,
    select_backend,
    start_backend,
    versions,
)
from kwavegan.cli.options import backend_option
from kwavegan.cli.output import say
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
        start_backend()
        name, device_names = chosen, devices(chosen)
    except InputError as error:
        if backend is not None:
            raise
        # A user needs these facts most where nothing can train.
        name, device_names = f"none: {error.for_command_line()}", []
    programs = versions()
    facts: dict[str, str | list[str]] = {
        "installed backends": list(installed_backends()),
        "backend": name,
        "devices": device_names,
        "runs folder": str(runs_folder().absolute()),
        "cache folder": str(cache_folder()),
    }
    if as_json:
        click.echo(json.dumps({"versions": programs, **facts}, indent=2))
        return
    for title, value in [*programs.items(), *facts.items()]:
        text = ", ".join(value) if isinstance(value, list) else value
        say(f"{title:20}{text or 'none'}")
