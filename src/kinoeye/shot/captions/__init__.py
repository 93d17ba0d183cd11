"""What a shot shows in words, in the style of each system; what reads words may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.captions.doing import Doing as Doing
    from kinoeye.shot.captions.doing import doing_of as doing_of
    from kinoeye.shot.captions.shot_captions import ShotCaptions as ShotCaptions
    from kinoeye.shot.captions.shot_captions import captions_of as captions_of
    from kinoeye.shot.captions.words import Stream as Stream

__getattr__, __dir__, __all__ = lazy_exports(__name__)
