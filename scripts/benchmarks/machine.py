"""What the numbers were measured on, and how to wait for a device."""

import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kwavegan.backend.cores import usable_cores
from kwavegan.backend.selection import devices, versions
from scripts.benchmarks.rows import Bench

QUIET = 0.5
"""The load average above which another program may have disturbed the numbers."""

BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")
"""In /proc/cpuinfo, where the processor multiplies bfloat16 (Intel and AMD, Intel, Arm)."""


def header(bench: Bench) -> dict:
    """Return what goes above the rows in the JSON."""
    return {
        "backend": bench.backend,
        "device": bench.device,
        "devices": devices(bench.backend),
        "quick": bench.quick,
        "repeat": bench.repeat,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "bfloat16": has_bfloat16(bench),
        "load": load(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": {name: os.environ[name] for name in _THREADS if name in os.environ},
        "versions": versions(),
    }


_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS", "TF_NUM_INTRAOP_THREADS")


def cpu_model() -> str:
    """Return the processor's name."""
    lines = _cpuinfo("model name")
    return lines[0] if lines else platform.processor() or platform.machine()


def load() -> float | None:
    """Return the load average of the last minute; None where the system keeps none."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def has_bfloat16(bench: Bench) -> bool:
    """Whether the device multiplies bfloat16 by itself; a GPU is taken to."""
    flags = " ".join(_cpuinfo("flags") + _cpuinfo("Features")).split()
    return bench.device == "gpu" or any(flag in flags for flag in BFLOAT16_FLAGS)


def _cpuinfo(key: str) -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    return [value.strip() for name, value in pairs if name.strip() == key]


def choose_device(device: str) -> None:
    """Hide the other devices from every backend; to be called before Keras is imported."""
    if device == "cpu":
        os.environ.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu", KERAS_TORCH_DEVICE="cpu")


def has_gpu(backend: str) -> bool:
    """Whether a backend computes on anything but the CPU."""
    return any(not name.lower().startswith("cpu") for name in devices(backend))


def wait(backend: str) -> Callable[[Any], Any]:
    """Return a function that returns its argument, any nest of tensors, once it is computed."""
    if backend == "jax":
        import jax

        return jax.block_until_ready
    if backend == "tensorflow":
        import tensorflow as tf

        return _after(tf.test.experimental.sync_devices)
    import torch

    if torch.cuda.is_available():
        return _after(torch.cuda.synchronize)
    return _after(torch.mps.synchronize if torch.backends.mps.is_available() else _nothing)


def _nothing() -> None:
    """A CPU's tensors are there when PyTorch returns them."""


def _after(finish: Callable[[], Any]) -> Callable[[Any], Any]:
    def waited(value: Any) -> Any:
        finish()
        return value

    return waited
