"""Scores over features: published numbers, closed forms, invariances, and sets that are hard to compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from scipy.spatial import distance
from scipy.spatial.distance import cdist

from kinoeye.base.errors import InputError
from kinoeye.evaluation import manifold
from kinoeye.evaluation.classification import NO_CLASS, count_classes
from kinoeye.evaluation.clatr_scores import clatr_score
from kinoeye.evaluation.feature_extractor import FeatureExtractor
from kinoeye.evaluation.feature_scores import FEATURE_METRICS, score_features, score_sets
from kinoeye.evaluation.frechet import frechet_distance, frechet_interval
from kinoeye.evaluation.manifold import overlap
from kinoeye.evaluation.measurement import Measurement

FIXTURES = Path(__file__).parents[1] / "fixtures" / "metrics"
OFFICIAL = load_file(FIXTURES / "metrics.safetensors")
LABELS = load_file(FIXTURES / "tag_f1.safetensors")
PREDICTED, REFERENCE, TEXTS = (OFFICIAL[name].astype(np.float64) for name in ("pred", "ref", "text"))

seeds = st.integers(0, 2**32 - 1)


def with_moments(mean: np.ndarray, covariance: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Samples whose mean and unbiased covariance are exactly these."""
    drawn = np.random.default_rng(seed).standard_normal((count, len(mean)))
    drawn -= drawn.mean(axis=0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def random_rotation(size: int, seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def test_the_published_evaluation_gives_the_same_numbers():
    assert frechet_distance(PREDICTED, REFERENCE) == pytest.approx(OFFICIAL["fcd"].item(), rel=1e-5)
    assert clatr_score(PREDICTED, TEXTS, floored=True).value == pytest.approx(OFFICIAL["clatr_score"].item(), rel=1e-5)
    found = score_features(PREDICTED, REFERENCE, chunks=5)
    for name in ("precision", "recall", "density", "coverage"):
        assert found[name].value == pytest.approx(OFFICIAL[name].item(), rel=1e-5), name
    assert overlap(PREDICTED, REFERENCE).density.mean() != pytest.approx(OFFICIAL["density"].item(), rel=0.1)


def test_weighted_scores_equal_the_published_ones():
    scores = count_classes([(LABELS["pred"], LABELS["target"])]).scores()
    for name in ("precision", "recall", "f1"):
        assert getattr(scores, name) == pytest.approx(LABELS[name].item(), rel=1e-5), name


@given(seeds, st.integers(1, 12), st.integers(2, 30))
def test_a_set_is_at_no_frechet_distance_from_itself(seed, size, count):
    features = np.random.default_rng(seed).standard_normal((count, size))
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-9)


@given(seeds, st.integers(1, 12), st.integers(2, 30), st.integers(2, 30))
def test_the_frechet_distance_is_symmetric_and_never_negative(seed, size, count, other):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((count, size)), 2 * rng.standard_normal((other, size)) + 1
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a, b) >= 0


@given(seeds)
def test_the_frechet_distance_of_commuting_normals_is_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    axes, mean = random_rotation(5, seed), rng.standard_normal((2, 5))
    scales = rng.uniform(0.1, 3.0, (2, 5))
    sets = [
        with_moments(m, (axes * s**2) @ axes.T, count, seed + i)
        for i, (m, s, count) in enumerate(zip(mean, scales, (20, 31), strict=True))
    ]
    expected = ((mean[0] - mean[1]) ** 2).sum() + ((scales[0] - scales[1]) ** 2).sum()
    assert frechet_distance(*sets) == pytest.approx(expected, rel=1e-9)


@given(seeds)
def test_the_frechet_distance_of_any_normals_is_the_trace_formula(seed):
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((40, 4)) @ rng.standard_normal((4, 4)), rng.standard_normal((25, 4)) + 2
    root = sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


@given(seeds, st.floats(0.1, 10))
def test_the_frechet_distance_knows_no_axes_and_no_origin_and_is_a_square(seed, scale):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((9, 6)), 2 * rng.standard_normal((14, 6)) + 1
    turned = [x @ random_rotation(6, seed) * scale + 1e4 for x in (a, b)]
    assert frechet_distance(*turned) == pytest.approx(scale**2 * frechet_distance(a, b), rel=1e-6)


def test_fewer_samples_than_dimensions_and_constant_features_have_a_distance():
    few = np.random.default_rng(0).standard_normal((3, 256))
    constant = np.ones((10, 256))
    assert frechet_distance(constant, constant) == 0
    expected = ((few.mean(0) - 1) ** 2).sum() + np.trace(np.cov(few.T))
    assert frechet_distance(few, constant) == pytest.approx(expected)


def test_the_spread_of_the_frechet_distance_is_around_it_and_narrows_with_more_samples():
    rng = np.random.default_rng(1)
    few, many = (2 * rng.standard_normal((2, n, 4)) for n in (20, 2000))
    widths = []
    for a, b in (few, many):
        low, high = frechet_interval(a + 1, b, seed=3)
        assert low <= frechet_distance(a + 1, b) <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 4
    assert frechet_interval(few[0], few[1], seed=3) == frechet_interval(few[0], few[1], seed=3)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((1, 4)), np.zeros((5, 4)), "at least 2"),
        (np.zeros((5, 4)), np.zeros((5, 3)), "one extractor"),
        (np.full((5, 4), np.nan), np.zeros((5, 4)), "finite"),
    ],
)
def test_features_without_a_distance_are_refused(a, b, message):
    with pytest.raises(InputError, match=message):
        frechet_distance(a, b)


@given(seeds, st.integers(1, 4))
def test_a_set_covers_itself_and_not_one_far_away(seed, size):
    features = np.random.default_rng(seed).standard_normal((12, size))
    same, far = overlap(features, features), overlap(features + 1000, features)
    assert (same.precision.mean(), same.recall.mean(), same.coverage.mean()) == (1, 1, 1)
    assert (far.precision.max(), far.recall.max(), far.density.max(), far.coverage.max()) == (0, 0, 0, 0)


@given(seeds)
def test_precision_of_one_set_is_recall_of_the_other(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((15, 3)), rng.standard_normal((22, 3)) * 1.5
    assert overlap(a, b).precision.tolist() == overlap(b, a).recall.tolist()


def test_overlap_by_hand():
    reference, predicted = np.array([[0.0], [1.0], [2.0], [3.0], [100.0]]), np.array([[0.5], [4.5], [50.0], [51.0]])
    found = overlap(predicted, reference, neighbours=1)
    assert found.precision.tolist() == [1, 1, 1, 1]  # the ball around 100 reaches to 3
    assert found.density.tolist() == [2, 1, 1, 1]
    assert found.coverage.tolist() == [1, 1, 0, 0, 1]
    assert found.recall.tolist() == [1, 1, 1, 1, 0]  # 4.5 reaches to 0.5 and to 8.5, 0.5 to 4.5


def test_mode_collapse_costs_recall_and_coverage_alone():
    rng = np.random.default_rng(0)
    reference = rng.standard_normal((200, 2)) + 10 * rng.integers(0, 2, (200, 1))
    predicted = rng.standard_normal((200, 2))
    found = score_features(predicted, reference)
    assert found["precision"].value > 0.9
    assert found["recall"].value < 0.7
    assert found["coverage"].value < 0.7


def test_chunks_are_judged_alone_and_in_order():
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, 23, 3))
    parts = [overlap(*pair) for pair in zip(np.array_split(a, 5), np.array_split(b, 5), strict=True)]
    assert overlap(a, b, chunks=5).density.mean() == pytest.approx(np.mean([part.density.mean() for part in parts]))


def test_distances_are_held_a_part_at_a_time(monkeypatch):
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((23, 3)), rng.standard_normal((31, 3))
    whole, held = overlap(a, b), []

    def part_of_distances(rows, columns):
        held.append(len(rows) * len(columns))
        return cdist(rows, columns)

    monkeypatch.setattr(manifold, "_AT_ONCE", 100)
    monkeypatch.setattr(distance, "cdist", part_of_distances)
    parts = overlap(a, b)
    assert max(held) <= 100
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist(), name


def test_too_small_a_set_has_no_neighbours():
    with pytest.raises(InputError, match="at least 20 of each"):
        overlap(np.zeros((19, 2)), np.zeros((30, 2)), chunks=5)


class Doubled:
    """An extractor whose features are twice the items."""

    name, dim = "doubled", 2

    def __call__(self, items):
        return 2 * np.asarray(items)


def test_sets_are_scored_by_what_an_extractor_sees():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 10, 2))
    assert isinstance(Doubled(), FeatureExtractor)
    found = score_sets(Doubled(), a, b)
    assert tuple(found) == FEATURE_METRICS
    assert found["frechet_distance"].value == pytest.approx(4 * frechet_distance(a, b))


labels = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)


@given(labels)
def test_weighted_recall_is_accuracy(pairs):
    predicted, true = np.array(pairs).T
    scores = count_classes([(predicted, true)], classes=7).scores()
    assert scores.recall == pytest.approx((predicted == true).mean())
    assert 0 <= scores.f1 <= 1 + 1e-12


@given(labels)
def test_how_labels_are_split_over_items_does_not_matter(pairs):
    predicted, true = np.array(pairs).T
    whole = count_classes([(predicted, true)], classes=7).scores()
    parts = count_classes(zip(predicted[:, None], true[:, None], strict=True), classes=7).scores()
    assert (parts.precision, parts.recall, parts.f1) == pytest.approx((whole.precision, whole.recall, whole.f1))


def test_what_is_not_predicted_is_wrong_and_nothing_else():
    with_gap = count_classes([([1, NO_CLASS], [1, 1])], classes=3).scores()
    assert (with_gap.precision, with_gap.recall, with_gap.f1) == pytest.approx((1.0, 0.5, 2 / 3))


def test_f1_varies_with_items_not_with_frames():
    right = [(np.zeros(100, int), np.zeros(100, int))] * 5
    wrong = [(np.ones(100, int), np.zeros(100, int))] * 5
    by_item = count_classes(right + wrong, classes=2).intervals(seed=0)["recall"]
    by_frame = count_classes([(a[:1], b[:1]) for a, b in right + wrong for _ in range(100)], classes=2)
    low, high = by_frame.intervals(seed=0)["recall"]
    assert by_item[1] - by_item[0] > 3 * (high - low)
    assert by_item[0] < 0.5 < by_item[1]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [([([0, 1], [0])], "one for one"), ([([7], [0])], "outside"), ([([0], [NO_CLASS])], "outside")],
)
def test_labels_that_do_not_fit_are_refused(pairs, message):
    with pytest.raises(InputError, match=message):
        count_classes(pairs, classes=7)


def test_nothing_to_compare_is_refused_and_no_items_have_no_mean():
    with pytest.raises(InputError, match="no true label"):
        count_classes([]).scores()
    assert Measurement.of_mean([]).value is None
