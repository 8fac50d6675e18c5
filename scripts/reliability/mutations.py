"""Damage to files of any kind: of their bytes, and of what they say. Equal seeds, equal damage."""

import csv
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kwavegan.storage.archive import digest_of

Random = np.random.Generator

Mutation = Callable[[bytes, Random], bytes]

ODD = (
    *(None, True, -1, 0, 0.5, 10**15, 10**18, 10**40, 1e308, float("nan"), float("inf")),
    *(
        "",
        "x",
        "../../out",
        "/etc/passwd",
        "a\0b",
        "a\nb",
        "</script><script>",
        "\ud800",
        "9" * 5_000,
    ),
    *([], {}, [[]], {"": {}}, ["x"] * 50, "long" * 60_000),
)
"""Values that stand where others are expected."""


def _flipped(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _stretch(data: bytes, rng: Random) -> tuple[int, int]:
    first, last = sorted(rng.integers(0, len(data) + 1, 2))
    return int(first), int(last)


def _zeroed(data: bytes, rng: Random) -> bytes:
    first, last = _stretch(data, rng)
    return data[:first] + bytes(last - first) + data[last:]


def _cut(data: bytes, rng: Random) -> bytes:
    return data[: int(rng.integers(0, len(data)))]


def _swapped(data: bytes, rng: Random) -> bytes:
    first, last = _stretch(data, rng)
    return data[last:] + data[first:last] + data[:first]


def _removed(data: bytes, rng: Random) -> bytes:
    first, last = _stretch(data, rng)
    return data[:first] + data[last:]


def _put_in(data: bytes, rng: Random) -> bytes:
    place = int(rng.integers(0, len(data) + 1))
    return data[:place] + rng.bytes(int(rng.integers(1, 300))) + data[place:]


OF_BYTES: dict[str, Mutation] = {
    "bits": _flipped,
    "cut short": _cut,
    "zeros": _zeroed,
    "parts swapped": _swapped,
    "bytes taken out": _removed,
    "bytes put in": _put_in,
}


def _odd(rng: Random) -> Any:
    return ODD[int(rng.integers(len(ODD)))]


def changed_json(data: bytes, rng: Random) -> bytes:
    """Put odd values in the place of one or two others, or take them out."""
    value = json.loads(data)
    for _ in range(int(rng.integers(1, 3))):
        value = _changed(value, rng)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _changed(value: Any, rng: Random) -> Any:
    if not isinstance(value, dict | list) or not value or rng.random() < 0.05:
        return _odd(rng)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[int(rng.integers(len(keys)))]
    if rng.random() < 0.15:
        del value[key]
    elif isinstance(value, dict) and rng.random() < 0.1:
        value[str(_odd(rng))[:100]] = value.pop(key)
    else:
        value[key] = _changed(value[key], rng)
    return value


def nested(data: bytes, rng: Random) -> bytes:
    """Return a thousand lists in each other, and more."""
    depth = int(rng.choice([100, 2_000, 100_000]))
    return b"[" * depth + b"]" * depth


def changed_toml(data: bytes, rng: Random) -> bytes:
    """Put odd values in the place of one to three others."""
    lines = data.decode().splitlines()
    places = [i for i, line in enumerate(lines) if " = " in line]
    for place in rng.choice(places, int(rng.integers(1, 4))):
        name = lines[place].split(" = ")[0]
        lines[place] = f"{name} = {_as_toml(_odd(rng), rng)}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _as_toml(value: Any, rng: Random) -> str:
    others = ["1979-05-27", "0x" + "f" * 6_000, "[" * 3_000 + "]" * 3_000, "{a.b = 1}"]
    if value is None or isinstance(value, dict):
        return str(others[int(rng.integers(len(others)))])
    return "nan" if value != value else json.dumps(value).replace("Infinity", "inf")


def changed_table(data: bytes, rng: Random) -> bytes:
    """Put odd values in the place of one to three cells, or take one out."""
    rows = list(csv.reader(io.StringIO(data.decode())))
    for _ in range(int(rng.integers(1, 4))):
        row = rows[int(rng.integers(len(rows)))]
        if row:
            row[int(rng.integers(len(row)))] = str(_odd(rng))
    if rng.random() < 0.2:
        rows[int(rng.integers(len(rows)))].append("1")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def changed_array(data: bytes, rng: Random) -> bytes:
    """Return an array of another type, shape or content."""
    return _saved(_other_array(np.load(io.BytesIO(data)), rng))


def _other_array(array: np.ndarray, rng: Random) -> np.ndarray:
    kinds: list[Callable[[], np.ndarray]] = [
        lambda: array.astype("float64"),
        lambda: array.astype("complex64"),
        lambda: array.astype("S3"),
        lambda: array.astype(bool),
        lambda: array[:0],
        lambda: array.reshape(-1),
        lambda: array[None],
        lambda: np.full(array.shape, -7, array.dtype),
        lambda: np.full(array.shape, 3e38, "float32"),
        lambda: np.full(array.shape, np.nan, "float32"),
        lambda: np.array([{}], object),
        lambda: np.zeros(3, [("a", "f4"), ("b", "i4")]),
        lambda: np.array("2020-01-01", "datetime64[D]"),
    ]
    with np.errstate(all="ignore"):
        return kinds[int(rng.integers(len(kinds)))]()


def _saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def stated_shape(data: bytes, rng: Random) -> bytes:
    """Return an array whose header states a shape that is far larger, or negative."""
    start = data.index(b"'shape': (") + len(b"'shape': (")
    shape = rng.choice([b"99999999999", b"-3", b"9" * 30, b"1,2,3,4,5", b"True", b"os.getpid()"])
    end = data.index(b")", start)
    header = data[:start] + bytes(shape) + data[end:]
    length = header.index(b"\n") - 9
    return header[:8] + length.to_bytes(2, "little") + header[10:]


def forged_archive(data: bytes, rng: Random) -> bytes:
    """Return a checkpoint of other arrays or another header, with a checksum that fits."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
    arrays = {name: np.load(io.BytesIO(each)) for name, each in members.items()}
    names = [name for name in arrays if name.startswith("arrays/")]
    name = names[int(rng.integers(len(names)))]
    kind = int(rng.integers(4))
    if kind == 0:
        arrays[name] = _other_array(arrays[name], rng)
    elif kind == 1:
        del arrays[name]
    elif kind == 2:
        header = nested(b"", rng)
        arrays["header"] = np.frombuffer(header, "uint8")
    else:
        header = changed_json(arrays["header"].tobytes(), rng)
        arrays["header"] = np.frombuffer(header, "uint8")
    del arrays["checksum"]
    plain = {n: a for n, a in arrays.items() if not a.dtype.hasobject}
    arrays["checksum"] = np.frombuffer(digest_of(plain), "uint8")
    return _zipped({f"{n}.npy": _saved(a) for n, a in arrays.items()})


def bomb(data: bytes, rng: Random) -> bytes:
    """Return a checkpoint with a member that is far larger than itself, twice, or misstated."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[int(rng.integers(len(members)))]
    kind = int(rng.integers(3))
    if kind == 0:
        members[name] = stated_shape(members[name], rng) + bytes(64 << 20)
        return _zipped(members, zipfile.ZIP_DEFLATED)
    made = _zipped(members, twice=name if kind == 1 else "")
    if kind == 1:
        return made
    # The size of a member once uncompressed, in the list at the end of an archive.
    place = made.rindex(b"PK\x01\x02") + 24
    return made[:place] + (0xFFFFFFF0).to_bytes(4, "little") + made[place + 4 :]


def _zipped(members: dict[str, bytes], how: int = zipfile.ZIP_STORED, twice: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, how)
        if twice:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                archive.writestr(zipfile.ZipInfo(twice), members[twice])
    return file.getvalue()


OF_KIND: dict[str, dict[str, Mutation]] = {
    ".json": {"values": changed_json, "nested": nested},
    ".toml": {"values": changed_toml},
    ".csv": {"values": changed_table},
    ".npy": {"another array": changed_array, "stated shape": stated_shape},
    ".npz": {"forged": forged_archive, "bomb": bomb},
}
"""Mutations of what a file says, by the ending of its name."""


def mutated(path: Path, data: bytes, seed: tuple[int, ...]) -> tuple[str, bytes]:
    """Return the name of a mutation and what it makes of a file; half are of what the file says."""
    rng = np.random.default_rng(seed)
    choices = OF_BYTES if rng.random() < 0.4 else OF_KIND[path.suffix]
    name = list(choices)[int(rng.integers(len(choices)))]
    return name, choices[name](data, rng)
