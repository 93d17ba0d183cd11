"""A shot, and films of it, that the tests of users' own films share; rendered once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from kinoeye.evaluation.filmed import Filmed, filmed_of_shot
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render.film import render
from kinoeye.render.worlds import world
from kinoeye.shot.shot import Shot

SIZE_WH = (96, 96)
SEEDS = (2, 3)


@cache
def shot_of_tests(number: int = 0) -> Shot:
    """A world of two people before a camera that moves, in six frames."""
    return world("eval", SEEDS[number], num_frames=6, fps=8.0, size_wh=SIZE_WH, distribution="worlds-v1-people")


@cache
def film_of_tests(number: int = 0) -> np.ndarray:
    """Its true film."""
    return render(shot_of_tests(number), layers=(), samples=2).rgb.values


@cache
def place_of_tests() -> np.ndarray:
    """The first film without people."""
    return render(replace(shot_of_tests(), actors=()), layers=(), samples=2).rgb.values


@cache
def moved_of_tests() -> tuple[np.ndarray, np.ndarray]:
    """A film of the first shot by a camera that stands 0.3 m aside and is turned by 4 degrees, and its poses."""
    camera = shot_of_tests().camera
    aside = np.eye(4)
    cosine, sine = np.cos(np.radians(4)), np.sin(np.radians(4))
    aside[:3, :3] = [[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]
    aside[0, 3] = -0.3
    poses = camera.T_world_cam.as_matrix().numpy() @ aside
    path = Trajectory(Track(SE3.from_matrix(torch.from_numpy(poses)), camera.times_s), camera.intrinsics)
    return render(shot_of_tests().with_camera(path), layers=(), samples=2).rgb.values, poses


@cache
def filmed_of_tests() -> Filmed:
    """What the first film was made of, with the film as the true one."""
    shot = shot_of_tests()
    filmed = filmed_of_shot(shot, shot.camera.times_s.double().numpy(), SIZE_WH)
    return replace(filmed, true_rgb=film_of_tests())
