"""A small shot with its frames, made here so that the report's tests stand on nothing but the two nouns."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.run_record import RunRecord
from kinoeye.evaluation import PoseScore, score_poses
from kinoeye.footage import Layer, Take
from kinoeye.footage.video import write_video
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.language import Action, ActorMention, Anchor, Move, Plan, UnusedWords, compile_path
from kinoeye.render import ShotSolids
from kinoeye.shot import Actor, Avatar, Shot
from kinoeye.shot.checks import CheckReport, check
from kinoeye.studio.report import Report, report_html

SENTENCE = "The camera moves forward while yawing left, then orbits right around the red robot, cinematically."
SIZE_WH = (96, 64)
ROBOT_XYZ = (3.2, 0.6, 0.0)


def make_plan() -> Plan:
    return Plan(
        moves=(
            Move((Action("dolly", "forward", amount=1.5), Action("yaw", "left", amount=math.radians(25)))),
            Move((Action("orbit", "right", target="red robot"),)),
        ),
        actors=(
            ActorMention(
                "red robot", "the red robot", "robot", "red", start=SENTENCE.index("red"), end=SENTENCE.index(", cin")
            ),
        ),
        unused=(UnusedWords("cinematically", SENTENCE.index("cin"), len(SENTENCE) - 1, "cinematic"),),
        text=SENTENCE,
    )


def make_camera(plan: Plan, *, num_frames: int = 49) -> Trajectory:
    start = np.array([[0.0, 0.0, 1.0, -2.0], [-1.0, 0.0, 0.0, -1.0], [0.0, -1.0, 0.0, 1.4], [0.0, 0.0, 0.0, 1.0]])
    anchors = {"red robot": Anchor(ROBOT_XYZ, (0.5, 0.8, 1.8))}
    path = compile_path(plan, anchors=anchors, start=start, num_frames=num_frames, fps=24)
    track = Track(SE3.from_matrix(torch.from_numpy(path.T_world_cam)), torch.from_numpy(path.times_s))
    return Trajectory(track, Intrinsics.from_fov(torch.from_numpy(path.fov_x), SIZE_WH))


def make_actor(name: str, shape: str, xyz: tuple[float, float, float], rgb: tuple[float, float, float]) -> Actor:
    poses = SE3(torch.tensor([[1.0, 0.0, 0.0, 0.0, *xyz], [1.0, 0.0, 0.0, 0.0, xyz[0], xyz[1] + 0.5, xyz[2]]]).double())
    track = Track(poses, torch.tensor([0.0, 2.0]).double())
    size = (0.5, 0.8, 1.8) if shape == "robot" else (0.7, 0.7, 0.7)
    avatar = Avatar(shape=shape, color_rgb=rgb)
    return Actor(name=name, prompt=f"a {name}", category="agent", size_xyz=size, track=track, avatar=avatar)


def paint(camera: Trajectory, actors: tuple[Actor, ...]) -> np.ndarray:
    """Frames [n, h, w, 3] of a checkered ground under a sky, with a ball in the middle of each actor's box."""
    width, height = camera.size_wh
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    frames = []
    for pose, K in zip(camera.T_world_cam.as_matrix().numpy(), camera.intrinsics.fx_fy_cx_cy.numpy(), strict=True):
        rays = np.stack([(u - K[2]) / K[0], (v - K[3]) / K[1], np.ones_like(u)], -1) @ pose[:3, :3].T
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        distance = np.where(rays[..., 2] < 0, -pose[2, 3] / np.minimum(rays[..., 2], -1e-9), np.inf)
        ground = pose[:2, 3] + rays[..., :2] * np.where(np.isfinite(distance), distance, 0)[..., None]
        tile = (np.floor(ground).sum(-1) % 2).astype(int)
        image = np.where(np.isfinite(distance)[..., None], np.array([[96, 98, 104], [150, 150, 146]])[tile], 205)
        for actor in actors:
            centre = (
                actor.track.T_world_body.translation[0].numpy() + np.array([0, 0, actor.size_xyz[2] / 2]) - pose[:3, 3]
            )
            along = rays @ centre
            hit = (np.linalg.norm(rays * along[..., None] - centre, axis=-1) < actor.size_xyz[2] / 3) & (along > 0)
            image = np.where(hit[..., None], np.array(actor.avatar.color_rgb) * 255, image)
        frames.append(image.astype(np.uint8))
    return np.stack(frames)


@pytest.fixture(scope="session")
def plan() -> Plan:
    return make_plan()


@pytest.fixture(scope="session")
def shot(plan: Plan) -> Shot:
    actors = (
        make_actor("red robot", "robot", ROBOT_XYZ, (0.82, 0.16, 0.14)),
        make_actor("blue sphere", "sphere", (1.6, -1.6, 0.0), (0.15, 0.35, 0.8)),
    )
    return Shot(camera=make_camera(plan), actors=actors, prompt=SENTENCE, seed=7)


@pytest.fixture(scope="session")
def guide(shot: Shot) -> Take:
    frames = paint(shot.camera, shot.actors)
    red = (frames[..., 0] > frames[..., 2] + 60).astype(np.uint8)
    blue = (frames[..., 2] > frames[..., 0] + 60).astype(np.uint8)
    depth = np.where(red > 0, 3.0, np.inf).astype(np.float32)
    layers = {"rgb": frames, "instance": red + 2 * blue, "depth": depth}
    return Take(
        times_s=shot.camera.times_s.numpy(),
        layers={name: Layer(values, "truth") for name, values in layers.items()},
        cameras={"truth": shot.camera},
    )


@pytest.fixture(scope="session")
def estimate(shot: Shot) -> Trajectory:
    """The camera with smooth error, in the frame of its first pose."""
    times = shot.camera.times_s
    wobble = torch.stack([(k * times).sin() * 0.02 for k in (1.1, 1.7, 2.3, 2.9, 3.1, 3.7)], dim=-1)
    poses = shot.camera.T_world_cam[:1].inverse() @ shot.camera.T_world_cam @ SE3.exp(wobble)
    return Trajectory(Track(poses, times), shot.camera.intrinsics)


@pytest.fixture(scope="session")
def score(shot: Shot, estimate: Trajectory) -> PoseScore:
    return score_poses(shot.camera.track, estimate.track)


@pytest.fixture(scope="session")
def checks(shot: Shot) -> CheckReport:
    return check(shot, surroundings=ShotSolids)


@pytest.fixture(scope="session")
def video(guide: Take, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "guide.mp4"
    write_video(path, guide.rgb.values, fps=24)
    return path


@pytest.fixture(scope="session")
def cameras(shot: Shot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("camera")
    text, binary = folder / "tum.txt", folder / "camera.bin"
    text.write_text("\n".join(" ".join(map(str, row)) for row in shot.camera.T_world_cam.wxyz_xyz.tolist()))
    binary.write_bytes(bytes(range(256)))
    return {"tum": text, "binary": binary}


@pytest.fixture(scope="session")
def report(
    shot: Shot,
    plan: Plan,
    guide: Take,
    estimate: Trajectory,
    score: PoseScore,
    checks: CheckReport,
    video: Path,
    cameras: dict[str, Path],
) -> Report:
    return Report(
        shot=shot,
        plan=plan,
        guide=guide,
        video=video,
        estimate=estimate,
        estimate_source="estimated:wobble",
        score=score,
        checks=checks,
        cameras=cameras,
        run=RunRecord(argv=("shoot", SENTENCE, "-o", "out/demo"), seeds={"world_seed": 7}, versions={"python": "3.11"}),
    )


@pytest.fixture(scope="session")
def page(report: Report) -> str:
    return report_html(report)
