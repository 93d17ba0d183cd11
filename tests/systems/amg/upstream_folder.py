"""Small random networks in files as upstream names them, and inputs of its three applications in its own layout."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinoeye.networks import open_tensors
from kinoeye.systems.amg.autoencoder import autoencoder_key_map

WIDTH, SIDE, TOKENS = 48, 4, 16
"""Of text features, of latents and of captions."""
PIXELS = 8 * SIDE
CHECKPOINT, AUTOENCODER, TEXT_ENCODER = "models/non_ema_0640000.pth", "models/v2-1_512-ema-pruned.ckpt", "models/sd2"
START = 5240

UNET = """
UNet: {
  'in_dim': 4, 'dim': 32, 'y_dim': 48, 'context_dim': 48, 'out_dim': 4, 'dim_mult': [1, 2], 'num_heads': 8,
  'head_dim': 8, 'num_res_blocks': 1, 'attn_scales': [1.0], 'dropout': 0.1, 'temporal_attention': True,
  'temporal_attn_times': 1, 'use_checkpoint': True, 'use_fps_condition': False, 'use_sim_mask': False,
  "use_lora": true, "lora_rank": 4, "lora_alpha",
}
"""
COMMON = f"""
{UNET}
Diffusion: {{
  'schedule': 'linear_sd',
  'schedule_param': {{'num_timesteps': 1000, "init_beta": 0.00085, "last_beta": 0.0120, 'zero_terminal_snr': False}},
  'mean_type': 'eps', 'loss_type': 'mse', 'var_type': 'fixed_small', 'rescale_timesteps': False, 'noise_strength': 0.
}}
grad_scale: {{"spatial": 1, "temporal": 1}}
embedder: {{'layer': 'penultimate', 'pretrained': '{TEXT_ENCODER}'}}
auto_encoder: {{
  'ddconfig': {{
    'double_z': True, 'z_channels': 4, 'resolution': 256, 'in_channels': 3, 'out_ch': 3, 'ch': 32,
    'ch_mult': [1, 1, 1, 1], 'num_res_blocks': 1, 'attn_resolutions': [], 'dropout': 0.0, 'video_kernel_size': [3, 1, 1]
  }},
  'embed_dim': 4, 'pretrained': '{AUTOENCODER}'
}}
sample_fps: 8
max_frames: 16
guide_scale: 3.0
ddim_timesteps: 2
use_fp16: true
concat_input: true
batch_sizes: {{"1": 32, "16": 8}}
"""
APPLICATION = COMMON + f"scale_factor: 0.18215\ninfer_checkpoint: {CHECKPOINT}\n"
BACKGROUND = (
    APPLICATION
    + f"""
vid_dataset: {{
  'type': 'GHVideoFeatureDataset', 'captions_y_dir': 'demo_data/captions_y', 'images_feature_dir': 'demo_data/images',
  'hg_images_feature_dir': 'demo_data/hg_images', 'zero_y_path': 'demo_data/zero_y.pth', 'use_small_batch': false,
  'start_frame': {START}
}}
new_caption_json_folder_path: demo_data/new_captions
save_folder: _demo_results/change_background
keep_image: true
seed: 0401
"""
)
MOTION = (
    APPLICATION
    + """
vid_dataset: {'type': 'Latents', 'gh_images_feature_dir': 'demo_data/motion', 'zero_y_path': 'demo_data/zero_y.pth'}
new_caption: a person dances
save_dir: _demo_results/change_motion
"""
)
CAMERA = (
    APPLICATION
    + f"""
vid_dataset: {{'gh_images_dir': 'demo_data/camera', 'zero_y_path': 'demo_data/zero_y.pth', 'start_frame': 0}}
resolution: [{PIXELS}, {PIXELS}]
mean: [0.5, 0.5, 0.5]
std: [0.5, 0.5, 0.5]
save_dir: _demo_results/move_camera
"""
)
TRAINING = (
    COMMON
    + """
log_dir: _runtime/log
temp_dir: _runtime/temp
num_steps: 1000000
num_workers: 48
weight_decay: 0.0
Pretrain: {'resume_checkpoint': 'models/model_scope_v1-4_0600000.pth', 'pretrained_image_keys': , 'fix_weight': False}
vid_dataset: {
  'type': 'V', 'captions_y_dir': 'a', 'images_feature_dir': 'b', 'gh_images_feature_dir': 'c', 'zero_y_path': 'd',
  'use_small_batch': false
}
ddim_steps: [951, 901, 1]
viz_interval: 200
save_ckp_interval: 1000
visual_train: {'type': 'VisualTrain'}
share_noise: False
lr: 0.000001
warmup_steps: 10
decay_mode: cosine
use_div_loss: False
"""
)


@cache
def _autoencoder() -> dict[str, Tensor]:
    diffusers = pytest.importorskip("diffusers")
    model = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(32,) * 4, layers_per_block=1,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.08)
        model.quant_conv.weight[:4] *= 600  # means of about the deviation that real ones have
    return {f"first_stage_model.{key}": value for key, value in autoencoder_key_map(4).to_official(model).items()}


def write_models(root: Path) -> None:
    """The released checkpoint, the image model and the text encoder, all small and random."""
    (root / "models").mkdir(parents=True, exist_ok=True)
    weights = dict(open_tensors(Path(__file__).parents[2] / "fixtures" / "amg" / "weights"))
    torch.save({"state_dict": weights, "step": 640_000}, root / CHECKPOINT)
    torch.save({"state_dict": {**_autoencoder(), "model.diffusion_model.out.2.bias": torch.zeros(4)}},
               root / AUTOENCODER)  # fmt: skip
    write_text_encoder(root / TEXT_ENCODER)


def write_text_encoder(folder: Path, *, width: int = WIDTH) -> None:
    """Folders `text_encoder` and `tokenizer` as Stable Diffusion 2 has them, with a tokenizer of letters."""
    transformers = pytest.importorskip("transformers")
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir(parents=True)
    (tokenizer / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (tokenizer / "merges.txt").write_text("#version: 0.2\n")
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    config = transformers.CLIPTextConfig(
        hidden_size=width, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        vocab_size=len(words), max_position_embeddings=TOKENS, hidden_act="gelu", bos_token_id=len(words) - 2,
        eos_token_id=len(words) - 1,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.CLIPTextModel(config).save_pretrained(folder / "text_encoder")


def write_latents(folder: Path, names: list[str], *, scale: float = 1.5, seed: int = 0) -> None:
    """One file a frame, each [1, 1, 4, 4, 4]."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    for name in names:
        torch.save(torch.randn(1, 1, 4, SIDE, SIDE, generator=generator) * scale, folder / f"{name}.pth")


def write_demo(root: Path) -> None:
    """Inputs of the three applications, beside their settings files."""
    from PIL import Image

    data = root / "demo_data"
    names = [f"film_{number:06d}" for number in range(START, START + 46, 3)]
    write_latents(data / "hg_images", names)
    write_latents(data / "images", names, scale=1.15, seed=1)
    write_latents(data / "motion", [f"{number:04d}" for number in range(47)], seed=2)
    (data / "captions_y").mkdir()
    torch.save(torch.randn(1, TOKENS, WIDTH), data / "captions_y" / f"film_{START + 24:06d}.pth")
    torch.save(torch.zeros(1, TOKENS, WIDTH), data / "zero_y.pth")
    (data / "new_captions").mkdir()
    captions = {"new_captions": ["a beach", "a street at night"], "new_caption_file_names": ["beach", "street"]}
    (data / "new_captions" / f"frame_{START:06d}.json").write_text(json.dumps(captions))
    (data / "camera").mkdir()
    generator = np.random.default_rng(0)
    for number in range(46):
        picture = generator.integers(0, 256, (90, 160, 3), dtype=np.uint8)
        Image.fromarray(picture).save(data / "camera" / f"{number:06d}.jpg")
    for name, text in (("background", BACKGROUND), ("motion", MOTION), ("camera", CAMERA), ("train", TRAINING)):
        (root / f"{name}.yaml").write_text(text)
