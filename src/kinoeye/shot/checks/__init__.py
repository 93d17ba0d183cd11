"""Checks of a shot before it is filmed, and what mends them; what draws or reads files may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.checks.finding import CheckReport as CheckReport
    from kinoeye.shot.checks.finding import Finding as Finding
    from kinoeye.shot.checks.finding import Skipped as Skipped
    from kinoeye.shot.checks.finding import Verdict as Verdict
    from kinoeye.shot.checks.limits import RIGS as RIGS
    from kinoeye.shot.checks.limits import SHOT_SIZES as SHOT_SIZES
    from kinoeye.shot.checks.limits import Limits as Limits
    from kinoeye.shot.checks.limits import Rig as Rig
    from kinoeye.shot.checks.mending import Mended as Mended
    from kinoeye.shot.checks.mending import mend as mend
    from kinoeye.shot.checks.runner import CHECKS as CHECKS
    from kinoeye.shot.checks.runner import Checker as Checker
    from kinoeye.shot.checks.runner import check as check
    from kinoeye.shot.checks.surroundings import PointCloud as PointCloud
    from kinoeye.shot.checks.surroundings import RayCaster as RayCaster
    from kinoeye.shot.checks.surroundings import Surroundings as Surroundings

__getattr__, __dir__, __all__ = lazy_exports(__name__)
