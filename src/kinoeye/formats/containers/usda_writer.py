"""USD's text format to write: the head of a layer, prims, and values that stay or are sampled over time."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

_INDENT = "    "


def header(codes: Float64, rate: float, *, default_prim: str, settings: str | None = None) -> list[str]:
    """The head of a layer in metres with +z up.

    Args:
        codes: [n] time codes of its frames.
        rate: time codes a second.
        default_prim: name of the prim that others reference.
        settings: path of its render settings.
    """
    return [
        "#usda 1.0",
        "(",
        f'    defaultPrim = "{default_prim}"',
        f"    endTimeCode = {float(codes[-1])!r}",
        f"    framesPerSecond = {rate!r}",
        "    metersPerUnit = 1",
        *([] if settings is None else [f'    renderSettingsPrimPath = "{settings}"']),
        f"    startTimeCode = {float(codes[0])!r}",
        f"    timeCodesPerSecond = {rate!r}",
        '    upAxis = "Z"',
        ")",
        "",
    ]


def prim(declared: str, lines: Sequence[str], *, apis: Sequence[str] = ()) -> list[str]:
    """A prim and what it holds.

    Example:
        >>> prim('Xform "set"', ["token visibility"])
        ['def Xform "set"', '{', '    token visibility', '}']
    """
    schemas = [] if not apis else [f"(prepend apiSchemas = [{', '.join(map(quoted, apis))}])"]
    return [" ".join([f"def {declared}", *schemas]), "{", *(_INDENT + line for line in lines), "}"]


def attribute(declaration: str, texts: Sequence[str], codes: Float64) -> str:
    """A value that stays where all its texts are the same, else one a time code."""
    if all(text == texts[0] for text in texts):
        return f"{declaration} = {texts[0]}"
    samples = ", ".join(f"{code!r}: {text}" for code, text in zip(codes.tolist(), texts, strict=True))
    return f"{declaration}.timeSamples = {{ {samples} }}"


def transform(T_parent_own: Float64, codes: Float64) -> list[str]:
    """The operations of a prim at poses [n, 4, 4] for column vectors, or [1, 4, 4] of one that stays."""
    moving = attribute("matrix4d xformOp:transform", [matrix(pose) for pose in T_parent_own], codes)
    return [moving, 'uniform token[] xformOpOrder = ["xformOp:transform"]']


def vector(row: Float64) -> str:
    """Numbers as one value, to all their digits; a single number stands alone."""
    texts = [repr(float(value)) for value in row]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def matrix(pose: Float64) -> str:
    """A matrix [4, 4] for column vectors, as USD writes it for row vectors."""
    return f"( {', '.join(vector(row) for row in pose.T)} )"


def array(values: NDArray[Any]) -> str:
    """An array of whole numbers [n], or of 32-bit numbers [n] or vectors [n, c]."""
    flat = map(str, values.ravel().tolist())
    if values.dtype.kind == "f":
        flat = (f"{value:.9g}" for value in values.ravel().tolist())
    if values.ndim == 1:
        return f"[{', '.join(flat)}]"
    texts = list(flat)
    width = values.shape[1]
    return "[" + ", ".join(f"({', '.join(texts[i : i + width])})" for i in range(0, len(texts), width)) + "]"


def quoted(text: str) -> str:
    """A text or token in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def identifier(name: str, taken: Container[str] = ()) -> str:
    """The name as USD allows names of prims: letters of ASCII, digits and underscores, none of those taken.

    Example:
        >>> identifier("red robot"), identifier("7", {"_7"})
        ('red_robot', '_7_2')
    """
    base = re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"
    base = f"_{base}" if base[0].isdigit() else base
    number, found = 2, base
    while found in taken:
        number, found = number + 1, f"{base}_{number}"
    return found


def extent(vertices: Float64) -> str:
    """The box of vertices [v, 3]."""
    return f"float3[] extent = {array(np.stack([vertices.min(axis=0), vertices.max(axis=0)]))}"
