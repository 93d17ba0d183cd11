"""Strict maps between the keys of official checkpoints and ours, as tables of rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks.tensor_files import TensorFile

_NAMED = 4
"""How many keys a message names before it counts the rest."""


@dataclass(frozen=True)
class Rule:
    """One row of a key map: patterns in which `{name}` stands for a part without dots and `{name*}` for any part.

    Several official keys are concatenated along the first axis, as for a fused query-key-value projection.
    """

    official: str | tuple[str, ...]
    ours: str
    rows: bool = False
    """Keep only as many first rows of the official tensor as ours has, read without the others."""
    trailing: int = 0
    """Axes of size 1 that the official tensor has after ours, as a convolution of one tap has after a matrix."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The official patterns, in the order in which they are concatenated."""
        return (self.official,) if isinstance(self.official, str) else self.official


@dataclass(frozen=True)
class LoadReport:
    """What a strict load did: our key -> the official keys that filled it, and the official keys that were left out."""

    mapped: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    """Official keys that the map names as of no use, such as position_ids, and those of other models in the file."""
    trimmed: dict[str, tuple[int, int]]
    """Our key -> rows kept and rows of the file."""

    def __str__(self) -> str:
        text = f"{len(self.mapped)} tensors loaded"
        if self.trimmed:
            cut = ", ".join(f"{key} {kept} of {of} rows" for key, (kept, of) in self.trimmed.items())
            text += f"; trimmed {cut}"
        return text + (f"; ignored {_some(self.ignored)}" if self.ignored else "")


@dataclass(frozen=True)
class KeyMap:
    """A table of rules from an official checkpoint's keys to a module's; anything it does not name is an error.

    Args:
        name: what the checkpoint is called, such as "GenDoP".
        rules: the rows; the first pattern that fits an official key decides.
        ignored: patterns of official keys that are of no use to us.
    """

    name: str
    rules: Sequence[Rule]
    ignored: Sequence[str] = field(default=())

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], Rule, int]]:
        return [(_pattern(source), rule, part) for rule in self.rules for part, source in enumerate(rule.sources)]

    def ours(self, official: str) -> tuple[str, Rule, int] | None:
        """Our key for an official one, with its rule and its place in the concatenation; None if no rule fits."""
        for pattern, rule, part in self._patterns:
            found = pattern.fullmatch(official)
            if found:
                return _fill(rule.ours, found.groupdict()), rule, part
        return None

    def collect(self, keys: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, Rule], list[str], list[str]]:
        """Sort official keys: our key -> official keys in order, our key -> rule, ignored keys, unexpected keys."""
        parts: dict[str, dict[int, str]] = {}
        rules: dict[str, Rule] = {}
        ignored: list[str] = []
        unexpected: list[str] = []
        skipped = [_pattern(source) for source in self.ignored]
        for key in keys:
            if any(pattern.fullmatch(key) for pattern in skipped):
                ignored.append(key)
                continue
            found = self.ours(key)
            if found is None:
                unexpected.append(key)
                continue
            ours, rule, part = found
            parts.setdefault(ours, {})[part] = key
            rules[ours] = rule
        for ours in [key for key, found in parts.items() if len(found) < len(rules[key].sources)]:
            unexpected += parts.pop(ours).values()  # part of a fused tensor: the rest is missing
        mapped = {ours: tuple(found[part] for part in sorted(found)) for ours, found in parts.items()}
        return mapped, rules, ignored, unexpected

    def load(self, module: nn.Module, tensors: TensorFile, *, prefix: str = "") -> LoadReport:
        """Fill every parameter and persistent buffer of a module from official tensors.

        Tensors take the dtype of the module. On the meta device shapes are checked and nothing is read.

        Args:
            module: what is filled.
            tensors: official ones.
            prefix: what the keys of this model begin with among others; the others are reported as ignored.

        Raises:
            InputError: a tensor is missing, unexpected or of another shape; the module is then left as it was.
        """
        outside = [key for key in tensors if not key.startswith(prefix)]
        tensors = tensors.under(prefix)
        state = module.state_dict()
        mapped, rules, ignored, unexpected = self.collect(list(tensors))
        missing = [key for key in state if key not in mapped]
        unexpected += [source for key, sources in mapped.items() if key not in state for source in sources]
        if missing or unexpected:
            raise InputError(self._mismatch(tensors.name, missing, unexpected))
        trimmed: dict[str, tuple[int, int]] = {}
        for key, sources in mapped.items():
            given, needed = _joined_shape([tensors.shapes[source] for source in sources]), tuple(state[key].shape)
            if rules[key].rows and given[1:] == needed[1:] and given[0] > needed[0]:
                trimmed[key] = (needed[0], given[0])
            elif given != needed + (1,) * rules[key].trailing:
                needed += (1,) * rules[key].trailing
                raise InputError(
                    f"{sources[0]} of {tensors.name} has shape {list(given)}; this {self.name} model needs "
                    f"{list(needed)}: check the configuration"
                )
        if all(not value.is_meta for value in state.values()):
            values = {key: _read(tensors, sources, trimmed.get(key)) for key, sources in mapped.items()}
            with torch.no_grad():
                for key, value in values.items():
                    state[key].copy_(value.reshape(state[key].shape))
        return LoadReport({key: mapped[key] for key in state}, (*ignored, *outside), trimmed)

    def to_official(self, module: nn.Module) -> dict[str, Tensor]:
        """The module's tensors under their official keys; fused ones are split into equal parts.

        Raises:
            InputError: a tensor of the module has no rule.
        """
        official: dict[str, Tensor] = {}
        patterns = [(_pattern(rule.ours), rule) for rule in self.rules]
        for key, value in module.state_dict().items():
            for pattern, rule in patterns:
                found = pattern.fullmatch(key)
                if found:
                    pieces = value[(..., *(None,) * rule.trailing)].chunk(len(rule.sources))
                    for source, piece in zip(rule.sources, pieces, strict=True):
                        official[_fill(source, found.groupdict())] = piece.contiguous()
                    break
            else:
                raise InputError(f"{key} has no official name in the key map of {self.name}")
        return official

    def _mismatch(self, name: str, missing: list[str], unexpected: list[str]) -> str:
        parts = [f"{name} is not this {self.name} model"]
        if missing:
            parts.append(f"{len(missing)} of ours are missing ({_some(missing)})")
        if unexpected:
            parts.append(f"{len(unexpected)} are unexpected ({_some(unexpected)})")
        return "; ".join(parts) + ": give another checkpoint, or the configuration that it was saved with"


def _read(tensors: TensorFile, sources: tuple[str, ...], trim: tuple[int, int] | None) -> Tensor:
    if trim is not None:
        return tensors.rows(sources[0], trim[0])
    return tensors[sources[0]] if len(sources) == 1 else torch.cat([tensors[source] for source in sources])


def _joined_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    first = shapes[0]
    if len(shapes) == 1 or not first:
        return first
    return (sum(shape[0] for shape in shapes), *first[1:])


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)(\*?)\}", template)
    text = ""
    for index in range(0, len(pieces), 3):
        text += re.escape(pieces[index])
        if index + 1 < len(pieces):
            text += f"(?P<{pieces[index + 1]}>{'.+' if pieces[index + 2] else '[^.]+'})"
    return re.compile(text)


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\*?\}", lambda found: values[found.group(1)], template)


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_NAMED])
    return f"{shown} and {len(keys) - _NAMED} more" if len(keys) > _NAMED else shown
