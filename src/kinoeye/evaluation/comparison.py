"""Scores side by side, read back from what was saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.evaluation.error_statistics import STATISTICS
from kinoeye.evaluation.pose_protocols import PROTOCOLS
from kinoeye.evaluation.pose_score import PoseScore
from kinoeye.evaluation.score_table import ScoreTable


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
        scores: name -> score or table; all with the same alignment and unit, because others are not comparable.
        statistic: a field of `Statistics`, over the poses that were found; None takes each protocol's published
            number, with its failures.

    Raises:
        InputError: the statistic does not exist, scores and tables are mixed, or alignments or units differ.

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
        raise InputError(f"scores with different alignments or units cannot be compared ({listed})")
    numbers = {name: _numbers(score, statistic) for name, score in scores.items()}
    shared = [protocol for protocol in PROTOCOLS if all(protocol in known for known in numbers.values())]
    return {protocol: {name: known[protocol] for name, known in numbers.items()} for protocol in shared}


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
