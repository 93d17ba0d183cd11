"""Shots to takes with every layer of truth, and worlds to film; nothing that estimates or learns may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.render.render import RENDERED_LAYERS as RENDERED_LAYERS
    from kinoeye.render.render import render as render
    from kinoeye.render.robot import PART_NAMES as PART_NAMES

__getattr__, __dir__, __all__ = lazy_exports(__name__)
