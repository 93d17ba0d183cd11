"""Scores side by side, read back from what was saved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.names import first_names
from kinoeye.evaluation.error_statistics import STATISTICS
from kinoeye.evaluation.pose_protocols import PROTOCOLS
from kinoeye.evaluation.pose_score import PoseScore
from kinoeye.evaluation.score_table import ScoreTable

SAME_LENGTH = 1e-3
"""Relative difference of path lengths that the rounding of files makes."""


def load_score(path: Path | str) -> PoseScore | ScoreTable:
    """Read what `PoseScore.save` or `ScoreTable.save` wrote.

    Raises:
        InputError: the file is missing, damaged, or neither.

    Example:
        >>> load_score("score.json").numbers["ate_translation"]  # doctest: +SKIP
        0.0187
    """
    data = read_json(path)
    is_table = isinstance(data, dict) and data.get("record") == ScoreTable.__name__
    return ScoreTable.load(path) if is_table else PoseScore.load(path)


def compare(
    scores: Mapping[str, PoseScore | ScoreTable], *, statistic: str | None = None
) -> dict[str, dict[str, float]]:
    """Several scores, or several tables, side by side: protocol -> name of the score -> value.

    Args:
        scores: name -> score or table; all with the same reference, alignment and unit, because others are not
            comparable; `differences` says what else differs.
        statistic: a field of `Statistics`, over the poses that were found; None takes each protocol's published
            number, with its failures.

    Raises:
        InputError: the statistic does not exist, scores and tables are mixed, or references, alignments or units
            differ.

    Example:
        >>> compare({"ours": load_score("ours.json"), "theirs": load_score("theirs.json")})["auc_30"]  # doctest: +SKIP
        {'ours': 0.91, 'theirs': 0.87}
    """
    if statistic is not None and statistic not in STATISTICS:
        raise InputError(f"there is no statistic {statistic!r}; known: {', '.join(STATISTICS)}")
    if len({type(score) for score in scores.values()}) > 1:
        raise InputError("scores of one path and tables of many cannot be compared with each other")
    settings = {name: _setting(score) for name, score in scores.items()}
    if len(set(settings.values())) > 1:
        listed = ", ".join(f"{name}: {setting}" for name, setting in settings.items())
        raise InputError(
            f"scores with different alignments or units cannot be compared ({listed}); score them with one --align"
        )
    for name, references in _references(scores):
        _refuse_different(name, references)
    numbers = {name: _numbers(score, statistic) for name, score in scores.items()}
    shared = [protocol for protocol in PROTOCOLS if all(protocol in known for known in numbers.values())]
    return {protocol: {name: known[protocol] for name, known in numbers.items()} for protocol in shared}


def differences(scores: Mapping[str, PoseScore | ScoreTable]) -> tuple[str, ...]:
    """What scores or tables of the same references differ in besides their values, a sentence each.

    Args:
        scores: name -> score or table, as `compare` takes them.

    Example:
        >>> differences({"ours": load_score("ours.json"), "theirs": load_score("theirs.json")})  # doctest: +SKIP
        ('not the same poses are compared: ours: 20 pairs by time, 0 failed; theirs: 14 pairs by time, 6 failed',)
    """
    tables = {name: score for name, score in scores.items() if isinstance(score, ScoreTable)}
    if not tables:
        pairs = {
            name: f"{score.pairs} pairs by {score.by}, {score.failed} failed"
            for name, score in scores.items()
            if isinstance(score, PoseScore)
        }
        return _told("not the same poses are compared", pairs)
    paths = {name: [row.name for row in table.rows] for name, table in tables.items()}
    everywhere = [path for path in next(iter(paths.values())) if all(path in names for names in paths.values())]
    lacking = {name: [path for path in names if path not in everywhere] for name, names in paths.items()}
    notes = [
        f"paths of {name} that not all have count in its means: {first_names(names)}"
        for name, names in lacking.items()
        if names
    ]
    asked = {
        name: {row.name: row.asked for row in table.rows if row.name in everywhere} for name, table in tables.items()
    }
    others = [path for path in everywhere if len({counts[path] for counts in asked.values()}) > 1]
    if others:
        counts = {name: f"{sum(known[path] for path in others)} poses" for name, known in asked.items()}
        notes += _told(f"not the same poses of {first_names(others)} are compared", counts)
    return tuple(notes)


def _told(what: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    if len(set(settings.values())) < 2:
        return ()
    return (f"{what}: {'; '.join(f'{name}: {setting}' for name, setting in settings.items())}",)


def _references(
    scores: Mapping[str, PoseScore | ScoreTable],
) -> Iterator[tuple[str, dict[str, tuple[int, float, str]]]]:
    """Path, empty for a score of one -> name of the score -> poses of the reference (0 if unknown), length, unit."""
    rows: dict[str, dict[str, tuple[int, float, str]]] = {}
    for name, score in scores.items():
        if isinstance(score, PoseScore):
            rows.setdefault("", {})[name] = score.reference_poses, score.reference_length, score.unit
            continue
        for row in score.rows:
            if row.reference_length is not None:
                rows.setdefault(row.name, {})[name] = 0, row.reference_length, row.unit
    yield from rows.items()


def _refuse_different(path: str, references: Mapping[str, tuple[int, float, str]]) -> None:
    (count, length, _), *others = references.values()
    if all(count == n and math.isclose(length, long, rel_tol=SAME_LENGTH) for n, long, _ in others):
        return
    of_path = f" of {path}" if path else ""
    listed = ", ".join(
        f"{name}: {f'{n} poses over ' if n else ''}{long:.6g} {unit}" for name, (n, long, unit) in references.items()
    )
    raise InputError(f"scores against different references{of_path} cannot be compared ({listed})")


def _setting(score: PoseScore | ScoreTable) -> str:
    if isinstance(score, PoseScore):
        return f"{score.align}, {score.unit}"
    return " and ".join(sorted({f"{row.align}, {row.unit}" for row in score.rows if row.align}))


def _numbers(score: PoseScore | ScoreTable, statistic: str | None) -> dict[str, float]:
    if statistic is None:
        return score.numbers
    if isinstance(score, ScoreTable):
        raise InputError("a table of many paths holds each protocol's published number only; give no statistic")
    return {name: getattr(metric.statistics, statistic) for name, metric in score.metrics.items()}
