"""Tokens that are generated are those of the published loop, however they are computed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from gendop_fixtures import rgbd_decoder, rgbd_features, tensors, text_decoder, text_prefix

from kinoeye.base.errors import InputError
from kinoeye.systems.gendop import GenDoPConfig, GenDoPDecoder, Quirks
from kinoeye.systems.gendop.engine import Engine
from kinoeye.systems.gendop.generation import GREEDY, Sampling, generate, generate_with_draft
from kinoeye.systems.gendop.tokens import EOS

OFFICIAL = Quirks.official()
PREFIX = text_prefix(OFFICIAL)


def engine(precision="fp32", *, quirks: Quirks = OFFICIAL, **how) -> Engine:
    return Engine(text_decoder(quirks), precision, **how)


@pytest.mark.parametrize("plain", [False, True])
def test_all_greedy_tokens_are_those_of_the_published_loop(plain: bool):
    ids = generate(engine(plain=plain), PREFIX[:1], seeds=[0], sampling=GREEDY)
    assert torch.equal(ids[0], tensors("outputs")["greedy_ids"])


@pytest.mark.parametrize("plain", [False, True])
def test_all_sampled_tokens_are_those_of_the_published_loop(plain: bool):
    ids = generate(engine(plain=plain), PREFIX[:1], seeds=[1234])
    assert torch.equal(ids[0], tensors("outputs")["sample_topk10_seed1234_ids"])


def test_all_greedy_tokens_on_image_depth_and_text():
    decoder = rgbd_decoder(OFFICIAL)
    with torch.no_grad():
        prefix = decoder.prefix(rgbd_features())
    ids = generate(Engine(decoder), prefix, seeds=[0], sampling=GREEDY)
    assert torch.equal(ids[0], tensors("outputs_rgbd")["greedy_ids"])


def test_cached_logits_are_those_without_a_cache():
    expected = tensors("outputs")["greedy_logits_uncached"]
    ids = tensors("outputs")["greedy_ids"]
    machine = engine()
    cache = machine.start(PREFIX[:1])
    fed = torch.cat([torch.tensor([1]), ids[:-1]])[None]
    rows = [machine.extend(cache, part) for part in fed.split([1, 4, 11, 1, 284], dim=1)]
    assert torch.allclose(torch.cat(rows, dim=1)[0], expected, atol=1e-4)


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("sampling", [GREEDY, Sampling()])
def test_a_draft_changes_no_token(forced: bool, sampling: Sampling):
    plain = generate(engine(), PREFIX[:1], seeds=[5], sampling=sampling, forced=forced)
    drafted, told = generate_with_draft(engine(), engine("int8"), PREFIX[:1], seed=5, sampling=sampling, forced=forced)
    assert torch.equal(plain, drafted)
    assert 0.85 < told.acceptance <= 1
    assert told.passes < 60


def test_a_bad_draft_changes_no_token_either():
    other = rgbd_decoder(OFFICIAL)  # another model's blocks, read at this model's places
    stranger = replace_blocks(text_decoder(OFFICIAL), other)
    drafted, told = generate_with_draft(engine(), Engine(stranger), PREFIX[:1], seed=5, sampling=GREEDY)
    assert torch.equal(drafted[0], tensors("outputs")["greedy_ids"])
    assert told.acceptance < 0.5


def replace_blocks(decoder, other):
    import copy

    made = copy.deepcopy(decoder)
    made.layers = other.layers
    return made


@pytest.mark.parametrize("ahead", [2, 3, 30])
def test_the_length_of_a_draft_changes_no_token(ahead: int):
    drafted, _ = generate_with_draft(engine(), engine("int8"), PREFIX[:1], seed=0, sampling=GREEDY, ahead=ahead)
    assert torch.equal(drafted[0], tensors("outputs")["greedy_ids"])


def test_forced_tokens_are_the_identity_and_one_lens_and_scale():
    ids = generate(engine(quirks=Quirks.mended()), text_prefix(Quirks.mended())[:1], seeds=[3])[0].view(30, 10)
    assert ids[0, :7].tolist() == [259, 131, 131, 131, 131, 131, 131]
    assert (ids[:, 7:] == ids[0, 7:]).all()
    assert len(ids[1:, :7].unique()) > 10


def test_forced_tokens_do_not_change_how_others_are_chosen():
    # The same choices by the plain network, one token at a time, with the same tokens put in.
    decoder = text_decoder(Quirks.mended())
    prefix = text_prefix(Quirks.mended())[:1]
    ids = generate(Engine(decoder), prefix, seeds=[0], sampling=GREEDY)[0]
    with torch.no_grad():
        logits = decoder(prefix, torch.cat([torch.tensor([1]), ids])[None])[0, 77:-1]
    logits[:, :3] = -torch.inf
    free = torch.ones(30, 10, dtype=torch.bool)
    free[0, :7] = free[1:, 7:] = False
    assert torch.equal(logits.argmax(dim=-1)[free.view(-1)], ids[free.view(-1)])


def test_a_path_depends_on_its_own_seed_and_prompt_alone():
    machine = engine(quirks=Quirks.mended())
    prefix = text_prefix(Quirks.mended())
    together = generate(machine, prefix, seeds=[1, 2, 3, 4])
    alone = [
        generate(machine, prefix[prompt : prompt + 1], seeds=[seed])[0]
        for prompt, seed in ((0, 1), (0, 2), (1, 3), (1, 4))
    ]
    assert torch.equal(together, torch.stack(alone))
    assert not torch.equal(together[0], together[1])


def test_a_shared_prefix_is_held_once():
    machine = engine()
    one, eight = (machine.start(PREFIX[:1], copies=copies) for copies in (1, 8))
    assert sum(part.numel() for part in one.prefix_keys) == sum(part.numel() for part in eight.prefix_keys)
    assert eight.num_bytes < 8 * one.num_bytes


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_lower_precision_stays_near(precision):
    ids = tensors("outputs")["greedy_ids"]
    rough, exact = engine(precision), engine()
    fed = torch.cat([torch.tensor([1]), ids[:-1]])[None]
    found = [machine.extend(machine.start(PREFIX[:1]), fed)[0] for machine in (rough, exact)]
    assert float((found[0] - found[1]).abs().max()) < 0.2 * float(found[1].std())
    assert (found[0].argmax(-1) == found[1].argmax(-1)).float().mean() > 0.9
    assert rough.num_bytes < exact.num_bytes


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("rows", [1, 2, 4, 5])
def test_compiled_products_are_those_of_the_library(precision, rows: int):
    quick, plain = engine(precision), engine(precision, plain=True)
    tokens = torch.arange(3, 3 + rows * 2).view(2, rows)
    found = [machine.extend(machine.start(PREFIX), tokens) for machine in (quick, plain)]
    assert torch.allclose(found[0], found[1], atol=1e-4)


def test_the_end_token_is_allowed_where_upstream_allows_it():
    quirk = text_decoder(OFFICIAL)
    eager = replace_head(quirk)
    with pytest.raises(InputError, match="ended a path after 1 tokens"):
        generate(Engine(eager), PREFIX[:1], seeds=[0], sampling=GREEDY)
    eager.config = replace(eager.config, quirks=Quirks.mended())
    ids = generate(Engine(eager), PREFIX[:1], seeds=[0], sampling=GREEDY)
    assert ids.shape == (1, 300)
    assert EOS not in ids


def replace_head(decoder):
    """The decoder with an end token that is always the likeliest."""
    import copy

    made = copy.deepcopy(decoder)
    made.layers[-1].norm.bias.data[0] = 50.0
    made.head.weight.data[:, 0] = 0.0
    made.head.weight.data[EOS, 0] = 1.0
    return made


def test_top_k_and_top_p_narrow_the_choice_and_temperature_widens_it():
    machine = engine(quirks=Quirks.mended())
    prefix = text_prefix(Quirks.mended())[:1]

    def variety(**how) -> int:
        return len(generate(machine, prefix, seeds=range(4), sampling=Sampling(**how)).unique(dim=0))

    greedy = generate(machine, prefix, seeds=[0], sampling=GREEDY)
    assert torch.equal(generate(machine, prefix, seeds=[9], sampling=Sampling(top_k=1)), greedy)
    assert torch.equal(generate(machine, prefix, seeds=[9], sampling=Sampling(top_k=None, top_p=1e-6)), greedy)
    assert variety() == 4
    wide = generate(machine, prefix, seeds=[0], sampling=Sampling(top_k=None, temperature=5.0))
    assert len(wide.unique()) > len(generate(machine, prefix, seeds=[0]).unique())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"temperature": -1.0}, "temperature"),
        ({"top_k": 0}, "top-k"),
        ({"top_p": 0.0}, "top-p"),
        ({"top_p": 1.5}, "top-p"),
    ],
)
def test_sampling_out_of_range_is_refused(how, message: str):
    with pytest.raises(InputError, match=message):
        Sampling(**how)


def test_seeds_that_do_not_fit_the_prompts_are_refused():
    for seeds in ([], [1, 2, 3], list(range(66))):
        with pytest.raises(InputError, match="seeds"):
            generate(engine(), PREFIX, seeds=seeds)
    with pytest.raises(InputError, match="precision"):
        engine("fp4")


def test_nothing_is_made_on_another_device_than_the_models():
    with torch.device("meta"):
        made = GenDoPDecoder(GenDoPConfig(hidden_dim=16, intermediate_dim=32, num_layers=2, num_heads=2))
    machine = Engine(made, "bf16")
    cache = machine.start(torch.zeros(2, 77, 16, device="meta"), copies=3)
    logits = machine.extend(cache, torch.zeros(6, 4, dtype=torch.long, device="meta"))
    assert logits.is_meta
    assert logits.shape == (6, 4, 260)
    assert cache.length == 4
    with pytest.raises(InputError, match="int8 runs on a CPU"):
        Engine(made, "int8")
