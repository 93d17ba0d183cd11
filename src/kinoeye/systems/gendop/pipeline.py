"""GenDoP as users call it: a caption, and a first frame where the model looks at one, become camera paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.director import Directed
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Plan
from kinoeye.language.recognition import recognise, tag_agreement
from kinoeye.networks.devices import chosen_device
from kinoeye.systems.gendop.checkpoint import load_folder
from kinoeye.systems.gendop.data import frame_inputs, to_trajectory
from kinoeye.systems.gendop.engine import Engine, Precision
from kinoeye.systems.gendop.generation import MAX_PATHS, Sampling, generate, generate_with_draft
from kinoeye.systems.gendop.official import GenDoP
from kinoeye.systems.gendop.quirks import Quirks
from kinoeye.systems.gendop.tokenizer import CaptionTokenizer
from kinoeye.systems.gendop.tokens import FRAMES, DecodedPath

if TYPE_CHECKING:
    from kinoeye.geometry import Trajectory
    from kinoeye.language.motion.path import Anchor

DEFAULT_FPS = 24.0


@dataclass(frozen=True, kw_only=True)
class GenDoPPipeline:
    """A GenDoP model as a `language.Director`.

    Paths have an arbitrary unit: the model learned the scale of reconstructions. The first pose is the identity.
    """

    model: GenDoP
    tokenizer: CaptionTokenizer | None
    engine: Engine
    draft: Engine | None = None
    sampling: Sampling = field(default_factory=Sampling)
    num_frames: int = FRAMES
    fps: float = DEFAULT_FPS
    size_wh: tuple[int, int] | None = None
    """Pixels of every path's pictures; None for 512 on the longer side of the shape that the model says."""

    def __post_init__(self) -> None:
        if self.num_frames < 2:
            raise InputError(f"{self.num_frames} frames are no path; at least 2 are needed")
        if self.size_wh is not None and self.model.config.quirks.square_image:
            raise InputError("the released code films 512x512 alone; leave the size out, or take no quirks")

    @classmethod
    def from_pretrained(
        cls,
        folder: Path | str,
        *,
        device: str = "auto",
        dtype: torch.dtype | None = None,
        quirks: Quirks | None = None,
        tokenizer: Path | str | None = None,
        precision: Precision = "fp32",
        with_draft: bool = False,
        sampling: Sampling | None = None,
        num_frames: int = FRAMES,
        fps: float = DEFAULT_FPS,
        size_wh: tuple[int, int] | None = None,
        num_heads: int | None = None,
    ) -> Self:
        """Load a released checkpoint, or a folder that training wrote; nothing is downloaded.

        Args:
            folder: a checkpoint file, or a folder of one with the vocabulary of the captions.
            device: "auto", "cpu", "cuda", "cuda:1", "mps".
            dtype: of the weights; None is float32.
            quirks: of the released code; None keeps those that the model was saved with, which for a released
                checkpoint mend everything that can be mended.
            tokenizer: folder of `vocab.json` and `merges.txt`; None is the model's.
            precision: of the decoder's blocks.
            with_draft: whether an int8 copy proposes tokens that the decoder verifies; the tokens stay the same.
            sampling: how tokens are chosen; None is as released.
            num_frames: of every path.
            fps: frames per second of every path.
            size_wh: pixels of every path's pictures; the model's horizontal angle of view is kept.
            num_heads: of the decoder, which a released checkpoint does not tell; None is 8.

        Raises:
            InputError: a file or the device is missing, or the checkpoint is another model's.
        """
        model, _ = load_folder(folder, device=chosen_device(device), dtype=dtype, num_heads=num_heads)
        config = model.config.with_quirks(quirks)
        model.config = model.decoder.config = config
        beside = Path(folder) if Path(folder).is_dir() else Path(folder).parent
        words = None
        if "text" in config.modalities:
            sizes = config.text
            words = CaptionTokenizer(tokenizer or beside, length=sizes.num_tokens, vocab_size=sizes.vocab_size)
        return cls(
            model=model,
            tokenizer=words,
            engine=Engine(model.decoder, precision),
            draft=Engine(model.decoder, "int8") if with_draft else None,
            sampling=sampling or Sampling(),
            num_frames=num_frames,
            fps=fps,
            size_wh=size_wh,
        )

    def __call__(
        self,
        plan_or_text: Plan | str,
        *,
        frame: RGBD | None = None,
        anchors: Mapping[str, Anchor] | None = None,
        n: int = 1,
        seed: int = 0,
    ) -> list[Directed]:
        """`n` paths; those whose motion tags agree best with what the text asks for come first.

        Args:
            plan_or_text: the caption; a plan gives the text that it was read from.
            frame: the first frame, for models that look at one.
            anchors: actors, which this model cannot be told of.
            n: how many paths; the i-th is drawn with `seed` + i.
            seed: of the first path.

        Raises:
            InputError: the caption is empty or too long, a condition is missing or not one of the model's, or there are
                anchors.
        """
        text = plan_or_text if isinstance(plan_or_text, str) else plan_or_text.text
        if anchors:
            raise InputError(
                f"a GenDoP model sees no actors and cannot follow {', '.join(anchors)}; use the grammar, or words alone"
            )
        if not 1 <= n <= MAX_PATHS:
            raise InputError(f"{n} candidates is out of range; ask for 1 to {MAX_PATHS}")
        inputs = self.inputs(text, frame or RGBD())
        found = self.tokens(inputs, [seed + i for i in range(n)])
        paths = [to_trajectory(self.decode(ids, frame), duration_s=self.num_frames / self.fps) for ids in found]
        return _ranked([Directed(path, self._plan(path, text)) for path in paths], text)

    def inputs(self, text: str, frame: RGBD) -> dict[str, Tensor]:
        """What the encoders take, as a batch of one.

        Raises:
            InputError: as calling does.
        """
        config = self.model.config
        given = {"text": bool(text), "image": frame.image is not None, "depth": frame.depth is not None}
        for name, has in given.items():
            if has and name not in config.modalities:
                raise InputError(f"this model looks at {config.cond_mode} and not at {name}; leave it out")
            if name in config.modalities and not has and name != "text":
                raise InputError(f"this model looks at {config.cond_mode}: give --{name} too")
        found = frame_inputs(config, image=frame.image, depth=frame.depth)
        batch = {name: value[None] for name, value in found.items()}
        if self.tokenizer is not None:
            batch["text"], batch["text_mask"] = self.tokenizer([text], truncate=config.quirks.silent_truncation)
        device = self.model.decoder.head.weight.device
        return {name: value.to(device) for name, value in batch.items()}

    def tokens(self, inputs: Mapping[str, Tensor], seeds: Sequence[int]) -> list[Tensor]:
        """The token ids [10 * poses] of one path a seed."""
        with torch.inference_mode():
            dtype = self.model.decoder.head.weight.dtype
            taken = {key: value.to(dtype) if value.is_floating_point() else value for key, value in inputs.items()}
            prefix = self.model.prefix(taken)
        if self.draft is None:
            ids = generate(self.engine, prefix, seeds=seeds, sampling=self.sampling)
        else:
            drafted = [
                generate_with_draft(self.engine, self.draft, prefix, seed=seed, sampling=self.sampling)[0]
                for seed in seeds
            ]
            ids = torch.cat(drafted)
        return list(ids[:, : self.model.config.path_tokens])

    def decode(self, ids: Tensor, frame: RGBD | None = None) -> DecodedPath:
        """The path of token ids; the aspect ratio is the first frame's where there is one.

        Pictures of `size_wh` keep the horizontal angle of view, with square pixels.
        """
        shape = None
        if frame is not None:
            shape = next((seen.shape for seen in (frame.image, frame.depth) if seen is not None), None)
        aspect = shape[1] / shape[0] if shape is not None else None
        path = self.model.config.codec.decode(ids.numpy(), frames=self.num_frames, aspect=aspect)
        if self.size_wh is None:
            return path
        focal = path.focal_px[0] * self.size_wh[0] / path.size_wh[0]
        return replace(path, focal_px=(focal, focal), size_wh=self.size_wh)

    def _plan(self, path: Trajectory, text: str) -> Plan:
        """What a path does, in the vocabulary of the shot language."""
        fov_x = path.intrinsics.fov()[:, 0].numpy()
        moves = recognise(path.T_world_cam.as_matrix().numpy(), fov_x, fps=self.fps, up=(0.0, -1.0, 0.0))
        return replace(Plan(moves), text=text, duration_s=self.num_frames / self.fps, fps=self.fps)


def _ranked(candidates: list[Directed], text: str) -> list[Directed]:
    """The candidates by agreement with the text; in their order where it says nothing of moves."""
    if len(candidates) == 1:
        return candidates
    try:
        asked = parse(text)
    except InputError:
        return candidates
    scores = [tag_agreement(item.path.T_world_cam.as_matrix().numpy(), asked) for item in candidates]
    return [candidates[i] for i in sorted(range(len(candidates)), key=lambda i: -scores[i])]
