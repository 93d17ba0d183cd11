"""Published pose errors by name: each a formula, a unit, and one value a pose.

In the formulas T_i is pose i of the reference and E_i pose i of the estimate after alignment, both body-to-world;
R and t are their rotations and translations; angle(R) is the geodesic distance from the identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the protocols leave open."""

    delta: int = 1
    """Frames between the two poses of a relative pose error."""
    min_displacement: float | None = None
    """Poses of the reference nearer to its first one have no direction and no relative error; in its unit.

    None means 5 % of its path length.
    """

    def __post_init__(self) -> None:
        if self.delta < 1:
            raise ValueError(f"a relative pose error needs a delta of at least 1 frame; given {self.delta}")


@dataclass(frozen=True)
class PoseProtocol:
    """One named error of an estimate."""

    name: str
    unit: Literal["length", "deg", "%"]
    """"length" is the unit of the reference."""
    compute: Callable[[Track, Track, Settings], Float[Tensor, "n"]]
    """(reference, aligned estimate, settings) -> error of each pose or pair; NaN where it is not defined."""

    @property
    def description(self) -> str:
        """The formula, as the function's docstring states it."""
        return (self.compute.__doc__ or "").strip().splitlines()[0]


def path_length(track: Track) -> float:
    """Sum of the distances between successive origins, in the track's unit."""
    return float(track.T_world_body.translation.diff(dim=0).norm(dim=-1).sum())


def ate_translation(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "n"]:
    """Absolute trajectory error |t(E_i) - t(T_i)| (Sturm et al. 2012); its rmse is "the" ATE."""
    return (estimate.T_world_body.translation - reference.T_world_body.translation).norm(dim=-1)


def ape_rotation_deg(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "n"]:
    """Absolute rotation error angle(R(T_i)^-1 R(E_i)) in degrees, in the aligned world."""
    return (reference.T_world_body.rotation.inverse() @ estimate.T_world_body.rotation).angle().rad2deg()


def rpe_translation(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "m"]:
    """Relative pose error |t((T_i^-1 T_j)^-1 (E_i^-1 E_j))| with j = i + delta (Sturm et al. 2012)."""
    return _relative_error(reference, estimate, settings.delta).translation.norm(dim=-1)


def rpe_rotation_deg(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "m"]:
    """Relative rotation error angle(R((T_i^-1 T_j)^-1 (E_i^-1 E_j))) in degrees with j = i + delta."""
    return _relative_error(reference, estimate, settings.delta).rotation.angle().rad2deg()


def rotation_deg(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "n"]:
    """Rotation error since the first pose, angle(R(T_0^-1 T_i)^-1 R(E_0^-1 E_i)) in degrees; needs no alignment."""
    return (_since_first(reference).rotation.inverse() @ _since_first(estimate).rotation).angle().rad2deg()


def final_rotation_deg(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "1"]:
    """Rotation error since the first pose at the last one, in degrees."""
    return rotation_deg(reference, estimate, settings)[-1:]


def translation_percent(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "n"]:
    """Absolute trajectory error in percent of the reference's path length; undefined where the reference rests."""
    length = path_length(reference)
    errors = ate_translation(reference, estimate, settings)
    return 100 * errors / length if length > 0 else torch.full_like(errors, torch.nan)


def translation_direction_deg(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "n"]:
    """Angle in degrees between t(T_0^-1 T_i) and t(E_0^-1 E_i); an estimate that does not move counts as 180."""
    true, ours = _since_first(reference).translation, _since_first(estimate).translation
    sine = torch.linalg.cross(true, ours).norm(dim=-1)
    angle = torch.atan2(sine, (true * ours).sum(-1)).rad2deg()
    angle = torch.where(ours.norm(dim=-1) > 0, angle, torch.full_like(angle, 180.0))
    return torch.where(_moved(reference, settings), angle, torch.full_like(angle, torch.nan))


def displacement_percent(reference: Track, estimate: Track, settings: Settings) -> Float[Tensor, "n"]:
    """Error |t(E_0^-1 E_i) - t(T_0^-1 T_i)| in percent of |t(T_0^-1 T_i)|, for poses that have moved far enough."""
    true, ours = _since_first(reference).translation, _since_first(estimate).translation
    percent = 100 * (ours - true).norm(dim=-1) / true.norm(dim=-1)
    return torch.where(_moved(reference, settings), percent, torch.full_like(percent, torch.nan))


PROTOCOLS: Mapping[str, PoseProtocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            PoseProtocol("ate_translation", "length", ate_translation),
            PoseProtocol("ape_rotation_deg", "deg", ape_rotation_deg),
            PoseProtocol("rpe_translation", "length", rpe_translation),
            PoseProtocol("rpe_rotation_deg", "deg", rpe_rotation_deg),
            PoseProtocol("rotation_deg", "deg", rotation_deg),
            PoseProtocol("final_rotation_deg", "deg", final_rotation_deg),
            PoseProtocol("translation_percent", "%", translation_percent),
            PoseProtocol("displacement_percent", "%", displacement_percent),
            PoseProtocol("translation_direction_deg", "deg", translation_direction_deg),
        )
    }
)
"""Name -> protocol, in the order of a report."""


def _since_first(track: Track) -> SE3:
    return track.T_world_body[:1].inverse() @ track.T_world_body


def _moved(track: Track, settings: Settings) -> Bool[Tensor, "n"]:
    least = 0.05 * path_length(track) if settings.min_displacement is None else settings.min_displacement
    return _since_first(track).translation.norm(dim=-1) > max(least, 1e-12)


def _relative_error(reference: Track, estimate: Track, delta: int) -> SE3:
    steps = [t.T_world_body[:-delta].inverse() @ t.T_world_body[delta:] for t in (reference, estimate)]
    return steps[0].inverse() @ steps[1]
