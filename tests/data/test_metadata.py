"""Folders with a `metadata.csv` or `metadata.jsonl`, as Hugging Face's audio folders have them."""

import json

import pytest
from support.audio_files import write

from kwavegan.config.settings import Config
from kwavegan.data import PrepareSettings, load_dataset, open_dataset
from kwavegan.data.scanner import scan_folder
from kwavegan.errors import InputError

DRUMS = ("hat", "kick")


@pytest.fixture
def src(tmp_path):
    """Twelve sounds whose names do not say what they are, in one folder."""
    for i in range(12):
        write(tmp_path / "src" / f"{i:02}.wav")
    return tmp_path / "src"


def labelled(folder, numbers, first="file_name,label,velocity", end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    lines = (f"{i:02}.wav,{DRUMS[i % 2]},{('soft', 'hard')[i // 2 % 2]}" for i in numbers)
    (folder / "metadata.csv").write_text(end.join((first, *lines)) + "\n", encoding="utf-8")


def json_lines(path, *values):
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


def scanned(folder, **settings):
    settings = PrepareSettings(**settings)
    return scan_folder(folder, settings.labels, settings.labelling)


def by_name(scan):
    return {source.name: scan.labels[source.label] for source in scan.sources}


def refused(folder, **settings):
    with pytest.raises(InputError) as caught:
        scanned(folder, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_metadata_file_says_the_labels(src, tmp_path, cli):
    labelled(src, range(12))
    said = cli("prepare", src, tmp_path / "out", "--split", "0,20").stdout
    assert said.count("labels are taken from metadata.csv, column label\n") == 1
    assert "not audio" not in said  # the table is used, and not passed over
    assert open_dataset(tmp_path / "out").labels == DRUMS
    assert open_dataset(tmp_path / "out").attributes == ()
    found = by_name(scanned(src))
    assert found == {f"{i:02}.wav": DRUMS[i % 2] for i in range(12)}


def test_training_reads_it_too(src):
    labelled(src, range(12))
    said = []
    data = load_dataset(str(src), Config(rate=2048, length=256), note=said.append)
    assert data.labels == DRUMS
    assert "labels are taken from metadata.csv, column label" in said


def test_attributes_name_other_columns(src):
    labelled(src, range(12))
    scan = scanned(src, attributes=("velocity",))
    assert (scan.labels, scan.attributes) == (("hard", "soft"), ("velocity",))
    labelled(src, range(12), "file_name,drum,velocity")
    scan = scanned(src, attributes=("drum", "velocity"))
    assert scan.labels == ("hat/hard", "hat/soft", "kick/hard", "kick/soft")
    assert "metadata.csv has no column 'room'; it has file_name, drum" in refused(
        src, attributes=("drum", "room")
    )


def test_json_lines_may_hold_whole_numbers(src):
    json_lines(src / "metadata.jsonl", *({"file_name": f"{i:02}.wav", "label": i % 3}
               for i in range(12)))  # fmt: skip
    assert scanned(src).labels == ("0", "1", "2")
    assert scanned(src).said == ("labels are taken from metadata.jsonl, column label",)


def test_each_split_has_a_file_of_its_own(tmp_path):
    for split, numbers in (("train", range(8)), ("validation", range(4)), ("test", range(4))):
        for i in numbers:
            write(tmp_path / split / "audio" / f"{i:02}.wav", seed=i)
        lines = (f"audio/{i:02}.wav,{DRUMS[i % 2]}" for i in numbers)
        (tmp_path / split / "metadata.csv").write_text("\n".join(("file_name,label", *lines)))
    scan = scanned(tmp_path)
    assert scan.labels == DRUMS
    assert scan.outside == 0
    assert [source.split for source in scan.sources].count("train") == 8
    assert by_name(scan)["test/audio/03.wav"] == "kick"
    assert scan.said[-1].startswith(
        "labels are taken from test/metadata.csv, train/metadata.csv and validation/metadata.csv"
    )


def test_what_is_not_listed_or_not_there_is_counted_and_named(src):
    labelled(src, [*range(10), 40, 41])
    scan = scanned(src)
    assert scan.outside == 2
    assert scan.why_outside == "not in metadata.csv (such as 10.wav, 11.wav)"
    assert scan.warned == (
        f"2 lines of metadata.csv name no audio file of {src} (such as metadata.csv, line 12:"
        " 40.wav)",
    )


@pytest.mark.parametrize("text", ["LJ001-01|text, text|text\n", "name,label\na.wav,kick\n", ""])
def test_a_file_of_another_program_changes_nothing_and_is_spoken_of(tmp_path, text):
    for drum in DRUMS:
        write(tmp_path / drum / "1.wav")
    (tmp_path / "metadata.csv").write_text(text)
    scan = scanned(tmp_path)
    assert scan.labels == DRUMS
    assert scan.warned == ("metadata.csv tells no labels: it has no column file_name",)
    assert scan.others == {"csv": 1}


def test_without_a_column_label_folders_say_it(tmp_path):
    for drum in DRUMS:
        write(tmp_path / drum / "1.wav")
    json_lines(tmp_path / "metadata.jsonl", {"file_name": "hat/1.wav", "text": "oh"})
    scan = scanned(tmp_path)
    assert scan.labels == DRUMS
    assert scan.warned[0].startswith("metadata.jsonl tells no labels: no column label (it has text")
    assert scanned(tmp_path, attributes=("drum",)).attributes == ("drum",)  # levels of folders
    assert scanned(tmp_path, attributes=("text",)).labels == ("oh",)


def test_options_that_say_the_labels_go_before_it(src):
    labelled(src, range(12))
    assert len(scanned(src, label_pattern="{number}.wav").labels) == 12


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("file_name,label\n00.wav,\n", "metadata.csv, line 2, column label: empty, for 00.wav"),
        ("file_name,label\n,kick\n", "line 2, column file_name: names no file"),
        ("file_name,label\n00.wav,a/b\n", "line 2, column label: 'a/b' is no name for a value"),
        ("file_name,label\n00.wav,a\n./00.wav,b\n", "00.wav is in metadata.csv, line 2 already"),
        ("file_name,label\n../../etc/passwd,a\n", "names none of the 12 audio files"),
    ],
)
def test_a_table_of_no_use_is_refused(src, text, complaint):
    (src / "metadata.csv").write_text(text)
    assert complaint in refused(src)


@pytest.mark.parametrize("line", ["file_name", '{"file_name": ', '["file_name"]', "[" * 9000])
def test_damaged_json_is_refused(src, line):
    (src / "metadata.jsonl").write_text('{"file_name": "00.wav", "label": "a"}\n' + line)
    assert "metadata.jsonl, line 2: " in refused(src)


def test_labels_that_are_no_names_are_refused(src):
    json_lines(src / "metadata.jsonl", {"file_name": "00.wav", "label": ["kick"]})
    assert "metadata.jsonl, line 1, column label: ['kick'] is neither text nor a whole" in refused(
        src
    )


def test_a_line_of_text_ends_where_a_line_of_a_file_does(src):
    """Not at every character that Unicode calls the end of a line."""
    labelled(src, range(12), "file_name,label,text", end="\u2028again\n")
    assert scanned(src).labels == DRUMS
