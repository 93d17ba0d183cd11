"""The groups SO(3) and SE(3) as frozen values over one tensor each, with any batch shape; roma underneath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import roma
import torch
from jaxtyping import Float
from torch import Tensor

_SMALL_ANGLE = {torch.float32: 1e-2, torch.float64: 1e-4}
"""Below this angle (radians) the series of the left Jacobian beats its closed form."""


@dataclass(frozen=True)
class SO3:
    """Rotations as unit quaternions.

    Example:
        >>> R = SO3.exp(torch.tensor([0.0, 0.0, torch.pi / 2]))
        >>> (R @ torch.tensor([1.0, 0.0, 0.0])).round(decimals=3).tolist()
        [0.0, 1.0, 0.0]
    """

    wxyz: Float[Tensor, "*batch 4"]
    """Quaternion, real part first, of unit length."""

    @staticmethod
    def identity(*batch: int, dtype: torch.dtype = torch.float64) -> SO3:
        """The rotation that changes nothing."""
        return SO3(torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=dtype).expand(*batch, 4))

    @staticmethod
    def exp(rotvec: Float[Tensor, "*batch 3"]) -> SO3:
        """The exponential map so(3) -> SO(3) of rotation vectors in radians."""
        return SO3(_to_wxyz(roma.rotvec_to_unitquat(rotvec)))

    @staticmethod
    def from_matrix(matrix: Float[Tensor, "*batch 3 3"]) -> SO3:
        """Rotations of orthonormal matrices with determinant 1; others are not noticed, see `PathTable.diagnose`."""
        flat = matrix.reshape(-1, 3, 3)
        return SO3(_to_wxyz(roma.rotmat_to_unitquat(flat)).reshape(*matrix.shape[:-2], 4))

    def as_matrix(self) -> Float[Tensor, "*batch 3 3"]:
        """Rotation matrices."""
        return roma.unitquat_to_rotmat(_to_xyzw(self.wxyz))

    def log(self) -> Float[Tensor, "*batch 3"]:
        """The logarithm SO(3) -> so(3): rotation vectors in radians, length at most pi."""
        return roma.unitquat_to_rotvec(_to_xyzw(self.wxyz))

    def angle(self) -> Float[Tensor, "*batch"]:
        """Geodesic distance from the identity in radians, 0 to pi."""
        return 2 * torch.atan2(self.wxyz[..., 1:].norm(dim=-1), self.wxyz[..., 0].abs())

    def inverse(self) -> SO3:
        """The opposite rotation."""
        return SO3(self.wxyz * self.wxyz.new_tensor([1.0, -1.0, -1.0, -1.0]))

    def normalize(self) -> SO3:
        """The same rotation with its quaternion at unit length."""
        return SO3(self.wxyz / self.wxyz.norm(dim=-1, keepdim=True))

    def adjoint(self) -> Float[Tensor, "*batch 3 3"]:
        """The matrix Ad with R exp(w) R^-1 = exp(Ad w)."""
        return self.as_matrix()

    def __getitem__(self, index: Any) -> SO3:
        """Choose along the batch."""
        return SO3(self.wxyz[(*index, slice(None)) if isinstance(index, tuple) else index])

    def __matmul__(self, other: Any) -> Any:
        """Compose with rotations, or turn points [*batch 3]."""
        if isinstance(other, SO3):
            a, b = torch.broadcast_tensors(self.wxyz, other.wxyz)
            return SO3(_to_wxyz(roma.quat_product(_to_xyzw(a), _to_xyzw(b))))
        q, points = torch.broadcast_tensors(self.wxyz, torch.cat([other[..., :1], other], dim=-1))
        return roma.quat_action(_to_xyzw(q).contiguous(), points[..., 1:].contiguous(), is_normalized=True)


@dataclass(frozen=True)
class SE3:
    """Rigid transforms; `T_a_b @ p_b` gives `p_a`, so subscripts cancel.

    Example:
        >>> T_world_cam = SE3.from_parts(SO3.identity(), torch.tensor([0.0, 0.0, 2.0], dtype=torch.float64))
        >>> (T_world_cam.inverse() @ T_world_cam).translation.tolist()
        [0.0, 0.0, 0.0]
    """

    wxyz_xyz: Float[Tensor, "*batch 7"]
    """Unit quaternion, real part first, then translation."""

    @staticmethod
    def identity(*batch: int, dtype: torch.dtype = torch.float64) -> SE3:
        """The transform that changes nothing."""
        return SE3.from_parts(SO3.identity(*batch, dtype=dtype), torch.zeros(*batch, 3, dtype=dtype))

    @staticmethod
    def from_parts(rotation: SO3, translation: Float[Tensor, "*batch 3"]) -> SE3:
        """The transform that turns, then moves."""
        shape = torch.broadcast_shapes(rotation.wxyz.shape[:-1], translation.shape[:-1])
        return SE3(torch.cat([rotation.wxyz.expand(*shape, 4), translation.expand(*shape, 3)], dim=-1))

    @staticmethod
    def from_matrix(matrix: Tensor) -> SE3:
        """Transforms of matrices [*batch 3 4] or [*batch 4 4] whose 3x3 parts are rotations."""
        return SE3.from_parts(SO3.from_matrix(matrix[..., :3, :3]), matrix[..., :3, 3])

    @staticmethod
    def exp(twist: Float[Tensor, "*batch 6"]) -> SE3:
        """The exponential map se(3) -> SE(3) of twists (velocity, then rotation vector) (Sola et al. 2018, eq. 172)."""
        velocity, rotvec = twist[..., :3], twist[..., 3:]
        translation = (_left_jacobian(rotvec) @ velocity[..., None])[..., 0]
        return SE3.from_parts(SO3.exp(rotvec), translation)

    @property
    def rotation(self) -> SO3:
        """The rotation part."""
        return SO3(self.wxyz_xyz[..., :4])

    @property
    def translation(self) -> Float[Tensor, "*batch 3"]:
        """The translation part: the origin of frame b in frame a."""
        return self.wxyz_xyz[..., 4:]

    @property
    def batch_shape(self) -> torch.Size:
        """Shape of the batch."""
        return self.wxyz_xyz.shape[:-1]

    def as_matrix(self) -> Float[Tensor, "*batch 4 4"]:
        """Homogeneous matrices."""
        top = torch.cat([self.rotation.as_matrix(), self.translation[..., None]], dim=-1)
        last = top.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*top.shape[:-2], 1, 4)
        return torch.cat([top, last], dim=-2)

    def log(self) -> Float[Tensor, "*batch 6"]:
        """The logarithm SE(3) -> se(3): twists (velocity, then rotation vector) (Sola et al. 2018, eq. 173)."""
        rotvec = self.rotation.log()
        velocity = torch.linalg.solve(_left_jacobian(rotvec), self.translation[..., None])[..., 0]
        return torch.cat([velocity, rotvec], dim=-1)

    def inverse(self) -> SE3:
        """The transform back."""
        rotation = self.rotation.inverse()
        return SE3.from_parts(rotation, -(rotation @ self.translation))

    def normalize(self) -> SE3:
        """The same transform with its quaternion at unit length."""
        return SE3.from_parts(self.rotation.normalize(), self.translation)

    def adjoint(self) -> Float[Tensor, "*batch 6 6"]:
        """The matrix Ad with T exp(xi) T^-1 = exp(Ad xi) for twists (velocity, then rotation vector)."""
        R = self.rotation.as_matrix()
        moment = _skew(self.translation) @ R
        top = torch.cat([R, moment], dim=-1)
        return torch.cat([top, torch.cat([torch.zeros_like(R), R], dim=-1)], dim=-2)

    def __matmul__(self, other: Any) -> Any:
        """Compose with transforms, or move points [*batch 3]."""
        if isinstance(other, SE3):
            return SE3.from_parts(self.rotation @ other.rotation, self @ other.translation)
        return (self.rotation @ other) + self.translation

    def __getitem__(self, index: Any) -> SE3:
        """Choose along the batch."""
        return SE3(self.wxyz_xyz[(*index, slice(None)) if isinstance(index, tuple) else index])


def _left_jacobian(rotvec: Tensor) -> Tensor:
    """V(w) of the exponential map: 1 + (1 - cos a)/a^2 W + (a - sin a)/a^3 W^2, by series near zero."""
    squared = (rotvec * rotvec).sum(-1)[..., None, None]
    small = squared < _SMALL_ANGLE.get(rotvec.dtype, 1e-2) ** 2
    safe = torch.where(small, torch.ones_like(squared), squared)  # keeps the unused branch's gradient finite
    angle = safe.sqrt()
    b = torch.where(small, 0.5 - squared / 24, (1 - angle.cos()) / safe)
    c = torch.where(small, 1 / 6 - squared / 120, (angle - angle.sin()) / (safe * angle))
    W = _skew(rotvec)
    return torch.eye(3, dtype=rotvec.dtype, device=rotvec.device) + b * W + c * (W @ W)


def _skew(w: Tensor) -> Tensor:
    x, y, z = w.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).reshape(*w.shape[:-1], 3, 3)


def _to_xyzw(wxyz: Tensor) -> Tensor:
    return wxyz[..., [1, 2, 3, 0]]


def _to_wxyz(xyzw: Tensor) -> Tensor:
    return xyzw[..., [3, 0, 1, 2]]
