"""The built-in drums: told apart by numbers, different within a label, the same every time."""

import numpy as np
import pytest
import soundfile as sf

from kwavegan.data import drums
from kwavegan.data.dataset import SPLITS

MANY = 60


@pytest.fixture(scope="module")
def sounds():
    return {
        label: np.stack([drums.synthesize(label, 0, i) for i in range(MANY)])
        for label in drums.LABELS
    }


def centroids(sounds):
    power = np.abs(np.fft.rfft(sounds)) ** 2
    frequency = np.fft.rfftfreq(sounds.shape[1], 1 / drums.RATE)
    return power @ frequency / power.sum(axis=1)


def test_shape_level_and_end(sounds):
    for each in sounds.values():
        assert each.shape == (MANY, 4096)
        assert each.dtype == np.float32
        peaks = np.abs(each).max(axis=1)
        assert peaks.min() >= 0.5
        assert peaks.max() <= 0.951
        assert np.abs(each[:, -1]).max() < 1e-6
        assert np.abs(each.mean(axis=1)).max() < 0.01


def test_labels_are_told_apart(sounds):
    kick, snare, hat = (centroids(sounds[label]) for label in ("kick", "snare", "hat"))
    assert kick.max() < 300
    assert snare.min() > 500
    assert snare.max() < 3000
    assert hat.min() > 5000


def test_a_label_has_variety(sounds):
    for each in sounds.values():
        assert np.std(centroids(each)) / np.mean(centroids(each)) > 0.02
        assert len(np.unique(np.abs(each).max(axis=1))) == MANY
        energy = np.cumsum(each[:, ::-1] ** 2, axis=1)[:, ::-1]
        decay = np.argmax(energy < 0.01 * energy[:, :1], axis=1)
        assert decay.max() > 1.5 * decay.min()
        onset = np.argmax(np.abs(each) > 0.01, axis=1)
        assert len(np.unique(onset)) > 5
        assert onset.max() < 0.006 * drums.RATE


def test_kick_falls_in_pitch(sounds):
    for kick in sounds["kick"][:10]:
        crossings = np.flatnonzero(np.diff(np.signbit(kick[600:3500])))
        gaps = np.diff(crossings)
        assert gaps[-3:].mean() > gaps[:3].mean()


def test_same_arguments_same_sound():
    first = drums.synthesize("snare", 3, 7)
    assert np.array_equal(first, drums.synthesize("snare", 3, 7))
    assert not np.array_equal(first, drums.synthesize("snare", 3, 8))
    assert not np.array_equal(first, drums.synthesize("snare", 4, 7))


def test_files(tmp_path):
    drums.write_drums(tmp_path / "a", count=3)
    drums.write_drums(tmp_path / "b", count=3)
    names = sorted(str(path.relative_to(tmp_path / "a")) for path in tmp_path.glob("a/*/*"))
    assert names == [f"{label}/{label}_00{i}.wav" for label in drums.LABELS for i in range(3)]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        info = sf.info(tmp_path / "a" / name)
        assert (info.subtype, info.samplerate, info.frames) == ("PCM_16", 16384, 4096)


def test_builtin_dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path))
    data = drums.builtin_dataset()
    assert (data.rate, data.length, data.channels) == (16384, 4096, 1)
    assert data.labels == ("hat", "kick", "snare")
    assert sum(len(getattr(data, split)) for split in SPLITS) == 900
    assert set(data.validation.labels) == set(data.test.labels) == {0, 1, 2}
    with monkeypatch.context() as patch:
        patch.setattr(drums, "write_drums", None)  # they are there already
        assert drums.builtin_dataset().path == data.path
    kick = sf.read(tmp_path / "drums-v1" / "kick" / "kick_000.wav", dtype="int16")[0]
    everything = np.concatenate([getattr(data, split).audio[:, :, 0] for split in SPLITS])
    assert (everything == kick).all(axis=1).sum() == 1
