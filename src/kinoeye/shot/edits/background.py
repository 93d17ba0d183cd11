"""Another place for a shot."""

from __future__ import annotations

import math
from dataclasses import replace

from kinoeye.base.errors import InputError
from kinoeye.language.grammar import parse
from kinoeye.language.lexicon import PLACES
from kinoeye.language.prose import without_article
from kinoeye.shot.edits.motion import Edited
from kinoeye.shot.edits.retelling import retold
from kinoeye.shot.environment import Environment
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.shot import Shot


def change_background(shot: Shot, place: str | Environment) -> Edited[Shot]:
    """The shot in another place; its camera and its actors stay as they are.

    Words keep what they say for prompts, also where nothing can be drawn of it: a place that has no environment leaves
    the drawn one as it was.

    Args:
        shot: any.
        place: words such as "a beach at dusk", or an environment.

    Returns:
        The shot, and what changed.

    Raises:
        InputError: the words are empty, or move the camera.

    Example:
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("A red robot stands still. Push in."), seed=0)
        >>> change_background(shot, "a beach at dusk").path.environment.name
        'beach'
    """
    if isinstance(place, Environment):
        environment, note = place, f"the place is {place.prompt}"
    else:
        environment, note = _environment_of(shot, place)
    return Edited(retold(replace(shot, environment=environment)), (note,))


def picture_turn_deg(shot: Shot, turn_deg: float) -> float:
    """The direction of a panorama's middle that is turned so far from where a shot's first camera looks."""
    forward = shot.camera.T_world_cam[0].rotation.as_matrix()[:2, 2].tolist()
    return math.degrees(math.atan2(forward[1], forward[0])) + turn_deg if any(forward) else turn_deg


def _environment_of(shot: Shot, words: str) -> tuple[Environment, str]:
    """The environment that words of a place ask for, and what can be seen of it."""
    words = " ".join(words.split())
    if not words:
        raise InputError("a background needs words or a picture, such as 'a beach at dusk'")
    try:
        plan = parse(words, camera_required=False)
    except InputError:
        plan = None
    if plan is not None and any(not move.is_hold for move in plan.moves):
        raise InputError(f"{words!r} moves the camera and is no place; write camera:... for that")
    if plan is None or plan.place is None:
        drawn = replace(shot.environment, name=words, prompt=words)
        return drawn, f"the place is {words!r} in words alone: no environment is like it, and renders show the old one"
    name = plan.place.environment
    plain = without_article(words.casefold())
    if plain == name or plain in PLACES[name]:
        return ENVIRONMENTS[name], f"the place is the environment {name!r}"
    environment = replace(ENVIRONMENTS[name], prompt=words)
    lost = [repr(each.text) for each in plan.unused] + [repr(actor.prompt) for actor in plan.actors]
    only = f"; in words alone: {', '.join(dict.fromkeys(lost))}" if lost else ""
    return environment, f"the place is {words!r}, drawn as the environment {name!r}{only}"
