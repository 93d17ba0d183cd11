"""A human skeleton written down by hand, in metres to the millimetre, and tracks to walk."""

from __future__ import annotations

import numpy as np
import torch

from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.shot.bodies import Skeleton

_MIDDLE = [
    ("Hips", "", (0.021, 0.0, 0.944), (-0.025, 0.0, 1.02)),
    ("LowerBack", "Hips", (-0.025, 0.0, 1.02), (0.009, 0.0, 1.189)),
    ("Spine", "LowerBack", (0.009, 0.0, 1.189), (0.008, 0.0, 1.341)),
    ("Spine1", "Spine", (0.008, 0.0, 1.341), (0.001, 0.0, 1.503)),
    ("Neck", "Spine1", (0.001, 0.0, 1.503), (0.028, 0.0, 1.563)),
    ("Neck1", "Neck", (0.028, 0.0, 1.563), (0.042, 0.0, 1.616)),
    ("Head", "Neck1", (0.042, 0.0, 1.616), (0.035, 0.0, 1.769)),
]
_LEFT = [
    ("LHipJoint", "Hips", (0.021, 0.0, 0.944), (0.016, 0.105, 0.931)),
    ("LeftUpLeg", "LHipJoint", (0.016, 0.105, 0.931), (0.049, 0.143, 0.511)),
    ("LeftLeg", "LeftUpLeg", (0.049, 0.143, 0.511), (0.012, 0.175, 0.08)),
    ("LeftFoot", "LeftLeg", (0.012, 0.175, 0.08), (0.157, 0.19, 0.026)),
    ("LeftToeBase", "LeftFoot", (0.157, 0.19, 0.026), (0.177, 0.193, 0.023)),
    ("LeftShoulder", "Spine1", (0.025, 0.025, 1.428), (0.022, 0.168, 1.41)),
    ("LeftArm", "LeftShoulder", (0.022, 0.168, 1.41), (0.033, 0.355, 1.205)),
    ("LeftForeArm", "LeftArm", (0.033, 0.355, 1.205), (0.179, 0.474, 1.076)),
    ("LeftHand", "LeftForeArm", (0.179, 0.474, 1.076), (0.205, 0.484, 1.058)),
    ("LThumb", "LeftHand", (0.224, 0.474, 1.066), (0.246, 0.453, 1.056)),
    ("LeftFingerBase", "LeftHand", (0.205, 0.484, 1.058), (0.276, 0.502, 1.03)),
    ("LeftHandFinger1", "LeftFingerBase", (0.276, 0.502, 1.03), (0.297, 0.505, 1.014)),
]


def _mirrored(name):
    return (
        name.replace("Left", "Right")
        if "Left" in name
        else "R" + name[1:]
        if name[0] == "L" and name != "LowerBack"
        else name
    )


def human(scale=1.0, legs=1.0):
    """The skeleton, all of it scaled; its legs stretched once more, the ankles and feet as they were."""
    bones = [*_MIDDLE, *_LEFT]
    for name, parent, (hx, hy, hz), (tx, ty, tz) in _LEFT:
        bones.append((_mirrored(name), _mirrored(parent), (hx, -hy, hz), (tx, -ty, tz)))
    names = [bone[0] for bone in bones]
    points = np.array([[bone[2], bone[3]] for bone in bones], float)
    ankle, hip = 0.08, 0.931
    z = points[..., 2]
    stretched = np.where(z > hip, z + (legs - 1) * (hip - ankle), np.where(z > ankle, ankle + legs * (z - ankle), z))
    points[..., 2] = stretched
    points *= scale
    parents = np.array([names.index(bone[1]) if bone[1] else -1 for bone in bones])
    assert (parents < np.arange(len(names))).all()
    return Skeleton(names=tuple(names), parents=parents, heads=points[:, 0], tails=points[:, 1])


def track(times_s, xyz, yaw):
    """Places [n, 3] or [n, 2] and headings [n] as a track."""
    xyz = np.asarray(xyz, float)
    if xyz.shape[1] == 2:
        xyz = np.column_stack([xyz, np.zeros(len(xyz))])
    yaw = np.broadcast_to(np.asarray(yaw, float), len(xyz))
    wxyz = np.stack([np.cos(yaw / 2), 0 * yaw, 0 * yaw, np.sin(yaw / 2)], axis=1)
    return Track(SE3(torch.tensor(np.column_stack([wxyz, xyz]))), torch.tensor(np.asarray(times_s, float)))


def along(times_s, xy, yaw=None):
    """A track along places [n, 2] that heads where it goes."""
    xy = np.asarray(xy, float)
    if yaw is None:
        v = np.gradient(xy, axis=0)
        yaw = np.unwrap(np.arctan2(v[:, 1], v[:, 0]))
    return track(times_s, xy, yaw)
