"""Where a chain of USD prims puts its last one: the operations of `xformOpOrder`, sampled at time codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.usda import Attribute, Prim
from kinoeye.formats.paths.animation import euler_to_matrix, linear, slerp
from kinoeye.geometry.convention import Float64, wxyz_to_matrix

RESET = "!resetXformStack!"
INVERT = "!invert!"
PREFIX = "xformOp"
_NOT_TRANSFORMABLE = ("", "Scope", "Material", "Shader", "RenderSettings")


def is_animated(value: Attribute) -> bool:
    """Whether an attribute has more than one time sample."""
    return len(value.samples) > 1


def sampled(attribute: Attribute, times: Float64, columns: int, where: str, *, quaternion: bool = False) -> Float64:
    """Values [m, columns] of an attribute at time codes [m]: linear between samples, quaternions by slerp.

    Raises:
        InputError: the attribute is a spline, or holds anything but that many finite or infinite numbers.
    """
    if attribute.has_spline:
        raise InputError(f"{where} is a spline, which is not read; bake it to timeSamples")
    rows = attribute.samples or {0.0: attribute.default}
    try:
        keys = np.array([np.asarray(rows[time], np.float64).reshape(columns) for time in sorted(rows)])
    except (TypeError, ValueError) as error:
        raise InputError(f"{where} does not hold {columns} numbers at each time") from error
    codes = np.array(sorted(rows))
    if not quaternion:
        return linear(codes, keys, times)
    with np.errstate(invalid="ignore", divide="ignore"):
        return slerp(codes, keys / np.linalg.norm(keys, axis=1, keepdims=True), times)


def operations(chain: Sequence[Prim]) -> list[tuple[str, Attribute, str]]:
    """The operations of a chain from the world down: name in the order, attribute, and how errors call it.

    Raises:
        InputError: an order is no list of names, or names an operation that has no value.
    """
    found: list[tuple[str, Attribute, str]] = []
    for prim in chain:
        if prim.type_name in _NOT_TRANSFORMABLE:
            continue
        order = prim.attributes.get("xformOpOrder", Attribute()).default or ()
        if not isinstance(order, tuple) or not all(isinstance(name, str) for name in order):
            raise InputError(f"{prim.path}.xformOpOrder is no list of names")
        for name in order:
            if name == RESET:
                found.clear()
                continue
            attribute = prim.attributes.get(name.removeprefix(INVERT))
            if attribute is not None and (attribute.samples or attribute.default is not None or attribute.has_spline):
                found.append((name, attribute, f"{prim.path}.{name}"))
            elif attribute is None:
                raise InputError(f"{prim.path}.xformOpOrder names {name}, which the file does not hold")
    return found


def world_matrices(chain: Sequence[Prim], times: Float64) -> Float64:
    """Affine local-to-world matrices [m, 4, 4], for column vectors, of the last prim of a chain at time codes [m].

    Raises:
        InputError: an operation is not known or holds something else than its numbers.
    """
    world = np.broadcast_to(np.eye(4), (len(times), 4, 4))
    for name, attribute, where in operations(chain):
        local = _operation(name.removeprefix(INVERT), attribute, times, where)
        if name.startswith(INVERT):
            try:
                local = np.linalg.inv(local)
            except np.linalg.LinAlgError as error:
                raise InputError(f"{where} has no inverse") from error
        with np.errstate(invalid="ignore", over="ignore"):
            world = world @ local
    return world


def _operation(name: str, attribute: Attribute, times: Float64, where: str) -> Float64:
    """One operation [m, 4, 4] for column vectors (the file's matrices are for row vectors)."""
    kind = name.split(":")[1] if name.startswith(f"{PREFIX}:") else ""
    if kind == "transform":
        return np.swapaxes(sampled(attribute, times, 16, where).reshape(-1, 4, 4), 1, 2)
    local = np.broadcast_to(np.eye(4), (len(times), 4, 4)).copy()
    verb, axes = next(((verb, kind[len(verb) :]) for verb in _VERBS if kind.startswith(verb)), ("", kind))
    if kind == "orient":
        with np.errstate(invalid="ignore", divide="ignore"):
            local[:, :3, :3] = wxyz_to_matrix(sampled(attribute, times, 4, where, quaternion=True))
    elif verb == "rotate" and sorted(axes) == ["X", "Y", "Z"]:
        local[:, :3, :3] = euler_to_matrix(axes, np.radians(sampled(attribute, times, 3, where)))
    elif verb and len(axes) == 1 and axes in "XYZ":
        _about_one_axis(local, verb, "XYZ".index(axes), sampled(attribute, times, 1, where)[:, 0])
    elif verb in ("translate", "scale") and not axes:
        values = sampled(attribute, times, 3, where)
        if verb == "translate":
            local[:, :3, 3] = values
        else:
            local[:, [0, 1, 2], [0, 1, 2]] = values
    else:
        raise InputError(f"{where} is an operation that Kinoeye does not know")
    return local


_VERBS = ("translate", "scale", "rotate")


def _about_one_axis(local: Float64, verb: str, axis: int, values: Float64) -> None:
    if verb == "translate":
        local[:, axis, 3] = values
    elif verb == "scale":
        local[:, axis, axis] = values
    else:
        angles = np.zeros((len(values), 3))
        angles[:, axis] = np.radians(values)
        local[:, :3, :3] = euler_to_matrix("XYZ", angles)
