"""Timed poses of anything rigid, and of cameras."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.geometry.interpolation import bracket, interpolate
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3

Unit = Literal["m", "arbitrary"]
Up = Literal["z"] | None


@dataclass(frozen=True)
class Track:
    """Poses of a rigid body over time; sampled at times, never by index.

    Example:
        >>> track = Track(SE3.identity(2), torch.tensor([0.0, 1.0], dtype=torch.float64))
        >>> len(track.at(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)))
        3
    """

    T_world_body: SE3
    """Body-to-world poses, batch [n]."""
    times_s: Float[Tensor, "n"]
    """Strictly increasing, in seconds."""
    unit: Unit = "m"
    """"m", or "arbitrary" for a path of unknown scale."""
    up: Up = "z"
    """"z" where the world's +z points up; None where its vertical is not known."""

    def __post_init__(self) -> None:
        count = self.times_s.shape[0]
        if self.T_world_body.batch_shape != (count,):
            raise ValueError(
                f"{tuple(self.T_world_body.batch_shape)} poses for {count} times; one pose a time is needed"
            )
        if count == 0:
            raise ValueError("a track needs at least one pose")
        if not bool((self.times_s.diff() > 0).all()):
            raise ValueError("times of a track must increase strictly")

    def __len__(self) -> int:
        """Number of poses."""
        return self.times_s.shape[0]

    @property
    def duration_s(self) -> float:
        """Seconds from the first pose to the last."""
        return float(self.times_s[-1] - self.times_s[0])

    def at(self, times_s: Float[Tensor, "m"]) -> Track:
        """The poses at other times: shortest-arc slerp and linear translation between samples, held at the ends."""
        if len(self) == 1:
            return replace(self, T_world_body=SE3(self.T_world_body.wxyz_xyz.expand(len(times_s), 7)), times_s=times_s)
        before, fraction = bracket(self.times_s, times_s)
        pose = interpolate(self.T_world_body[before], self.T_world_body[before + 1], fraction)
        return replace(self, T_world_body=pose, times_s=times_s)

    def relative_to(self, other: Track) -> Track:
        """The poses of this body in the frame of another, T_other_body, at this track's times.

        Raises:
            ValueError: the units differ.
        """
        if self.unit != other.unit:
            raise ValueError(f"a track in {self.unit!r} cannot be expressed in one in {other.unit!r}")
        return replace(self, T_world_body=other.at(self.times_s).T_world_body.inverse() @ self.T_world_body, up=None)

    def moved_by(self, T_new_world: SE3, *, up: Up = None) -> Track:
        """The same motion with the world's frame exchanged: every pose becomes T_new_world @ T_world_body.

        Args:
            T_new_world: the change of frame.
            up: what the new world's vertical is.
        """
        return replace(self, T_world_body=T_new_world @ self.T_world_body, up=up)

    def scaled_by(self, scale: float, *, unit: Unit | None = None) -> Track:
        """The same path with every translation multiplied by `scale`, and its unit renamed if given."""
        pose = SE3.from_parts(self.T_world_body.rotation, self.T_world_body.translation * scale)
        return replace(self, T_world_body=pose, unit=unit or self.unit)


@dataclass(frozen=True)
class Trajectory:
    """A camera over time: a track of OpenCV camera poses and the intrinsics."""

    track: Track
    """T_world_cam over time."""
    intrinsics: Intrinsics
    """One camera (batch []) or one a pose (batch [n])."""

    def __post_init__(self) -> None:
        batch = self.intrinsics.fx_fy_cx_cy.shape[:-1]
        if batch == ():
            per_pose = self.intrinsics.fx_fy_cx_cy.expand(len(self.track), 4)
            object.__setattr__(self, "intrinsics", Intrinsics(per_pose, self.intrinsics.size_wh))
        elif batch != (len(self.track),):
            raise ValueError(f"{tuple(batch)} intrinsics for {len(self.track)} poses; give one, or one a pose")

    def __len__(self) -> int:
        """Number of poses."""
        return len(self.track)

    @property
    def T_world_cam(self) -> SE3:
        """Camera-to-world poses, batch [n]."""
        return self.track.T_world_body

    @property
    def times_s(self) -> Float[Tensor, "n"]:
        """Times of the poses in seconds."""
        return self.track.times_s

    @property
    def size_wh(self) -> tuple[int, int]:
        """Size of the image that the intrinsics are stated for."""
        return self.intrinsics.size_wh

    def at(self, times_s: Float[Tensor, "m"]) -> Trajectory:
        """The camera at other times; intrinsics are interpolated linearly, ends are held."""
        values = self.intrinsics.fx_fy_cx_cy
        if len(self) == 1:
            values = values.expand(len(times_s), 4)
        else:
            before, fraction = bracket(self.times_s, times_s)
            values = torch.lerp(values[before], values[before + 1], fraction[:, None].to(values.dtype))
        return Trajectory(self.track.at(times_s), Intrinsics(values, self.size_wh))

    def resize(self, size_wh: tuple[int, int]) -> Trajectory:
        """The same camera for the image scaled to another size."""
        return replace(self, intrinsics=self.intrinsics.resize(size_wh))

    def crop(self, box: tuple[int, int, int, int]) -> Trajectory:
        """The same camera for the part of the image in `box` = (left, top, width, height)."""
        return replace(self, intrinsics=self.intrinsics.crop(box))
