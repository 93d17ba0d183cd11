"""Directors: from words or a Plan to camera paths. The grammar is the one that needs no weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.language.compiler import DEFAULT_FOV_X, compile  # noqa: A004 - the verb of the design
from kinoeye.language.grammar import parse
from kinoeye.language.motion.path import Anchor
from kinoeye.language.plan import Plan

if TYPE_CHECKING:
    from kinoeye.geometry import Trajectory
    from kinoeye.geometry.rgbd import RGBD

MAX_CANDIDATES = 1000
_VARIATION = 0.25


@dataclass(frozen=True)
class Directed:
    """A camera path, first pose identity, and the Plan that it follows."""

    path: Trajectory
    plan: Plan


class Director(Protocol):
    """Whatever turns words into camera paths."""

    def __call__(
        self,
        plan_or_text: Plan | str,
        *,
        frame: RGBD | None = None,
        anchors: Mapping[str, Anchor] | None = None,
        n: int = 1,
        seed: int = 0,
    ) -> list[Directed]:
        """`n` candidates, the best first.

        Args:
            plan_or_text: what to do.
            frame: first RGB-D frame, for directors that look at it.
            anchors: actors in the axes of the first camera.
            n: how many candidates.
            seed: of everything random.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Filming:
    """Length, rate and lens of the paths that are compiled from plans; None leaves them to the plan, as `compile`."""

    num_frames: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    size_wh: tuple[int, int] = (256, 256)
    fov_x: float = DEFAULT_FOV_X

    def film(self, plan: Plan, *, anchors: Mapping[str, Anchor] | None = None, seed: int = 0) -> Directed:
        """The path of a plan.

        Raises:
            InputError: as `compile`.
        """
        path = compile(
            plan,
            anchors=anchors,
            num_frames=self.num_frames,
            fps=self.fps,
            duration_s=self.duration_s,
            size_wh=self.size_wh,
            fov_x=self.fov_x,
            seed=seed,
        )
        return Directed(path, plan)


@dataclass(frozen=True, kw_only=True)
class GrammarDirector(Filming):
    """The shot grammar as a director; it needs no weights and looks at no frame.

    The first candidate has the default speeds; the others vary every speed that the text leaves open.
    """

    def __call__(
        self,
        plan_or_text: Plan | str,
        *,
        frame: RGBD | None = None,
        anchors: Mapping[str, Anchor] | None = None,
        n: int = 1,
        seed: int = 0,
    ) -> list[Directed]:
        """Parse, then compile; raises InputError where `parse` and `compile` do, and for a frame or a bad `n`."""
        if frame is not None:
            raise InputError("the grammar looks at no frame; leave the image out, or use a director that reads one")
        if not 1 <= n <= MAX_CANDIDATES:
            raise InputError(f"{n} candidates is out of range; ask for 1 to {MAX_CANDIDATES}")
        plan = parse(plan_or_text) if isinstance(plan_or_text, str) else plan_or_text
        rng = np.random.default_rng(seed)
        plans = [plan, *(vary_speeds(plan, rng) for _ in range(n - 1))]
        return [self.film(each, anchors=anchors, seed=seed) for each in plans]


def vary_speeds(plan: Plan, rng: np.random.Generator) -> Plan:
    """The plan with every speed that it leaves open drawn up to 28 % faster or 22 % slower."""
    factors = np.exp(rng.uniform(-_VARIATION, _VARIATION, len(plan.moves)))
    moves = tuple(
        move if move.is_hold else replace(move, speed=float(move.speed * factor))
        for move, factor in zip(plan.moves, factors, strict=True)
    )
    return replace(plan, moves=moves)
