"""Shots to takes with every layer of truth, and worlds to film; nothing that estimates or learns may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.render.film import RENDERED_LAYERS as RENDERED_LAYERS
    from kinoeye.render.film import first_frame as first_frame
    from kinoeye.render.film import render as render
    from kinoeye.render.guides import Guides as Guides
    from kinoeye.render.guides import guide_passes as guide_passes
    from kinoeye.render.guides import write_guides as write_guides
    from kinoeye.render.robot import PART_NAMES as PART_NAMES
    from kinoeye.render.scene_facts import with_picture as with_picture
    from kinoeye.render.shot_solids import ShotSolids as ShotSolids
    from kinoeye.render.worlds import WORLDS as WORLDS
    from kinoeye.render.worlds import sample_worlds as sample_worlds
    from kinoeye.render.worlds import world as world
    from kinoeye.render.worlds import worlds_sha256 as worlds_sha256

__getattr__, __dir__, __all__ = lazy_exports(__name__)
