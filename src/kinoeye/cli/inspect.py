"""What a camera file holds, and what is wrong with it.

Exit code 0 also with warnings and hints, 1 with errors in the diagnosis, 2 when the file cannot be read.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.cli.options import given_path, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kinoeye.formats.diagnosis import Diagnosis
    from kinoeye.formats.motion_scan import Travel
    from kinoeye.formats.path_table import PathTable
    from kinoeye.formats.paths.streaming import PathSummary

MAX_TAGGED = 20_000
"""Smoothing tags takes time with the square of the length: a second for so many."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "file", type=given_path, metavar="FILE", help="a camera file or folder, FILE#NAME or MODEL:WORD"
    )
    parser.add_argument("--from", dest="source", metavar="FORMAT", help="its format, if it cannot be told")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats.paths import read_path
    from kinoeye.formats.paths.streaming import is_streamed, summarise

    if is_streamed(args.file, args.source):
        facts = describe_long(summarise(args.file, args.source))
    else:
        facts = describe(read_path(args.file, format=args.source))
    if args.json:
        print_json({"file": str(args.file), **facts})
    else:
        _print(args.file, facts)
    return int(any(row["severity"] == "error" for row in facts["diagnostics"]))


def describe(table: PathTable) -> dict[str, Any]:
    """The facts that the command shows; what needs sound poses is None where the diagnosis has errors."""
    from kinoeye.formats.motion_scan import Travel

    diagnosis = table.diagnose()
    times = table.times_s
    duration = None if times is None else float(times[-1] - times[0])
    if any(row.severity == "error" for row in diagnosis):
        return _facts(table, len(table), duration, diagnosis, None)
    travel = Travel()
    travel.add(table.checked_matrices())
    return _facts(table, len(table), duration, diagnosis, travel)


def describe_long(summary: PathSummary) -> dict[str, Any]:
    """The same facts of a path that was read a part at a time; a longer one than its head has no tags."""
    return _facts(summary.head, summary.frames, summary.duration_s, summary.diagnosis, summary.travel)


def _facts(
    table: PathTable, frames: int, duration_s: float | None, diagnosis: Iterable[Diagnosis], travel: Travel | None
) -> dict[str, Any]:
    from math import degrees

    from kinoeye.formats.repair import repair_of

    fov = table.fov_deg
    is_tagged = travel is not None and frames == len(table) <= MAX_TAGGED
    return {
        "format": table.format,
        "frames": frames,
        "convention": {**asdict(table.convention), "handedness": table.convention.handedness},
        "unit": table.unit,
        "size_wh": table.size_wh,
        "fov_deg": None if fov is None else fov[[0, -1]].tolist(),
        "duration_s": duration_s,
        "path_length": None if travel is None else travel.length,
        "rotation_deg": None if travel is None else degrees(travel.rotation),
        **(_tags(table) if is_tagged else {"tags": None, "caption": None}),
        "diagnostics": [{**asdict(row), "repair": repair_of(table, row.code)} for row in diagnosis],
        "notes": (*table.notes, *([f"paths above {MAX_TAGGED:,} poses get no tags"] if frames > MAX_TAGGED else [])),
    }


def _tags(table: PathTable) -> dict[str, Any]:
    from kinoeye.language.captions import caption
    from kinoeye.language.tags import motion_tags, segments, tag_name

    found = segments(motion_tags(table.checked_matrices()))
    return {
        "tags": [{"start": start, "end": end, "name": tag_name(tag)} for start, end, tag in found],
        "caption": caption(found) if found else None,
    }


def _print(file: Path, facts: dict[str, Any]) -> None:
    convention = facts["convention"]
    world = convention["world_axes"] or "axes not named"
    rows = {
        "format": facts["format"],
        "frames": facts["frames"],
        "convention": f"{convention['direction']}, camera {convention['camera_axes']}, world {world}",
        "unit": facts["unit"],
        "image": _image(facts["size_wh"]),
        "field of view": _fov(facts["fov_deg"]),
        "duration": "not given" if facts["duration_s"] is None else f"{facts['duration_s']:.3f} s",
    }
    if facts["path_length"] is not None:
        unit = " m" if facts["unit"] == "m" else ""
        rows["motion"] = f"{facts['path_length']:.4g}{unit} travelled, {facts['rotation_deg']:.4g} degrees turned"
    if facts["tags"] is not None:
        rows["tags"] = "; ".join(f"{tag['start']}-{tag['end']} {tag['name']}" for tag in facts["tags"]) or "none"
    print(file)
    for name, value in rows.items():
        print(f"  {name:<14} {value}")
    for note in facts["notes"]:
        print(f"  note           {note}")
    for row in facts["diagnostics"]:
        repair = f" (--repair {row['repair']})" if row["repair"] else ""
        print(f"  {row['severity']:<14} {row['code']}: {row['message']}{repair}")


def _image(size_wh: tuple[int, int] | None) -> str:
    if size_wh is None:
        return "size not given"
    return "intrinsics are normalised" if tuple(size_wh) == (1, 1) else f"{size_wh[0]}x{size_wh[1]}"


def _fov(first_last: list[list[float]] | None) -> str:
    if first_last is None:
        return "not given"
    first, last = (f"{x:.1f} x {y:.1f} degrees" for x, y in first_last)
    return first if first == last else f"{first} to {last}"
