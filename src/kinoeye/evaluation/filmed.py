"""What a user's film was made of: the actors as they were seen, and their camera, at the film's frames and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.records import from_json
from kinoeye.evaluation.avatar_camera import frames_that_tell_cameras
from kinoeye.evaluation.camera_hypotheses import camera_hypotheses, ground_pixels, told_apart
from kinoeye.evaluation.film_segments import PeopleByColour
from kinoeye.evaluation.film_worlds import grown, soft_px
from kinoeye.footage.take import Take
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.track import Trajectory
from kinoeye.render.film import render
from kinoeye.render.guides import LEGEND_FILE, on_black
from kinoeye.shot.shot import Shot

Frames = UInt8[NDArray, "f h w 3"]
SAMPLES = 2
"""Rays a side at edges of what is rendered."""
MOST_STRETCHED = 1.2
"""A film whose sides' ratio differs by more than this from what was filmed is cropped, not scaled."""


@dataclass(frozen=True, kw_only=True)
class Filmed:
    """The actors of a shot on black, each frame and pixel of them where a film of it should show them."""

    avatar_rgb: Frames
    alpha: UInt8[NDArray, "f h w"]
    depth: Float32[NDArray, "f h w"]
    """In metres; what it is where nobody is seen means nothing."""
    person: UInt8[NDArray, "f h w"]
    """1, 2, ... for the actors in order; 0 where there is none."""
    poses: Float64
    """T_world_cam [f, 4, 4]."""
    lenses: Float64
    """fx, fy, cx, cy [f, 4] in pixels."""
    flow: Float32[NDArray, "f h w 2"] | None = None
    """Pixels to the same point in the next frame; None where only pictures of the actors were given."""
    cast: Bool[NDArray, "f h w"] | None = None
    """Where an actor keeps the shot's sun from something else; None as above."""
    true_rgb: Frames | None = None
    """The true film, if there is one."""
    no_truth: str = "there is no true film beside what was filmed"
    """Why there is none."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.person.shape[1:]
        return width, height

    @property
    def fx_fy_cx_cy(self) -> Float64:
        """Of the camera, [4]; that of the first frame where it zooms."""
        return self.lenses[0]

    @property
    def zooms(self) -> bool:
        """Whether the lens changes."""
        return bool(np.ptp(self.lenses, axis=0).max() > 1e-3 * self.lenses.max())

    @cached_property
    def is_person(self) -> Bool[NDArray, "f h w"]:
        """Pixels whose centre shows somebody."""
        return self.person > 0

    @cached_property
    def is_place(self) -> Bool[NDArray, "f h w"]:
        """Pixels of neither people nor the shot's shadows of them, nor beside them."""
        covered = self.alpha > 0
        return ~grown(covered if self.cast is None else covered | self.cast, soft_px(self.size_wh[1]))

    @cached_property
    def is_ground(self) -> Bool[NDArray, "f h w"]:
        """Pixels of `is_place` below the horizon."""
        return self.is_place & ground_pixels(self.poses, self.fx_fy_cx_cy, self.size_wh)

    @cached_property
    def hypotheses(self) -> Mapping[str, Float64]:
        """The camera's path, and wrong ones that can be told from it."""
        paths = camera_hypotheses(self.poses, self.fx_fy_cx_cy, self.size_wh, seed=0)
        return told_apart(paths, self.fx_fy_cx_cy, self.size_wh)

    @cached_property
    def frames_that_tell_cameras(self) -> NDArray[np.int64]:
        """Indices of the frames from whose actors a camera can be told."""
        return frames_that_tell_cameras(self)

    @cached_property
    def people(self) -> PeopleByColour:
        """How the true film's people are told from their place; for where there is one."""
        assert self.true_rgb is not None
        return PeopleByColour.of(self.true_rgb, self.person)


def filmed_of_shot(shot: Shot, times_s: Float64, size_wh: tuple[int, int]) -> Filmed:
    """The actors of a shot, rendered at any times of its camera and in any size.

    Raises:
        InputError: the shot has no drawn actors, or as `render`.
    """
    if not any(actor.avatar is not None for actor in shot.actors):
        raise InputError("the shot has no actors that are drawn, so that there is nothing to find in a film of it")
    black = render(on_black(shot), layers=("alpha", "depth", "instance", "flow"), times_s=times_s, size_wh=size_wh,
                   samples=SAMPLES)  # fmt: skip
    lit, empty = (
        render(each, layers=("shadow",), times_s=times_s, size_wh=size_wh).layers["shadow"].values
        for each in (shot, replace(shot, actors=()))
    )
    layers = {name: layer.values for name, layer in black.layers.items()}
    camera = black.cameras["truth"]
    return Filmed(
        avatar_rgb=layers["rgb"],
        alpha=layers["alpha"],
        depth=layers["depth"],
        person=layers["instance"],
        poses=camera.T_world_cam.as_matrix().double().numpy(),
        lenses=camera.intrinsics.fx_fy_cx_cy.double().numpy(),
        flow=layers["flow"],
        cast=(lit > 127) & (empty <= 127) & (layers["instance"] == 0),
    )


@dataclass(frozen=True)
class GuideFolder:
    """Guide passes as `kinoeye render --guides` writes them."""

    folder: Path
    camera: Trajectory
    """That of the frames, in their size."""

    @classmethod
    def open(cls, folder: Path) -> GuideFolder:
        """Open the passes of a folder.

        Raises:
            InputError: a pass is missing or damaged, or no camera is with them.
        """
        avatar = Take.open(folder / "avatar")
        if "truth" not in avatar.cameras:
            raise InputError(f"{folder / 'avatar'} has no camera; render the guides again")
        return cls(folder, avatar.cameras["truth"])

    def filmed(self, frames: NDArray[np.int64], size_wh: tuple[int, int]) -> Filmed:
        """Some of its frames, scaled to a size.

        Raises:
            InputError: a pass or the legend is missing or damaged.
        """
        legend = read_json(self.folder / LEGEND_FILE)
        where = str(self.folder / LEGEND_FILE)
        if not isinstance(legend, dict) or not {"persons", "depth"} <= legend.keys():
            raise InputError(f"{where} does not say which colour is whose; render the guides again")
        persons = from_json(dict[str, str], legend["persons"], where=f"{where}.persons")
        camera = self.camera.resize(size_wh)
        return Filmed(
            avatar_rgb=scaled(self._pass("avatar")[frames], size_wh),
            alpha=scaled(self._pass("alpha")[frames][..., 0], size_wh),
            depth=_metres(scaled(self._pass("depth")[frames][..., 0], size_wh, exact=True), legend["depth"], where),
            person=_numbers(scaled(self._pass("persons")[frames], size_wh, exact=True), persons, where),
            poses=camera.T_world_cam.as_matrix().double().numpy()[frames],
            lenses=camera.intrinsics.fx_fy_cx_cy.double().numpy()[frames],
        )

    def _pass(self, name: str) -> Frames:
        rgb = Take.open(self.folder / name).rgb.values
        width, height = self.camera.size_wh
        if rgb.shape[:3] != (len(self.camera), height, width):
            raise InputError(
                f"{self.folder / name} has another size or length than the guides' camera; render them again"
            )
        return rgb


def scaled(frames: NDArray[np.uint8], size_wh: tuple[int, int], *, exact: bool = False) -> NDArray[np.uint8]:
    """Frames [f, h, w, ...] in another size: averages, or nearest values where these are numbers of something."""
    if (frames.shape[2], frames.shape[1]) == size_wh:
        return frames
    smaller = size_wh[0] < frames.shape[2] or size_wh[1] < frames.shape[1]
    how = cv2.INTER_NEAREST_EXACT if exact else cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.stack([np.asarray(cv2.resize(frame, size_wh, interpolation=how), np.uint8) for frame in frames])


def with_most_rows(frames: Frames, rows: int) -> Frames:
    """Frames that have more rows than that, averaged to that many; others as they are."""
    height, width = frames.shape[1:3]
    return frames if height <= rows else scaled(frames, (max(1, round(width * rows / height)), rows))


def require_same_shape(film_wh: tuple[int, int], filmed_wh: tuple[int, int]) -> None:
    """Hold that a film may be what was filmed, scaled.

    Raises:
        InputError: their sides' ratios differ too much.
    """
    stretched = film_wh[0] / film_wh[1] * filmed_wh[1] / filmed_wh[0]
    if max(stretched, 1 / stretched) > MOST_STRETCHED:
        raise InputError(
            f"it has {film_wh[0]}x{film_wh[1]} pixels where {filmed_wh[0]}x{filmed_wh[1]} were filmed; "
            "films are scaled and never cropped, so give one of that shape"
        )


def times_in(film_s: Float64 | None, count: int, filmed_s: Float64) -> Float64:
    """Times of what was filmed that the frames of a film show.

    A film of as many frames shows frame by frame, whatever its rate; one of another number shows the same seconds at
    its own rate, ends about where what was filmed ends.

    Args:
        film_s: times of its frames; None where they have none.
        count: its frames.
        filmed_s: times of what was filmed.

    Raises:
        InputError: it lasts shorter or longer.

    Example:
        >>> times_in(np.array([0.0, 0.5, 1.0]), 3, np.array([2.0, 2.25, 2.5, 2.75, 3.0])).tolist()
        [2.0, 2.5, 3.0]
    """
    if count == len(filmed_s):
        return filmed_s
    if film_s is None:
        raise InputError(f"it has {count} frames without a rate where {len(filmed_s)} were filmed; give as many, or a "
                         "video")  # fmt: skip
    since, lasts = film_s - film_s[0], float(filmed_s[-1] - filmed_s[0])
    step = float(np.median(np.diff(film_s))) if count > 1 else 0.0
    filmed_step = float(np.median(np.diff(filmed_s))) if len(filmed_s) > 1 else 0.0
    over = float(since[-1]) - lasts
    if not -1.01 * max(step, filmed_step) <= over <= 0.5 * step:
        raise InputError(
            f"it lasts {since[-1]:.3g} s in {count} frames where {lasts:.3g} s in {len(filmed_s)} were filmed; give a "
            "film of as many frames, or of as many seconds"
        )
    return filmed_s[0] + np.minimum(since, lasts)


def nearest_frames(times_s: Float64, wanted_s: Float64) -> NDArray[np.int64] | None:
    """Indices of frames that are nearest to some times; None where one would be taken twice.

    Example:
        >>> nearest_frames(np.array([0.0, 0.5, 1.0]), np.array([0.1, 0.9])).tolist()
        [0, 2]
    """
    found = np.abs(times_s[None] - wanted_s[:, None]).argmin(axis=1)
    return found if bool((np.diff(found) > 0).all()) else None


def _numbers(colours: Frames, legend: Mapping[str, str], where: str) -> UInt8[NDArray, "f h w"]:
    person = np.zeros(colours.shape[:3], np.uint8)
    for number, told in enumerate(legend.values(), 1):
        try:
            rgb = np.frombuffer(bytes.fromhex(told.removeprefix("#")), np.uint8)
        except ValueError:
            rgb = np.empty(0)
        if len(rgb) != 3 or number > 254:
            raise InputError(
                f"{where}.persons is damaged at {told!r}; colours such as #ff8000 are allowed, at most 254"
            )
        person[(colours == rgb).all(axis=-1)] = number
    return person


def _metres(picture: NDArray[np.uint8], told: object, where: str) -> Float32[NDArray, "f h w"]:
    """Depth of a pass whose brightness is even in 1 / depth."""
    if told is None:
        return np.full(picture.shape, np.nan, np.float32)
    scale = from_json(dict[str, float], told, where=f"{where}.depth")
    named = set(scale) == {"near_m", "far_m", "near_byte", "far_byte"}
    if not named or not 0 < scale["near_m"] <= scale["far_m"] or scale["near_byte"] == scale["far_byte"]:
        raise InputError(f"{where}.depth does not say which depth is how bright; render the guides again")
    share = (picture - scale["far_byte"]) / (scale["near_byte"] - scale["far_byte"])
    near, far = 1 / scale["near_m"], 1 / scale["far_m"]
    return np.where(picture > 0, 1 / np.maximum(far + share * (near - far), 1e-6), np.nan).astype(np.float32)
