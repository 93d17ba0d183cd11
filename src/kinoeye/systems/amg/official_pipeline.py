"""The released AMG weights as users call them: an avatar's rendering and a caption become a film."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.progress import progress_bar
from kinoeye.networks import open_tensors
from kinoeye.networks.codec import ImageVaeCodec
from kinoeye.networks.devices import chosen_device
from kinoeye.networks.windows import overlapping_windows
from kinoeye.systems.amg.autoencoder import load_autoencoder
from kinoeye.systems.amg.checkpoint import folder_config, load_model
from kinoeye.systems.amg.config import AMGConfig
from kinoeye.systems.amg.model import AMG
from kinoeye.systems.amg.quirks import Quirks
from kinoeye.systems.amg.sampling import GUIDANCE, STEPS, jumps, sample_steps
from kinoeye.systems.amg.stored_features import check_scale
from kinoeye.systems.amg.text_encoder import TextEncoder, encoder_width

WINDOW, OVERLAP = 16, 8
"""Frames that the network was trained on, and of those how many two windows of a longer film share."""


@dataclass(frozen=True, kw_only=True)
class OfficialAMGPipeline:
    """The network of the released checkpoint with the image autoencoder and the text encoder that it works with."""

    model: AMG
    codec: ImageVaeCodec
    text_encoder: TextEncoder | None = None
    """None where captions are always given as features."""
    autocast: torch.dtype | None = None
    """What the network computes in beside its weights' own type, as the released code does with float16 on a GPU."""

    @classmethod
    def from_pretrained(
        cls,
        checkpoint: Path | str,
        *,
        autoencoder: Path | str,
        text_encoder: Path | str | None,
        device: str = "auto",
        dtype: torch.dtype | None = None,
        autocast: torch.dtype | None = None,
        quirks: Quirks | None = None,
    ) -> Self:
        """Load local files; nothing is downloaded, and everything is looked at before anything heavy is read.

        Args:
            checkpoint: `non_ema_0640000.pth`, or the folder that `kinoeye weights import` made of it.
            autoencoder: the checkpoint of Stable Diffusion 2.1, or of its autoencoder alone.
            text_encoder: as `TextEncoder.from_pretrained`; None where captions are always given as features.
            device: "auto", "cpu", "cuda", "cuda:1", "mps".
            dtype: of the weights; None is float32.
            autocast: as of the class.
            quirks: of the released code; None keeps those that a folder was saved with, and all of them for a released
                checkpoint.

        Raises:
            InputError: a file or the device is missing, or a file is another model's.
        """
        where = chosen_device(device)
        config = folder_config(checkpoint, quirks)
        if text_encoder is not None:
            check_width(encoder_width(text_encoder), config, where=str(text_encoder))
        images = open_tensors(autoencoder)
        channels = ImageVaeCodec(load_autoencoder(images, device="meta")[0]).channels
        if channels != config.latent_channels:
            raise InputError(
                f"{autoencoder} has latents of {channels} channels; {checkpoint} works with {config.latent_channels}: "
                "give the autoencoder of Stable Diffusion 2.1"
            )
        words = None
        if text_encoder is not None:
            whole = not config.quirks.truncated_captions
            words = TextEncoder.from_pretrained(text_encoder, whole_captions=whole, device=where)
            check_width(words.clip.width, config, where=str(text_encoder))
        codec = ImageVaeCodec(load_autoencoder(images, device=where, dtype=dtype)[0])
        model, _ = load_model(open_tensors(checkpoint), config, device=where, dtype=dtype)
        return cls(model=model, codec=codec, text_encoder=words, autocast=autocast)

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.model.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return next(self.model.parameters()).dtype

    def __call__(
        self,
        avatar: UInt8[np.ndarray, "f h w 3"] | Float[Tensor, "c f y x"],
        caption: str | Float[Tensor, "1 n d"],
        *,
        seed: int,
        empty: Float[Tensor, "1 n d"] | None = None,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        avatar_guidance: float = 1.0,
        overlap: int = OVERLAP,
        label: str = "filming",
    ) -> UInt8[np.ndarray, "f h w 3"]:
        """A film of the avatar in what the caption says; the same seed makes the same bytes.

        Args:
            avatar: its rendering on black, as pictures or as latents; 16 frames as in training, or any number, which
                are then seen in windows of 16.
            caption: in words, or its features.
            seed: of all chance.
            empty: features of the empty caption; None encodes it.
            steps: of the sampler.
            guidance: how far predictions go beyond the empty caption's; 1 is not at all.
            avatar_guidance: how far they go beyond those without avatars, in a model that was also trained without;
                1 is not at all.
            overlap: frames that two windows share.
            label: of the bar that shows progress.

        Raises:
            InputError: a condition has another shape or scale, a number is out of range, or words are given without a
                text encoder.
        """
        generator = generator_of(seed)
        latents = self.film_latents(
            avatar, caption, generator=generator, empty=empty, steps=steps, guidance=guidance,
            avatar_guidance=avatar_guidance, overlap=overlap, label=label,
        )  # fmt: skip
        return self.decode(latents)

    @torch.no_grad()
    def film_latents(
        self,
        avatar: UInt8[np.ndarray, "f h w 3"] | Float[Tensor, "c f y x"],
        caption: str | Float[Tensor, "1 n d"],
        *,
        generator: torch.Generator,
        empty: Float[Tensor, "1 n d"] | None = None,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        avatar_guidance: float = 1.0,
        overlap: int = OVERLAP,
        label: str = "filming",
    ) -> Float[Tensor, "c f y x"]:
        """Latents of a film, as calling makes them before they are decoded.

        Raises:
            InputError: as calling does.
        """
        shape = self._latent_shape(avatar)
        windows = overlapping_windows(shape[1], length=WINDOW, overlap=overlap)
        taken = len(jumps(steps, self.model.config.quirks))
        text, untold = self.features(caption), self.features("" if empty is None else empty)
        # Drawn on the CPU and before anything else, so that a film's noise depends on neither device nor condition.
        noise = torch.randn(shape, generator=generator)[None].to(self.device)
        shown = avatar if isinstance(avatar, Tensor) else self.encode(avatar, generator=generator)
        shown = shown[None].to(self.device, self.dtype)
        chain = sample_steps(
            self.model, noise, shown, text, untold, steps=steps, guidance=guidance,
            avatar_guidance=avatar_guidance, windows=windows if len(windows) > 1 else None,
        )  # fmt: skip
        value = noise
        computed = nullcontext() if self.autocast is None else torch.autocast(self.device.type, self.autocast)
        with progress_bar(label, taken) as advance, computed:
            for step in chain:
                value = step.value
                advance(label)
        return value[0]

    def features(self, caption: str | Float[Tensor, "1 n d"]) -> Float[Tensor, "1 n d"]:
        """Features of a caption in the type of the weights.

        Raises:
            InputError: words are given without a text encoder, or features of another width.
        """
        if isinstance(caption, str):
            if self.text_encoder is None:
                raise InputError("captions in words need a text encoder; load the pipeline with text_encoder=FOLDER")
            caption = self.text_encoder(caption)
        if caption.ndim != 3 or len(caption) != 1:
            raise InputError(f"features of a caption are {list(caption.shape)}; [1, 77, 1024] are needed")
        check_width(caption.shape[2], self.model.config, where="the features of a caption")
        return caption.to(self.device, self.dtype)

    @torch.no_grad()
    def encode(self, frames: UInt8[np.ndarray, "f h w 3"], *, generator: torch.Generator) -> Float[Tensor, "c f y x"]:
        """Latents of pictures: the posterior's mean, or drawn from it (`Quirks.sampled_latents`).

        Raises:
            InputError: they are no pictures, or their sides are no multiples of 8.
        """
        self._latent_shape(frames)
        pixels = torch.from_numpy(np.ascontiguousarray(frames)).to(self.device).permute(0, 3, 1, 2)[None]
        drawn = generator if self.model.config.quirks.sampled_latents else None
        return self.codec.encode(pixels.to(self.dtype) / 127.5 - 1, generator=drawn)[0]

    @torch.no_grad()
    def decode(self, latents: Float[Tensor, "c f y x"]) -> UInt8[np.ndarray, "f h w 3"]:
        """Pictures of latents.

        Raises:
            InputError: the latents have another number of channels.
        """
        film = self.codec.decode(latents[None].to(self.device, self.dtype))[0].float()
        return (film * 127.5 + 127.5).clamp(0, 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()

    def _latent_shape(self, avatar: NDArray[np.uint8] | Tensor) -> tuple[int, int, int, int]:
        channels, stride = self.codec.channels, self.codec.spatial_stride
        if isinstance(avatar, Tensor):
            if avatar.ndim != 4 or avatar.shape[0] != channels or 0 in avatar.shape:
                raise InputError(
                    f"the avatar's latents are {list(avatar.shape)}; [{channels}, frames, height, width] are needed"
                )
            if not avatar.is_meta:
                check_scale(avatar, where="the avatar")
            c, f, y, x = avatar.shape
            return c, f, y, x
        if avatar.dtype != np.uint8 or avatar.ndim != 4 or avatar.shape[3] != 3 or 0 in avatar.shape:
            raise InputError(
                f"the avatar's rendering is {avatar.dtype} {list(avatar.shape)}; 8-bit pictures "
                "[frames, height, width, 3] are needed"
            )
        if avatar.shape[1] % stride or avatar.shape[2] % stride:
            raise InputError(
                f"the avatar's rendering has {avatar.shape[2]} x {avatar.shape[1]} pixels; both sides must be "
                f"multiples of {stride}: crop it, as `renderings.fitted` does"
            )
        return channels, len(avatar), avatar.shape[1] // stride, avatar.shape[2] // stride


def generator_of(seed: int) -> torch.Generator:
    """Chance on the CPU.

    Raises:
        InputError: the seed is out of range.
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"the seed is {seed}; whole numbers from 0 to 2^63 - 1 are allowed")
    return torch.Generator().manual_seed(seed)


def check_width(found: int | None, config: AMGConfig, *, where: str) -> None:
    """Hold that text features have the width that a model reads.

    Raises:
        InputError: they have not.
    """
    if found not in (None, config.text_dim):
        raise InputError(
            f"{where} has text features of width {found}; this model reads {config.text_dim}: the released one goes "
            "with the text encoder of Stable Diffusion 2.x"
        )
