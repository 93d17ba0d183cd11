"""Motion of one skeleton put on another, by the names of their joints, with a report of what found no counterpart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_wxyz, rotvec_to_matrix
from kinoeye.shot.bodies.body import Clip, Float64, Skeleton, joint_transforms, reordered
from kinoeye.shot.bodies.joint_names import common_names
from kinoeye.shot.bodies.sampling import continuous

LEAST_SHARE = 1 / 3
"""Of the joints of the smaller skeleton: with fewer counterparts nothing is retargeted."""
_AS_THEY_ARE = ("Hips", "HipJoint", "Spine1", "Hand", "Shoulder")
"""Joints whose bone does not say how they are turned: several leave them; collars lie differently in each rig."""


@dataclass(frozen=True, kw_only=True)
class RetargetReport:
    """Which joints found one another."""

    matched: tuple[tuple[str, str], ...]
    """Names in the source and in the target."""
    source_unmatched: tuple[str, ...]
    """Joints whose motion is lost."""
    target_unmatched: tuple[str, ...]
    """Joints that go with their parents."""
    scale: float
    """Length in the target of one unit of the source."""

    @property
    def aliases(self) -> tuple[tuple[str, str], ...]:
        """Those of `matched` whose names differ."""
        return tuple(pair for pair in self.matched if pair[0] != pair[1])

    @property
    def summary(self) -> str:
        """One line for people."""
        lines = [f"{len(self.matched)} joints matched, {len(self.aliases)} under another name; scale {self.scale:.4g}"]
        for what, names in (("without counterpart", self.source_unmatched), ("at rest", self.target_unmatched)):
            if names:
                lines.append(f"{what}: {', '.join(names)}")
        return "; ".join(lines)


def retarget(
    clip: Clip, source: Skeleton, target: Skeleton, *, standing: Clip | None = None
) -> tuple[Clip, RetargetReport]:
    """Put a clip of one skeleton on another.

    A target joint turns in the body's axes by D = G A: G is the turn of its counterpart, and A the smallest rotation
    that brings the target's bone at rest along the source's (none for hips, collars, hands and where several bones
    leave the joint). Joints without a counterpart go with their parents. The root's way is scaled by the ratio of the
    heights that the common joints span.

    Args:
        clip: of the source's joints; others rest.
        source: the skeleton that the clip was made for.
        target: the skeleton that shall move.
        standing: a pose of the source in which it stands upright, as motion capture begins with; None takes its rest.

    Returns:
        The clip for all joints of the target, and what was matched.

    Raises:
        InputError: less than a third of the smaller skeleton's joints have a counterpart, or the two cannot be
            compared in height.

    Example:
        >>> from kinoeye.shot.bodies import load_body
        >>> skeleton = load_body("adult").skeleton
        >>> still = Clip(
        ...     names=("Hips",),
        ...     times_s=np.zeros(1),
        ...     local_wxyz=np.array([[[1.0, 0, 0, 0]]]),
        ...     root_xyz=skeleton.heads[:1],
        ... )
        >>> retarget(still, skeleton, skeleton)[1].summary
        '31 joints matched, 0 under another name; scale 1'
    """
    pairs = _counterparts(source, target)
    least = max(2, LEAST_SHARE * min(len(source), len(target)))
    if len(pairs) < least:
        raise InputError(
            f"only {len(pairs)} of {len(target)} joints have a counterpart among {', '.join(source.names[:6])}, ...: "
            f"at least {int(np.ceil(least))} are needed; rename joints to {', '.join(target.names[:6])}, ..."
        )
    full = reordered(clip, source)
    T_source = joint_transforms(source, full.local_wxyz, full.root_xyz)
    scale = _scale(source, target, pairs, standing)
    top = min(pairs)
    R = _target_rotations(source, target, pairs, T_source[..., :3])
    local = np.empty((len(R), len(target), 3, 3))
    for joint, parent in enumerate(target.parents):
        local[:, joint] = R[:, joint] if parent < 0 else np.swapaxes(R[:, parent], -1, -2) @ R[:, joint]
    head = T_source[:, pairs[top], :, :3] @ source.heads[pairs[top]] + T_source[:, pairs[top], :, 3]
    root = scale * head - R[:, top] @ (target.heads[top] - target.heads[0])
    moved = Clip(
        names=target.names,
        times_s=clip.times_s,
        local_wxyz=continuous(matrix_to_wxyz(local)),
        root_xyz=root,
        loops=clip.loops,
        travel_m=scale * clip.travel_m,
    )
    return moved, RetargetReport(
        matched=tuple((source.names[s], target.names[t]) for t, s in pairs.items()),
        source_unmatched=tuple(name for i, name in enumerate(source.names) if i not in pairs.values()),
        target_unmatched=tuple(name for i, name in enumerate(target.names) if i not in pairs),
        scale=scale,
    )


def _counterparts(source: Skeleton, target: Skeleton) -> dict[int, int]:
    """Target joint -> source joint: by the same name, else by the same common name."""
    commons = {common: i for i, common in enumerate(common_names(source.names))}
    found: dict[int, int] = {}
    for joint, (name, common) in enumerate(zip(target.names, common_names(target.names), strict=True)):
        if name in source.names:
            found[joint] = source.names.index(name)
        elif common in commons and source.names[commons[common]] not in target.names:
            found[joint] = commons[common]
    return found


def _target_rotations(source: Skeleton, target: Skeleton, pairs: dict[int, int], G: Float64) -> Float64:
    """Turns [f, j, 3, 3] of the target's joints in the body's axes."""
    commons = common_names(target.names)
    top = min(pairs)
    above = _ancestors(target, top)
    R = np.empty((len(G), len(target), 3, 3))
    for joint in (top, *(i for i in range(len(target)) if i != top)):
        if joint in pairs:
            bare = commons[joint].removeprefix("Left").removeprefix("Right")
            is_fork = (source.parents == pairs[joint]).sum() > 1
            A = np.eye(3) if is_fork or bare in _AS_THEY_ARE else _between_bones(source, pairs[joint], target, joint)
            R[:, joint] = G[:, pairs[joint]] @ A
        else:
            R[:, joint] = R[:, top] if joint in above else R[:, target.parents[joint]]
    return R


def _ancestors(skeleton: Skeleton, joint: int) -> set[int]:
    found: set[int] = set()
    while (joint := int(skeleton.parents[joint])) >= 0:
        found.add(joint)
    return found


def _between_bones(source: Skeleton, s: int, target: Skeleton, t: int) -> NDArray[np.float64]:
    """The smallest rotation from the target's bone at rest to the source's."""
    a, b = target.tails[t] - target.heads[t], source.tails[s] - source.heads[s]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    if min(lengths) <= 1e-9 * max(1e-12, *lengths):
        return np.eye(3)
    a, b = a / lengths[0], b / lengths[1]
    axis, cosine = np.cross(a, b), float(a @ b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        if cosine > 0:
            return np.eye(3)
        axis, sine = np.cross(a, np.eye(3)[np.abs(a).argmin()]), 0.0
    return rotvec_to_matrix(axis / np.linalg.norm(axis) * np.arctan2(sine, cosine))


def _scale(source: Skeleton, target: Skeleton, pairs: dict[int, int], standing: Clip | None) -> float:
    heads = source.heads
    if standing is not None:
        full = reordered(standing, source)
        T = joint_transforms(source, full.local_wxyz[:1], full.root_xyz[:1])[0]
        heads = np.einsum("jik,jk->ji", T[..., :3], heads) + T[..., 3]
    before, after = np.ptp(heads[list(pairs.values()), 2]), np.ptp(target.heads[list(pairs), 2])
    if not (before > 1e-9 and after > 1e-9):
        raise InputError("the joints that both skeletons have stand at one height, so that no scale follows from them")
    return float(after / before)
