"""Motions of one, two or three actors as named families; bodies, their limbs and cameras may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.templates.catalogue import TEMPLATES as TEMPLATES
    from kinoeye.shot.templates.catalogue import find_template as find_template
    from kinoeye.shot.templates.clearance import least_clearance as least_clearance
    from kinoeye.shot.templates.likeness import difference as difference
    from kinoeye.shot.templates.likeness import normal_form as normal_form
    from kinoeye.shot.templates.likeness import normal_form_of_paths as normal_form_of_paths
    from kinoeye.shot.templates.performing import Performance as Performance
    from kinoeye.shot.templates.performing import perform as perform
    from kinoeye.shot.templates.template import Template as Template

__getattr__, __dir__, __all__ = lazy_exports(__name__)
