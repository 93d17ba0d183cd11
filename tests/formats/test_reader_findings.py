"""What only readers can see: angles in the wrong unit and images of several sizes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path

POSE = np.eye(4).tolist()


def codes(table: PathTable) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {row.code: (row.severity, row.frames) for row in table.diagnose() if row.severity != "hint"}


def accepted(table: PathTable) -> PathTable:
    with pytest.raises(InputError, match="--repair degrees"):
        table.require_sound()
    mended = table.repair("degrees")
    mended.require_sound()
    assert "accepted: " in mended.notes[-1]
    return mended


def test_a_camera_angle_in_degrees(tmp_path: Path):
    file = tmp_path / "transforms.json"
    for angle in (60.0, math.radians(60)):
        frames = [{"transform_matrix": POSE}, {"transform_matrix": POSE}]
        file.write_text(json.dumps({"w": 64, "h": 48, "camera_angle_x": angle, "frames": frames}))
        table = read_path(file)
        assert ("degrees" in codes(table)) == (angle == 60)
        table = accepted(table) if angle == 60 else table
        assert table.fov_deg is not None
        assert table.fov_deg[0, 0] == pytest.approx(60)


def test_a_field_of_view_in_radians(tmp_path: Path):
    file = tmp_path / "camera_path.json"
    flat = np.eye(4).ravel().tolist()
    for angle in (math.radians(50), 50.0):
        path = [{"camera_to_world": flat, "fov": angle, "aspect": 1.5}] * 2
        file.write_text(json.dumps({"render_width": 60, "render_height": 40, "camera_path": path, "keyframes": []}))
        table = read_path(file)
        assert ("degrees" in codes(table)) == (angle != 50)
        table = accepted(table) if angle != 50 else table
        assert table.fov_deg is not None
        assert table.fov_deg[0, 1] == pytest.approx(50)


def test_rotation_vectors_in_degrees(tmp_path: Path):
    shots = {
        f"{i}.jpg": {"camera": "c", "rotation": [0, 30.0 * i, 0], "translation": [0, 0, 0], "capture_time": i}
        for i in range(3)
    }
    camera = {"projection_type": "perspective", "width": 64, "height": 48, "focal": 0.9}
    file = tmp_path / "reconstruction.json"
    file.write_text(json.dumps([{"cameras": {"c": camera}, "shots": shots, "points": {}}]))
    table = read_path(file)
    assert codes(table)["degrees"] == ("error", (1, 2))
    poses = accepted(table).T_world_cam
    turned = [math.degrees(math.acos((np.trace(poses[0, :, :3].T @ pose[:, :3]) - 1) / 2)) for pose in poses[1:]]
    np.testing.assert_allclose(turned, [30, 60])


def test_bundle_adjustment_rotations_in_degrees(tmp_path: Path):
    file = tmp_path / "problem.txt"
    cameras = "\n".join(f"0\n{angle}\n0\n0\n0\n0\n500\n0\n0" for angle in (0, 90))
    file.write_text(f"2 1 2\n0 0 1.0 2.0\n1 0 1.0 2.0\n{cameras}\n1\n2\n3\n")
    table = read_path(file)
    assert codes(table)["degrees"] == ("error", (1,))
    np.testing.assert_allclose(accepted(table).matrices[1, :, 0], [0, 0, -1], atol=1e-12)


def test_images_of_several_sizes(tmp_path: Path):
    (tmp_path / "cameras.txt").write_text("1 PINHOLE 64 48 50 50 32 24\n2 PINHOLE 32 24 25 25 16 12\n")
    rows = [f"{i} 1 0 0 0 0 0 {i} {1 + (i == 2)} {i}.png\n" for i in (1, 2, 3)]
    (tmp_path / "images.txt").write_text("\n".join(rows) + "\n")
    table = read_path(tmp_path)
    assert codes(table) == {"mixed-sizes": ("warning", (1,))}
    assert table.size_wh == (1, 1)
    np.testing.assert_allclose(table.fov_deg[0], table.fov_deg[1])  # type: ignore[index]


def test_pose_graph_angles_in_degrees(tmp_path: Path):
    file = tmp_path / "graph.txt"
    file.write_text("VERTEX3 0 0 0 0 0 0 0\nVERTEX3 1 1 0 0 0 0 90\n")
    table = read_path(file)
    assert codes(table)["degrees"] == ("error", (1,))
    np.testing.assert_allclose(accepted(table).matrices[1, :, 0], [0, 1, 0], atol=1e-12)
