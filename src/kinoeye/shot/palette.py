"""What colour words look like."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COLOURS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "red": (0.80, 0.13, 0.12),
        "green": (0.16, 0.56, 0.24),
        "blue": (0.13, 0.33, 0.78),
        "yellow": (0.93, 0.77, 0.15),
        "orange": (0.92, 0.48, 0.10),
        "purple": (0.46, 0.22, 0.66),
        "pink": (0.92, 0.52, 0.66),
        "cyan": (0.15, 0.68, 0.72),
        "magenta": (0.80, 0.16, 0.58),
        "brown": (0.45, 0.29, 0.17),
        "black": (0.09, 0.09, 0.10),
        "white": (0.93, 0.93, 0.91),
        "grey": (0.52, 0.53, 0.54),
    }
)
"""Colour word of a plan -> sRGB, 0 to 1."""
