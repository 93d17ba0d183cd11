"""The three stock VAEs of diffusers behind the codec interface, with the scales that their diffusion models expect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.codec.protocol import check_film, check_latents

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderKLCogVideoX, AutoencoderKLWan

_FRAMES_AT_ONCE = 8
"""Single images of a film that pass an image VAE together."""


class ImageVaeCodec:
    """A stock `AutoencoderKL` on each frame by itself, as AMG uses that of Stable Diffusion 2.1.

    Latents are multiplied by the VAE's `scaling_factor` (0.18215 there).

    Args:
        vae: the VAE.
    """

    def __init__(self, vae: AutoencoderKL) -> None:
        if vae.config["shift_factor"] is not None:
            raise InputError(
                "this image VAE shifts its latents; those of Stable Diffusion 1 and 2 are used, which do not"
            )
        self.vae = vae
        self.channels: int = vae.config["latent_channels"]
        self.spatial_stride = 2 ** (len(vae.config["block_out_channels"]) - 1)
        self.scale: float = vae.config["scaling_factor"]

    def frames_to_latents(self, frames: int) -> int:
        """As many as frames.

        Raises:
            InputError: there are none.
        """
        if frames < 1:
            raise InputError(f"a film of {frames} frames was given; at least one is needed")
        return frames

    def encode(
        self, frames_bfchw: Float[Tensor, "b f 3 h w"], *, generator: torch.Generator | None = None
    ) -> Float[Tensor, "b k f y x"]:
        """Latents of films: the posterior's mean, or a sample of it (as AMG stores) where a generator is given.

        Raises:
            InputError: the film has no frames, or its size does not divide.
        """
        check_film(frames_bfchw, stride=self.spatial_stride, what="the image VAE")
        self.frames_to_latents(frames_bfchw.shape[1])
        images = frames_bfchw.flatten(0, 1).split(_FRAMES_AT_ONCE)
        latents = torch.cat([_encoded(self.vae, part, generator) for part in images])
        return (latents * self.scale).unflatten(0, frames_bfchw.shape[:2]).transpose(1, 2)

    def decode(self, latents_bcfhw: Float[Tensor, "b k f y x"]) -> Float[Tensor, "b f 3 h w"]:
        """Films of latents.

        Raises:
            InputError: the latents have another number of channels.
        """
        check_latents(latents_bcfhw, channels=self.channels, what="the image VAE")
        frames = latents_bcfhw.transpose(1, 2)
        images = (frames.flatten(0, 1) / self.scale).split(_FRAMES_AT_ONCE)
        return torch.cat([_decoded(self.vae, part) for part in images]).unflatten(0, frames.shape[:2])


class _VideoVaeCodec(ABC):
    """What the stock video VAEs have in common; they differ in lengths and in the scale of latents."""

    what: str
    vae: Any
    channels: int
    spatial_stride: int

    def encode(
        self, frames_bfchw: Float[Tensor, "b f 3 h w"], *, generator: torch.Generator | None = None
    ) -> Float[Tensor, "b k n y x"]:
        """Latents of films: the posterior's mean, or a sample of it where a generator is given.

        Raises:
            InputError: the film's length or size does not divide.
        """
        check_film(frames_bfchw, stride=self.spatial_stride, what=self.what)
        self.frames_to_latents(frames_bfchw.shape[1])
        latents = _encoded(self.vae, frames_bfchw.transpose(1, 2), generator)
        mean, deviation = self._moments(latents)
        return (latents - mean) / deviation

    def decode(self, latents_bcfhw: Float[Tensor, "b k n y x"]) -> Float[Tensor, "b f 3 h w"]:
        """Films of latents.

        Raises:
            InputError: the latents have another number of channels.
        """
        check_latents(latents_bcfhw, channels=self.channels, what=self.what)
        mean, deviation = self._moments(latents_bcfhw)
        return _decoded(self.vae, latents_bcfhw * deviation + mean).transpose(1, 2)

    @abstractmethod
    def frames_to_latents(self, frames: int) -> int:
        """Latent frames of a film of so many frames."""

    @abstractmethod
    def _moments(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the VAE's own latents, for tensors of this kind."""


class CogVideoXCodec(_VideoVaeCodec):
    """A stock `AutoencoderKLCogVideoX`: 8 n frames to 2 n latent frames, 8 n + 1 to 2 n + 1.

    Latents are multiplied by the VAE's `scaling_factor` (1.15258426 for 2b, 0.7 for 5b), also where
    `invert_scale_latents` is set, which is of the images that begin a film and of nothing else.

    Args:
        vae: the VAE.
    """

    what = "CogVideoX's VAE"

    def __init__(self, vae: AutoencoderKLCogVideoX) -> None:
        self.vae = vae
        self.channels = vae.config["latent_channels"]
        self.spatial_stride = 2 ** (len(vae.config["block_out_channels"]) - 1)
        self.scale: float = vae.config["scaling_factor"]

    def frames_to_latents(self, frames: int) -> int:
        """Latent frames of a film of so many frames.

        Raises:
            InputError: a film of that length would come back longer or shorter.
        """
        if frames < 1 or frames % 8 > 1:
            raise InputError(
                f"a film of {frames} frames cannot pass CogVideoX's VAE; give 8 n or 8 n + 1, such as 16 or 49"
            )
        return frames // 4 + frames % 8

    def _moments(self, like: Tensor) -> tuple[Tensor, Tensor]:
        return like.new_tensor(0.0), like.new_tensor(1 / self.scale)


class WanCodec(_VideoVaeCodec):
    """A stock `AutoencoderKLWan`: the first frame by itself and 4 frames to each further latent frame.

    Each channel is brought to mean 0 and deviation 1 by the VAE's `latents_mean` and `latents_std`.

    Args:
        vae: the VAE.
    """

    what = "Wan's VAE"

    def __init__(self, vae: AutoencoderKLWan) -> None:
        self.vae = vae
        self.channels = vae.config["z_dim"]
        self.spatial_stride = vae.config["scale_factor_spatial"]

    def frames_to_latents(self, frames: int) -> int:
        """Latent frames of a film of so many frames.

        Raises:
            InputError: the VAE would leave frames out.
        """
        if frames < 1 or frames % 4 != 1:
            raise InputError(f"a film of {frames} frames cannot pass Wan's VAE whole; give 4 n + 1, such as 17 or 81")
        return 1 + frames // 4

    def _moments(self, like: Tensor) -> tuple[Tensor, Tensor]:
        mean, deviation = (
            like.new_tensor(self.vae.config[name]).reshape(1, -1, 1, 1, 1) for name in ("latents_mean", "latents_std")
        )
        return mean, deviation


def _encoded(vae: Any, pixels: Tensor, generator: torch.Generator | None) -> Tensor:
    posterior = vae.encode(pixels, return_dict=False)[0]
    return posterior.mode() if generator is None else posterior.sample(generator)


def _decoded(vae: Any, latents: Tensor) -> Tensor:
    return vae.decode(latents, return_dict=False)[0]
