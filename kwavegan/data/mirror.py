"""A copy, in the cache, of what is of use in a folder elsewhere; only what changed is fetched."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from kwavegan.audio.recognition import ending, is_audio_name
from kwavegan.data.manifest import is_below
from kwavegan.data.metadata_labels import NAMES as METADATA
from kwavegan.data.remote import RemoteFile, RemoteFolder
from kwavegan.data.scanner import LISTS
from kwavegan.data.shards import ENDING as ARCHIVE
from kwavegan.data.shards import is_hidden
from kwavegan.errors import InputError
from kwavegan.storage.cache import cache_folder, locked
from kwavegan.storage.failures import reason
from kwavegan.storage.files import atomic, remove, write_text
from kwavegan.storage.reading import parse_json, read_text
from kwavegan.storage.values import table, text, whole

_AT_ONCE = 8
"""Files that are fetched at a time: small ones are mostly waited for."""

_MOST_UNKNOWN = 4 << 30
"""Bytes of a file whose size nobody says."""

_LOG = ".fetched.jsonl"
"""In the copy: a line for each file that is there as it was when it was fetched."""

_Known = dict[str, tuple[int, str]]
"""Name → size and token of a file that was fetched."""


def mirror_of(address: str) -> Path:
    """Return the place of the copy in the cache."""
    key = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return cache_folder() / "remote" / key


def fetch(address: str, progress: Callable[[int, int], None] | None = None) -> Counter[str]:
    """Bring the copy of a folder up to date: sounds, archives where there are no other sounds, and
    what says their labels and splits.

    What is there with the size and token that it has elsewhere is not fetched again, so that a
    second call goes on where a first one was stopped.

    Args:
        address: as `kwavegan.storage.addresses.checked_address` returns it.
        progress: called with files fetched and files to fetch.

    Returns:
        The files that are of no use by their names, and were not fetched: how many of each ending.

    Raises:
        InputError: the folder cannot be read, holds a name that none can have here, or a prepared
            set; or the disk is full.
    """
    folder = mirror_of(address)
    with locked(folder):
        remote = RemoteFolder(address)
        files = remote.files()
        wanted = _wanted(address, files)
        names = {file.name for file in wanted}
        known = _known(folder)
        _remove_others(folder, names)
        missing = [file for file in wanted if not _is_there(folder, file, known)]
        kept = {name: known[name] for name in names - {file.name for file in missing}}
        _write_log(folder, kept)
        _check_space(folder, missing)
        for done, file in enumerate(_fetched(remote, folder, missing), 1):
            _append(folder, file)
            if progress:
                progress(done, len(missing))
    return Counter(ending(file.name) for file in files if file.name not in names)


def _wanted(address: str, files: Sequence[RemoteFile]) -> list[RemoteFile]:
    """Return the files that are of use, by their names."""
    seen = [file for file in files if not is_hidden(file.name)]
    if {"settings.json", "manifest.csv"} <= {file.name for file in seen}:
        raise InputError(f"{address}: is a prepared folder; copy it here, and give that")
    kinds = [file for file in seen if is_audio_name(file.name)]
    if not kinds:
        kinds = [file for file in seen if ending(file.name) == ARCHIVE]
    tables = (*METADATA, *LISTS.values())
    wanted = kinds + [file for file in seen if file.name.rpartition("/")[2] in tables]
    for file in wanted:
        if not is_below(file.name) or not _is_text(file.name):
            raise InputError(f"{address}: {file.name!r} in it is no name for a file; rename it")
    return wanted


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _known(folder: Path) -> _Known:
    known: _Known = {}
    try:
        for line in read_text(folder / _LOG).splitlines():
            row = table(parse_json(line))
            known[text(row["name"])] = whole(row["size"]), text(row["token"])
    except (OSError, ValueError, KeyError):  # a line that was cut short: the rest is fetched again
        pass
    return known


def _is_there(folder: Path, file: RemoteFile, known: _Known) -> bool:
    if file.name not in known:
        return False
    size, token = known[file.name]
    if (file.size is not None and file.size != size) or token != file.token:
        return False
    path = folder / file.name
    return path.is_file() and path.stat().st_size == size


def _remove_others(folder: Path, names: set[str]) -> None:
    """Remove what is not there any more elsewhere, and what a killed process left."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in {*names, _LOG}:
            remove(path)


def _check_space(folder: Path, missing: Sequence[RemoteFile]) -> None:
    needed = sum(file.size or 0 for file in missing)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder}: needs {needed / 1e9:.2f} GB for what is fetched, and the disk has"
            f" {free / 1e9:.2f} GB free; free some space, or name another with KWAVEGAN_CACHE"
        )


def _fetched(
    remote: RemoteFolder, folder: Path, missing: Sequence[RemoteFile]
) -> Iterator[RemoteFile]:
    """Fetch files, several at a time; yield each, with its size, when it is there."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        jobs = [pool.submit(_fetch, remote, folder, file) for file in missing]
        for job in as_completed(jobs):
            yield job.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _fetch(remote: RemoteFolder, folder: Path, file: RemoteFile) -> RemoteFile:
    most = _MOST_UNKNOWN if file.size is None else file.size
    size = 0
    with atomic(folder / file.name) as partial, partial.open("wb") as out:
        for block in remote.blocks(file):
            size += len(block)
            if size > most:
                break
            out.write(block)
        if size > most or (file.size is not None and size < most):
            raise InputError(f"{file.path}: changed while it was fetched; run the command again")
    return RemoteFile(file.name, file.path, size, file.token)


def _line(name: str, size: int, token: str) -> str:
    return json.dumps({"name": name, "size": size, "token": token}) + "\n"


def _write_log(folder: Path, kept: _Known) -> None:
    write_text(folder / _LOG, "".join(_line(name, *kept[name]) for name in sorted(kept)))


def _append(folder: Path, file: RemoteFile) -> None:
    try:
        with (folder / _LOG).open("a", encoding="utf-8") as log:
            log.write(_line(file.name, file.size or 0, file.token))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {reason(error)}") from error
