"""Edits of what a shot shows: what they change, that they change nothing else, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, SO3, Intrinsics, Track, Trajectory
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse
from kinoeye.shot import (
    ENVIRONMENTS,
    Shot,
    SkinnedAvatar,
    Sources,
    add_actor,
    change_actor,
    change_background,
    change_motion,
    edit,
    move_camera,
    stage,
)
from kinoeye.shot.bodies import Clip, RecordedMotion, load_body
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.bodies.motions import animate
from kinoeye.shot.captions import captions_of
from kinoeye.shot.record import shot_to_json
from kinoeye.shot.staging_notes import staging_notes

STAGED = stage(
    parse("A tall woman in red stands still, a grey dog walks left. Push in one metre over 3 seconds."), seed=0, fps=12
)
WOMAN, DOG = (actor.name for actor in STAGED.actors)


def own_walk(seconds: float = 3.0, speed: float = 1.2) -> RecordedMotion:
    """A walk straight ahead of the adult's own, as if somebody had recorded it."""
    adult = load_body("adult")
    times = np.arange(0.0, seconds + 1e-9, 1 / 60)
    poses = np.tile(np.eye(4), (len(times), 1, 1))
    poses[:, 0, 3] = speed * times
    ahead = Track(SE3.from_matrix(torch.from_numpy(poses)), torch.from_numpy(times))
    local, root = animate(adult.skeleton, ahead, times)
    clip = Clip(names=adult.skeleton.names, times_s=times, local_wxyz=local, root_xyz=root + poses[:, :3, 3])
    return RecordedMotion(skeleton=adult.skeleton, clip=clip)


WALK = own_walk()
FILES = Sources(
    is_file=lambda words: words in ("walk.bvh", "cam.json"),
    motion=lambda _: WALK,
    path=lambda _: compile_plan(parse("truck left one metre over 5 seconds"), size_wh=(640, 480)),
)


def parts(shot: Shot) -> dict[str, str]:
    """The record of a shot, a text a part, exact to the last bit."""
    record = shot_to_json(shot)
    actors = {actor["name"]: actor for actor in record["actors"]}
    whole = {"camera": record["camera"], "environment": record["environment"], "seed": record["seed"], **actors}
    return {name: json.dumps(part) for name, part in whole.items()}


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ("background:a beach at dusk", {"environment"}),
        ("background:the moon", {"environment"}),
        ("camera:orbit left 30 degrees around her", {"camera"}),
        ("camera:cam.json", {"camera"}),
        (f"motion:{WOMAN}=waves", {WOMAN}),
        (f"motion:{WOMAN}=walk.bvh", {WOMAN}),
        (f"motion:{DOG}=runs around the woman", {DOG}),
        ("actor:the woman=a man in a blue coat", {WOMAN}),
        (f"actor:{DOG}=a red robot", {DOG, "red robot"}),
        ("add-actor:a man in blue", {"person 2"}),
        ("add-actor:a black dog beside the woman", {"black dog"}),
    ],
)
def test_an_edit_changes_what_it_names_and_nothing_else(operation, changed):
    before, edited = parts(STAGED), edit(STAGED, operation, sources=FILES).path
    after = parts(edited)
    assert {name for name in before | after if before.get(name) != after.get(name)} == changed
    assert edited.prompt != STAGED.prompt
    assert parts(STAGED) == before


def test_motion_keeps_the_body_and_its_clothes_and_where_it_stood():
    edited = edit(STAGED, f"motion:{WOMAN}=walks in a circle, then waves").path
    (one, *_), (other, *_) = STAGED.actors, edited.actors
    assert isinstance(one.avatar, SkinnedAvatar)
    assert isinstance(other.avatar, SkinnedAvatar)
    assert replace(other.avatar, cues=one.avatar.cues) == one.avatar
    assert [cue.name for cue in other.avatar.cues] == ["wave"]
    assert (one.size_xyz, one.prompt) == (other.size_xyz, other.prompt)
    first, was = (a.track.at(STAGED.camera.times_s[:1]).T_world_body.as_matrix() for a in (other, one))
    assert torch.allclose(first, was, atol=1e-9)
    assert other.moves


PAIRS = [
    ("background:snow", "camera:truck left one metre"),
    ("background:snow", f"motion:{WOMAN}=walk.bvh"),
    ("background:the moon", "actor:woman=a robot"),
    ("background:beach", "add-actor:a man in blue"),
    ("camera:cam.json", f"motion:{WOMAN}=waves"),
    (f"motion:{WOMAN}=waves", f"motion:{DOG}=walks to the right"),
    (f"motion:{WOMAN}=walk.bvh", f"actor:{DOG}=a red car"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_edits_of_different_things_can_be_done_in_any_order(one, other):
    first, second = edit(STAGED, one, other, sources=FILES), edit(STAGED, other, one, sources=FILES)
    assert parts(first.path) == parts(second.path)
    assert first.path.prompt == second.path.prompt
    assert first.notes == second.notes[::-1]
    assert set(first.caveats) == set(second.caveats)


def test_an_edited_shot_is_saved_whole_and_edited_alike_when_it_is_read(tmp_path: Path):
    operations = (f"motion:{WOMAN}=walk.bvh", "background:a beach, at dusk", f"actor:{DOG}=a small brown dog")
    edited = edit(STAGED, *operations, sources=FILES).path
    edited.save(tmp_path / "edited.json")
    STAGED.save(tmp_path / "staged.json")
    for again in (
        Shot.load(tmp_path / "edited.json"),
        edit(Shot.load(tmp_path / "staged.json"), *operations, sources=FILES).path,
    ):
        assert [a.avatar for a in again.actors] == [a.avatar for a in edited.actors]
        assert (again.environment, again.prompt, again.seed) == (edited.environment, edited.prompt, edited.seed)
        for one, other in zip(again.actors, edited.actors, strict=True):
            assert (one.name, one.prompt, one.size_xyz) == (other.name, other.prompt, other.size_xyz)
            np.testing.assert_allclose(
                one.track.T_world_body.as_matrix(), other.track.T_world_body.as_matrix(), atol=1e-12
            )
    record = shot_to_json(STAGED)
    assert "recorded" not in record["actors"][0]["avatar"]


def test_a_background_is_drawn_as_far_as_there_is_one_and_told_in_its_own_words():
    named, told, unknown = (
        change_background(STAGED, words) for words in ("the seashore", "a beach at dusk", "the surface of the moon")
    )
    assert named.path.environment == ENVIRONMENTS["beach"]
    assert replace(told.path.environment, prompt=ENVIRONMENTS["beach"].prompt) == ENVIRONMENTS["beach"]
    assert "in words alone: 'dusk'" in told.notes[0]
    assert captions_of(told.path).location == "beach at dusk"
    assert unknown.path.environment.ground == STAGED.environment.ground
    assert "in words alone" in unknown.notes[0]
    assert "in the surface of the moon." in unknown.path.prompt


def test_moves_in_words_go_around_those_who_are_there():
    moved = move_camera(STAGED, "orbit left 50 degrees around her").path
    assert torch.equal(moved.camera.times_s, STAGED.camera.times_s)
    assert torch.allclose(moved.camera.T_world_cam[0].as_matrix(), STAGED.camera.T_world_cam[0].as_matrix())
    way = moved.camera.T_world_cam.translation[:, :2] - STAGED.actor(WOMAN).track.T_world_body.translation[0, :2]
    assert float(way.norm(dim=-1).std()) < 1e-6
    bearing = torch.atan2(way[:, 1], way[:, 0])
    assert abs(float(torch.rad2deg(bearing[-1] - bearing[0]))) == pytest.approx(50, abs=1e-6)


def test_she_and_the_woman_are_the_woman_also_behind_a_man():
    pair = stage(parse("A man in blue and a woman in red. Push in."), seed=3)
    for words in ("orbit left around her", "orbit left around the woman", "orbit left around the woman in red"):
        assert "around the person 2" in move_camera(pair, words).notes[0]
    assert "around the person" in move_camera(pair, "orbit left around the man").notes[0]


def test_a_path_of_the_same_world_stays_and_any_other_begins_where_the_shot_did():
    here = edit(STAGED.camera, "trim:0,2", "resample:20").path
    kept = move_camera(STAGED, here)
    assert "stays where it is" in kept.notes[0]
    assert torch.allclose(kept.path.camera.T_world_cam[0].as_matrix(), here.T_world_cam[0].as_matrix(), atol=1e-9)
    assert torch.allclose(kept.path.camera.T_world_cam[-1].as_matrix(), here.T_world_cam[-1].as_matrix(), atol=1e-9)
    for other, why in (
        (compile_plan(parse("truck left one metre")), "its world is another one"),
        (replace(here, track=here.track.moved_by(pose(500.0, 0.0), up="z")), "nobody is seen"),
    ):
        placed = move_camera(STAGED, other)
        assert why in placed.notes[0]
        made = placed.path.camera
        assert torch.equal(made.times_s, STAGED.camera.times_s)
        assert torch.allclose(made.T_world_cam[0].as_matrix(), STAGED.camera.T_world_cam[0].as_matrix(), atol=1e-9)
        travelled = made.T_world_cam[0].inverse() @ made.T_world_cam[-1]
        wanted = other.T_world_cam[0].inverse() @ other.T_world_cam[-1]
        assert torch.allclose(travelled.as_matrix(), wanted.as_matrix(), atol=1e-9)


def test_a_lens_comes_with_its_path_and_a_path_without_one_gets_the_shots():
    track = compile_plan(parse("truck left one metre")).track
    lens = Intrinsics.from_fov(torch.full((len(track),), 0.5), (640, 640))
    width, height = STAGED.camera.size_wh
    fitted = move_camera(STAGED, Trajectory(track, lens)).path.camera
    assert fitted.size_wh == (width, height)
    assert float(fitted.intrinsics.fov()[0, 0]) == pytest.approx(0.5, abs=1e-6)
    bare = move_camera(STAGED, track).path.camera
    assert torch.equal(bare.intrinsics.fx_fy_cx_cy[-1], STAGED.camera.intrinsics.fx_fy_cx_cy[0])


def test_who_acts_goes_by_the_others_and_begins_where_it_is():
    beside = change_motion(STAGED, "walks up to the dog", actor="woman").path
    woman, dog = (beside.actor(name).track.at(STAGED.camera.times_s).T_world_body.translation for name in (WOMAN, DOG))
    apart = (woman - dog).norm(dim=-1)
    assert torch.allclose(woman[0], STAGED.actor(WOMAN).track.T_world_body.translation[0], atol=1e-9)
    assert float(apart[-1]) < float(apart[0])
    still = change_motion(beside, "stands still", actor="woman").path.actor(WOMAN)
    assert not still.moves


def test_recorded_motion_begins_where_the_actor_stood_and_keeps_its_feet_planted():
    edited = change_motion(STAGED, WALK, actor=WOMAN)
    woman = edited.path.actor(WOMAN)
    assert isinstance(woman.avatar, SkinnedAvatar)
    assert woman.avatar.recorded is not None
    assert "31 joints matched" in edited.notes[0]
    start = STAGED.actor(WOMAN).track.T_world_body[0]
    assert torch.allclose(woman.track.T_world_body[0].as_matrix(), start.as_matrix(), atol=1e-6)
    turned = edit(STAGED, f"motion:{WOMAN}=walk.bvh,turn=90", sources=FILES).path.actor(WOMAN).track.T_world_body
    ways = [(T.translation[-1] - T.translation[0])[:2] for T in (woman.track.T_world_body, turned)]
    assert torch.allclose(torch.stack([-ways[0][1], ways[0][0]]), ways[1], atol=1e-9)
    times = np.arange(0.3, 2.7, 1 / 60)
    body, T_body_rest = perform(woman, woman.avatar, times)
    T_world_body = woman.track.at(torch.from_numpy(times)).T_world_body.as_matrix().numpy()
    toes = body.skeleton.tails[[body.skeleton.index(f"{side}ToeBase") for side in ("Left", "Right")]]
    joints = T_body_rest[:, [body.skeleton.index(f"{side}ToeBase") for side in ("Left", "Right")]]
    in_body = np.einsum("fjab,jb->fja", joints[..., :3], toes) + joints[..., 3]
    world = np.einsum("fab,fjb->fja", T_world_body[:, :3, :3], in_body) + T_world_body[:, None, :3, 3]
    speed = np.linalg.norm(np.diff(world[..., :2], axis=0), axis=-1) * 60
    assert np.median(speed.min(axis=1)) < 0.06, "one foot at a time stands"
    assert np.median(speed.max(axis=1)) > 1.0, "and the other one goes"
    lowest = world[..., 2].min(axis=1)
    assert np.ptp(lowest) < 0.06
    assert float(woman.track.T_world_body.translation[:, :2].diff(dim=0).norm(dim=-1).sum()) > 3.0


@pytest.mark.parametrize(
    ("seconds", "pace"),
    [
        (3.0, "at its own pace"),
        (4.0, "4 s made to last the 3 s"),
        (2.0, "2 s made to last the 3 s"),
        (6.0, "cut off after 3 of 6 s"),
        (1.0, "over after 1 of 3 s"),
    ],
)
def test_a_recording_lasts_as_long_as_the_film_if_its_pace_allows(seconds, pace):
    edited = change_motion(STAGED, own_walk(seconds), actor=WOMAN)
    assert pace in edited.notes[0]
    avatar = edited.path.actor(WOMAN).avatar
    assert isinstance(avatar, SkinnedAvatar)
    assert avatar.recorded is not None
    assert avatar.recorded.times_s[-1] == pytest.approx(3.0 if seconds > 1.5 else seconds, abs=1 / 30)
    assert len(avatar.recorded.times_s) <= 30 * 4 + 2


def test_a_recording_is_slowed_with_its_track_and_told_of_in_place():
    adult = load_body("adult")
    nod = np.zeros((31, len(adult.skeleton), 4))
    nod[..., 0] = 1.0
    nod[:, adult.skeleton.index("Head"), :] = [[np.cos(a), 0, np.sin(a), 0] for a in np.linspace(0, 0.3, 31)]
    clip = Clip(
        names=adult.skeleton.names,
        times_s=np.linspace(0, 3, 31),
        local_wxyz=nod,
        root_xyz=np.tile(adult.skeleton.heads[:1], (31, 1)),
    )
    shot = change_motion(STAGED, RecordedMotion(skeleton=adult.skeleton, clip=clip), actor=WOMAN).path
    assert "A tall woman in red moves in its place" in captions_of(shot).avatar
    woman = shot.actor(WOMAN)
    slow = woman.slowed(0.0, 2.0)
    assert isinstance(woman.avatar, SkinnedAvatar)
    assert isinstance(slow.avatar, SkinnedAvatar)
    _, early = perform(woman, woman.avatar, np.array([1.5]))
    _, late = perform(slow, slow.avatar, np.array([3.0]))
    np.testing.assert_allclose(early, late, atol=1e-9)
    assert np.abs(early - np.eye(4)[:3]).max() > 0.05


def test_another_body_goes_the_same_way_and_does_what_it_can():
    waving = change_motion(STAGED, "walks left, then waves", actor=WOMAN).path
    dressed = change_actor(waving, "in a blue coat", actor="woman").path.actors[0]
    assert dressed.prompt == "a tall woman in a blue coat"
    assert isinstance(dressed.avatar, SkinnedAvatar)
    assert [cue.name for cue in dressed.avatar.cues] == ["wave"]
    assert dressed.size_xyz == waving.actors[0].size_xyz
    changed = change_actor(waving, "a small white dog", actor="woman")
    assert "a dog cannot wave" in changed.notes[0]
    dog = changed.path.actors[0]
    assert dog.name == "white dog"
    assert dog.track is waving.actors[0].track
    recorded = change_motion(STAGED, WALK, actor=WOMAN).path
    assert "cannot go through recorded motion" in change_actor(recorded, "a robot", actor=WOMAN).notes[0]
    man = change_actor(recorded, "a man in blue", actor=WOMAN).path.actors[0].avatar
    assert isinstance(man, SkinnedAvatar)
    assert man.recorded is not None


@pytest.mark.parametrize("looks", ["a man in blue", "a black dog beside the woman", "a red robot follows the dog"])
def test_one_more_actor_is_in_view_and_free_of_the_others(looks):
    for seed in range(3):
        shot = stage(parse("A tall woman in red stands still, a grey dog walks left. Hold."), seed=seed, num_frames=25)
        more = add_actor(shot, looks).path
        name = more.actors[-1].name
        assert not [n for n in staging_notes(more) if name in n and ("in one another" in n or "on the lens" in n)]
        first = more.camera.T_world_cam.inverse()[0] @ more.actors[-1].track.T_world_body.translation[0]
        assert float(first[2]) > 1.0
        assert len({actor.name for actor in more.actors}) == 3


@pytest.mark.parametrize(
    ("where", "bearing"), [("behind", 0), ("in front of", 180), ("to the left of", 90), ("right of", -90)]
)
def test_where_one_more_actor_stands_is_as_the_camera_sees_it(where, bearing):
    wide = stage(parse("A woman in red stands still. Hold."), seed=2, num_frames=9, fov_x=1.5)
    more = add_actor(wide, f"a grey dog {where} the woman").path
    camera = more.camera.T_world_cam.translation[0]
    woman, dog = (actor.track.T_world_body.translation[0] for actor in more.actors)
    sight, away = (torch.atan2(v[1], v[0]) for v in (woman - camera, dog - woman))
    off = torch.rad2deg(away - sight) - bearing
    assert abs(float((off + 180) % 360 - 180)) < 31
    assert float((dog - woman).norm()) < 2.0


def pose(x: float, yaw: float) -> SE3:
    turn = SO3.exp(torch.tensor([0.0, 0.0, yaw], dtype=torch.float64))
    return SE3.from_parts(turn, torch.tensor([x, 0.0, 0.0], dtype=torch.float64))


def test_who_would_not_be_filmed_is_refused_with_the_frames():
    away = replace(STAGED.actors[0], track=Track(pose(-5.0, 0.0)[None], torch.zeros(1).double()))
    behind = replace(STAGED, actors=(away, *STAGED.actors[1:]))
    with pytest.raises(InputError, match=f"{WOMAN} would not be filmed: it is behind the camera in all 37 frames"):
        edit(behind, f"motion:{WOMAN}=waves")
    assert edit(behind, "background:snow").path.environment.name == "snow"
    later = stage(parse("Pan left 90 degrees over 2 seconds."), seed=0, fps=12)
    late = replace(STAGED.actors[0], track=Track(pose(0.0, 0.0)[None], torch.zeros(1).double()))
    position = torch.tensor([[0.0, 4.0, 0.0]], dtype=torch.float64)
    late = replace(late, track=Track(SE3.from_parts(SO3.identity(1), position), torch.zeros(1).double()))
    pans = replace(later, actors=(late,))
    with pytest.raises(InputError, match=f"{WOMAN} would not be filmed: it is .*; move the camera or the actor"):
        edit(pans, "camera:hold still")


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        (["background:"], "background needs a place: background:TEXT"),
        (["background:pan left"], "moves the camera and is no place"),
        (["background:snow,turn=20"], "turn is of a picture"),
        (["background:snow", "background=beach"], "it contradicts 'background:snow'"),
        (["camera:push in", "camera:push out"], "it contradicts 'camera:push in'"),
        (["reverse", "camera:push in"], "it would undo 'reverse'; put the camera first"),
        (["camera:banana"], "no camera move in 'banana', which is no file either"),
        (["camera:orbit around the robot"], "names 'the robot', who is not in the shot"),
        (["camera:she waves"], "is no camera move; write motion"),
        (["motion:wave"], "whose? write motion:NAME=...; its actors: 'person' (A tall woman in red), 'grey dog'"),
        (["motion:cat=waves"], "the shot has no actor 'cat'; its actors: "),
        (["motion:persn=waves"], "the shot has no actor 'persn'; did you mean 'person'?"),
        (["motion:=waves"], "motion has no name before its '='"),
        (["motion:dog=waves"], "a dog cannot wave; what it can: "),
        (["motion:person=moonwalks"], "no action 'moonwalks'"),
        (["motion:person=push in"], "moves the camera and nobody"),
        (["motion:person=waves,turn=90"], "turn is of recorded motion"),
        (["motion:person=follows the car"], "names 'the car', who is not in the shot"),
        (["motion:person=waves", "motion:the woman=nods"], "it contradicts 'motion:person=waves'"),
        (["motion:dog=walk.bvh"], "grey dog cannot move like that: "),
        (["actor:dog=a red robot", "motion:red-robot=walk.bvh"], "red robot has no joints"),
        (["actor:person=a banana"], "'a banana' names nobody that can be shown"),
        (["actor:person=a man waves"], "says what somebody does; write motion"),
        (["actor:dog=in a blue coat"], "grey dog wears no clothes"),
        (["add-actor:two men"], "names 2 actors; add them one by one"),
        (["add-actor:push in"], "moves the camera; write camera"),
    ],
)
def test_what_cannot_be_is_one_line(operations, message):
    with pytest.raises(InputError) as caught:
        edit(STAGED, *operations, sources=FILES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_camera_alone_has_nothing_to_show_and_files_are_not_read_unasked():
    for operation in ("background:snow", "camera:push in", "motion:wave", "actor:a robot", "add-actor:a dog"):
        with pytest.raises(InputError, match="changes a shot, and this is a camera alone"):
            edit(STAGED.camera, operation)
    unscaled = replace(STAGED.camera, track=replace(STAGED.camera.track, unit="arbitrary"))
    with pytest.raises(InputError, match="unknown scale and cannot share a scene"):
        move_camera(STAGED, unscaled)
    with pytest.raises(InputError, match="no file is read here"):
        edit(STAGED, "camera:walk.bvh", sources=Sources(is_file=lambda _: True))


def test_a_damaged_recording_is_refused():
    woman = change_motion(STAGED, WALK, actor=WOMAN).path.actor(WOMAN)
    assert isinstance(woman.avatar, SkinnedAvatar)
    assert woman.avatar.recorded is not None
    recorded = woman.avatar.recorded
    with pytest.raises(InputError, match="damaged"):
        replace(recorded, local_wxyz=(recorded.local_wxyz[0][:1], *recorded.local_wxyz[1:]))
    with pytest.raises(InputError, match="length is not 1"):
        replace(recorded, local_wxyz=(tuple((0.0, 0.0, 0.0, 0.0) for _ in recorded.joints), *recorded.local_wxyz[1:]))
    with pytest.raises(InputError, match="do not increase"):
        replace(recorded, times_s=recorded.times_s[::-1])
