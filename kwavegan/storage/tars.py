"""What a tar archive holds, without unpacking it: bounded in memory, and hostile ones are refused.

Nothing is written where a member's name says, so its name could do no harm; but an archive with
names that lead out of it, links or devices was made to do some, or holds less than it seems to.
"""

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath

from kwavegan.errors import InputError
from kwavegan.storage.failures import first_line, reason
from kwavegan.storage.reading import open_plain

_MOST_HEADER = 1 << 20
"""Bytes that are read at once: a header's long name, for instance, may claim any size."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A file in a tar archive.

    Attributes:
        name: its path, with /.
        offset: where its bytes begin in the archive.
        size: their number.
    """

    name: str
    offset: int
    size: int


def tar_members(path: Path) -> Iterator[TarMember]:
    """Yield the files in a tar archive that is not compressed, in its order.

    Raises:
        InputError: it cannot be read, is no such archive, damaged, or holds what a set of sounds
            does not: a name that leads out of it, a link, a device, or a file with holes.

    Example:
        >>> import tarfile
        >>> from pathlib import Path
        >>> from kwavegan.storage.tars import tar_members
        >>> with tarfile.open("shard.tar", "w") as shard:
        ...     shard.add("recordings/kick/00.wav", "a.wav")
        >>> [(member.name, member.size) for member in tar_members(Path("shard.tar"))]
        [('a.wav', 8236)]
    """
    try:
        with _Bounded(open_plain(path).detach()) as file:
            yield from _members(path, file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {reason(error)}") from error
    # A header of nonsense raises nearly anything of these.
    except (tarfile.TarError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: no tar archive, or a damaged one ({first_line(error)}); copy it again from"
            " the original, and uncompressed"
        ) from error


def _members(path: Path, file: "_Bounded") -> Iterator[TarMember]:
    end = os.fstat(file.fileno()).st_size
    last = -1
    with tarfile.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape") as tar:
        while (member := tar.next()) is not None:
            vars(tar)["members"].clear()  # it would keep them all
            if not last < member.offset_data <= end or member.size < 0:
                raise ValueError("its sizes contradict each other")
            last = member.offset_data
            if member.isdir():
                continue
            if member.offset_data + member.size > end:
                raise ValueError(f"it ends within {member.name!r}")
            _check(path, member)
            yield TarMember(_plain(member.name), member.offset_data, member.size)
        file.seek(tar.offset)
        if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise ValueError(f"no member at byte {tar.offset:,}")


def _check(path: Path, member: tarfile.TarInfo) -> None:
    """Refuse a member that is no plain file within the archive."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or Path(member.name).is_absolute() or ".." in name.parts:
        what = "a name that leads out of the archive"
    elif member.issym() or member.islnk():
        what = "a link"
    elif not member.isreg() or member.issparse() or not name.name:
        what = "no plain file"
    else:
        return
    raise InputError(f"{path}: {member.name!r} in it is {what}; pack the sounds themselves anew")


def _plain(name: str) -> str:
    """Return a path without the `./` that tar puts before it."""
    return str(PurePosixPath(name))


class _Bounded(BufferedReader):
    """A file of which no caller reads much at once, or to its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _MOST_HEADER:
            raise ValueError(f"a header claims {size} bytes")
        return super().read(size)
