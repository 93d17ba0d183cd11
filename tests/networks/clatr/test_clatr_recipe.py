"""A small CLaTr learns a tiny problem, and comes back from its folder."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import homogeneous, rotvec_to_matrix
from kinoeye.networks.captioned_paths import CaptionedPath
from kinoeye.networks.clatr import ClatrConfig, ClatrRecipe, load_clatr
from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.recipe import Phase, Recipe

MOVES = {"right": (1, 0, 0), "left": (-1, 0, 0), "forward": (0, 0, 1), "backward": (0, 0, -1)}
TURNS = {"still": 0.0, "panning": 0.01, "returning": -0.01, "whipping": 0.03}
WORDS = [*MOVES, *TURNS]
SIZES = ClatrConfig(
    latent_dim=32, feed_forward_dim=64, layers=1, text_dim=16, dropout=0.0, path=PathFeatures.metric(24)
)


def pair(index: int) -> CaptionedPath:
    move, turn = list(MOVES)[index % 4], list(TURNS)[index // 4 % 4]
    frames = np.arange(24)
    rotation = rotvec_to_matrix(np.outer(frames * TURNS[turn], [0, 1, 0]))
    centres = np.outer(0.03 * frames, MOVES[move])
    poses = homogeneous(np.concatenate([rotation, centres[..., None]], axis=-1))
    return CaptionedPath(T_world_cam=poses, caption=f"{move} {turn}")


@pytest.fixture
def build(word_vectors):
    return lambda data=None: word_vectors(WORDS, 16)


@pytest.fixture
def recipe(build) -> ClatrRecipe:
    captions = {"words": WORDS}
    return ClatrRecipe(
        config=SIZES, pairs=pair, build_captions=build, captions=captions, seed=0, batch_size=16, steps=150
    )


def train(recipe: Recipe, phase: Phase, lr: float) -> torch.nn.Module:
    model = recipe.build(phase, None).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr)
    generator = torch.Generator().manual_seed(0)
    for batch in islice(recipe.batches(phase, rank=0, world=1, start=0), phase.steps):
        optimizer.zero_grad()
        recipe.loss(model, batch, generator)["loss"].backward()
        optimizer.step()
    return model.eval()


def test_it_learns_which_of_sixteen_captions_belongs_to_which_path(tmp_path, recipe, build):
    (phase,) = recipe.phases
    model = train(recipe, phase, 3e-3)
    recipe.export(model, tmp_path / "clatr")
    again = load_clatr(tmp_path / "clatr", build)
    pairs = [pair(index) for index in range(16)]
    features, valid = SIZES.path.batch([p.T_world_cam for p in pairs])
    for clatr in (model, again):
        with torch.no_grad():
            paths, captions = clatr.clatr.embed_path(features, valid), clatr.embed_captions([p.caption for p in pairs])
        cosines = torch.nn.functional.normalize(paths, dim=-1) @ torch.nn.functional.normalize(captions, dim=-1).T
        assert cosines.argmax(1).tolist() == list(range(16))
        assert cosines.argmax(0).tolist() == list(range(16))


def test_batches_have_numbers_and_are_dealt_to_processes(recipe):
    phase = Phase(name="p", steps=1, batch_size=8, lr=1.0, accumulation=2)
    whole = list(islice(recipe.batches(phase, rank=0, world=1, start=0), 4))
    resumed = next(iter(recipe.batches(phase, rank=0, world=1, start=3)))
    assert torch.equal(resumed["features"], whole[3]["features"])
    assert resumed["captions"] == whole[3]["captions"]
    dealt = [next(iter(recipe.batches(phase, rank=rank, world=2, start=0)))["captions"] for rank in range(2)]
    assert [*dealt[0], *dealt[1]] == whole[0]["captions"]
    with pytest.raises(InputError, match="multiple"):
        next(iter(recipe.batches(phase, rank=0, world=3, start=0)))


def test_captions_that_mean_the_same_are_no_negatives(build):
    def twins(index: int) -> CaptionedPath:
        made = pair(index // 2)
        return CaptionedPath(T_world_cam=made.T_world_cam, caption=f"{index}", meaning=made.caption)

    recipe = ClatrRecipe(config=SIZES, pairs=twins, build_captions=build, captions={}, seed=0, batch_size=4)
    batch = next(iter(recipe.batches(recipe.phases[0], rank=0, world=1, start=0)))
    assert batch["same_meaning"].int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]


def test_first_weights_follow_the_seed_and_leave_no_trace(recipe):
    state = torch.get_rng_state()
    one, other = (recipe.build(recipe.phases[0], None).state_dict() for _ in range(2))
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert torch.equal(torch.get_rng_state(), state)
    assert recipe.phases[0].batch_size == 16


def test_a_folder_that_lacks_a_file_is_refused(tmp_path, recipe, build):
    recipe.export(recipe.build(recipe.phases[0], None), tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load_clatr(tmp_path, build)
