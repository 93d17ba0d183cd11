from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.codec import Codec, CogVideoXCodec, ImageVaeCodec, PatchCodec, WanCodec
from kinoeye.networks.seeding import seeded

pytest.importorskip("diffusers")
from diffusers import AutoencoderKL, AutoencoderKLCogVideoX, AutoencoderKLWan, CogVideoXPipeline, TextToVideoSDPipeline

MEAN, DEVIATION = [0.5, -1.0, 2.0, 0.0], [0.5, 2.0, 3.0, 1.5]


SMALL: dict[str, Any] = {"block_out_channels": (8, 8, 8, 8), "latent_channels": 4, "norm_num_groups": 2}


def image_vae(**settings: Any) -> Any:
    blocks: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
    }
    with seeded(0):
        return AutoencoderKL(**SMALL, **blocks, **settings).eval()


def cogvideox_vae(**settings: Any) -> Any:
    with seeded(0):
        return AutoencoderKLCogVideoX(**SMALL, layers_per_block=1, **settings).eval()


def wan_vae() -> Any:
    with seeded(0):
        return AutoencoderKLWan(
            base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, latents_mean=MEAN, latents_std=DEVIATION
        ).eval()


def films(frames: int, side: int = 16) -> Tensor:
    return torch.rand(2, frames, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


CODECS = {"image": (ImageVaeCodec, image_vae), "cogvideox": (CogVideoXCodec, cogvideox_vae), "wan": (WanCodec, wan_vae)}


def codec_of(name: str) -> Any:
    kind, build = CODECS[name]
    return kind(build())


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "frames", "latents"),
    [("image", 1, 1), ("image", 11, 11), ("cogvideox", 1, 1), ("cogvideox", 8, 2), ("cogvideox", 16, 4),
     ("cogvideox", 17, 5), ("wan", 1, 1), ("wan", 5, 2), ("wan", 17, 5)],
)  # fmt: skip
def test_a_film_comes_back_with_its_shape(name: str, frames: int, latents: int):
    codec: Codec = codec_of(name)
    encoded = codec.encode(films(frames))
    side = 16 // codec.spatial_stride
    assert encoded.shape == (2, codec.channels, latents, side, side)
    assert codec.frames_to_latents(frames) == latents
    assert codec.decode(encoded).shape == (2, frames, 3, 16, 16)


@torch.no_grad()
def test_image_latents_are_each_frames_own_times_the_scale_of_stable_diffusion():
    vae = image_vae()
    encoded = ImageVaeCodec(vae).encode(films(11))
    alone = vae.encode(films(11)[1, 9:10]).latent_dist.mode() * 0.18215
    torch.testing.assert_close(encoded[1:, :, 9], alone, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_image_latents_are_decoded_as_the_text_to_video_pipeline_does():
    vae = image_vae()
    pipeline: Any = TextToVideoSDPipeline.__new__(TextToVideoSDPipeline)
    pipeline.register_modules(vae=vae)
    latents = torch.randn(2, 4, 9, 2, 2, generator=torch.Generator().manual_seed(2))
    expected = pipeline.decode_latents(latents).transpose(1, 2)
    torch.testing.assert_close(ImageVaeCodec(vae).decode(latents), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("settings", [{}, {"scaling_factor": 0.7, "invert_scale_latents": True}])
def test_cogvideox_latents_are_decoded_as_its_pipeline_does(settings: dict[str, Any]):
    vae = cogvideox_vae(**settings)
    pipeline: Any = CogVideoXPipeline.__new__(CogVideoXPipeline)
    pipeline.register_modules(vae=vae)
    pipeline.vae_scaling_factor_image = vae.config.scaling_factor
    latents = torch.randn(2, 4, 5, 2, 2, generator=torch.Generator().manual_seed(2))
    expected = pipeline.decode_latents(latents.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(CogVideoXCodec(vae).decode(latents), expected)
    mean = vae.encode(films(17).transpose(1, 2)).latent_dist.mode()
    torch.testing.assert_close(CogVideoXCodec(vae).encode(films(17)), mean * vae.config.scaling_factor)


@torch.no_grad()
def test_wan_latents_have_their_channels_brought_to_mean_0_and_deviation_1():
    vae = wan_vae()
    encoded, raw = WanCodec(vae).encode(films(5)), vae.encode(films(5).transpose(1, 2)).latent_dist.mode()
    for channel, (mean, deviation) in enumerate(zip(MEAN, DEVIATION, strict=True)):
        torch.testing.assert_close(encoded[:, channel] * deviation + mean, raw[:, channel], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(WanCodec(vae).decode(encoded), vae.decode(raw).sample.transpose(1, 2), atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("name", CODECS)
def test_a_generator_draws_from_the_posterior_and_nothing_draws_without_one(name: str):
    codec, film = codec_of(name), films(1)
    mean = codec.encode(film)
    assert torch.equal(codec.encode(film), mean)
    one, same, other = (codec.encode(film, generator=torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert not torch.equal(one, mean)


@pytest.mark.parametrize("name", CODECS)
def test_gradients_pass(name: str):
    codec, film = codec_of(name), films(1).requires_grad_()
    codec.decode(codec.encode(film)).square().mean().backward()
    assert film.grad is not None
    assert film.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("name", "frames", "says"),
    [("image", 0, "0 frames"), ("cogvideox", 13, "13 frames.*8 n or 8 n [+] 1"), ("wan", 16, "16 frames.*4 n [+] 1")],
)
def test_films_that_would_come_back_with_other_frames_are_refused(name: str, frames: int, says: str):
    with pytest.raises(InputError, match=says):
        codec_of(name).encode(torch.zeros(1, frames, 3, 16, 16))


@pytest.mark.parametrize("name", CODECS)
def test_sizes_that_do_not_divide_and_foreign_latents_are_refused(name: str):
    with pytest.raises(InputError, match=r"20 x 16 pixels.*multiples of 8"):
        codec_of(name).encode(torch.zeros(1, 1, 3, 16, 20))
    with pytest.raises(InputError, match=r"takes \[batch, 4, frames"):
        codec_of(name).decode(torch.zeros(1, 64, 1, 2, 2))


def test_an_image_vae_that_shifts_its_latents_is_refused():
    with pytest.raises(InputError, match="shifts its latents"):
        ImageVaeCodec(image_vae(shift_factor=0.1))


def test_the_patch_codec_has_the_same_interface():
    codec: Codec = PatchCodec.fit(films(4))
    assert codec.decode(codec.encode(films(16))).shape == films(16).shape
