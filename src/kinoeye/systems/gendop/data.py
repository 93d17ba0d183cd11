"""DataDoP folders as they are, their shots as batches, and decoded paths as trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text
from kinoeye.footage.pictures import read_picture
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import datadop
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.geometry.convention import OPENCV, OPENGL, convert, homogeneous
from kinoeye.systems.gendop.captions_file import TextKey, read_caption
from kinoeye.systems.gendop.config import GenDoPConfig, Modality
from kinoeye.systems.gendop.images import check_depth, depth_input, image_input, read_depth
from kinoeye.systems.gendop.official import IGNORED
from kinoeye.systems.gendop.tokenizer import CaptionTokenizer
from kinoeye.systems.gendop.tokens import BOS, EOS, DecodedPath

RGBD_TEXT_KEY: TextKey = "Concise Interaction"
_PATH, _CAPTION, _IMAGE, _DEPTH = "_transforms_cleaning.json", "_caption.json", "_rgb.png", "_depth.npy"
_MODALITY_FILES: Mapping[Modality, str] = {"text": _CAPTION, "image": _IMAGE, "depth": _DEPTH}
_SHOWN_FAULTS = 5


@dataclass(frozen=True)
class ShotFiles:
    """The files of one shot, all of which begin with its name."""

    folder: Path
    name: str

    def __str__(self) -> str:
        return f"{self.folder.name}/{self.name}"

    @property
    def path(self) -> Path:
        """The camera path."""
        return self.folder / f"{self.name}{_PATH}"

    def of(self, modality: Modality) -> Path:
        """The caption, first frame or depth."""
        return self.folder / f"{self.name}{_MODALITY_FILES[modality]}"

    @property
    def has_path(self) -> bool:
        """Whether the camera path is there, as it is for shots to learn from."""
        return self.path.is_file()


@dataclass(frozen=True)
class Fault:
    """A shot that cannot be used, and why."""

    shot: str
    reason: str


def find_shots(root: Path | str, *, split: str = "train") -> list[ShotFiles]:
    """The shots of a DataDoP folder, in the order of its list; of any other folder, all that lie in it, by name.

    A DataDoP folder has `train_valid.txt` with a VIDEO/SHOT a line beside the folder `train` of videos (for the split
    "test" likewise).

    Raises:
        InputError: there are none.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"there is no folder {root}; give one of shots")
    listing = root / f"{split}_valid.txt"
    if listing.is_file():
        names = [line.strip() for line in read_text(listing).splitlines() if line.strip()]
        shots = [ShotFiles((root / split / name).parent, Path(name).name) for name in names]
        if any(".." in Path(name).parts or Path(name).is_absolute() for name in names):
            raise InputError(f"{listing} names a shot outside of its folder; VIDEO/SHOT lines are needed")
    else:
        inside = root / split if (root / split).is_dir() else root
        found = sorted([*inside.glob(f"*{_PATH}"), *inside.glob(f"*/*{_PATH}")])
        shots = [ShotFiles(file.parent, file.name.removesuffix(_PATH)) for file in found]
    if not shots:
        raise InputError(f"{root} has no shots: neither {listing.name} nor files that end in {_PATH}")
    return shots


def find_inputs(root: Path | str, modalities: Sequence[Modality]) -> list[ShotFiles]:
    """Shots to direct: what lies in a folder, or one below it, and has the files that a model looks at.

    Raises:
        InputError: there are none.
    """
    if not Path(root).is_dir():
        raise InputError(f"there is no folder {root}; give one of shots")
    endings = [_MODALITY_FILES[name] for name in modalities]
    found = sorted(file for pattern in ("*", "*/*") for file in Path(root).glob(pattern + endings[0]))
    shots = [ShotFiles(file.parent, file.name.removesuffix(endings[0])) for file in found]
    if not shots:
        raise InputError(f"{root} has nothing to direct: no file in it, or one folder below, ends in {endings[0]}")
    return shots


def text_key_for(config: GenDoPConfig, key: TextKey) -> TextKey:
    """The caption that training reads; a quirk may ignore what was asked for."""
    fixed = config.quirks.fixed_rgbd_caption and len(config.modalities) == 3
    return RGBD_TEXT_KEY if fixed else key


def read_frame(shot: ShotFiles, config: GenDoPConfig) -> dict[str, Tensor]:
    """A shot's first frame as the model takes it: "image" and "depth", as it looks at them.

    Raises:
        InputError: a file is missing or damaged.
    """
    try:
        image = read_picture(shot.of("image")) if "image" in config.modalities else None
        depth = read_depth(shot.of("depth")) if "depth" in config.modalities else None
        return frame_inputs(config, image=image, depth=depth)
    except InputError as error:
        raise InputError(f"{shot}: {error}") from error


def frame_inputs(
    config: GenDoPConfig, *, image: NDArray[np.uint8] | None, depth: NDArray[np.floating] | None
) -> dict[str, Tensor]:
    """A first frame as the image encoders take it, of what the model looks at.

    Raises:
        InputError: the depth is not that of the image, or not finite.
    """
    side, crop = config.vision.image_size, config.quirks.unscaled_crop
    found: dict[str, Tensor] = {}
    if image is not None:
        found["image"] = image_input(image, side=side, crop=crop)
    if depth is not None:
        size_wh = None if image is None else (image.shape[1], image.shape[0])
        found["depth"] = depth_input(check_depth(depth, size_wh=size_wh), side=side, crop=crop)
    return found


def path_ids(shot: ShotFiles, config: GenDoPConfig) -> NDArray[np.int64]:
    """The token ids of a shot's path.

    Raises:
        InputError: the path is missing, damaged, or does not fit its tokens.
    """
    table = datadop.read(shot.path)
    assert isinstance(table, PathTable)  # a file, not a folder of them
    if table.intrinsics is None or table.size_wh is None:
        raise InputError(f"{shot.path} does not say its lens and image size; w, h, fl_x and fl_y are needed")
    focal = (float(table.intrinsics[0, 0, 0]), float(table.intrinsics[0, 1, 1]))
    return config.codec.encode(table.matrices, table.size_wh, focal)


def read_words_and_path(
    shots: Sequence[ShotFiles], config: GenDoPConfig, *, text_key: TextKey, tokenizer: CaptionTokenizer | None
) -> tuple[list[dict[str, Tensor]], list[Fault]]:
    """Every shot's "ids" [10 * poses], with "text" and "text_mask" where the model reads; and why others have none.

    Frames are large and read later; here it is held that their files are there.
    """
    items: list[dict[str, Tensor]] = []
    faults: list[Fault] = []
    for shot in shots:
        try:
            item = {"ids": torch.from_numpy(path_ids(shot, config))}
            for name in config.modalities:
                if not shot.of(name).is_file():
                    raise InputError(f"{shot.of(name)} does not exist")
            if tokenizer is not None:
                caption = read_caption(shot.of("text"), text_key_for(config, text_key))
                ids, mask = tokenizer([caption], truncate=config.quirks.silent_truncation)
                item |= {"text": ids[0], "text_mask": mask[0]}
            items.append(item)
        except InputError as error:
            faults.append(Fault(str(shot), str(error)))
    return items, faults


def require_sound(faults: Sequence[Fault], count: int) -> None:
    """Hold that no shot is faulty: none is ever replaced by another one.

    Raises:
        InputError: some are; the first ones are named.
    """
    if faults:
        shown = "; ".join(f"{fault.shot}: {fault.reason}" for fault in faults[:_SHOWN_FAULTS])
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise InputError(
            f"{len(faults)} of {count} shots cannot be used: mend them or take them off the list: {shown}{more}"
        )


def collate(items: Sequence[Mapping[str, Tensor]], config: GenDoPConfig) -> dict[str, Tensor]:
    """A batch: tokens [b, t + 2] with begin and end, labels [b, c + t + 2], and the stacked conditions."""
    ids = torch.stack([item["ids"] for item in items])
    column = ids.new_ones(len(items), 1)
    tokens = torch.cat([BOS * column, ids, EOS * column], dim=1)
    unlearned = torch.full((len(items), config.num_cond_tokens + 1), IGNORED)
    labels = torch.cat([unlearned, tokens[:, 1:]], dim=1)
    conditions = {key: torch.stack([item[key] for item in items]) for key in items[0] if key != "ids"}
    return {"tokens": tokens, "labels": labels, **conditions}


def to_table(path: DecodedPath) -> PathTable:
    """A decoded path as upstream writes it: OpenGL axes, the first pose the identity."""
    width, height = path.size_wh
    K = np.array([[path.focal_px[0], 0, width / 2], [0, path.focal_px[1], height / 2], [0, 0, 1]])
    return PathTable(
        matrices=path.T_first_cam,
        convention=OPENGL,
        format=datadop.NAME,
        intrinsics=np.tile(K, (len(path.T_first_cam), 1, 1)),
        size_wh=path.size_wh,
    )


def to_trajectory(path: DecodedPath, *, duration_s: float, unit: Literal["m", "arbitrary"] = "arbitrary") -> Trajectory:
    """A decoded path as a camera with OpenCV axes in the axes of its first pose."""
    opengl, opencv = OPENGL.with_world(OPENGL.camera_axes), OPENCV.with_world(OPENCV.camera_axes)
    matrices = torch.from_numpy(homogeneous(convert(path.T_first_cam, opengl, opencv)))
    count = len(matrices)
    times = torch.linspace(0, duration_s * (count - 1) / count, count, dtype=torch.float64)
    track = Track(SE3.from_matrix(matrices), times, unit=unit, up=None)
    width, height = path.size_wh
    lens = torch.tensor([*path.focal_px, width / 2, height / 2], dtype=torch.float64)
    return Trajectory(track, Intrinsics(lens, path.size_wh))
