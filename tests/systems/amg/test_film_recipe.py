from dataclasses import replace

import numpy as np
import pytest
import torch

from kinoeye.systems.amg.data import avatar_films
from kinoeye.systems.amg.film_ablations import ablations
from kinoeye.systems.amg.film_checkpoint import load
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.film_recipe import AvatarFilmRecipe, Backdrops, film_loss, train_vocabulary
from kinoeye.systems.amg.place_data import place_pixels
from kinoeye.systems.amg.place_learning import place_loss
from kinoeye.systems.amg.place_light import PlaceLight
from kinoeye.training import fit

PAIRS = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pairs")


def recipe(folder) -> AvatarFilmRecipe:
    return AvatarFilmRecipe(
        folder=folder, pairs=PAIRS, film_pairs=PAIRS, size_wh=(32, 32), steps=(3, 3, 3), codec_films=2, held_out=2
    )


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    made = recipe(folder)
    return fit(made, tmp_path_factory.mktemp("run") / "amg", seed=0, phases=small(made), validate=made.validate)


def small(made: AvatarFilmRecipe):
    return tuple(
        replace(phase, batch_size=3 if phase.name == "words" else 2, validate_every=phase.steps)
        for phase in made.phases
    )


def test_all_phases_train_and_what_they_export_films(run):
    model = load(run.model)
    assert set(run.validation) == {"places_read", "composite", "film", "person", "shadow", "uniform_attention"}
    assert model.config.size_wh == (32, 32)
    assert bool(model.transformer.proj_out.weight.any())
    assert tuple(model.read(["a man in the snow"]).shape) == (1, len(PLACES))


def test_each_phase_trains_its_own_part(folder):
    made = recipe(folder)
    model, parts = None, []
    for phase in made.phases:
        model = made.build(phase, model)
        trained = {name.removeprefix("film.").split(".")[0] for name, value in model.named_parameters()
                   if value.requires_grad}  # fmt: skip
        parts.append(trained)
        batch = next(made.batches(small(made)[len(parts) - 1], rank=0, world=1, start=0))
        made.loss(model, batch, torch.Generator().manual_seed(0))["loss"].backward()
        assert all(value.grad is not None for value in model.parameters() if value.requires_grad), phase.name
    assert parts == [{"field", "light"}, {"transformer", "text"}, {"reader"}]


def test_batches_are_addressed_by_their_number(folder, run):
    made = recipe(folder)
    made.build(made.phases[1], made.build(made.phases[0], None))
    for phase in small(made):
        stream = made.batches(phase, rank=0, world=1, start=0)
        third = [next(stream) for _ in range(3)][2]
        again = next(made.batches(phase, rank=0, world=1, start=2))
        assert set(third) == set(again)
        for name, value in third.items():
            assert torch.equal(value, again[name]), (phase.name, name)


def test_processes_share_every_pair_of_a_turn(folder):
    made = recipe(folder)
    seen = [made._visit(number, PAIRS) for number in range(2 * PAIRS)]
    assert sorted(seen[:PAIRS]) == sorted(seen[PAIRS:]) == list(range(PAIRS))
    assert seen[:PAIRS] != seen[PAIRS:]


def test_films_are_learnt_from_the_first_pairs_alone(folder):
    made = replace(recipe(folder), film_pairs=2)
    made.build(made.phases[1], None)
    stream = made.batches(small(made)[1], rank=0, world=1, start=0)
    seen = {int(film.long().sum()) for _ in range(3) for film in next(stream)["film_rgb"]}
    assert seen == {int(made.source[number].film_rgb.sum(dtype=np.int64)) for number in range(2)}


def test_shadows_and_persons_weigh_more(folder):
    made = recipe(folder)
    torch.manual_seed(0)
    film = made.build(made.phases[1], None)
    batch = dict(next(made.batches(small(made)[1], rank=0, world=1, start=0)))
    batch["told"], batch["shown"] = torch.ones(2, dtype=torch.bool), torch.ones(2, dtype=torch.bool)

    def loss(cast):
        found = film_loss(film, {**batch, "cast": cast}, torch.Generator().manual_seed(0))
        return float(found["loss"].detach()), float(found["plain"])

    true, without = loss(batch["cast"]), loss(torch.zeros_like(batch["cast"]))
    assert true[1] == without[1]
    assert true[0] > without[0]  # the composite that an untrained model makes has no shadows


def test_films_that_nobody_can_know_weigh_little(folder):
    made = recipe(folder)
    torch.manual_seed(0)
    film = made.build(made.phases[1], None)
    batch = dict(next(made.batches(small(made)[1], rank=0, world=1, start=0)))
    batch["shown"] = torch.ones(2, dtype=torch.bool)

    other = batch["film_rgb"].clone()
    other[1] = 255 - other[1]

    def change(*, told):
        batch["told"] = torch.tensor([True, told])
        losses = [film_loss(film, {**batch, "film_rgb": rgb}, torch.Generator().manual_seed(0))["loss"]
                  for rgb in (batch["film_rgb"], other)]  # fmt: skip
        return abs(float((losses[1] - losses[0]).detach()))

    assert 0 < change(told=False) < 0.5 * change(told=True)


def test_suns_are_learnt_from_the_truth(folder):
    made = recipe(folder)
    learner = made.build(made.phases[0], None)
    batch = next(made.batches(small(made)[0], rank=0, world=1, start=0))
    optimizer = torch.optim.Adam([learner.film.field.sun], lr=0.05)
    for _ in range(80):
        optimizer.zero_grad()
        found = place_loss(learner, batch)
        found["loss"].backward()
        optimizer.step()
    assert float(found["sun"]) < 1e-3


def test_the_vocabulary_knows_words_and_marks_of_the_train_stream():
    known = set(train_vocabulary().words)
    assert {f"<{place}>" for place in PLACES} <= known
    assert "walks" in known
    assert not {"strolls", "pedestrian", "dunes", "glade"} & known


def test_pixels_of_a_place_show_no_actor_and_no_shadow_that_is_not_reckoned(folder):
    pair = recipe(folder).source[0]
    painted = np.where((pair.alpha > 0)[..., None], 255, np.where(pair.cast[..., None], 100, 0)).astype(np.uint8)
    painted = np.broadcast_to(painted, pair.film_rgb.shape)
    pixels = place_pixels(replace(pair, film_rgb=painted), 3, (600, 200), np.random.default_rng(0))
    assert set(np.unique(pixels.rgb)) <= {0, 100}
    assert (pixels.cast[(pixels.rgb == 100).all(axis=1)] > 0.5).all()
    assert (pixels.lit_rgb == 255).all()
    assert pixels.place == 3


def test_light_is_learnt_from_actors_and_changes_nothing_before():
    light = PlaceLight(2)
    places, rgb, surface, cast = torch.eye(2), torch.rand(2, 5, 3), torch.randn(2, 5, 3), torch.rand(2, 5)
    here = places[:, None].expand(-1, 5, -1)
    assert torch.equal(light.lit(here, rgb, surface), rgb)
    assert torch.equal(light.darkened(places, rgb, cast), rgb)
    torch.manual_seed(0)
    for parameter in light.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    lit = light.lit(here, rgb, surface)
    assert not torch.allclose(lit, rgb)
    assert not torch.allclose(light.lit(here.roll(1, dims=-1), rgb, surface), lit)
    assert not torch.allclose(light.lit(here, rgb, surface.roll(1, dims=-2)), lit)
    assert torch.equal(light.darkened(torch.zeros_like(places), rgb, cast), rgb)
    whole = light.darkened(places, rgb, torch.ones_like(cast))
    torch.testing.assert_close(rgb - light.darkened(places, rgb, 0.5 * torch.ones_like(cast)), 0.5 * (rgb - whole))


def test_ablations_tell_what_parts_are_worth(folder):
    made = recipe(folder)
    torch.manual_seed(0)
    film = made.build(made.phases[1], None).eval()
    held = [made.source[number] for number in range(2)]
    dead = ablations(film, held)
    for name, cost in dead.items():
        if name.startswith(("cost_uniform", "cost_unheard", "cost_unmapped")):
            assert cost == 0, name  # an untrained transformer changes nothing
    for parameter in [*film.transformer.parameters(), *film.light.parameters()]:
        parameter.data += 0.1 * torch.randn_like(parameter)
    alive = ablations(film, held)
    assert {"cost_uniform_1_all", "cost_unheard_0.7_shadow", "cost_unmapped_1_person_shadow"} <= set(alive)
    assert all(abs(cost) > 1e-6 for name, cost in alive.items() if name.startswith("cost_") and name.endswith("_all"))
    assert all(alive[f"attention_to_ffn_{layer}"] > 0 for layer in range(3))
    assert film(*_noisy(film, held)).isfinite().all()  # nothing is left hooked


def test_pictures_of_places_are_kept_by_the_weights_that_paint_them(folder):
    made = recipe(folder)
    film = made.build(made.phases[1], None)
    pair = made.source[0]
    backdrops = Backdrops(folder, film)
    with torch.no_grad():
        film.field.decode[-1].bias += 1.0  # weights come after the model is built where a run is resumed
    painted = backdrops(0, pair)
    assert np.array_equal(Backdrops(folder, film)(0, pair), painted)
    with torch.no_grad():
        film.field.decode[-1].bias -= 2.0
    assert painted.mean() > Backdrops(folder, film)(0, pair).mean() + 20


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_what_is_trained_on_a_device_is_painted_and_validated_there(folder, tmp_path):
    made = recipe(folder)
    film = made.build(made.phases[1], None).cuda().eval()
    pair = made.source[0]
    assert Backdrops(tmp_path, film)(0, pair).shape == pair.film_rgb.shape
    found = made.validate(film, made.phases[1], made.phases[1].steps)
    assert {"places_read", "film", "uniform_attention", "cost_unlit_1_all"} <= set(found)


def _noisy(film, pairs):
    given = film.conditions(avatar_films(pairs), torch.eye(len(PLACES))[: len(pairs)])
    return torch.randn_like(given.composite), torch.ones(len(pairs)), given
