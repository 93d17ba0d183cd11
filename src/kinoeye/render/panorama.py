"""Equirectangular pictures as surroundings: read, asked for the light that they give, and looked up along rays."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.render.color import linear_to_srgb, srgb_to_linear
from kinoeye.shot.environment import RGB, Environment, Ground, Panorama, Sun

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

MAX_BYTES, MAX_SIDE, MAX_WIDTH = 1 << 29, 16384, 4096
"""Of the file, of the picture in it, and of what a renderer keeps of it."""
SUN_RADIUS = math.radians(4.0)
"""What lies this near to the brightest point is the sun."""
SUN_OVER_SKY = 6.0
"""A sun is so many times brighter than the picture's mean."""
MEAN_LIGHT = 0.30
"""What exposure brings the mean of a picture in linear light to."""
PHOTO_SUN, PHOTO_AMBIENT = 0.55, 0.45
"""Strength of the lights beside a photograph, which cannot hold a sun's brightness."""


def surroundings(file: Path | str, *, turn_deg: float = 0.0, height_m: float = 1.6) -> Environment:
    """An environment that a picture gives: its sky, its ground, and its sun where there is one to see.

    The sun of an HDR picture is its brightest place, with the brightness that it has there; a photograph in 8 bits
    shows where the sun is at best, never how strong.

    Args:
        file: PNG, JPEG or WebP in sRGB, or Radiance HDR; equirectangular, twice as wide as high.
        turn_deg: direction of its middle column around +z, counter-clockwise from +x.
        height_m: how high above the ground it was taken.

    Raises:
        InputError: it cannot be read, or is not twice as wide as high.
    """
    if not (math.isfinite(turn_deg) and 0.01 <= height_m <= 1000):
        raise InputError(f"a picture turned by {turn_deg} degrees, {height_m} m up: a number and 0.01 to 1000 m are")
    light, linear, sha256 = _read(Path(file))
    small = cv2.resize(light, (256, 128), interpolation=cv2.INTER_AREA).astype(np.float64)
    direction, solid = _directions(turn_deg)
    luminance = small @ [0.2126, 0.7152, 0.0722]
    above = direction[..., 2] > 0.02
    sun_xyz = direction.reshape(-1, 3)[np.argmax(np.where(above, luminance, -1.0))]
    near = (direction @ sun_xyz) > math.cos(SUN_RADIUS)
    elsewhere = ~near
    mean = _mean(small, solid * elsewhere)
    exposure = math.log2(MEAN_LIGHT / max(float(mean @ [0.2126, 0.7152, 0.0722]), 1e-6)) if linear else 0.0
    gain = 2.0**exposure
    level = _mean(small, solid * (np.abs(direction[..., 2]) < 0.15) * elsewhere) * gain
    overhead = _mean(small, solid * (direction[..., 2] > 0.6) * elsewhere) * gain
    below = _mean(small, solid * (direction[..., 2] < -0.3)) * gain
    if linear:
        facing = np.maximum(direction[..., 2], 0.0)
        ambient = float(((small * (solid * facing * elsewhere)[..., None]).sum((0, 1)) / math.pi * gain).max())
        bright = (small * (solid * near)[..., None]).sum((0, 1)) / math.pi * gain
        visible = luminance[near].max() > SUN_OVER_SKY * luminance[elsewhere].mean()
        strength = float(bright.max()) if visible else 0.0
    else:
        ambient, strength = PHOTO_AMBIENT, PHOTO_SUN
        bright = np.ones(3)
    azimuth, elevation = math.atan2(sun_xyz[1], sun_xyz[0]), math.asin(sun_xyz[2])
    return Environment(
        name=Path(file).stem,
        prompt=Path(file).stem.replace("_", " ").replace("-", " "),
        ground=Ground(pattern="panorama", color_a_rgb=_rgb(below), color_b_rgb=_rgb(below), grain=0.0),
        sky=Panorama(
            file=str(file),
            sha256=sha256,
            turn_deg=turn_deg,
            height_m=height_m,
            exposure_ev=round(exposure, 4),
            horizon_rgb=_rgb(level),
            zenith_rgb=_rgb(overhead),
        ),
        sun=Sun(
            azimuth_deg=math.degrees(azimuth),
            elevation_deg=math.degrees(elevation),
            color_rgb=_rgb(bright / max(float(bright.max()), 1e-9)),
            strength=min(strength, 8.0),
            ambient=min(ambient, 4.0),
        ),
        fog_rgb=_rgb(level),
    )


@lru_cache(maxsize=2)
def panorama_light(panorama: Panorama, pixel: float) -> Float32:
    """Linear light [h, w, 3] of a picture at the resolution of pixels that cover an angle (radians).

    Raises:
        InputError: the file cannot be read, or is another than the shot was made for.
    """
    light, _, sha256 = _read(Path(panorama.file))
    if sha256 != panorama.sha256:
        raise InputError(f"{panorama.file} is not the picture that this shot was made for; give its environment again")
    width = int(np.clip(2 ** math.ceil(math.log2(2 * math.pi / pixel)), 256, min(MAX_WIDTH, light.shape[1])))
    light = cv2.resize(light, (width, width // 2), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(light * np.float32(2.0**panorama.exposure_ev))


def look_up(light: Float32, turn: float, direction: Float64) -> Float64:
    """Linear light [n, 3] of a picture along directions [n, 3] of any length; turn in radians."""
    height, width = light.shape[:2]
    unit = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    column = (0.5 - (np.arctan2(unit[:, 1], unit[:, 0]) - turn) / (2 * math.pi)) * width - 0.5
    row = np.clip((0.5 - np.arcsin(np.clip(unit[:, 2], -1, 1)) / math.pi) * height - 0.5, 0.0, height - 1.0)
    left, top = np.floor(column).astype(int), np.minimum(np.floor(row).astype(int), height - 2)
    u, v = (column - left)[:, None], (row - top)[:, None]
    left, right = left % width, (left + 1) % width
    above = light[top, left] + u * (light[top, right] - light[top, left])
    below = light[top + 1, left] + u * (light[top + 1, right] - light[top + 1, left])
    return above + v * (below - above)


def _read(file: Path) -> tuple[Float32, bool, str]:
    """Light [h, w, 3], whether the file holds linear light, and its sha256."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file} has {file.stat().st_size >> 20} MiB; a panorama has at most {MAX_BYTES >> 20}")
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"the panorama {file} cannot be read: {error.strerror or error}") from None
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        picture = None
    if picture is None or picture.dtype not in (np.uint8, np.uint16, np.float32):
        raise InputError(f"{file} is no picture that can be read; a panorama is PNG, JPEG, WebP or Radiance HDR")
    height, width = picture.shape[:2]
    if abs(width - 2 * height) > 2 or not 8 <= width <= MAX_SIDE:
        raise InputError(
            f"{file} is {width}x{height}; a panorama is equirectangular, twice as wide as high, 8 to {MAX_SIDE} wide"
        )
    rgb = picture[..., ::-1]
    linear = rgb.dtype == np.float32
    if linear and not (np.isfinite(rgb).all() and rgb.min() >= 0):
        raise InputError(f"{file} holds light that is negative, NaN or infinite; export it again")
    light = rgb if linear else _table(int(np.iinfo(picture.dtype).max))[rgb.astype(np.intp)]
    return np.ascontiguousarray(light, dtype=np.float32), linear, hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=2)
def _table(top: int) -> Float32:
    """Linear light of the whole numbers from 0 to what stands for 1."""
    return srgb_to_linear(np.arange(top + 1) / top).astype(np.float32)


def _directions(turn_deg: float) -> tuple[Float64, Float64]:
    """Unit directions [128, 256, 3] and solid angles [128, 256] of the pixels of a small picture."""
    azimuth = math.radians(turn_deg) + (0.5 - (np.arange(256) + 0.5) / 256) * 2 * math.pi
    elevation = (0.5 - (np.arange(128) + 0.5) / 128) * math.pi
    flat = np.cos(elevation)[:, None]
    up = np.broadcast_to(np.sin(elevation)[:, None], (128, 256))
    direction = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), up], axis=-1)
    return direction, np.broadcast_to(flat, (128, 256)) * (2 * math.pi / 256) * (math.pi / 128)


def _mean(light: Float64, weight: Float64) -> Float64:
    return (light * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-12)


def _rgb(linear: Float64) -> RGB:
    red, green, blue = (round(float(value), 4) for value in linear_to_srgb(linear))
    return red, green, blue
