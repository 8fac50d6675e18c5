"""Ratings of real sounds are kept: for these very sounds, labels and versions of the packages."""

import numpy as np
import pytest

from kwavegan.errors import InputError
from kwavegan.evaluation import external, kept_ratings
from kwavegan.evaluation.kept_ratings import rate_and_keep
from kwavegan.storage.cache import cache_folder

SOUNDS = np.random.default_rng(0).normal(0, 0.1, (4, 64, 1)).astype("float32")
LABELS = np.array([0, 1, 0, 1])
NAMES = ("go", "no")


@pytest.fixture
def asked(monkeypatch):
    """The sounds that an evaluator was asked about; it says their level, and who is loud."""
    calls = []

    def rate(name, sounds, labels, sample_rate, names):
        calls.append(sounds)
        level = np.abs(sounds).mean(axis=(1, 2), dtype="float64")
        return {"overall": level, "label_accuracy": level > np.median(level)}

    monkeypatch.setattr(external, "check", lambda names, labels: None)
    monkeypatch.setattr(external, "rate", rate)
    return calls


def kept_files():
    return sorted((cache_folder() / "judges").glob("*"))


def test_the_same_sounds_are_rated_once(asked):
    first = rate_and_keep("dnsmos", SOUNDS, LABELS, 8000, NAMES)
    again = rate_and_keep("dnsmos", SOUNDS.copy(), LABELS.astype("int32"), 8000, NAMES)
    assert len(asked) == 1
    assert list(first) == list(again)
    for name, values in first.items():
        assert np.array_equal(values, again[name])
        assert values.dtype == again[name].dtype
    assert [path.suffix for path in kept_files()] == [".npz"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "pocketsphinx"},
        {"sounds": SOUNDS * np.float32(1.0001)},
        {"sounds": SOUNDS.reshape(4, 32, 2)},
        {"labels": LABELS[::-1]},
        {"sample_rate": 8001},
        {"names": ("no", "go")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_differs_is_rated_anew(asked, change):
    given = {"name": "dnsmos", "sounds": SOUNDS, "labels": LABELS, "sample_rate": 8000}
    given |= {"names": NAMES}
    rate_and_keep(**given)
    rate_and_keep(**given | change)
    assert len(asked) == 2


def test_another_version_of_the_model_rates_anew(asked, monkeypatch):
    rate_and_keep("dnsmos", SOUNDS, LABELS, 8000, NAMES)
    monkeypatch.setattr(kept_ratings, "package_version", lambda package: f"9 of {package}")
    rate_and_keep("dnsmos", SOUNDS, LABELS, 8000, NAMES)
    assert len(asked) == 2


def test_a_damaged_file_is_made_anew(asked):
    rate_and_keep("dnsmos", SOUNDS, LABELS, 8000, NAMES)
    (path,) = kept_files()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for _ in range(2):
        ratings = rate_and_keep("dnsmos", SOUNDS, LABELS, 8000, NAMES)
    assert len(asked) == 2
    assert len(ratings["overall"]) == 4


def test_a_cache_that_cannot_be_written_does_no_harm(asked, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KWAVEGAN_CACHE", str(tmp_path / "file"))
    for _ in range(2):
        assert len(rate_and_keep("dnsmos", SOUNDS, LABELS, 8000, NAMES)["overall"]) == 4
    assert len(asked) == 2


def test_what_is_kept_is_asked_only_of_known_evaluators():
    with pytest.raises(InputError, match="'ear' is no external evaluator"):
        rate_and_keep("ear", SOUNDS, LABELS, 8000, NAMES)
