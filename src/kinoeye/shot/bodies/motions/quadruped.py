"""A four-legged body along its track: walk and trot with feet that stay, standing with a wagging tail, sitting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_wxyz
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies.body import Float64, Skeleton
from kinoeye.shot.bodies.motions.cues import Cue, parameters_of
from kinoeye.shot.bodies.motions.footfalls import Footing, Rhythm, plan_footfalls
from kinoeye.shot.bodies.motions.gestures import envelope
from kinoeye.shot.bodies.motions.ground_path import RATE, GroundPath, ground_path, headings, soft_between
from kinoeye.shot.bodies.motions.limbs import (
    apply,
    carried,
    oriented,
    pitched,
    smooth_cover,
    smooth_step,
    smoothed,
    turned,
    two_bones,
    unit,
)

GRAVITY = 9.81
TROT_BEGINS = 0.55
"""Speed over sqrt(g leg) from which the legs go in diagonal pairs; slower ones walk, one foot after the other."""
LEGS = (
    ("LeftArm", "LeftForeArm", "LeftForePaw"),
    ("RightArm", "RightForeArm", "RightForePaw"),
    ("LeftThigh", "LeftShin", "LeftHindPaw"),
    ("RightThigh", "RightShin", "RightHindPaw"),
)
WALK, TROT = (0.25, 0.75, 0.0, 0.5), (0.0, 0.5, 0.5, 0.0)
"""Stride phases at which the legs touch down."""


def animate_quadruped(
    skeleton: Skeleton, track: Track, times_s: Float64, cues: Sequence[Cue] = (), *, seed: int = 0
) -> tuple[Float64, Float64]:
    """Pose a four-legged body, as `creatures.dog` makes it, along its track, in the track's body axes.

    Args:
        skeleton: with the joints of `creatures.dog`.
        track: T_world_body, in metres.
        times_s: [f] increasing.
        cues: `sit` with its `duration_s`; it knows no others.
        seed: of the small movements that make two animals differ.

    Returns:
        Rotations relative to the parent, wxyz [f, j, 4], and places of the root [f, 3].

    Raises:
        InputError: the track has no scale, a joint is missing, or a cue is not one for four legs.
    """
    if track.unit != "m":
        raise InputError("a body cannot walk a track of arbitrary scale; give the track a scale first")
    strange = [cue.name for cue in cues if cue.name != "sit"]
    if strange:
        raise InputError(f"a four-legged body cannot {strange[0]!r}; it can be cued to 'sit'")
    times_s = np.asarray(times_s, np.float64)
    path = ground_path(track, times_s)
    grid = path.times_s
    footings = plan_footfalls(path, _rhythm(skeleton, path))
    body = _body(skeleton, path, grid, cues, seed)
    excess = np.zeros(len(grid))
    for leg, joints in enumerate(LEGS):
        ankle, _ = _ankle(skeleton, path, footings[leg], joints, grid, body["sit"])
        hip = _hips(skeleton, body)[leg]
        reach = 0.985 * sum(_lengths(skeleton, joints))
        away = np.linalg.norm((hip - ankle)[:, :2], axis=1)
        highest = ankle[:, 2] + np.sqrt(np.maximum(reach**2 - away**2, (0.3 * reach) ** 2))
        excess = np.maximum(excess, hip[:, 2] - highest)
    body["z"] = body["z"] - smooth_cover(excess, int(0.06 * RATE))

    now = {name: np.interp(times_s, grid, values) for name, values in body.items()}
    local = _posed(skeleton, path, footings, now, times_s)
    xyz, yaw = headings(track, times_s)
    heading = path.sampled(path.yaw, times_s)
    root = path.sampled(path.xyz, times_s) + apply(turned(heading), _root(skeleton, now))
    local[:, 0] = turned(heading - yaw) @ local[:, 0]
    return matrix_to_wxyz(local), apply(turned(-yaw), root - xyz)


def _lengths(skeleton: Skeleton, joints: tuple[str, ...]) -> tuple[float, float]:
    heads = [skeleton.heads[skeleton.index(name)] for name in joints]
    return float(np.linalg.norm(heads[1] - heads[0])), float(np.linalg.norm(heads[2] - heads[1]))


def _paw(skeleton: Skeleton, joints: tuple[str, ...]) -> Float64:
    """The point on the ground [3] under the tip of a paw at rest."""
    return skeleton.tails[skeleton.index(joints[2])] * np.array([1.0, 1.0, 0.0])


def _rhythm(skeleton: Skeleton, path: GroundPath) -> Rhythm:
    leg = float(skeleton.heads[skeleton.index("LeftArm"), 2])
    speed = smoothed(path.speed, 0.15 * RATE)
    pace = speed / np.sqrt(GRAVITY * leg)
    trots = np.quantile(pace, 0.9) > TROT_BEGINS
    turning = smoothed(np.abs(path.turn_rate), 0.1 * RATE) / 1.3
    hz = np.minimum(np.hypot(0.42 * np.sqrt(GRAVITY / leg * pace), turning), 4.0)
    duty = np.clip(0.52 - 0.13 * (pace - TROT_BEGINS), 0.3, 0.6) if trots else np.clip(0.72 - 0.12 * pace, 0.6, 0.72)
    narrow = 1 - 0.3 * soft_between(speed, 0.1, 0.8)
    homes = [np.stack([np.full_like(narrow, p[0]), p[1] * narrow], axis=1) for p in (_paw(skeleton, j) for j in LEGS)]
    return Rhythm(
        stride_hz=hz,
        swing_s=np.minimum((1 - duty) / np.maximum(hz, 0.1), 0.36 * np.sqrt(leg / 0.46)),
        pass_over=0.5 * duty * np.ones_like(hz),
        homes_xy=np.stack(homes),
        toe_out=np.zeros(4),
        offsets=TROT if trots else WALK,
        reach_m=(0.5 * leg, 0.5 * leg, 0.35 * leg),
    )


def _body(skeleton: Skeleton, path: GroundPath, t: Float64, cues: Sequence[Cue], seed: int) -> dict[str, Float64]:
    """What the trunk, the neck and the tail do, on the grid."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, 6)

    def wave(period_s: float, which: int) -> Float64:
        return np.sin(2 * np.pi * t / period_s + phases[which])

    height = float(skeleton.heads[0, 2])
    going = soft_between(smoothed(path.speed, 0.2 * RATE), 0.05, 0.5)
    rest = 1 - going
    rhythm = _rhythm(skeleton, path)
    stride = 2 * np.pi * np.concatenate([[0.0], np.cumsum(rhythm.stride_hz[1:] * np.diff(t))])
    trot = soft_between(path.speed / np.sqrt(GRAVITY * height), 0.4, 0.7)
    curve = np.clip(smoothed(path.turn_rate, 0.15 * RATE), -2.0, 2.0)
    sit = np.zeros_like(t)
    for cue in cues:
        length = float(cue.parameters.get("duration_s", parameters_of("sit")["duration_s"]))
        sit = np.maximum(sit, envelope(t - cue.start_s, length, 1.0, 0.8))
    # Sitting turns the trunk up about the shoulders until the rump is near the ground.
    trunk = float(np.linalg.norm(skeleton.heads[skeleton.index("LeftArm")] - skeleton.heads[0]))
    drop = min(0.56 * height, 0.8 * trunk)
    rise = sit * float(np.arcsin(drop / trunk))
    return {
        "x": trunk * (1 - np.cos(rise)) * 0.8,
        "z": -0.02 * height * going - drop * sit + 0.012 * height * trot * going * np.cos(2 * stride),
        "pitch": -rise + 0.015 * going * np.sin(stride * 2),
        "roll": 0.03 * going * (1 - trot) * np.sin(stride),
        "bend": 0.16 * curve + 0.05 * going * np.sin(stride),
        "breath": 0.02 * wave(2.1, 0) * rest,
        "neck": 0.10 * going - 0.05 * trot + 0.06 * going * np.sin(2 * stride + 0.8) + 0.03 * wave(3.3, 1) * rest,
        "look": 0.25 * curve + (0.25 * wave(6.7, 2) + 0.15 * wave(3.9, 3)) * rest,
        "level": 0.75 * rise,
        "wag": (0.55 * rest + 0.12 * going) * np.sin(2 * np.pi * 2.3 * t + phases[4]) * (0.6 + 0.4 * wave(5.3, 5)),
        "tail": 0.25 * rest - 0.35 * trot * going,
        "sit": sit,
    }


def _root(skeleton: Skeleton, body: dict[str, Float64]) -> Float64:
    return skeleton.heads[0] + np.stack([body["x"], 0 * body["x"], body["z"]], axis=1)


def _trunk(skeleton: Skeleton, body: dict[str, Float64]) -> tuple[Float64, Float64, Float64]:
    """Rotations [f, 3, 3] of the pelvis, and of the spine and the chest relative to their parents."""
    half = body["bend"] / 2
    pelvis = oriented(-half, body["pitch"], body["roll"])
    flex = -0.12 * body["sit"]
    return pelvis, oriented(half, flex, -body["roll"]), oriented(half, flex + body["breath"], -body["roll"])


def _hips(skeleton: Skeleton, body: dict[str, Float64]) -> list[Float64]:
    """Where the legs begin, [f, 3] in heading axes."""
    pelvis, spine, chest = _trunk(skeleton, body)
    heads = {name: skeleton.heads[skeleton.index(name)] for name in ("Pelvis", "Spine", "Chest")}
    at = _root(skeleton, body)
    at_spine = at + apply(pelvis, heads["Spine"] - heads["Pelvis"])
    at_chest = at_spine + apply(pelvis @ spine, heads["Chest"] - heads["Spine"])
    R_chest = pelvis @ spine @ chest
    found = []
    for joints in LEGS:
        hip = skeleton.heads[skeleton.index(joints[0])]
        front = "Arm" in joints[0]
        found.append(
            at_chest + apply(R_chest, hip - heads["Chest"]) if front else at + apply(pelvis, hip - heads["Pelvis"])
        )
    return found


def _ankle(
    skeleton: Skeleton, path: GroundPath, footing: Footing, joints: tuple[str, ...], t: Float64, sit: Float64
) -> tuple[Float64, Float64]:
    """Wrist or hock [f, 3] in heading axes, and the rotation of the paw about its tip [f, 3, 3]."""
    foot = footing.at(t)
    center, heading = path.sampled(path.xyz, t), path.sampled(path.yaw, t)
    place = apply(turned(-heading), foot.places - center)
    s, tip = foot.swing, _paw(skeleton, joints)
    length = np.linalg.norm(foot.step_to[:, :2], axis=1)
    wrist = skeleton.heads[skeleton.index(joints[2])]
    size = float(skeleton.heads[0, 2])
    lift = np.minimum(0.25 * length, 0.13 * size) + 0.02 * size
    place[:, 2] += np.where(foot.swinging, lift * (4 * s * (1 - s)) ** 1.2, 0.0)
    lean = np.clip((tip[0] - place[:, 0]) / size, -0.6, 0.6)
    fold = np.where(foot.swinging, np.sin(np.pi * np.clip(s, 0, 1)) ** 2 * np.minimum(length / size, 1.0), 0.0)
    hind = "Hind" in joints[2]
    pitch = 0.6 * lean + (0.9 if hind else 1.0) * fold - (0.5 * sit if hind else 0.0)
    if hind:
        # Who sits shuffles its hind paws under itself, the left one first.
        part = (sit - (0.15 if joints[2].startswith("Left") else 0.5)) / 0.35
        place[:, 0] += 0.46 * size * smooth_step(part)
        place[:, 2] += 0.06 * size * np.sin(np.pi * np.clip(part, 0.0, 1.0)) ** 2
    R = turned(foot.yaws - heading) @ pitched(pitch)
    return place + apply(R, wrist - tip), R


def _posed(
    skeleton: Skeleton, path: GroundPath, footings: list[Footing], body: dict[str, Float64], t: Float64
) -> Float64:
    """Local rotations [f, j, 3, 3], the root's in heading axes."""
    local = np.broadcast_to(np.eye(3), (len(t), len(skeleton), 3, 3)).copy()
    pelvis, spine, chest = _trunk(skeleton, body)
    for name, R in (("Pelvis", pelvis), ("Spine", spine), ("Chest", chest)):
        local[:, skeleton.index(name)] = R
    R_chest = pelvis @ spine @ chest
    nothing = np.zeros_like(t)
    local[:, skeleton.index("Neck")] = oriented(0.5 * body["look"], 0.5 * body["level"] + body["neck"], nothing)
    local[:, skeleton.index("Head")] = oriented(0.5 * body["look"], 0.5 * body["level"] - body["neck"], nothing)
    local[:, skeleton.index("Tail")] = oriented(0.6 * body["wag"], body["tail"] + 0.3 * body["sit"], nothing)
    local[:, skeleton.index("TailTip")] = oriented(0.8 * body["wag"], 0.4 * body["tail"], nothing)
    for leg, (joints, hip) in enumerate(zip(LEGS, _hips(skeleton, body), strict=True)):
        ankle, R_paw = _ankle(skeleton, path, footings[leg], joints, t, body["sit"])
        rest = [skeleton.heads[skeleton.index(name)] for name in joints]
        line = rest[2] - rest[0]
        knee = rest[1] - rest[0] - unit(line) * float((rest[1] - rest[0]) @ unit(line))
        R_base = R_chest if "Arm" in joints[0] else pelvis
        # Elbows point back and knees ahead, as they do at rest.
        pole = np.broadcast_to(np.array([np.sign(knee[0]), 0.0, 0.0]), hip.shape)
        upper, lower, hinge = two_bones(hip, ankle, pole, *_lengths(skeleton, joints))
        rest_hinge = np.cross(unit(knee), unit(line))
        R_upper = carried(upper, hinge, rest[1] - rest[0], rest_hinge)
        R_lower = carried(lower, hinge, rest[2] - rest[1], rest_hinge)
        chain = (R_base, R_upper, R_lower, R_paw)
        for name, R_parent, R in zip(joints, chain, chain[1:], strict=False):
            local[:, skeleton.index(name)] = np.swapaxes(R_parent, -1, -2) @ R
    return local
