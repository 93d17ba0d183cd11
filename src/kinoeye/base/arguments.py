"""Which options of a command were given."""

from __future__ import annotations

import argparse
from collections.abc import Iterable


def given_options(args: argparse.Namespace, names: Iterable[str]) -> list[str]:
    """Those of some options that were given, as they are written; an option is absent as None, a flag as False.

    Example:
        >>> given_options(argparse.Namespace(min_snr=0.0, json=False, root=None), ("min_snr", "json", "root"))
        ['--min-snr']
    """
    values = {name: getattr(args, name) for name in names}
    return [f"--{name.replace('_', '-')}" for name, value in values.items() if value is not None and value is not False]
