"""Maps at the resolution of a film, put on the grid of its latents, and the channels that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinoeye.base.errors import InputError

if TYPE_CHECKING:
    from diffusers import WanTransformer3DModel


def unshuffled(maps: Float[Tensor, "b m f h w"], *, frames: int, side: int) -> Float[Tensor, "b c n y x"]:
    """Every value of a patch in a channel of its own (pixel unshuffle over space and time).

    Args:
        maps: of films.
        frames: of a patch.
        side: of a patch, in pixels.

    Raises:
        InputError: a film is no whole number of patches.

    Example:
        >>> unshuffled(torch.zeros(1, 2, 8, 16, 16), frames=4, side=4).shape
        torch.Size([1, 128, 2, 4, 4])
    """
    b, m, f, h, w = maps.shape
    if f % frames or h % side or w % side:
        raise InputError(
            f"maps of {f} frames and {w} x {h} pixels are no whole number of patches of {frames} frames and {side} "
            "pixels a side; crop or resize the film"
        )
    grid = maps.reshape(b, m, f // frames, frames, h // side, side, w // side, side)
    return grid.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(b, -1, f // frames, h // side, w // side)


def widen_inputs(model: WanTransformer3DModel, channels: int) -> None:
    """Give a stock `WanTransformer3DModel` further input channels that it pays no heed to until it is trained on them.

    With anything in the new channels, the model computes what it did before.

    Args:
        model: changed in place, its configuration too.
        channels: to add behind those that it has.
    """
    layer = model.patch_embedding
    unheeded = layer.weight.new_zeros(layer.out_channels, channels, *layer.kernel_size)
    layer.weight = nn.Parameter(torch.cat([layer.weight.detach(), unheeded], dim=1))
    layer.in_channels += channels
    model.register_to_config(in_channels=layer.in_channels)
