"""The small film model by its parts, at a size that trains in seconds."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.evaluation.publish import export_16_bits
from kinoeye.footage.take import Layer
from kinoeye.render.color import linear_to_srgb, srgb_to_linear
from kinoeye.systems.amg.conditions import AvatarFilms, FilmConditions
from kinoeye.systems.amg.film_checkpoint import load, save
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.film_sampling import Guidance, decoded, nobody, sampled_latents
from kinoeye.systems.amg.pipeline import GUIDE_LAYERS, AMGPipeline, films_of_guides
from kinoeye.systems.amg.place_reader import caption_words
from small_amg import FRAMES, SIDE, guide, shot_of, small_model


@pytest.fixture(scope="module")
def model() -> AvatarFilm:
    return small_model()


@pytest.fixture(scope="module")
def pipeline(model) -> AMGPipeline:
    return AMGPipeline(model=model, computed=torch.float32)


def linear(rgb: torch.Tensor) -> np.ndarray:
    return srgb_to_linear(rgb.detach().numpy())


def srgb(light: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(linear_to_srgb(light)).float()


def test_untrained_it_lays_avatars_over_the_place_as_light_adds_up():
    model, whole = small_model(trained=False), films_of_guides([guide()], frames=FRAMES)
    avatars = replace(whole, alpha=0.4 * whole.alpha, rgb=srgb(0.4 * linear(whole.rgb)))
    places = torch.eye(len(PLACES))[:1]
    given = Guidance().conditions(model, avatars, places)
    latents = sampled_latents(model, torch.randn_like(given[0][1].composite), given)
    backdrop = model.backdrop(places, avatars.T_world_cam, avatars.fx_fy_cx_cy, avatars.size_wh)
    pasted = srgb(linear(avatars.rgb) + (1 - avatars.alpha[..., None].numpy()) * linear(backdrop))
    picture = (2 * pasted - 1).permute(0, 1, 4, 2, 3)
    torch.testing.assert_close(latents, model.codec.encode(picture))
    assert float((model.codec.decode(latents) - picture).abs().max()) > 0.1  # patches lose detail
    torch.testing.assert_close(decoded(model, latents, given), picture, atol=1e-4, rtol=0)
    half = [(weight, conditions.frames(slice(1, 3))) for weight, conditions in given]
    torch.testing.assert_close(decoded(model, latents[:, :, 1:3], half), picture[:, 4:12], atol=1e-4, rtol=0)


@pytest.mark.parametrize("what", ["rgb", "alpha", "nearness", "person", "T_world_cam", "fx_fy_cx_cy", "places"])
def test_every_condition_matters(model, what):
    avatars, places = films_of_guides([guide()], frames=FRAMES), torch.eye(len(PLACES))[:1]
    noise = torch.randn(1, 64, 4, 4, 4)

    def film(avatars, places):
        return sampled_latents(model, noise, Guidance().conditions(model, avatars, places), steps=1)

    before = film(avatars, places)
    if what == "places":
        after = film(avatars, places.roll(3, dims=1))
    else:
        other = getattr(avatars, what).clone()
        other = other * 1.1 if what in ("nearness", "fx_fy_cx_cy", "person") else other.flip(1) + 0.01
        after = film(replace(avatars, **{what: other}), places)
    assert float((after - before).abs().max()) > 1e-4


def test_noise_matters_and_its_share_too(model):
    given = Guidance().conditions(model, films_of_guides([guide()], frames=FRAMES), torch.eye(len(PLACES))[:1])[0][1]
    noisy = torch.randn(1, 64, 4, 4, 4)
    half, whole = torch.tensor([0.5]), torch.tensor([1.0])
    assert not torch.allclose(model(noisy, whole, given), model(noisy, half, given))
    assert not torch.allclose(model(noisy, whole, given), model(-noisy, whole, given))


def test_scales_of_one_are_the_plain_prediction_and_others_go_beyond_it(model):
    avatars, places = films_of_guides([guide()], frames=FRAMES), torch.eye(len(PLACES))[:1]
    noise = torch.randn(1, 64, 4, 4, 4)

    def film(**scales):
        return sampled_latents(model, noise, Guidance(**scales).conditions(model, avatars, places), steps=1)

    def alone(avatars, places):
        return model(noise, torch.ones(1), model.conditions(avatars, places))

    nowhere = torch.zeros_like(places)
    plain, untold, empty = alone(avatars, places), alone(avatars, nowhere), alone(nobody(avatars), nowhere)
    torch.testing.assert_close(film(), plain)
    torch.testing.assert_close(film(caption=2.0), untold + 2 * (plain - untold), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(film(avatar=1.5), empty + 1.5 * (untold - empty) + plain - untold, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(film(avatar=0.0, caption=0.0), empty, atol=1e-4, rtol=1e-4)
    with pytest.raises(InputError, match="avatar scale is -1; it is 0 to 10"):
        Guidance(avatar=-1)


def test_without_a_caption_the_place_is_grey_and_casts_nothing(model, monkeypatch):
    avatars, nowhere = films_of_guides([guide()], frames=FRAMES), torch.zeros(1, len(PLACES))
    with monkeypatch.context() as patched:
        patched.setattr(model.field, "forward", lambda *_, **__: pytest.fail("a place that nobody sees is painted"))
        given = model.conditions(avatars, nowhere)
    assert isinstance(given, FilmConditions)
    picture = (model.codec.decode(given.composite) + 1) / 2
    outside = (avatars.alpha[0] == 0)[:, None].expand(-1, 3, -1, -1)
    full = model.codec.decode(model.codec.encode(torch.zeros_like(picture)))
    torch.testing.assert_close(picture[0][outside][:32], ((full + 1) / 2)[0][outside][:32], atol=0.2, rtol=0)
    maps = given.maps.unflatten(1, (5, 64))
    assert not maps[:, 3:].any()
    assert maps[:, :3].any()


def test_a_saved_model_films_the_same(model, tmp_path):
    save(small_model(), tmp_path / "rounded")
    rounded = load(tmp_path / "rounded")
    save(rounded, tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.config == rounded.config
    take = guide()
    films = [AMGPipeline(model=which, computed=torch.float32)(shot_of(take, "in the snow"), guide=take, seed=3)
             for which in (rounded, again)]  # fmt: skip
    assert np.array_equal(films[0].rgb.values, films[1].rgb.values)
    config = json.loads((tmp_path / "model/config.json").read_text())
    (tmp_path / "model/config.json").write_text(json.dumps({**config, "layerz": 2}))
    with pytest.raises(InputError, match="layerz"):
        load(tmp_path / "model")


def test_what_ships_in_16_bits_films_the_same(model, tmp_path):
    save(model, tmp_path / "model")
    saved = load(tmp_path / "model")
    export_16_bits(tmp_path / "model", tmp_path / "shipped")
    shipped = load(tmp_path / "shipped")
    names = {key for key, value in shipped.state_dict().items() if not torch.equal(value, saved.state_dict()[key])}
    assert names == {"codec.basis"}
    take = guide()
    films = [AMGPipeline(model=which, computed=torch.float32)(shot_of(take, "in the snow"), guide=take, seed=3)
             for which in (saved, shipped)]  # fmt: skip
    assert np.abs(films[0].rgb.values.astype(int) - films[1].rgb.values).max() <= 1


def test_the_same_seed_makes_the_same_bytes_alone_or_among_others(pipeline):
    first, second = guide(seed=1), guide(seed=2)
    words = ["a man in the snow", "a man in the desert"]
    alone = pipeline.films([second], words[1:], seeds=[7])
    both = pipeline.films([first, second], words, seeds=[5, 7])
    assert np.abs(alone[0].astype(int) - both[1].astype(int)).max() <= 1  # products of other shapes round otherwise
    assert np.array_equal(pipeline.films([second], words[1:], seeds=[7]), alone)
    assert not np.array_equal(pipeline.films([second], words[1:], seeds=[8]), alone)


@pytest.mark.parametrize("frames", [1, 5, 16, 17, 39])
def test_films_of_any_length(pipeline, frames):
    take = guide(frames)
    film = pipeline(shot_of(take, "a man in the snow"), guide=take, seed=0)
    assert film.rgb.values.shape == (frames, SIDE, SIDE, 3)
    assert np.array_equal(film.times_s, take.times_s)
    assert film.layers["rgb"].source == "generated:amg"


def test_windows_agree_where_they_overlap(pipeline, model):
    """A film whose windows all show the same is the film of one window, again and again."""
    take = guide(16)
    avatars = films_of_guides([take], frames=16)
    doubled = AvatarFilms(**{name: torch.cat([values] * 2, dim=1) for name, values in vars(avatars).items()})
    places = torch.eye(len(PLACES))[:1]
    noise = torch.randn(1, 64, 4, 4, 4)
    windows = [slice(0, 4), slice(4, 8)]
    once = sampled_latents(model, noise, Guidance().conditions(model, avatars, places))
    twice = sampled_latents(
        model, torch.cat([noise] * 2, dim=2), Guidance().conditions(model, doubled, places), windows=windows
    )
    torch.testing.assert_close(twice, torch.cat([once] * 2, dim=2), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda take: replace(take, layers={name: take.layers[name] for name in GUIDE_LAYERS if name != "depth"}),
         "no layer 'depth'; AMG needs rgb, alpha, depth, instance"),
        (lambda take: replace(take, cameras={}), "0 cameras; AMG needs the one that it was rendered by"),
        (lambda take: guide(size_wh=(20, 16)), "20x16; both sides must be multiples of 8"),
        (lambda take: replace(take, layers={**take.layers, "instance": Layer(np.zeros((16, 16, 16), np.uint8), "t")}),
         "no actor is in the picture at any time"),
    ],
)  # fmt: skip
def test_what_cannot_be_filmed_is_told_in_a_line(pipeline, change, message):
    take = change(guide())
    with pytest.raises(InputError, match=message):
        pipeline(shot_of(guide(), "a man in the snow"), guide=take, seed=0)


def test_captions_and_guides_are_needed(pipeline):
    with pytest.raises(InputError, match="give guide="):
        pipeline(shot_of(guide(), "a man"), seed=0)
    with pytest.raises(InputError, match="no prompt"):
        pipeline(shot_of(guide(), " "), guide=guide(), seed=0)
    with pytest.raises(InputError, match="0 sampling steps"):
        pipeline(shot_of(guide(), "a man"), guide=guide(), seed=0, steps=0)


def test_marks_of_the_lexicon_stand_behind_the_words():
    assert caption_words("He runs, among sand dunes!") == ("he", "runs", "among", "sand", "dunes", "<desert>")
    assert caption_words("He runs.") == ("he", "runs")
