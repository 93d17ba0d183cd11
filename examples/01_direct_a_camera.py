"""From a sentence to a camera path, and into another tool's file.

The grammar understands moves, amounts, speeds and timing; what it cannot use is reported with its place, never
dropped. Paths are in metres, camera-to-world, OpenCV camera axes; writing a file converts to what that file means.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kinoeye import language
from kinoeye.formats.paths import write_path

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/01")

plan = language.parse("Push in two metres over 2 seconds, then orbit left 45 degrees to reveal the sea.")
print("understood:", language.describe(plan))
print("not used:  ", [words.text for words in plan.unused])

camera = language.compile(plan, size_wh=(640, 360))
travelled = camera.T_world_cam.translation.diff(dim=0).norm(dim=-1).sum()
print(f"{len(camera)} poses over {camera.track.duration_s:.2f} s, {travelled:.2f} m")

for name in ("camera.json", "transforms.json", "camera.tum"):
    for warning in write_path(camera, out / name):
        print(f"{name}: {warning}")
print("written to", out)
