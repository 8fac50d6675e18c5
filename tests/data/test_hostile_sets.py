"""Prepared folders that someone made on purpose, or that are damaged."""

import json
import shutil

import numpy as np
import pytest

from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import data_digest, open_dataset
from kwavegan.data.manifest import read_manifest
from kwavegan.errors import InputError


@pytest.fixture
def folder(dataset, tmp_path):
    return shutil.copytree(dataset.path, tmp_path / "set")


def refused(folder, name):
    with pytest.raises(InputError) as caught:
        open_dataset(folder)
    assert f"damaged ({name})" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        *({"rate": rate} for rate in ("2048", 0, -1, 2.5, None, True)),
        *({"labels": labels} for labels in ("kick", None, [1, 2], {"a": 1}, [["a"]])),
        *({"clips": clips} for clips in ([], None, {"train": 5}, {"train": "5"})),
        *({"dtype": kind} for kind in ("object", "V99999999", "float16", ["a"], None, 5)),
        *({"attributes": 5}, {"version": "1"}, {"version": None}, {"format": []}),
    ],
)
def test_settings_of_other_types_are_damage(folder, change):
    path = folder / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    refused(folder, "settings.json")


@pytest.mark.parametrize("text", ["[]", "null", "[" * 99_999, '"x"', "{}", "\xff"])
def test_settings_that_are_no_table_are_damage(folder, text):
    (folder / "settings.json").write_bytes(text.encode("latin1"))
    refused(folder, "settings.json")


@pytest.mark.parametrize("values", [[-1], [9], [2**31 - 1]], ids=str)
def test_labels_out_of_range_are_damage(folder, values):
    labels = np.load(folder / "train_labels.npy")
    labels[:1] = values
    np.save(folder / "train_labels.npy", labels)
    refused(folder, "train_labels.npy")


@pytest.mark.parametrize("name", ["train.npy", "train_labels.npy"])
def test_arrays_of_objects_or_vast_shapes_are_damage(folder, name):
    np.save(folder / name, np.array([{}], object), allow_pickle=True)
    refused(folder, name)
    header = b"{'descr': '<i2', 'fortran_order': False, 'shape': (999999999999, 256, 1), }"
    (folder / name).write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117) + b"\n")
    refused(folder, name)


@pytest.mark.parametrize("name", ["settings.json", "train.npy", "train_labels.npy"])
def test_a_link_out_of_the_folder_is_damage(folder, tmp_path, name):
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    refused(folder, name)


@pytest.mark.parametrize("way", ["into", "beside"])
def test_a_link_to_the_folder_and_within_it_is_none(folder, tmp_path, way):
    if way == "beside":
        (folder / "train.npy").rename(folder / "real.npy")
        (folder / "train.npy").symlink_to("real.npy")
    (tmp_path / "link").symlink_to(folder)
    assert len(open_dataset(tmp_path / "link").train) > 0


def with_cell(path, column, value):
    header, first, *rest = path.read_text().splitlines()
    cells = first.split(",")
    cells[header.split(",").index(column)] = value
    path.write_text("\n".join([header, ",".join(cells), *rest]) + "\n")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(
            ("source", source)
            for source in ("../../etc/passwd", "/etc/passwd", "a/../../b", "", "\0")
        ),
        *(("row", row) for row in ("-2", "x", "9" * 30, "9" * 5_000, "1.5")),
        *(("split", split) for split in ("__class__", "../train", "")),
        *(("sound", sound) for sound in ("xyz", "0" * 15, "-1")),
        ("source", '"' + "x" * 200_000),
    ],
    ids=lambda value: value[:12],
)
def test_a_manifest_names_nothing_outside_and_no_nonsense(folder, column, value):
    with_cell(folder / "manifest.csv", column, value)
    with pytest.raises(ValueError, match=r"."):
        list(read_manifest(folder / "manifest.csv"))
    assert len(data_digest(open_dataset(folder))) == 16


def test_a_row_that_is_not_there_is_prepared_anew(src, tmp_path):
    out, settings = tmp_path / "set", PrepareSettings(rate=8_000, length=800)
    prepare(src, out, settings, jobs=1)
    with_cell(out / "manifest.csv", "row", "999999")
    assert prepare(src, out, settings, jobs=1).decoded == 60


def test_a_picture_of_cuts_reads_no_sound_elsewhere(src, tmp_path):
    from kwavegan.reporting import write_cuts

    out = tmp_path / "set"
    prepare(src, out, PrepareSettings(rate=8_000, length=800, cut=True), jobs=1)
    path = out / "manifest.csv"
    manifest = path.read_text()
    with_cell(path, "source", "../../secret.wav")
    with pytest.raises(InputError, match="no path below a folder"):
        write_cuts(out)
    path.write_text(manifest.splitlines()[0] + "\n")
    with pytest.raises(InputError, match="holds no recordings"):
        write_cuts(out)
