"""The CLaTr that ships: it tells captions and paths apart, both matter, and `eval` uses it unasked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kinoeye.cli.main import main
from kinoeye.evaluation.caption_benches import caption_bench
from kinoeye.evaluation.clatr_encoder import shipped_clatr_encoder
from kinoeye.evaluation.clatr_scores import clatr_score, score_with_clatr
from kinoeye.evaluation.gendop import true_paths
from kinoeye.evaluation.path_tags import poses_of
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.weights import WeightsIndex

SEED, COUNT = 4321, 64


@pytest.fixture(scope="module")
def encoder():
    return shipped_clatr_encoder()


@pytest.fixture(scope="module")
def pairs():
    items = caption_bench("synthetic").items(SEED, COUNT)
    return [item.caption for item in items], true_paths(items)


def test_the_caption_and_the_path_both_matter(encoder, pairs):
    captions, paths = pairs
    texts, ours = encoder.encode_texts(captions).mean, encoder.encode_paths(paths).mean
    true, shuffled = clatr_score(ours, texts).value, clatr_score(ours, np.roll(texts, 1, axis=0)).value
    assert true > 70
    assert shuffled < 15
    cosines = (ours / np.linalg.norm(ours, axis=1)[:, None]) @ (texts / np.linalg.norm(texts, axis=1)[:, None]).T
    assert (cosines.argmax(axis=1) == np.arange(COUNT)).mean() > 0.7


def test_a_mirrored_path_scores_lower(encoder, pairs):
    captions, paths = pairs
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    mirrored = [flip @ path @ flip for path in paths]
    scores = [score_with_clatr(encoder, each, paths, captions) for each in (paths, mirrored)]
    assert scores[0]["clatr_score"].value > scores[1]["clatr_score"].value + 15
    assert scores[0]["clatr_frechet_distance"].value == pytest.approx(0, abs=1e-6)
    assert scores[1]["clatr_frechet_distance"].value > 1
    assert scores[0]["tag_f1_reconstructed"].value == 1


def test_amounts_are_read(encoder):
    texts = encoder.encode_texts(["The camera pans left by 20 degrees.", "The camera pans left by 120 degrees."]).mean
    paths = encoder.encode_paths(
        [poses_of(compile_plan(parse(f"pan left {angle} degrees")).track) for angle in (20, 120)]
    ).mean
    cosines = (paths / np.linalg.norm(paths, axis=1)[:, None]) @ (texts / np.linalg.norm(texts, axis=1)[:, None]).T
    assert (cosines.argmax(axis=1) == [0, 1]).all()


def test_directors_are_scored_with_it(capsys):
    assert main(["eval", "gendop", "--model", "grammar", "--bench", "described", "--count", "8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["clatr_score"] > found["chance"]["clatr_score"] + 20
    assert {"clatr_score_nearest", "clatr_score_random"} <= set(found["baselines"])


def test_it_keeps_to_its_budget():
    assert WeightsIndex.read().entry("clatr", "shared").bytes <= 4_000_000
