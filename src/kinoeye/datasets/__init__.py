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

__getattr__, __dir__, __all__ = lazy_exports(__name__)
