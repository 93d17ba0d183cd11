"""What `direct` asks and does for a GenDoP checkpoint, upstream's options among them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.arguments import given_options
from kinoeye.base.errors import InputError
from kinoeye.cli.direct_candidates import given_poses
from kinoeye.cli.options import count, given_path, positive, print_json, say

if TYPE_CHECKING:
    from kinoeye.geometry.rgbd import RGBD
    from kinoeye.systems.gendop import GenDoPConfig, GenDoPPipeline

TEXT_KEYS = ("Movement", "Concise Interaction", "Detailed Interaction")
QUIRKS = ("official", "mended", "none")
PRECISIONS = ("fp32", "bf16", "int8")
_SIZES = ("num_cond_tokens", "discrete_bins", "pose_length", "hidden_dim", "num_layers")
"""Upstream's options that restate what a checkpoint says itself."""
_ALIASES: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("image_path", "image", given_path),
    ("depth_path", "depth", given_path),
    ("test_path", "folder", given_path),
    ("top_k", "top_k", count),
    ("top_p", "top_p", positive),
    ("num_heads", "num_heads", count),
    ("text", "text", str),
    ("text_path", "text_path", given_path),
    ("cond_mode", "cond_mode", str),
    ("resume", "resume", str),
    ("workspace", "workspace", given_path),
    ("exp_name", "exp_name", str),
    ("name", "exp_name", str),
    *((name, name, count) for name in _SIZES),
)
"""Upstream's spelling, the option that it is, and its type; they are accepted and not listed."""


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a GenDoP checkpoint; upstream's spellings beside them."""
    seen = parser.add_argument_group("a first frame, for models that look at one")
    seen.add_argument("--image", type=given_path, metavar="FILE", help="first frame")
    seen.add_argument("--depth", type=given_path, metavar="FILE", help="its depth, .npy: in metres, NaN where unknown")
    group = parser.add_argument_group("a GenDoP checkpoint")
    group.add_argument("--folder", type=given_path, metavar="DIR", help="direct every shot of a folder "
                       "(SHOT_caption.json, SHOT_rgb.png, SHOT_depth.npy)")  # fmt: skip
    group.add_argument("--text-key", choices=TEXT_KEYS, metavar="KEY", help="caption of a folder or caption file: "
                       "Movement (default), Concise Interaction, Detailed Interaction")  # fmt: skip
    group.add_argument("--tokenizer", type=given_path, metavar="DIR", help="of vocab.json and merges.txt (default: the "
                       "model's folder)")  # fmt: skip
    group.add_argument("--temperature", type=float, metavar="T", help="0 is greedy (default 1)")
    group.add_argument("--top-k", type=count, metavar="K", help="likeliest tokens to draw from (default 10)")
    group.add_argument("--top-p", type=positive, metavar="P", help="share of probability to draw from")
    group.add_argument("--precision", choices=PRECISIONS, help="of the decoder (default fp32)")
    group.add_argument("--draft", action="store_true", help="an int8 copy proposes tokens; the same path, sooner")
    group.add_argument("--quirks", choices=QUIRKS, help="of the released code (default: as the model was saved)")
    group.add_argument("--device", metavar="D", help="auto, cpu, cuda, cuda:N, mps (default auto)")
    group.add_argument("--num-heads", type=count, metavar="N", help="of the decoder, which a released checkpoint does "
                       "not tell (default 8)")  # fmt: skip
    for name, dest, kind in _ALIASES:
        parser.add_argument(f"--{name}", dest=dest, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--text_key", choices=TEXT_KEYS, help=argparse.SUPPRESS)


def given_frame(args: argparse.Namespace) -> RGBD | None:
    """The first frame of `--image` and `--depth`, whose depth may be unknown (NaN) and infinite; None without both.

    Raises:
        InputError: a file cannot be used, or the two differ in size.
    """
    from kinoeye.footage.pictures import read_picture
    from kinoeye.geometry.rgbd import RGBD
    from kinoeye.systems.gendop.images import read_depth

    if args.image is None and args.depth is None:
        return None
    return RGBD(
        image=read_picture(args.image) if args.image is not None else None,
        depth=read_depth(args.depth, complete=False) if args.depth is not None else None,
    )


def given_model_options(args: argparse.Namespace, *, looks: bool) -> list[str]:
    """The options that were given and that only a GenDoP checkpoint has.

    Args:
        args: as they were parsed.
        looks: whether this model looks at first frames too.
    """
    names = (
        *(() if looks else ("image", "depth")), "folder", "tokenizer", "temperature", "top_k", "top_p", "precision",
        "draft", "quirks", "device", "num_heads", "cond_mode", "workspace", "exp_name", *_SIZES,
    )  # fmt: skip
    return given_options(args, names)


def resolve_text(args: argparse.Namespace) -> str:
    """The caption: as an argument, as `--text`, or from a caption file.

    Raises:
        InputError: there is none, or there are two.
    """
    from kinoeye.systems.gendop.captions_file import read_caption

    given = [text for text in (args.caption, args.text) if text is not None]
    if len(given) + (args.text_path is not None) > 1:
        raise InputError("two captions were given; give TEXT, --text or --text_path, one of them")
    if args.text_path is None and args.text_key is not None and args.folder is None:
        raise InputError("--text-key chooses a caption of a file: give --text_path or --folder too")
    if given:
        return given[0]
    if args.text_path is None:
        raise InputError("there is no caption: say what the camera does, as TEXT")
    return read_caption(args.text_path, args.text_key or TEXT_KEYS[0])


def direct_with_model(args: argparse.Namespace) -> int:
    """Direct by a checkpoint: one caption, or a folder of shots."""
    from kinoeye.formats.paths import format_for_output
    from kinoeye.systems.gendop.checkpoint import config_of_folder

    _refuse_contradictions(args)
    if args.out is not None and args.folder is None:
        format_for_output(args.out, args.to)  # a path takes seconds, and a wrong name none
    config = config_of_folder(args.model)
    _check_restated(args, config)
    if args.folder is not None:
        return _direct_folder(args)
    needs_text = "text" in config.modalities
    has_text = any(value is not None for value in (args.caption, args.text, args.text_path))
    text = resolve_text(args) if needs_text or has_text else ""
    return _direct_one(args, text)


def _direct_one(args: argparse.Namespace, text: str) -> int:
    from kinoeye import language
    from kinoeye.cli.direct import say_written, write_candidates
    from kinoeye.footage.pictures import read_picture
    from kinoeye.geometry.rgbd import RGBD
    from kinoeye.shot.edits.constraining import constrain
    from kinoeye.systems.gendop.folders import write_prediction
    from kinoeye.systems.gendop.images import read_depth

    if args.out is None and args.workspace is None and not args.explain and not args.json:
        raise InputError("nothing to do: give -o FILE to write the path, or --explain to see the moves")
    frame = RGBD(
        image=read_picture(args.image) if args.image is not None else None,
        depth=read_depth(args.depth) if args.depth is not None else None,
    )
    pipeline = _pipeline(args)
    if args.workspace is not None:
        ids = pipeline.tokens(pipeline.inputs(text, frame), [args.seed])[0]
        file = write_prediction(pipeline.decode(ids, frame), args.workspace / (args.exp_name or Path(args.model).stem))
        written: list[dict[str, Any]] = [{"file": str(file), "frames": pipeline.num_frames, "notes": []}]
        understood = ""
    else:
        constraints = given_poses(args)
        directed = pipeline(text, frame=frame, n=args.count, seed=args.seed)
        if constraints is not None:
            directed = [replace(item, path=constrain(item.path, constraints)) for item in directed]
        written = write_candidates(args, directed) if args.out is not None else []
        understood = language.describe(directed[0].plan)
    if args.json:
        print_json({"written": written, "understood": understood})
        return 0
    if args.explain and understood:
        print(understood)
    say_written(args, written)
    return 0


def _direct_folder(args: argparse.Namespace) -> int:
    from kinoeye.systems.gendop.folders import direct_folder

    if args.workspace is not None:
        out = args.workspace / Path(args.model).stem / "test"
    elif args.out is not None:
        out = args.out
    else:
        raise InputError("a folder of shots needs an output folder; name one with -o")
    pipeline = _pipeline(args)
    report = direct_folder(pipeline, args.folder, out, text_key=args.text_key or TEXT_KEYS[0], seed=args.seed)
    for fault in report.failed:
        say(args, f"{fault.shot}: {fault.reason}")
    if args.json:
        print_json({"out": str(out), "done": report.done, "skipped": report.skipped, "failed": report.failed})
    else:
        print(f"{out}: {len(report.done)} directed, {len(report.skipped)} there already, {len(report.failed)} failed")
    return 1 if report.failed else 0


def _pipeline(args: argparse.Namespace) -> GenDoPPipeline:
    from kinoeye.systems.gendop import GenDoPPipeline, Quirks
    from kinoeye.systems.gendop.generation import Sampling
    from kinoeye.systems.gendop.pipeline import DEFAULT_FPS
    from kinoeye.systems.gendop.tokens import FRAMES

    quirks = {"official": Quirks.official, "mended": Quirks.mended, "none": Quirks.none}
    fps = args.fps or DEFAULT_FPS
    frames = args.frames or (FRAMES if args.duration is None else max(2, round(args.duration * fps)))
    chosen = {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p}
    return GenDoPPipeline.from_pretrained(
        args.model,
        device=args.device or "auto",
        quirks=None if args.quirks is None else quirks[args.quirks](),
        tokenizer=args.tokenizer,
        precision=args.precision or "fp32",
        with_draft=args.draft,
        sampling=Sampling(**{name: value for name, value in chosen.items() if value is not None}),
        num_frames=frames,
        fps=fps,
        size_wh=args.size,
        num_heads=args.num_heads,
    )


def _refuse_contradictions(args: argparse.Namespace) -> None:
    if (args.workspace is not None or args.folder is not None) and (args.end_pose is not None or args.keyframe):
        raise InputError("--end-pose and --keyframe are for one path; direct a single caption with -o")
    if args.workspace is not None and (args.out is not None or args.to is not None):
        raise InputError("--workspace names its files itself; give -o and --to, or --workspace")
    if args.exp_name is not None and args.workspace is None:
        raise InputError("--exp_name names a file in a --workspace: give that too, or -o")
    if args.explain and (args.workspace is not None or args.folder is not None):
        raise InputError("--explain tells of the path that -o names; leave it out with --workspace and --folder")
    if args.workspace is not None and args.count > 1:
        raise InputError(f"-n {args.count} needs as many files: give -o instead of --workspace")
    if args.draft and args.precision not in (None, "fp32"):
        raise InputError(f"--draft verifies in fp32 what int8 proposes; leave --precision {args.precision} out")
    alone = (args.caption, args.text, args.text_path, args.image, args.depth, args.exp_name, args.to)
    if args.folder is not None and (any(value is not None for value in alone) or args.count > 1):
        raise InputError("--folder takes captions and frames from its shots, and one path each; leave the others out")


def _check_restated(args: argparse.Namespace, config: GenDoPConfig) -> None:
    """Hold that what upstream's options restate is what the checkpoint says."""
    for name in ("cond_mode", *_SIZES):
        given, own = getattr(args, name), getattr(config, name)
        if given is not None and given != own:
            raise InputError(
                f"--{name} {given} was given and {args.model} has {own}; leave it out, or name another model"
            )
