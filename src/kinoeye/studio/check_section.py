"""What the checks say about a shot, as a report's section and as marks on its time line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from kinoeye.geometry import Trajectory
from kinoeye.shot.checks.finding import CheckReport, Finding, Skipped, quantity

NAMED_STRETCHES = 6
"""A check that fails more often than this names its first stretches and counts the others; the time line has all."""
NARROWEST_GAP = 1 / 1000
"""Of the time line: marks nearer to each other than this are one."""
_SEVERITIES = ("error", "warning", "hint")
_CAN = {True: "yes", False: "no", None: "perhaps"}


def check_section(report: CheckReport, camera: Trajectory, *, asked: bool) -> str:
    """The section "Checks": violations first, what holds, which rigs can make the move, what was not checked.

    Args:
        report: what the checks found.
        camera: the camera that was checked, whose times turn frames into places on the time line.
        asked: whether a sentence asked for this shot, so that it is filmed whatever the checks say.
    """
    held = [finding for finding in report.findings if finding.holds]
    starts = _frame_starts(camera)
    rows = "".join(_row(finding, starts) for finding in (*report.violations, *held))
    table = (
        f'<div class="scroll"><table class="findings"><thead><tr><th>Result</th><th>Check</th><th>Worst</th>'
        f"<th>Limit</th><th>Frames</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
    beside = f"<div>{_rigs(report)}{_skipped(report.skipped)}</div>"
    return (
        f'<section class="card" id="checks"><h2>Checks</h2><p class="soft">{escape(_verdict(report, asked=asked))}</p>'
        f'<div class="checks">{table if rows else ""}{beside}</div></section>'
    )


def timeline_marks(report: CheckReport, camera: Trajectory) -> str:
    """A strip for the time line with every stretch in which a check fails; empty where all hold."""
    starts = _frame_starts(camera)
    start, duration = starts[0], starts[-1] - starts[0]
    marks = [
        f'<i class="{finding.severity}" title="{escape(" ".join(finding.key).rstrip())}" '
        f'style="left: {left:.4%}; width: {right - left:.4%}"></i>'
        for finding in reversed(report.violations)  # errors are drawn over the others
        for left, right in _joined(
            [
                ((starts[first] - start) / duration, (starts[last + 1] - start) / duration)
                for first, last in finding.frames
            ]
        )
    ]
    return f'<div class="faults" aria-hidden="true">{"".join(marks)}</div>' if marks else ""


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in order, with gaps closed that are too narrow to be seen."""
    joined: list[tuple[float, float]] = []
    for left, right in spans:
        if joined and left - joined[-1][1] < NARROWEST_GAP:
            joined[-1] = joined[-1][0], right
        else:
            joined.append((left, right))
    return joined


def _frame_starts(camera: Trajectory) -> list[float]:
    """When each frame begins to show, in seconds, and when the last one ends; a single frame shows for a second."""
    times = camera.times_s.tolist()
    return [*times, times[-1] + (times[-1] - times[-2] if len(times) > 1 else 1.0)]


def _verdict(report: CheckReport, *, asked: bool) -> str:
    count = len(report.findings)
    failed = len(report.violations)
    if not count:
        return "Too little is known of this shot to check it."
    if not failed:
        return "The one check that could be made holds." if count == 1 else f"All {count} checks hold."
    kinds = [(sum(f.severity == kind for f in report.violations), kind) for kind in _SEVERITIES]
    words = ", ".join(_counted(number, kind) for number, kind in kinds if number)
    hold = "does not hold" if failed == 1 else "do not hold"
    serious = any(finding.severity != "hint" for finding in report.violations)
    remark = " What the sentence asks for is filmed all the same." if asked and serious else ""
    return f"{failed} of {_counted(count, 'check')} {hold}: {words}.{remark}"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _row(finding: Finding, starts: Sequence[float]) -> str:
    result = "holds" if finding.holds else finding.severity
    says = "" if finding.holds else f"<small>{_typeset(finding.message.removesuffix(f' ({finding.bounds})'))}</small>"
    if finding.holds:
        frames = _seek(starts, finding.worst_frame, finding.worst_frame)
    else:
        frames = ", ".join(_seek(starts, first, last) for first, last in finding.frames[:NAMED_STRETCHES])
        more = len(finding.frames) - NAMED_STRETCHES
        frames += f" and {more} more" if more > 0 else ""
    return (
        f'<tr class="{result}"><td><b class="result">{result}</b></td><td>{_name(finding)}{says}</td>'
        f'<td class="number">{_typeset(quantity(finding.worst, finding.unit))}</td>'
        f'<td class="number">{_typeset(finding.bounds)}</td>'
        f'<td class="number">{"at " if finding.holds else ""}{frames}</td></tr>'
    )


def _seek(starts: Sequence[float], first: int, last: int) -> str:
    """A button that shows a frame; the time is a little inside of it, so that rounding does not show the one before."""
    seconds = starts[first] - starts[0] + 0.25 * (starts[first + 1] - starts[first])
    words = str(first) if first == last else f"{first}–{last}"
    return f'<button type="button" data-seek="{seconds:.6g}" aria-label="Show frame {first}">{words}</button>'


def _name(finding: Finding) -> str:
    about = f' <span class="soft">{escape(finding.about)}</span>' if finding.about else ""
    return f"{escape(finding.code)}{about}"


def _rigs(report: CheckReport) -> str:
    """Which classes of rig can make the move, and why the others cannot."""
    rows = "".join(
        f'<tr><td>{escape(rig)}</td><td><b class="can {_CAN[verdict.can]}">{_CAN[verdict.can]}</b></td>'
        f"<td>{_typeset('; '.join(verdict.why))}</td></tr>"
        for rig, verdict in report.rigs.items()
    )
    head = "<thead><tr><th>Rig</th><th>Can</th><th>Why not</th></tr></thead>"
    return (
        f'<h3>Rigs that can make this move</h3><table class="rigs">{head}<tbody>{rows}</tbody></table>' if rows else ""
    )


def _skipped(skipped: Sequence[Skipped]) -> str:
    """What could not be checked, a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for row in skipped:
        names = by_reason.setdefault(row.reason, [])
        if row.code not in names:
            names.append(row.code)
    rows = "".join(
        f"<li><b>{escape(', '.join(names))}</b>: {_typeset(reason)}</li>" for reason, names in by_reason.items()
    )
    return f'<h3>Not checked</h3><ul class="skipped">{rows}</ul>' if rows else ""


def _typeset(text: str) -> str:
    """A sentence of the checks with units as they are printed, escaped: "9 deg" as "9°", "9 m/s2" as "9 m/s²"."""
    text = re.sub(r"(?<=\d) deg\b(?!/)", "°", text)
    text = re.sub(r"(?<=\d) deg/", " °/", text)
    text = re.sub(r"(?<=\d )(m|°)/s([23])\b", lambda unit: f"{unit[1]}/s{'²³'[int(unit[2]) - 2]}", text)
    return escape(text)
