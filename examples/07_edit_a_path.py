"""Edit a camera path: calm it, even its pace, put two together, aim it, and fit it to a film model.

Edits are pure functions of a track, a camera or a shot, and the same edits are words on the command line:
`kinoeye edit cam.json smooth:0.02 retime:constant-speed resample:wan-fun -o out.json`.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from kinoeye import language, shot
from kinoeye.formats import write_path
from kinoeye.geometry import jerk

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/07")

push = language.compile(language.parse("Push in two metres, very handheld."), size_wh=(640, 360))
rise = language.compile(language.parse("Rise one metre while panning left 30 degrees."), size_wh=(640, 360))

calm = shot.smooth(push, tolerance=0.01, tolerance_rad=math.radians(0.5))
moved = (calm.T_world_cam.translation - push.T_world_cam.translation).norm(dim=-1).max()
print(f"jerk {jerk(push.track)[0]:.2f} -> {jerk(calm.track)[0]:.2f} m/s^3, no pose moved more than {moved:.4f} m")

whole = shot.stitch(calm, rise, blend_s=1.0)  # the second begins where the first ends, at its speed
even = shot.retime_evenly(whole, radians_per_metre=0.5)
print(f"{len(calm)} + {len(rise)} poses became {len(even)} at an even pace")

aimed = shot.look_at(even, (0.0, 0.0, 6.0))
vertigo = shot.dolly_zoom(aimed, (0.0, 0.0, 6.0))  # what stands there keeps its size
angles = vertigo.intrinsics.fov()[:, 0].rad2deg()
print(f"the lens goes from {angles[0]:.1f} to {angles[-1]:.1f} degrees")

edited = shot.edit(vertigo, "resample:wan-fun", "fit:832x480", "anchor")
print(*edited.notes, sep="\n")
for warning in write_path(edited.path, out / "camera.json"):
    print(warning)
print("written to", out)
