"""Where the bytes of a sound are: in a file of its own, or in an archive."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kwavegan.errors import InputError
from kwavegan.storage.failures import reason

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """Bytes of an archive that are a file.

    Attributes:
        archive: the archive's path.
        offset: where they begin.
        size: their number.
        name: of the file, with its ending.
    """

    archive: Path
    offset: int
    size: int
    name: str


Stored = Path | Member


@contextmanager
def as_file(stored: Stored) -> Iterator[Path]:
    """Yield the path of a sound's file, for a block: of a member of an archive, a temporary one.

    Raises:
        InputError: the archive cannot be read any more, or the temporary file not written.
    """
    if isinstance(stored, Path):
        yield stored
        return
    folder = tempfile.gettempdir()
    try:
        number, name = tempfile.mkstemp(PurePosixPath(stored.name).suffix, "kwavegan-", folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {reason(error)}") from error
    try:
        with os.fdopen(number, "wb") as file:
            for block in blocks_of(stored):
                try:
                    file.write(block)
                except OSError as error:
                    raise InputError(f"{folder}: cannot be written: {reason(error)}") from error
        yield Path(name)
    finally:
        with suppress(OSError):
            os.unlink(name)


def blocks_of(member: Member) -> Iterator[bytes]:
    """Yield the bytes of a file in an archive.

    Raises:
        InputError: the archive cannot be read.
    """
    try:
        with member.archive.open("rb") as archive:
            archive.seek(member.offset)
            left = member.size
            while left and (block := archive.read(min(left, _BLOCK))):
                yield block
                left -= len(block)
    except OSError as error:
        raise InputError(f"{member.archive}: cannot be read: {reason(error)}") from error
