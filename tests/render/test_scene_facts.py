"""What the camera sees of whom, against rays cast one by one in plain NumPy, and against itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from render_scenes import actor, body, camera, look_at

from kinoeye.base.errors import InputError
from kinoeye.facts import picture
from kinoeye.render import render
from kinoeye.render.scene_facts import with_picture
from kinoeye.render.worlds import world
from kinoeye.shot import Shot
from kinoeye.shot.environment import Environment, Prop
from kinoeye.shot.scene_tracks import scene_tracks

SIZE = (48, 36)
SPHERES = {"ball": ((0.0, 0.0), 1.0), "globe": ((1.2, 0.5), 1.4), "pearl": ((2.5, -0.8), 0.6)}
"""Place on the ground and diameter."""


def crossing_balls(frames: int = 6, **options) -> Shot:
    """Spheres that move across one another's sight lines, before a camera that moves too."""
    eyes = [(-5.0, 0.4 * k - 1.0, 1.5) for k in range(frames)]
    actors = tuple(
        actor("sphere", [body(x, y + (k - 2) * 0.3 * (-1) ** i) for k in range(frames)], (d, d, d), name=name)
        for i, (name, ((x, y), d)) in enumerate(SPHERES.items())
    )
    return Shot(camera=camera([look_at(eye, (0.5, 0.0, 0.4)) for eye in eyes], size_wh=SIZE), actors=actors, **options)


def brute_force(shot: Shot) -> tuple[np.ndarray, ...]:
    """Visible and covered shares, outlines and boxes of spheres above the ground that are in the picture and seen."""
    tracks = scene_tracks(shot)
    a, t = len(tracks.names), len(tracks)
    visible, outlines = np.full((2, a, t), np.nan)
    occludes, boxes = np.full((a, a, t), np.nan), np.full((a, t, 4), np.nan)
    K = shot.camera.intrinsics.fx_fy_cx_cy.numpy()
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    for k in range(t):
        T = tracks.T_world_body[0, k]
        rays = np.stack([(x - K[k, 2]) / K[k, 0], (y - K[k, 3]) / K[k, 1], np.ones_like(x)], axis=-1) @ T[:3, :3].T
        near = np.full((a, *x.shape), np.inf)
        for row in range(1, a):
            radius = tracks.sizes[row, 0] / 2
            to = T[:3, 3] - (tracks.T_world_body[row, k, :3, 3] + [0, 0, radius])
            along, square = rays @ to, (rays * rays).sum(axis=-1)
            root = np.sqrt(np.maximum(along**2 - square * (to @ to - radius**2), 0))
            near[row] = np.where(root > 0, (-along - root) / square, np.inf)
        first = near.argmin(axis=0)
        for row in range(1, a):
            outline = np.isfinite(near[row])
            seen = outline & (first == row)
            outlines[row, k], visible[row, k] = outline.mean(), seen.sum() / outline.sum()
            for other in range(1, a):
                covered = outline & (first == other)
                occludes[other, row, k] = 0.0 if other == row else covered.sum() / outline.sum()
            rows, columns = np.nonzero(seen)
            boxes[row, k] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return visible, occludes, outlines, boxes


def test_shares_boxes_and_occlusion_are_those_of_brute_force():
    shot = crossing_balls(4)
    tracks = with_picture(scene_tracks(shot), shot)
    visible, occludes, outlines, boxes = brute_force(shot)
    assert tracks.size_wh == SIZE
    # A ray that grazes a sphere may fall either way: one pixel in the hundreds of an outline.
    np.testing.assert_allclose(tracks.visible, visible, atol=0.02)
    np.testing.assert_allclose(tracks.occludes, occludes, atol=0.02)
    np.testing.assert_allclose(tracks.outlines, outlines, atol=2e-3)
    np.testing.assert_allclose(tracks.boxes_xyxy, boxes, atol=1.0)
    assert np.nanmin(visible) < 0.6, "the test wants somebody to be covered"
    assert np.nanmax(visible) == 1.0


def test_what_is_not_seen_is_covered_by_somebody_where_there_are_no_props():
    shot = crossing_balls()
    tracks = with_picture(scene_tracks(shot), shot)
    assert tracks.visible is not None
    assert tracks.occludes is not None
    np.testing.assert_allclose(tracks.visible[1:] + tracks.occludes[1:, 1:].sum(axis=0), 1.0, atol=1e-12)
    assert np.isnan(tracks.visible[0]).all()


def test_a_prop_hides_but_is_nobody_who_covers():
    wall = Prop(shape="box", size_xyz=(0.2, 12.0, 0.9), position_xy=(-2.0, 0.0), color_rgb=(0.5, 0.5, 0.5))
    shot = crossing_balls(2, environment=Environment(props=(wall,)))
    tracks, free = (with_picture(scene_tracks(s), s) for s in (shot, crossing_balls(2)))
    assert (tracks.visible[1:] < free.visible[1:]).any()
    np.testing.assert_array_equal(tracks.outlines, free.outlines)
    hidden_by_all = 1 - tracks.visible[1:] - tracks.occludes[1:, 1:].sum(axis=0)
    assert hidden_by_all.max() > 0.2


def test_who_is_hidden_out_of_the_picture_behind_the_camera_or_not_drawn():
    big = actor("box", [body(0, 0)], (0.5, 4.0, 3.0), name="wall")
    small = actor("sphere", [body(3, 0)], (0.5, 0.5, 0.5), name="ball")
    out, back = (actor("sphere", [body(*xy)], name=name) for name, xy in (("far left", (0, 30)), ("back", (-9, 0))))
    ghost = replace(actor("sphere", [body(-1, 1)], name="ghost"), avatar=None)
    film = camera([look_at((-5, 0, 1), (0, 0, 1))], size_wh=SIZE)
    shot = Shot(camera=film, actors=(big, small, out, back, ghost))
    tracks = with_picture(scene_tracks(shot), shot)
    wall, ball, left, behind, nobody = range(1, 6)
    assert tracks.visible[:, 0].tolist()[1:5] == [1.0, 0.0, 0.0, 0.0]
    assert tracks.outlines[ball, 0] > 0
    assert tracks.occludes[wall, ball, 0] == 1.0
    assert tracks.outlines[left, 0] == tracks.outlines[behind, 0] == 0.0
    assert np.isnan(tracks.boxes_xyxy[[0, ball, left, behind, nobody], 0]).all()
    assert np.isnan(tracks.visible[nobody]).all()
    assert np.isnan(tracks.occludes[nobody]).all()
    assert np.isnan(tracks.occludes[:, nobody]).all()
    assert picture.occluders(tracks, "ball", 0) == (("wall", 1.0),)
    assert [phase.label for phase in picture.hiding_phases(tracks, "ball")] == ["hidden"]


@pytest.mark.parametrize("seed", [3, 8])
def test_facts_of_a_world_agree_with_its_film(seed: int):
    shot = world("train", seed, num_frames=4)
    tracks = with_picture(scene_tracks(shot), shot, size_wh=(64, 64))
    masks = render(shot, layers=("instance",), size_wh=(64, 64)).layers["instance"].values
    for row, name in enumerate(tracks.names[1:], 1):
        mask = masks == shot.mask_id(name)
        pixels = tracks.visible[row] * tracks.outlines[row] * 64 * 64
        np.testing.assert_allclose(pixels, mask.sum(axis=(1, 2)), atol=1e-6)
        for frame in range(4):
            ys, xs = np.nonzero(mask[frame])
            if len(xs):
                left, top, right, bottom = tracks.boxes_xyxy[row, frame]
                assert (left, top, right, bottom) == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
            else:
                assert np.isnan(tracks.boxes_xyxy[row, frame]).all()


def test_a_long_film_is_measured_in_parts(monkeypatch: pytest.MonkeyPatch):
    shot = crossing_balls(5)
    whole = with_picture(scene_tracks(shot), shot)
    monkeypatch.setattr("kinoeye.render.scene_facts._PIXELS", 2 * SIZE[0] * SIZE[1])
    parts = with_picture(scene_tracks(shot), shot)
    for name in ("visible", "occludes", "outlines", "boxes_xyxy"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


def test_tracks_of_other_actors_are_refused():
    shot = crossing_balls(2)
    with pytest.raises(InputError, match="others, or in another order"):
        with_picture(scene_tracks(shot).of(["pearl", "ball", "globe"]), shot)
    with pytest.raises(InputError, match="pixels"):
        with_picture(scene_tracks(shot), shot, size_wh=(0, 5))
