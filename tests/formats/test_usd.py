"""USD cameras, held against usd-core wherever it is installed."""

from __future__ import annotations

import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import MAX_BYTES, MAX_CPU_S
from path_tables import filmed

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, read_paths, write_path
from kinoeye.formats.containers import usd_crate, usda_scanner
from kinoeye.geometry.convention import rotvec_to_matrix

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def usd_oracle(text: str, prim: str, codes: np.ndarray) -> np.ndarray:
    """Camera-to-world matrices [n, 3, 4] for column vectors, by usd-core."""
    from pxr import Sdf, Usd, UsdGeom

    layer = Sdf.Layer.CreateAnonymous(".usda")
    layer.ImportFromString(text)
    stage = Usd.Stage.Open(layer)
    camera = UsdGeom.Camera(stage.GetPrimAtPath(prim))
    return np.array([np.array(camera.GetCamera(float(code)).transform).T[:3] for code in codes])


def test_real_usd_cameras_equal_usd_core(real_data: Path):
    pytest.importorskip("pxr")
    from pxr import Gf, Usd, UsdGeom

    files = sorted((real_data / "usd").iterdir())
    assert len(files) == 3
    for file in files:
        for name, table in read_paths(file).items():
            stage = Usd.Stage.Open(str(file))
            camera = UsdGeom.Camera(stage.GetPrimAtPath(name))
            codes = [0.0] if table.times_s is None else (table.times_s * 24).tolist()
            views = [camera.GetCamera(code) for code in codes]
            expected = [np.array(view.transform).T[:3] for view in views]
            np.testing.assert_allclose(table.matrices, expected, atol=1e-6)  # usd-core keeps angles as floats
            fov = [views[0].GetFieldOfView(side) for side in (Gf.Camera.FOVHorizontal, Gf.Camera.FOVVertical)]
            np.testing.assert_allclose(table.fov_deg[0], fov, atol=1e-4)  # type: ignore[index]


def test_real_usd_cameras_load_save_and_load(real_data: Path, tmp_path: Path):
    for file in sorted((real_data / "usd").iterdir()):
        table = read_path(file)
        write_path(table, tmp_path / "again.usda")
        again = read_path(tmp_path / "again.usda")
        np.testing.assert_allclose(again.T_world_cam, table.T_world_cam, atol=1e-6)
        np.testing.assert_allclose(again.fov_deg, table.fov_deg, atol=1e-9)  # type: ignore[arg-type]
        assert table.near_far is not None
        np.testing.assert_allclose(again.near_far, table.near_far * 0.01, rtol=1e-12)  # type: ignore[arg-type]


def test_usd_facts_that_a_layer_leaves_out_are_named(real_data: Path):
    notes = " ".join(read_path(real_data / "usd" / "main_cam.usd").notes)
    assert "upAxis is not stated; USD takes Y" in notes
    assert "metersPerUnit is not stated; USD takes 0.01" in notes
    moving = read_path(real_data / "usd" / "cameraMoving.usda")
    assert moving.times_s is not None
    np.testing.assert_allclose(moving.times_s, np.arange(1, 10) / 24)
    np.testing.assert_allclose(moving.T_world_cam[:, 2, 3], np.arange(1, 10) / 100)  # up by a centimetre a frame


def random_operations(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Declarations and order of a random stack of operations, with a pivot around some."""
    declarations, order = [], []
    kinds = ["translate", "scale", "orient", "transform", "rotateX", "rotateZ", *(f"rotate{o}" for o in ORDERS)]
    for number, kind in enumerate(rng.choice(kinds, size=rng.integers(1, 4), replace=False)):
        name = f"xformOp:{kind}" + (f":s{number}" if rng.random() < 0.5 else "")
        type_name = {"orient": "quatd", "transform": "matrix4d"}.get(kind, "double3" if kind[-2:] != "eX" else "double")
        type_name = "double" if kind in ("rotateX", "rotateZ") else type_name

        def value(kind: str = kind) -> str:
            if kind == "orient":
                q = rng.normal(size=4)
                return str(tuple((q / np.linalg.norm(q)).tolist()))
            if kind == "transform":
                m = np.eye(4)
                m[:3, :3] = rotvec_to_matrix(rng.normal(size=3))
                m[3, :3] = rng.normal(size=3)
                return f"( {', '.join(str(tuple(row)) for row in m.tolist())} )"
            if kind in ("rotateX", "rotateZ"):
                return repr(float(rng.uniform(-200, 200)))
            low, high = (0.5, 2.0) if kind == "scale" else (-200, 200)
            return str(tuple(rng.uniform(low, high, size=3).tolist()))

        if rng.random() < 0.5:
            times = np.sort(rng.choice(12, size=rng.integers(1, 4), replace=False)).tolist()
            samples = ", ".join(f"{time}: {value()}" for time in times)
            declarations.append(f"{type_name} {name}.timeSamples = {{ {samples} }}")
        else:
            declarations.append(f"{type_name} {name} = {value()}")
        order.append(name)
        if rng.random() < 0.3:
            order.insert(rng.integers(0, len(order) + 1), f"!invert!{name}")
    if rng.random() < 0.15:
        order.insert(0, "!resetXformStack!")
    return declarations, order


def random_layer(seed: int) -> str:
    """A camera under three prims of which one cannot be transformed."""
    rng = np.random.default_rng(seed)
    opening, closing = [], []
    for depth, declared in enumerate(('Xform "a"', 'Scope "b"', 'Xform "c"', 'Camera "d"')):
        declarations, order = random_operations(rng)
        names = ", ".join(f'"{name}"' for name in order)
        opening += [f"def {declared}", "{", *declarations, f"uniform token[] xformOpOrder = [{names}]"]
        closing.append("}" + f"  # {depth}")
    return "\n".join(["#usda 1.0", *opening, *closing]) + "\n"


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_stack_of_operations_equals_usd_core(seed: int, tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("pxr")
    text = random_layer(seed)
    file = tmp_path_factory.mktemp("usd") / "a.usda"
    file.write_text(text)
    table = read_path(file)
    codes = np.zeros(1) if table.times_s is None else table.times_s * 24
    expected = usd_oracle(text, "/a/b/c/d", codes)
    lengths = np.linalg.norm(expected[:, :, :3], axis=1)
    near = abs(lengths - 1) <= 1e-3
    expected[:, :, :3] /= np.where(near, 1.0, lengths)[:, None]
    size = max(1.0, abs(expected).max())
    np.testing.assert_allclose(table.matrices, expected, atol=1e-9 * size)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_binary_layer_reads_as_its_text(seed: int, tmp_path: Path):
    pytest.importorskip("pxr")
    from pxr import Sdf

    text = random_layer(seed)
    (tmp_path / "a.usda").write_text(text)
    layer = Sdf.Layer.CreateAnonymous(".usda")
    layer.ImportFromString(text)
    layer.Export(str(tmp_path / "a.usdc"))
    text_table, binary_table = read_path(tmp_path / "a.usda"), read_path(tmp_path / "a.usdc")
    np.testing.assert_array_equal(binary_table.matrices, text_table.matrices)
    assert binary_table.notes == text_table.notes


def test_a_scaled_parent_is_ignored_as_usds_own_frustum_does(tmp_path: Path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom

    file = tmp_path / "a.usda"
    file.write_text(
        '#usda 1.0\ndef Xform "rig" { float3 xformOp:scale = (100, 100, 100)\n'
        'uniform token[] xformOpOrder = ["xformOp:scale"]\n'
        'def Camera "c" { double3 xformOp:translate = (1, 2, 3)\n double xformOp:rotateY = 30\n'
        'uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateY"]\n}\n}\n'
    )
    table = read_path(file)
    stage = Usd.Stage.Open(str(file))
    view = UsdGeom.Camera(stage.GetPrimAtPath("/rig/c")).GetCamera(0).frustum.ComputeViewMatrix()
    np.testing.assert_allclose(table.matrices[0], np.array(view.GetInverse()).T[:3], atol=1e-9)
    assert "scaled by 100, which its view ignores" in " ".join(table.notes)
    assert not [row for row in table.diagnose() if row.severity == "error"]


def test_keys_of_angles_are_sampled_at_every_frame(tmp_path: Path):
    file = tmp_path / "turntable.usda"
    file.write_text(
        '#usda 1.0\n( upAxis = "Z"\n metersPerUnit = 1\n timeCodesPerSecond = 24 )\n'
        'def Xform "table" { double xformOp:rotateZ.timeSamples = { 0: 0, 24: 360 }\n'
        'uniform token[] xformOpOrder = ["xformOp:rotateZ"]\n'
        'def Camera "c" { double3 xformOp:translate = (5, 0, 0)\n'
        'uniform token[] xformOpOrder = ["xformOp:translate"] } }\n'
    )
    table = read_path(file)
    assert len(table) == 25
    turn = 2 * np.pi * np.arange(25) / 24
    np.testing.assert_allclose(table.T_world_cam[:, :2, 3], 5 * np.stack([np.cos(turn), np.sin(turn)], -1), atol=1e-12)
    assert "sampled at every frame" in " ".join(table.notes)


TRICKY = r'''#usda 1.0
(
    """A comment of a layer,
    with "quotes" and { brackets ("""
    customLayerData = { string a = "}"; dictionary b = { int[] c = [1, 2] } }
    upAxis = "Z" ; metersPerUnit = 1
    subLayers = [ @./other.usda@ (offset = 1; scale = 2) ]
)
# a comment { ( [
class Camera "abstract" { }
over "Empty" (prepend references = @shot.usda@</Set>) { }
def Camera "gone" (active = false) { }
def Xform "W\u00f6rld" (
    doc = 'single \' quoted'
    variants = { string look = "red" }
    prepend variantSets = "look"
    prepend apiSchemas = ["A", "B"]
)
{
    reorder nameChildren = ["b", "a"]
    token outputs:surface
    asset file = @textures/a (1).png@
    string note = "a \" quote ) } ]"
    custom rel target = [</a>, </b.c>]
    rel nothing = None
    float3[] points = [(1, 2, 3), (4, 5, 6)] ( interpolation = "vertex" )
    token inputs:x.connect = </Material.outputs:x>
    variantSet "look" = { "red" { def Camera "inside" { } } "blue" ( doc = "}" ) { } }
    /* a block { comment */
    def Camera "cam.1" {
        float focalLength = 24 ; float horizontalAperture = 36
        float verticalAperture = 24 // trailing
        matrix4d xformOp:transform = ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (3, -2.5e0, .5, 1) )
        uniform token[] xformOpOrder = ["xformOp:transform"]
    }
}
'''


def test_what_else_a_usd_layer_may_hold_is_passed_over(tmp_path: Path):
    (tmp_path / "a.usda").write_text(TRICKY)
    cameras = read_paths(tmp_path / "a.usda")
    (name,) = cameras
    assert name.endswith("/cam.1")
    np.testing.assert_array_equal(cameras[name].matrices[0, :, 3], [3, -2.5, 0.5])
    np.testing.assert_allclose(cameras[name].fov_deg[0], np.degrees(2 * np.arctan([0.75, 0.5])))  # type: ignore[index]


NO_CAMERAS = {
    '#usda 1.0\ndef Xform "a" { }': "is a USD scene and holds no cameras; readable",
    '#usda 1.0\ndef "a" ( payload = @b.usd@ ) { }': r"holds no cameras; it takes more from elsewhere \(payload\)",
    '#usda 1.0\ndef Camera "a" { token projection = "orthographic" }': "orthographic cameras alone",
    '#usda 1.0\n( upAxis = "X" )\ndef Camera "a" { }': "upAxis 'X'",
    '#usda 1.0\n( metersPerUnit = -1 )\ndef Camera "a" { }': "a positive number is needed",
    '#usda 1.0\ndef Camera "a" { uniform token[] xformOpOrder = ["xformOp:translate"] }': "does not hold",
    '#usda 1.0\ndef Camera "a" { float xformOp:x = 1\n uniform token[] xformOpOrder = ["xformOp:x"] }': "not know",
    '#usda 1.0\ndef Camera "a" { float xformOp:scale = 1\n uniform token[] xformOpOrder = ["xformOp:scale"] }': "3 num",
    '#usda 1.0\ndef Camera "a" { float focalLength.spline = { 1: 2 } }': "is a spline",
    '#usda 1.0\ndef Camera "a" { float x = "': "does not end",
    '#usda 1.0\ndef Camera "a" { float x = /* ': "does not end",
    '#usda 1.0\ndef Camera "a" {': "truncated",
    '#usda 1.0\ndef Camera "a" { float x = }': "a value is needed",
    '#usda 1.0\ndef Camera "a" { float focalLength = (1 2.3.4) }': "something else than a number",
    "#usda 1.0\ndef Camera } {": "is needed where",
    "#usda 1.0\n" + "(" * 100_000: "metadatum|deeper",
    '#usda 1.0\ndef Camera "a" { float x = ' + "[" * 100_000: "deeper than 64",
    '#usda 1.0\ndef Camera "a" { float focalLength = ' + "(" * 100_000: "deeper than 64",
    "#usda 1.0\n" + 'def "a" { ' * 100_000: "prims are nested deeper",
    '#usda 1.0\ndef Camera "a" { float x = [' + "[] " * usda_scanner.MAX_TOKENS + "] }": "more than 500,000 words",
}


@pytest.mark.parametrize("text", NO_CAMERAS, ids=range(len(NO_CAMERAS)))
def test_usd_layers_without_a_usable_camera_are_refused_in_one_line(text: str, tmp_path: Path):
    (tmp_path / "a.usda").write_text(text)
    with pytest.raises(InputError, match=NO_CAMERAS[text].removesuffix("; readable")) as error:
        read_path(tmp_path / "a.usda")
    assert "\n" not in str(error.value)


def test_a_written_usd_camera_is_seen_by_usd_core_as_it_was(tmp_path: Path):
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom, UsdRender

    table = filmed(zoom=1.5, shift=20.0)
    write_path(table, tmp_path / "a.usda")
    stage = Usd.Stage.Open(str(tmp_path / "a.usda"))
    assert UsdGeom.GetStageUpAxis(stage) == "Z"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1
    assert stage.GetTimeCodesPerSecond() == 12
    camera = UsdGeom.Camera(stage.GetDefaultPrim())
    settings_prim = UsdRender.Settings.GetStageRenderSettings(stage)
    assert tuple(settings_prim.GetResolutionAttr().Get()) == (1280, 720)
    assert settings_prim.GetCameraRel().GetTargets() == [stage.GetDefaultPrim().GetPath()]
    poses = table.T_world_cam @ np.diag([1, -1, -1, 1])  # OpenCV axes to USD's
    for i in (0, 7, len(table) - 1):
        view = camera.GetCamera(float(i))
        np.testing.assert_allclose(np.array(view.transform).T[:3], poses[i], atol=1e-12)
        window = view.frustum.window  # at distance 1: left and right, bottom and top
        fx, fy, cx, cy = table.intrinsics[i][[0, 1, 0, 1], [0, 1, 2, 2]]  # type: ignore[index]
        np.testing.assert_allclose([window.min[0], window.max[0]], [-cx / fx, (1280 - cx) / fx], atol=1e-6)
        np.testing.assert_allclose([window.min[1], window.max[1]], [(cy - 720) / fy, cy / fy], atol=1e-6)


def test_render_settings_give_the_image_size_and_conform_the_aperture(tmp_path: Path):
    text = (
        '#usda 1.0\ndef Camera "c" {{ float focalLength = 30\n float horizontalAperture = 30\n'
        ' float verticalAperture = 20 }}\ndef RenderSettings "s" {{ rel camera = </c>\n'
        " uniform int2 resolution = (1200, 600)\n {} }}\n"
    )
    expected = {  # the aperture is 30 by 20, the image twice as wide as high
        "": (40, 20),
        'uniform token aspectRatioConformPolicy = "expandAperture"': (40, 20),
        'uniform token aspectRatioConformPolicy = "cropAperture"': (30, 15),
        'uniform token aspectRatioConformPolicy = "adjustApertureWidth"': (40, 20),
        'uniform token aspectRatioConformPolicy = "adjustApertureHeight"': (30, 15),
        'uniform token aspectRatioConformPolicy = "adjustPixelAspectRatio"': (30, 20),
        "uniform float pixelAspectRatio = 0.5": (30, 30),
    }
    for policy, aperture in expected.items():
        (tmp_path / "a.usda").write_text(text.format(policy))
        table = read_path(tmp_path / "a.usda")
        assert table.size_wh == (1200, 600)
        focal = [30 / aperture[0] * 1200, 30 / aperture[1] * 600]
        np.testing.assert_allclose(table.intrinsics[0][[0, 1], [0, 1]], focal)  # type: ignore[index]


def test_a_usd_package_is_read_by_its_first_layer(tmp_path: Path):
    table = filmed()
    write_path(table, tmp_path / "a.usda")
    with zipfile.ZipFile(tmp_path / "a.usdz", "w") as archive:
        archive.write(tmp_path / "a.usda", "a.usda")
        archive.writestr("b.usda", "#usda 1.0\n")
    np.testing.assert_allclose(read_path(tmp_path / "a.usdz").T_world_cam, table.T_world_cam, atol=1e-12)
    with zipfile.ZipFile(tmp_path / "b.usdz", "w") as archive:
        archive.writestr("b.usda", "#usda 1.0\n")
    with pytest.raises(InputError, match="holds no cameras"):
        read_path(tmp_path / "b.usdz")


def test_files_of_strangers_cannot_ask_for_endless_work(tmp_path: Path):
    head = '#usda 1.0\ndef Camera "a" { double3 xformOp:translate.timeSamples = { 0: (0, 0, 0), '
    order = 'uniform token[] xformOpOrder = ["xformOp:translate"' + ', "xformOp:translate"' * 300 + "] }"
    (tmp_path / "a.usda").write_text(head + "9000: (1, 1, 1) }\n" + order)
    with pytest.raises(InputError, match="more cameras, frames and parents than are read"):
        read_path(tmp_path / "a.usda")
    (tmp_path / "b.usda").write_text(
        head + '1e300: (1, 1, 1) }\nuniform token[] xformOpOrder = ["xformOp:translate"] }'
    )
    with pytest.raises(InputError, match="at most 100,000 are read"):
        read_path(tmp_path / "b.usda")
    (tmp_path / "c.usda").write_text("#usda 1.0\n" + "".join(f'def Camera "c{i}" {{ }}\n' for i in range(2500)))
    with pytest.raises(InputError, match="more cameras, frames and parents than are read"):
        read_path(tmp_path / "c.usda")


@pytest.mark.parametrize("kept", [8, 90, 0.3, 0.99])
def test_binary_layers_that_break_off_are_refused(kept: float, tmp_path: Path):
    pytest.importorskip("pxr")
    from pxr import Sdf

    write_path(filmed().frames(range(3)), tmp_path / "a.usda")
    Sdf.Layer.OpenAsAnonymous(str(tmp_path / "a.usda")).Export(str(tmp_path / "a.usdc"))
    content = (tmp_path / "a.usdc").read_bytes()
    (tmp_path / "cut.usdc").write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    with pytest.raises(InputError, match="damaged binary USD layer"):
        read_path(tmp_path / "cut.usdc")


STAND_IN = """
import time, types
{loading}
class Layer:
    @staticmethod
    def OpenAsAnonymous(file):
        {opening}
        root = types.SimpleNamespace(HasInfo=lambda name: False)
        return types.SimpleNamespace(pseudoRoot=root, subLayerPaths=[], rootPrims=[])
"""
SPIN = "end = time.process_time() + {}\nwhile time.process_time() < end: pass"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system bounds neither time nor memory")
@pytest.mark.parametrize(
    ("loading", "opening", "message"),
    [
        (SPIN.format(0.6), "", "is a USD scene and holds no cameras"),
        ("", "[None for _ in iter(int, 1)]", "needs more than 0.3 s to read"),
        ("", "time.sleep(50)", "needs more than 0.3 s to read"),
        ("", "bytearray(10**9)", "is a damaged binary USD layer, or too large a one"),
    ],
    ids=["slow to load", "computes for ever", "waits for ever", "takes all memory"],
)
def test_time_and_memory_of_usd_core_are_bounded_once_it_is_loaded(
    loading: str, opening: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "pxr").mkdir()
    (tmp_path / "pxr" / "__init__.py").touch()
    (tmp_path / "pxr" / "Sdf.py").write_text(STAND_IN.format(loading=loading, opening=opening))
    (tmp_path / "a.usdc").write_bytes(b"PXR-USDC")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pxr", types.ModuleType("pxr"))
    monkeypatch.setattr(usd_crate, "MAX_SECONDS", 0.3)
    with pytest.raises(InputError, match=message):
        read_path(tmp_path / "a.usdc")


def test_the_bounds_of_a_binary_layer_are_those_of_every_file():
    assert usd_crate.MAX_SECONDS <= MAX_CPU_S
    assert usd_crate.MAX_BYTES <= MAX_BYTES


def test_binary_layers_need_usd_core_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pxr", None)
    (tmp_path / "a.usdc").write_bytes(b"PXR-USDC")
    with pytest.raises(InputError, match=r'pip install "kinoeye\[usd\]"'):
        read_path(tmp_path / "a.usdc")
