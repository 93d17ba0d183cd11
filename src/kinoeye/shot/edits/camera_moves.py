"""Another camera for a shot: moves in words around its actors, or the path of a file."""

from __future__ import annotations

from dataclasses import replace

from kinoeye import language
from kinoeye.base.errors import InputError
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.language.explain import describe_move
from kinoeye.shot.edits.cast_words import spoken_of
from kinoeye.shot.edits.lenses import fit
from kinoeye.shot.edits.motion import Edited, Motion, median_step_s, sampled, track_of
from kinoeye.shot.edits.placing import anchor
from kinoeye.shot.edits.retelling import retold, visibility
from kinoeye.shot.edits.words import count
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging import anchors_of


def move_camera(shot: Shot, camera: str | Motion) -> Edited[Shot]:
    """The shot seen by another camera, for as many frames at the same times; actors and place stay as they are.

    Moves in words go on from where the first camera stands, around the shot's actors ("orbit left around her"). A
    path that is given is stretched to the film's length. It stays where it is if its world is like the shot's (+z up,
    in metres) and it sees anybody there; else its first pose becomes that of the shot. Its lens comes along, cropped
    to the film's size; a path without one gets the lens of the shot's first frame.

    Args:
        shot: any.
        camera: words, or another path.

    Returns:
        The shot, and where the camera comes from.

    Raises:
        InputError: the words hold no move or name somebody who is not there, or the path has no scale to share a scene
            with actors.

    Example:
        >>> from kinoeye.shot import stage
        >>> shot = stage(language.parse("A red robot stands still. Push in."), seed=0)
        >>> moved = move_camera(shot, "orbit left 40 degrees around it").path
        >>> len(moved.camera) == len(shot.camera), moved.prompt.endswith("The camera moves left while yawing right.")
        (True, True)
    """
    made, note = _told(shot, camera) if isinstance(camera, str) else _fitted(shot, camera)
    return Edited(retold(shot.with_camera(made)), (note,))


def _told(shot: Shot, words: str) -> tuple[Trajectory, str]:
    """The camera of moves in words, from the first pose and lens of the shot's."""
    track = shot.camera.track
    if track.unit != "m" or track.up != "z":
        raise InputError(
            "moves in words need a camera of known scale and vertical to go on from; give it both first, with "
            "`kinoeye edit SHOT scale:1,unit=m anchor:z-up -o NEW`"
        )
    spoken = spoken_of(shot, words, of=shot.actors)
    if spoken.new:
        known = ", ".join(repr(actor.name) for actor in shot.actors) or "none"
        raise InputError(f"{words!r} names {spoken.new[0].prompt!r}, who is not in the shot; its actors: {known}")
    doing = [mention.prompt for mention in spoken.cast if mention.actions or mention.behaviour != "stand"]
    if doing:
        raise InputError(f"{words!r} says what {doing[0]!r} does, which is no camera move; write motion:... for that")
    _require_moves(words, spoken.plan)
    path = language.compile(
        replace(spoken.plan, fps=None),
        anchors=anchors_of(shot, SE3.identity()),
        start=track.T_world_body[0].as_matrix().double().numpy(),
        num_frames=len(track),
        fps=1 / median_step_s(track),
        size_wh=shot.camera.size_wh,
        fov_x=float(shot.camera.intrinsics.fov()[0, 0]),
        seed=shot.seed,
    )
    made = Trajectory(replace(path.track, times_s=track.times_s), path.intrinsics)
    unused = f"; not used: {', '.join(spoken.unused)}" if spoken.unused else ""
    return made, f"the camera {', then '.join(map(describe_move, spoken.plan.moves))}{unused}"


def _require_moves(words: str, plan: language.Plan) -> None:
    """Hold that words of a camera have a move in them, which may be to stay."""
    if any(not move.is_hold for move in plan.moves):
        return
    try:
        language.parse(words)
    except InputError as error:
        raise InputError(
            f"no camera move in {words!r}, which is no file either; write for example 'orbit left 40 degrees'"
        ) from error


def _fitted(shot: Shot, other: Motion) -> tuple[Trajectory, str]:
    """A path at the times of the shot's camera, in its world, with its image size."""
    own, given = shot.camera, track_of(other)
    if shot.actors and given.unit != "m":
        raise InputError(
            "the path is of unknown scale and cannot share a scene with actors; give it metres first, as with "
            "`kinoeye edit FILE scale:FACTOR,unit=m -o NEW`"
        )
    length_s = own.track.duration_s
    share = (own.times_s - own.times_s[0]) / (length_s or 1.0)
    path = sampled(other, given.times_s[0] + share * given.duration_s, own.times_s)
    camera = _with_lens(path, own)
    same_length = abs(given.duration_s - length_s) < 1e-6 and len(given) == len(own)
    note = (
        "" if same_length else f"{count(given)} over {given.duration_s:.4g} s became {len(own)} over {length_s:.4g} s; "
    )
    lens = "with its own lens" if not isinstance(path, Track) else "with the lens of the shot's first frame"
    moved = shot.with_camera(camera)
    alike = given.up == "z" and given.unit == own.track.unit
    if alike and (not shot.actors or any(visibility(moved, actor)[0].any() for actor in shot.actors)):
        return camera, f"{note}it stays where it is in the world, {lens}"
    placed = anchor(camera, own)
    why = "nobody is seen from where it was" if alike else "its world is another one"
    return placed, f"{note}{why}, so that its first pose is put where the shot's first camera is, {lens}"


def _with_lens(path: Motion, own: Trajectory) -> Trajectory:
    if isinstance(path, Track):
        lens = own.intrinsics.fx_fy_cx_cy[:1].expand(len(path), 4)
        return Trajectory(path, Intrinsics(lens, own.size_wh))
    camera = path.camera if isinstance(path, Shot) else path
    return camera if camera.size_wh == own.size_wh else fit(camera, own.size_wh)
