"""Several devices on JAX; see `kwavegan.backend.replicas`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jax
import keras
from jax.sharding import PartitionSpec

from kwavegan.backend.replicas import Engine, Replicas, too_many


class _Mesh(Replicas):
    """The devices of `keras.distribution.DataParallel`, which one program drives."""

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
            split, whole = PartitionSpec(self.axis), PartitionSpec()
            specs = tuple(split if place in rows else whole for place in range(len(args)))
            return jax.shard_map(
                of_own_rows, mesh=self.mesh, in_specs=specs, out_specs=whole, check_vma=False
            )(*args)

        return averaged


def current_replicas() -> Replicas | None:
    distribution = keras.distribution.distribution()
    if distribution is None:
        return None
    if not isinstance(distribution, keras.distribution.DataParallel):
        raise ValueError("WaveGAN: trains with keras.distribution.DataParallel; set no other")
    return _Mesh(distribution)


class _DataParallel(Engine):
    """Models are built on all devices.

    What a training builds beside its GAN, such as a classifier, is not: Keras' distribution holds
    while the GAN is built, whose step knows the devices from then on.
    """

    def __init__(self, distribution: keras.distribution.DataParallel, count: int):
        self.distribution, self.count = distribution, count

    def building(self) -> AbstractContextManager[Any]:
        return self.distribution.scope()


@contextmanager
def open_engine(count: int | None) -> Iterator[Engine]:
    there = keras.distribution.list_devices()
    count = len(there) if count is None else count
    if count > len(there):
        kind = jax.default_backend()
        advice = (
            f"on a CPU JAX makes more with XLA_FLAGS=--xla_force_host_platform_device_count={count}"
        )
        raise too_many(count, len(there), kind, advice)
    if count == 1:
        yield Engine()
        return
    yield _DataParallel(keras.distribution.DataParallel(devices=there[:count]), count)
