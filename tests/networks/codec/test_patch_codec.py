from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.codec import PatchCodec, PatchCodecConfig
from kinoeye.networks.tensor_files import write_tensors
from kinoeye.render import render, world


def random_films(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@cache
def fitted(channels: int = 64, **sizes: int) -> PatchCodec:
    """A codec of films that are smooth, so that directions differ in energy."""
    noise = random_films(0, 6, 3, 8, 16, 16)
    films = torch.nn.functional.avg_pool3d(noise, 3, stride=1, padding=1).transpose(1, 2) * 3
    return PatchCodec.fit(films, channels=channels, **sizes)


def rendered(stream: str, seed: int) -> Tensor:
    shot = world(stream, seed, num_frames=16, size_wh=(64, 64))  # pyright: ignore[reportArgumentType]
    rgb = torch.from_numpy(render(shot, layers=("rgb",), samples=2).rgb.values)
    return rgb.permute(0, 3, 1, 2).float() / 127.5 - 1


def psnr_db(codec: PatchCodec, films: Tensor) -> float:
    error = (codec.decode(codec.encode(films)) - films) / 2
    return float(-10 * error.square().mean(dim=(1, 2, 3, 4)).log10().mean())


def test_64_channels_keep_33_db_of_worlds_that_were_not_fitted():
    codec = PatchCodec.fit(rendered("train", seed) for seed in range(20))
    held_out = torch.stack([rendered("eval", seed) for seed in range(6)])
    assert codec.encode(held_out).shape == (6, 64, 4, 16, 16)
    assert psnr_db(codec, held_out) >= 33.0


def test_the_basis_is_orthonormal_and_its_scale_makes_the_mean_square_of_the_fit_one():
    codec = fitted()
    torch.testing.assert_close(codec.basis @ codec.basis.T, torch.eye(64), atol=1e-6, rtol=0)
    films = random_films(1, 4, 8, 3, 8, 8)
    assert PatchCodec.fit(films).encode(films).square().mean() == pytest.approx(1.0, rel=1e-4)


def test_a_basis_that_was_rounded_to_16_bits_is_orthonormal_again():
    codec = fitted()
    again = PatchCodec.of_rounded(codec.config, codec.basis.half())
    torch.testing.assert_close(again.basis @ again.basis.T, torch.eye(64), atol=1e-6, rtol=0)
    torch.testing.assert_close(again.basis, codec.basis, atol=1e-3, rtol=0)
    with pytest.raises(InputError, match="from orthonormal"):
        PatchCodec.of_rounded(codec.config, 1.01 * codec.basis)


def test_channels_are_in_order_of_energy_and_more_of_them_lose_less():
    films = random_films(2, 4, 8, 3, 8, 8).cumsum(dim=1) / 8
    energies = PatchCodec.fit(films, channels=96).encode(films).square().mean(dim=(0, 2, 3, 4))
    assert (energies.diff() <= 1e-6).all()
    few, many = (psnr_db(PatchCodec.fit(films, channels=channels), films) for channels in (16, 96))
    assert many > few + 1


def test_fitted_directions_lose_less_than_any_others():
    films = random_films(3, 4, 8, 3, 8, 8).cumsum(dim=3) / 4
    best = PatchCodec.fit(films, channels=8)
    random_rows = torch.linalg.qr(random_films(4, 192, 8)).Q.T.contiguous()
    assert psnr_db(best, films) > psnr_db(PatchCodec(PatchCodecConfig(channels=8), random_rows), films) + 1


@given(seed=st.integers(0, 2**32), channels=st.sampled_from([1, 16, 64, 191]))
def test_encoding_what_was_decoded_changes_nothing(seed: int, channels: int):
    codec = fitted(channels)
    once = codec.decode(codec.encode(random_films(seed, 1, 8, 3, 8, 12)))
    torch.testing.assert_close(codec.decode(codec.encode(once)), once, atol=2e-5, rtol=0)
    latents = random_films(seed, 1, channels, 2, 2, 3)
    torch.testing.assert_close(codec.encode(codec.decode(latents)), latents, atol=2e-5, rtol=0)


@given(seed=st.integers(0, 2**32))
def test_with_all_channels_decoding_undoes_encoding(seed: int):
    codec, films = fitted(192), random_films(seed, 2, 8, 3, 8, 12)
    torch.testing.assert_close(codec.decode(codec.encode(films)), films, atol=1e-5, rtol=0)


@given(seed=st.integers(0, 2**32), a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_both_ways_are_linear(seed: int, a: float, b: float):
    codec = fitted()
    one, two = random_films(seed, 2, 1, 4, 3, 8, 8)
    mixed = codec.encode(a * one + b * two)
    torch.testing.assert_close(mixed, a * codec.encode(one) + b * codec.encode(two), atol=1e-4, rtol=0)
    z, w = random_films(seed, 2, 1, 64, 1, 2, 2)
    torch.testing.assert_close(
        codec.decode(a * z + b * w), a * codec.decode(z) + b * codec.decode(w), atol=1e-4, rtol=0
    )


def test_a_latent_is_of_its_own_patch_and_no_other():
    codec, films = fitted(192), random_films(5, 1, 8, 3, 8, 12)
    changed = films.clone()
    changed[0, 5, 1, 2, 9] += 0.5
    moved = (codec.encode(changed) - codec.encode(films)).abs().amax(dim=1)[0]
    assert moved[1, 0, 2] > 0.01
    moved[1, 0, 2] = 0
    assert moved.max() < 1e-6


def test_an_error_in_latents_is_that_error_in_pixels():
    codec = fitted()
    error = random_films(6, 1, 64, 2, 2, 2)
    energy = codec.decode(error).square().sum() * codec.config.scale**2
    assert float(energy) == pytest.approx(float(error.square().sum()), rel=1e-5)


def test_gradients_pass_both_ways_and_the_basis_is_frozen():
    codec = copy.deepcopy(fitted(8, frames=2, side=2)).double()
    films = random_films(7, 1, 2, 3, 4, 4).double().requires_grad_()
    latents = random_films(8, 1, 8, 1, 2, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(codec.encode, (films,))
    assert torch.autograd.gradcheck(codec.decode, (latents,))
    assert not list(codec.parameters())


def test_autocast_does_not_round_the_basis():
    codec, films = fitted(192), random_films(9, 1, 4, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        again = codec.decode(codec.encode(films))
    torch.testing.assert_close(again, films, atol=1e-5, rtol=0)


def test_a_fit_is_repeatable_and_its_fingerprint_tells_codecs_apart():
    codec, same, other = fitted(), fitted(), fitted(channels=63)
    assert codec.sha256 == same.sha256 != other.sha256
    scaled = PatchCodec(PatchCodecConfig(scale=codec.config.scale * 2), codec.basis)
    assert codec.sha256 != scaled.sha256


def test_a_saved_codec_comes_back_bit_for_bit(tmp_path: Path):
    codec, films = fitted(), random_films(10, 1, 4, 3, 8, 8)
    codec.save(tmp_path)
    again = PatchCodec.load(tmp_path, sha256=codec.sha256)
    assert again.config == codec.config
    assert torch.equal(again.encode(films), codec.encode(films))


def test_another_codec_than_the_one_needed_and_changed_files_are_refused(tmp_path: Path):
    codec = fitted()
    codec.save(tmp_path)
    with pytest.raises(InputError, match="is needed"):
        PatchCodec.load(tmp_path, sha256="0" * 64)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "scale": 2 * codec.config.scale}))
    with pytest.raises(InputError, match="changed or damaged"):
        PatchCodec.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "sides": 4}))
    with pytest.raises(InputError, match=r"'sides'.*'side'"):
        PatchCodec.load(tmp_path)
    write_tensors(tmp_path / "codec.safetensors", {"basis": codec.basis * 1.01})
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="from orthonormal"):
        PatchCodec.load(tmp_path)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((1, 15, 3, 8, 8), "15 frames does not divide.*multiple of 4"),
        ((1, 0, 3, 8, 8), "0 frames"),
        ((1, 4, 3, 8, 10), "10 x 8 pixels.*multiples of 4"),
        ((1, 4, 4, 8, 8), "batch, frames, 3, height, width"),
        ((4, 3, 8, 8), "batch, frames, 3, height, width"),
    ],
)
def test_films_that_do_not_divide_are_refused_in_one_line(shape: tuple[int, ...], says: str):
    with pytest.raises(InputError, match=says) as refused:
        fitted().encode(torch.zeros(shape))
    assert "\n" not in str(refused.value)


def test_whole_numbers_and_foreign_latents_are_refused():
    with pytest.raises(InputError, match=r"uint8.*floating RGB"):
        fitted().encode(torch.zeros(1, 4, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(InputError, match=r"takes \[batch, 64"):
        fitted().decode(torch.zeros(1, 16, 1, 2, 2))


def test_frames_to_latents():
    assert [fitted().frames_to_latents(frames) for frames in (4, 16, 40)] == [1, 4, 10]


@pytest.mark.parametrize("films", [[], [torch.zeros(4, 3, 8, 8)]])
def test_nothing_to_fit_is_refused(films: list[Tensor]):
    with pytest.raises(InputError, match="no films"):
        PatchCodec.fit(films)


def test_impossible_sizes_are_refused():
    with pytest.raises(InputError, match=r"193 channels.*1 to 192"):
        PatchCodecConfig(channels=193)
    with pytest.raises(InputError, match="scale is nan"):
        PatchCodecConfig(scale=float("nan"))
