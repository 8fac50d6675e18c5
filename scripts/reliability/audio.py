"""Mutated audio: 1,000 damaged files of 30 formats, each decoded in a child with bounded memory.

nice -n 19 python -m scripts.reliability.audio
"""

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import soundfile as sf

from scripts.common.runner import DOCS, ResultTable
from scripts.reliability.children import run_child

RESULTS = DOCS / "reliability" / "audio.csv"

COLUMNS = ("format", "mutation", "number", "end", "clips", "problem", "seconds", "peak_mb")

MEMORY = 512 << 20
"""Bytes that a child may take beyond what Python and the libraries take."""

SECONDS = 20.0
"""After which a child counts as one that hangs."""

RATE = 16_000

WRITTEN = {
    **{f"wav-{s.lower()}": ("WAV", s) for s in ("PCM_16", "PCM_24", "PCM_U8", "FLOAT", "DOUBLE")},
    **{f"wav-{s.lower()}": ("WAV", s) for s in ("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")},
    **{"rf64": ("RF64", "PCM_16"), "w64": ("W64", "PCM_16"), "wavex": ("WAVEX", "PCM_16")},
    **{"aiff": ("AIFF", "PCM_16"), "aiff-ulaw": ("AIFF", "ULAW"), "au": ("AU", "PCM_16")},
    **{"caf": ("CAF", "PCM_16"), "caf-alac": ("CAF", "ALAC_16"), "flac": ("FLAC", "PCM_16")},
    **{"ogg-vorbis": ("OGG", "VORBIS"), "ogg-opus": ("OGG", "OPUS"), "mp3": ("MP3", None)},
    **{"voc": ("VOC", "PCM_16"), "8svx": ("SVX", "PCM_16"), "nist": ("NIST", "PCM_16")},
    **{"avr": ("AVR", "PCM_16"), "ircam": ("IRCAM", "PCM_16"), "pvf": ("PVF", "PCM_16")},
    **{"htk": ("HTK", "PCM_16"), "mpc2k": ("MPC2K", "PCM_16")},
}
"""Formats that libsndfile writes: container and encoding."""

Mutation = Callable[[bytes, np.random.Generator], bytes]


def _flip(data: bytes, rng: np.random.Generator, within: int) -> bytes:
    changed = bytearray(data)
    for place in rng.integers(0, min(len(data), within), rng.integers(1, 16)):
        changed[place] = rng.integers(256)
    return bytes(changed)


def _big_number(data: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(0, min(len(data), 120) - 4))
    number = int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFFFFF0]))
    return data[:place] + number.to_bytes(4, "little") + data[place + 4 :]


def _inserted(data: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(0, len(data)))
    return data[:place] + rng.bytes(int(rng.integers(1, 4096))) + data[place:]


def _removed(data: bytes, rng: np.random.Generator) -> bytes:
    first, last = sorted(rng.integers(0, len(data), 2))
    return data[:first] + data[last:]


MUTATIONS: dict[str, Mutation] = {
    "bytes of the header": lambda data, rng: _flip(data, rng, 64),
    "bytes anywhere": lambda data, rng: _flip(data, rng, len(data)),
    "a large number": _big_number,
    "cut short": lambda data, rng: data[: int(rng.integers(0, len(data)))],
    "bytes put in": _inserted,
    "bytes taken out": _removed,
    "twice": lambda data, rng: data + data,
    "the start of another": lambda data, rng: rng.bytes(4) + data[4:],
}


def write_formats(folder: Path) -> dict[str, Path]:
    """Write half a second of sound in every format that this libsndfile writes."""
    rng = np.random.default_rng(0)
    sound = 0.3 * np.sin(np.arange(RATE // 2) / 9) + 0.05 * rng.standard_normal(RATE // 2)
    made = {}
    for name, (container, encoding) in WRITTEN.items():
        path = folder / name
        if container in sf.available_formats():
            try:
                sf.write(path, sound, RATE, format=container, subtype=encoding)
            except sf.SoundFileError:
                continue
            made[name] = path
    return made


def mutated(data: bytes, seed: tuple[int, ...]) -> tuple[str, bytes]:
    """Return the name of a mutation and what it makes of a file; equal seeds, equal bytes."""
    rng = np.random.default_rng(seed)
    name = list(MUTATIONS)[int(rng.integers(len(MUTATIONS)))]
    return name, MUTATIONS[name](data, rng)


def decode(path: Path) -> tuple[int, str]:
    """Decode a file as `prepare` does; return its clips, and the kind of its problem."""
    from kwavegan.data.decode import decode_file
    from kwavegan.data.prepare_settings import ClipSettings

    settings = ClipSettings(rate=8_000, length=4_000, channels=1)
    result = decode_file(path, settings)
    return len(result.clips), " ".join(dict.fromkeys(each.kind for each in result.rejections))


def try_files(items: list[tuple[str, str, int, Path]], into: Path) -> None:
    """Decode files one after the other, and write a line for each at once."""
    with into.open("a", encoding="utf-8") as file:
        for form, mutation, number, path in items:
            began = time.monotonic()
            clips, problem = decode(path)
            seconds = time.monotonic() - began
            file.write(f"{form}\t{mutation}\t{number}\tok\t{clips}\t{problem}\t{seconds:.2f}\n")
            file.flush()


def campaign(count: int, table: ResultTable) -> None:
    """Decode the files of each format that have no row yet; a crash costs its own file alone."""
    for module in ("kwavegan.audio.containers", "kwavegan.data.decode"):
        importlib.import_module(module)  # once, before the children

    with TemporaryDirectory() as folder:
        work = Path(folder)
        formats = write_formats(work)
        done = {row["format"] for row in table.rows()}
        for place, (form, path) in enumerate(formats.items()):
            if form in done:
                continue
            share = count // len(formats) + (place < count % len(formats))
            items = []
            for number in range(share):
                mutation, data = mutated(path.read_bytes(), (7, place, number))
                target = work / f"{form}-{number}.{form.split('-')[0]}"
                target.write_bytes(data)
                items.append((form, mutation, number, target))
            table.append(_decoded(items, work))
            click.echo(f"{form}: {share}")


def _decoded(items: list[tuple[str, str, int, Path]], work: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    while len(rows) < len(items):
        into = work / "rows.tsv"
        into.write_text("")
        left = items[len(rows) :]
        end = run_child(lambda left=left, into=into: try_files(left, into), work / "log",
                        most=SECONDS * len(left), memory=MEMORY)  # fmt: skip
        for line in into.read_text().splitlines():
            rows.append({**dict(zip(COLUMNS, line.split("\t"), strict=False)),
                         "peak_mb": round(end.peak)})  # fmt: skip
        if end.code != 0 and len(rows) < len(items):
            form, mutation, number, _ = items[len(rows)]
            said = (end.output.strip().splitlines() or [""])[-1][:100]
            how = "hangs" if end.code is None else f"exit {end.code}: {said}"
            rows.append({"format": form, "mutation": mutation, "number": number, "end": how})
    return rows


@click.command()
@click.option("--count", default=1_000, help="Files in all.")
def main(count: int) -> None:
    """Decode mutated files."""
    campaign(count, ResultTable(RESULTS, COLUMNS, ("format",)))


if __name__ == "__main__":
    main()
