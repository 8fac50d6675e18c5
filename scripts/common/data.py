"""A prepared folder as the argument of a command."""

from typing import Any

import click

from kwavegan.data.dataset import Dataset, open_dataset
from kwavegan.errors import InputError


class _PreparedFolder(click.ParamType):
    name = "folder"

    def convert(self, value: Any, param: Any, ctx: Any) -> Dataset:
        if isinstance(value, Dataset):
            return value
        try:
            return open_dataset(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


dataset_argument = click.argument("dataset", metavar="DATA", type=_PreparedFolder())
"""Decorates a command: its argument DATA, a folder from `kwavegan prepare`, as a `Dataset`."""
