"""One frame of colour and depth, as a director looks at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.intrinsics import Intrinsics


@dataclass(frozen=True, kw_only=True)
class RGBD:
    """A picture, its depth, or both, with the lens when it is known.

    Raises:
        InputError: a shape is wrong, or the two differ in size.
    """

    image: NDArray[np.uint8] | None = None
    """[h, w, 3], RGB."""
    depth: NDArray[np.floating] | None = None
    """[h, w] along the line of sight's axis, in metres unless a model says otherwise; NaN is unknown, inf is sky."""
    intrinsics: Intrinsics | None = None

    def __post_init__(self) -> None:
        if self.image is not None and (self.image.ndim != 3 or self.image.shape[2] != 3):
            raise InputError(f"the picture has shape {list(self.image.shape)}; [height, width, 3] is needed")
        if self.depth is not None and self.depth.ndim != 2:
            raise InputError(f"the depth has shape {list(self.depth.shape)}; [height, width] is needed")
        if self.image is not None and self.depth is not None and self.image.shape[:2] != self.depth.shape:
            (h, w), (rows, columns) = self.image.shape[:2], self.depth.shape
            raise InputError(f"the depth is {columns}x{rows} but the picture {w}x{h}; give both in one size")
