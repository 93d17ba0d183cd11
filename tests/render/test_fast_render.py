"""The compiled renderer is held to the plain one over scenes that nobody would film."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from render_scenes import actor, body, camera, look_at

from kinoeye.render import RENDERED_LAYERS, render
from kinoeye.render.fast import kernels
from kinoeye.render.reference import solids, textures
from kinoeye.render.scene import KINDS
from kinoeye.shot.environment import Environment, Ground, Prop, Sky, Sun
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.shot import SHAPES, Shot

unit = st.floats(0.0, 1.0)
color = st.tuples(unit, unit, unit)
place = st.floats(-3.0, 3.0)
length = st.floats(0.2, 2.0)


@st.composite
def environments(draw) -> Environment:
    if draw(st.booleans()):
        return ENVIRONMENTS[draw(st.sampled_from(sorted(ENVIRONMENTS)))]
    pattern = draw(st.sampled_from(["plain", "checker", "noise", "tiles", "stripes"]))
    ground = Ground(
        pattern=pattern,
        color_a_rgb=draw(color),
        color_b_rgb=draw(color),
        tile_m=draw(st.floats(0.3, 3.0)),
        grain=draw(unit),
    )
    prop = Prop(
        shape=draw(st.sampled_from(sorted(KINDS))),
        position_xy=(draw(place), draw(place)),
        size_xyz=(draw(length), draw(length), draw(length)),
        color_rgb=draw(color),
        yaw_deg=draw(st.floats(0, 360)) + 0.731,
        base_m=draw(st.floats(-0.5, 1.0)) + 0.0157,
        pattern=draw(st.sampled_from(["plain", "checker", "stripes", "windows"])),
    )
    return Environment(
        ground=ground,
        sky=Sky(horizon_rgb=draw(color), zenith_rgb=draw(color), glow=draw(unit)),
        sun=Sun(
            azimuth_deg=draw(st.floats(0, 360)), elevation_deg=draw(st.floats(-10, 89)) + 0.217, color_rgb=draw(color)
        ),
        fog_per_m=draw(st.floats(0.0, 0.3)),
        fog_rgb=draw(color),
        props=(prop,),
    )


@st.composite
def shots(draw) -> Shot:
    # Odd offsets keep simple numbers from making rays that graze a plane, and actors from lying in one another's
    # surfaces, where either answer is right. So is it under the ground of a built environment, whose props stand on it.
    environment = draw(environments())
    lowest = 0.0 if environment in ENVIRONMENTS.values() else -0.5
    eyes = [(draw(place) + 0.0191, draw(place) - 0.0233, draw(st.floats(lowest, 3.0)) + 0.0137) for _ in range(2)]
    poses = [look_at(eye, (0.37, 0.11, draw(unit))) for eye in eyes]
    actors = []
    for index in range(draw(st.integers(0, 3))):
        poses_of_body = [
            body(
                draw(place) + 0.0077 * index,
                draw(place) - 0.0113 * index,
                draw(st.floats(-0.3, 0.5)) + 0.0173 + 0.0059 * index,
                draw(st.floats(-3.2, 3.2)) + 0.0311 + 0.0271 * index,
            )
            for _ in range(2)
        ]
        actors.append(
            actor(
                draw(st.sampled_from(SHAPES)),
                poses_of_body,
                (draw(length), draw(length), draw(length)),
                name=str(index),
                color_rgb=draw(color),
                pattern=draw(st.sampled_from(["plain", "checker", "stripes"])),
                gait=draw(st.sampled_from(["stand", "walk"])),
            )
        )
    size_wh = draw(st.sampled_from([(33, 20), (24, 24), (9, 41)]))
    cam = camera(poses, size_wh=size_wh, fov_deg=draw(st.floats(25.0, 110.0)))
    return Shot(camera=cam, actors=tuple(actors), environment=environment, seed=draw(st.integers(0, 99)))


def off_edges(*layers: NDArray) -> NDArray[np.bool_]:
    """Pixels [f, h, w] that show the same as all eight around them in every layer."""
    flat = np.ones(layers[0].shape, bool)
    for values in layers:
        padded = np.pad(values, ((0, 0), (1, 1), (1, 1)), mode="edge")
        height, width = values.shape[1:]
        for dy in range(3):
            for dx in range(3):
                flat &= padded[:, dy : dy + height, dx : dx + width] == values
    return flat


@settings(max_examples=40)
@given(shots(), st.sampled_from([1, 2]))
def test_fast_equals_reference(shot: Shot, samples: int):
    fast, plain = (
        render(shot, layers=RENDERED_LAYERS, samples=samples, backend=backend) for backend in ("fast", "reference")
    )
    values = {name: (fast.layers[name].values, plain.layers[name].values) for name in RENDERED_LAYERS}
    ids = [values[name][1] for name in ("instance", "part", "shadow")]
    inside = off_edges(*ids)
    for name in ("instance", "part", "shadow"):
        assert (values[name][0] == values[name][1])[inside].all(), name
        assert (values[name][0] == values[name][1]).mean() > 0.995, name
    apart = np.abs(values["rgb"][0].astype(int) - values["rgb"][1]).max(axis=-1)
    assert (apart <= 1).mean() >= 0.999
    for name in ("depth", "normals", "flow", "object_coordinates"):
        got, expected = values[name]
        close = np.isclose(got, expected, rtol=1e-4, atol=1e-4, equal_nan=True)
        assert close[inside].mean() > 0.999, name
    assert (np.abs(values["alpha"][0].astype(int) - values["alpha"][1]) <= 1).mean() > 0.995


def rays(seed: int) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    origin = rng.uniform(-3, 3, (400, 3))
    direction = rng.uniform(-1.3, 1.3, (400, 3)) - origin
    direction[::10, rng.integers(3)] = 0.0
    direction[5::40, :2] = 0.0
    return origin, direction


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("segment", [0.0, 0.8])
def test_solids_agree_and_hits_lie_on_them(kind: str, segment: float):
    origin, direction = rays(KINDS[kind])
    t, face = solids.intersect(KINDS[kind], segment, origin, direction)
    fast = [kernels.intersect(KINDS[kind], segment, *o, *d) for o, d in zip(origin, direction, strict=True)]
    assert np.array([hit for hit, _ in fast]) == pytest.approx(t, rel=1e-9)
    hit = np.isfinite(t)
    assert 100 < hit.sum() < 400
    assert (np.array([side for _, side in fast]) == face)[hit].mean() > 0.99  # a ray may meet an edge
    distance = surface_distance(kind, segment)(origin[hit] + t[hit, None] * direction[hit])
    assert np.abs(distance).max() < 1e-7


def surface_distance(kind: str, segment: float) -> Callable[[NDArray], NDArray]:
    """A function of points that is zero on a canonical solid's surface."""

    def cone_radius(p):
        return np.hypot(p[:, 0], p[:, 1]) - (1 - p[:, 2]) / 2

    functions = {
        "box": lambda p: np.abs(p).max(axis=1) - 1,
        "sphere": lambda p: np.linalg.norm(p, axis=1) - 1,
        "cylinder": lambda p: np.maximum(np.hypot(p[:, 0], p[:, 1]), np.abs(p[:, 2])) - 1,
        "cone": lambda p: np.maximum(cone_radius(p), -1 - p[:, 2]),
        "capsule": lambda p: np.linalg.norm(p - np.outer(np.clip(p[:, 2], -segment, segment), [0, 0, 1]), axis=1) - 1,
        "pyramid": lambda p: np.maximum(np.abs(p[:, :2]).max(axis=1) - (1 - p[:, 2]) / 2, -1 - p[:, 2]),
    }
    return functions[kind]


@given(st.floats(-50, 50), st.floats(1e-3, 3.0), st.floats(0.05, 0.9))
def test_filtered_patterns_are_averages(x: float, width: float, gap: float):
    samples = x + width * (np.arange(4000) + 0.5) / 4000 - width / 2
    square = np.where(np.floor(samples) % 2 == 0, 1.0, -1.0).mean()
    inside = ((samples - np.floor(samples)) < gap).mean()
    for function, expected in (
        (lambda v, w: textures.square_wave(np.array(v), np.array(w)), square),
        (kernels.square_wave, square),
        (lambda v, w: textures.comb(np.array(v), np.array(w), gap), inside),
        (lambda v, w: kernels.comb(v, w, gap), inside),
    ):
        assert float(function(x, width)) == pytest.approx(expected, abs=2e-3)


def test_bins_list_what_touches_each_cell_in_order():
    low = np.array([[0.2, 0.1], [-np.inf, -np.inf], [5.0, 0.0], [1.5, 1.5]])
    high = np.array([[1.1, 0.9], [np.inf, np.inf], [6.0, 1.0], [1.7, 9.0]])
    bins = kernels.bin_rectangles(low, high, np.array([3, 0, 2, 1]), 3, 2)
    lists = [bins[bins[cell] : bins[cell + 1]].tolist() for cell in range(6)]
    assert lists == [[0, 1], [0, 1], [1], [1], [3, 1], [1]]


def test_light_at_noon_and_level_light_do_not_break_the_grid():
    for elevation_deg in (90.0, 0.5):
        shot = Shot(
            camera=camera([look_at((-4, 1, 2), (0, 0, 0))]),
            actors=(actor("cone", [body(0, 0)]),),
            environment=Environment(sun=Sun(elevation_deg=elevation_deg, azimuth_deg=math.degrees(0.3))),
        )
        fast, plain = (
            render(shot, layers=("shadow",), backend=b).layers["shadow"].values for b in ("fast", "reference")
        )
        assert (fast == plain).mean() > 0.999
