"""All checks of a shot in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean
from kinoeye.shot.checks.action_line import action_line
from kinoeye.shot.checks.clearance import clearance
from kinoeye.shot.checks.finding import NO_METRES, NO_SUBJECT, CheckReport, Finding, Skipped
from kinoeye.shot.checks.framing import in_frame, size, thirds
from kinoeye.shot.checks.horizon import roll
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.motion import MOTION, motion
from kinoeye.shot.checks.occlusion import occlusion
from kinoeye.shot.checks.rigs import rig_findings, verdicts
from kinoeye.shot.checks.shot_arrays import ShotArrays, Subject
from kinoeye.shot.checks.surroundings import RayCaster, Surroundings

if TYPE_CHECKING:
    from kinoeye.shot.shot import Shot

Answers = Iterable[Finding | Skipped | None]


@dataclass(frozen=True, kw_only=True)
class Checker:
    """What a shot is held against; call it with a shot.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> Checker(rig="tripod")(stage(parse("push in two metres"), seed=0)).find("rig", "travel").holds
        False
    """

    limits: Limits | None = None
    """None for those of `rig`."""
    rig: str | None = None
    """A key of `RIGS` that has to make the move; None for none."""
    surroundings: Callable[[Shot], Surroundings] | Surroundings | None = None
    """What the camera can run into, or what makes that of a shot, such as `kinoeye.render.ShotSolids`; it also tells
    what hides what where it is a `RayCaster`."""
    subjects: tuple[str, ...] = ()
    """The actors that the shot is about; empty for those that its prompt's moves name, or else all."""
    timed: bool = True
    """Whether the times of the camera are known, not assumed."""
    only: tuple[str, ...] = ()
    """Names of the checks to make; empty for all. "rig" brings the verdicts on all classes of rig and the
    checks of motion and roll, which a rig's limits are for."""
    skip: tuple[str, ...] = ()
    """Names of checks to leave out."""

    def __post_init__(self) -> None:
        for name in (*self.only, *self.skip):
            if name not in CHECKS:
                raise InputError(f"there is no check {name!r}; {did_you_mean(name, CHECKS, 'checks')}")
        Limits.for_rig(self.rig)

    def __call__(self, shot: Shot) -> CheckReport:
        """What the checks say about a shot.

        Raises:
            InputError: it has no actor of a name in `subjects`.
        """
        context = _Context(ShotArrays.of(shot, self.subjects), self, self.surroundings_of(shot))
        asked = {*self.only, *((*MOTION, "roll") if self.rig is not None and "rig" in self.only else ())}
        names = [name for name in CHECKS if name not in self.skip and (not asked or name in asked)]
        answers = [answer for name in names for answer in CHECKS[name](context) if answer is not None]
        return CheckReport(
            findings=tuple(answer for answer in answers if isinstance(answer, Finding)),
            skipped=tuple(answer for answer in answers if isinstance(answer, Skipped)),
            rigs=verdicts(context.arrays, timed=self.timed) if "rig" in names else {},
        )

    @property
    def bounds(self) -> Limits:
        """The limits in force."""
        return self.limits or Limits.for_rig(self.rig)

    def surroundings_of(self, shot: Shot) -> Surroundings | None:
        """What stands around the camera of a shot."""
        return self.surroundings(shot) if callable(self.surroundings) else self.surroundings


@dataclass(frozen=True)
class _Context:
    arrays: ShotArrays
    checker: Checker
    surroundings: Surroundings | None

    @property
    def limits(self) -> Limits:
        return self.checker.bounds


def check(
    shot: Shot,
    *,
    surroundings: Callable[[Shot], Surroundings] | Surroundings | None = None,
    limits: Limits | None = None,
    rig: str | None = None,
    subjects: Sequence[str] = (),
) -> CheckReport:
    """Whether a shot can be filmed as it is planned; see `Checker` for what it is held against.

    Raises:
        InputError: the rig or a subject is unknown.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.render import ShotSolids
        >>> from kinoeye.shot import stage
        >>> check(stage(parse("orbit left around the red robot"), seed=0), surroundings=ShotSolids).holds
        True
    """
    return Checker(limits=limits, rig=rig, surroundings=surroundings, subjects=tuple(subjects))(shot)


def _clearance(context: _Context) -> Iterator[Finding | Skipped | None]:
    if context.surroundings is None:
        yield Skipped("clearance", "nothing is known of the surroundings (--depth or --points says it, or a shot)")
    elif context.arrays.unit != "m":
        yield Skipped("clearance", NO_METRES)
    else:
        yield clearance(context.arrays, context.surroundings, context.limits.clearance)


def _each_subject(code: str, look: Callable[[_Context, Subject], Answers], context: _Context) -> Answers:
    """A check of every subject; those that are never measured say so."""
    if not context.arrays.subjects:
        yield Skipped(code, NO_SUBJECT)
    for subject in context.arrays.subjects:
        answers = [answer for answer in look(context, subject) if answer is not None]
        yield from answers
        if not answers:
            yield Skipped(code, f"the {subject.name} is never {_seen_for(code)} (--subject chooses another)")


def _seen_for(code: str) -> str:
    """Where a subject must be in some frame for a check of it."""
    return {"size": "on the screen and whole in front of the camera", "thirds": "in the middle of the frame"}.get(
        code, "whole in front of the camera"
    )


def _occlusion(context: _Context) -> Answers:
    caster = context.surroundings
    if not isinstance(caster, RayCaster):
        yield Skipped("occlusion", "it needs solids that hide each other, which only a shot has")
        return
    yield from _each_subject("occlusion", lambda c, s: [occlusion(c.arrays, s, caster, c.limits)], context)


def _motion(code: str, context: _Context) -> Answers:
    if not context.checker.timed:
        yield Skipped(code, "the path has no times (--fps says its frame rate)")
    else:
        yield motion(context.arrays, code, context.limits)


def _rig(context: _Context) -> Answers:
    if context.checker.rig is not None:
        yield from rig_findings(context.arrays, context.checker.rig)


CHECKS: Mapping[str, Callable[[_Context], Answers]] = {
    "clearance": _clearance,
    "in-frame": partial(_each_subject, "in-frame", lambda c, s: [in_frame(c.arrays, s, c.limits)]),
    "occlusion": _occlusion,
    "size": partial(_each_subject, "size", lambda c, s: size(c.arrays, s, c.limits)),
    "thirds": partial(_each_subject, "thirds", lambda c, s: [thirds(c.arrays, s, c.limits)]),
    "line": lambda c: [action_line(c.arrays, c.limits)],
    **{code: partial(_motion, code) for code in MOTION},
    "roll": lambda c: [roll(c.arrays, c.limits)],
    "rig": _rig,
}
"""Name of a check -> what it says; in the order in which they are told."""
