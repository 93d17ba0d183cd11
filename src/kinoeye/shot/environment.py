"""Where a shot takes place: ground, sky, sun and air."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

RGB = tuple[float, float, float]
PropShape = Literal["box", "sphere", "cylinder", "cone", "capsule", "pyramid"]
PropPattern = Literal["plain", "checker", "stripes", "windows"]
GroundPattern = Literal["plain", "checker", "noise", "tiles", "stripes", "panorama"]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The horizontal plane z = 0 and its texture."""

    pattern: GroundPattern = "checker"
    """"panorama" lays the sky's picture on the ground; actors cast their shadows on it."""
    color_a_rgb: RGB = (0.62, 0.62, 0.60)
    """sRGB, 0 to 1."""
    color_b_rgb: RGB = (0.38, 0.39, 0.41)
    """The other colour of the pattern."""
    tile_m: float = 1.0
    """Length of one tile, or of the largest noise cell, in metres."""
    grain: float = 0.25
    """Contrast of fine multi-scale noise over the pattern, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Sky:
    """A vertical gradient."""

    horizon_rgb: RGB = (0.80, 0.87, 0.95)
    zenith_rgb: RGB = (0.35, 0.55, 0.85)
    glow: float = 0.35
    """Brightness of the halo around the sun, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Panorama:
    """An equirectangular picture of everything around, in the place of a sky."""

    file: str
    """PNG, JPEG or WebP in sRGB, or Radiance HDR in linear light, twice as wide as high; its middle is the horizon."""
    sha256: str
    """Of the file: a shot is filmed before the picture that it was made for."""
    turn_deg: float = 0.0
    """Direction of the picture's middle column around +z, counter-clockwise from +x."""
    height_m: float = 1.6
    """How high above the world's origin it was taken; says where a "panorama" ground shows what."""
    exposure_ev: float = 0.0
    """Stops by which it is brightened."""
    horizon_rgb: RGB = (0.8, 0.8, 0.8)
    """Its mean colour on the horizon, sRGB."""
    zenith_rgb: RGB = (0.6, 0.7, 0.8)
    """Its mean colour overhead; it tints the light from everywhere."""


@dataclass(frozen=True, kw_only=True)
class Sun:
    """A distant light with hard shadows, and the light from everywhere else."""

    azimuth_deg: float = 130.0
    """Direction to the sun around +z, counter-clockwise from +x."""
    elevation_deg: float = 50.0
    """Above the horizon."""
    color_rgb: RGB = (1.0, 0.97, 0.90)
    strength: float = 0.75
    """Share of a lit surface's brightness that the sun gives."""
    ambient: float = 0.35
    """Share that remains in shadow."""

    def direction_xyz(self) -> tuple[float, float, float]:
        """Unit vector towards the sun in the world."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        flat = math.cos(elevation)
        return (flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation))


@dataclass(frozen=True, kw_only=True)
class Prop:
    """A solid that belongs to the place: it is seen and casts a shadow, and no mask counts it."""

    shape: PropShape
    position_xy: tuple[float, float]
    """Of the middle of its box in the world, in metres."""
    size_xyz: tuple[float, float, float]
    """Box in metres along its own axes."""
    color_rgb: RGB
    """sRGB; above 1 it glows."""
    yaw_deg: float = 0.0
    """Turn about +z."""
    base_m: float = 0.0
    """Height of its underside above the ground."""
    pattern: PropPattern = "plain"
    pattern_rgb: RGB | None = None
    """The other colour of the pattern; None for a lighter or darker one."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where a shot takes place; the default is an open plaza at noon."""

    name: str = "plaza"
    prompt: str = "an open plaza at noon"
    ground: Ground = Ground()
    sky: Sky | Panorama = Sky()
    sun: Sun = Sun()
    fog_per_m: float = 0.0
    """Extinction of the air: a surface at distance d keeps exp(-fog_per_m * d) of its colour."""
    fog_rgb: RGB = (0.8, 0.85, 0.9)
    props: tuple[Prop, ...] = ()
    """What stands there."""
