"""The segment director as users call it: text in, candidate paths with their plans out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.records import read_record
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.director import MAX_CANDIDATES, Directed, Filming, vary_speeds
from kinoeye.language.grammar import parse, slips
from kinoeye.language.plan import Move, Plan, UnusedWords
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.tensor_files import open_tensors
from kinoeye.systems.gendop.caption_words import read_words
from kinoeye.systems.gendop.frame_reader import FrameReader
from kinoeye.systems.gendop.frame_recipe import load_reader
from kinoeye.systems.gendop.program_tokens import to_plan
from kinoeye.systems.gendop.segment_recipe import CONFIG_FILE, CONFIG_VERSION, WEIGHTS_FILE
from kinoeye.systems.gendop.segments import SegmentConfig, SegmentModel

if TYPE_CHECKING:
    from kinoeye.language.motion.path import Anchor


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a model wrote for a caption, and what that means."""

    tokens: tuple[str, ...]
    plan: Plan
    log_probability: float
    """Of all its tokens together, among those that could follow; NaN for other speeds, which were not written."""


@dataclass(frozen=True, kw_only=True)
class SegmentDirector(Filming):
    """A trained model as a `language.Director`; its plans are compiled, so stated amounts are reached exactly.

    The first candidate is the likeliest program; further ones are drawn at a temperature, the likeliest first.
    """

    model: SegmentModel
    reader: FrameReader | None = None
    """Looks at first frames; without it the director reads words alone."""
    temperature: float = 1.0
    guidance: float = 1.0
    """Of the captions; see `SegmentModel.write`."""

    @classmethod
    def from_pretrained(
        cls, folder: Path | str, *, frames: Path | str | None = None, device: str = "cpu", **options: object
    ) -> Self:
        """Load a folder with `config.json` and `model.safetensors`, and at will the one of a frame reader.

        Raises:
            InputError: a file is missing, or it is not a segment director.
        """
        folder = Path(folder)
        where = folder / CONFIG_FILE
        config = read_record(SegmentConfig, read_json(where), version=CONFIG_VERSION, where=str(where))
        model = SegmentModel(config)
        KeyMap("segment director", [Rule("{key*}", "{key*}")]).load(model, open_tensors(folder / WEIGHTS_FILE))
        reader = None if frames is None else load_reader(frames).to(device)
        return cls(model=model.eval().to(device), reader=reader, **options)  # type: ignore[arg-type]

    def __call__(
        self,
        plan_or_text: Plan | str,
        *,
        frame: RGBD | None = None,
        anchors: Mapping[str, Anchor] | None = None,
        n: int = 1,
        seed: int = 0,
    ) -> list[Directed]:
        """`n` candidates, the likeliest first; a Plan is compiled as it is.

        With a frame, actors are where they are seen unless `anchors` says so, and amounts that nobody stated are as
        large as keeps clear of what is seen.

        Raises:
            InputError: the text is empty, too long or holds no camera move, `n` is out of range, the director looks at
                no frames or the frame lacks colour or depth, or as `compile`.
        """
        if frame is not None and self.reader is None:
            raise InputError("this director looks at no frame; leave the image out")
        if not 1 <= n <= MAX_CANDIDATES:
            raise InputError(f"{n} candidates is out of range; ask for 1 to {MAX_CANDIDATES}")
        plans = [plan_or_text] * n if isinstance(plan_or_text, Plan) else self.plans(plan_or_text, n=n, seed=seed)
        return [self._directed(plan, frame, anchors, seed + index) for index, plan in enumerate(plans)]

    def plans(self, text: str, *, n: int = 1, seed: int = 0) -> list[Plan]:
        """The plans that a text may mean, the likeliest first; see `programs`."""
        return [program.plan for program in self.programs(text, n=n, seed=seed)]

    def programs(self, text: str, *, n: int = 1, seed: int = 0) -> list[Program]:
        """The programs that a text may mean as they were drawn, the likeliest one first; some may be equal.

        Actors, the place, the length and the frame rate are those that the grammar reads; the moves are the model's. A
        move that points at nobody is about whom the grammar's move of its kind is about.

        Raises:
            InputError: the text is empty, too long, or no program was found in it.
        """
        words = read_words(text)
        written = self.model.write(words, guidance=self.guidance)
        if n > 1:
            generator = torch.Generator().manual_seed(seed)
            drawn = self.model.write(
                words, n=n - 1, temperature=self.temperature, guidance=self.guidance, generator=generator
            )
            written += sorted(drawn, key=lambda item: -item[1])
        found, setting, misspelt = [], _setting(text), _slips(text)
        for tokens, mean in written:
            plan = to_plan(tokens, words, text=text)
            if plan is not None:
                log_probability = mean * max(len(tokens), 1)
                plan = _with_setting(replace(plan, unused=(*plan.unused, *misspelt)), setting)
                found.append(Program(tokens=tokens, plan=plan, log_probability=log_probability))
            elif not found:  # the likeliest program is that the text says nothing of a camera
                raise InputError(f"no camera move was found in {text[:60]!r}; describe what the camera does")
        return (found + [found[0]] * n)[:n]

    def distinct_programs(self, text: str, *, n: int = 1, seed: int = 0) -> list[Program]:
        """`n` programs without two of the same moves; where fewer were drawn, the likeliest at other speeds.

        Raises:
            InputError: as `programs`.
        """
        first_of: dict[tuple[Move, ...], Program] = {}
        for program in self.programs(text, n=n, seed=seed):
            first_of.setdefault(program.plan.moves, program)
        distinct = list(first_of.values())
        rng = np.random.default_rng(seed)
        others = (vary_speeds(distinct[0].plan, rng) for _ in range(n - len(distinct)))
        return distinct + [replace(distinct[0], plan=plan, log_probability=nan) for plan in others]

    def _directed(self, plan: Plan, frame: RGBD | None, anchors: Mapping[str, Anchor] | None, seed: int) -> Directed:
        if frame is not None and self.reader is not None:
            seen, plan = self.reader.read(plan, frame)
            anchors = {**seen, **(anchors or {})}
        return self.film(plan, anchors=anchors, seed=seed)


def _setting(text: str) -> Plan | None:
    """What the grammar reads beside the moves: what actors do, the place, the length and the rate."""
    try:
        return parse(text, camera_required=False)
    except InputError:
        return None


def _with_targets(plan: Plan, read: Plan) -> Plan:
    """The plan with the grammar's targets where it has none, for kinds of which both have as many actions."""
    moves = plan.moves
    for kind in {action.kind for move in moves for action in move.actions if action.target is None}:
        own, others = (
            [action for move in each.moves for action in move.actions if action.kind == kind] for each in (plan, read)
        )
        if len(own) != len(others) or not any(action.target for action in others):
            continue
        targets = iter([mine.target or theirs.target for mine, theirs in zip(own, others, strict=True)])
        moves = tuple(
            replace(
                move,
                actions=tuple(
                    replace(action, target=next(targets)) if action.kind == kind else action for action in move.actions
                ),
            )
            for move in moves
        )
    return replace(plan, moves=moves)


def _slips(text: str) -> tuple[UnusedWords, ...]:
    """What the grammar cannot read since it is misspelt: a model guesses there, and whoever wrote it should know."""
    try:
        return slips(text)
    except InputError:
        return ()


def _with_setting(plan: Plan, read: Plan | None) -> Plan:
    """The plan with what the grammar reads of actors, and those whom only its own moves are about."""
    if read is None:
        return plan
    plan = _with_targets(plan, read)
    names = {actor.name for actor in read.actors}
    targets = {action.target for move in plan.moves for action in move.actions}
    others = tuple(actor for actor in plan.actors if actor.name in targets - names)
    unused = tuple(part for part in read.unused if part.of_actors)
    return replace(
        plan,
        actors=read.actors + others,
        place=read.place,
        duration_s=read.duration_s,
        fps=read.fps,
        unused=(*plan.unused, *unused),
    )
