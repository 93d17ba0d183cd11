"""What serves several rooms: blocks, key maps, recipes. Training loops and the formats of users may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.networks.key_map import KeyMap as KeyMap
    from kinoeye.networks.key_map import LoadReport as LoadReport
    from kinoeye.networks.key_map import Rule as Rule
    from kinoeye.networks.recipe import Phase as Phase
    from kinoeye.networks.recipe import Recipe as Recipe
    from kinoeye.networks.tensor_files import TensorFile as TensorFile
    from kinoeye.networks.tensor_files import open_tensors as open_tensors
    from kinoeye.networks.tensor_files import write_tensors as write_tensors

__getattr__, __dir__, __all__ = lazy_exports(__name__)
