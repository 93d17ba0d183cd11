"""Films longer than a network sees at once: windows that overlap, and one prediction of what each of them predicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from kinoeye.base.errors import InputError


def overlapping_windows(frames: int, *, length: int, overlap: int) -> list[slice]:
    """Windows of a film of any length, each beginning `overlap` frames before the end of the one before.

    The last window ends with the film, so that it may overlap more; a film that fits into one window has one.

    Example:
        >>> [(window.start, window.stop) for window in overlapping_windows(30, length=16, overlap=8)]
        [(0, 16), (8, 24), (14, 30)]

    Raises:
        InputError: the film has no frames, or windows do not advance.
    """
    if frames < 1 or not 0 <= overlap < length:
        raise InputError(
            f"{frames} frames in windows of {length} that overlap by {overlap} cannot be; give at least one frame and "
            "an overlap below the length"
        )
    last = max(0, frames - length)
    starts = [*range(0, last, length - overlap), last]
    return [slice(start, min(start + length, frames)) for start in starts]


def averaged(predict: Callable[[Tensor, slice], Tensor], latents: Tensor, windows: Sequence[slice]) -> Tensor:
    """What windows of latents [b, c, f, ...] are predicted to be, averaged where they overlap.

    MultiDiffusion (Bar-Tal et al. 2023, arXiv 2302.08113, equation 3), over time as Wang et al. 2023
    (arXiv 2305.18264).

    Args:
        predict: from the latents of a window, and where it is, to a prediction of the same shape.
        latents: of the whole film.
        windows: of frames, which cover it.
    """
    if len(windows) == 1:
        return predict(latents, windows[0])
    total, times = torch.zeros_like(latents), latents.new_zeros(latents.shape[2], *[1] * (latents.ndim - 3))
    for frames in windows:
        total[:, :, frames] += predict(latents[:, :, frames], frames)
        times[frames] += 1
    return total / times
