"""Data sets built out of jobs, and what is wrong with one; nothing that renders, estimates or trains may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.datasets.datadop_check import check_datadop as check_datadop
    from kinoeye.datasets.faults import Fault as Fault
    from kinoeye.datasets.faults import SetReport as SetReport
    from kinoeye.datasets.from_videos import VideoPlan as VideoPlan
    from kinoeye.datasets.from_videos import datadop_from_videos as datadop_from_videos
    from kinoeye.datasets.from_worlds import WorldPlan as WorldPlan
    from kinoeye.datasets.from_worlds import datadop_from_worlds as datadop_from_worlds
    from kinoeye.datasets.motion360_check import check_motion360 as check_motion360
    from kinoeye.datasets.motion360_layout import Motion360Quirks as Motion360Quirks
    from kinoeye.datasets.motion360_layout import Resolution as Resolution
    from kinoeye.datasets.motion360_set import Motion360Scene as Motion360Scene
    from kinoeye.datasets.motion360_set import Motion360Set as Motion360Set
    from kinoeye.datasets.motion360_set import read_motion360 as read_motion360
    from kinoeye.datasets.motion360_worlds import Motion360Plan as Motion360Plan
    from kinoeye.datasets.motion360_worlds import motion360_from_worlds as motion360_from_worlds
    from kinoeye.datasets.takes_check import check_takes as check_takes
    from kinoeye.datasets.takes_set import TakesPlan as TakesPlan
    from kinoeye.datasets.takes_set import takes_from_worlds as takes_from_worlds

__getattr__, __dir__, __all__ = lazy_exports(__name__)
