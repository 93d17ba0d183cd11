"""Interpolation, smoothing and retiming of poses."""

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


def smooth(track: Track, *, strength: float) -> Track:
    """A track on C2 smoothing splines (Reinsch 1967) of its origin and of its quaternion, at the same times.

    Args:
        track: at least five poses.
        strength: weight of the integrated squared second derivative in s^3; 0 returns the samples, larger is smoother.

    Raises:
        ValueError: fewer than five poses, or a negative strength.
    """
    from scipy.interpolate import make_smoothing_spline

    if len(track) < 5 or strength < 0:
        raise ValueError(f"smoothing needs at least 5 poses and strength >= 0; given {len(track)} and {strength}")
    if strength == 0:
        return track
    times = track.times_s.numpy()
    # Quaternions of one sign along the path form a smooth curve in R^4; its normalisation is C2 where it is not zero.
    samples = torch.cat([_continuous(track.T_world_body.rotation.wxyz), track.T_world_body.translation], dim=-1)
    fitted = make_smoothing_spline(times, samples.double().numpy(), lam=strength)(times)
    pose = SE3(torch.from_numpy(fitted).to(samples.dtype)).normalize()
    return replace(track, T_world_body=pose)


def constant_speed(track: Track, *, radians_per_metre: float = 0.0) -> Track:
    """The same path at the same sample times, travelled at constant speed.

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
    # Poses at rest share a length; keeping the first of each makes length -> time a function.
    keep = torch.cat([torch.ones(1, dtype=torch.bool), steps > 1e-12 * travelled[-1]])
    by_length = replace(track, T_world_body=track.T_world_body[keep], times_s=travelled[keep])
    share = (track.times_s - track.times_s[0]) / track.duration_s
    return replace(track, T_world_body=by_length.at(share * travelled[-1]).T_world_body)


def _continuous(wxyz: Tensor) -> Tensor:
    """The same rotations with each quaternion's sign chosen nearest to the one before."""
    flips = (wxyz[1:] * wxyz[:-1]).sum(-1) < 0
    sign = torch.cat([torch.ones(1), torch.where(flips, -1.0, 1.0).cumprod(0)]).to(wxyz.dtype)
    return wxyz * sign[:, None]
