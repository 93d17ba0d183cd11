"""How well a film obeyed its camera, by the formulas of the papers that introduced them; no two mean the same."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from kinoeye.evaluation.pose_pairs import PosePairs
from kinoeye.evaluation.poses import at_rest, length
from kinoeye.evaluation.protocol import SHAPE, WORLD, Change, PoseProtocol
from kinoeye.geometry.convention import Float64

WORST_CAMMC = math.sqrt(12)
"""Of two rotations half a turn apart (|R - R'|_F = sqrt 8) and unit displacements that are opposite."""


def rotation_since_first(pairs: PosePairs) -> Float64:
    """Angle((T_0^-1 T_i)^-1 (E_0^-1 E_i)) in radians, to be summed (He et al. 2024, eq. 4)."""
    return pairs.since_first_error


def cameractrl_translation(pairs: PosePairs) -> Float64:
    """Error |t(T_0^-1 T_i) - s t(E_0^-1 E_i)|, s making the first steps equally long, to be summed (ibid., eq. 5)."""
    true, ours = (poses.t for poses in pairs.since_first)
    if len(true) < 2 or at_rest(true)[1]:
        return np.full(len(true), np.nan)
    if at_rest(ours)[1]:
        return np.full(len(true), np.inf)
    return length(true - ours * (length(true[1]) / length(ours[1])))


def cami2v_translation_relative(pairs: PosePairs) -> Float64:
    """Error |t(T_0^-1 T_i) / m - t(E_0^-1 E_i) / m'|, m and m' the longest of each path, to be summed."""
    true, ours = (_by_longest(poses.t, poses.t) for poses in pairs.since_first)
    return length(true - ours)


def cami2v_cammc_relative(pairs: PosePairs) -> Float64:
    """Error |[R | t / m](T_0^-1 T_i) - [R | t / m'](E_0^-1 E_i)| (Frobenius), to be summed."""
    return np.hypot(_rotation_difference(pairs), cami2v_translation_relative(pairs))


def cami2v_translation_absolute(pairs: PosePairs) -> Float64:
    """Error |t(T_0^-1 T_i) - t(E_0^-1 E_i)| / m, m the longest displacement of the reference, to be summed."""
    true, ours = (poses.t for poses in pairs.since_first)
    if at_rest(true).all():
        return np.full(len(true), np.nan)
    return length(_by_longest(true, true) - _by_longest(ours, true))


def cami2v_cammc_absolute(pairs: PosePairs) -> Float64:
    """Error |[R | t / m](T_0^-1 T_i) - [R | t / m](E_0^-1 E_i)| (Frobenius), m the reference's, to be summed."""
    return np.hypot(_rotation_difference(pairs), cami2v_translation_absolute(pairs))


def das_rotation(pairs: PosePairs) -> Float64:
    """Arccos of the mean inner product of unit quaternions since the first pose, in degrees (Gu et al. 2025)."""
    lacking = 2 * np.sin(pairs.since_first_error[1:] / 4) ** 2
    return _mean_angle_deg(np.concatenate([lacking, np.full(pairs.failed, 1.0)]))


def das_translation(pairs: PosePairs) -> Float64:
    """Arccos of the mean inner product of unit displacements since the first pose, in degrees (Gu et al. 2025)."""
    true, ours = (poses.t for poses in pairs.since_first)
    moves = ~at_rest(true)
    true, ours, stays = true[moves], ours[moves], at_rest(ours)[moves]
    ours = np.where(stays[:, None], -true, ours)
    lacking = length(true / length(true)[:, None] - ours / length(ours)[:, None]) ** 2 / 2
    return _mean_angle_deg(np.concatenate([lacking, np.full(pairs.failed, 2.0)]))


def trajmaster_translation(pairs: PosePairs) -> Float64:
    """Error |(t(E_i) - t(E_0)) - (t(T_i) - t(T_0))| without rotation or scale, to be averaged (Fu et al. 2025)."""
    true, ours = (poses.t - poses.t[:1] for poses in (pairs.reference, pairs.estimate))
    return length(ours - true)


def trajmaster_rotation_rad(pairs: PosePairs) -> Float64:
    """Angle(R(T_i)^-1 R(E_i)) in radians without any alignment, to be averaged (Fu et al. 2025)."""
    return pairs.reference.to(pairs.estimate).angle


def trajmaster_rotation_deg(pairs: PosePairs) -> Float64:
    """Angle(R(T_i)^-1 R(E_i)) in degrees without any alignment, to be averaged (Fu et al. 2025)."""
    return np.rad2deg(trajmaster_rotation_rad(pairs))


def _rotation_difference(pairs: PosePairs) -> Float64:
    """|R - R'|_F of the rotations since the first pose."""
    return 2 * math.sqrt(2) * np.sin(pairs.since_first_error / 2)


def _by_longest(displacements: Float64, of: Float64) -> Float64:
    """Displacements in units of the longest one of a path; of one that rests, zero."""
    return np.zeros_like(displacements) if at_rest(of).all() else displacements / length(of).max()


def _mean_angle_deg(lacking: Float64) -> Float64:
    """The angle whose cosine is 1 - mean(lacking), exact also where it is next to nothing."""
    mean = lacking.mean() if lacking.size else np.nan
    return np.array([np.rad2deg(2 * np.arcsin(np.sqrt(mean / 2)))])


_summed = partial(PoseProtocol, aggregate="sum", alignment="first pose", invariant_to=SHAPE)
_das = partial(PoseProtocol, unit="deg", alignment="first pose", invariant_to=SHAPE, per="path")
_trajmaster_rotation = partial(PoseProtocol, alignment="none", invariant_to=frozenset[Change]({"shift", "scale"}))

CONTROL_PROTOCOLS = (
    _summed(name="cameractrl_roterr", unit="rad", compute=rotation_since_first, worst=math.pi),
    _summed(name="cameractrl_transerr", unit="length", compute=cameractrl_translation),
    _summed(name="cami2v_roterr", unit="rad", compute=rotation_since_first, worst=math.pi),
    _summed(name="cami2v_transerr_relative", unit="1", compute=cami2v_translation_relative, worst=2.0),
    _summed(name="cami2v_cammc_relative", unit="1", compute=cami2v_cammc_relative, worst=WORST_CAMMC),
    _summed(name="cami2v_transerr_absolute", unit="1", compute=cami2v_translation_absolute, invariant_to=WORLD),
    _summed(name="cami2v_cammc_absolute", unit="1", compute=cami2v_cammc_absolute, invariant_to=WORLD),
    _das(name="das_roterr", compute=das_rotation, worst=90.0),
    _das(name="das_transerr", compute=das_translation, worst=180.0),
    _summed(name="recammaster_roterr", unit="rad", compute=rotation_since_first, worst=math.pi),
    _summed(name="recammaster_transerr", unit="length", compute=cameractrl_translation),
    PoseProtocol(
        name="trajmaster_transerr",
        unit="length",
        compute=trajmaster_translation,
        alignment="first position",
        invariant_to=frozenset[Change]({"shift"}),
    ),
    _trajmaster_rotation(name="trajmaster_roterr_rad", unit="rad", compute=trajmaster_rotation_rad, worst=math.pi),
    _trajmaster_rotation(name="trajmaster_roterr_deg", unit="deg", compute=trajmaster_rotation_deg, worst=180.0),
)
"""CameraCtrl, CamI2V, DaS, ReCamMaster (which cites CameraCtrl's formulas) and 3DTrajMaster."""
