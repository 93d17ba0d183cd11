"""Eight sentences, eight camera paths, one picture.

Each sentence is read by a director, its actors are set where they can be seen, and the path is drawn on a panel of its
own. The sentences are full of verbs that no training showed; "tiny" is the director that ships, and the second argument
names another one. `kinoeye view A.json B.json -o paths.png` makes the same picture of camera files.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kinoeye.shot import stage
from kinoeye.studio import Report, write_picture
from kinoeye.systems.gendop.directors import read_plan

CAPTIONS = (
    "The gimbal waltzes 120 degrees around the red robot to the right, never losing it.",
    "Unhurriedly nudge forward while wafting straight up, then cock the lens down toward the blue cone.",
    "On my cue, slam into a vertigo effect inward on the yellow robot over 3 seconds.",
    "The green robot walks left; the steadicam trots along with it, then flicks its gaze left.",
    "Our eye scoots three metres straight ahead with handheld jitters, then slews its view rightward by 45 degrees.",
    "Sidle two metres left while steering its gaze right, next scoot a metre closer, then hang motionless.",
    "The rig hops straight up as it snaps its lens down, then skirts around the orange sphere to the left.",
    "It saunters back in reverse, then edges to the right, then wrenches counter-clockwise, then sinks.",
)

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/08")
director = sys.argv[2] if len(sys.argv) > 2 else "tiny"

reports = []
for caption in CAPTIONS:
    reading = read_plan(caption, director)
    reports.append(Report(shot=stage(reading.plan, seed=0), plan=reading.plan))
    print(f"{reading.director}: {caption} unused: {[words.text for words in reading.plan.unused]}")
write_picture(reports, out / "eight-paths.png", columns=2)
print("written to", out)
