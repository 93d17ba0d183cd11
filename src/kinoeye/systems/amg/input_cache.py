"""Latents of pictures and features of captions, each computed once and kept under what it was computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file
from kinoeye.base.progress import note, quiet, track
from kinoeye.networks import open_tensors, write_tensors
from kinoeye.networks.codec import ImageVaeCodec
from kinoeye.networks.seeding import seeded
from kinoeye.systems.amg.autoencoder import load_autoencoder
from kinoeye.systems.amg.stored_features import read_features, read_latents
from kinoeye.systems.amg.text_encoder import TextEncoder, encoder_place
from kinoeye.systems.amg.training_clips import Cropping, FrameFile

_VALUE = "value"
_DIGITS = 16


class LatentCache:
    """Latents of frames: `.pth` files of the released code as they are, pictures through an autoencoder.

    Args:
        folder: where latents are kept, one file a frame.
        autoencoder: its checkpoint; None where there are latents alone.
        cropping: of pictures.
        drawn: whether latents are drawn from the posterior (once, as in the released training) instead of its mean.
    """

    def __init__(self, folder: Path, autoencoder: Path | None, *, cropping: Cropping, drawn: bool) -> None:
        self._folder = folder
        self._autoencoder = autoencoder
        self._cropping = cropping
        self._drawn = drawn
        self._keys: dict[FrameFile, str] = {}

    def fill(self, frames: Sequence[FrameFile], device: torch.device) -> None:
        """Encode what is not there yet; a run that was stopped goes on where it was.

        Raises:
            InputError: a picture is damaged, or there is no autoencoder.
        """
        missing = [frame for frame in frames if not frame.is_latent and not self.file(frame).is_file()]
        if not missing:
            return
        codec = ImageVaeCodec(load_autoencoder(open_tensors(self.autoencoder), device=device)[0])
        for frame in track(missing, "encoding pictures"):
            write_tensors(self.file(frame), {_VALUE: self._encoded(codec, frame, device)})

    def read(self, frames: Sequence[FrameFile]) -> Float[Tensor, "c f h w"]:
        """Latents of a clip.

        Raises:
            InputError: a file is missing, damaged, or of another shape or scale.
        """
        if frames[0].is_latent:
            return read_latents([frame.path for frame in frames])
        return torch.cat([open_tensors(self.file(frame))[_VALUE] for frame in frames], dim=1)

    def file(self, frame: FrameFile) -> Path:
        """Where the latents of a picture are kept."""
        if frame not in self._keys:
            self._keys[frame] = self._cropping.key(frame)
        key = self._keys[frame]
        kind = "drawn" if self._drawn else "means"
        return self._folder / f"{kind}-{self._digest}" / key[:2] / f"{key}.safetensors"

    @property
    def autoencoder(self) -> Path:
        """Its checkpoint.

        Raises:
            InputError: none was given.
        """
        if self._autoencoder is None:
            raise InputError("pictures need the image autoencoder; give --autoencoder FILE, or latents instead")
        return self._autoencoder

    @cached_property
    def _digest(self) -> str:
        return sha256_of_file(self.autoencoder)[:_DIGITS]

    @torch.no_grad()
    def _encoded(self, codec: ImageVaeCodec, frame: FrameFile, device: torch.device) -> Float[Tensor, "c f h w"]:
        pixels = torch.from_numpy(self._cropping(frame)).to(device).permute(0, 3, 1, 2)[None].float() / 127.5 - 1
        with seeded(int(self._keys[frame][:15], 16), device) as generator:
            latents = codec.encode(pixels, generator=generator if self._drawn else None)[0]
        return latents.cpu().contiguous()


class CaptionCache:
    """Features of captions: files of the released code as they are, words through a text encoder.

    Args:
        folder: where features are kept, one file a caption.
        text_encoder: as `TextEncoder.from_pretrained`; None where there are features alone.
        empty: features of the empty caption; None has them from the text encoder.
    """

    def __init__(self, folder: Path, text_encoder: Path | None, empty: Path | None) -> None:
        self._folder = folder
        self._text_encoder = text_encoder
        self._empty = empty

    def fill(self, captions: Sequence[str | Path], device: torch.device) -> None:
        """Read what is not there yet; of captions that are too long the beginning counts, as in the released training.

        Raises:
            InputError: there is no text encoder, or it is damaged.
        """
        words = {caption for caption in captions if isinstance(caption, str)} | ({""} if self._empty is None else set())
        missing = sorted(text for text in words if not self._file(text).is_file())
        if not missing:
            return
        encoder = TextEncoder.from_pretrained(self.text_encoder, device=device)
        long = sum(len(ids) > encoder.clip.length for ids in encoder.clip.ids(missing))
        if long:
            note(f"{long} captions have more than {encoder.clip.length} tokens; their ends are not read")
        for text in track(missing, "reading captions"):
            with quiet():
                features = encoder(text)
            write_tensors(self._file(text), {_VALUE: features.cpu().contiguous()})

    def read(self, caption: str | Path) -> Float[Tensor, "1 n d"]:
        """Features of a caption; "" is the empty one.

        Raises:
            InputError: the file is missing, damaged or of another shape.
        """
        if caption == "" and self._empty is not None:
            caption = self._empty
        if isinstance(caption, Path):
            return read_features(caption)
        return open_tensors(self._file(caption))[_VALUE]

    def _file(self, text: str) -> Path:
        key = hashlib.sha256(text.encode()).hexdigest()
        return self._folder / f"captions-{self._digest}" / key[:2] / f"{key}.safetensors"

    @property
    def text_encoder(self) -> Path:
        """As `TextEncoder.from_pretrained` takes it.

        Raises:
            InputError: none was given.
        """
        if self._text_encoder is None:
            raise InputError("captions in words need a text encoder; give --text-encoder DIR, or features instead")
        return self._text_encoder

    @cached_property
    def _digest(self) -> str:
        place = encoder_place(self.text_encoder)
        files = [place] if place.is_file() else sorted(file for file in place.iterdir() if file.is_file())
        told = "/".join(f"{file.name}:{sha256_of_file(file)}" for file in files)
        return hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]
