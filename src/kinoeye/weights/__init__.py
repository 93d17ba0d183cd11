"""The small checkpoints that ship, and what is known of each.

Publishing, parity and memory plans may not live here, nor anything that loads torch.
"""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.weights.index import CurvePoint as CurvePoint
    from kinoeye.weights.index import Entry as Entry
    from kinoeye.weights.index import FileRecord as FileRecord
    from kinoeye.weights.index import StoredRow as StoredRow
    from kinoeye.weights.index import WeightsIndex as WeightsIndex
    from kinoeye.weights.verified_folder import VerifiedFolder as VerifiedFolder
    from kinoeye.weights.verified_folder import resolve as resolve

__getattr__, __dir__, __all__ = lazy_exports(__name__)
