"""How a human walks, runs, turns and stands along a path: the rhythm, the feet and what the rest of the body does.

Lengths scale with the leg and times with the square root of its length over gravity, so that bodies of any size move
alike at the same Froude number v^2 / (g leg) (Alexander 1989); people change from walking to running at about 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.shot.bodies.body import Float64
from kinoeye.shot.bodies.motions.figure import CHANNELS, SIDES, Feet, Figure, Pose
from kinoeye.shot.bodies.motions.footfalls import Footing, FootMotion, Rhythm, leap, plan_footfalls
from kinoeye.shot.bodies.motions.gestures import leaping
from kinoeye.shot.bodies.motions.ground_path import RATE, GroundPath, airborne, soft_between
from kinoeye.shot.bodies.motions.limbs import apply, smooth_cover, smooth_step, smoothed, turned

GRAVITY = 9.81
WALK_ENDS, RUN_BEGINS = 0.66, 0.76
"""Speed over sqrt(g leg) between which a walk goes over into a run: about 2 m/s for an adult."""
REACH = 0.994
"""Part of a leg's length that a standing foot may be from the hip; the knee stays bent by some 12 degrees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Locomotion:
    """The steps of a figure along a path."""

    path: GroundPath
    footings: list[Footing]
    running: Float64
    """[n] on the path's grid: 0 walks, 1 runs."""
    flights: list[tuple[float, float]]
    """Times between which the path itself is off the ground."""


def step_hz(figure: Figure, speed: Float64) -> Float64:
    """Steps a second at speeds [n] in m/s.

    A walk keeps its walk ratio, step length = 1.5 leg sqrt(leg / g) steps a second (Sekiya et al. 1997), so that
    the rate is the square root of the speed over that; a run lengthens its steps at a rate that hardly grows.
    """
    leg = figure.leg_m
    walk = np.sqrt(speed / (1.5 * leg * np.sqrt(leg / GRAVITY)))
    run = np.sqrt(GRAVITY / leg) * (0.68 + 0.09 * speed / np.sqrt(GRAVITY * leg))
    mix = running(figure, speed)
    return (1 - mix) * walk + mix * run


def running(figure: Figure, speed: Float64) -> Float64:
    """How much of a run, 0 to 1, speeds [n] are."""
    return soft_between(speed / np.sqrt(GRAVITY * figure.leg_m), WALK_ENDS, RUN_BEGINS)


def rhythm(figure: Figure, path: GroundPath) -> Rhythm:
    """The rhythm of a figure along a path."""
    speed = smoothed(path.speed, 0.15 * RATE)
    pace = speed / np.sqrt(GRAVITY * figure.leg_m)
    run = running(figure, speed)
    forward = _forward_share(path)
    sideways = smoothed(path.velocity_in_heading[:, 1], 0.1 * RATE) / np.maximum(speed, 0.05)
    backward = np.clip(-forward, 0.0, 1.0)
    aside = np.clip(sideways, -1.0, 1.0) ** 2
    steps = step_hz(figure, speed) * (1 + 0.9 * aside + 0.15 * backward)
    # Steps to the side and backwards are short however fast the body goes, and never a run.
    steps = np.maximum(steps, speed / figure.leg_m * np.maximum(backward / 0.75, np.abs(sideways) / 0.45))
    run = run * np.clip(1.5 * forward, 0.0, 1.0) * (1 - aside)
    steps = np.minimum(np.hypot(steps, smoothed(np.abs(path.turn_rate), 0.1 * RATE) / 0.8), 6.0)
    duty = (1 - run) * np.maximum(0.65 - 0.08 * pace, 0.5) + run * np.clip(0.37 - 0.1 * (pace - 0.7), 0.2, 0.37)
    swing_s = 2 * (1 - duty) / np.maximum(steps, 0.1)
    longest = (0.52 + 0.1 * run) * np.sqrt(figure.leg_m / 0.857)
    narrow = soft_between(speed, 0.1, 0.7) * (1 - aside)
    y = figure.hip_y * ((1 - narrow) * 1.1 + narrow * ((1 - run) * 0.58 + run * 0.34))
    # Standing feet are under the hips; the ball is the foot's reference, so it is ahead of the body by its rest place.
    x = np.full_like(y, figure.ball_x)
    turned_out = float(
        np.arctan2(figure.head_of("left", "ToeBase")[1] - figure.head_of("left", "Foot")[1], figure.foot_m)
    )
    extra = 0.08 - turned_out
    return Rhythm(
        stride_hz=steps / 2,
        swing_s=np.minimum(swing_s, longest),
        pass_over=(0.23 + 0.02 * backward) * (1 - run) + run * 0.43 * duty,
        homes_xy=np.stack([np.stack([x, sign * y], axis=1) for sign in (1.0, -1.0)]),
        toe_out=np.array([extra, -extra]),
        offsets=(0.0, 0.5),
        lead_phases=(0.5, 0.0),
        apart_m=0.75 * figure.hip_y,
        reach_m=(0.72 * figure.leg_m, 0.52 * figure.leg_m, 0.45 * figure.leg_m),
    )


def _forward_share(path: GroundPath) -> Float64:
    """[n] 1 where the path goes where it heads, -1 where it goes backwards, 0 to the side and at rest."""
    speed = smoothed(path.speed, 0.15 * RATE)
    return np.clip(smoothed(path.velocity_in_heading[:, 0], 0.1 * RATE) / np.maximum(speed, 0.05), -1.0, 1.0)


def locomotion(figure: Figure, path: GroundPath) -> Locomotion:
    """Plan the steps of a figure along a path."""
    beat = rhythm(figure, path)
    footings = plan_footfalls(path, beat)
    flights = airborne(path)
    for start_s, end_s in flights:
        footings = leap(footings, path, beat, start_s, end_s)
    return Locomotion(
        path=path,
        footings=footings,
        running=running(figure, smoothed(path.speed, 0.15 * RATE)) * np.clip(1.5 * _forward_share(path), 0.0, 1.0),
        flights=flights,
    )


def feet_at(figure: Figure, moving: Locomotion, times_s: Float64) -> tuple[Feet, NDArray[np.bool_]]:
    """The feet in the world at times [f], and whether each [f, 2] is planted."""
    places, yaws, pitches, toe_pitches, planted = [], [], [], [], []
    run = moving.path.sampled(moving.running, times_s)
    for leg, footing in enumerate(moving.footings):
        foot = footing.at(times_s)
        place, pitch = _rolled(figure, foot, run)
        toes = pitch * np.where(foot.swinging, smooth_step(foot.swing / 0.4), 0.0)
        if moving.flights:
            home = figure.hip_y if leg == 0 else -figure.hip_y
            place, pitch = _flown(figure, moving, foot, place, pitch, home, times_s)
        places.append(place)
        yaws.append(foot.yaws)
        pitches.append(pitch)
        toe_pitches.append(np.where(pitch > 0, toes, pitch))
        planted.append(~foot.swinging)
    return Feet(places=places, yaws=yaws, pitches=pitches, toe_pitches=toe_pitches), np.stack(planted, axis=1)


def _rolled(figure: Figure, foot: FootMotion, run: Float64) -> tuple[Float64, Float64]:
    """Place [f, 3] and pitch [f] of a foot that strikes with the heel, rolls, pushes off and swings clear."""
    ahead = np.stack([np.cos(foot.yaws), np.sin(foot.yaws)], axis=1)
    scale = 1.5 * figure.leg_m
    to = np.clip((foot.step_to[:, :2] * ahead).sum(1) / scale, -1.0, 1.0)
    came = np.clip((foot.step_from[:, :2] * ahead).sum(1) / scale, -1.0, 1.0)

    def strike(part: Float64) -> Float64:
        return np.where(part > 0, -0.36 * part * (1 - 0.9 * run), -0.35 * part)

    def push(part: Float64) -> Float64:
        return np.where(part > 0, 1.0 * np.minimum(1.25 * part, 1.0), 0.25 * part)

    # Stance: the sole comes down, lies, and lifts with growing speed until the toes leave.
    endless = ~np.isfinite(foot.stance_s)
    stance = np.where(endless, 1.0, foot.stance_s)
    down_s = np.clip(0.3 * stance, 0.05, 0.13)
    off_s = np.clip(0.55 * stance, 0.1, 0.45)
    since = np.where(np.isfinite(foot.since_touch_s), foot.since_touch_s, 10.0)
    until = np.where(np.isfinite(foot.until_lift_s), foot.until_lift_s, 10.0)
    landing = strike(came) * (1 - smooth_step(since / down_s))
    leaving = push(to) * np.clip(1 - until / off_s, 0.0, 1.0) ** 2
    standing = landing + leaving

    # Swing: from the push-off's angle and speed over a knot to the next strike's angle.
    s = foot.swing
    rate = 2 * push(to) / off_s * foot.swing_span_s
    knot, middle = 0.45, (1 - run) * 0.42 * to + run * 1.15 * np.abs(to)
    early = _hermite(s / knot, push(to), np.minimum(rate, 6.0) * knot, middle, (strike(to) - push(to)) * knot)
    late = _hermite((s - knot) / (1 - knot), middle, (strike(to) - push(to)) * (1 - knot), strike(to), 0.0)
    pitch = np.where(foot.swinging, np.where(s < knot, early, late), standing)

    length = np.linalg.norm(foot.step_to[:, :2], axis=1)
    climbs = np.abs(foot.step_to[:, 2])
    height = figure.leg_m * (0.035 + 0.02 * np.minimum(length / scale, 1.0) + 0.33 * run * np.minimum(np.abs(to), 1.0))
    bump = (1 - run) * (4 * s * (1 - s)) ** 1.2 + run * (4 * s * (1 - s)) ** 1.2 * (1.6 - 1.2 * s)
    place = foot.places.copy()
    place[:, 2] += np.where(foot.swinging, (height + 0.6 * climbs) * bump, 0.0)
    return place, pitch


def _hermite(s: Float64, a: Float64, slope_a: Float64, b: Float64, slope_b: Float64 | float) -> Float64:
    s = np.clip(s, 0.0, 1.0)
    rise = s * s * (3 - 2 * s)
    return a + (b - a) * rise + slope_a * s * (1 - s) ** 2 - slope_b * s * s * (1 - s)


def _flown(
    figure: Figure,
    moving: Locomotion,
    foot: FootMotion,
    place: Float64,
    pitch: Float64,
    home_y: float,
    times_s: Float64,
) -> tuple[Float64, Float64]:
    """A foot that hangs below a body in the air: it leaves the ground last and meets it first."""
    path = moving.path
    flying, aloft = np.zeros(len(times_s), bool), np.zeros(len(times_s))
    for start_s, end_s in moving.flights:
        flying |= (times_s > start_s) & (times_s < end_s)
        aloft = np.maximum(aloft, smooth_step(np.minimum(times_s - start_s, end_s - times_s) / 0.15))
    body, ground = path.sampled(path.xyz, times_s), foot.places[:, 2]
    high = smooth_step(np.abs(body[:, 2] - ground) / 0.35)
    below = body + apply(turned(path.sampled(path.yaw, times_s)), [figure.ball_x, home_y, 0.0])
    lifted = place + aloft[:, None] * (below - place)
    lifted[:, 2] = body[:, 2] + 0.16 * figure.leg_m * high + (1 - aloft) * (place[:, 2] - ground)
    pointed = pitch + aloft * (0.75 * high - pitch)
    return np.where(flying[:, None], lifted, place), np.where(flying, pointed, pitch)


def in_heading(feet: Feet, xyz: Float64, yaw: Float64) -> Feet:
    """Feet of the world in the axes of headings at xyz [f, 3] and yaw [f]."""
    R = turned(-yaw)
    return Feet(
        places=[apply(R, place - xyz) for place in feet.places],
        yaws=[foot - yaw for foot in feet.yaws],
        pitches=feet.pitches,
        toe_pitches=feet.toe_pitches,
    )


def base_pose(figure: Figure, moving: Locomotion, seed: int) -> Pose:
    """What the body does on the path's grid, relative to the path: walking, running and standing at ease."""
    path = moving.path
    t = path.times_s
    feet, planted = feet_at(figure, moving, t)
    near = in_heading(feet, path.xyz, path.yaw)
    pose: Pose = {name: np.zeros(len(t)) for name in CHANNELS}
    leg = figure.leg_m
    run = smoothed(moving.running, 0.1 * RATE)
    pace = smoothed(path.speed, 0.2 * RATE)
    going = soft_between(pace, 0.05, 0.6)
    forward, sideways = path.velocity_in_heading.T
    ahead = smoothed(forward, 0.2 * RATE) / np.sqrt(GRAVITY * leg)

    # Legs drive the trunk and arms: their spread turns the pelvis, the chest and the arms answer.
    spread = smoothed(near.places[0][:, 0] - near.places[1][:, 0], 0.05 * RATE) / leg
    late = smoothed(near.places[0][:, 0] - near.places[1][:, 0], 0.085 * RATE) / leg
    stands = planted.astype(float)
    weights = stands / np.maximum(stands.sum(1, keepdims=True), 1.0)
    support = weights[:, 0] * near.places[0][:, 1] + weights[:, 1] * near.places[1][:, 1]
    support = np.where(stands.sum(1) > 0, support, 0.0)
    left_only = smoothed(stands[:, 0] - stands[:, 1], 0.07 * RATE)

    acceleration = np.gradient(smoothed(np.stack([forward, sideways], axis=1), 0.15 * RATE), 1 / RATE, axis=0)
    turn = np.arctan(smoothed(forward * path.turn_rate, 0.2 * RATE) / GRAVITY)
    drive = np.clip(acceleration[:, 0] / GRAVITY, -0.25, 0.25)
    grace = 1 - 0.4 * run
    pose["pelvis_y"] += 0.45 * smoothed(support, 0.13 * RATE) * (1 - 0.5 * run)
    pose["pelvis_yaw"] += -0.14 * spread
    pose["pelvis_roll"] += 0.065 * left_only * going * grace - 0.5 * turn
    pose["pelvis_pitch"] += 0.03 * going + 0.10 * run + 0.35 * drive
    pose["pelvis_z"] += -leg * (0.012 * going + 0.028 * run)
    pose["pelvis_x"] += 0.015 * leg * ahead
    pose["spine_yaw"] += (0.27 + 0.12 * run) * late
    pose["spine_roll"] += -0.065 * left_only * going * grace - 0.15 * turn
    pose["spine_pitch"] += 0.02 * going + 0.06 * run + 0.25 * drive
    look = np.clip(smoothed(path.turn_rate, 0.25 * RATE) * 0.18, -0.5, 0.5)
    pose["head_yaw"] += np.roll(look, -int(0.2 * RATE)) + 0.15 * (pose["pelvis_yaw"] + pose["spine_yaw"])
    pose["head_pitch"] += 0.03 * going - 0.02 * run
    bounce = _bounce(moving)
    pose["pelvis_z"] += leg * 0.045 * run * bounce
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        swing = -sign * late * (0.62 + 0.35 * run) * np.clip(0.35 + 0.65 * going, 0.0, 1.0)
        front = 0.5 * (swing + np.sqrt(swing**2 + 0.01))
        pose[f"arm_{side}_forward"] += swing * (1 + 0.1 * run) - 0.02 - 0.10 * run
        pose[f"arm_{side}_out"] += 0.13 + 0.05 * run
        pose[f"arm_{side}_twist"] += 0.25 + 0.25 * run
        pose[f"arm_{side}_elbow"] += 0.22 + 0.12 * going + 0.55 * front * (1 - 0.3 * run) + 1.15 * run
    _stand_at_ease(figure, pose, t, 1 - going, seed)
    climb = np.gradient(path.xyz[:, 2], 1 / RATE)
    for start_s, end_s in moving.flights:
        take_off = float(np.interp(start_s + 0.03, t, climb))
        for name, more in leaping(t - start_s, end_s - start_s, float(np.clip(take_off, 0.0, 3.0)), leg).items():
            pose[name] += more * (1 - 0.5 * run)
    return pose


def _bounce(moving: Locomotion) -> Float64:
    """[n] -1 in the middle of every stance, 1 half a step later: how a runner's body rises in flight."""
    t = moving.path.times_s
    low = sorted(
        0.5 * (touch + lift)
        for footing in moving.footings
        for touch, lift in zip(footing.touch_s, footing.lift_s, strict=True)
        if np.isfinite(touch) and np.isfinite(lift)
    )
    if len(low) < 2:
        return np.zeros(len(t))
    phase = np.interp(t, low, np.arange(len(low)))
    return smoothed(-np.cos(2 * np.pi * phase), 0.03 * RATE)


def _stand_at_ease(figure: Figure, pose: Pose, times_s: Float64, share: Float64, seed: int) -> None:
    """Breathing, a slow shift of weight and small looks about, in place; faint while walking."""
    rng = np.random.default_rng(seed)
    phases = rng.uniform(0, 2 * np.pi, 8)

    def wave(period_s: float, which: int) -> Float64:
        return np.sin(2 * np.pi * times_s / period_s + phases[which])

    breath = wave(3.8, 0)
    shift = np.tanh(1.8 * (wave(9.7, 1) + 0.5 * wave(6.1, 2))) * share
    pose["pelvis_y"] += 0.20 * figure.hip_y * shift
    pose["pelvis_roll"] += 0.035 * shift
    pose["spine_roll"] += -0.045 * shift
    pose["pelvis_z"] += -0.002 * figure.leg_m * share
    pose["pelvis_yaw"] += 0.03 * wave(8.3, 3) * share
    pose["spine_pitch"] += -0.012 * breath - 0.01 * share
    pose["head_yaw"] += (0.10 * wave(7.3, 4) + 0.06 * wave(4.1, 5)) * share
    pose["head_pitch"] += 0.03 * wave(5.9, 6) * share + 0.004 * breath
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        pose[f"shoulder_{side}_up"] += 0.012 * breath
        pose[f"arm_{side}_forward"] += 0.02 * wave(5.3, 7) * sign * share
        pose[f"arm_{side}_out"] += 0.008 * breath


def settled(figure: Figure, pose: Pose, feet: Feet) -> Pose:
    """The pose with the pelvis lowered as far as its legs need to reach the feet, on a grid; feet in heading axes.

    Args:
        figure: the skeleton's measures.
        pose: on the path's grid [n].
        feet: on the same grid.
    """
    excess = np.zeros(len(pose["pelvis_z"]))
    for side, hip, place, yaw, pitch in zip(
        SIDES, figure.hips(pose), feet.places, feet.yaws, feet.pitches, strict=True
    ):
        ankle = figure.ankle(side, place, yaw, pitch)
        away = np.linalg.norm(hip[:, :2] - ankle[:, :2], axis=1)
        reach = REACH * figure.leg_m
        highest = ankle[:, 2] + np.sqrt(np.maximum(reach**2 - away**2, (0.3 * reach) ** 2))
        excess = np.maximum(excess, hip[:, 2] - highest)
    lowered = dict(pose)
    lowered["pelvis_z"] = pose["pelvis_z"] - smooth_cover(excess, int(0.09 * RATE))
    return lowered
