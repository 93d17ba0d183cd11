"""What came back: takes, their stores and sets, and video files. Nothing that renders or estimates may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.footage.points import fuse_points as fuse_points
    from kinoeye.footage.take import LAYER_TYPES as LAYER_TYPES
    from kinoeye.footage.take import Layer as Layer
    from kinoeye.footage.take import Take as Take
    from kinoeye.footage.take_sets import TakeSamples as TakeSamples
    from kinoeye.footage.take_sets import TakeSet as TakeSet
    from kinoeye.footage.take_sets import load_takes as load_takes
    from kinoeye.footage.video import read_video as read_video
    from kinoeye.footage.video import write_video as write_video

__getattr__, __dir__, __all__ = lazy_exports(__name__)
