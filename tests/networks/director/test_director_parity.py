"""DIRECTOR equals the published code: what it denoises and samples, every tensor in its place, at any size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kinoeye.base.errors import InputError
from kinoeye.networks.director import Conditions, DirectorConfig, Quirks, build_director, denoise, load_official, sample
from kinoeye.networks.director.checkpoint import KEYS
from kinoeye.networks.director.diffusion import NoiseSchedule, diffusion_loss
from kinoeye.networks.director.model import Director
from kinoeye.networks.tensor_files import TensorFile

FIXTURE = Path(__file__).parents[2] / "fixtures" / "director"
WEIGHTS = FIXTURE / "weights.safetensors"
CONFIG = DirectorConfig.from_official(json.loads((FIXTURE / "config.json").read_text()))
IO = load_file(FIXTURE / "io.safetensors")
VALID = IO["mask"].bool()
TOLD = Conditions(IO["char"].transpose(1, 2), IO["text"].transpose(1, 2))
MANIFEST = json.loads((FIXTURE / "manifest.json").read_text())
VARIANTS = {"cross_attention": "ca_director", "in_context": "incontext_director", "adaptive_norm": "adaln_director"}


def loaded(tensors: dict[str, torch.Tensor]) -> Director:
    model = build_director(CONFIG).eval()
    KEYS.load(model, TensorFile.of(tensors))
    return model


def denoised(model: Director, told: Conditions = TOLD, valid: torch.Tensor = VALID) -> torch.Tensor:
    with torch.no_grad():
        return denoise(model, IO["x"].transpose(1, 2), IO["sigma"], told, valid).transpose(1, 2)


def test_it_denoises_as_the_published_code():
    assert (denoised(loaded(load_file(WEIGHTS))) - IO["denoised"]).abs().max() < 1e-5


def test_it_samples_as_the_published_code():
    found = sample(loaded(load_file(WEIGHTS)), IO["latents"].transpose(1, 2), TOLD, VALID)
    assert (found.transpose(1, 2) - IO["sampled"]).abs().max() < 1e-4


def test_every_tensor_matters():
    tensors = load_file(WEIGHTS)
    before = denoised(loaded(tensors))
    for key, value in tensors.items():
        noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
        changed = (denoised(loaded({**tensors, key: value + noise})) - before).abs().max() > 1e-4
        assert changed is not key.endswith(".freqs"), key  # sinusoids are computed, not read


def test_an_exchange_with_the_next_tensor_of_its_shape_is_noticed():
    tensors = load_file(WEIGHTS)
    before = denoised(loaded(tensors))
    keys = sorted(tensors)
    exchanged = 0
    for number, one in enumerate(keys):
        fits = (
            key
            for key in keys[number + 1 :]
            if tensors[key].shape == tensors[one].shape and not torch.equal(tensors[key], tensors[one])
        )
        other = next(fits, None)
        if other is None:
            continue
        after = denoised(loaded({**tensors, one: tensors[other], other: tensors[one]}))
        assert (after - before).abs().max() > 1e-4, (one, other)
        exchanged += 1
    assert exchanged > 50


@pytest.mark.parametrize("condition", Conditions._fields)
def test_every_condition_matters(condition):
    untold = TOLD._replace(**{condition: torch.zeros_like(getattr(TOLD, condition))})
    assert (denoised(loaded(load_file(WEIGHTS)), untold) - IO["denoised"]).abs().max() > 1e-3


@pytest.mark.parametrize("variant", VARIANTS)
def test_full_size_has_exactly_the_published_tensors(variant):
    manifest = MANIFEST[VARIANTS[variant]]
    shapes = {key: tuple(shape) for key, shape in manifest["tensors"].items()}
    tensors = TensorFile("manifest", shapes, lambda *_: pytest.fail("nothing is read"))
    config = DirectorConfig(variant=variant)
    model = build_director(config, device="meta")
    report = KEYS.load(model, tensors)
    assert sorted(report.ignored) == sorted(key for key in shapes if key.endswith((".pe", ".freqs")))
    assert sum(p.numel() for p in model.parameters()) == manifest["params"]
    assert DirectorConfig.of_tensors(tensors) == config


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_uses_all_it_has_and_all_it_is_told(variant):
    config = replace(CONFIG, variant=variant)
    text = TOLD.text if variant == "cross_attention" else TOLD.text[:, :1]
    told = Conditions(TOLD.character.clone().requires_grad_(), text.clone().requires_grad_())
    torch.manual_seed(0)
    model = build_director(config).eval()
    x = IO["x"].transpose(1, 2)
    found = denoise(model, x, IO["sigma"], told, VALID)
    assert found.shape == x.shape
    found[:, :14].pow(2).sum().backward()
    for name, value in (*model.named_parameters(), ("character", told.character), ("text", told.text)):
        assert value.grad is not None, name
        assert value.grad.abs().max() > 0, name
    other = torch.where(VALID[..., None], x, torch.full_like(x, 5.0))
    again = denoise(model, other, IO["sigma"], told, VALID)
    assert torch.allclose(again[VALID], found[VALID], atol=1e-5)  # padded frames are not seen


def test_variants_of_one_sentence_refuse_tokens():
    model = build_director(replace(CONFIG, variant="in_context"))
    with pytest.raises(InputError, match="one sentence vector"):
        denoised(model)


@pytest.mark.parametrize("prefix", ["", "net.", "ema.ema_model."])
def test_averaged_weights_are_preferred_in_a_lightning_checkpoint(tmp_path, prefix):
    tensors = load_file(WEIGHTS)
    state = {prefix + key: value for key, value in tensors.items()}
    state["model.cond_positional_embedding.pe" if not prefix else f"{prefix}model.x.pe"] = torch.zeros(1, 2, 32)
    if prefix == "ema.ema_model.":
        state |= {f"net.{key}": value * 0 for key, value in tensors.items()} | {"ema.step": torch.zeros(1)}
    torch.save({"state_dict": state}, tmp_path / "et.ckpt")
    model, report = load_official(tmp_path / "et.ckpt", heads=4, frames=20)
    assert (denoised(model) - IO["denoised"]).abs().max() < 1e-5
    assert ("ema.step" in report.ignored) is (prefix == "ema.ema_model.")
    assert model.config.quirks == Quirks.none()


def test_other_checkpoints_are_refused(tmp_path):
    save_file({"traj_encoder.tokens": torch.zeros(2)}, tmp_path / "clatr.safetensors")
    with pytest.raises(InputError, match="give a checkpoint of DIRECTOR"):
        load_official(tmp_path / "clatr.safetensors")
    tensors = load_file(WEIGHTS)
    tensors.pop("model.cond_sa.1.sa.qkv.bias")
    save_file(tensors, tmp_path / "cut.safetensors")
    with pytest.raises(InputError, match=r"condition_blocks\.1\.attention\.qkv\.bias"):
        load_official(tmp_path / "cut.safetensors", heads=4, frames=20)
    for key in ("model.backbone_module.0.ffn.0.weight", "model.cond_projection.1.weight"):
        save_file({name: value for name, value in tensors.items() if name != key}, tmp_path / "cut.safetensors")
        with pytest.raises(InputError, match=f"lacks {key}; give the whole checkpoint"):
            load_official(tmp_path / "cut.safetensors", heads=4, frames=20)
    save_file({**tensors, "model.input_projection.0.weight": torch.zeros(3)}, tmp_path / "cut.safetensors")
    with pytest.raises(InputError, match=r"has shape \[3\]; a matrix is needed"):
        load_official(tmp_path / "cut.safetensors", heads=4, frames=20)


@pytest.mark.parametrize(("device", "dtype"), [("meta", torch.float32), ("cpu", torch.bfloat16)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_is_tied_to_a_device_or_a_dtype(variant, device, dtype):
    model = build_director(replace(CONFIG, variant=variant), device=device, dtype=dtype)
    text = TOLD.text if variant == "cross_attention" else TOLD.text[:, :1]
    told = Conditions(TOLD.character.to(device, dtype), text.to(device, dtype))
    features = IO["latents"].transpose(1, 2).to(device, dtype)
    valid = VALID.to(device)
    found = sample(model, features, told, valid)
    loss = diffusion_loss(model, features, told, valid, NoiseSchedule(), torch.Generator("cpu"))
    assert {(value.device.type, value.dtype) for value in (found, loss)} == {(device, dtype)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_cond_feats": 3}, "character and text"),
        ({"num_heads": "four"}, "whole numbers"),
        ({"variant": "other"}, "known: ca_director"),
        ({"num_heads": 3}, "no multiple of 3 heads"),
        ({"num_layers": 0}, "at least 1"),
    ],
)
def test_configurations_that_cannot_be_are_refused_in_one_line(change, message):
    sizes = json.loads((FIXTURE / "config.json").read_text())
    with pytest.raises(InputError, match=message):
        DirectorConfig.from_official({**sizes, **change})
    with pytest.raises(InputError, match="lacks"):
        DirectorConfig.from_official({key: value for key, value in sizes.items() if key not in change})
