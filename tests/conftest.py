"""Every test runs on the backend that KERAS_BACKEND names, on the CPU."""

import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """Keep every test out of the user's runs and cache."""
    monkeypatch.setenv("KWAVEGAN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path / "cache"))
