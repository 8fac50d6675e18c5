"""What each script begins with: its backend and its data."""

import click

from kwavegan.backend.selection import select_backend
from kwavegan.data.dataset import Dataset, open_dataset
from kwavegan.errors import InputError


def opened(data: str) -> Dataset:
    """Choose the backend, and return a prepared folder."""
    select_backend()
    try:
        return open_dataset(data)
    except InputError as error:
        raise click.ClickException(str(error)) from error
