"""Bodies on a set: a dog follows a woman past a man who waves, and a car stands by; filmed with every layer of truth.

A motion template says where actors go, their bodies walk or trot there with planted feet, and cues are what they do
besides. What happened is then told from the scene's facts, without looking at a picture. Give a folder for the film.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from kinoeye.facts import Viewpoint
from kinoeye.facts.events import follow_phases
from kinoeye.facts.relations import sides
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track
from kinoeye.language import parse
from kinoeye.render import render
from kinoeye.shot import Actor, SkinnedAvatar, stage
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.scene_tracks import scene_tracks
from kinoeye.shot.templates import find_template, perform

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/10")
out.mkdir(parents=True, exist_ok=True)
ADULT, DOG, CAR = (0.5, 1.1, 1.75), (1.0, 0.25, 0.6), (4.2, 1.8, 1.45)


def standing(x: float, y: float, yaw: float) -> Track:
    """A body that stays at a place on the ground and faces `yaw` radians around +z from +x."""
    turn = SO3.exp(torch.tensor([[0.0, 0.0, yaw]], dtype=torch.float64))
    return Track(SE3.from_parts(turn, torch.tensor([[x, y, 0.0]], dtype=torch.float64)), torch.zeros(1).double())


set_up = stage(parse("The camera trucks right one metre on the beach. 4 seconds."), seed=2, size_wh=(320, 180), fps=12)
times = set_up.camera.times_s
eye, look = set_up.camera.T_world_cam.as_matrix()[0, :3, 3], set_up.camera.T_world_cam.as_matrix()[0, :3, 2]
ahead = float(torch.atan2(look[1], look[0]))
middle = (eye + 6.5 * look).tolist()
walk = perform(
    find_template("follows"), times, seed=1, sizes=(ADULT, DOG), area_radius_m=2.5,
    centre=(middle[0], middle[1]),
    camera_azimuth=ahead,
)  # fmt: skip
beside = (eye + 8.0 * look + 1.5 * torch.linalg.cross(torch.tensor([0.0, 0, 1]).double(), look)).tolist()
behind = (eye + 13.0 * look).tolist()

actors = (
    Actor(name="woman", prompt="a woman in red and jeans", category="agent", size_xyz=ADULT, track=walk.tracks[0],
          avatar=SkinnedAvatar(body="adult", color_rgb=(0.8, 0.1, 0.1), clothes="a red shirt and blue jeans")),
    Actor(name="dog", prompt="a brown dog", category="agent", size_xyz=DOG, track=walk.tracks[1],
          avatar=SkinnedAvatar(body="dog", color_rgb=(0.55, 0.36, 0.2))),
    Actor(name="man", prompt="a man in green", category="agent", size_xyz=ADULT,
          track=standing(beside[0], beside[1], ahead + np.pi - 0.3),
          avatar=SkinnedAvatar(body="adult", color_rgb=(0.1, 0.45, 0.2), cues=(Cue(start_s=0.8, name="wave"),))),
    Actor(name="car", prompt="a blue car", size_xyz=CAR, track=standing(behind[0], behind[1], ahead + 1.2),
          avatar=SkinnedAvatar(body="car", color_rgb=(0.1, 0.2, 0.7))),
)  # fmt: skip
shot = replace(set_up, actors=actors, prompt="A dog follows a woman past a man who waves; a car stands behind them.")
take = render(shot, layers=("rgb", "depth", "instance", "part"), samples=2)
take.save(out / "take")
shot.save(out / "shot.json")

frames = take.rgb.values[np.linspace(0, len(take) - 1, 6).astype(int)]
Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in (frames[:3], frames[3:])])).save(
    out / "sheet.png"
)
facts = scene_tracks(shot)
for phase in follow_phases(facts, "dog", "woman"):
    print(f"the dog: {phase.label}, {phase.start_s:.1f} to {phase.end_s:.1f} s")
seen = sides(facts, "woman", "man", Viewpoint("camera"))
print(f"as the camera sees it, the woman is {seen.at(0)[0]} of the man at first, {seen.at(-1)[0]} at the end")
print("written to", out)
