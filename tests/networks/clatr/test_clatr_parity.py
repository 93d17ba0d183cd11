"""CLaTr equals the published code: every output and every loss term, every tensor in its place, at any size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.networks.captioned_paths import CaptionTokens
from kinoeye.networks.clatr import (
    Clatr,
    ClatrConfig,
    Gaussian,
    LossWeights,
    Quirks,
    clatr_losses,
    load_official,
    same_captions,
)
from kinoeye.networks.clatr.checkpoint import KEYS
from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.tensor_files import TensorFile

FIXTURE = Path(__file__).parents[2] / "fixtures" / "clatr"
WEIGHTS = FIXTURE / "weights.safetensors"
CONFIG = replace(ClatrConfig.from_official(json.loads((FIXTURE / "config.json").read_text())), quirks=Quirks.official())
LOSSES = {"loss": "total", "reconstruction": "recons", "latent": "latent", "kl": "kl", "contrastive": "contrastive"}
IO = load_file(FIXTURE / "io.safetensors")


def outputs(model: Clatr) -> dict[str, torch.Tensor]:
    """Everything that the fixture holds, by its names there."""
    valid, text = IO["traj_mask"].bool(), CaptionTokens(IO["text"], IO["text_mask"].bool())
    with torch.no_grad():
        found = model(IO["traj"], valid, text)
        same = same_captions(IO["sent_token"])
        losses = clatr_losses(found, IO["traj"], valid, same, weights=LossWeights(), quirks=CONFIG.quirks)
    return {
        "traj_mu": found.path.mean,
        "traj_logvar": found.path.logvar,
        "text_mu": found.text.mean,
        "text_logvar": found.text.logvar,
        "dec_from_traj": found.from_path,
        "dec_from_text": found.from_text,
        **{f"loss_{theirs}": losses[ours] for ours, theirs in LOSSES.items()},
    }


def loaded(tensors: dict[str, torch.Tensor]) -> Clatr:
    model = Clatr(CONFIG).eval()
    KEYS.load(model, TensorFile.of(tensors))
    return model


def test_every_output_and_loss_term_equals_the_published_code():
    found = outputs(loaded(load_file(WEIGHTS)))
    for name, value in found.items():
        assert (value - IO[name]).abs().max() < 1e-5, name
    assert set(IO) - set(found) == {"traj", "traj_mask", "text", "text_mask", "sent_token"}


def test_every_tensor_matters_and_stands_in_its_place():
    tensors = load_file(WEIGHTS)
    before = outputs(loaded(tensors))
    for key, value in tensors.items():
        noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
        after = outputs(loaded({**tensors, key: value + noise}))
        assert any(not torch.allclose(after[name], before[name], atol=1e-4) for name in before), key


def test_an_exchange_with_the_next_tensor_of_its_shape_is_noticed():
    tensors = load_file(WEIGHTS)
    before = outputs(loaded(tensors))
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
        after = outputs(loaded({**tensors, one: tensors[other], other: tensors[one]}))
        assert any(not torch.allclose(after[name], before[name], atol=1e-4) for name in before), (one, other)
        exchanged += 1
    assert exchanged > 50


@pytest.mark.parametrize("config", [ClatrConfig.gendop(), ClatrConfig.et()])
def test_full_size_has_exactly_the_published_tensors(config):
    manifest = json.loads((FIXTURE / "manifest.json").read_text())
    shapes = {key: tuple(shape) for key, shape in manifest["tensors"].items()}
    tensors = TensorFile("manifest", shapes, lambda *_: pytest.fail("nothing is read"))
    model = Clatr(config, device="meta")
    report = KEYS.load(model, tensors)
    assert len(report.mapped) == len(shapes)
    assert sum(p.numel() for p in model.parameters()) == manifest["params"]
    assert ClatrConfig.of_tensors(tensors, path=config.path) == config


@pytest.mark.parametrize("prefix", ["", "clatr."])
def test_a_lightning_checkpoint_is_loaded_from_its_weights_alone(tmp_path, prefix):
    tensors = load_file(WEIGHTS)
    state = {prefix + key: value for key, value in tensors.items()}
    state[prefix + "traj_encoder.pe"] = torch.zeros(1, 4, 32)
    if prefix:
        state["metric.count"] = torch.zeros(1)
    torch.save({"state_dict": state, "epoch": 99}, tmp_path / "epoch99.ckpt")
    model, report = load_official(tmp_path / "epoch99.ckpt")
    assert not model.training
    assert (outputs(model)["loss_total"] - IO["loss_total"]).abs().max() < 1e-5
    assert report.ignored == ("traj_encoder.pe", *(["metric.count"] if prefix else []))


def test_other_checkpoints_are_refused(tmp_path):
    save_file({"net.model.input_projection.0.weight": torch.zeros(2)}, tmp_path / "director.safetensors")
    with pytest.raises(InputError, match="one CLaTr is needed"):
        load_official(tmp_path / "director.safetensors")
    tensors = load_file(WEIGHTS)
    tensors.pop("traj_decoder.final_layer.bias")
    save_file(tensors, tmp_path / "cut.safetensors")
    with pytest.raises(InputError, match=r"path_decoder\.output\.bias"):
        load_official(tmp_path / "cut.safetensors")
    for key in ("traj_encoder.projection.weight", "traj_encoder.seqTransEncoder.layers.0.linear1.weight"):
        save_file({name: value for name, value in tensors.items() if name != key}, tmp_path / "cut.safetensors")
        with pytest.raises(InputError, match=f"lacks {key}; give the whole checkpoint"):
            load_official(tmp_path / "cut.safetensors")


def test_embeddings_are_means_and_draws_follow_the_posterior():
    model = loaded(load_file(WEIGHTS))
    features, valid = IO["traj"], IO["traj_mask"].bool()
    with torch.no_grad():
        posterior = model.path_encoder(features, valid)
        assert torch.equal(model.embed_path(features, valid), posterior.mean)
    many = Gaussian(*(value.repeat(4000, 1, 1) for value in posterior))
    draws = many.sample(torch.Generator().manual_seed(0))
    assert torch.allclose(draws.mean(0), posterior.mean, atol=0.2)
    assert torch.allclose(draws.var(0).log(), posterior.logvar, atol=0.15)


def test_padding_is_not_seen_and_without_quirks_not_counted():
    model = loaded(load_file(WEIGHTS))
    valid, text = IO["traj_mask"].bool(), CaptionTokens(IO["text"], IO["text_mask"].bool())
    other = torch.where(valid[..., None], IO["traj"], torch.full_like(IO["traj"], 7.0))
    seen, changed = (model.path_encoder(features, valid).mean for features in (IO["traj"], other))
    assert torch.allclose(seen, changed, atol=1e-5)
    same = torch.eye(3, dtype=torch.bool)
    for quirks, counts in ((Quirks.official(), True), (Quirks.none(), False)):
        losses = [
            clatr_losses(model(f, valid, text), f, valid, same, weights=LossWeights(), quirks=quirks)["reconstruction"]
            for f in (IO["traj"], other)
        ]
        assert torch.allclose(*losses) is not counts


def test_a_small_clatr_fits_beside_its_caption_encoder():
    small = Clatr(ClatrConfig.small(), device="meta")
    assert 2 * sum(p.numel() for p in small.parameters()) < 2_700_000
    assert small.config.path == PathFeatures.metric(60)


def test_layers_begin_different():
    # A stack of copies would hide an exchange of two layers, and learn them alike at first.
    layers = Clatr(ClatrConfig.small(text_dim=8)).path_encoder.layers
    first, second = (layer for layer in layers if isinstance(layer, nn.TransformerEncoderLayer))
    assert not torch.equal(first.linear1.weight, second.linear1.weight)


@pytest.mark.parametrize(("device", "dtype"), [("meta", torch.float32), ("cpu", torch.bfloat16)])
def test_nothing_is_tied_to_a_device_or_a_dtype(device, dtype):
    model = Clatr(CONFIG, device=device, dtype=dtype)
    features, text = (IO[name].to(device, dtype) for name in ("traj", "text"))
    valid, text_valid = (IO[name].bool().to(device) for name in ("traj_mask", "text_mask"))
    output = model(features, valid, CaptionTokens(text, text_valid), torch.Generator("cpu"))
    losses = clatr_losses(
        output, features, valid, same_captions(text[:, 0]), weights=LossWeights(), quirks=CONFIG.quirks
    )
    assert {(value.device.type, value.dtype) for value in losses.values()} == {(device, dtype)}


@pytest.mark.parametrize(
    ("change", "message"),
    [({"num_heads": 3}, "3 heads"), ({"ff_size": None}, "whole number"), ({"num_layers": 0}, "1")],
)
def test_configurations_that_cannot_be_are_refused_in_one_line(change, message):
    sizes = json.loads((FIXTURE / "config.json").read_text())
    with pytest.raises(InputError, match=message):
        ClatrConfig.from_official({**sizes, **change})
    with pytest.raises(InputError, match="lacks"):
        ClatrConfig.from_official({key: value for key, value in sizes.items() if key not in change})
