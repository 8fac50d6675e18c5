"""Links in a folder that someone else made, by which its files would be written elsewhere."""

from pathlib import Path

from kwavegan.errors import InputError


def refuse_links_out(folder: Path) -> None:
    """Refuse a run folder in which a link leads out of it: what is written would be elsewhere.

    The folder itself may be a link, and so may be what leads to another place within it.

    Raises:
        InputError: there is such a link.
    """
    inside = folder.resolve()
    for path in sorted(folder.glob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise InputError(
                f"{path}: is a link out of the run, where its files would be written; put what it"
                " leads to in its place"
            )
