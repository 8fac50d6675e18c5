"""Which launcher started this process as one of several that train together, by its variables.

`torchrun` sets its own. JAX's processes are told of each other by the variables of
`keras.distribution.initialize`, or by Slurm or Open MPI, which JAX knows. No backend is imported.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass

from kwavegan.errors import InputError, setting

TORCHRUN = "torchrun"

ADDRESSES = ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "JAX_COORDINATOR_ADDRESS")
"""Variables for the address of JAX's coordinator; that of Keras may name one for each process."""

PATIENCE = 300
"""Seconds for which JAX's processes wait for each other at the start, as JAX has it."""

COUNT, PLACE = "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID"

_CLUSTERS = {
    "Slurm": ("SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID"),
    "Open MPI": ("OMPI_MCA_orte_hnp_uri", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
}
"""Variables of launchers that JAX knows: one that is there alone, the count, the place."""


@dataclass(frozen=True)
class Launch:
    """One of several processes that train together.

    Attributes:
        by: what started them, as a message names it.
        backend: the one that they train together on.
        processes: their number.
        place: of this one among them; the first leads.
        address: of JAX's coordinator, `HOST:PORT`; "" where the backend finds it.
    """

    by: str
    backend: str
    processes: int
    place: int
    address: str = ""


def find_launch(backend: str, devices: str | int) -> Launch | None:
    """Return how this process was started with others; None for one by itself.

    Args:
        backend: that it trains on.
        devices: asked for. A process that wants one is by itself under Slurm and Open MPI, which
            start processes that have nothing to do with each other, too.

    Raises:
        InputError: variables that contradict each other, or the backend.

    Example:
        >>> from kwavegan.backend.launch import find_launch
        >>> find_launch("jax", 1) is None
        True
    """
    if backend == "tensorflow":
        _refuse_workers()
    launch = _of_torchrun() or _of_variables()
    if launch is None and backend == "jax" and str(devices) != "1":
        launch = _of_cluster()
    if launch is None or launch.processes == 1:
        return None
    if launch.backend != backend:
        raise InputError(
            f"{launch.by}: its processes train together on {launch.backend} alone; add "
            f"{setting('backend', launch.backend)}, or start kwavegan without it"
        )
    if str(devices) == "1":
        raise InputError(
            f"{setting('devices')}: 1, but {launch.by} says {launch.processes} processes; give all"
        )
    return launch


def _of_torchrun() -> Launch | None:
    if "LOCAL_RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return None
    count, place = os.environ["WORLD_SIZE"], os.environ.get("RANK", "0")
    return Launch(TORCHRUN, "torch", *_numbers("WORLD_SIZE", count, "RANK", place))


def _of_variables() -> Launch | None:
    count, place = os.environ.get(COUNT), os.environ.get(PLACE)
    if count is None and place is None:
        return None
    numbers = _numbers(COUNT, count, PLACE, place)
    given = next((name for name in ADDRESSES if os.environ.get(name)), "")
    addresses = os.environ.get(given, "").split(",")
    if not given and numbers[0] > 1:
        raise InputError(
            f"{ADDRESSES[0]}: is not set; give the HOST:PORT at which the first process is to wait"
        )
    if len(addresses) not in (1, numbers[0]):
        raise InputError(
            f"{given}: names {len(addresses)} processes, {COUNT} says {numbers[0]}; "
            "name the first alone, or all"
        )
    host, _, port = addresses[0].rpartition(":")
    if given and not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise InputError(f"{given}: {addresses[0]!r} is no HOST:PORT; give 10.0.0.1:1234, say")
    return Launch(COUNT, "jax", *numbers, addresses[0])


def _of_cluster() -> Launch | None:
    for by, (mark, count, place) in _CLUSTERS.items():
        if all(name in os.environ for name in (mark, count, place)):
            numbers = _numbers(count, os.environ[count], place, os.environ[place])
            return Launch(by, "jax", *numbers)
    return None


def _refuse_workers() -> None:
    """Raise an `InputError` where TensorFlow's variable names several hosts; see docs/scale.md."""
    workers = 0
    with suppress(ValueError, TypeError, AttributeError):  # else it is TensorFlow's to refuse
        cluster = json.loads(os.environ.get("TF_CONFIG", "{}")).get("cluster", {})
        workers = sum(len(cluster.get(kind, ())) for kind in ("chief", "worker"))
    if workers > 1:
        raise InputError(
            f"TF_CONFIG: names {workers} workers, but Keras 3 trains on one host alone with "
            f"TensorFlow; for several add {setting('backend', 'jax')} or "
            f"{setting('backend', 'torch')} (docs/scale.md), for one unset TF_CONFIG"
        )


def _numbers(count: str, processes: str | None, place: str, own: str | None) -> tuple[int, int]:
    """Return the number of processes and the place of this one, from two variables' values."""
    if processes is None or not processes.isdecimal() or int(processes) < 1:
        found = "is not set" if processes is None else f"{processes!r} is no number of processes"
        raise InputError(f"{count}: {found}; give 2, say, the same in all processes")
    if own is None or not own.isdecimal() or int(own) >= int(processes):
        found = "is not set" if own is None else f"{own!r} is no place among {processes} processes"
        raise InputError(f"{place}: {found}; give 0 to {int(processes) - 1}, another in each")
    return int(processes), int(own)
