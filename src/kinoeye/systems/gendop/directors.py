"""The directors that `kinoeye direct --model` names: a shipped one by its name, any other by its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.language.director import Director, GrammarDirector

GRAMMAR, TINY = "grammar", "tiny"
Kind = Literal["grammar", "segments", "official"]
_SEGMENTS = "SegmentConfig"
"""The record in the config.json of our own director."""


def kind_of(name_or_folder: Path | str) -> Kind:
    """Whether a name or folder is the grammar, our own director, or a GenDoP checkpoint.

    Raises:
        InputError: there is no such director.
    """
    if str(name_or_folder) == GRAMMAR:
        return "grammar"
    path = _folder(name_or_folder)
    if not path.exists():
        raise InputError(
            f"there is no director {str(name_or_folder)!r}; give {GRAMMAR}, {TINY}, or a folder or checkpoint file"
        )
    config = path / "config.json"
    data = read_json(config) if config.is_file() else None
    return "segments" if isinstance(data, dict) and data.get("record") == _SEGMENTS else "official"


def director(name_or_folder: Path | str, **options: Any) -> Director:
    """The director of a name or folder.

    Args:
        name_or_folder: "grammar", "tiny", or the folder or checkpoint file of a trained director.
        options: of its constructor, or of its `from_pretrained`.

    Raises:
        InputError: there is no such director, or as its constructor.

    Example:
        >>> len(director("grammar", num_frames=12)("push in", seed=0)[0].path)
        12
    """
    kind = kind_of(name_or_folder)
    if kind == "grammar":
        return GrammarDirector(**options)
    folder = _folder(name_or_folder)
    if kind == "segments":
        from kinoeye.systems.gendop.segment_director import SegmentDirector

        return SegmentDirector.from_pretrained(folder, **options)
    from kinoeye.systems.gendop.pipeline import GenDoPPipeline

    return GenDoPPipeline.from_pretrained(folder, **options)


def _folder(name_or_folder: Path | str) -> Path:
    """A folder of one's own, or the one of the director that ships."""
    if str(name_or_folder) != TINY:
        return Path(name_or_folder)
    from kinoeye.weights import resolve

    return resolve(TINY, system="gendop").path
