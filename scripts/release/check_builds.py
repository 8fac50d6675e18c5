"""Build wheel and source archive twice, in surroundings that differ; both must be the same files.

    pip install 'hatchling>=1.27' && python -m scripts.release.check_builds

The copies differ in their place, in the times and permissions of their files, and the builds in
umask, time zone, language and hash seed. SOURCE_DATE_EPOCH dates what is inside: without it, all
files have the date that hatchling gives them.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).parents[2]

_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "runs", "site", "dist", "*.egg-info")

_OLD = 1_000_000_000
"""The time of the files of the second copy: 2001."""


def build(source: Path, into: Path, kinds: Sequence[str], epoch: int, **variables: str) -> Path:
    """Build a copy of the project; return the folder of what was built.

    Raises:
        CalledProcessError: the build failed.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(into)]
    for kind in kinds:
        command += ["-t", kind]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), **variables}
    subprocess.run(command, cwd=source, env=environment, check=True, capture_output=True)
    return into


def two_builds(
    work: Path, kinds: Sequence[str] = ("wheel", "sdist"), epoch: int = _OLD
) -> list[dict[str, str]]:
    """Build twice; return the SHA-256 of each file by name, for each build.

    Args:
        work: an empty folder.
        kinds: `"wheel"`, `"sdist"`.
        epoch: for SOURCE_DATE_EPOCH, in seconds.
    """
    first, second = work / "one", work / "another" / "place"
    shutil.copytree(ROOT, first, ignore=_LEFT_OUT)
    shutil.copytree(first, second)
    for path in second.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (_OLD, _OLD))
    build(first, work / "first", kinds, epoch)
    before = os.umask(0o077)
    try:
        strange = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "5"}
        build(second, work / "second", kinds, epoch, **strange)
    finally:
        os.umask(before)
    return [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}
        for out in (work / "first", work / "second")
    ]


@click.command()
def main() -> None:
    """Build twice, and compare."""
    with TemporaryDirectory() as work:
        first, second = two_builds(Path(work))
    for name, digest in first.items():
        click.echo(f"{digest}  {name}")
    if first != second:
        raise click.ClickException("the second build differs")


if __name__ == "__main__":
    main()
