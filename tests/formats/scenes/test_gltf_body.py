"""Skins and animations of glTF files: small ones written here against the standard's formulas, and real ones."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from gltf_files import Scene
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, Slerp

from kinoeye.base.errors import InputError
from kinoeye.formats.scenes.gltf_body import read_gltf_body
from kinoeye.shot.bodies import Clip, load_body, retarget, skin
from kinoeye.shot.bodies.sampling import AffineClip, nearest_clip, transforms_at

DANCES = "Dance Idle Jump Sitting Walking Wave"
AVATARS = Path(__file__).parents[3].parent / "shared" / "data" / "avatar"
OURS = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])  # our x is the file's z, y is its x, z is its y
POINTS = [[0, 0, 0], [1, 0, 0], [0, 2, 0], [1, 2, 0.5], [0.5, 4, 0]]
FACES = [[0, 1, 2], [1, 3, 2], [2, 3, 4]]


def bind_of(*translation):
    bind = np.eye(4)
    bind[:3, 3] = -np.array(translation)
    return bind


def arm(weights=None, joints=None):
    """Two joints along the file's y, the second two up; the last vertices hang on it."""
    scene = Scene([
        {"name": "rig", "children": [1]},
        {"name": "upper", "children": [2]},
        {"name": "lower", "translation": [0, 2, 0]},
        {"name": "mesh", "mesh": 0, "skin": 0, "translation": [99, 99, 99]},
    ])  # fmt: skip
    joints = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]] if joints is None else joints
    weights = (
        [[1, 0, 0, 0], [1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.75, 0, 0], [1, 0, 0, 0]] if weights is None else weights
    )
    scene.mesh(
        FACES,
        POSITION=scene.array(POINTS),
        JOINTS_0=scene.array(joints, "uint8"),
        WEIGHTS_0=scene.array(weights),
    )
    scene.skin([1, 2], [bind_of(0, 0, 0), bind_of(0, 2, 0)])
    return scene


def quarter_turn():
    return [[0, 0, 0, 1], [0, 0, np.sqrt(0.5), np.sqrt(0.5)]]


def test_a_bent_arm(tmp_path):
    scene = arm()
    scene.animate("bend", (2, "rotation", "LINEAR", [0.5, 1.5], quarter_turn()))
    found = read_gltf_body(scene.save(tmp_path / "arm.gltf"))
    body, clip = found.body, found.clips["bend"]
    assert body.skeleton.names == ("upper", "lower")
    assert body.skeleton.parents.tolist() == [-1, 0]
    shift = np.array([-0.25, -0.5, 0])  # the box is from 0 to 0.5 and from 0 to 1, and stands on the ground
    np.testing.assert_allclose(body.vertices, np.array(POINTS) @ OURS.T + shift, atol=1e-6)
    np.testing.assert_allclose(body.skeleton.heads, [shift, shift + np.array([0, 0, 2])], atol=1e-6)
    assert isinstance(clip, Clip)
    assert clip.duration_s == pytest.approx(1.0)  # it begins with its first key
    tip = skin(body, transforms_at(clip, body.skeleton, np.array([0.0, 1.0])))[:, 4]
    np.testing.assert_allclose(tip - shift, [[0, 0.5, 4], [0, -2, 2.5]], atol=1e-6)


def reference(scene, local, vertices, joints, weights, binds):
    """Vertices in the file's scene by the standard: the weighted sum of joint pose times inverse bind."""
    parents = {c: i for i, node in enumerate(scene.document["nodes"]) for c in node.get("children", [])}

    def world(node):
        return (world(parents[node]) if node in parents else np.eye(4)) @ local[node]

    maps = np.stack(
        [world(node) @ bind for node, bind in zip(scene.document["skins"][0]["joints"], binds, strict=True)]
    )
    points = np.concatenate([vertices, np.ones((len(vertices), 1))], axis=1)
    shares = np.asarray(weights) / np.sum(weights, axis=1, keepdims=True)
    return np.einsum("vk,vkij,vj->vi", shares, maps[np.asarray(joints)], points)[:, :3]


def trs(translation, quaternion, scale):
    found = np.eye(4)
    found[:3, :3] = Rotation.from_quat(quaternion).as_matrix() * scale
    found[:3, 3] = translation
    return found


@pytest.mark.parametrize("seed", range(4))
def test_any_rig_moves_as_the_standard_says(tmp_path, seed):
    """Scales, sliding joints and bind poses at random: what no clip of rotations can hold is kept exactly."""
    rng = np.random.default_rng(seed)
    count, keys = 6, 4
    order = rng.permutation(count) + 1  # joints stand in no order in files
    nodes = [
        {
            "name": "rig",
            "children": [int(order[0])],
            "scale": [0.01] * 3,
            "rotation": [-np.sqrt(0.5), 0, 0, np.sqrt(0.5)],
        }
    ]
    nodes += [{"name": f"j{i}", "children": []} for i in range(count)]
    for i in range(1, count):
        nodes[order[rng.integers(0, i)]]["children"].append(int(order[i]))
    nodes.append({"mesh": 0, "skin": 0})
    scene = Scene(nodes)
    vertices = rng.normal(size=(30, 3))
    joints, weights = rng.integers(0, count, (30, 8)), rng.random((30, 8)) + 0.01
    binds = np.tile(np.eye(4), (count, 1, 1))
    binds[:, :3] += 0.3 * rng.normal(size=(count, 3, 4))
    scene.mesh(
        POSITION=scene.array(vertices),
        JOINTS_0=scene.array(joints[:, :4], "uint8"), WEIGHTS_0=scene.array(weights[:, :4]),
        JOINTS_1=scene.array(joints[:, 4:], "uint16"), WEIGHTS_1=scene.array(weights[:, 4:]),
    )  # fmt: skip
    scene.skin(list(range(1, count + 1)), binds)
    times = np.array([0.0, 1 / 60, 2 / 60, 3 / 60])
    t, q, s = (
        rng.normal(size=(count, keys, 3)),
        rng.normal(size=(count, keys, 4)),
        rng.uniform(0.5, 2, (count, keys, 3)),
    )
    q /= np.linalg.norm(q, axis=-1, keepdims=True)
    scene.animate("all", *[
        (node + 1, path, "LINEAR", times, values[node])
        for node in range(count) for path, values in (("translation", t), ("rotation", q), ("scale", s))
    ])  # fmt: skip
    found = read_gltf_body(scene.save(tmp_path / "rig.gltf"))
    clip = found.clips["all"]
    assert isinstance(clip, AffineClip)
    rest = {i: np.eye(4) for i in range(count + 2)} | {0: trs([0, 0, 0], nodes[0]["rotation"], [0.01] * 3)}
    posed = skin(found.body, transforms_at(clip, found.body.skeleton, times))
    shift = None
    for key in range(keys):
        local = {**rest, **{n + 1: trs(t[n, key], q[n, key], s[n, key]) for n in range(count)}}
        expected = reference(scene, local, vertices, joints, weights, binds) @ OURS.T
        shift = posed[key][0] - expected[0] if shift is None else shift
        np.testing.assert_allclose(posed[key], expected + shift, atol=1e-5 * np.abs(expected).max())


def test_interpolations_against_scipy(tmp_path):
    scene = arm()
    times = np.array([0.0, 0.4, 1.0])
    rng = np.random.default_rng(0)
    q = rng.normal(size=(3, 4))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    q[1] *= -np.sign(q[0] @ q[1])  # the long way round in numbers, the short one in rotations
    t, tangents = rng.normal(size=(3, 3)), rng.normal(size=(2, 3, 3))
    triples = np.stack([tangents[0], t, tangents[1]], axis=1).reshape(-1, 3)
    scene.animate("linear", (1, "rotation", "LINEAR", times, q))
    scene.animate("cubic", (1, "translation", "CUBICSPLINE", times, triples))
    scene.animate("step", (1, "translation", "STEP", times, t))
    found = read_gltf_body(scene.save(tmp_path / "arm.gltf"))
    at = np.array([0.1, 0.35, 0.7, 1.0])
    maps = {name: transforms_at(clip, found.body.skeleton, at)[:, 0] for name, clip in found.clips.items()}
    rotation = OURS @ Slerp(times, Rotation.from_quat(q))(at).as_matrix() @ OURS.T
    np.testing.assert_allclose(maps["linear"][:, :, :3], rotation, atol=2e-4)
    spline = [
        CubicHermiteSpline(times[k : k + 2], t[k : k + 2], [tangents[1, k], tangents[0, k + 1]]) for k in range(2)
    ]
    expected = np.array([spline[int(x >= 0.4)](x) for x in at]) @ OURS.T
    np.testing.assert_allclose(maps["cubic"][:, :, 3], expected, atol=2e-3)  # straight between frames
    np.testing.assert_allclose(maps["step"][:, :, 3], t[[0, 0, 1, 2]] @ OURS.T, atol=1e-6)


def test_packed_and_interleaved_data_read_alike(tmp_path):
    plain = read_gltf_body(arm().save(tmp_path / "plain.gltf")).body
    scene = arm()
    attributes = scene.document["meshes"][0]["primitives"][0]["attributes"]
    weights = np.array([[255, 0, 0, 0], [255, 0, 0, 0], [128, 128, 0, 0], [64, 191, 0, 0], [255, 0, 0, 0]])
    rows = np.zeros(5, np.dtype([("xyz", "<f4", 3), ("joints", "u1", 4), ("weights", "u1", 4), ("rest", "u1", 4)]))
    rows["xyz"], rows["weights"] = POINTS, weights
    rows["joints"] = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]
    view = scene.view(rows.tobytes(), byteStride=24)
    for name, offset, kind, component, extra in (
        ("POSITION", 0, "VEC3", 5126, {}), ("JOINTS_0", 12, "VEC4", 5121, {}),
        ("WEIGHTS_0", 16, "VEC4", 5121, {"normalized": True}),
    ):  # fmt: skip
        accessor = {"bufferView": view, "byteOffset": offset, "componentType": component, "count": 5, "type": kind}
        scene.document["accessors"].append({**accessor, **extra})
        attributes[name] = len(scene.document["accessors"]) - 1
    body = read_gltf_body(scene.save(tmp_path / "packed.gltf")).body
    np.testing.assert_allclose(body.vertices, plain.vertices, atol=1e-6)
    np.testing.assert_allclose(body.weights, plain.weights, atol=3e-3)
    assert (body.joints == plain.joints).all()


def test_triangles_without_indices(tmp_path):
    scene = arm()
    primitive = scene.document["meshes"][0]["primitives"][0]
    del primitive["indices"]
    flat = np.ravel(FACES)
    for name, dtype in (("POSITION", "float32"), ("JOINTS_0", "uint8"), ("WEIGHTS_0", "float32")):
        values = {
            "POSITION": np.array(POINTS), "JOINTS_0": np.zeros((5, 4)), "WEIGHTS_0": np.tile([1.0, 0, 0, 0], (5, 1))
        }[name]  # fmt: skip
        primitive["attributes"][name] = scene.array(values[flat], dtype)
    body = read_gltf_body(scene.save(tmp_path / "arm.gltf")).body
    assert body.faces.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_colours_are_material_times_paint_times_texture(tmp_path):
    scene = arm()
    primitive = scene.document["meshes"][0]["primitives"][0]
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:, :2], picture[:, 2:] = [255, 255, 255], [0, 188, 0]
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    scene.document |= {
        "images": [{"bufferView": scene.view(stream.getvalue()), "mimeType": "image/png"}],
        "textures": [{"source": 0}],
        "materials": [{
            "name": "cloth",
            "pbrMetallicRoughness": {"baseColorFactor": [0.5, 1, 1, 1], "baseColorTexture": {"index": 0}},
        }],
    }  # fmt: skip
    primitive["material"] = 0
    places = [[0.1, 0.1], [0.2, 1.2], [0.1, 0.9], [0.9, 0.9], [0.9, 0.6]]  # places beyond 1 wrap around
    primitive["attributes"]["TEXCOORD_0"] = scene.array(places)
    primitive["attributes"]["COLOR_0"] = scene.array(np.full((5, 4), 65535), "uint16", normalized=True)
    found = read_gltf_body(scene.save(tmp_path / "arm.gltf")).body
    assert found.colors_rgb[0].tolist() == [188, 255, 255]  # half of the light is 188 in sRGB
    assert found.colors_rgb[4].tolist() == [0, 188, 0]
    assert found.regions["cloth"].tolist() == [0, 1, 2, 3, 4]


def test_a_vehicle_without_skin_hangs_on_its_nodes(tmp_path):
    scene = Scene([
        {"name": "car", "mesh": 0, "children": [1], "translation": [0, 1, 0]},
        {"name": "wheel", "mesh": 0, "translation": [0, 0, 3], "scale": [0.5, 0.5, 0.5]},
    ])  # fmt: skip
    scene.mesh(FACES, POSITION=scene.array(POINTS))
    scene.animate("roll", (1, "rotation", "LINEAR", [0, 1], quarter_turn()))
    found = read_gltf_body(scene.save(tmp_path / "car.gltf"))
    assert found.body.skeleton.names == ("car", "wheel")
    assert (found.body.joints.max(), found.body.joints.shape) == (1, (10, 1))
    end = skin(found.body, transforms_at(found.clips["roll"], found.body.skeleton, np.array([1.0])))[0]
    np.testing.assert_allclose(end[:5], found.body.vertices[:5], atol=1e-6)
    turned = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]) @ (0.5 * np.array(POINTS).T)  # about the file's z
    expected = (turned.T + np.array([0, 1, 3])) @ OURS.T
    np.testing.assert_allclose(end[5:] - end[5], expected - expected[0], atol=1e-6)


def test_what_hangs_on_a_joint_goes_with_it_and_the_floor_is_left_out(tmp_path):
    scene = arm()
    nodes = scene.document["nodes"]
    nodes += [{"name": "hat", "mesh": 1, "translation": [0, 2, 0]}, {"name": "floor", "mesh": 1}]
    nodes[2]["children"] = [4]
    scene.mesh([[0, 1, 2]], POSITION=scene.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]]))
    scene.animate("bend", (2, "rotation", "LINEAR", [0, 1], quarter_turn()))
    found = read_gltf_body(scene.save(tmp_path / "arm.gltf"))
    assert found.body.skeleton.names == ("upper", "lower", "hat")
    assert "hang on no joint are left out" in found.notes[0]
    posed = skin(found.body, transforms_at(found.clips["bend"], found.body.skeleton, np.array([0.0, 1.0])))
    np.testing.assert_allclose(posed[0, 5] - posed[0, 0], [0, 0, 4], atol=1e-6)
    np.testing.assert_allclose(posed[1, 5] - posed[1, 0], [0, -2, 2], atol=1e-6)


def test_a_height_scales_body_and_motion(tmp_path):
    scene = arm()
    scene.animate("slide", (2, "translation", "LINEAR", [0, 1], [[0, 2, 0], [0, 4, 0]]))
    found = read_gltf_body(scene.save(tmp_path / "arm.gltf"), height_m=1.0)
    assert found.body.size_xyz[2] == pytest.approx(1.0)
    posed = skin(found.body, transforms_at(found.clips["slide"], found.body.skeleton, np.array([0.0, 1.0])))
    assert posed[1, 4, 2] - posed[0, 4, 2] == pytest.approx(0.5)
    assert isinstance(nearest_clip(found.clips["slide"], found.body.skeleton), Clip)  # type: ignore[arg-type]


def change(path, value):
    """What sets one item deep in a document."""

    def apply(document):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change(("nodes", 2, "children"), [1]), "two parents"),
        (change(("nodes", 2, "children"), [0]), "its own ancestor"),
        (change(("skins", 0, "joints"), [1, 7]), r"there is no nodes\[7\]"),
        (change(("skins", 0, "joints"), [1, 1]), "same joint twice"),
        (change(("skins", 0, "joints"), [1]), "hangs on joint 1 of a skin of 1"),
        (change(("skins", 0, "joints"), list(range(9999))), "skin of 9,999 joints"),
        (change(("nodes", 3, "skin"), 4), r"there is no skins\[4\]"),
        (change(("accessors", 0, "count"), 3_000_000_000), "3,000,000,000 elements; at most 400,000"),
        (change(("accessors", 0, "count"), 50), "reaches beyond its buffer"),
        (change(("accessors", 2, "type"), "VEC3"), "other numbers of joints or weights"),
        (change(("nodes", 1, "scale"), [0, 0, 0]), None),
        (change(("nodes", 0, "scale"), [0, 0, 0]), "scaled to nothing"),
        (change(("nodes", 1, "translation"), [float("nan"), 0, 0]), "NaN"),
        (change(("extensionsRequired",), ["KHR_draco_mesh_compression"]), "without compression"),
        (change(("meshes",), []), r"there is no meshes\[0\]"),
        (change(("nodes",), []), "no triangles that could be a body"),
        (change(("meshes", 0, "primitives", 0, "indices"), 1), "triangles of vertices that are not there"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_in_one_line(tmp_path, damage, message):
    scene = arm()
    damage(scene.document)
    file = scene.save(tmp_path / "arm.gltf")
    with suppress(InputError) if message is None else pytest.raises(InputError, match=message):
        read_gltf_body(file)


def test_vertices_that_no_joint_carries_are_refused(tmp_path):
    weights = np.tile([1.0, 0, 0, 0], (5, 1))
    for bad, message in ((0.0, "add up to 0"), (np.nan, "NaN"), (-1.0, "negative")):
        weights[3, 0] = bad
        with pytest.raises(InputError, match=message):
            read_gltf_body(arm(weights=weights).save(tmp_path / "arm.gltf"))


def test_a_joint_of_no_weight_may_be_anything(tmp_path):
    joints = [[0, 200, 0, 0]] * 5
    assert (
        read_gltf_body(arm(joints=joints, weights=[[1, 0, 0, 0]] * 5).save(tmp_path / "a.gltf")).body.joints.max() == 0
    )


def test_an_animation_without_end_is_refused(tmp_path):
    scene = arm()
    scene.animate("long", (2, "translation", "LINEAR", [0, 1e9], [[0, 2, 0], [0, 3, 0]]))
    with pytest.raises(InputError, match="keys over 1e"):
        read_gltf_body(scene.save(tmp_path / "arm.gltf"))


@settings(max_examples=40)
@given(st.data())
def test_no_mutation_of_a_file_raises_anything_else(tmp_path_factory, data):
    scene = arm()
    scene.animate("bend", (2, "rotation", "LINEAR", [0, 1], quarter_turn()))
    content = scene.save(tmp_path_factory.mktemp("gltf") / "arm.gltf").read_text()
    end_of_text = content.index('"buffers"')
    start = data.draw(st.integers(0, end_of_text))
    length = data.draw(st.integers(0, 8))
    patch = data.draw(st.sampled_from(["", "0", "-1", "1e30", "null", "[]", "{}", '"a"', "true", "99999", "NaN"]))
    file = tmp_path_factory.mktemp("gltf") / "arm.gltf"
    file.write_text(content[:start] + patch + content[start + length :])
    with suppress(InputError):
        assert np.isfinite(read_gltf_body(file).body.vertices).all()


@pytest.mark.skipif(not AVATARS.is_dir(), reason="no real files beside the checkout")
@pytest.mark.parametrize(
    ("name", "triangles", "joints", "clips"),
    [
        ("Fox.glb", 576, 24, {"Survey", "Walk", "Run"}),
        ("greenman.glb", 356, 12, {"0_pose", "1_idle", "2_move", "3_attack"}),
        ("robot_quaternius_trimmed.glb", 3238, 43, {f"Robot_{n}" for n in DANCES.split()}),
        ("SimpleSkin.gltf", 8, 2, {"animation0"}),
    ],
)  # fmt: skip
def test_a_real_file(name, triangles, joints, clips):
    found = read_gltf_body(AVATARS / name, height_m=1.0)
    body = found.body
    assert (len(body.faces), len(body.skeleton), set(found.clips)) == (triangles, joints, clips)
    assert body.vertices[:, 2].min() == pytest.approx(0.0, abs=1e-9)
    for clip in found.clips.values():
        posed = skin(body, transforms_at(clip, body.skeleton, np.linspace(0, clip.duration_s, 3)))
        assert np.abs(posed).max() < 3.0, "nothing flies apart"
    if name == "Fox.glb":
        nose = body.vertices[body.vertices[:, 0].argmax()]
        assert nose[2] > 0.5, "it looks along +x: what is foremost is high up, the tail is not"
        assert len(np.unique(body.colors_rgb, axis=0)) > 3


@pytest.mark.skipif(not AVATARS.is_dir(), reason="no real files beside the checkout")
def test_a_real_dance_on_the_adult():
    found = read_gltf_body(AVATARS / "robot_quaternius_trimmed.glb")
    dance = found.clips["Robot_Dance"]
    clip = dance if isinstance(dance, Clip) else nearest_clip(dance, found.body.skeleton)
    adult = load_body("adult")
    moved, report = retarget(clip, found.body.skeleton, adult.skeleton)
    assert ("UpperArm.L", "LeftArm") in report.aliases
    assert len(report.matched) >= 15
    assert np.ptp(transforms_at(moved, adult.skeleton, moved.times_s)[:, adult.skeleton.index("LeftHand"), 2, 3]) > 0.1
