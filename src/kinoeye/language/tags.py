"""Motion tags of a camera path: 27 translations x 7 rotations for every transition between two frames.

The tagger of GenDoP (arXiv 2504.07083, section 3): thresholds on the body velocity, a mode filter, and the merging
of short chunks. Its axes are those of an OpenGL camera: x right, y up, z backward.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import OPENCV, OPENGL, convert, homogeneous, matrix_to_rotvec

Tags = NDArray[np.int64]

NOMINAL_FPS = 30.0
MIN_SPEED = 0.02
MAX_RELATIVE_DIFFERENCE = 0.4
MIN_ROTATION = 0.005
"""Radians per frame."""
MAX_SEGMENTS = 4
_FIRST_WINDOW, _FIRST_CHUNK, _GROWTH = 15, 10, 5

TRANSLATIONS = (("right", "left"), ("up", "down"), ("backward", "forward"))
"""Names of motion along +x and -x, +y and -y, +z and -z of an OpenGL camera."""
ROTATIONS = ("", "pitch up", "pitch down", "yaw left", "yaw right", "roll left", "roll right")


def motion_tags(T_world_cam: NDArray[np.floating], fps_nominal: float = NOMINAL_FPS) -> Tags:
    """The smoothed class 7 * translation + rotation of each transition.

    Args:
        T_world_cam: [n, 4, 4] or [n, 3, 4] camera-to-world, OpenCV axes.
        fps_nominal: frames per second that scales the velocity threshold, whatever the path's true rate.

    Returns:
        [n - 1] int64, 0 to 188; 0 is static.

    Example:
        >>> path = np.tile(np.eye(4), (40, 1, 1)); path[:, 2, 3] = np.arange(40) * 0.1
        >>> [tag_name(c) for _, _, c in segments(motion_tags(path))]
        ['forward']
    """
    translation, rotation = raw_tags(T_world_cam, fps_nominal)
    return smooth_tags(7 * translation + rotation)


def raw_tags(T_world_cam: NDArray[np.floating], fps_nominal: float = NOMINAL_FPS) -> tuple[Tags, Tags]:
    """Translation class [n - 1] of 27 and rotation class [n - 1] of 7 of each transition, before smoothing."""
    poses = homogeneous(convert(T_world_cam, OPENCV, OPENGL))
    if len(poses) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    motion = np.linalg.inv(poses[:-1]) @ poses[1:]
    return translation_classes(fps_nominal * motion[:, :3, 3]), rotation_classes(matrix_to_rotvec(motion[:, :3, :3]))


def translation_classes(velocity: NDArray[np.float64]) -> Tags:
    """9 d(x) + 3 d(y) + d(z) of body velocities [m, 3] in OpenGL axes, with d 0 for still, 1 for +, 2 for -."""
    speed = np.abs(velocity)
    moving = speed > MIN_SPEED
    active = moving.copy()
    count = moving.sum(axis=1)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        largest = np.maximum(speed[:, a], speed[:, b])
        relative = np.divide(speed[:, a] - speed[:, b], largest, out=np.zeros_like(largest), where=largest > 0)
        compared = moving[:, a] & moving[:, b] & (count >= 2)
        active[:, b] &= ~(compared & (relative > MAX_RELATIVE_DIFFERENCE))
        active[:, a] &= ~(compared & (relative < -MAX_RELATIVE_DIFFERENCE))
    digits = np.where(active, np.where(velocity > 0, 1, 2), 0)
    return (digits @ np.array([9, 3, 1])).astype(np.int64)


def rotation_classes(rotvec: NDArray[np.float64]) -> Tags:
    """Class 0 to 6 of rotation vectors [m, 3] (radians per frame, OpenGL axes): the largest axis and its sign."""
    size = np.abs(rotvec)
    axis = np.argmax(size, axis=1)
    signed = np.take_along_axis(rotvec, axis[:, None], axis=1)[:, 0]
    classes = 1 + 2 * axis + (signed < 0)
    largest_twice = (size == size.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return np.where((size.max(axis=1) > MIN_ROTATION) & ~largest_twice, classes, 0).astype(np.int64)


def smooth_tags(tags: Tags) -> Tags:
    """Mode filter and merging of short chunks, each time wider, until at most four segments are left."""
    window, chunk = _FIRST_WINDOW, _FIRST_CHUNK
    classes, before = _counts_before(tags)
    while True:
        modes = tags.copy() if len(tags) < window else classes[_modes(before, window // 2)]
        smoothed = _merge_short_chunks(modes, chunk)
        if len(segments(smoothed)) <= MAX_SEGMENTS:
            return smoothed
        window, chunk = window + _GROWTH, chunk + _GROWTH


def segments(tags: Tags) -> list[tuple[int, int, int]]:
    """Runs of equal tags as (first transition, last transition + 1, class)."""
    runs, start = [], 0
    for value, group in groupby(np.asarray(tags).tolist()):
        end = start + len(list(group))
        runs.append((start, end, value))
        start = end
    return runs


def tag_name(tag: int) -> str:
    """The words of a class, such as "right and forward + yaw left"; static is "static".

    Example:
        >>> tag_name(tag_from_words(["right"], "yaw left"))
        'right + yaw left'
    """
    moves, turn = tag_words(tag)
    return " + ".join(part for part in (" and ".join(moves), turn) if part) or "static"


def tag_words(tag: int) -> tuple[tuple[str, ...], str]:
    """The translation words and the rotation words of a class, such as (("right", "forward"), "yaw left")."""
    translation, rotation = divmod(int(tag), 7)
    digits = (translation // 9, translation // 3 % 3, translation % 3)
    return tuple(names[d - 1] for names, d in zip(TRANSLATIONS, digits, strict=True) if d), ROTATIONS[rotation]


def tag_from_words(moves: tuple[str, ...] | list[str], turn: str = "") -> int:
    """The class of translation words such as ["left", "forward"] and a rotation such as "yaw left"."""
    digits = [next((names.index(m) + 1 for m in moves if m in names), 0) for names in TRANSLATIONS]
    return 7 * (9 * digits[0] + 3 * digits[1] + digits[2]) + ROTATIONS.index(turn)


def _counts_before(tags: Tags) -> tuple[Tags, NDArray[np.int32]]:
    """The classes [k] that occur, smallest first, and how often each has occurred before each place [k, n + 1]."""
    classes = np.unique(tags)
    before = np.zeros((len(classes), len(tags) + 1), np.int32)
    np.cumsum(tags[None] == classes[:, None], axis=1, out=before[:, 1:])
    return classes, before


def _modes(before: NDArray[np.int32], half: int) -> NDArray[np.int64]:
    """Index [n] of the class that is most frequent within `half` places of each; ties go to the smallest."""
    places = np.arange(before.shape[1] - 1)
    low, high = np.maximum(places - half, 0), np.minimum(places + half + 1, len(places))
    best, mode = np.full(len(places), -1, np.int32), np.zeros(len(places), np.int64)
    for index, count in enumerate(before):
        inside = count[high] - count[low]
        better = inside > best
        best[better] = inside[better]
        mode[better] = index
    return mode


def _merge_short_chunks(tags: Tags, min_length: int) -> Tags:
    """Give the shortest run to its neighbours until every run is long enough; equal neighbours stay apart."""
    classes = [value for _, _, value in segments(tags)]
    lengths = [end - start for start, end, _ in segments(tags)]
    while len(lengths) > 1:
        i = lengths.index(min(lengths))
        if lengths[i] >= min_length:
            break
        length = lengths[i]
        if i == 0:
            lengths[1] += length
        elif i == len(lengths) - 1:
            lengths[i - 1] += length
        else:
            lengths[i - 1] += length - length // 2
            lengths[i + 1] += length // 2
        del lengths[i], classes[i]
    return np.repeat(np.array(classes, np.int64), lengths)
