"""Exact facts of a scene over time, from tracks alone, with NumPy; frames and drawing may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.facts.events import Event as Event
    from kinoeye.facts.events import Thresholds as Thresholds
    from kinoeye.facts.events import in_order as in_order
    from kinoeye.facts.hysteresis import Phase as Phase
    from kinoeye.facts.hysteresis import phases as phases
    from kinoeye.facts.judged import Judged as Judged
    from kinoeye.facts.scene_tracks import Noise as Noise
    from kinoeye.facts.scene_tracks import SceneTracks as SceneTracks
    from kinoeye.facts.viewpoint import Viewpoint as Viewpoint

__getattr__, __dir__, __all__ = lazy_exports(__name__)
