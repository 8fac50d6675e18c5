import threading

import numpy as np
import pytest

from kwavegan.data.ahead import Ahead
from kwavegan.data.batches import AHEAD, StepBatches
from kwavegan.data.dataset import Split


@pytest.fixture
def sounds():
    """Ten sounds, each a constant that names it."""
    audio = np.arange(10, dtype="int16")[:, None, None] * np.ones((1, 64, 1), "int16")
    return Split(audio, np.arange(10, dtype="int32") % 3)


def batches(sounds, batch_size=4, updates=1, seed=0, start=0, stop=20, labelled=True):
    return StepBatches(sounds, batch_size, updates, seed, start, stop, labelled)


def test_every_pass_holds_every_sound_once(sounds):
    got = np.concatenate([batches(sounds).indices(step) for step in range(20)])
    for begin in range(0, 80, 10):
        assert sorted(got[begin : begin + 10]) == list(range(10))
    assert (got[:10] != got[10:20]).any(), "every pass is in the same order"


def test_a_resumed_training_sees_what_it_would_have_seen(sounds):
    whole, late = batches(sounds), batches(sounds, start=13)
    assert len(late) == 7
    for item in range(7):
        np.testing.assert_array_equal(late[item][0], whole[13 + item][0])
        np.testing.assert_array_equal(late[item][1], whole[13 + item][1])


def test_labels_stay_with_their_sounds_and_audio_is_scaled(sounds):
    audio, labels = batches(sounds)[3]
    assert (audio.shape, audio.dtype) == ((4, 64, 1), np.float32)
    names = np.rint(audio[:, 0, 0] * 32768).astype(int)
    np.testing.assert_array_equal(labels, names % 3)


def test_each_discriminator_update_has_a_batch_of_its_own(sounds):
    audio, labels = batches(sounds, batch_size=3, updates=2)[0]
    assert audio.shape == (3, 2, 64, 1)
    assert labels.shape == (3, 2)
    assert len(np.unique(audio[..., 0, 0])) == 6


def test_a_batch_may_be_larger_than_the_split(sounds):
    assert (
        sorted(np.unique(batches(sounds, batch_size=25).indices(1), return_counts=True)[1])[0] >= 2
    )


def test_unlabelled_items_hold_audio_alone(sounds):
    assert len(batches(sounds, labelled=False)[0]) == 1


def test_seeds_give_other_orders(sounds):
    first, second = (batches(sounds, seed=seed).indices(0) for seed in (0, 1))
    assert (first != second).any()


def test_the_next_steps_are_read_while_one_is_in_use(sounds, monkeypatch):
    asked, read = [], threading.Semaphore(0)
    original = Split.batch

    def batch(split, rows):
        if split is sounds:  # and not that of another test, whose thread is not done yet
            asked.append(tuple(rows))
            read.release()
        return original(split, rows)

    monkeypatch.setattr(Split, "batch", batch)
    sequence = batches(sounds)
    sequence[0]
    for _ in range(1 + AHEAD):
        assert read.acquire(timeout=10)
    assert asked == [tuple(sequence.indices(step)) for step in range(1 + AHEAD)]
    for step in range(1, 20):
        sequence[step]
    assert len(asked) == 20, "each once"


def test_what_is_asked_for_out_of_turn_is_read_then(sounds):
    sequence = batches(sounds)
    for item in (0, 9, 3, 3, 19):
        wanted = sounds.batch(batches(sounds).indices(item))
        np.testing.assert_array_equal(sequence[item][0], wanted)


def test_what_cannot_be_read_is_raised_by_its_step():
    def make(item):
        if item == 2:
            raise OSError("the disk is gone")
        return item

    ahead = Ahead(make, 5, depth=2)
    assert [ahead.get(0), ahead.get(1)] == [0, 1]
    with pytest.raises(OSError, match="gone"):
        ahead.get(2)
    assert ahead.get(3) == 3
