"""Sheets of what a set can hold: every environment, every body, and a dozen motions in eight moments each.

Give a folder for the pictures; those of docs/set.md are made by this file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render import render
from kinoeye.shot import ENVIRONMENTS, Actor, Shot, SkinnedAvatar
from kinoeye.shot.bodies.motions import MOTIONS, Cue

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/11")
out.mkdir(parents=True, exist_ok=True)
ADULT, DOG, CAR = (0.5, 1.1, 1.75), (1.0, 0.25, 0.6), (4.2, 1.8, 1.45)
PATHS = ("stand", "walk", "run", "turn")


def track(xy: NDArray[np.float64], yaw: NDArray[np.float64], times_s: NDArray[np.float64]) -> Track:
    """A body on the ground at places [f, 2], facing `yaw` [f] radians around +z from +x."""
    turn = SO3.exp(torch.from_numpy(np.stack([0 * yaw, 0 * yaw, yaw], axis=1)))
    place = torch.from_numpy(np.column_stack([xy, np.zeros(len(xy))]))
    return Track(SE3.from_parts(turn, place), torch.from_numpy(times_s))


def camera(eye: Sequence[float], target: Sequence[float], times_s: Sequence[float], size_wh, fov_deg: float):
    """A camera that stands still and looks at a point."""
    z = np.subtract(target, eye) / np.linalg.norm(np.subtract(target, eye))
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    pose = np.eye(4)
    pose[:3] = np.column_stack([x, np.cross(z, x), z, eye])
    poses = SE3.from_matrix(torch.from_numpy(np.repeat(pose[None], len(times_s), axis=0)))
    lens = Intrinsics.from_fov(np.radians(fov_deg), size_wh)
    return Trajectory(Track(poses, torch.tensor(times_s, dtype=torch.float64)), lens)


def labelled(pictures: NDArray[np.uint8], text: str) -> Image.Image:
    """Pictures [n, h, w, 3] in a row under a name."""
    row = Image.fromarray(np.concatenate(list(pictures), axis=1))
    draw = ImageDraw.Draw(row)
    draw.rectangle((0, 0, 12 + draw.textlength(text), 15), fill=(255, 255, 255))
    draw.text((6, 2), text, fill=(0, 0, 0))
    return row


def sheet(rows: Sequence[Image.Image], across: int) -> Image.Image:
    """Pictures of one size, so many in a row."""
    width, height = rows[0].size
    whole = Image.new("RGB", (width * across, height * -(-len(rows) // across)), (255, 255, 255))
    for index, row in enumerate(rows):
        whole.paste(row, (width * (index % across), height * (index // across)))
    return whole


def person(shirt: str, where: Track, *cues: Cue) -> Actor:
    """An adult who does something."""
    avatar = SkinnedAvatar(
        body="adult", color_rgb=(0.7, 0.2, 0.1), clothes=f"a {shirt} shirt and blue jeans", cues=cues
    )
    return Actor(
        name=shirt, prompt=f"somebody in {shirt}", category="agent", size_xyz=ADULT, track=where, avatar=avatar
    )


still = track(np.zeros((1, 2)), np.full(1, -0.6 * pi), np.zeros(1))

places = []
for name, environment in ENVIRONMENTS.items():
    film = camera((-7.0, 1.5, 1.7), (2.0, 0.0, 1.9), [0.0], (320, 180), 65)
    places.append(labelled(render(Shot(camera=film, actors=(person("red", still),), environment=environment, seed=4),
                                  samples=2).rgb.values, name))  # fmt: skip
sheet(places, 3).save(out / "environments.jpg", quality=88)

bodies = []
looks = (
    (ADULT, SkinnedAvatar(body="adult", color_rgb=(0.1, 0.4, 0.2), clothes="a yellow shirt and black shorts"), 3.4),
    (ADULT, SkinnedAvatar(body="adult", color_rgb=(0.1, 0.1, 0.4), clothes="a blue shirt and black trousers"), 3.4),
    (DOG, SkinnedAvatar(body="dog", color_rgb=(0.55, 0.36, 0.2)), 1.9),
    (CAR, SkinnedAvatar(body="car", color_rgb=(0.65, 0.1, 0.1)), 7.5),
)
for size, avatar, away in looks:
    name = avatar.body
    seen = Actor(name=name, prompt=name, size_xyz=size, track=still, avatar=avatar)
    film = camera((away * cos(-1.1), away * sin(-1.1), 0.9 * size[2]), (0, 0, 0.5 * size[2]), [0.0], (240, 240), 45)
    shot = Shot(camera=film, actors=(seen,), environment=ENVIRONMENTS["studio"])
    bodies.append(labelled(render(shot, samples=2).rgb.values, name))
sheet(bodies, 4).save(out / "bodies.jpg", quality=88)

times = np.linspace(0.0, 3.2, 65)
moments = np.linspace(0.2, 2.7, 8)
rows = []
for name in (*PATHS, *MOTIONS):
    speed = {"walk": 1.3, "run": 3.2}.get(name, 0.0)
    x = speed * (times - times.mean())
    yaw = np.full(len(times), -0.35 * pi) if not speed else np.zeros(len(times))
    yaw = yaw + (np.linspace(0, 1.5 * pi, len(times)) if name == "turn" else 0.0)
    cues = () if name in PATHS else (Cue(start_s=0.3, name=name),)
    actor = person("red" if name in PATHS else "orange", track(np.column_stack([x, 0 * x]), yaw, times), *cues)
    pictures = []
    for moment in moments:  # the camera goes along
        here = float(np.interp(moment, times, x))
        film = camera((here, -3.6, 1.1), (here, 0.0, 0.95), [float(moment)], (96, 128), 29)
        pictures.append(render(Shot(camera=film, actors=(actor,), environment=ENVIRONMENTS["studio"]), samples=2).rgb)
    rows.append(labelled(np.concatenate([picture.values for picture in pictures]), name.replace("_", " ")))
sheet(rows, 2).save(out / "motions.jpg", quality=88)
print("written to", out)
