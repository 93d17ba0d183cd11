"""Stitching: seams are continuous in pose and velocities."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from edit_paths import assert_same, camera, seeds, wander
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kinoeye import shot as edits
from kinoeye.base.errors import InputError
from kinoeye.geometry import Intrinsics, Track, Trajectory, velocities


def one_sided(path: Track, seam: int) -> Tensor:
    """Jump [6] of linear (world) and angular (body) velocity at a pose."""
    before, after = (
        torch.cat([rate[end] for rate in velocities(replace_rows(path, rows))])
        for end, rows in ((-1, slice(seam - 2, seam + 1)), (0, slice(seam, seam + 3)))
    )
    return after - before


def replace_rows(path: Track, rows: slice) -> Track:
    return replace(path, T_world_body=path.T_world_body[rows], times_s=path.times_s[rows])


@settings(max_examples=8)
@given(seed=seeds, match=st.sampled_from(["pose", "position"]), blend=st.floats(0.2, 2))
def test_a_seam_is_continuous_in_pose_and_velocities(seed, match, blend):
    def jump(count: int) -> tuple[Tensor, Track]:
        a, b = wander(count, seed=seed), wander(count, seed=seed + 7, start_s=-5)
        joined = edits.stitch(a, b, match=match, blend_s=blend)
        assert len(joined) == 2 * count - 1
        assert_same(edits.trim_frames(joined, 0, count), a, atol=1e-12)
        return one_sided(joined, count - 1), joined

    (coarse, _), (fine, joined) = jump(250), jump(1000)
    assert float(fine.norm()) < max(0.25 * float(coarse.norm()), 5e-3)
    # After the blend, the second path is as it was: its motion, up to where it lies.
    since = joined.times_s - joined.times_s[999]
    after = (since > blend).nonzero()[:, 0]
    if len(after) > 2:
        b = wander(1000, seed=seed + 7)
        own = b.T_world_body[after - 999]
        ours = joined.T_world_body[after]
        first, second = ((p[0].inverse() @ p).as_matrix() for p in (ours, own))
        assert torch.allclose(first, second, atol=1e-6)


def test_matching_the_position_keeps_the_heading():
    a, b = wander(50), wander(50, seed=9)
    joined = edits.stitch(a, b, match="position", blend_s=0.5)
    assert torch.allclose(
        joined.T_world_body[-1].rotation.as_matrix(), b.T_world_body[-1].rotation.as_matrix(), atol=1e-9
    )


@given(seed=seeds, seconds=st.floats(0.3, 5))
@settings(max_examples=10)
def test_a_bridge_leaves_the_second_path_where_it_is(seed, seconds):
    a, b = wander(400, seed=seed), wander(400, seed=seed + 7)
    joined = edits.stitch(a, b, bridge_s=seconds)
    tail = edits.trim_frames(joined, -400)
    assert torch.allclose(tail.T_world_body.as_matrix(), b.T_world_body.as_matrix(), atol=1e-12)
    assert float(tail.times_s[0] - a.times_s[-1]) == pytest.approx(seconds)
    speed = 1 + float(one_sided(joined, 399).norm() + one_sided(joined, len(joined) - 400).norm())
    assert speed < 1.2


def test_lenses_go_over_into_each_other():
    a = camera(40)
    wide = torch.tensor([100.0, 100.0, 160.0, 90.0], dtype=torch.float64)
    b = Trajectory(wander(40, seed=3), Intrinsics(wide, (320, 180)))
    for joined in (edits.stitch(a, b, blend_s=1.0), edits.stitch(a, b, bridge_s=1.0)):
        focal = joined.intrinsics.fx_fy_cx_cy[:, 0]
        assert joined.size_wh == (640, 360)
        assert float(focal[-1]) == pytest.approx(200)
        assert float(focal[39:].diff().abs().max()) < 70
    held = edits.stitch(a, b.track)
    assert float(held.intrinsics.fx_fy_cx_cy[-1, 0]) == pytest.approx(700)


def test_what_cannot_be_stitched_is_refused():
    a = camera()
    square = Trajectory(a.track, Intrinsics(a.intrinsics.fx_fy_cx_cy, (500, 500)))
    for other, message in (
        (wander(unit="arbitrary"), "scale one first"),
        (square, "another shape"),
        (edits.trim_frames(a, 0, 1), "single"),
    ):
        with pytest.raises(InputError, match=message):
            edits.stitch(a, other)
    with pytest.raises(InputError, match="above 0"):
        edits.stitch(a, a, bridge_s=0)
