"""The formats that libsndfile does not read: with the extra `formats` they are sounds as others."""

import numpy as np
import pytest
from support.audio_files import SMALL, encode

from kwavegan.audio import AudioError, containers, load_audio, read_audio
from kwavegan.audio.decoding import FINE_STEP, open_audio
from kwavegan.data import prepare
from kwavegan.errors import for_command_line

TONE = (0.5 * np.sin(2 * np.pi * 500 * np.arange(48000) / 48000)).astype(np.float32)

FORMATS = {
    "a.m4a": ("aac", 48000),
    "b.m4a": ("alac", 48000),
    "a.aac": ("aac", 48000),
    "a.wma": ("wmav2", 48000),
    "a.webm": ("libopus", 48000),
    "a.mp4": ("libopus", 48000),
    "a.wv": ("wavpack", 48000),
    "a.ac3": ("ac3", 48000),
    "a.amr": ("libopencore_amrnb", 8000),
}
LOSSLESS = ("b.m4a", "a.wv")
EXACT = (*LOSSLESS, "a.m4a", "a.mp4", "a.webm")


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_read(tmp_path, name):
    codec, rate = FORMATS[name]
    bits = {"bit_rate": 12200} if codec == "libopencore_amrnb" else {"bit_rate": 128000}
    tone = TONE[:: 48000 // rate].copy()
    encode(tmp_path / name, codec, tone, rate, **({} if name in LOSSLESS else bits))
    sound, got = read_audio(tmp_path / name)
    assert (got, sound.shape[1], sound.dtype) == (rate, 1, np.float32)
    slack = 0 if name in EXACT else 0.06 * rate
    assert abs(len(sound) - len(tone)) <= slack
    middle = sound[rate // 4 : rate // 2, 0]
    assert np.argmax(np.abs(np.fft.rfft(middle))) * rate / len(middle) == 500
    assert 0.4 < np.abs(middle).max() < 0.6
    if name in LOSSLESS:
        assert np.abs(sound[:, 0] - tone).max() < 1e-4
    with open_audio(tmp_path / name) as file:
        sizes = [len(block) for block in file.blocks(1000)]
    assert set(sizes[:-1]) == {1000}
    assert sum(sizes) == len(sound)
    assert len(load_audio(tmp_path / name, 4000)) == round(len(sound) * 4000 / rate)


def test_a_film_has_its_sound_track_read(tmp_path):
    import av

    path = tmp_path / "film.mp4"
    encode(path, "aac", TONE, 48000)
    with av.open(str(path)) as sound, av.open(str(tmp_path / "a.mov"), "w") as film:
        video = film.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p")
        track = film.add_stream_from_template(sound.streams.audio[0])
        for _ in range(10):
            film.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
        film.mux(video.encode(None))
        for packet in sound.demux(audio=0):
            if packet.dts is not None:
                packet.stream = track
                film.mux(packet)
    assert abs(len(read_audio(tmp_path / "a.mov")[0]) - 48000) < 2048
    with av.open(str(tmp_path / "mute.mp4"), "w") as film:
        video = film.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p")
        film.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
        film.mux(video.encode(None))
    with pytest.raises(AudioError, match="has no sound track"):
        read_audio(tmp_path / "mute.mp4")


def test_fine_steps_are_known(tmp_path):
    encode(tmp_path / "a.m4a", "alac", TONE)  # of 24 bits
    with open_audio(tmp_path / "a.m4a") as file:
        assert file.step == FINE_STEP


@pytest.mark.parametrize("name", ["a.webm", "a.wv", "b.m4a"])
def test_half_a_file_is_no_sound(tmp_path, name):
    codec, rate = FORMATS[name]
    encode(tmp_path / name, codec, np.random.default_rng(0).random(4 * 48000, "f4"), rate)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError) as error:
        read_audio(tmp_path / name)
    assert error.value.kind in ("truncated", "not audio")
    assert "\n" not in error.value.reason


def test_a_playlist_opens_no_other_file(tmp_path):
    encode(tmp_path / "a.wv", "wavpack", TONE)
    for text in ("ffconcat version 1.0\nfile a.wv", "#EXTM3U\n#EXTINF:1,\na.wv\n#EXT-X-ENDLIST"):
        (tmp_path / "list.mp4").write_text(text)
        with pytest.raises(AudioError, match="cannot be decoded"):
            read_audio(tmp_path / "list.mp4")


def test_without_the_extra_they_are_counted_and_it_is_named(src, tmp_path, monkeypatch):
    for i in range(3):
        encode(src / "kick" / f"x{i}.m4a", "aac", TONE)
    assert prepare(src, tmp_path / "with", SMALL).clips == 63
    monkeypatch.setattr(containers, "available", lambda: False)
    summary = prepare(src, tmp_path / "out", SMALL)
    assert summary.problems == {"formats": 3}
    lines = [line for line in summary.lines(for_command_line) if "kwavegan[formats]" in line]
    assert len(lines) == 1
    assert "left out 3" in lines[0]
    assert "kick/x0.m4a" in lines[0]
    monkeypatch.undo()
    assert prepare(src, tmp_path / "out", SMALL).clips == 63  # tried again, now that it is there
