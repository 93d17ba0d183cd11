"""Camera paths as integers: 30 poses of ten values each, and back (GenDoP, arXiv 2504.07083, section 4.1).

A pose is qw qx qy qz | tx ty tz | fx fy | scale. Poses are camera-to-first-camera in OpenGL axes (x right, y up,
z backward), translations divided by the path's largest distance from its start, the scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import homogeneous, matrix_to_wxyz, wxyz_to_matrix
from kinoeye.systems.gendop.quirks import Quirks

PAD, BOS, EOS, OFFSET = 0, 1, 2, 3
"""Ids of the special tokens, and what is added to a value to make its id."""
ATTRIBUTES = 10
"""Values a pose."""
POSE_VALUES = 7
"""How many of them are the quaternion and the translation; the others are the same on all poses."""
IMAGE_SIDE = 512
FRAMES = 120
"""Frames of an official path."""
MAX_FOCAL = 10.0
"""Largest focal length in image widths or heights."""
LOG_SCALE = (-2.0, 2.0)
"""Powers of ten that the scale token spans."""
_SMALLEST_SCALE = 1e-5
_NON_ORTHOGONAL = 1e-2

Ids = NDArray[np.int64]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class KeyPoses:
    """The poses that tokens hold, before they are rounded or after they are read."""

    T_first_cam: NDArray[np.floating]
    """[k, 3, 4], OpenGL axes, camera k in the axes of camera 0; translations are divided by the scale."""
    focal: NDArray[np.floating]
    """[k, 2] focal lengths as fractions of the image's width and height."""
    scale: NDArray[np.floating]
    """[k] units of the path that a translation of 1 stands for."""


@dataclass(frozen=True)
class DecodedPath:
    """A path read from tokens."""

    T_first_cam: Float64
    """[n, 3, 4], OpenGL axes, the first pose the identity."""
    focal_px: tuple[float, float]
    """Focal lengths in pixels of `size_wh`."""
    size_wh: tuple[int, int]
    scale: float
    """What the scale token says, in units of the path, whether or not the poses have it."""


@dataclass(frozen=True, kw_only=True)
class Codec:
    """Between camera paths and token ids.

    Example:
        >>> still = np.tile(np.eye(4), (120, 1, 1))
        >>> ids = Codec(quirks=Quirks.none()).encode(still, (512, 288), (400.0, 400.0))
        >>> len(ids), ids[:10].tolist()
        (300, [259, 131, 131, 131, 131, 131, 131, 23, 39, 3])
    """

    bins: int = 256
    poses: int = 30
    quirks: Quirks = field(default_factory=Quirks.mended)

    def encode(self, T_world_cam: ArrayLike, size_wh: tuple[float, float], focal_px: tuple[float, float]) -> Ids:
        """The ids [10 * poses] of a path.

        Args:
            T_world_cam: [n, 4, 4] or [n, 3, 4], OpenGL axes.
            size_wh: of the image.
            focal_px: focal lengths in pixels of that image.

        Raises:
            InputError: a pose is no rotation, or a value is beyond the range of the tokens.
        """
        return (self.quantise(self.key_poses(T_world_cam, size_wh, focal_px)) + OFFSET).reshape(-1)

    def decode(
        self, ids: ArrayLike, *, frames: int = FRAMES, aspect: float | None = None, smooth: bool = True
    ) -> DecodedPath:
        """The path of ids [10 * poses].

        Args:
            ids: token ids.
            frames: how many poses to sample.
            aspect: the image's width over its height where it is known; otherwise square pixels are assumed.
            smooth: whether key poses move within half a bin to where the path jerks least, except where the camera
                rests. With `Quirks.missing_end_pose` they never move: that code does not.

        Raises:
            InputError: there are not 10 * poses ids, or one of them is no value.
        """
        key = self.dequantise(self._values(ids))
        R, t = key.T_first_cam[:, :, :3], key.T_first_cam[:, :, 3]
        end = self.poses - 1
        places = np.arange(frames) / frames if self.quirks.missing_end_pose else np.linspace(0, 1, frames)
        if smooth and not self.quirks.missing_end_pose:
            R, t = self._smoothed(R, t)
        T_first_cam = resample(R, t, places * end)
        if self.quirks.identity_substitution:
            T_first_cam[~_orthogonal(T_first_cam[:, :, :3].astype(np.float32)), :, :3] = np.eye(3)
        scale = float(key.scale[0])
        if not self.quirks.unit_scale:
            T_first_cam[:, :, 3] *= scale
        fx, fy = (float(value) for value in key.focal[0])
        if self.quirks.square_image:
            return DecodedPath(T_first_cam, (fx * IMAGE_SIDE, fy * IMAGE_SIDE), (IMAGE_SIDE, IMAGE_SIDE), scale)
        ratio = aspect if aspect is not None else fy / max(fx, 1e-6)
        width, height = (IMAGE_SIDE, IMAGE_SIDE / ratio) if ratio >= 1 else (IMAGE_SIDE * ratio, IMAGE_SIDE)
        size_wh = (max(1, round(width)), max(1, round(height)))
        focal = (fx * size_wh[0] + fy * size_wh[1]) / 2  # square pixels: both tokens tell the same length
        return DecodedPath(T_first_cam, (focal, focal), size_wh, scale)

    def key_poses(
        self, T_world_cam: ArrayLike, size_wh: tuple[float, float], focal_px: tuple[float, float]
    ) -> KeyPoses:
        """The key poses of a path, relative to its first camera and scaled to a largest distance of 1.

        Raises:
            InputError: as `encode`.
        """
        poses = homogeneous(np.asarray(T_world_cam, np.float64)[..., :3, :])
        if len(poses) < self.poses and self.quirks.missing_end_pose:
            raise InputError(f"a path of {len(poses)} frames is too short for {self.poses} key poses; give more frames")
        if not np.isfinite(poses).all():
            raise InputError("a path has poses that are not numbers; `kinoeye inspect` says which")
        focal = (focal_px[0] / size_wh[0], focal_px[1] / size_wh[1])
        if not all(0 < value < MAX_FOCAL for value in focal):
            raise InputError(
                f"focal lengths of {focal[0]:.3g} image widths and {focal[1]:.3g} heights are not between 0 and "
                f"{MAX_FOCAL:g}, which is what tokens hold"
            )
        relative = np.linalg.inv(poses[0]) @ self._at_keys(poses)
        relative = relative[:, :3]
        translation = relative[:, :, 3]
        reach = float(np.linalg.norm(translation, axis=-1).max())
        if self.quirks.amplified_noise:
            scale = reach + _SMALLEST_SCALE
        else:
            scale = max(reach, 10 ** LOG_SCALE[0])
            if scale > 10 ** LOG_SCALE[1]:
                raise InputError(
                    f"a path that goes {reach:.4g} units from its start does not fit its tokens, which hold "
                    f"{10 ** LOG_SCALE[1]:g}; scale it down"
                )
        key = np.concatenate([relative[:, :, :3], translation[:, :, None] / scale], axis=-1)
        return KeyPoses(
            key.astype(np.float32),
            np.tile(np.asarray(focal, np.float32), (self.poses, 1)),
            np.full(self.poses, scale, np.float32),
        )

    def quantise(self, key: KeyPoses) -> Ids:
        """Values [poses, 10] from 0 to `bins` of key poses."""
        rotation = key.T_first_cam[:, :, :3]
        wxyz = _trace_wxyz(rotation) if self.quirks.trace_quaternion else matrix_to_wxyz(rotation)
        unit = np.concatenate([wxyz.astype(np.float32), key.T_first_cam[:, :, 3]], axis=1)
        low, high = LOG_SCALE
        fractions = np.concatenate(
            [
                (unit + np.float32(1)) * np.float32(0.5),
                key.focal / np.float32(MAX_FOCAL),
                (np.log10(key.scale)[:, None] - np.float32(low)) / np.float32(high - low),
            ],
            axis=1,
        )
        values = np.clip(fractions * np.float32(self.bins), 0, self.bins)
        return (np.trunc(values) if self.quirks.truncated_tokens else np.rint(values)).astype(np.int64)

    def dequantise(self, values: ArrayLike) -> KeyPoses:
        """Key poses of values [poses, 10]."""
        given = np.asarray(values, np.float64)
        bins = float(self.bins)
        inside = given
        if self.quirks.truncated_tokens and not self.quirks.lower_edge:
            inside = np.where(given < bins, given + 0.5, given)
        unit = inside[:, :POSE_VALUES] / (bins / 2) - 1
        # A truncated 0 is far more often exact (an axis that stays still) than anything else in its bin.
        unit = np.where(given[:, :POSE_VALUES] == bins / 2, 0.0, unit)
        low, high = LOG_SCALE
        power = inside[:, 9] / bins * (high - low) + low
        scale = np.exp(power) if self.quirks.natural_exp_scale else 10**power
        wxyz = unit[:, :4].copy()
        wxyz[np.linalg.norm(wxyz, axis=1) < 1e-6] = (1.0, 0.0, 0.0, 0.0)  # four middle values are no rotation
        T_first_cam = np.concatenate([wxyz_to_matrix(wxyz), unit[:, 4:7, None]], axis=-1)
        if not self.quirks.free_start:
            T_first_cam = (np.linalg.inv(homogeneous(T_first_cam[0])) @ homogeneous(T_first_cam))[:, :3]
        return KeyPoses(T_first_cam, inside[:, 7:9] * (MAX_FOCAL / bins), scale)

    def _values(self, ids: ArrayLike) -> Ids:
        ids = np.asarray(ids, np.int64).reshape(-1)
        if len(ids) != ATTRIBUTES * self.poses:
            raise InputError(f"{len(ids)} tokens are no path; {ATTRIBUTES * self.poses} are needed")
        values = ids - OFFSET
        if ((values < 0) | (values > self.bins)).any():
            wrong = int(ids[(values < 0) | (values > self.bins)][0])
            raise InputError(f"token {wrong} stands for no value; {OFFSET} to {self.bins + OFFSET} do")
        return values.reshape(self.poses, ATTRIBUTES)

    def _at_keys(self, poses: Float64) -> Float64:
        """The key poses [k, 4, 4] of a path."""
        if self.quirks.missing_end_pose:
            kept = poses[:: len(poses) // self.poses][: self.poses]
            if self.quirks.orthogonality_rejection and not _orthogonal(kept[:, :3, :3]).all():
                raise InputError("a rotation of the path is not orthogonal within 1e-6; `kinoeye inspect` says which")
            return kept if self.quirks.orthogonality_rejection else _with_rotations(kept)
        places = np.linspace(0, len(poses) - 1, self.poses)
        return homogeneous(resample(*_parts(_with_rotations(poses)), places))

    def _smoothed(
        self, R: NDArray[np.floating], t: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Key poses of least jerk, each within the half bin that it was rounded by; a camera at rest stays at rest."""
        import torch

        from kinoeye.geometry import SE3, SO3, Track, smooth

        half_bin = 1 / self.bins
        rotation = SO3.from_matrix(torch.from_numpy(np.ascontiguousarray(R)))
        origin = torch.from_numpy(np.ascontiguousarray(t))
        track = Track(SE3.from_parts(rotation, origin), torch.arange(len(t), dtype=torch.float64), unit="arbitrary")
        moved = track.T_world_body
        if bool((origin.abs() > 0).any()) or bool((rotation.angle() > 0).any()):
            moved = smooth(track, tolerance=half_bin, tolerance_rad=2 * half_bin).T_world_body
        return (
            np.where(_at_rest(R)[:, None, None], R, moved.rotation.as_matrix().numpy()),
            np.where(_at_rest(t)[:, None], t, moved.translation.numpy()),
        )


def resample(R: NDArray[np.floating], t: NDArray[np.floating], places: ArrayLike) -> Float64:
    """Poses [m, 3, 4] at fractional indices: translations linearly, rotations along the shortest arc."""
    places = np.asarray(places, np.float64)
    if len(t) == 1:
        return np.tile(np.concatenate([R, t[:, :, None]], axis=-1).astype(np.float64), (len(places), 1, 1))
    low = np.clip(np.floor(places).astype(np.int64), 0, len(t) - 2)
    share = (places - low)[:, None]
    translation = (1 - share) * t[low] + share * t[low + 1]
    wxyz = matrix_to_wxyz(R)
    first, second = wxyz[low], wxyz[low + 1]
    dot = (first * second).sum(axis=1, keepdims=True)
    second, dot = np.where(dot < 0, -second, second), np.abs(dot)
    angle = np.arccos(np.clip(dot, -1, 1))
    near = dot > 0.9995
    sine = np.where(near, 1.0, np.sin(angle))
    weights = [np.where(near, part, np.sin(part * angle) / sine) for part in (1 - share, share)]
    turned = weights[0] * first + weights[1] * second
    return np.concatenate([wxyz_to_matrix(turned), translation[:, :, None]], axis=-1)


def _parts(poses: Float64) -> tuple[Float64, Float64]:
    return poses[:, :3, :3], poses[:, :3, 3]


def _at_rest(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which of some values [k, ...] are one of at least three equal ones in a row."""
    same = (values[1:] == values[:-1]).reshape(len(values) - 1, -1).all(axis=1)
    middle = np.flatnonzero(same[1:] & same[:-1]) + 1
    found = np.zeros(len(values), bool)
    found[np.concatenate([middle - 1, middle, middle + 1])] = True
    return found


def _with_rotations(poses: Float64) -> Float64:
    """The poses with their linear parts projected to the nearest rotations; refused where there is none near."""
    u, _, vt = np.linalg.svd(poses[:, :3, :3])
    nearest = u @ vt
    if np.abs(nearest - poses[:, :3, :3]).max() > _NON_ORTHOGONAL or (np.linalg.det(nearest) < 0).any():
        raise InputError("a pose of the path is no rotation within 1 %; `kinoeye inspect` says which and what mends it")
    return np.concatenate([np.concatenate([nearest, poses[:, :3, 3:]], axis=-1), poses[:, 3:]], axis=1)


def _orthogonal(R: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which matrices [n, 3, 3] are rotations within 1e-6 and a relative 1e-5."""
    product = np.swapaxes(R, -1, -2) @ R
    eye = np.eye(3)
    close = np.abs(product - eye) <= 1e-6 + 1e-5 * eye
    return close.all(axis=(-1, -2)) & (np.abs(np.linalg.det(R) - 1) <= 1e-6 + 1e-5)


def _trace_wxyz(R: NDArray[np.floating]) -> NDArray[np.floating]:
    """Quaternions wxyz [n, 4] from the trace where it is above -1, as the released code does."""
    trace = 1 + R[:, 0, 0] + R[:, 1, 1] + R[:, 2, 2]
    w = np.sqrt(np.maximum(trace, 0)) / 2
    safe = np.where(w > 0, 4 * w, 1)
    parts = [w, (R[:, 2, 1] - R[:, 1, 2]) / safe, (R[:, 0, 2] - R[:, 2, 0]) / safe, (R[:, 1, 0] - R[:, 0, 1]) / safe]
    return np.where((trace > 0)[:, None], np.stack(parts, axis=1), matrix_to_wxyz(R))
