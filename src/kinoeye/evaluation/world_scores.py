"""Directed paths in worlds: what they run into, and whether they keep their subject in the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.base.failure import Failure
from kinoeye.evaluation.clatr_scores import match_scale
from kinoeye.evaluation.measurement import Measurement
from kinoeye.evaluation.path_tags import count_tags, poses_of, tag_measurements
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.track import Trajectory
from kinoeye.language.compiler import compile  # noqa: A004 - the verb of the design
from kinoeye.language.director import Directed
from kinoeye.language.explain import describe
from kinoeye.language.plan import Action, Move, Plan
from kinoeye.render.shot_solids import ShotSolids
from kinoeye.render.worlds import sample_worlds
from kinoeye.shot.checks.occlusion import RAYS, visible_share
from kinoeye.shot.checks.runner import Checker
from kinoeye.shot.checks.shot_arrays import NEAR_M, ShotArrays
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging import anchors_from_first_camera, mention_of


@dataclass(frozen=True, kw_only=True)
class WorldItem:
    """A world that does not move, and a caption about somebody in it."""

    caption: str
    plan: Plan
    """What the caption asks for."""
    shot: Shot
    """Its first camera pose is where the directed path begins."""
    subject: str
    """Name of the actor that the caption is about."""


def world_items(world_seed: int, count: int) -> Iterator[WorldItem]:
    """Worlds of the eval stream with captions that keep a subject in view: orbits, pushes towards it, travels past it.

    Args:
        world_seed: of worlds and captions.
        count: how many.

    Raises:
        InputError: as `sample_worlds`.
    """
    rng = np.random.default_rng([world_seed, 0xD17EC7])
    for shot in sample_worlds("eval", world_seed, count, static=True):
        actor = shot.actors[0]
        plan = Plan(_moves(rng, actor.name), actors=(mention_of(actor),))
        yield WorldItem(caption=describe(plan), plan=plan, shot=shot, subject=actor.name)


def true_world_paths(items: Sequence[WorldItem]) -> list[Float64]:
    """The path [n, 4, 4] of each caption's plan around the true actors, camera-to-world, OpenCV axes, metres."""
    return [poses_of(compile(item.plan, anchors=anchors_from_first_camera(item.shot)).track) for item in items]


def score_in_worlds(
    directed: Sequence[Directed | Failure], items: Sequence[WorldItem], *, true: Sequence[Float64], seed: int = 0
) -> dict[str, Measurement]:
    """`collision_rate`, `framing_error` and `world_tag_f1` of directed paths; a failure is the worst in each.

    The tags are there because a camera at rest hits nothing and loses nobody.

    Args:
        directed: a path that begins at the identity for each item, or why there is none.
        items: the worlds.
        true: `true_world_paths` of the items.
        seed: of the intervals.
    """
    paths = [comparable(found, path) for found, path in zip(directed, true, strict=True)]
    collided, lost = [], []
    for found, item in zip(directed, items, strict=True):
        shot = None if isinstance(found, Failure) else in_world(found.path, item.shot)
        collided.append(1.0 if shot is None else float(collides(shot)))
        lost.append(1.0 if shot is None else framing_error(shot, item.subject))
    return {
        "collision_rate": Measurement.of_mean(collided, seed=seed),
        "framing_error": Measurement.of_mean(lost, seed=seed),
        "world_tag_f1": tag_measurements(count_tags(paths, true), seed=seed)["tag_f1"],
    }


def comparable(found: Directed | Failure, reference: Float64) -> Float64 | None:
    """The poses of a directed path at as many even times as its reference [n, 4, 4] has; None for a failure.

    A path of unknown scale is brought to that of its reference, because the thresholds of tags are lengths.
    """
    if isinstance(found, Failure):
        return None
    poses = poses_of(found.path.track, len(reference))
    return poses if found.path.track.unit == "m" else match_scale(poses, reference)


def in_world(path: Trajectory, shot: Shot) -> Shot | None:
    """The shot with a directed path in the place of its camera, from the same first pose; None without metric scale.

    The lens is the shot's, zoomed as the path zooms.
    """
    if path.track.unit != "m":
        return None
    track = path.track.moved_by(shot.camera.T_world_cam[0] @ path.T_world_cam[0].inverse(), up="z")
    zoom = path.intrinsics.fx_fy_cx_cy[..., :2] / path.intrinsics.fx_fy_cx_cy.reshape(-1, 4)[:1, :2]
    K = shot.camera.intrinsics.fx_fy_cx_cy.reshape(-1, 4)[:1].expand(len(path), 4).clone()
    K[:, :2] = K[:, :2] * zoom
    return shot.with_camera(Trajectory(track, Intrinsics(K, shot.camera.size_wh)))


def collides(shot: Shot) -> bool:
    """Whether the camera comes nearer to anything than `Limits.clearance`, at its frames or between them."""
    finding = Checker(only=("clearance",), surroundings=ShotSolids)(shot).find("clearance")
    return finding is not None and not finding.holds


def framing_error(shot: Shot, subject: str) -> float:
    """How far a subject is from the middle of the picture, 0 to 1, as the mean over frames.

    In each frame the larger of |x| and |y| of the middle of its box on the screen, in halves of the frame; 1 where that
    is outside, the box is not whole in front of the camera, or the subject is hidden completely.

    Raises:
        InputError: the shot has no such actor.
    """
    arrays = ShotArrays.of(shot, (subject,))
    about = arrays.subjects[0]
    centre = about.corners_cam.mean(axis=1)
    K, half = arrays.fx_fy_cx_cy, np.asarray(arrays.size_wh) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        xy = centre[:, :2] / centre[:, 2:] * K[:, :2] + K[:, 2:]
        aside = np.abs((xy - half) / half).max(axis=1)
    visible = visible_share(arrays, about, ShotSolids(shot), RAYS)
    seen = (about.corners_cam[..., 2] >= NEAR_M).all(axis=1) & (aside < 1) & (np.nan_to_num(visible) > 0)
    return float(np.where(seen, aside, 1.0).mean())


def _moves(rng: np.random.Generator, subject: str) -> tuple[Move, ...]:
    """An orbit, a push that an orbit may follow, or a travel that keeps its eye on the subject; most amounts open."""
    kind = str(rng.choice(["orbit", "push", "travel"], p=[0.35, 0.3, 0.35]))
    side = str(rng.choice(["left", "right"]))
    if kind == "orbit":
        amount = math.radians(int(rng.integers(20, 61))) if rng.random() < 0.5 else None
        return (Move((Action("orbit", side, amount=amount, target=subject),)),)
    if kind == "push":
        push = Move((Action("dolly", "forward", target=subject),))
        return (push, Move((Action("orbit", side, target=subject),))) if rng.random() < 0.5 else (push,)
    travels = (("truck", side), ("pedestal", str(rng.choice(["up", "down"]))),
               ("dolly", str(rng.choice(["forward", "backward"]))))  # fmt: skip
    chosen = sorted(rng.choice(len(travels), size=int(rng.integers(1, 3)), replace=False))
    return (Move((*(Action(*travels[index]) for index in chosen), Action("look_at", target=subject))),)
