"""Captions of a shot, in the style that each system reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.language.captions import caption
from kinoeye.language.prose import capitalised, drawn, listed, within_sentence, without_article
from kinoeye.language.tags import motion_tags, segments
from kinoeye.shot.captions.doing import who_does_what
from kinoeye.shot.captions.interaction import interaction_captions
from kinoeye.shot.captions.story import sight, story_of
from kinoeye.shot.captions.words import CAMERA, LIGHTS, PLACES, Stream
from kinoeye.shot.environment import Environment, Panorama
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.shot import Actor, Shot, SkinnedAvatar

_LUMA = np.array([0.2126, 0.7152, 0.0722])
_DARK, _DIM, _LOW_SUN_DEG, _SOFT, _FOG_PER_M = 0.2, 0.45, 20.0, 0.5, 0.03


@dataclass(frozen=True, kw_only=True)
class ShotCaptions:
    """A shot in words."""

    motion: str
    """How the camera moves (GenDoP's "Movement")."""
    directorial: str
    """How it moves and what that does to its subject (GenDoP's "Concise Interaction")."""
    entities: tuple[str, ...]
    """What each actor looks like (3DTrajMaster's entity prompts)."""
    location: str
    """Where they are, without an article (3DTrajMaster's location prompt)."""
    avatar: str
    """Who does what, where (AMG)."""
    environment: str
    """The place and its light, without anybody in it (AMG's new backgrounds, Gen3R)."""

    @property
    def film(self) -> str:
        """3DTrajMaster's whole prompt; the environment where nobody is in it."""
        if not self.entities:
            return self.environment
        verb = "is" if len(self.entities) == 1 else "are"
        return f"{' and '.join(self.entities)} {verb} moving in the {self.location}"


def captions_of(shot: Shot, stream: Stream = "train") -> ShotCaptions:
    """What a shot shows, in the words of a stream; the same shot and stream give the same words.

    Actors are called what their prompts say, whatever the stream.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("a man in red walks to the left in the snow; the camera pushes in"), seed=0)
        >>> captions_of(shot).motion
        'The camera moves forward.'
    """
    rng = np.random.default_rng([shot.seed, 0 if stream == "train" else 1, 0xCA9])
    place = _place(shot.environment, stream, rng)
    found = segments(motion_tags(shot.camera.T_world_cam.as_matrix().double().numpy())) if len(shot.camera) > 1 else []
    return ShotCaptions(
        motion=caption(found, CAMERA[stream]),
        directorial=_directorial(shot, found, place, stream, rng),
        entities=tuple(within_sentence(actor.prompt) for actor in shot.actors),
        location=without_article(place),
        avatar=_avatar(shot, place, stream, rng),
        environment=capitalised(f"{place}, {_light(shot.environment, stream, rng)}."),
    )


def _place(environment: Environment, stream: Stream, rng: np.random.Generator) -> str:
    known = ENVIRONMENTS.get(environment.name)
    if isinstance(environment.sky, Panorama) or known is None or environment.prompt != known.prompt:
        return within_sentence(environment.prompt) or "an open place"  # somebody's own words for it
    return drawn(rng, PLACES[stream][environment.name])


def _directorial(
    shot: Shot, found: Sequence[tuple[int, int, int]], place: str, stream: Stream, rng: np.random.Generator
) -> str:
    """About the actor that is largest in the first frame; about the place where there is none."""
    seen = {actor.name: sight(actor, shot, 0).height for actor in shot.actors}
    if not found or not any(seen.values()):
        return caption(found, CAMERA[stream])
    subject = max(shot.actors, key=lambda actor: seen[actor.name])
    others = [actor for actor in shot.actors if actor is not subject and seen[actor.name] > 0]
    story = story_of(shot, subject, others, place)
    return interaction_captions(found, story, rng, stream=stream)["Concise Interaction"]


def _avatar(shot: Shot, place: str, stream: Stream, rng: np.random.Generator) -> str:
    clauses = who_does_what(_with_bodies_first(shot.actors), shot.camera.times_s, stream, rng)
    return capitalised(f"{listed(clauses)}, in {place}." if clauses else f"{place}.")


def _with_bodies_first(actors: Sequence[Actor]) -> list[Actor]:
    return sorted(actors, key=lambda actor: not isinstance(actor.avatar, SkinnedAvatar))


def _light(environment: Environment, stream: Stream, rng: np.random.Generator) -> str:
    return drawn(rng, LIGHTS[stream][_light_of(environment)])


def _light_of(environment: Environment) -> str:
    """What its light is like; colours are compared as they are written, in sRGB."""
    sky = 0.5 * (_luma(environment.sky.horizon_rgb) + _luma(environment.sky.zenith_rgb))
    if sky < _DARK:
        return "dark"
    if environment.fog_per_m > _FOG_PER_M:
        return "fog"
    if environment.sun.elevation_deg < _LOW_SUN_DEG:
        return "low"
    if sky < _DIM:
        return "dim"
    return "soft" if environment.sun.strength < _SOFT else "bright"


def _luma(rgb: tuple[float, float, float]) -> float:
    color: Float64 = np.asarray(rgb, np.float64)
    return float(color @ _LUMA)
