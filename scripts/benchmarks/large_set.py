"""What a set costs that fits into no memory: a million one-second sounds at 44.1 kHz, 88 GB.

    python -m scripts.benchmarks.large_set [--sounds N] [--written N] [--files N] [--folder DIR]

prints a table. The set of `--sounds` is sparse: its shards are holes, which a file system reads as
zeros without a disk. The set of `--written` sounds is noise that is really on the disk, and is
dropped from the page cache before it is read. `--files` tiny sounds tell what `prepare` holds.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kwavegan.audio.pcm import to_float
from kwavegan.data import PrepareSettings, StepBatches, open_dataset, prepare
from kwavegan.data.dataset import FORMAT, SHARDED, data_digest, subset
from kwavegan.data.manifest import SPLITS, ManifestRow, ManifestWriter
from kwavegan.data.prepare_settings import ClipSettings
from kwavegan.data.scanner import split_of
from kwavegan.data.sharded_clips import ShardedClips, rows_name, shard_name
from kwavegan.data.sharding import SHARD_BYTES
from kwavegan.data.writers import HEADER, ClipWriter
from kwavegan.storage.arrays import open_array
from scripts.benchmarks.children import MEGA, child, own_peak

RATE, LABELS = 44_100, 10

BATCH_SIZE = 64

STEPS_PER_S = 45
"""Ten times what a training of such sounds makes today: 2.5 to 4.5 steps a second."""

CLIP = RATE * 2
"""Bytes of a clip."""

_NAME = "scripts.benchmarks.large_set"


def make_set(folder: str, sounds: int, written: bool) -> dict:
    """Make a prepared folder as `prepare` writes it, of noise or of nothing."""
    out = Path(folder)
    out.mkdir(parents=True)
    places: dict[str, list[int]] = {split: [] for split in SPLITS}
    with ManifestWriter(out / "manifest.csv") as manifest:
        for place in range(sounds):
            name = f"label{place % LABELS}/sound{place:07}.wav"
            split, digest = split_of(name), hashlib.sha256(name.encode()).hexdigest()
            row = ManifestRow(
                source=name,
                label=f"label{place % LABELS}",
                split=split,
                speaker="",
                offset=0,
                row=len(places[split]),
                sound=digest[:16],
                checksum=digest,
                size=44 + CLIP,
                mtime_ns=time.time_ns(),
            )
            manifest.write(row)
            places[split].append(place)
    for split, rows in places.items():
        np.save(out / rows_name(split), np.array(rows, np.int64))
        np.save(out / f"{split}_labels.npy", np.array(rows, np.int32) % LABELS)
    per_shard = SHARD_BYTES // CLIP
    shards = [min(per_shard, sounds - first) for first in range(0, sounds, per_shard)]
    for number, clips in enumerate(shards):
        _write_shard(out / shard_name(number), clips, written)
    settings = {
        "format": FORMAT,
        "version": SHARDED,
        "rate": RATE,
        "length": RATE,
        "channels": 1,
        "dtype": "int16",
        "labels": [f"label{label}" for label in range(LABELS)],
        "clips": {split: len(rows) for split, rows in places.items()},
        "shards": [{"clips": clips} for clips in shards],
    }
    (out / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return {"shards": len(shards)}


def _write_shard(path: Path, clips: int, written: bool) -> None:
    rng = np.random.default_rng(0)
    with ClipWriter(path, ClipSettings(rate=RATE, length=RATE, channels=1)) as writer:
        if written:
            for _ in range(clips):
                writer.append(rng.integers(-8_000, 8_000, (RATE, 1), dtype="int16"))
        else:
            writer.count = clips
    os.truncate(path, HEADER + clips * CLIP)


def costs(folder: str) -> dict:
    """Return the processor seconds of what a training does with a set beside its steps."""
    before, found = _private(), {}

    def timed(name: str, work: Callable[[], object]) -> None:
        start = time.process_time()
        work()
        found[name] = time.process_time() - start

    timed("open", lambda: open_dataset(folder))
    data = open_dataset(folder)
    batches = StepBatches(data.train, BATCH_SIZE, 1, 0, 0, 1 << 30, True)
    timed("order of a pass", lambda: batches.indices(0))
    timed("2,000 sounds to measure", lambda: subset(data.train, 2_000))
    timed("digest", lambda: data_digest(data))
    return {**found, "private": _private() - before}


def reading(folder: str, how: str, steps: int, step_s: float, cold: bool) -> dict:
    """Read batches beside steps that sleep; return the share of waiting and the memory.

    Args:
        folder: a prepared one in shards.
        how: "ahead", as a training does; "touched", sound after sound when the step asks for it.
        steps: to make.
        step_s: seconds of each.
        cold: whether to drop the files from the page cache first.
    """
    if cold:
        _drop(Path(folder))
    data = open_dataset(folder)
    batches = StepBatches(data.train, BATCH_SIZE, 1, 0, 0, steps, True)
    clips = data.train.audio
    if how == "touched" and isinstance(clips, ShardedClips):
        get = _touched(Path(folder), clips, batches)
    else:
        get = batches.__getitem__
    get(0)
    before, read = _private(), _bytes_read()
    waited, largest = [], 0.0
    start = time.perf_counter()
    for step in range(1, steps):
        asked = time.perf_counter()
        get(step)
        waited.append(time.perf_counter() - asked)
        largest = max(largest, _private() - before)
        time.sleep(step_s)
    seconds = time.perf_counter() - start
    return {
        "share": sum(waited) / seconds,
        "steps": len(waited) / seconds,
        "longest": max(waited),
        "private": largest,
        "read": (_bytes_read() - read) / len(waited) / MEGA,
    }


def _touched(folder: Path, clips: ShardedClips, batches: StepBatches) -> Callable:
    """Return what reads a step's sounds as a plain map of the files would."""
    shards = [open_array(path, mapped=True) for path in sorted(folder.glob("audio-*.npy"))]

    def get(step: int) -> np.ndarray:
        places = clips.places[batches.indices(step)]
        numbers = clips.number_of(places)
        rows = places - clips.starts[numbers]
        found = [shards[number][row] for number, row in zip(numbers, rows, strict=True)]
        return to_float(np.stack(found))

    return get


def prepare_tiny(src: str, out: str) -> dict:
    """Prepare sounds of 64 samples; return the peak memory and the processor time."""
    start, before = time.process_time(), own_peak()
    settings = PrepareSettings(rate=RATE, length=64, channels=1)
    prepare(src, out, settings, jobs=1)
    return {"seconds": time.process_time() - start, "memory": own_peak() - before}


def _private() -> float:
    """Return the memory of this process alone, in MB, without the pages of mapped files."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / MEGA for line in lines if line.startswith("RssAnon"))


def _bytes_read() -> int:
    """Return the bytes that this process had read from disks."""
    words = Path("/proc/self/io").read_text(encoding="utf-8").split()
    return int(words[words.index("read_bytes:") + 1])


def _drop(folder: Path) -> None:
    """Take the files of a folder out of the page cache."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _tiny_files(folder: Path, count: int) -> None:
    """Write mono sounds of 64 samples."""
    rng, header = np.random.default_rng(0), b""
    for number in range(count):
        path = folder / f"label{number % LABELS}" / f"sound{number:07}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = rng.integers(-8_000, 8_000, 64, dtype="int16").tobytes()
        if not header:
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(samples)
            header = path.read_bytes()[:44]
        path.write_bytes(header + samples)


def _rows(sounds: int, written: int, files: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what was measured, and the numbers."""
    sparse, noise = str(folder / "sparse"), str(folder / "noise")
    child("make_set", _NAME, folder=sparse, sounds=sounds, written=False)
    found = child("costs", _NAME, folder=sparse)
    private = found.pop("private")
    for name, seconds in found.items():
        yield f"{name}, {sounds:,} sounds", f"{seconds:.3f} s of a core"
    yield "memory for all of that", f"{private:.0f} MB"
    yield from _reading_rows(sparse, f"{sounds:,} sparse sounds", ("ahead",), cold=False)
    child("make_set", _NAME, folder=noise, sounds=written, written=True)
    yield from _reading_rows(
        noise, f"{written:,} sounds from the disk", ("touched", "ahead"), cold=True
    )
    shutil.rmtree(noise)
    for count in (files // 100, files // 10, files):
        src, out = folder / f"src{count}", folder / f"out{count}"
        _tiny_files(src, count)
        first, again = (child("prepare_tiny", _NAME, src=str(src), out=str(out)) for _ in range(2))
        for name, each in (("prepare", first), ("prepare again", again)):
            numbers = f"{each['memory']:.0f} MB, {each['seconds']:.1f} s of a core"
            yield f"{name}, {count:,} files", numbers
        shutil.rmtree(src)


def _reading_rows(
    folder: str, what: str, ways: tuple[str, ...], cold: bool
) -> Iterator[tuple[str, str]]:
    for how in ways:
        steps = 200 if how == "ahead" else 30
        for step_s, beside in ((1 / STEPS_PER_S, f"beside {STEPS_PER_S} steps/s"), (0, "alone")):
            found = child(
                "reading", _NAME, folder=folder, how=how, steps=steps, step_s=step_s, cold=cold
            )
            numbers = (
                f"waits {found['share']:.1%} of the time, at most {found['longest'] * 1e3:.0f} ms;"
                if step_s
                else ""
            )
            yield (
                f"{what}, read {how}, {beside}",
                f"{numbers} {found['steps']:.1f} steps/s, {found['read']:.1f} MB read a step,"
                f" memory grows by {found['private']:.0f} MB".strip(),
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sounds", type=int, default=1_000_000)
    parser.add_argument("--written", type=int, default=30_000)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--folder", help="where there is room; default: a temporary folder")
    options = parser.parse_args()
    if options.files < 10_000:
        parser.error("--files: at least 10,000, as a hundredth of them must have two of each label")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        print("| what | measured |\n|---|---|")
        for what, measured in _rows(options.sounds, options.written, options.files, Path(name)):
            print(f"| {what} | {measured} |", flush=True)


TASKS = {
    "make_set": make_set,
    "costs": costs,
    "reading": reading,
    "prepare_tiny": prepare_tiny,
}

if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] in TASKS:
        print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
    else:
        main()
