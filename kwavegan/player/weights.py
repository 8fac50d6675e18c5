"""Which weights a generator has, by layer and name, and whether given ones are those."""

from collections.abc import Mapping
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np

from kwavegan.errors import InputError
from kwavegan.networks.architecture import FRAMES, TAPS, Architecture
from kwavegan.networks.plan import FRAME_TAPS, FramePlan, heads_of, upward_stages

Weights = Mapping[str, np.ndarray]
"""By path, such as `dense/kernel`."""

Shapes = dict[str, tuple[int, ...]]


def weights_of(arrays: Mapping[str, np.ndarray], part: str) -> Weights:
    """Return the weights of a network, by path, from all arrays of a checkpoint.

    Args:
        arrays: by name, such as `ema_generator/dense/bias`.
        part: name of the network, such as `ema_generator`.
    """
    before = f"{part}/"
    return {n.removeprefix(before): array for n, array in arrays.items() if n.startswith(before)}


def label_table(a: Architecture, weights: Weights) -> np.ndarray:
    """Return what each label adds to the latent, or of the dissertation's generator to its units.

    Returns:
        (num_labels, label_width) or (num_labels, label_units), float32.
    """
    codes = np.asarray(a.codes) if a.codes else np.arange(a.num_labels)[:, None]
    if a.generator == "dissertation":
        return np.eye(a.label_units, dtype="float32")[codes].sum(axis=1)
    return weights["label_concat/embedding"][codes].reshape(a.num_labels, -1)


def misfit(a: Architecture, weights: Weights) -> str:
    """Return the path of a weight that is missing, left over or of another shape; "" for none.

    Example:
        >>> import numpy as np
        >>> from kwavegan import Architecture
        >>> from kwavegan.player import misfit
        >>> misfit(Architecture(256, model="wgan", rate=4096), {"dense/bias": np.zeros(3)})
        'bins/bias'
    """
    wanted = shapes_of(a)
    names = sorted(wanted.keys() | weights.keys())
    return next((n for n in names if n not in weights or weights[n].shape != wanted.get(n)), "")


def refuse_unfit(run: Path, a: Architecture, weights: Weights) -> None:
    """Refuse weights of which no generator can be made, before room is made for one.

    Args:
        run: the folder that they come from, for the message.
        a: what its config.toml describes.
        weights: by path.

    Raises:
        InputError: they are far fewer than `a` has, or not finite.
    """
    given = sum(array.size for array in weights.values())
    wanted = sum(map(prod, shapes_of(a).values()))
    if wanted > _MOST_TIMES * given + _ROOM:
        raise InputError(
            f"{run}: config.toml describes {wanted:,} weights, and the checkpoint has {given:,};"
            " restore the run's own config.toml, or train anew"
        )
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise InputError(
                f"{run}: {name} of the checkpoint is not finite; take another step or run"
            )


_MOST_TIMES, _ROOM = 4, 10_000_000
"""A network of one's own may be smaller than ours so many times, and by so many weights."""


def shapes_of(a: Architecture) -> Shapes:
    """Return the shape of each weight of the generator of `a`, by path."""
    return _frame_shapes(a) if a.generator == "istft" else _stage_shapes(a)


def _frame_shapes(a: Architecture) -> Shapes:
    plan = FramePlan.of(a)
    shapes = _label_and_dense(a, plan.filters[0], plan.first)
    for stage, (before, after) in enumerate(pairwise(plan.filters), start=1):
        shapes |= _layer(f"up_{stage}", FRAME_TAPS, after, before, bias=after)
    for name, head in heads_of(a, plan.hop).items():
        shapes |= _layer(name, plan.filters[-1], head.units, bias=head.units)
    return shapes


def _stage_shapes(a: Architecture) -> Shapes:
    deep = a.stages.filters[-1]
    if a.conditional and a.generator == "dissertation":
        units = FRAMES * deep
        dense = units - a.label_units
        shapes = _layer("dense", a.latent_dim, dense, bias=dense)
        shapes |= _layer("up_0", FRAMES, deep, units, bias=deep)
    else:
        shapes = _label_and_dense(a, deep)
    before = deep
    for stage, (_, after) in enumerate(upward_stages(a), start=1):
        shapes |= _layer(f"up_{stage}", TAPS, after, before, bias=after)
        before = after
    return shapes


def _label_and_dense(a: Architecture, deep: int, frames: int = FRAMES) -> Shapes:
    width = a.latent_dim + (a.label_width if a.conditional else 0)
    shapes = _layer("dense", width, frames * deep, bias=frames * deep)
    if a.conditional:
        shapes["label_concat/embedding"] = (a.label_units, a.label_embedding)
    return shapes


def _layer(name: str, *kernel: int, bias: int) -> Shapes:
    return {f"{name}/kernel": kernel, f"{name}/bias": (bias,)}
