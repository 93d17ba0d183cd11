"""The distribution `worlds-v0`: solids, striped and checkered, and blocky robots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.render.world_staging import Frame, StagedWorld, camera_around, placed, well_framed
from kinoeye.render.world_words import world_prompt
from kinoeye.shot.captions.words import Stream
from kinoeye.shot.palette import COLOURS
from kinoeye.shot.shot import Actor, Avatar, Pattern, Shape

WORLD_COLOURS = tuple("red green blue yellow orange purple pink cyan white brown".split())
SHAPES: Mapping[Shape, tuple[float, tuple[float, float], tuple[float, float, float]]] = {
    "robot": (0.46, (1.50, 1.90), (0.32, 0.50, 1.0)),
    "box": (0.09, (0.80, 1.30), (1.0, 1.0, 1.0)),
    "sphere": (0.09, (0.90, 1.40), (1.0, 1.0, 1.0)),
    "cylinder": (0.09, (0.95, 1.60), (0.60, 0.60, 1.0)),
    "cone": (0.09, (1.00, 1.60), (0.72, 0.72, 1.0)),
    "capsule": (0.09, (1.10, 1.70), (0.42, 0.42, 1.0)),
    "pyramid": (0.09, (0.95, 1.40), (1.05, 1.05, 1.0)),
}
"""Shape -> probability, bounds of the height in metres, and box as shares of the height."""
_TRIES = 500


@dataclass(frozen=True)
class Solid:
    """A solid or a robot before it is placed."""

    colour: str
    shape: Shape
    pattern: Pattern
    size_xyz: tuple[float, float, float]
    speed: float
    """Metres per second along its heading; 0 stands."""

    def actor(self, prompt: str, poses: Float64, times_s: Float64) -> Actor:
        """It at poses [f, 4, 4] of its body."""
        if self.speed == 0:
            poses, times_s = poses[:1], times_s[:1]
        return Actor(
            name=f"{self.colour} {self.shape}",
            prompt=prompt,
            category="agent" if self.shape == "robot" else "object",
            size_xyz=self.size_xyz,
            track=Track(SE3.from_matrix(torch.from_numpy(poses)), torch.from_numpy(times_s)),
            avatar=Avatar(
                shape=self.shape,
                color_rgb=COLOURS[self.colour],
                pattern=self.pattern,
                gait="walk" if self.speed > 0 else "stand",
            ),
        )


def draw_solid(rng: np.random.Generator, colour: str, *, shares: Mapping[Shape, float], static: bool) -> Solid:
    """A solid or a robot of a colour, by the probabilities of shapes."""
    shapes = list(shares)
    shape = shapes[int(rng.choice(len(shapes), p=list(shares.values())))]
    _, heights, box = SHAPES[shape]
    height = rng.uniform(*heights)
    width = rng.uniform(0.92, 1.10)
    size = (box[0] * width * height, box[1] * width * height, height)
    pattern: Pattern = "plain"
    if shape != "robot":
        pattern = ("plain", "stripes", "checker")[int(rng.choice(3, p=[0.6, 0.2, 0.2]))]
    moves = rng.uniform() < (0.6 if shape == "robot" else 0.2)
    speed = rng.uniform(0.7, 1.3)
    return Solid(colour, shape, pattern, size, 0.0 if static or not moves else speed)


def stage_solids(
    rng: np.random.Generator, stream: Stream, environment: str, count: int, frame: Frame, *, static: bool
) -> StagedWorld | None:
    """So many solids and robots and a camera around them; None when none was found that is well framed."""
    times = frame.times_s
    shares: Mapping[Shape, float] = {shape: share for shape, (share, _, _) in SHAPES.items()}
    for _ in range(_TRIES):
        colours = rng.choice(WORLD_COLOURS, size=count, replace=False)
        figures = [draw_solid(rng, str(colour), shares=shares, static=static) for colour in colours]
        bodies = placed(rng, figures, times)
        if bodies is None:
            continue
        middle = np.stack([body[:, :2, 3] for body in bodies]).mean(axis=0)  # [f, 2]
        chest = float(np.mean([figure.size_xyz[2] for figure in figures])) * rng.uniform(0.45, 0.6)
        target = np.full((len(times), 3), chest)
        target[:, :2] = middle
        camera = camera_around(rng, target, frame.focal / frame.size_wh[1])
        if well_framed(figures, bodies, camera, frame):
            looks = [(f.colour, f.shape, f.pattern, f.speed > 0) for f in figures]
            phrases, prompt = world_prompt(rng, stream, environment, looks)
            cast = zip(figures, phrases, bodies, strict=True)
            return StagedWorld(tuple(f.actor(phrase, body, times) for f, phrase, body in cast), camera, prompt)
    return None
