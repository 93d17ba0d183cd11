"""Words, Plans, tags and paths. Scenes, pixels and networks may not live here; parsing and tagging import no torch."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.language.captions import caption as caption
    from kinoeye.language.compiler import CompiledPath as CompiledPath
    from kinoeye.language.compiler import compile as compile  # noqa: A004 - the verb of the design
    from kinoeye.language.compiler import compile_path as compile_path
    from kinoeye.language.director import Directed as Directed
    from kinoeye.language.director import Director as Director
    from kinoeye.language.director import GrammarDirector as GrammarDirector
    from kinoeye.language.explain import describe as describe
    from kinoeye.language.grammar import parse as parse
    from kinoeye.language.motion.path import Anchor as Anchor
    from kinoeye.language.plan import KINDS as KINDS
    from kinoeye.language.plan import Action as Action
    from kinoeye.language.plan import ActorMention as ActorMention
    from kinoeye.language.plan import Move as Move
    from kinoeye.language.plan import PlaceMention as PlaceMention
    from kinoeye.language.plan import Plan as Plan
    from kinoeye.language.plan import ReadAs as ReadAs
    from kinoeye.language.plan import UnusedWords as UnusedWords
    from kinoeye.language.recognition import plan_tags as plan_tags
    from kinoeye.language.recognition import recognise as recognise
    from kinoeye.language.tags import motion_tags as motion_tags
    from kinoeye.language.tags import segments as segments
    from kinoeye.language.tags import tag_name as tag_name

__getattr__, __dir__, __all__ = lazy_exports(__name__)
