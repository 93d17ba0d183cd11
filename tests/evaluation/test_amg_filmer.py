import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.evaluation.amg import contender
from kinoeye.render.worlds import world
from kinoeye.systems.amg.film_checkpoint import save
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.pairs import AvatarCondition, avatar_pair
from small_amg import small_model


@pytest.fixture(scope="module")
def filming(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "small"
    save(small_model(), folder)
    return contender(str(folder))


@pytest.fixture(scope="module")
def pairs():
    shots = [world("eval", seed, num_frames=FRAMES, fps=FPS, size_wh=(32, 32), distribution="worlds-v1-people")
             for seed in (0, 1)]  # fmt: skip
    return [avatar_pair(shot, "eval") for shot in shots]


def test_a_saved_model_films_worlds(filming, pairs):
    conditions, captions = [AvatarCondition.of(pair) for pair in pairs], [pair.captions[0] for pair in pairs]
    films = filming.film(conditions, captions, seed=3)
    assert films.shape == (2, FRAMES, 32, 32, 3)
    assert np.array_equal(films, filming.film(conditions, captions, seed=3))
    uniform = filming.uniform_attention(conditions, captions, seed=3)
    assert not np.array_equal(films, uniform)
    assert np.array_equal(films, filming.film(conditions, captions, seed=3))  # attention is as it was
    other = filming.film(conditions, captions[::-1], seed=3)
    assert not np.array_equal(films, other)
    assert filming.size_wh == (16, 16)


def test_films_go_through_its_codec(filming, pairs):
    film = pairs[0].film_rgb[None]
    back = filming.codec(film)
    assert back.dtype == np.uint8
    assert np.abs(back.astype(int) - film).mean() < np.abs(film.astype(int) - 127).mean()
    assert np.abs(filming.codec(back).astype(int) - back).max() <= 8  # what it keeps, it keeps


def test_what_is_no_model_is_told():
    with pytest.raises(InputError, match="amg has no checkpoint 'pate'"):
        contender("pate")
