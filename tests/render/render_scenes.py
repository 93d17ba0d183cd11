"""Small shots for the renderer's tests."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.shot import Actor, Avatar, Shape


def look_at(eye, target) -> NDArray[np.float64]:
    """T_world_cam [4, 4] of a level camera."""
    forward = np.asarray(target, float) - np.asarray(eye, float)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=-1)
    pose[:3, 3] = eye
    return pose


def camera(poses, *, size_wh=(48, 36), fov_deg: float = 60.0, fps: float = 10.0) -> Trajectory:
    poses = torch.from_numpy(np.stack(poses))
    times = torch.arange(len(poses), dtype=torch.float64) / fps
    return Trajectory(Track(SE3.from_matrix(poses), times), Intrinsics.from_fov(math.radians(fov_deg), size_wh))


def body(x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> NDArray[np.float64]:
    pose = np.eye(4)
    pose[:3, :3] = rotvec_to_matrix([0.0, 0.0, yaw])
    pose[:3, 3] = (x, y, z)
    return pose


def actor(shape: Shape, poses, size=(1.0, 1.0, 1.0), *, name: str = "thing", fps: float = 10.0, **avatar) -> Actor:
    poses = torch.from_numpy(np.stack(poses))
    track = Track(SE3.from_matrix(poses), torch.arange(len(poses), dtype=torch.float64) / fps)
    looks = {"color_rgb": (0.8, 0.3, 0.2), **avatar}
    return Actor(name=name, prompt=name, size_xyz=size, track=track, avatar=Avatar(shape=shape, **looks))
