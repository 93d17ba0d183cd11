"""Pictures of rendered avatars in the square that the released network was trained on."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError

FILM_ROWS = 500
"""Of a picture of 720 rows, those that upstream's film fills between its black bars."""


def fitted(
    picture: NDArray[np.uint8], size_wh: tuple[int, int] = (256, 256), *, rows: int | None = FILM_ROWS
) -> UInt8[np.ndarray, "h w 3"]:
    """A picture [h, w, 3] as upstream's applications take it: its central rows, scaled by areas, its centre.

    Args:
        picture: sRGB.
        size_wh: of the result; the picture covers it.
        rows: how many central rows of the picture count; None is all of them.

    Example:
        >>> fitted(np.zeros((720, 1280, 3), np.uint8)).shape
        (256, 256, 3)

    Raises:
        InputError: the picture is no RGB of 8 bits, or smaller than the result.
    """
    from PIL import Image

    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(
            f"a picture of {picture.dtype} {list(picture.shape)} was given; 8-bit [height, width, 3] is needed"
        )
    if rows is not None and picture.shape[0] > rows:
        top = (picture.shape[0] - rows) // 2
        picture = picture[top : top + rows]
    height, width = picture.shape[:2]
    if width < size_wh[0] or height < size_wh[1]:
        raise InputError(
            f"a picture of {width} x {height} pixels was given; {size_wh[0]} x {size_wh[1]} are filmed: render it "
            "larger"
        )
    scale = min(width / size_wh[0], height / size_wh[1])
    scaled_wh = round(width // scale), round(height // scale)
    scaled = np.asarray(Image.fromarray(picture).resize(scaled_wh, Image.Resampling.BOX))
    left, top = ((scaled_wh[axis] - size_wh[axis]) // 2 for axis in (0, 1))
    return np.ascontiguousarray(scaled[top : top + size_wh[1], left : left + size_wh[0]])
