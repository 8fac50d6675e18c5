"""Several devices on TensorFlow; see `kwavegan.backend.replicas`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from kwavegan.backend.launch import Launch
from kwavegan.backend.replicas import ONE, Engine, InOneProcess, Replicas, choose


class _Strategy(Replicas):
    """The replicas of a `tf.distribute` strategy, in whose scope the model is built."""

    apart = True
    compiles = False  # XLA on CPU knows no sums over devices

    def __init__(self, strategy: tf.distribute.Strategy):
        self.count = strategy.num_replicas_in_sync

    def own_rows(self, values: Any) -> Any:
        place = tf.distribute.get_replica_context().replica_id_in_sync_group

        def own(x: tf.Tensor) -> tf.Tensor:
            rows = tf.shape(x)[0] // self.count
            known = x.shape[0] and x.shape[0] // self.count
            return tf.ensure_shape(x[place * rows : (place + 1) * rows], (known, *x.shape[1:]))

        return tf.nest.map_structure(own, values)

    def averaged(self, function: Callable[..., Any], rows: tuple[int, ...]) -> Callable[..., Any]:
        def averaged(*args: Any) -> Any:
            values = tf.nest.map_structure(tf.convert_to_tensor, function(*args))
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, values)

        return averaged


def current_replicas() -> Replicas | None:
    strategy = tf.distribute.get_strategy()
    return _Strategy(strategy) if strategy.num_replicas_in_sync > 1 else None


@contextmanager
def open_engine(count: int | None, launch: Launch | None) -> Iterator[Engine]:
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    there = [device.name for device in tf.config.list_logical_devices(kind)]
    advice = "give fewer, or tf.config.set_logical_device_configuration before training"
    chosen = choose(there, count, kind, advice)
    if len(chosen) == 1:
        yield ONE
    else:
        yield InOneProcess(tf.distribute.MirroredStrategy(chosen), len(chosen))
