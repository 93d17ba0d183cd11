"""Known answers for triangles: what must be seen of meshes, worked out by hand or by a solid of the same shape."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from render_meshes import body_of, mesh, points_of, scene_of, sphere, still, strewn
from render_scenes import actor, body, camera, look_at

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import invert
from kinoeye.render.film import RENDERED_LAYERS, draw
from kinoeye.render.meshes import mesh_of
from kinoeye.render.scene import build_scene
from kinoeye.shot.bodies import skin
from kinoeye.shot.environment import Environment, Ground, Sun
from kinoeye.shot.shot import Shot

BACKENDS = ("fast", "reference")
TRIANGLE = np.array([[0.0, -1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])


def cube(size=(1.0, 1.0, 1.0)):
    """A closed box that stands on the origin, without vertices in common between its sides."""
    vertices, faces = [], []
    for axis, sign in product(range(3), (-1.0, 1.0)):
        first = len(vertices)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            corner = np.empty(3)
            corner[axis], corner[(axis + 1) % 3], corner[(axis + 2) % 3] = sign, u, v
            vertices.append(corner)
        corners = range(first, first + 4) if sign > 0 else range(first + 3, first - 1, -1)
        a, b, c, d = corners
        faces += [(a, b, c), (a, c, d)]
    return (np.array(vertices) / 2 + [0.0, 0.0, 0.5]) * size, faces


def at(pose) -> np.ndarray:
    return np.asarray(pose)[:3]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_triangle_ahead_is_known_in_every_layer(backend):
    # 49 columns, so that the centre of pixel 24 (at 24.5) is the principal point, which is at (5, 0, 0.5).
    cam = camera([look_at((0, 0, 0.5), (5, 0, 0.5))], size_wh=(49, 49))
    thing = body_of(TRIANGLE, [(0, 2, 1)])
    out = draw(scene_of([mesh(thing, [still(5, 0)], 3)], cam), RENDERED_LAYERS, backend=backend)
    pixel = {name: values[0, 24, 24] for name, values in out.items()}
    assert pixel["depth"] == pytest.approx(5.0)
    assert pixel["normals"] == pytest.approx([0, 0, -1], abs=1e-6)
    assert pixel["object_coordinates"] == pytest.approx([0.5, 0.5, 0.25], abs=1e-6)
    assert (pixel["instance"], pixel["part"], pixel["triangle"]) == (3, thing.parts[0], 1)
    assert pixel["barycentrics"] == pytest.approx([0.375, 0.25], abs=1e-6)
    nowhere = out["instance"][0] == 0
    assert nowhere.any()
    assert (out["triangle"][0][nowhere] == 0).all()
    assert np.isnan(out["barycentrics"][0][nowhere]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("eye", [(-3.0, 0.4, 1.3), (0.9, -0.8, 1.9), (0.02, 0.01, 0.6)])
def test_boxes_of_triangles_are_boxes(backend, eye):
    """Two boxes that go through each other, move and turn: as triangles and as solids, from outside and from inside."""
    poses = [[body(0, 0), body(0.1, 0.05, 0.1, 0.3)], [body(0.4, 0.3, yaw=0.5), body(0.3, 0.3, yaw=0.7)]]
    sizes = [(1.0, 0.7, 1.2), (0.9, 0.9, 0.8)]
    cam = camera([look_at(eye, (0.21, 0.13, 0.47)), look_at((-2.9, 0.3, 1.2), (0, 0, 0.5))], size_wh=(48, 40))
    boxes = [actor("box", p, size, name=str(k)) for k, (p, size) in enumerate(zip(poses, sizes, strict=True))]
    solid = draw(build_scene(Shot(camera=cam, actors=tuple(boxes)), cam), RENDERED_LAYERS)
    meshes = [
        mesh(body_of(*cube(size)), [at(pose) for pose in p], k + 1)
        for k, (p, size) in enumerate(zip(poses, sizes, strict=True))
    ]
    out = draw(scene_of(meshes, cam), RENDERED_LAYERS, backend=backend)
    for name in ("instance", "alpha"):
        assert (out[name] == solid[name]).all(), name
    assert (out["shadow"] == solid["shadow"]).mean() > 0.999
    for name in ("depth", "normals", "flow", "object_coordinates"):
        np.testing.assert_allclose(out[name], solid[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_triangle_that_reaches_behind_the_camera_is_seen_as_far_as_it_is_ahead(backend):
    # A floor half a metre up, from far behind the camera to far before it; the camera is one metre above it.
    cam = camera([look_at((0, 0, 1.5), (4, 0, 1.5))], size_wh=(64, 64), fov_deg=90)
    floor = np.array([[-50.0, -500.0, 0.5], [900.0, 0.0, 0.5], [-50.0, 500.0, 0.5]])
    out = draw(
        scene_of([mesh(body_of(floor, [(0, 1, 2)]), [still(0, 0)])], cam), ("depth", "instance"), backend=backend
    )
    rows = np.arange(33, 64) + 0.5
    assert out["depth"][0, 33:, 30] == pytest.approx(32.0 / (rows - 32.0), rel=1e-6)
    assert (out["instance"][0, 33:, 30] == 1).all()
    assert (out["instance"][0, :32] == 0).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_mesh_behind_the_camera_is_not_seen_and_casts_its_shadow(backend):
    cam = camera([look_at((0, 0, 1.5), (4, 0, 0.0))], size_wh=(48, 48))
    tower = mesh(body_of(*cube((1.0, 6.0, 8.0))), [still(-2.0, 0.0)])
    sun = Environment(sun=Sun(azimuth_deg=180.0, elevation_deg=40.0))
    out = draw(scene_of([tower], cam, environment=sun), ("instance", "shadow", "alpha"), samples=2, backend=backend)
    assert out["instance"].max() == out["alpha"].max() == 0
    lit = draw(scene_of([mesh(tower.body, [still(300.0, 0)])], cam, environment=sun), ("shadow",), backend=backend)
    assert (out["shadow"] == 255).mean() > 0.2
    assert (lit["shadow"] == 255).mean() == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_sides_of_an_open_mesh_are_seen(backend):
    cam = camera([look_at((0, 0, 0.5), (5, 0, 0.5))], size_wh=(49, 49))
    for corners in ((0, 2, 1), (0, 1, 2)):
        scene = scene_of([mesh(body_of(TRIANGLE, [corners]), [still(5, 0)])], cam)
        out = draw(scene, ("instance", "normals"), backend=backend)
        assert out["instance"][0, 24, 24] == 1
        assert out["normals"][0, 24, 24] == pytest.approx([0, 0, -1], abs=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_triangles_without_a_surface_are_nothing(backend):
    points = np.array([[0.0, -1.0, 0.1], [0.0, 1.0, 1.1], [0.0, 0.0, 0.6], [0.0, 0.3, 2.0]])
    thing = body_of(points, [(0, 1, 2), (0, 0, 1), (3, 3, 3), (0, 3, 0)])
    cam = camera([look_at((-3, 0, 0.6), (0, 0, 0.6))], size_wh=(49, 49))
    out = draw(scene_of([mesh(thing, [still(0, 0)])], cam), RENDERED_LAYERS, samples=2, backend=backend)
    assert out["instance"].max() == out["alpha"].max() == out["shadow"].max() == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_meshes_and_solids_hide_and_shade_each_other(backend):
    """A post of triangles before a ball of a solid, and the other way round: the sun comes almost along the view."""
    cam = camera([look_at((-6, 0.01, 1.0), (0, 0, 0.6))], size_wh=(64, 64), fov_deg=40)
    sun = Environment(sun=Sun(azimuth_deg=170.0, elevation_deg=12.0), ground=Ground(pattern="plain"))
    post, ball = body_of(*cube((0.2, 0.2, 1.6))), body_of(*sphere(12))
    before = scene_of([mesh(post, [still(-2, 0)], 2)], cam, actors=[actor("sphere", [body(0, 0)])], environment=sun)
    solid_post = actor("box", [body(-2, 0)], (0.2, 0.2, 1.6))
    behind = scene_of([mesh(ball, [still(0, 0)], 2)], cam, actors=[solid_post], environment=sun)
    for scene, (front, back) in ((before, (2, 1)), (behind, (1, 2))):
        out = draw(scene, ("instance", "depth", "shadow"), backend=backend)
        middle = out["instance"][0, :, 32]
        assert front in middle
        assert back not in middle  # all of the ball's middle is behind the post
        on_ball = out["instance"][0] == back
        assert on_ball.sum() > 100
        assert 0 < (out["shadow"][0][on_ball] == 255).mean() < 0.5
        assert (out["depth"][0][out["instance"][0] == front] < out["depth"][0][on_ball].min()).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_normals_of_a_ball_of_triangles_are_those_of_the_ball(backend):
    cam = camera([look_at((-2.5, 0.4, 1.1), (0, 0, 0.5))], size_wh=(64, 64), fov_deg=35)
    smooth = draw(scene_of([mesh(body_of(*sphere(10)), [still(0, 0)])], cam), RENDERED_LAYERS, backend=backend)
    exact = draw(build_scene(Shot(camera=cam, actors=(actor("sphere", [body(0, 0)]),)), cam), RENDERED_LAYERS)
    both = (smooth["instance"] == 1) & (exact["instance"] == 1)
    angle = np.degrees(np.arccos(np.clip((smooth["normals"] * exact["normals"]).sum(-1)[both], -1, 1)))
    assert np.percentile(angle, 95) < 2.0  # flat triangles would be off by up to 6 degrees
    rows, columns = np.mgrid[:64, :64] + 0.5
    focal = 32 / np.tan(np.radians(17.5))
    rays = np.stack([(columns - 32) / focal, (rows - 32) / focal, np.ones((64, 64))], axis=-1)
    assert ((smooth["normals"][0] * rays).sum(-1)[both[0]] < 1e-6).all()  # towards the camera, outline and all


@pytest.mark.parametrize("backend", BACKENDS)
def test_correspondence_depth_flow_and_coordinates_tell_one_story(backend):
    """The triangle and its weights, put on the skinned vertices, give every other layer."""
    thing = body_of(*sphere(6), joints=3)
    rng = np.random.default_rng(5)
    carried = np.array([[strewn(rng, 0.1, 0.4) for _ in range(3)] for _ in range(2)])
    T_world_body = np.stack([body(0.1, 0.2), body(0.25, 0.1, yaw=0.3)])
    shown = mesh_of(thing, T_world_body, carried, 2)
    cam = camera([look_at((-2, 0.4, 1.1), (0, 0, 0.5)), look_at((-2.1, 0.2, 1.3), (0, 0, 0.4))])
    out = draw(scene_of([shown], cam), RENDERED_LAYERS, backend=backend)
    on = out["instance"][0] == 2
    assert on.sum() > 100
    corners = thing.faces[out["triangle"][0][on].astype(int) - 1]
    two = out["barycentrics"][0][on].astype(float)
    weights = np.concatenate([two, 1 - two.sum(axis=1, keepdims=True)], axis=1)
    assert (weights > -1e-6).all()
    in_body = skin(thing, carried)
    now, then = (in_body[k] @ T_world_body[k, :3, :3].T + T_world_body[k, :3, 3] for k in range(2))
    points = points_of(cam, out["depth"])[0][on]
    assert (weights[..., None] * now[corners]).sum(axis=1) == pytest.approx(points, abs=1e-5)
    T_cam_world = invert(cam.T_world_cam.as_matrix()[1, :3].numpy())
    moved = (weights[..., None] * then[corners]).sum(axis=1) @ T_cam_world[:, :3].T + T_cam_world[:, 3]
    K = cam.intrinsics.fx_fy_cx_cy[1].numpy()
    there = moved[:, :2] / moved[:, 2:] * K[:2] + K[2:]
    rows, columns = np.nonzero(on)
    assert out["flow"][0][on] + np.stack([columns, rows], -1) + 0.5 == pytest.approx(there, abs=1e-3)
    place = thing.vertices / thing.size_xyz + [0.5, 0.5, 0.0]
    assert out["object_coordinates"][0][on] == pytest.approx(
        (weights[..., None] * place[corners]).sum(axis=1), abs=1e-5
    )
    assert (out["part"][0][on] == thing.parts[out["triangle"][0][on].astype(int) - 1]).all()


def bilinear(image: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Values of an image [h, w, c] at places [n, 2] in pixels, where centres are at +0.5."""
    x, y = np.clip(xy - 0.5, 0, np.array(image.shape[1::-1]) - 1.001).T
    i, j = y.astype(int), x.astype(int)
    v, u = (y - i)[:, None], (x - j)[:, None]
    top = image[i, j] * (1 - u) + image[i, j + 1] * u
    return top * (1 - v) + (image[i + 1, j] * (1 - u) + image[i + 1, j + 1] * u) * v


def calm(*layers: np.ndarray) -> np.ndarray:
    """Pixels [h, w] two or more away from any change in the layers."""
    flat = np.ones(layers[0].shape, bool)
    for values in layers:
        padded = np.pad(values, 2, mode="edge")
        for dy, dx in product(range(5), range(5)):
            flat &= padded[dy : dy + values.shape[0], dx : dx + values.shape[1]] == values
    return flat


def test_frames_of_a_moving_body_agree():
    """Flow carries the picture along, and both views put the same material point at the same place."""
    vertices, faces = sphere(16)
    thing = body_of(vertices, faces)
    gradient = np.clip(255 * (vertices / 2 + [0.5, 0.5, 0.2]), 0, 255).astype(np.uint8)
    thing = type(thing)(**{**vars(thing), "colors_rgb": gradient})
    cam = camera(
        [look_at((-2.2, 0.5, 1.2), (0, 0, 0.5)), look_at((-2.1, 0.35, 1.25), (0, 0, 0.5))],
        size_wh=(160, 120),
        fov_deg=45,
    )
    poses = [still(0.0, 0.0), still(0.03, -0.05, 0.02)]
    ground = Environment(ground=Ground(pattern="plain"), sun=Sun(azimuth_deg=200.0, elevation_deg=40.0))
    scene = scene_of([mesh(thing, poses)], cam, environment=ground)
    out = draw(scene, RENDERED_LAYERS)
    flow, rows_columns = out["flow"][0], np.mgrid[:120, :160] + 0.5
    target = flow + np.stack([rows_columns[1], rows_columns[0]], axis=-1)
    inside = np.isfinite(target).all(-1) & (target > 2).all(-1) & (target < [158, 118]).all(-1)
    quiet = calm(out["instance"][0], out["shadow"][0]) & inside
    columns, rows = target[quiet].astype(int).T
    there = calm(out["instance"][1], out["shadow"][1])[rows, columns]
    same = (out["instance"][1][rows, columns] == out["instance"][0][quiet]) & there
    same &= out["shadow"][1][rows, columns] == out["shadow"][0][quiet]
    on_body = out["instance"][0][quiet] == 1
    assert (same & on_body).sum() > 1500
    rgb = bilinear(out["rgb"][1].astype(float), target[quiet])
    error = (rgb - out["rgb"][0][quiet])[same]
    assert 10 * np.log10(255**2 / (error**2).mean()) > 40
    body_target, body_same = target[quiet][on_body], same[on_body]
    place = bilinear(out["object_coordinates"][1], body_target)
    expected = out["object_coordinates"][0][quiet][on_body]
    assert np.abs(place - expected)[body_same].max() < 0.01
    points = points_of(cam, out["depth"])
    first = points[0][quiet][on_body] + (poses[1][:, 3] - poses[0][:, 3])
    assert np.linalg.norm(bilinear(points[1], body_target) - first, axis=-1)[body_same].max() < 0.01
    for frame in range(2):
        T_cam_world = invert(cam.T_world_cam.as_matrix()[frame, :3].numpy())
        centre = T_cam_world[:, :3] @ (poses[frame][:, 3] + [0, 0, 0.5]) + T_cam_world[:, 3]
        K = cam.intrinsics.fx_fy_cx_cy[frame].numpy()
        column, row = (centre[:2] / centre[2] * K[:2] + K[2:]).astype(int)
        assert out["instance"][frame][row, column] == 1


def test_rays_at_edges_smooth_outline_and_folds_and_nothing_else():
    cam = camera([look_at((-4, 0, 1.0), (0, 0, 0.5))], size_wh=(64, 64))
    ground = Environment(ground=Ground(pattern="plain"))
    scene = scene_of([mesh(body_of(*sphere(12)), [still(0, 0)])], cam, environment=ground)
    hard, soft = (draw(scene, ("rgb", "alpha", "instance"), samples=samples) for samples in (1, 4))
    exact = Shot(camera=cam, actors=(actor("sphere", [body(0, 0)]),), environment=ground)
    area = draw(build_scene(exact, cam), ("alpha",), samples=4)["alpha"].sum() / 255
    assert set(np.unique(hard["alpha"])) == {0, 255}
    assert ((soft["alpha"] > 0) & (soft["alpha"] < 255)).sum() > 30
    assert soft["alpha"].sum() / 255 == pytest.approx(area, rel=0.02)
    assert (soft["rgb"] != hard["rgb"]).any(-1).mean() < 0.15
    # One sheet far behind another of the same mesh: their border is smoothed too.
    sheets = np.concatenate([TRIANGLE, TRIANGLE * 6 + [8.0, 0.0, -4.0]])
    cam = camera([look_at((-4, 0.013, 1.0), (0, 0, 1.0))], size_wh=(64, 64))
    scene = scene_of([mesh(body_of(sheets, [(0, 2, 1), (3, 5, 4)]), [still(0, 0)])], cam, environment=ground)
    hard, soft = (draw(scene, ("rgb", "triangle"), samples=samples) for samples in (1, 2))
    both = (hard["triangle"][0] > 0) & ~calm(hard["triangle"][0])
    on_border = (hard["triangle"][0][:, 1:] * hard["triangle"][0][:, :-1] == 2).any()
    assert on_border
    assert (soft["rgb"] != hard["rgb"])[0].any(-1)[both].sum() > 20


def test_a_scene_without_meshes_has_no_triangles():
    cam = camera([look_at((-4, 0, 1.0), (0, 0, 0.5))])
    for backend in BACKENDS:
        scene = build_scene(Shot(camera=cam, actors=(actor("box", [body(0, 0)]),)), cam)
        out = draw(scene, ("triangle", "barycentrics"), backend=backend)
        assert out["triangle"].max() == 0
        assert np.isnan(out["barycentrics"]).all()


def test_meshes_that_are_nowhere_are_refused():
    with pytest.raises(InputError, match="NaN"):
        draw(scene_of([mesh(body_of(*sphere(2)), [still(np.nan, 0)])]), ("rgb",))
