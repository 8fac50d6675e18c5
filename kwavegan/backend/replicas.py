"""One training step on several devices: each works on its rows of a batch, results are averaged.

The devices are those of the backend's own engine, which is set up before a model is built:
`keras.distribution.DataParallel` on JAX, a process group of `torch.distributed` on PyTorch, a
`tf.distribute` strategy on TensorFlow. A file per backend implements what differs.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from kwavegan.backend.launch import find_launch
from kwavegan.backend.selection import select_backend, start_backend, versions
from kwavegan.errors import InputError, setting

ALL = "all"
"""As many devices as there are."""


class Replicas:
    """What a training step knows of its devices; here one, which holds all rows of a batch.

    Attributes:
        count: parts that a batch is split into, one for each device.
        apart: whether each part is computed by a program that sees its own rows alone, so that
            what is drawn for a whole batch must be cut to them.
        compiles: whether a step may be compiled whole.
    """

    count = 1
    apart = False
    compiles = True

    def own_rows(self, values: Any) -> Any:
        """Return the rows of this device, of tensors (whole batch, …) in any nest."""
        return values

    def averaged(self, function: Callable[..., Any], rows: tuple[int, ...]) -> Callable[..., Any]:
        """Return a function that averages the results of `function` over all devices.

        Args:
            function: pure, of nested tensors; its results are means over a batch.
            rows: the positions of arguments that hold a row for each example; others are the same
                on all devices.
        """
        return function


class Engine:
    """What a training knows of its devices; here one.

    Attributes:
        count: devices.
        processes: processes that train together, each with rows of its own.
        place: of this one among them; the first leads: it alone reads and writes the run.
    """

    count = 1
    processes = 1
    place = 0

    @property
    def leads(self) -> bool:
        return self.place == 0

    def building(self) -> AbstractContextManager[Any]:
        """Return the block in which models are built that train on the devices."""
        return nullcontext()

    def share(self, value: Any) -> Any:
        """Return what the leading process gives, in all processes; each calls it as often."""
        return value

    def any(self, flag: bool) -> bool:
        """Return whether the flag of any process is set, in all processes."""
        return flag

    def training(self) -> AbstractContextManager[Any]:
        """Return the block in which models are trained; its error tells of a process that is gone.

        Raises:
            InputError: another process of the training has ended.
        """
        return nullcontext()


ONE = Engine()
"""The engine of a training on one device."""


class InOneProcess(Engine):
    """Several devices that one program drives: a GAN is built on all of them.

    What a training builds beside it, such as a classifier, is not: the scope ends with the building
    of the GAN, whose step knows the devices from then on.

    Args:
        strategy: of the backend; its `scope()` is a block.
        count: devices.
    """

    def __init__(self, strategy: Any, count: int):
        self.strategy, self.count = strategy, count

    def building(self) -> AbstractContextManager[Any]:
        return self.strategy.scope()


def current_replicas() -> Replicas:
    """Return the devices that the backend's engine was set up for; one where it was not.

    Raises:
        ValueError: an engine that splits models, not batches.
    """
    return _backend().current_replicas() or Replicas()


@contextmanager
def open_engine(devices: str | int) -> Iterator[Engine]:
    """Start the backend, and set up its engine for a block.

    A process that was started as one of several meets the others first.

    Args:
        devices: how many, or `ALL`.

    Raises:
        InputError: no number of devices, or not that many; the backend does not start, or the
            processes do not meet.
    """
    count, name = device_count(devices), select_backend()
    launch = find_launch(name, devices)
    if launch is not None and name == "jax":  # before JAX computes
        importlib.import_module("kwavegan.backend._jax_hosts").join(launch)
    start_backend()
    if count == 1:
        yield ONE
        return
    with _backend().open_engine(count, launch) as engine:
        if engine.processes > 1:
            _compare_versions(engine, name)
        yield engine


def _compare_versions(engine: Engine, backend: str) -> None:
    """Check that all processes run the same.

    Raises:
        InputError: they do not, in all of them.
    """
    own = {name: versions()[name] for name in ("kwavegan", "keras", "numpy", backend)}
    first = engine.share(own)
    unlike = [f"{name} {own[name]}, not {first[name]}" for name in own if own[name] != first[name]]
    if engine.any(bool(unlike)):
        found = f"this one has {', '.join(unlike)}" if unlike else "this one is like the first"
        raise InputError(
            f"the processes of this training differ from the first in their versions: {found}; "
            "install the same for all"
        )


def device_count(devices: str | int) -> int | None:
    """Return how many devices are asked for; None for all.

    Raises:
        InputError: no number of devices.
    """
    text = str(devices)
    if text == ALL:
        return None
    if text.isdecimal() and int(text):
        return int(text)
    raise InputError(
        f"{setting('devices')}: {text!r} is no number of devices; give {ALL}, or 1, 2…"
    )


def choose(there: list[str], count: int | None, kind: str, advice: str) -> list[str]:
    """Return the first `count` of the devices that are there, all for None.

    Raises:
        InputError: there are fewer.
    """
    if count is not None and count > len(there):
        found = f"{len(there)} of kind {kind}" if there else "none"
        raise InputError(f"{setting('devices')}: {count} are asked for, there is {found}; {advice}")
    return there[:count]


def _backend() -> Any:
    import keras

    return importlib.import_module(f"kwavegan.backend._{keras.backend.backend()}_replicas")
