"""An orthonormal basis of space-time patches: the codec of films that are too small for a video VAE."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, to_json, write_record
from kinoeye.networks.codec.protocol import check_film, check_latents
from kinoeye.networks.tensor_files import open_tensors, write_tensors

CONFIG_FILE, WEIGHTS_FILE = "config.json", "codec.safetensors"
VERSION = 1
_ORTHONORMAL = 1e-4
"""How far products of basis vectors may be from 0 and 1 in a file; single precision keeps 1e-6."""
_ROUNDED = 1e-3
"""The same of a basis in 16 bits, which keep 2e-4."""


@dataclass(frozen=True, kw_only=True)
class PatchCodecConfig:
    """What a fitted basis is of.

    Args:
        frames: of a patch.
        side: of a patch, in pixels.
        channels: of a latent, at most the values of a patch.
        scale: what all channels are multiplied by, so that their mean square was 1 on the films of the fit.
    """

    frames: int = 4
    side: int = 4
    channels: int = 64
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.frames < 1 or self.side < 1 or not 1 <= self.channels <= self.values:
            raise InputError(
                f"{self.channels} channels of patches of {self.frames} frames and {self.side} pixels a side cannot be; "
                f"1 to {max(self.values, 1)} are allowed"
            )
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise InputError(f"a codec's scale is {self.scale}; it must be above 0")

    @property
    def values(self) -> int:
        """Numbers in a patch."""
        return 3 * self.frames * self.side**2


class PatchCodec(nn.Module):
    """Projection of each space-time patch to the principal directions of patches; decoding is the transpose.

    Nothing is subtracted and no channel is scaled by itself, so that both ways are linear, errors in latents are
    errors in pixels, and with all channels decoding undoes encoding. A latent frame is made of its own `frames` frames
    and no others (16 frames give 4 latent frames): no first frame stands alone, as causal video VAEs have it.

    Args:
        config: sizes and scale.
        basis: orthonormal rows; the values of a patch are ordered by frame, colour, row and column.

    Raises:
        InputError: the basis has another shape, or its rows are not orthonormal.

    Example:
        >>> codec = PatchCodec.fit([torch.rand(4, 3, 8, 8) * 2 - 1], channels=192)
        >>> codec.encode(torch.zeros(1, 16, 3, 64, 64)).shape
        torch.Size([1, 192, 4, 16, 16])
    """

    basis: Tensor

    def __init__(self, config: PatchCodecConfig, basis: Float[Tensor, "channels values"]) -> None:
        super().__init__()
        self.config = config
        if tuple(basis.shape) != (config.channels, config.values):
            raise InputError(
                f"a basis of shape {list(basis.shape)} was given; {config.channels} channels of {config.values} values "
                "are configured"
            )
        _require_orthonormal(basis, _ORTHONORMAL)
        self.register_buffer("basis", basis)

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.config.channels

    @property
    def spatial_stride(self) -> int:
        """Pixels a side of one latent."""
        return self.config.side

    @property
    def sha256(self) -> str:
        """Fingerprint of the configuration and the basis in single precision; what was trained on a codec stores it."""
        digest = hashlib.sha256(json.dumps(to_json(self.config), sort_keys=True).encode())
        digest.update(self.basis.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes())
        return digest.hexdigest()

    def frames_to_latents(self, frames: int) -> int:
        """Latent frames of a film of so many frames.

        Raises:
            InputError: the frames are no whole number of patches.
        """
        if frames < 1 or frames % self.config.frames:
            raise InputError(
                f"a film of {frames} frames does not divide into patches of {self.config.frames} frames; "
                f"give a multiple of {self.config.frames}"
            )
        return frames // self.config.frames

    def encode(self, frames_bfchw: Float[Tensor, "b f 3 h w"]) -> Float[Tensor, "b k n y x"]:
        """Latents of films from -1 to 1.

        Raises:
            InputError: the film's length or size is no whole number of patches.
        """
        check_film(frames_bfchw, stride=self.config.side, what="the patch codec")
        self.frames_to_latents(frames_bfchw.shape[1])
        patches = _patches(frames_bfchw, self.config)
        with torch.autocast(patches.device.type, enabled=False):  # rounding the basis would cost its orthonormality
            latents = patches @ (self.basis.to(patches.dtype).T * self.config.scale)
        return latents.permute(0, 4, 1, 2, 3)

    def decode(self, latents_bcfhw: Float[Tensor, "b k n y x"]) -> Float[Tensor, "b f 3 h w"]:
        """Films of latents: of all films with these latents the one of least energy.

        Raises:
            InputError: the latents have another number of channels.
        """
        check_latents(latents_bcfhw, channels=self.channels, what="the patch codec")
        latents = latents_bcfhw.permute(0, 2, 3, 4, 1)
        with torch.autocast(latents.device.type, enabled=False):
            patches = latents @ (self.basis.to(latents.dtype) / self.config.scale)
        b, n, y, x, _ = patches.shape
        frames, side = self.config.frames, self.config.side
        grid = patches.reshape(b, n, y, x, frames, 3, side, side).permute(0, 1, 4, 5, 2, 6, 3, 7)
        return grid.reshape(b, n * frames, 3, y * side, x * side)

    @classmethod
    def fit(
        cls, films: Iterable[Float[Tensor, "f 3 h w"]], *, frames: int = 4, side: int = 4, channels: int = 64
    ) -> PatchCodec:
        """The basis that loses least of some films in mean square, by principal component analysis about mid-grey.

        Args:
            films: each from -1 to 1; they are read once.
            frames: of a patch.
            side: of a patch, in pixels.
            channels: of a latent.

        Raises:
            InputError: there are no films, a size does not divide, or all of them are mid-grey.
        """
        config = PatchCodecConfig(frames=frames, side=side, channels=channels)
        moment = torch.zeros(config.values, config.values, dtype=torch.float64)
        count = 0
        for film in films:
            if film.shape[0] % frames:
                raise InputError(f"a film of {film.shape[0]} frames does not divide into patches of {frames} frames")
            check_film(film[None], stride=side, what="the fit of a patch codec")
            patches = _patches(film[None], config).reshape(-1, config.values).double().cpu()
            moment += patches.T @ patches
            count += len(patches)
        energies, vectors = torch.linalg.eigh(moment / max(count, 1))
        energy = float(energies[-channels:].mean())
        if not energy > 0:
            raise InputError("a patch codec cannot be fitted on no films, or on films that are all mid-grey")
        basis = vectors.T.flip(0)[:channels]
        largest = basis.gather(1, basis.abs().argmax(dim=1, keepdim=True))  # a direction has two signs: fix one
        config = PatchCodecConfig(frames=frames, side=side, channels=channels, scale=energy**-0.5)
        return cls(config, (basis * largest.sign()).float())

    @classmethod
    def of_rounded(cls, config: PatchCodecConfig, basis: Float[Tensor, "channels values"]) -> PatchCodec:
        """The codec of a basis that was stored in 16 bits: of all orthonormal ones the nearest.

        Raises:
            InputError: the basis has another shape, or its rows are farther from orthonormal than rounding makes them.
        """
        _require_orthonormal(basis, _ROUNDED)
        left, _, right = torch.linalg.svd(basis.double(), full_matrices=False)
        return cls(config, (left @ right).float())

    def save(self, folder: Path | str) -> None:
        """Write the basis in single precision, its configuration and its fingerprint, each whole or not at all.

        Raises:
            InputError: the folder cannot be written.
        """
        folder = Path(folder)
        write_tensors(folder / WEIGHTS_FILE, {"basis": self.basis.detach().cpu().float().contiguous()})
        write_json(folder / CONFIG_FILE, {**write_record(self.config, version=VERSION), "sha256": self.sha256})

    @classmethod
    def load(cls, folder: Path | str, *, sha256: str | None = None) -> PatchCodec:
        """The codec that `save` wrote to a folder.

        Args:
            folder: what was written to.
            sha256: fingerprint of the codec that is needed; None for any.

        Raises:
            InputError: a file is missing or damaged, or it is another codec than the one needed.
        """
        where = Path(folder) / CONFIG_FILE
        data = read_json(where)
        written = data.pop("sha256", None) if isinstance(data, dict) else None
        config = read_record(PatchCodecConfig, data, version=VERSION, where=str(where))
        codec = cls(config, open_tensors(Path(folder) / WEIGHTS_FILE)["basis"])
        if codec.sha256 != written:
            raise InputError(f"{folder} is not the codec that its {CONFIG_FILE} is of; a file was changed or damaged")
        if sha256 not in (None, written):
            raise InputError(
                f"{folder} is the codec {codec.sha256[:12]}; {str(sha256)[:12]} is needed: give what was trained on"
            )
        return codec


def _require_orthonormal(basis: Float[Tensor, "channels values"], bound: float) -> None:
    rows = basis.double()
    error = float((rows @ rows.T - torch.eye(len(rows), dtype=rows.dtype, device=rows.device)).abs().max())
    if not error < bound:
        raise InputError(f"the rows of a patch basis are {error:.2g} from orthonormal; is the file damaged?")


def _patches(frames_bfchw: Float[Tensor, "b f 3 h w"], config: PatchCodecConfig) -> Float[Tensor, "b n y x values"]:
    b, f, _, h, w = frames_bfchw.shape
    frames, side = config.frames, config.side
    grid = frames_bfchw.reshape(b, f // frames, frames, 3, h // side, side, w // side, side)
    return grid.permute(0, 1, 4, 6, 2, 3, 5, 7).reshape(b, f // frames, h // side, w // side, config.values)
