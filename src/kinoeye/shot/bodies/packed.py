"""A body as a few small arrays, the form in which bodies ship; and the bodies that ship."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.body import Body, Skeleton
from kinoeye.shot.bodies.joint_names import PART_NAMES, triangle_parts

SHIPPED = ("adult",)
"""Bodies in the package; of each, where its shape came from is in the .json beside its .npz."""
_STEPS = 65535
"""Vertices are stored as whole numbers of so many steps across their box."""


@cache
def load_body(name: str) -> Body:
    """A body that ships with the package.

    Args:
        name: one of `SHIPPED`; "adult" is an adult of average shape whose joints are named as in CMU's BVH files.

    Raises:
        InputError: there is none of that name.

    Example:
        >>> adult = load_body("adult")
        >>> len(adult.skeleton), adult.skeleton.names[0], round(adult.size_xyz[2], 2)
        (31, 'Hips', 1.78)
    """
    if name not in SHIPPED:
        raise InputError(f"there is no body {name!r}; the bodies that ship: {', '.join(SHIPPED)}")
    data = resources.files("kinoeye.shot.bodies").joinpath("data", f"{name}.npz").read_bytes()
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return unpacked(name, arrays)


def packed(body: Body) -> dict[str, NDArray[Any]]:
    """The arrays that a body is stored as; vertices lose less than 1e-5 of its size, weights less than 1e-3.

    Example:
        >>> sorted(packed(load_body("adult")))[:4]
        ['colors_rgb', 'corner_high', 'corner_low', 'faces']
    """
    low, high = body.vertices.min(axis=0), body.vertices.max(axis=0)
    steps = np.rint((body.vertices - low) / np.maximum(high - low, 1e-12) * _STEPS)
    region = np.zeros(len(body.vertices), np.uint8)
    for number, vertices in enumerate(body.regions.values(), start=1):
        region[vertices] = number
    return {
        "vertices": steps.astype(np.uint16),
        "corner_low": low,
        "corner_high": high,
        "faces": body.faces.astype(np.uint32 if len(body.vertices) > _STEPS else np.uint16),
        "joints": body.joints.astype(np.uint16 if len(body.skeleton) > 255 else np.uint8),
        "weights": body.weights.astype(np.float16),
        "colors_rgb": body.colors_rgb,
        "region": region,
        "region_names": np.array(list(body.regions), dtype=np.str_),
        "joint_names": np.array(body.skeleton.names, dtype=np.str_),
        "parents": body.skeleton.parents.astype(np.int16),
        "heads": body.skeleton.heads,
        "tails": body.skeleton.tails,
    }


def unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> Body:
    """The body of that name that `packed` made the arrays of; the parts of its triangles follow from its joints.

    Raises:
        InputError: the arrays are no body.
    """
    skeleton = Skeleton(
        names=tuple(str(joint) for joint in arrays["joint_names"]),
        parents=arrays["parents"].astype(np.int64),
        heads=arrays["heads"].astype(np.float64),
        tails=arrays["tails"].astype(np.float64),
    )
    low, high = arrays["corner_low"], arrays["corner_high"]
    faces, joints = arrays["faces"].astype(np.int64), arrays["joints"].astype(np.int64)
    weights = arrays["weights"].astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    region = arrays["region"]
    return Body(
        name=name,
        skeleton=skeleton,
        vertices=low + arrays["vertices"] * ((high - low) / _STEPS),
        faces=faces,
        joints=joints,
        weights=weights,
        colors_rgb=arrays["colors_rgb"],
        parts=triangle_parts(skeleton, faces, joints, weights),
        part_names=PART_NAMES,
        regions={str(n): np.flatnonzero(region == i) for i, n in enumerate(arrays["region_names"], start=1)},
    )
