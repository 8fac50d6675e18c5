"""Processes that train together on JAX, as on several hosts, all on the CPU of this one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def free_port():
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def environment(place, processes=2, port=0, **variables):
    """Return the environment of one of several processes."""
    path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "KERAS_BACKEND": "jax",
        "OMP_NUM_THREADS": "1",
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{port}",
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes),
        "KERAS_DISTRIBUTION_PROCESS_ID": str(place),
        **variables,
    }


def start(*arguments, processes=2, started=None, **variables):
    """Start Python with arguments in processes; `started` of those that they are told of."""
    port = free_port()
    return [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env=environment(place, processes, port, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for place in range(started or processes)
    ]


def ended(processes):
    """Wait for processes; return exit code, stdout and stderr of each."""
    told = [process.communicate(timeout=240) for process in processes]
    return [(process.returncode, *both) for process, both in zip(processes, told, strict=True)]
