"""Rays and pixels that places and their light are learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from kinoeye.render.film import render
from kinoeye.render.worlds import Distribution, world
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.avatar_maps import cast_on_ground, surfaces, world_points
from kinoeye.systems.amg.data import avatar_films, pair_camera
from kinoeye.systems.amg.film_config import FPS, FRAMES, PLACES
from kinoeye.systems.amg.pairs import AvatarPair
from kinoeye.systems.amg.rays import pixel_rays

_PEOPLE: Distribution = "worlds-v1-people"
_VIEWS = 4
"""Frames of a world that rays into its place are drawn from."""
_FARTHEST_M, _ON_THE_GROUND_M = 100.0, 0.04
"""What is farther away is sky, and what is lower is ground."""


@dataclass(frozen=True)
class PlaceRays:
    """Some rays into a place where nobody is, and how they end."""

    place: int
    origins: Float32[NDArray, "n 3"]
    directions: Float32[NDArray, "n 3"]
    stands: Float32[NDArray, "n"]
    """1 where something stands in the way, 0 for ground and sky."""
    nearness: Float32[NDArray, "n"]
    """1 / distance of that from the upright axis through the origin, in 1 / metres; 0 for ground and sky."""

    def chosen(self, rays: NDArray[np.int64]) -> dict[str, Any]:
        """Arrays of some of them."""
        return {
            "from_xyz": self.origins[rays], "towards_xyz": self.directions[rays],
            "stands": self.stands[rays], "nearness": self.nearness[rays],
        }  # fmt: skip


def place_rays(seed: int, count: int, *, size_wh: tuple[int, int]) -> PlaceRays:
    """So many rays of a world of the train stream without its actors.

    Args:
        seed: of the world.
        count: of rays.
        size_wh: width and height in pixels of the pictures that they are drawn from.
    """
    shot = world("train", seed, num_frames=_VIEWS, fps=FPS * _VIEWS / FRAMES, size_wh=size_wh, distribution=_PEOPLE)
    depth = render(replace(shot, actors=()), layers=("depth",), samples=1).layers["depth"].values
    poses = shot.camera.T_world_cam.as_matrix()[None, :, :3].float()
    rays = pixel_rays(poses, shot.camera.intrinsics.fx_fy_cx_cy.float().expand(1, _VIEWS, 4), size_wh)
    along = torch.einsum("bfhwi,bfi->bfhw", rays.directions, poses[..., 2])
    chosen = np.random.default_rng([seed, _VIEWS]).choice(depth.size, count, replace=False)
    origins, directions = (part.reshape(-1, 3).numpy()[chosen] for part in (rays.origins, rays.directions))
    distance = (depth / along.numpy()).reshape(-1, 1)[chosen]
    hit = origins + np.minimum(distance, _FARTHEST_M) * directions
    radius = np.linalg.norm(hit[:, :2], axis=-1)
    stands = (distance[:, 0] < _FARTHEST_M) & (hit[:, 2] > _ON_THE_GROUND_M)
    return PlaceRays(
        place=PLACES.index(shot.environment.name), origins=origins, directions=directions,
        stands=stands.astype(np.float32), nearness=np.where(stands, 1 / radius, 0).astype(np.float32),
    )  # fmt: skip


@dataclass(frozen=True)
class PlacePixels:
    """Some pixels of a film that show its place, and some that show actors in its light; colours in 8 bits."""

    place: int
    origins: Float32[NDArray, "n 3"]
    directions: Float32[NDArray, "n 3"]
    angles: Float32[NDArray, "n"]
    cast: Float32[NDArray, "n"]
    """How much of the sun actors are reckoned to keep away."""
    rgb: UInt8[NDArray, "n 3"]
    surface: Float32[NDArray, "m 3"]
    """How surfaces of actors stand, see `surfaces`."""
    even_rgb: UInt8[NDArray, "m 3"]
    """Their colours in even light."""
    lit_rgb: UInt8[NDArray, "m 3"]
    """Their colours in the film."""

    def chosen(self, places: NDArray[np.int64], actors: NDArray[np.int64]) -> dict[str, Any]:
        """Arrays of some pixels of either kind."""
        of_places = {name: getattr(self, name)[places] for name in ("origins", "directions", "angles", "cast", "rgb")}
        return of_places | {name: getattr(self, name)[actors] for name in ("surface", "even_rgb", "lit_rgb")}


def place_pixels(pair: AvatarPair, place: int, counts: tuple[int, int], rng: np.random.Generator) -> PlacePixels:
    """So many pixels of a film's place, and of its actors.

    Pixels that lie in the true shadow of an actor count where the shadow that is reckoned from what is seen covers
    them too.

    Args:
        pair: the film.
        place: number of its place.
        counts: of pixels of the place and of actors.
        rng: draws them.
    """
    camera = pair_camera(pair)
    shown = avatar_films([pair])
    sun = torch.tensor([ENVIRONMENTS[pair.environment].sun.direction_xyz()])
    points = world_points(shown.nearness, *camera)
    cast = cast_on_ground(points, *camera, sun)[0].numpy()
    shaded = np.asarray(binary_dilation(pair.cast, np.ones((1, 3, 3))), bool)
    at = _drawn((pair.alpha == 0) & (~shaded | (pair.cast & (cast > 0.5))), counts[0], rng)
    on = _drawn(pair.alpha == 255, counts[1], rng)
    surface = surfaces(points, shown.nearness, camera[0][..., 3], sun).reshape(-1, 3).numpy()[on]
    rays = pixel_rays(*camera, (pair.alpha.shape[2], pair.alpha.shape[1]))
    film, even = pair.film_rgb.reshape(-1, 3), pair.avatar_rgb.reshape(-1, 3)
    origins, directions = (part.reshape(-1, 3).numpy()[at] for part in (rays.origins, rays.directions))
    return PlacePixels(
        place=place, origins=origins, directions=directions, angles=rays.angles.reshape(-1).numpy()[at],
        cast=cast.reshape(-1)[at], rgb=film[at],
        surface=surface, even_rgb=even[on], lit_rgb=film[on],
    )  # fmt: skip


def _drawn(mask: Bool[NDArray, "f h w"], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    found = np.flatnonzero(mask)
    return rng.choice(found, count, replace=len(found) < count)
