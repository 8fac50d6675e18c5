"""What a header claims is not the sound: files are read to where their sound ends."""

import struct

import numpy as np
import pytest
import soundfile as sf

from kwavegan.audio import AudioError, load_audio, read_audio
from kwavegan.audio.decoding import open_audio

RATE = 8000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 1)).astype(np.float32)


def wav(path, sound=NOISE, subtype="PCM_16", **options):
    sf.write(path, sound, RATE, subtype=subtype, **options)
    return bytearray(path.read_bytes())


def heard(path):
    """Return a file's sound and what did not agree."""
    with open_audio(path) as file:
        sound = np.concatenate(list(file.blocks(1000)))
        assert file.frames == len(sound)
        return sound, file.notes


def put(data, mark, size, order="<", at=4):
    """Write another size behind a chunk's name."""
    place = data.index(mark) + at
    data[place : place + 4] = struct.pack(f"{order}I", size)
    return data


WRONG_WAV = {
    "unplugged": lambda data: put(put(data, b"data", 0), b"RIFF", 0),
    "unplugged, and the total right": lambda data: put(data, b"data", 0),
    "half": lambda data: put(data, b"data", 4000),
    "a stream": lambda data: put(put(data, b"data", 2**32 - 1), b"RIFF", 2**32 - 1),
    "a stream of another program": lambda data: put(data, b"data", 0x7FFFFFFF),
    "odd": lambda data: put(data, b"data", 4001),
    "a little too much": lambda data: put(data, b"data", len(data)),
}


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("what", WRONG_WAV)
def test_a_wav_with_a_wrong_size_is_read_to_its_end(tmp_path, what, subtype):
    path = tmp_path / "a.wav"
    data = wav(path, subtype=subtype)
    whole = read_audio(path)[0]
    path.write_bytes(WRONG_WAV[what](data))
    sound, notes = heard(path)
    assert np.array_equal(sound, whole)
    assert notes == ([] if what.startswith("a stream") else ["header"])


def test_chunks_behind_the_sound_are_no_sound(tmp_path):
    path = tmp_path / "a.wav"
    data = wav(path)
    chunks = struct.pack("<4sI3sx", b"note", 3, b"abc") + struct.pack("<4sI4s", b"LIST", 4, b"INFO")
    for tail in (chunks, b"TAG".ljust(128), bytes(5000), b"\0"):
        path.write_bytes(data + tail)
        assert len(heard(path)[0]) == 4000
        assert heard(path)[1] == []
    # No sound at all, and chunks behind that.
    path.write_bytes(put(data[:44], b"data", 0) + chunks)
    with pytest.raises(AudioError, match="holds no sound"):
        read_audio(path)


def test_adpcm_keeps_its_form_under_a_new_header(tmp_path):
    path = tmp_path / "a.wav"
    data = wav(path, subtype="MS_ADPCM")
    whole = read_audio(path)[0]
    path.write_bytes(put(data, b"data", 0))
    sound, notes = heard(path)
    assert notes == ["header"]
    assert np.array_equal(sound[:4000], whole[:4000])


def test_a_size_that_wrapped_at_4_gb_is_read_to_the_end(tmp_path):
    path = tmp_path / "long.wav"
    data = wav(path, subtype="PCM_U8", sound=NOISE[:1000])
    whole = read_audio(path)[0]
    total = 2**32 + 2_000_000
    put(data, b"data", total - 2**32)
    with path.open("wb") as file:  # the rest is a hole: it takes no space
        file.write(data)
        file.truncate(44 + total)
        file.seek(0, 2)
        file.write(struct.pack("<4sI4s", b"LIST", 4, b"INFO"))
    with open_audio(path) as sound:
        assert (sound.frames, sound.notes) == (total, ["header"])
        assert np.array_equal(next(sound.blocks(1000)), whole)


@pytest.mark.parametrize("size", ["zero", "right"])
@pytest.mark.parametrize("mark", [b"RF64", b"BW64"])
def test_rf64_with_no_size_and_bw64_are_read(tmp_path, mark, size):
    path = tmp_path / "a.wav"
    data = wav(path, format="RF64")
    data[:4] = mark
    if size == "zero":
        at = data.index(b"ds64") + 16
        data[at : at + 8] = bytes(8)
    path.write_bytes(data)
    assert len(heard(path)[0]) == 4000


@pytest.mark.parametrize("form", ["AIFF", "AIFC"])
@pytest.mark.parametrize("what", ["frames", "size", "both", "half"])
def test_an_aiff_with_a_wrong_size_is_read_to_its_end(tmp_path, what, form):
    path = tmp_path / "a.aiff"
    subtype = "PCM_16" if form == "AIFF" else "FLOAT"
    sf.write(path, NOISE, RATE, format="AIFF", subtype=subtype)
    whole = read_audio(path)[0]
    data = bytearray(path.read_bytes())
    if what in ("frames", "both"):
        put(data, b"COMM", 0, ">", 10)
    if what != "frames":
        put(data, b"SSND", 4008 if what == "half" else 0, ">")
    path.write_bytes(data)
    sound, notes = heard(path)
    assert np.array_equal(sound, whole)
    assert notes == ["header"]


def test_sun_and_core_audio_files_are_read_to_their_end(tmp_path):
    path = tmp_path / "a.au"
    sf.write(path, NOISE, RATE, format="AU", subtype="PCM_16")
    data = bytearray(path.read_bytes())
    for stated in (0, 4000, 2**32 - 1):
        path.write_bytes(put(data, b".snd", stated, ">", 8))
        assert len(heard(path)[0]) == 4000
    path = tmp_path / "a.caf"
    sf.write(path, NOISE, RATE, format="CAF", subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    for size in (b"\xff" * 8, bytes(8)):
        path.write_bytes(data[:at] + size + data[at + 8 :])
        assert len(heard(path)[0]) == 4000


FORMATS = {
    "a.wav": ("WAV", "PCM_16"),
    "b.wav": ("WAV", "FLOAT"),
    "a.aiff": ("AIFF", "PCM_16"),
    "a.flac": ("FLAC", "PCM_16"),
    "a.ogg": ("OGG", "VORBIS"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_joined_files_are_read_one_after_the_other(tmp_path, name):
    path = tmp_path / name
    kind, subtype = FORMATS[name]
    sf.write(path, NOISE, RATE, format=kind, subtype=subtype)
    one, again = read_audio(path)[0], path.read_bytes()
    path.write_bytes(3 * again)
    sound, notes = heard(path)
    assert np.allclose(sound, np.tile(one, (3, 1)), atol=1e-6)
    assert notes == ["header"]
    assert len(load_audio(path, RATE // 2)) == 6000


def test_a_joined_file_of_another_rate_is_not_read_and_said(tmp_path):
    sf.write(tmp_path / "a.wav", NOISE, RATE)
    sf.write(tmp_path / "b.wav", NOISE, 2 * RATE)
    both = (tmp_path / "a.wav").read_bytes() + (tmp_path / "b.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(both)
    sound, notes = heard(tmp_path / "a.wav")
    assert (len(sound), "unread" in notes) == (4000, True)


def test_many_joined_files_need_few_open_at_once(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "a.wav"
    path.write_bytes(300 * bytes(wav(path, NOISE[:10])))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, limits[1]))
    try:
        assert len(heard(path)[0]) == 3000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("junk", [b"\xff" * 10**6, b"ID3" * 10**5])
def test_junk_is_no_mp3(tmp_path, junk):
    (tmp_path / "a.mp3").write_bytes(junk)
    with pytest.raises(AudioError):
        read_audio(tmp_path / "a.mp3")


def mp3(path, sound):
    sf.write(path, sound, 44100, format="MP3", subtype="MPEG_LAYER_III")
    return path.read_bytes()


@pytest.fixture(scope="module")
def changing():
    """Ten seconds whose first half takes far more bits than the second."""
    time = np.arange(10 * 44100) / 44100
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, len(time))
    return np.where(time < 5, noise, 0.2 * np.sin(2 * np.pi * 300 * time))


def without_tag(data):
    """Cut off the first frame, which states the length."""
    from kwavegan.audio.mpeg import read_frame

    return data[read_frame(data[:4]).size :]


@pytest.mark.parametrize("what", ["no tag", "a picture before", "tag of an earlier version"])
def test_the_frames_of_an_mp3_tell_its_length(tmp_path, changing, what):
    path = tmp_path / "a.mp3"
    data = mp3(path, changing)
    if what == "tag of an earlier version":
        place = data.index(b"Xing" if b"Xing" in data[:200] else b"Info") + 8
        data = data[:place] + (100).to_bytes(4, "big") + data[place + 4 :]
    else:
        data = without_tag(data)
    if what == "a picture before":
        picture = b"\xff\xfb\x90\x00" + bytes(200_000)
        size = len(picture)
        length = bytes(size >> 7 * i & 0x7F for i in (3, 2, 1, 0))
        data = b"ID3\x04\0\0" + length + picture + data
    path.write_bytes(data)
    sound, notes = heard(path)
    assert 0 <= len(sound) - len(changing) < 4 * 1152
    assert notes == (["header"] if what.startswith("tag") else [])


def test_half_an_mp3_is_still_cut_short(tmp_path, changing):
    data = mp3(tmp_path / "a.mp3", changing)
    (tmp_path / "a.mp3").write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="cut short"):
        read_audio(tmp_path / "a.mp3")


def test_flac_from_a_pipe_is_whole(tmp_path):
    path = tmp_path / "a.flac"
    sf.write(path, np.tile(NOISE, (20, 1)), RATE, format="FLAC", subtype="PCM_16")
    whole, data = read_audio(path)[0], bytearray(path.read_bytes())
    about = int.from_bytes(data[18:26], "big") >> 36 << 36  # a length of 0: not known
    data[18:26] = about.to_bytes(8, "big")
    path.write_bytes(data)
    sound, notes = heard(path)
    assert np.array_equal(sound, whole)
    assert notes == []
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="cut short"):
        read_audio(path)
