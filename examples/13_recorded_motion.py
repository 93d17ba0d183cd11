"""Put recorded motion onto the adult, and draw ten moments of it from two sides.

Give a folder for the picture and a BVH file; without a file, the motion is a walk of the adult's own. The picture of
docs/set.md is made by this file from CMU's motion 12_01 (mocap.cs.cmu.edu), as B. Hahne has converted it to BVH.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from kinoeye.formats.scenes import read_bvh
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.render.film import draw
from kinoeye.render.meshes import mesh_of
from kinoeye.render.scene import build_scene
from kinoeye.shot import ENVIRONMENTS, Shot
from kinoeye.shot.bodies import Clip, foot_slip, grounded, joint_transforms, load_body, retarget
from kinoeye.shot.bodies.motions import animate

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/13")
out.mkdir(parents=True, exist_ok=True)
MOMENTS, SIZE = 10, (136, 248)
adult = load_body("adult")


def own_walk(speed: float = 1.4, duration_s: float = 3.0) -> Clip:
    """Three seconds straight ahead, as if somebody had recorded them."""
    times = np.arange(0.0, duration_s, 1 / 60)
    poses = np.tile(np.eye(4), (len(times), 1, 1))
    poses[:, 0, 3] = speed * times
    ahead = Track(SE3.from_matrix(torch.from_numpy(poses)), torch.from_numpy(times))
    local, root = animate(adult.skeleton, ahead, times)
    return Clip(names=adult.skeleton.names, times_s=times, local_wxyz=local, root_xyz=root + poses[:, :3, 3])


def beside(places: NDArray[np.float64], away: Sequence[float]) -> Trajectory:
    """A camera that goes along beside places [f, 3]."""
    z = -np.asarray(away) / np.linalg.norm(away)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    poses = np.tile(np.eye(4), (len(places), 1, 1))
    poses[:, :3, :3] = np.column_stack([x, np.cross(z, x), z])
    poses[:, :3, 3] = places * [1.0, 1.0, 0.0] + [0.0, 0.0, 0.9] + away
    times = torch.arange(len(places), dtype=torch.float64)
    return Trajectory(Track(SE3.from_matrix(torch.from_numpy(poses)), times), Intrinsics.from_fov(np.radians(17), SIZE))


if len(sys.argv) > 2:
    motion = read_bvh(sys.argv[2])
    clip, report = retarget(motion.clip, motion.skeleton, adult.skeleton, standing=motion.standing)
else:
    clip, report = retarget(own_walk(), adult.skeleton, adult.skeleton)
print(report.summary)
walk = grounded(clip, adult)
print(f"planted feet slip at most {100 * foot_slip(walk, adult).max():.2f} cm")

frames = (np.linspace(0.1, 0.9, MOMENTS) * len(walk.times_s)).astype(int)
joints = joint_transforms(adult.skeleton, walk.local_wxyz[frames], walk.root_xyz[frames])
body = mesh_of(adult, np.tile(np.eye(4), (MOMENTS, 1, 1)), joints, 1)
rows = []
for away in ((3.0, -2.6, 0.4), (0.0, -4.0, 0.2)):
    camera = beside(walk.root_xyz[frames], away)
    scene = build_scene(Shot(camera=camera, environment=ENVIRONMENTS["studio"]), camera)
    rows.append(np.concatenate(list(draw(replace(scene, meshes=(body,)), ("rgb",), samples=2)["rgb"]), axis=1))
Image.fromarray(np.concatenate(rows)).save(out / "walk.jpg", quality=88)
print("written to", out / "walk.jpg")
