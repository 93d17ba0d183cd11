"""DataDoP shots out of our own worlds: a camera path of random moves through a world, and its first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.base.records import to_json
from kinoeye.datasets.datadop_files import RawPath, write_captions, write_frame, write_raw_path, write_transforms
from kinoeye.datasets.datadop_layout import FRAMES, MAX_TOKENS, WIDTH, least_tokens
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.language.captions import caption
from kinoeye.language.compiler import compile_path
from kinoeye.language.motion.path import Anchor
from kinoeye.language.motion.timing import natural_duration
from kinoeye.language.plan import Action, Move, Plan
from kinoeye.language.prose import with_article
from kinoeye.language.sampling import random_plan
from kinoeye.language.tags import NOMINAL_FPS, motion_tags, segments
from kinoeye.render import ShotSolids, render, world
from kinoeye.render.worlds import MAX_SEED
from kinoeye.shot.captions.interaction import SubjectStory, interaction_captions
from kinoeye.shot.captions.story import story_of
from kinoeye.shot.shot import Shot

SIZE_WH = (WIDTH, 288)
SKY_DEPTH_M = 200.0
"""Depth of the sky, and the largest of anything else: the layout holds finite depth alone."""
CLEARANCE_M = 0.3
"""Least distance between the camera and anything."""
_TRIES, _WORDINGS = 60, 8
_ONE_LENS = {"zoom", "dolly_zoom"}
"""Moves that change the focal length, of which a shot of DataDoP has one."""


@dataclass(frozen=True)
class FilmWorld:
    """A world by its seed becomes the files of a shot."""

    folder: Path
    """Where the files go, each under its item's name."""
    name: str = "film-world"
    version: str = "1"

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Film the world of this seed."""
        rng = np.random.default_rng([seed, 0xD0B])
        scene = world("train", seed % MAX_SEED, num_frames=2, size_wh=SIZE_WH, static=True)
        directed = _direct(scene, rng)
        if directed is None:
            return Failure(f"none of {_TRIES} plans keeps clear of everything")
        plan, shot = directed
        poses = shot.camera.T_world_cam.as_matrix().numpy()
        relative = np.linalg.inv(poses[0]) @ poses
        K = shot.camera.intrinsics.as_matrix()[0].numpy()
        base = self.folder / item.name
        rgb, depth, instance = _first_frame(shot)
        files = write_frame(base, rgb, depth)
        numbers = np.arange(FRAMES)
        files |= write_raw_path(
            base, RawPath(T_world_cam=relative, K=np.broadcast_to(K, (FRAMES, 3, 3)), numbers=numbers)
        )
        files |= write_transforms(base, relative, K, SIZE_WH)
        found = segments(motion_tags(relative))
        story, place = _story(shot, instance), shot.environment.name
        files |= write_captions(base, {"Movement": caption(found), **_interactions(found, story, place, rng)})
        facts = {
            "world_seed": seed % MAX_SEED,
            "moves": [[f"{action.kind} {action.direction}".strip() for action in move.actions] for move in plan.moves],
            "segments": to_json(found),
            "subject": story.subject,
            "place": place,
        }
        return Item(item.name, facts, files)


def _direct(scene: Shot, rng: np.random.Generator) -> tuple[Plan, Shot] | None:
    """A random plan from the scene's first camera that keeps clear of everything, and the shot of it."""
    solids = ShotSolids(scene)
    start = scene.camera.T_world_cam.as_matrix().numpy()[0]
    lens = scene.camera.intrinsics
    subject = scene.actors[0]
    position = tuple(subject.track.T_world_body.translation[0].tolist())
    anchors = {subject.name: Anchor(position, subject.size_xyz)}
    for _ in range(_TRIES):
        plan = _fitted(_about(random_plan(rng, fps=NOMINAL_FPS), subject.name))
        if plan is None:
            continue
        path = compile_path(
            plan, anchors=anchors, start=start, num_frames=FRAMES, fps=NOMINAL_FPS, fov_x=float(lens.fov()[0, 0])
        )
        eyes = np.ascontiguousarray(path.T_world_cam[:, :3, 3])
        near, _ = solids.distances(np.zeros(len(eyes)), eyes)
        if min(near.min(), eyes[:, 2].min()) < CLEARANCE_M:
            continue
        track = Track(SE3.from_matrix(torch.from_numpy(path.T_world_cam)), torch.from_numpy(path.times_s))
        return plan, scene.with_camera(Trajectory(track, Intrinsics(lens.fx_fy_cx_cy[0], lens.size_wh)))
    return None


def _about(plan: Plan, subject: str) -> Plan:
    """The plan with its orbits around a subject."""

    def aimed(action: Action) -> Action:
        return replace(action, target=subject) if action.kind == "orbit" else action

    return replace(plan, moves=tuple(replace(move, actions=tuple(map(aimed, move.actions))) for move in plan.moves))


def _fitted(plan: Plan) -> Plan | None:
    """The plan at the length of a shot; None for one that changes the lens or never moves."""
    if any(action.kind in _ONE_LENS for move in plan.moves for action in move.actions):
        return None
    if all(move.is_hold for move in plan.moves):
        return None
    natural = [natural_duration(move) for move in plan.moves]
    factor = (FRAMES - 1) / NOMINAL_FPS / sum(natural)

    def lasting(move: Move, seconds: float) -> Move:
        return replace(move, duration_s=seconds * factor)

    return replace(plan, moves=tuple(map(lasting, plan.moves, natural)))


def _first_frame(shot: Shot) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.uint8]]:
    """Frame [h, w, 3], depth [h, w] and mask ids [h, w] of the first pose."""
    take = render(shot, layers=("rgb", "depth", "instance"), times_s=shot.camera.times_s[:1].tolist(), samples=2)
    rgb, depth, instance = (take.layers[name].values[0] for name in ("rgb", "depth", "instance"))
    return rgb, np.minimum(depth, np.float32(SKY_DEPTH_M)), instance


def _interactions(
    found: Sequence[tuple[int, int, int]], story: SubjectStory, place: str, rng: np.random.Generator
) -> dict[str, str]:
    """Interaction captions that a text encoder reads whole: without the bystanders, and in other words, if need be."""
    captions = interaction_captions(found, story, rng)
    alone = replace(story, others=(), place=with_article(place))
    for _ in range(_WORDINGS):
        if max(map(least_tokens, captions.values())) <= MAX_TOKENS:
            break
        captions = interaction_captions(found, alone, rng)
    return captions


def _story(shot: Shot, instance: NDArray[np.uint8]) -> SubjectStory:
    """What the first and the last frame show, of the actor that has the most pixels in the first."""
    pixels = {actor.name: int((instance == shot.mask_id(actor.name)).sum()) for actor in shot.actors}
    subject = max(shot.actors, key=lambda actor: pixels[actor.name])
    others = [actor for actor in shot.actors if actor is not subject and pixels[actor.name] > 0]
    return story_of(shot, subject, others, shot.environment.prompt)
