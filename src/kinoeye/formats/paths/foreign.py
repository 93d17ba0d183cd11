"""Telling what a file is when no format reads it: pictures, films, arrays, meshes, captions."""

from __future__ import annotations

import json
import re
import zipfile

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import BREAKS_OFF, npz_shapes
from kinoeye.formats.paths.file_head import HEAD_BYTES, FileHead
from kinoeye.formats.paths.numpy_poses import VARIANTS
from kinoeye.formats.paths.pose_arrays import is_pose_shape
from kinoeye.formats.paths.rows import columns_of

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (rb"\x89PNG", "is a PNG picture"),
    (rb"\xff\xd8\xff", "is a JPEG picture"),
    (rb"GIF8", "is a GIF picture"),
    (rb"BM.{4}\0\0\0\0", "is a BMP picture"),
    (rb"II\*\0|MM\0\*", "is a TIFF picture"),
    (rb"v/1\x01", "is an OpenEXR picture"),
    (rb"RIFF....WEBP", "is a WebP picture"),
    (rb"RIFF....AVI ", "is an AVI video"),
    (rb"....ftyp", "is an MP4 or QuickTime video"),
    (rb"\x1aE\xdf\xa3", "is a Matroska or WebM video"),
    (rb"ply\r?\n", "is a PLY point cloud or mesh"),
    (rb"\x89HDF", "is an HDF5 container"),
    (rb"\x80[\x02-\x05]", "is a Python pickle, which only running code from it could read: it is never opened"),
)
_CONVENTIONS = ", ".join(form.NAME for form in VARIANTS)
_WHICH = f"that does not say its convention; if they are poses, say it with --from {_CONVENTIONS}"
_KEYS = {
    "entity_prompts": "is a list of 3DTrajMaster's prompts (captions of entities and places) and holds no cameras",
    "CharacterInfo": "is a list of 360-Motion's characters (captions) and holds no cameras",
}
"""Keys of JSON files that lie beside camera files, and what these are."""
_NO_CAMERAS = ("picture", "video", "cloud", "mesh")


def what_it_is(head: FileHead) -> str:
    """A predicate for an error: what a path is that no format recognised."""
    if head.is_folder:
        return "is a folder without cameras that Kinoeye knows"
    found = _magic(head.data)
    if found:
        return f"{found} and holds no cameras" if found.endswith(_NO_CAMERAS) else found
    if head.data.startswith(b"\x93NUMPY"):
        return _describe_array(head)
    if head.data.startswith(b"PK\x03\x04"):
        return _describe_archive(head)
    if re.fullmatch(r"(points3D|points2D|rigs|frames)\.(txt|bin)", head.path.name):
        return "is a part of a COLMAP model that holds no cameras: give its folder"
    if not head.text:
        return (
            f"is {head.encoding} text; save it as UTF-8"
            if head.encoding
            else "is a binary file that Kinoeye does not know"
        )
    return _describe_text(head.text)


def _magic(data: bytes) -> str | None:
    return next((text for magic, text in _MAGIC if re.match(magic, data, re.DOTALL)), None)


def _describe_array(head: FileHead) -> str:
    """A NumPy array by its header alone; nothing is unpickled."""
    if head.array is None or head.array[0] == "O":
        return "is a NumPy file whose array cannot be read without running code from it"
    kind, sizes = head.array
    described = "x".join(map(str, sizes)) or "one number"
    if kind in "iub" and len(sizes) == 1:
        return (
            f"is an array of {described} labels (whole numbers, such as the motion classes of E.T.) and holds no "
            "cameras; `kinoeye tag` says E.T.'s in words"
        )
    if is_pose_shape(sizes):
        return f"is an array of matrices ({described}) {_WHICH}"
    if sum(size > 32 for size in sizes) >= 2:
        return f"is an array of images or depth maps ({described}) and holds no cameras"
    if len(sizes) == 2 and sizes[1] == 7:
        return (
            f"is an array of {described}: if these are world-to-camera poses as DROID-SLAM saves them, say --from droid"
        )
    return f"is a NumPy array of {described}, a layout that Kinoeye does not know"


def _describe_archive(head: FileHead) -> str:
    """A zip archive by its table of contents and the headers of its arrays."""
    if any(name.endswith("data.pkl") for name in head.members):
        return "is a PyTorch file, a pickle that is never opened; save its arrays with numpy.savez"
    if not zipfile.is_zipfile(head.path):
        return f"is an archive {BREAKS_OFF}"
    try:
        shapes = npz_shapes(head.path)
    except InputError:
        shapes = {}
    if not shapes:
        return "is a zip archive"
    poses = [name for name, shape in shapes.items() if is_pose_shape(shape)]
    if poses:
        return f"is an .npz of matrices ({', '.join(poses[:4])}{', ...' if len(poses) > 4 else ''}) {_WHICH}"
    return f"is an .npz of {', '.join(list(shapes)[:8])} and holds no cameras"


def _is_words(value: object) -> bool:
    """A text that is not a matrix written as one, such as "[1 0 0] [0 1 0]"."""
    return isinstance(value, str) and not re.search(r"\[[-\d. e+]+\]", value)


def _describe_text(head: str) -> str:
    text = head.lstrip()
    if text.startswith(("{", "[")):
        known = next((what for key, what in _KEYS.items() if f'"{key}":' in text), None)
        if known:
            return known
        try:
            data = json.loads(head) if len(head) < HEAD_BYTES // 2 else None
        except (ValueError, RecursionError):
            return "is JSON that breaks off or is damaged"
        if re.match(r'\{\s*"points"\s*:\s*\[', text) and '"observations"' in text:
            return "is a list of ground control points and holds no cameras"
        if isinstance(data, dict) and {"train_ids", "test_ids"} <= set(data):
            return "is a split of a SEVA scene and holds no cameras: give its folder"
        if isinstance(data, dict) and data and all(map(_is_words, data.values())):
            return f"is a caption file (texts {', '.join(list(data)[:3])}) and holds no cameras"
        return "is JSON in a layout that Kinoeye does not know"
    lines = head.split()[:1000]
    if 1 < len(lines) == len(head.splitlines()[:1000]) and all(columns_of(line) == 1 for line in lines[:-1]):
        return "is a list of single numbers (times?) and holds no cameras"
    words = re.findall(r"[^\W\d_]{3,}", head)
    numbers = re.findall(r"(?<![\w.])[-+]?\d++(?:\.\d*+)?(?:e[-+]?\d++)?(?![\w.])", head, re.IGNORECASE)
    if len(words) > 5 * max(1, len(numbers)):
        return "is a text of words (a caption or prompt?) and holds no cameras"
    return "is text in a layout that Kinoeye does not know"
