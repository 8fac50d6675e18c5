"""Every test runs on the backend that KERAS_BACKEND names, on the CPU."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# Where another program keeps a core busy, PyTorch's threads wait on each other: 15 times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The networks of the tests are tiny: XLA would spend its time on making them fast. Its emitters of
# fusions alone take a third of what is left (9.0 seconds for 5.9, of one eager update).
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_use_fusion_emitters=false",
)
# Many tests build the same networks: what one compiled, the others (and the next run) find on disk,
# those of pytest-xdist's other process too. Pyproject.toml ignores the warning about what it has
# half written, which is compiled anew.
_CACHE = Path(__file__).parents[1] / ".pytest_cache" / "jax"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_CACHE)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Keep every test out of the user's runs and cache."""
    monkeypatch.setenv("KWAVEGAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def src(tmp_path):
    """A folder of two labels with 30 sounds each."""
    from support.audio_files import write

    for label in ("kick", "snare"):
        for i in range(30):
            write(tmp_path / "src" / label / f"{label}{i}.wav")
    return tmp_path / "src"


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that get decoded, while no worker processes are used."""
    from kwavegan.data import decode

    names = []
    original = decode.soundfiles.load

    def load(path, *args, **kwargs):
        names.append(Path(path).name)
        return original(path, *args, **kwargs)

    monkeypatch.setattr(decode.soundfiles, "load", load)
    return names
