"""CLIP's token states as CLaTr and DIRECTOR take them: whole weights or none, no network, nothing cut silently."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from kinoeye.base.errors import InputError
from kinoeye.networks.clip_captions import ClipCaptions

transformers = pytest.importorskip("transformers")
LENGTH = 12


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    """A tiny CLIP, saved whole as OpenAI's is, with a tokenizer of letters."""
    folder = tmp_path_factory.mktemp("clip")
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "an</w>", "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\na n</w>\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {
        **sizes,
        "vocab_size": len(words),
        "max_position_embeddings": LENGTH,
        "bos_token_id": len(words) - 2,
        "eos_token_id": len(words) - 1,
    }
    config = transformers.CLIPConfig(
        text_config=text, vision_config={**sizes, "image_size": 8, "patch_size": 4}, projection_dim=16
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.CLIPModel(config).save_pretrained(folder)
    return folder


def test_states_are_those_of_the_text_encoder_up_to_the_end_of_the_text(clip_folder):
    captions = ClipCaptions.from_folder(clip_folder)
    tokens = captions(["pan", "go up"])
    assert tokens.features.shape == (2, LENGTH, 16)
    # Begin, "p", "an", end; begin, "g", "o", "u", "p", end.
    assert tokens.valid.sum(1).tolist() == [4, 6]
    whole = transformers.CLIPModel.from_pretrained(clip_folder, local_files_only=True).eval()
    ids = captions._tokenizer("go up", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        expected = whole.text_model(input_ids=ids)
    assert torch.allclose(tokens.features[1, :6], expected.last_hidden_state[0], atol=1e-6)
    assert torch.allclose(tokens.sentences[1], expected.pooler_output[0], atol=1e-6)
    assert not tokens.features.requires_grad
    assert not captions.train().encoder.training


def test_a_caption_alone_and_in_a_batch_has_the_same_states(clip_folder):
    captions = ClipCaptions.from_folder(clip_folder)
    alone, batch = captions(["pan"]), captions(["pan", "go up now"])
    assert torch.allclose(alone.features[0, :4], batch.features[0, :4], atol=1e-6)


def test_long_captions_are_refused_and_not_cut(clip_folder):
    with pytest.raises(InputError, match="shorten it"):
        ClipCaptions.from_folder(clip_folder)(["pan", "a b c d e f g h i j k"])


def test_weights_without_a_text_encoder_are_refused(clip_folder, tmp_path):
    for file in clip_folder.iterdir():
        if file.name != "model.safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match=r"no model\.safetensors"):
        ClipCaptions.from_folder(tmp_path)
    tensors = load_file(clip_folder / "model.safetensors")
    kept = {key: value for key, value in tensors.items() if "text_model" not in key}
    assert len(kept) < len(tensors)
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="CLIP text encoder"):
        ClipCaptions.from_folder(tmp_path)


def test_a_damaged_tokenizer_is_refused_in_one_line(clip_folder, tmp_path):
    for file in clip_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "merges.txt").write_text("#version: 0.2\nx y\n")
    with pytest.raises(InputError, match="cannot be read"):
        ClipCaptions.from_folder(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(clip_folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((clip_folder / name).read_bytes())
    with pytest.raises(InputError, match="tokenizer"):
        ClipCaptions.from_folder(tmp_path)
