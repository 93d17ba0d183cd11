"""Binary USD layers (.usdc) by usd-core, in a process of its own: bytes of strangers can hang or crash that library.

`python -m kinoeye.formats.containers.usd_crate FILE PATTERN SECONDS BYTES` prints the layer as JSON; `read_crate` runs
it. The bounds hold from the moment when the library is loaded, so that a busy machine refuses no sound file.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
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

MAX_SECONDS = 2.0
"""Of computing; a layer that needs more is refused."""
MAX_BYTES = 500_000_000
"""Of memory, beyond what the library itself takes."""
MAX_CHARACTERS = 16 * 1024 * 1024
"""Of JSON, which takes several times its size in memory."""
_WAITING = 3
"""Times as long by the clock, for a process that computes nothing or has to share its processor."""
_START_SECONDS = 60
"""Until the library is loaded and the layer is read, by the clock."""
_SERIAL = {"PXR_WORK_THREAD_LIMIT": "1", "MALLOC_ARENA_MAX": "1"}
"""A thread of its own takes tens of megabytes of addresses, which count as memory."""
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
        command = [sys.executable, "-m", __name__, str(file), kept.pattern, str(MAX_SECONDS), str(MAX_BYTES)]
        try:
            environment = {**os.environ, **_SERIAL}
            done = subprocess.run(command, capture_output=True, timeout=_START_SECONDS, check=True, env=environment)
            content = json.loads(done.stdout)
            return Layer(content["metadata"], [_prim_from_json(prim) for prim in content["prims"]])
        except (subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, subprocess.CalledProcessError) and -error.returncode in _out_of_time():
                raise InputError(
                    f"{where} needs more than {MAX_SECONDS:g} s to read: it is a damaged binary USD layer, or too "
                    "large a one; save it as .usda"
                ) from error
            raise InputError(f"{where} is a damaged binary USD layer, or too large a one") from error


def _out_of_time() -> tuple[int, ...]:
    """The signals that end a process after its time; none on Windows."""
    return tuple(int(getattr(signal, name)) for name in ("SIGPROF", "SIGALRM") if hasattr(signal, name))


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
    file, pattern, seconds, size = sys.argv[1:]
    importlib.import_module("pxr.Sdf")
    _limit(float(seconds), int(size))
    text = json.dumps(asdict(_layer(file, re.compile(pattern))))
    if len(text) > MAX_CHARACTERS:
        raise SystemExit(3)
    sys.stdout.write(text)


def _limit(seconds: float, size: int) -> None:
    """End this process after so much more computing, and refuse it so much more memory."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, _WAITING * seconds)
    used = Path("/proc/self/statm")
    if used.exists():
        import resource

        limit = int(used.read_text().split()[0]) * resource.getpagesize() + size
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


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
