"""DIRECTOR's diffusion is EDM's, a small one learns a tiny problem, and its paths have the right size."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.networks.captioned_paths import CaptionedPath
from kinoeye.networks.director import (
    CaptionedDirector,
    Conditions,
    DirectorConfig,
    DirectorRecipe,
    Quirks,
    Sampler,
    build_director,
    character_features,
    denoise,
    direct_paths,
    load_director,
    sample,
)
from kinoeye.networks.director.diffusion import SIGMA_DATA, loss_weight
from kinoeye.networks.path_features import PathFeatures, Standardisation

MOVES = {"right": (1, 0, 0), "left": (-1, 0, 0), "forward": (0, 0, 1), "backward": (0, 0, -1)}
FRAMES = 8
SIZES = DirectorConfig(
    frames=FRAMES,
    width=32,
    layers=2,
    heads=2,
    registers=2,
    text_dim=8,
    dropout=0.0,
    stochastic_depth=0.0,
    path=replace(PathFeatures.metric(FRAMES), standardisation=Standardisation(step_std=(0.1, 0.1, 0.1))),
)


def pair(index: int) -> CaptionedPath:
    move = list(MOVES)[index % 4]
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, :3, 3] = np.outer(0.1 * np.arange(FRAMES), MOVES[move])
    return CaptionedPath(T_world_cam=poses, caption=move)


@pytest.fixture
def build(word_vectors):
    return lambda data=None: word_vectors(list(MOVES), 8)


@pytest.fixture
def recipe(build) -> DirectorRecipe:
    return DirectorRecipe(
        config=SIZES,
        pairs=pair,
        build_captions=build,
        captions={"words": list(MOVES)},
        seed=0,
        steps=250,
        batch_size=16,
        warmup_steps=0,
    )


def test_it_learns_which_caption_goes_where_and_comes_back_from_its_folder(tmp_path, recipe, build):
    (phase,) = recipe.phases
    model = recipe.build(phase, None).train()
    assert isinstance(model, CaptionedDirector)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for batch in islice(recipe.batches(phase, rank=0, world=1, start=0), phase.steps):
        optimizer.zero_grad()
        recipe.loss(model, batch, generator)["loss"].backward()
        optimizer.step()
    recipe.export(model, tmp_path / "director")
    wanted = 0.7 * np.array(list(MOVES.values()))
    for director in (model.eval(), load_director(tmp_path / "director", build)):
        noise = torch.Generator().manual_seed(1)
        paths = direct_paths(director, list(MOVES), generator=noise, sampler=Sampler(guidance=1))
        travel = np.array([path[-1, :3, 3] - path[0, :3, 3] for path in paths])
        distance = np.linalg.norm(travel[:, None] - wanted, axis=-1)
        assert paths[0].shape == (FRAMES, 4, 4)
        assert distance.argmin(1).tolist() == [0, 1, 2, 3]
        assert distance.diagonal().max() < 0.6


def test_a_perfect_denoiser_is_sampled_to_its_data():
    # For data at one point the best denoiser is that point, whatever the noise.
    class Point(torch.nn.Module):
        def forward(self, features, noise, conditions, valid):
            sigma = (4 * noise).exp()[:, None, None]
            total = (sigma**2 + SIGMA_DATA**2).sqrt()
            noisy = features * total
            skip = SIGMA_DATA**2 / total**2
            return (0.3 - skip * noisy) * total / (sigma * SIGMA_DATA)

    told = Conditions(torch.zeros(2, 5, 3), torch.zeros(2, 1, 4))
    latents = torch.randn(2, 5, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = sample(Point(), latents, told, torch.ones(2, 5, dtype=torch.bool))  # type: ignore[arg-type]
    assert torch.allclose(found, torch.full_like(found, 0.3), atol=1e-6)


def test_preconditioning_makes_every_noise_level_weigh_the_same():
    # The network's own target has unit variance, and the weight undoes c_out (EDM, appendix B.6).
    sigma = torch.logspace(-2, 2, 9)
    c_out = sigma * SIGMA_DATA / (sigma**2 + SIGMA_DATA**2).sqrt()
    assert torch.allclose(loss_weight(sigma) * c_out**2, torch.ones(9))
    torch.manual_seed(0)
    model = build_director(SIZES).eval()
    told = Conditions(torch.zeros(9, FRAMES, 3), torch.zeros(9, 1, 8))
    noisy = torch.randn(9, FRAMES, 9) * 1e-4
    almost_none = denoise(model, noisy, torch.full((9,), 1e-5), told, torch.ones(9, FRAMES, dtype=torch.bool))
    assert torch.allclose(almost_none, noisy, atol=1e-4)


def test_noise_falls_from_eighty_to_nothing():
    sigmas = Sampler().sigmas()
    assert len(sigmas) == 11
    assert sigmas[0] == pytest.approx(80)
    assert sigmas[-2] == pytest.approx(0.002)
    assert sigmas[-1] == 0
    assert all(a > b for a, b in pairwise(sigmas))
    with pytest.raises(InputError):
        Sampler(steps=1)
    with pytest.raises(InputError):
        Sampler(sigma_min=3, sigma_max=2)


def test_conditions_are_dropped_together_and_each_for_itself():
    told = Conditions(torch.ones(20_000, 1, 1), torch.ones(20_000, 1, 1))
    dropped = told.dropped(0.1, torch.Generator().manual_seed(0))
    character, text = dropped.character.flatten().bool(), dropped.text.flatten().bool()
    for condition in (character, text):
        assert condition.float().mean() == pytest.approx(0.81, abs=0.01)
    assert (~character & ~text).float().mean() == pytest.approx(0.1 + 0.9 * 0.01, abs=0.01)


def test_official_samples_are_half_as_large(recipe):
    model = recipe.build(recipe.phases[0], None).eval()
    right = direct_paths(model, ["right"], generator=torch.Generator().manual_seed(1))[0]
    model.director.config = replace(SIZES, quirks=Quirks.official())
    shrunk = direct_paths(model, ["right"], generator=torch.Generator().manual_seed(1))[0]
    assert np.allclose(shrunk[:, :3, 3], right[:, :3, 3] / 2, atol=1e-6)
    assert np.allclose(shrunk[:, :3, :3], right[:, :3, :3], atol=1e-6)


def test_shorter_paths_and_characters(recipe):
    model = recipe.build(recipe.phases[0], None).eval()
    walk = np.outer(np.arange(FRAMES), [0.01, 0, 0])
    options = {"generator": torch.Generator().manual_seed(1), "frames": 5}
    (alone,) = direct_paths(model, ["left"], **options)
    options["generator"] = torch.Generator().manual_seed(1)
    (followed,) = direct_paths(model, ["left"], characters=[walk], **options)
    assert alone.shape == followed.shape == (5, 4, 4)
    assert not np.allclose(alone, followed, atol=1e-4)
    with pytest.raises(InputError, match="1 to 8"):
        direct_paths(model, ["left"], generator=torch.Generator(), frames=9)
    with pytest.raises(InputError, match="one each"):
        direct_paths(model, ["left", "right"], generator=torch.Generator(), characters=[walk])


def test_characters_are_standardised_steps():
    features = character_features([[1, 2, 3], [1.0105, 2, 3.0229]], 4)
    assert torch.allclose(features, torch.tensor([[0, 0, 0], [1, 0, 2], [0, 0, 0], [0, 0, 0]]).float(), atol=1e-4)
    with pytest.raises(InputError, match="finite"):
        character_features([[1, np.nan, 3]], 4)


def test_batches_hold_characters(build):
    def accompanied(index: int) -> CaptionedPath:
        return replace(pair(index), character=np.outer(np.arange(FRAMES), [0.0105, 0, 0]) if index else None)

    recipe = DirectorRecipe(
        config=SIZES, pairs=accompanied, build_captions=build, captions={}, seed=0, steps=1, batch_size=2
    )
    batch = next(iter(recipe.batches(recipe.phases[0], rank=0, world=1, start=0)))
    assert batch["character"][0].abs().max() == 0
    assert batch["character"][1, 1].tolist() == pytest.approx([1, 0, 0])
