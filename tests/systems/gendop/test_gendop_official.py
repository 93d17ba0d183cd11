"""The network against the published one, and every weight of it counts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from gendop_fixtures import (
    MODES,
    manifest,
    rgbd_decoder,
    rgbd_features,
    tensors,
    text_decoder,
    text_prefix,
    tiny_inputs,
    tiny_model,
)
from safetensors.torch import save_file

from kinoeye.base.errors import InputError
from kinoeye.networks import TensorFile, open_tensors
from kinoeye.systems.gendop import GenDoP, GenDoPConfig
from kinoeye.systems.gendop.checkpoint import config_of, key_map, load_decoder, load_folder, load_model, save
from kinoeye.systems.gendop.official import initialise, next_token_loss

MANIFESTS = ["ArAE_text", "ArAE_image", "ArAE_image_text", "ArAE_image_depth", "ArAE_rgbd", "default_text"]


def test_text_logits_and_loss_are_those_of_the_published_network():
    given, expected = tensors("inputs"), tensors("outputs")
    prefix = text_prefix()
    assert torch.allclose(prefix, expected["cond_embeds"], atol=1e-5)
    with torch.no_grad():
        logits = text_decoder()(prefix, given["tokens"])
    assert torch.allclose(logits, expected["logits"], atol=1e-4)
    assert float(next_token_loss(logits, given["labels"])) == pytest.approx(float(expected["loss"]), abs=1e-5)


def test_rgbd_logits_are_those_of_the_published_network():
    expected = tensors("outputs_rgbd")
    with torch.no_grad():
        prefix = rgbd_decoder().prefix(rgbd_features())
        assert torch.allclose(prefix[0], expected["cond_embeds"], atol=1e-5)
        tokens = torch.cat([torch.tensor([1]), expected["greedy_ids"][:-1]])[None]
        logits = rgbd_decoder()(prefix, tokens)[0, 591:]
    assert torch.allclose(logits, expected["greedy_logits_uncached"], atol=1e-4)


@pytest.mark.parametrize("name", MANIFESTS)
def test_full_size_checkpoints_have_a_place_for_every_tensor(name: str):
    options, file = manifest(name)
    config = config_of(file, num_heads=options["num_heads"])
    assert config.cond_mode == options["cond_mode"]
    assert config.num_cond_tokens == options["num_cond_tokens"]
    assert (config.hidden_dim, config.num_layers) == (options["hidden_dim"], options["num_layers"])
    model, report = load_model(file, config, device="meta")
    assert sum(len(sources) for sources in report.mapped.values()) == options_count(file)
    assert report.trimmed["decoder.positions.weight"][0] == config.num_cond_tokens + 302
    assert model.decoder.head.weight.is_meta


def options_count(file: TensorFile) -> int:
    return len(file.shapes)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_saved_loads_again_and_computes_the_same(mode: str, tmp_path):
    model = tiny_model(mode)
    save(model, tmp_path)
    again, report = load_folder(tmp_path)
    assert again.config == model.config
    assert not report.trimmed
    inputs, tokens = tiny_inputs(model), torch.arange(1, 9).view(2, 4)
    with torch.no_grad():
        assert torch.equal(model(inputs, tokens), again(inputs, tokens))


def test_encoders_are_named_with_or_without_their_inner_level(tmp_path):
    model = tiny_model("image+text")
    official = key_map(model).to_official(model)
    assert "text_encoder.text_model.final_layer_norm.weight" in official
    assert "image_encoder.vision_model.pre_layrnorm.weight" in official
    flat = {key.replace("text_model.", "").replace("vision_model.", ""): value for key, value in official.items()}
    flat["text_encoder.embeddings.position_ids"] = torch.arange(77)[None]
    again, report = load_model(TensorFile.of(flat), model.config)
    assert report.ignored == ("text_encoder.embeddings.position_ids",)
    inputs, tokens = tiny_inputs(model), torch.arange(1, 9).view(2, 4)
    with torch.no_grad():
        assert torch.equal(model(inputs, tokens), again(inputs, tokens))


def test_rows_of_positions_that_are_never_used_are_not_read(tmp_path):
    model = tiny_model()
    official = key_map(model).to_official(model)
    table = official["mesh_decoder.model.embed_positions.weight"]
    official["mesh_decoder.model.embed_positions.weight"] = torch.cat([table, torch.full((500, 16), torch.nan)])
    save_file(official, tmp_path / "model.safetensors")
    again, report = load_model(open_tensors(tmp_path), model.config)
    assert report.trimmed == {"decoder.positions.weight": (379, 879)}
    assert torch.equal(again.decoder.positions.weight, table)


EXCEPTIONS = ("k_proj.bias", "post_layernorm")
"""A key's bias adds the same to all scores of a query, which softmax forgets; features are taken before the last norm
of an image encoder."""


@pytest.mark.parametrize("mode", ["text", "image", "depth+image+text"])
def test_every_tensor_of_a_checkpoint_matters(mode: str):
    model = tiny_model(mode)
    inputs, tokens = tiny_inputs(model, batch=1), torch.arange(1, 301)[None] % 260
    official = key_map(model).to_official(model)
    with torch.no_grad():
        before = model(inputs, tokens)
        for key, value in official.items():
            changed = official | {
                key: value + 0.5 * torch.randn(value.shape, generator=torch.Generator().manual_seed(0))
            }
            after = load_model(TensorFile.of(changed), model.config)[0](inputs, tokens)
            moved = float((after - before).abs().max())
            if key.endswith(EXCEPTIONS[0]):
                assert moved < 1e-3, key
            elif EXCEPTIONS[1] in key:
                assert moved == 0, key
            else:
                assert moved > 1e-3, key


def test_exchanging_two_tensors_of_one_shape_is_noticed():
    model = tiny_model("depth+image+text")
    inputs, tokens = tiny_inputs(model, batch=1), torch.arange(1, 33)[None]
    official = key_map(model).to_official(model)
    keys = [key for key in official if not key.endswith(EXCEPTIONS[0]) and EXCEPTIONS[1] not in key]
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for key in keys:
        by_shape.setdefault(tuple(official[key].shape), []).append(key)
    pairs = [pair for same in by_shape.values() for pair in pairwise(same)]
    assert len(pairs) > 60
    with torch.no_grad():
        before = model(inputs, tokens)
        for first, second in pairs:
            changed = official | {first: official[second], second: official[first]}
            after = load_model(TensorFile.of(changed), model.config)[0](inputs, tokens)
            assert float((after - before).abs().max()) > 1e-4, (first, second)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("norm_cond.bias"), "condition_norm.bias"),
        (lambda t: t.pop("text_encoder.text_model.final_layer_norm.bias"), "final_layer_norm.bias"),
        (lambda t: t.update({"extra.weight": torch.zeros(1)}), "extra.weight"),
        (lambda t: t.update({"proj_cond.bias": torch.zeros(5)}), "shape"),
        (lambda t: [t.pop(k) for k in list(t) if k.startswith("text_encoder")], "missing"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(change, message: str):
    model = tiny_model()
    official = key_map(model).to_official(model)
    change(official)
    with pytest.raises(InputError, match=message):
        load_model(TensorFile.of(official), model.config)


def test_a_checkpoint_without_its_text_encoder_is_refused_by_its_shapes_too():
    with pytest.raises(InputError, match="no text, image or depth encoder"):
        config_of(open_tensors_of_fixture())
    with pytest.raises(InputError, match=r"config\.json"):
        model = tiny_model()
        config_of(TensorFile.of(key_map(model).to_official(model), "a small model"))


def open_tensors_of_fixture() -> TensorFile:
    from gendop_fixtures import FIXTURES

    return open_tensors(FIXTURES / "weights.safetensors")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("traj_encoder.tokens", "text_encoder.tokens"), "CLaTr"),
        (("transformer_blocks.0.attn1.to_q.lora_A.weight",), "LoRA"),
        (("some.weight", "other.weight"), "no GenDoP checkpoint"),
    ],
)
def test_another_kind_of_checkpoint_is_named(keys: tuple[str, ...], message: str):
    other = TensorFile.of({key: torch.zeros(2) for key in keys}, "other.safetensors")
    with pytest.raises(InputError, match=message):
        load_model(other)
    with pytest.raises(InputError, match=message):
        load_decoder(other, GenDoPConfig())


def test_features_that_are_missing_or_of_another_shape_are_refused():
    decoder = rgbd_decoder()
    given = rgbd_features()
    with pytest.raises(InputError, match="depth is missing"):
        decoder.prefix({name: given[name] for name in ("text", "image")})
    with pytest.raises(InputError, match=r"\[77, 1024\] are needed"):
        decoder.prefix({**given, "text": torch.zeros(1, 76, 1024)})
    with pytest.raises(InputError, match="not at image"):
        text_decoder().prefix(given)
    with pytest.raises(InputError, match="302 fit"):
        text_decoder()(text_prefix(), torch.ones(2, 303, dtype=torch.long))


def test_dropout_needs_a_generator_and_repeats_with_it():
    model = tiny_model()
    inputs, tokens = tiny_inputs(model), torch.arange(1, 9).view(2, 4)
    with torch.no_grad():
        plain = model(inputs, tokens)
        first = model(inputs, tokens, torch.Generator().manual_seed(3))
        second = model(inputs, tokens, torch.Generator().manual_seed(3))
    assert torch.equal(first, second)
    assert not torch.equal(plain, first)


def test_fresh_weights_are_those_of_the_released_training():
    model = GenDoP(replace(tiny_model().config, hidden_dim=128, intermediate_dim=256))
    initialise(model, torch.Generator().manual_seed(0))
    layer = model.decoder.layers[0]
    assert float(layer.fc1.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    assert float(layer.attention.out.weight.detach().std()) == pytest.approx(0.01, rel=0.05)
    assert float(layer.fc1.bias.abs().max()) == 0
    assert bool((layer.norm.weight == 1).all())
    assert float(model.decoder.embedding.weight[0].abs().max()) == 0


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"cond_mode": "none"}, "never trained"),
        ({"cond_mode": "depth"}, "give one of 'text'"),
        ({"num_layers": 0}, "at least 1"),
        ({"discrete_bins": 255}, "even number"),
        ({"pose_length": 1}, "at least 2"),
        ({"num_heads": 3}, "no multiple"),
        ({"dropout": 1.0}, "below 1"),
        ({"dropout": float("nan")}, "below 1"),
    ],
)
def test_sizes_that_no_model_has_are_refused(sizes: dict, message: str):
    with pytest.raises(InputError, match=message):
        GenDoPConfig(**sizes)
