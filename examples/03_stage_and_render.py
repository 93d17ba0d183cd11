"""A scene from words, rendered with every layer of truth.

Actors get a body, a place in view and a path; the camera's moves are compiled around them. The take on disk keeps
its layers lossless and says where each came from; preview.mp4 is for looking only.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from kinoeye.language import parse
from kinoeye.render import render
from kinoeye.shot import stage

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/03")

plan = parse("A green robot walks left and a tall orange cone stands still in the desert. The camera rises slightly.")
shot = stage(plan, seed=4, size_wh=(320, 180), num_frames=24)
take = render(shot, layers=("rgb", "depth", "instance", "flow", "shadow"))
take.save(out / "take")
shot.save(out / "shot.json")

for actor in shot.actors:
    pixels = (take.layers["instance"].values == shot.mask_id(actor.name)).sum(axis=(1, 2))
    print(f"{actor.name}: {pixels.min()} to {pixels.max()} pixels a frame")
flow = np.linalg.norm(take.layers["flow"].values[:-1], axis=-1)
print(f"fastest pixel: {np.nanmax(flow):.1f} px a frame")
print("written to", out / "take")
