"""The whole loop in one call: sentence, scene, film, re-estimated camera, scores, report.

The same as `kinoeye shoot`; the folder appears whole or not at all, and `kinoeye rerun` makes it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kinoeye import shoot

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/05")

made = shoot("The camera moves forward while yawing left, then orbits right around the red robot.", out, num_frames=36)
if made.score is None:
    print("the camera could not be re-estimated:", made.failure)
else:
    print(f"rotation error {made.score.metrics['rotation_deg'].statistics.mean:.3f} deg")
print("open", made.out / "report.html")
