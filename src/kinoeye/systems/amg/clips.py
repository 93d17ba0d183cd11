"""The films that a settings file of the released code asks for: which frames, which caption, which file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.systems.amg.frame_folder import FrameFolder, clip_offsets, middle_offset
from kinoeye.systems.amg.new_captions import check_caption, read_new_captions
from kinoeye.systems.amg.published_settings import Application, ChangeBackground, ChangeMotion, MoveCamera
from kinoeye.systems.amg.quirks import Quirks

FILM_FPS, MOTION_FPS = 24, 30
"""Of the film behind two of the applications, and of the motions of `change_motion`."""
GENERATED, COMPARISON = "_pred.mp4", "_comparison.mp4"
LATENTS, PICTURES = (".pth",), (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Clip:
    """What one film is made of."""

    start: int
    avatar: tuple[Path, ...]
    """Latents, or pictures."""
    film: tuple[Path, ...]
    """Latents of the film that the avatars are from; none where there is none."""
    caption: str
    file: Path
    """Of the film that is made."""


def asked_clips(
    settings: Application, root: Path, out: Path, *, caption: str | None, quirks: Quirks, limit: int | None
) -> list[Clip]:
    """The films that settings ask for, in order; every file that they are made of is there.

    Args:
        settings: of an application.
        root: what paths to read are relative to.
        out: what folders of results are relative to.
        caption: as `run_application`.
        quirks: of the released code.
        limit: so many films and no more.

    Raises:
        InputError: files are missing, condition and film have other frames, or there is no caption or one too many.
    """
    if limit is not None and limit < 1:
        raise InputError(f"{limit} films are asked for; at least 1 is needed")
    source_fps = MOTION_FPS if isinstance(settings, ChangeMotion) else FILM_FPS
    offsets = clip_offsets(
        settings.max_frames, source_fps=source_fps, fps=settings.sample_fps, floored=quirks.floored_step
    )
    if isinstance(settings, ChangeBackground):
        if caption is not None:
            raise InputError("change_background has its captions in new_caption_json_folder_path; write them there")
        clips = _background_clips(settings, root, out, offsets)
    elif isinstance(settings, ChangeMotion):
        text = settings.new_caption if caption is None else caption
        check_caption(text, where="change_motion")
        clips = _motion_clips(settings, root, out, offsets, text)
    else:
        if caption is None:
            raise InputError(
                "the settings of move_camera have no caption, and upstream's own is not here; give caption=TEXT"
            )
        check_caption(caption, where="move_camera")
        clips = [_camera_clip(settings, root, out, offsets, caption)]
    return clips[:limit]


def _background_clips(settings: ChangeBackground, root: Path, out: Path, offsets: Sequence[int]) -> list[Clip]:
    folders, start = settings.vid_dataset, settings.vid_dataset.start_frame
    middle = start + middle_offset(offsets)
    captions = read_new_captions(root / settings.new_caption_json_folder_path, (start, middle))
    avatar, film, stored = (
        FrameFolder.open(root / folder, LATENTS)
        for folder in (folders.hg_images_feature_dir, folders.images_feature_dir, folders.captions_y_dir)
    )
    shown, filmed = avatar.clip(start, offsets), film.clip(start, offsets)
    if middle not in stored.files:
        raise InputError(
            f"{stored.path} has no features for frame {middle}, the middle of the clip at {start}; upstream takes "
            "only clips that have them"
        )
    save = _results(out, settings.save_folder) / f"{Path(settings.infer_checkpoint).stem}_{start}"
    return [Clip(start, shown, filmed, new.text, save / f"{new.name}{GENERATED}") for new in captions]


def _motion_clips(settings: ChangeMotion, root: Path, out: Path, offsets: Sequence[int], caption: str) -> list[Clip]:
    avatar = FrameFolder.open(root / settings.vid_dataset.gh_images_feature_dir, LATENTS)
    starts = avatar.starts(offsets)
    if not starts:
        raise InputError(
            f"{avatar.path} has {len(avatar.files)} frames but no clip of {len(offsets)}, {offsets[-1] + 1} frames "
            "long without a gap"
        )
    save = _results(out, settings.save_dir)
    return [
        Clip(start, avatar.clip(start, offsets), (), caption, save / f"{number:04d}.mp4")
        for number, start in enumerate(starts)
    ]


def _camera_clip(settings: MoveCamera, root: Path, out: Path, offsets: Sequence[int], caption: str) -> Clip:
    folder, start = root / settings.vid_dataset.gh_images_dir, settings.vid_dataset.start_frame
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give the folder of a rendering's pictures")
    pictures = sorted((file for file in folder.iterdir() if file.suffix.lower() in PICTURES), key=_in_order)
    if start < 0 or start + offsets[-1] >= len(pictures):
        raise InputError(
            f"{folder} has {len(pictures)} pictures; a clip of {len(offsets)} from {start} needs "
            f"{start + offsets[-1] + 1}"
        )
    files = tuple(pictures[start + offset] for offset in offsets)
    return Clip(start, files, (), caption, _results(out, settings.save_dir) / "0000.mp4")


def _results(out: Path, named: str) -> Path:
    """A folder of results inside of `out`, whatever a file of a stranger says."""
    path = Path(named)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise InputError(f"results are to go to {named!r}; give a folder relative to the output, without '..'")
    return out / path


def _in_order(file: Path) -> list[tuple[int, str]]:
    """Frame 9 stands before frame 10, with and without leading zeros."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", file.name)]
