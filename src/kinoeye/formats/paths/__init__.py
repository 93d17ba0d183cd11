"""One file a format of camera paths, bytes <-> PathTable, NumPy only; nothing that needs torch may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.formats.paths.path_format import PathFormat as PathFormat
    from kinoeye.formats.paths.registry import READERS as READERS
    from kinoeye.formats.paths.registry import WRITERS as WRITERS
    from kinoeye.formats.paths.registry import format_for_output as format_for_output
    from kinoeye.formats.paths.registry import read_path as read_path
    from kinoeye.formats.paths.registry import read_paths as read_paths
    from kinoeye.formats.paths.registry import write_path as write_path

__getattr__, __dir__, __all__ = lazy_exports(__name__)
