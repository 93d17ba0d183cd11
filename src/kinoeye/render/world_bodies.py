"""The distribution `worlds-v1`: people, dogs and cars with joints, robots and solids, who go their ways and act; and
`worlds-v1-people`, of people alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.language.prose import capitalised, drawn, listed, with_article
from kinoeye.render.world_solids import SHAPES, WORLD_COLOURS, Solid, draw_solid
from kinoeye.render.world_staging import Frame, StagedWorld, camera_around, placed, well_framed
from kinoeye.shot.bodies.motions import Cue
from kinoeye.shot.captions import words
from kinoeye.shot.captions.doing import who_does_what
from kinoeye.shot.captions.words import (
    COURSES,
    DRESSED,
    GAITS,
    GARMENTS,
    LIVING,
    NOUNS,
    PATTERNS,
    PLACES,
    STATURES,
    Stream,
)
from kinoeye.shot.extras import FUR, PAINT, Creature, Person, draw_car, draw_dog, draw_person
from kinoeye.shot.shot import Actor, Shape
from kinoeye.shot.templates import TEMPLATES, Template, perform

TEMPLATES_OF_WORLDS: Mapping[Stream, tuple[str, ...]] = {
    "train": ("In {place}, {clauses}.", "{clauses}, in {place}.", "A film in {place}: {clauses}."),
    "eval": ("{place}, where {clauses}.", "We see how {clauses}. All around is {place}.", "{clauses}. It is {place}."),
}
WORDING = (
    TEMPLATES_OF_WORLDS, NOUNS, PATTERNS, LIVING, STATURES, GARMENTS, DRESSED, PLACES, GAITS, COURSES, words.CUES
)  # fmt: skip
"""All words that prompts are made of."""
_SOLIDS: Mapping[Shape, float] = {shape: share for shape, (share, _, _) in SHAPES.items() if shape != "robot"}
_SHAPES_OF: Mapping[str, Mapping[Shape, float]] = {
    "robot": {"robot": 1.0},
    "solid": {shape: share / sum(_SOLIDS.values()) for shape, share in _SOLIDS.items()},
}
KINDS = {"person": 0.52, "dog": 0.14, "car": 0.08, "robot": 0.10, "solid": 0.16}
"""Kind of an actor -> probability."""
DOG_HEIGHTS_M = (0.58, 0.85)
"""Those that are not too small beside a person."""
CUES: Mapping[str, float] = {
    "wave": 0.25, "point": 0.1, "nod": 0.1, "look_around": 0.15, "bow": 0.1, "pick_up": 0.1, "jump": 0.1, "dance": 0.1
}  # fmt: skip
"""What people do where they stand -> probability."""
CUES_ON_THE_WAY = ("wave", "look_around", "nod", "point")
_TOGETHER, _CUED, _CUED_ON_THE_WAY = 0.5, 0.6, 0.2
"""Shares of worlds in which all go by one template, of people who stand and do something, and of those who go."""
_MOVING = {"person": 0.55, "dog": 0.7, "car": 0.45}
_SPEEDS_M_PER_S = {"person": (0.7, 1.6), "dog": (0.6, 1.8), "car": (0.8, 2.4)}
_RUNNING, _RUN_M_PER_S = 0.12, (2.2, 3.4)
_TURNING_RADIUS_M = 3.0
"""Of a car, on average over its way."""
_SHOWN = 0.6
"""Least share of a template's motion that a film shows."""
_CASTS, _TRIES = 40, 24
_LENGTH_SHARE = 0.55
"""How much of a body's length counts as its height in the picture."""


@dataclass(frozen=True)
class Body:
    """Somebody with joints before it is placed."""

    kind: str
    looks: Person | Creature
    speed: float

    @property
    def size_xyz(self) -> tuple[float, float, float]:
        """Its box in metres."""
        return self.looks.size_xyz

    @property
    def colour(self) -> str:
        """The colour by which it is named: of what a person wears above its hips, of a coat, of paint."""
        return self.looks.top_colour if isinstance(self.looks, Person) else self.looks.colour

    def actor(self, prompt: str, poses: Float64, times_s: Float64, cues: tuple[Cue, ...], *, still: bool) -> Actor:
        """It at poses [f, 4, 4] of its body."""
        return Actor(
            name=f"{self.colour} {self.kind}",
            prompt=prompt,
            category="object" if self.kind == "car" else "agent",
            size_xyz=self.size_xyz,
            track=Track(SE3.from_matrix(torch.from_numpy(poses)), torch.from_numpy(times_s)),
            avatar=replace(self.looks.avatar, cues=cues, still=still),
        )


def stage_bodies(
    rng: np.random.Generator,
    stream: Stream,
    environment: str,
    count: int,
    frame: Frame,
    *,
    static: bool,
    kinds: Mapping[str, float] = KINDS,
) -> StagedWorld | None:
    """So many figures and a camera around them; None when none was found that is well framed."""
    for _ in range(_CASTS):
        figures = _cast(rng, count, kinds, static=static)
        for _ in range(_TRIES):
            bodies = _gone(rng, figures, frame.times_s, static=static)
            if bodies is None:
                continue
            camera = _camera(rng, figures, bodies, frame)
            if well_framed(figures, bodies, camera, frame):
                actors = _actors(rng, stream, figures, bodies, frame, static=static)
                return StagedWorld(actors, camera, _prompt(rng, stream, environment, actors, frame))
    return None


stage_people = partial(stage_bodies, kinds={"person": 1.0})


def _cast(rng: np.random.Generator, count: int, kinds: Mapping[str, float], *, static: bool) -> list[Body | Solid]:
    """Figures of different colours."""
    figures: list[Body | Solid] = []
    free: list[str] = list(WORLD_COLOURS)
    for _ in range(count):
        kind = str(rng.choice(list(kinds), p=list(kinds.values())))
        if kind in ("robot", "solid"):
            figures.append(draw_solid(rng, str(rng.choice(free)), shares=_SHAPES_OF[kind], static=static))
        else:
            figures.append(_body(rng, kind, free, static=static))
        free.remove(figures[-1].colour)
    return figures


def _body(rng: np.random.Generator, kind: str, colours: Sequence[str], *, static: bool) -> Body:
    if kind == "person":
        looks: Person | Creature = draw_person(rng, tops=colours)
    elif kind == "dog":
        coats = [colour for colour in FUR if colour in colours] or list(colours)
        looks = draw_dog(rng, heights_m=DOG_HEIGHTS_M, coats=coats)
    else:
        looks = draw_car(rng, paints=[colour for colour in PAINT if colour in colours])
    moves, speed = rng.uniform() < _MOVING[kind], rng.uniform(*_SPEEDS_M_PER_S[kind])
    if kind == "person" and rng.uniform() < _RUNNING:
        speed = rng.uniform(*_RUN_M_PER_S)
    return Body(kind, looks, speed if moves and not static else 0.0)


def _gone(
    rng: np.random.Generator, figures: Sequence[Body | Solid], times: Float64, *, static: bool
) -> list[Float64] | None:
    """Poses [f, 4, 4] of each body over time: all by one template, or each its own way."""
    if static or rng.uniform() >= _TOGETHER or not all(_is_agent(figure) for figure in figures):
        return placed(rng, figures, times)
    families = _families(tuple(figure.kind == "person" if isinstance(figure, Body) else False for figure in figures))
    template = families[int(rng.integers(len(families)))]
    sizes = [figure.size_xyz for figure in figures]
    room_m = 0.8 + 0.9 * len(figures) + max(0.5 * size[0] for size in sizes)
    try:
        found = perform(template, times.tolist(), seed=int(rng.integers(2**31)), sizes=sizes, area_radius_m=room_m)
    except InputError:  # bodies too large for the area
        return None
    if not found.is_clear or found.shown < _SHOWN:
        return None
    poses = [track.T_world_body.as_matrix().double().numpy() for track in found.tracks]
    return poses if all(map(_can_be_driven, figures, poses)) else None


def _can_be_driven(figure: Body | Solid, poses: Float64) -> bool:
    """Whether a car turns no tighter than it can; others do."""
    if not (isinstance(figure, Body) and figure.kind == "car"):
        return True
    yaw = np.unwrap(np.arctan2(poses[:, 1, 0], poses[:, 0, 0]))
    way_m = np.linalg.norm(np.diff(poses[:, :2, 3], axis=0), axis=1)
    return float(np.abs(np.diff(yaw)).sum()) <= float(way_m.sum()) / _TURNING_RADIUS_M + 1e-6


def _is_agent(figure: Body | Solid) -> bool:
    return isinstance(figure, Body) or figure.shape == "robot"


@cache
def _families(agile: tuple[bool, ...]) -> list[Template]:
    """The templates that figures can follow, by whether each can go otherwise than ahead."""
    return [
        template for template in TEMPLATES
        if template.actors == len(agile) and not template.seen_from
        and all(template.suits(place, agile=able) for place, able in enumerate(agile))
    ]  # fmt: skip


def _camera(
    rng: np.random.Generator, figures: Sequence[Body | Solid], bodies: Sequence[Float64], frame: Frame
) -> Float64:
    middle = np.stack([body[:, :2, 3] for body in bodies]).mean(axis=0)  # [f, 2]
    chest = float(np.mean([figure.size_xyz[2] for figure in figures])) * rng.uniform(0.45, 0.6)
    target = np.full((len(frame.times_s), 3), chest)
    target[:, :2] = middle
    extents = [max(figure.size_xyz[2], _LENGTH_SHARE * figure.size_xyz[0]) for figure in figures]
    extent_m = float(np.exp(np.mean(np.log(extents))))
    return camera_around(rng, target, frame.focal / frame.size_wh[1], extent_m=extent_m)


def _actors(
    rng: np.random.Generator,
    stream: Stream,
    figures: Sequence[Body | Solid],
    bodies: Sequence[Float64],
    frame: Frame,
    *,
    static: bool,
) -> tuple[Actor, ...]:
    actors = []
    for figure, body in zip(figures, bodies, strict=True):
        phrase = _phrase(rng, stream, figure)
        goes = bool(np.abs(body - body[:1]).max() > 1e-9)
        if isinstance(figure, Solid):
            walker = replace(figure, speed=1.0 if goes else 0.0)
            actors.append(walker.actor(phrase, body, frame.times_s))
        elif goes:
            cues = _cues(rng, figure, frame.times_s, CUES_ON_THE_WAY, _CUED_ON_THE_WAY)
            actors.append(figure.actor(phrase, body, frame.times_s, cues, still=False))
        else:
            cues = () if static else _cues(rng, figure, frame.times_s, tuple(CUES), _CUED)
            actors.append(figure.actor(phrase, body[:1], frame.times_s[:1], cues, still=static))
    return tuple(actors)


def _cues(
    rng: np.random.Generator, figure: Body, times: Float64, names: Sequence[str], share: float
) -> tuple[Cue, ...]:
    """What a person does besides, if anything, from some time in the first third of the film on."""
    if figure.kind != "person" or rng.uniform() >= share:
        return ()
    chances = np.array([CUES[name] for name in names])
    name = str(rng.choice(names, p=chances / chances.sum()))
    return (Cue(start_s=round(float(times[-1] * rng.uniform(0.0, 0.33)), 3), name=name),)


def _phrase(rng: np.random.Generator, stream: Stream, figure: Body | Solid) -> str:
    """Who it is, in the words of a stream."""
    pick = partial(drawn, rng)
    if isinstance(figure, Solid):
        return with_article(
            f"{figure.colour} {pick(PATTERNS[stream][figure.pattern])}{pick(NOUNS[stream][figure.shape])}"
        )
    if isinstance(figure.looks, Creature):
        return with_article(f"{figure.colour} {pick(LIVING[stream][figure.kind])}")
    looks, garments = figure.looks, GARMENTS[stream]
    who = f"{pick(STATURES[stream][looks.stature])}{pick(LIVING[stream]['person'])}"
    return with_article(
        pick(DRESSED[stream]).format(
            who=who,
            hair=looks.hair,
            top=with_article(f"{looks.top_colour} {pick(garments[looks.top])}"),
            bottom=f"{looks.bottom_colour} {pick(garments[looks.bottom])}",
            shoes=f"{looks.shoes} {pick(garments['shoes'])}",
        )
    )


def _prompt(rng: np.random.Generator, stream: Stream, environment: str, actors: Sequence[Actor], frame: Frame) -> str:
    """A sentence about who does what where."""
    clauses = who_does_what(actors, torch.from_numpy(frame.times_s), stream, rng)
    sentence = drawn(rng, TEMPLATES_OF_WORLDS[stream])
    return capitalised(sentence.format(clauses=listed(clauses), place=drawn(rng, PLACES[stream][environment])))
