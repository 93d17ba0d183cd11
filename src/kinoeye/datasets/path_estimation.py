"""Jobs that give a shot its path: estimated from its frames, then cleaned, with the first frame and its depth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.base.records import to_json
from kinoeye.datasets.datadop_files import RawPath, write_frame, write_raw_path, write_transforms
from kinoeye.datasets.first_frame_depth import depth_of_first
from kinoeye.datasets.path_cleaning import LEAST_RANGE, Quirks, clean_path, position_range
from kinoeye.datasets.shot_sampling import SampledShot, sample_shot
from kinoeye.footage.take import Layer, Take
from kinoeye.formats import read_path
from kinoeye.geometry.convention import homogeneous
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.language.tags import motion_tags, segments
from kinoeye.perception import estimator


@dataclass(frozen=True)
class EstimatePath:
    """A shot gets the raw path of its camera."""

    folder: Path
    """Where the files go, each under its item's name."""
    estimator: str = "kinoeye"
    """A name of `perception.ESTIMATORS`."""
    fov_deg: float = 50.0
    """Horizontal angle of view that the lens is taken to have."""
    name: str = "estimate-path"

    @property
    def version(self) -> str:
        """Changes with the parameters."""
        return f"1 {self.estimator} {self.fov_deg}"

    def setup(self) -> None:
        """Hold that the estimator is there.

        Raises:
            InputError: it is not.
        """
        estimator(self.estimator, intrinsics=_lens(self.fov_deg, (2, 2)))

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Estimate the path, and write it as MonST3R does."""
        shot = _lit(item)
        height, width = shot.frames.shape[1:3]
        lens = _lens(self.fov_deg, (width, height))
        take = Take(times_s=shot.times_s, layers={"rgb": Layer(shot.frames, "file")})
        found = estimator(self.estimator, intrinsics=lens)(take, seed=seed % 2**31)
        if isinstance(found, Failure):
            return Failure(f"no path: {found}")
        poses = found.camera.T_world_cam.as_matrix().double().numpy()
        extent = position_range(poses[:, :3, 3])
        if extent < LEAST_RANGE:
            return Failure(f"the camera's place changes by {extent:.3g}; {LEAST_RANGE:g} is needed")
        numbers = np.searchsorted(shot.times_s, found.camera.times_s.double().numpy() - 1e-6)
        K = np.broadcast_to(lens.as_matrix().numpy(), (len(poses), 3, 3))
        files = write_raw_path(self.folder / item.name, RawPath(T_world_cam=poses, K=K, numbers=numbers))
        facts = {
            "estimator": found.source,
            "fov_deg": self.fov_deg,
            "estimator_notes": list(found.notes),
            "least_confidence": round(float(found.confidence.min()), 4),
            "size_wh": [width, height],
        }
        return Item(item.name, {**item.data, **facts}, {**item.files, **files})


@dataclass(frozen=True)
class CleanPath:
    """A shot's raw path becomes 120 poses, and the frame where they begin gets its depth."""

    folder: Path
    """Where the files go, each under its item's name."""
    quirks: Quirks
    name: str = "clean-path"

    @property
    def version(self) -> str:
        """Changes with the quirks."""
        return f"1 {to_json(self.quirks)}"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Clean the path in the files "traj" and "intrinsics"."""
        raw = read_path(item.files["traj"])
        poses, numbers = homogeneous(raw.matrices), np.asarray(raw.times_s).astype(np.int64)
        assert raw.intrinsics is not None
        K = raw.intrinsics[0]
        cleaned = clean_path(poses, self.quirks)
        if cleaned is None:
            return Failure("the path has no stretch without jumps that is long enough")
        kept, (first, end) = cleaned
        shot = _lit(item)
        depth = depth_of_first(shot.frames[numbers[first:end]], poses[first:end], K)
        if isinstance(depth, Failure):
            return Failure(str(depth))
        base = self.folder / item.name
        files = write_frame(base, shot.frames[numbers[first]], depth[0])
        width, height = item.data["size_wh"]
        files |= write_transforms(base, kept, K, (width, height))
        facts = {
            "frames": [int(numbers[first]), int(numbers[end - 1])],
            "starts_s": round(float(shot.times_s[numbers[first]]), 6),
            "ends_s": round(float(shot.times_s[numbers[end - 1]]), 6),
            "depth_seen": round(depth[1], 4),
            "segments": to_json(segments(motion_tags(kept))),
        }
        return Item(item.name, {**item.data, **facts}, {**item.files, **files})


def _lit(item: Item) -> SampledShot:
    """The frames of a shot behind its black ones."""
    shot, black = sample_shot(item), item.data["black"]
    return SampledShot(shot.frames[black:], shot.times_s[black:])


def _lens(fov_deg: float, size_wh: tuple[int, int]) -> Intrinsics:
    return Intrinsics.from_fov(math.radians(fov_deg), size_wh)
