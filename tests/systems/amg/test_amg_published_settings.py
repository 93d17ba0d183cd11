"""The YAML files of the released code are read as they stand, and nothing in them is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from upstream_folder import BACKGROUND, CAMERA, MOTION, PIXELS, TRAINING, UNET

from kinoeye.base.errors import InputError
from kinoeye.systems.amg import AMGConfig, Quirks
from kinoeye.systems.amg.published_settings import (
    Application,
    ChangeBackground,
    ChangeMotion,
    MoveCamera,
    Training,
    read_published_settings,
)


def read(tmp_path: Path, text: str, quirks: Quirks | None = None) -> Application | Training:
    file = tmp_path / "demo.yaml"
    file.write_text(text)
    return read_published_settings(file, quirks=quirks or Quirks.official())


def test_each_published_form_is_told_by_its_keys(tmp_path: Path):
    background = read(tmp_path, BACKGROUND)
    assert isinstance(background, ChangeBackground)
    assert background.vid_dataset.start_frame == 5240
    assert background.batch_sizes == {"1": 32, "16": 8}
    assert background.UNet.lora_alpha is None
    assert background.UNet.config().text_dim == 48
    motion, camera, training = (read(tmp_path, text) for text in (MOTION, CAMERA, TRAINING))
    assert isinstance(motion, ChangeMotion)
    assert (motion.new_caption, motion.seed) == ("a person dances", None)
    assert isinstance(camera, MoveCamera)
    assert camera.resolution == (PIXELS, PIXELS)
    assert isinstance(training, Training)
    assert training.Pretrain.resume_checkpoint == "models/model_scope_v1-4_0600000.pth"
    assert training.Pretrain.pretrained_image_keys is None
    assert (training.lr, training.ddim_steps) == (1e-6, (951, 901, 1))


def test_what_a_file_leaves_out_has_the_published_value(tmp_path: Path):
    settings = read(tmp_path, MOTION.replace(UNET, ""))
    assert settings.UNet.config().with_quirks(Quirks.none()) == AMGConfig()
    assert (settings.guide_scale, settings.max_frames, settings.Diffusion.schedule) == (3.0, 16, "linear_sd")


def test_a_leading_zero_makes_a_seed_octal_unless_that_is_mended(tmp_path: Path):
    for quirks, seed in ((Quirks.official(), 257), (Quirks.none(), 401)):
        settings = read(tmp_path, BACKGROUND, quirks)
        assert isinstance(settings, ChangeBackground)
        assert settings.seed == seed
    mended = read(tmp_path, BACKGROUND.replace("0401", "0").replace("5240", "1_000"), Quirks.none())
    assert isinstance(mended, ChangeBackground)
    assert (mended.seed, mended.vid_dataset.start_frame) == (0, 1000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BACKGROUND + "save_foldr: x", "unknown key 'save_foldr'; did you mean 'save_folder'"),
        (BACKGROUND.replace("'dim_mult'", "'dim_mul'"), "UNet has the unknown key 'dim_mul'; did you mean 'dim_mult'"),
        (BACKGROUND.replace("'zero_y_path'", "'zero_y'"), "did you mean 'zero_y_path'"),
        (BACKGROUND.replace("save_folder: _demo_results/change_background\n", ""), "lacks 'save_folder'"),
        (BACKGROUND.replace("'linear_sd'", "'cosine'"), "schedule is 'cosine'; allowed: 'linear_sd'"),
        (BACKGROUND.replace("'zero_terminal_snr': False", "'zero_terminal_snr': True"), "zero_terminal_snr is True"),
        (BACKGROUND.replace("0.0120", "0.02"), "last_beta 0.02; the released weights"),
        (BACKGROUND.replace("'y_dim': 48", "'y_dim': 64"), "y_dim is 64 and context_dim 48"),
        (BACKGROUND.replace("'dim': 32", "'dim': 33"), "width 33 is no multiple"),
        (BACKGROUND.replace('"lora_alpha"', '"lora_alpha": 8'), "lora_alpha is 8"),
        (BACKGROUND.replace("'noise_strength': 0.", "'noise_strength': 0.1"), "noise_strength is 0.1"),
        (BACKGROUND.replace("0.18215", "0.13025"), "scale_factor is 0.13025"),
        (BACKGROUND.replace("'attn_resolutions': []", "'attn_resolutions': [8]"), "attn_resolutions has values"),
        (BACKGROUND.replace("max_frames: 16", "max_frames: 0"), "max_frames is 0"),
        (BACKGROUND.replace("max_frames: 16", "max_frames: 1000000000"), "max_frames is 1000000000; 1 to 10000"),
        (BACKGROUND.replace("ddim_timesteps: 2", "ddim_timesteps: 1001"), "ddim_timesteps is 1001; 1 to 1000"),
        (BACKGROUND.replace("guide_scale: 3.0", "guide_scale: .inf"), "guide_scale is no number"),
        (BACKGROUND.replace("'dim_mult'", "4"), "UNet has the unknown key '4'"),
        (CAMERA.replace("resolution: [32, 32]", "resolution: [32, 36]"), r"resolution is \[32, 36\]; multiples of 8"),
        (BACKGROUND.replace("max_frames: 16", "max_frames: many"), "max_frames is text; int is needed"),
        (BACKGROUND.replace("keep_image: true", "keep_image: 3"), "keep_image is a number; bool is needed"),
        (CAMERA.replace("std: [0.5, 0.5, 0.5]", "std: [0.5, 0.5, 1.0]"), "mean and std are not all 0.5"),
        (TRAINING.replace("decay_mode: cosine", "decay_mode: linear"), "decay_mode is 'linear'"),
        ("seed: 8888\nlog_dir: x\n", "no settings file of AMG"),
        ("- 1\n- 2\n", "holds no named settings"),
        ("a: [", "not valid YAML at line 1"),
        ("a: !!python/object/apply:os.system [touch x]", "not valid YAML at line 1"),
        ("a: &a [1]\nb: [*a, *a]", "refers to other places of itself"),
        ("new_caption: 2001-99-99", "cannot be read as YAML"),
        ("a: " + "{b: " * 3000, "cannot be read as YAML|not valid YAML"),
        ("#" * 1_000_001, "at most 1,000,000 are read"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_clear_line(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message) as refused:
        read(tmp_path, text)
    assert str(refused.value).count("demo.yaml") == 1
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.yaml does not exist"):
        read_published_settings(tmp_path / "nowhere.yaml", quirks=Quirks.official())
