"""transforms.json of nerfstudio and instant-ngp: camera-to-world, OpenGL axes; a file, or the folder that has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kinoeye.base.files import write_json
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import blender_synthetic, datadop, seva
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.nerf_frames import (
    CAMERA_MODELS,
    COEFFICIENTS,
    image_names,
    intrinsics_keys,
    read_nerf_json,
)
from kinoeye.geometry.convention import OPENGL, homogeneous

NAME = "transforms"
TITLE = "nerfstudio, instant-ngp transforms.json"
FILE_NAMES = ("*transforms*.json",)
DEFAULT_NAME = "transforms.json"
CONVENTION = OPENGL
HOLDS = frozenset({"intrinsics", "size", "names", "ids", "distortion"})
NEEDS = frozenset({"pixels"})
_NUMBER = "colmap_im_id"
_OTHER_MODELS = ("images.txt", "images.bin", "shot.json", "camera.json", "take.json")


def sniff(head: FileHead) -> bool:
    """An object whose frames hold `transform_matrix` and that is no nearer kind, or a folder with one by its name."""
    if head.is_folder:
        file = head.path / DEFAULT_NAME
        is_other = not head.entries.isdisjoint(_OTHER_MODELS) or seva.sniff(head) or datadop.sniff(head)
        return DEFAULT_NAME in head.entries and not is_other and file.stat().st_size > 0 and sniff(file_head(file))
    if not head.text.lstrip().startswith("{") or re.search(r'"transform_matrix"\s*:\s*\[', head.text) is None:
        return False
    return not (blender_synthetic.sniff(head) or datadop.sniff(head))


def read(path: Path) -> PathTable:
    """Read poses in file order; intrinsics of a frame override those of the file."""
    path = path / DEFAULT_NAME if path.is_dir() else path
    return read_nerf_json(path, CONVENTION, NAME, number_key=_NUMBER)


def write(table: PathTable, path: Path) -> list[str]:
    """Write one object; intrinsics at the top where they never change, otherwise a frame each."""
    data: dict[str, Any] = {} if table.lens == "perspective" else {"camera_model": table.lens}
    per_frame = [intrinsics_keys(table, i) for i in range(len(table))]
    shared = all(keys == per_frame[0] for keys in per_frame)
    if shared:
        data |= per_frame[0]
    poses = homogeneous(table.matrices).tolist()
    data["frames"] = [
        {"file_path": name, **({} if shared else keys), "transform_matrix": pose}
        for name, keys, pose in zip(image_names(table), per_frame, poses, strict=True)
    ]
    for frame, number in zip(data["frames"], table.ids, strict=False):
        frame[_NUMBER] = number
    write_json(path, data)
    lost = [name for name in table.distortion if name not in COEFFICIENTS]
    warnings = [f"{NAME} cannot hold the distortion coefficients {', '.join(lost)}"] if lost else []
    if table.lens not in ("perspective", *CAMERA_MODELS):
        warnings.append(f"nerfstudio knows no camera_model {table.lens}; it reads {', '.join(CAMERA_MODELS)}")
    return warnings
