"""The small film model as users call it: avatars on black, their camera and a caption become a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jaxtyping import UInt8
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.footage.film_pipeline import Requirements
from kinoeye.footage.take import Layer, Take
from kinoeye.geometry.track import Trajectory
from kinoeye.networks.devices import chosen_device
from kinoeye.networks.windows import overlapping_windows
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.conditions import AvatarFilms
from kinoeye.systems.amg.film_checkpoint import load
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.film_sampling import STEPS, Guidance, decoded, sampled_latents
from kinoeye.systems.amg.place_reader import MAX_WORDS
from kinoeye.weights import resolve

GUIDE_LAYERS = ("rgb", "alpha", "depth", "instance")
OVERLAP = 8
"""Frames that two windows share."""
SOURCE = "generated:amg"


@dataclass(frozen=True, kw_only=True)
class AMGPipeline:
    """The small film model.

    Example:
        >>> AMGPipeline.from_pretrained("tiny")(shot, guide=guide, seed=0).rgb.values.shape  # doctest: +SKIP
        (16, 128, 128, 3)
    """

    model: AvatarFilm
    computed: torch.dtype = torch.bfloat16
    """What the transformer computes in; weights are in single precision."""

    @classmethod
    def from_pretrained(
        cls, name_or_dir: Path | str = "tiny", *, device: str = "auto", dtype: torch.dtype | None = None
    ) -> Self:
        """Load the model that ships, or one that `kinoeye train amg` made.

        Args:
            name_or_dir: "tiny" or a folder.
            device: "auto", "cpu", "cuda", "cuda:1", "mps".
            dtype: that the transformer computes in; None is bfloat16.

        Raises:
            InputError: there is no such model or device, or a file is damaged.
        """
        where = chosen_device(device)
        model = load(resolve(name_or_dir, system="amg").path).to(where)
        return cls(model=model, computed=torch.bfloat16 if dtype is None else dtype)

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.model.text.weight.device

    def requirements(self, shot: Shot) -> Requirements:
        """What a film of any shot needs."""
        del shot
        return Requirements(
            size_wh=self.model.config.size_wh, side_multiple=2 * self.model.codec.spatial_stride, fps=FPS,
            window=FRAMES, max_words=MAX_WORDS, guide_layers=GUIDE_LAYERS,
        )  # fmt: skip

    def places(self, caption: str) -> Mapping[str, float]:
        """The places that a caption is read as, and the share of each, the largest first.

        Example:
            >>> pipeline.places("She waves on the beach.")  # doctest: +SKIP
            {'beach': 0.99, 'desert': 0.003, ...}
        """
        with torch.no_grad():
            shares = self.model.read([caption])[0].tolist()
        return dict(sorted(zip(self.model.config.places, shares, strict=True), key=lambda found: -found[1]))

    def __call__(
        self,
        shot: Shot,
        *,
        guide: Take | None = None,
        seed: int,
        steps: int = STEPS,
        avatar_scale: float = 1.0,
        caption_scale: float = 1.0,
    ) -> Take:
        """The film of a shot's actors in the place that its prompt names; the same seed makes the same film.

        Args:
            shot: its prompt is the caption.
            guide: the shot's actors on black with alpha, depth and instances, and the camera that they were rendered
                by.
            seed: of the noise.
            steps: of the sampler.
            avatar_scale: how far to go towards the avatars.
            caption_scale: how far to go towards the caption.

        Raises:
            InputError: there is no guide, a layer or the camera is missing, its size does not divide, the shot has no
                prompt, or an option is out of range.
        """
        if guide is None:
            raise InputError("AMG films renderings of actors; give guide=, such as render.guides.avatar_take(shot)")
        rgb = self.films([guide], [shot.prompt], seeds=[seed], steps=steps,
                         guidance=Guidance(avatar_scale, caption_scale))[0]  # fmt: skip
        return Take(
            times_s=guide.times_s,
            layers={"rgb": Layer(rgb, SOURCE)},
            cameras={"requested": camera_of(guide)},
            requested=shot,
            captions=(shot.prompt,),
        )

    def films(
        self,
        guides: Sequence[Take],
        captions: Sequence[str],
        *,
        seeds: Sequence[int],
        steps: int = STEPS,
        guidance: Guidance | None = None,
    ) -> UInt8[NDArray, "b f h w 3"]:
        """Several films of one length and size at once.

        Args:
            guides: as for one film.
            captions: of the films.
            seeds: of their noise; a film does not depend on the others.
            steps: of the sampler.
            guidance: towards avatars and captions.

        Raises:
            InputError: as for one film.
        """
        self._check(guides, captions)
        frames = len(guides[0])
        avatars = films_of_guides(guides, frames=self._padded(frames))
        return self.film_avatars(avatars, captions, seeds=seeds, steps=steps, guidance=guidance)[:, :frames]

    @torch.no_grad()
    def film_avatars(
        self,
        avatars: AvatarFilms,
        captions: Sequence[str],
        *,
        seeds: Sequence[int],
        steps: int = STEPS,
        guidance: Guidance | None = None,
    ) -> UInt8[NDArray, "b f h w 3"]:
        """Films of what the model is shown, of at least a window and a multiple of the codec's frames.

        Args:
            avatars: of the films.
            captions: of the films.
            seeds: of their noise.
            steps: of the sampler.
            guidance: towards avatars and captions.

        Raises:
            InputError: a length or size does not divide, or an option is out of range.
        """
        avatars = avatars.to(self.device)
        given = (guidance or Guidance()).conditions(self.model, avatars, self.model.read(captions))
        shape = given[0][1].composite.shape
        noise = torch.stack([_noise(shape[1:], seed) for seed in seeds]).to(self.device)
        per_latent = self.model.codec.config.frames
        windows = overlapping_windows(shape[2], length=FRAMES // per_latent, overlap=OVERLAP // per_latent)
        with torch.autocast(self.device.type, self.computed, enabled=self.computed != torch.float32):
            latents = sampled_latents(self.model, noise, given, steps=steps, windows=windows)
        film = decoded(self.model, latents.float(), given)
        return (127.5 * film + 127.5).round().clamp(0, 255).permute(0, 1, 3, 4, 2).to(torch.uint8).cpu().numpy()

    def _padded(self, frames: int) -> int:
        """The least length of whole latent frames that a film of so many frames fits into, at least a window."""
        per_latent = self.model.codec.config.frames
        return max(FRAMES, -(-frames // per_latent) * per_latent)

    def _check(self, guides: Sequence[Take], captions: Sequence[str]) -> None:
        multiple = 2 * self.model.codec.spatial_stride
        for guide, caption in zip(guides, captions, strict=True):
            missing = [name for name in GUIDE_LAYERS if name not in guide.layers]
            if missing:
                raise InputError(f"the guide has no layer {missing[0]!r}; AMG needs {', '.join(GUIDE_LAYERS)}")
            if any(side % multiple for side in guide.size_wh):
                width, height = guide.size_wh
                raise InputError(f"the guide is {width}x{height}; both sides must be multiples of {multiple}")
            if not caption.strip():
                raise InputError("the shot has no prompt; AMG films what a caption says, so give it one")
            if not (guide.layers["instance"].values > 0).any():
                raise InputError("no actor is in the picture at any time; AMG films actors, so move one or the camera")


def films_of_guides(guides: Sequence[Take], *, frames: int) -> AvatarFilms:
    """What a film model is shown of guides of one length; the last frame is repeated up to so many frames."""

    def stacked(name: str, scale: float = 1.0) -> Tensor:
        films = [torch.from_numpy(_lengthened(guide.layers[name].values, frames)) for guide in guides]
        return torch.stack(films).float() * scale

    cameras = [camera_of(guide) for guide in guides]
    depth, person = stacked("depth"), stacked("instance")
    seen = (person > 0) & depth.isfinite() & (depth > 0)
    poses = [_lengthened(camera.T_world_cam.as_matrix()[:, :3].float().numpy(force=True), frames) for camera in cameras]
    lenses = [_lengthened(camera.intrinsics.fx_fy_cx_cy.float().numpy(force=True), frames) for camera in cameras]
    return AvatarFilms(
        rgb=stacked("rgb", 1 / 255), alpha=stacked("alpha", 1 / 255),
        nearness=torch.where(seen, 1 / depth.where(seen, torch.ones_like(depth)), 0.0), person=person,
        T_world_cam=torch.from_numpy(np.stack(poses)), fx_fy_cx_cy=torch.from_numpy(np.stack(lenses)),
    )  # fmt: skip


def camera_of(guide: Take) -> Trajectory:
    """The camera that a guide was rendered by.

    Raises:
        InputError: it has none, or several.
    """
    if len(guide.cameras) != 1:
        raise InputError(f"the guide has {len(guide.cameras)} cameras; AMG needs the one that it was rendered by")
    return next(iter(guide.cameras.values()))


def _lengthened(values: NDArray, frames: int) -> NDArray:
    return values[np.minimum(np.arange(frames), len(values) - 1)]


def _noise(shape: Sequence[int], seed: int) -> Tensor:
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(seed))
