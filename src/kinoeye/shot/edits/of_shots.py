"""Edits of what a shot shows, asked for in words: whether they agree, and whether what they change would be filmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.shot.edits.background import change_background, picture_turn_deg
from kinoeye.shot.edits.camera_moves import move_camera
from kinoeye.shot.edits.cast_words import actor_meant
from kinoeye.shot.edits.motion import Edited, Motion, Outcome
from kinoeye.shot.edits.performing import change_motion
from kinoeye.shot.edits.recasting import add_actor, change_actor
from kinoeye.shot.edits.retelling import require_seen, visibility
from kinoeye.shot.edits.sources import Sources
from kinoeye.shot.edits.syntax import Operation
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging_notes import staging_notes


class Changes:
    """What the edits of a chain have changed of a shot so far, so that none takes away what another one asked for."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], Operation] = {}
        self._of_path: Operation | None = None
        self.actors: set[str] = set()
        """Names of the actors that are others than before."""

    def claim(self, path: Motion, operation: Operation) -> None:
        """Hold that an edit, about to be done, does not contradict those before it.

        Raises:
            InputError: the place, the camera, or what one actor does or looks like is asked for twice, a camera is
                edited that another one replaces, or there is no such actor.
        """
        name = operation.name
        if not operation.operator.told:
            self._of_path = operation
            return
        if name == "camera" and self._of_path is not None:
            raise InputError(f"it would undo {self._of_path.text!r}; put the camera first")
        if name == "add-actor" or not isinstance(path, Shot):
            return
        who = actor_meant(path, operation.given.get("actor"), edit=name).name if operation.operator.of_actor else ""
        before = self._asked.setdefault((name, who), operation)
        if before is not operation:
            raise InputError(f"it contradicts {before.text!r}; give one of them")

    def note(self, before: Motion, after: Motion) -> None:
        """Note whom an edit of a shot changed."""
        if isinstance(before, Shot) and isinstance(after, Shot):
            same = {actor.name for actor in before.actors for other in after.actors if actor is other}
            self.actors |= {actor.name for actor in after.actors} - same

    def require_filmed(self, before: Shot, after: Shot) -> tuple[str, ...]:
        """Hold that a shot after all edits films somebody, and everybody whom they changed.

        Returns:
            A sentence for each thing that is not as one would want it since they were done.

        Raises:
            InputError: an actor who was changed, or all who were seen, would not be in the picture at any time.
        """
        require_seen(after, [actor.name for actor in after.actors if actor.name in self.actors])
        there = [actor.name for actor in after.actors]
        seen = [actor.name for actor in before.actors if actor.name in there and visibility(before, actor)[0].any()]
        if seen and not any(visibility(after, after.actor(name))[0].any() for name in seen):
            require_seen(after, seen[:1])
        known = staging_notes(before)
        return tuple(note for note in staging_notes(after) if note not in known)


def _background(path: Motion, given: Mapping[str, Any], sources: Sources) -> Outcome:
    shot, words = _shot(path, "background"), given["words"]
    if sources.is_file(words):
        picture = sources.backdrop(words, picture_turn_deg(shot, given.get("turn", 0.0)))
        return _outcome(change_background(shot, picture))
    if "turn" in given:
        raise InputError("turn is of a picture, and the place is given in words; leave it out")
    return _outcome(change_background(shot, words))


def _camera(path: Motion, given: Mapping[str, Any], sources: Sources) -> Outcome:
    shot, words = _shot(path, "camera"), given["words"]
    return _outcome(move_camera(shot, sources.path(words) if sources.is_file(words) else words))


def _motion(path: Motion, given: Mapping[str, Any], sources: Sources) -> Outcome:
    shot, words = _shot(path, "motion"), given["words"]
    motion = sources.motion(words) if sources.is_file(words) else words
    return _outcome(change_motion(shot, motion, actor=given.get("actor"), turn_deg=given.get("turn", 0.0)))


def _actor(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    return _outcome(change_actor(_shot(path, "actor"), given["words"], actor=given.get("actor")))


def _add_actor(path: Motion, given: Mapping[str, Any], _sources: Sources) -> Outcome:
    return _outcome(add_actor(_shot(path, "add-actor"), given["words"]))


def _shot(path: Motion, name: str) -> Shot:
    if isinstance(path, Shot):
        return path
    raise InputError(
        f"{name} changes a shot, and this is a camera alone; give a shot.json, as `kinoeye stage` makes it"
    )


def _outcome(edited: Edited[Shot]) -> Outcome:
    return edited.path, "; ".join(edited.notes)


OF_SHOTS: Mapping[str, Callable[[Motion, Mapping[str, Any], Sources], Outcome]] = MappingProxyType(
    {"background": _background, "camera": _camera, "motion": _motion, "actor": _actor, "add-actor": _add_actor}
)
"""Name -> what does such an edit."""
