"""A foreseen failure as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why something has no result; returned where one bad item must not stop the others."""

    reason: str
    """One line for a user."""
    where: str = ""
    """The frame, item or file that it is about."""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}" if self.where else self.reason
