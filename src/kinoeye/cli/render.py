"""A shot becomes frames with every layer of truth.

Beside the layers there are pictures to look at: preview.mp4, and sheets of small pictures over time of the depth (near
is bright) and of the actors where these layers are rendered.

With --guides the folder guides holds what avatar-guided video models are conditioned on, each pass a take of its own
with lossless frames and a preview: the actors on black, their alpha, depth, normals, skeletons, and colours of persons
and of body parts; guides.json says which colour is whose.

Examples:
  kinoeye render out/demo/shot.json -o out/take --layers rgb,depth,instance,flow
  kinoeye render out/demo/shot.json -o out/take --guides
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kinoeye.cli.options import image_size, positive, print_json, require_shot, say

if TYPE_CHECKING:
    from kinoeye.shot import Shot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shot", type=Path, metavar="SHOT", help="shot.json, or a folder that holds one")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the take to make")
    parser.add_argument("--layers", metavar="A,B", help="comma list, such as rgb,depth,instance (default: all that "
                        "the shot has)")  # fmt: skip
    parser.add_argument("--size", type=image_size, metavar="WxH", help="default: the size of the shot's camera")
    parser.add_argument("--fps", type=positive, metavar="F", help="frames per second (default: those of the shot)")
    parser.add_argument("--samples", type=int, choices=(1, 2), default=2, help="rays a pixel side for smooth edges")
    parser.add_argument("--backend", choices=("fast", "reference", "gl"), default="fast", help="who draws: compiled "
                        "kernels, the plain and slow definition, or the kernels with OpenGL to find the triangles of "
                        "bodies (extra gl)")  # fmt: skip
    parser.add_argument("--guides", action="store_true", help="also the passes that avatar-guided models want")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    require_shot(args.shot)
    from kinoeye.base.files import atomic_folder
    from kinoeye.base.run_record import RUN_FILE, RunRecord
    from kinoeye.footage.store import write_take
    from kinoeye.render import render
    from kinoeye.shot import Shot, resample
    from kinoeye.studio.layer_sheets import layer_sheets

    shot = Shot.load(args.shot)
    shot = resample(shot, fps=args.fps) if args.fps else shot
    layers = _all_layers(shot) if args.layers is None else tuple(args.layers.split(","))
    with atomic_folder(args.out, marker=RUN_FILE) as folder:
        take = render(shot, layers=layers, size_wh=args.size, samples=args.samples, backend=args.backend)
        write_take(take, folder)
        pictures = ["preview.mp4"]
        for sheet in layer_sheets(take, shot):
            pictures.append(f"preview-{sheet.name}.jpg")
            (folder / pictures[-1]).write_bytes(sheet.jpeg)
        if args.guides:
            from kinoeye.render.guides import guide_passes, write_guides

            guides = guide_passes(shot, size_wh=args.size, samples=args.samples, backend=args.backend)
            write_guides(guides, folder / "guides")
            pictures += [f"guides/{name}/preview.mp4" for name in guides.passes]
        record = RunRecord(
            argv=tuple(args.argv), seeds={"world_seed": shot.seed}, versions=RunRecord.installed_versions()
        )
        record.write(folder)
    if args.json:
        facts = {"out": str(args.out), "frames": len(take), "size_wh": take.size_wh, "layers": list(take.layers)}
        print_json({**facts, "pictures": pictures})
        return 0
    say(args, f"{len(take)} frames of {take.size_wh[0]}x{take.size_wh[1]} with {', '.join(take.layers)}")
    say(args, f"to look at: {', '.join(pictures)}")
    print(args.out)
    return 0


def _all_layers(shot: Shot) -> tuple[str, ...]:
    """Every layer; those that name points of meshes only where there are any."""
    from kinoeye.render import RENDERED_LAYERS
    from kinoeye.shot import SkinnedAvatar

    if any(isinstance(actor.avatar, SkinnedAvatar) for actor in shot.actors):
        return RENDERED_LAYERS
    return tuple(name for name in RENDERED_LAYERS if name not in ("triangle", "barycentrics"))
