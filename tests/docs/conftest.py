"""Fresh Python processes, and a folder with recordings: what a reader of the documentation has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kwavegan

TIMEOUT = 390  # seconds; the tests around allow 400, for machines with other work to do
SOUNDS = 20  # of each label: enough for a test split of two


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """A folder with `recordings/` of three drums, `set/`, prepared of it, and `kit/` of all six."""
    from kwavegan.audio.resampling import resample
    from kwavegan.audio.soundfiles import write_wav
    from kwavegan.data.drum_sounds import RATE, synthesize
    from kwavegan.data.drums import write_drums

    folder = tmp_path_factory.mktemp("desk")
    drums = {"hat": "clap", "kick": "kick", "snare": "snare"}
    for label, drum in drums.items():
        for i in range(SOUNDS):
            # Short and slow, so that the examples are fast.
            sound = resample(synthesize(drum, 0, i)[:, None], RATE, 16_384)[:4096]
            write_wav(folder / "recordings" / label / f"{i:02}.wav", sound, 16_384)
    write_drums(folder / "kit", SOUNDS)
    settings = kwavegan.PrepareSettings(rate=4096, length=1024)
    kwavegan.prepare(folder / "recordings", folder / "set", settings, jobs=1)
    return folder


@pytest.fixture(scope="session")
def fresh(tmp_path_factory, shared_cache):
    """Run `python …` in a new process and an empty folder; return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name != "KWAVEGAN_RUNS"}
    environment = {
        **kept,
        "KWAVEGAN_CACHE": str(shared_cache),
        "PYTHONPATH": str(Path(kwavegan.__file__).parents[1]),
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
        "PYTHONFAULTHANDLER": "1",  # what crashes says where
    }

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path_factory.mktemp("fresh"),
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
