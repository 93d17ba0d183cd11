"""Cameras from frames alone by COLMAP's incremental mapping, through its own Python library."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from kinoeye.base.errors import MissingExtraError
from kinoeye.base.failure import Failure
from kinoeye.base.optional import require
from kinoeye.footage.take import Take
from kinoeye.geometry.convention import Float64, homogeneous, invert
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.perception.estimate import Estimate, pixel_intrinsics

OVERLAP = 10
"""Frames after each one that its features are matched with."""


@dataclass(frozen=True, kw_only=True)
class ColmapEstimator:
    """Structure from motion by pycolmap with a known lens (Schoenberger and Frahm 2016); frames it cannot place fail.

    The unit is arbitrary. The first frame that was placed is the origin.
    """

    intrinsics: Intrinsics
    """The known lens: one, or one a frame, for any image size."""

    name = "pycolmap"
    provides = frozenset({"camera"})
    needs = frozenset({"rgb"})

    def __post_init__(self) -> None:
        pycolmap = require("pycolmap", extra="sfm")
        if not hasattr(pycolmap, "FeatureMatchingOptions"):
            version = getattr(pycolmap, "__version__", "of this age")
            raise MissingExtraError(f'pycolmap {version} is too old: pip install --upgrade "kinoeye[sfm]"')

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Estimate the camera of a take from its frames, on one thread so that the seed decides everything."""
        if len(take) < 2:
            return Failure("one frame has no motion; at least two are needed")
        lens = pixel_intrinsics(self.intrinsics, take)
        if np.ptp(lens, axis=0).max() > 0:
            return Failure("the lens changes during the take; pycolmap is given one camera for all frames")
        with tempfile.TemporaryDirectory() as folder:
            placed = _map(require("pycolmap", extra="sfm"), take, lens[0], Path(folder), seed)
        if len(placed) < 2:
            return Failure(f"COLMAP could place {len(placed)} of {len(take)} frames")
        frames = np.array(sorted(placed))
        T_world_cam = homogeneous(invert(np.stack([placed[frame][:3] for frame in frames])))
        poses = SE3.from_matrix(torch.from_numpy(np.linalg.inv(T_world_cam[0]) @ T_world_cam))
        track = Track(poses, torch.from_numpy(np.asarray(take.times_s, np.float64)[frames]), "arbitrary", up=None)
        confidence = np.zeros(len(take))
        confidence[frames] = 1.0
        return Estimate(
            source=f"estimated:{self.name}",
            camera=Trajectory(track, Intrinsics(torch.from_numpy(lens[frames]), take.size_wh)),
            confidence=confidence,
            notes=(f"COLMAP placed {len(frames)} of {len(take)} frames", "unit: arbitrary"),
        )


def _map(pycolmap: ModuleType, take: Take, lens: Float64, folder: Path, seed: int) -> dict[int, Float64]:
    """Frame -> world-to-camera matrix [4, 4] of the largest model that could be built."""
    from PIL import Image

    images, database = folder / "images", folder / "database.db"
    images.mkdir()
    for index, frame in enumerate(take.rgb.values):
        Image.fromarray(frame).save(images / f"{index:06d}.png")
    quiet = pycolmap.logging.minloglevel
    pycolmap.logging.minloglevel = 2
    try:
        pycolmap.set_random_seed(seed)
        pycolmap.extract_features(
            database,
            images,
            camera_mode=pycolmap.CameraMode.SINGLE,
            reader_options=pycolmap.ImageReaderOptions(
                camera_model="PINHOLE", camera_params=",".join(repr(float(value)) for value in lens)
            ),
            extraction_options=_with(pycolmap.FeatureExtractionOptions(), num_threads=1),
            device=pycolmap.Device.cpu,
        )
        pycolmap.match_sequential(
            database,
            matching_options=_with(pycolmap.FeatureMatchingOptions(), num_threads=1),
            pairing_options=_with(pycolmap.SequentialPairingOptions(), overlap=OVERLAP, num_threads=1),
            verification_options=_verification_options(pycolmap, seed),
            device=pycolmap.Device.cpu,
        )
        models = pycolmap.incremental_mapping(database, images, folder, options=_mapping_options(pycolmap, seed))
    finally:
        pycolmap.logging.minloglevel = quiet
    if not models:
        return {}
    largest = max(models.values(), key=lambda model: model.num_reg_images())
    posed = [image for image in largest.images.values() if image.has_pose]
    return {int(Path(image.name).stem): homogeneous(image.cam_from_world().matrix()[None])[0] for image in posed}


def _mapping_options(pycolmap: ModuleType, seed: int) -> Any:
    options = _with(
        pycolmap.IncrementalPipelineOptions(),
        num_threads=1,
        random_seed=seed,
        min_model_size=2,
        multiple_models=False,
        extract_colors=False,
        ba_refine_focal_length=False,
        ba_refine_principal_point=False,
        ba_refine_extra_params=False,
    )
    # The camera of a short film moves little between its frames: COLMAP's own 16 degrees are for photographs.
    _with(options.mapper, num_threads=1, random_seed=seed, init_min_tri_angle=4.0)
    _with(options.triangulation, random_seed=seed)
    return options


def _verification_options(pycolmap: ModuleType, seed: int) -> Any:
    options = pycolmap.TwoViewGeometryOptions()
    _with(options.ransac, random_seed=seed)
    return options


def _with(options: Any, **values: object) -> Any:
    """The options with some of them set."""
    for name, value in values.items():
        setattr(options, name, value)
    return options
