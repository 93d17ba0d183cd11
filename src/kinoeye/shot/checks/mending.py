"""`check --fix`: remedies applied one after another, and every check compared before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinoeye.base.findings import severity_rank
from kinoeye.shot.checks.asked_moves import comes_first, undone
from kinoeye.shot.checks.finding import CheckReport, Finding
from kinoeye.shot.checks.remedies import REMEDIES
from kinoeye.shot.checks.runner import Checker
from kinoeye.shot.shot import Shot

ROUNDS = 4
"""How often the remedies are gone through: one may need another after it."""
_NOTICEABLE = 0.01
"""Share of a limit by which a violation must grow to count as worse."""


@dataclass(frozen=True)
class Step:
    """One remedy for one finding."""

    code: str
    about: str
    done: bool
    """False where it could not be mended; `how` says why."""
    how: str


@dataclass(frozen=True)
class Comparison:
    """One check before and after mending."""

    code: str
    about: str
    before: Finding | None
    """None where it could not be measured."""
    after: Finding | None
    change: Literal["mended", "better", "same", "worse", "broken"]
    """"broken" held before and does not now; "better" and "worse" do not hold in either."""

    @property
    def key(self) -> tuple[str, str]:
        """Code and thing, as of its findings."""
        return self.code, self.about


@dataclass(frozen=True)
class Mended:
    """A shot after mending, with everything that mending did to it."""

    shot: Shot
    before: CheckReport
    after: CheckReport
    steps: tuple[Step, ...]
    comparisons: tuple[Comparison, ...]
    moved_m: float
    """How far a pose moved, at most, in the unit of the path; poses are compared at the same share of the shot."""
    turned_deg: float
    """How far a pose turned, at most."""
    longer_s: float
    """How much longer the shot lasts."""

    @property
    def worsened(self) -> tuple[Comparison, ...]:
        """Checks that hold no longer, or fail by more than before."""
        return tuple(row for row in self.comparisons if row.change in ("worse", "broken"))


def mend(shot: Shot, checker: Checker) -> Mended:
    """Change a camera's path until the checks hold, or say why they cannot.

    A remedy that does not better its own check is undone. So is one that worsens another check beyond its limit, unless
    remedies for that one help, or what it mends is the worse violation; then `worsened` tells. What the moves of the
    shot's prompt ask for stays, unless a rig or limit that was chosen, or a collision, comes before it; the step says
    which.

    Args:
        shot: the shot as it is.
        checker: what it is held against.

    Raises:
        InputError: the shot has no actor of a name in the checker's subjects.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> from kinoeye.shot.checks import Limits
        >>> rolled = stage(parse("roll right 20 degrees"), seed=0)
        >>> mend(rolled, Checker()).after.find("roll").holds  # the text asks for it
        False
        >>> mend(rolled, Checker(limits=Limits(roll=3.0))).after.find("roll").holds
        True
    """
    before = report = checker(shot)
    mended, steps, given_up = shot, list[Step](), set[tuple[str, str]]()
    for _ in range(ROUNDS):
        order = [finding for code in REMEDIES for finding in report.violations if finding.code == code]
        keys = [finding.key for finding in order if finding.key not in given_up]
        done = len(steps)
        for key in keys:
            finding = report.find(*key)
            if finding is None or finding.holds:
                continue  # mended by a remedy before it
            mended, report, taken = _try(shot, mended, report, finding, checker)
            steps = [*(row for row in steps if row.done or (row.code, row.about) != key), *taken]
            given_up |= set() if taken[0].done else {key}
        if not keys:
            break
        if any(step.done for step in steps[done:]):
            given_up.clear()  # what could not be mended before may be now
    return Mended(
        shot=mended,
        before=before,
        after=report,
        steps=tuple(steps),
        comparisons=compare(before, report),
        **_differences(shot, mended),
    )


def _try(
    asked: Shot, shot: Shot, report: CheckReport, finding: Finding, checker: Checker
) -> tuple[Shot, CheckReport, tuple[Step, ...]]:
    """The shot after the remedy for a finding and those for what it worsens, or as it was if that costs too much.

    Args:
        asked: the shot before any remedy, whose moves are those of its text.
        shot: the shot as it is by now.
        report: what the checks say of it.
        finding: a violation among that.
        checker: what shots are held against.
    """
    outcome = REMEDIES[finding.code](shot, finding, checker)
    if isinstance(outcome, str):
        return shot, report, (Step(finding.code, finding.about, False, outcome),)
    after = checker(outcome.shot)
    if not _betters(finding, after):
        return shot, report, (Step(finding.code, finding.about, False, f"{outcome.how}, which did not help"),)
    mended, after, steps = _follow_up(outcome.shot, finding, report, after, checker)
    if costs := _costs(finding, report, after):
        words = f"{outcome.how} (undone: it would break {', '.join(map(_words, costs))})"
        return shot, report, (Step(finding.code, finding.about, False, words),)
    how, already = outcome.how, undone(asked, shot)
    if lost := [words for words in undone(asked, mended) if words not in already]:
        if not comes_first(finding):
            how = f"{how} (undone: the text asks for {' and '.join(lost)})"
            return shot, report, (Step(finding.code, finding.about, False, how),)
        how = f"{how}, before {' and '.join(lost)}, which the text asks for"
    return mended, after, (Step(finding.code, finding.about, True, how), *steps)


def _follow_up(
    shot: Shot, finding: Finding, before: CheckReport, after: CheckReport, checker: Checker
) -> tuple[Shot, CheckReport, tuple[Step, ...]]:
    """The shot after remedies for what a remedy for `finding` worsened, as far as they keep what that one mended."""
    steps, tried = list[Step](), set[tuple[str, str]]()
    while costs := [row for row in _costs(finding, before, after) if row.key not in tried]:
        cost = costs[0].after
        assert cost is not None
        tried.add(cost.key)
        outcome = REMEDIES[cost.code](shot, cost, checker)
        if isinstance(outcome, str):
            continue
        report = checker(outcome.shot)
        if _betters(cost, report) and _betters(finding, report):
            shot, after = outcome.shot, report
            steps.append(Step(cost.code, cost.about, True, outcome.how))
    return shot, after, tuple(steps)


def _betters(finding: Finding, after: CheckReport) -> bool:
    """Whether a report finds less of a violation than there was."""
    found = after.find(*finding.key)
    return found is None or found.holds or found.excess <= finding.excess * (1 - _NOTICEABLE)


def _costs(finding: Finding, before: CheckReport, after: CheckReport) -> list[Comparison]:
    """What a remedy for a violation worsened beyond its limit, unless the violation is the worse one."""
    rows = [row for row in compare(before, after) if row.change in ("worse", "broken") and row.key != finding.key]
    return [row for row in rows if row.after is not None and _gravity(row.after) <= _gravity(finding)]


def _gravity(finding: Finding) -> tuple[int, float]:
    """Orders violations, the worst first: by severity, then by the share of the limit by which they are beyond it."""
    return severity_rank(finding.severity), -finding.excess / max(abs(finding.limit), 1e-9)


def _words(row: Comparison) -> str:
    return f"{row.code} of {row.about}" if row.about else row.code


def compare(before: CheckReport, after: CheckReport) -> tuple[Comparison, ...]:
    """Every check of two reports side by side."""
    keys = dict.fromkeys(finding.key for report in (before, after) for finding in report.findings)
    return tuple(_compare(*key, before.find(*key), after.find(*key)) for key in keys)


def _compare(code: str, about: str, before: Finding | None, after: Finding | None) -> Comparison:
    was, is_ = before is None or before.holds, after is None or after.holds
    change: Literal["mended", "better", "same", "worse", "broken"] = "same"
    if was and not is_:
        change = "broken"
    elif is_ and not was:
        change = "mended"
    elif before and after and not was:
        growth = after.excess - before.excess
        if abs(growth) > _NOTICEABLE * max(abs(before.limit), 1e-9):
            change = "worse" if growth > 0 else "better"
    return Comparison(code, about, before, after, change)


def _differences(before: Shot, after: Shot) -> dict[str, float]:
    """How far poses moved and turned at equal shares of the shot, and how much longer it is."""
    if after is before:
        return {"moved_m": 0.0, "turned_deg": 0.0, "longer_s": 0.0}
    old, new = before.camera, after.camera
    share = (new.times_s - new.times_s[0]) / max(new.track.duration_s, 1e-12)
    at = old.at(old.times_s[0] + share * old.track.duration_s)
    moved = (new.T_world_cam.translation - at.T_world_cam.translation).norm(dim=-1).max()
    turned = (at.T_world_cam.rotation.inverse() @ new.T_world_cam.rotation).angle().max()
    return {
        "moved_m": float(moved),
        "turned_deg": float(np.degrees(turned.item())),
        "longer_s": new.track.duration_s - old.track.duration_s,
    }
