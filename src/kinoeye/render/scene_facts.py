"""What the camera truly sees of everybody in a shot, measured on rendered masks and put into scene tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.render.film import render
from kinoeye.shot.shot import Shot

UInt8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Float64 = NDArray[np.float64]
_PIXELS = 64 * 1024 * 1024
"""So many are rendered at once, which bounds the memory for a long film."""


def with_picture(tracks: SceneTracks, shot: Shot, *, size_wh: tuple[int, int] | None = None) -> SceneTracks:
    """Scene tracks of a shot with what is seen of each actor: shares, boxes, and who covers whom.

    Exact for the rays through pixel centres. The shot is rendered once whole and once for every actor alone on its
    ground, without the others and the props: an actor's outline is its mask alone, what is seen of it its mask in the
    whole, and the pixels between are counted for whoever is seen there. What is beyond the picture's edge is in no
    count. So the cost is that of (actors + 1) films at `size_wh`; where a tenth of the precision does, a third of the
    side takes a ninth of the time.

    Args:
        tracks: of this shot (`kinoeye.shot.scene_tracks`), at the times to look at.
        shot: what to look at; an actor without an avatar is not drawn, and its picture is unknown.
        size_wh: size of the picture in pixels, and of `boxes_xyxy`; the camera's own when None.

    Raises:
        InputError: the tracks are of other actors, or the shot cannot be rendered (see `render`).
    """
    if tracks.names[1:] != tuple(actor.name for actor in shot.actors):
        raise InputError(
            f"the tracks are of {list(tracks.names[1:])}; the shot's actors are others, or in another order"
        )
    width, height = size_wh or shot.camera.size_wh
    at_once = max(_PIXELS // max(width * height, 1), 1)
    parts = [_measured(shot, tracks.times_s[k : k + at_once], size_wh) for k in range(0, len(tracks), at_once)]
    visible, boxes, occludes, outlines = (np.concatenate(found, axis=-1) for found in zip(*parts, strict=True))
    return replace(
        tracks,
        visible=visible,
        boxes_xyxy=np.moveaxis(boxes, 1, 2),
        occludes=occludes,
        outlines=outlines,
        size_wh=(width, height),
    )


def _measured(
    shot: Shot, times_s: Float64, size_wh: tuple[int, int] | None
) -> tuple[Float64, Float64, Float64, Float64]:
    """Visible shares [a, t], boxes [a, 4, t], covered shares [a, a, t] and outlines [a, t], the camera's row first."""
    whole = _masks(shot, times_s, size_wh)
    a, t, pixels_of_picture = len(shot.actors) + 1, len(times_s), whole[0].size
    visible, outlines = np.full((a, t), np.nan), np.full((a, t), np.nan)
    boxes, occludes = np.full((a, 4, t), np.nan), np.full((a, a, t), np.nan)
    drawn = [index for index, actor in enumerate(shot.actors, 1) if actor.avatar is not None]
    is_alone = len(drawn) == 1 and not shot.environment.props
    for index in drawn:
        alone = whole == index if is_alone else _alone(shot, times_s, index, size_wh)
        seen = alone & (whole == index)
        pixels = alone.sum(axis=(1, 2))
        share = 1.0 / np.maximum(pixels, 1)
        visible[index], outlines[index] = seen.sum(axis=(1, 2)) * share, pixels / pixels_of_picture
        boxes[index] = _boxes(seen)
        for other in drawn:
            occludes[other, index] = (alone & (whole == other)).sum(axis=(1, 2)) * share if other != index else 0.0
    return visible, boxes, occludes, outlines


def _masks(shot: Shot, times_s: Float64, size_wh: tuple[int, int] | None) -> UInt8:
    """Mask ids [t, height, width]."""
    take = render(shot, layers=("instance",), size_wh=size_wh, times_s=times_s.tolist())
    return take.layers["instance"].values


def _alone(shot: Shot, times_s: Float64, index: int, size_wh: tuple[int, int] | None) -> Bool:
    """Where [t, height, width] the actor with this mask id is when nothing but the ground is there."""
    # The others keep their numbers: the small movements of a body follow from its own.
    actors = tuple(
        replace(actor, avatar=actor.avatar if k == index else None) for k, actor in enumerate(shot.actors, 1)
    )
    bare = replace(shot, actors=actors, environment=replace(shot.environment, props=()))
    return _masks(bare, times_s, size_wh) == index


def _boxes(masks: Bool) -> Float64:
    """The smallest box [4, t] around each mask, in pixels from the left and top edges; NaN around nothing."""
    boxes = np.full((4, len(masks)), np.nan)
    for frame, mask in enumerate(masks):
        rows, columns = np.nonzero(mask)
        if len(rows):
            boxes[:, frame] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return boxes
