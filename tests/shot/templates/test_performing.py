"""Templates in films: as fast as bodies move, within their area, clear of one another, the same for the same seed."""

import itertools
import math

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.shot.templates import (
    TEMPLATES,
    Performance,
    Template,
    difference,
    find_template,
    least_clearance,
    normal_form,
    normal_form_of_paths,
    perform,
)
from kinoeye.shot.templates.performing import (
    HURRY,
    MAX_ACCELERATION_M_PER_S2,
    MAX_TURN_RATE,
    PACES_M_PER_S,
    PERSON,
)

FILM = torch.arange(99, dtype=torch.float64) / 30
LONG = torch.linspace(0.0, 15.0, 451, dtype=torch.float64)

of_each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.code)


def arrays(performance: Performance) -> tuple[np.ndarray, np.ndarray]:
    """Ground contacts [a, t, 3] and facings [a, t]."""
    poses = np.stack([track.T_world_body.as_matrix().numpy() for track in performance.tracks])
    return poses[..., :3, 3], np.unwrap(np.arctan2(poses[..., 1, 0], poses[..., 0, 0]), axis=-1)


@of_each_template
def test_it_is_performed_in_films_of_any_length_by_many_seeds(template: Template):
    for seed, frames in enumerate((1, 2, 49, 99)):
        times = 0.5 + FILM[:frames]
        performance = perform(template, times, seed=seed)
        assert len(performance.tracks) == template.actors
        for track in performance.tracks:
            assert torch.equal(track.times_s, times)
            np.testing.assert_allclose(track.T_world_body.wxyz_xyz[:, :4].norm(dim=-1), 1.0, atol=1e-12)
            assert track.T_world_body.wxyz_xyz.isfinite().all()
        assert performance.is_clear
        assert 0.0 <= performance.shown <= 1.0


@of_each_template
def test_bodies_go_turn_and_speed_up_as_bodies_do(template: Template):
    times = torch.linspace(0.0, 6.0, 361, dtype=torch.float64)
    for seed in range(1, 3):
        performance = perform(template, times, seed=seed)
        xyz, facing = arrays(performance)
        leaps = any(path.leaps for path in template.paths())
        if leaps:
            xyz = xyz * np.array([1.0, 1.0, 0.0])
        velocity = np.gradient(xyz, times.numpy(), axis=1)
        speed = np.linalg.norm(velocity, axis=-1)
        assert speed.max() <= HURRY * PACES_M_PER_S[template.pace][1] * 1.02
        assert speed.max() <= performance.pace_m_per_s * 1.02 + 1e-9
        if not leaps:
            acceleration = np.linalg.norm(np.gradient(velocity, times.numpy(), axis=1), axis=-1)
            assert acceleration.max() <= MAX_ACCELERATION_M_PER_S2 * 1.05
            assert np.abs(np.gradient(facing, times.numpy(), axis=1)).max() <= MAX_TURN_RATE * 1.02


@of_each_template
def test_the_least_clearance_is_kept_and_measured_again(template: Template):
    sizes = ((0.5, 0.75, 1.7), (1.0, 0.4, 0.8), (0.6, 0.6, 1.2))[: template.actors]
    performance = perform(template, FILM, seed=3, sizes=sizes, area_radius_m=6.0, least_clearance_m=0.3)
    measured = least_clearance(performance.tracks, sizes)
    if template.actors == 1:
        assert measured == math.inf == performance.clearance_m
    else:
        assert performance.clearance_m <= measured + 1e-9
        assert performance.clearance_m >= 0.3
        assert performance.is_clear


@of_each_template
def test_everybody_stays_within_the_area(template: Template):
    performance = perform(template, LONG, seed=4, area_radius_m=3.6, centre=(10.0, -5.0))
    xyz, _ = arrays(performance)
    assert np.linalg.norm(xyz[..., :2] - np.array([10.0, -5.0]), axis=-1).max() <= 3.6 + 1e-6


@of_each_template
def test_place_heading_size_and_speed_do_not_change_what_a_motion_is(template: Template):
    middle = template.middle()
    nominal = normal_form_of_paths(template.paths())
    for seed, times in ((0, LONG), (1, LONG * 0.8)):
        performance = perform(template, times, seed=seed, parameters=middle)
        whole = torch.linspace(0.0, min(performance.lasts_s, float(times[-1])), 201, dtype=torch.float64)
        assert difference(nominal, normal_form([track.at(whole) for track in performance.tracks])) < 0.03
        assert performance.shown == 1.0


@of_each_template
def test_same_seed_same_tracks_and_other_seeds_differ(template: Template):
    one, again, other = (perform(template, FILM, seed=seed) for seed in (7, 7, 8))
    for a, b, c in zip(one.tracks, again.tracks, other.tracks, strict=True):
        assert torch.equal(a.T_world_body.wxyz_xyz, b.T_world_body.wxyz_xyz)
        assert not torch.equal(a.T_world_body.wxyz_xyz, c.T_world_body.wxyz_xyz)


def test_parameters_heading_size_and_pace_are_drawn():
    performances = [perform(find_template("bend left"), FILM, seed=seed) for seed in range(24)]
    assert np.ptp([p.parameters["turn"] for p in performances]) > 0.2
    assert np.ptp([math.remainder(p.heading, math.tau) for p in performances]) > 4.0
    assert max(p.scale for p in performances) / min(p.scale for p in performances) > 1.5
    assert np.ptp([p.pace_m_per_s for p in performances]) > 0.5


def test_a_film_that_is_too_short_for_a_motion_shows_its_beginning():
    template = find_template("circles back")
    performance = perform(template, [0.0, 1.0], seed=0)
    assert performance.lasts_s > 2.0
    assert performance.shown == pytest.approx(1.0 / performance.lasts_s)


def test_hops_fall_about_as_fast_as_gravity_has_it_however_long_the_film():
    for duration, seed in itertools.product((1.0, 3.0, 20.0), range(3)):
        times = torch.linspace(0.0, duration, int(duration * 240), dtype=torch.float64)
        performance = perform(find_template("hops on the spot"), times, seed=seed)
        z = arrays(performance)[0][0, :, 2]
        fall = np.gradient(np.gradient(z, times.numpy()), times.numpy())
        in_air = np.convolve(z > 0.02, np.ones(9), mode="same") == 9
        assert 0.45 * 9.81 < -np.median(fall[in_air]) < 1.2 * 9.81


def test_small_bodies_go_slower_than_large_ones():
    template = find_template("straight")
    small, large = (
        [perform(template, FILM, seed=seed, sizes=[size], area_radius_m=30.0).pace_m_per_s for seed in range(12)]
        for size in ((0.3, 0.2, 0.425), (2.0, 1.5, 6.8))
    )
    np.testing.assert_allclose(np.array(large) / np.array(small), 4.0, rtol=1e-6)


def test_bodies_that_do_not_fit_are_refused_in_one_line():
    template, cars = find_template("meet face to face"), ((4.5, 1.8, 1.5),) * 2
    with pytest.raises(InputError, match=r"'meet face to face' of these bodies needs an area of radius 10\.\d m") as it:
        perform(template, FILM, seed=0, sizes=cars, area_radius_m=4.0)
    assert "\n" not in str(it.value)
    assert perform(template, FILM, seed=0, sizes=cars, area_radius_m=12.0).is_clear


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"times_s": [0.0, 0.0]}, "increasing"),
        ({"times_s": []}, "one or more"),
        ({"times_s": [0.0, math.nan]}, "increasing"),
        ({"sizes": [PERSON]}, "2 actors; 1 sizes"),
        ({"sizes": [PERSON, (1.0, 0.0, 1.0)]}, "positive lengths"),
        ({"area_radius_m": 0.0}, "radius"),
        ({"least_clearance_m": -0.1}, "0 m or more"),
        ({"parameters": {"speed": 1.0}}, "no parameter 'speed'"),
    ],
)
def test_what_cannot_be_performed_is_refused(changes: dict, words: str):
    given = {"times_s": FILM, "seed": 0} | changes
    with pytest.raises(InputError, match=words):
        perform(find_template("follows"), **given)


def hidden(performance: Performance, near: int, far: int) -> bool:
    """Whether one actor is in line between the camera and another at some time."""
    azimuth = performance.camera_azimuth
    assert azimuth is not None
    xyz, _ = arrays(performance)
    towards = np.array([math.cos(azimuth), math.sin(azimuth)])
    across = np.array([-towards[1], towards[0]])
    camera = 8.0 * towards
    depth, side = -(xyz[..., :2] - camera) @ towards, (xyz[..., :2] - camera) @ across
    bearing = side / depth
    return bool((np.abs(bearing[near] - bearing[far]) < 0.3 / depth[far])[depth[near] < depth[far] - 0.3].any())


@pytest.mark.parametrize(
    ("name", "near", "far"),
    [
        ("crosses in front", 0, 1),
        ("crosses behind", 1, 0),
        ("cross, the right-going one nearer", 0, 1),
        ("cross, the left-going one nearer", 0, 1),
        ("steps out from behind", 1, 0),
        ("goes into hiding", 1, 0),
        ("crosses in front of two", 0, 1),
        ("crosses in front of two", 0, 2),
        ("crosses behind two", 1, 0),
        ("crosses behind two", 2, 0),
        ("cross around one who stands", 0, 2),
        ("cross around one who stands", 2, 1),
        ("cross in three depths", 0, 1),
        ("cross in three depths", 0, 2),
    ],
)
def test_who_hides_whom_is_as_the_words_say_from_the_cameras_side(name: str, near: int, far: int):
    for seed, azimuth in enumerate((None, 0.0, 2.0, -1.3)):
        performance = perform(find_template(name), LONG, seed=seed, camera_azimuth=azimuth)
        assert hidden(performance, near, far)
        assert not hidden(performance, far, near)
        if azimuth is not None:
            assert performance.camera_azimuth == pytest.approx(azimuth)


def test_templates_without_a_side_face_anywhere_whatever_the_camera():
    headings = {
        round(perform(find_template("straight"), FILM, seed=s, camera_azimuth=1.0).heading, 3) for s in range(9)
    }
    assert len(headings) == 9
    assert perform(find_template("straight"), FILM, seed=0).camera_azimuth is None


def test_the_one_who_crosses_to_the_right_does_so():
    performance = perform(find_template("cross, the right-going one nearer"), FILM, seed=0, camera_azimuth=-math.pi / 2)
    xyz, _ = arrays(performance)
    assert xyz[0, -1, 0] > xyz[0, 0, 0] + 0.5, "seen from -y, right is +x"
    assert xyz[1, -1, 0] < xyz[1, 0, 0] - 0.5
