from dataclasses import replace

import numpy as np
import pytest
from support.datasets import LENGTH, PITCHES, RATE, sines

from kwavegan.audio.mel import log_mel, mel_settings
from kwavegan.data import PrepareSettings, prepare
from kwavegan.data.dataset import CLASSIFIER, data_digest
from kwavegan.errors import InputError
from kwavegan.evaluation import classifier
from kwavegan.evaluation.classifier import (
    AugmentedBatches,
    augmented,
    default_steps,
    load_or_train_classifier,
    train_classifier,
)
from kwavegan.storage import archive


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return sines(tmp_path_factory.mktemp("toy"))


def make(dataset, progress=None):
    """Return the set's classifier, trained for a moment only."""
    return load_or_train_classifier(dataset, progress, steps=40)


def spectrograms(split, classifier):
    return log_mel(split.batch(np.arange(len(split))), classifier.mel)


def test_a_classifier_learns_the_labels_and_is_kept_beside_the_data(dataset):
    lines = []
    first = make(dataset, lines.append)
    embedding, probabilities = first.predict(spectrograms(dataset.test, first))
    assert embedding.shape == (len(dataset.test), 64)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == dataset.test.labels).mean() == 1
    assert lines == [f"training a classifier on the {len(dataset.train)} training sounds, once"]

    again = make(dataset, lines.append)
    assert (dataset.path / CLASSIFIER).is_file()
    assert len(lines) == 1
    assert again.digest == first.digest
    np.testing.assert_array_equal(again.predict(spectrograms(dataset.test, again))[0], embedding)


def test_a_part_of_a_set_is_predicted_as_in_the_whole(dataset):
    kept = make(dataset)
    many = np.concatenate([spectrograms(dataset.train, kept)] * 2)[:69]
    whole = kept.predict(many)[0]
    np.testing.assert_allclose(whole[-3:], kept.predict(many[-3:])[0], rtol=1e-4, atol=1e-4)


def test_other_data_and_damage_call_for_a_new_classifier(dataset, tmp_path):
    own = replace(dataset, path=tmp_path / "set")
    prepare(dataset.path.parent / "sines", own.path, PrepareSettings(rate=RATE, length=LENGTH))
    lines = []
    make(own, lines.append)
    (own.path / CLASSIFIER).write_bytes(b"damaged")
    make(own, lines.append)
    assert len(lines) == 2
    digest = data_digest(own)
    (own.path / "manifest.csv").write_text("changed")
    assert data_digest(own) != digest
    make(own, lines.append)
    assert len(lines) == 3
    # And `prepare` knows the file as one of its own.
    prepare(dataset.path.parent / "sines", own.path, PrepareSettings(rate=RATE, length=LENGTH))


def test_it_goes_to_the_cache_where_the_set_cannot_be_written(dataset, tmp_path, monkeypatch):
    own = replace(dataset, path=tmp_path / "set")
    prepare(dataset.path.parent / "sines", own.path, PrepareSettings(rate=RATE, length=LENGTH))
    real = archive.write_archive

    def refuse(path, *rest):
        if own.path in path.parents:
            raise PermissionError(13, "Permission denied")
        real(path, *rest)

    monkeypatch.setattr(archive, "write_archive", refuse)
    lines = []
    first = make(own, lines.append)
    assert not (own.path / CLASSIFIER).exists()
    assert make(own, lines.append).digest == first.digest
    assert len(lines) == 1


@pytest.mark.parametrize("make", [load_or_train_classifier, train_classifier])
def test_one_label_is_nothing_to_classify(dataset, make):
    with pytest.raises(InputError, match="only the label 'a'"):
        make(replace(dataset, labels=("a",)))


def test_training_steps_grow_with_the_labels(dataset):
    assert default_steps(dataset) == 400
    assert default_steps(replace(dataset, labels=tuple(map(str, range(30))))) == 1_500


def test_training_is_the_same_whatever_the_number_of_cores(dataset, monkeypatch):
    digests = set()
    for cores in (1, 3):
        monkeypatch.setattr(classifier, "usable_cores", lambda cores=cores: cores)
        digests.add(train_classifier(dataset, steps=40).digest)
    assert len(digests) == 1


def test_a_kept_file_of_other_shapes_calls_for_a_new_classifier(dataset, tmp_path, monkeypatch):
    """Its checksum is right: somebody made it so."""
    own = replace(dataset, path=tmp_path / "set")
    prepare(dataset.path.parent / "sines", own.path, PrepareSettings(rate=RATE, length=LENGTH))
    lines = []
    make(own, lines.append)
    kept = archive.read_archive(own.path / CLASSIFIER)
    for name, array in (("weights/00", np.zeros((5, 1, 64), "float32")), ("more", np.zeros(1))):
        arrays = {**kept.arrays, name: array}
        archive.write_archive(own.path / CLASSIFIER, kept.step, arrays, kept.meta)
        make(own, lines.append)
    assert len(lines) == 3


def test_augmentation_shifts_scales_and_adds_noise():
    sounds = np.zeros((200, 100, 2), "float32")
    sounds[:, 50] = 0.5
    got = augmented(sounds, np.random.default_rng(0))
    places, levels = np.abs(got[..., 0]).argmax(axis=1), np.abs(got[..., 0]).max(axis=1)
    assert (places.min(), places.max()) == (40, 60)
    assert 0.5 * 10 ** (-9 / 20) - 0.06 < levels.min() < 0.25
    assert 0.7 < levels.max() < 0.5 * 10 ** (6 / 20) + 0.06
    rest = np.delete(got, range(40, 61), axis=1).std(axis=(1, 2))
    assert 10 ** (-71 / 20) < rest.min() < 10 ** (-60 / 20)
    assert 10 ** (-35 / 20) < rest.max() < 10 ** (-24 / 20)
    assert got.dtype == np.float32


def test_labels_are_drawn_equally_often(dataset):
    few = np.flatnonzero(np.asarray(dataset.train.labels) == 0)[:2]
    rows = np.concatenate([few, np.flatnonzero(np.asarray(dataset.train.labels) == 1)])
    train = replace(
        dataset.train, audio=dataset.train.audio[rows], labels=dataset.train.labels[rows]
    )
    mel = mel_settings(dataset.rate, dataset.length)
    batches = AugmentedBatches(replace(dataset, train=train), mel)
    drawn = np.concatenate([batches.batch(i)[1] for i in range(20)])
    assert abs((drawn == 0).mean() - 0.5) < 0.1
    assert len(PITCHES) == 2
