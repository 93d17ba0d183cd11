"""Names in messages: the nearest known one to what was mistyped, and the first of many."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_TOLD = 5


def nearest_name(given: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant; None where none is near.

    Case, spaces, hyphens and underscores do not matter, and the beginning of a name is near it.

    Example:
        >>> nearest_name("wanfun", ["seva", "wan-fun"]), nearest_name("blend", ["seva", "blender-script"])
        ('wan-fun', 'blender-script')
    """
    names = {_plain(name): name for name in reversed(list(known))}
    plain = _plain(given)
    if plain in names:
        return names[plain]
    begun = [name for short, name in names.items() if short.startswith(plain)] if plain else []
    near = begun[-1:] or [names[short] for short in difflib.get_close_matches(plain, names, n=1)]
    return near[0] if near else None


def did_you_mean(given: str, known: Iterable[str], kind: str = "known") -> str:
    """The end of an error about a name: the nearest one, or all of them where none is near.

    Args:
        given: what was mistyped.
        known: what is allowed.
        kind: what to call the names in a list of them.

    Example:
        >>> did_you_mean("reflexion", ["nan", "reflection"]), did_you_mean("magic", ["nan"], "repairs")
        ("did you mean 'reflection'?", 'repairs: nan')
    """
    names = list(known)
    near = nearest_name(given, names)
    return f"{kind}: {', '.join(names)}" if near is None else f"did you mean {near!r}?"


def first_names(names: Sequence[str]) -> str:
    """The first five names, and how many more there are.

    Example:
        >>> first_names(["a", "b"]), first_names(list("abcdefg"))
        ('a, b', 'a, b, c, d, e and 2 more')
    """
    return ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if len(names) > _TOLD else "")


def _plain(name: str) -> str:
    return name.lower().translate({ord(mark): None for mark in " _-"})
