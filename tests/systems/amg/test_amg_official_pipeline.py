"""The released weights from an avatar's rendering and a caption to a film, on small random networks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from test_amg_official import FIXTURE
from upstream_folder import AUTOENCODER, CHECKPOINT, PIXELS, SIDE, TEXT_ENCODER, TOKENS, WIDTH, write_text_encoder

from kinoeye.base.errors import InputError
from kinoeye.networks import TensorFile, open_tensors
from kinoeye.networks.codec import ImageVaeCodec
from kinoeye.networks.windows import overlapping_windows
from kinoeye.systems.amg import AMG, Quirks
from kinoeye.systems.amg.autoencoder import load_autoencoder
from kinoeye.systems.amg.checkpoint import load_folder, load_model, save
from kinoeye.systems.amg.official_pipeline import OfficialAMGPipeline
from kinoeye.systems.amg.sampling import sample_steps

HALF = torch.bfloat16


@pytest.fixture(scope="module")
def pipeline(upstream: Path) -> OfficialAMGPipeline:
    return loaded(upstream)


def loaded(root: Path, **options: object) -> OfficialAMGPipeline:
    given = {"autoencoder": root / AUTOENCODER, "text_encoder": root / TEXT_ENCODER, "device": "cpu", **options}
    return OfficialAMGPipeline.from_pretrained(root / CHECKPOINT, **given)


def mended(pipeline: OfficialAMGPipeline, **quirks: bool) -> OfficialAMGPipeline:
    """The same weights, with quirks changed."""
    config = pipeline.model.config
    with torch.device("meta"):
        model = AMG(replace(config, quirks=replace(config.quirks, **quirks)))
    model.load_state_dict(pipeline.model.state_dict(), assign=True)
    return replace(pipeline, model=model.eval())


def latents(frames: int = 16, seed: int = 3) -> torch.Tensor:
    return torch.randn(4, frames, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 1.5


def pictures(frames: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, PIXELS, PIXELS, 3), dtype=np.uint8)


def test_the_same_seed_makes_the_same_bytes(pipeline: OfficialAMGPipeline, upstream: Path):
    film = pipeline(latents(), "a beach", seed=257, steps=2)
    assert (film.shape, film.dtype) == ((16, PIXELS, PIXELS, 3), np.uint8)
    assert film.std() > 1
    assert film.tobytes() == loaded(upstream)(latents(), "a beach", seed=257, steps=2).tobytes()
    assert film.tobytes() != pipeline(latents(), "a beach", seed=258, steps=2).tobytes()


def test_every_condition_matters(pipeline: OfficialAMGPipeline):
    def filmed(avatar: torch.Tensor, caption: str, guidance: float = 3.0) -> np.ndarray:
        return pipeline(avatar, caption, seed=0, steps=2, guidance=guidance).astype(int)

    before = filmed(latents(), "a beach")
    for after in (filmed(latents(seed=4), "a beach"), filmed(latents(), "snow"), filmed(latents(), "a beach", 1.0)):
        assert np.abs(after - before).max() > 1


def test_a_film_is_the_published_chain_from_the_seeds_noise(pipeline: OfficialAMGPipeline):
    noise = torch.randn(4, 16, SIDE, SIDE, generator=torch.Generator().manual_seed(5))
    text, empty = pipeline.features("a beach"), torch.randn(1, TOKENS, WIDTH)
    *_, last = sample_steps(pipeline.model, noise[None], latents()[None], text, empty, steps=3)
    generator = torch.Generator().manual_seed(5)
    found = pipeline.film_latents(latents(), text, generator=generator, empty=empty, steps=3)
    assert torch.allclose(found, last.value[0], atol=1e-5)
    with torch.no_grad():
        pixels = pipeline.codec.decode(found[None])[0].permute(0, 2, 3, 1)
    assert np.array_equal(pipeline.decode(found), (pixels * 127.5 + 127.5).clamp(0, 255).round().byte().numpy())


def test_pictures_are_encoded_as_drawn_or_as_the_mean(pipeline: OfficialAMGPipeline):
    def encoded(pipeline: OfficialAMGPipeline, seed: int) -> torch.Tensor:
        return pipeline.encode(pictures(2), generator=torch.Generator().manual_seed(seed))

    drawn = encoded(pipeline, 0)
    assert drawn.shape == (4, 2, SIDE, SIDE)
    assert not torch.equal(drawn, encoded(pipeline, 1))
    assert torch.equal(drawn, encoded(pipeline, 0))
    mean = mended(pipeline, sampled_latents=False)
    assert torch.equal(encoded(mean, 0), encoded(mean, 1))
    pixels = torch.from_numpy(pictures(2)).permute(0, 3, 1, 2)[None] / 127.5 - 1
    with torch.no_grad():
        assert torch.allclose(encoded(mean, 0), pipeline.codec.encode(pixels)[0], atol=1e-5)


def test_pictures_and_their_latents_make_the_same_film(pipeline: OfficialAMGPipeline):
    mean = mended(pipeline, sampled_latents=False)
    given = mean.encode(pictures(3), generator=torch.Generator())
    from_latents, from_pictures = (mean(avatar, "a beach", seed=1, steps=1) for avatar in (given, pictures(3)))
    assert np.array_equal(from_latents, from_pictures)


def test_a_long_film_is_seen_in_windows_that_overlap(pipeline: OfficialAMGPipeline):
    film = pipeline(latents(21), "a beach", seed=0, steps=1)
    assert len(film) == 21
    seen: list[int] = []
    handle = pipeline.model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2]))
    pipeline(latents(40), "a beach", seed=0, steps=1, overlap=4, guidance=1.0)
    handle.remove()
    assert seen == [16, 16, 16]


def test_captions_are_words_or_features(pipeline: OfficialAMGPipeline):
    features = pipeline.features("a beach")
    by_words, by_features = (pipeline(latents(2), caption, seed=0, steps=1) for caption in ("a beach", features))
    assert np.array_equal(by_words, by_features)
    mute = replace(pipeline, text_encoder=None)
    assert np.array_equal(mute(latents(2), features, seed=0, steps=1, empty=pipeline.features("")), by_words)
    with pytest.raises(InputError, match="need a text encoder"):
        mute(latents(2), "a beach", seed=0)
    with pytest.raises(InputError, match="width 7"):
        pipeline(latents(2), torch.zeros(1, TOKENS, 7), seed=0)
    with pytest.raises(InputError, match=r"features of a caption are \[3, 4\]"):
        pipeline(latents(2), torch.zeros(3, 4), seed=0)


@pytest.mark.parametrize(
    ("avatar", "message"),
    [
        (torch.randn(3, 16, SIDE, SIDE), r"\[4, frames, height, width\] are needed"),
        (latents() * 5.49, "multiply them by 0.18215"),
        (np.zeros((2, 60, 64, 3), np.uint8), "64 x 60 pixels; both sides must be multiples of 8"),
        (np.zeros((2, 64, 64), np.uint8), "8-bit pictures"),
        (np.zeros((0, 64, 64, 3), np.uint8), "8-bit pictures"),
        (np.zeros((2, 64, 64, 3)), "is float64"),
    ],
)
def test_renderings_that_cannot_be_filmed_are_refused(pipeline: OfficialAMGPipeline, avatar: object, message: str):
    with pytest.raises(InputError, match=message):
        pipeline(avatar, "a beach", seed=0)


def test_quirks_are_upstreams_for_released_files_and_kept_in_folders(
    pipeline: OfficialAMGPipeline, upstream: Path, tmp_path: Path
):
    assert pipeline.model.config.quirks == Quirks.official()
    save(load_folder(upstream / CHECKPOINT)[0], tmp_path)
    assert load_folder(tmp_path)[0].config.quirks == Quirks.official()
    again = OfficialAMGPipeline.from_pretrained(
        tmp_path, autoencoder=upstream / AUTOENCODER, text_encoder=None, device="cpu", quirks=Quirks.none()
    )
    assert again.model.config.quirks == Quirks.none()
    assert loaded(upstream, quirks=Quirks.none()).features("a " * 40).shape[1] > TOKENS


def test_files_of_other_models_are_refused_before_anything_is_read(
    upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def nothing_is_read(*_: object, **options: object) -> None:
        assert options.get("device") == "meta", "weights were read"

    monkeypatch.setattr("kinoeye.systems.amg.official_pipeline.load_model", nothing_is_read)
    with pytest.raises(InputError, match="image autoencoder, not of AMG"):
        OfficialAMGPipeline.from_pretrained(
            upstream / AUTOENCODER, autoencoder=upstream / AUTOENCODER, text_encoder=None, device="cpu"
        )
    with pytest.raises(InputError, match=r"lacks .*encoder"):
        loaded(upstream, autoencoder=upstream / CHECKPOINT)
    with pytest.raises(InputError, match="does not exist"):
        loaded(upstream, autoencoder=tmp_path / "nowhere.ckpt")
    with pytest.raises(InputError, match="nothing is downloaded"):
        loaded(upstream, text_encoder=tmp_path / "nowhere")
    with pytest.raises(InputError, match="not on this machine"):
        loaded(upstream, device="cuda:99")
    write_text_encoder(tmp_path / "sd", width=32)
    with pytest.raises(InputError, match="text features of width 32; this model reads 48"):
        loaded(upstream, text_encoder=tmp_path / "sd")


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_half_precision_and_every_device(device: str, upstream: Path):
    model, _ = load_model(open_tensors(FIXTURE / "weights"), device=device, dtype=HALF)
    tensors = open_tensors(upstream / AUTOENCODER)
    vae, _ = load_autoencoder(tensors, device=device, dtype=HALF)
    pipeline = OfficialAMGPipeline(model=model, codec=ImageVaeCodec(vae))
    text = torch.zeros(1, TOKENS, WIDTH)
    found = pipeline.film_latents(
        latents(18).to(device), text, generator=torch.Generator().manual_seed(0), empty=text, steps=1
    )
    assert (found.device.type, found.dtype, found.shape) == (device, torch.float32, (4, 18, SIDE, SIDE))
    if device == "cpu":
        assert pipeline.decode(found).shape == (18, PIXELS, PIXELS, 3)


def test_the_network_can_compute_in_another_type_than_its_weights(pipeline: OfficialAMGPipeline):
    exact, cast = (one(latents(2), "a beach", seed=0, steps=1) for one in (pipeline, replace(pipeline, autocast=HALF)))
    assert 0 < np.abs(exact.astype(int) - cast).mean() < 3


def test_windows_cover_a_film_and_share_what_they_should():
    for frames in range(1, 70):
        windows = overlapping_windows(frames, length=16, overlap=6)
        assert {frame for window in windows for frame in range(window.start, window.stop)} == set(range(frames))
        assert all(window.stop - window.start == min(16, frames) for window in windows)
        assert all(after.start <= before.stop - 6 for before, after in pairwise(windows))
    for frames, overlap in ((0, 8), (30, 16), (30, -1)):
        with pytest.raises(InputError, match="cannot be"):
            overlapping_windows(frames, length=16, overlap=overlap)


def test_windows_of_one_film_average_what_they_predict():
    tensors = TensorFile.of(dict(open_tensors(FIXTURE / "weights")))
    model, _ = load_model(tensors)
    generator = torch.Generator().manual_seed(0)
    noise, avatar = (torch.randn(1, 4, 6, SIDE, SIDE, generator=generator) for _ in range(2))
    text = torch.randn(1, TOKENS, WIDTH, generator=generator)

    def after_one_step(frames: slice, windows: list[slice] | None = None) -> torch.Tensor:
        given = noise[:, :, frames], avatar[:, :, frames]
        return next(sample_steps(model, *given, text, text, steps=1, guidance=1.0, windows=windows)).value

    first, second = slice(0, 4), slice(2, 6)
    found = after_one_step(slice(None), [first, second])
    one, other = after_one_step(first), after_one_step(second)
    # A step is linear in the prediction, so that averaging predictions is averaging what comes of them.
    assert torch.allclose(found[:, :, :2], one[:, :, :2], atol=1e-3)
    assert torch.allclose(found[:, :, 2:4], (one[:, :, 2:] + other[:, :, :2]) / 2, atol=1e-3)
    assert torch.allclose(found[:, :, 4:], other[:, :, 2:], atol=1e-3)
    whole = after_one_step(slice(None))
    assert torch.allclose(after_one_step(slice(None), [slice(0, 6)]), whole, atol=1e-3)
    assert not torch.allclose(found, whole, atol=1e-2)
