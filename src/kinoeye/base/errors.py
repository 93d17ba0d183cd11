"""Errors that a user can cause; each is one line that says what was given, what is allowed and what to do."""

from __future__ import annotations

MAX_CHARACTERS = 1500
"""A message quotes what was given, and a file may give a name of a million characters."""


class KinoeyeError(Exception):
    """Any failure that Kinoeye foresees; its message is one line of bounded length, whatever it quotes.

    Example:
        >>> len(str(KinoeyeError("x" * 10_000))) < 2_000
        True
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())
        if len(line) > MAX_CHARACTERS:
            line = f"{line[: MAX_CHARACTERS // 2]} [...] {line[-MAX_CHARACTERS // 2 :]}"
        super().__init__(line)


class InputError(KinoeyeError, ValueError):
    """A file, option or sentence that cannot be used; the command line prints it and exits with 2."""

    exit_code = 2


class MissingExtraError(InputError, ImportError):
    """An optional library that is not installed; the message holds the `pip install` line."""


class CheckFailedError(KinoeyeError):
    """A check or bar that did not hold; the command line exits with 1."""
