"""The directors that `kinoeye direct --model` names: a shipped one by its name, any other by its folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.language.director import Director, GrammarDirector
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Plan

GRAMMAR, TINY, AUTO, FRAMES = "grammar", "tiny", "auto", "frames"
Kind = Literal["grammar", "segments", "diffusion", "official"]
_KINDS: Mapping[str, Kind] = {"SegmentConfig": "segments", "DirectorConfig": "diffusion"}
"""Record in a config.json -> whose it is: our own director's, or E.T.'s DIRECTOR's."""
_SURE = math.log(0.6)
"""Log-probability of the moves of a text in which the grammar finds none: less, and it speaks of no camera."""
_READER = "FrameReaderConfig"
"""The record of what reads first frames for our own director."""


def kind_of(name_or_folder: Path | str) -> Kind:
    """Whether a name or folder is the grammar, our own director, E.T.'s, or a GenDoP checkpoint.

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
    if isinstance(data, dict) and data.get("record") == _READER:
        raise InputError(f"{name_or_folder} reads first frames for a director and directs nothing itself; give {TINY}, "
                         "or the folder of a director")  # fmt: skip
    return _KINDS.get(str(data.get("record")), "official") if isinstance(data, dict) else "official"


def director(name_or_folder: Path | str, **options: Any) -> Director:
    """The director of a name or folder; our own look at first frames where the part for that ships.

    Args:
        name_or_folder: "grammar", "tiny", or the folder or checkpoint file of a trained director.
        options: of its constructor, or of its `from_pretrained`, such as `frames`: the folder of another such part.

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

        return SegmentDirector.from_pretrained(folder, **{"frames": _shipped_frames(), **options})
    if kind == "diffusion":
        from kinoeye.systems.gendop.diffusion_director import DiffusionDirector

        return DiffusionDirector.from_pretrained(folder, **options)
    from kinoeye.systems.gendop.pipeline import GenDoPPipeline

    return GenDoPPipeline.from_pretrained(folder, **options)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The plan of a text, who read it, and why they did."""

    plan: Plan
    director: str
    """"grammar", "tiny", or a folder."""
    reason: str
    weights_sha256: Mapping[str, str] = field(default_factory=dict)
    """Name of the checkpoint -> its checksum; empty for the grammar."""


def read_plan(text: str, director: Path | str = AUTO) -> Reading:
    """The plan of a text by the grammar, by a trained director, or by the better one for it.

    Args:
        text: what to do, in words.
        director: "grammar", "tiny", the folder of a trained director, or "auto": the grammar where it uses every word
            as it stands, since its reading is exact; else the director that ships, if one does.

    Raises:
        InputError: there is no such director, it makes no plans, or it finds no camera move.

    Example:
        >>> read_plan("push in two metres").reason
        'the grammar uses every word'
    """
    if str(director) == AUTO:
        return _by_the_better(text)
    kind = kind_of(director)
    if kind == "grammar":
        return Reading(plan=parse(text), director=GRAMMAR, reason="it was asked for")
    if kind != "segments":
        model = "GenDoP checkpoint" if kind == "official" else "DIRECTOR"
        raise InputError(
            f"{director} is a {model}, which makes paths and no plans; give {AUTO}, "
            f"{GRAMMAR}, {TINY}, or the folder of a director whose motion is in words (`kinoeye direct` takes it)"
        )
    return _by_model(text, director, "it was asked for")


def _by_the_better(text: str) -> Reading:
    plan = refusal = None
    try:
        plan = parse(text)
    except InputError as error:
        refusal = error
    unused = [part for part in plan.unused if not part.of_actors] if plan is not None else []
    if plan is not None and not unused and not plan.read_as:
        every = "every word of the camera" if plan.unused else "every word"
        return Reading(plan=plan, director=GRAMMAR, reason=f"the grammar uses {every}")
    if plan is None:
        fault = "the grammar finds no camera move"
    else:
        words = ", ".join(repr(part.text) for part in (*unused, *plan.read_as))
        fault = f"the grammar does not use {words} as it stands"
    if text.strip() and _ships():
        try:
            return _by_model(text, TINY, fault, least=_SURE if plan is None else -math.inf)
        except InputError as error:
            fault = f"{fault}, and {TINY} cannot read it: {error}"
    if plan is None:
        assert refusal is not None
        raise refusal
    return Reading(plan=plan, director=GRAMMAR, reason=fault if _ships() else f"{fault}, and no trained director ships")


def _by_model(text: str, name_or_folder: Path | str, reason: str, *, least: float = -math.inf) -> Reading:
    from kinoeye.systems.gendop.segment_director import SegmentDirector
    from kinoeye.weights import resolve

    found = resolve(str(name_or_folder), system="gendop")
    program = SegmentDirector.from_pretrained(found.path).programs(text)[0]
    if program.log_probability < least:
        raise InputError(f"no camera move was found in {text[:60]!r} with certainty; describe what the camera does")
    name = str(name_or_folder)
    return Reading(plan=program.plan, director=name, reason=reason, weights_sha256={Path(name).name: found.sha256})


def _ships() -> bool:
    """Whether there is a director that ships; one that is damaged says so when it is read."""
    from kinoeye.weights import WeightsIndex

    return WeightsIndex.read().has(TINY, "gendop")


def _shipped_frames() -> Path | None:
    """The part that reads first frames, if it ships."""
    from kinoeye.weights import WeightsIndex, resolve

    return resolve(FRAMES, system="gendop").path if WeightsIndex.read().has(FRAMES, "gendop") else None


def _folder(name_or_folder: Path | str) -> Path:
    """A folder of one's own, or the one of the director that ships."""
    if str(name_or_folder) != TINY:
        return Path(name_or_folder)
    from kinoeye.weights import resolve

    return resolve(TINY, system="gendop").path
