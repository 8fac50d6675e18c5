"""Every measure against another implementation or a closed form."""

import contextlib
import io
import math

import numpy as np
import pytest
from prdc import compute_prdc
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from sklearn.metrics.pairwise import polynomial_kernel

from kwavegan.evaluation import metrics

ROWS = 40


def normal(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def exact(n, mean, deviations, seed):
    """Rows with exactly this mean and, unbiased, these deviations: whitened, then coloured."""
    rows = normal(n, len(mean), seed)
    rows -= rows.mean(axis=0)
    rows = np.linalg.solve(np.linalg.cholesky(np.cov(rows.T)), rows.T).T
    return rows * deviations + mean


def chances(n, labels, seed=0, sharp=0.3):
    """Probabilities (n, labels), none of them so small that it would be clipped."""
    p = np.random.default_rng(seed).dirichlet(np.full(labels, sharp), n) + 1e-4
    return p / p.sum(axis=1, keepdims=True)


def one_hot(n, labels):
    """Sure of each label equally often, sorted by label."""
    return np.repeat(np.eye(labels), n // labels, axis=0)


def shuffled(p, seed=0):
    return p[np.random.default_rng(seed).permutation(len(p))]


# Fréchet distance


def scipys_frechet(a, b):
    ours, theirs = np.cov(a.T), np.cov(b.T)
    root = sqrtm(sqrtm(ours) @ theirs @ sqrtm(ours)).real
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ours + theirs - 2 * root)


def test_frechet_distance_of_diagonal_gaussians_has_a_closed_form():
    rng = np.random.default_rng(1)
    means, deviations = rng.standard_normal((2, 8)), rng.uniform(0.1, 3, (2, 8))
    want = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    sets = [exact(n, *row, n) for n, *row in zip((500, 300), means, deviations, strict=True)]
    assert metrics.frechet_distance(*sets) == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(60, 90), (13, 200)])
def test_frechet_distance_is_scipys(n, m):
    a, b = normal(n, 12) @ normal(12, 12, 3), normal(m, 12, 1) @ normal(12, 12, 2) + 0.3
    want = scipys_frechet(a, b)
    assert metrics.frechet_distance(a, b) == pytest.approx(want, rel=1e-6)
    assert metrics.frechet_distance(b, a) == pytest.approx(want, rel=1e-6)
    assert isinstance(metrics.frechet_distance(a, b), float)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (5, 40), (40, 5), (5, 12)])
def test_frechet_distance_of_few_rows_is_that_in_the_plane_they_lie_in(n, m):
    """Rank-deficient either way: fewer rows than columns, and columns that never vary."""
    a, b = normal(n, 12), normal(m, 12, 1) + 0.5
    turn = np.linalg.qr(normal(30, 12, 2))[0].T
    # SciPy's root of a singular matrix may be complex or NaN: the formula by eigenvalues instead.
    values, vectors = np.linalg.eigh(np.cov(a.T))
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(root @ np.cov(b.T) @ root), 0, None)).sum()
    traces = a.var(0, ddof=1).sum() + b.var(0, ddof=1).sum()
    want = ((a.mean(0) - b.mean(0)) ** 2).sum() + traces - 2 * overlap
    assert metrics.frechet_distance(a, b) == pytest.approx(want, rel=1e-5)
    assert metrics.frechet_distance(a @ turn, b @ turn) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("shape", [(100, 8), (5, 30), (2, 1), (50, 1)])
def test_frechet_distance_of_a_set_to_itself_is_0(shape):
    a = 100 * normal(*shape).astype("float32")
    assert 0 <= metrics.frechet_distance(a, a[::-1]) < 1e-8
    assert 0 <= metrics.frechet_distance(np.zeros(shape), np.zeros(shape)) < 1e-12


def test_frechet_distance_is_never_below_0():
    sets = [normal(50, 4, seed) * 1e4 for seed in range(20)]
    assert all(metrics.frechet_distance(a, a + 0.0) >= 0 for a in sets)


@pytest.mark.parametrize(
    "measure", [metrics.frechet_distance, metrics.kernel_distance, metrics.neighbours]
)
def test_two_rows_at_least(measure):
    for n, m in [(1, 5), (5, 1), (0, 5)]:
        with pytest.raises(ValueError, match="at least two rows"):
            measure(normal(n, 3), normal(m, 3))
    measure(normal(2, 3), normal(2, 3, 1))


# Kernel distance


@pytest.mark.parametrize("chunk", [7, 256])
def test_kernel_distance_is_sklearns(monkeypatch, chunk):
    monkeypatch.setattr(metrics, "_CHUNK", chunk)
    a, b = normal(30, 6), normal(21, 6, 1) + 0.4
    kernels = (polynomial_kernel(*p, degree=3, coef0=1) for p in [(a, a), (b, b), (a, b)])
    ours, theirs, both = kernels
    np.fill_diagonal(ours, 0)
    np.fill_diagonal(theirs, 0)
    want = ours.sum() / (30 * 29) + theirs.sum() / (21 * 20) - 2 * both.mean()
    assert metrics.kernel_distance(a, b) == pytest.approx(want, rel=1e-9)


def test_kernel_distance_is_unbiased():
    """Of one distribution it is 0 in the mean, below it as often as above."""
    values = [
        metrics.kernel_distance(normal(10, 4, seed), normal(15, 4, 1000 + seed))
        for seed in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(400)
    assert min(values) < 0 < max(values)


# Class probabilities


def test_inception_score_is_scipys_over_ten_shuffled_parts():
    p = chances(203, 5)
    parts = np.array_split(shuffled(p, 3), 10)
    want = np.mean([np.exp(np.mean([entropy(q, part.mean(0)) for q in part])) for part in parts])
    assert metrics.inception_score(p, seed=3) == pytest.approx(want, rel=1e-9)


def test_inception_score_has_fewer_parts_where_sounds_are_few():
    p = chances(7, 5)
    assert metrics.inception_score(p) == pytest.approx(metrics.inception_score(p, parts=3))
    assert metrics.inception_score(p) != pytest.approx(metrics.inception_score(p, parts=2))
    assert metrics.inception_score(p[:1]) == pytest.approx(1)


def test_inception_scores_of_sorted_and_sure_sounds_are_the_number_of_labels():
    p = one_hot(8000, 8)
    assert metrics.inception_score(p, parts=1) == pytest.approx(8, rel=1e-4)
    # A part, or a half, of 800 or 4000 drawn sounds misses equal frequencies by a little.
    assert metrics.inception_score(p) == pytest.approx(8, rel=0.01)
    assert metrics.inception_score_halves(p) == pytest.approx(8, rel=0.01)


def test_inception_scores_of_sounds_all_alike_are_1():
    p = np.repeat(chances(1, 6), 30, axis=0)
    for score in (
        metrics.inception_score,
        metrics.inception_score_halves,
        metrics.modified_inception_score,
    ):
        assert score(p) == pytest.approx(1, rel=1e-9)
        assert score(p.astype("float32")) == pytest.approx(1, rel=1e-6)


def test_inception_score_halves_is_scipys():
    p = chances(101, 5)
    first, second = np.split(shuffled(p, 2), [50])
    want = np.exp(np.mean([entropy(q, second.mean(0)) for q in first]))
    assert metrics.inception_score_halves(p, seed=2) == pytest.approx(want, rel=1e-9)
    assert metrics.inception_score_halves(p[:1]) == 1


def test_modified_inception_score_is_the_mean_over_all_pairs():
    p = chances(25, 4)
    want = np.exp(np.mean([entropy(x, y) for x in p for y in p]))
    assert metrics.modified_inception_score(p) == pytest.approx(want, rel=1e-9)


def test_modified_inception_score_of_sure_sounds_is_held_by_the_clip():
    p = one_hot(40, 4)
    want = math.exp(math.log(1e7) * 3 / 4)  # three pairs of four differ, by log(1 / 1e-7) each
    assert metrics.modified_inception_score(p) == pytest.approx(want, rel=1e-4)


def test_am_score_is_scipys():
    p, reference = chances(30, 5), chances(50, 5, 1)
    want = entropy(reference.mean(0), p.mean(0)) + entropy(p, axis=1).mean()
    assert metrics.am_score(p, reference) == pytest.approx(want, rel=1e-9)
    assert metrics.am_score(one_hot(20, 4), one_hot(40, 4)) == pytest.approx(0, abs=1e-4)


# Diversity and neighbours


def test_spread_is_the_root_of_the_summed_variances():
    a = normal(ROWS, 6) * 3 + 5
    assert metrics.spread(a) == pytest.approx(np.sqrt(a.var(axis=0).sum()))
    assert metrics.spread(np.repeat(a[:1], 5, axis=0)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("chunk", [1, 16, 256])
@pytest.mark.parametrize(("n", "m", "k"), [(60, 45, 5), (30, 64, 1), (7, 8, 5)])
def test_neighbours_are_those_of_prdc(monkeypatch, chunk, n, m, k):
    monkeypatch.setattr(metrics, "_CHUNK", chunk)
    generated, real = 0.8 * normal(n, 5) + 0.5, normal(m, 5, 1)
    with contextlib.redirect_stdout(io.StringIO()):
        want = compute_prdc(real_features=real, fake_features=generated, nearest_k=k)
    got = metrics.neighbours(generated, real, k)
    assert {name: getattr(got, name).mean() for name in got._fields} == pytest.approx(want)
    assert (len(got.precision), len(got.density)) == (n, n)
    assert (len(got.recall), len(got.coverage)) == (m, m)
    assert {*got.precision, *got.recall, *got.coverage} <= {0, 1}


def test_neighbours_are_fewer_in_small_sets():
    """Where each ball reaches to the farthest of its own set."""
    generated, real = normal(9, 3), 1.5 * normal(4, 3, 1)
    apart = cdist(generated, real)
    balls = (apart < cdist(real, real).max(axis=0)).sum(axis=1)
    got = metrics.neighbours(generated, real, 100)
    np.testing.assert_array_equal(got.precision, balls > 0)
    np.testing.assert_array_equal(got.density, balls / 3)
    reached = (cdist(generated, generated).max(axis=0) > apart.T).any(axis=1)
    np.testing.assert_array_equal(got.recall, reached)
    assert metrics.neighbours(generated, real, 3).density.tolist() == got.density.tolist()


def test_noise_and_one_sound_repeated_are_found_out():
    real = normal(200, 4)
    far = metrics.neighbours(10 * normal(100, 4, 1) + 100, real)
    assert not far.precision.any()
    assert not far.density.any()
    assert not far.coverage.any()
    one = metrics.neighbours(np.repeat(real[:1], 100, axis=0), real)
    assert one.precision.all()  # each is a good sound
    assert not one.recall.any()
    assert one.coverage.mean() < 0.1
    alike = metrics.neighbours(np.zeros((9, 4)), np.zeros((9, 4)))
    assert not any(values.any() for values in alike)  # what lies on the edge is not within, as prdc
    good = metrics.neighbours(normal(200, 4, 1), real)
    assert min(good.precision.mean(), good.recall.mean(), good.coverage.mean()) > 0.8
    assert good.density.mean() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("n", [1, 15, 16, 17, 40])
def test_nearest_distances_are_scipys(monkeypatch, n):
    monkeypatch.setattr(metrics, "_CHUNK", 16)
    a, b = normal(n, 6) + 1e5, normal(33, 6, 1) + 1e5  # far from 0, where products lose digits
    want = cdist(a, b).min(axis=1)
    np.testing.assert_allclose(metrics.nearest_distances(a, b), want, rtol=1e-8)
    both = cdist(b, b)
    np.fill_diagonal(both, np.inf)
    np.testing.assert_allclose(metrics.nearest_others(b), both.min(axis=1), rtol=1e-8)


def test_a_copy_is_at_0():
    a = 100 * normal(20, 50)
    np.testing.assert_array_equal(metrics.nearest_distances(a[:5], a), 0)
    np.testing.assert_array_equal(metrics.nearest_others(np.concatenate([a, a])), 0)
    np.testing.assert_array_equal(metrics.nearest_others(a[:1]), 0)
    a[1] = a[0] + 0.01  # near, and still seen
    assert metrics.nearest_others(a)[0] == pytest.approx(0.01 * np.sqrt(50), rel=1e-5)


# Waveforms


def waves(*columns):
    return np.stack(columns).astype("float32")[..., None]


def test_loudness_and_offset_have_closed_forms():
    sine = np.sin(2 * np.pi * 8 * np.arange(1024) / 1024)
    sounds = waves(sine, 0.1 * sine + 0.25, np.full(1024, -0.5), np.zeros(1024))
    want = [-3.0103, 10 * math.log10(0.005 + 0.0625), -6.0206, -120]
    np.testing.assert_allclose(metrics.loudness(sounds), want, atol=1e-3)
    np.testing.assert_allclose(metrics.offset(sounds), [0, 0.25, 0.5, 0], atol=1e-6)
    assert metrics.loudness(sounds).dtype == "float64"


def test_channels_are_of_one_sound():
    stereo = np.zeros((1, 100, 2), "float32")
    stereo[..., 0], stereo[..., 1] = 0.5, -0.5
    assert metrics.loudness(stereo) == pytest.approx([-6.0206], abs=1e-3)
    assert metrics.offset(stereo) == pytest.approx([0.5])  # they do not cancel
    stereo[..., 1] = 0
    assert metrics.loudness(stereo) == pytest.approx([-9.0309], abs=1e-3)
    assert metrics.offset(stereo) == pytest.approx([0.5])
    stereo[0, 3] = 1, -1
    assert metrics.clipped(stereo).tolist() == [True]  # one sample of each makes two


def test_silent_is_below_minus_60():
    sounds = waves(*(np.full(64, level) for level in (0, 0.00099, 0.00101, -0.00101, 0.5)))
    assert metrics.silent(sounds).tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("length", "full", "want"),
    [
        (100, 1, False),  # two at least
        (100, 2, True),
        (2000, 2, True),
        (2001, 2, False),  # and 0.1 %
        (16000, 15, False),
        (16000, 16, True),
    ],
)
def test_clipped_is_two_samples_and_a_thousandth_of_them(length, full, want):
    over, under = np.full(length, 0.998), np.full(length, 0.998)
    over[:full] = 0.9991
    under[:full:2], under[1:full:2] = -1, 1
    assert metrics.clipped(waves(over, under)).tolist() == [want, want]


# Errors


def test_standard_error_of_a_mean_is_that_of_the_textbook():
    a = normal(400, 1)[:, 0]
    got = metrics.standard_error(np.mean, (a,), n=400)
    assert got == pytest.approx(a.std() / 20, rel=0.12)
    assert got == metrics.standard_error(np.mean, (a,), n=400)
    assert got != metrics.standard_error(np.mean, (a,), n=400, seed=1)


def test_standard_error_resamples_each_set_by_itself():
    a = normal(300, 1)[:, 0]
    got = metrics.standard_error(lambda x, y: x.mean() - y.mean(), (a, a.copy()), n=400)
    assert got == pytest.approx(a.std() * math.sqrt(2 / 300), rel=0.12)


def test_standard_error_is_the_unbiased_deviation_over_resamples():
    values = iter([1.0, 2.0, 4.0])
    assert metrics.standard_error(lambda _: next(values), (np.zeros(3),), n=3) == pytest.approx(
        np.std([1, 2, 4], ddof=1)
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_standard_error_shows_what_is_not_finite(value):
    values = iter([1.0, value, 2.0])
    assert math.isnan(metrics.standard_error(lambda _: next(values), (np.zeros(3),), n=3))
