"""Options that a run brings along: one for each attribute of its labels, `--instrument kick`."""

import difflib
from collections.abc import Iterator, MutableMapping
from itertools import islice
from typing import TYPE_CHECKING

import click

from kwavegan.config.attributes import spelled_alike
from kwavegan.errors import InputError, option_name, setting

if TYPE_CHECKING:
    from kwavegan.generation.generator import SoundGenerator


class AttributeCommand(click.Command):
    """A command that takes options which it does not know, `--name value`, into `ctx.obj`.

    Only the run that it opens says which are right: see `labels_asked_for`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set unknown options aside; the rest is parsed as ever."""
        given: dict[str, str] = {}
        ctx.obj = given
        return super().parse_args(ctx, list(self._known(ctx, iter(args), given)))

    def _known(
        self, ctx: click.Context, words: Iterator[str], given: dict[str, str]
    ) -> Iterator[str]:
        own = {
            name: option
            for option in self.get_params(ctx)
            if isinstance(option, click.Option)
            for name in (*option.opts, *option.secondary_opts)
        }
        for word in words:
            name, equals, value = word.partition("=")
            option = own.get(name)
            if word == "--":
                yield from (word, *words)
            elif option is not None:
                yield word
                if not equals and not option.is_flag:
                    yield from islice(words, option.nargs)
            elif word.startswith("--"):
                found = value if equals else next(words, "--")
                if found.startswith("--"):
                    raise _no_such_option(ctx, name)
                if name in given:
                    raise InputError(f"{name}: is given twice; leave one out")
                given[name] = found
            else:
                yield word


def labels_asked_for(
    ctx: click.Context,
    generator: "SoundGenerator",
    label: str | None,
    directions: MutableMapping[str, str | None],
) -> tuple[str, ...] | None:
    """Return the labels that a user named, by `--label` or by attributes; None for none.

    Args:
        ctx: of an `AttributeCommand`.
        generator: of the run.
        label: what `--label` says; None and "all" name none.
        directions: values of the options of directions. Those of attributes of the run that have
            the name of a direction are taken out: `--pitch low`.

    Raises:
        InputError: the run has no such attribute or value, or the label is named twice.
        NoSuchOption: the run has no attributes at all.
    """
    given: dict[str, str] = dict(ctx.obj)
    found = generator.attributes
    own = {spelled_alike(name): name for name in found.names}
    if label is not None and "--label" in own and label not in generator.combinations:
        given["--label"], label = label, None  # one of the attributes is called so
    for option in own.keys() & {option_name(name) for name in directions}:
        value = directions.pop(option.removeprefix("--"))
        if value is not None:
            given[option] = value
    if not given:
        return None if label in (None, "all") else (label,)
    if not own:
        raise _no_such_option(ctx, next(iter(given)))
    for option in given:
        if option.casefold() not in own:
            raise InputError(
                f"{option}: no such option, and no attribute of {generator.run.name}; its"
                f" attributes: {', '.join(own)}"
            )
    if label is not None:
        raise InputError(
            f"{setting('label')}: says what {next(iter(given))} says, too; leave one out"
        )
    asked = {own[option.casefold()]: value for option, value in given.items()}
    return found.matching(asked, generator.run.name)


def never_heard(generator: "SoundGenerator", labels: tuple[str, ...]) -> str:
    """Return which of the labels no sound of the training had, in a line; "" for none."""
    found = generator.attributes
    new = [label for label in labels if label in found.labels[found.heard :]]
    if not new:
        return ""
    return (
        f"{', '.join(new)}: never heard in training; made of what it learned of"
        f" {' and '.join(found.names)} apart"
    )


def _no_such_option(ctx: click.Context, name: str) -> click.NoSuchOption:
    known = [option for each in ctx.command.get_params(ctx) for option in each.opts]
    return click.NoSuchOption(name, possibilities=difflib.get_close_matches(name, known), ctx=ctx)
