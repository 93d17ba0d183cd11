from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.footage import LAYER_TYPES, Layer, Take, read_video, write_video
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory

FRAMES, HEIGHT, WIDTH = 4, 32, 48


def layer(name: str) -> Layer:
    dtype, trailing = LAYER_TYPES[name]
    generator = np.random.default_rng(len(name))
    values = generator.uniform(0, 200, (FRAMES, HEIGHT, WIDTH, *trailing)).astype(dtype)
    if dtype == "float32":
        values[0, 0, 0] = np.nan
        values[0, 0, 1] = np.inf
    return Layer(values, "truth")


def take(names=tuple(LAYER_TYPES)) -> Take:
    times = np.arange(FRAMES) / 8
    camera = Trajectory(Track(SE3.identity(FRAMES), torch.from_numpy(times)), Intrinsics.from_fov(1.0, (WIDTH, HEIGHT)))
    return Take(times_s=times, layers={n: layer(n) for n in names}, cameras={"truth": camera}, captions=("a film",))


def test_every_layer_survives_the_folder_bit_for_bit_with_its_source(tmp_path: Path):
    original = take()
    original.save(tmp_path / "take")
    opened = Take.open(tmp_path / "take")
    assert set(opened.layers) == set(LAYER_TYPES)
    for name in LAYER_TYPES:
        np.testing.assert_array_equal(opened.layers[name].values, original.layers[name].values)
        assert opened.layers[name].source == "truth"
        # Readable by whoever may read the folder's other files.
        modes = {(tmp_path / "take" / file).stat().st_mode for file in (f"{name}.safetensors", "take.json")}
        assert len(modes) == 1
    assert opened.captions == ("a film",)
    assert opened.fps == 8
    assert opened.cameras["truth"].size_wh == (WIDTH, HEIGHT)


def test_layers_are_read_only_when_used(tmp_path: Path):
    take().save(tmp_path / "take")
    opened = Take.open(tmp_path / "take")
    (tmp_path / "take" / "depth.safetensors").write_bytes(b"damaged afterwards")
    assert opened.rgb.values.shape == (FRAMES, HEIGHT, WIDTH, 3)
    with pytest.raises(InputError, match=r"depth\.safetensors is damaged"):
        opened.layers["depth"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f, d: (f / "rgb.safetensors").unlink(), "lacks rgb.safetensors"),
        (lambda f, d: d["layers"].update({"../../etc/passwd": "truth"}), "unknown key"),
        (lambda f, d: d.update(times_s=[3, 2, 1, 0]), "increase strictly"),
        (lambda f, d: d["layers"].pop("rgb"), "needs an 'rgb' layer"),
    ],
)
def test_a_damaged_take_is_one_line(tmp_path: Path, damage, message: str):
    folder = tmp_path / "take"
    take(("rgb",)).save(folder)
    data = json.loads((folder / "take.json").read_text())
    damage(folder, data)
    (folder / "take.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=message):
        Take.open(folder)


def test_a_folder_that_is_no_take_is_said_to_be_none(tmp_path: Path):
    with pytest.raises(InputError, match="not a take"):
        Take.open(tmp_path)


def test_shapes_and_types_are_held():
    with pytest.raises(ValueError, match="uint8"):
        Take(times_s=np.arange(2.0), layers={"rgb": Layer(np.zeros((2, 4, 4, 3)), "file")})
    with pytest.raises(ValueError, match="unknown layer 'colour'"):
        take(("rgb",)).with_layers({"colour": layer("rgb")})
    with pytest.raises(ValueError, match="needs an 'rgb'"):
        Take(times_s=np.arange(2.0), layers={})


def test_cameras_are_added_by_source():
    original = take(("rgb",))
    merged = original.with_camera("estimated:test", original.cameras["truth"])
    assert set(merged.cameras) == {"truth", "estimated:test"}
    assert set(original.cameras) == {"truth"}


def gradient_frames(width: int, height: int) -> np.ndarray:
    x, y, t = np.meshgrid(np.arange(width), np.arange(height), np.arange(6), indexing="xy")
    frames = np.stack([x * 255 // width, y * 255 // height, t * 40], -1)
    return np.moveaxis(frames, 2, 0).astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 48), (65, 49)])
def test_videos_come_back_as_they_went(tmp_path: Path, size: tuple[int, int]):
    frames = gradient_frames(*size)
    write_video(tmp_path / "v.mp4", frames, fps=12)
    back = read_video(tmp_path / "v.mp4")
    assert back.rgb.values.shape[0] == 6
    difference = back.rgb.values[:, : size[1], : size[0]].astype(int) - frames
    assert np.abs(difference).mean() < 4
    np.testing.assert_allclose(back.times_s, np.arange(6) / 12, atol=1e-3)
    assert len(read_video(tmp_path / "v.mp4", max_frames=2)) == 2


def test_the_same_frames_make_the_same_file(tmp_path: Path):
    frames = gradient_frames(64, 48)
    contents = set()
    for _ in range(150):  # encoders on threads differ once in a hundred runs
        write_video(tmp_path / "v.mp4", frames, fps=24)
        contents.add((tmp_path / "v.mp4").read_bytes())
    assert len(contents) == 1


def test_what_is_no_video_is_one_line(tmp_path: Path):
    (tmp_path / "x.mp4").write_bytes(b"this is not a video" * 100)
    for path, message in ((tmp_path / "x.mp4", "cannot be decoded"), (tmp_path / "none.mp4", "does not exist")):
        with pytest.raises(InputError, match=message):
            read_video(path)
    with pytest.raises(InputError, match="at least one frame"):
        write_video(tmp_path / "y.mp4", np.zeros((0, 4, 4, 3), np.uint8), fps=24)


def test_a_real_clip_is_read(real_data: Path):
    clip = read_video(real_data / "video" / "inpaint_video.mp4", max_frames=8)
    assert len(clip) == 8
    assert clip.rgb.source == "file"
    assert clip.rgb.values.std() > 10
