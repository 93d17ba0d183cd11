"""What `direct` asks and tells of candidates: the poses that they must have, their scores, and how they were read."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.errors import InputError

if TYPE_CHECKING:
    from kinoeye.geometry import SE3
    from kinoeye.geometry.track import Unit, Up
    from kinoeye.shot.edits.constraining import PoseConstraints
    from kinoeye.systems.gendop.explanation import Explanation
    from kinoeye.systems.gendop.ranking import Candidate


def add_pose_options(parser: argparse.ArgumentParser) -> None:
    """Declare the poses that a directed path must have."""
    group = parser.add_argument_group("poses that the path must have, in the axes of its first camera")
    group.add_argument(
        "--end-pose", metavar="FILE[:N]", help="the last one: pose N of a camera file (default its last)"
    )
    group.add_argument("--keyframe", action="append", default=[], metavar="S=FILE[:N]", help="the one at S seconds; "
                       "repeatable. With one at 0 the path is\nin the world of the files")  # fmt: skip


def given_poses(args: argparse.Namespace) -> PoseConstraints | None:
    """The poses of the options; None where there are none.

    Raises:
        InputError: a word is not of the form, a file or its pose cannot be read, times do not increase, or files are in
            different units or worlds.
    """
    if args.end_pose is None and not args.keyframe:
        return None
    from kinoeye.shot.edits.constraining import PoseConstraints

    frames: list[tuple[str, str, float | None]] = []
    for word in args.keyframe:
        time, _, name = word.partition("=")
        try:
            seconds = float(time)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds) or not name:
            raise InputError(f"--keyframe {word!r} is not SECONDS=FILE or SECONDS=FILE:N, such as 1.5=camera.json:0")
        if frames and seconds <= (frames[-1][2] or 0.0):
            raise InputError(f"--keyframe {word!r} comes after one at {frames[-1][2]:g} s; give them in order of time")
        frames.append((f"--keyframe {word}", name, seconds))
    if args.end_pose is not None:
        frames.append((f"--end-pose {args.end_pose}", args.end_pose, None))
    read = [_pose(option, name, at_end=seconds is None) for option, name, seconds in frames]
    for pose, (option, _, _) in zip(read[1:], frames[1:], strict=True):
        if pose[1:] != read[0][1:]:
            raise InputError(
                f"{option}: its file has another unit or vertical than that of {frames[0][0]}; take all poses of one "
                "world, or convert a file (`kinoeye convert --unit U --up AXIS`)"
            )
    poses = [pose for pose, _, _ in read]
    return PoseConstraints(
        keyframes={seconds: pose for (_, _, seconds), pose in zip(frames, poses, strict=True) if seconds is not None},
        end_pose=poses[-1] if args.end_pose is not None else None,
        unit=read[0][1],
        up=read[0][2],
    )


def _pose(option: str, name: str, *, at_end: bool) -> tuple[SE3, Unit, Up]:
    """A pose of a file, with the unit and vertical of its world."""
    import torch

    from kinoeye.formats.paths import read_path
    from kinoeye.geometry import SE3, homogeneous

    file, index = _file_and_index(name)
    try:
        table = read_path(file)
        if index is None and len(table) > 1 and not at_end:
            raise InputError(f"{file} has {len(table)} poses; say which, such as {file}:0")
        index = -1 if index is None else index
        if not -len(table) <= index < len(table):
            raise InputError(f"{file} has no pose {index}; it has {len(table)}, from 0 on, or from -1 backwards")
        one = table.frames([index % len(table)])
        T_world_cam = SE3.from_matrix(torch.from_numpy(homogeneous(one.checked_matrices())))[0]
    except InputError as error:
        raise InputError(f"{option}: {error}") from error
    return T_world_cam, table.unit, table.up


def _file_and_index(name: str) -> tuple[str, int | None]:
    file, mark, number = name.rpartition(":")
    is_index = bool(mark) and number.removeprefix("-").isdigit() and not Path(name).exists()
    return (file, int(number)) if is_index else (name, None)


def scores_json(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The scores of candidates, the best first, and what each does in words."""
    from kinoeye.base.records import to_json
    from kinoeye.language import describe

    return [{"understood": describe(item.plan), **to_json(item.score)} for item in candidates]


def scores_table(candidates: Sequence[Candidate]) -> str:
    """The scores of candidates, a line each."""
    rows = [("candidate", "tag agreement", "failed checks", "probability", "understood")]
    from kinoeye.language import describe

    for number, item in enumerate(candidates, start=1):
        score = item.score
        failed = "-" if score.errors is None else f"{score.errors} errors, {score.warnings} warnings"
        likely = "-" if math.isnan(score.log_probability) else f"{math.exp(score.log_probability):.3g}"
        rows.append((str(number), f"{score.tag_agreement:.2f}", failed, likely, describe(item.plan)))
    return _aligned(rows)


def explanation_table(explanation: Explanation) -> str:
    """A program move by move: how probable, what it points at in the caption, and what the grammar reads instead."""
    rows = [("move", "program", "probability", "pointed at", "the grammar reads")]
    for number, move in enumerate(explanation.moves, start=1):
        pointed = ", ".join(f"{p.meaning or 'left out'} {p.text!r}" for p in move.pointers) or "-"
        same = "-" if explanation.refusal is not None else "the same"
        rows.append((str(number), move.words, f"{move.probability:.3g}", pointed, move.grammar or same))
    rows += [("", "no move", "", "", words) for words in explanation.more_of_grammar]
    lines = [_aligned(rows)]
    if explanation.refusal is not None:
        lines.append(f"The grammar reads nothing: {explanation.refusal}")
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
