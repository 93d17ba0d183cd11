"""The layer of any USD file: text by our own parser, binary ones (.usdc) through usd-core, the first of a package."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_bytes
from kinoeye.base.optional import require
from kinoeye.formats.containers.usda import ARCS, Attribute, Layer, Prim, parse_usda
from kinoeye.formats.containers.usda_scanner import MAX_DEPTH

MAX_BYTES = 64 * 1024 * 1024
"""Layers above this size are refused: a camera needs a few megabytes."""
CRATE = b"PXR-USDC"
SUFFIXES = (".usd", ".usda", ".usdc")


def read_layer(path: Path, keep: Callable[[str], bool]) -> Layer:
    """The layer of a .usda, .usd or .usdc file, or the root layer of a .usdz package; nothing is composed.

    Args:
        path: the file.
        keep: whether a property of that name is read.

    Raises:
        InputError: the file is damaged, too large, or binary while usd-core is not installed.
    """
    data = read_bytes(path, max_bytes=MAX_BYTES)
    where = str(path)
    if data.startswith(b"PK\x03\x04"):
        where, data = _root_of_package(path)
    if data.startswith(CRATE):
        return _read_crate(data, keep, where)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not a text file (byte {error.start} is not UTF-8)") from error
    if not text.startswith("#usda"):
        raise InputError(f"{where} is no USD layer: it begins with neither #usda nor {CRATE.decode()}")
    return parse_usda(text, keep, where=where)


def _root_of_package(path: Path) -> tuple[str, bytes]:
    """The first layer of a .usdz: the standard makes it the root."""
    try:
        with zipfile.ZipFile(path) as archive:
            first = next((info for info in archive.infolist() if info.filename.endswith(SUFFIXES)), None)
            if first is None or first.file_size > MAX_BYTES:
                raise InputError(f"{path} is a package without a USD layer of at most {MAX_BYTES:,} bytes")
            with archive.open(first) as file:
                return f"{path}: {first.filename}", file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(f"{path} is a damaged or unusual archive: {error}") from error


def _read_crate(data: bytes, keep: Callable[[str], bool], where: str) -> Layer:
    Sdf = require("pxr.Sdf", extra="usd")
    Tf = require("pxr.Tf", extra="usd")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "layer.usdc"  # usd-core tells formats by suffixes
        file.write_bytes(data)
        try:
            layer = Sdf.Layer.OpenAsAnonymous(str(file))
            if layer is None:
                raise InputError(f"{where} is a damaged binary USD layer")
            names = ("upAxis", "metersPerUnit", "timeCodesPerSecond", "framesPerSecond")
            root = layer.pseudoRoot
            metadata = {name: _plain(root.GetInfo(name)) for name in names if root.HasInfo(name)}
            if len(layer.subLayerPaths):
                metadata["subLayers"] = True
            return Layer(metadata, [_prim(layer, spec, keep, where, 0) for spec in layer.rootPrims])
        except (Tf.ErrorException, MemoryError) as error:
            problem = str(error).strip().splitlines()
            raise InputError(f"{where} is a damaged binary USD layer: {' '.join(problem)[:200]}") from error


def _prim(layer: Any, spec: Any, keep: Callable[[str], bool], where: str, depth: int) -> Prim:
    if depth > MAX_DEPTH:
        raise InputError(f"{where}: prims are nested deeper than {MAX_DEPTH}")
    prim = Prim(str(spec.path), str(spec.specifier.name)[len("Specifier") :].lower(), spec.typeName)
    prim.metadata = {name: True for name in ARCS if spec.HasInfo(name)}
    if spec.HasInfo("active"):
        prim.metadata["active"] = float(spec.active)
    for attribute in spec.attributes:
        if keep(attribute.name):
            times = layer.ListTimeSamplesForPath(attribute.path)
            samples = {time: _plain(layer.QueryTimeSample(attribute.path, time)) for time in times}
            prim.attributes[attribute.name] = Attribute(
                _plain(attribute.default),
                {time: value for time, value in samples.items() if value is not None},
                bool(getattr(attribute, "HasSpline", bool)()),
            )
    for relationship in spec.relationships:
        if keep(relationship.name):
            targets = tuple(str(path) for path in relationship.targetPathList.GetAddedOrExplicitItems())
            prim.attributes[relationship.name] = Attribute(targets)
    prim.children = [_prim(layer, child, keep, where, depth + 1) for child in spec.nameChildren]
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
    return tuple(array.ravel().tolist()) if array.dtype.kind in "iufUSO" and array.ndim else None
