"""Pinhole intrinsics in pixels of a stated size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Intrinsics:
    """Focal lengths and principal points of pinhole cameras; pixel centres are at +0.5.

    Example:
        >>> K = Intrinsics.from_fov(math.radians(90), (640, 480))
        >>> K.fx_fy_cx_cy.round(decimals=6).tolist()
        [320.0, 320.0, 320.0, 240.0]
    """

    fx_fy_cx_cy: Float[Tensor, "*batch 4"]
    """Focal lengths and principal point in pixels of `size_wh`."""
    size_wh: tuple[int, int]
    """Width and height of the image in pixels; (1, 1) means normalised."""

    @staticmethod
    def from_fov(fov_x: float | Tensor, size_wh: tuple[int, int]) -> Intrinsics:
        """Square pixels, centred, from the horizontal field of view in radians ([*batch] or a number).

        Raises:
            ValueError: the field of view is not between 0 and pi.
        """
        fov = torch.as_tensor(fov_x, dtype=torch.float64)
        if not bool(((fov > 0) & (fov < math.pi)).all()):
            raise ValueError(f"a field of view of {fov_x} rad is not between 0 and pi")
        return Intrinsics._centred(size_wh[0] / (2 * torch.tan(fov / 2)), size_wh)

    @staticmethod
    def from_focal_mm(
        focal_mm: float | Tensor, size_wh: tuple[int, int], *, sensor_width_mm: float = 36.0
    ) -> Intrinsics:
        """Square pixels, centred, from a lens in millimetres on a sensor of the given width (36 mm: full frame)."""
        return Intrinsics._centred(
            torch.as_tensor(focal_mm, dtype=torch.float64) * size_wh[0] / sensor_width_mm, size_wh
        )

    @staticmethod
    def from_matrix(K: Float[Tensor, "*batch 3 3"], size_wh: tuple[int, int]) -> Intrinsics:
        """From calibration matrices without skew, in pixels of `size_wh`."""
        return Intrinsics(torch.stack([K[..., 0, 0], K[..., 1, 1], K[..., 0, 2], K[..., 1, 2]], dim=-1), size_wh)

    @staticmethod
    def _centred(focal: Tensor, size_wh: tuple[int, int]) -> Intrinsics:
        width, height = size_wh
        centre = torch.tensor([width / 2, height / 2], dtype=torch.float64).expand(*focal.shape, 2)
        return Intrinsics(torch.cat([focal[..., None], focal[..., None], centre], dim=-1), size_wh)

    def as_matrix(self) -> Float[Tensor, "*batch 3 3"]:
        """Calibration matrices K in pixels of `size_wh`."""
        fx, fy, cx, cy = self.fx_fy_cx_cy.unbind(-1)
        zero, one = torch.zeros_like(fx), torch.ones_like(fx)
        return torch.stack([fx, zero, cx, zero, fy, cy, zero, zero, one], dim=-1).reshape(*fx.shape, 3, 3)

    def fov(self) -> Float[Tensor, "*batch 2"]:
        """Horizontal and vertical field of view in radians, also for a principal point off the centre."""
        fx, fy, cx, cy = self.fx_fy_cx_cy.unbind(-1)
        width, height = self.size_wh
        horizontal = torch.atan(cx / fx) + torch.atan((width - cx) / fx)
        return torch.stack([horizontal, torch.atan(cy / fy) + torch.atan((height - cy) / fy)], dim=-1)

    def focal_mm(self, *, sensor_width_mm: float = 36.0) -> Float[Tensor, "*batch"]:
        """Focal length in millimetres on a sensor of the given width."""
        return self.fx_fy_cx_cy[..., 0] * sensor_width_mm / self.size_wh[0]

    def resize(self, size_wh: tuple[int, int]) -> Intrinsics:
        """The same cameras for the image scaled to another size; (1, 1) normalises."""
        sx, sy = size_wh[0] / self.size_wh[0], size_wh[1] / self.size_wh[1]
        return Intrinsics(self.fx_fy_cx_cy * self.fx_fy_cx_cy.new_tensor([sx, sy, sx, sy]), size_wh)

    def crop(self, box: tuple[int, int, int, int]) -> Intrinsics:
        """The same cameras for the part of the image in `box` = (left, top, width, height), in pixels of `size_wh`."""
        left, top, width, height = box
        if width <= 0 or height <= 0:
            raise ValueError(f"crop box {box} has no area; it is (left, top, width, height)")
        return Intrinsics(self.fx_fy_cx_cy - self.fx_fy_cx_cy.new_tensor([0.0, 0.0, left, top]), (width, height))
