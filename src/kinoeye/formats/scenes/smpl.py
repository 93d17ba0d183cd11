"""Bodies and motion of SMPL, SMPL-H and SMPL-X that a user brings (.npz, never unpickled); none of it ships."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import npz_shapes, read_npz
from kinoeye.geometry.convention import Float64, axes_matrix, matrix_to_wxyz, rotvec_to_matrix
from kinoeye.shot.bodies.body import MAX_FRAMES, WEIGHTS_A_VERTEX, Body, Clip, Skeleton
from kinoeye.shot.bodies.joint_names import PART_NAMES, triangle_parts
from kinoeye.shot.bodies.sampling import continuous

Y_UP, Z_UP = "LUF", "FLU"
"""Where +x, +y and +z of a model, and of a world in which motion was recorded, point."""
DEFAULT_FPS = 30.0
_SMPL = (
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot right_foot "
    "neck left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist"
).split()
_HANDS = [
    f"{side}_{finger}{bone}"
    for side in ("left", "right")
    for finger in ("index", "middle", "pinky", "ring", "thumb")
    for bone in (1, 2, 3)
]
JOINT_NAMES = {
    24: (*_SMPL, "left_hand", "right_hand"),
    52: (*_SMPL, *_HANDS),
    55: (*_SMPL, "jaw", "left_eye_smplhf", "right_eye_smplhf", *_HANDS),
}
"""Names of the joints of SMPL, SMPL-H and SMPL-X, by their number."""
MAX_SHAPE_BYTES = 256 * 1024 * 1024
"""Of the shapes of a model, which has hundreds of them."""
_MODEL = ("v_template", "f", "weights", "kintree_table", "J_regressor")
_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")


@dataclass(frozen=True, kw_only=True)
class SmplModel:
    """A model's body of one shape."""

    body: Body
    pelvis_xyz: Float64
    """[3] where the model's own axes have the pelvis, which recorded ways count from."""


@dataclass(frozen=True, kw_only=True)
class SmplMotion:
    """Recorded motion for a body of one of these models."""

    clip: Clip
    """Rotations are the file's; the root goes as recorded."""
    betas: Float64 | None
    """The shape of who was recorded, where the file has it."""
    notes: tuple[str, ...]


def read_smpl_model(path: Path | str, *, betas: Float64 | None = None) -> SmplModel:
    """The body of a model's .npz file, shaped by betas.

    Vertices are v = template + shapedirs betas, joints J = regressor v (Loper et al. 2015, eq. 8 and 10). What poses
    add to the shape (eq. 9) is left out: bodies here keep one mesh at rest. The soles stand on z = 0.

    Args:
        path: with v_template [v, 3], f, weights [v, j], kintree_table [2, j], J_regressor [j, v], shapedirs [v, 3, b].
        betas: [at most b] of the shape; None is the mean shape.

    Raises:
        InputError: an array is missing, pickled, too large, of a wrong shape or not finite.
    """
    path = Path(path)
    arrays = read_npz(path, _MODEL)
    missing = [name for name in _MODEL if name not in arrays]
    if missing:
        raise InputError(f"{path} has no array {missing[0]!r}; a model's .npz has {', '.join(_MODEL)} and shapedirs")
    vertices = _numbers(path, arrays, "v_template", 2)
    weights, regressor = _numbers(path, arrays, "weights", 2), _numbers(path, arrays, "J_regressor", 2)
    faces, tree = _numbers(path, arrays, "f", 2).astype(np.int64), _numbers(path, arrays, "kintree_table", 2)
    count = weights.shape[1]
    if (
        vertices.shape[1] != 3 or faces.shape[1] != 3 or tree.shape != (2, count) or len(weights) != len(vertices)
        or regressor.shape != (count, len(vertices))
    ):  # fmt: skip
        raise InputError(f"{path} has arrays of shapes that do not belong together; export the whole model again")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError(f"{path} has triangles of vertices that are not there")
    vertices = vertices + _shape(path, betas, len(vertices))
    heads = regressor @ vertices
    pelvis = heads[0]
    axes = axes_matrix(Y_UP)
    vertices, heads = vertices @ axes.T, heads @ axes.T
    ground = np.array([*heads[0, :2], vertices[:, 2].min()])
    parents = np.where(np.arange(count) == 0, -1, tree[0]).astype(np.int64)  # the root's parent is written as 2^32 - 1
    if not np.array_equal(tree[1], np.arange(count)):
        raise InputError(f"{path} numbers its joints in another way than 0, 1, 2, ...")
    names = JOINT_NAMES.get(count, tuple(f"joint{i}" for i in range(count)))
    skeleton = Skeleton(names=names, parents=parents, heads=heads - ground, tails=_tails(parents, heads) - ground)
    joints, shares = _strongest(path, weights)
    body = Body(
        name=path.stem,
        skeleton=skeleton,
        vertices=vertices - ground,
        faces=faces,
        joints=joints,
        weights=shares,
        colors_rgb=np.full((len(vertices), 3), 190, np.uint8),
        parts=triangle_parts(skeleton, faces, joints, shares),
        part_names=PART_NAMES,
    )
    return SmplModel(body=body, pelvis_xyz=pelvis)


def read_smpl_motion(path: Path | str, model: SmplModel, *, fps: float | None = None) -> SmplMotion:
    """The motion of an .npz file with `poses` (or `fullpose`) and `trans`, as AMASS and fitting tools write it.

    Where the recorded root stands upright tells whether the world's +y or +z is up. Joints that the file does not
    pose rest; what it poses beyond the body's joints is left out, and the notes say so.

    Args:
        path: with poses [f, 3 j] as rotation vectors in radians and, where there are, trans [f, 3], betas, a rate.
        model: of the same kind, in the shape of who was recorded.
        fps: frames per second; None takes the file's, else 30.

    Raises:
        InputError: the file has no poses, or numbers that are no motion.
    """
    path = Path(path)
    arrays = read_npz(path, ("poses", "fullpose", "trans", "transl", "betas", *_RATES))
    name = next((name for name in ("poses", "fullpose") if name in arrays), None)
    if name is None:
        held = ", ".join(list(npz_shapes(path))[:6])
        raise InputError(f"{path} has no array 'poses' with rotations of joints; it has {held or 'no arrays'}")
    poses = _numbers(path, arrays, name, 2)
    frames, width = poses.shape
    if not 1 <= frames <= MAX_FRAMES or width % 3 or width < 3 or np.abs(poses).max() > 1e3:
        raise InputError(f"{path} has {name} of {poses.shape}; rotation vectors [1 to {MAX_FRAMES:,}, 3 j] are read")
    notes = []
    posed, joints = width // 3, len(model.body.skeleton)
    if posed != joints:
        notes.append(f"the file poses {posed} joints and the body has {joints}: the first {min(posed, joints)} move")
    rotvecs = np.zeros((frames, joints, 3))
    rotvecs[:, : min(posed, joints)] = poses.reshape(frames, posed, 3)[:, :joints]
    axes = axes_matrix(Y_UP)
    R = axes @ rotvec_to_matrix(rotvecs) @ axes.T
    R_root = rotvec_to_matrix(rotvecs[:, 0])
    is_z_up = abs(R_root[:, 2, 1].mean()) > abs(R_root[:, 1, 1].mean())
    notes.append(f"+{'z' if is_z_up else 'y'} is taken as up")
    world = axes_matrix(Z_UP if is_z_up else Y_UP)
    R[:, 0] = world @ R_root @ axes.T
    trans = next((arrays[name] for name in ("trans", "transl") if name in arrays), np.zeros((frames, 3)))
    trans = _numbers(path, {"trans": trans}, "trans", 2)
    if trans.shape != (frames, 3) or np.abs(trans).max() > 1e5:
        raise InputError(f"{path} has trans of {trans.shape}; metres [{frames}, 3] are needed")
    rate = _rate(path, arrays) if fps is None else fps
    if not 0 < rate < 1e5:
        raise InputError(f"{path} is played at {rate} frames per second, which is no rate; give a rate above 0")
    clip = Clip(
        names=model.body.skeleton.names,
        times_s=np.arange(frames) / rate,
        local_wxyz=continuous(matrix_to_wxyz(R)),
        root_xyz=(trans + model.pelvis_xyz) @ world.T,
    )
    betas = _numbers(path, arrays, "betas", None).ravel() if "betas" in arrays else None
    return SmplMotion(clip=clip, betas=betas, notes=tuple(notes))


def _numbers(path: Path, arrays: dict[str, NDArray], name: str, dimensions: int | None) -> Float64:
    values = arrays[name]
    is_table = dimensions is None or values.ndim == dimensions
    if values.dtype.kind not in "iuf" or not is_table or not values.size or not np.isfinite(values).all():
        raise InputError(f"{path} has {name} of {values.shape} {values.dtype} that is empty, NaN or no such array")
    return values.astype(np.float64)


def _shape(path: Path, betas: Float64 | None, count: int) -> Float64 | float:
    """What betas add to the vertices [v, 3]."""
    if betas is None:
        return 0.0
    betas = np.asarray(betas, np.float64).ravel()
    arrays = read_npz(path, ("shapedirs",), max_array_bytes=MAX_SHAPE_BYTES)
    if "shapedirs" not in arrays:
        raise InputError(f"{path} has no array 'shapedirs', so that betas mean nothing to it")
    directions = _numbers(path, arrays, "shapedirs", 3)
    if directions.shape[:2] != (count, 3) or not len(betas) or not (np.abs(betas) < 100).all():
        raise InputError(f"{path} takes up to {directions.shape[2]} betas within 100 of 0; given {len(betas)}")
    used = min(len(betas), directions.shape[2])  # what fitting tools add beyond the model's own is hands or face
    return directions[:, :, :used] @ betas[:used]


def _tails(parents: NDArray[np.int64], heads: Float64) -> Float64:
    tails = heads.copy()
    for joint, parent in enumerate(parents):
        children = np.flatnonzero(parents == joint)
        if len(children):
            tails[joint] = heads[children].mean(axis=0)
        elif 0 <= parent < joint:  # others are refused with the skeleton
            tails[joint] = heads[joint] + 0.5 * (heads[joint] - heads[parent])
    return tails


def _strongest(path: Path, weights: Float64) -> tuple[NDArray[np.int64], Float64]:
    """The joints [v, k] that carry each vertex most, and their shares."""
    slots = min(WEIGHTS_A_VERTEX, weights.shape[1])
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :slots].astype(np.int64)
    shares = np.take_along_axis(weights, joints, axis=1)
    if shares.min() < 0 or not (shares.sum(axis=1) > 0.5).all():
        raise InputError(f"{path} has vertices whose weights are negative or add up to far less than 1")
    return joints, shares / shares.sum(axis=1, keepdims=True)


def _rate(path: Path, arrays: dict[str, NDArray]) -> float:
    for name in _RATES:
        if name in arrays and arrays[name].size == 1:
            return float(_numbers(path, arrays, name, None).ravel()[0])
    return DEFAULT_FPS
