"""Ten seconds in which three actors cross in three depths, and who hides whom when, told from exact masks.

Give a folder for the film; the one of docs/set.md is made by this file.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from kinoeye.facts.picture import covering_phases
from kinoeye.footage.video import write_video
from kinoeye.language import parse
from kinoeye.render import render
from kinoeye.render.scene_facts import with_picture
from kinoeye.shot import Actor, SkinnedAvatar, stage
from kinoeye.shot.scene_tracks import scene_tracks
from kinoeye.shot.templates import find_template, perform

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/12")
out.mkdir(parents=True, exist_ok=True)
ADULT, DOG = (0.5, 1.1, 1.75), (1.0, 0.25, 0.6)

empty = stage(
    parse("On the plaza the camera trucks left half a metre. 10 seconds."), seed=3, size_wh=(384, 216), fps=15
)
pose = empty.camera.T_world_cam.as_matrix()[0]
eye, look = pose[:3, 3], pose[:3, 2]
middle = (eye + 7.5 * look).tolist()
crossing = perform(
    find_template("cross in three depths"), empty.camera.times_s, seed=5, sizes=(DOG, ADULT, ADULT),
    centre=(middle[0], middle[1]), area_radius_m=4.5, camera_azimuth=float(torch.atan2(-look[1], -look[0])),
)  # fmt: skip
bodies = (
    ("dog", "a brown dog", DOG, SkinnedAvatar(body="dog", color_rgb=(0.5, 0.3, 0.15))),
    ("woman", "a woman in red", ADULT, SkinnedAvatar(body="adult", color_rgb=(0.8, 0.1, 0.1), clothes="a red shirt")),
    ("man", "a man in green", ADULT, SkinnedAvatar(body="adult", color_rgb=(0.1, 0.45, 0.2))),
)
actors = tuple(
    Actor(name=name, prompt=prompt, category="agent", size_xyz=size, track=track, avatar=avatar)
    for (name, prompt, size, avatar), track in zip(bodies, crossing.tracks, strict=True)
)
shot = replace(empty, actors=actors, prompt="A dog crosses to the right, a woman and a man to the left behind it.")
shot.save(out / "shot.json")
take = render(shot, samples=2)
write_video(out / "three-cross.mp4", take.rgb.values, fps=15, quality=23)

seen = with_picture(scene_tracks(shot), shot, size_wh=(192, 108))
for nearer, farther in (("dog", "woman"), ("dog", "man"), ("woman", "man")):
    for phase in covering_phases(seen, nearer, farther):
        if phase.label == "covers":
            print(f"{nearer} covers {farther}: {phase.start_s:.1f} to {phase.end_s:.1f} s")
print("written to", out, np.shape(take.rgb.values))
