"""Films as latents and back, behind one interface. Rendering, and what is made of latents, may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.networks.codec.patch_codec import PatchCodec as PatchCodec
    from kinoeye.networks.codec.patch_codec import PatchCodecConfig as PatchCodecConfig
    from kinoeye.networks.codec.protocol import Codec as Codec
    from kinoeye.networks.codec.stock_vaes import CogVideoXCodec as CogVideoXCodec
    from kinoeye.networks.codec.stock_vaes import ImageVaeCodec as ImageVaeCodec
    from kinoeye.networks.codec.stock_vaes import WanCodec as WanCodec

__getattr__, __dir__, __all__ = lazy_exports(__name__)
