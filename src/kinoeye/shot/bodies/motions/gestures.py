"""Motions on cue: what each one asks of the pose over the seconds since its start.

Every function takes the figure and times [f] relative to its start, and returns a Gesture that has no effect before 0
and after its end. Lengths that belong to the world (a seat, an object) are in metres, the others scale with the leg.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from kinoeye.shot.bodies.body import Float64
from kinoeye.shot.bodies.motions.figure import Figure, Pose
from kinoeye.shot.bodies.motions.limbs import eased, smooth_step

GRAVITY = 9.81


@dataclass(frozen=True, kw_only=True, eq=False)
class Gesture:
    """What a motion does to a pose."""

    weight: Float64
    """[f] from 0, nothing, to 1, wholly as it says."""
    toward: Pose = field(default_factory=dict)
    """Values that the pose is drawn to, by the weight."""
    plus: Pose = field(default_factory=dict)
    """Values that are added; they vanish by themselves at both ends."""
    held: Pose = field(default_factory=dict)
    """Values that hold wherever the weight is not 0: where a hand reaches."""


def envelope(t: Float64, duration_s: float, rise_s: float, fall_s: float) -> Float64:
    """[f] 0 before the start, 1 in between, 0 after the end, smoothly; a short motion rises and falls faster."""
    squeeze = min(1.0, duration_s / (rise_s + fall_s))
    return eased(t / (rise_s * squeeze)) * eased((duration_s - t) / (fall_s * squeeze))


def _other(side: str) -> str:
    return "right" if side == "left" else "left"


def wave(figure: Figure, t: Float64, *, side: str = "right", duration_s: float = 2.8) -> Gesture:
    """Raise one hand and wave it."""
    sign = 1.0 if side == "left" else -1.0
    weight = envelope(t, duration_s, 0.55, 0.6)
    swing = np.sin(2 * np.pi * 1.9 * np.maximum(t - 0.3, 0.0))
    return Gesture(
        weight=weight,
        toward={
            f"arm_{side}_out": 1.22 + 0.03 * swing,
            f"arm_{side}_forward": 0.35 + 0.0 * t,
            f"arm_{side}_twist": -1.15 + 0.12 * swing,
            f"arm_{side}_elbow": 1.75 + 0.34 * swing,
            f"hand_{side}_bend": -0.1 + 0.25 * np.sin(2 * np.pi * 1.9 * np.maximum(t - 0.38, 0.0)),
        },
        plus={
            "spine_roll": -0.05 * sign * weight,
            f"shoulder_{side}_up": 0.16 * weight,
            "head_roll": 0.06 * sign * weight,
        },
    )


def point(
    figure: Figure, t: Float64, *, side: str = "right", yaw: float = 0.0, pitch: float = 0.0, duration_s: float = 2.5
) -> Gesture:
    """Stretch an arm towards something and look there.

    Args:
        figure: unused; all motions take it.
        t: [f] seconds since the start.
        side: the arm.
        yaw: radians to the left of straight ahead.
        pitch: radians upwards.
        duration_s: until the arm hangs again.
    """
    sign = 1.0 if side == "left" else -1.0
    weight = envelope(t, duration_s, 0.6, 0.6)
    turn = float(np.clip(0.35 * yaw, -0.5, 0.5))
    x, y, z = np.cos(pitch) * np.cos(yaw - turn), np.cos(pitch) * np.sin(yaw - turn), np.sin(pitch)
    still = np.zeros_like(t)
    return Gesture(
        weight=weight,
        toward={
            f"arm_{side}_forward": still + np.arctan2(x, -z),
            f"arm_{side}_out": still + np.arcsin(np.clip(sign * y, -1.0, 1.0)),
            f"arm_{side}_twist": still + 0.3,
            f"arm_{side}_elbow": still + 0.08,
            "head_yaw": still + float(np.clip(yaw, -1.2, 1.2)),
            "head_pitch": still - 0.6 * pitch,
        },
        plus={"spine_yaw": turn * weight, f"shoulder_{side}_up": 0.06 * weight},
    )


def nod(figure: Figure, t: Float64, *, duration_s: float = 1.4) -> Gesture:
    """Nod."""
    weight = envelope(t, duration_s, 0.25, 0.35)
    down = 0.5 - 0.5 * np.cos(2 * np.pi * 1.6 * t)
    return Gesture(weight=weight, plus={"head_pitch": 0.30 * weight * down, "spine_pitch": 0.03 * weight * down})


def look_around(figure: Figure, t: Float64, *, duration_s: float = 4.0) -> Gesture:
    """Turn the head to the left, then to the right, the chest following a little."""
    weight = envelope(t, duration_s, 0.5, 0.6)
    part = t / duration_s
    gaze = 0.95 * (smooth_step((part - 0.02) / 0.2) - 2 * smooth_step((part - 0.42) / 0.24))
    return Gesture(weight=weight, plus={"head_yaw": weight * gaze, "spine_yaw": 0.2 * weight * gaze})


def bow(figure: Figure, t: Float64, *, duration_s: float = 2.6) -> Gesture:
    """Bow from the hips."""
    weight = envelope(t, duration_s, 1.0, 1.0)
    return Gesture(
        weight=weight,
        plus={
            "pelvis_pitch": 0.55 * weight,
            "pelvis_x": -0.14 * figure.leg_m * weight,
            "spine_pitch": 0.35 * weight,
            "head_pitch": 0.75 * weight,
            "arm_left_forward": 0.45 * weight,
            "arm_right_forward": 0.45 * weight,
        },
    )


def sit(figure: Figure, t: Float64, *, seat_m: float = 0.45, duration_s: float = 5.0) -> Gesture:
    """Sit down onto a seat behind the feet, stay, and get up.

    Args:
        figure: the skeleton's measures.
        t: [f] seconds since the start.
        seat_m: height of the seat above the ground.
        duration_s: from standing to standing; getting down and up takes 1.4 s each.
    """
    weight = envelope(t, duration_s, 1.4, 1.4)
    moving = 4 * weight * (1 - weight)
    still = np.zeros_like(t)
    # The hip joints lie above what is sat upon by about a tenth of the leg.
    low = seat_m + 0.105 * figure.leg_m / 0.857 - figure.stand_z
    toward = {
        "pelvis_z": still + min(low, 0.0),
        "pelvis_x": still - 0.84 * figure.thigh_m,
        "pelvis_y": still,
        "pelvis_yaw": still,
        "pelvis_roll": still,
        "pelvis_pitch": still - 0.10,
        "spine_pitch": still + 0.16,
        "spine_roll": still,
    }
    for side in ("left", "right"):
        toward |= {
            f"arm_{side}_forward": still + 0.36,
            f"arm_{side}_out": still + 0.16,
            f"arm_{side}_twist": still + 0.35,
            f"arm_{side}_elbow": still + 0.88,
        }
    return Gesture(
        weight=weight,
        toward=toward,
        plus={"pelvis_pitch": 0.50 * moving, "spine_pitch": 0.30 * moving, "head_pitch": 0.18 * moving},
    )


def pick_up(
    figure: Figure,
    t: Float64,
    *,
    side: str = "right",
    ahead_m: float = 0.35,
    height_m: float = 0.05,
    duration_s: float = 3.0,
) -> Gesture:
    """Crouch, reach something on the ground with one hand, and come up with it.

    Args:
        figure: the skeleton's measures.
        t: [f] seconds since the start.
        side: the hand.
        ahead_m: how far in front of the body's origin it lies.
        height_m: of what is grasped, above the ground.
        duration_s: from standing to standing.
    """
    sign = 1.0 if side == "left" else -1.0
    part = t / duration_s
    down = eased(part / 0.42) * eased((1 - part) / 0.45)
    reach = eased((part - 0.05) / 0.35) * eased((0.92 - part) / 0.38)
    still, size = np.zeros_like(t), figure.leg_m
    other = _other(side)
    toward = {
        "pelvis_z": still - 0.55 * size,
        "pelvis_x": still - 0.2 * size,
        "pelvis_y": still,
        "pelvis_roll": still,
        "pelvis_yaw": still - 0.15 * sign,
        "pelvis_pitch": still + 0.80,
        "spine_pitch": still + 0.80,
        "spine_yaw": still - 0.12 * sign,
        "spine_roll": still,
        "head_pitch": still + 0.75,
        f"arm_{other}_forward": still + 0.75,
        f"arm_{other}_out": still + 0.25,
        f"arm_{other}_elbow": still + 0.9,
        f"arm_{side}_forward": still + 1.1,
        f"arm_{side}_out": still + 0.1,
        f"arm_{side}_elbow": still + 0.2,
    }
    # The wrist stops a hand's length above what the fingers take.
    grasp = height_m + 0.17 * size
    rising = eased((part - 0.52) / 0.40)
    return Gesture(
        weight=down,
        toward=toward,
        plus={f"hand_{side}_reach": reach},
        held={
            f"hand_{side}_x": ahead_m - 0.1 * rising,
            f"hand_{side}_y": still + 0.12 * sign,
            f"hand_{side}_z": grasp + 0.75 * size * rising,
        },
    )


def spring(t: Float64, knots: list[tuple[float, float, float]]) -> Float64:
    """The cubic curve [f] through (time, value, speed) knots, held outside (Hermite)."""
    times = [knot[0] for knot in knots]
    found = np.full(t.shape, knots[0][1])
    for (t0, a, va), (t1, b, vb) in pairwise(knots):
        span = t1 - t0
        s = np.clip((t - t0) / span, 0.0, 1.0)
        curve = a + (b - a) * s * s * (3 - 2 * s) + span * s * (1 - s) * (va * (1 - s) - vb * s)
        found = np.where(t >= t0, curve, found)
    return np.where(t >= times[-1], knots[-1][1], found)


CROUCH_S, LANDING_S = 0.55, 0.6
"""Time to gather for a leap, and to rise again after it."""


def leaping(t: Float64, flight_s: float, take_off_m_s: float, leg_m: float) -> Pose:
    """What the trunk and arms add around a leap that is in the air from 0 to `flight_s`: gather, swing, absorb."""
    dip = -0.22 * leg_m
    trunk = spring(
        t,
        [
            (-CROUCH_S, 0.0, 0.0),
            (-0.2, dip, 0.0),
            (0.0, 0.0, take_off_m_s),
            (min(0.05, flight_s / 4), 0.0, 0.0),
            (flight_s, 0.0, -0.6 * take_off_m_s),
            (flight_s + 0.16, 0.85 * dip, 0.0),
            (flight_s + LANDING_S, 0.0, 0.0),
        ],
    )
    bent = trunk / dip
    arms = spring(
        t,
        [
            (-CROUCH_S, 0.0, 0.0),
            (-0.22, -0.75, 0.0),
            (0.08, 2.1, 2.0),
            (flight_s, 0.7, -2.0),
            (flight_s + LANDING_S, 0.0, 0.0),
        ],
    )
    pose = {
        "pelvis_z": trunk,
        "pelvis_pitch": 0.45 * np.clip(bent, 0.0, 1.0),
        "spine_pitch": 0.25 * np.clip(bent, 0.0, 1.0),
        "pelvis_x": -0.12 * leg_m * np.clip(bent, 0.0, 1.0),
    }
    for side in ("left", "right"):
        pose[f"arm_{side}_forward"] = arms
        pose[f"arm_{side}_elbow"] = 0.25 * np.abs(arms)
    return pose


def jump(figure: Figure, t: Float64, *, height_m: float = 0.3) -> Gesture:
    """Jump up on the spot by a height; it takes off 0.55 s after the start."""
    take_off = float(np.sqrt(2 * GRAVITY * height_m))
    flight_s = 2 * take_off / GRAVITY
    air = t - CROUCH_S
    rise = np.where((air > 0) & (air < flight_s), air * (take_off - 0.5 * GRAVITY * air), 0.0)
    plus = leaping(air, flight_s, take_off, figure.leg_m)
    plus["pelvis_z"] = np.where((air > 0) & (air < flight_s), 0.0, plus["pelvis_z"]) + rise
    # Heels leave the ground before the toes do and meet it after them.
    heel = spring(
        air, [(-0.14, 0.0, 0.0), (0.0, 0.75, 5.0), (0.08, 0.95, 0.0), (flight_s, 0.5, -4.0), (flight_s + 0.1, 0.0, 0.0)]
    )
    for side in ("left", "right"):
        plus[f"foot_{side}_z"] = rise
        plus[f"foot_{side}_pitch"] = heel
    return Gesture(weight=np.zeros_like(t), plus=plus)


def dance(figure: Figure, t: Float64, *, bpm: float = 112.0, duration_s: float = 17.0) -> Gesture:
    """Dance: four figures of eight beats, step-touch, twist, sway and march, again and again.

    Args:
        figure: the skeleton's measures.
        t: [f] seconds since the start.
        bpm: beats a minute.
        duration_s: until the figure stands; feet start no figure that they cannot end.
    """
    weight = envelope(t, duration_s, 0.6, 0.8)
    beat = np.maximum(t, 0.0) * bpm / 60
    beats = max((duration_s - 0.5) * bpm / 60, 0.0)
    size = figure.leg_m
    plus: Pose = {
        "pelvis_z": weight * size * (-0.045 - 0.03 * np.cos(2 * np.pi * beat)),
        "head_pitch": weight * 0.05 * np.cos(2 * np.pi * beat),
    }
    toward: Pose = {name: np.zeros_like(t) for name in _DANCED}
    for which, figure_of in enumerate((_step_touch, _twist, _sway, _march)):
        inside = (beat // 8).astype(int) % 4 == which
        near = (beat - 8 * which + 16) % 32 - 16
        share = smooth_step((near + 0.5) / 1.0) * smooth_step((8.5 - near) / 1.0)
        whole = np.floor(beat / 4) * 4 + 4 <= beats
        body, feet = figure_of(np.clip(near, -0.5, 8.5), size)
        for name, values in body.items():
            if name in toward:
                toward[name] = toward[name] + share * values
            else:
                plus[name] = plus.get(name, 0.0) + weight * share * values
        for name, values in feet.items():
            plus[name] = plus.get(name, 0.0) + np.where(inside & whole & (t > 0), values, 0.0)
    plus["pelvis_y"] = plus.get("pelvis_y", 0.0) + 0.5 * (plus["foot_left_y"] + plus["foot_right_y"])
    return Gesture(weight=weight, toward=toward, plus=plus)


_DANCED = [f"arm_{side}_{part}" for side in ("left", "right") for part in ("forward", "out", "twist", "elbow")]


def _arms(left: tuple[Float64 | float, ...], right: tuple[Float64 | float, ...]) -> Pose:
    """Forward, out, twist and elbow of both arms by name."""
    return {name: np.asarray(value, np.float64) for name, value in zip(_DANCED, (*left, *right), strict=True)}


def _hop(beat: Float64, start: float) -> tuple[Float64, Float64]:
    """Way 0 to 1 and height 0 to 1 of a foot that steps in the first 0.6 of a beat."""
    s = np.clip((beat - start) / 0.6, 0.0, 1.0)
    return smooth_step(s), (4 * s * (1 - s)) ** 1.2


def _step_touch(beat: Float64, size: float) -> tuple[Pose, Pose]:
    four = np.mod(np.clip(beat, 0.0, 7.999), 4.0)
    (l_out, l_up), (r_in, r_up) = _hop(four, 0.2), _hop(four, 1.2)
    (r_out, r_up2), (l_in, l_up2) = _hop(four, 2.2), _hop(four, 3.2)
    reach = 0.34 * size
    swing = np.sin(np.pi * beat / 2 + 0.3)
    body = {
        "pelvis_roll": -0.06 * swing,
        "spine_roll": 0.10 * swing,
        "head_roll": -0.06 * swing,
        **_arms((0.55 * swing, 0.35, 0.5, 1.3 + 0.3 * swing), (-0.55 * swing, 0.35, 0.5, 1.3 - 0.3 * swing)),
    }
    feet = {
        "foot_left_y": reach * (l_out - l_in),
        "foot_right_y": reach * (r_in - r_out),
        "foot_left_z": 0.09 * size * (l_up + l_up2),
        "foot_right_z": 0.09 * size * (r_up + r_up2),
    }
    return body, feet


def _twist(beat: Float64, size: float) -> tuple[Pose, Pose]:
    fade = smooth_step(beat / 0.5) * smooth_step((8 - beat) / 0.5)
    swing = np.sin(np.pi * beat)
    body = {
        "pelvis_yaw": 0.45 * swing,
        "spine_yaw": -0.75 * swing,
        "pelvis_z": -0.06 * size * np.ones_like(beat),
        "pelvis_pitch": 0.10 * np.ones_like(beat),
        **_arms((0.45 * swing + 0.2, 0.4, 0.4, 1.6), (-0.45 * swing + 0.2, 0.4, 0.4, 1.6)),
    }
    lift = 0.22 * fade * np.abs(swing)
    feet = {
        f"foot_{side}_{part}": value
        for side in ("left", "right")
        for part, value in (("yaw", 0.38 * fade * swing), ("pitch", lift))
    }
    return body, feet


def _sway(beat: Float64, size: float) -> tuple[Pose, Pose]:
    fade = smooth_step(beat / 0.5) * smooth_step((8 - beat) / 0.5)
    swing = np.sin(np.pi * beat / 2)
    body = {
        "pelvis_y": 0.10 * size * swing,
        "pelvis_roll": 0.09 * swing,
        "spine_roll": -0.26 * swing,
        "head_roll": -0.10 * swing,
        **_arms((0.3, 2.35 + 0.25 * swing, 0.0, 0.55), (0.3, 2.35 - 0.25 * swing, 0.0, 0.55)),
    }
    feet = {
        "foot_left_pitch": 0.45 * fade * np.clip(-swing, 0.0, 1.0) ** 2,
        "foot_right_pitch": 0.45 * fade * np.clip(swing, 0.0, 1.0) ** 2,
    }
    return body, feet


def _march(beat: Float64, size: float) -> tuple[Pose, Pose]:
    two = np.mod(np.clip(beat, 0.0, 7.999), 2.0)

    def knee(start: float) -> Float64:
        s = np.clip((two - start) / 0.8, 0.0, 1.0)
        return (4 * s * (1 - s)) ** 1.3

    left, right = knee(0.1), knee(1.1)
    body = {
        "pelvis_y": 0.05 * size * (left - right),
        "spine_yaw": 0.18 * (left - right),
        **_arms((0.7 * (right - left), 0.3, 0.4, 1.5), (0.7 * (left - right), 0.3, 0.4, 1.5)),
    }
    feet = {
        "foot_left_z": 0.34 * size * left,
        "foot_right_z": 0.34 * size * right,
        "foot_left_x": 0.08 * size * left,
        "foot_right_x": 0.08 * size * right,
        "foot_left_pitch": 0.5 * left,
        "foot_right_pitch": 0.5 * right,
    }
    return body, feet
