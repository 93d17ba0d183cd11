"""What joints are called: names of several tools for the same joint of a human body, and the body parts they move.

The common names are those of the CMU motion-capture files in BVH (Hips, LeftUpLeg, LeftLeg, LeftFoot, ...).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kinoeye.shot.bodies.body import Float64, Skeleton

_NAMESPACES = frozenset("mixamorig bip bip01 bip001 armature def org avg m f".split())
"""Words that tools write before every joint's name."""
_SIDES = {"left": "Left", "l": "Left", "right": "Right", "r": "Right"}
_BONES = {
    "Hips": "hips pelvis hip",
    "HipJoint": "hipjoint",
    "UpLeg": "upleg upperleg thigh femur legupper",
    "Leg": "leg lowerleg lowleg shin calf knee tibia leglower",
    "Foot": "foot ankle",
    "ToeBase": "toebase toe toes ball toe0",
    "Shoulder": "shoulder clavicle collar collarbone",
    "Arm": "arm upperarm uparm armupper humerus",
    "ForeArm": "forearm lowerarm lowarm elbow armlower",
    "Hand": "hand wrist",
    "Thumb": "thumb thumb1 handthumb1",
    "FingerBase": "fingerbase",
    "HandIndex1": "handindex1 handfinger1 index1 finger1",
    "Neck": "neck",
    "Neck1": "neck1",
    "Head": "head",
}
_COMMON = {spelling: common for common, spellings in _BONES.items() for spelling in spellings.split()}
_AFTER_JOINTS = {"collar": {"shoulder": "Arm"}, "ankle": {"foot": "ToeBase"}, "wrist": {"hand": "FingerBase"}}
"""Skeletons that name joints instead of bones (SMPL): where they have the one, the other means the next joint."""
_SPINE = re.compile(r"lowerback|abdomen|torso|chest|upperchest|spine\d*")
_PARTS = {
    "head": "Neck Neck1 Head",
    "torso": "Hips HipJoint LowerBack Spine Spine1 Shoulder",
    "upper arm": "Arm",
    "lower arm": "ForeArm",
    "hand": "Hand Thumb FingerBase HandIndex1",
    "upper leg": "UpLeg",
    "lower leg": "Leg",
    "foot": "Foot ToeBase",
}
_PART_OF = {joint: part for part, joints in _PARTS.items() for joint in joints.split()}
PART_NAMES = (
    "body", "head", "torso", "left upper arm", "left lower arm", "left hand", "right upper arm", "right lower arm",
    "right hand", "left upper leg", "left lower leg", "left foot", "right upper leg", "right lower leg", "right foot",
)  # fmt: skip
"""Body parts; "body" is what hangs on joints whose names say nothing."""


def common_names(names: Sequence[str]) -> tuple[str, ...]:
    """The common name of each joint; joints that no table knows keep their own name, without its namespace.

    Args:
        names: of a skeleton's joints, each after its parent. Which joint a word means can depend on the others: where
            there is a collar, a shoulder is where the upper arm begins.

    Example:
        >>> common_names(["mixamorig:Hips", "thigh.L", "calf_r", "tail"])
        ('Hips', 'LeftUpLeg', 'RightLeg', 'tail')
    """
    split = [_split(name) for name in names]
    words = dict(_COMMON)
    present = {base for _, base in split}
    for sign, meanings in _AFTER_JOINTS.items():
        if sign in present:
            words |= meanings
    spine = [i for i, (side, base) in enumerate(split) if not side and _SPINE.fullmatch(base)]
    ranks = dict(zip(spine, _spine_ranks(len(spine)), strict=True))
    found: list[str] = []
    for i, (side, base) in enumerate(split):
        common = ranks.get(i) or words.get(base)
        if common == "Hips" and side:
            common = "UpLeg"  # a hip of one side is where its thigh begins
        sided = common not in (None, "Hips", "Neck", "Neck1", "Head") and i not in ranks
        if common is None or sided != bool(side) or f"{side}{common}" in found:
            common, side = names[i].rpartition(":")[2], ""
        found.append(f"{side}{common}")
    return tuple(found)


def joint_parts(skeleton: Skeleton) -> NDArray[np.uint8]:
    """Body part that each joint moves, [j] indices in `PART_NAMES` plus one; unknown joints take their parent's."""
    found = np.ones(len(skeleton), np.uint8)
    for i, name in enumerate(common_names(skeleton.names)):
        side, bone = _side(name)
        part = _PART_OF.get(bone)
        if part is not None:
            named = part if part in PART_NAMES else f"{side.lower()} {part}"
            found[i] = PART_NAMES.index(named) + 1
        elif skeleton.parents[i] >= 0:
            found[i] = found[skeleton.parents[i]]
    return found


def triangle_parts(
    skeleton: Skeleton, faces: NDArray[np.int64], joints: NDArray[np.int64], weights: Float64
) -> NDArray[np.uint8]:
    """Body part of each triangle, [t] indices in `PART_NAMES` plus one: the one whose joints carry most of it."""
    parts = joint_parts(skeleton)[joints]
    shares = np.zeros((len(joints), len(PART_NAMES) + 1))
    for slot in range(joints.shape[1]):
        np.add.at(shares, (np.arange(len(joints)), parts[:, slot]), weights[:, slot])
    return shares[faces].sum(axis=1).argmax(axis=1).astype(np.uint8)


def _split(name: str) -> tuple[str, str]:
    """Side ("Left", "Right" or "") and the rest of a name in lower case without separators."""
    local = name.rpartition(":")[2]
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", local)]
    while len(words) > 1 and (words[0] in _NAMESPACES or words[0].isdigit()):
        words = words[1:]
    side = ""
    if len(words) > 1:
        for place in (0, -1):
            if words[place] in _SIDES:
                side = _SIDES[words.pop(place)]
                break
    base = "".join(words)
    for word in ("left", "right"):
        if not side and base.startswith(word) and len(base) > len(word):
            side, base = _SIDES[word], base.removeprefix(word)
    return side, base


def _side(common: str) -> tuple[str, str]:
    for side in ("Left", "Right"):
        if common.startswith(side) and len(common) > len(side):
            return side, common.removeprefix(side)
    return "", common


def _spine_ranks(count: int) -> list[str]:
    """Common names of so many joints from the pelvis up to the neck."""
    if count < 3:
        return ["LowerBack", "Spine1"][2 - count :]
    return ["LowerBack", "Spine", *(f"Spine.{i}" for i in range(2, count - 1)), "Spine1"]
