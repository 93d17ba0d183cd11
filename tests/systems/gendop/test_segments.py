"""The segment director learns, obeys what may follow, is the same for a seed, and survives its files."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from segment_models import SIZE

from kinoeye.base.errors import InputError
from kinoeye.language import Plan, parse
from kinoeye.networks.text import Vocabulary, WordBatch
from kinoeye.systems.gendop import segment_recipe
from kinoeye.systems.gendop.caption_words import read_words
from kinoeye.systems.gendop.program_tokens import END, END_MOVE, START, allowed_next, token_ids
from kinoeye.systems.gendop.segment_director import SegmentDirector
from kinoeye.systems.gendop.segment_recipe import SegmentRecipe, save, to_batch
from kinoeye.systems.gendop.segments import SegmentConfig, SegmentModel
from kinoeye.systems.gendop.wording import caption_without_camera


def test_it_learns_what_captions_mean(learnt):
    model, items = learnt
    written = [model.write(item.words)[0][0] for item in items]
    assert sum(tokens == item.tokens for tokens, item in zip(written, items, strict=True)) >= 22


def test_the_caption_matters(learnt):
    model, items = learnt
    batch = to_batch(items, model.encoder.vocabulary)
    recipe, generator = SegmentRecipe(), torch.Generator()
    with torch.no_grad():
        right = float(recipe.loss(model, batch, generator)["loss"])
        shuffled = batch | {key: batch[key].roll(1, dims=0) for key in ("words", "ngrams", "valid")}
        wrong = float(recipe.loss(model, shuffled, generator)["loss"])
    assert wrong > 10 * right


def test_only_what_may_follow_is_written_even_untrained():
    torch.manual_seed(3)
    vocabulary = Vocabulary.of([("pan", "left")], least=1, buckets=256)
    model = SegmentModel(SegmentConfig(words=vocabulary.words, **SIZE)).eval()
    words = read_words("Pan left 3 degrees around the red cone.")
    generator = torch.Generator().manual_seed(0)
    for tokens, _ in model.write(words, n=8, temperature=2.0, generator=generator):
        for at, token in enumerate(tokens):
            assert token in allowed_next([START, *tokens[:at]], words)


def test_guidance_goes_the_way_of_the_caption(learnt):
    model, items = learnt
    words = items[0].words
    (_, plain), (_, guided) = (model.write(words, guidance=scale)[0] for scale in (1.0, 3.0))
    assert guided > plain  # surer of the same
    unsaid = [model.write(replace(words, words=item.words.words, reading=item.words.reading), guidance=0.0)[0][0]
              for item in items[:4]]  # fmt: skip
    assert len(set(unsaid)) == 1  # without the caption, what it says is of no effect
    vocabulary = Vocabulary.of([("pan", "left")], least=1, buckets=256)
    never = SegmentModel(SegmentConfig(words=vocabulary.words, **SIZE)).eval()
    with pytest.raises(InputError, match="never trained without captions; guidance must be 1"):
        never.write(words, guidance=2.0)


def test_a_caption_may_say_nothing_of_a_camera(learnt):
    director = SegmentDirector(model=learnt[0])
    silent = [caption_without_camera(seed) for seed in range(6)]
    assert sum(director.model.write(item.words)[0][0] == (END,) for item in silent) >= 5
    found = [item for item in silent if director.model.write(item.words)[0][0] == (END,)]
    with pytest.raises(InputError, match="no camera move was found"):
        director.plans(found[0].caption, n=3)


def test_decoding_is_causal_and_padding_has_no_effect(learnt):
    model, items = learnt
    batch = to_batch(items[:2], model.encoder.vocabulary)
    captions = WordBatch(batch["words"], batch["ngrams"], batch["valid"])
    tokens = batch["tokens"][:, :-1]
    with torch.no_grad():
        whole = model(captions, tokens)
        part = model(captions, tokens[:, :3])
        alone = model(model.encoder.vocabulary.encode([items[0].words.inputs]), tokens[:1])
    torch.testing.assert_close(whole[:, :3], part, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(whole[:1], alone, rtol=1e-4, atol=1e-4)


def test_a_saved_director_directs_the_same(learnt, tmp_path):
    model, items = learnt
    save(model, tmp_path)
    director = SegmentDirector.from_pretrained(tmp_path)
    caption = items[0].caption
    first, again = director(caption, n=3, seed=5), director(caption, n=3, seed=5)
    assert [item.plan for item in first] == [item.plan for item in again]
    assert first[0].plan.moves == items[0].plan.moves
    assert torch.equal(first[0].path.T_world_cam.as_matrix(), again[0].path.T_world_cam.as_matrix())
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"width"', '"widht"'))
    with pytest.raises(InputError, match="width"):
        SegmentDirector.from_pretrained(tmp_path)


def test_setting_and_actors_come_from_the_grammar(learnt, tmp_path):
    save(learnt[0], tmp_path)
    text = "A red robot walks left in the desert. Pan left. 5 seconds."
    plan = SegmentDirector.from_pretrained(tmp_path).plans(text)[0]
    read = parse(text)
    assert (plan.actors, plan.place, plan.duration_s) == (read.actors, read.place, 5.0)


def test_a_plan_is_compiled_as_it_is(learnt):
    plan = parse("Dolly in two metres, then hold.")
    director = SegmentDirector(model=learnt[0])
    assert isinstance(director(plan)[0].plan, Plan)
    assert float(director(plan)[0].path.T_world_cam.translation[-1, 2]) == pytest.approx(2.0)


@pytest.mark.parametrize("text", ["", "   ", "left " * 300])
def test_captions_that_cannot_be_read_are_refused(learnt, text):
    with pytest.raises(InputError):
        SegmentDirector(model=learnt[0]).plans(text)


def test_a_batch_is_the_same_however_a_run_was_cut(monkeypatch):
    monkeypatch.setattr(segment_recipe, "_VOCABULARY_CAPTIONS", 200)
    segment_recipe.train_words.cache_clear()
    recipe = SegmentRecipe(batch_size=4)
    phase = recipe.phases[0]
    unbroken = recipe.batches(phase, rank=0, world=1, start=0)
    for _ in range(17):
        next(unbroken)
    expected, resumed = next(unbroken), next(recipe.batches(phase, rank=0, world=1, start=17))
    assert all(torch.equal(expected[key], resumed[key]) for key in expected)
    assert token_ids([END_MOVE])[0] in expected["tokens"]
    segment_recipe.train_words.cache_clear()
