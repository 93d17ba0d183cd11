"""Motion labels of E.T. (The Exceptional Trajectories): a class a transition, from files, as our own tags.

E.T. numbers 27 classes by 9 d(x) + 3 d(y) + d(z) with d 0 for still, 1 for + and 2 for -, as our tags do, but in
OpenCV axes: +y is down ("boom bottom") and +z forward ("push in"), so that the digits of y and z are exchanged; it
has no rotations (src/processing/segmentation.py of github.com/robincourant/the-exceptional-trajectories, arXiv
2407.01516). cam_segments are a camera's motion in its own axes, char_segments a figure's; the files look alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import read_npy
from kinoeye.formats.paths.file_head import file_head
from kinoeye.language.tags import Tags

CLASSES = 27
_OTHER_SIGN = np.array([0, 2, 1])


def are_segments(path: Path | str) -> bool:
    """Whether a file is a row of whole numbers, which no camera path is."""
    if not Path(path).is_file():
        return False
    head = file_head(Path(path))
    return head.array is not None and head.array[0] in "iu" and len(head.array[1]) == 1


def read_segments(path: Path | str) -> Tags:
    """The motion tags of an E.T. label file, in the classes of `kinoeye.language.tags`.

    Args:
        path: cam_segments/NAME.npy or char_segments/NAME.npy.

    Returns:
        [n] int64, one a transition between frames, without rotations.

    Raises:
        InputError: the file is missing or damaged, or holds something else than classes 0 to 26.

    Example:
        >>> read_segments("cam_segments/2011_x.npy")  # doctest: +SKIP
        array([140, 140, 140])
    """
    labels = read_npy(Path(path))
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not len(labels):
        raise InputError(f"{path} is not a row of whole numbers, as E.T.'s motion labels are")
    if not 0 <= labels.min() <= labels.max() < CLASSES:
        raise InputError(f"{path} has labels {labels.min()} to {labels.max()}; E.T.'s classes are 0 to {CLASSES - 1}")
    x, y, z = labels // 9, labels // 3 % 3, labels % 3
    return (7 * (9 * x + 3 * _OTHER_SIGN[y] + _OTHER_SIGN[z])).astype(np.int64)
