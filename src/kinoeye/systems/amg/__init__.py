"""AMG: films of rendered avatars in the scene that a caption names (Shi et al. 2024, arXiv 2409.01502).

`quirks` names upstream's defects, `model` holds the network of the released checkpoint and `sampling` its sampler;
`autoencoder` reads the image autoencoder that it works in.
What other systems need, training loops and scores may not live here.
"""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.systems.amg.config import AMGConfig as AMGConfig
    from kinoeye.systems.amg.model import AMG as AMG
    from kinoeye.systems.amg.quirks import Quirks as Quirks

__getattr__, __dir__, __all__ = lazy_exports(__name__)
