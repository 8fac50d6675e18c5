"""Labels from a table, from names, and from levels of folders; several attributes at once."""

import json

import numpy as np
import pytest
from support.audio_files import SMALL, contents, rows, write

from kwavegan.config.settings import Config
from kwavegan.data import PrepareSettings, load_dataset, open_dataset, prepare
from kwavegan.data.dataset import data_digest
from kwavegan.data.scanner import scan_folder
from kwavegan.errors import InputError

KIT = [f"{drum}-{velocity}-{i:02}" for drum in ("hat", "kick") for velocity in ("hard", "soft")
       for i in range(6)]  # fmt: skip
ALL = ("hat/hard", "hat/soft", "kick/hard", "kick/soft")
PATTERN = "{instrument}-{velocity}-*.wav"


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    """A folder of sounds whose names say what they are; tests read it and leave it."""
    folder = tmp_path_factory.mktemp("flat")
    for name in KIT:
        write(folder / f"{name}.wav")
    return folder


def table(path, *lines, first="file,instrument,velocity"):
    path.write_text("\n".join((first, *lines)) + "\n", encoding="utf-8")
    return str(path)


def kit_table(path, **options):
    lines = (f"{name}.wav,{','.join(name.split('-')[:2])}" for name in KIT)
    return table(path, *lines, **options)


def scanned(folder, **settings):
    settings = PrepareSettings(**settings)
    return scan_folder(folder, settings.labels, settings.labelling)


def refused(folder, **settings):
    with pytest.raises(InputError) as caught:
        scanned(folder, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(str(folder.parent), "")


def test_a_table_a_pattern_and_folders_say_the_same(flat, tmp_path):
    nested = tmp_path / "nested"
    for name in KIT:
        drum, velocity, number = name.split("-")
        write(nested / drum / velocity / f"{number}.wav")
    named = ("instrument", "velocity")
    by_name = scanned(flat, label_pattern=PATTERN)
    found = [
        by_name,
        scanned(flat, labels_from=kit_table(tmp_path / "labels.csv")),
        scanned(nested, attributes=named),
        scanned(nested, label_pattern="{instrument}/{velocity}/*"),
    ]
    for scan in found:
        assert (scan.labels, scan.attributes, scan.outside) == (ALL, named, 0)
        assert [source.label for source in scan.sources] == sorted([*range(4)] * 6)
    assert by_name.said == (f"'{PATTERN}' matches 24 of 24 files: hat-hard-00.wav is instrument"
                            " hat, velocity hard",)  # fmt: skip


def test_a_set_with_attributes_is_prepared_and_opened(flat, tmp_path, cli):
    out = tmp_path / "set"
    said = cli("prepare", flat, out, "--label-pattern", PATTERN, "--rate", 2048, "--length", 256,
               "--wav", "--split", "0,20").stdout  # fmt: skip
    assert f"'{PATTERN}' matches 24 of 24 files" in said
    data = open_dataset(out)
    assert (data.labels, data.attributes) == (ALL, ("instrument", "velocity"))
    assert {row["label"] for row in rows(out)} == set(ALL)
    assert (out / "wav" / "train" / "hat" / "hard").is_dir()
    digest, before = data_digest(data), contents(out)
    again = PrepareSettings(2048, 256, validation=0, test=20, label_pattern=PATTERN)
    assert prepare(flat, out, again, wav=True).unchanged
    assert contents(out) == before
    other = PrepareSettings(2048, 256, validation=0, test=20, label_pattern="{a}-{b}-*.wav")
    prepare(flat, out, other, wav=True)
    assert data_digest(open_dataset(out)) != digest
    assert Config().for_dataset(open_dataset(out)).attributes == ("a", "b")


def test_training_prepares_a_folder_by_its_table(flat, tmp_path):
    path = kit_table(tmp_path / "labels.csv")
    config = Config(labels_from=path, attributes=("velocity",), rate=2048, length=256)
    data = load_dataset(str(flat), config)
    assert (data.labels, data.attributes) == (("hard", "soft"), ("velocity",))
    assert config.for_dataset(data).labels_from == path
    with pytest.raises(InputError, match=r"^labels_from: the labels of .* are known"):
        load_dataset(str(data.path), config)
    with pytest.raises(InputError, match="label_pattern: the labels of the built-in drums"):
        load_dataset("", Config(label_pattern=PATTERN))


def test_sets_without_attributes_are_kept_as_they_are(src, tmp_path):
    """A folder that an earlier version prepared is up to date: nothing new is stored in it."""
    prepare(src, tmp_path / "out", SMALL)
    stored = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert "attributes" not in stored
    assert not {"labels_from", "label_pattern", "attributes"} & stored["settings"].keys()


def test_labels_change_with_the_table_and_nothing_is_decoded_again(flat, tmp_path, decoded):
    path, out = tmp_path / "labels.csv", tmp_path / "out"
    settings = PrepareSettings(2048, 256, labels_from=kit_table(path), test=0, validation=0)
    prepare(flat, out, settings, jobs=1)
    assert len(decoded) == 24
    path.write_text(path.read_text().replace("kick-hard-00.wav,kick", "kick-hard-00.wav,hat"))
    prepare(flat, out, settings, jobs=1)
    assert len(decoded) == 24
    assert np.bincount(open_dataset(out).train.labels).tolist() == [7, 6, 5, 6]


def test_columns_can_be_chosen_and_other_dividers_are_read(flat, tmp_path):
    path = tmp_path / "labels.csv"
    kit_table(path)
    path.write_text("\ufeff" + path.read_text().replace(",", ";"), encoding="utf-8")
    scan = scanned(flat, labels_from=str(path), attributes=("velocity", "instrument"))
    assert scan.labels == ("hard/hat", "hard/kick", "soft/hat", "soft/kick")
    assert scanned(flat, labels_from=str(path), labels=("kick/soft", "hat/soft")).labels == (
        "kick/soft",
        "hat/soft",
    )
    assert "has no column 'pitch'; it has instrument, velocity" in refused(
        flat, labels_from=str(path), attributes=("pitch",)
    )


def test_files_without_a_line_and_lines_without_a_file_are_counted_and_named(flat, tmp_path, cli):
    lines = [f"{name}.wav,{name.split('-')[0]}" for name in KIT if name[-2:] != "05"]
    path = table(tmp_path / "labels.csv", *lines, "gong.wav,gong", first="file,instrument")
    said = cli("prepare", flat, tmp_path / "set", "--labels-from", path, "--split", "0,0").stdout
    assert f"warning: left out 4: not in {path} (such as hat-hard-05.wav, hat-soft-05.wav" in said
    assert "warning: 1 line of " in said
    assert "(such as line 22: gong.wav)" in said
    assert open_dataset(tmp_path / "set").labels == ("hat", "kick")


def test_a_name_alone_will_do_where_it_is_the_only_one(tmp_path):
    for name in ("a/1.wav", "b/2.wav", "b/3.wav", "a/3.wav"):
        write(tmp_path / "src" / name)
    path = tmp_path / "labels.csv"
    first = "file,word"
    table(path, "1.wav,one", "./b/2.wav,two", "b\\3.wav,two", "a/3.wav,one", first=first)
    scan = scanned(tmp_path / "src", labels_from=str(path))
    assert [(source.name, source.label) for source in scan.sources] == [
        ("a/1.wav", 0), ("a/3.wav", 0), ("b/2.wav", 1), ("b/3.wav", 1)
    ]  # fmt: skip
    table(path, "3.wav,one", first=first)
    message = refused(tmp_path / "src", labels_from=str(path))
    assert "line 2: 2 sounds are called 3.wav, such as a/3.wav and b/3.wav; write which" in message
    table(path, "a/1.wav,one", "1.wav,two", first=first)
    assert "line 3: 1.wav is in line 2 already" in refused(tmp_path / "src", labels_from=str(path))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["hat-hard-00.wav,hat,"], "line 2, column velocity: empty, for hat-hard-00.wav; write"),
        (["hat-hard-00.wav,hat"], "line 2, column velocity: empty"),
        (["hat-hard-00.wav,hi/hat,hard"], "line 2, column instrument: 'hi/hat' is no name for a v"),
        ([",hat,hard"], "line 2, column file: names no file"),
        (["a.wav,hat,hard", "", "a.wav,hat,soft"], "line 4: a.wav is in line 2 already; keep one"),
        (["a.wav,hat,hard"], "names none of the 24 audio files of "),
        (["hat-hard-00.wav,hat,hard", "kick-hard-00.wav,Hat,hard"], "'Hat' and 'hat' differ only"),
    ],
)
def test_a_table_with_a_fault_is_refused_by_line_and_column(flat, tmp_path, lines, message):
    path = table(tmp_path / "labels.csv", *lines)
    assert message in refused(flat, labels_from=path).replace("'hat' and 'Hat'", "'Hat' and 'hat'")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("file", "needs a first line such as file,instrument,velocity"),
        ("file,velocity,Velocity", "'velocity' and 'Velocity' are one name; rename one"),
        ("file,", "'' is no name for an attribute"),
        ("file,Kit", "'Kit' would be the option --kit of generate, which says something else"),
    ],
)
def test_a_table_with_a_wrong_first_line_is_refused(flat, tmp_path, first, message):
    assert message in refused(flat, labels_from=table(tmp_path / "labels.csv", first=first))


def test_a_table_that_is_not_there_is_refused(flat, tmp_path, cli):
    message = cli.refuse("prepare", flat, tmp_path / "out", "--labels-from", tmp_path / "no.csv",
                         began="Preparing\n")  # fmt: skip
    assert message.startswith("kwavegan: --labels-from: ")
    assert "No such file or directory" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("pattern", "name", "label"),
    [
        ("{a}-*", "closed-hat-1.WAV", "closed"),
        ("{a}-{b:soft|hard}-*", "closed-hat-hard-1.wav", "closed-hat/hard"),
        ("{a}/{a}_*.wav", "kick/kick_1.wav", "kick"),
        ("**/{a}_?.wav", "x/y/kick_1.wav", "kick"),
        ("*_{word}.WAV", "s1_yes.wav", "yes"),
        ("{a}(1).wav", "kick(1).wav", "kick"),
    ],
)
def test_a_pattern_reads_a_name(tmp_path, pattern, name, label):
    write(tmp_path / "src" / name)
    assert scanned(tmp_path / "src", label_pattern=pattern).labels == (label,)


def test_names_that_do_not_match_are_counted_and_named(flat, tmp_path):
    settings = PrepareSettings(2048, 256, 1, label_pattern="{a}-{b}-0[0].wav")
    with pytest.raises(InputError, match=r"matches none of the 24 audio files of .* \(such as hat"):
        prepare(flat, tmp_path / "out", settings)
    scan = scanned(flat, label_pattern="{drum}-hard-*")
    assert (scan.labels, scan.outside) == (("hat", "kick"), 12)
    assert scan.why_outside.startswith("not matched by '{drum}-hard-*' (such as hat-soft-00.wav")


@pytest.mark.parametrize("pattern", ["*.wav", "{}-*", "{a-*.wav", "{a}}.wav", "{a}-{A}.wav"])
def test_a_pattern_of_no_use_is_refused(flat, pattern):
    assert refused(flat, label_pattern=pattern).startswith("label_pattern: ")


def test_a_split_folder_is_no_part_of_the_path(tmp_path):
    for split in ("train", "test"):
        for name in ("kick/hard/1.wav", "kick/soft/2.wav"):
            write(tmp_path / "src" / split / name)
    scan = scanned(tmp_path / "src", attributes=("drum", "velocity"))
    assert scan.labels == ("kick/hard", "kick/soft")
    assert [source.split for source in scan.sources] == ["test", "train"] * 2


def test_folders_that_are_not_deep_enough_are_refused_or_counted(tmp_path):
    for name in ("kick/1.wav", "kick/hard/2.wav"):
        write(tmp_path / "src" / name)
    scan = scanned(tmp_path / "src", attributes=("drum", "velocity"))
    assert (scan.labels, scan.outside) == (("kick/hard",), 1)
    assert scan.why_outside == "not in a folder for each of drum and velocity (such as kick/1.wav)"
    message = refused(tmp_path / "src", attributes=("a", "b", "c"))
    assert "lies 3 folders deep, one for each of a, b, c (such as kick/" in message


def test_what_says_labels_twice_is_refused():
    with pytest.raises(InputError, match="label_pattern: says the labels itself; leave labels_fro"):
        PrepareSettings(labels_from="a.csv", label_pattern="{a}.wav")
    with pytest.raises(InputError, match="label_pattern: says the labels itself; leave attributes"):
        PrepareSettings(attributes=("a",), label_pattern="{a}.wav")


def test_a_combination_needs_one_sound_and_a_value_two(tmp_path):
    for name in ("kick/hard/1.wav", "kick/soft/2.wav", "hat/hard/3.wav", "hat/soft/4.wav"):
        write(tmp_path / "src" / name)
    every = PrepareSettings(2048, 256, 1, validation=0, test=0, attributes=("drum", "velocity"))
    assert prepare(tmp_path / "src", tmp_path / "out", every).clips == 4
    write(tmp_path / "src" / "gong" / "hard" / "5.wav")
    with pytest.raises(InputError, match="the drum 'gong' has 1 of its 1 usable sounds in the tra"):
        prepare(tmp_path / "src", tmp_path / "out", every)
