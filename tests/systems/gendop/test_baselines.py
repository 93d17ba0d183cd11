"""The learned baselines: the captions of our own director, batches by number, and scores that are stored by name."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.evaluation.caption_benches import CaptionFile
from kinoeye.evaluation.gendop import contender, evaluate
from kinoeye.evaluation.harness import EvalReport, stored_baselines
from kinoeye.evaluation.publish import Evaluated, publish_stored
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.tags import motion_tags
from kinoeye.networks.path_features import PathFeatures
from kinoeye.systems.gendop import baseline_recipes
from kinoeye.systems.gendop.baseline_recipes import (
    BASELINES,
    DirectorBaselineRecipe,
    OfficialBaselineRecipe,
    baseline_recipe,
    small_director,
    small_official,
)
from kinoeye.systems.gendop.data import to_trajectory
from kinoeye.systems.gendop.diffusion_director import DiffusionDirector
from kinoeye.systems.gendop.directors import director, kind_of, read_plan
from kinoeye.systems.gendop.learned_vocabulary import LearnedVocabulary
from kinoeye.systems.gendop.recipe import add_train_arguments, recipe_from_args
from kinoeye.systems.gendop.tokenizer import CaptionTokenizer
from kinoeye.systems.gendop.tokens import OFFSET
from kinoeye.systems.gendop.worded_paths import WordedPrograms, told_in_words
from kinoeye.systems.gendop.wording import captioned_program
from kinoeye.training import fit
from kinoeye.weights import WeightsIndex

CAPTIONS = 60
"""Of the vocabularies."""


@cache
def official() -> OfficialBaselineRecipe:
    sizes = small_official()
    text = replace(sizes.text, hidden_dim=16, intermediate_dim=32, vocab_size=602)
    config = replace(sizes, hidden_dim=16, intermediate_dim=32, num_layers=1, text=text)
    return OfficialBaselineRecipe(
        config=config, vocabulary_captions=CAPTIONS, batch_size=4, steps=2, validation_paths=2
    )


@cache
def diffusion() -> DirectorBaselineRecipe:
    config = replace(small_director(), width=32, layers=1, text_dim=16)
    return DirectorBaselineRecipe(
        config=config, vocabulary_captions=CAPTIONS, batch_size=4, steps=2, validation_paths=2
    )


RECIPES = {"official_architecture": official, "director": diffusion}


def test_a_vocabulary_is_that_of_its_captions_and_reads_any_other(tmp_path: Path):
    captions = [captioned_program("train", number).caption for number in range(CAPTIONS)]
    found = LearnedVocabulary.of(captions, size=700)
    assert found == LearnedVocabulary.of(captions, size=700)
    assert sorted(found.ids.values()) == list(range(len(found.ids)))
    assert len(found.ids) == 702
    found.write(tmp_path)
    tokenizer = CaptionTokenizer(tmp_path, length=96, vocab_size=702)
    seen, unseen = tokenizer(["The camera moves"])[1].sum(), tokenizer(["Zxqj ☂"])[1].sum()
    assert seen < len("The camera moves") < 96
    assert unseen >= 2 + len("zxqj")
    with pytest.raises(InputError, match="702 tokens"):
        CaptionTokenizer(tmp_path, length=96, vocab_size=701)


@pytest.mark.parametrize("name", BASELINES)
def test_batches_follow_from_their_number(name: str):
    recipe = RECIPES[name]()
    (phase,) = recipe.phases
    whole = list(islice(recipe.batches(phase, rank=0, world=1, start=0), 3))
    (third,) = islice(recipe.batches(phase, rank=0, world=1, start=2), 1)
    _equal(third, whole[2])
    halves = [next(recipe.batches(phase, rank=rank, world=2, start=1)) for rank in range(2)]
    key = "tokens" if name == "official_architecture" else "features"
    assert torch.equal(torch.cat([half[key] for half in halves]), whole[1][key])


def _equal(ours, theirs) -> None:
    assert ours.keys() == theirs.keys()
    assert all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for a, b in zip(ours.values(), theirs.values(), strict=True)
    )


def test_they_learn_from_the_captions_and_programs_of_our_own_director():
    pairs = WordedPrograms("train", baseline_recipes._TRAINING_FROM, 30)
    program = captioned_program("train", baseline_recipes._TRAINING_FROM + 5)
    assert pairs(5).caption == program.caption
    assert pairs(5).T_world_cam.shape == (30, 4, 4)
    assert (diffusion().config.path.encode(told_in_words("train", 7, poses=30).T_world_cam).abs() < 10).all()


def test_the_tokens_are_those_of_the_path():
    recipe = official()
    pairs = [told_in_words("train", 40 + index, poses=120) for index in range(12)]
    tokens = recipe.tokenised(pairs)["tokens"]
    assert tokens.shape == (12, 302)
    same = []
    for pair, ids in zip(pairs, tokens, strict=True):
        path = recipe.config.codec.decode(ids[1:-1].numpy())
        poses = to_trajectory(path, duration_s=5.0).T_world_cam.as_matrix().numpy()
        reach = np.linalg.norm(pair.T_world_cam[:, :3, 3], axis=-1).max()
        assert np.abs(poses[-1, :3, 3] - pair.T_world_cam[-1, :3, 3]).max() < 0.02 + 0.02 * reach
        same.append(motion_tags(poses) == motion_tags(pair.T_world_cam))
    assert np.mean(np.concatenate(same)) > 0.9


def test_a_caption_that_is_too_long_loses_its_end():
    pair = told_in_words("train", 40, poses=30)
    batch = official().tokenised([replace(pair, caption="word " * 200)])
    assert int(batch["text_mask"].sum()) == 96
    assert int(batch["text"][0, -1]) == 601 == int(batch["text"].max())


@pytest.fixture(scope="module", params=BASELINES)
def run(request, tmp_path_factory) -> Path:
    """A short run of a baseline, interrupted by nothing."""
    folder = tmp_path_factory.mktemp(request.param)
    recipe = RECIPES[request.param]()
    command = ("train", "gendop", "--baseline", request.param, "-o", str(folder / "run"))
    fitted = fit(recipe, folder / "run", seed=0, device="cpu", validate=recipe.validate, argv=command)
    assert set(fitted.validation) == {"tag_accuracy_train_words", "tag_accuracy_eval_words"}
    return folder / "run"


def _evaluated(model: Path, captions: Path) -> EvalReport:
    return evaluate(contender(str(model)), CaptionFile(captions), world_seed=0, count=1, baselines="none")


def test_a_run_is_scored_and_its_scores_stand_under_its_name(run: Path, tmp_path: Path):
    (tmp_path / "captions.json").write_text(json.dumps([{"caption": "pan left", "program": "pan left"}]))
    baseline = json.loads((run / "run.json").read_text())["argv"][3]
    report = _evaluated(run / "model", tmp_path / "captions.json")
    assert report.failures == 0
    assert (report.metrics["diversity_translation"].value or 0) > 0
    # Only paths in metres can stand in a world.
    assert (report.metrics["framing_error"].value == 1) == (baseline == "official_architecture")
    WeightsIndex().write(tmp_path)
    scores = {name: found.value for name, found in report.metrics.items()}
    row = publish_stored(run, lambda _: Evaluated(scores, (), "these"), name=baseline, root=tmp_path)
    assert (row.system, row.command[:4]) == ("gendop", ("train", "gendop", "--baseline", baseline))
    stored = stored_baselines("gendop", "these", WeightsIndex.read(tmp_path))
    assert stored[f"tag_f1_{baseline}"].value == report.metrics["tag_f1"].value
    assert f"exact_program_{baseline}" in stored


@pytest.fixture(scope="module")
def trained_diffusion(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("diffusion")
    recipe = diffusion()
    recipe.export(recipe.build(recipe.phases[0], None), folder)
    return folder


def test_a_director_makes_metric_paths_of_any_length_from_the_identity(trained_diffusion: Path):
    assert kind_of(trained_diffusion) == "diffusion"
    found = director(trained_diffusion, num_frames=50, fps=25.0)
    assert isinstance(found, DiffusionDirector)
    first, second = found("pan left, then push in", n=2, seed=3)
    assert len(first.path) == 50
    assert first.path.track.unit == "m"
    assert float(first.path.track.times_s[1]) == pytest.approx(1 / 25)
    poses = first.path.T_world_cam.as_matrix()
    assert torch.allclose(poses[0], torch.eye(4, dtype=poses.dtype), atol=1e-6)
    assert not torch.equal(poses, second.path.T_world_cam.as_matrix())
    again = found("pan left, then push in", n=1, seed=3)[0]
    assert torch.equal(again.path.T_world_cam.as_matrix(), poses)
    assert first.plan.moves


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plan_or_text": " "}, "empty"),
        ({"n": 0}, "1 to 1000"),
        ({"frame": RGBD()}, "no frame"),
        ({"anchors": {"dog": None}}, "no actors"),
    ],
)
def test_what_a_director_cannot_be_told_is_refused(trained_diffusion: Path, options, message: str):
    with pytest.raises(InputError, match=message):
        director(trained_diffusion)(**{"plan_or_text": "pan left", **options})


def test_its_plans_are_no_reading(trained_diffusion: Path):
    with pytest.raises(InputError, match="no plans"):
        read_plan("pan left", trained_diffusion)


def _parsed(*words: str, preset: str = "tiny") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_train_arguments(parser)
    return parser.parse_args(words, argparse.Namespace(preset=preset, seed=5, out=None))


def test_a_command_names_the_baseline():
    assert recipe_from_args(_parsed("--baseline", "director")) == DirectorBaselineRecipe(seed=5)
    assert recipe_from_args(_parsed("--baseline", "official_architecture")) == OfficialBaselineRecipe(seed=5)
    with pytest.raises(InputError, match="its own sizes"):
        recipe_from_args(_parsed("--baseline", "director", preset="seed"))
    with pytest.raises(InputError, match="belong to the published architecture"):
        recipe_from_args(_parsed("--baseline", "director", "--epochs", "3"))


def test_sizes_are_those_of_the_record():
    assert baseline_recipe("director", 0) == DirectorBaselineRecipe()
    assert small_director().path == PathFeatures(
        frames=30, camera_axes="RDF", relative=True, standardisation=small_director().path.standardisation
    )
    assert small_official().path_tokens == 300
    assert small_official().vocab_size == 256 + 1 + OFFSET
