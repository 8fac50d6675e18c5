"""The devices among which JAX splits a batch: of one process, or of several on any hosts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import keras
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from kwavegan.backend.replicas import Replicas

_WHOLE = PartitionSpec()


class MeshReplicas(Replicas):
    """The devices of `keras.distribution.DataParallel`, which one program drives.

    Args:
        distribution: of Keras.
    """

    def __init__(self, distribution: keras.distribution.DataParallel):
        self.axis = distribution.batch_dim_name
        self.mesh = distribution.device_mesh.backend_mesh
        self.count = self.mesh.shape[self.axis]

    def averaged(self, function: Callable[..., Any], rows: tuple[int, ...]) -> Callable[..., Any]:
        # Without it XLA would choose how to split each operation, and move rows between devices
        # where real and generated sounds are put in a row.
        def of_own_rows(*args: Any) -> Any:
            return jax.lax.pmean(function(*args), self.axis)

        def averaged(*args: Any) -> Any:
            split = PartitionSpec(self.axis)
            specs = tuple(split if place in rows else _WHOLE for place in range(len(args)))
            return jax.shard_map(
                of_own_rows, mesh=self.mesh, in_specs=specs, out_specs=_WHOLE, check_vma=False
            )(*args)

        return averaged


class HostReplicas(MeshReplicas):
    """The devices of all processes, each of which gives the step its rows of a batch.

    Only the step spans the processes: a model's variables are arrays of this process alone, so that
    one can evaluate, or write a checkpoint, while the others do something else. Those of Keras'
    distribution, were it set, would be arrays of all, and each assignment would wait for all.
    """

    def __init__(self) -> None:
        # The rows of a process lie together, whatever the order in which JAX lists devices.
        devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
        names = [f"{device.platform}:{device.id}" for device in devices]
        super().__init__(keras.distribution.DataParallel(devices=names, auto_shard_dataset=False))
        here = [device for device in devices if device.process_index == jax.process_index()]
        self._here = Mesh(here, (self.axis,))
        self.processes = jax.process_count()
        self.on_all = NamedSharding(self.mesh, _WHOLE)

    def everywhere(self, values: Any) -> Any:
        """Return arrays that all processes have alike as arrays of all devices; nothing is sent."""

        def place(x: Any) -> jax.Array:
            if isinstance(x, jax.Array) and x.sharding == self.on_all:
                return x
            return self._joined(x, x.shape, _WHOLE)

        return jax.tree.map(place, values)

    def rows(self, values: Any) -> Any:
        """Return this process's rows as part of arrays of all rows; nothing is sent."""

        def place(x: Any) -> jax.Array:
            shape = (x.shape[0] * self.processes, *x.shape[1:])
            return self._joined(x, shape, PartitionSpec(self.axis))

        return jax.tree.map(place, values)

    def _joined(self, x: Any, shape: tuple[int, ...], spec: PartitionSpec) -> jax.Array:
        local = jax.device_put(x, NamedSharding(self._here, spec))
        parts = [shard.data for shard in local.addressable_shards]
        return jax.make_array_from_single_device_arrays(
            shape, NamedSharding(self.mesh, spec), parts
        )


_building: ContextVar[HostReplicas | None] = ContextVar("building", default=None)


@contextmanager
def building(replicas: HostReplicas) -> Iterator[None]:
    """Let the GANs of the block train on the devices of all processes."""
    token = _building.set(replicas)
    try:
        yield
    finally:
        _building.reset(token)


def hosts_being_built_for() -> HostReplicas | None:
    """Return what the block of `building` around the call was given."""
    return _building.get()
