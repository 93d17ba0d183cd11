"""Bodies that are modelled in code: a dog and a car, simple but jointed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.body import Body, Float64, Skeleton

RGB = tuple[float, float, float]
DARK: RGB = (0.06, 0.055, 0.06)

_DOG = {
    "Pelvis": ("", (-0.25, 0.0, 0.50), (-0.34, 0.0, 0.50)),
    "Spine": ("Pelvis", (-0.10, 0.0, 0.52), (0.08, 0.0, 0.52)),
    "Chest": ("Spine", (0.06, 0.0, 0.52), (0.26, 0.0, 0.51)),
    "Neck": ("Chest", (0.26, 0.0, 0.54), (0.37, 0.0, 0.66)),
    "Head": ("Neck", (0.37, 0.0, 0.66), (0.60, 0.0, 0.64)),
    "Tail": ("Pelvis", (-0.34, 0.0, 0.54), (-0.44, 0.0, 0.60)),
    "TailTip": ("Tail", (-0.44, 0.0, 0.60), (-0.54, 0.0, 0.70)),
    "LeftArm": ("Chest", (0.22, 0.085, 0.46), (0.17, 0.085, 0.29)),
    "LeftForeArm": ("LeftArm", (0.17, 0.085, 0.29), (0.19, 0.085, 0.10)),
    "LeftForePaw": ("LeftForeArm", (0.19, 0.085, 0.10), (0.225, 0.085, 0.02)),
    "LeftThigh": ("Pelvis", (-0.26, 0.085, 0.46), (-0.19, 0.085, 0.28)),
    "LeftShin": ("LeftThigh", (-0.19, 0.085, 0.28), (-0.34, 0.085, 0.14)),
    "LeftHindPaw": ("LeftShin", (-0.34, 0.085, 0.14), (-0.285, 0.085, 0.02)),
}
"""Parent, head and tail of a dog's joints, the right side left out; its back is 0.6 m above the ground."""
_DOG_HEIGHT_M = 0.61


class _Clay:
    """Vertices, triangles and what carries them, as shapes are put together."""

    def __init__(self, joint_names: Sequence[str]) -> None:
        self.joint_names = list(joint_names)
        self.part_names: list[str] = []
        self.vertices: list[Float64] = []
        self.faces: list[list[int]] = []
        self.weights: list[dict[str, float]] = []
        self.colors: list[RGB] = []
        self.parts: list[int] = []

    def loft(
        self,
        part: str,
        rings: Sequence[tuple[Float64, Mapping[str, float]]],
        ends: tuple[Float64, Float64],
        color: RGB,
    ) -> None:
        """A closed skin over rings of points [s, 3], each with its weights, between two end points."""
        sides, first = len(rings[0][0]), len(self.vertices)
        for points, carried_by in rings:
            self.vertices.extend(points)
            self.weights.extend([dict(carried_by)] * sides)
        self.vertices.extend(ends)
        self.weights.extend([dict(rings[0][1]), dict(rings[-1][1])])
        tip, last = first + sides * len(rings), sides * (len(rings) - 1)
        faces: list[list[int]] = []
        for k in range(sides):
            n = (k + 1) % sides
            faces.append([tip, first + n, first + k])
            faces.append([tip + 1, first + last + k, first + last + n])
            for ring in range(0, last, sides):
                a, b, c, d = (first + ring + i for i in (k, n, sides + k, sides + n))
                faces += [[a, b, d], [a, d, c]]
        corners = np.array(self.vertices)[np.array(faces)]
        volume = np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()
        self.faces.extend(faces if volume > 0 else [face[::-1] for face in faces])
        if part not in self.part_names:
            self.part_names.append(part)
        self.parts.extend([self.part_names.index(part) + 1] * len(faces))
        self.colors.extend([color] * (sides * len(rings) + 2))

    def limb(
        self,
        part: str,
        rings: Sequence[tuple[tuple[float, float, float], float, float, Mapping[str, float]]],
        color: RGB,
        sides: int = 12,
    ) -> None:
        """A tube through centres with half widths sideways and across; its ends are rounded off."""
        centers = np.array([ring[0] for ring in rings])
        along = np.gradient(centers, axis=0)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        turn = 2 * np.pi * np.arange(sides) / sides
        built = []
        for center, way, (_, wide, high, carried_by) in zip(centers, along, rings, strict=True):
            aside = np.array([0.0, 1.0, 0.0]) - way[1] * way
            if np.linalg.norm(aside) < 0.2:
                aside = np.array([1.0, 0.0, 0.0]) - way[0] * way
            aside /= np.linalg.norm(aside)
            upward = np.cross(way, aside)
            built.append(
                (center + wide * np.cos(turn)[:, None] * aside + high * np.sin(turn)[:, None] * upward, carried_by)
            )
        round_off = [0.5 * min(rings[end][1:3]) for end in (0, -1)]
        ends = (centers[0] - round_off[0] * along[0], centers[-1] + round_off[1] * along[-1])
        self.loft(part, built, ends, color)

    def ball(self, part: str, center: tuple[float, float, float], radii: RGB, joint: str, color: RGB) -> None:
        """An ellipsoid on one joint."""
        rings = []
        for angle in np.linspace(-1.2, 1.2, 5):
            x, y, z = center
            middle = (x + radii[0] * math.sin(angle), y, z)
            rings.append((middle, radii[1] * math.cos(angle), radii[2] * math.cos(angle), {joint: 1.0}))
        self.limb(part, rings, color, sides=10)

    def body(self, name: str, skeleton: Skeleton, scale: float) -> Body:
        """The finished body."""
        widest = max(len(weights) for weights in self.weights)
        joints = np.zeros((len(self.weights), widest), np.int64)
        shares = np.zeros((len(self.weights), widest))
        for v, weights in enumerate(self.weights):
            for slot, (joint, share) in enumerate(weights.items()):
                joints[v, slot], shares[v, slot] = self.joint_names.index(joint), share
        return Body(
            name=name,
            skeleton=skeleton,
            vertices=scale * np.array(self.vertices),
            faces=np.array(self.faces, np.int64),
            joints=joints,
            weights=shares / shares.sum(axis=1, keepdims=True),
            colors_rgb=np.clip(255 * np.array(self.colors), 0, 255).round().astype(np.uint8),
            parts=np.array(self.parts, np.uint8),
            part_names=tuple(self.part_names),
        )


def _both_sides(
    joints: Mapping[str, tuple[str, tuple[float, float, float], tuple[float, float, float]]], scale: float
) -> Skeleton:
    """A skeleton of joints given with their left side, parents first."""
    rows = [(name, *joint) for name, joint in joints.items()]
    for name, (parent, head, tail) in joints.items():
        if name.startswith("Left"):
            mirror = [(x, -y, z) for x, y, z in (head, tail)]
            rows.append((name.replace("Left", "Right"), parent.replace("Left", "Right"), mirror[0], mirror[1]))
    names = [row[0] for row in rows]
    return Skeleton(
        names=tuple(names),
        parents=np.array([names.index(row[1]) if row[1] else -1 for row in rows]),
        heads=scale * np.array([row[2] for row in rows]),
        tails=scale * np.array([row[3] for row in rows]),
    )


def _shade(color: RGB, factor: float) -> RGB:
    return (min(1.0, color[0] * factor), min(1.0, color[1] * factor), min(1.0, color[2] * factor))


def dog(*, height_m: float = 0.6, color_rgb: RGB = (0.55, 0.36, 0.20), name: str = "dog") -> Body:
    """A dog: spine, neck, head, tail, and four legs of three joints.

    Args:
        height_m: of its back above the ground.
        color_rgb: of its coat, sRGB, 0 to 1; belly and paws are paler, nose and ears darker.
        name: of the body.

    Raises:
        InputError: the height is not between 0.1 and 3 m.

    Example:
        >>> len(dog().skeleton)
        19
    """
    if not 0.1 <= height_m <= 3.0:
        raise InputError(f"a dog {height_m} m high is not made; give 0.1 to 3 m")
    scale = height_m / _DOG_HEIGHT_M
    skeleton = _both_sides(_DOG, scale)
    clay = _Clay(skeleton.names)
    pale, dark = _shade(color_rgb, 1.35), _shade(color_rgb, 0.6)

    def trunk(x: float) -> dict[str, float]:
        hind, fore = np.clip((-0.02 - x) / 0.16, 0, 1), np.clip((x + 0.04) / 0.16, 0, 1)
        return {"Pelvis": float(hind), "Spine": float(1 - hind) * float(1 - fore) + 1e-6, "Chest": float(fore)}

    torso = [
        (-0.365, 0.510, 0.035, 0.045), (-0.345, 0.505, 0.070, 0.085), (-0.29, 0.495, 0.098, 0.110),
        (-0.22, 0.490, 0.100, 0.112), (-0.14, 0.500, 0.088, 0.100), (-0.06, 0.500, 0.088, 0.105),
        (0.02, 0.490, 0.098, 0.122), (0.10, 0.475, 0.106, 0.142), (0.18, 0.472, 0.106, 0.146),
        (0.25, 0.485, 0.094, 0.125), (0.29, 0.505, 0.066, 0.085),
    ]  # fmt: skip
    clay.limb("torso", [((x, 0.0, z), wide, high, trunk(x)) for x, z, wide, high in torso], color_rgb, sides=18)
    clay.limb(
        "neck",
        [
            ((0.20, 0.0, 0.50), 0.074, 0.090, {"Chest": 1.0}),
            ((0.27, 0.0, 0.555), 0.068, 0.082, {"Chest": 0.5, "Neck": 0.5}),
            ((0.32, 0.0, 0.61), 0.060, 0.070, {"Neck": 1.0}),
            ((0.37, 0.0, 0.66), 0.056, 0.062, {"Neck": 0.4, "Head": 0.6}),
            ((0.40, 0.0, 0.68), 0.048, 0.050, {"Head": 1.0}),
        ],
        color_rgb,
        sides=14,
    )
    skull = [
        (0.335, 0.690, 0.036, 0.036), (0.36, 0.692, 0.060, 0.060), (0.40, 0.695, 0.070, 0.068),
        (0.45, 0.685, 0.064, 0.060), (0.485, 0.668, 0.046, 0.046), (0.53, 0.655, 0.037, 0.040),
        (0.58, 0.650, 0.032, 0.036), (0.605, 0.650, 0.022, 0.026),
    ]  # fmt: skip
    clay.limb("head", [((x, 0.0, z), wide, high, {"Head": 1.0}) for x, z, wide, high in skull], color_rgb, sides=14)
    clay.ball("head", (0.612, 0.0, 0.664), (0.014, 0.018, 0.013), "Head", DARK)
    for sign in (1.0, -1.0):
        clay.ball("head", (0.465, 0.046 * sign, 0.712), (0.012, 0.009, 0.012), "Head", DARK)
        clay.limb(
            "head",
            [
                ((0.385, 0.052 * sign, 0.745), 0.016, 0.030, {"Head": 1.0}),
                ((0.388, 0.082 * sign, 0.735), 0.013, 0.036, {"Head": 1.0}),
                ((0.400, 0.096 * sign, 0.690), 0.011, 0.033, {"Head": 1.0}),
                ((0.408, 0.095 * sign, 0.645), 0.007, 0.017, {"Head": 1.0}),
            ],
            dark,
            sides=8,
        )
    clay.limb(
        "tail",
        [
            ((-0.33, 0.0, 0.545), 0.032, 0.032, {"Pelvis": 0.6, "Tail": 0.4}),
            ((-0.39, 0.0, 0.568), 0.027, 0.029, {"Tail": 1.0}),
            ((-0.44, 0.0, 0.60), 0.024, 0.028, {"Tail": 0.5, "TailTip": 0.5}),
            ((-0.49, 0.0, 0.645), 0.020, 0.026, {"TailTip": 1.0}),
            ((-0.53, 0.0, 0.695), 0.010, 0.014, {"TailTip": 1.0}),
        ],
        color_rgb,
        sides=10,
    )
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        arm, fore, paw = side + "Arm", side + "ForeArm", side + "ForePaw"
        y = 0.085 * sign
        clay.limb(
            f"{side.lower()} foreleg",
            [
                ((0.225, 0.072 * sign, 0.50), 0.040, 0.062, {"Chest": 0.5, arm: 0.5}),
                ((0.205, y, 0.42), 0.042, 0.066, {arm: 1.0}),
                ((0.180, y, 0.33), 0.036, 0.050, {arm: 1.0}),
                ((0.172, y, 0.28), 0.032, 0.040, {arm: 0.5, fore: 0.5}),
                ((0.178, y, 0.20), 0.028, 0.031, {fore: 1.0}),
                ((0.187, y, 0.12), 0.024, 0.026, {fore: 0.8, paw: 0.2}),
                ((0.196, y, 0.085), 0.024, 0.026, {fore: 0.2, paw: 0.8}),
                ((0.208, y, 0.045), 0.025, 0.026, {paw: 1.0}),
            ],
            color_rgb,
        )
        clay.ball(f"{side.lower()} foreleg", (0.222, y, 0.024), (0.050, 0.034, 0.024), paw, pale)
        thigh, shin, paw = side + "Thigh", side + "Shin", side + "HindPaw"
        clay.limb(
            f"{side.lower()} hind leg",
            [
                ((-0.265, 0.070 * sign, 0.53), 0.040, 0.070, {"Pelvis": 0.7, thigh: 0.3}),
                ((-0.250, y, 0.45), 0.050, 0.088, {"Pelvis": 0.2, thigh: 0.8}),
                ((-0.222, y, 0.36), 0.044, 0.066, {thigh: 1.0}),
                ((-0.200, y, 0.285), 0.036, 0.046, {thigh: 0.5, shin: 0.5}),
                ((-0.250, y, 0.225), 0.030, 0.037, {shin: 1.0}),
                ((-0.310, y, 0.168), 0.023, 0.028, {shin: 1.0}),
                ((-0.337, y, 0.130), 0.022, 0.026, {shin: 0.4, paw: 0.6}),
                ((-0.320, y, 0.085), 0.022, 0.024, {paw: 1.0}),
                ((-0.302, y, 0.042), 0.024, 0.025, {paw: 1.0}),
            ],
            color_rgb,
        )
        clay.ball(f"{side.lower()} hind leg", (-0.284, y, 0.024), (0.050, 0.034, 0.024), paw, pale)
    return clay.body(name, skeleton, scale)


WHEELS = ("LeftFrontWheel", "RightFrontWheel", "LeftRearWheel", "RightRearWheel")


def car(*, length_m: float = 4.2, color_rgb: RGB = (0.75, 0.10, 0.08), name: str = "car") -> Body:
    """A car: a body on springs, and four wheels of which the front ones steer.

    Args:
        length_m: from bumper to bumper; everything scales with it.
        color_rgb: of its paint, sRGB, 0 to 1.
        name: of the body.

    Raises:
        InputError: the length is not between 0.2 and 12 m.

    Example:
        >>> car().part_names
        ('paint', 'glass', 'lights', 'wheels')
    """
    if not 0.2 <= length_m <= 12.0:
        raise InputError(f"a car {length_m} m long is not made; give 0.2 to 12 m")
    scale, radius = length_m / 4.2, 0.33
    joints = {
        "Frame": ("", (0.0, 0.0, radius), (0.5, 0.0, radius)),
        "Shell": ("Frame", (0.0, 0.0, 0.45), (0.5, 0.0, 0.45)),
        "LeftSteering": ("Frame", (1.28, 0.79, radius), (1.28, 0.79, 0.6)),
        "LeftFrontWheel": ("LeftSteering", (1.28, 0.79, radius), (1.28, 0.90, radius)),
        "LeftRearWheel": ("Frame", (-1.28, 0.79, radius), (-1.28, 0.90, radius)),
    }
    skeleton = _both_sides(joints, scale)
    clay = _Clay(skeleton.names)

    def section(x: float, half: float, low: float, high: float, narrow: float) -> tuple[Float64, Mapping[str, float]]:
        """A cross-section with rounded corners; `narrow` is the half width at the top."""
        corner = 0.12 * (high - low)
        outline = [
            (half - corner, low), (half, low + corner), (half, 0.55 * low + 0.45 * high),
            (narrow, high - corner), (narrow - corner, high), (0.0, high + 0.02),
        ]  # fmt: skip
        ring = [*outline, *((-y, z) for y, z in outline[-2::-1]), (0.0, low)]
        return np.array([(x, y, z) for y, z in ring]), {"Shell": 1.0}

    hull = [
        (-2.10, 0.70, 0.42, 0.72, 0.66), (-2.02, 0.82, 0.30, 0.88, 0.76), (-1.6, 0.86, 0.24, 0.93, 0.80),
        (-0.8, 0.87, 0.22, 0.94, 0.82), (0.4, 0.87, 0.22, 0.93, 0.82), (1.1, 0.87, 0.24, 0.88, 0.80),
        (1.7, 0.84, 0.28, 0.78, 0.74), (2.0, 0.76, 0.32, 0.68, 0.66), (2.10, 0.62, 0.40, 0.60, 0.54),
    ]  # fmt: skip
    middle = [np.array([x, 0.0, 0.55]) for x in (-2.10, 2.10)]
    clay.loft("paint", [section(*ring) for ring in hull], (middle[0], middle[1]), color_rgb)
    cabin = [(-1.75, 0.74, 0.86, 0.92, 0.70), (-1.15, 0.76, 0.86, 1.36, 0.58), (-0.2, 0.77, 0.86, 1.42, 0.60),
             (0.25, 0.77, 0.86, 1.36, 0.58), (1.05, 0.74, 0.84, 0.90, 0.70)]  # fmt: skip
    ends = (np.array([-1.75, 0.0, 0.88]), np.array([1.05, 0.0, 0.86]))
    clay.loft("glass", [section(*ring) for ring in cabin], ends, (0.10, 0.13, 0.16))
    roof = [(-1.10, 0.585, 1.33, 1.385, 0.56), (-0.2, 0.61, 1.385, 1.445, 0.58), (0.20, 0.585, 1.335, 1.39, 0.56)]
    ends = (np.array([-1.10, 0.0, 1.36]), np.array([0.20, 0.0, 1.36]))
    clay.loft("paint", [section(*ring) for ring in roof], ends, color_rgb)
    for sign in (1.0, -1.0):
        clay.ball("lights", (2.02, 0.52 * sign, 0.60), (0.07, 0.13, 0.06), "Shell", (0.98, 0.95, 0.80))
        clay.ball("lights", (-2.06, 0.60 * sign, 0.70), (0.05, 0.11, 0.06), "Shell", (0.80, 0.05, 0.05))
    turn = 2 * np.pi * np.arange(20) / 20
    rim = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)
    for wheel in WHEELS:
        center = skeleton.heads[skeleton.index(wheel)] / scale
        out = np.array([0.0, np.sign(center[1]), 0.0])
        profile = ((-0.09, 0.88), (-0.08, 1.0), (0.08, 1.0), (0.10, 0.88), (0.10, 0.62))
        rings = [(center + radius * r * rim + y * out, {wheel: 1.0}) for y, r in profile]
        clay.loft("wheels", rings, (center - 0.09 * out, center + 0.08 * out), DARK)
        # Two spokes across the hub make the turning visible.
        for spoke in (0.0, np.pi / 2):
            way = np.array([math.cos(spoke), 0.0, math.sin(spoke)])
            across = np.array([-math.sin(spoke), 0.0, math.cos(spoke)])
            square = [s * 0.045 * across + t * 0.02 * out for s, t in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
            bars = [
                (center + 0.10 * out + end * 0.6 * radius * way + np.array(square), {wheel: 1.0}) for end in (-1, 1)
            ]
            tips = tuple(center + 0.10 * out + end * 0.6 * radius * way for end in (-1, 1))
            clay.loft("wheels", bars, (tips[0], tips[1]), (0.75, 0.75, 0.78))
    return clay.body(name, skeleton, scale)
