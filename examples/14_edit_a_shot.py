"""Edit what a shot shows: another place, another camera, another motion, another body, one more actor.

Each column of the picture is a film at three moments: the shot as staged, then five edits of it. Give a folder for the
picture and, if you like, a BVH file, which the woman then moves by.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from kinoeye.language import parse
from kinoeye.render import render
from kinoeye.shot import Shot, edit, stage
from kinoeye.studio import edit_files

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/14")
out.mkdir(parents=True, exist_ok=True)
MOMENTS = 3

text = "A tall woman in red stands still and a grey dog stands still. Hold for 3 seconds."
staged = stage(parse(text), seed=30, size_wh=(208, 117), fps=12)
EDITS = (
    "background:the beach",
    "camera:orbit left 60 degrees around her",
    f"motion:woman={f'{sys.argv[2]},turn=90' if len(sys.argv) > 2 else 'dances'}",
    "actor:woman=a blue robot",
    "add-actor:a man in blue beside the dog",
)


def moments(shot: Shot) -> np.ndarray:
    """The first, the middle and the last frame of a shot's film, one below the other."""
    chosen = edit(shot, f"resample:{MOMENTS}").path
    return np.concatenate(list(np.asarray(render(chosen, layers=("rgb",), samples=2).rgb.values)))


columns = [moments(staged)]
for operation in EDITS:
    edited = edit(staged, operation, sources=edit_files())
    print(*edited.notes, edited.path.prompt, sep="\n  ")
    columns.append(moments(edited.path))
Image.fromarray(np.concatenate(columns, axis=1)).save(out / "edits.jpg", quality=88)
print("written to", out / "edits.jpg")
