"""Sounds elsewhere, by way of fsspec: what is fetched, what is kept, and what never shows."""

import io
import json

import fsspec
import numpy as np
import pytest
import soundfile as sf
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractFileSystem
from support.audio_files import contents

from kwavegan.config.settings import Config
from kwavegan.data import PrepareSettings, load_dataset, load_trained_data, prepare
from kwavegan.data import remote as module
from kwavegan.data.load import stored_source
from kwavegan.data.mirror import mirror_of
from kwavegan.errors import InputError
from kwavegan.storage.addresses import is_address, shown

ADDRESS = "memory://drums/all"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def sound(seed):
    file = io.BytesIO()
    sf.write(file, np.random.default_rng(seed).uniform(-0.5, 0.5, 256), 2048, format="WAV")
    return file.getvalue()


@pytest.fixture
def files():
    """The files of `ADDRESS`: a file system in memory."""
    system = fsspec.filesystem("memory")
    for i in range(24):
        label = ("hat", "kick")[i % 2]
        system.pipe(f"/drums/all/{label}/{i}.wav", sound(i))
    system.pipe("/drums/all/read me.txt", b"of no use")
    system.pipe("/drums/all/.git/x.wav", b"of no use")
    system.pipe("/drums/allowed.wav", b"of another folder")
    yield system
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture
def opened(monkeypatch):
    """The paths that are opened elsewhere."""
    paths = []
    original = MemoryFileSystem._open

    def open_noted(self, path, mode="rb", *args, **kwargs):
        if mode == "rb":
            paths.append(path)
        return original(self, path, mode, *args, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "_open", open_noted)
    return paths


def refused(address, out):
    with pytest.raises(InputError) as caught:
        prepare(address, out)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_address_is_prepared_as_its_folder_would_be(files, tmp_path, cli):
    said = cli("prepare", ADDRESS, tmp_path / "out", "--split", "0,20").stdout
    assert "24 files (24 decoded) → 24 clips" in said
    assert "2 files are not audio, and passed over (.wav, .txt)" in said
    files.get("/drums/all", str(tmp_path / "here"), recursive=True)
    cli("prepare", tmp_path / "here", tmp_path / "same", "--split", "0,20")
    out, same = contents(tmp_path / "out"), contents(tmp_path / "same")
    assert out["train.npy"] == same["train.npy"]
    assert json.loads(out["settings.json"])["source"] == ADDRESS


def test_only_what_changed_is_fetched(files, tmp_path, opened):
    settings = PrepareSettings(2048, 256, validation=0)
    prepare(ADDRESS, tmp_path / "out", settings)
    assert len(opened) == 24
    files.pipe("/drums/all/hat/0.wav", sound(100))  # of the same size
    files.pipe("/drums/all/hat/new.wav", sound(101))
    files.rm("/drums/all/hat/2.wav")
    summary = prepare(ADDRESS + "/", tmp_path / "out", settings)
    assert sorted(opened[24:]) == ["/drums/all/hat/0.wav", "/drums/all/hat/new.wav"]
    assert (summary.decoded, summary.reused) == (2, 22)
    assert not (mirror_of(ADDRESS) / "hat" / "2.wav").exists()
    (mirror_of(ADDRESS) / "hat" / "4.wav").unlink()
    prepare(ADDRESS, tmp_path / "out", settings)
    assert opened[26:] == ["/drums/all/hat/4.wav"]


def test_a_fetch_that_was_broken_off_goes_on(files, tmp_path, opened, monkeypatch):
    original = MemoryFileSystem._open

    def breaks(self, path, *args, **kwargs):
        if path.endswith("/9.wav"):
            raise ConnectionResetError("by peer")
        return original(self, path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "_open", breaks)
        line = refused(ADDRESS, tmp_path / "out")
    assert line.startswith(
        f"{ADDRESS}/kick/9.wav: cannot be reached (ConnectionResetError: by peer)"
    )
    log = mirror_of(ADDRESS) / ".fetched.jsonl"
    known = [json.loads(line)["name"] for line in log.read_text().splitlines()]
    assert known
    assert not list(mirror_of(ADDRESS).rglob(".partial-*"))
    with log.open("a") as file:
        file.write('{"name": "hat')  # of a process that was killed
    before = len(opened)
    prepare(ADDRESS, tmp_path / "out", PrepareSettings(2048, 256))
    assert len(opened) - before == 24 - len(known)


def test_a_file_that_grows_meanwhile_is_not_taken(files, tmp_path, monkeypatch):
    monkeypatch.setattr(module.RemoteFolder, "blocks", lambda self, file: iter([bytes(1 << 20)]))
    assert "changed while it was fetched" in refused(ADDRESS, tmp_path / "out")
    assert not list(mirror_of(ADDRESS).rglob("*.wav"))


def test_training_takes_an_address_and_keeps_it(files):
    said, done = [], []
    config = Config(rate=2048, length=256)
    data = load_dataset(ADDRESS, config, lambda *numbers: done.append(numbers), said.append)
    assert (data.labels, data.spelled, stored_source(f"{ADDRESS}/")) == (
        ("hat", "kick"), ADDRESS, ADDRESS)  # fmt: skip
    assert (24, 24) in done
    config = config.for_dataset(data, stored_source(ADDRESS))
    assert config.data == ADDRESS
    assert len(load_trained_data(config, None, "").train) == len(data.train)


def test_what_else_a_set_needs_comes_along(files, tmp_path):
    files.rm("/drums/all", recursive=True)
    lines = [f"audio/{i}.wav,{i % 2}\n" for i in range(8)]
    for i in range(8):
        files.pipe(f"/drums/all/train/audio/{i}.wav", sound(i))
        files.pipe(f"/drums/all/test/audio/{i}.wav", sound(100 + i))
    for split in ("train", "test"):
        files.pipe(
            f"/drums/all/{split}/metadata.csv", "".join(["file_name,label\n", *lines]).encode()
        )
    files.pipe("/drums/all/much.tar", b"that no one needs")
    summary = prepare(ADDRESS, tmp_path / "out", PrepareSettings(2048, 256))
    assert summary.counts["1"]["test"] == 4
    assert not (mirror_of(ADDRESS) / "much.tar").exists()


@pytest.mark.parametrize("address", [
    f"s3://AKIAIOSFODNN7EXAMPLE:{SECRET}@bucket/drums",
    f"https://me:{SECRET}@host/drums",
    f"s3://bucket/drums?X-Amz-Signature={SECRET}",
    f"simplecache::s3://me:{SECRET}@bucket/drums",
])  # fmt: skip
def test_no_credentials_are_taken_from_an_address_or_shown(address, tmp_path, cli):
    line = cli.refuse("prepare", address, tmp_path / "out", began="Preparing\n")
    line += cli.refuse("train", address, "--name", "x")
    line += cli.refuse("prepare", tmp_path, address, began="Preparing\n")
    for part in (SECRET, "MDENG", "EXAMPLEKEY", "AKIA"):
        assert part not in line
    assert "***" in line
    assert not (tmp_path / "runs").exists()
    with pytest.raises(InputError):
        stored_source(address)


def test_nothing_that_a_package_says_shows_credentials(files, tmp_path, monkeypatch, cli):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def fails(*args, **kwargs):
        raise RuntimeError(f"GET https://u:{SECRET}@host/x?sig={SECRET} with {SECRET}\nand more")

    monkeypatch.setattr(MemoryFileSystem, "find", fails)
    line = cli.refuse("prepare", ADDRESS, tmp_path / "out", began="Preparing\n")
    assert "RuntimeError: GET https://***@host/x?*** with ***" in line
    assert "MDENG" not in line
    with pytest.raises(InputError) as caught:
        prepare(ADDRESS, tmp_path / "out")
    chain = caught.value
    while chain is not None:  # a traceback shows those that are not suppressed
        assert SECRET not in str(chain)
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("memory://nowhere", "memory://nowhere: no such "),
        ("memory://drums/all/hat/0.wav", "is a file; give the folder it lies in"),
        ("wrong://drums", "wrong://drums: "),
        ("local://etc", "local is no protocol of a folder elsewhere"),
        ("memory://", "memory://: names no bucket or folder; write which"),
        ("reference://x", "reference is no protocol of a folder elsewhere"),
    ],
)
def test_addresses_of_no_use_are_refused(files, tmp_path, cli, address, complaint):
    assert complaint in cli.refuse("prepare", address, tmp_path / "out", began="Preparing\n")
    assert not (tmp_path / "out").exists()


def test_a_prepared_folder_and_odd_names_are_refused(files, tmp_path):
    files.pipe("/drums/all/x/../../../y.wav", b"")
    assert "'x/../../../y.wav' in it is no name for a file" in refused(ADDRESS, tmp_path / "out")
    files.rm("/drums/all/x", recursive=True)
    files.pipe("/drums/all/settings.json", b"{}")
    files.pipe("/drums/all/manifest.csv", b"")
    assert "is a prepared folder" in refused(ADDRESS, tmp_path / "out")


def test_what_is_refused_later_names_the_address(files, tmp_path):
    files.rm("/drums/all/hat", recursive=True)
    files.rm("/drums/all/kick", recursive=True)
    line = refused(ADDRESS, tmp_path / "out")
    assert line.startswith(f"{ADDRESS}: no audio in it")


def test_a_folder_that_cannot_be_listed_is_not_passed_over(files, tmp_path, monkeypatch):
    original = MemoryFileSystem.ls

    def ls(self, path, *args, **kwargs):
        if path.endswith("/kick"):
            raise PermissionError("not yours")
        return original(self, path, *args, **kwargs)

    monkeypatch.setattr(MemoryFileSystem, "find", AbstractFileSystem.find)
    prepare(ADDRESS, tmp_path / "out", PrepareSettings(2048, 256))
    assert "no such bucket or folder" in refused("memory://nowhere", tmp_path / "out")
    monkeypatch.setattr(MemoryFileSystem, "ls", ls)
    assert refused(ADDRESS, tmp_path / "out").startswith(f"{ADDRESS}: access denied (not yours)")
    assert len(list(mirror_of(ADDRESS).rglob("*.wav"))) == 24


@pytest.mark.parametrize(
    ("address", "package"),
    [("s3://b/x", "s3fs"), ("gs://b/x", "gcsfs"), ("hf://datasets/x/y", "huggingface_hub")],
)
def test_a_missing_package_is_named(address, package, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == package else object())
    line = cli.refuse("prepare", address, tmp_path / "out", began="Preparing\n")
    assert line == f'kwavegan: {address}: needs {package}; run: pip install "kwavegan[remote]"\n'


def test_a_full_disk_is_said_before_anything_is_fetched(files, tmp_path, monkeypatch, opened):
    from kwavegan.data import mirror

    monkeypatch.setattr(mirror.shutil, "disk_usage", lambda path: type("", (), {"free": 1000}))
    assert "the disk has 0.00 GB free" in refused(ADDRESS, tmp_path / "out")
    assert opened == []


def test_paths_are_no_addresses(tmp_path):
    assert not any(map(is_address, ("a", "/a/b", "C:\\a", "C://a", "file:///a", "a:b", tmp_path)))
    assert shown("/a/b.wav: cannot be read") == "/a/b.wav: cannot be read"
