"""The compiled renderer is held to the plain one over meshes that nobody would film."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from render_meshes import body_of, mesh, scene_of, sphere, still, strewn
from render_scenes import actor, body, camera, look_at

from kinoeye.render.fast import kernels, meshes, triangles
from kinoeye.render.film import RENDERED_LAYERS, draw
from kinoeye.render.meshes import Mesh
from kinoeye.render.reference import frame, solids
from kinoeye.render.reference import triangles as plain_triangles
from kinoeye.render.scene import Scene
from kinoeye.shot.environment import Environment, Ground, Sun

place = st.floats(-1.5, 1.5)


@st.composite
def soups(draw_, instance: int) -> Mesh:
    """Loose triangles, some without a surface and some as large as the scene, on joints that bend them."""
    rng = np.random.default_rng(
        [draw_(st.integers(0, 2**32 - 1)), instance]
    )  # two alike would hide each other by chance
    joints = draw_(st.integers(1, 3))
    if draw_(st.booleans()):
        vertices, faces = sphere(draw_(st.integers(1, 5)), draw_(st.floats(0.2, 0.8)))
    else:
        vertices = rng.uniform(-1.0, 1.0, (14, 3)) * draw_(st.sampled_from([0.4, 1.0, 4.0])) + [0.0, 0.0, 0.6]
        triples = np.array(list(combinations(range(14), 3)))  # no two in one place, of which either could be seen
        faces = np.concatenate([rng.permuted(rng.choice(triples, 12, replace=False), axis=1), [(0, 0, 1), (2, 2, 2)]])
    poses = [[strewn(rng, 0.7, 0.5) for _ in range(joints)] for _ in range(2)]
    thing = body_of(vertices, faces, joints=joints, seed=int(rng.integers(99)))
    return Mesh(body=thing, instance=instance, world_from_rest=np.array(poses))


@st.composite
def scenes(draw_) -> Scene:
    # Odd offsets keep simple numbers from making rays that graze a plane, where either answer is right.
    eyes = [(draw_(place) + 0.0191, draw_(place) - 0.0233, draw_(st.floats(0.1, 2.0)) + 0.0137) for _ in range(2)]
    poses = [look_at(eye, (0.37, 0.11, draw_(st.floats(0.2, 1.2)))) for eye in eyes]
    cam = camera(poses, size_wh=draw_(st.sampled_from([(33, 20), (24, 24)])), fov_deg=draw_(st.floats(25.0, 110.0)))
    shown = [draw_(soups(k + 1)) for k in range(draw_(st.integers(1, 2)))]
    solid = draw_(st.sampled_from(["box", "sphere", "cone"]))
    actors = [actor(solid, [body(draw_(place), draw_(place)), body(0.2, 0.1)])] if draw_(st.booleans()) else []
    sun = Sun(azimuth_deg=draw_(st.floats(0, 360)), elevation_deg=draw_(st.floats(2, 89)) + 0.217)
    ground = Ground(pattern=draw_(st.sampled_from(["plain", "checker"])), grain=0.3)
    return scene_of(shown, cam, actors=actors, environment=Environment(sun=sun, ground=ground))


@settings(max_examples=30)
@given(scenes(), st.sampled_from([1, 2]))
def test_fast_equals_reference(scene: Scene, samples: int):
    fast, plain = (draw(scene, RENDERED_LAYERS, samples=samples, backend=backend) for backend in ("fast", "reference"))
    for name in ("instance", "part", "triangle", "shadow"):
        assert (fast[name] == plain[name]).mean() > 0.998, name
    same = (fast["triangle"] == plain["triangle"]) & (fast["instance"] == plain["instance"])
    np.testing.assert_allclose(fast["depth"][same], plain["depth"][same], rtol=1e-6)
    for name in ("normals", "flow", "object_coordinates", "barycentrics"):
        close = np.isclose(fast[name], plain[name], rtol=1e-4, atol=1e-4, equal_nan=True).reshape(*same.shape, -1)
        assert close[same].all(axis=-1).mean() > 0.998, name
    apart = np.abs(fast["rgb"].astype(int) - plain["rgb"]).max(axis=-1)
    assert (apart <= 1).mean() >= 0.998
    assert (np.abs(fast["alpha"].astype(int) - plain["alpha"]) <= 1).mean() > 0.998


def coverage(vertices: NDArray[np.float64], faces: NDArray[np.int64], size: int) -> NDArray[np.int32]:
    """How many triangles each pixel centre [size, size] lies in, one raster a triangle."""
    cam = camera([look_at((0, 0, 0), (1, 0, 0))], size_wh=(size, size), fov_deg=90)
    found = np.zeros((size, size), np.int32)
    for face in faces:
        thing = mesh(body_of(vertices, [face]), [still(0, 0)])
        shown = meshes.MeshFrames(scene_of([thing], cam))
        shown.pose(0, np.eye(3), flows=False)
        found += shown.seen(0)[0] > 0
    return found


def test_no_ray_slips_between_triangles_that_share_an_edge():
    """A sheet across the view, cut at random: every pixel has a triangle, also where edges run through centres."""
    rng = np.random.default_rng(2)
    steps = np.arange(5.0)
    for inner in (rng.uniform(-0.4, 0.4, (5, 5, 3)), np.zeros((5, 5, 3))):
        inner[[0, -1]] = 0.0
        inner[:, [0, -1]] = 0.0
        grid = np.stack([np.full((5, 5), 2.0), *np.meshgrid(steps - 2, steps - 2)], axis=-1) + inner * [0.5, 1, 1]
        grid *= [1.0, 1.25, 1.25]
        corner = (np.arange(4)[:, None] * 5 + np.arange(4)).reshape(-1)
        faces = np.concatenate(
            [np.stack([corner, corner + 1, corner + 5], -1), np.stack([corner + 1, corner + 6, corner + 5], -1)]
        )
        assert coverage(grid.reshape(-1, 3), faces, 16).min() >= 1


def test_both_renderers_have_the_same_constants():
    assert kernels.T_MIN == triangles.T_MIN == solids.T_MIN
    assert kernels.FOLD == frame.FOLD
    assert triangles.THIN == plain_triangles.THIN
