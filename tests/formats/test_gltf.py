"""glTF cameras, held against trimesh and SciPy's interpolation."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import filmed
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, Slerp

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, read_paths, write_path
from kinoeye.geometry.convention import rotvec_to_matrix


def gltf(nodes: list[dict], tracks: list[tuple[int, str, str, np.ndarray, np.ndarray]], **extra: Any) -> dict[str, Any]:
    """A document with an embedded buffer; tracks are node, path, interpolation, times and values."""
    data, views, accessors = b"", [], []
    for _, _, _, times, values in tracks:
        for array in (times, values):
            array = np.asarray(array, "<f4")
            kind = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}[1 if array.ndim == 1 else array.shape[-1]]
            accessors.append({"bufferView": len(views), "componentType": 5126, "count": len(array), "type": kind})
            views.append({"buffer": 0, "byteOffset": len(data), "byteLength": array.nbytes})
            data += array.tobytes()
    samplers = [{"input": 2 * i, "output": 2 * i + 1, "interpolation": t[2]} for i, t in enumerate(tracks)]
    channels = [{"sampler": i, "target": {"node": t[0], "path": t[1]}} for i, t in enumerate(tracks)]
    return {
        "asset": {"version": "2.0"},
        "nodes": nodes,
        "cameras": [{"type": "perspective", "perspective": {"yfov": 0.8, "aspectRatio": 1.5, "znear": 0.1}}],
        **({"animations": [{"samplers": samplers, "channels": channels}]} if tracks else {}),
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [
            {"byteLength": len(data), "uri": "data:application/octet-stream;base64," + base64.b64encode(data).decode()}
        ],
        **extra,
    }


def save(document: dict[str, Any], file: Path) -> Path:
    file.write_text(json.dumps(document))
    return file


def test_a_static_hierarchy_equals_trimeshs(tmp_path: Path):
    trimesh = pytest.importorskip("trimesh")
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotvec_to_matrix(np.array([0.1, 0.2, 0.3])), [1, 2, 3]
    q = Rotation.from_rotvec([0.5, -0.4, 0.1]).as_quat().tolist()
    place = {"rotation": q, "translation": [7, 8, 9]}
    nodes = [
        {"name": "root", "matrix": matrix.T.ravel().tolist(), "children": [1]},
        {"name": "rig", "translation": [4, 5, 6], "rotation": q, "scale": [2, 2, 2], "children": [2, 3]},
        {"name": "eye", "camera": 0, **place},
        {"name": "twin", **place},  # trimesh hangs cameras on the world
    ]
    file = save(gltf(nodes, [], scenes=[{"nodes": [0]}], scene=0), tmp_path / "a.gltf")
    table = read_path(file)
    expected = trimesh.load_scene(file).graph.get("twin")[0]
    np.testing.assert_allclose(table.matrices[0, :, 3], expected[:3, 3], atol=1e-9)
    np.testing.assert_allclose(table.matrices[0, :, :3] * 2, expected[:3, :3], atol=1e-9)
    assert "scaled by 2" in " ".join(table.notes)
    assert (table.times_s, table.size_wh) == (None, (1, 1))
    np.testing.assert_allclose(table.fov_deg[0], np.degrees([2 * np.arctan(1.5 * np.tan(0.4)), 0.8]))  # type: ignore[index]
    assert table.near_far is not None
    assert table.near_far.tolist() == [[0.1, np.inf]]


def test_linear_keys_of_a_camera_are_its_frames(tmp_path: Path):
    times, turns = np.array([0.0, 1.0, 3.0]), Rotation.from_euler("y", [[0.0], [1.0], [-1.0]])
    places = np.array([[0, 0, 0], [1, 2, 3], [3, 2, 1.0]])
    nodes = [{"camera": 0, "name": "eye"}]
    tracks = [
        (0, "translation", "LINEAR", times[[0, 2]], places[[0, 2]]),
        (0, "rotation", "LINEAR", times, turns.as_quat()),
    ]
    table = read_path(save(gltf(nodes, tracks), tmp_path / "a.gltf"))
    assert table.times_s is not None
    np.testing.assert_array_equal(table.times_s, times)
    np.testing.assert_allclose(table.matrices[:, :, 3], [[0, 0, 0], [1, 2 / 3, 1 / 3], [3, 2, 1]], atol=1e-6)
    np.testing.assert_allclose(table.matrices[:, :, :3], turns.as_matrix(), atol=1e-6)


def test_keys_of_parents_and_splines_are_sampled_between(tmp_path: Path):
    times = np.array([0.0, 0.5, 2.0])
    turns = Rotation.from_euler("y", [[0.0], [1.2], [2.9]])
    rng = np.random.default_rng(0)
    triples = rng.normal(size=(3, 3, 3)).astype(np.float32).astype(float)  # in-tangent, value, out-tangent of each key
    nodes = [{"children": [1]}, {"camera": 0, "name": "eye", "rotation": [0, 0, 0, 1]}]
    tracks = [
        (0, "rotation", "LINEAR", times, turns.as_quat()),
        (1, "translation", "CUBICSPLINE", times, triples.reshape(9, 3)),
    ]
    table = read_path(save(gltf(nodes, tracks), tmp_path / "a.gltf"))
    assert table.times_s is not None
    assert len(table) == 49
    # Each piece of the spline leaves its first key by the out-tangent and reaches its second by the in-tangent.
    for a, b in ((0, 1), (1, 2)):
        inside = (table.times_s >= times[a]) & (table.times_s <= times[b])
        at = table.times_s[inside]
        piece = CubicHermiteSpline(times[[a, b]], triples[[a, b], 1], np.stack([triples[a, 2], triples[b, 0]]))
        turn = Slerp(times, turns)(at).as_matrix()
        np.testing.assert_allclose(table.matrices[inside, :, :3], turn, atol=1e-6)
        np.testing.assert_allclose(table.matrices[inside, :, 3], np.einsum("nij,nj->ni", turn, piece(at)), atol=1e-6)


def test_steps_jump_at_their_keys(tmp_path: Path):
    tracks = [(0, "translation", "STEP", np.array([0.0, 1.0]), np.array([[1, 0, 0], [2, 0, 0.0]]))]
    table = read_path(save(gltf([{"camera": 0}], tracks), tmp_path / "a.gltf"))
    assert table.times_s is not None
    np.testing.assert_array_equal(table.matrices[:, 0, 3], np.where(table.times_s < 1, 1.0, 2.0))


def test_several_gltf_cameras_have_the_names_of_their_nodes(tmp_path: Path):
    nodes = [{"camera": 0, "name": "left"}, {"camera": 0, "name": "left"}, {"camera": 0}]
    file = save(gltf(nodes, []), tmp_path / "a.gltf")
    assert list(read_paths(file)) == ["left", "left.1", "node2"]
    assert len(read_path(f"{file}#left.1")) == 1


@pytest.mark.parametrize("name", ["a.glb", "a.gltf"])
def test_a_written_gltf_camera_is_loaded_by_trimesh(name: str, tmp_path: Path):
    trimesh = pytest.importorskip("trimesh")
    table = filmed(zoom=1.5, shift=20.0)
    warnings = " ".join(write_path(table, tmp_path / name))
    assert "the zoom is lost" in warnings
    assert "principal point is lost" in warnings
    scene = trimesh.load_scene(tmp_path / name)
    expected = table.T_world_cam[0] @ np.diag([1, -1, -1, 1])
    world = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]) @ expected  # as the clouds of `write_glb_points`
    np.testing.assert_allclose(scene.graph.get("camera")[0][:3], world, atol=1e-9)
    height = np.degrees(2 * np.arctan(360 / table.intrinsics[0, 1, 1]))  # type: ignore[index]
    np.testing.assert_allclose(scene.camera.fov[1], height)
    np.testing.assert_allclose(read_path(tmp_path / name).T_world_cam, table.T_world_cam, atol=1e-6)


def test_a_centred_lens_survives_gltf(tmp_path: Path):
    table = filmed()
    table = replace(table, intrinsics=table.intrinsics * np.array([[1.0], [1.1], [1.0]]))  # type: ignore[operator]
    K = table.intrinsics
    K[:, 1, 2] = 360  # type: ignore[index]
    write_path(table, tmp_path / "a.glb")
    np.testing.assert_allclose(read_path(tmp_path / "a.glb").with_size((1280, 720)).intrinsics, K, rtol=1e-12)  # type: ignore[arg-type]


def test_times_since_1970_begin_at_zero_in_gltf(tmp_path: Path):
    table = filmed()
    assert table.times_s is not None
    late = replace(table, times_s=table.times_s + 1.7e9)
    assert any("begin at 0" in warning for warning in write_path(late, tmp_path / "a.glb"))
    np.testing.assert_allclose(read_path(tmp_path / "a.glb").times_s, table.times_s, atol=1e-6)  # type: ignore[arg-type]


def with_buffer(uri: str) -> dict[str, Any]:
    tracks = [(0, "translation", "LINEAR", np.array([0.0, 1.0]), np.array([[1, 0, 0], [2, 0, 0.0]]))]
    document = gltf([{"camera": 0}], tracks)
    document["buffers"][0]["uri"] = uri
    return document


def test_buffers_are_read_beside_the_file_and_nowhere_else(tmp_path: Path):
    data = np.array([0, 1, 1, 0, 0, 2, 0, 0], "<f4").tobytes()
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.bin").write_bytes(data)
    (tmp_path / "inside" / "the data.bin").write_bytes(data)
    (tmp_path / "inside" / "link.bin").symlink_to(tmp_path / "secret.bin")
    table = read_path(save(with_buffer("the%20data.bin"), tmp_path / "inside" / "a.gltf"))
    np.testing.assert_array_equal(table.matrices[:, 0, 3], [1, 2])
    for uri in ("../secret.bin", "%2e%2e/secret.bin", str(tmp_path / "secret.bin"), "link.bin", "http://a/b.bin"):
        with pytest.raises(InputError, match="only files beside it"):
            read_path(save(with_buffer(uri), tmp_path / "inside" / "a.gltf"))
    with pytest.raises(InputError, match="does not exist"):
        read_path(save(with_buffer("none.bin"), tmp_path / "inside" / "a.gltf"))


DAMAGES = {
    "is a glTF scene and holds no cameras": {"nodes": [{"mesh": 0}]},
    "orthographic cameras alone": {"cameras": [{"type": "orthographic"}]},
    "its own ancestor": {"nodes": [{"camera": 0, "children": [1]}, {"children": [0]}]},
    "two parents": {"nodes": [{"camera": 0}, {"children": [0]}, {"children": [0]}]},
    r"no cameras\[3\]": {"nodes": [{"camera": 3}]},
    "rotation of a node is not 4 numbers": {"nodes": [{"camera": 0, "rotation": [1, 2]}]},
    "yfov is missing": {"cameras": [{"type": "perspective", "perspective": {"znear": 1}}]},
    "beyond its buffer": {"buffers": [{"byteLength": 0, "uri": "data:;base64,"}]},
    "no base64": {"buffers": [{"byteLength": 0, "uri": "data:;base64,~~"}]},
    "neither an address": {"buffers": [{"byteLength": 0}]},
    "sparse": {"accessors": [{"sparse": {}, "bufferView": 0, "componentType": 5126, "count": 1, "type": "SCALAR"}]},
    "version '1.0'": {"asset": {"version": "1.0"}},
    "asset is missing or no dict": {"asset": 3},
}


@pytest.mark.parametrize("words", DAMAGES)
def test_damaged_gltf_files_are_refused_in_one_line(words: str, tmp_path: Path):
    document = with_buffer("data:;base64,AAAAAAAAgD8AAIA/AAAAAAAAAAAAAABAAAAAAAAAAAA=") | DAMAGES[words]
    file = save(document, tmp_path / "a.gltf")
    with pytest.raises(InputError, match=words) as error:
        read_path(file)
    assert "\n" not in str(error.value)


def test_gltf_files_of_strangers_cannot_ask_for_endless_work(tmp_path: Path):
    nodes: list[dict] = [{"children": [i + 1]} for i in range(200)]
    with pytest.raises(InputError, match="nested deeper than 100"):
        read_path(save(gltf([*nodes, {"camera": 0}], []), tmp_path / "a.gltf"))
    with pytest.raises(InputError, match="more cameras, frames and parents than are read"):
        read_path(save(gltf([{"camera": 0}] * 2500, []), tmp_path / "a.gltf"))
    tracks = [(0, "translation", "STEP", np.array([0.0, 1e9]), np.zeros((2, 3)))]
    with pytest.raises(InputError, match="at most 100,000 are read"):
        read_path(save(gltf([{"camera": 0}], tracks), tmp_path / "a.gltf"))


def test_a_glb_whose_chunk_breaks_off_is_refused(tmp_path: Path):
    (tmp_path / "a.glb").write_bytes(b"glTF" + struct.pack("<IIII", 2, 99, 50, 0x4E4F534A) + b"{}")
    with pytest.raises(InputError, match="a chunk breaks off"):
        read_path(tmp_path / "a.glb")
    (tmp_path / "b.gltf").write_text('{"asset": {"version": "2.0"}, "nodes": ' + "[" * 100_000)
    with pytest.raises(InputError, match="JSON cannot be read"):
        read_path(tmp_path / "b.gltf")
    (tmp_path / "c.gltf").write_text('{"asset": {"version": "2.0"}, "nodes": [' + "[]," * 2_000_000 + "[]]}")
    with pytest.raises(InputError, match="more than 3,000,000 items"):
        read_path(tmp_path / "c.gltf")


odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3),
    st.lists(st.integers(-1, 5), max_size=4), st.builds(dict), st.builds(list),
)  # fmt: skip


@given(data=st.data())
def test_gltf_documents_with_odd_values_are_read_or_refused(data: st.DataObject, tmp_path_factory: Any):
    document: Any = with_buffer("data:;base64,AAAAAAAAgD8AAIA/AAAAAAAAAAAAAABAAAAAAAAAAAA=")
    for _ in range(data.draw(st.integers(1, 3))):
        node = document
        while isinstance(node, (dict, list)) and node:
            key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if not isinstance(node[key], (dict, list)) or data.draw(st.booleans()):
                node[key] = data.draw(odd)
                break
            node = node[key]
    file = save(document, tmp_path_factory.mktemp("gltf") / "a.gltf")
    message = ""
    try:
        read_path(file, format="gltf").diagnose()
    except InputError as error:
        message = str(error)
    assert "\n" not in message
