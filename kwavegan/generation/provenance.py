"""`about.json` of a folder of sounds: which generator made them, and how it was asked.

A folder holds sounds of one generator: names such as `kick_s0_0000.wav` are the same for each, so
that sounds of another run or step would take the place of those that are there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.backend.selection import versions
from kwavegan.errors import InputError, setting
from kwavegan.gan.sampling import Network
from kwavegan.generation.generator import SoundGenerator
from kwavegan.player import Player
from kwavegan.storage import files
from kwavegan.storage.archive import digest_of
from kwavegan.storage.reading import read_json
from kwavegan.storage.values import table

ABOUT, LATENTS = "about.json", "latents.csv"
"""Names of the files that only a folder of sounds has."""

_WHICH = ("run", "step", "weights")


def weights_digest(network: Network) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a generator's weights.

    They are the same whether NumPy plays it or Keras.
    """
    if isinstance(network, Player):
        weights = network.weights
    else:
        from keras import ops

        # A generator that is no player is a model of Keras.
        weights = {w.path: ops.convert_to_numpy(w) for w in network.weights}
    arrays = {path: np.asarray(array, "float32") for path, array in weights.items()}
    return digest_of(arrays).hex()[:16]


def free_folder(generator: SoundGenerator, wish: Path) -> Path:
    """Return a folder for sounds of a generator: `wish`, unless it holds those of another.

    Then it is the first of `wish-step-8`, `wish-step-8-2`, … that does not.
    """
    if not _is_claimed(wish):
        return wish
    folder, count, which = wish, 1, _which(generator)
    while _others(folder, _read(folder), which):
        end = "" if count == 1 else f"-{count}"
        folder, count = wish.with_name(f"{wish.name}-step-{generator.step}{end}"), count + 1
    return folder


def _is_claimed(folder: Path) -> bool:
    return any((folder / name).exists() for name in (ABOUT, LATENTS))


def _others(folder: Path, stored: Mapping[str, Any], which: Mapping[str, Any]) -> str:
    """Return whose sounds a folder holds, in words; "" for none, or those of this generator."""
    if not _is_claimed(folder):
        return ""
    if all(stored.get(name) == which[name] for name in _WHICH):
        return ""
    if {"run", "step"} <= stored.keys():
        trained_anew = stored["run"] == which["run"] and stored["step"] == which["step"]
        earlier = "an earlier " if trained_anew else ""
        return f"{earlier}{stored['run']}, step {stored['step']}"
    return "a run that it does not name"


def claim(generator: SoundGenerator, folder: Path, call: Mapping[str, Any]) -> None:
    """Write `about.json` before the first sound, with one more call.

    Args:
        generator: makes the sounds.
        folder: of the sounds.
        call: how they were asked for: values that JSON can represent.

    Raises:
        InputError: the folder holds sounds of another run or step, or is not writable.
    """
    stored, which = _read(folder), _which(generator)
    if others := _others(folder, stored, which):
        raise InputError(
            f"{setting('out')}: {folder} holds sounds of {others}; name another folder, or delete"
            " that one"
        )
    calls = stored.get("calls")
    earlier = calls if isinstance(calls, list) else []
    config = generator.config
    about = {
        "kwavegan": versions()["kwavegan"],
        **which,
        "labels": generator.labels,
        "rate": config.rate,
        "length": config.length,
        "channels": config.channels,
        "calls": [*(other for other in earlier if other != call), call],
    }
    files.write_json(folder / ABOUT, about)


def _which(generator: SoundGenerator) -> dict[str, Any]:
    weights = weights_digest(generator.player)
    return {"run": generator.run.name, "step": generator.step, "weights": weights}


def _read(folder: Path) -> dict[str, Any]:
    """Return what `about.json` says; nothing where it is missing or damaged."""
    try:
        return table(read_json(folder / ABOUT))
    except (OSError, ValueError):
        return {}
