"""Foreign scene files <-> our values; rendering and anything that chooses content may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.formats.scenes.bvh import BvhMotion as BvhMotion
    from kinoeye.formats.scenes.bvh import read_bvh as read_bvh
    from kinoeye.formats.scenes.glb import write_glb_points as write_glb_points
    from kinoeye.formats.scenes.glb_cameras import PaintedCamera as PaintedCamera
    from kinoeye.formats.scenes.glb_cameras import write_glb_cameras as write_glb_cameras
    from kinoeye.formats.scenes.gltf_body import GltfBody as GltfBody
    from kinoeye.formats.scenes.gltf_body import read_gltf_body as read_gltf_body
    from kinoeye.formats.scenes.ply import read_ply as read_ply
    from kinoeye.formats.scenes.ply import write_ply as write_ply
    from kinoeye.formats.scenes.smpl import SmplModel as SmplModel
    from kinoeye.formats.scenes.smpl import SmplMotion as SmplMotion
    from kinoeye.formats.scenes.smpl import read_smpl_model as read_smpl_model
    from kinoeye.formats.scenes.smpl import read_smpl_motion as read_smpl_motion

__getattr__, __dir__, __all__ = lazy_exports(__name__)
