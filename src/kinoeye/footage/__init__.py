"""What came back: takes, their on-disk store, and video files. Nothing that renders or estimates may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.footage.points import fuse_points as fuse_points
    from kinoeye.footage.take import LAYER_TYPES as LAYER_TYPES
    from kinoeye.footage.take import Layer as Layer
    from kinoeye.footage.take import Take as Take
    from kinoeye.footage.video import read_video as read_video
    from kinoeye.footage.video import write_video as write_video

__getattr__, __dir__, __all__ = lazy_exports(__name__)
