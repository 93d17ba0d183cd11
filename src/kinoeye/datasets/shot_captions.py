"""Captions of a shot: its motion from its tags, in our words or a model's; what is filmed, by a model alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.base.llm import LanguageModel, LanguageModelError, Question
from kinoeye.datasets.contact_sheet import contact_sheet, png_of
from kinoeye.datasets.datadop_files import write_captions
from kinoeye.datasets.datadop_layout import FRAMES, MAX_TOKENS, least_tokens
from kinoeye.datasets.shot_sampling import sample_shot
from kinoeye.language.captions import caption
from kinoeye.language.tags import tag_name

TRIES = 3
"""How often a model is asked for an answer of the form that is needed."""
_MOTION = (
    "You describe how a film camera moves. You are given its translation and rotation over stretches of frames. Write "
    "one short sentence that says every motion in its order and nothing else: no numbers, no frames, no guesses about "
    'what is filmed. For example: "The camera remains static, then moves left and forward, and finally yaws right."'
)
_DIRECTORIAL = (
    "You are a film director who describes a camera move and what it shows. You are given the motion of the camera and "
    "16 frames of the shot in reading order. Keep to the motion that is given, in its order. Answer in three lines. "
    "The first names what is in focus, after '**Focus**:'. The second, after '**Detailed**:', is a description of two "
    "or three sentences. The third, after '**Concise**:', says the same in one sentence of at most 30 words."
)


@dataclass(frozen=True)
class CaptionShot:
    """A shot gets its captions."""

    folder: Path
    """Where the files go, each under its item's name."""
    model: LanguageModel | None = None
    """Words the motion; None for our own sentence."""
    directorial: LanguageModel | None = None
    """Writes what the camera shows; None for a motion caption alone."""
    name: str = "caption-shot"

    @property
    def version(self) -> str:
        """Changes with the models."""
        return " ".join(["1", *(model.model if model else "-" for model in (self.model, self.directorial))])

    def setup(self) -> None:
        """Nothing is shared."""

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Write the captions of the tags in data."""
        segments = [(int(start), int(end), int(tag)) for start, end, tag in item.data["segments"]]
        movement = caption(segments) if self.model is None else motion_by_model(segments, self.model)
        captions = {"Movement": movement}
        if self.directorial is not None:
            first, last = item.data["frames"]
            frames = sample_shot(item).frames[item.data["black"] :][first : last + 1]
            captions |= directorial_by_model(movement, png_of(contact_sheet(frames)), self.directorial)
        written = {"movement_by": self.model.model if self.model else "tags"}
        files = write_captions(self.folder / item.name, captions)
        return Item(item.name, {**item.data, **written}, {**item.files, **files})


def motion_by_model(segments: Sequence[tuple[int, int, int]], model: LanguageModel) -> str:
    """One sentence about a motion in a model's words; no numbers in it.

    Args:
        segments: (start, end, class) as `tags.segments` gives them.
        model: to ask.

    Raises:
        LanguageModelError: no answer was such a sentence.
    """
    stretches = "; ".join(f"between frames {start} and {end}: {_outline(tag)}" for start, end, tag in segments)
    outline = f"Total frames {FRAMES}. {stretches[0].upper()}{stretches[1:]}."
    answer = ""
    for attempt in range(TRIES):
        answer = " ".join(model.ask(Question(outline, instructions=_MOTION, attempt=attempt)).split())
        if not any(letter.isdigit() for letter in answer) and least_tokens(answer) <= MAX_TOKENS:
            return answer
    raise LanguageModelError(f"{model.model} wrote numbers or too much {TRIES} times: {answer[:200]!r}")


def directorial_by_model(movement: str, sheet_png: bytes, model: LanguageModel) -> dict[str, str]:
    """The captions "Detailed Interaction" and "Concise Interaction" of a shot.

    Args:
        movement: its motion caption.
        sheet_png: 16 of its frames in one picture.
        model: to ask.

    Raises:
        LanguageModelError: no answer had both.
    """
    answer = ""
    for attempt in range(TRIES):
        question = Question(f"Motion: {movement}", (sheet_png,), instructions=_DIRECTORIAL, attempt=attempt)
        answer = model.ask(question)
        detailed, concise = (_line(answer, mark) for mark in ("Detailed", "Concise"))
        if detailed and concise and least_tokens(concise) <= MAX_TOKENS:
            return {"Detailed Interaction": detailed, "Concise Interaction": concise}
    raise LanguageModelError(f"{model.model} did not keep to the form {TRIES} times: {answer[:200]!r}")


def _outline(tag: int) -> str:
    name = tag_name(tag)
    return name if name == "static" or name.split()[0] in ("yaw", "pitch", "roll") else f"move {name}"


def _line(answer: str, mark: str) -> str:
    """What follows "**Mark**:" in its line; empty without it."""
    for line in answer.splitlines():
        before, found, words = line.partition(f"**{mark}**:")
        if found and not before.strip():
            return words.strip().strip('"')
    return ""
