"""Binary USD layers (.usdc) by usd-core, in a process of its own: bytes of strangers can hang or crash that library.

`python -m kinoeye.formats.containers.usd_crate FILE PATTERN` prints the layer as JSON; `read_crate` runs it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.optional import require
from kinoeye.formats.containers.usda import ARCS, Attribute, Layer, Prim
from kinoeye.formats.containers.usda_scanner import MAX_DEPTH

MAX_SECONDS = 10
"""Of computing; a layer that needs more is refused."""
MAX_MEMORY = 2 << 30
MAX_CHARACTERS = 64 * 1024 * 1024
"""Of JSON."""
_LAYER_FACTS = ("upAxis", "metersPerUnit", "timeCodesPerSecond", "framesPerSecond")


def read_crate(data: bytes, kept: re.Pattern[str], *, where: str) -> Layer:
    """The layer of the bytes of a .usdc file.

    Args:
        data: the file.
        kept: matches the names of the properties that are read.
        where: how errors call the file.

    Raises:
        InputError: the layer is damaged or needs more than the bounds above, or usd-core is not installed.
    """
    require("pxr", extra="usd")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "layer.usdc"  # usd-core tells formats by suffixes
        file.write_bytes(data)
        command = [sys.executable, "-m", __name__, str(file), kept.pattern]
        try:
            done = subprocess.run(command, capture_output=True, timeout=6 * MAX_SECONDS, check=True)
            content = json.loads(done.stdout)
            return Layer(content["metadata"], [_prim_from_json(prim) for prim in content["prims"]])
        except (subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{where} is a damaged binary USD layer, or too large a one") from error


def _prim_from_json(data: dict[str, Any]) -> Prim:
    attributes = {
        name: Attribute(
            _tupled(value["default"]),
            {float(time): _tupled(sample) for time, sample in value["samples"].items()},
            value["has_spline"],
        )
        for name, value in data["attributes"].items()
    }
    children = [_prim_from_json(child) for child in data["children"]]
    return Prim(data["path"], data["specifier"], data["type_name"], data["metadata"], attributes, children)


def _tupled(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def main() -> None:
    """Print the layer of a file, within the bounds of time and memory where the system knows them."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    except ImportError:  # not on Windows
        pass
    file, pattern = sys.argv[1:]
    text = json.dumps(asdict(_layer(file, re.compile(pattern))))
    if len(text) > MAX_CHARACTERS:
        raise SystemExit(3)
    sys.stdout.write(text)


def _layer(file: str, kept: re.Pattern[str]) -> Layer:
    from pxr import Sdf

    layer: Any = Sdf.Layer.OpenAsAnonymous(file)  # type: ignore[attr-defined]
    root = layer.pseudoRoot
    metadata = {name: _plain(root.GetInfo(name)) for name in _LAYER_FACTS if root.HasInfo(name)}
    if len(layer.subLayerPaths):
        metadata["subLayers"] = True
    return Layer(metadata, [_prim(layer, spec, kept, 0) for spec in layer.rootPrims])


def _prim(layer: Any, spec: Any, kept: re.Pattern[str], depth: int) -> Prim:
    if depth > MAX_DEPTH:
        raise SystemExit(3)
    prim = Prim(str(spec.path), str(spec.specifier.name).removeprefix("Specifier").lower(), spec.typeName)
    prim.metadata = {name: True for name in ARCS if spec.HasInfo(name)}
    if spec.HasInfo("active"):
        prim.metadata["active"] = float(spec.active)
    for attribute in (attribute for attribute in spec.attributes if kept.fullmatch(attribute.name)):
        times = layer.ListTimeSamplesForPath(attribute.path)
        samples = {time: _plain(layer.QueryTimeSample(attribute.path, time)) for time in times}
        prim.attributes[attribute.name] = Attribute(
            _plain(attribute.default),
            {time: value for time, value in samples.items() if value is not None},
            bool(getattr(attribute, "HasSpline", bool)()),
        )
    for relationship in (relationship for relationship in spec.relationships if kept.fullmatch(relationship.name)):
        targets = tuple(str(path) for path in relationship.targetPathList.GetAddedOrExplicitItems())
        prim.attributes[relationship.name] = Attribute(targets)
    prim.children = [_prim(layer, child, kept, depth + 1) for child in spec.nameChildren]
    return prim


def _plain(value: Any) -> object:
    """A value of usd-core as numbers, texts and tuples; a quaternion has its real part first."""
    if value is None or isinstance(value, (str, int, float)):
        return float(value) if isinstance(value, (int, float)) else value
    if hasattr(value, "imaginary"):
        return (float(value.real), *map(float, value.imaginary))
    try:
        array = np.array(value)
    except (TypeError, ValueError):
        return None  # a value block, or a kind that no camera has
    return tuple(array.ravel().tolist()) if array.dtype.kind in "iufUS" and array.ndim else None


if __name__ == "__main__":
    main()
