"""Captions as the text encoder of Stable Diffusion 2 reads them, from local folders of every layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from upstream_folder import TEXT_ENCODER, TOKENS, WIDTH

from kinoeye.base.errors import InputError
from kinoeye.systems.amg.text_encoder import TextEncoder, encoder_width

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(upstream: Path) -> Path:
    return upstream / TEXT_ENCODER


def test_features_are_the_encoders_last_states_padded_with_zeros(folder: Path):
    found = TextEncoder.from_pretrained(folder)("hi you")
    assert found.shape == (1, TOKENS, WIDTH)
    model = transformers.CLIPTextModel.from_pretrained(folder / "text_encoder", local_files_only=True).eval()
    h, i, y, o, u = (ord(letter) - ord("a") for letter in "hiyou")
    ids = torch.tensor([[52, h, 26 + i, y, o, 26 + u, 53] + [0] * (TOKENS - 7)])
    with torch.no_grad():
        expected = model(input_ids=ids, output_hidden_states=True)
        penultimate = model.get_submodule("text_model" if hasattr(model, "text_model") else "").final_layer_norm(
            expected.hidden_states[-1]
        )
    assert torch.allclose(found, expected.last_hidden_state, atol=1e-6)
    assert torch.allclose(found, penultimate, atol=1e-6)


def test_an_encoder_that_has_its_last_block_gives_the_states_before_it(folder: Path, tmp_path: Path):
    """As OpenCLIP's has it, whole or its text tower alone: 24 blocks, or a vision tower beside."""
    expected = TextEncoder.from_pretrained(folder)("a beach")
    sizes = json.loads((folder / "text_encoder" / "config.json").read_text())
    sizes["num_hidden_layers"] = 3
    whole = transformers.CLIPConfig(
        text_config={key: sizes[key] for key in sizes if key not in ("architectures", "model_type")},
        vision_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                       "image_size": 8, "patch_size": 4},
        projection_dim=16,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        transformers.CLIPModel(whole).save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    own = load_file(folder / "text_encoder" / "model.safetensors")
    tensors.update({key if key.startswith("text_model.") else f"text_model.{key}": value for key, value in own.items()})
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    shutil.copytree(folder / "tokenizer", tmp_path / "tokenizer")
    shutil.copytree(tmp_path / "tokenizer", tmp_path, dirs_exist_ok=True)
    assert encoder_width(tmp_path) == WIDTH
    assert torch.allclose(TextEncoder.from_pretrained(tmp_path)("a beach"), expected, atol=1e-6)


def test_of_24_blocks_the_last_is_left_out(folder: Path, tmp_path: Path):
    sizes = transformers.CLIPTextConfig.from_pretrained(folder / "text_encoder", local_files_only=True)
    sizes.num_hidden_layers = 24
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = transformers.CLIPTextModel(sizes).eval()
    model.save_pretrained(tmp_path)
    shutil.copytree(folder / "tokenizer", tmp_path, dirs_exist_ok=True)
    found = TextEncoder.from_pretrained(tmp_path)("a")
    with torch.no_grad():
        states = model(
            input_ids=torch.tensor([[52, 26, 53] + [0] * (TOKENS - 3)]), output_hidden_states=True
        ).hidden_states
        norm = getattr(model, "text_model", model).final_layer_norm
        assert torch.allclose(found, norm(states[-2]), atol=1e-5)
        assert not torch.allclose(found, norm(states[-1]), atol=1e-2)


def test_the_tokenizer_is_in_the_folder_or_beside_it(folder: Path, tmp_path: Path):
    beside = TextEncoder.from_pretrained(folder / "text_encoder")("a beach")
    shutil.copytree(folder / "text_encoder", tmp_path / "encoder")
    shutil.copytree(folder / "tokenizer", tmp_path / "encoder", dirs_exist_ok=True)
    assert torch.equal(TextEncoder.from_pretrained(tmp_path / "encoder")("a beach"), beside)


def test_the_end_of_a_long_caption_is_cut_and_said_to_be_lost(folder: Path, capsys: pytest.CaptureFixture[str]):
    encoder = TextEncoder.from_pretrained(folder)
    kept = "a b c d e f g h i j k l m n"
    assert torch.equal(encoder(f"{kept} in\nthe rain"), encoder(kept))
    shown = capsys.readouterr().err
    assert shown == "a caption has 25 tokens and the text encoder reads 16; lost are: in the rain\n"
    encoder(kept)
    assert capsys.readouterr().err == ""
    encoder(kept + " z" * 4000)
    assert len(capsys.readouterr().err) < 400


def test_a_long_caption_can_be_read_whole_in_parts(folder: Path, capsys: pytest.CaptureFixture[str]):
    encoder = TextEncoder.from_pretrained(folder, whole_captions=True)
    first, second = "a b c d e f g h i j k l m n", "rain"
    both = encoder(f"{first} {second}")
    assert both.shape == (1, 2 * TOKENS, WIDTH)
    assert torch.allclose(both, torch.cat([encoder(first), encoder(second)], dim=1), atol=1e-6)
    assert capsys.readouterr().err == ""


def test_folders_that_are_no_text_encoder_are_refused(folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"does not exist; give a local folder of .* nothing is downloaded"):
        TextEncoder.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is no checkpoint that is read"):
        TextEncoder.from_pretrained(folder / "tokenizer" / "vocab.json")
    with pytest.raises(InputError, match=r"has no config\.json"):
        TextEncoder.from_pretrained(tmp_path)
    shutil.copytree(folder / "text_encoder", tmp_path / "encoder")
    with pytest.raises(InputError, match=r"tokenizer has no tokenizer\.json"):
        TextEncoder.from_pretrained(tmp_path / "encoder")
    (tmp_path / "encoder" / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"no model\.safetensors; give a folder of the text encoder of Stable"):
        TextEncoder.from_pretrained(tmp_path / "encoder")


def open_clip_file(folder: Path, file: Path, *, prefix: str = "") -> dict[str, torch.Tensor]:
    """The encoder of a folder as OpenCLIP saves it, with what else is in such a file."""
    own = load_file(folder / "text_encoder" / "model.safetensors")
    own = {key.removeprefix("text_model."): value for key, value in own.items()}
    names = {
        "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj", "embeddings.token_embedding": "token_embedding",
        "embeddings.position_embedding.weight": "positional_embedding", "final_layer_norm": "ln_final",
        "encoder.layers": "transformer.resblocks",
    }  # fmt: skip
    saved: dict[str, torch.Tensor] = {"text_projection": torch.zeros(2, 2), "logit_scale": torch.zeros(())}
    saved |= {"visual.transformer.resblocks.0.ln_1.weight": torch.zeros(2)}
    for key, value in own.items():
        if "_proj" in key and "out_proj" not in key:
            continue
        for ours, theirs in names.items():
            key = key.replace(ours, theirs)
        saved[key] = value
    for layer in range(2):
        for kind in ("weight", "bias"):
            three = [own[f"encoder.layers.{layer}.self_attn.{name}_proj.{kind}"] for name in "qkv"]
            saved[f"transformer.resblocks.{layer}.attn.in_proj_{kind}"] = torch.cat(three)
    torch.save({prefix + key: value for key, value in saved.items()}, file)
    return saved


@pytest.mark.parametrize("prefix", ["", "cond_stage_model.model."])
def test_openclips_own_file_holds_the_same_encoder(folder: Path, tmp_path: Path, prefix: str):
    saved = open_clip_file(folder, tmp_path / "open_clip_pytorch_model.bin", prefix=prefix)
    shutil.copytree(folder / "tokenizer", tmp_path, dirs_exist_ok=True)
    assert encoder_width(tmp_path / "open_clip_pytorch_model.bin") == WIDTH
    found = TextEncoder.from_pretrained(tmp_path / "open_clip_pytorch_model.bin")
    state = found.clip.encoder.state_dict()
    own = load_file(folder / "text_encoder" / "model.safetensors")
    bare = {key.removeprefix("text_model."): value for key, value in state.items()}
    assert {key: value.shape for key, value in bare.items()} == {
        key.removeprefix("text_model."): value.shape for key, value in own.items()
    }
    assert all(torch.equal(bare[key.removeprefix("text_model.")], value) for key, value in own.items())
    # The file does not tell the number of heads; they are 64 wide in every released model, so that this one has one.
    same = transformers.CLIPTextModel.from_pretrained(
        folder / "text_encoder", num_attention_heads=1, local_files_only=True
    ).eval()
    with torch.no_grad():
        expected = same(input_ids=torch.tensor([[52, 26, 53] + [0] * (TOKENS - 3)])).last_hidden_state
    assert torch.allclose(found("a"), expected, atol=1e-6)
    del saved["transformer.resblocks.1.attn.in_proj_bias"]
    torch.save(saved, tmp_path / "cut.pth")
    with pytest.raises(InputError, match=r"encoder\.layers\.1\.self_attn\.[kqv]_proj\.bias"):
        TextEncoder.from_pretrained(tmp_path / "cut.pth")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="no text encoder of OpenCLIP"):
        TextEncoder.from_pretrained(tmp_path / "other.pth")
