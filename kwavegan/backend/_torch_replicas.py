"""Several devices on PyTorch, a process for each; see `kwavegan.backend.replicas`.

`DistributedDataParallel` itself serves gradients of `backward` alone, not those of
`torch.autograd.grad`, which a gradient penalty needs (its documentation says so); what it does
with them, an all-reduce over the process group, is done here.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import distributed
from torch.utils import _pytree as pytree

from kwavegan.backend.launch import Launch
from kwavegan.backend.replicas import ONE, Engine, Replicas
from kwavegan.errors import InputError, setting
from kwavegan.storage.failures import AGAIN, first_line

_PATIENCE = timedelta(hours=2)
"""How long a process waits for the others: the first one evaluates while they wait."""


class _Processes(Replicas):
    apart = True

    def __init__(self) -> None:
        self.count, self.place = distributed.get_world_size(), distributed.get_rank()

    def own_rows(self, values: Any) -> Any:
        return pytree.tree_map(lambda x: x.chunk(self.count)[self.place], values)

    def averaged(self, function: Callable[..., Any], rows: tuple[int, ...]) -> Callable[..., Any]:
        def averaged(*args: Any) -> Any:
            leaves, structure = pytree.tree_flatten(function(*args))
            return pytree.tree_unflatten(self._mean(leaves), structure)

        return averaged

    def _mean(self, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the mean of each tensor over all processes, by one message."""
        flat = torch.cat([x.detach().float().reshape(-1) for x in tensors])
        with _met():
            distributed.all_reduce(flat)
        parts = (flat / self.count).split([x.numel() for x in tensors])
        return [part.view(x.shape).to(x.dtype) for part, x in zip(parts, tensors, strict=True)]


def current_replicas() -> Replicas | None:
    together = distributed.is_available() and distributed.is_initialized()
    return _Processes() if together else None


class _Group(Engine):
    def __init__(self, device: str) -> None:
        self.count = self.processes = distributed.get_world_size()
        self.place, self.device = distributed.get_rank(), device

    def share(self, value: Any) -> Any:
        values = [value]
        with _met():
            distributed.broadcast_object_list(values, src=0, device=torch.device(self.device))
        return values[0]

    def any(self, flag: bool) -> bool:
        flags = torch.tensor(float(flag), device=self.device)
        with _met():
            distributed.all_reduce(flags, op=distributed.ReduceOp.MAX)
        return bool(flags.item())


@contextmanager
def _met() -> Iterator[None]:
    """Say in one line that another process is gone, where a message to it fails."""
    try:
        yield
    except RuntimeError as error:
        raise InputError(
            f"torchrun: another process of this training has ended; {AGAIN}"
        ) from error


@contextmanager
def open_engine(count: int | None, launch: Launch | None) -> Iterator[Engine]:
    gpus = torch.cuda.device_count()
    if launch is None:
        wanted = count or gpus
        if wanted <= 1:
            yield ONE
            return
        raise InputError(
            f"{setting('devices')}: PyTorch trains on {wanted} devices by a process for each; run: "
            f"torchrun --standalone --nproc-per-node {wanted} -m kwavegan train … --devices all"
        )
    world, local = launch.processes, int(os.environ["LOCAL_RANK"])
    if count not in (None, world):
        raise InputError(
            f"{setting('devices')}: {count}, but torchrun started {world} processes; give all"
        )
    if gpus:
        if local >= gpus:
            raise InputError(
                f"torchrun: process {local} has no GPU, there are {gpus}; "
                f"give --nproc-per-node {gpus}"
            )
        torch.cuda.set_device(local)
    try:
        distributed.init_process_group("nccl" if gpus else "gloo", timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"torchrun: the processes do not meet: {first_line(error)}") from error
    try:
        yield _Group(f"cuda:{local}" if gpus else "cpu")
    finally:
        distributed.destroy_process_group()
