"""What runs in a process of its own, so that its memory or its start can be measured.

    python -m scripts.benchmarks.children TASK '{"argument": value}'

prints its result as one line of JSON, the last one.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MEGA = 1e6


HERE = "scripts.benchmarks.children"


def child(task: str, module: str = HERE, **arguments: Any) -> dict:
    """Run a task of a module, this one or one like it, in a new process and return its result.

    Raises:
        RuntimeError: it failed; the message is the end of its errors.
    """
    command = [sys.executable, "-m", module, task, json.dumps(arguments)]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), _path())))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{task}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _path() -> str:
    return os.environ.get("PYTHONPATH", "")


def own_peak() -> float:
    """Return this process' peak resident memory in MB.

    Linux hands a parent's peak down in ru_maxrss, through fork and exec; VmHWM starts anew.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024 / MEGA
    except (OSError, StopIteration):
        return _maxrss(resource.RUSAGE_SELF)


def _maxrss(who: int) -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(who).ru_maxrss * unit / MEGA


def step_memory(which: str, **bench: Any) -> dict:
    """Return the peak after one training step, of `"ours"` or `"plain"`; on a GPU the device's."""
    from scripts.benchmarks.rows import Bench
    from scripts.benchmarks.steps import step_side

    step_side(Bench(**bench), which)(1)
    peak = device_peak(bench["backend"]) if bench["device"] == "gpu" else None
    return {"peak": own_peak() if peak is None else peak}


def device_peak(backend: str) -> float | None:
    """Return the peak memory in use of the first GPU in MB; None where the backend does not say."""
    if backend == "jax":
        import jax

        peak = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    elif backend == "tensorflow":
        import tensorflow as tf

        peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
    else:
        import torch

        peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    return None if peak is None else peak / MEGA


def prepare_files(src: str, out: str, rate: int) -> dict:
    """Prepare a folder; return the seconds, the peak of this process and of its largest worker."""
    from kwavegan.data import PrepareSettings, prepare

    start = time.perf_counter()
    summary = prepare(src, out, PrepareSettings(rate=rate, length=rate))
    seconds = time.perf_counter() - start
    workers = _maxrss(resource.RUSAGE_CHILDREN)
    return {"seconds": seconds, "clips": summary.clips, "peak": own_peak(), "worker": workers}


def librosa_loop(src: str, rate: int, count: int) -> dict:
    """Load and resample the first `count` files by librosa, one after the other."""
    import librosa

    files = sorted(Path(src).rglob("*.wav"))[:count]

    def load(path: Path) -> None:
        sound, own_rate = librosa.load(path, sr=None)
        librosa.resample(sound, orig_sr=own_rate, target_sr=rate)

    load(files[0])  # librosa imports on first use
    start = time.perf_counter()
    for path in files:
        load(path)
    return {"seconds": time.perf_counter() - start, "files": len(files)}


TASKS = {
    "step_memory": step_memory,
    "prepare_files": prepare_files,
    "librosa_loop": librosa_loop,
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
