"""Foreign files and our values, bytes <-> PathTable; nothing that draws, estimates or changes a path may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.formats.containers.colmap import read_colmap as read_colmap
    from kinoeye.formats.containers.colmap_model import ColmapModel as ColmapModel
    from kinoeye.formats.diagnosis import Diagnosis as Diagnosis
    from kinoeye.formats.motion_labels import are_segments as are_segments
    from kinoeye.formats.motion_labels import read_segments as read_segments
    from kinoeye.formats.path_table import PathTable as PathTable
    from kinoeye.formats.paths.registry import read_path as read_path
    from kinoeye.formats.paths.registry import read_paths as read_paths
    from kinoeye.formats.paths.registry import write_path as write_path
    from kinoeye.formats.scenes.glb import write_glb_points as write_glb_points
    from kinoeye.formats.scenes.ply import read_ply as read_ply
    from kinoeye.formats.scenes.ply import write_ply as write_ply

__getattr__, __dir__, __all__ = lazy_exports(__name__)
