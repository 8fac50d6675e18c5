"""The cache of what JAX compiled."""

import os
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX keeps them")

COMPILE = """
from kwavegan.backend import compilations
compilations.SHORTEST = 0
print(compilations.keep_compilations())
import jax
print(float(jax.jit(lambda x: x * 2 + 1)(3.0)))
"""


@pytest.fixture
def compiled(tmp_path):
    """`compiled()` compiles in a process of its own, warnings being errors but those ignored."""

    def run(**environment):
        own = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
        done = subprocess.run(
            [sys.executable, "-c", COMPILE],
            capture_output=True,
            text=True,
            env={**own, "KWAVEGAN_CACHE": str(tmp_path / "cache"), **environment},
        )
        assert (done.returncode, done.stderr) == (0, "")
        folder, value = done.stdout.split()
        assert value == "7.0"
        return folder

    return run


def entries(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*-cache")}


def test_what_was_compiled_is_kept_and_what_was_cut_short_is_made_anew(compiled, tmp_path):
    folder = tmp_path / "cache" / "jax"
    assert compiled().startswith(str(folder))
    first = entries(folder)
    assert first
    compiled()
    assert entries(folder) == first
    # A process was killed while it wrote: half an entry, without its time.
    (torn,) = (path for path in folder.rglob("jit__lambda*-cache"))
    torn.write_bytes(torn.read_bytes()[:100])
    torn.with_name(torn.name.replace("-cache", "-atime")).unlink()
    compiled()
    assert entries(folder).keys() == first.keys()
    assert torn.stat().st_size > 100
    # Damaged otherwise: compiled anew, without a word.
    torn.write_bytes(b"nothing")
    compiled()


def test_a_cache_that_cannot_be_written_stops_nothing(compiled, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert compiled(KWAVEGAN_CACHE=str(tmp_path / "file")) == "None"


def test_the_users_own_choice_is_left(compiled, tmp_path):
    assert compiled(JAX_COMPILATION_CACHE_DIR=str(tmp_path / "own")) == "None"
    assert compiled(JAX_ENABLE_COMPILATION_CACHE="0") == "None"
    assert not (tmp_path / "cache").exists()
