"""Key maps load strictly: what is missing, unexpected or misshapen is named, and a failed load changes nothing."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.networks import KeyMap, Rule, TensorFile, open_tensors


class Block(nn.Module):
    def __init__(self, device: str = "cpu") -> None:
        super().__init__()
        self.qkv = nn.Linear(4, 12, device=device)
        self.positions = nn.Embedding(5, 4, device=device)
        self.layers = nn.ModuleList(nn.Linear(4, 4, device=device) for _ in range(2))


KEYS = KeyMap(
    "Toy",
    [
        Rule(("attn.q.{kind}", "attn.k.{kind}", "attn.v.{kind}"), "qkv.{kind}"),
        Rule("pos.weight", "positions.weight", rows=True),
        Rule("h.{layer}.fc.{kind}", "layers.{layer}.{kind}"),
    ],
    ignored=("{any*}.position_ids",),
)


def official(rows: int = 9) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    tensors = {f"attn.{part}.weight": torch.randn(4, 4, generator=generator) for part in "qkv"}
    tensors |= {f"attn.{part}.bias": torch.randn(4, generator=generator) for part in "qkv"}
    tensors |= {f"h.{layer}.fc.weight": torch.randn(4, 4, generator=generator) for layer in range(2)}
    tensors |= {f"h.{layer}.fc.bias": torch.randn(4, generator=generator) for layer in range(2)}
    return tensors | {
        "pos.weight": torch.randn(rows, 4, generator=generator),
        "text.embeddings.position_ids": torch.arange(3),
    }


def test_every_tensor_arrives_fused_and_trimmed(tmp_path):
    tensors = official()
    save_file(tensors, tmp_path / "model.safetensors")
    module = Block()
    report = KEYS.load(module, open_tensors(tmp_path / "model.safetensors"))
    assert torch.equal(module.qkv.weight[4:8], tensors["attn.k.weight"])
    assert torch.equal(module.positions.weight, tensors["pos.weight"][:5])
    assert report.trimmed == {"positions.weight": (5, 9)}
    assert report.ignored == ("text.embeddings.position_ids",)
    assert report.mapped["qkv.bias"] == ("attn.q.bias", "attn.k.bias", "attn.v.bias")


def test_what_is_saved_under_official_names_loads_again():
    module, again = Block(), Block()
    KEYS.load(module, TensorFile.of(official()))
    KEYS.load(again, TensorFile.of(KEYS.to_official(module)))
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("h.1.fc.bias"), "layers.1.bias"),
        (lambda t: t.pop("attn.v.weight"), "qkv.weight"),
        (lambda t: t.update({"head.weight": torch.zeros(1)}), "head.weight"),
        (lambda t: t.update({"h.0.fc.bias": torch.zeros(3)}), "shape [3]"),
        (lambda t: t.update({"pos.weight": torch.zeros(4, 4)}), "shape [4, 4]"),
        (lambda t: t.update({"h.2.fc.bias": torch.zeros(4), "h.2.fc.weight": torch.zeros(4, 4)}), "h.2.fc"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_and_changes_nothing(change, message):
    tensors, module = official(), Block()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    change(tensors)
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        KEYS.load(module, TensorFile.of(tensors))
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_on_the_meta_device_shapes_are_checked_and_nothing_is_read():
    shapes = {key: tuple(value.shape) for key, value in official().items()}

    def no_reading(key: str, rows: int | None) -> torch.Tensor:
        raise AssertionError("nothing should be read")

    assert len(KEYS.load(Block("meta"), TensorFile("manifest", shapes, no_reading)).mapped) == 7
    shapes["pos.weight"] = (9, 5)
    with pytest.raises(InputError, match=r"pos\.weight"):
        KEYS.load(Block("meta"), TensorFile("manifest", shapes, no_reading))


def test_a_convolution_of_one_tap_fills_a_matrix_and_becomes_one_again():
    keys = KeyMap("Toy", [Rule("in.weight", "weight", trailing=2), Rule("in.bias", "bias")])
    tensors = {"in.weight": torch.arange(12.0).view(3, 4, 1, 1), "in.bias": torch.ones(3)}
    module = nn.Linear(4, 3)
    keys.load(module, TensorFile.of(tensors))
    assert torch.equal(module.weight, tensors["in.weight"][:, :, 0, 0])
    again = keys.to_official(module)
    assert all(torch.equal(again[key], value) for key, value in tensors.items())
    for shape in ((3, 4), (3, 4, 1), (3, 1, 1, 4)):
        with pytest.raises(InputError, match=r"needs \[3, 4, 1, 1\]"):
            keys.load(module, TensorFile.of({**tensors, "in.weight": torch.zeros(shape)}))


def test_torch_files_are_read_as_weights_alone(tmp_path):
    torch.save({"state_dict": {"a": torch.ones(2)}, "epoch": 3}, tmp_path / "lightning.ckpt")
    assert torch.equal(open_tensors(tmp_path / "lightning.ckpt")["a"], torch.ones(2))
    torch.save({"model": nn.Linear(1, 1)}, tmp_path / "object.ckpt")
    with pytest.raises(InputError, match="never unpickled"):
        open_tensors(tmp_path / "object.ckpt")


def test_shards_are_read_through_their_index_and_never_outside_its_folder(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "part-1.safetensors")
    save_file({"b": torch.zeros(3)}, tmp_path / "part-2.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}')
    tensors = open_tensors(tmp_path)
    assert tensors.shapes == {"a": (2,), "b": (3,)}
    assert torch.equal(tensors["b"], torch.zeros(3))
    index.write_text('{"weight_map": {"a": "../part-1.safetensors"}}')
    with pytest.raises(InputError, match="outside"):
        open_tensors(tmp_path)
    index.write_text('{"weight_map": {"c": "part-1.safetensors"}}')
    with pytest.raises(InputError, match="does not have it"):
        open_tensors(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"not a checkpoint"])
@pytest.mark.parametrize("name", ["model.safetensors", "model.ckpt", "model.npy"])
def test_files_that_are_no_checkpoint_are_refused_in_one_line(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        open_tensors(tmp_path / name)
