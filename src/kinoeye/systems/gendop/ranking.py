"""Candidates of a director, the best first, with the scores that they are ranked by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kinoeye.geometry.rgbd import RGBD
from kinoeye.geometry.track import Trajectory
from kinoeye.language.director import Directed, Director
from kinoeye.language.plan import Plan
from kinoeye.language.recognition import tag_agreement
from kinoeye.shot.checks import Checker
from kinoeye.shot.edits.constraining import PoseConstraints, constrain
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging import anchors_from_first_camera
from kinoeye.systems.gendop.segment_director import Program, SegmentDirector


@dataclass(frozen=True, kw_only=True)
class CandidateScore:
    """What a candidate is ranked by, first things first."""

    tag_agreement: float
    """How well the motion tags recognised in the path follow those of its plan, 0 to 1."""
    errors: int | None
    """Checks of severity "error" that its shot fails; None without a shot."""
    warnings: int | None
    """The same of severity "warning"."""
    log_probability: float
    """Of the program; NaN where no model wrote it, which comes after those that one wrote."""

    @property
    def rank(self) -> tuple[float, float, float, float]:
        """The better, the smaller."""
        unlikely = math.inf if math.isnan(self.log_probability) else -self.log_probability
        return -self.tag_agreement, self.errors or 0, self.warnings or 0, unlikely


@dataclass(frozen=True)
class Candidate(Directed):
    """A directed path, the program behind it where a model wrote one, and the shot that it films."""

    program: Program | None = None
    shot: Shot | None = None

    @cached_property
    def score(self) -> CandidateScore:
        """What it is ranked by."""
        errors = warnings = None
        if self.shot is not None:
            from kinoeye.render.shot_solids import ShotSolids  # only shots need its compiled code

            report = Checker(surroundings=ShotSolids)(self.shot)
            severities = [finding.severity for finding in report.violations]
            errors, warnings = severities.count("error"), severities.count("warning")
        return CandidateScore(
            tag_agreement=tag_agreement(self.path.T_world_cam.as_matrix().numpy(force=True), self.plan),
            errors=errors,
            warnings=warnings,
            log_probability=math.nan if self.program is None else self.program.log_probability,
        )


def best_candidates(
    director: Director,
    plan_or_text: Plan | str,
    *,
    n: int = 1,
    seed: int = 0,
    shot: Shot | None = None,
    frame: RGBD | None = None,
    constraints: PoseConstraints | None = None,
) -> list[Candidate]:
    """`n` candidates ranked by tag agreement, then by the checks of the shot, then by likelihood.

    Programs that a model drew twice count once; where too few are left, the likeliest is varied in speed.

    Args:
        director: who directs.
        plan_or_text: what to do.
        n: how many candidates.
        seed: of everything random.
        shot: actors and surroundings, whose first camera is where the path begins; None for an empty world.
        frame: what the first camera sees, for a director that looks at it.
        constraints: poses that every path must have, in the axes of its first camera.

    Raises:
        InputError: as the director, or a pose cannot be met.

    Example:
        >>> from kinoeye.language import GrammarDirector
        >>> best = best_candidates(GrammarDirector(), "push in two metres", n=2)
        >>> [candidate.score.tag_agreement for candidate in best]
        [1.0, 1.0]
    """
    anchors = None if shot is None else anchors_from_first_camera(shot)
    if isinstance(director, SegmentDirector) and isinstance(plan_or_text, str):
        programs: Sequence[Program | None] = director.distinct_programs(plan_or_text, n=n, seed=seed)
        directed = [
            director(program.plan, frame=frame, anchors=anchors, seed=seed + index)[0]
            for index, program in enumerate(programs)
            if program is not None
        ]
    else:
        directed = director(plan_or_text, frame=frame, anchors=anchors, n=n, seed=seed)
        programs = [None] * len(directed)
    if constraints is not None:
        directed = [replace(item, path=constrain(item.path, constraints)) for item in directed]
    candidates = [
        Candidate(item.path, item.plan, program, None if shot is None else _filmed(shot, item.path))
        for item, program in zip(directed, programs, strict=True)
    ]
    return candidates if n == 1 else sorted(candidates, key=lambda candidate: candidate.score.rank)


def _filmed(shot: Shot, path: Trajectory) -> Shot:
    """The shot filmed by a path in the axes of its first camera, or in a world where the path's first camera is it."""
    T_world_path = shot.camera.T_world_cam[0]
    if path.track.up == "z":
        T_world_path = T_world_path @ path.T_world_cam[0].inverse()
    return shot.with_camera(replace(path, track=path.track.moved_by(T_world_path, up=shot.camera.track.up)))
