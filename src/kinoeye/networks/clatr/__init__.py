"""CLaTr, the joint embedding of captions and camera paths; metrics over its embeddings may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.networks.clatr.captioned import CaptionedClatr as CaptionedClatr
    from kinoeye.networks.clatr.checkpoint import load_clatr as load_clatr
    from kinoeye.networks.clatr.checkpoint import load_official as load_official
    from kinoeye.networks.clatr.config import ClatrConfig as ClatrConfig
    from kinoeye.networks.clatr.losses import LossWeights as LossWeights
    from kinoeye.networks.clatr.losses import clatr_losses as clatr_losses
    from kinoeye.networks.clatr.losses import same_captions as same_captions
    from kinoeye.networks.clatr.model import Clatr as Clatr
    from kinoeye.networks.clatr.model import ClatrOutput as ClatrOutput
    from kinoeye.networks.clatr.model import Gaussian as Gaussian
    from kinoeye.networks.clatr.quirks import Quirks as Quirks
    from kinoeye.networks.clatr.recipe import ClatrRecipe as ClatrRecipe

__getattr__, __dir__, __all__ = lazy_exports(__name__)
