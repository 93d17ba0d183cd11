"""Errors that a user can cause; each is one line that says what was given, what is allowed and what to do."""

from __future__ import annotations


class KinoeyeError(Exception):
    """Any failure that Kinoeye foresees."""

    exit_code = 1


class InputError(KinoeyeError, ValueError):
    """A file, option or sentence that cannot be used; the command line prints it and exits with 2."""

    exit_code = 2


class MissingExtraError(InputError, ImportError):
    """An optional library that is not installed; the message holds the `pip install` line."""


class CheckFailedError(KinoeyeError):
    """A check or bar that did not hold; the command line exits with 1."""
