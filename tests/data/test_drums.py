"""The built-in drums: told apart by numbers, different within a label, the same every time."""

import numpy as np
import pytest
import soundfile as sf

from kwavegan.data import drum_sounds, drums
from kwavegan.data.manifest import SPLITS

MANY = 40
RATE, LABELS, synthesize = drum_sounds.RATE, drum_sounds.LABELS, drum_sounds.synthesize


@pytest.fixture(scope="module")
def sounds():
    return {label: np.stack([synthesize(label, 0, i) for i in range(MANY)]) for label in LABELS}


def centroids(sounds):
    power = np.abs(np.fft.rfft(sounds)) ** 2
    frequency = np.fft.rfftfreq(sounds.shape[1], 1 / RATE)
    return power @ frequency / power.sum(axis=1)


def test_shape_level_and_end(sounds):
    for each in sounds.values():
        assert each.shape == (MANY, 16384)
        assert each.dtype == np.float32
        peaks = np.abs(each).max(axis=1)
        assert peaks.min() >= 0.95 * 0.3
        assert peaks.max() <= 0.951
        assert peaks.max() > 2 * peaks.min()
        assert np.abs(each[:, -1]).max() < 1e-6
        assert np.abs(each.mean(axis=1)).max() < 0.01


def test_labels_are_told_apart(sounds):
    centre = {label: centroids(each) for label, each in sounds.items()}
    low = np.concatenate([centre["kick"], centre["tom"]])
    middle = np.concatenate([centre["clap"], centre["snare"]])
    high = np.concatenate([centre["closed-hat"], centre["open-hat"]])
    assert low.max() < 400
    assert middle.min() > 800
    assert middle.max() < 6000
    assert high.min() > 8000
    closed, opened = (lengths(sounds[label]) for label in ("closed-hat", "open-hat"))
    assert 1.5 * closed.max() < opened.min()


def lengths(sounds):
    """Return the samples after which a hundredth of the energy is left."""
    energy = np.cumsum(sounds[:, ::-1] ** 2, axis=1)[:, ::-1]
    return np.argmax(energy < 0.01 * energy[:, :1], axis=1)


def test_a_clap_has_several_bursts(sounds):
    for clap in sounds["clap"]:
        level = np.sqrt(np.convolve(clap**2, np.hanning(120), "same"))
        start = level[: int(0.06 * RATE)]
        dips = (
            (start[1:-1] < start[:-2])
            & (start[1:-1] <= start[2:])
            & (start[1:-1] < 0.5 * level.max())
        )
        assert dips.sum() >= 2


def test_a_harder_stroke_has_more_of_a_click():
    kicks = np.stack([synthesize("kick", 0, i) for i in range(150)])
    peaks = np.abs(kicks).max(axis=1)
    power = np.abs(np.fft.rfft(kicks / peaks[:, None])) ** 2
    above = power[:, 2000 * drum_sounds.LENGTH // RATE :].sum(axis=1) / power.sum(axis=1)
    assert np.corrcoef(peaks, np.log(above))[0, 1] > 0.3


def test_a_label_has_variety(sounds):
    for each in sounds.values():
        assert np.std(centroids(each)) / np.mean(centroids(each)) > 0.02
        assert len(np.unique(np.abs(each).max(axis=1))) == MANY
        assert lengths(each).max() > 1.2 * lengths(each).min()
        onset = np.argmax(np.abs(each) > 0.01, axis=1)
        assert len(np.unique(onset)) > 5
        assert onset.max() < 0.006 * RATE


def test_kick_falls_in_pitch(sounds):
    for kick in sounds["kick"][:10]:
        crossings = np.flatnonzero(np.diff(np.signbit(kick[1600:9500])))
        gaps = np.diff(crossings)
        assert gaps[-3:].mean() > gaps[:3].mean()


def test_same_arguments_same_sound():
    first = synthesize("snare", 3, 7)
    assert np.array_equal(first, synthesize("snare", 3, 7))
    assert not np.array_equal(first, synthesize("snare", 3, 8))
    assert not np.array_equal(first, synthesize("snare", 4, 7))


def test_files(tmp_path):
    drums.write_drums(tmp_path / "a", count=3)
    drums.write_drums(tmp_path / "b", count=3)
    names = sorted(str(path.relative_to(tmp_path / "a")) for path in tmp_path.glob("a/*/*"))
    assert names == [f"{label}/{label}_00{i}.wav" for label in LABELS for i in range(3)]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        info = sf.info(tmp_path / "a" / name)
        assert (info.subtype, info.samplerate, info.frames) == ("PCM_16", 44_100, 16_384)


def test_builtin_dataset(shared_cache, monkeypatch):
    monkeypatch.setenv("KWAVEGAN_CACHE", str(shared_cache))
    data = drums.builtin_dataset()
    assert (data.rate, data.length, data.channels) == (44_100, 16_384, 1)
    assert data.labels == LABELS
    assert sum(len(getattr(data, split)) for split in SPLITS) == 1200
    assert set(data.validation.labels) == set(data.test.labels) == set(range(6))
    with monkeypatch.context() as patch:
        patch.setattr(drums, "write_drums", None)  # they are there already
        assert drums.builtin_dataset().path == data.path
    kick = sf.read(shared_cache / "drums-v2" / "kick" / "kick_000.wav", dtype="int16")[0]
    everything = np.concatenate([getattr(data, split).audio[:, :, 0] for split in SPLITS])
    assert (everything == kick).all(axis=1).sum() == 1
