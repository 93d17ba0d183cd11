"""Estimators of cameras by name, and the one way to get one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.names import did_you_mean
from kinoeye.footage.take import Take
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.perception.automatic import estimate_camera
from kinoeye.perception.colmap_estimator import ColmapEstimator
from kinoeye.perception.estimate import Estimate, Estimator
from kinoeye.perception.pose_file import PoseFile


@dataclass(frozen=True, kw_only=True)
class AutomaticEstimator:
    """Ours: photometric where a take has depth, from features where not."""

    intrinsics: Intrinsics
    """The known lens: one, or one a frame, for any image size."""

    name = "kinoeye"
    provides = frozenset({"camera"})
    needs = frozenset({"rgb"})

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Estimate the camera of a take; `seed` is RANSAC's."""
        return estimate_camera(take, intrinsics=self.intrinsics, seed=seed)


ESTIMATORS: Mapping[str, Callable[..., Estimator]] = MappingProxyType(
    {"kinoeye": AutomaticEstimator, "pycolmap": ColmapEstimator}
)
"""Name -> what makes an estimator of known intrinsics."""
FILE = "file:"


def estimator(name: str, *, intrinsics: Intrinsics) -> Estimator:
    """The estimator of a name, for a known lens.

    Args:
        name: a key of `ESTIMATORS`, or "file:PATH" for the poses in a camera file of any format.
        intrinsics: one lens, or one a frame, for any image size.

    Raises:
        InputError: there is none of that name, or the library it needs is not installed.

    Example:
        >>> from kinoeye.geometry import Intrinsics
        >>> estimator("kinoeye", intrinsics=Intrinsics.from_fov(1.0, (64, 64))).name
        'kinoeye'
    """
    if name.startswith(FILE):
        return PoseFile(path=Path(name.removeprefix(FILE)), intrinsics=intrinsics)
    if name not in ESTIMATORS:
        raise InputError(f"there is no estimator {name!r}; {did_you_mean(name, (*ESTIMATORS, f'{FILE}PATH'))}")
    return ESTIMATORS[name](intrinsics=intrinsics)
