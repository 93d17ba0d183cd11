"""The camera words of film models as paths: `wan:pan-left`, `recammaster:9`, `seva:orbit`, `sanawm:w-80,jw-40`.

Each gives exactly the poses that its model is given for that word, faults included: DiffSynth's "Left" shears the
camera instead of moving it, and Gen3R's "arc" turns it in place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean, nearest_name
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.geometry.convention import NORMALISED, OPENCV, OPENCV_W2C, Float64, homogeneous, rotvec_to_matrix

METRES = replace(OPENCV, metres_per_unit=1.0)
MAX_FRAMES = 100_000
_UP = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True)
class Presets:
    """The camera words of one model."""

    title: str
    words: tuple[str, ...]
    """Words that are known; a model that reads a little language shows examples."""
    build: Callable[[str], PathTable]

    def table(self, word: str) -> PathTable:
        """The path of a word.

        Raises:
            InputError: the model has no such word.
        """
        return self.build(word)


def is_preset(text: str) -> bool:
    """Whether a text is "MODEL:WORD" with a model that has camera words."""
    return text.partition(":")[0].lower() in PRESETS and ":" in text


def meant_preset(text: str) -> str | None:
    """The "MODEL:WORD" that was probably meant by one whose model is mistyped; None for anything else."""
    model, colon, word = text.partition(":")
    if not colon or is_preset(text) or not 2 < len(model) < 40:
        return None
    near = nearest_name(model, PRESETS)
    return None if near is None else f"{near}:{word}"


def read_preset(text: str) -> PathTable:
    """The path of "MODEL:WORD".

    Raises:
        InputError: the model has no such word.

    Example:
        >>> len(read_preset("gen3r:zoom_in"))
        49
    """
    model, _, word = text.partition(":")
    presets = PRESETS[model.lower()]
    return replace(presets.table(word.strip()), format=f"{model.lower()} preset").noted(f"{presets.title}: {word}")


def _known(word: str, words: Mapping[str, object], model: str) -> str:
    """The word as the model spells it; case, spaces, hyphens and underscores do not matter.

    Raises:
        InputError: the model has no such word.
    """
    plain = {_plain(known): known for known in words}
    if _plain(word) not in plain:
        raise InputError(f"{model} has no camera word {word!r}; {did_you_mean(word, words, 'it has')}")
    return plain[_plain(word)]


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.lower())


def _poses(rotation: Float64, position: Float64) -> Float64:
    n = max(len(rotation), len(position))
    return np.concatenate([np.broadcast_to(rotation, (n, 3, 3)), np.broadcast_to(position, (n, 3))[:, :, None]], -1)


def _turns(axis: tuple[float, float, float], angles: Float64) -> Float64:
    """[n, 3, 3] rotations about an axis by angles in radians."""
    return rotvec_to_matrix(np.asarray(axis) * angles[:, None])


def _looking_at(position: Float64, target: Float64, up: Float64) -> Float64:
    """[n, 3, 4] OpenCV cameras at positions [n, 3] that look at a point and hold `up` upright."""
    forward = _unit(target - position)
    right = _unit(np.cross(forward, up))
    return np.concatenate([np.stack([right, np.cross(forward, right), forward], -1), position[:, :, None]], -1)


def _unit(vectors: Float64) -> Float64:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


_WAN = {
    "pan-left": (-1, 0, 0), "pan-right": (1, 0, 0), "pan-up": (0, -1, 0), "pan-down": (0, 1, 0),
    "pan-left-up": (-1, -1, 0), "pan-left-down": (-1, 1, 0), "pan-right-up": (1, -1, 0), "pan-right-down": (1, 1, 0),
    "zoom-in": (0, 0, 2), "zoom-out": (0, 0, -2), "cw": None, "acw": None, "static": (0, 0, 0),
}  # fmt: skip
_WAN_FRAMES = 81
_WAN_FOCAL = (0.532139961, 0.946026558)


def _wan(word: str) -> PathTable:
    """VideoX-Fun's preset files: 1/54 of the unit a frame ("pan" moves), 60 degrees in 81 frames about the view."""
    word = _known(word, _WAN, "wan")
    step = np.arange(_WAN_FRAMES, dtype=np.float64)
    direction = _WAN[word]
    if direction is None:
        angle = np.radians(60.0) * step / _WAN_FRAMES * (1 if word == "acw" else -1)
        matrices = _poses(_turns((0, 0, 1), angle), np.zeros((1, 3)))
    else:
        matrices = _poses(np.eye(3)[None], step[:, None] * -np.asarray(direction, np.float64) / 54)
    return _wan_table(matrices)


def _wan_table(matrices: Float64) -> PathTable:
    K = calibration_matrices([(*_WAN_FOCAL, 0.5, 0.5)] * len(matrices))
    return PathTable(matrices=matrices, convention=OPENCV_W2C, intrinsics=K, size_wh=NORMALISED)


_DIFFSYNTH = {
    "Left": {(0, 2): 1}, "Right": {(0, 2): -1}, "Up": {(1, 2): 1}, "Down": {(1, 2): -1},
    "LeftUp": {(0, 2): 1, (1, 2): 1}, "LeftDown": {(0, 2): 1, (1, 2): -1},
    "RightUp": {(0, 2): -1, (1, 2): 1}, "RightDown": {(0, 2): -1, (1, 2): -1},
    "In": {(2, 3): -1}, "Out": {(2, 3): 1},
}  # fmt: skip


def _diffsynth(word: str) -> PathTable:
    """DiffSynth-Studio's direction words: 1/54 a frame added to one number of the 3x4 world-to-camera matrix.

    For the sideways words that number stands in the rotation block, which becomes a shear.
    """
    matrices = np.tile(np.eye(4)[:3], (_WAN_FRAMES, 1, 1))
    for (row, column), sign in _DIFFSYNTH[_known(word, _DIFFSYNTH, "diffsynth")].items():
        matrices[:, row, column] += sign * np.arange(_WAN_FRAMES) / 54
    return _wan_table(matrices)


_RECAMMASTER = (
    "pan-right", "pan-left", "tilt-up", "tilt-down", "zoom-in", "zoom-out",
    "translate-up", "translate-down", "arc-left", "arc-right",
)  # fmt: skip
_RECAMMASTER_SUBJECT = np.array([0.0, 0.0, 4.0])
"""Metres ahead: what "translate" and "arc" keep looking at."""


def _recammaster(word: str) -> PathTable:
    """ReCamMaster's ten cameras, by number or name: even steps to 160/161 of 20 or 10 degrees, 2 or 1 metres."""
    names = {name: i for i, name in enumerate(_RECAMMASTER)} | {str(i + 1): i for i in range(len(_RECAMMASTER))}
    name = _RECAMMASTER[names[_known(word, names, "recammaster")]]
    share = 2 * np.arange(81) / 161
    still = np.zeros((81, 3))
    side = 1.0 if name.endswith(("right", "up", "in")) else -1.0
    if name.startswith("pan"):
        matrices = _poses(_turns((0, 1, 0), np.radians(20) * side * share), still)
    elif name.startswith("tilt"):
        matrices = _poses(_turns((1, 0, 0), np.radians(10) * side * share), still)
    elif name.startswith("zoom"):
        matrices = _poses(np.eye(3)[None], share[:, None] * np.array([0, 0, 2 * side]))
    elif name.startswith("translate"):
        matrices = _looking_at(share[:, None] * np.array([0, -side, 0]), _RECAMMASTER_SUBJECT, _UP)
    else:
        end = np.array([4 * math.sin(math.radians(30)) * side, 0, 4 - 4 * math.cos(math.radians(30))])
        matrices = _looking_at(share[:, None] * end, _RECAMMASTER_SUBJECT, _UP)
    return PathTable(matrices=matrices, convention=METRES)


_GEN3R = {
    "zoom_in": (0, 0, 1.0), "zoom_out": (0, 0, -1.0), "arc_right": (1, 15.0), "arc_left": (1, -15.0),
    "translate_up": (0, 15.0), "translate_down": (0, -15.0), "free": (0, 0, 0.0),
}  # fmt: skip


def _gen3r(word: str) -> PathTable:
    """Gen3R's presets for a scene scale of 1: "zoom" moves along the view, "arc" and "translate" turn in place."""
    amount = _GEN3R[_known(word, _GEN3R, "gen3r")]
    share = np.linspace(0, 1, 49)
    if len(amount) == 3:
        return PathTable(matrices=_poses(np.eye(3)[None], share[:, None] * np.array(amount)), convention=OPENCV)
    axis = (1.0, 0.0, 0.0) if amount[0] == 0 else (0.0, 1.0, 0.0)
    turns = _turns(axis, np.radians(amount[1]) * share)
    return PathTable(matrices=_poses(turns, np.zeros((49, 3))), convention=OPENCV)


_SEVA = (
    "orbit", "spiral", "lemniscate", "zoom-in", "zoom-out", "dolly zoom-in", "dolly zoom-out", "move-forward",
    "move-backward", "move-up", "move-down", "move-left", "move-right", "roll",
)  # fmt: skip
_SEVA_FRAMES = 81
_SEVA_TARGET = np.array([0.0, 0.0, 10.0])
_SEVA_FOV = math.radians(54)
_SEVA_DIRECTIONS = {
    "forward": (0, 0, 1), "backward": (0, 0, -1), "up": (0, -1, 0), "down": (0, 1, 0), "left": (-1, 0, 0),
    "right": (1, 0, 0),
}  # fmt: skip


def _seva(word: str) -> PathTable:
    """Stable Virtual Camera's presets from a first camera at the origin that looks at a point 10 units ahead."""
    word = _known(word, dict.fromkeys(_SEVA), "seva")
    circle = np.linspace(0, 2 * np.pi, _SEVA_FRAMES, endpoint=False)
    still = np.zeros((_SEVA_FRAMES, 3))
    fov = np.full(_SEVA_FRAMES, _SEVA_FOV)
    if word == "orbit":
        position = (_turns((0, -1, 0), circle) @ -_SEVA_TARGET) + _SEVA_TARGET
        matrices = _looking_at(position, _SEVA_TARGET, _UP)
    elif word == "spiral":
        matrices = _seva_spiral()
    elif word == "lemniscate":
        angle = circle + np.pi / 2
        reach = 10 * math.tan(math.radians(30)) * np.cos(angle) / (1 + np.sin(angle) ** 2)
        matrices = _looking_at(np.stack([reach, reach * np.sin(angle), 0 * angle], -1), _SEVA_TARGET, _UP)
    elif word == "roll":
        matrices = _looking_at(still, _SEVA_TARGET, _turns((0, 0, 1), circle) @ _UP)
    else:
        way = word.removeprefix("move-")
        if "zoom" in word:
            end = 0.28 if word.endswith("in") else 1.5
            fov = _SEVA_FOV * np.linspace(1, end, _SEVA_FRAMES)
            way = ("backward" if word.endswith("in") else "forward") if word.startswith("dolly") else ""
        step = np.asarray(_SEVA_DIRECTIONS[way] if way else (0, 0, 0), np.float64)
        matrices = _looking_at(np.linspace(0, 0.99, _SEVA_FRAMES)[:, None] * step, _SEVA_TARGET, _UP)
    focal, middle = 0.5 / np.tan(fov / 2), np.full(_SEVA_FRAMES, 0.5)
    K = calibration_matrices(np.stack([focal, focal, middle, middle], -1))
    return PathTable(matrices=matrices, convention=OPENCV, intrinsics=K, size_wh=NORMALISED)


def _seva_spiral() -> Float64:
    """Two turns of radius (1, 1, 0.5) about the start, looking at the focus depth of content from 1 to 5 units."""
    near, far = 1 * 0.9, 5 * 5.0
    focus = np.array([0.0, 0.0, 1 / (0.25 / near + 0.75 / far)])
    angle = np.linspace(0, 4 * np.pi, _SEVA_FRAMES, endpoint=False)
    position = np.stack([np.cos(angle), np.sin(angle), 0.5 * np.sin(angle / 2)], -1)
    poses = homogeneous(_looking_at(position, focus, _UP))
    return (np.linalg.inv(poses[0]) @ poses)[:, :3]


def _sanawm(word: str) -> PathTable:
    """SANA-WM's action strings: keys held for so many frames, wasd walk 0.05 a frame, ijkl look 1.2 degrees a frame."""
    rotation, position, pitch = np.eye(3), np.zeros(3), 0.0
    poses = [_poses(rotation[None], position[None])]
    look = math.radians(1.2)
    for keys in _held_keys(word):
        tilt = look * (("i" in keys) - ("k" in keys))
        tilt = tilt if abs(pitch + tilt) <= math.radians(85) else 0.0
        pitch += tilt
        yaw = look * (("l" in keys) - ("j" in keys))
        rotation = rotvec_to_matrix([0, yaw, 0]) @ rotation @ rotvec_to_matrix([tilt, 0, 0])
        for axis, plus, minus in ((2, "w", "s"), (0, "d", "a")):
            level = rotation[:, axis] * np.array([1.0, 0.0, 1.0])
            position = position + 0.05 * ((plus in keys) - (minus in keys)) * _unit(level)
        poses.append(_poses(rotation[None], position[None]))
    return PathTable(matrices=np.concatenate(poses), convention=OPENCV, times_s=np.arange(len(poses)) / 16)


def _held_keys(word: str) -> list[frozenset[str]]:
    """The keys of each frame after the first.

    Raises:
        InputError: the text is not KEYS-FRAMES[,KEYS-FRAMES...].
    """
    held: list[frozenset[str]] = []
    for part in re.sub(r"\s", "", word.lower()).split(","):
        found = re.fullmatch(r"(none|[wasdijkl]+)-([1-9]\d{0,5})", part)
        if found is None or len(held) + int(found[2]) > MAX_FRAMES:
            raise InputError(
                f"sanawm: {part!r} is not KEYS-FRAMES with keys of w a s d i j k l, or none, such as w-80,jw-40 "
                f"(at most {MAX_FRAMES:,} frames in all)"
            )
        held += [frozenset() if found[1] == "none" else frozenset(found[1])] * int(found[2])
    return held


PRESETS: Mapping[str, Presets] = MappingProxyType(
    {
        "wan": Presets("Wan-Fun camera preset of VideoX-Fun", tuple(_WAN), _wan),
        "diffsynth": Presets("direction word of DiffSynth-Studio", tuple(_DIFFSYNTH), _diffsynth),
        "recammaster": Presets("camera type of ReCamMaster", _RECAMMASTER, _recammaster),
        "seva": Presets("preset of Stable Virtual Camera", _SEVA, _seva),
        "gen3r": Presets("preset of Gen3R, scene scale 1", tuple(_GEN3R), _gen3r),
        "sanawm": Presets("action string of SANA-WM", ("w-80,jw-40", "none-16"), _sanawm),
    }
)
"""Model -> its camera words."""
