"""Foreign scene files <-> our values; rendering and anything that chooses content may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.formats.scenes.animated_scene import AnimatedScene as AnimatedScene
    from kinoeye.formats.scenes.animated_scene import MovingBody as MovingBody
    from kinoeye.formats.scenes.animated_scene import MovingSolid as MovingSolid
    from kinoeye.formats.scenes.animated_scene import PaintedCamera as PaintedCamera
    from kinoeye.formats.scenes.bvh import BvhMotion as BvhMotion
    from kinoeye.formats.scenes.bvh import read_bvh as read_bvh
    from kinoeye.formats.scenes.glb import write_glb_points as write_glb_points
    from kinoeye.formats.scenes.glb_scene import write_glb_scene as write_glb_scene
    from kinoeye.formats.scenes.gltf_body import read_gltf_body as read_gltf_body
    from kinoeye.formats.scenes.ply import read_ply as read_ply
    from kinoeye.formats.scenes.ply import write_ply as write_ply
    from kinoeye.formats.scenes.rigged_body import RiggedBody as RiggedBody
    from kinoeye.formats.scenes.smpl import SmplModel as SmplModel
    from kinoeye.formats.scenes.smpl import SmplMotion as SmplMotion
    from kinoeye.formats.scenes.smpl import read_smpl_model as read_smpl_model
    from kinoeye.formats.scenes.smpl import read_smpl_motion as read_smpl_motion
    from kinoeye.formats.scenes.usd_body import read_usd_bodies as read_usd_bodies
    from kinoeye.formats.scenes.usd_scene import write_usd_scene as write_usd_scene

__getattr__, __dir__, __all__ = lazy_exports(__name__)
