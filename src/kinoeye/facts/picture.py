"""What the camera sees of whom: hidden and visible, in the picture and out of it, who covers whom."""

from __future__ import annotations

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.facts.events import Event, Thresholds, beginnings
from kinoeye.facts.hysteresis import Phase, phases
from kinoeye.facts.judged import Judged, thresholded
from kinoeye.facts.scene_tracks import SceneTracks
from kinoeye.geometry.convention import Float64


def hiding_phases(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When one in the picture is "hidden" behind something and when "visible"; no phase while it is out of it.

    Raises:
        InputError: there is no such track, or the tracks do not tell what is visible.
    """
    limits = thresholds or Thresholds()  # none of those used here is a length
    row = tracks.index(name)
    shares = np.where(_told(tracks, "outlines")[row] > 0, _told(tracks, "visible")[row], np.nan)
    return phases(
        tracks.times_s,
        1.0 - shares,
        ("visible", "hidden"),
        enter=limits.hidden,
        leave=limits.shown,
        least_s=limits.least_s,
        spread=tracks.noise.share,
    )


def presence_phases(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When the outline of one, hidden or not, is "in the picture" and when "out of the picture".

    Raises:
        InputError: there is no such track, or the tracks do not tell how large outlines are.
    """
    limits = thresholds or Thresholds()
    outline = _told(tracks, "outlines")[tracks.index(name)]
    is_in = np.where(np.isnan(outline), np.nan, np.where(outline > 0, 1.0, 0.0))
    words = ("out of the picture", "in the picture")
    return phases(tracks.times_s, is_in, words, enter=0.5, leave=0.5, least_s=limits.least_s, spread=tracks.noise.share)


def covering_phases(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Phase, ...]:
    """When `a` "covers" a part of `b` in the picture and when it "does not cover" it.

    Raises:
        InputError: there is no such track, or the tracks do not tell who occludes whom.
    """
    limits = thresholds or Thresholds()
    return phases(
        tracks.times_s,
        _told(tracks, "occludes")[tracks.index(a), tracks.index(b)],
        ("does not cover", "covers"),
        enter=limits.covers,
        leave=limits.uncovers,
        least_s=limits.least_s,
        spread=tracks.noise.share,
    )


def in_front(tracks: SceneTracks, a: str, b: str, *, above: float = 0.01) -> Judged:
    """Which of two is before the other in the picture where they overlap: `a`, `b`, or "neither".

    Decided by the larger share that one covers of the other's outline, from `above` on.

    Raises:
        InputError: as `covering_phases`.
    """
    occludes = _told(tracks, "occludes")
    row, other = tracks.index(a), tracks.index(b)
    return thresholded(
        occludes[other, row] - occludes[row, other], (a, "neither", b), (-above, above), tracks.noise.share
    )


def occluders(tracks: SceneTracks, name: str, sample: int, *, above: float = 0.01) -> tuple[tuple[str, float], ...]:
    """Who covers one at a sample, and which share of its outline, the largest first.

    Raises:
        InputError: as `covering_phases`.
    """
    shares = _told(tracks, "occludes")[:, tracks.index(name), sample]
    found = [(other, float(share)) for other, share in zip(tracks.names, shares, strict=True) if share > above]
    return tuple(sorted(found, key=lambda item: -item[1]))


def cut_off(tracks: SceneTracks) -> Float64:
    """Whether what is seen of each touches an edge of the picture [a, t]: 1 or 0, NaN where nothing is seen.

    Raises:
        InputError: the tracks have no boxes.
    """
    boxes = _told(tracks, "boxes_xyxy")
    assert tracks.size_wh is not None
    touches = (boxes[..., :2] <= 0.5).any(axis=-1) | (boxes[..., 2:] >= np.array(tracks.size_wh) - 0.5).any(axis=-1)
    return np.where(np.isnan(boxes[..., 0]), np.nan, touches.astype(np.float64))


def appearances(tracks: SceneTracks, name: str, thresholds: Thresholds | None = None) -> tuple[Event, ...]:
    """When one "becomes hidden" or "becomes visible", "enters the picture" or "leaves the picture", by time."""
    hiding = beginnings(
        hiding_phases(tracks, name, thresholds), {"hidden": "becomes hidden", "visible": "becomes visible"}, (name,)
    )
    words = {"in the picture": "enters the picture", "out of the picture": "leaves the picture"}
    presence = beginnings(presence_phases(tracks, name, thresholds), words, (name,))
    return tuple(sorted((*hiding, *presence), key=lambda event: event.time_s))


def coverings(tracks: SceneTracks, a: str, b: str, thresholds: Thresholds | None = None) -> tuple[Event, ...]:
    """When one "begins to cover" another in the picture and when it "stops covering" it."""
    words = {"covers": "begins to cover", "does not cover": "stops covering"}
    return beginnings(covering_phases(tracks, a, b, thresholds), words, (a, b))


def _told(tracks: SceneTracks, field: str) -> Float64:
    values = getattr(tracks, field)
    if values is None:
        raise InputError(
            f"the tracks from {tracks.source!r} do not tell {field!r}: nobody has looked at pictures for it"
        )
    return values
