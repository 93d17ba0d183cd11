"""Interpolation of poses: straight, on a screw, on cubics; velocities, and times of an even pace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kinoeye.geometry.lie import SE3, SO3

if TYPE_CHECKING:
    from kinoeye.geometry.track import Track


def bracket(times_s: Float[Tensor, "n"], queries_s: Float[Tensor, "m"]) -> tuple[Int[Tensor, "m"], Float[Tensor, "m"]]:
    """The sample before each query and the fraction (0 to 1, held at the ends) of the way to the next one."""
    before = (torch.searchsorted(times_s, queries_s, right=True) - 1).clamp(0, len(times_s) - 2)
    start, end = times_s[before], times_s[before + 1]
    return before, ((queries_s - start) / (end - start)).clamp(0, 1)


def nearest(times_s: Float[Tensor, "n"], queries_s: Float[Tensor, "m"]) -> Int[Tensor, "m"]:
    """Index of the sample nearest in time to each query; of two at the same distance the earlier one."""
    times_s, queries_s = times_s.contiguous(), queries_s.contiguous()
    after = torch.searchsorted(times_s, queries_s).clamp(max=len(times_s) - 1)
    before = (after - 1).clamp(min=0)
    return torch.where(queries_s - times_s[before] <= times_s[after] - queries_s, before, after)


def slerp(a: SO3, b: SO3, fraction: Float[Tensor, "*batch"]) -> SO3:
    """Rotations on the shortest great arc from a (fraction 0) to b (fraction 1)."""
    return a @ SO3.exp(fraction[..., None] * (a.inverse() @ b).log())


def interpolate(a: SE3, b: SE3, fraction: Float[Tensor, "*batch"]) -> SE3:
    """Poses from a (0) to b (1): slerp of the rotation, straight line of the origin (what camera rigs do)."""
    origin = torch.lerp(a.translation, b.translation, fraction[..., None])
    return SE3.from_parts(slerp(a.rotation, b.rotation, fraction), origin)


def interpolate_screw(a: SE3, b: SE3, fraction: Float[Tensor, "*batch"]) -> SE3:
    """Poses on the SE(3) geodesic (a screw motion) from a (0) to b (1): a exp(fraction log(a^-1 b))."""
    return a @ SE3.exp(fraction[..., None] * (a.inverse() @ b).log())


def velocities(track: Track) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n 3"]]:
    """Linear velocity in the world and angular velocity in body axes at each pose, by the parabola through three poses.

    The ends' velocities are one-sided, so that they use nothing beyond the track; a single pose stands still.
    """
    poses = track.T_world_body
    if len(track) == 1:
        return torch.zeros_like(poses.translation), torch.zeros_like(poses.translation)
    steps = track.times_s.diff()
    linear = poses.translation.diff(dim=0) / steps[:, None]
    # The logarithm of a step has the same coordinates in the axes of both of its ends.
    angular = (poses[:-1].inverse() @ poses[1:]).rotation.log() / steps[:, None]
    return _at_samples(linear, steps), _at_samples(angular, steps)


def hermite(
    a: SE3,
    b: SE3,
    velocity_a: tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]],
    velocity_b: tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]],
    duration_s: Float[Tensor, "*batch"],
    fraction: Float[Tensor, "*batch"],
) -> SE3:
    """Poses from a (0) to b (1) on a cubic with given velocities at both ends.

    The origin is on a Hermite cubic; the rotation on the cumulative cubic Bezier curve of Kim, Kim & Shin 1995
    ("A general construction scheme for unit quaternion curves with simple high order derivatives", section 4).

    Args:
        a: poses at fraction 0.
        b: poses at fraction 1.
        velocity_a: linear velocity in the world and angular velocity in body axes (radians per second) at `a`.
        velocity_b: the same at `b`.
        duration_s: seconds from `a` to `b`.
        fraction: share of the way in time, 0 to 1.
    """
    s, third = fraction[..., None], duration_s[..., None] / 3
    near, far = a.translation + velocity_a[0] * third, b.translation - velocity_b[0] * third
    ways = (near - a.translation, far - near, b.translation - far)
    shares = (1 - (1 - s) ** 3, s * s * (3 - 2 * s), s**3)
    origin = a.translation + shares[0] * ways[0] + shares[1] * ways[1] + shares[2] * ways[2]
    first, last = velocity_a[1] * third, velocity_b[1] * third
    middle = (SO3.exp(-first) @ a.rotation.inverse() @ b.rotation @ SO3.exp(-last)).log()
    turns = SO3.exp(shares[0] * first) @ SO3.exp(shares[1] * middle) @ SO3.exp(shares[2] * last)
    return SE3.from_parts(a.rotation @ turns, origin)


def cubic(track: Track, times_s: Float[Tensor, "m"]) -> Track:
    """The track at other times on C1 cubics through its poses (`hermite` between `velocities`), held at the ends.

    A path of constant velocity and constant turn rate is reproduced exactly.
    """
    if len(track) == 1:
        return track.at(times_s)
    before, fraction = bracket(track.times_s, times_s)
    linear, angular = velocities(track)
    after, poses = before + 1, track.T_world_body
    pose = hermite(
        poses[before],
        poses[after],
        (linear[before], angular[before]),
        (linear[after], angular[after]),
        track.times_s[after] - track.times_s[before],
        fraction,
    )
    return replace(track, T_world_body=pose, times_s=times_s)


def constant_speed_times(track: Track, *, radians_per_metre: float = 0.0) -> Float[Tensor, "n"]:
    """When to sample a track so that at its own times it is travelled at constant speed.

    Args:
        track: a track that moves.
        radians_per_metre: how much a turn counts as travel: its angle divided by this is added to the path's
            length; 0 counts translation alone.

    Raises:
        ValueError: the track does not move.
    """
    steps = track.T_world_body.translation.diff(dim=0).norm(dim=-1)
    if radians_per_metre > 0:
        turns = (track.T_world_body[:-1].inverse() @ track.T_world_body[1:]).rotation.angle()
        steps = steps + turns / radians_per_metre
    travelled = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
    if float(travelled[-1]) <= 0:
        raise ValueError("a track that does not move has no constant speed")
    wanted = (track.times_s - track.times_s[0]) / track.duration_s * travelled[-1]
    # Poses at rest share a length: of those the last one sets off, and the time at rest is skipped.
    before = (torch.searchsorted(travelled, wanted, right=True) - 1).clamp(0, len(steps) - 1)
    rests = steps[before] <= 1e-12 * travelled[-1]
    share = ((wanted - travelled[before]) / torch.where(rests, torch.ones_like(wanted), steps[before])).clamp(0, 1)
    share = torch.where(rests, torch.zeros_like(share), share)
    return torch.lerp(track.times_s[before], track.times_s[before + 1], share)


def _at_samples(rates: Tensor, steps: Tensor) -> Tensor:
    """Rates [n - 1, 3] of the steps between samples, on a line between the middles of the steps, at the samples."""
    if len(rates) == 1:
        return rates.expand(2, 3)
    share = (steps[:-1] / (steps[:-1] + steps[1:]))[:, None]
    inner = torch.lerp(rates[:-1], rates[1:], share)
    first = rates[0] + share[0] * (rates[0] - rates[1])
    last = rates[-1] + (1 - share[-1]) * (rates[-1] - rates[-2])
    return torch.cat([first[None], inner, last[None]])
