"""A shot as planned: camera, actors, environment and timing; frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_json
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.bodies.motions.cues import Cue
from kinoeye.shot.bodies.recording import Recording
from kinoeye.shot.environment import Environment

Shape = Literal["robot", "box", "sphere", "cylinder", "cone", "capsule", "pyramid"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
Pattern = Literal["plain", "checker", "stripes"]
Gait = Literal["stand", "walk"]
BodyName = Literal["adult", "dog", "car"]
RGB = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Avatar:
    """How an actor looks and moves its limbs: a primitive, or a blocky robot with a front."""

    shape: Shape
    color_rgb: RGB
    """Base colour, sRGB, 0 to 1."""
    pattern: Pattern = "plain"
    gait: Gait = "stand"
    """"walk" swings a robot's limbs with the distance that its track covers; primitives have none."""


@dataclass(frozen=True, kw_only=True)
class SkinnedAvatar:
    """A body with joints, which goes its way as the actor's track asks: it stands, walks, runs, trots or rolls.

    It is as tall as the actor's box.
    """

    body: BodyName
    color_rgb: RGB
    """Of a car's paint, a dog's coat, an adult's clothes where `clothes` names none; sRGB, 0 to 1."""
    clothes: str = ""
    """What an adult wears, in words: "a red shirt and blue jeans"."""
    cues: tuple[Cue, ...] = ()
    """What it does besides going its way."""
    still: bool = False
    """Whether it keeps the pose of its track's beginning, as a statue does; others breathe and shift their weight."""
    recorded: Recording | None = None
    """Recorded motion that its joints go through, instead of a gait and cues."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """One thing in a shot, with its box and its path."""

    name: str
    """Unique in the shot."""
    prompt: str
    """What it is, in words: "a red robot"."""
    category: Literal["agent", "object"] = "object"
    size_xyz: tuple[float, float, float]
    """Box in metres along body axes: x forward, y left, z up."""
    track: Track
    """T_world_body; the body's origin is the ground contact under the box centre."""
    avatar: Avatar | SkinnedAvatar | None = None
    """None for something that is planned but not drawn."""

    def __post_init__(self) -> None:
        if not self.name or min(self.size_xyz) <= 0:
            raise ValueError(f"actor {self.name!r} of size {self.size_xyz} needs a name and a box with a volume")

    @property
    def moves(self) -> bool:
        """Whether its pose changes during the shot."""
        poses = self.track.T_world_body.wxyz_xyz
        return bool((poses - poses[:1]).abs().max() > 1e-9)

    def slowed(self, start_s: float, times_slower: float) -> Actor:
        """The actor so many times slower from `start_s` on, where it is at the same time as before."""
        times = start_s + times_slower * (self.track.times_s - start_s)
        avatar = self.avatar
        if isinstance(avatar, SkinnedAvatar) and avatar.recorded is not None:
            avatar = replace(avatar, recorded=avatar.recorded.slowed(start_s, times_slower))
        return replace(self, track=replace(self.track, times_s=times), avatar=avatar)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A shot as on a shot list; valid with a camera alone.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> len(stage(parse("push in two metres"), seed=0).camera)
        49
    """

    camera: Trajectory
    actors: tuple[Actor, ...] = ()
    environment: Environment = field(default_factory=Environment)
    prompt: str = ""
    seed: int = 0
    """Of the world: placement and textures."""

    def __post_init__(self) -> None:
        names = [actor.name for actor in self.actors]
        if len(set(names)) != len(names):
            raise ValueError(f"actor names must be unique; given {names}")
        if len(names) > 254:
            raise ValueError(f"a shot holds at most 254 actors (mask ids are bytes); given {len(names)}")
        if self.actors and self.camera.track.unit != "m":
            raise ValueError("a camera path of arbitrary scale cannot share a scene with actors; give it a scale first")

    def actor(self, name: str) -> Actor:
        """The actor of that name.

        Raises:
            InputError: there is none.
        """
        for actor in self.actors:
            if actor.name == name:
                return actor
        known = ", ".join(repr(actor.name) for actor in self.actors) or "none"
        raise InputError(f"the shot has no actor {name!r}; its actors: {known}")

    def mask_id(self, name: str) -> int:
        """The value of this actor's pixels in an instance layer: its index plus one."""
        return self.actors.index(self.actor(name)) + 1

    def with_camera(self, camera: Trajectory) -> Shot:
        """The same shot seen by another camera."""
        return replace(self, camera=camera)

    def save(self, path: Path | str) -> None:
        """Write a .json file, or the `shot.json` of a folder that exists.

        A panorama's picture is named from the file's folder if it lies there, else by its whole path.

        Raises:
            InputError: the path is neither, or the file cannot be written.
        """
        from kinoeye.shot.record import shot_to_json
        from kinoeye.shot.record_head import shot_file

        file = shot_file(Path(path))
        write_json(file, shot_to_json(self, folder=file.parent))

    @staticmethod
    def is_at(path: Path | str) -> bool:
        """Whether a path is a shot's file, or a folder with `shot.json`; a damaged or missing file is none."""
        from kinoeye.shot.record_head import is_shot

        return is_shot(Path(path))

    @classmethod
    def load(cls, path: Path | str) -> Shot:
        """Read `shot.json`, or the one in a folder.

        Raises:
            InputError: the file is missing, damaged, or not a shot.
        """
        from kinoeye.shot.record import load_shot

        return load_shot(Path(path))
