"""Several devices on JAX; see `kwavegan.backend.replicas`."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax
import keras

from kwavegan.backend._jax_hosts import open_hosts
from kwavegan.backend._jax_mesh import MeshReplicas, hosts_being_built_for
from kwavegan.backend.launch import Launch
from kwavegan.backend.replicas import ONE, Engine, InOneProcess, Replicas, choose


def current_replicas() -> Replicas | None:
    distribution = keras.distribution.distribution()
    if distribution is None:
        return hosts_being_built_for()
    if not isinstance(distribution, keras.distribution.DataParallel):
        raise ValueError("WaveGAN: trains with keras.distribution.DataParallel; set no other")
    return MeshReplicas(distribution)


@contextmanager
def open_engine(count: int | None, launch: Launch | None) -> Iterator[Engine]:
    if jax.process_count() > 1:
        with open_hosts(count) as engine:
            yield engine
        return
    advice = (
        f"on a CPU JAX makes more with XLA_FLAGS=--xla_force_host_platform_device_count={count}"
    )
    there = keras.distribution.list_devices()
    chosen = choose(there, count, jax.default_backend(), advice)
    if len(chosen) == 1:
        yield ONE
    else:
        yield InOneProcess(keras.distribution.DataParallel(devices=chosen), len(chosen))
