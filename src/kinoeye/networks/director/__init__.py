"""DIRECTOR, the diffusion model of E.T. from captions and characters to camera paths; tables may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.networks.director.captioned import CaptionedDirector as CaptionedDirector
    from kinoeye.networks.director.captioned import direct_paths as direct_paths
    from kinoeye.networks.director.checkpoint import load_director as load_director
    from kinoeye.networks.director.checkpoint import load_official as load_official
    from kinoeye.networks.director.conditions import Conditions as Conditions
    from kinoeye.networks.director.conditions import character_features as character_features
    from kinoeye.networks.director.config import DirectorConfig as DirectorConfig
    from kinoeye.networks.director.diffusion import NoiseSchedule as NoiseSchedule
    from kinoeye.networks.director.diffusion import Sampler as Sampler
    from kinoeye.networks.director.diffusion import denoise as denoise
    from kinoeye.networks.director.diffusion import sample as sample
    from kinoeye.networks.director.model import AdaptiveNormDirector as AdaptiveNormDirector
    from kinoeye.networks.director.model import CrossAttentionDirector as CrossAttentionDirector
    from kinoeye.networks.director.model import Director as Director
    from kinoeye.networks.director.model import InContextDirector as InContextDirector
    from kinoeye.networks.director.model import build_director as build_director
    from kinoeye.networks.director.quirks import Quirks as Quirks
    from kinoeye.networks.director.recipe import DirectorRecipe as DirectorRecipe

__getattr__, __dir__, __all__ = lazy_exports(__name__)
