"""The blocky robot: named parts in a unit box, and a gait that swings them with the distance walked.

Rest coordinates are shares of the actor's box along body axes: x forward (-0.5 to 0.5), y left (-0.5 to 0.5),
z up (0 to 1). The standing robot touches every side of its box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import homogeneous, rotvec_to_matrix

Float64 = NDArray[np.float64]
Role = Literal["base", "light", "dark", "glow"]

PART_NAMES = ("body", "head", "face", "torso", "chest", "back", "arm", "hand", "leg", "foot")
"""What the values 1, 2, ... of a part layer mean; a primitive is all "body"."""


@dataclass(frozen=True)
class RobotPart:
    """One block of the robot at rest."""

    name: str
    """One of `PART_NAMES`."""
    low: tuple[float, float, float]
    """Smallest x, y, z as shares of the box."""
    high: tuple[float, float, float]
    """Largest x, y, z as shares of the box."""
    role: Role = "base"
    """Which of the robot's colours it has."""
    joints: tuple[str, ...] = ()
    """The joints it hangs from, outermost first."""
    kind: str = "box"


def _mirrored(name: str, low: tuple[float, float, float], high: tuple[float, float, float], role: Role, *joints: str):
    left = RobotPart(name, low, high, role, tuple(f"left {joint}" for joint in joints))
    mirror_low, mirror_high = (low[0], -high[1], low[2]), (high[0], -low[1], high[2])
    return left, RobotPart(name, mirror_low, mirror_high, role, tuple(f"right {joint}" for joint in joints))


ROBOT_PARTS: tuple[RobotPart, ...] = (
    RobotPart("torso", (-0.30, -0.29, 0.525), (0.30, 0.29, 0.79)),
    RobotPart("torso", (-0.24, -0.24, 0.445), (0.24, 0.24, 0.525), "dark"),
    RobotPart("chest", (0.29, -0.19, 0.60), (0.36, 0.19, 0.75), "light"),
    RobotPart("back", (-0.50, -0.20, 0.57), (-0.29, 0.20, 0.77), "dark"),
    RobotPart("torso", (-0.12, -0.09, 0.79), (0.12, 0.09, 0.825), "dark"),
    RobotPart("head", (-0.30, -0.21, 0.825), (0.30, 0.21, 0.97)),
    RobotPart("face", (0.29, -0.17, 0.860), (0.35, 0.17, 0.935), "dark"),
    RobotPart("face", (0.33, 0.045, 0.880), (0.38, 0.125, 0.915), "glow"),
    RobotPart("face", (0.33, -0.125, 0.880), (0.38, -0.045, 0.915), "glow"),
    RobotPart("head", (-0.06, -0.05, 0.97), (0.06, 0.05, 1.0), "light", kind="sphere"),
    *_mirrored("arm", (-0.19, 0.31, 0.63), (0.19, 0.47, 0.785), "base", "shoulder"),
    *_mirrored("arm", (-0.15, 0.33, 0.475), (0.15, 0.45, 0.63), "light", "shoulder", "elbow"),
    *_mirrored("hand", (-0.19, 0.31, 0.405), (0.19, 0.50, 0.475), "dark", "shoulder", "elbow"),
    *_mirrored("leg", (-0.21, 0.045, 0.255), (0.21, 0.235, 0.455), "base", "hip"),
    *_mirrored("leg", (-0.18, 0.060, 0.060), (0.18, 0.220, 0.255), "light", "hip", "knee"),
    *_mirrored("foot", (-0.26, 0.035, 0.0), (0.50, 0.245, 0.065), "dark", "hip", "knee"),
)

_HEIGHT = {"shoulder": 0.755, "elbow": 0.63, "hip": 0.455, "knee": 0.255}
"""Height of each joint's axis (parallel to y, at x = 0) as a share of the box."""
_HIP_SWING, _KNEE_SWING, _ARM_SWING, _ELBOW_BEND = (math.radians(a) for a in (27.0, 38.0, 30.0, 22.0))
_STEP = 2 * math.sin(_HIP_SWING) * _HEIGHT["hip"]
"""Length of a step as a share of the height: what the leg's swing covers, so that feet do not slide."""


def robot_poses(size_xyz: tuple[float, float, float], walked_m: Float64, total_m: float) -> Float64:
    """Where each part of a robot is: its pose in body axes relative to its rest pose.

    Args:
        size_xyz: the actor's box in metres.
        walked_m: distance walked by each frame [f] in metres.
        total_m: length of the whole way; a robot that has none stands.

    Returns:
        T_body_rest [f, p, 4, 4]: rest coordinates in metres to body coordinates.
    """
    height = size_xyz[2]
    angles = _joint_angles(walked_m / height, total_m / height)
    turns = {joint: _turn(angles[joint], _HEIGHT[joint.split()[1]] * height) for joint in angles}
    poses = np.tile(np.eye(4), (len(walked_m), len(ROBOT_PARTS), 1, 1))
    for index, part in enumerate(ROBOT_PARTS):
        for joint in part.joints:
            poses[:, index] = poses[:, index] @ turns[joint]
    poses[:, :, 2, 3] -= _lowest_foot(poses, size_xyz)[:, None]
    return poses


def rest_box(part: RobotPart, size_xyz: tuple[float, float, float]) -> tuple[Float64, Float64]:
    """Centre and half size [3] of a part at rest, in metres along body axes."""
    low, high = np.array(part.low) * size_xyz, np.array(part.high) * size_xyz
    return (low + high) / 2, (high - low) / 2


def _joint_angles(walked: Float64, total: float) -> dict[str, Float64]:
    """Angles [f] of the joints about body y in radians after walking `walked` of `total` heights; + swings back."""
    # The first and the last half step grow out of standing and return to it.
    effort = np.clip(np.minimum(walked, total - walked) / (0.5 * _STEP), 0.0, 1.0)
    effort = effort * effort * (3.0 - 2.0 * effort)
    phase = np.pi * walked / _STEP
    angles = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        angles[f"{side} hip"] = -sign * effort * _HIP_SWING * np.sin(phase)
        angles[f"{side} knee"] = effort * _KNEE_SWING * np.maximum(0.0, sign * np.cos(phase)) ** 2
        angles[f"{side} shoulder"] = sign * effort * _ARM_SWING * np.sin(phase)
        angles[f"{side} elbow"] = -effort * _ELBOW_BEND
    return angles


def _turn(angle: Float64, height_m: float) -> Float64:
    """Rotations [f, 4, 4] about the line parallel to y through (0, 0, height_m)."""
    R = rotvec_to_matrix(angle[:, None] * np.array([0.0, 1.0, 0.0]))
    pivot = np.array([0.0, 0.0, height_m])
    return homogeneous(np.concatenate([R, (pivot - R @ pivot)[..., None]], axis=-1))


def _lowest_foot(poses: Float64, size_xyz: tuple[float, float, float]) -> Float64:
    """Height in metres [f] of the lowest corner of the feet."""
    lowest = []
    for index, part in enumerate(ROBOT_PARTS):
        if part.name == "foot":
            centre, half = rest_box(part, size_xyz)
            reach = np.abs(poses[:, index, 2, :3]) @ half
            lowest.append(poses[:, index, 2, :3] @ centre + poses[:, index, 2, 3] - reach)
    return np.min(lowest, axis=0)
