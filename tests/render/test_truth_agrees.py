"""What a film says about people, a dog, a car and solids in a meadow is one truth: every layer against the others.

Nothing of the renderer is used to tell what should be seen but its layers: places of surfaces come from tracks and from
skinning written down plainly, and what is hidden in another picture from depth and masks.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from render_scenes import actor, body, camera, look_at

from kinoeye.footage import Take
from kinoeye.geometry.convention import invert
from kinoeye.geometry.rays import unproject
from kinoeye.geometry.track import Trajectory
from kinoeye.render import PART_NAMES, RENDERED_LAYERS, render
from kinoeye.render.color import linear_to_bytes
from kinoeye.render.guides import guide_passes
from kinoeye.render.reference import frame as plain
from kinoeye.render.scene import build_scene
from kinoeye.shot import ENVIRONMENTS, Actor, Shot, SkinnedAvatar
from kinoeye.shot.bodies import Body
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.scene_tracks import scene_tracks

Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
FRAMES, FPS, SIZE = 3, 24.0, (320, 240)
WOMAN, DOG, CAR, BALL, BOX = range(1, 6)
SKINNED = (WOMAN, DOG, CAR)


def arc(x: float, y: float, yaw: float, speed: float, turn: float) -> list[Float64]:
    """Poses on a bend: metres a second ahead, radians a second to the left."""
    poses = []
    for _ in range(FRAMES):
        poses.append(body(x, y, yaw=yaw))
        x, y, yaw = x + speed / FPS * math.cos(yaw), y + speed / FPS * math.sin(yaw), yaw + turn / FPS
    return poses


def with_joints(name: str, kind, poses: list[Float64], size, **looks) -> Actor:
    looks = {"color_rgb": (0.2, 0.3, 0.7), **looks}
    return replace(actor("box", poses, size, name=name, fps=FPS), avatar=SkinnedAvatar(body=kind, **looks))


def pan(eye, side_m_s: float = 1.0) -> Trajectory:
    """A camera that goes to its left and up."""
    eyes = [(eye[0], eye[1] + side_m_s * k / FPS, eye[2] + 0.3 * k / FPS) for k in range(FRAMES)]
    return camera([look_at(place, (0.85, 0.1, 0.62)) for place in eyes], size_wh=SIZE, fov_deg=44, fps=FPS)


@cache
def film_of(place: str, eye=(3.9, -1.7, 2.0)) -> tuple[Shot, Take]:
    """A woman and a car that cover one another, a dog and two solids, all on the move, under a camera that moves."""
    shot = Shot(
        camera=pan(eye),
        environment=ENVIRONMENTS[place],
        actors=(
            with_joints("woman", "adult", arc(1.3, -0.6, 1.2, 1.4, 0.6), (0.5, 1.1, 1.75), clothes="a red shirt"),
            with_joints("dog", "dog", arc(2.1, 0.55, 2.0, 1.2, -0.5), (1.0, 0.25, 0.6)),
            with_joints("car", "car", arc(-2.5, 0.6, -1.2, 2.0, 0.2), (4.2, 1.8, 1.45)),
            actor("sphere", arc(1.85, -0.62, 0.3, 0.5, 0.8), (0.5, 0.5, 0.5), name="ball", fps=FPS),
            actor("box", arc(0.6, 1.0, 0.5, 0.2, 1.0), (0.6, 0.8, 0.9), name="box", fps=FPS, pattern="stripes"),
        ),
        seed=3,
    )
    return shot, render(shot, layers=RENDERED_LAYERS)


def only(shot: Shot, number: int) -> Shot:
    """The shot with one of its actors (0: none), who does the same as among the others."""
    actors = [cast if k == number else replace(cast, avatar=None) for k, cast in enumerate(shot.actors, start=1)]
    return replace(shot, actors=tuple(actors))


def layer(take: Take, name: str, frame: int = 0) -> NDArray:
    values = take.layers[name].values[frame]
    return values.astype(np.float64) if values.dtype == np.float32 else values


def points(take: Take, frame: int) -> Float64:
    """World points [h, w, 3]; NaN for the sky."""
    depth = torch.from_numpy(take.layers["depth"].values).double()
    found = unproject(take.cameras["truth"], torch.where(depth.isfinite(), depth, torch.nan))
    return found[frame].numpy()


def tracked(shot: Shot, number: int) -> Float64:
    """T_world_body [f, 4, 4] of an actor."""
    return shot.actors[number - 1].track.at(shot.camera.times_s).T_world_body.as_matrix().double().numpy()


@cache
def skinned(shot: Shot, number: int) -> tuple[Body, Float64]:
    """The body of an actor, and its vertices in the world [f, v, 3]: each one the mean of where its joints take it."""
    cast = shot.actors[number - 1]
    assert isinstance(cast.avatar, SkinnedAvatar)
    body, T_body_rest = perform(cast, cast.avatar, shot.camera.times_s.numpy(), seed=shot.seed + number)
    posed = np.zeros((FRAMES, len(body.vertices), 3))
    for frame, slot in product(range(FRAMES), range(body.joints.shape[1])):
        T = T_body_rest[frame, body.joints[:, slot]]
        posed[frame] += body.weights[:, slot, None] * ((T[..., :3] @ body.vertices[..., None])[..., 0] + T[..., 3])
    T = tracked(shot, number)
    return body, np.einsum("fij,fvj->fvi", T[:, :3, :3], posed) + T[:, None, :3, 3]


def one_frame_later(shot: Shot, take: Take, frame: int) -> Float64:
    """Where what each pixel shows is in the world [h, w, 3] one frame later; NaN for the sky."""
    found, instance = points(take, frame), layer(take, "instance", frame)
    for number in SKINNED:
        on, (cast, vertices) = instance == number, skinned(shot, number)
        corners = cast.faces[layer(take, "triangle", frame)[on].astype(int) - 1]
        weights = layer(take, "barycentrics", frame)[on]
        weights = np.concatenate([weights, 1 - weights.sum(axis=1, keepdims=True)], axis=1)
        found[on] = (weights[..., None] * vertices[frame + 1][corners]).sum(axis=1)
    for number in (BALL, BOX):
        on, T = instance == number, tracked(shot, number)
        in_body = (found[on] - T[frame, :3, 3]) @ T[frame, :3, :3]
        found[on] = in_body @ T[frame + 1, :3, :3].T + T[frame + 1, :3, 3]
    return found


def project(camera: Trajectory, frame: int, there: Float64) -> tuple[Float64, Float64]:
    """Image points [..., 2] and depths [...] of world points."""
    T_cam_world = invert(camera.T_world_cam.as_matrix()[frame, :3].double().numpy())
    K = camera.intrinsics.fx_fy_cx_cy[frame].double().numpy()
    in_camera = there @ T_cam_world[:, :3].T + T_cam_world[:, 3]
    return in_camera[..., :2] / in_camera[..., 2:] * K[:2] + K[2:], in_camera[..., 2]


def centres() -> Float64:
    """Image points [h, w, 2] of the centres of pixels."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    return np.stack([columns, rows], axis=-1)


def bilinear(image: Float64, xy: Float64) -> Float64:
    """Values of an image [h, w, c] at image points [n, 2] half a pixel or more within it."""
    x, y = np.minimum(xy - 0.5, np.array(SIZE) - 1.001).T
    i, j = y.astype(int), x.astype(int)
    v, u = (y - i)[:, None], (x - j)[:, None]
    return (image[i, j] * (1 - u) + image[i, j + 1] * u) * (1 - v) + (
        image[i + 1, j] * (1 - u) + image[i + 1, j + 1] * u
    ) * v


def within(xy: Float64) -> Bool:
    """Which image points have four pixels around them."""
    xy = np.where(np.isfinite(xy), xy, -1.0)
    inside = (xy >= 0.5) & (xy <= np.array(SIZE) - 0.5)
    return inside[..., 0] & inside[..., 1]


def places(shot: Shot, take: Take, frame: int) -> Float64:
    """Object coordinates [h, w, 3] in metres; NaN where there is no actor."""
    found, instance = layer(take, "object_coordinates", frame), layer(take, "instance", frame)
    for number in range(1, 6):
        size = skinned(shot, number)[0].size_xyz if number in SKINNED else shot.actors[number - 1].size_xyz
        found[instance == number] *= size
    return found


def away_from_edges(shot: Shot, take: Take, frame: int, *, shadows: bool) -> Bool:
    """Pixels [h, w] with no neighbour across an outline and, where wanted, none across the edge of a shadow.

    An outline is where the mask is another, where depth leaves the plane of its neighbours by more than a centimetre at
    3 m, or where neighbours lie much further apart on the actor at rest than in the world: one part touches another.
    """
    (width, height), inverse = SIZE, 1 / layer(take, "depth", frame)
    instance, there = layer(take, "instance", frame), np.nan_to_num(points(take, frame))
    place = np.where((instance > 0)[..., None], places(shot, take, frame), there)
    shadow = layer(take, "shadow", frame) if shadows else np.zeros_like(instance)
    found = inverse > 0

    def neighbour(values: NDArray, row: int, column: int) -> NDArray:
        edged = np.pad(values, ((1, 1), (1, 1)) + ((0, 0),) * (values.ndim - 2), mode="edge")
        return edged[row : row + height, column : column + width]

    for row, column in product(range(3), range(3)):
        found &= (neighbour(instance, row, column) == instance) & (neighbour(shadow, row, column) == shadow)
        apart = np.linalg.norm(neighbour(there, row, column) - there, axis=-1)
        found &= np.linalg.norm(neighbour(place, row, column) - place, axis=-1) < 2 * apart + 0.01
    for row, column in ((0, 0), (0, 1), (0, 2), (1, 0)):  # one over the depth is linear along a plane, however steep
        both = neighbour(inverse, row, column) + neighbour(inverse, 2 - row, 2 - column)
        found &= np.abs(both - 2 * inverse) <= 0.003 * inverse
    return found


def seen_again(
    shot: Shot,
    one: Take,
    frame: int,
    other: Take,
    other_frame: int,
    moved: Float64,
    *,
    shadows: bool,
    within_share: float,
) -> Bool:
    """Pixels [h, w] of one picture whose surface, now at `moved`, another picture shows too, off the edges of both.

    What the other shows is the same where the masks are and depths agree within a share: nobody hides it.
    """
    xy, depth = project(other.cameras["truth"], other_frame, moved)
    found = within(xy) & away_from_edges(shot, one, frame, shadows=shadows)
    column, row = np.where(found[..., None], xy, 0.0).astype(int).transpose(2, 0, 1)
    found &= away_from_edges(shot, other, other_frame, shadows=shadows)[row, column]
    for name in ("instance", *(["shadow"] if shadows else [])):
        found &= layer(other, name, other_frame)[row, column] == layer(one, name, frame)
    inverse = (1 / layer(other, "depth", other_frame))[..., None]
    found[found] = np.abs(bilinear(inverse, xy[found])[:, 0] * depth[found] - 1) < within_share
    return found


def decibels(error: Float64) -> float:
    return float(10 * np.log10(255**2 / (error**2).mean()))


@pytest.mark.parametrize("frame", range(FRAMES - 1))
def test_flow_ends_where_the_surface_goes(frame: int):
    shot, take = film_of("meadow")
    xy, depth = project(take.cameras["truth"], frame + 1, one_frame_later(shot, take, frame))
    ends = centres() + layer(take, "flow", frame)
    assert (np.isfinite(ends).all(axis=-1) == np.isfinite(depth)).all()
    assert np.nanmax(np.abs(ends - xy)) < 1e-4


@pytest.mark.parametrize(("place", "frame"), [("meadow", 0), ("meadow", 1), ("overcast plaza", 0)])
def test_flow_warps_each_frame_onto_the_next(place: str, frame: int):
    """Colours at one sample a pixel, and places on the actors, off what is hidden, outlines and edges of shadows."""
    shot, take = film_of(place)
    moved = one_frame_later(shot, take, frame)
    again = seen_again(shot, take, frame, take, frame + 1, moved, shadows=True, within_share=0.003)
    assert again.mean() > 0.75, "of the whole picture is left; 78 % as this is written"
    instance, ends = layer(take, "instance", frame), centres() + layer(take, "flow", frame)
    warped = bilinear(take.rgb.values[frame + 1].astype(float), ends[again])
    error = warped - take.rgb.values[frame][again]
    assert decibels(error) > 40
    for number in SKINNED:
        on = instance[again] == number
        assert on.sum() > 700
        assert decibels(error[on]) > 40, shot.actors[number - 1].name
    on = again & (instance > 0)
    apart = bilinear(places(shot, take, frame + 1), ends[on]) - places(shot, take, frame)[on]
    assert np.linalg.norm(apart, axis=-1).max() < 0.01


@pytest.mark.parametrize("place", list(ENVIRONMENTS))
def test_what_flow_points_at_has_the_same_colour_in_every_place(place: str):
    """Rays cast anew through the very ends of flow, so that no pattern as sharp as a pixel is blurred between two."""
    shot, _ = film_of("meadow")
    few = replace(shot, actors=tuple(shot.actors[k - 1] for k in (DOG, BALL, BOX)), environment=ENVIRONMENTS[place])
    take = render(few, layers=("depth", "instance", "flow", "shadow"), times_s=shot.camera.times_s[:2].numpy())
    scene, ends = build_scene(few, few.camera), centres() + layer(take, "flow")
    chosen = within(ends) & (np.random.default_rng(0).random(SIZE[::-1]) < 0.006)
    hits, on_actor = plain.cast(scene, 1, ends[chosen]), layer(take, "instance")[chosen] > 0
    _, depth = project(few.camera, 1, points(take, 0)[chosen])
    same = (hits.shadow == (layer(take, "shadow")[chosen] == 255)) & (
        on_actor | (np.abs(hits.depth / depth - 1) < 1e-4)
    )
    assert same.mean() > 0.95, "of them are neither hidden nor under a shadow that has moved"
    error = linear_to_bytes(plain.shade(scene, 1, hits)).astype(float) - take.rgb.values[0][chosen]
    assert decibels(error[same & ~on_actor]) > 50
    assert decibels(error[same & on_actor]) > 40


@pytest.mark.parametrize("eye", [(4.2, -0.6, 1.8), (3.6, -2.4, 1.9), (3.0, 1.5, 2.0)])
def test_depth_of_two_views_gives_one_surface(eye: tuple[float, float, float]):
    shot, take = film_of("meadow")
    _, other = film_of("meadow", eye)
    surface, cam = points(take, 0), other.cameras["truth"]
    again = seen_again(shot, take, 0, other, 0, surface, shadows=False, within_share=0.01)
    xy, _ = project(cam, 0, surface)
    depth = 1 / bilinear(1 / layer(other, "depth")[..., None], xy[again])
    T_world_cam = cam.T_world_cam.as_matrix()[0].double().numpy()
    K = cam.intrinsics.fx_fy_cx_cy[0].double().numpy()
    in_camera = depth * np.concatenate([(xy[again] - K[2:]) / K[:2], np.ones((len(depth), 1))], axis=1)
    apart = np.linalg.norm(in_camera @ T_world_cam[:3, :3].T + T_world_cam[:3, 3] - surface[again], axis=1)
    assert apart.max() < 0.01
    assert again.sum() > 0.6 * within(xy).sum(), "of what both cameras are turned to"
    assert set(np.unique(layer(take, "instance")[again])) >= {0, WOMAN, CAR, BOX}


def test_normals_are_those_of_the_surface_that_depth_shows():
    """Across the sides that neighbouring pixels span, off edges; smooth shading leans a little away from triangles."""
    shot, take = film_of("meadow")
    R = take.cameras["truth"].T_world_cam.as_matrix()[0, :3, :3].double().numpy()
    surface, normals = points(take, 0) @ R, layer(take, "normals")
    down, right = (np.asarray(np.gradient(surface, axis=axis)) for axis in (0, 1))
    across = np.cross(down, right)
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    cosine = (across * normals).sum(axis=-1)
    calm, instance = away_from_edges(shot, take, 0, shadows=False), layer(take, "instance")
    for number in range(6):
        off_deg = np.degrees(np.arccos(np.clip(cosine[calm & (instance == number)], -1, 1)))
        usual, most = np.median(off_deg), np.percentile(off_deg, 95)
        assert (usual < 6 and most < 20) if number in SKINNED else most < 1, number


@pytest.mark.parametrize("frame", range(FRAMES))
def test_object_coordinates_agree_with_poses(frame: int):
    """A solid's pose, or a skinned body's joints, takes the place in the box to where depth says the pixel is."""
    shot, take = film_of("meadow")
    instance, surface, place = layer(take, "instance", frame), points(take, frame), places(shot, take, frame)
    for number, cast in enumerate(shot.actors, start=1):
        on = instance == number
        at_rest = place[on]
        if number in SKINNED:
            skin, vertices = skinned(shot, number)
            at_rest = at_rest - 0.5 * np.array([*skin.size_xyz[:2], 0.0])
            corners = skin.faces[layer(take, "triangle", frame)[on].astype(int) - 1]
            a, b, c = np.moveaxis(skin.vertices[corners], 1, 0)
            sides = np.stack([b - a, c - a], axis=-1)
            shares = (np.linalg.pinv(sides) @ (at_rest - a)[..., None])[..., 0]
            weights = np.concatenate([1 - shares.sum(axis=1, keepdims=True), shares], axis=1)
            there = (weights[..., None] * vertices[frame][corners]).sum(axis=1)
        else:
            T = tracked(shot, number)[frame]
            there = (at_rest - 0.5 * np.array([*cast.size_xyz[:2], 0.0])) @ T[:3, :3].T + T[:3, 3]
        assert on.sum() > 1000
        assert np.linalg.norm(there - surface[on], axis=1).max() < 1e-5, cast.name


@pytest.mark.parametrize("eye", [(3.9, -1.7, 2.0), (3.6, -2.4, 1.9), (-3.2, -2.5, 1.5)])
def test_centres_project_into_masks(eye: tuple[float, float, float]):
    """Of each actor filmed alone, and among all of them into its own or into that of somebody nearer."""
    shot, _ = film_of("meadow")
    shot = replace(shot, camera=pan(eye))
    together, tracks = render(shot, layers=("instance", "depth")), scene_tracks(shot)
    alone = [render(only(shot, number), layers=("instance",)) for number in range(1, 6)]
    shown = 0
    for number, frame in product(range(1, 6), range(FRAMES)):
        T, height = tracks.T_world_body[number, frame], tracks.sizes[number, 2]
        xy, depth = project(shot.camera, frame, T[:3, 3] + 0.5 * height * T[:3, 2])
        column, row = xy.astype(int)
        if not (0 <= column < SIZE[0] and 0 <= row < SIZE[1]):
            continue
        shown += 1
        assert layer(alone[number - 1], "instance", frame)[row, column] == number, shot.actors[number - 1].name
        found = layer(together, "instance", frame)[row, column]
        assert found == number or layer(together, "depth", frame)[row, column] < depth
    assert shown >= 10


def test_who_is_nearer_hides_whom():
    """The masks and depths of all are put together from those of each alone."""
    shot, take = film_of("meadow")
    takes = [render(only(shot, number), layers=("instance", "depth")) for number in range(6)]
    depth = np.stack([found.layers["depth"].values for found in takes])
    first, second = np.sort(depth, axis=0)[:2]
    np.testing.assert_array_equal(first, take.layers["depth"].values)
    clear = first < second  # elsewhere only the place is seen
    np.testing.assert_array_equal(depth.argmin(axis=0)[clear], take.layers["instance"].values[clear])
    assert not take.layers["instance"].values[~clear].any()
    assert ((depth[WOMAN] < depth[CAR]) & (depth[CAR] < depth[0])).sum() > 1000
    assert ((depth[BALL] < depth[WOMAN]) & (depth[WOMAN] < depth[0])).sum() > 100


def test_guide_passes_are_the_films_pixels():
    """Every byte of coverage, and every pixel of masks and parts, of all bodies and solids, in a dim street."""
    shot, _ = film_of("meadow")
    shot = replace(shot, environment=ENVIRONMENTS["night street"])
    film = render(shot, layers=("alpha", "instance", "part"), samples=2)
    guides = guide_passes(shot)
    pictures = {name: found.rgb.values for name, found in guides.passes.items()}
    instance, part = film.layers["instance"].values, film.layers["part"].values
    np.testing.assert_array_equal(pictures["alpha"][..., 0], film.layers["alpha"].values)
    persons = np.array([(0, 0, 0), *(guides.person_rgb[cast.name] for cast in shot.actors)])
    np.testing.assert_array_equal(pictures["persons"], persons[instance])
    parts = np.zeros((*instance.shape, 3), np.uint8)
    for number in range(1, 6):
        names = skinned(shot, number)[0].part_names if number in SKINNED else PART_NAMES
        on = instance == number
        parts[on] = np.array([guides.part_rgb[name] for name in names])[part[on] - 1]
    np.testing.assert_array_equal(pictures["parts"], parts)
    for name in ("depth", "normals"):
        np.testing.assert_array_equal(pictures[name].any(axis=-1), instance > 0)
    assert not pictures["avatar"][film.layers["alpha"].values == 0].any()


def test_smooth_edges_are_the_mean_of_four_rays():
    """Rays of 2x2 in a pixel are those of the same film twice as large."""
    shot, _ = film_of("meadow")
    times_s = shot.camera.times_s[:1].numpy()
    twice = replace(shot, camera=shot.camera.resize((2 * SIZE[0], 2 * SIZE[1])))
    smooth = render(shot, layers=("alpha",), samples=2, times_s=times_s).layers["alpha"].values[0]
    fine = render(twice, layers=("alpha",), times_s=times_s).layers["alpha"].values[0].astype(float)
    mean = fine.reshape(SIZE[1], 2, SIZE[0], 2).mean(axis=(1, 3))
    edge = (mean > 0) & (mean < 255)
    assert edge.sum() > 1000
    assert (np.abs(smooth - mean) <= 0.5).mean() > 0.999
    assert (np.abs(smooth - mean)[edge] <= 0.5).mean() > 0.97, "thinner things than a pixel may lie between two centres"
