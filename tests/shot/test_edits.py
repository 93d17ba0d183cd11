"""Edits in general: any world, any kind of path, what they say; smoothing and shaking."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from edit_paths import assert_same, camera, numbers, robot, seeds, wander
from hypothesis import given, settings
from hypothesis import strategies as st

from kinoeye import shot as edits
from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, SO3, Trajectory, jerk
from kinoeye.shot import Shot, Sources, edit
from kinoeye.shot.edits.operators import OPERATORS


@settings(max_examples=10)
@given(seed=seeds, tolerance=st.floats(1e-3, 0.5))
def test_smoothing_holds_its_tolerance_and_the_lens(seed, tolerance):
    path = edits.handheld(camera(40, seed=seed), amplitude=20, seed=seed)
    calm = edits.smooth(path, tolerance=tolerance, tolerance_rad=0.02)
    assert float((calm.T_world_cam.translation - path.T_world_cam.translation).norm(dim=-1).max()) <= tolerance
    assert float((calm.T_world_cam.rotation.inverse() @ path.T_world_cam.rotation).angle().max()) <= 0.02
    assert all(after < before for before, after in zip(jerk(path.track), jerk(calm.track), strict=True))
    assert torch.equal(calm.intrinsics.fx_fy_cx_cy, path.intrinsics.fx_fy_cx_cy)


def test_a_held_camera_shakes_the_same_again_and_stays_at_both_ends():
    path = edits.resample(camera(), frames=200)
    one, again, other = (edits.handheld(path, amplitude=2, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(one.T_world_cam.wxyz_xyz, again.T_world_cam.wxyz_xyz)
    assert not torch.allclose(one.T_world_cam.wxyz_xyz, other.T_world_cam.wxyz_xyz, atol=1e-4)
    for end in (0, -1):
        assert torch.allclose(one.T_world_cam[end].as_matrix(), path.T_world_cam[end].as_matrix(), atol=1e-12)
    shake = (path.T_world_cam.inverse() @ one.T_world_cam).log().numpy()
    power = np.abs(np.fft.rfft(shake, axis=0)) ** 2
    hertz = np.fft.rfftfreq(200, path.track.duration_s / 199)
    assert power[hertz > 5].sum() < 0.01 * power.sum()
    assert_same(edits.handheld(path, amplitude=0), path, atol=1e-12)


def test_an_unknown_scale_is_shaken_in_rotation_alone():
    path = wander(unit="arbitrary")
    shaken = edits.handheld(path)
    assert torch.equal(shaken.T_world_body.translation, path.T_world_body.translation)
    assert float((shaken.T_world_body.rotation.inverse() @ path.T_world_body.rotation).angle().max()) > 1e-4


COMMUTING = ["reverse", "smooth:0.05", "retime:constant-speed", "retime:ease-in", "retime:duration=3", "resample:20",
             "resample:fps=10,cubic", "handheld:2,seed=1", "trim:0.3,1", "scale:0.5", "zoom:1.5"]  # fmt: skip


@pytest.mark.parametrize("operation", COMMUTING)
def test_edits_are_the_same_in_any_world(operation):
    path, T = camera(seed=4), SE3.exp(numbers(11, 6))

    def moved(c: Trajectory) -> Trajectory:
        return replace(c, track=c.track.moved_by(T, up="z"))

    assert_same(edit(moved(path), operation).path, moved(edit(path, operation).path), atol=1e-6)


@pytest.mark.parametrize("operation", ["mirror", "look-at:1,2,3", "look-at:1,2,3,keep-roll"])
def test_edits_that_know_the_vertical_are_the_same_in_any_world_with_that_vertical(operation):
    path = camera(seed=4)
    T = SE3.from_parts(SO3.exp(torch.tensor([0, 0, 1.1]).double()), torch.tensor([3.0, -2.0, 0.5]).double())
    point = ",".join(repr(x) for x in (T @ torch.tensor([1.0, 2.0, 3.0]).double()).tolist())

    def moved(c: Trajectory) -> Trajectory:
        return replace(c, track=c.track.moved_by(T, up="z"))

    there = operation.replace("1,2,3", point)
    assert_same(edit(moved(path), there).path, moved(edit(path, operation).path), atol=1e-6)


ALL = [*COMMUTING, "mirror", "anchor", "anchor:z-up", "anchor:at=1,2,3,yaw=30", "look-at:1,2,9", "fit:320x240",
       "retime:at=0.5,durations=1,2", "trim:frames=2,20", "dolly-zoom:50", "resample:gen3r"]  # fmt: skip


@pytest.mark.parametrize("operation", ALL)
def test_an_edit_gives_back_what_it_was_given_and_says_what_it_did(operation):
    scene = Shot(camera=camera(), actors=(robot(),), prompt="p", seed=5)
    edited = edit(scene, operation)
    assert isinstance(edited.path, Shot)
    assert (edited.path.actors[0].name, edited.path.prompt, edited.path.seed) == ("red robot", "p", 5)
    as_camera = edit(scene.camera, operation)
    assert_same(edited.path.camera, as_camera.path)
    (note,) = as_camera.notes
    assert note.startswith(operation.partition(":")[0] + ": ")
    if not operation.startswith(("zoom", "fit", "dolly")):
        assert_same(edit(scene.camera.track, operation).path, as_camera.path.track)


@pytest.mark.parametrize("operation", [o for o in ALL if not o.startswith(("retime", "trim"))])
def test_a_single_pose_is_edited_too(operation):
    edited = edit(edits.trim_frames(camera(), 4, 5), operation).path
    assert len(edited) == {"resample:20": 20, "resample:gen3r": 49}.get(operation, 1)


def test_a_single_pose_has_no_pace():
    one = edits.trim_frames(camera(), 4, 5)
    for operation, message in (("retime:constant-speed", "does not move"), ("retime:duration=2", "single pose")):
        with pytest.raises(InputError, match=message):
            edit(one, operation)


arguments = st.lists(
    st.sampled_from("0 1 -1 2.5 -3 1e-300 1e300 7 49 ease-in free world m z-up b keep-roll wan-fun 64x48".split())
    | st.builds(
        "{}={}".format,
        st.sampled_from(sorted({p.name for operator in OPERATORS.values() for p in operator.parameters})),
        st.sampled_from("0 1 2 -1 0.5 1e-300 1e300 99999999999999999999 free m first z-up b 4x4".split()),
    ),
    max_size=4,
)


@settings(max_examples=400)
@given(name=st.sampled_from(list(OPERATORS)), words=arguments, start=st.sampled_from([0.0, 1.3e9]))
def test_any_edit_is_done_or_refused_in_words(name, words, start):
    path = camera(8, start_s=start)
    try:
        edited = edit(path, f"{name}:{','.join(words)}", sources=Sources(path=lambda _: camera(6, seed=2))).path
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert bool((edited.times_s.diff() > 0).all())
        assert edited.T_world_cam.rotation.wxyz.norm(dim=-1).tolist() == pytest.approx([1.0] * len(edited))
    assert "\n" not in message


def test_notes_count():
    notes = edit(camera(), "smooth:0.01,2", "resample:81", "scale:2").notes
    assert "poses moved by at most 0.01 m" in notes[0] or "jerk" in notes[0]
    assert notes[1] == "resample: 30 poses became 81, at 33.33 a second"
    scene = Shot(camera=camera(), actors=(robot(speed=1),))
    assert edit(scene, "retime:duration=9").notes[0].endswith("the actors keep their own time")


def test_edits_that_name_files_ask_the_caller():
    paths = {"b": camera(seed=2)}
    assert len(edit(camera(), "stitch:b", sources=Sources(path=paths.__getitem__)).path) == 59
    assert torch.allclose(
        edit(camera(), "anchor:b", sources=Sources(path=paths.__getitem__)).path.T_world_cam[0].as_matrix(),
        paths["b"].T_world_cam[0].as_matrix(), atol=1e-9,
    )  # fmt: skip
    with pytest.raises(InputError, match="no file is read here"):
        edit(camera(), "stitch:b")
