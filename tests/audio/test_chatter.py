"""What libmpg123 writes to stderr stays out of it; what others write comes through."""

import os

import numpy as np
import pytest
import soundfile as sf

from kwavegan.audio.chatter import without_chatter
from kwavegan.audio.decoding import AudioError
from kwavegan.audio.soundfiles import read_audio


@pytest.fixture
def odd_mp3(tmp_path):
    """An MP3 with bytes in it that are no frames."""
    path = tmp_path / "odd.mp3"
    sf.write(path, 0.3 * np.sin(np.arange(44_100) * 0.05), 44_100)
    data = path.read_bytes()
    path.write_bytes(data[:3000] + bytes(range(1, 251)) * 8 + data[3000:])
    return path


def test_an_odd_mp3_is_told_by_us_alone(odd_mp3, capfd):
    with pytest.raises(sf.SoundFileError), sf.SoundFile(odd_mp3) as file:
        file.read()
    assert "libmpg123" in capfd.readouterr().err
    with pytest.raises(AudioError, match="cut short or damaged"):
        read_audio(odd_mp3)
    assert capfd.readouterr().err == ""


def test_what_others_write_comes_through_in_order(capfd):
    with without_chatter():
        os.write(2, b"first\nNote: Trying to resync...\n[src/libmpg123/id3.c:x():1] error: y\n")
        os.write(2, b"Warning: Xing stream size off by more than 1%\nsecond\n")
    os.write(2, b"third\n")
    assert capfd.readouterr().err == "first\nsecond\nthird\n"


def test_an_error_within_leaves_stderr_as_it_was(capfd):
    with pytest.raises(ValueError, match="x"), without_chatter():
        raise ValueError("x")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"
