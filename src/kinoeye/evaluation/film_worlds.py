"""Films of the eval stream with all that is known of them, for judging films that are made of their avatars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.progress import track
from kinoeye.evaluation.camera_hypotheses import camera_hypotheses, ground_pixels
from kinoeye.evaluation.film_segments import PeopleByColour
from kinoeye.geometry.convention import Float64
from kinoeye.render.film import render
from kinoeye.render.worlds import Distribution, sample_worlds
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.pairs import SAMPLES, AvatarCondition, AvatarPair, avatar_pair

FILM_WORLDS: Distribution = "worlds-v1-people"
"""What films are judged on."""
SIZE_WH = (128, 128)
PLACE_SIZE = 16
"""Rows and columns of pixels that places are told apart by."""
_RENDERED_WH = (64, 64)
"""Places to compare with are rendered so large and averaged to `PLACE_SIZE`."""
_SOFT_PX = 2
"""Edges of people and shadows reach so far into the pixels around them at 64 pixels of height."""


@dataclass(frozen=True, kw_only=True)
class FilmWorld:
    """A world's film and what is true of it."""

    pair: AvatarPair
    empty_rgb: UInt8[NDArray, "f h w 3"]
    """The same film without actors."""
    places: Mapping[str, Float32[NDArray, "f 16 16 3"]]
    """Name of each environment -> what this camera would see of it without actors, coarsely."""
    seed: int
    """Of the wrong cameras that the true one is compared with."""

    @property
    def caption(self) -> str:
        """The one that the film is made from."""
        return self.pair.captions[0]

    @property
    def film_rgb(self) -> UInt8[NDArray, "f h w 3"]:
        """The true film."""
        return self.pair.film_rgb

    @cached_property
    def condition(self) -> AvatarCondition:
        """What the film is made of."""
        return AvatarCondition.of(self.pair)

    @cached_property
    def is_person(self) -> Bool[NDArray, "f h w"]:
        """Pixels whose centre shows somebody."""
        return self.pair.person > 0

    @cached_property
    def is_place(self) -> Bool[NDArray, "f h w"]:
        """Pixels of neither people nor their shadows, nor beside them."""
        return ~grown((self.pair.alpha > 0) | self.pair.cast, soft_px(self.film_rgb.shape[1]))

    @cached_property
    def is_ground(self) -> Bool[NDArray, "f h w"]:
        """Pixels of `is_place` below the horizon."""
        height, width = self.film_rgb.shape[1:3]
        return self.is_place & ground_pixels(self.poses, self.fx_fy_cx_cy, (width, height))

    @cached_property
    def people(self) -> PeopleByColour:
        """How its people are told from their place by colour."""
        return PeopleByColour.of(self.film_rgb, self.pair.person)

    @cached_property
    def poses(self) -> Float64:
        """Of the camera, [f, 4, 4]."""
        poses = np.tile(np.eye(4), (len(self.pair.T_world_cam), 1, 1))
        poses[:, :3] = self.pair.T_world_cam
        return poses

    @cached_property
    def fx_fy_cx_cy(self) -> Float64:
        """Of the camera, [4] in pixels."""
        return self.pair.fx_fy_cx_cy.astype(np.float64)

    @cached_property
    def hypotheses(self) -> Mapping[str, Float64]:
        """The camera's path, and wrong ones; see `camera_hypotheses`."""
        height, width = self.film_rgb.shape[1:3]
        return camera_hypotheses(self.poses, self.fx_fy_cx_cy, (width, height), seed=self.seed)


def film_worlds(world_seed: int, count: int, *, size_wh: tuple[int, int] = SIZE_WH) -> Iterator[FilmWorld]:
    """Worlds of the eval stream, in the words of that stream, numbered as `sample_worlds` does.

    Args:
        world_seed: of the worlds.
        count: how many.
        size_wh: width and height in pixels.

    Raises:
        InputError: as `sample_worlds`.
    """
    shots = sample_worlds("eval", world_seed, count, num_frames=FRAMES, fps=FPS, size_wh=size_wh,
                          distribution=FILM_WORLDS)  # fmt: skip
    for shot in track(list(shots), "filming worlds"):
        yield film_world(shot)


def film_world(shot: Shot) -> FilmWorld:
    """Film a shot with its actors and without, and coarsely in all the other places.

    Raises:
        InputError: as `render`.
    """
    empty = replace(shot, actors=())
    return FilmWorld(
        pair=avatar_pair(shot, "eval"),
        # The shadow layer has the same edges smoothed as in the film.
        empty_rgb=render(empty, layers=("shadow",), samples=SAMPLES).rgb.values,
        places={
            name: coarse(render(replace(empty, environment=environment), layers=(), size_wh=_RENDERED_WH).rgb.values)
            for name, environment in ENVIRONMENTS.items()
        },
        seed=shot.seed,
    )


def coarse(frames: NDArray[np.uint8] | NDArray[np.float32]) -> Float32[NDArray, "f 16 16 3"]:
    """Frames [f, h, w, 3], averaged to `PLACE_SIZE` rows and columns."""
    small = [cv2.resize(frame.astype(np.float32), (PLACE_SIZE,) * 2, interpolation=cv2.INTER_AREA) for frame in frames]
    return np.stack(small)


def grown(masks: NDArray[np.bool_], pixels: int) -> Bool[NDArray, "f h w"]:
    """Masks [f, h, w] with all that is so near to them."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1,) * 2)
    return np.stack([cv2.dilate(mask.astype(np.uint8), kernel) for mask in masks]) > 0


def soft_px(height: int) -> int:
    """How far edges reach into the pixels around them, at a height in pixels."""
    return max(1, round(_SOFT_PX * height / 64))
