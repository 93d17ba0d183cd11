"""Eight sentences, eight camera paths, one picture.

Each sentence is read by a director, its actors are set where they can be seen, and the path is drawn on a panel of its
own. "auto" takes the grammar where it uses every word of a sentence, else the trained director, if one ships; the
second argument names another one. `kinoeye view A.json B.json -o paths.png` makes the same picture of camera files.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kinoeye.shot import stage
from kinoeye.studio import Report, write_picture
from kinoeye.systems.gendop.directors import read_plan

CAPTIONS = (
    "The camera orbits right 120 degrees around the red robot.",
    "Push in slowly while craning up, then tilt down to the blue cone.",
    "Dolly zoom in on the yellow robot over 3 seconds.",
    "The camera follows the green robot as it walks, then pans left.",
    "A handheld camera moves forward three metres, then yaws right 45 degrees.",
    "Truck left two metres while panning right, then push in one metre, then hold.",
    "Crane up three metres while tilting down, then orbit left 60 degrees around the orange sphere.",
    "Pull back two metres, truck right one metre, roll left 20 degrees, then crane down one metre.",
)

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/08")
director = sys.argv[2] if len(sys.argv) > 2 else "auto"

reports = []
for caption in CAPTIONS:
    reading = read_plan(caption, director)
    reports.append(Report(shot=stage(reading.plan, seed=0), plan=reading.plan))
    print(f"{reading.director}: {caption} unused: {[words.text for words in reading.plan.unused]}")
write_picture(reports, out / "eight-paths.png", columns=2)
print("written to", out)
