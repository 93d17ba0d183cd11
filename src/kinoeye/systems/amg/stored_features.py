"""Latents and text features that upstream stores in torch files, one a frame and one a clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.tensor_files import read_torch
from kinoeye.systems.amg.autoencoder import LATENT_SCALE

MAX_BYTES = 16 * 1024**2
"""Of one file; those of the released code have 17 kB (a frame) and 317 kB (a caption)."""
LATENT_STD, FILM_STD = 1.5, 1.15
"""Standard deviation of the latents of renderings and of films that the released code comes with."""
_LEAST_STD, _MOST_STD = 0.4, 4.0
"""Between the deviation of scaled latents and that of ones scaled never or twice, a factor of 5.5 away."""


def read_latents(files: Sequence[Path]) -> Float[Tensor, "c f h w"]:
    """Latents of a clip from one file a frame, each [1, 1, c, h, w] and scaled.

    Raises:
        InputError: a file is missing, damaged or of another shape, or the latents have another scale than AMG's.
    """
    frames: list[Tensor] = []
    for file in files:
        value = _tensor(file)
        if value.ndim != 5 or value.shape[:2] != (1, 1):
            raise InputError(f"{file} holds {list(value.shape)}; one frame's latents [1, 1, 4, 32, 32] are needed")
        if frames and value[0, 0].shape != frames[0].shape:
            raise InputError(
                f"{file} holds latents {list(value.shape[2:])}, but {files[0].name} {list(frames[0].shape)}; the "
                "frames of a clip have one shape"
            )
        frames.append(value[0, 0])
    latents = torch.stack(frames, dim=1)
    check_scale(latents, where=str(files[0].parent))
    return latents


def read_features(file: Path) -> Float[Tensor, "1 n d"]:
    """Text features of one caption.

    Raises:
        InputError: the file is missing, damaged or of another shape.
    """
    value = _tensor(file)
    if value.ndim != 3 or value.shape[0] != 1:
        raise InputError(f"{file} holds {list(value.shape)}; text features [1, 77, 1024] of one caption are needed")
    return value


def check_scale(latents: Tensor, *, where: str) -> None:
    """Hold that latents are scaled as AMG's are.

    Raises:
        InputError: they are not, as far as their deviation tells, or are no numbers.
    """
    if not bool(latents.isfinite().all()):
        raise InputError(f"the latents of {where} are not all numbers; encode its frames again")
    deviation = float(latents.std())
    if _LEAST_STD <= deviation <= _MOST_STD:
        return
    advice = f"multiply them by {LATENT_SCALE}" if deviation > _MOST_STD else f"divide them by {LATENT_SCALE}"
    times = deviation * LATENT_SCALE if deviation > _MOST_STD else deviation / LATENT_SCALE
    fits = _LEAST_STD <= times <= _MOST_STD
    raise InputError(
        f"the latents of {where} have a standard deviation of {deviation:.2g}; those of AMG have about {LATENT_STD} "
        f"(renderings) or {FILM_STD} (films): {advice if fits else 'encode its frames with the image autoencoder'}"
    )


def _tensor(file: Path) -> Tensor:
    value = read_torch(file, max_bytes=MAX_BYTES)
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise InputError(f"{file} holds no tensor of numbers but {type(value).__name__}; upstream stores one a file")
    if value.numel() * 4 > MAX_BYTES:  # a few bytes that stand for many numbers
        raise InputError(f"{file} holds {value.numel():,} numbers; at most {MAX_BYTES // 4:,} are read")
    return value.float()
