"""Captions for training and testing directors: random programs put into many wordings. No network may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.systems.gendop.wording.essential import essential_words as essential_words
    from kinoeye.systems.gendop.wording.programs import random_program as random_program
    from kinoeye.systems.gendop.wording.sentences import CaptionedProgram as CaptionedProgram
    from kinoeye.systems.gendop.wording.sentences import Lesson as Lesson
    from kinoeye.systems.gendop.wording.sentences import Stream as Stream
    from kinoeye.systems.gendop.wording.sentences import caption_without_camera as caption_without_camera
    from kinoeye.systems.gendop.wording.sentences import captioned_program as captioned_program

__getattr__, __dir__, __all__ = lazy_exports(__name__)
