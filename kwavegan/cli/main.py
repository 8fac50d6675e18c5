"""The command line: one lazy group, so that `kwavegan --help` imports nothing heavy."""

import importlib
import sys
from typing import Any

import click

from kwavegan import __version__
from kwavegan.backend.environment import own_the_process
from kwavegan.backend.guard import end_with, leaving_at_once
from kwavegan.cli.output import any_encoding, say
from kwavegan.errors import InputError
from kwavegan.storage.failures import explain

COMMANDS = {
    "prepare": "Turn a folder of audio into arrays to train on.",
    "train": "Train a model on a folder of audio, or on the built-in drums.",
    "search": "Try many settings on your data, and keep the best.",
    "generate": "Write new sounds from a trained run.",
    "directions": "Print what makes a run's sounds brighter, longer, noisier.",
    "find": "Find a run's sound that is nearest to a recording, and vary it.",
    "morph": "Write the way between two recordings, in a run's sounds.",
    "export": "Write a generator for ONNX, Keras, TensorFlow or PyTorch.",
    "instrument": "Write a page that plays a trained generator: pads, map, pattern.",
    "report": "Write one page about a run: its health, curves and sounds.",
    "plot": "Draw waves, spectrograms and losses.",
    "evaluate": "Measure how far a run's sounds are from real ones.",
    "compare": "Set evaluated runs side by side.",
    "presets": "List pretrained models, and presets of settings.",
    "runs": "List the runs, newest first.",
    "info": "Print versions, backends and devices.",
}
"""Command → one line of help. The command lives in `kwavegan.cli.<name>`, as `command`."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command is used, and prints bad input as a line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"kwavegan.cli.{name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        any_encoding()
        own_the_process()
        with leaving_at_once():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            return _refuse(ctx, error)
        except Exception as error:
            if (line := explain(error)) is None:
                raise  # a bug: its traceback is what a report needs
            return _refuse(ctx, InputError(line))


def _refuse(ctx: click.Context, error: InputError) -> None:
    def spell(option: str, value: str) -> str:
        own = _has_option(ctx, ctx.invoked_subcommand, option)
        owner = None if own else next((c for c in COMMANDS if _has_option(ctx, c, option)), None)
        return f"{option} {value}".rstrip() + (f" of kwavegan {owner}" if owner else "")

    line = error.for_command_line(spell)
    end_with(line)
    say(f"kwavegan: {line}", err=True)
    ctx.exit(2)


def _has_option(ctx: click.Context, name: str | None, option: str) -> bool:
    group = ctx.command
    command = group.get_command(ctx, name) if name and isinstance(group, click.Group) else None
    return command is not None and any(option in each.opts for each in command.params)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kwavegan")
def main() -> None:
    """Train a sound generator on your own folder of audio; get sounds of the class you ask for.

    Three commands: prepare, train, generate. The backend is jax, torch or tensorflow: set
    KERAS_BACKEND, or give --backend.
    """


if __name__ == "__main__":
    sys.exit(main())
