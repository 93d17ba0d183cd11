"""Motion at any time: clips of rotations and clips of affine maps, sampled into where joints take what they carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_wxyz
from kinoeye.shot.bodies.body import MAX_FRAMES, Clip, Float64, Skeleton, joint_transforms, reordered


@dataclass(frozen=True, kw_only=True, eq=False)
class AffineClip:
    """Motion that rotations of fixed bones cannot express: joints that slide, stretch or shear.

    Files of other tools may hold such motion; here it is kept exactly, as the maps themselves.

    Raises:
        InputError: shapes do not fit, times do not increase, or a number is not finite.
    """

    names: tuple[str, ...]
    """All joints of the skeleton, in its order."""
    times_s: Float64
    """[f] from 0, increasing."""
    T_body_rest: Float64
    """[f, j, 3, 4] affine maps."""
    loops: bool = False
    """Whether the last frame goes over into the first."""
    travel_m: float = 0.0
    """Way along the ground that one pass covers."""

    def __post_init__(self) -> None:
        frames, joints = len(self.times_s), len(self.names)
        if not 1 <= frames <= MAX_FRAMES:
            raise InputError(f"a clip of {frames} frames is not taken; it has 1 to {MAX_FRAMES:,}")
        if self.T_body_rest.shape != (frames, joints, 3, 4):
            raise InputError(f"a clip of {frames} frames and {joints} joints has maps of {self.T_body_rest.shape}")
        if not np.isfinite(self.T_body_rest).all():
            raise InputError("the clip has maps that are NaN or infinite")
        if not (np.isfinite(self.times_s).all() and (np.diff(self.times_s) > 0).all()):
            raise InputError("the times of a clip do not increase")

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return float(self.times_s[-1] - self.times_s[0])


def transforms_at(clip: Clip | AffineClip, skeleton: Skeleton, times_s: Float64) -> Float64:
    """Where joints take what hangs on them at any times: T_body_rest [q, j, 3, 4].

    Rotations go along great arcs between frames, places and affine maps along straight lines. Before its first and
    after its last frame a clip stands still, unless it loops.

    Args:
        clip: of this skeleton's joints; those that it does not move rest.
        skeleton: whose joints are moved.
        times_s: [q] seconds on the clip's own time line.

    Raises:
        InputError: the clip moves joints that the skeleton has not.

    Example:
        >>> from kinoeye.shot.bodies import load_body
        >>> skeleton = load_body("adult").skeleton
        >>> turn = np.array([[[1.0, 0, 0, 0]], [[0.0, 0, 0, 1.0]]])
        >>> root = skeleton.heads[[0, 0]]
        >>> clip = Clip(names=("Hips",), times_s=np.array([0.0, 2.0]), local_wxyz=turn, root_xyz=root)
        >>> transforms_at(clip, skeleton, np.array([1.0]))[0, 0, :2, :2].round().astype(int).tolist()
        [[0, -1], [1, 0]]
    """
    if isinstance(clip, AffineClip) and clip.names != skeleton.names:
        raise InputError("the clip is of another skeleton: its joints have other names or another order")
    times = np.asarray(times_s, np.float64)
    if clip.loops and clip.duration_s > 0:
        times = clip.times_s[0] + (times - clip.times_s[0]) % clip.duration_s
    after = np.searchsorted(clip.times_s, times, side="right").clip(1, max(1, len(clip.times_s) - 1))
    after = np.minimum(after, len(clip.times_s) - 1)
    before = np.maximum(after - 1, 0)
    step = clip.times_s[after] - clip.times_s[before]
    share = np.where(step > 0, (times - clip.times_s[before]) / np.where(step > 0, step, 1.0), 0.0).clip(0.0, 1.0)
    if isinstance(clip, AffineClip):
        s = share[:, None, None, None]
        return (1 - s) * clip.T_body_rest[before] + s * clip.T_body_rest[after]
    full = reordered(clip, skeleton)
    local = _slerp(full.local_wxyz[before], full.local_wxyz[after], share[:, None])
    root = (1 - share[:, None]) * full.root_xyz[before] + share[:, None] * full.root_xyz[after]
    return joint_transforms(skeleton, local, root)


def nearest_clip(clip: AffineClip, skeleton: Skeleton) -> Clip:
    """The clip of rotations nearest to affine motion, as retargeting needs; bones keep their length at rest.

    The rotation of each map is its orthogonal polar factor (Higham 1986).

    Raises:
        InputError: the clip is of another skeleton.
    """
    if clip.names != skeleton.names:
        raise InputError("the clip is of another skeleton: its joints have other names or another order")
    U, _, Vt = np.linalg.svd(clip.T_body_rest[..., :3])
    U[..., -1] *= np.sign(np.linalg.det(U @ Vt))[..., None]
    R = U @ Vt
    local = np.stack(
        [
            R[:, j] if parent < 0 else np.swapaxes(R[:, parent], -1, -2) @ R[:, j]
            for j, parent in enumerate(skeleton.parents)
        ],
        axis=1,
    )
    root = clip.T_body_rest[:, 0, :, :3] @ skeleton.heads[0] + clip.T_body_rest[:, 0, :, 3]
    return Clip(
        names=skeleton.names,
        times_s=clip.times_s,
        local_wxyz=continuous(matrix_to_wxyz(local)),
        root_xyz=root,
        loops=clip.loops,
        travel_m=clip.travel_m,
    )


def continuous(wxyz: NDArray[np.float64]) -> Float64:
    """The same rotations [f, j, 4] with signs that do not jump from frame to frame."""
    flips = np.where((wxyz[1:] * wxyz[:-1]).sum(axis=-1) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones((1, wxyz.shape[1])), np.cumprod(flips, axis=0)])
    return wxyz * signs[..., None]


def _slerp(a: Float64, b: Float64, share: Float64) -> Float64:
    """Rotations [..., 4] on the shortest great arcs from a to b (Shoemake 1985)."""
    a, b = (q / np.linalg.norm(q, axis=-1, keepdims=True) for q in (a, b))
    dot = (a * b).sum(axis=-1)
    b = np.where(dot[..., None] < 0, -b, b)
    angle = np.arccos(np.abs(dot).clip(0.0, 1.0))
    # sinc is exact at zero: equal rotations need no branch.
    first, second = (np.sinc(part * angle / np.pi) * part / np.sinc(angle / np.pi) for part in (1 - share, share))
    return first[..., None] * a + second[..., None] * b
