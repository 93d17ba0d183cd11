"""Frames, latents, pictures and captions in upstream's own layout."""

from __future__ import annotations

import json
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from upstream_folder import SIDE, write_latents

from kinoeye.base.errors import InputError
from kinoeye.systems.amg.frame_folder import FrameFolder, clip_offsets, middle_offset
from kinoeye.systems.amg.new_captions import NewCaption, read_new_captions
from kinoeye.systems.amg.renderings import fitted
from kinoeye.systems.amg.stored_features import read_features, read_latents


def touched(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_frames_are_known_by_their_numbers(tmp_path: Path):
    folder = touched(
        tmp_path / "film", "film_000003.pth", "film_000012.pth", "notes.txt", "film_000006.jpg", "mean.pth"
    )
    found = FrameFolder.open(folder, (".pth",))
    assert list(found.files) == [3, 12]
    assert list(FrameFolder.open(touched(tmp_path / "bare", "0002.pth", "0010.pth"), (".pth",)).files) == [2, 10]
    with pytest.raises(InputError, match="has 2 of the 3 frames of the clip at 3; 6 are missing: its frames are 3 to"):
        found.clip(3, (0, 3, 9))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "has no frames; files such as film_005240.pth"),
        (("a_000001.pth", "b_000001.pth"), "several films .'a', 'b'."),
        (("7.pth", "0007.pth"), "has frame 7 twice"),
    ],
)
def test_folders_that_are_no_film_are_refused(tmp_path: Path, names: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message):
        FrameFolder.open(touched(tmp_path / "film", *names), (".pth",))
    with pytest.raises(InputError, match="is no folder"):
        FrameFolder.open(tmp_path / "nowhere", (".pth",))


@given(numbers=st.sets(st.integers(0, 40), min_size=1), step=st.integers(1, 4), length=st.integers(1, 6))
def test_valid_starts_are_those_of_the_published_rule(numbers: set[int], step: int, length: int):
    """Each next frame exists and lies within the next `step` places of the sorted list."""
    names = sorted(numbers)

    def valid(start: int) -> bool:
        wanted = [start + step * k for k in range(length)]
        return all(
            after in names and names.index(after) - names.index(before) <= step for before, after in pairwise(wanted)
        )

    offsets = [step * k for k in range(length)]
    folder = FrameFolder(Path("film"), {number: Path(str(number)) for number in names})
    assert list(folder.starts(offsets)) == [start for start in names if valid(start)]


@given(frames=st.integers(1, 60), source=st.floats(1, 120), share=st.floats(0.05, 1))
def test_resampled_frames_are_the_nearest_in_time(frames: int, source: float, share: float):
    fps = source * share
    offsets = clip_offsets(frames, source_fps=source, fps=fps, floored=False)
    assert offsets[0] == 0
    assert list(offsets) == sorted(set(offsets))
    assert all(abs(offset / source - k / fps) <= 0.5 / source + 1e-9 for k, offset in enumerate(offsets))


def test_the_published_step_and_middle_frame():
    offsets = clip_offsets(16, source_fps=24, fps=8, floored=True)
    assert (offsets[-1], middle_offset(offsets)) == (45, 24)
    assert clip_offsets(16, source_fps=30, fps=8, floored=True) == offsets
    for wrong in ((0, 24, 8), (16, 24, 0), (16, 24, 30)):
        with pytest.raises(InputError, match="give"):
            clip_offsets(wrong[0], source_fps=wrong[1], fps=wrong[2], floored=False)


def test_latents_of_a_clip_are_read_in_order(tmp_path: Path):
    write_latents(tmp_path, ["0000", "0001", "0002"])
    files = [tmp_path / f"{number:04d}.pth" for number in (2, 0)]
    latents = read_latents(files)
    assert (latents.shape, latents.dtype) == ((4, 2, SIDE, SIDE), torch.float32)
    assert torch.equal(latents[:, 1], torch.load(files[1], weights_only=True)[0, 0])


def test_latents_that_were_stored_on_a_gpu_are_read_without_one(tmp_path: Path):
    write_latents(tmp_path, ["0000"])
    with zipfile.ZipFile(tmp_path / "0000.pth") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "gpu.pth", "w") as archive:
        for name, data in parts.items():
            text = b"X\x03\x00\x00\x00cpu"
            assert (text in data) == name.endswith("data.pkl")
            archive.writestr(name, data.replace(text, b"X\x06\x00\x00\x00cuda:0"))
    assert torch.equal(read_latents([tmp_path / "gpu.pth"]), read_latents([tmp_path / "0000.pth"]))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.randn(4, 8, 8), r"holds \[4, 8, 8\]; one frame's latents"),
        (torch.randn(1, 2, 4, 8, 8), "one frame's latents"),
        (torch.zeros(1, 1, 4, 8, 8, dtype=torch.long), "no tensor of numbers"),
        ({"latents": torch.zeros(2)}, "no tensor of numbers but dict"),
        (torch.randn(1, 1, 4, 8, 16), r"but 0000\.pth \[4, 4, 4\]"),
        (torch.zeros(1).expand(1, 1, 4, 3000, 3000), "36,000,000 numbers"),
        (torch.full((1, 1, 4, SIDE, SIDE), torch.nan), "not all numbers"),
    ],
)
def test_what_is_no_latent_is_refused(tmp_path: Path, value: object, message: str):
    write_latents(tmp_path, ["0000"])
    torch.save(value, tmp_path / "0001.pth")
    with pytest.raises(InputError, match=message):
        read_latents([tmp_path / "0000.pth", tmp_path / "0001.pth"])


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (1.5 / 0.18215, r"deviation of 8\.\d; those of AMG have about 1\.5 .*: multiply them by 0\.18215"),
        (1.5 * 0.18215, r"deviation of 0\.2\d; .*: divide them by 0\.18215"),
        (500.0, "encode its frames with the image autoencoder"),
    ],
)
def test_latents_of_another_scale_are_noticed(tmp_path: Path, scale: float, message: str):
    write_latents(tmp_path / "film", ["0000", "0001"], scale=scale)
    with pytest.raises(InputError, match=message):
        read_latents([tmp_path / "film" / "0000.pth", tmp_path / "film" / "0001.pth"])


def test_objects_in_latent_files_are_never_unpickled(tmp_path: Path):
    torch.save(Path("planted"), tmp_path / "0000.pth")
    with pytest.raises(InputError, match="cannot be read as weights alone"):
        read_latents([tmp_path / "0000.pth"])
    with pytest.raises(InputError, match="does not exist"):
        read_latents([tmp_path / "0001.pth"])


def test_text_features_are_those_of_one_caption(tmp_path: Path):
    torch.save(torch.ones(1, 77, 8, dtype=torch.float16), tmp_path / "y.pth")
    assert read_features(tmp_path / "y.pth").dtype == torch.float32
    torch.save(torch.ones(77, 8), tmp_path / "y.pth")
    with pytest.raises(InputError, match=r"holds \[77, 8\]; text features"):
        read_features(tmp_path / "y.pth")


def test_pictures_are_cropped_as_published():
    rows, columns = np.mgrid[:720, :1280]
    picture = np.stack([rows // 3, columns // 6, np.zeros_like(rows)], axis=2).astype(np.uint8)
    found = fitted(picture).astype(float) * (3, 6, 1)
    assert found.shape == (256, 256, 3)
    # 1280 x 500 become 655 x 256: rows 110 to 610, and of 655 columns those from 199 on.
    assert np.allclose(found[:, 0, 0], 110 + (np.arange(256) + 0.5) * 500 / 256, atol=4)
    assert np.allclose(found[0, :, 1], (199 + np.arange(256) + 0.5) * 1280 / 655, atol=8)
    assert fitted(np.full((64, 90, 3), 7, np.uint8), (64, 64)).tolist() == np.full((64, 64, 3), 7).tolist()


def test_scaling_averages_areas():
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[::2] = 200
    assert (fitted(picture, (4, 4)) == 100).all()


@given(height=st.integers(16, 900), width=st.integers(16, 900))
def test_pictures_of_any_size_are_covered(height: int, width: int):
    assert (fitted(np.full((height, width, 3), 9, np.uint8), (16, 16)) == 9).all()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((90, 60, 3), np.uint8), "60 x 90 pixels was given; 64 x 64 are filmed"),
        (np.zeros((90, 90), np.uint8), "8-bit"),
        (np.zeros((90, 90, 3)), "float64"),
    ],
)
def test_pictures_that_cannot_be_filmed_are_refused(picture: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        fitted(picture, (64, 64))


def test_captions_stand_under_the_first_or_the_middle_frame(tmp_path: Path):
    lists = {"new_captions": ["a beach"], "new_caption_file_names": ["beach"], "old_captions": ["a room"]}
    (tmp_path / "frame_005264.json").write_text(json.dumps(lists))
    assert read_new_captions(tmp_path, (5240, 5264)) == (NewCaption("beach", "a beach"),)
    (tmp_path / "frame_005240.json").write_text(json.dumps({**lists, "new_captions": ["a hill"]}))
    assert read_new_captions(tmp_path, (5240, 5264))[0].text == "a hill"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "has no frame_000001.json nor frame_000025.json"),
        ([], "holds no object"),
        ({"new_captions": ["a"]}, "no list of texts new_caption_file_names"),
        ({"new_captions": ["a", "b"], "new_caption_file_names": ["a"]}, "2 captions and 1 names"),
        ({"new_captions": [], "new_caption_file_names": []}, "0 captions"),
        ({"new_captions": ["a"], "new_caption_file_names": ["../a"]}, "names a film '../a'"),
        ({"new_captions": ["a"], "new_caption_file_names": [""]}, "names a film ''"),
        ({"new_captions": ["a", "b"], "new_caption_file_names": ["a", "a"]}, "a file name of its own"),
        ({"new_captions": [" "], "new_caption_file_names": ["a"]}, "has 1 characters"),
    ],
)
def test_captions_that_cannot_be_used_are_refused(tmp_path: Path, data: object, message: str):
    if data is not None:
        (tmp_path / "frame_000001.json").write_text(json.dumps(data))
    with pytest.raises(InputError, match=message):
        read_new_captions(tmp_path, (1, 25))
