"""Where everything is in a DataDoP folder (arXiv 2504.07083): {train,test}/VIDEO/SHOT_*.* and two lists of shots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")
LISTS: Mapping[Split, str] = MappingProxyType({"train": "train_valid.txt", "test": "test_valid.txt"})
"""Split -> file with a line VIDEO/SHOT for each of its shots."""
METADATA, CARD = "metadata.csv", "README.md"
METADATA_COLUMNS = ("ClipID", "YouTubeID", "CropSize", "StartTime", "EndTime")
FILES: Mapping[str, str] = MappingProxyType(
    {
        "caption": "_caption.json",
        "rgb": "_rgb.png",
        "depth": "_depth.npy",
        "intrinsics": "_intrinsics.txt",
        "traj": "_traj.txt",
        "transforms": "_transforms_cleaning.json",
    }
)
"""What a file of a shot holds -> how its name ends; all six are needed whatever a model reads."""
CAPTIONS = ("Movement", "Detailed Interaction", "Concise Interaction")
"""The sentences of a shot's caption file."""
FRAMES = 120
"""Poses of a shot."""
WIDTH = 512
"""Pixels of a shot's first frame and of its depth, side by side."""
MAX_TOKENS = 77
"""Tokens of CLIP's text encoder, with the one that begins and the one that ends a text."""
_SHOT = re.compile(r"[\w-]+/[\w-]+")
_PIECE = re.compile(r"'(?:s|t|re|ve|m|ll|d)|[^\W\d_]+|\d|(?:[^\s\w]|_)+", re.IGNORECASE)


def is_shot_name(name: str) -> bool:
    """Whether a line of a list can be a shot: two plain names, so that no line leads out of the folder.

    Example:
        >>> is_shot_name("1_abc/shot_0070"), is_shot_name("../shot_0070")
        (True, False)
    """
    return _SHOT.fullmatch(name) is not None


def shot_file(folder: Path, split: Split, shot: str, kind: str) -> Path:
    """A file of a shot.

    Args:
        folder: of the data set.
        split: which half the shot is in.
        shot: "VIDEO/SHOT".
        kind: a key of `FILES`.
    """
    return folder / split / f"{shot}{FILES[kind]}"


def least_tokens(text: str) -> int:
    """How many tokens CLIP's text encoder reads at least: rare words become several, and that needs its vocabulary.

    Example:
        >>> least_tokens("The camera moves left.")
        7
    """
    return len(_PIECE.findall(text)) + 2
