"""How GenDoP models are trained: `tiny` is our own director, `seed` the published architecture and objective."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from kinoeye.base.arguments import given_options
from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file
from kinoeye.networks.recipe import Batch, Phase, Recipe, item_numbers
from kinoeye.systems.gendop.baseline_recipes import BASELINES, baseline_recipe
from kinoeye.systems.gendop.captions_file import TEXT_KEYS, TextKey
from kinoeye.systems.gendop.checkpoint import config_of_folder, load_folder, save
from kinoeye.systems.gendop.config import PRESETS, GenDoPConfig, Modality
from kinoeye.systems.gendop.data import ShotFiles, collate, find_shots, read_frame, read_words_and_path, require_sound
from kinoeye.systems.gendop.encoders import load_encoders, with_encoder_sizes
from kinoeye.systems.gendop.official import GenDoP, initialise, materialise, next_token_loss
from kinoeye.systems.gendop.quirks import Quirks
from kinoeye.systems.gendop.segment_recipe import SegmentRecipe
from kinoeye.systems.gendop.tokenizer import MERGES, VOCABULARY, CaptionTokenizer, vocabulary_folder

_QUIRKS = {"official": Quirks.official, "mended": Quirks.mended, "none": Quirks.none}
_DECODER_SIZES = ("discrete_bins", "pose_length", "hidden_dim", "num_heads", "num_layers")


@dataclass(frozen=True, kw_only=True)
class SeedRecipe:
    """Training of the published architecture on a DataDoP folder: cross-entropy on the next token.

    The numbers are those of the released training: AdamW at 1e-5 with decay on every weight, bf16, a cosine to a tenth,
    encoders trained along. Paths and captions are read at once, so that every fault is told before the first step.

    Raises:
        InputError: a shot cannot be used, or a folder that is needed is missing.
    """

    config: GenDoPConfig
    data: Path
    text_key: TextKey = "Movement"
    tokenizer: Path | None = None
    encoders: Mapping[Modality, Path] = field(default_factory=dict)
    """Folders of pretrained encoders; empty when `init` has them."""
    init: Path | None = None
    """Folder or checkpoint whose weights training begins with."""
    freeze_encoder: bool = False
    epochs: int = 100
    batch_size: int = 16
    lr: float = 1e-5
    seed: int = 0
    _shots: tuple[ShotFiles, ...] = field(init=False, repr=False)
    _items: tuple[dict[str, Tensor], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shots = find_shots(self.data)
        items, faults = read_words_and_path(
            shots, self.config, text_key=self.text_key, tokenizer=self._caption_tokenizer()
        )
        require_sound(faults, len(shots))
        object.__setattr__(self, "_shots", tuple(shots))
        object.__setattr__(self, "_items", tuple(items))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One phase of so many epochs."""
        steps = max(1, self.epochs * len(self._items) // self.batch_size)
        return (
            Phase(
                name="paths", steps=steps, batch_size=self.batch_size, lr=self.lr, betas=(0.9, 0.95),
                weight_decay=0.01, decay_vectors=True, clip_norm=1.0, schedule="cosine", final_lr_fraction=0.1,
                precision="bf16",
            ),
        )  # fmt: skip

    def build(self, phase: Phase, previous: nn.Module | None) -> GenDoP:
        """The model with pretrained encoders and a fresh decoder, or the one that training begins with."""
        del phase, previous
        if self.init is not None:
            model, _ = load_folder(self.init)
            model.config = model.decoder.config = self.config
        else:
            with torch.device("meta"):
                model = GenDoP(self.config)
            materialise(model, "cpu")
            initialise(model, torch.Generator().manual_seed(self.seed))
            load_encoders(model, self.encoders)
        model.encoders.requires_grad_(not self.freeze_encoder)
        return model.train()

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Shots in an order that is new in every epoch; every process takes its own ones."""
        for numbers in item_numbers(phase, rank=rank, world=world, start=start):
            chosen = [self._index(number) for number in numbers]
            yield collate([{**self._items[i], **read_frame(self._shots[i], self.config)} for i in chosen], self.config)

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Mean cross-entropy of the path's tokens and its end (GenDoP, arXiv 2504.07083, section 4)."""
        conditions = {key: value for key, value in batch.items() if key not in ("tokens", "labels")}
        return {"loss": next_token_loss(model(conditions, batch["tokens"], generator), batch["labels"])}

    def export(self, model: nn.Module, folder: Path) -> None:
        """Weights under their official names, the configuration, and the vocabulary of the captions."""
        assert isinstance(model, GenDoP)
        save(model, folder)
        if "text" in self.config.modalities:
            source = vocabulary_folder(self._vocabulary())
            for name in (VOCABULARY, MERGES):
                with atomic_file(folder / name) as temporary:
                    shutil.copyfile(source / name, temporary)

    def _index(self, number: int) -> int:
        """The shot that comes at a place in the endless order."""
        epoch, place = divmod(number, len(self._items))
        return _order(len(self._items), self.seed, epoch)[place]

    def _vocabulary(self) -> Path:
        if self.tokenizer is not None:
            return self.tokenizer
        if self.init is not None:
            return self.init if self.init.is_dir() else self.init.parent
        return self.encoders["text"]

    def _caption_tokenizer(self) -> CaptionTokenizer | None:
        if "text" not in self.config.modalities:
            return None
        sizes = self.config.text
        return CaptionTokenizer(self._vocabulary(), length=sizes.num_tokens, vocab_size=sizes.vocab_size)


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `kinoeye train gendop`; upstream's spellings are accepted and not listed."""
    parser.add_argument("--baseline", choices=BASELINES, help="train a published network on the captions of --preset "
                        "tiny instead, at about its cost")  # fmt: skip
    group = parser.add_argument_group("the published architecture (--preset seed)")
    group.add_argument("sizes", nargs="?", choices=tuple(PRESETS), help="sizes of the decoder; ArAE: those of the "
                       "readme and the checkpoints")  # fmt: skip
    group.add_argument("--data", type=Path, metavar="DIR", help="DataDoP folder (default DataDoP)")
    group.add_argument("--cond-mode", metavar="MODE", help="what it looks at: text (default), image, image+text, "
                       "image+depth, depth+image+text")  # fmt: skip
    group.add_argument("--text-key", choices=TEXT_KEYS, metavar="KEY", help="of captions: Movement (default), Concise "
                       "Interaction, Detailed Interaction")  # fmt: skip
    group.add_argument("--text-encoder", type=Path, metavar="DIR", help="folder of a pretrained CLIP text encoder")
    group.add_argument("--image-encoder", type=Path, metavar="DIR", help="of a CLIP image encoder, for depth too")
    group.add_argument("--tokenizer", type=Path, metavar="DIR", help="of vocab.json and merges.txt (default: with the "
                       "text encoder)")  # fmt: skip
    group.add_argument("--init", type=Path, metavar="DIR", help="model to begin with instead of encoders alone")
    group.add_argument("--freeze-encoder", action="store_true", help="train the decoder alone")
    group.add_argument("--epochs", type=int, metavar="N", help="passes over the shots (default 100)")
    group.add_argument("--quirks", choices=tuple(_QUIRKS), help="of the released code (default none)")
    for name in _DECODER_SIZES:
        group.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N")
    hidden: tuple[tuple[str, type], ...] = (
        ("cond_mode", str), ("workspace", Path), ("exp_name", str), ("num_cond_tokens", int), ("num_epochs", int),
        *((name, int) for name in _DECODER_SIZES),
    )  # fmt: skip
    for name, kind in hidden:
        dest = "epochs" if name == "num_epochs" else name
        parser.add_argument(f"--{name}", dest=dest, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--text_key", choices=TEXT_KEYS, help=argparse.SUPPRESS)
    parser.add_argument("--freeze_encoder", action="store_true", help=argparse.SUPPRESS)


def recipe_from_args(args: argparse.Namespace) -> Recipe:
    """The recipe that the options of `add_train_arguments` ask for; `--workspace W --exp_name N` is `-o W/N`.

    Raises:
        InputError: options contradict each other, or data is missing.
    """
    _fill_out(args)
    if args.sizes is None and args.preset == "tiny":
        names = ("data", "cond_mode", "text_key", "text_encoder", "image_encoder", "tokenizer", "init",
                 "freeze_encoder", "epochs", "quirks", "num_cond_tokens", *_DECODER_SIZES)  # fmt: skip
        given = given_options(args, names)
        if given:
            raise InputError(f"{' and '.join(given)} belong to the published architecture: give --preset seed too")
        return SegmentRecipe(seed=args.seed) if args.baseline is None else baseline_recipe(args.baseline, args.seed)
    if args.baseline is not None:
        raise InputError(
            f"--baseline {args.baseline} has its own sizes and captions; leave --preset seed and sizes out"
        )
    config = _config(args)
    if args.num_cond_tokens not in (None, config.num_cond_tokens):
        raise InputError(
            f"--num_cond_tokens {args.num_cond_tokens} does not fit cond_mode {config.cond_mode}, which gives "
            f"{config.num_cond_tokens}; leave it out"
        )
    epochs = 100 if args.epochs is None else args.epochs
    if epochs < 1:
        raise InputError(f"{epochs} epochs are no training; at least 1 is needed")
    return SeedRecipe(
        config=config,
        data=args.data or Path("DataDoP"),
        text_key=args.text_key or "Movement",
        tokenizer=args.tokenizer,
        encoders=_encoder_folders(args, config),
        init=args.init,
        freeze_encoder=args.freeze_encoder,
        epochs=epochs,
        seed=args.seed,
    )


def _fill_out(args: argparse.Namespace) -> None:
    if args.exp_name is not None and args.workspace is None:
        raise InputError("--exp_name names a run in a --workspace: give that too, or -o")
    if args.workspace is not None:
        if args.out is not None:
            raise InputError("-o and --workspace both name the output folder; give one")
        args.out = args.workspace / (args.exp_name or "run")


def _config(args: argparse.Namespace) -> GenDoPConfig:
    """The sizes that were asked for; those of a model to begin with cannot be others."""
    changes = {name: getattr(args, name) for name in _DECODER_SIZES if getattr(args, name) is not None}
    if args.cond_mode is not None:
        changes["cond_mode"] = args.cond_mode
    quirks = None if args.quirks is None else _QUIRKS[args.quirks]()
    if args.init is not None:
        own = config_of_folder(args.init)
        for name, value in {**PRESETS.get(args.sizes, {}), **changes}.items():
            if value != getattr(own, name):
                how = (
                    f"--{name.replace('_', '-')} {value} was given"
                    if name in changes
                    else f"{args.sizes} has {name} {value}"
                )
                raise InputError(f"{how} and {args.init} has {getattr(own, name)}; leave it out")
        return own.with_quirks(quirks)
    if "hidden_dim" in changes:
        changes["intermediate_dim"] = 4 * changes["hidden_dim"]
    config = GenDoPConfig.preset(args.sizes or "ArAE", **changes, quirks=quirks or Quirks.none())
    return with_encoder_sizes(config, _encoder_folders(args, config))


def _encoder_folders(args: argparse.Namespace, config: GenDoPConfig) -> dict[Modality, Path]:
    """The folder of each modality's pretrained encoder; none where a model to begin with has them."""
    given = {"text": args.text_encoder, "image": args.image_encoder, "depth": args.image_encoder}
    if args.init is not None:
        if any(given.values()):
            raise InputError(f"{args.init} has its encoders; leave --text-encoder and --image-encoder out")
        return {}
    for name in config.modalities:
        if given[name] is None:
            option = "--text-encoder" if name == "text" else "--image-encoder"
            raise InputError(
                f"cond_mode {config.cond_mode} begins with a pretrained encoder of the {name}: give {option} DIR, or "
                "--init MODEL; nothing is downloaded"
            )
    unused = [name for name in ("text", "image") if given[name] is not None and name not in config.modalities]
    if unused:
        raise InputError(f"cond_mode {config.cond_mode} has no {unused[0]} encoder; leave --{unused[0]}-encoder out")
    return {name: given[name] for name in config.modalities}


@lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed((seed << 24) + epoch)
    return torch.randperm(count, generator=generator).tolist()
