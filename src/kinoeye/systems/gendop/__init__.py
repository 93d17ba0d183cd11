"""GenDoP: captions and a first RGB-D frame become camera paths (Zhang et al. 2025, arXiv 2504.07083).

`quirks` names upstream's defects, `tokens` holds the pose codec, `official` the network of the released checkpoints,
`generation` its token loop on `engine`, whose compiled products are in `kernels`; `tokenizer` reads captions and
`images` first frames. What other systems need, training loops and scores may not live here.
"""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.systems.gendop.config import GenDoPConfig as GenDoPConfig
    from kinoeye.systems.gendop.official import GenDoP as GenDoP
    from kinoeye.systems.gendop.official import GenDoPDecoder as GenDoPDecoder
    from kinoeye.systems.gendop.quirks import Quirks as Quirks
    from kinoeye.systems.gendop.tokens import Codec as Codec

__getattr__, __dir__, __all__ = lazy_exports(__name__)
