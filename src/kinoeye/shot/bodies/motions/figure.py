"""A human skeleton by the CMU names of its joints, and the pose of all its joints from what an animator would state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kinoeye.geometry.convention import matrix_to_rotvec, matrix_to_wxyz, rotvec_to_matrix
from kinoeye.shot.bodies.body import Float64, Skeleton
from kinoeye.shot.bodies.motions.limbs import (
    across,
    apply,
    carried,
    oriented,
    pitched,
    smooth_step,
    turned,
    two_bones,
    unit,
)

SIDES = ("left", "right")
CHANNELS = (
    "pelvis_x pelvis_y pelvis_z pelvis_yaw pelvis_pitch pelvis_roll spine_yaw spine_pitch spine_roll "
    "head_yaw head_pitch head_roll".split()
    + [
        f"{name}_{side}{rest}"
        for side in SIDES
        for name, rest in (
            *(("arm", f"_{part}") for part in ("forward", "out", "twist", "elbow")),
            *(("hand", f"_{part}") for part in ("bend", "reach", "x", "y", "z")),
            ("shoulder", "_up"),
            *(("foot", f"_{part}") for part in ("x", "y", "z", "yaw", "pitch")),
        )
    ]
)
"""What a pose is made of, in heading axes: metres and radians.

The pelvis has its place relative to standing upright; the spine and the arms are relative to what they hang from; the
head is relative to the heading, so that it stays level while the body sways. An arm hangs at 0: forward swings it, out
spreads it, twist turns it inwards, elbow bends it. `hand_*_reach` (0 to 1) draws a hand to x, y, z. `foot_*` are added
to where the gait has the foot.
"""
Pose = dict[str, Float64]
"""A value [f] a channel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Feet:
    """Where the feet are, relative to the ground, in the world; a list holds left and right."""

    places: list[Float64]
    """[f, 3] of the ball of each foot, on the ground below it when it stands."""
    yaws: list[Float64]
    pitches: list[Float64]
    """[f] positive lifts the heel about the toes' joint, negative the toes about the heel."""
    toe_pitches: list[Float64]
    """[f] of the toes, which do not go into the ground whatever is asked."""


@dataclass(frozen=True, eq=False)
class Figure:
    """Measures of a human skeleton at rest.

    Raises:
        InputError: a joint that the motions need is missing.
    """

    skeleton: Skeleton

    def joint(self, side: str, name: str) -> int:
        """Index of a joint of one side."""
        return self.skeleton.index(f"{side.capitalize()}{name}")

    def head_of(self, side: str, name: str) -> Float64:
        """Rest place [3] of a joint of one side."""
        return self.skeleton.heads[self.joint(side, name)]

    @cached_property
    def thigh_m(self) -> float:
        """Length of a thigh."""
        return float(np.linalg.norm(self.head_of("left", "Leg") - self.head_of("left", "UpLeg")))

    @cached_property
    def shin_m(self) -> float:
        """Length of a shin."""
        return float(np.linalg.norm(self.head_of("left", "Foot") - self.head_of("left", "Leg")))

    @cached_property
    def leg_m(self) -> float:
        """Length of a stretched leg, hip to ankle."""
        return self.thigh_m + self.shin_m

    @cached_property
    def hip_y(self) -> float:
        """Half the distance between the hip joints."""
        return float(abs(self.head_of("left", "UpLeg")[1]))

    @cached_property
    def ball_x(self) -> float:
        """How far the ball of a standing foot is ahead of the body's origin at rest."""
        return float(self.head_of("left", "ToeBase")[0])

    @cached_property
    def foot_m(self) -> float:
        """Ankle to ball along the ground."""
        return float(self.head_of("left", "ToeBase")[0] - self.head_of("left", "Foot")[0])

    @cached_property
    def stand_z(self) -> float:
        """Height of the pelvis, standing with all but straight legs."""
        hip, ankle = self.head_of("left", "UpLeg"), self.head_of("left", "Foot")
        return float(ankle[2] + 0.9935 * self.leg_m - (hip[2] - self.skeleton.heads[0, 2]))

    def ankle(self, side: str, places: Float64, yaws: Float64, pitches: Float64) -> Float64:
        """Ankles [f, 3] of feet that roll about the toes' joint (pitch > 0) or the heel (pitch < 0)."""
        ankle, ball = self.head_of(side, "Foot"), self.head_of(side, "ToeBase")
        sole = ball * np.array([1.0, 1.0, 0.0])
        heel = sole + unit((ankle - ball) * np.array([1.0, 1.0, 0.0])) * 1.27 * self.foot_m
        pivot = np.where((pitches >= 0)[:, None], ball, heel)
        lifted = pivot - sole + apply(pitched(pitches), ankle - pivot)
        return places + apply(turned(yaws), lifted)

    def pelvis(self, pose: Pose) -> tuple[Float64, Float64]:
        """Place [f, 3] and rotation [f, 3, 3] of the pelvis in heading axes."""
        rest = self.skeleton.heads[0]
        xyz = np.stack([rest[0] + pose["pelvis_x"], pose["pelvis_y"], self.stand_z + pose["pelvis_z"]], axis=1)
        return xyz, oriented(pose["pelvis_yaw"], pose["pelvis_pitch"], pose["pelvis_roll"])

    def hips(self, pose: Pose) -> list[Float64]:
        """Hip joints [f, 3] in heading axes, left and right."""
        xyz, R = self.pelvis(pose)
        return [xyz + apply(R, self.head_of(side, "UpLeg") - self.skeleton.heads[0]) for side in SIDES]


def posed(figure: Figure, pose: Pose, feet: Feet) -> tuple[Float64, Float64]:
    """Local rotations wxyz [f, j, 4] and root places [f, 3] of a pose, with the feet exactly where they are asked.

    Everything is in heading axes, `feet` included; a foot out of reach is pointed at.
    """
    skeleton, frames = figure.skeleton, len(pose["pelvis_x"])
    local = np.broadcast_to(np.eye(3), (len(skeleton), frames, 3, 3)).copy()
    root, R_pelvis = figure.pelvis(pose)
    local[0] = R_pelvis
    for place, (side, hip) in enumerate(zip(SIDES, figure.hips(pose), strict=True)):
        _pose_leg(figure, local, side, hip, R_pelvis, feet, place)

    third = rotvec_to_matrix(matrix_to_rotvec(oriented(pose["spine_yaw"], pose["spine_pitch"], pose["spine_roll"])) / 3)
    for name in ("LowerBack", "Spine", "Spine1"):
        local[skeleton.index(name)] = third
    R_chest = R_pelvis @ third @ third @ third
    R_head = oriented(pose["head_yaw"], pose["head_pitch"], pose["head_roll"])
    third = rotvec_to_matrix(matrix_to_rotvec(np.swapaxes(R_chest, -1, -2) @ R_head) / 3)
    for name in ("Neck", "Neck1", "Head"):
        local[skeleton.index(name)] = third

    chest = root.copy()
    R = R_pelvis
    for parent, name in (("Hips", "LowerBack"), ("LowerBack", "Spine"), ("Spine", "Spine1")):
        chest = chest + apply(R, skeleton.heads[skeleton.index(name)] - skeleton.heads[skeleton.index(parent)])
        R = R @ local[skeleton.index(name)]
    for side in SIDES:
        _pose_arm(figure, local, side, chest, R_chest, pose)
    return matrix_to_wxyz(np.moveaxis(local, 0, 1)), root


def _pose_leg(
    figure: Figure, local: Float64, side: str, hip: Float64, R_pelvis: Float64, feet: Feet, place: int
) -> None:
    yaw, pitch = feet.yaws[place], feet.pitches[place]
    ankle = figure.ankle(side, feet.places[place], yaw, pitch)
    heading = np.arctan2(R_pelvis[:, 1, 0], R_pelvis[:, 0, 0])
    # The sine keeps the knee on one side also when the body has turned its back on a planted foot.
    pole = apply(turned(heading + 0.5 * np.sin(yaw - heading)), [1.0, 0.0, 0.0])
    thigh, shin, hinge = two_bones(hip, ankle, pole, figure.thigh_m, figure.shin_m)
    rest = [figure.head_of(side, name) for name in ("UpLeg", "Leg", "Foot")]
    line = rest[2] - rest[0]
    rest_hinge = np.cross(across([1.0, 0.0, 0.0], line), unit(line))
    R_thigh = carried(thigh, hinge, rest[1] - rest[0], rest_hinge)
    R_shin = carried(shin, hinge, rest[2] - rest[1], rest_hinge)
    R_foot = turned(yaw) @ pitched(pitch)
    room = np.clip(feet.places[place][:, 2] / (0.45 * figure.foot_m), 0.0, 1.0)
    toes = np.minimum(feet.toe_pitches[place], np.arcsin(room))
    local[figure.joint(side, "UpLeg")] = np.swapaxes(R_pelvis, -1, -2) @ R_thigh
    local[figure.joint(side, "Leg")] = np.swapaxes(R_thigh, -1, -2) @ R_shin
    local[figure.joint(side, "Foot")] = np.swapaxes(R_shin, -1, -2) @ R_foot
    local[figure.joint(side, "ToeBase")] = pitched(toes - pitch)


def _pose_arm(figure: Figure, local: Float64, side: str, chest: Float64, R_chest: Float64, pose: Pose) -> None:
    skeleton, sign = figure.skeleton, 1.0 if side == "left" else -1.0
    value = {name: pose[f"arm_{side}_{name}"] for name in ("forward", "out", "twist", "elbow")}
    R_shoulder = oriented(0.0, 0.0, sign * pose[f"shoulder_{side}_up"])
    a, b, tau = value["forward"], sign * value["out"], sign * value["twist"]
    upper = np.stack([np.sin(a) * np.cos(b), np.sin(b), -np.cos(a) * np.cos(b)], axis=1)
    ahead = np.stack([np.cos(a), np.zeros_like(a), np.sin(a)], axis=1)
    ahead = apply(rotvec_to_matrix(tau[:, None] * upper), ahead)
    bend = value["elbow"][:, None]
    fore = np.cos(bend) * upper + np.sin(bend) * ahead
    hinge = np.cross(upper, ahead)

    rest = [figure.head_of(side, name) for name in ("Arm", "ForeArm", "Hand")]
    line = rest[2] - rest[0]
    knee = rest[1] - rest[0] - unit(line) * float((rest[1] - rest[0]) @ unit(line))
    straight = float(np.linalg.norm(knee)) < 0.02 * float(np.linalg.norm(line))
    rest_hinge = np.cross(across([-1.0, 0.0, 0.0] if straight else knee, line), unit(line))
    R_upper = carried(upper, hinge, rest[1] - rest[0], rest_hinge)
    R_fore = carried(fore, hinge, rest[2] - rest[1], rest_hinge)

    reach = smooth_step(pose[f"hand_{side}_reach"])
    if (reach > 0).any():
        at_neck = skeleton.heads[figure.joint(side, "Shoulder")]
        base = chest + apply(R_chest, at_neck - skeleton.heads[skeleton.index("Spine1")])
        arm = base + apply(R_chest @ R_shoulder, rest[0] - at_neck)
        aim = np.stack([pose[f"hand_{side}_{axis}"] for axis in "xyz"], axis=1)
        target = apply(np.swapaxes(R_chest, -1, -2), aim - arm)
        lengths = [float(np.linalg.norm(rest[i + 1] - rest[i])) for i in (0, 1)]
        pole = np.broadcast_to(np.array([-0.6, 0.8 * sign, -0.2]), target.shape)
        to_elbow, to_hand, axis = two_bones(np.zeros_like(target), target, pole, lengths[0], lengths[1])
        R_upper = _between(R_upper, carried(to_elbow, axis, rest[1] - rest[0], rest_hinge), reach)
        R_fore = _between(R_fore, carried(to_hand, axis, rest[2] - rest[1], rest_hinge), reach)
    local[figure.joint(side, "Shoulder")] = R_shoulder
    local[figure.joint(side, "Arm")] = np.swapaxes(R_shoulder, -1, -2) @ R_upper
    local[figure.joint(side, "ForeArm")] = np.swapaxes(R_upper, -1, -2) @ R_fore
    local[figure.joint(side, "Hand")] = rotvec_to_matrix(pose[f"hand_{side}_bend"][:, None] * rest_hinge)


def _between(R_a: Float64, R_b: Float64, fraction: Float64) -> Float64:
    """From rotations [f, 3, 3] to others by fractions [f], along the shortest arc."""
    return R_a @ rotvec_to_matrix(fraction[:, None] * matrix_to_rotvec(np.swapaxes(R_a, -1, -2) @ R_b))
