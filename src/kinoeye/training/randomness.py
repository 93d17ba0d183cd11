"""Seeds as a function of where in a run they are used, so that no random state has to be saved."""

from __future__ import annotations

import hashlib


def seed_of(*where: int | str) -> int:
    """A seed of 63 bits for a place in a run, such as (seed, phase, step, rank).

    Example:
        >>> seed_of(0, "motion", 12) == seed_of(0, "motion", 12) != seed_of(0, "motion", 13)
        True
    """
    digest = hashlib.sha256("/".join(map(str, where)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
