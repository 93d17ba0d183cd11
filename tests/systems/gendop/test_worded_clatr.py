"""The small CLaTr learns which caption belongs to which path, from its own numbered pairs, and ships as one folder."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.cli.main import main
from kinoeye.evaluation.clatr_encoder import load_clatr_encoder, shipped_clatr_encoder
from kinoeye.evaluation.clatr_scores import clatr_score
from kinoeye.formats.paths import write_path
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.language.captions import caption
from kinoeye.language.tags import motion_tags, segments
from kinoeye.networks.captioned_paths import CaptionedPath
from kinoeye.networks.clatr import ClatrConfig, LossWeights, load_clatr
from kinoeye.networks.path_features import PathFeatures
from kinoeye.systems.gendop import clatr_recipe, worded_paths
from kinoeye.systems.gendop.caption_reader import CaptionReaderConfig, build_reader, caption_tokens, vocabulary_of
from kinoeye.systems.gendop.clatr_recipe import WordedClatrRecipe, retrieval, similarities
from kinoeye.systems.gendop.worded_paths import WordedPaths, told_by_tags, told_in_words
from kinoeye.training import fit
from kinoeye.weights import WeightsIndex

PAIRS = 8


@cache
def pair(index: int) -> CaptionedPath:
    return WordedPaths("train")(index % PAIRS)


@cache
def recipe() -> WordedClatrRecipe:
    reader = CaptionReaderConfig(
        words=vocabulary_of((pair(i).caption for i in range(PAIRS)), least=1), buckets=64, width=16, heads=2
    )
    path = PathFeatures.metric(worded_paths.MOST_POSES)
    sizes = ClatrConfig(latent_dim=32, feed_forward_dim=64, layers=1, text_dim=16, dropout=0.0, path=path)
    return WordedClatrRecipe(
        sizes=sizes,
        reader=reader,
        pairs=pair,
        batch_size=PAIRS,
        steps=60,
        lr=5e-3,
        weights=LossWeights(contrastive=1.0),
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    phases = [replace(phase, ema_decay=None, precision="fp32", validate_every=None) for phase in recipe().phases]
    return fit(recipe(), tmp_path_factory.mktemp("run"), seed=0, device="cpu", phases=phases).model


def test_it_learns_which_caption_belongs_to_which_path_and_shuffled_ones_score_less(trained: Path):
    pairs = [pair(index) for index in range(PAIRS)]
    found = retrieval(load_clatr(trained, build_reader), pairs)
    assert found["top1"] > 0.9
    assert found["top5"] >= found["top1"]
    assert found["clatr_score"] > found["clatr_score_shuffled"] + 30
    encoder = load_clatr_encoder(trained)  # as evaluation has it
    paths = encoder.encode_paths([p.T_world_cam for p in pairs]).mean
    texts = encoder.encode_texts([p.caption for p in pairs]).mean
    assert clatr_score(paths, texts).value == pytest.approx(found["clatr_score"], abs=1e-3)
    assert clatr_score(paths, np.roll(texts, -1, axis=0)).value == pytest.approx(
        found["clatr_score_shuffled"], abs=1e-3
    )


def test_what_is_exported_is_loaded_again_in_16_bits(tmp_path: Path):
    model = recipe().build(recipe().phases[0], None)
    recipe().export(model, tmp_path)
    again = load_clatr(tmp_path, build_reader)
    written, read = model.state_dict(), again.state_dict()
    assert written.keys() == read.keys()
    assert all(torch.equal(written[key].half().float(), read[key]) for key in written)
    assert again.captions.config == recipe().reader
    with pytest.raises(InputError, match="reads captions itself"):
        load_clatr_encoder(tmp_path, clip=tmp_path)
    (tmp_path / "captions.json").write_text("{}")
    with pytest.raises(InputError, match=r"captions\.json"):
        load_clatr(tmp_path, build_reader)


def test_batches_have_numbers():
    fresh = replace(recipe(), pairs=WordedPaths("train", 70))
    phase = replace(fresh.phases[0], batch_size=4)
    whole = list(islice(fresh.batches(phase, rank=0, world=1, start=0), 3))
    resumed = next(iter(fresh.batches(phase, rank=0, world=1, start=2)))
    assert resumed["captions"] == whole[2]["captions"]
    assert torch.equal(resumed["features"], whole[2]["features"])
    assert torch.equal(resumed["same_meaning"], whole[2]["same_meaning"])
    assert len({said for batch in whole for said in batch["captions"]}) > 8


def test_a_program_without_a_path_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    real, refused = worded_paths._path, []

    def first_has_none(plan, frames, *, seed):
        if not refused:
            refused.append(plan)
            raise InputError("the zoom leaves the range")
        return real(plan, frames, seed=seed)

    monkeypatch.setattr(worded_paths, "_path", first_has_none)
    found = told_in_words("train", 5)
    monkeypatch.undo()
    assert found.caption == worded_paths.captioned_program("train", 5 + worded_paths._NEXT_TRY).caption
    assert found.caption != told_in_words("train", 5).caption


def test_pairs_are_told_in_words_and_by_tags_and_differ_in_length_and_scale():
    pairs = WordedPaths("eval", 40)
    assert pairs(0).caption == told_in_words("eval", 40).caption
    tagged = [told_by_tags("eval", number) for number in range(41, 61, 2)]
    assert pairs(1).caption == tagged[0].caption == tagged[0].meaning
    lengths = [len(found.T_world_cam) for found in tagged]
    assert min(lengths) < max(lengths) == worded_paths.MOST_POSES
    assert min(lengths) >= worded_paths.FEWEST_POSES
    # At half the rate and half the nominal frames per second, most tags are seen again.
    again = [caption(segments(motion_tags(found.T_world_cam, 15.0))) for found in tagged]
    assert sum(said == found.caption for said, found in zip(again, tagged, strict=True)) >= 3


def test_a_zoom_moves_no_camera_and_amounts_do_not_change_what_is_meant():
    moves = worded_paths._moves_seen
    assert moves(parse("hold, then zoom in, then push in two metres")) == "hold, dolly forward"
    assert moves(parse("push in 3 m while panning left")) == moves(parse("push in 1 m while panning left"))
    assert moves(parse("push in")) != moves(parse("pull out"))


def test_a_caption_says_about_how_large_a_quantity_is():
    assert caption_tokens("push in 4 m") == caption_tokens("push in 4.1 m") != caption_tokens("push in 1 m")
    assert caption_tokens("") == []


def test_captions_without_a_word_have_embeddings(trained: Path):
    made = similarities(load_clatr(trained, build_reader), [replace(pair(0), caption=""), pair(1)])
    assert bool(made.isfinite().all())


def test_it_is_trained_added_and_used_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(clatr_recipe, "clatr_words", lambda: recipe().reader.words)
    monkeypatch.setattr(clatr_recipe, "_VALIDATION_PAIRS", 6)
    run, root = tmp_path / "run", tmp_path / "weights"
    root.mkdir()
    WeightsIndex().write(root)
    monkeypatch.setattr("kinoeye.weights.index.ROOT", root)
    assert main(["train", "clatr", "-o", str(run), "--steps", "2", "--batch-size", "4", "--device", "cpu"]) == 0
    assert main(["weights", "add", str(run), "--name", "clatr"]) == 0
    entry = WeightsIndex.read(root).entry("clatr", "shared")
    assert {"top1_eval_words", "top5_train_words", "clatr_score_shuffled_eval_words"} < entry.metrics.keys()
    assert entry.bytes < 4_000_000
    monkeypatch.setattr(
        "kinoeye.evaluation.clatr_encoder.shipped_clatr_encoder", partial(shipped_clatr_encoder, root=root)
    )
    for index in range(2):
        write_path(compile_plan(parse("push in")), tmp_path / "gt" / f"{index}.json", format="transforms")
    capsys.readouterr()
    assert main(["eval", "gendop", "--pred", str(tmp_path / "gt"), "--gt", str(tmp_path / "gt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["tag_f1_reconstructed"] == 1
    assert main(["eval", "gendop", "--pred", str(tmp_path / "gt"), "--gt", str(tmp_path / "gt")]) == 0
    assert f"CLaTr: clatr, sha256 {entry.sha256[:12]}" in capsys.readouterr().out
    assert main(["train", "clatr", "--preset", "seed", "-o", str(tmp_path / "seed")]) == 2
    assert "--preset seed" in capsys.readouterr().err
