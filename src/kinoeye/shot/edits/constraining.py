"""The edit that bends a path so that it passes through given poses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.interpolation import bracket, nearest
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Unit, Up
from kinoeye.shot.edits.motion import P, track_of, with_track

STILL_SHARE = 0.01
"""How much of a correction is made where a path does something else, and how much of that where it rests."""


@dataclass(frozen=True, kw_only=True)
class PoseConstraints:
    """Poses T_world_cam that a path must have, at times and at its end.

    Raises:
        InputError: a pose is not finite, or times do not increase.
    """

    keyframes: Mapping[float, SE3] = field(default_factory=dict)
    """Time in seconds -> pose, in the order of time."""
    end_pose: SE3 | None = None
    """The last pose, whenever that is."""
    unit: Unit = "m"
    up: Up = None
    """Vertical of the poses' world; None is that of a directed path, which starts at the identity."""

    def __post_init__(self) -> None:
        times = list(self.keyframes)
        if not all(map(math.isfinite, times)) or any(b <= a for a, b in pairwise(times)):
            shown = ", ".join(f"{time:g}" for time in times)
            raise InputError(f"key frames at {shown} s are not in the order of time; give each once, earliest first")
        given = {f"at {time:g} s": pose for time, pose in self.keyframes.items()} | {"at the end": self.end_pose}
        for where, pose in given.items():
            if pose is not None and (pose.batch_shape != () or not bool(pose.wxyz_xyz.isfinite().all())):
                raise InputError(f"the pose {where} is not one finite pose; give T_world_cam without NaN or infinity")


def constrain(path: P, constraints: PoseConstraints) -> P:
    """The path bent so that it passes through poses exactly, its velocity as continuous as it was (C1).

    Turns and moves are corrected each by themselves and where the path already turns or moves, so that a move which
    only travels goes on to only travel, and holds stay holds. Each rotation is multiplied from the left by a
    correction, R'(t) = C(u(t)) R(t), where u is how far the path has turned; the velocity in the camera's own axes is
    kept along it, and what then lacks in position is added in proportion to how far the path has moved. Where a path
    turns nowhere, it is corrected as it moves, and the other way round; where it rests all the time, evenly.

    Corrections are on cumulative cubic Bezier curves (Kim, Kim & Shin 1995, section 4) through those of the given
    poses: from none at the first frame, unless its pose is given, at rest there and at the last key frame, and held
    after it. A time between two frames means the nearer one.

    Args:
        path: a track, camera or shot.
        constraints: the poses, in the unit and the world of the path. Where the first frame's pose is given, their
            world may be another one, and becomes the path's.

    Raises:
        InputError: a time is outside the path, two are of one frame, or the unit or the world is another one.

    Example:
        >>> from kinoeye import language
        >>> end = SE3.from_parts(SE3.identity().rotation, torch.tensor([0.5, 0.0, 2.0], dtype=torch.float64))
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> constrain(camera, PoseConstraints(end_pose=end)).T_world_cam.translation[-1].tolist()
        [0.5, 0.0, 2.0]
    """
    track = track_of(path)
    if constraints.unit != track.unit:
        raise InputError(
            f"the poses are in {_unit_words(constraints.unit)} and the path in {_unit_words(track.unit)}; give both in "
            "one unit (`kinoeye convert --unit` says a file's)"
        )
    wanted = _by_frame(track, constraints)
    if not wanted:
        return path
    if constraints.up != track.up and 0 not in wanted:
        raise InputError(
            f"the poses are in a world with {_up_words(constraints.up)} and the path's has {_up_words(track.up)}; "
            "give the pose of its first frame too, a key frame at 0 s, and it is put into their world"
        )
    poses = _bent(track, wanted).normalize()
    return with_track(path, replace(track, T_world_body=poses, up=constraints.up))


def _by_frame(track: Track, constraints: PoseConstraints) -> dict[int, SE3]:
    """Frame -> pose, in order.

    Raises:
        InputError: a time is outside the track, or two are of one frame.
    """
    first, last = float(track.times_s[0]), float(track.times_s[-1])
    tolerance = 1e-9 * max(1.0, abs(last))
    for time in constraints.keyframes:
        if not first - tolerance <= time <= last + tolerance:
            raise InputError(f"a key frame at {time:g} s is outside the path, which lasts from {first:g} to {last:g} s")
    times = torch.tensor(list(constraints.keyframes), dtype=track.times_s.dtype)
    frames = nearest(track.times_s, times).tolist() if len(times) else []
    poses = list(constraints.keyframes.values())
    if constraints.end_pose is not None:
        frames, poses = [*frames, len(track) - 1], [*poses, constraints.end_pose]
    repeated = [b for a, b in pairwise(frames) if a == b]
    if repeated:
        raise InputError(
            f"two poses are given for frame {repeated[0]}, at {float(track.times_s[repeated[0]]):g} s; give one of them"
        )
    like = track.T_world_body.wxyz_xyz
    return {frame: SE3(pose.wxyz_xyz.to(like)).normalize() for frame, pose in zip(frames, poses, strict=True)}


def _bent(track: Track, wanted: Mapping[int, SE3]) -> SE3:
    """The poses [n] of a track that passes through the wanted ones."""
    path = track.T_world_body
    frames = [*([] if 0 in wanted else [0]), *wanted]
    at = torch.tensor(frames, device=track.times_s.device)
    targets = SE3(torch.stack([wanted.get(frame, path[frame]).wxyz_xyz for frame in frames]))
    turning, moving = _progress(track)
    turns = targets.rotation @ path.rotation[at].inverse()
    rotation = _spread(SE3.from_parts(turns, torch.zeros_like(targets.translation)), at, turning).rotation
    rotation = rotation @ path.rotation
    carried = _carried(path, rotation, targets.translation[0])
    upright = SO3(SO3.identity(len(frames)).wxyz.to(carried))
    shift = _spread(SE3.from_parts(upright, targets.translation - carried[at]), at, moving).translation
    return SE3.from_parts(rotation, carried + shift)


def _carried(path: SE3, rotation: SO3, origin: Float[Tensor, "3"]) -> Float[Tensor, "n 3"]:
    """Positions from an origin on: those of a path whose velocity stays in the camera's axes when these turn."""
    velocities = (path[:-1].inverse() @ path[1:]).log()[:, :3]
    turns = (rotation[:-1].inverse() @ rotation[1:]).log()
    steps = rotation[:-1] @ SE3.exp(torch.cat([velocities, turns], dim=-1)).translation
    return origin + torch.cat([torch.zeros_like(origin)[None], steps.cumsum(dim=0)])


def _spread(knots: SE3, at: Int[Tensor, " k"], progress: Float[Tensor, " n"]) -> SE3:
    """Corrections [n] from those of a few frames: at rest at the first and the last of them, and held after it."""
    if len(knots.wxyz_xyz) == 1:
        return SE3(knots.wxyz_xyz.expand(len(progress), 7))
    steps = progress[at].diff()
    between, share = bracket(progress[at], progress)
    third = steps[:, None] / 3
    rates = _rates(knots, steps)
    first, last = rates[:-1] * third, rates[1:] * third
    middle = (SE3.exp(-first) @ knots[:-1].inverse() @ knots[1:] @ SE3.exp(-last)).log()
    s = share[:, None]
    curve = (
        knots[between]
        @ SE3.exp((1 - (1 - s) ** 3) * first[between])
        @ SE3.exp(s * s * (3 - 2 * s) * middle[between])
        @ SE3.exp(s**3 * last[between])
    )
    held = (progress >= progress[at[-1]])[:, None]
    return SE3(torch.where(held, knots.wxyz_xyz[-1], curve.wxyz_xyz))


def _progress(track: Track) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """How far a track has turned, and how far it has moved: as shares of its whole.

    Where it does neither or only the other, a little of the other's and of time's share.
    """
    steps = (track.T_world_body[:-1].inverse() @ track.T_world_body[1:]).log()
    measures = torch.stack([steps[:, 3:].norm(dim=-1), steps[:, :3].norm(dim=-1), track.times_s.diff()], dim=-1)
    totals = measures.sum(dim=0)
    # Where nothing moves, what is left of a total is rounding.
    shares = torch.where(totals > 1e-9, measures / totals.clamp(min=1e-9), torch.zeros_like(measures))
    turned, moved, lasted = shares.unbind(dim=-1)
    either = turned + moved + STILL_SHARE * lasted
    return _summed(turned + STILL_SHARE * either), _summed(moved + STILL_SHARE * either)


def _summed(shares: Float[Tensor, " m"]) -> Float[Tensor, " n"]:
    return torch.cat([shares.new_zeros(1), shares.cumsum(dim=0)])


def _rates(knots: SE3, steps: Float[Tensor, " m"]) -> Float[Tensor, "k 6"]:
    """Body twists of the correction at the knots: at rest at both ends, inside by the parabola through three knots.

    Where one side changes much faster than the other, three times the slower rate is the most: beyond that a cubic
    overshoots (Fritsch & Carlson 1980).
    """
    rates = (knots[:-1].inverse() @ knots[1:]).log() / steps[:, None]
    share = (steps[:-1] / (steps[:-1] + steps[1:]))[:, None]
    inner = torch.lerp(rates[:-1], rates[1:], share).unflatten(-1, (2, 3))
    size = rates.unflatten(-1, (2, 3)).norm(dim=-1, keepdim=True)
    most = 3 * torch.minimum(size[:-1], size[1:])
    inner = inner * (most / inner.norm(dim=-1, keepdim=True).clamp(min=1e-300)).clamp(max=1)
    rest = torch.zeros_like(rates[:1])
    return torch.cat([rest, inner.flatten(-2), rest])


def _unit_words(unit: Unit) -> str:
    return "metres" if unit == "m" else "an unknown unit"


def _up_words(up: Up) -> str:
    return "z up" if up == "z" else "no known vertical"
