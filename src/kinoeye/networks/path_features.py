"""Camera paths as nine numbers a frame: two columns of the rotation, and a step of the camera centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import OPENCV, Convention, convert, homogeneous, invert

Vector3 = tuple[float, float, float]
FEATURES = 9


@dataclass(frozen=True, kw_only=True)
class Standardisation:
    """Means and standard deviations of the first camera centre and of the steps after it, axis by axis."""

    first_mean: Vector3 = (0.0, 0.0, 0.0)
    first_std: Vector3 = (1.0, 1.0, 1.0)
    step_mean: Vector3 = (0.0, 0.0, 0.0)
    step_std: Vector3 = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class PathFeatures:
    """How poses become the 9-d frames of CLaTr and DIRECTOR: R's first column, its second, and a translation.

    The translation is the camera centre at frame 0 and the difference to the frame before afterwards (E.T.,
    arXiv 2407.01516, section 4).
    """

    frames: int
    """Length to which shorter paths are padded; longer ones are refused."""
    camera_axes: str
    """Where the camera's +x, +y, +z point, such as "RDF" (OpenCV)."""
    relative: bool
    """Whether poses are taken relative to the first."""
    standardisation: Standardisation = Standardisation()

    @classmethod
    def gendop(cls) -> PathFeatures:
        """As GenDoP evaluates: 120 poses of an OpenGL camera relative to the first, in the path's own scale."""
        return cls(frames=120, camera_axes="RUB", relative=True)

    @classmethod
    def et(cls) -> PathFeatures:
        """As E.T.: up to 300 poses of an OpenCV camera in its world, translations standardised."""
        return cls(
            frames=300,
            camera_axes="RDF",
            relative=False,
            standardisation=Standardisation(
                first_mean=(0.0020, -0.2749, -1.2362),
                first_std=(1.1343, 1.1906, 1.5874),
                step_mean=(7.94e-5, -9.99e-5, 4.13e-4),
                step_std=(0.02784, 0.01820, 0.03139),
            ),
        )

    @classmethod
    def metric(cls, frames: int) -> PathFeatures:
        """For paths of a few seconds in metres: poses relative to the first, a step of 3 cm counted as one."""
        return cls(
            frames=frames,
            camera_axes="RDF",
            relative=True,
            standardisation=Standardisation(step_std=(0.03, 0.03, 0.03)),
        )

    def encode(self, T_world_cam: ArrayLike) -> Float[Tensor, "n 9"]:
        """Features [n, 9] float32 of camera-to-world poses [n, 3, 4] or [n, 4, 4] with OpenCV camera axes.

        Raises:
            InputError: there is no pose, there are more than `frames`, or one is not finite.

        Example:
            >>> PathFeatures.gendop().encode(np.eye(4)[None]).tolist()
            [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]]
        """
        poses = convert(T_world_cam, OPENCV, Convention(self.camera_axes))
        if not 1 <= len(poses) <= self.frames:
            raise InputError(
                f"a path of {len(poses)} poses is given; 1 to {self.frames} are encoded: resample or cut it"
            )
        if not np.isfinite(poses).all():
            raise InputError("a path with unknown (NaN) or infinite poses is given; interpolate or cut them first")
        if self.relative:
            poses = invert(poses[:1]) @ homogeneous(poses)
        centres = poses[..., 3]
        steps = np.diff(centres, axis=0, prepend=np.zeros((1, 3)))
        scaled = (steps - self._means(len(steps))) / self._deviations(len(steps))
        return torch.from_numpy(np.concatenate([poses[..., 0], poses[..., 1], scaled], axis=-1)).float()

    def decode(self, features: Float[Tensor, "n 9"]) -> NDArray[np.float64]:
        """Poses [n, 4, 4] camera-to-world, OpenCV camera axes, of features; rotations by Gram and Schmidt's method.

        Relative poses begin at the identity only as far as the features do (Zhou et al. 2019, arXiv 1812.07035).
        """
        values = features.detach().double().cpu().numpy()
        first = _unit(values[:, 0:3])
        second = values[:, 3:6] - (values[:, 3:6] * first).sum(-1, keepdims=True) * first
        second = _unit(second)
        rotation = np.stack([first, second, np.cross(first, second)], axis=-1)
        steps = values[:, 6:9] * self._deviations(len(values)) + self._means(len(values))
        poses = np.concatenate([rotation, np.cumsum(steps, axis=0)[..., None]], axis=-1)
        axes = Convention(self.camera_axes)
        if self.relative:
            # The world of relative poses is the first camera: its axes turn with the camera's.
            axes = axes.with_world(self.camera_axes)
            return homogeneous(convert(poses, axes, OPENCV.with_world(OPENCV.camera_axes)))
        return homogeneous(convert(poses, axes, OPENCV))

    def batch(self, paths: Sequence[ArrayLike]) -> tuple[Float[Tensor, "b f 9"], Bool[Tensor, "b f"]]:
        """Features of several paths, padded with zeros to `frames`, and which of them are real."""
        features = torch.zeros(len(paths), self.frames, FEATURES)
        valid = torch.zeros(len(paths), self.frames, dtype=torch.bool)
        for index, path in enumerate(paths):
            encoded = self.encode(path)
            features[index, : len(encoded)] = encoded
            valid[index, : len(encoded)] = True
        return features, valid

    def _means(self, count: int) -> NDArray[np.float64]:
        return self._by_frame(self.standardisation.first_mean, self.standardisation.step_mean)[:count]

    def _deviations(self, count: int) -> NDArray[np.float64]:
        return self._by_frame(self.standardisation.first_std, self.standardisation.step_std)[:count]

    def _by_frame(self, first: Vector3, step: Vector3) -> NDArray[np.float64]:
        values = np.tile(np.asarray(step, dtype=np.float64), (self.frames, 1))
        values[0] = first
        return values


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
