"""Mathematics of poses, cameras and paths; nothing that reads files, knows a scene or draws may live here."""

from typing import TYPE_CHECKING

from kinoeye.base.lazy import lazy_exports

if TYPE_CHECKING:
    from kinoeye.geometry.align import Alignment as Alignment
    from kinoeye.geometry.align import Similarity as Similarity
    from kinoeye.geometry.align import alignment as alignment
    from kinoeye.geometry.align import umeyama as umeyama
    from kinoeye.geometry.convention import KINOEYE as KINOEYE
    from kinoeye.geometry.convention import NORMALISED as NORMALISED
    from kinoeye.geometry.convention import OPENCV as OPENCV
    from kinoeye.geometry.convention import OPENCV_W2C as OPENCV_W2C
    from kinoeye.geometry.convention import OPENGL as OPENGL
    from kinoeye.geometry.convention import Convention as Convention
    from kinoeye.geometry.convention import axes_matrix as axes_matrix
    from kinoeye.geometry.convention import convert as convert
    from kinoeye.geometry.convention import homogeneous as homogeneous
    from kinoeye.geometry.convention import invert as invert
    from kinoeye.geometry.convention import matrix_to_rotvec as matrix_to_rotvec
    from kinoeye.geometry.convention import matrix_to_wxyz as matrix_to_wxyz
    from kinoeye.geometry.convention import rotvec_to_matrix as rotvec_to_matrix
    from kinoeye.geometry.convention import wxyz_to_matrix as wxyz_to_matrix
    from kinoeye.geometry.interpolation import bracket as bracket
    from kinoeye.geometry.interpolation import constant_speed_times as constant_speed_times
    from kinoeye.geometry.interpolation import cubic as cubic
    from kinoeye.geometry.interpolation import hermite as hermite
    from kinoeye.geometry.interpolation import interpolate as interpolate
    from kinoeye.geometry.interpolation import interpolate_screw as interpolate_screw
    from kinoeye.geometry.interpolation import slerp as slerp
    from kinoeye.geometry.interpolation import velocities as velocities
    from kinoeye.geometry.intrinsics import Intrinsics as Intrinsics
    from kinoeye.geometry.kalman import kalman_smooth as kalman_smooth
    from kinoeye.geometry.lie import SE3 as SE3
    from kinoeye.geometry.lie import SO3 as SO3
    from kinoeye.geometry.rays import camera_rays as camera_rays
    from kinoeye.geometry.rays import pixel_centres as pixel_centres
    from kinoeye.geometry.rays import pluecker as pluecker
    from kinoeye.geometry.rays import project as project
    from kinoeye.geometry.rays import unproject as unproject
    from kinoeye.geometry.rgbd import RGBD as RGBD
    from kinoeye.geometry.smoothing import jerk as jerk
    from kinoeye.geometry.smoothing import smooth as smooth
    from kinoeye.geometry.track import Track as Track
    from kinoeye.geometry.track import Trajectory as Trajectory

__getattr__, __dir__, __all__ = lazy_exports(__name__)
