"""Kinoeye directs, films and reads 3D-aware video."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.footage import Layer as Layer
    from kinoeye.footage import Take as Take
    from kinoeye.formats import PathTable as PathTable
    from kinoeye.geometry import SE3 as SE3
    from kinoeye.geometry import Intrinsics as Intrinsics
    from kinoeye.geometry import Track as Track
    from kinoeye.geometry import Trajectory as Trajectory
    from kinoeye.language import Plan as Plan
    from kinoeye.shot import Actor as Actor
    from kinoeye.shot import Environment as Environment
    from kinoeye.shot import Shot as Shot
    from kinoeye.studio import shoot as shoot

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_exports(__name__)
