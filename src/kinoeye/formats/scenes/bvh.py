"""BVH motion capture (.bvh): a tree of joints with offsets and channels in braces, then a line of numbers a frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text
from kinoeye.geometry.convention import Float64, axes_matrix
from kinoeye.shot.bodies.body import MAX_FRAMES, MAX_JOINTS, Clip, Skeleton

MAX_BYTES = 128 * 1024 * 1024
Y_UP, Z_UP = "LUF", "LBU"
"""Where the file's +x, +y and +z point: figures face +z in the one, -y in the other."""
_POSITIONS = ("Xposition", "Yposition", "Zposition")
_ROTATIONS = ("Xrotation", "Yrotation", "Zrotation")
_MOTION = re.compile(r"^[ \t]*MOTION[ \t]*\r?$", re.MULTILINE)
_TIMING = re.compile(r"\s*Frames\s*:\s*(\d{1,12})\s+Frame\s+Time\s*:\s*(\S{1,40})[ \t]*\r?\n?", re.IGNORECASE)
_FARTHEST = 1e7
"""No joint is so many units away."""
_APART_DEG, _APART_TIMES = 20.0, 6.0
"""A first frame is a standing pose where its step to the second is so large, also against the usual step."""


@dataclass(frozen=True, kw_only=True)
class BvhMotion:
    """A recorded figure and its motion, in our axes and the file's unit of length, which BVH does not name."""

    skeleton: Skeleton
    """At rest as the offsets say."""
    clip: Clip
    standing: Clip | None
    """The first frame, where it is apart from the rest: recordings often begin with an upright T-pose."""
    notes: tuple[str, ...]
    """What was decided about the file, one sentence each."""


@dataclass
class _Joint:
    name: str
    parent: int
    offset: list[float] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    first_channel: int = 0
    end: list[float] | None = None


def read_bvh(path: Path | str) -> BvhMotion:
    """Read the figure and the motion of a BVH file.

    Channels are taken in the order in which each joint declares them (rotations about the joint's own turned axes,
    in degrees). Whichever of +y and +z the offsets reach farther along is taken as up; the figure is taken to face +z
    or -y.

    Raises:
        InputError: the file is damaged, breaks off, or is larger than what is read.
    """
    path = Path(path)
    text = read_text(path, max_bytes=MAX_BYTES)
    mark = _MOTION.search(text)
    if mark is None:
        raise InputError(f"{path} is no BVH file, or breaks off: it has no line MOTION")
    joints = _hierarchy(text[: mark.start()], path)
    times, numbers = _motion(text, mark.end(), sum(len(joint.channels) for joint in joints), path)
    notes: list[str] = []
    offsets, places = _offsets(joints, numbers, notes)
    heads, tails = _rest(joints, offsets)
    reach = np.ptp(np.concatenate([heads, tails]), axis=0)
    axes = axes_matrix(Z_UP if reach[2] > reach[1] else Y_UP)
    notes.append(f"+{'z' if reach[2] > reach[1] else 'y'} is taken as up")
    skeleton = Skeleton(
        names=tuple(joint.name for joint in joints),
        parents=np.array([joint.parent for joint in joints], np.int64),
        heads=heads @ axes.T,
        tails=tails @ axes.T,
    )
    local = np.stack([_rotations(joint, numbers) for joint in joints], axis=1)
    local[..., 1:] = local[..., 1:] @ axes.T
    clip = Clip(names=skeleton.names, times_s=times, local_wxyz=local, root_xyz=places @ axes.T)
    if not _begins_apart(local):
        return BvhMotion(skeleton=skeleton, clip=clip, standing=None, notes=tuple(notes))
    notes.append("the first frame is apart from the rest: it is the standing pose and no part of the motion")
    standing, moving = _frames(clip, slice(0, 1)), _frames(clip, slice(1, None))
    return BvhMotion(skeleton=skeleton, clip=moving, standing=standing, notes=tuple(notes))


def _hierarchy(text: str, path: Path) -> list[_Joint]:
    """The joints of the tree, each after its parent."""
    words = iter(text.split())
    joints: list[_Joint] = []
    open_joints: list[int] = []
    in_end_site = False
    try:
        if next(words) != "HIERARCHY":
            raise InputError(f"{path} is no BVH file: it does not begin with HIERARCHY")
        for word in words:
            if word in ("ROOT", "JOINT"):
                if (word == "ROOT") != (not joints) or (word == "JOINT" and not open_joints) or in_end_site:
                    raise _damaged(path, "it has several roots, or a joint outside of the tree")
                parent = open_joints[-1] if open_joints else -1
                joints.append(_Joint(_name(words, path), parent))
                open_joints.append(len(joints) - 1)
                if len(joints) > MAX_JOINTS:
                    raise InputError(f"{path} has more than {MAX_JOINTS} joints, which is not read")
            elif word == "End" and open_joints and not in_end_site:
                if next(words) != "Site" or next(words) != "{":
                    raise _damaged(path, "an end is no End Site")
                in_end_site = True
            elif word == "OFFSET" and open_joints:
                offset = [_number(next(words), path) for _ in range(3)]
                if in_end_site:
                    joints[open_joints[-1]].end = offset
                else:
                    joints[open_joints[-1]].offset = offset
            elif word == "CHANNELS" and open_joints and not in_end_site:
                _declare(joints, open_joints[-1], words, path)
            elif word == "}" and open_joints:
                if in_end_site:
                    in_end_site = False
                else:
                    open_joints.pop()
            else:
                raise _damaged(path, f"{word!r:.40} is not expected in its tree of joints")
    except StopIteration:
        raise _damaged(path, "its tree of joints breaks off") from None
    if open_joints or not joints:
        raise _damaged(path, "its tree of joints breaks off")
    bare = [joint.name for joint in joints if len(joint.offset) != 3]
    if bare:
        raise _damaged(path, f"joint {bare[0]!r:.40} has no OFFSET")
    return joints


def _name(words: Iterator[str], path: Path) -> str:
    """The words up to the opening brace: names may have spaces."""
    parts: list[str] = []
    for word in words:
        if word == "{":
            break
        parts.append(word)
    if not 1 <= len(parts) <= 8:
        raise _damaged(path, "a joint has no name, or no brace after it")
    return " ".join(parts)


def _declare(joints: list[_Joint], index: int, words: Iterator[str], path: Path) -> None:
    joint = joints[index]
    count = next(words)
    names = [next(words) for _ in range(int(count))] if count in "0123456" else []
    if joint.channels or len(set(names)) != len(names) or not set(names) <= {*_POSITIONS, *_ROTATIONS}:
        raise _damaged(path, f"joint {joint.name!r:.40} has channels that are unknown or said twice")
    if not names and count != "0":
        raise _damaged(path, f"joint {joint.name!r:.40} has {count!r:.20} channels; 0 to 6 are read")
    joint.channels, joint.first_channel = names, sum(len(other.channels) for other in joints[:index])


def _number(word: str, path: Path) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not abs(value) < _FARTHEST:
        raise _damaged(path, f"{word!r:.30} is not a length that a figure has")
    return value


def _motion(text: str, start: int, channels: int, path: Path) -> tuple[Float64, Float64]:
    """Times [f] and numbers [f, channels]."""
    head = _TIMING.match(text, start)
    if head is None:
        raise _damaged(path, "after MOTION it does not state Frames and Frame Time")
    frames = int(head[1])
    try:
        step = float(head[2])
    except ValueError:
        step = float("nan")
    if not 1e-6 <= step <= 60.0:
        raise _damaged(path, f"its frame time is {head[2]!r}")
    if not 1 <= frames <= MAX_FRAMES or frames * channels > 30_000_000:
        raise InputError(f"{path} states {frames:,} frames; 1 to {MAX_FRAMES:,} are read")
    lines = [line for line in text[head.end() :].splitlines() if line.strip()]
    if len(lines) != frames:
        raise _damaged(path, f"it states {frames:,} frames and has {len(lines):,}: is it truncated?")
    numbers = np.empty((frames, channels))
    for row, line in enumerate(lines):
        words = line.split()
        try:
            if len(words) != channels:
                raise ValueError
            numbers[row] = np.array(words, dtype=np.float64)
        except ValueError:
            raise _damaged(path, f"frame {row} is not {channels} numbers: is it truncated?") from None
    if not (np.abs(numbers) < _FARTHEST).all():  # also false for NaN
        raise _damaged(path, "a frame has numbers that are NaN, infinite, or no motion")
    return np.arange(frames, dtype=np.float64) * step, numbers


def _offsets(joints: list[_Joint], numbers: Float64, notes: list[str]) -> tuple[Float64, Float64]:
    """Offset of each joint [j, 3] and places of the root [f, 3]: positions that channels state take their place."""
    offsets = np.array([joint.offset for joint in joints])
    places = np.tile(offsets[0], (len(numbers), 1))
    wandering = []
    size = np.abs(offsets).sum(axis=0).max()
    for index, joint in enumerate(joints):
        for axis, name in enumerate(_POSITIONS):
            if name not in joint.channels:
                continue
            values = numbers[:, joint.first_channel + joint.channels.index(name)]
            if index == 0:
                places[:, axis] = values
                continue
            offsets[index, axis] = np.median(values)
            if np.ptp(values) > 0.01 * size:
                wandering.append(joint.name)
    if wandering:
        notes.append(
            f"{len(set(wandering))} joints move away from their parents ({wandering[0]!r} first); bones keep their "
            "usual length instead"
        )
    return offsets, places


def _rest(joints: list[_Joint], offsets: Float64) -> tuple[Float64, Float64]:
    """Heads and tails [j, 3] where nothing turns; a bone ends in the middle of its joint's children."""
    heads = offsets.copy()
    for index, joint in enumerate(joints):
        if joint.parent >= 0:
            heads[index] += heads[joint.parent]
    tails = heads.copy()
    for index, joint in enumerate(joints):
        children = [i for i, other in enumerate(joints) if other.parent == index]
        if children:
            tails[index] = heads[children].mean(axis=0)
        elif joint.end is not None:
            tails[index] = heads[index] + joint.end
    return heads, tails


def _rotations(joint: _Joint, numbers: Float64) -> Float64:
    """Quaternions wxyz [f, 4] of a joint's channels, each about the axes that the ones before it have turned."""
    found = np.tile([1.0, 0.0, 0.0, 0.0], (len(numbers), 1))
    for place, name in enumerate(joint.channels):
        if name in _ROTATIONS:
            half = np.radians(numbers[:, joint.first_channel + place]) / 2
            axis = 1 + _ROTATIONS.index(name)
            following, last = [(1, 2, 3), (2, 3, 1), (3, 1, 2)][axis - 1][1:]
            c, s = np.cos(half), np.sin(half)
            w, a, b, d = found[:, 0], found[:, axis], found[:, following], found[:, last]
            turned = np.empty_like(found)
            turned[:, 0], turned[:, axis] = w * c - a * s, a * c + w * s
            turned[:, following], turned[:, last] = b * c + d * s, d * c - b * s
            found = turned
    return found


def _begins_apart(local_wxyz: Float64) -> bool:
    if len(local_wxyz) < 4:
        return False
    dots = np.abs((local_wxyz[1:] * local_wxyz[:-1]).sum(axis=-1)).clip(0.0, 1.0)
    steps: NDArray[np.float64] = np.degrees(2 * np.arccos(dots)).max(axis=1)
    return bool(steps[0] > max(_APART_DEG, _APART_TIMES * float(np.median(steps[1:]))))


def _frames(clip: Clip, which: slice) -> Clip:
    times = clip.times_s[which]
    return Clip(
        names=clip.names,
        times_s=times - times[0],
        local_wxyz=clip.local_wxyz[which],
        root_xyz=clip.root_xyz[which],
    )


def _damaged(path: Path, problem: str) -> InputError:
    return InputError(f"{path} is a damaged BVH file: {problem}")
