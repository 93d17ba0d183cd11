"""Procedural motion of bodies along their tracks, written here. Recorded motion and files may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.bodies.motions.acting import animate as animate
    from kinoeye.shot.bodies.motions.cues import MOTIONS as MOTIONS
    from kinoeye.shot.bodies.motions.cues import Cue as Cue
    from kinoeye.shot.bodies.motions.loops import clip_times as clip_times
    from kinoeye.shot.bodies.motions.loops import looped as looped
    from kinoeye.shot.bodies.motions.quadruped import animate_quadruped as animate_quadruped
    from kinoeye.shot.bodies.motions.vehicle import animate_vehicle as animate_vehicle

__getattr__, __dir__, __all__ = lazy_exports(__name__)
