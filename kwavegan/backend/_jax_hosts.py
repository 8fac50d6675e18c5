"""Several processes on JAX, which its own coordinator joins; see `kwavegan.backend.replicas`."""

import pickle
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from kwavegan.backend import launch as launches
from kwavegan.backend._jax_mesh import HostReplicas, building
from kwavegan.backend.guard import set_last_words
from kwavegan.backend.launch import Launch
from kwavegan.backend.replicas import Engine
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import AGAIN, first_line, reason

_GONE = f"JAX: another process of this training has ended; {AGAIN}"

_OF_TRANSPORT = re.compile("gloo|nccl|coordination.?service|UNAVAILABLE", re.IGNORECASE)
"""What errors say that come of messages between processes."""


def join(launch: Launch) -> None:
    """Meet the other processes; before JAX computes anything.

    Raises:
        InputError: they cannot be reached, or not all of them come.
    """
    if jax.distributed.is_initialized():
        return
    where = f" at {launch.address}" if launch.address else ""
    set_last_words(
        f"{launch.by}: {launch.processes} processes were to meet{where}, and did not within "
        f"{launches.PATIENCE} seconds; start all, with the same number of processes and address"
    )
    if launch.address:
        host, _, port = launch.address.rpartition(":")
        if launch.place == 0:
            _check_port(int(port))
        else:
            _await_first(host.strip("[]"), int(port))
    try:
        if hasattr(jax.config, "jax_enable_preemption_service"):  # it would swallow SIGTERM
            jax.config.update("jax_enable_preemption_service", False)
        jax.distributed.initialize(
            launch.address or None,
            launch.processes if launch.address else None,
            launch.place if launch.address else None,
            initialization_timeout=launches.PATIENCE,
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{launch.by}: the processes do not meet: {first_line(error)}") from error
    set_last_words(_GONE)


def _check_port(port: int) -> None:
    """Raise an `InputError` where another program has the coordinator's port: JAX would wait."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise InputError(
                f"port {port}: JAX's first process cannot wait there: {reason(error)}; give an "
                "address with another port, the same to all processes"
            ) from error


def _await_first(host: str, port: int) -> None:
    """Wait until the first process is there; JAX itself would abort with pages where it is not."""
    last = time.monotonic() + launches.PATIENCE
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return
        except OSError as error:
            if time.monotonic() > last:
                raise InputError(
                    f"{host}:{port}: JAX's first process cannot be reached there: {reason(error)}; "
                    "check the address, and that it was started"
                ) from error
        time.sleep(0.2)


class HostEngine(Engine):
    """All devices of all processes, of which this is one."""

    def __init__(self, replicas: HostReplicas) -> None:
        self.replicas, self.count = replicas, replicas.count
        self.processes, self.place = jax.process_count(), jax.process_index()

    def building(self) -> AbstractContextManager[Any]:
        return building(self.replicas)

    def share(self, value: Any) -> Any:
        given = np.frombuffer(pickle.dumps(value) if self.leads else b"", "uint8")
        with self.training():
            size = int(multihost_utils.broadcast_one_to_all(np.int32(given.size)))
            given = given if self.leads else np.zeros(size, "uint8")
            # JAX 0.6 adds bytes up to wider numbers.
            data = np.asarray(multihost_utils.broadcast_one_to_all(given), "uint8")
        return pickle.loads(data.tobytes())

    def any(self, flag: bool) -> bool:
        with self.training():
            return bool(np.any(multihost_utils.process_allgather(np.asarray(flag))))

    @contextmanager
    def training(self) -> Iterator[None]:
        try:
            yield
        except InputError:
            raise
        except (RuntimeError, ValueError) as error:
            if not _OF_TRANSPORT.search(str(error)):
                raise
            raise InputError(_GONE) from error


@contextmanager
def open_hosts(count: int | None) -> Iterator[Engine]:
    """Set up the engine of all processes for a block; they have joined.

    Raises:
        InputError: another number of devices is asked for, or the processes have unlike numbers.
    """
    numbers = Counter(device.process_index for device in jax.devices())
    there = numbers.total()
    if len(set(numbers.values())) > 1:
        raise InputError(
            f"JAX: the processes have {', '.join(map(str, sorted(numbers.values())))} devices; let "
            "each have as many"
        )
    if count not in (None, there):
        raise InputError(
            f"{setting('devices')}: {count}, but JAX's processes have {there} in all; give all"
        )
    yield HostEngine(HostReplicas())
    jax.distributed.shutdown()  # where all end well: else it would wait for one that is gone
