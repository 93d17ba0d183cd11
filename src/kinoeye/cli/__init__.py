"""The command line: one thin file a command. Anything that a Python user would also want may not live here."""

from __future__ import annotations

from kinoeye.cli.main import main

__all__ = ["main"]
