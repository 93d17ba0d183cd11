"""The image autoencoder loads from its official checkpoint, every tensor in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks import TensorFile
from kinoeye.systems.amg.autoencoder import autoencoder_key_map, load_autoencoder

MANIFEST = json.loads((Path(__file__).parents[2] / "fixtures" / "amg" / "manifest.json").read_text())["autoencoder"]


def small() -> dict[str, Tensor]:
    """Random tensors of an autoencoder of three levels, under their official names."""
    generator = torch.Generator().manual_seed(0)
    diffusers = pytest.importorskip("diffusers")
    model = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 64, 64),
        layers_per_block=1,
    )
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
    return autoencoder_key_map(3).to_official(model)


def test_the_full_size_checkpoint_has_a_place_for_every_tensor():
    shapes = {f"first_stage_model.{key}": tuple(shape) for key, shape in MANIFEST.items()}
    shapes["model.diffusion_model.out.2.bias"] = (4,)
    tensors = TensorFile("manifest", shapes, lambda *_: pytest.fail("nothing is read"))
    model, report = load_autoencoder(tensors, device="meta")
    assert report.ignored == ("model.diffusion_model.out.2.bias",)
    assert sum(len(sources) for sources in report.mapped.values()) == len(MANIFEST) == 248
    assert sum(value.numel() for value in model.parameters()) == 83_653_863
    assert report.mapped["decoder.up_blocks.0.resnets.2.conv1.weight"] == ("decoder.up.3.block.2.conv1.weight",)
    assert report.mapped["encoder.mid_block.attentions.0.to_out.0.weight"] == ("encoder.mid.attn_1.proj_out.weight",)
    assert model.config.scaling_factor == 0.18215


def test_what_is_saved_under_official_names_loads_again():
    official = small()
    assert official["encoder.mid.attn_1.q.weight"].shape == (64, 64, 1, 1)
    model, _ = load_autoencoder(TensorFile.of(official))
    again = autoencoder_key_map(3).to_official(model)
    assert again.keys() == official.keys()
    assert all(torch.equal(again[key], value) for key, value in official.items())
    with torch.no_grad():
        latents = model.encode(torch.zeros(1, 3, 16, 16)).latent_dist.mean
        assert latents.shape == (1, 4, 4, 4)
        assert model.decode(latents).sample.shape == (1, 3, 16, 16)


def test_a_checkpoint_that_does_not_fit_is_refused():
    official = small()
    del official["decoder.mid.attn_1.k.bias"]
    with pytest.raises(InputError, match=r"decoder\.mid_block\.attentions\.0\.to_k\.bias"):
        load_autoencoder(TensorFile.of(official))
    with pytest.raises(InputError, match="lacks"):
        load_autoencoder(TensorFile.of({"weight": torch.zeros(1)}))
