"""Errors of trajectory evaluation: absolute and relative pose errors, and errors since the first pose."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kinoeye.evaluation.pose_pairs import PosePairs
from kinoeye.evaluation.poses import Poses, length
from kinoeye.evaluation.protocol import SHAPE, WORLD, Change, PoseProtocol
from kinoeye.geometry.convention import Float64

WORST_ROTATION_PART = 2 * math.sqrt(2)
"""Of |R - I|_F = 2 sqrt(2) sin(angle / 2)."""


def ape_translation(pairs: PosePairs) -> Float64:
    """Absolute trajectory error |t(E_i) - t(T_i)| (Sturm et al. 2012); its rmse is "the" ATE."""
    return length(pairs.aligned.t - pairs.reference.t)


def ape_rotation_deg(pairs: PosePairs) -> Float64:
    """Absolute rotation error angle(R(T_i)^-1 R(E_i)) in degrees, in the aligned world."""
    return np.rad2deg(pairs.absolute_error.angle)


def ape_rotation_rad(pairs: PosePairs) -> Float64:
    """Absolute rotation error angle(R(T_i)^-1 R(E_i)) in radians, in the aligned world."""
    return pairs.absolute_error.angle


def ape_rotation_part(pairs: PosePairs) -> Float64:
    """Absolute rotation error |R(T_i)^-1 R(E_i) - I| (Frobenius), in the aligned world."""
    return _rotation_part(pairs.absolute_error)


def ape_full(pairs: PosePairs) -> Float64:
    """Absolute pose error |T_i^-1 E_i - I| (Frobenius norm of the 4x4 matrix), in the aligned world."""
    return np.hypot(_rotation_part(pairs.absolute_error), length(pairs.absolute_error.t))


def rpe_translation(pairs: PosePairs) -> Float64:
    """Relative pose error |t((T_i^-1 T_j)^-1 (E_i^-1 E_j))|, j a delta after i (Sturm et al. 2012)."""
    return length(pairs.relative_error.t)


def rpe_rotation_deg(pairs: PosePairs) -> Float64:
    """Relative rotation error angle(R((T_i^-1 T_j)^-1 (E_i^-1 E_j))) in degrees, j a delta after i."""
    return np.rad2deg(pairs.relative_error.angle)


def rpe_rotation_rad(pairs: PosePairs) -> Float64:
    """Relative rotation error angle(R((T_i^-1 T_j)^-1 (E_i^-1 E_j))) in radians, j a delta after i."""
    return pairs.relative_error.angle


def rpe_rotation_part(pairs: PosePairs) -> Float64:
    """Relative rotation error |R((T_i^-1 T_j)^-1 (E_i^-1 E_j)) - I| (Frobenius), j a delta after i."""
    return _rotation_part(pairs.relative_error)


def rpe_full(pairs: PosePairs) -> Float64:
    """Relative pose error |(T_i^-1 T_j)^-1 (E_i^-1 E_j) - I| (Frobenius norm of the 4x4 matrix), j a delta after i."""
    return np.hypot(_rotation_part(pairs.relative_error), length(pairs.relative_error.t))


def rpe_point_distance(pairs: PosePairs) -> Float64:
    """Error of the distance travelled in a step, ||t(E_i^-1 E_j)| - |t(T_i^-1 T_j)||, j a delta after i."""
    true, ours = (length(steps.t) for steps in pairs.relative_steps)
    return np.abs(ours - true)


def rpe_point_distance_percent(pairs: PosePairs) -> Float64:
    """Error of the distance travelled in a step in percent of it, for steps in which the reference moves."""
    true = length(pairs.relative_steps[0].t)
    return 100 * _divided(rpe_point_distance(pairs), true, where=true > 0)


def rotation_deg(pairs: PosePairs) -> Float64:
    """Rotation error since the first pose, angle(R(T_0^-1 T_i)^-1 R(E_0^-1 E_i)) in degrees; needs no alignment."""
    return np.rad2deg(pairs.since_first_error)


def final_rotation_deg(pairs: PosePairs) -> Float64:
    """Rotation error since the first pose at the last one, in degrees."""
    return np.rad2deg(pairs.since_first_error[-1:]) if pairs.found[-1] else np.array([180.0])


def translation_percent(pairs: PosePairs) -> Float64:
    """Absolute trajectory error in percent of the reference's path length; undefined where the reference rests."""
    errors = ape_translation(pairs)
    return 100 * errors / pairs.path_length if pairs.path_length > 0 else np.full_like(errors, np.nan)


def displacement_percent(pairs: PosePairs) -> Float64:
    """Error |t(E_0^-1 E_i) - t(T_0^-1 T_i)| in percent of |t(T_0^-1 T_i)|, for poses that have moved far enough."""
    true, ours = (poses.t for poses in pairs.since_first)
    return 100 * _divided(length(pairs.change.scale * ours - true), length(true), where=_moved(pairs))


def translation_direction_deg(pairs: PosePairs) -> Float64:
    """Angle in degrees between t(T_0^-1 T_i) and t(E_0^-1 E_i); an estimate that does not move counts as 180."""
    true, ours = (poses.t for poses in pairs.since_first)
    angle = np.rad2deg(np.arctan2(length(np.cross(true, ours)), np.einsum("ni,ni->n", true, ours)))
    return np.where(_moved(pairs), np.where(length(ours) > 0, angle, 180.0), np.nan)


def _rotation_part(poses: Poses) -> Float64:
    return np.sqrt(((poses.R - np.eye(3)) ** 2).sum((1, 2)))


def _moved(pairs: PosePairs) -> NDArray[np.bool_]:
    least = pairs.settings.min_displacement
    least = 0.05 * pairs.path_length if least is None else least
    return length(pairs.since_first[0].t) > max(least, 1e-12)


def _divided(numerator: Float64, denominator: Float64, *, where: NDArray[np.bool_]) -> Float64:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=where)


ROTATION_ONLY = frozenset[Change]({"shift", "scale"})
"""What an absolute rotation error is blind to: where things are and how large."""
_rms = partial(PoseProtocol, aggregate="rmse")
_ape_rotation = partial(_rms, invariant_to=ROTATION_ONLY)
_rpe_length = partial(_rms, per="step", invariant_to=WORLD)
_rpe_rotation = partial(_rms, per="step", invariant_to=SHAPE)
_first_pose_deg = partial(PoseProtocol, unit="deg", alignment="first pose", worst=180.0, invariant_to=SHAPE)

TRAJECTORY_PROTOCOLS = (
    _rms(name="ate_translation", unit="length", compute=ape_translation),
    _ape_rotation(name="ape_rotation_deg", unit="deg", compute=ape_rotation_deg, worst=180.0),
    _ape_rotation(name="ape_rotation_rad", unit="rad", compute=ape_rotation_rad, worst=math.pi),
    _ape_rotation(name="ape_rotation_part", unit="1", compute=ape_rotation_part, worst=WORST_ROTATION_PART),
    _rms(name="ape_full_transformation", unit="mixed", compute=ape_full),
    _rpe_length(name="rpe_translation", unit="length", compute=rpe_translation),
    _rpe_rotation(name="rpe_rotation_deg", unit="deg", compute=rpe_rotation_deg, worst=180.0),
    _rpe_rotation(name="rpe_rotation_rad", unit="rad", compute=rpe_rotation_rad, worst=math.pi),
    _rpe_rotation(name="rpe_rotation_part", unit="1", compute=rpe_rotation_part, worst=WORST_ROTATION_PART),
    _rpe_length(name="rpe_full_transformation", unit="mixed", compute=rpe_full),
    _rpe_length(name="rpe_point_distance", unit="length", compute=rpe_point_distance),
    _rpe_length(name="rpe_point_distance_percent", unit="%", compute=rpe_point_distance_percent),
)
"""The pose relations of the evo toolbox (Grupp 2017), absolute and relative."""

FIRST_POSE_PROTOCOLS = (
    _first_pose_deg(name="rotation_deg", compute=rotation_deg),
    _first_pose_deg(name="final_rotation_deg", compute=final_rotation_deg, per="path"),
    PoseProtocol(name="translation_percent", unit="%", compute=translation_percent),
    PoseProtocol(name="displacement_percent", unit="%", compute=displacement_percent, invariant_to=WORLD),
    _first_pose_deg(name="translation_direction_deg", compute=translation_direction_deg, aggregate="median"),
)
"""Our own: what a reader of one film wants to know."""
