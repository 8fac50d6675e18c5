"""Every test runs on the backend that KERAS_BACKEND names, on the CPU."""

import gc
import os
import sys
from pathlib import Path

import pytest

pytest.register_assert_rewrite("support")

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# PyTorch's threads wait on each other, 15 times slower, where another program keeps a core busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The first import of librosa compiles with Numba: 14 seconds, where it takes 27 with optimization.
os.environ.setdefault("NUMBA_OPT", "0")
# Tracing a network makes objects by the hundred thousand, nearly all of which stay: looking through
# them again and again for circles takes a quarter of the time, and a tenth at every 200,000.
gc.set_threshold(2_000_000, 50, 100)
# The networks of the tests are tiny: XLA would spend longer on optimizing them than they run. Its
# fusion emitters alone make a first eager update take 9.0 seconds, where it takes 5.9 without.
# Split into parts for a core each, a network takes a fifth longer to compile on the one it has.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
)
# Many tests build the same networks: JAX keeps what it compiled on disk, for the other tests, the
# other process of pytest-xdist and the next session. pyproject.toml ignores the warning about an
# entry that another process has half written; JAX compiles that one anew.
_CACHE = Path(__file__).parents[1] / ".pytest_cache" / "jax"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_CACHE)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# For `import scripts`; last, so that an installed kwavegan is tested where there is one.
sys.path.append(str(Path(__file__).parents[1]))


def pytest_sessionfinish():
    """Look for circles once; pytest would five times more, and Python twice when it ends."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Keep every test out of the user's runs and cache."""
    monkeypatch.setenv("KWAVEGAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """A cache that all processes of one test session share: the built-in drums are made once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-cache"


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """The sines of `support.datasets`, prepared once for all tests: they read it and leave it."""
    from support.datasets import sines

    return sines(tmp_path_factory.mktemp("sines"))


@pytest.fixture
def shared_gans(monkeypatch):
    """Let commands and trials, too, train the GANs that `support.training` shares."""
    from support import training

    from kwavegan.search import trial
    from kwavegan.training import session

    for module in (session, trial):
        monkeypatch.setattr(module, "run_training", training.run_training)
        monkeypatch.setattr(module, "resume", training.resume)


class CommandLine:
    """Calls `kwavegan` within this process."""

    def __call__(self, *arguments, code=0):
        """Run a command that exits with `code`; return click's result."""
        from click.testing import CliRunner

        from kwavegan.cli.main import main

        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    def refuse(self, *arguments, began=""):
        """Run a command on input that the user can mend; return its one line of error.

        `began` is what the command may print before it finds the fault.
        """
        result = self(*arguments, code=2)
        assert result.stdout in ("", began)
        assert result.stderr.startswith("kwavegan: ")
        assert result.stderr.count("\n") == 1
        return result.stderr


@pytest.fixture
def cli():
    """`cli("runs", "--json")` runs a command, and `cli.refuse(…)` one that must fail."""
    return CommandLine()


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
    original = decode.soundfiles.load_sound

    def load(path, *args, **kwargs):
        names.append(Path(path).name)
        return original(path, *args, **kwargs)

    monkeypatch.setattr(decode.soundfiles, "load_sound", load)
    return names
