"""First frames as the image encoders take them: 512x512 by cropping and padding, then 224x224."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import read_npy
from kinoeye.systems.gendop.tokens import IMAGE_SIDE

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def read_depth(path: Path, *, complete: bool = True) -> NDArray[np.float32]:
    """The [h, w] depth of an .npy file.

    Args:
        path: of the file.
        complete: as `check_depth` has it.

    Raises:
        InputError: the file is missing or damaged, or holds no depth of one picture.
    """
    if path.suffix != ".npy":
        raise InputError(f"{path} is no depth that is read; give a .npy file of one [height, width] array")
    return check_depth(read_npy(path), where=str(path), complete=complete)


def check_depth(
    depth: NDArray, *, size_wh: tuple[int, int] | None = None, where: str = "the depth", complete: bool = True
) -> NDArray[np.float32]:
    """Depth [h, w] that a model can take.

    Args:
        depth: one picture's.
        size_wh: of the image that it belongs to.
        where: what to call it in an error.
        complete: whether every value must be a finite number; else NaN is unknown and infinite the sky.

    Raises:
        InputError: it has another shape or size, or it should be complete and is not.
    """
    depth = np.asarray(depth)
    if depth.ndim == 3 and depth.shape[0] == 1:
        depth = depth[0]
    if depth.ndim != 2 or depth.dtype.kind not in "fiu" or depth.size == 0:
        raise InputError(
            f"{where} is an array {list(depth.shape)} of {depth.dtype}; numbers [height, width] are needed"
        )
    height, width = depth.shape
    if size_wh is not None and (width, height) != size_wh:
        raise InputError(
            f"{where} is {width}x{height} and its image {size_wh[0]}x{size_wh[1]}; give the depth of that image"
        )
    unknown = int((~np.isfinite(depth)).sum())
    if unknown and complete:
        raise InputError(
            f"{where} has {unknown} of {depth.size} values that are not numbers; fill them, with 0 for nothing there"
        )
    return depth.astype(np.float32)


def image_input(rgb: NDArray[np.uint8], *, side: int, crop: bool) -> Float[Tensor, "3 s s"]:
    """A picture [h, w, 3] as its encoder takes it, padded with black before CLIP's normalisation.

    Args:
        rgb: 8-bit.
        side: of what the encoder takes.
        crop: whether margins beyond 512 pixels are lost (`Quirks.unscaled_crop`) instead of scaled in.
    """
    import cv2

    square = to_square(rgb, interpolation=cv2.INTER_AREA, crop=crop).astype(np.float32) / 255
    mean, std = (np.array(values, np.float32) for values in (CLIP_MEAN, CLIP_STD))
    return _resized(torch.from_numpy((square - mean) / std).permute(2, 0, 1), side)


def depth_input(depth: NDArray[np.floating], *, side: int, crop: bool) -> Float[Tensor, "3 s s"]:
    """Depth [h, w] as its encoder takes it: raw, three times, padded with 0."""
    import cv2

    square = to_square(depth.astype(np.float32), interpolation=cv2.INTER_NEAREST, crop=crop)
    return _resized(torch.from_numpy(square)[None], side).expand(3, -1, -1).contiguous()


def to_square(values: NDArray, *, interpolation: int, crop: bool) -> NDArray:
    """An array [h, w, ...] in the middle of a 512x512 one, cropped or scaled to fit."""
    height, width = values.shape[:2]
    if not crop and max(height, width) != IMAGE_SIDE:
        import cv2

        factor = IMAGE_SIDE / max(height, width)
        size_wh = (max(1, round(width * factor)), max(1, round(height * factor)))
        values = cv2.resize(values, size_wh, interpolation=interpolation)
    for axis in (0, 1):
        first = max(0, (values.shape[axis] - IMAGE_SIDE) // 2)
        values = np.take(values, range(first, first + min(IMAGE_SIDE, values.shape[axis])), axis=axis)
    height, width = values.shape[:2]
    top, left = (IMAGE_SIDE - height) // 2, (IMAGE_SIDE - width) // 2
    square = np.zeros((IMAGE_SIDE, IMAGE_SIDE, *values.shape[2:]), values.dtype)
    square[top : top + height, left : left + width] = values
    return square


def _resized(channels: Float[Tensor, "c h w"], side: int) -> Float[Tensor, "c s s"]:
    return functional.interpolate(channels[None], (side, side), mode="bilinear", align_corners=False)[0]
