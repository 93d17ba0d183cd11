"""GenDoP against the official code: conditions, logits, loss, drawn tokens, and the codec of paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.evaluation.parity import CONFIG, WEIGHTS, Fixture, differences, tensors_of
from kinoeye.evaluation.parity_clatr import clatr_parity
from kinoeye.evaluation.parity_director import director_parity
from kinoeye.networks.checkpoint_kinds import recognise
from kinoeye.systems.gendop.checkpoint import load_decoder
from kinoeye.systems.gendop.config import GenDoPConfig, Modality, TextTower, VisionTower
from kinoeye.systems.gendop.engine import Engine
from kinoeye.systems.gendop.generation import GREEDY, Sampling, generate
from kinoeye.systems.gendop.images import depth_input, image_input, to_square
from kinoeye.systems.gendop.official import GenDoPDecoder, next_token_loss
from kinoeye.systems.gendop.quirks import Quirks
from kinoeye.systems.gendop.tokens import BOS, IMAGE_SIDE, OFFSET, PAD, Codec, KeyPoses

NESTED: Mapping[str, Callable[[Path], dict[str, float]]] = {"clatr": clatr_parity, "director": director_parity}
"""Fixtures in folders of the same name inside of this one."""
_DRAWN = re.compile(r"sample_topk(\d+)_seed(\d+)_ids")
_PICTURE = re.compile(r"(rgb|depth)(\d+)_s(\d+)")
_POSE = 12
"""How many of a camera's numbers are its 3x4 pose; focal lengths, centre and size follow."""
_DECODER_EPS = 1e-5
_SIZES = ("cond_mode", "discrete_bins", "pose_length", "hidden_dim", "intermediate_dim", "num_layers", "num_heads")


@dataclass(frozen=True, kw_only=True)
class _Encoded(VisionTower):
    """An image encoder of which a fixture tells only how many features it gives, and how wide."""

    count: int

    @property
    def num_tokens(self) -> int:
        """Features of an image."""
        return self.count


def gendop_parity(folder: Path) -> dict[str, float]:
    """Output of the fixture, or of one inside of it, -> largest absolute difference or number of other tokens."""
    outputs: dict[str, float] = {}
    if (folder / CONFIG).is_file():
        kind = recognise(set(tensors_of(folder, WEIGHTS.removesuffix(".safetensors"))))
        if kind is not None and kind[0].system in NESTED:
            return NESTED[kind[0].system](folder)
    for path in sorted(folder.glob(CONFIG.replace(".", "*."))):
        suffix = path.stem.removeprefix("config")
        found = _decoder_parity(Fixture.open(folder, "gendop", suffix), suffix)
        outputs |= {f"{suffix.lstrip('_')}/{name}" if suffix else name: value for name, value in found.items()}
    for name in ("synthetic_trajectories", "real_trajectories"):
        outputs |= {f"{name}/{key}": value for key, value in _codec_parity(folder, name).items()}
    for name, run in NESTED.items():
        if (folder / name).is_dir():
            outputs |= {f"{name}/{key}": value for key, value in run(folder / name).items()}
    return outputs


def _decoder_parity(fixture: Fixture, suffix: str) -> dict[str, float]:
    missing = [name for name in _SIZES if name not in fixture.config]
    if missing:
        raise InputError(f"the configuration of the fixture lacks {', '.join(missing)}")
    official = fixture.tensors(f"outputs{suffix}")
    given = fixture.tensors(f"inputs{suffix}")
    features = _given_features(fixture.config, given)
    config = _config(fixture.config, features)
    decoder, _ = load_decoder(fixture.weights, config)
    prefix = decoder.prefix(features)
    ours: dict[str, Tensor] = {"cond_embeds": _like(prefix, official.get("cond_embeds"))}
    if "tokens" in given:
        logits = decoder(prefix, given["tokens"])
        ours["logits"] = logits
        if "labels" in given:
            ours["loss"] = next_token_loss(logits, given["labels"])[None]
    ours |= _drawn(decoder, prefix[:1], official)
    return differences(ours, official)


def _drawn(decoder: GenDoPDecoder, prefix: Tensor, official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What follows from tokens that are drawn one by one for the first condition."""
    ours: dict[str, Tensor] = {}
    engine = Engine(decoder)
    if "greedy_ids" in official:
        ids = _path(engine, prefix, 0, GREEDY)
        ours["greedy_ids"] = ids
        ours["greedy_values"] = ids - OFFSET
        # Teacher-forced on the official tokens, so that one other token is not counted again in every logit after it.
        before = torch.cat([torch.tensor([BOS]), official["greedy_ids"][:-1]])
        ours["greedy_logits_uncached"] = decoder(prefix, before[None])[0, prefix.shape[1] :]
        codec, path = decoder.config.codec, official["greedy_ids"][: decoder.config.path_tokens].numpy()
        decoded = _decoded(codec, path)
        ours |= {name.replace("decoded", "greedy_decoded"): value for name, value in decoded.items()}
        ours["greedy_decoded_scale"] = decoded["decoded_scale_natural_exp"]
        ours["greedy_resampled120"] = decoded["resampled120"]
    for name in official:
        drawn = _DRAWN.fullmatch(name)
        if drawn:
            ours[name] = _path(engine, prefix, int(drawn[2]), Sampling(top_k=int(drawn[1])))
    return ours


def _path(engine: Engine, prefix: Tensor, seed: int, sampling: Sampling) -> Tensor:
    """Drawn ids; padding where the weights end a path early, which the official code cannot go on from."""
    try:
        return generate(engine, prefix, seeds=[seed], sampling=sampling)[0]
    except InputError:
        config = engine.decoder.config
        return torch.full((config.path_tokens + config.quirks.misplaced_eos,), PAD)


def _codec_parity(folder: Path, name: str) -> dict[str, float]:
    """Paths to tokens and back; a fixture may hold paths, or only what became of them."""
    found: dict[str, float] = {}
    file = tensors_of(folder, name)
    bins = read_json(folder / CONFIG)["discrete_bins"] if (folder / CONFIG).is_file() else Codec().bins
    for shot in dict.fromkeys(key.partition(".")[0] for key in file if key.endswith(".ids")):
        official = file.under(f"{shot}.")
        ids = official["ids"].numpy()
        codec = Codec(bins=bins, poses=len(official["cameras"]), quirks=Quirks.official())
        ours = _decoded(codec, ids)
        if "poses" in official and "whf" in official:
            width, height, focal = official["whf"].tolist()
            key = codec.key_poses(official["poses"].numpy(), (width, height), (focal, focal))
            ours["cameras"] = _cameras(key)
            ours["ids"] = torch.from_numpy(codec.quantise(key).reshape(-1) + OFFSET)
            ours |= _first_frame(int(width), int(height), official)
        found |= {f"{shot}.{key}": value for key, value in differences(ours, official).items()}
    return found


def _first_frame(width: int, height: int, official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The picture and depth that the fixture drew from its coordinates, as encoders take them, thinned as it says."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([(3 * x + 5 * y + 40 * channel) % 256 for channel in range(3)], axis=-1).astype(np.uint8)
    depth = (0.1 + ((x + 2 * y) % 97) / 50).astype(np.float32)
    ours: dict[str, Tensor] = {}
    for name in official:
        found = _PICTURE.fullmatch(name)
        if found is None:
            continue
        side, stride = int(found[2]), int(found[3])
        if side == IMAGE_SIDE:
            values = rgb.astype(np.float32) / 255 if found[1] == "rgb" else depth[..., None]
            picture = torch.from_numpy(to_square(values, interpolation=0, crop=True)).permute(2, 0, 1)
        elif found[1] == "rgb":
            picture = image_input(rgb, side=side, crop=True)
        else:
            picture = depth_input(depth, side=side, crop=True)[:1]
        ours[name] = picture[:, ::stride, ::stride]
    return ours


def _decoded(codec: Codec, ids: np.ndarray) -> dict[str, Tensor]:
    """What the fixture has of tokens that became a path again."""
    key = codec.dequantise(ids.reshape(codec.poses, -1) - OFFSET)
    path = codec.decode(ids)
    return {
        "decoded_cameras": _cameras(key),
        "decoded_scale_natural_exp": torch.from_numpy(key.scale),
        "resampled120": torch.from_numpy(path.T_first_cam).flatten(1),
    }


def _cameras(key: KeyPoses) -> Tensor:
    """Rows of a 3x4 pose, both focal lengths, the centre and the size, of a square image."""
    side = np.full((len(key.scale), 2), float(IMAGE_SIDE))
    poses = key.T_first_cam.reshape(len(key.scale), _POSE)
    return torch.from_numpy(np.concatenate([poses, key.focal * IMAGE_SIDE, side / 2, side], axis=1))


def _config(given: Mapping[str, Any], features: Mapping[Modality, Tensor]) -> GenDoPConfig:
    """The sizes of a fixture as ours."""
    text, vision = TextTower(), VisionTower()
    for name, values in features.items():
        tokens, width = values.shape[1:]
        if name == "text":
            text = TextTower(num_tokens=tokens, hidden_dim=width)
        else:
            vision = _Encoded(count=tokens, hidden_dim=width)
    if given.get("layer_norm_eps", _DECODER_EPS) != _DECODER_EPS:
        raise InputError(f"layer_norm_eps is {given['layer_norm_eps']}; the released models have {_DECODER_EPS}")
    return GenDoPConfig(**{name: given[name] for name in _SIZES}, text=text, vision=vision, quirks=Quirks.official())


def _given_features(config: Mapping[str, Any], given: Mapping[str, Tensor]) -> dict[Modality, Tensor]:
    """Features of what the model looks at: a tensor of the fixture, or numbers drawn as its configuration says."""
    if "cond_embeds_raw" in given:
        return {config["cond_mode"]: given["cond_embeds_raw"]}
    recipe = str(config.get("inputs", ""))
    seeds = re.search(r"RandomState\(([\d/]+)\)", recipe)
    shapes = [[int(size) for size in shape.split(",")] for shape in re.findall(r"\(((?:\d+, ?)+\d+)\)", recipe)]
    order = config.get("order", [])
    if seeds is None or not len(order) == len(shapes) == len(seeds[1].split("/")):
        raise InputError("the fixture has no cond_embeds_raw, and its configuration does not say how it was drawn")
    return {
        name: torch.from_numpy(np.random.RandomState(int(seed)).standard_normal(shape).astype(np.float32))
        for name, seed, shape in zip(order, seeds[1].split("/"), shapes, strict=True)
    }


def _like(value: Tensor, official: Tensor | None) -> Tensor:
    """Without the batch of one that the fixture leaves out."""
    return value[0] if official is not None and official.ndim == value.ndim - 1 else value
