"""Shots as planned: actors, environments, staging. Frames and files of other tools may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.edits.aiming import look_at as look_at
    from kinoeye.shot.edits.applying import edit as edit
    from kinoeye.shot.edits.background import change_background as change_background
    from kinoeye.shot.edits.camera_moves import move_camera as move_camera
    from kinoeye.shot.edits.lenses import dolly_zoom as dolly_zoom
    from kinoeye.shot.edits.lenses import fit as fit
    from kinoeye.shot.edits.lenses import zoom as zoom
    from kinoeye.shot.edits.lenses import zoom_to as zoom_to
    from kinoeye.shot.edits.motion import Edited as Edited
    from kinoeye.shot.edits.performing import change_motion as change_motion
    from kinoeye.shot.edits.placing import anchor as anchor
    from kinoeye.shot.edits.placing import anchor_upright as anchor_upright
    from kinoeye.shot.edits.placing import mirror as mirror
    from kinoeye.shot.edits.placing import scale as scale
    from kinoeye.shot.edits.recasting import add_actor as add_actor
    from kinoeye.shot.edits.recasting import change_actor as change_actor
    from kinoeye.shot.edits.smoothing import handheld as handheld
    from kinoeye.shot.edits.smoothing import smooth as smooth
    from kinoeye.shot.edits.sources import Sources as Sources
    from kinoeye.shot.edits.stitching import stitch as stitch
    from kinoeye.shot.edits.timing import resample as resample
    from kinoeye.shot.edits.timing import resample_for as resample_for
    from kinoeye.shot.edits.timing import retime_eased as retime_eased
    from kinoeye.shot.edits.timing import retime_evenly as retime_evenly
    from kinoeye.shot.edits.timing import retime_to as retime_to
    from kinoeye.shot.edits.timing import reverse as reverse
    from kinoeye.shot.edits.timing import trim as trim
    from kinoeye.shot.edits.timing import trim_frames as trim_frames
    from kinoeye.shot.environment import Environment as Environment
    from kinoeye.shot.environment import Ground as Ground
    from kinoeye.shot.environment import Panorama as Panorama
    from kinoeye.shot.environment import Prop as Prop
    from kinoeye.shot.environment import Sky as Sky
    from kinoeye.shot.environment import Sun as Sun
    from kinoeye.shot.environments import ENVIRONMENTS as ENVIRONMENTS
    from kinoeye.shot.environments import find_environment as find_environment
    from kinoeye.shot.shot import SHAPES as SHAPES
    from kinoeye.shot.shot import Actor as Actor
    from kinoeye.shot.shot import Avatar as Avatar
    from kinoeye.shot.shot import Shot as Shot
    from kinoeye.shot.shot import SkinnedAvatar as SkinnedAvatar
    from kinoeye.shot.staging import stage as stage

__getattr__, __dir__, __all__ = lazy_exports(__name__)
