"""What every codec of films does, and how it refuses a film that it cannot hold."""

from __future__ import annotations

from typing import Protocol

from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError


class Codec(Protocol):
    """Films to latents, which diffusion models make, and back.

    Frames are RGB from -1 to 1, on the device and in the floating type of the codec's weights.
    """

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        ...

    @property
    def spatial_stride(self) -> int:
        """Pixels a side of one latent."""
        ...

    def frames_to_latents(self, frames: int) -> int:
        """Latent frames of a film of so many frames.

        Raises:
            InputError: a film of that length has no latents.
        """
        ...

    def encode(self, frames_bfchw: Float[Tensor, "b f 3 h w"]) -> Float[Tensor, "b k n y x"]:
        """Latents, scaled as diffusion models take them.

        Raises:
            InputError: the film's length or size does not divide.
        """
        ...

    def decode(self, latents_bcfhw: Float[Tensor, "b k n y x"]) -> Float[Tensor, "b f 3 h w"]:
        """The film of latents; values may lie slightly outside of -1 to 1."""
        ...


def check_latents(latents_bcfhw: Tensor, *, channels: int, what: str) -> None:
    """Hold that a tensor is a batch of latents of so many channels.

    Args:
        latents_bcfhw: the latents.
        channels: of the codec.
        what: the codec's name in the message.

    Raises:
        InputError: it is not.
    """
    if latents_bcfhw.ndim != 5 or latents_bcfhw.shape[1] != channels:
        raise InputError(
            f"{what} was given latents of shape {list(latents_bcfhw.shape)}; it takes "
            f"[batch, {channels}, frames, height, width]"
        )


def check_film(frames_bfchw: Tensor, *, stride: int, what: str) -> None:
    """Hold that a tensor is a batch of RGB films in floating point whose sides are whole numbers of latents.

    Args:
        frames_bfchw: the films.
        stride: pixels a side of one latent.
        what: the codec's name in the message.

    Raises:
        InputError: it is not.
    """
    shape = tuple(frames_bfchw.shape)
    if len(shape) != 5 or shape[2] != 3 or not frames_bfchw.is_floating_point():
        raise InputError(
            f"{what} was given {frames_bfchw.dtype} of shape {list(shape)}; it takes floating RGB from -1 to 1 as "
            "[batch, frames, 3, height, width]"
        )
    if shape[3] % stride or shape[4] % stride or not (shape[3] and shape[4]):
        raise InputError(
            f"{what} was given frames of {shape[4]} x {shape[3]} pixels; both sides must be multiples of {stride}: "
            "crop or resize them"
        )
