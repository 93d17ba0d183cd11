"""Keys of ViewCrafter and TrajectoryCrafter: filmed as the models film them, and written where they can be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import orbit, path
from scipy.interpolate import UnivariateSpline

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, write_path
from kinoeye.formats.paths import READERS
from kinoeye.formats.paths.file_head import file_head
from kinoeye.formats.paths.orbit_keys import interpolated
from kinoeye.geometry.convention import homogeneous, rotvec_to_matrix


def claims(file: Path) -> list[str]:
    """The formats that recognise a file."""
    return [name for name, reader in READERS.items() if reader.sniff(file_head(file))]


def viewcrafter(phi: float, theta: float, r: float) -> np.ndarray:
    """ViewCrafter's camera-to-world, whose world's y points up and z out of the picture, relative to zero keys."""
    anchor = np.diag([1.0, -1, -1, 1])
    anchor[2, 3] = 1.0
    moved = anchor.copy()
    moved[2, 3] += r
    turns = np.eye(4)
    turns[:3, :3] = rotvec_to_matrix(np.radians([0, phi, 0])) @ rotvec_to_matrix(np.radians([theta, 0, 0]))
    return np.linalg.inv(anchor) @ turns @ moved


def trajectorycrafter(theta: float, phi: float, r: float) -> np.ndarray:
    """The inverse of TrajectoryCrafter's world-to-camera, relative to zero keys."""

    def world_to_camera(theta: float, phi: float, r: float) -> np.ndarray:
        pose = np.diag([-1.0, 1, -1, 1])
        pose[2, 3] -= r
        turns = np.eye(4)
        turns[:3, :3] = rotvec_to_matrix(np.radians([0, phi, 0])) @ rotvec_to_matrix(np.radians([theta, 0, 0]))
        pose = turns @ pose
        pose[2, 3] += 1.0
        return pose

    return world_to_camera(0, 0, 0) @ np.linalg.inv(world_to_camera(theta, phi, r))


MODELS = {"phi-theta-r": (viewcrafter, 25), "theta-phi-r": (trajectorycrafter, 49)}


@pytest.mark.parametrize("name", MODELS)
def test_keys_are_filmed_as_the_model_films_them(name: str, real_data: Path):
    model, frames = MODELS[name]
    for file in (real_data / "phi_theta_r_txt").iterdir():
        lines = [np.array(line.split(), float) for line in file.read_text().strip().split("\n")]
        values = np.array([interpolated(line, frames) for line in lines])
        wanted = np.array([model(*keys) for keys in values.T])
        np.testing.assert_allclose(homogeneous(read_path(file, format=name).T_world_cam), wanted, atol=1e-12)


def test_keys_are_interpolated_as_the_models_do():
    np.testing.assert_allclose(interpolated(np.array([0.0, 4, 0]), 5), [0, 2, 4, 2, 0])
    values = interpolated(np.array([0.0, -3, -15, -20, -15, -3, 0]), 25)
    assert (values[0], values[-1]) == (0, 0)
    assert abs(values - interpolated(values, 25)).max() > 0.1  # it smooths: it does not go through its keys
    cubic = np.linspace(-1, 1, 9) ** 3
    np.testing.assert_allclose(interpolated(cubic, 9), cubic, atol=1e-12)  # but for a cubic


@pytest.mark.filterwarnings("ignore::UserWarning")  # that the smoothing is not reached exactly
@pytest.mark.parametrize("count", [4, 5, 7, 12, 16, 17, 18, 20, 25, 49])
def test_more_than_three_keys_are_smoothed_as_scipy_smooths_them(count: int):
    rng = np.random.default_rng(count)
    places = np.linspace(0, 1, count)
    half = rng.integers(-50, 50, size=(count + 1) // 2)
    for keys in (
        rng.normal(size=count),
        1e3 * rng.normal(size=count),
        np.round(40 * np.cumsum(rng.normal(size=count))),
        np.round(90 * np.sin(9 * places)),
        np.where(places > 0.4, 1e4, 0),
        np.concatenate([half, half[: count // 2][::-1]]).astype(float),  # rounding decides between its halves
        np.full(count, 3.0),
    ):
        wanted = UnivariateSpline(places, keys, k=3)(np.linspace(0, 1, 61))
        wanted[[0, -1]] = keys[[0, -1]]
        np.testing.assert_allclose(interpolated(keys, 61), wanted, atol=1e-7 * max(1, abs(keys).max()))


def test_key_directions_are_those_of_the_models_documents(tmp_path: Path):
    file = tmp_path / "keys.txt"
    right, down, forward = 0, 1, 2
    for name, text, axis, positive in (
        ("phi-theta-r", "0 30\n0 0\n0 0", right, True),
        ("phi-theta-r", "0 0\n0 -30\n0 0", down, False),
        ("phi-theta-r", "0 0\n0 0\n0 -0.3", forward, True),
        ("theta-phi-r", "0 30\n0 0\n0 0", down, False),
        ("theta-phi-r", "0 0\n0 30\n0 0", right, True),
        ("theta-phi-r", "0 0\n0 0\n0 0.3", forward, True),
    ):
        file.write_text(text)
        moved = read_path(file, format=name).T_world_cam[-1, :, 3]
        assert (moved[axis] > 0.1) == positive
        assert abs(np.delete(moved, [axis, forward])).max() < 1e-12


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0 3 10\n0 2 5\n0 -0.2", "phi-theta-r"),
        ("0 3 10\n0 2 5\n0 0", "phi-theta-r"),
        ("0 3 10\n0 2 5\n0 0.2", "theta-phi-r"),
        ("0 1 2 3 4 5 6 7\n0 1\n0 0.1", "theta-phi-r"),
        ("0 1 2 3 4 5 6 7\n0 1 2 3 4 5 6 7\n0 1 2 3 4 5 6 7", "theta-phi-r"),
        ("1 1 2 3 0 0 0 1\n2 1 2 3 0 0 0 1\n3 1 2 3 0 0 0 1", "tum"),
    ],
)
def test_three_lines_are_keys_of_one_model_or_poses(text: str, name: str, tmp_path: Path):
    (tmp_path / "a.txt").write_text(text)
    assert claims(tmp_path / "a.txt") == [name]


@given(
    n=st.sampled_from([2, 3, 7, 8, 12, 25, 49]),
    phi=st.floats(-400, 400).filter(lambda x: abs(x) > 1),
    theta=st.floats(-40, 40),
    elevation=st.floats(-40, 40),
    distance=st.sampled_from([1e-3, 1.0, 40.0]),
)
def test_orbits_are_written_for_viewcrafter_from_any_elevation(
    n: int, phi: float, theta: float, elevation: float, distance: float, tmp_path_factory: pytest.TempPathFactory
):
    file = tmp_path_factory.mktemp("orbit") / "a.phi-theta-r.txt"
    table = orbit(n, phi_deg=min(phi, 100.0 * (n - 1)), theta_deg=theta, elevation_deg=elevation)
    scaled = replace(table, matrices=table.matrices * [1, 1, 1, distance])
    text = " ".join(write_path(scaled, file))
    assert claims(file) == ["phi-theta-r"]
    np.testing.assert_allclose(read_path(file).T_world_cam, table.matrices, atol=1e-6)
    assert ("give ViewCrafter that --elevation" in text) == ("elevation" in file.read_text())


@given(data=st.data())
def test_paths_of_trajectorycrafter_are_written_exactly(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    n = data.draw(st.integers(2, 30))
    keys = st.tuples(st.floats(-60, 60), st.floats(5, 60), st.floats(-0.5, 0.6))
    end, world = data.draw(keys), data.draw(st.sampled_from([0.1, 3.0]))
    poses = np.array([trajectorycrafter(*(share * np.array(end))) for share in np.linspace(0, 1, n)])
    placed = homogeneous(rotvec_to_matrix(np.array([0.3, 1, 2])) @ np.eye(3, 4)) @ poses
    placed[:, :3, 3] = world * placed[:, :3, 3] + 5
    file = tmp_path_factory.mktemp("orbit") / "a.theta-phi-r.txt"
    write_path(replace(orbit(n), matrices=placed[:, :3]), file)
    np.testing.assert_allclose(homogeneous(read_path(file).T_world_cam), poses, atol=1e-7)


def test_keys_say_how_far_the_models_smoothing_departs(tmp_path: Path):
    level = orbit(49)
    assert not any("smooths" in warning for warning in write_path(level, tmp_path / "a.theta-phi-r.txt"))
    times = np.linspace(0, 1, 49)
    wavy = np.array([trajectorycrafter(0, 20 * np.sin(12 * t), 0)[:3] for t in times])
    text = " ".join(write_path(replace(level, matrices=wavy), tmp_path / "b.theta-phi-r.txt"))
    keys = np.array((tmp_path / "b.theta-phi-r.txt").read_text().split("\n")[1].split(), float)
    missed = abs(interpolated(keys, 49) - keys).max()
    assert f"TrajectoryCrafter smooths keys: its film departs from them by up to {missed:.2g} degrees" in text
    text = " ".join(write_path(orbit(30), tmp_path / "a.phi-theta-r.txt"))
    assert "ViewCrafter films 25 frames; the keys of 30 are written" in text


@pytest.mark.parametrize("name", MODELS)
def test_paths_that_keys_cannot_hold_are_refused_with_numbers(name: str, tmp_path: Path):
    film = path("push in while panning left")
    with pytest.raises(InputError, match=r"misses this path by [\d.e+]+ degrees and [\d.e+]+ of the distance|looks at"):
        write_path(film, tmp_path / "a.txt", format=name)
    turning = replace(orbit(9), matrices=orbit(9).matrices * [1, 1, 1, 0])
    with pytest.raises(InputError, match="turns in its place; write another format"):
        write_path(turning, tmp_path / "a.txt", format=name)
    with pytest.raises(InputError, match="looks at no point ahead"):
        write_path(replace(turning, matrices=orbit(9).matrices * [1, 1, 1, -1]), tmp_path / "a.txt", format=name)
    for count in (1, 501):
        with pytest.raises(InputError, match=rf"the path has {count} frames; .*resample:{MODELS[name][1]} "):
            write_path(orbit(count), tmp_path / "a.txt", format=name)
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("name", MODELS)
def test_a_straight_push_in_is_written_with_the_distance_that_was_assumed(name: str, tmp_path: Path):
    film = path("push in two metres")
    text = " ".join(write_path(film, tmp_path / "a.txt", format=name))
    assert "the camera never turns, so what it looks at is taken to be 4 ahead of the first" in text
    last = read_path(tmp_path / "a.txt", format=name).T_world_cam[-1, :, 3]
    np.testing.assert_allclose(last, [0, 0, 0.5], atol=1e-9)


def test_trajectorycrafter_has_no_orbit_about_the_vertical_of_a_tilted_camera(tmp_path: Path):
    table = orbit(25, phi_deg=50, elevation_deg=25)
    write_path(table, tmp_path / "a.phi-theta-r.txt")
    with pytest.raises(InputError, match="TrajectoryCrafter's keys describe"):
        write_path(table, tmp_path / "a.theta-phi-r.txt")
