"""Sounds in tar archives, as WebDataset has them; archives that were made to do harm."""

import io
import json
import os
import tarfile
import tempfile

import numpy as np
import pytest
import soundfile as sf
from support.audio_files import contents, rows, write

from kwavegan.config.settings import Config
from kwavegan.data import PrepareSettings, load_dataset, open_dataset, prepare
from kwavegan.data.scanner import scan_folder
from kwavegan.errors import InputError

DRUMS = ("hat", "kick")


def sound(seed=0, form="WAV"):
    file = io.BytesIO()
    sf.write(file, np.random.default_rng(seed).uniform(-0.5, 0.5, 256), 2048, format=form)
    return file.getvalue()


def shard(path, members, **options):
    """Write an archive of (name, bytes), or of members as `tarfile` has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", **options) as tar:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = info.size or len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def labelled(first, count=8, form="wav"):
    for i in range(first, first + count):
        yield f"{i:06}.{form}", sound(i, form.upper())
        yield f"{i:06}.cls", f"{DRUMS[i % 2]}\n".encode()


@pytest.fixture
def src(tmp_path):
    shard(tmp_path / "src" / "shard-000000.tar", labelled(0))
    shard(tmp_path / "src" / "shard-000001.tar", labelled(8, form="flac"))
    return tmp_path / "src"


def scanned(folder, **settings):
    settings = PrepareSettings(**settings)
    return scan_folder(folder, settings.labels, settings.labelling)


def refused(folder):
    with pytest.raises(InputError) as caught:
        prepare(folder, folder.parent / "out")
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder}/", "")


def test_shards_are_prepared_as_their_unpacked_files_would_be(src, tmp_path, cli):
    said = cli("prepare", src, tmp_path / "out", "--split", "0,20", "--wav").stdout
    assert (
        "labels are taken from the archives: .cls or the field label in .json of each key" in said
    )
    for path in sorted(src.iterdir()):
        with tarfile.open(path) as tar:
            for member in tar:
                if not member.name.endswith(".cls"):
                    label = tar.extractfile(member.name.split(".")[0] + ".cls").read().decode()
                    plain = tmp_path / "plain" / label.strip() / member.name
                    plain.parent.mkdir(parents=True, exist_ok=True)
                    plain.write_bytes(tar.extractfile(member).read())
    cli("prepare", tmp_path / "plain", tmp_path / "same", "--split", "0,20", "--wav")
    arrays, same = contents(tmp_path / "out"), contents(tmp_path / "same")
    assert len(open_dataset(tmp_path / "out").train) > 8
    for name in same.keys() - {"manifest.csv", "settings.json"}:
        assert arrays[name] == same[name]
    assert rows(tmp_path / "out")[0]["source"] == "shard-000000.tar/000000.wav"


def test_nothing_is_left_unpacked_and_nothing_is_done_twice(src, tmp_path, monkeypatch, decoded):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    settings = PrepareSettings(2048, 256, validation=0)
    prepare(src, tmp_path / "out", settings, jobs=1)
    assert len(decoded) == 16
    assert prepare(src, tmp_path / "out", settings, jobs=1).unchanged
    shard(src / "shard-000001.tar", labelled(8, 9, form="flac"))
    assert prepare(src, tmp_path / "out", settings, jobs=1).decoded == 1
    assert len(decoded) == 17
    assert list((tmp_path / "tmp").iterdir()) == []


def test_training_and_worker_processes_read_them(src, tmp_path):
    data = load_dataset(str(src), Config(rate=2048, length=256))
    assert data.labels == DRUMS
    prepare(src, tmp_path / "a", PrepareSettings(2048, 256), jobs=1)
    prepare(src, tmp_path / "b", PrepareSettings(2048, 256), jobs=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_json_says_labels_and_attributes(tmp_path):
    def members():
        for i in range(4):
            about = {"label": i % 2, "drum": DRUMS[i % 2], "velocity": "soft"}
            yield f"./deep/{i}.json", json.dumps(about).encode()
            yield f"./deep/{i}.WAV", sound(i)
            yield f"./deep/{i}.txt", b"words"

    shard(tmp_path / "src" / "a.tar", members())
    scan = scanned(tmp_path / "src")
    assert (scan.labels, scan.attributes, scan.others) == (("0", "1"), (), {"txt": 4})
    scan = scanned(tmp_path / "src", attributes=("drum", "velocity"))
    assert scan.labels == ("hat/soft", "kick/soft")


def test_folders_of_splits_and_within_archives_count(tmp_path):
    for split in ("train", "test"):
        names = [f"{drum}/{i}.wav" for drum in DRUMS for i in range(2)]
        members = [(name, sound(i)) for i, name in enumerate(names)]
        shard(tmp_path / "src" / split / "0.tar", [(tarfile.TarInfo("._x.wav"), b""), *members])
    scan = scanned(tmp_path / "src")
    assert scan.labels == DRUMS
    assert [source.split for source in scan.sources].count("test") == 4
    assert scan.sources[0].name == "test/0.tar/hat/0.wav"


def test_sounds_without_a_label_and_labels_without_a_sound_are_counted(src):
    shard(src / "more.tar", [("a.wav", sound()), ("b.cls", b"hat"), ("c.cls", b"hat")])
    scan = scanned(src)
    assert scan.outside == 1
    assert scan.why_outside.endswith("in .json (such as more.tar/a.wav)")
    assert scan.warned == ("2 keys have a label and no sound (such as more.tar/b, more.tar/c)",)


def test_an_archive_beside_sounds_is_passed_over(src):
    for drum in DRUMS:
        write(src / drum / "1.wav")
    scan = scanned(src)
    assert len(scan.sources) == 2
    assert scan.others == {"tar": 2}


def test_a_sound_of_no_use_is_named_by_its_archive(src, cli, tmp_path):
    shard(src / "more.tar", [("x.wav", b"nothing"), ("x.cls", b"hat")])
    said = cli("prepare", src, tmp_path / "out").stdout
    assert "such as more.tar/x.wav)" in said
    line = cli.refuse("prepare", src, tmp_path / "two", "--strict", began="Preparing\n")
    assert f"{src}/more.tar/x.wav" in line


def odd(name, kind=tarfile.REGTYPE, link="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        (odd("/etc/cron.d/x.wav"), "is a name that leads out of the archive"),
        (odd("a/../../x.wav"), "is a name that leads out of the archive"),
        (odd("x.wav", tarfile.SYMTYPE, "/etc/passwd"), "is a link"),
        (odd("x.wav", tarfile.LNKTYPE, "../y.wav"), "is a link"),
        (odd("x.wav", tarfile.FIFOTYPE), "is no plain file"),
        (odd("x.wav", tarfile.CHRTYPE), "is no plain file"),
        (odd("x.wav", tarfile.GNUTYPE_SPARSE), "is no plain file"),
    ],
)
def test_hostile_members_are_refused(src, member, complaint):
    shard(src / "more.tar", [("a.wav", sound()), (member, b"")], format=tarfile.GNU_FORMAT)
    line = refused(src)
    assert line.startswith("more.tar: ")
    assert complaint in line


def header(name, size, kind=tarfile.REGTYPE):
    return odd(name, kind, size=size).tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (header("a.wav", 1 << 40), "damaged one"),  # claims a terabyte
        (header("a.wav", -512) * 3, "damaged one"),  # leads back to itself, for ever
        (header("x", 1 << 33, tarfile.XHDTYPE) + bytes(1 << 12), "a header claims 8589934592"),
        (header("x", 1 << 33, tarfile.GNUTYPE_LONGNAME) + bytes(1 << 12), "a header claims"),
        (header("x", 0, tarfile.XHDTYPE) * 3000, "damaged one"),
        (header("a.wav", 512) + bytes(512) + b"x" * 512, "no member at byte 1,024"),
        (b"\x1f\x8b" + bytes(600), "no tar archive"),
        (b"", "no tar archive"),
    ],
)
def test_damaged_archives_are_refused(src, data, complaint):
    (src / "more.tar").write_bytes(data)
    assert complaint in refused(src)


def test_a_truncated_archive_is_refused(src):
    data = (src / "shard-000000.tar").read_bytes()
    (src / "shard-000000.tar").write_bytes(data[:1500])
    assert "damaged one" in refused(src)


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("a.cls", b"", "more.tar/a.cls: empty"),
        ("a.cls", b"x/y", "more.tar/a.cls: 'x/y' is no name"),
        ("a.cls", bytes(2 << 20), "more.tar/a.cls: larger than 1 MB"),
        ("a.json", b"{", "more.tar/a.json: no JSON"),
        ("a.json", b'{"label": 1.5}', "more.tar/a.json, field label: 1.5 is neither"),
        ("a.wav", b"", "holds a.wav twice"),
    ],
)
def test_labels_of_no_use_are_refused(src, name, data, complaint):
    shard(src / "more.tar", [("a.wav", sound()), (name, data)])
    assert complaint in refused(src)


def test_a_sound_of_no_size_to_unpack_is_refused(src):
    path = shard(src / "more.tar", [("b.cls", b"hat")])
    with path.open("r+b") as file:
        file.write(header("a.wav", (1 << 30) + 1))
        file.truncate((1 << 30) + 2048)  # takes no place on the disk
    assert "more.tar/a.wav: larger than 1 GB" in refused(src)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs rights that are kept")
def test_an_archive_that_is_not_readable_is_refused(src):
    (src / "shard-000000.tar").chmod(0)
    assert "cannot be read: permission denied" in refused(src)
