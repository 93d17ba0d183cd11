"""Incremental structure from motion for a film: two views with parallax, then their neighbours, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.geometry.convention import Float64
from kinoeye.perception.bundle_adjustment import Observations, adjust, reprojection_errors
from kinoeye.perception.two_view import parallax, relative_poses, rotation_between, triangulate

_LEAST_COMMON = 0.4
"""Two first views share at least this part of their tracks,"""
_LEAST_TRACKS = 30
"""and at least so many."""
_LEAST_POINTS = 12
"""Points from which a frame can be placed."""
_INLIER_PIXELS = 2.0
_LEAST_PARALLAX_PIXELS = 0.5
"""Median motion beyond a pure rotation, under which no depth can be seen."""
_LEAST_ANGLE = np.deg2rad(0.3)
"""Parallax from which a point is trusted."""
_AMBIGUOUS = 1.15
"""Beginnings whose cost is within this factor of the best are all carried on."""
_ADJUST_GROWTH = 1 / 12
"""A long film is adjusted each time it has grown by this share: work grows with its length, not its square."""
_ADJUST_EVERY = 6
"""Frames placed between two bundle adjustments;"""
_ADJUST_EVERY_WITH_DEPTH = 2
"""fewer where points begin at a measured depth, whose error soon shows as some pixels."""
_TRACK_PIXELS = 0.3
"""How well a corner is followed. Depth errors are shared by neighbours, so each depth counts half."""


@dataclass(frozen=True)
class Structure:
    """Cameras from tracks."""

    T_world_cam: Float64
    """[f, 4, 4], the first the identity."""
    inliers: NDArray[np.int64]
    """[f] tracks that agree with each pose."""
    visible: NDArray[np.int64]
    """[f] tracks seen in each frame."""
    rotation_only: bool
    """The camera turns without moving, as far as can be seen; all translations are zero."""


def reconstruct(xy: Float64, focal: Float64, *, seed: int) -> Structure | Failure:
    """Cameras of a film from point tracks alone; the median depth of the first frame's points is 1.

    Args:
        xy: [f, t, 2] tracks on the plane z = 1 of each frame's camera; NaN where not seen.
        focal: [f, 2] focal lengths in pixels.
        seed: of RANSAC.
    """
    visible = (~np.isnan(xy[..., 0])).sum(axis=1)
    failure = _too_few(visible)
    if failure is not None:
        return failure
    pair = _first_pair(xy, focal)
    if pair is None:
        return Failure("no two frames share enough points: the motion is too fast or the picture too plain")
    first, second, motion = pair
    if motion < _LEAST_PARALLAX_PIXELS:
        return _rotation_only(xy, focal, visible)
    started = [_Map(xy, focal).started(first, second, T) for T in _candidates(xy, focal, first, second, seed)]
    costs = [found.cost([first, second, *_between(first, second)]) for found in started]
    if not np.isfinite(costs).any():
        return Failure("the two views with the most parallax have no consistent geometry", f"frames {first}, {second}")
    # A plane explains two views in two ways; where the films between them cannot tell, all of the film decides.
    likely = [found for found, cost in zip(started, costs, strict=True) if cost <= _AMBIGUOUS * min(costs)]
    failures = [found.extend() for found in likely]
    extended = [found for found, failure in zip(likely, failures, strict=True) if failure is None]
    if not extended:
        return next(failure for failure in failures if failure is not None)
    best = min(extended, key=lambda found: found.cost(range(len(xy))))
    return best.structure(visible, metric=False)


def reconstruct_with_depth(
    xy: Float64, focal: Float64, log_depth: Float64, *, depth_sigma: float
) -> Structure | Failure:
    """Cameras of a film from point tracks with measured depth, in the unit of the depth.

    Args:
        xy: [f, t, 2] tracks on the plane z = 1 of each frame's camera; NaN where not seen.
        focal: [f, 2] focal lengths in pixels.
        log_depth: [f, t] log depth of the tracks; NaN where not known.
        depth_sigma: expected relative error of depth, a standard deviation.
    """
    visible = (~np.isnan(xy[..., 0])).sum(axis=1)
    failure = _too_few(visible)
    if failure is not None:
        return failure
    found = _Map(xy, focal, log_depth, depth_weight=_TRACK_PIXELS / (2 * depth_sigma))
    found.placed[0] = True
    found.triangulate()
    failure = found.extend()
    return failure if failure is not None else found.structure(visible, metric=True)


def _too_few(visible: NDArray[np.int64]) -> Failure | None:
    frame = int(visible.argmin())
    if visible[frame] >= _LEAST_POINTS:
        return None
    return Failure(f"only {visible[frame]} points can be followed; {_LEAST_POINTS} are needed", f"frame {frame}")


class _Map:
    """Frames placed so far, and the points that they see."""

    def __init__(
        self, xy: Float64, focal: Float64, log_depth: Float64 | None = None, *, depth_weight: float = 0.0
    ) -> None:
        self.xy = xy
        self.focal = focal
        self.log_depth = np.full(xy.shape[:2], np.nan) if log_depth is None else log_depth
        self.depth_weight = depth_weight
        self.seen = ~np.isnan(xy[..., 0])
        self.T = np.tile(np.eye(4), (len(xy), 1, 1))  # T_cam_world
        self.placed = np.zeros(len(xy), bool)
        self.points = np.zeros((xy.shape[1], 3))
        self.has_point = np.zeros(xy.shape[1], bool)

    def started(self, first: int, second: int, T_second_first: Float64) -> _Map:
        """Begin with two views, then place the frames between them."""
        self.T[second] = T_second_first
        self.placed[[first, second]] = True
        self.triangulate()
        self.adjust(15)
        for frame in _between(first, second):
            if self.has_point.sum() < _LEAST_POINTS or not self.place(frame):
                return self
        self.adjust(8)
        return self

    def cost(self, frames: Sequence[int]) -> float:
        """Mean robust error of all that is seen in some frames; infinite without enough points.

        What is seen but not explained, in frames that could not be placed too, counts as much as an outlier.
        """
        if self.has_point.sum() < _LEAST_POINTS:
            return np.inf
        chosen = np.zeros(len(self.T), bool)
        chosen[list(frames)] = True
        seen = self.observations(self.placed & chosen)
        errors = np.minimum(reprojection_errors(self.T, self.points, seen), _INLIER_PIXELS)
        total = int(self.seen[chosen].sum())
        return float(np.log1p(errors**2).sum() + np.log1p(_INLIER_PIXELS**2) * (total - len(errors))) / total

    def extend(self) -> Failure | None:
        """Place all other frames, nearest to those placed first."""
        since = 0
        while not self.placed.all():
            known, left = np.flatnonzero(self.placed), np.flatnonzero(~self.placed)
            distance = np.abs(left[:, None] - known[None]).min(axis=1)
            frame = int(left[distance.argmin()])
            if not self.place(frame):
                self.renew()
            if not self.placed[frame] and not self.place(frame):
                count = int((self.seen[frame] & self.has_point).sum())
                return Failure(f"the frame cannot be placed from the {count} known points it sees", f"frame {frame}")
            since += 1
            least = _ADJUST_EVERY_WITH_DEPTH if self.depth_weight > 0 else _ADJUST_EVERY
            if since >= max(least, int(_ADJUST_GROWTH * self.placed.sum())):
                since = 0
                self.renew()
        for _ in range(2):
            self.triangulate()
            self.adjust(12)
        return None

    def renew(self) -> None:
        """Adjust what there is, then choose its points anew."""
        self.adjust(4)
        self.triangulate()

    def place(self, frame: int) -> bool:
        """Resect a frame from the points it sees, beginning at its nearest placed neighbour."""
        seen = self.observations(np.arange(len(self.T)) == frame)
        if len(seen.frame) < _LEAST_POINTS:
            return False
        known = np.flatnonzero(self.placed)
        nearest = int(known[np.abs(known - frame).argmin()])
        common = self.seen[frame] & self.seen[nearest]
        self.T[frame] = self.T[nearest]
        if common.sum() >= _LEAST_POINTS:
            turned = np.eye(4)
            turned[:3, :3] = rotation_between(self.xy[nearest, common], self.xy[frame, common])[0]
            self.T[frame] = turned @ self.T[nearest]
        own = replace(seen, frame=np.zeros_like(seen.frame))  # alone, so that the work does not grow with the film
        one, free = self.T[frame : frame + 1], np.ones(1, bool)
        self.T[frame : frame + 1], _ = adjust(one, self.points, own, free=free, iterations=20, move_points=False)
        inliers = reprojection_errors(self.T, self.points, seen) < 2 * _INLIER_PIXELS
        self.placed[frame] = bool(inliers.mean() > 0.5) and int(inliers.sum()) >= _LEAST_POINTS
        return bool(self.placed[frame])

    def triangulate(self) -> None:
        """Points of every track with enough parallax that agrees with the placed frames."""
        frames = np.flatnonzero(self.placed)
        least = 1 if self.depth_weight > 0 else 2
        tracks = np.flatnonzero(self.seen[frames].sum(axis=0) >= least)
        xys, seen = self.xy[np.ix_(frames, tracks)], self.seen[np.ix_(frames, tracks)]
        fresh = ~self.has_point[tracks]
        points = np.where(fresh[:, None], triangulate(self.T[frames], xys), self.points[tracks])
        measured = np.zeros(len(tracks), bool)
        if self.depth_weight > 0:
            from_depth, measured = self.unproject(frames, tracks)
            points = np.where((fresh & measured)[:, None], from_depth, points)
        centres = np.linalg.inv(self.T[frames])[:, :3, 3]
        in_camera = np.einsum("fij,pj->fpi", self.T[frames, :3, :3], points) + self.T[frames, None, :3, 3]
        ahead = in_camera[..., 2] > 1e-6
        depth = np.where(ahead, in_camera[..., 2], 1.0)
        errors = np.linalg.norm((in_camera[..., :2] / depth[..., None] - xys) * self.focal[frames, None], axis=-1)
        # A track is kept where most of its views agree; the others are left to the robust cost.
        agree = np.where(seen, (errors < _INLIER_PIXELS) & ahead, False).sum(axis=0) >= 0.7 * seen.sum(axis=0)
        good = agree & (measured | (parallax(centres, points, seen) > _LEAST_ANGLE))
        self.has_point[:] = False
        self.has_point[tracks[good]] = True
        self.points[tracks[good]] = points[good]

    def unproject(self, frames: NDArray[np.int64], tracks: NDArray[np.int64]) -> tuple[Float64, NDArray[np.bool_]]:
        """World points [t, 3] of tracks from the first placed frame that measures their depth, and which have one."""
        log_depth = self.log_depth[np.ix_(frames, tracks)]
        known = ~np.isnan(log_depth)
        first = known.argmax(axis=0)
        depth = np.exp(np.where(known, log_depth, 0.0)[first, np.arange(len(tracks))])
        xy = np.nan_to_num(self.xy[frames[first], tracks])
        in_camera = np.concatenate([xy, np.ones((len(tracks), 1))], axis=1) * depth[:, None]
        T_world_cam = np.linalg.inv(self.T[frames[first]])
        world = np.einsum("tij,tj->ti", T_world_cam[:, :3, :3], in_camera) + T_world_cam[:, :3, 3]
        return world, np.asarray(known.any(axis=0), bool)

    def adjust(self, iterations: int) -> None:
        """Bundle adjustment of all placed frames and points; the first placed frame stays."""
        if self.has_point.sum() < _LEAST_POINTS:
            return
        frames, tracks = np.flatnonzero(self.placed), np.flatnonzero(self.has_point)
        number_of_frame, number_of_track = (np.zeros(n, np.int64) for n in self.seen.shape)
        number_of_frame[frames], number_of_track[tracks] = np.arange(len(frames)), np.arange(len(tracks))
        seen = self.observations(self.placed)
        compact = replace(seen, frame=number_of_frame[seen.frame], point=number_of_track[seen.point])
        free = np.arange(len(frames)) > 0
        self.T[frames], self.points[tracks] = adjust(
            self.T[frames],
            self.points[tracks],
            compact,
            free=free,
            iterations=iterations,
            depth_weight=self.depth_weight,
        )

    def observations(self, frames: NDArray[np.bool_]) -> Observations:
        """What the chosen frames see of the known points."""
        frame, point = np.nonzero(self.seen & frames[:, None] & self.has_point)
        return Observations(frame, point, self.xy[frame, point], self.focal[frame], self.log_depth[frame, point])

    def structure(self, visible: NDArray[np.int64], *, metric: bool) -> Structure:
        """The result in the first camera's axes; if not metric, at the scale where its points have median depth 1."""
        in_first = self.points[self.has_point] @ self.T[0, :3, :3].T + self.T[0, :3, 3]
        ahead = in_first[in_first[:, 2] > 0, 2]
        scale = 1.0 if metric or ahead.size == 0 else 1.0 / float(np.median(ahead))
        seen = self.observations(self.placed)
        good = reprojection_errors(self.T, self.points, seen) < _INLIER_PIXELS
        poses = self.T[0] @ np.linalg.inv(self.T)
        poses[:, :3, 3] *= scale
        return Structure(poses, np.bincount(seen.frame[good], minlength=len(self.T)), visible, rotation_only=False)


def _first_pair(xy: Float64, focal: Float64) -> tuple[int, int, float] | None:
    """Two frames that share many tracks and differ most from a pure rotation, and their median difference in pixels."""
    seen = ~np.isnan(xy[..., 0])
    count = len(xy)
    best: tuple[float, int, int, float] | None = None
    for first in sorted({0, count // 4, count // 2}):
        for second in range(first + 1, count, max(1, count // 16)):
            common = seen[first] & seen[second]
            if common.sum() < max(_LEAST_TRACKS, _LEAST_COMMON * seen[first].sum()):
                break
            _, angles = rotation_between(xy[first, common], xy[second, common])
            motion = float(np.median(angles) * focal[second].mean())
            score = motion * float(common.sum()) ** 0.5
            if best is None or score > best[0]:
                best = (score, first, second, motion)
    return None if best is None else best[1:]


def _candidates(xy: Float64, focal: Float64, first: int, second: int, seed: int) -> list[Float64]:
    common = ~np.isnan(xy[first, :, 0]) & ~np.isnan(xy[second, :, 0])
    return relative_poses(xy[first, common], xy[second, common], float(focal[second].mean()), seed=seed)


def _rotation_only(xy: Float64, focal: Float64, visible: NDArray[np.int64]) -> Structure | Failure:
    """Rotations chained over the frame before, for a camera without visible translation."""
    poses = np.tile(np.eye(4), (len(xy), 1, 1))
    inliers = np.zeros(len(xy), np.int64)
    inliers[0] = visible[0]
    for i in range(1, len(xy)):
        common = ~np.isnan(xy[i - 1 : i + 1, :, 0]).any(axis=0)
        if common.sum() < _LEAST_POINTS:
            return Failure(f"only {common.sum()} points are followed from the frame before", f"frame {i}")
        R, angles = rotation_between(xy[i - 1, common], xy[i, common])
        poses[i, :3, :3] = poses[i - 1, :3, :3] @ R.T
        inliers[i] = int((angles * focal[i].mean() < _INLIER_PIXELS).sum())
    return Structure(poses, inliers, visible, rotation_only=True)


def _between(first: int, second: int) -> list[int]:
    """Up to eight frames between two, spread evenly."""
    return [first + 1 + k for k in _bisection(second - first - 1)][:8]


def _bisection(count: int) -> list[int]:
    """0 .. count - 1, halves first, so that a prefix is spread evenly."""
    order: list[int] = []
    spans = [(0, count)]
    while spans:
        low, high = spans.pop(0)
        if low < high:
            middle = (low + high) // 2
            order.append(middle)
            spans += [(low, middle), (middle + 1, high)]
    return order
