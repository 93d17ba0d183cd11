"""Files that edits name, read by their kind: cameras, panoramas and recorded motion."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean

if TYPE_CHECKING:
    from kinoeye.shot.bodies import RecordedMotion
    from kinoeye.shot.edits.motion import Motion
    from kinoeye.shot.edits.sources import Sources
    from kinoeye.shot.environment import Environment

MOTION_FILES = (".bvh", ".glb", ".gltf")
_FILE_NAME = re.compile(r"\S*[\w)]\.[A-Za-z][A-Za-z0-9]{1,11}(#.*)?")


def edit_files() -> Sources:
    """What `kinoeye.shot.edit` needs to read every file that an edit may name.

    Example:
        >>> edit_files().is_file("a beach at dusk")
        False
    """
    from kinoeye.shot.edits.sources import Sources

    return Sources(is_file=is_file, path=_path, backdrop=_backdrop, motion=_motion)


def is_file(words: str) -> bool:
    """Whether words of an edit are the name of a file, `FILE#PART` or `MODEL:WORD`.

    Raises:
        InputError: they look like a file's name, and there is no such file.
    """
    from kinoeye.formats.paths.presets import is_preset

    if any(map(_is_there, (words, words.rpartition("#")[0]))) or is_preset(words):
        return True
    if _FILE_NAME.fullmatch(words):
        raise InputError(f"{words} does not exist")
    return False


def _is_there(name: str) -> bool:
    """Whether a file or folder has that name, which is no plain word such as "beach"."""
    try:
        return bool({"/", "."} & {*name}) and Path(name).exists()
    except OSError:  # too long for a name
        return False


def _path(name: str) -> Motion:
    from kinoeye.formats.edited import editable
    from kinoeye.formats.paths import read_path

    return editable(read_path(name))[0]


def _backdrop(name: str, turn_deg: float) -> Environment:
    from kinoeye.render.panorama import surroundings

    return surroundings(name, turn_deg=turn_deg)


def _motion(name: str) -> RecordedMotion:
    """The motion of a BVH file, or one of a glTF file: the only one, or the one that `FILE#NAME` says."""
    from kinoeye.formats.scenes import read_bvh, read_gltf_body
    from kinoeye.shot.bodies import AffineClip, RecordedMotion, nearest_clip

    file, _, wanted = (name, "", "") if Path(name).is_file() else name.rpartition("#")
    kind = Path(file).suffix.lower()
    if kind not in MOTION_FILES:
        raise InputError(f"{file} is no file of recorded motion that is read; give one of {', '.join(MOTION_FILES)}")
    if kind == ".bvh":
        if wanted:
            raise InputError(f"{file} holds one motion; leave out '#{wanted}'")
        motion = read_bvh(file)
        return RecordedMotion(skeleton=motion.skeleton, clip=motion.clip, standing=motion.standing)
    rigged = read_gltf_body(file)
    chosen = _chosen(file, wanted, rigged.clips)
    clip, skeleton = rigged.clips[chosen], rigged.body.skeleton
    return RecordedMotion(
        skeleton=skeleton, clip=nearest_clip(clip, skeleton) if isinstance(clip, AffineClip) else clip
    )


def _chosen(file: str, wanted: str, names: Iterable[str]) -> str:
    """The motion of a file that is meant.

    Raises:
        InputError: it has none, several without a word which, or none of that name.
    """
    clips = list(names)
    if not clips:
        raise InputError(f"{file} has a body and no motion")
    if wanted in clips:
        return wanted
    if wanted:
        raise InputError(f"{file} has no motion {wanted!r}; {did_you_mean(wanted, clips, 'its motions')}")
    if len(clips) > 1:
        raise InputError(f"{file} holds {len(clips)} motions; say which with FILE#NAME: {', '.join(clips)}")
    return clips[0]
