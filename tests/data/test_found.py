"""Every file of a folder is used or spoken of: by what it holds, not by what it is called."""

import os

import numpy as np
import pytest
import soundfile as sf
from support.audio_files import SMALL, rows, write

from kwavegan.audio.recognition import is_audio
from kwavegan.data import PrepareSettings, open_dataset, prepare, prepare_cached
from kwavegan.data.scanner import scan_folder
from kwavegan.errors import InputError, for_command_line

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 32812\n"


def said(summary):
    return "\n".join(summary.lines(for_command_line))


def test_files_are_known_by_their_content_too(tmp_path):
    for form in ("WAV", "FLAC", "OGG", "AIFF", "AU", "CAF", "W64", "VOC", "NIST", "MP3", "RF64"):
        path = tmp_path / form.lower()
        sf.write(path, np.zeros(8000), 16000, format=form)
        assert is_audio(path), form
        path.rename(tmp_path / f"{form}.0001")
        assert is_audio(tmp_path / f"{form}.0001"), form
    for name, content in {
        "notes.txt": b"kick snare hat" * 20,
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
        "photo.heic": bytes(4) + b"ftypheic" + bytes(50),
        "LICENSE": b"MIT",
        "empty": b"",
        "picture.jpg": b"\xff\xd8\xff\xe0" + bytes(500),
        "words": b"\xff\xfek\0i\0c\0k\0",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert not is_audio(tmp_path / name), name
    for name in ("a.WebM", "a.wv", "a.amr", "a.raw", "a.mp2", "a.8svx"):
        assert is_audio(tmp_path / name), name


def test_rare_endings_are_read_and_the_rest_counted(src, tmp_path):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (40, 256))
    for i in range(10):
        write(src / "tom" / f"{i}.sph", sound[i], format="NIST")
        write(src / "tom" / f"{i}.voc", sound[10 + i], 8000, format="VOC", subtype="PCM_16")
        write(src / "clap" / f"{i}", sound[20 + i], format="WAV")
        write(src / "clap" / f"take {i}.bak", sound[30 + i], format="FLAC")
    (src / "kick" / "x.webm").write_bytes(b"\x1aE\xdf\xa3" + bytes(100))
    (src / "kick" / "README").write_text("kicks")
    (src / "kick" / "list.txt").write_text("kicks")
    (src / "empty").mkdir()
    (src / "empty" / "a.txt").write_text("nothing to hear")
    summary = prepare(src, tmp_path / "out", SMALL)
    assert summary.labels == ("clap", "kick", "snare", "tom")
    assert {label: sum(n.values()) for label, n in summary.counts.items()} == {
        "clap": 20, "kick": 30, "snare": 30, "tom": 20,
    }  # fmt: skip
    text = said(summary)
    assert "3 files are not audio, and passed over (.txt, no ending)" in text
    assert "warning: no audio in empty: so no such label" in text
    assert "kick/x.webm" in text


def test_training_on_a_raw_folder_says_what_preparing_it_does(src, tmp_path):
    for i in range(9):
        (src / "kick" / f"bad{i}.wav").write_text("junk " * 100)
    write(src / "kick" / "long.wav", np.full(300, 0.5))
    for _ in range(2):  # the second time nothing has changed
        lines = []
        prepare_cached(src, SMALL, note=lines.append)
        text = "\n".join(map(for_command_line, lines))
        assert "warning: left out 9: not audio that can be read" in text
        assert "kick/bad0.wav" in text
        assert "1 clips cut at the end (--fit slice keeps all)" in text


REASONS = {
    POINTER: "Git LFS",
    "../.git/annex/objects/xx/SHA256E-s1--0.wav/SHA256E-s1--0.wav": "git-annex",
    "<!DOCTYPE html><html><body>404</body></html>": "a web page",
}


@pytest.mark.parametrize("content", REASONS)
def test_what_is_no_sound_but_stands_for_one_is_told_apart(src, tmp_path, content):
    (src / "kick" / "x.wav").write_text(content)
    summary = prepare(src, tmp_path / "out", SMALL)
    assert REASONS[content] in said(summary)
    assert "convert" not in said(summary)
    assert summary.problems.total() == 1


def test_a_folder_of_pointers_is_no_matter_of_formats(tmp_path):
    for i in range(6):
        path = tmp_path / "src" / "ab"[i % 2] / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(POINTER)
    with pytest.raises(InputError, match=r"6: a pointer of Git LFS .*git lfs pull.*a/0\.wav"):
        prepare(tmp_path / "src", tmp_path / "out")
    with pytest.raises(InputError, match=r"none of its 6 .*git lfs pull"):
        prepare(tmp_path / "src", tmp_path / "out", PrepareSettings(2048, 256, 1))


def test_a_label_without_usable_files_is_not_blamed_on_the_split(src, tmp_path):
    for i in range(5):
        (src / "kick" / f"kick{i}.wav").write_text(POINTER)
    for i in range(5, 30):
        (src / "kick" / f"kick{i}.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError) as error:
        prepare(src, tmp_path / "out", SMALL)
    text = str(error.value)
    assert "'kick' has 0 of its 0 usable sounds" in text
    assert "left out 25: not audio" in text
    assert "left out 5: a pointer" in text
    assert "validation" not in text


def test_channels_that_cancel_out_are_not_called_silent(src, tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 256)
    write(src / "kick" / "x.wav", np.stack([noise, -noise], axis=1))
    summary = prepare(src, tmp_path / "out", SMALL)
    assert summary.problems == {"cancels": 1}
    assert "--channels 2 keeps them" in said(summary)
    stereo = prepare(src, tmp_path / "two", PrepareSettings(2048, 256, 2))
    assert not stereo.problems


def test_surround_sound_keeps_its_centre_in_stereo(src, tmp_path):
    voice = np.zeros((256, 6))
    voice[:, 2] = 0.9 * np.sin(np.arange(256))
    write(src / "kick" / "x.wav", voice)
    summary = prepare(src, tmp_path / "out", PrepareSettings(2048, 256, 2))
    assert not summary.problems
    assert summary.notes["mixed"] == 1
    [row] = [row for row in rows(tmp_path / "out") if row["source"] == "kick/x.wav"]
    clip = getattr(open_dataset(tmp_path / "out"), row["split"]).batch([int(row["row"])])[0]
    assert np.abs(clip).max() > 0.15
    assert np.array_equal(clip[:, 0], clip[:, 1])


def test_faint_sounds_of_24_bits_are_not_silent_where_they_are_raised(src, tmp_path):
    faint = 10 ** (-90 / 20) * np.sin(np.arange(256))
    write(src / "kick" / "fine.wav", faint, subtype="PCM_24")
    write(src / "kick" / "coarse.wav", faint, subtype="PCM_16")  # one step: nothing but noise
    write(src / "kick" / "none.wav", np.full(256, 2.0**-23), subtype="PCM_24")
    assert prepare(src, tmp_path / "a", SMALL).problems == {"silent": 3}
    loud = PrepareSettings(2048, 256, normalize="peak")
    summary = prepare(src, tmp_path / "b", loud)
    assert summary.problems == {"silent": 2}
    assert "1 clips raised from below -80 dBFS" in said(summary)
    [row] = [row for row in rows(tmp_path / "b") if row["source"] == "kick/fine.wav"]
    clip = getattr(open_dataset(tmp_path / "b"), row["split"]).batch([int(row["row"])])[0]
    assert np.abs(clip).max() == pytest.approx(0.95, abs=1e-3)
    assert np.corrcoef(clip[:, 0], faint)[0, 1] > 0.999


def test_a_header_that_is_wrong_is_spoken_of(src, tmp_path):
    path = src / "kick" / "x.wav"
    write(path)
    data = bytearray(path.read_bytes())
    data[40:44] = bytes(4)  # no size: the recorder was unplugged
    path.write_bytes(data)
    summary = prepare(src, tmp_path / "out", SMALL)
    assert (summary.clips, summary.notes["header"]) == (61, 1)
    assert "warning: 1 clips of files whose headers state another length" in said(summary)
    assert prepare(src, tmp_path / "out", SMALL).notes["header"] == 1


@pytest.mark.skipif(os.name != "posix", reason="other systems have only Unicode names")
def test_label_folders_that_are_not_utf_8_have_a_label_in_plain_text(tmp_path):
    for name in ("kick", "clav"):
        for i in range(12):
            write(tmp_path / "src" / name / f"{i}.wav", seed=i + 50 * len(name))
    os.rename(tmp_path / "src" / "clav", os.fsdecode(bytes(tmp_path / "src") + b"/clav\xe9"))
    assert scan_folder(tmp_path / "src").labels == ("clavé", "kick")
    prepare(tmp_path / "src", tmp_path / "out", SMALL)
    assert open_dataset(tmp_path / "out").labels == ("clavé", "kick")
    chosen = PrepareSettings(2048, 256, labels=("kick", "clavé"))
    assert prepare(tmp_path / "src", tmp_path / "out", chosen).labels == ("kick", "clavé")
    write(tmp_path / "src" / "clavé" / "0.wav")
    with pytest.raises(InputError, match="two labels are called 'clavé', in different encodings"):
        scan_folder(tmp_path / "src")
