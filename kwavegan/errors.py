"""What the user can mend: one class of error, shown as one line and exit code 2."""

import re
from collections.abc import Callable, Iterable

_MARK = "\x1f"
_SPELLED = {"origin": "--from", "evaluators": "--judge", "validation": "--split", "test": "--split"}
"""Settings whose option is not spelled as the setting."""


def setting(name: str, value: object = None) -> str:
    """Name a setting, or a setting with a value, inside the message of an `InputError`.

    A Python caller reads `d_updates` or `model='wgan'`, a user of the command line `--d-updates` or
    `--model wgan`.
    """
    return f"{_MARK}{name}{_MARK}{'' if value is None else value}{_MARK}"


def option_name(name: str) -> str:
    """Return a setting as the command line spells it: `d_updates` → `--d-updates`."""
    return _SPELLED.get(name, "--" + name.replace("_", "-"))


def require_choice(spelled: str, value: object, choices: Iterable[str]) -> None:
    """Raise an `InputError` that starts with `spelled` unless `value` is one of `choices`."""
    choices = tuple(choices)
    if value not in choices:
        raise InputError(f"{spelled}: {value!r} is unknown; choose from {', '.join(choices)}")


def for_python(text: str) -> str:
    """Spell the settings in a text as Python arguments."""
    return _spelled(text, lambda name, value: f"{name}={value!r}" if value else name)


def for_command_line(text: str) -> str:
    """Spell the settings in a text as options of the command line."""
    return _spelled(text, lambda name, value: f"{option_name(name)} {value}".rstrip())


def _spelled(text: str, spell: Callable[[str, str], str]) -> str:
    parts = re.split(f"{_MARK}(.*?){_MARK}(.*?){_MARK}", text)
    for i in range(1, len(parts), 3):
        parts[i] = spell(parts[i], parts[i + 1])
        parts[i + 1] = ""
    return "".join(parts)


class InputError(ValueError):
    """Bad input: a file, a setting or a combination that the user can change.

    The message is one line that names the file or setting, says what is wrong and what to do. `str`
    spells settings as Python arguments; the command line prints `for_command_line()`, without a
    traceback, and exits with code 2.

    Example:
        >>> from kwavegan.errors import InputError, setting
        >>> error = InputError(f"{setting('d_updates')}: 0 is out of range; choose 1 to 1000")
        >>> str(error)
        'd_updates: 0 is out of range; choose 1 to 1000'
        >>> error.for_command_line()
        '--d-updates: 0 is out of range; choose 1 to 1000'
    """

    def __str__(self) -> str:
        return for_python(super().__str__())

    def for_command_line(self) -> str:
        """Return the message with settings spelled as options."""
        return for_command_line(super().__str__())
