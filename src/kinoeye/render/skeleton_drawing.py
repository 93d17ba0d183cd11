"""Skeletons of actors as pictures: bones in the colours that pose-guided models know, nearer ones over farther ones."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import invert
from kinoeye.render.meshes import Mesh
from kinoeye.render.robot import ROBOT_PARTS, rest_box
from kinoeye.render.scene import Scene
from kinoeye.shot.bodies.joint_names import common_names
from kinoeye.shot.shot import Actor, Avatar, Shot

Float64 = NDArray[np.float64]
RGB = tuple[int, int, int]

KEYPOINTS = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
    "right ear", "left ear",
)  # fmt: skip
"""The 18 points of a person in OpenPose's COCO model (Cao et al. 2017)."""
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of keypoints that a bone joins."""
COLORS_RGB: tuple[RGB, ...] = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
)  # fmt: skip
"""Of each keypoint, and of each limb in its order."""
LIMB_BRIGHTNESS = 0.6
NEAR_M = 0.05
"""What is nearer to the camera is cut off."""
_PIXELS_A_RADIUS = 128
"""The shorter side of a picture is so many times as long as half a bone's width."""
_SUPERSAMPLING = 2
_DOTS_NEARER = 1.02
"""A point lies over the ends of its bones."""
_JOINTS = {
    "Arm": "shoulder", "ForeArm": "elbow", "Hand": "wrist", "UpLeg": "hip", "Leg": "knee", "Foot": "ankle"
}  # fmt: skip
_ROBOT_LIMBS = {
    "shoulder": ("arm", 1, 0.39, 0.755), "elbow": ("arm", 2, 0.39, 0.63), "wrist": ("arm", 2, 0.39, 0.475),
    "hip": ("leg", 1, 0.14, 0.455), "knee": ("leg", 2, 0.14, 0.255), "ankle": ("leg", 2, 0.14, 0.06),
}  # fmt: skip
"""Part, how many joints it hangs from, and distance to the left and height as shares of the robot's box."""
_ROBOT_FACE = {
    "nose": (0.35, 0.0, 0.87), "left eye": (0.38, 0.085, 0.8975), "right eye": (0.38, -0.085, 0.8975),
    "left ear": (0.0, 0.21, 0.9), "right ear": (0.0, -0.21, 0.9),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class DrawnSkeleton:
    """Points of one actor over time, and the bones between them."""

    points: Float64
    """[f, p, 3] in the world."""
    bones: tuple[tuple[int, int], ...]
    """Pairs of points."""
    point_rgb: tuple[RGB, ...]
    bone_rgb: tuple[RGB, ...]


def skeletons(shot: Shot, scene: Scene) -> dict[str, DrawnSkeleton]:
    """Skeletons by the names of actors: people and robots as OpenPose's 18 points, other bodies by all their joints.

    Args:
        shot: its actors; primitives have no skeleton.
        scene: the same shot as `build_scene` makes it.
    """
    meshes = {mesh.instance: mesh for mesh in scene.meshes}
    found = {}
    for index, actor in enumerate(shot.actors, start=1):
        if index in meshes:
            mesh = meshes[index]
            found[actor.name] = _person(_body_points(mesh)) if "eyes" in mesh.body.regions else _joints(mesh)
        elif isinstance(actor.avatar, Avatar) and actor.avatar.shape == "robot":
            maps = scene.world_from_canonical[:, scene.parts.instance == index]
            found[actor.name] = _person(_robot_points(actor, maps))
    return found


def draw_skeletons(scene: Scene, drawn: dict[str, DrawnSkeleton]) -> NDArray[np.uint8]:
    """Pictures [frames, height, width, 3] of skeletons on black, as the scene's camera sees them.

    Of two bones that cross, the nearer one is seen; props and surfaces hide none.
    """
    width, height = scene.size_wh
    T_cam_world = invert(scene.T_world_cam)
    pictures = np.zeros((len(T_cam_world), height, width, 3), np.uint8)
    for frame, (pose, lens) in enumerate(zip(T_cam_world, scene.fx_fy_cx_cy * _SUPERSAMPLING, strict=True)):
        canvas = _Canvas(_SUPERSAMPLING * width, _SUPERSAMPLING * height)
        for skeleton in drawn.values():
            points = skeleton.points[frame] @ pose[:3, :3].T + pose[:3, 3]
            for (a, b), rgb in zip(skeleton.bones, skeleton.bone_rgb, strict=True):
                canvas.stroke(points[a], points[b], lens, LIMB_BRIGHTNESS * np.array(rgb))
            for point, rgb in zip(points, skeleton.point_rgb, strict=True):
                canvas.stroke(point, point, lens, np.array(rgb, np.float64), nearer=_DOTS_NEARER)
        blocks = canvas.rgb.reshape(height, _SUPERSAMPLING, width, _SUPERSAMPLING, 3)
        pictures[frame] = np.rint(blocks.mean(axis=(1, 3)))
    return pictures


class _Canvas:
    """A picture with a depth for each pixel."""

    def __init__(self, width: int, height: int) -> None:
        self.rgb = np.zeros((height, width, 3))
        self._inverse_depth = np.zeros((height, width))
        self._radius = max(1.0, min(width, height) / _PIXELS_A_RADIUS)

    def stroke(self, start: Float64, end: Float64, lens: Float64, rgb: Float64, *, nearer: float = 1.0) -> None:
        """A line with round ends between points [3] of the camera's space."""
        if max(start[2], end[2]) <= NEAR_M:
            return
        start, end = _cut(start, end), _cut(end, start)
        a, b = (lens[:2] * point[:2] / point[2] + lens[2:] for point in (start, end))
        height, width = self._inverse_depth.shape
        low = np.floor(np.clip(np.minimum(a, b) - self._radius, 0, (width, height))).astype(int)
        high = np.ceil(np.clip(np.maximum(a, b) + self._radius, 0, (width, height))).astype(int)
        if (high <= low).any():
            return
        rows, columns = slice(low[1], high[1]), slice(low[0], high[0])
        x, y = np.arange(low[0], high[0]) + 0.5 - a[0], np.arange(low[1], high[1])[:, None] + 0.5 - a[1]
        along = b - a
        share = np.clip((x * along[0] + y * along[1]) / max(along @ along, 1e-12), 0.0, 1.0)
        inside = (x - share * along[0]) ** 2 + (y - share * along[1]) ** 2 <= self._radius**2
        inverse = nearer * ((1 - share) / start[2] + share / end[2])
        seen = inside & (inverse > self._inverse_depth[rows, columns])
        self._inverse_depth[rows, columns][seen] = inverse[seen]
        self.rgb[rows, columns][seen] = rgb


def _cut(point: Float64, other: Float64) -> Float64:
    """The point, or where the line to the other one comes near enough to be seen."""
    if point[2] >= NEAR_M:
        return point
    return point + (NEAR_M - point[2]) / (other[2] - point[2]) * (other - point)


def _person(points: dict[str, Float64]) -> DrawnSkeleton:
    """Points [f, 3] by their names, the neck between the shoulders."""
    points["neck"] = (points["left shoulder"] + points["right shoulder"]) / 2
    stacked = np.stack([points[name] for name in KEYPOINTS], axis=1)
    return DrawnSkeleton(stacked, LIMBS, COLORS_RGB, COLORS_RGB[: len(LIMBS)])


def _body_points(mesh: Mesh) -> dict[str, Float64]:
    body = mesh.body
    names = common_names(body.skeleton.names)

    def carried(joint: str, rest: Float64) -> Float64:
        maps = mesh.world_from_rest[:, names.index(joint)]
        return maps[..., :3] @ rest + maps[..., 3]

    points = {
        f"{side.lower()} {meaning}": carried(side + joint, body.skeleton.heads[names.index(side + joint)])
        for joint, meaning in _JOINTS.items()
        for side in ("Left", "Right")
    }
    return points | {name: carried("Head", rest) for name, rest in _face_at_rest(mesh)}


def _face_at_rest(mesh: Mesh) -> Iterator[tuple[str, Float64]]:
    """The tip of the nose, the middles of the eyes and the outermost points of the ears [3]."""
    vertices, regions = mesh.body.vertices, mesh.body.regions
    skin, eyes = vertices[regions["skin"]], vertices[regions["eyes"]]
    above_the_mouth = skin[skin[:, 2] > vertices[regions["mouth"], 2].mean()]
    yield "nose", above_the_mouth[above_the_mouth[:, 0].argmax()]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        yield f"{side} eye", eyes[sign * eyes[:, 1] > 0].mean(axis=0)
        yield f"{side} ear", above_the_mouth[(sign * above_the_mouth[:, 1]).argmax()]


def _robot_points(actor: Actor, maps: Float64) -> dict[str, Float64]:
    """Points of a robot whose parts' canonical boxes are at maps [f, p, 3, 4]."""

    def carried(part: int, share: tuple[float, float, float]) -> Float64:
        centre, half = rest_box(ROBOT_PARTS[part], actor.size_xyz)
        inside = (np.array(share) * actor.size_xyz - centre) / half
        return maps[:, part, :, :3] @ inside + maps[:, part, :, 3]

    def part_of(name: str, joints: int, side: str) -> int:
        chains = [(part.name, len(part.joints), part.joints[0].partition(" ")[0] if part.joints else "")
                  for part in ROBOT_PARTS]  # fmt: skip
        return chains.index((name, joints, side))

    points = {
        f"{side} {point}": carried(part_of(name, joints, side), (0.0, sign * left, up))
        for point, (name, joints, left, up) in _ROBOT_LIMBS.items()
        for side, sign in (("left", 1.0), ("right", -1.0))
    }
    head = part_of("head", 0, "")
    return points | {name: carried(head, share) for name, share in _ROBOT_FACE.items()}


def _joints(mesh: Mesh) -> DrawnSkeleton:
    """Every joint of a body in a colour of its own; where nothing hangs from one, its bone's end too."""
    skeleton = mesh.body.skeleton
    parents = skeleton.parents.tolist()
    leaves = [joint for joint in range(len(parents)) if joint not in parents]
    carriers = [*range(len(parents)), *leaves]
    rest = np.concatenate([skeleton.heads, skeleton.tails[leaves]])
    maps = mesh.world_from_rest[:, carriers]
    points = (maps[..., :3] @ rest[:, :, None])[..., 0] + maps[..., 3]
    bones = [(parent, joint) for joint, parent in enumerate(parents) if parent >= 0]
    bones += [(leaf, len(parents) + place) for place, leaf in enumerate(leaves)]
    hues = [_hue(carrier / len(parents)) for carrier in carriers]
    return DrawnSkeleton(points, tuple(bones), tuple(hues), tuple(hues[end] for _, end in bones))


def _hue(share: float) -> RGB:
    red, green, blue = (round(255 * channel) for channel in colorsys.hsv_to_rgb(share, 1.0, 1.0))
    return red, green, blue
