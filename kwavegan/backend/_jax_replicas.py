"""Several devices on JAX; see `kwavegan.backend.replicas`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import keras
from jax.sharding import PartitionSpec

from kwavegan.backend.replicas import ONE, Engine, InOneProcess, Replicas, choose


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


@contextmanager
def open_engine(count: int | None) -> Iterator[Engine]:
    advice = (
        f"on a CPU JAX makes more with XLA_FLAGS=--xla_force_host_platform_device_count={count}"
    )
    there = keras.distribution.list_devices()
    chosen = choose(there, count, jax.default_backend(), advice)
    if len(chosen) == 1:
        yield ONE
    else:
        yield InOneProcess(keras.distribution.DataParallel(devices=chosen), len(chosen))
