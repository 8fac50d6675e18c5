"""The cache of what JAX compiled."""

import json
import os
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX keeps them")

FORKS = """
import json, os, sys
import jax, keras
from kwavegan.backend import compilations

for line in sys.stdin:
    environment = json.loads(line)
    child = os.fork()
    if child:
        print("ended", os.waitpid(child, 0)[1], flush=True)
        continue
    os.environ |= {name: str(value) for name, value in environment.items()}
    for name, value in environment.items():  # JAX read its variables when it was imported
        if name.startswith("JAX_"):
            jax.config.update(name.lower(), value)
    compilations.SHORTEST = 0
    print(compilations.keep_compilations())
    print(float(jax.jit(lambda x: x * 2 + 1)(3.0)), flush=True)
    os._exit(0)
"""
"""Reads environments, and compiles in each in a process of its own. A fork has imported Keras and
JAX already, which takes far longer than the rest; it has compiled nothing, and has no threads."""


@pytest.fixture(scope="module")
def forks():
    own = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=own
    ) as process:
        yield process
        assert process.communicate()[1] == ""  # a warning that is not ignored, for instance


@pytest.fixture
def compiled(forks, tmp_path):
    """`compiled()` compiles in a process of its own; return the folder that it keeps it in."""

    def run(**environment):
        given = {"KWAVEGAN_CACHE": str(tmp_path / "cache"), **environment}
        print(json.dumps(given), file=forks.stdin, flush=True)
        lines = []
        while not lines or not lines[-1].startswith("ended"):
            lines.append(forks.stdout.readline().strip())
        folder, *rest = lines
        assert rest == ["7.0", "ended 0"]
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
    assert compiled(JAX_ENABLE_COMPILATION_CACHE=False) == "None"
    assert not (tmp_path / "cache").exists()
