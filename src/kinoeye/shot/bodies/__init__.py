"""Skinned bodies and the motion of their joints. Files of other tools and pixels may not live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.shot.bodies.body import Body as Body
    from kinoeye.shot.bodies.body import Clip as Clip
    from kinoeye.shot.bodies.body import Skeleton as Skeleton
    from kinoeye.shot.bodies.body import joint_transforms as joint_transforms
    from kinoeye.shot.bodies.body import reordered as reordered
    from kinoeye.shot.bodies.body import skin as skin
    from kinoeye.shot.bodies.clothing import Clothing as Clothing
    from kinoeye.shot.bodies.clothing import clothed_by as clothed_by
    from kinoeye.shot.bodies.clothing import dressed as dressed
    from kinoeye.shot.bodies.grounding import foot_slip as foot_slip
    from kinoeye.shot.bodies.grounding import grounded as grounded
    from kinoeye.shot.bodies.joint_names import common_names as common_names
    from kinoeye.shot.bodies.packed import load_body as load_body
    from kinoeye.shot.bodies.recording import RecordedMotion as RecordedMotion
    from kinoeye.shot.bodies.recording import Recording as Recording
    from kinoeye.shot.bodies.recording import recorded_on as recorded_on
    from kinoeye.shot.bodies.retargeting import RetargetReport as RetargetReport
    from kinoeye.shot.bodies.retargeting import retarget as retarget
    from kinoeye.shot.bodies.root_motion import split_root as split_root
    from kinoeye.shot.bodies.sampling import AffineClip as AffineClip
    from kinoeye.shot.bodies.sampling import nearest_clip as nearest_clip
    from kinoeye.shot.bodies.sampling import transforms_at as transforms_at

__getattr__, __dir__, __all__ = lazy_exports(__name__)
