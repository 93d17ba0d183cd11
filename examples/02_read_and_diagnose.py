"""Read a camera file that is wrong, see why, and mend it.

Shipped files of well-known projects hold reflections instead of rotations, and loaders take them silently. Reading
never changes anything; `diagnose` names what is wrong and in which frames, `repair` mends one named fault and notes
what it did, and only a sound table becomes a trajectory.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kinoeye import language
from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable

table = PathTable.from_trajectory(language.compile(language.parse("truck right two metres")))
mirrored = table.matrices.copy()
mirrored[10:, :, 0] *= -1  # one camera axis flipped from frame 10 on: determinant -1
broken = replace(table, matrices=mirrored)

for problem in broken.diagnose():
    print(f"{problem.severity} {problem.code}: {problem.message}")
try:
    broken.to_trajectory()
except InputError as error:
    print("refused:", error)

mended = broken.repair("reflection")
print("repaired:", mended.notes[-1])
assert np.allclose(np.linalg.det(mended.matrices[:, :, :3]), 1)
print(len(mended.to_trajectory()), "poses can be used now")
