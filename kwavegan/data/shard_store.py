"""Shards that are built, until a prepared folder is made of them: by one process or by many.

They lie in `.<name>.shards` beside the folder, each in a folder of its own, which appears whole.
Whoever prepares the same set, on any machine that sees the folder, takes the next shard that nobody
has built or holds the lock of. What a killed process has built stays.
"""

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kwavegan.data.clips import rows_and_clips
from kwavegan.data.dataset import Dataset
from kwavegan.data.manifest import ManifestRow, ManifestWriter, read_manifest
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.data.sharding import Shard
from kwavegan.data.writers import HEADER, ClipWriter
from kwavegan.storage.files import atomic, remove, write_json
from kwavegan.storage.reading import open_plain, read_json
from kwavegan.storage.sole_writer import BusyError, only_writer_of, unannounced
from kwavegan.storage.values import table, text, whole

AUDIO, MANIFEST, ABOUT = "audio.npy", "manifest.csv", "shard.json"

_POLL_S = 0.5
"""Seconds between two looks at what other processes have built."""


@dataclass(frozen=True)
class ShardStore:
    """The shards that are built for a prepared folder.

    Attributes:
        src: the folder of audio.
        out: the prepared folder.
        settings: of the preparation, decided.
        jobs: worker processes; see `prepare`.
        progress: called with the files done, of those in shards.
    """

    src: Path
    out: Path
    settings: PrepareSettings
    jobs: int | None
    progress: Callable[[int], None]
    _own: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """Where the shards lie."""
        return self.out.parent / f".{self.out.name}.shards"

    def missing(self, shards: Sequence[Shard]) -> list[Shard]:
        """Return the shards that have to be built yet."""
        return [s for s in shards if s.kept is None and not (self.folder / s.key).is_dir()]

    def build_in_company(
        self, shards: Sequence[Shard], old: Dataset | None, ended: Callable[[], bool]
    ) -> None:
        """Build what nobody else builds, until all shards are there.

        Args:
            shards: of the set.
            old: the last preparation.
            ended: whether another process has made the prepared folder of them.

        Raises:
            InputError: as `prepare`.
        """
        while (missing := self.missing(shards)) and not ended():
            if not any(self._taken(shard, shards, old) for shard in missing):
                time.sleep(_POLL_S)

    def complete(self, shards: Sequence[Shard], old: Dataset | None) -> None:
        """Build what is missing or damaged of the shards; see `build_in_company`."""
        for shard in shards:
            if shard.kept is None:
                with only_writer_of(self.folder / shard.key, unannounced):
                    if not self._is_whole(shard):
                        self._build(shard, shards, old)

    def rows(self, shard: Shard) -> list[ManifestRow]:
        """Return the rows of a shard that was built; `row` is the index in the shard."""
        return list(read_manifest(self.folder / shard.key / MANIFEST))

    def about(self, shard: Shard) -> dict[str, Any]:
        """Return how many `clips` a shard that was built has, and their `checksum`."""
        stored = table(read_json(self.folder / shard.key / ABOUT))
        return {"clips": whole(stored["clips"]), "checksum": text(stored["checksum"])}

    def link(self, shard: Shard, target: Path) -> None:
        """Put the audio of a shard that was built in another place too."""
        link(self.folder / shard.key / AUDIO, target)

    def clear(self) -> None:
        """Delete all shards but those that another process builds."""
        if not self.folder.is_dir():
            return
        names = " ".join(entry.name for entry in self.folder.iterdir())
        for key in set(re.findall(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])", names)):
            with suppress(BusyError), only_writer_of(self.folder / key):
                remove(self.folder / key)
        with suppress(OSError):  # not empty: another process is at work
            self.folder.rmdir()

    def _taken(self, shard: Shard, shards: Sequence[Shard], old: Dataset | None) -> bool:
        """Build a shard that is missing; return False where another process does."""
        try:
            with only_writer_of(self.folder / shard.key):
                if self.missing([shard]):
                    self._build(shard, shards, old)
        except BusyError:
            return False
        return True

    def _build(self, shard: Shard, shards: Sequence[Shard], old: Dataset | None) -> None:
        missing = {each.key for each in (*self.missing(shards), shard)}
        done = sum(len(each.files) for each in shards if each.key not in missing)
        results = rows_and_clips(self.src, old, shard.files, self.settings, self.jobs)
        audio = hashlib.sha256()
        with atomic(self.folder / shard.key) as partial:
            partial.mkdir()
            with (
                closing(results),
                ManifestWriter(partial / MANIFEST) as manifest,
                ClipWriter(partial / AUDIO, self.settings.clips) as clips,
            ):
                for number, (_, found) in enumerate(results, 1):
                    for row, clip in found:
                        if clip is None:
                            manifest.write(row)
                            continue
                        manifest.write(replace(row, row=clips.count))
                        audio.update(clips.append(clip))
                    self.progress(done + number)
            write_json(
                partial / ABOUT,
                {
                    "clips": clips.count,
                    "checksum": audio.hexdigest(),
                    "size": (partial / AUDIO).stat().st_size,
                    "manifest": _checksum(partial / MANIFEST),
                },
            )
        self._own.add(shard.key)

    def _is_whole(self, shard: Shard) -> bool:
        """Whether a shard is there as it was written; what this process wrote is not read again."""
        folder = self.folder / shard.key
        if shard.key in self._own or not folder.is_dir():
            return folder.is_dir()
        try:
            about = table(read_json(folder / ABOUT))
            return (
                (folder / AUDIO).stat().st_size == whole(about["size"])
                and _checksum(folder / MANIFEST) == text(about["manifest"])
                and _checksum(folder / AUDIO, HEADER) == text(about["checksum"])
            )
        except (OSError, ValueError, KeyError):
            return False


def link(source: Path, target: Path) -> None:
    """Give a file a second name; copy it where the file system has no such names."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _checksum(path: Path, skipped: int = 0) -> str:
    """Return the SHA-256 of a file without its first bytes, in hex."""
    with open_plain(path) as file:
        file.seek(skipped)
        return hashlib.file_digest(file, "sha256").hexdigest()
