"""What the user can mend: one class of error, shown as one line and exit code 2; words for it."""

import os
import re
import shlex
import subprocess
import unicodedata
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


def for_command_line(text: str, spell: Callable[[str, str], str] | None = None) -> str:
    """Spell the settings in a text as options of the command line.

    Args:
        text: with settings from `setting`.
        spell: from an option's name and value ("" for none) to how it is to be written; None for
            one after the other.
    """
    write = spell or _option_and_value
    return _spelled(text, lambda name, value: write(option_name(name), value))


def _option_and_value(option: str, value: str) -> str:
    return f"{option} {value}".rstrip()


_UNSAFE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories: control characters, bytes that are no text, new lines and paragraphs."""

_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Kinds of characters that change the direction of the text after them, by which a name can lie."""


def printable(text: str) -> str:
    r"""Return a text as one line that shows what it holds, and makes no terminal do anything.

    Names of files and labels may hold control characters: a new line that forges a line of output,
    or a code that erases one.

    Example:
        >>> from kwavegan.errors import printable
        >>> print(printable("kick\nwarning: all is well"))
        kick\nwarning: all is well
    """
    return "".join(map(_visible, text))


def _visible(letter: str) -> str:
    unsafe = unicodedata.category(letter) in _UNSAFE
    turns = unicodedata.bidirectional(letter) in _TURNS
    return _escaped(letter) if unsafe or turns else letter


def _escaped(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # a byte of a name that is not UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    if "\x80" <= letter <= "\xff":  # to a shell, \x80 is a byte
        return f"\\u{ord(letter):04x}"
    return letter.encode("unicode_escape").decode()


def shell_command(verb: str, *arguments: object, **options: object) -> str:
    """Return a command of kwavegan as a line to copy into a shell, with quotes where they matter.

    Args:
        verb: the command, such as `"train"`.
        arguments: names and paths.
        options: by the name of their setting; None for one that is left out.

    Example:
        >>> from kwavegan.errors import shell_command
        >>> print(shell_command("train", "my sounds", name="it's"))
        kwavegan train 'my sounds' --name 'it'"'"'s'
    """
    words = ["kwavegan", verb]
    # A path that starts like an option would be taken for one.
    words += [f"./{word}" if word.startswith("-") else word for word in map(str, arguments)]
    for name, value in options.items():
        words += [] if value is None else [option_name(name), str(value)]
    return shell_line(words)


def shell_line(words: Iterable[str]) -> str:
    """Return the words of a command as a line to copy into a shell."""
    if os.name == "nt":
        return printable(subprocess.list2cmdline(list(words)))
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """Quote a word for a POSIX shell, control characters by escapes, as in bash and zsh."""
    if printable(word) == word:
        return shlex.quote(word)
    inner = word.replace("\\", r"\\").replace("'", r"\'")
    return f"$'{printable(inner)}'"


def _spelled(text: str, spell: Callable[[str, str], str]) -> str:
    parts = re.split(f"{_MARK}(.*?){_MARK}(.*?){_MARK}", text)
    for i in range(1, len(parts), 3):
        parts[i] = spell(parts[i], parts[i + 1])
        parts[i + 1] = ""
    return "".join(parts)


_LONGEST = 2_000
"""Letters of a message; what is in the middle of a longer one is left out."""


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

    def for_command_line(self, spell: Callable[[str, str], str] | None = None) -> str:
        """Return the message as one line, with settings spelled as options; see the function."""
        text = re.sub(r"\s*\n\s*", " ", for_command_line(super().__str__(), spell))
        # A value that the message repeats may be as long as the file that it came from.
        cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"
        return printable(cut)
