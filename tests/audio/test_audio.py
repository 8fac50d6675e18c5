"""Reading, resampling, fitting and writing sound."""

import errno
import os
import struct

import numpy as np
import pytest
import soundfile as sf

from kwavegan.audio import (
    Sounds,
    decoding,
    log_mel,
    mel_settings,
    pcm,
    processing,
    resampling,
    soundfiles,
)
from kwavegan.audio.problems import why_not_opened
from kwavegan.errors import InputError


def tone(rate, seconds=1.0, hertz=440.0, level=0.5):
    time = np.arange(round(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def peak_hertz(sound, rate):
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return np.argmax(spectrum) * rate / len(sound)


FORMATS = [
    ("a.wav", "WAV", "PCM_U8", 0.01),
    ("a.wav", "WAV", "PCM_16", 1e-4),
    ("a.wav", "WAVEX", "PCM_16", 1e-4),
    ("a.wav", "WAV", "PCM_24", 1e-6),
    ("a.wav", "WAV", "PCM_32", 1e-6),
    ("a.wav", "WAV", "FLOAT", 1e-7),
    ("a.aiff", "AIFF", "PCM_16", 1e-4),
    ("a.flac", "FLAC", "PCM_16", 1e-4),
    ("a.flac", "FLAC", "PCM_24", 1e-6),
    ("a.ogg", "OGG", "VORBIS", 0.1),
    ("a.mp3", "MP3", "MPEG_LAYER_III", 0.05),
]


@pytest.mark.parametrize(("name", "kind", "subtype", "tolerance"), FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_formats_are_read(tmp_path, name, kind, subtype, tolerance, channels):
    sound = np.stack([tone(22050), tone(22050, hertz=880.0)][:channels], axis=1)
    sf.write(tmp_path / name, sound, 22050, format=kind, subtype=subtype)
    got, rate = soundfiles.read_audio(tmp_path / name)
    assert rate == 22050
    assert got.dtype == np.float32
    assert got.shape == sound.shape
    middle = slice(2000, -2000)  # lossy codecs ring at the ends
    assert np.abs(got[middle] - sound[middle]).max() < tolerance


def test_own_wav_reader_agrees_with_libsndfile(tmp_path, monkeypatch):
    sound = np.random.default_rng(0).integers(-32768, 32768, (999, 2), dtype=np.int16)
    path = tmp_path / "a.wav"
    sf.write(path, sound, 8000)
    # A chunk before the data, of odd size and so padded, as editors write them.
    data = path.read_bytes()
    path.write_bytes(data[:36] + b"note" + struct.pack("<I", 3) + b"abc\0" + data[36:])
    with decoding.open_audio(path, short=0) as file:
        theirs = np.concatenate(list(file.blocks(400)))
    with monkeypatch.context() as patch:
        patch.setattr(decoding.sf, "SoundFile", None)  # the own reader needs none of it
        own, _ = soundfiles.read_audio(path)
    assert np.array_equal(own, theirs)
    assert np.array_equal(pcm.to_int16(own), sound)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])  # the own reader, and libsndfile
def test_decoding_by_blocks_gives_the_same_samples(tmp_path, subtype):
    path = tmp_path / "a.wav"
    sf.write(path, np.stack([tone(44100, 2.0)] * 2, axis=1), 44100, subtype=subtype)
    whole = soundfiles.load_audio(path, 16384)
    assert np.array_equal(soundfiles.load_audio(path, 16384, block=5000), whole)


def test_reading_only_what_is_needed_gives_the_same_samples(tmp_path):
    path = tmp_path / "a.flac"
    sf.write(path, tone(44100, 5.0), 44100)
    whole = soundfiles.load_audio(path, 16384)
    part = soundfiles.load_audio(path, 16384, need=16384)
    assert 16384 <= len(part) < 2 * 16384
    assert np.array_equal(part[:16384], whole[:16384])


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
def test_resampling_keeps_pitch_and_duration(tmp_path, rate):
    path = tmp_path / "a.wav"
    sf.write(path, tone(rate), rate)
    got = soundfiles.load_audio(path, 16384)
    assert got.shape == (16384, 1)
    assert peak_hertz(got[:, 0], 16384) == 440.0
    assert np.abs(got[1000:-1000, 0] - tone(16384)[1000:-1000]).max() < 2e-3
    assert np.array_equal(resampling.resample(soundfiles.read_audio(path)[0], rate, 16384), got)


def test_resampling_removes_what_would_alias(tmp_path):
    sf.write(tmp_path / "a.wav", tone(16384, hertz=3000.0), 16384)
    got = soundfiles.load_audio(tmp_path / "a.wav", 4096)[200:-200]
    assert np.abs(got).max() < 1e-3


def test_mix():
    stereo = np.array([[0.5, -0.1], [0.2, 0.2]], np.float32)
    assert np.allclose(processing.mix(stereo, 1), [[0.2], [0.2]])
    assert processing.mix(stereo, 2) is stereo
    assert np.array_equal(processing.mix(stereo[:, :1], 2), stereo[:, [0, 0]])
    assert np.array_equal(processing.mix(np.ones((4, 6), np.float32), 2), np.ones((4, 2)))


def test_trim_cuts_silence_at_both_ends():
    sound = np.zeros((100, 2), np.float32)
    sound[30, 0] = sound[59, 1] = 0.5
    sound[10] = 0.5 * 10 ** (-60 / 20)  # 60 dB below the peak: noise
    assert len(processing.trim(sound)) == 30
    silence = np.zeros((10, 1), np.float32)
    assert len(processing.trim(silence)) == 10


def test_pad_and_crop_give_the_exact_length():
    sound = np.arange(1, 11, dtype=np.float32)[:, None]
    [(offset, long)] = processing.fit(sound, 13, "pad")
    assert offset == 0
    assert long[:, 0].tolist() == [*range(1, 11), 0, 0, 0]
    [(_, short)] = processing.fit(sound, 4, "pad")
    assert short[:, 0].tolist() == [1, 2, 3, 4]
    [(_, crop)] = processing.fit(sound, 4, "crop")
    assert np.array_equal(crop, short)
    with pytest.raises(
        decoding.AudioError, match="10 samples at the wanted rate, 11 needed"
    ) as info:
        processing.fit(sound, 11, "crop")
    assert info.value.kind == "short"


@pytest.mark.parametrize(
    ("total", "overlap", "offsets"),
    [
        (8, 0.0, [0, 4]),
        (10, 0.0, [0, 4, 8]),  # the last is half full: padded
        (9, 0.0, [0, 4]),  # less than half full: dropped
        (8, 0.5, [0, 2, 4]),  # nothing starts at 6: it would only repeat
        (9, 0.5, [0, 2, 4, 6]),
        (2, 0.0, [0]),
    ],
)
def test_slices(total, overlap, offsets):
    sound = np.arange(1, total + 1, dtype=np.float32)[:, None]
    clips = processing.fit(sound, 4, "slice", overlap)
    assert [offset for offset, _ in clips] == offsets
    for offset, clip in clips:
        wanted = np.zeros(4)
        part = sound[offset : offset + 4, 0]
        wanted[: len(part)] = part
        assert clip[:, 0].tolist() == wanted.tolist()


def test_less_than_half_a_slice_is_too_short():
    with pytest.raises(decoding.AudioError, match="too short"):
        processing.fit(np.ones((1, 1), np.float32), 4, "slice")


def test_normalize():
    sound = tone(16384, level=0.1)[:, None]
    assert processing.normalize(sound, "none") is sound
    assert np.abs(processing.normalize(sound, "peak")).max() == pytest.approx(processing.PEAK)
    rms = np.sqrt(np.mean(processing.normalize(sound, "rms") ** 2))
    assert rms == pytest.approx(processing.RMS, rel=1e-5)
    click = np.zeros((1000, 1), np.float32)
    click[5] = 0.1  # its RMS cannot reach 0.1 without clipping
    assert np.abs(processing.normalize(click, "rms")).max() == pytest.approx(1.0)
    silence = np.zeros((10, 1), np.float32)
    assert processing.normalize(silence, "peak") is silence


def test_int16_and_back_loses_nothing():
    every = np.arange(-32768, 32768).astype(np.int16)
    floats = pcm.to_float(every)
    assert floats.dtype == np.float32
    assert floats.min() == -1.0
    assert floats.max() < 1.0
    assert np.array_equal(pcm.to_int16(floats), every)
    assert pcm.to_int16(np.array([-2.0, 1.0, 2.0])).tolist() == [-32768, 32767, 32767]


def test_audio_of_another_full_scale_is_converted_or_refused(tmp_path):
    sound = tone(16384)[:, None]
    ints = pcm.to_int16(sound)
    settings = mel_settings(16384, 16384)
    same = pcm.to_float(ints)
    assert np.array_equal(Sounds(ints, 16384), same)
    assert np.array_equal(log_mel(ints[None], settings), log_mel(same[None], settings))
    soundfiles.write_wav(tmp_path / "a.wav", ints, 16384, bits=24)
    assert np.array_equal(soundfiles.read_audio(tmp_path / "a.wav")[0], same)
    for wrong in (ints.astype("int32"), (sound * 100).astype("uint8")):
        for use in (
            lambda x: soundfiles.write_wav(tmp_path / "b.wav", x, 16384),
            lambda x: log_mel(x[None], settings),
            Sounds,
        ):
            with pytest.raises(InputError, match=f"audio is {wrong.dtype}; give floats"):
                use(wrong)
    with pytest.raises(InputError, match=r"audio reaches 1\.638e\+04, and must"):
        soundfiles.write_wav(tmp_path / "b.wav", sound * 32768, 16384)
    assert os.listdir(tmp_path) == ["a.wav"]


def test_surround_sound_keeps_every_channel_in_stereo():
    for count in range(3, 12):
        for channel in range(count):
            sound = np.zeros((10, count), np.float32)
            sound[:, channel] = 1.0
            stereo = processing.mix(sound, 2)
            assert stereo.max() > 0.05, (count, channel)
        assert np.allclose(processing.mix(np.ones((4, count), np.float32), 2), 1.0)
    back_left = np.eye(6, dtype=np.float32)[4:5]
    assert (processing.mix(back_left, 2) > 0).tolist() == [[True, False]]


def test_write_wav(tmp_path):
    path = tmp_path / "new" / "a.wav"
    soundfiles.write_wav(path, tone(16384), 16384)
    info = sf.info(path)
    assert (info.format, info.subtype, info.frames, info.samplerate) == (
        "WAV",
        "PCM_16",
        16384,
        16384,
    )
    assert os.listdir(path.parent) == ["a.wav"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no always-full device here")
def test_write_wav_to_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(soundfiles, "write_wav_in_place", lambda path, *_: fill("/dev/full"))
    with pytest.raises(InputError, match=r"a\.wav: cannot be written: the disk is full"):
        soundfiles.write_wav(tmp_path / "a.wav", tone(16384), 16384)
    assert not list(tmp_path.iterdir())


def fill(path):
    with open(path, "wb") as file:
        file.write(b"x" * 100_000)


def problem(path):
    with pytest.raises(decoding.AudioError) as info:
        soundfiles.load_audio(path, 16384)
    assert "\n" not in info.value.reason
    return info.value.kind


@pytest.mark.parametrize(
    ("name", "kind", "subtype"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("a.wav", "WAV", "PCM_24"),
        ("a.wav", "RF64", "PCM_16"),
        ("a.w64", "W64", "PCM_16"),
        ("a.aiff", "AIFF", "PCM_16"),
        ("a.au", "AU", "PCM_16"),
        ("a.flac", "FLAC", "PCM_16"),
        ("a.ogg", "OGG", "VORBIS"),
        ("a.mp3", "MP3", "MPEG_LAYER_III"),
    ],
)
def test_half_a_file_is_truncated(tmp_path, name, kind, subtype):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16000)
    path = tmp_path / name
    sf.write(path, noise, 16000, format=kind, subtype=subtype)
    assert len(soundfiles.load_audio(path, 16384)) == 16384
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert problem(path) == "truncated"


def test_a_wav_written_to_a_pipe_is_not_truncated(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, tone(16384), 16384)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff" * 4  # sizes unknown when the header was written
    path.write_bytes(data)
    assert len(soundfiles.load_audio(path, 16384)) == 16384


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 999_999_999, 2**32 - 1])
def test_absurd_rate(tmp_path, rate):
    path = tmp_path / "a.wav"
    sf.write(path, tone(16384), 16384)
    data = bytearray(path.read_bytes())
    data[24:28] = struct.pack("<I", rate)
    path.write_bytes(data)
    assert problem(path) == "rate"


def test_other_problems(tmp_path):
    path = tmp_path / "a.wav"
    assert problem(path) == "missing"
    path.write_bytes(b"")
    assert problem(path) == "empty"
    path.write_text("not a sound " * 50)
    assert problem(path) == "not audio"
    sf.write(path, np.zeros(0), 16384)
    assert problem(path) == "empty"
    for value in (np.nan, np.inf):
        sound = tone(16384)
        sound[100] = value
        sf.write(path, sound, 16384, subtype="FLOAT")
        assert problem(path) == "not finite"
    path.unlink()
    path.symlink_to(path)  # a link to itself: an error of the system, also for root
    assert problem(path) == "unreadable"


def test_permission(tmp_path, monkeypatch):
    path = tmp_path / "a.flac"
    sf.write(path, tone(16384), 16384)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(decoding.sf, "SoundFile", refuse)
    assert problem(path) == "permission"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may read everything"
)
def test_permission_of_the_system(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, tone(16384), 16384)
    path.chmod(0)
    assert problem(path) == "permission"


def test_what_the_system_says_of_a_file_comes_with_what_to_do(tmp_path):
    error = why_not_opened(tmp_path / "a.wav", OSError(errno.EIO, "Input/output error"))
    assert "cannot be read: the disk reports an input/output error; check it" in str(error)
