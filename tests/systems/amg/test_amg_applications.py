"""The three applications from upstream's settings files to upstream's output files, on small random networks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from upstream_folder import AUTOENCODER, BACKGROUND, CAMERA, CHECKPOINT, MOTION, PIXELS, START, write_latents

from kinoeye.base.errors import InputError
from kinoeye.footage.video import read_video
from kinoeye.systems.amg import Quirks
from kinoeye.systems.amg.applications import run_application, side_by_side
from kinoeye.systems.amg.checkpoint import load_folder, save
from kinoeye.systems.amg.clips import asked_clips
from kinoeye.systems.amg.official_pipeline import OfficialAMGPipeline
from kinoeye.systems.amg.published_settings import MoveCamera, read_published_settings


def test_change_background_writes_upstreams_files(upstream: Path, tmp_path: Path):
    films = run_application(upstream / "background.yaml", upstream, tmp_path / "first", device="cpu")
    folder = tmp_path / "first" / "_demo_results" / "change_background" / f"non_ema_0640000_{START}"
    assert films == (folder / "beach_pred.mp4", folder / "street_pred.mp4")
    for film in films:
        take = read_video(film)
        assert (len(take), take.size_wh, take.fps) == (16, (PIXELS, PIXELS), 4)
        kept = sorted(film.with_name(f"{film.name}_frames").iterdir())
        assert [file.name for file in kept] == [f"{number:04d}.png" for number in range(1, 17)]
        assert np.asarray(Image.open(kept[0])).shape == (PIXELS, PIXELS, 3)
    compared = read_video(folder / "beach_comparison.mp4")
    assert (len(compared), compared.size_wh) == (16, (3 * PIXELS, PIXELS))
    record = json.loads((folder / "films.json").read_text())
    assert (record["seed"], record["fps"], record["quirks"]["extra_step"]) == (257, 4, True)
    assert [film["caption"] for film in record["films"]] == ["a beach", "a street at night"]
    again = run_application(upstream / "background.yaml", upstream, tmp_path / "second", limit=1, device="cpu")
    assert len(again) == 1
    written = [file.relative_to(tmp_path / "first") for file in folder.rglob("beach*") if file.is_file()]
    written += [file.relative_to(tmp_path / "first") for file in (folder / "beach_pred.mp4_frames").iterdir()]
    assert len(written) == 18
    assert all(
        (tmp_path / "second" / name).read_bytes() == (tmp_path / "first" / name).read_bytes() for name in written
    )
    assert films[0].read_bytes() != films[1].read_bytes()


def test_the_films_are_the_pipelines(upstream: Path, tmp_path: Path):
    from kinoeye.systems.amg.stored_features import read_features, read_latents

    film = run_application(upstream / "background.yaml", upstream, tmp_path, seed=5, limit=1, device="cpu")[0]
    pipeline = OfficialAMGPipeline.from_pretrained(
        upstream / CHECKPOINT,
        autoencoder=upstream / AUTOENCODER,
        text_encoder=upstream / "models" / "sd2",
        device="cpu",
    )
    names = [f"film_{number:06d}.pth" for number in range(START, START + 46, 3)]
    avatar = read_latents([upstream / "demo_data" / "hg_images" / name for name in names])
    empty = read_features(upstream / "demo_data" / "zero_y.pth")
    expected = pipeline(avatar, "a beach", seed=5, empty=empty, steps=2)
    folder = film.with_name(f"{film.name}_frames")
    assert np.array_equal(np.stack([np.asarray(Image.open(file)) for file in sorted(folder.iterdir())]), expected)


def test_change_motion_films_every_valid_start(upstream: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    films = run_application(upstream / "motion.yaml", upstream, tmp_path, device="cpu")
    folder = tmp_path / "_demo_results" / "change_motion"
    assert films == (folder / "0000.mp4", folder / "0001.mp4")  # 47 frames, clips of 46
    take = read_video(films[0])
    assert (len(take), take.size_wh) == (16, (2 * PIXELS, PIXELS))
    assert "the seed here is 0" in capsys.readouterr().err
    record = json.loads((folder / "films.json").read_text())
    assert [film["start"] for film in record["films"]] == [0, 1]
    assert record["films"][0]["caption"] == "a person dances"


def test_move_camera_shows_what_is_made_on_the_left(upstream: Path, tmp_path: Path):
    film = run_application(
        upstream / "camera.yaml", upstream, tmp_path, caption="two on a bench", seed=3, device="cpu"
    )[0]
    assert film == tmp_path / "_demo_results" / "move_camera" / "0000.mp4"
    take = read_video(film)
    assert (len(take), take.size_wh) == (16, (2 * PIXELS, PIXELS))
    right = take.rgb.values[:, :, PIXELS:]
    from kinoeye.footage.pictures import read_picture
    from kinoeye.systems.amg.renderings import fitted

    for number in (0, 15):
        shown = fitted(read_picture(upstream / "demo_data" / "camera" / f"{3 * number:06d}.jpg"), (PIXELS, PIXELS))
        assert abs(right[number].astype(int) - shown).mean() < 12  # what H.264 makes of noise


def test_mended_films_are_at_their_own_speed_and_longer_ones_are_made(upstream: Path, tmp_path: Path):
    save(load_folder(upstream / CHECKPOINT)[0], tmp_path / "models")
    settings = MOTION.replace("max_frames: 16", "max_frames: 18").replace("sample_fps: 8", "sample_fps: 12")
    settings = settings.replace(CHECKPOINT, str(tmp_path / "models"))
    (tmp_path / "long.yaml").write_text(settings)
    film = run_application(
        tmp_path / "long.yaml", upstream, tmp_path, quirks=Quirks.none(), limit=1, seed=0, device="cpu"
    )[0]
    take = read_video(film)
    assert (len(take), round(take.fps)) == (18, 12)
    record = json.loads((film.parent / "films.json").read_text())
    assert not any(record["quirks"].values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BACKGROUND.replace("demo_data/hg_images", "nowhere"), "nowhere is no folder"),
        (BACKGROUND.replace("'start_frame': 5240", "'start_frame': 5243"), r"no frame_005243\.json nor"),
        (BACKGROUND.replace("demo_data/images", "short"), "short has 15 of the 16 frames .* 5285 are missing"),
        (BACKGROUND.replace("demo_data/images", "small"), r"small has latents \[4, 16, 2, 2\]"),
        (BACKGROUND.replace("demo_data/hg_images", "unscaled"), "multiply them by 0.18215"),
        (BACKGROUND.replace("demo_data/captions_y", "demo_data/motion"), "no features for frame 5264"),
        (BACKGROUND.replace("zero_y.pth", "nowhere.pth"), "does not exist"),
        (BACKGROUND.replace("demo_data/zero_y.pth", "wide.pth"), "text features of width 64; this model reads 48"),
        (BACKGROUND.replace("non_ema_0640000", "nowhere"), r"nowhere\.pth does not exist"),
        (BACKGROUND.replace(CHECKPOINT, AUTOENCODER), "image autoencoder, not of AMG"),
        (BACKGROUND.replace(f"'pretrained': '{AUTOENCODER}'", f"'pretrained': '{CHECKPOINT}'"), "lacks .*encoder"),
        (BACKGROUND.replace("'pretrained': 'models/sd2'", "'pretrained': 'clip.bin'"), "give text_encoder=FOLDER"),
        (BACKGROUND.replace("'dim': 32", "'dim': 64"), "UNet says width 64, but the checkpoint .* has 32"),
        (BACKGROUND.replace("'ch': 32", "'ch': 64"), r"ddconfig says ch \* ch_mult \[64, 64, 64, 64\]"),
        (BACKGROUND.replace("_demo_results/change", "/tmp/change"), "without '..'"),
        (BACKGROUND.replace("_demo_results/change", "../change"), "without '..'"),
        (BACKGROUND.replace("sample_fps: 8", "sample_fps: 30"), "30 frames a second are asked of a film of 24"),
        (MOTION.replace("demo_data/motion", "demo_data/hg_images").replace("max_frames: 16", "max_frames: 17"),
         "16 frames but no clip of 17"),
        (MOTION.replace("a person dances", "''"), "a caption of change_motion has 0 characters"),
        (CAMERA, "have no caption, and upstream's own is not here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_heavy_loads(
    upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
):
    def nothing_heavy(*_: object, **__: object) -> None:
        raise AssertionError("weights were loaded")

    monkeypatch.setattr(OfficialAMGPipeline, "from_pretrained", nothing_heavy)
    root = tmp_path / "root"
    root.mkdir()
    for name in ("models", "demo_data"):
        (root / name).symlink_to(upstream / name)
    names = [f"film_{number:06d}" for number in range(START, START + 46, 3)]
    write_latents(root / "short", names[:-1])
    write_latents(root / "unscaled", names, scale=8)
    (root / "small").mkdir()
    for name in names:
        torch.save(torch.randn(1, 1, 4, 2, 2), root / "small" / f"{name}.pth")
    torch.save(torch.zeros(1, 16, 64), root / "wide.pth")
    (root / "demo.yaml").write_text(text)
    before = set(root.rglob("*"))
    with pytest.raises(InputError, match=message) as refused:
        run_application(root / "demo.yaml", root, device="cpu")
    assert "\n" not in str(refused.value)
    assert set(root.rglob("*")) == before


def test_what_is_asked_for_must_fit_the_application(upstream: Path, tmp_path: Path):
    for name, options, message in (
        ("train", {}, "is of the training"),
        ("background", {"caption": "a beach"}, "has its captions in new_caption_json_folder_path"),
        ("background", {"seed": 2**63}, "the seed is 9223372036854775808"),
        ("background", {"limit": 0}, "0 films are asked for"),
        ("background", {"text_encoder": tmp_path / "nowhere"}, "nothing is downloaded"),
        ("camera", {"caption": " "}, "a caption of move_camera has 1 characters"),
    ):
        with pytest.raises(InputError, match=message):
            run_application(upstream / f"{name}.yaml", upstream, tmp_path, device="cpu", **options)
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_in_the_order_of_their_numbers(tmp_path: Path):
    (tmp_path / "frames").mkdir()
    for number in range(16):
        (tmp_path / "frames" / f"{number}.png").touch()
    (tmp_path / "demo.yaml").write_text(CAMERA.replace("demo_data/camera", "frames"))
    settings = read_published_settings(tmp_path / "demo.yaml", quirks=Quirks.official())
    assert isinstance(settings, MoveCamera)
    settings = replace(settings, sample_fps=24)
    clip = asked_clips(settings, tmp_path, tmp_path, caption="a", quirks=Quirks.official(), limit=None)[0]
    assert [file.stem for file in clip.avatar] == [str(number) for number in range(16)]


def test_pictures_of_others_are_never_replaced(upstream: Path, tmp_path: Path):
    folder = tmp_path / "_demo_results" / "change_background" / f"non_ema_0640000_{START}" / "beach_pred.mp4_frames"
    folder.mkdir(parents=True)
    (folder / "mine.txt").touch()
    with pytest.raises(InputError, match="was not made by Kinoeye"):
        run_application(upstream / "background.yaml", upstream, tmp_path, device="cpu")


def test_films_of_other_sizes_are_not_put_side_by_side():
    film = np.zeros((2, 4, 6, 3), np.uint8)
    assert side_by_side(film, film[:, :, :3]).shape == (2, 4, 9, 3)
    with pytest.raises(InputError, match="3 frames of 4 rows"):
        side_by_side(film, np.zeros((3, 4, 6, 3), np.uint8))
