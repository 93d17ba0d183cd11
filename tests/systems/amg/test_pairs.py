import numpy as np
import pytest

from kinoeye.render import render, world
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.pairs import AvatarPair, PairSource, avatar_pair, read_pair, write_pair

SIZE = (48, 32)


@pytest.fixture(scope="module")
def shot():
    return world("train", 6, num_frames=FRAMES, fps=FPS, size_wh=SIZE, distribution="worlds-v1-people")


@pytest.fixture(scope="module")
def pair(shot):
    return avatar_pair(shot, "train")


def test_both_films_show_the_same_actors_at_the_same_pixels(shot, pair: AvatarPair):
    truth = render(shot, layers=("instance", "depth"))
    assert pair.film_rgb.shape == pair.avatar_rgb.shape == (FRAMES, SIZE[1], SIZE[0], 3)
    assert np.array_equal(pair.person, truth.layers["instance"].values)
    assert set(np.unique(pair.person)) == set(range(len(shot.actors) + 1))
    inside = pair.person > 0
    np.testing.assert_allclose(1 / pair.nearness[inside], truth.layers["depth"].values[inside], rtol=2e-3)
    assert not pair.avatar_rgb[pair.alpha == 0].any()
    assert not pair.nearness[~inside].any()


def test_cast_shadows_are_darker_than_the_ground_beside_them(pair: AvatarPair):
    luma = pair.film_rgb.astype(float).mean(axis=-1)
    assert pair.cast.sum() > 100
    assert not (pair.cast & (pair.person > 0)).any()
    beside = np.zeros_like(pair.cast)
    for shift in (-4, 4):
        beside |= np.roll(pair.cast, shift, axis=2)
    beside &= ~pair.cast & (pair.alpha == 0)
    assert luma[pair.cast].mean() < 0.92 * luma[beside].mean()


def test_captions_are_of_the_stream_and_the_last_names_the_place_alone(shot, pair: AvatarPair):
    others = avatar_pair(shot, "eval").captions
    assert pair.captions[0] == shot.prompt
    assert not set(pair.captions[1:]) & set(others[1:])
    assert all(actor.prompt.split(" ", 1)[1] not in pair.captions[-1] for actor in shot.actors)
    assert pair.environment == shot.environment.name


def test_a_pair_is_rendered_once_and_read_as_it_was(tmp_path):
    source = PairSource(folder=tmp_path, first=40, size_wh=SIZE)
    made = source[2]
    assert source.file(2).name == "00000042.npz"
    before = source.file(2).stat().st_mtime_ns
    again = source[2]
    assert source.file(2).stat().st_mtime_ns == before
    for name, value in vars(made).items():
        assert np.array_equal(value, getattr(again, name)), name


def test_what_is_written_is_no_pickle(tmp_path, pair: AvatarPair):
    write_pair(pair, tmp_path / "pair.npz")
    assert read_pair(tmp_path / "pair.npz").captions == pair.captions
    with np.load(tmp_path / "pair.npz", allow_pickle=False) as archive:
        assert all(archive[name].dtype != object for name in archive.files)
