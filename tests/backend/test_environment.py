"""A foreign environment: variables and folders of other programs."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kwavegan.backend import environment, selection
from kwavegan.backend.defaults import keras_defaults
from kwavegan.errors import InputError


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("agg", True),
        ("TkAgg", True),
        ("module://json.decoder", True),
        ("module://json.nothing", False),
        ("module://no_such_package.backend_inline", False),
        ("Qt4Agg", False),
        ("", True),
    ],
)
def test_only_a_matplotlib_backend_that_is_there_is_kept(name, kept, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", name)
    environment.mend_imports()
    assert (os.environ.get("MPLBACKEND") == name) is kept


def test_keras_is_imported_in_a_notebook_of_another_environment(tmp_path):
    """From Python too: `import kwavegan` alone mends it."""
    env = {
        **{name: value for name, value in os.environ.items() if name != "USER"},
        "MPLBACKEND": "module://no_such_package.backend_inline",
        "KERAS_HOME": str(tmp_path),
    }
    code = "import kwavegan, keras; print(keras.config.backend())"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split()[-1:] == [os.environ["KERAS_BACKEND"]], done.stderr


def test_the_command_line_leaves_out_what_would_change_numbers(monkeypatch, tmp_path):
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("KERAS_HOME", "elsewhere")
    for name in environment.LEFT_OUT:
        monkeypatch.setenv(name, "1")
    environment.own_the_process()
    assert not set(environment.LEFT_OUT) & set(os.environ)
    assert os.environ["KERAS_HOME"] == str(tmp_path / "keras")
    assert os.environ["MPLBACKEND"] == "agg"


@pytest.mark.parametrize("given", [700, 10**7])
def test_the_command_line_rests_the_collector_of_circles(given, monkeypatch, tmp_path):
    """Looking for them among what Keras' import makes takes a third of a command's start."""
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path))
    at_exit = []
    monkeypatch.setattr(environment.atexit, "register", at_exit.append)
    kept = gc.get_threshold()
    gc.set_threshold(given, 10, 10)
    try:
        environment.own_the_process()
        assert gc.get_threshold()[0] == max(given, 10_000)
        assert at_exit == ([gc.freeze] if given == 700 else [])
    finally:
        gc.set_threshold(*kept)


@pytest.mark.parametrize("chosen", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", None])
def test_products_of_numpy_have_one_thread_unless_the_user_says_how_many(
    chosen, monkeypatch, tmp_path
):
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path))
    for name in environment._THREADS:
        monkeypatch.delenv(name, raising=False)
    if chosen:
        monkeypatch.setenv(chosen, "3")
    environment.own_the_process()
    wanted = {"OPENBLAS_NUM_THREADS": "3", None: "1"}.get(chosen)
    assert os.environ.get("OPENBLAS_NUM_THREADS") == wanted


@pytest.mark.parametrize("name", ["NUMBA_CACHE_DIR", "MPLCONFIGDIR"])
def test_a_library_writes_to_our_cache_where_its_own_folder_is_read_only(
    name, monkeypatch, tmp_path
):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path / "cache"))
    environment.writable_folders()
    assert os.environ[name].startswith(str(tmp_path / "n" if "NUMBA" in name else tmp_path / "m"))
    monkeypatch.setenv(name, "/dev/null/nowhere")
    environment.writable_folders()
    assert Path(os.environ[name]).parent == tmp_path / "cache"
    monkeypatch.setenv(name, "/dev/null/nowhere")
    monkeypatch.setenv("KWAVEGAN_CACHE", "/dev/null/either")
    environment.writable_folders()
    assert environment.is_writable(Path(os.environ[name]))


def test_what_keeps_the_backend_from_starting_is_told_in_a_line(monkeypatch):
    def fail(shape):
        raise RuntimeError("Unable to initialize backend 'cuda'\nno such device")

    monkeypatch.setattr(keras.ops, "zeros", fail)
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    with pytest.raises(InputError) as caught:
        selection.start_backend()
    line = str(caught.value)
    assert "does not start: Unable to initialize backend 'cuda'; choose another device" in line
    assert "JAX_PLATFORMS=cuda" in line
    assert "\n" not in line


def test_a_user_without_a_home_has_a_cache_that_is_none_of_the_working_folder(monkeypatch):
    from kwavegan.storage import cache

    def homeless(path):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setenv(cache.ENV, "~/nothing")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert cache.cache_folder() == cache.process_folder()
    assert cache.cache_folder().is_dir()


ODD = {
    "image_data_format": "channels_first",
    "floatx": "float16",
    "epsilon": 0.1,
    "dtype_policy": "mixed_float16",
}


@pytest.fixture
def odd_keras():
    """Keras as another program, or `keras.json`, may have set it."""
    before = {name: getattr(keras.config, name)() for name in ODD}
    for name, value in ODD.items():
        getattr(keras.config, f"set_{name}")(value)
    yield
    for name, value in before.items():
        getattr(keras.config, f"set_{name}")(value)


def trained():
    from support.gans import tiny_architecture

    from kwavegan.gan.model import WaveGAN
    from kwavegan.networks.build import build_networks

    a = tiny_architecture()
    gan = WaveGAN(*build_networks(a), num_labels=a.num_labels)
    gan.compile()
    rng = np.random.default_rng(0)
    audio = rng.uniform(-0.5, 0.5, (4, a.length, a.channels)).astype("float32")
    labels = np.arange(4, dtype="int32") % a.num_labels
    history = gan.fit(audio, labels, batch_size=4, shuffle=False, verbose=0).history
    return {name: values[-1] for name, values in history.items()}, gan.get_weights()


def test_what_keras_is_set_to_changes_no_number(odd_keras):
    losses, weights = trained()
    assert keras.config.floatx() == "float16"
    with keras_defaults():
        wanted, known = trained()
    assert losses == wanted
    assert all(np.array_equal(a, b) for a, b in zip(weights, known, strict=True))
    assert keras.config.image_data_format() == "channels_first"
