"""AMG: films of rendered avatars in the scene that a caption names (Shi et al. 2024, arXiv 2409.01502).

`quirks` names upstream's defects, `model` holds the network of the released checkpoint, `checkpoint` reads it and
`sampling` is its sampler; `autoencoder` reads the image autoencoder that it works in and `text_encoder` the captions.
`official_pipeline` films with them. `applications` runs upstream's three applications from its own settings files
(`published_settings`): `clips` says which frames and captions those ask for, `frame_folder`, `stored_features`,
`renderings` and `new_captions` read them.
What other systems need, training loops and scores may not live here.
"""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.systems.amg.applications import run_application as run_application
    from kinoeye.systems.amg.config import AMGConfig as AMGConfig
    from kinoeye.systems.amg.model import AMG as AMG
    from kinoeye.systems.amg.official_pipeline import OfficialAMGPipeline as OfficialAMGPipeline
    from kinoeye.systems.amg.quirks import Quirks as Quirks

__getattr__, __dir__, __all__ = lazy_exports(__name__)
