"""Processes that train together on JAX, as on several hosts, all on the CPU of this one."""

import os
import subprocess
import sys
from pathlib import Path

from scripts.experiments.devices import environments

STARTED = []
"""All that were started."""

PATH = os.pathsep.join(str(Path(__file__).parents[up]) for up in (2, 1))


def start(*arguments, processes=2, started=None):
    """Start Python with arguments in processes; `started` of those that they are told of."""
    common = {**os.environ, "PYTHONPATH": PATH, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={**common, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for own in environments(processes)[:started]
    ]
    STARTED.extend(processes)
    return processes


def ended(processes):
    """Wait for processes; return exit code, stdout and stderr of each."""
    told = [process.communicate(timeout=240) for process in processes]
    return [(process.returncode, *both) for process, both in zip(processes, told, strict=True)]
