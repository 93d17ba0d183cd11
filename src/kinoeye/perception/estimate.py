"""What estimators take and return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.footage.take import Take
from kinoeye.geometry.convention import Float64, matrix_to_wxyz
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory, Unit


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A camera that an estimator found in a take."""

    source: str
    """"estimated:<name of the estimator>"."""
    camera: Trajectory
    """At the times of the frames that could be placed, all of them unless `confidence` is 0 for some.

    The unit is that of the depth, of the file, or "arbitrary"; what we estimate begins at the identity.
    """
    confidence: NDArray[np.float64]
    """How well each frame's pose is supported, 0 to 1; comparable within one estimator only."""
    notes: tuple[str, ...] = ()
    """What a reader of the numbers should know."""

    def merged_into(self, take: Take) -> Take:
        """The take with this camera under its source."""
        return take.with_camera(self.source, self.camera)


class Estimator(Protocol):
    """Finds something in a take; what it cannot find is a `Failure`, not an error."""

    @property
    def name(self) -> str:
        """Short name; results have the source "estimated:<name>"."""
        ...

    @property
    def provides(self) -> frozenset[str]:
        """What an estimate holds, such as "camera"."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """Layers that the take must have."""
        ...

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Estimate; the same take and seed give the same result."""
        ...


def pixel_intrinsics(intrinsics: Intrinsics, take: Take) -> Float64:
    """Intrinsics [frames, 4] in pixels of a take, from one camera or one a frame, stated for any size.

    Raises:
        InputError: there are more than one and not as many as frames.
    """
    values = intrinsics.resize(take.size_wh).fx_fy_cx_cy.double().numpy()
    if values.ndim == 2 and len(values) != len(take):
        raise InputError(f"{len(values)} intrinsics for {len(take)} frames; give one, or one a frame")
    return np.broadcast_to(values, (len(take), 4)).copy()


def camera_from_matrices(T_world_cam: Float64, intrinsics: Float64, take: Take, *, unit: Unit) -> Trajectory:
    """The trajectory of poses [frames, 4, 4] with intrinsics [frames, 4] at the times of a take."""
    wxyz_xyz = np.concatenate([matrix_to_wxyz(T_world_cam[:, :3, :3]), T_world_cam[:, :3, 3]], axis=-1)
    track = Track(SE3(torch.from_numpy(wxyz_xyz)), torch.from_numpy(np.array(take.times_s, np.float64)), unit, up=None)
    return Trajectory(track, Intrinsics(torch.from_numpy(intrinsics), take.size_wh))
