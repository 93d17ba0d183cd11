"""Cameras that another tool found, read from its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.footage.take import Take
from kinoeye.formats.paths.registry import read_path
from kinoeye.geometry.interpolation import nearest
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.track import Trajectory
from kinoeye.perception.estimate import Estimate, pixel_intrinsics


@dataclass(frozen=True, kw_only=True)
class PoseFile:
    """The poses of a camera file in any format, one for every frame, or at times that are those of frames."""

    path: Path
    intrinsics: Intrinsics
    """The known lens: one, or one a frame, for any image size."""
    max_difference_s: float = 0.02
    """A pose further in time from every frame belongs to none."""

    name = "file"
    provides = frozenset({"camera"})
    needs = frozenset({"rgb"})

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Read the camera; a file that is no path, or fits no frame, is a failure. Nothing is random."""
        try:
            table = read_path(self.path)
            track = table.to_track(fps=None if table.times_s is not None else take.fps)
        except InputError as error:
            return Failure(str(error))
        times = np.asarray(take.times_s, np.float64)
        if len(track) == len(take):
            frames, notes = np.arange(len(take)), ("the file has a pose for every frame: they are taken in order",)
        elif table.times_s is None:
            return Failure(f"{self.path} has {len(track)} poses without times for {len(take)} frames")
        else:
            found, chosen = _mutual_nearest(torch.from_numpy(times), track.times_s, self.max_difference_s)
            frames = found.numpy()
            if len(frames) == 0:
                return Failure(f"no pose of {self.path} lies within {self.max_difference_s:g} s of a frame")
            track = replace(track, T_world_body=track.T_world_body[chosen], times_s=track.times_s[chosen])
            notes = (f"{len(frames)} of {len(take)} frames have a pose in the file within {self.max_difference_s:g} s",)
        track = replace(track, times_s=torch.from_numpy(times[frames]))
        lens = Intrinsics(torch.from_numpy(pixel_intrinsics(self.intrinsics, take)[frames]), take.size_wh)
        confidence = np.zeros(len(take))
        confidence[frames] = 1.0
        return Estimate(
            source=f"estimated:{self.name}", camera=Trajectory(track, lens), confidence=confidence, notes=notes
        )


def _mutual_nearest(times_s: Tensor, others_s: Tensor, max_difference_s: float) -> tuple[Tensor, Tensor]:
    """Indices of the times and of the others that are each other's nearest and near enough."""
    to_other, to_time = nearest(others_s, times_s), nearest(times_s, others_s)
    near = (others_s[to_other] - times_s).abs() <= max_difference_s
    index = (near & (to_time[to_other] == torch.arange(len(times_s)))).nonzero()[:, 0]
    return index, to_other[index]
