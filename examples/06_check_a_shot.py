"""From a shot that cannot be filmed to one that can: checks before filming, and what mends them.

A check says in which frames it fails, how bad the worst one is, and what its limit is. Mending changes the path, tells
how far poses moved, and compares every check before and after.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kinoeye.language import parse
from kinoeye.render import ShotSolids
from kinoeye.shot import stage
from kinoeye.shot.checks import Checker, mend

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/06")

shot = stage(parse("Crane up three metres over the blue cone while rolling right 10 degrees in 2 seconds."), seed=1)
checker = Checker(surroundings=ShotSolids, rig="crane", skip=("thirds",))

report = checker(shot)
for finding in report.violations:
    print(f"{finding.severity} {finding.code} in frames {finding.frames}: {finding.message}")
print("can be made with:", [rig for rig, verdict in report.rigs.items() if verdict.can] or "no rig")

mended = mend(shot, checker)
for step in mended.steps:
    print(f"{step.code}: {step.how}")
print(f"poses move by up to {mended.moved_m:.2f} m, the shot lasts {mended.longer_s:+.2f} s")
print("worse than before:", [row.code for row in mended.worsened] or "nothing")
print("can be made with:", [rig for rig, verdict in mended.after.rigs.items() if verdict.can] or "no rig")

mended.shot.save(out / "shot.json")
print("written to", out)
