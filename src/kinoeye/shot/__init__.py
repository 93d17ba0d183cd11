"""Shots as planned: actors, environments, staging. Frames and files of other tools may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.environment import Environment as Environment
    from kinoeye.shot.environment import Ground as Ground
    from kinoeye.shot.environment import Prop as Prop
    from kinoeye.shot.environment import Sky as Sky
    from kinoeye.shot.environment import Sun as Sun
    from kinoeye.shot.environments import ENVIRONMENTS as ENVIRONMENTS
    from kinoeye.shot.environments import find_environment as find_environment
    from kinoeye.shot.shot import SHAPES as SHAPES
    from kinoeye.shot.shot import Actor as Actor
    from kinoeye.shot.shot import Avatar as Avatar
    from kinoeye.shot.shot import Shot as Shot
    from kinoeye.shot.staging import stage as stage

__getattr__, __dir__, __all__ = lazy_exports(__name__)
