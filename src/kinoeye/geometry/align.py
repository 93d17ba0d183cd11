"""Alignment of an estimated track to a reference: by the first pose, rigid, or similar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track

Alignment = Literal["none", "first", "se3", "sim3", "scale"]


@dataclass(frozen=True)
class Similarity:
    """A change of world: p_new = T_new_old @ (scale * p_old)."""

    T_new_old: SE3
    scale: float = 1.0

    def apply(self, track: Track) -> Track:
        """The track in the new world."""
        return track.scaled_by(self.scale).moved_by(self.T_new_old)


def umeyama(source: Float[Tensor, "n 3"], target: Float[Tensor, "n 3"], *, with_scale: bool) -> Similarity:
    """The similarity that minimises sum |target - s R source - t|^2 (Umeyama 1991, eqs. 40-43).

    Raises:
        ValueError: all source points coincide, so that no scale exists.
    """
    mean_s, mean_t = source.mean(0), target.mean(0)
    centred_s, centred_t = source - mean_s, target - mean_t
    U, D, Vh = torch.linalg.svd(centred_t.T @ centred_s / len(source))
    signs = torch.ones_like(D)
    signs[-1] = torch.sign(torch.linalg.det(U) * torch.linalg.det(Vh))
    R = U @ torch.diag(signs) @ Vh
    scale = 1.0
    if with_scale:
        variance = centred_s.square().sum() / len(source)
        if float(variance) <= 1e-24:
            raise ValueError("the estimate does not move and so has no scale; align it with 'se3' or 'first'")
        scale = float((D * signs).sum() / variance)
    return Similarity(SE3.from_parts(SO3.from_matrix(R), mean_t - scale * (R @ mean_s)), scale)


def alignment(estimate: Track, reference: Track, mode: Alignment) -> Similarity:
    """The change of world that brings an estimate onto a reference with the same times.

    Args:
        estimate: poses to move.
        reference: poses at the same times.
        mode: "none"; "first" makes the first poses equal; "se3" and "sim3" fit all origins (Umeyama 1991); "scale"
            makes the first poses equal and fits the scale of the origins by least squares.

    Raises:
        ValueError: the times differ, or a scale is asked of a track that does not move.
    """
    if len(estimate) != len(reference):
        raise ValueError(f"{len(estimate)} poses cannot be aligned to {len(reference)}: associate them by time first")
    if mode == "none":
        return Similarity(SE3.identity())
    if mode in ("se3", "sim3"):
        points = (estimate.T_world_body.translation, reference.T_world_body.translation)
        return umeyama(*points, with_scale=mode == "sim3")
    scale = _first_frame_scale(estimate, reference) if mode == "scale" else 1.0
    first = estimate.scaled_by(scale).T_world_body[0]
    return Similarity(reference.T_world_body[0] @ first.inverse(), scale)


def _first_frame_scale(estimate: Track, reference: Track) -> float:
    ours, theirs = ((t.T_world_body[:1].inverse() @ t.T_world_body).translation for t in (estimate, reference))
    power = float(ours.square().sum())
    if power <= 1e-24:
        raise ValueError("the estimate does not move and so has no scale; align it with 'first'")
    return float((ours * theirs).sum()) / power
