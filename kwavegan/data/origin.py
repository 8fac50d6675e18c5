"""Where a set of sounds comes from: a folder, or an address that is copied into the cache first."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kwavegan.data.mirror import fetch, mirror_of
from kwavegan.data.prepare_settings import PrepareSettings
from kwavegan.data.scanner import Scan, scan_folder
from kwavegan.errors import InputError
from kwavegan.storage.addresses import checked_address, is_address


class Origin:
    """Where the sounds of a preparation come from.

    Attributes:
        address: the address; "" for a folder of this machine.
        folder: the folder, of an address its copy.

    Args:
        place: a folder's path, or an address such as `s3://bucket/drums`.

    Raises:
        InputError: an address that cannot be read.
    """

    def __init__(self, place: str | Path) -> None:
        self.address = checked_address(str(place)) if is_address(place) else ""
        self.folder = mirror_of(self.address) if self.address else Path(place)
        self._others: Counter[str] | None = None

    @property
    def stored(self) -> str:
        """The address, or the full path, as text."""
        path = str(self.folder.resolve()).encode("utf-8", "replace").decode()
        return self.address or path

    def scan(
        self, settings: PrepareSettings, progress: Callable[[int, int], None] | None = None
    ) -> Scan:
        """Find the sounds; of an address, fetch them once.

        Args:
            settings: which say their labels.
            progress: called with files fetched and files to fetch.

        Raises:
            InputError: see `kwavegan.data.mirror.fetch` and `kwavegan.data.scanner.scan_folder`.
        """
        if self.address and self._others is None:
            self._others = fetch(self.address, progress)
        scan = scan_folder(self.folder, settings.labels, settings.labelling)
        return replace(scan, others=scan.others + (self._others or Counter()))

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the address, and not its copy, in what a block refuses."""
        try:
            yield
        except InputError as error:
            if not self.address:
                raise
            raise InputError(error.args[0].replace(str(self.folder), self.address)) from error
