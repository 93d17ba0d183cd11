"""Worlds to film: (stream, seed) -> Shot, in frozen distributions.

`worlds-v1` has people, dogs and cars with joints beside robots and solids, who go their ways and act;
`worlds-v1-people` has its people alone, `worlds-v0` robots and solids alone. The two streams never share a world: the
stream is part of the seed of everything, and the words of `eval` prompts (templates, nouns, places) do not occur in
`train` prompts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, Protocol, get_args

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.base.records import to_json
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render.look import LOOK
from kinoeye.render.robot import ROBOT_PARTS
from kinoeye.render.world_bodies import KINDS, WORDING, stage_bodies, stage_people
from kinoeye.render.world_solids import stage_solids
from kinoeye.render.world_staging import Frame, StagedWorld
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.captions.words import Stream
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.record import shot_to_json
from kinoeye.shot.shot import Shot, SkinnedAvatar

Distribution = Literal["worlds-v0", "worlds-v1", "worlds-v1-people"]
"""A change of `worlds_sha256()` needs a new name."""
WORLDS: Distribution = "worlds-v1"
"""The distribution unless another is named."""
MAX_SEED = 2**62
_COUNT = 2**20
_PROBES = 16


class _Stage(Protocol):
    def __call__(
        self, rng: np.random.Generator, stream: Stream, environment: str, count: int, frame: Frame, *, static: bool
    ) -> StagedWorld | None: ...


_STAGES: Mapping[Distribution, tuple[int, _Stage]] = {
    "worlds-v0": (0, stage_solids),
    "worlds-v1": (1, stage_bodies),
    "worlds-v1-people": (2, stage_people),
}
"""Distribution -> what its seeds begin with, and who stages it."""


def world(
    stream: Stream,
    seed: int,
    *,
    num_frames: int = 25,
    fps: float = 12.0,
    size_wh: tuple[int, int] = (256, 256),
    static: bool = False,
    distribution: Distribution = WORLDS,
) -> Shot:
    """A shot of one to three figures in a named environment, with a camera that moves around them.

    Args:
        stream: "train" or "eval"; the same seed gives different worlds in each.
        seed: of everything, 0 or more.
        num_frames: frames of the camera, at least 2.
        fps: frames per second.
        size_wh: width and height of the film in pixels.
        static: True for a world where nothing but the camera moves.
        distribution: which worlds.

    Raises:
        InputError: the stream or the distribution is unknown, or a number is out of range.

    Example:
        >>> world("train", 1).prompt != world("eval", 1).prompt
        True
    """
    if stream not in get_args(Stream):
        raise InputError(f"stream {stream!r} is unknown; it is 'train' or 'eval'")
    if distribution not in _STAGES:
        raise InputError(f"worlds {distribution!r} are unknown; there are {', '.join(_STAGES)}")
    if not 0 <= seed < MAX_SEED:
        raise InputError(f"world seed {seed} is out of range; it is 0 to 2^62")
    if num_frames < 2 or not fps > 0:
        raise InputError(f"a world of {num_frames} frames at {fps} per second cannot be made; at least 2, above 0")
    number, stage = _STAGES[distribution]
    rng = np.random.default_rng([get_args(Stream).index(stream), seed, number])
    environment = ENVIRONMENTS[str(rng.choice(sorted(ENVIRONMENTS)))]
    count = int(rng.choice([1, 2, 3], p=[0.35, 0.40, 0.25]))
    times = np.arange(num_frames) / fps
    fov_y = math.radians(rng.uniform(42.0, 58.0))
    focal = size_wh[1] / (2 * math.tan(fov_y / 2))
    frame = Frame(times_s=times, focal=focal, size_wh=size_wh)
    staged = stage(rng, stream, environment.name, count, frame, static=static)
    if staged is None:
        raise InputError(f"no world of {num_frames} frames, {times[-1]:.3g} s and size {size_wh} was found; use a "
                         "usual size")  # fmt: skip
    K = torch.tensor([focal, focal, size_wh[0] / 2, size_wh[1] / 2], dtype=torch.float64)
    T_world_cam = SE3.from_matrix(torch.from_numpy(staged.T_world_cam))
    camera = Trajectory(Track(T_world_cam, torch.from_numpy(times)), Intrinsics(K, size_wh))
    return Shot(camera=camera, actors=staged.actors, environment=environment, prompt=staged.prompt, seed=seed)


def sample_worlds(stream: Stream, seed: int, count: int, **options: Any) -> Iterator[Shot]:
    """The worlds of one seed, `world(stream, seed * 2^20 + index)`: those of two seeds never overlap.

    Raises:
        InputError: more than 2^20 worlds, or as `world`.
    """
    if not 0 <= count <= _COUNT:
        raise InputError(f"{count} worlds of one seed were asked for; there are 2^20")
    for index in range(count):
        yield world(stream, seed * _COUNT + index, **options)


@cache
def worlds_sha256(distribution: Distribution = WORLDS) -> str:
    """Fingerprint of a distribution: of its first eval worlds, the looks and the figures, to a micrometre."""
    shots = [world("eval", seed, distribution=distribution) for seed in range(_PROBES)]
    content = [distribution, [shot_to_json(shot) for shot in shots], to_json(LOOK._asdict()), to_json(ROBOT_PARTS)]
    if distribution != "worlds-v0":
        content += [[figures for shot in shots for figures in _performed(shot)], to_json(WORDING), to_json(KINDS)]
    text = json.dumps(_rounded(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _performed(shot: Shot) -> Iterator[list[Any]]:
    """Of each body with joints: its surface's mean and extent, its mean colour, and its joints in a few frames."""
    times = shot.camera.times_s[::8].double().numpy()
    for index, actor in enumerate(shot.actors):
        if isinstance(actor.avatar, SkinnedAvatar):
            body, T_body_rest = perform(actor, actor.avatar, times, seed=shot.seed + index + 1)
            vertices = body.vertices
            yield [vertices.mean(axis=0).tolist(), np.ptp(vertices, axis=0).tolist(), len(body.faces),
                   body.colors_rgb.mean(axis=0).tolist(), T_body_rest.mean(axis=1).tolist()]  # fmt: skip


def _rounded(value: Any) -> Any:
    """The same data with every number to six decimals, so that the last bits of a machine do not matter."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 6) + 0.0 if isinstance(value, float) else value
