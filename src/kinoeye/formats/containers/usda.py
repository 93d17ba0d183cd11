"""USD's text format (.usda): the prims of one layer and those of their properties that are asked for.

Nothing is composed: sublayers, references, payloads, inherits and variants are passed over and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kinoeye.formats.containers.usda_scanner import MAX_DEPTH, Scanner

_SPECIFIERS = ("def", "over", "class")
_QUALIFIERS = ("custom", "uniform", "varying", "config", "add", "delete", "prepend", "append", "reorder")
_LIST_EDITS = ("add", "delete", "prepend", "append", "reorder")
_ORDERS = ("rootPrims", "nameChildren", "properties")
ARCS = ("subLayers", "references", "payload", "inherits", "specializes", "variantSets")
"""Metadata by which a layer takes opinions from elsewhere."""


@dataclass
class Attribute:
    """The opinions of one layer about an attribute or relationship."""

    default: object = None
    """A number, text, tuple of values, or None."""
    samples: dict[float, object] = field(default_factory=dict)
    """Time code -> value."""
    has_spline: bool = False
    """Whether it is animated by a spline, which is not read."""


@dataclass
class Prim:
    """A prim of one layer."""

    path: str
    specifier: str
    type_name: str
    metadata: dict[str, object] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    """Name -> opinions, of those that were asked for."""
    children: list[Prim] = field(default_factory=list)

    def walk(self) -> Iterator[tuple[Prim, ...]]:
        """This prim and those under it, in file order, each as the chain from here down to it."""
        pending = [(self,)]
        while pending:
            chain = pending.pop()
            yield chain
            pending += [(*chain, child) for child in reversed(chain[-1].children)]


@dataclass
class Layer:
    """One layer."""

    metadata: dict[str, object]
    prims: list[Prim]


def parse_usda(text: str, kept: re.Pattern[str], *, where: str) -> Layer:
    """The layer of a text.

    Args:
        text: from `#usda 1.0` on.
        kept: matches the names of the properties that are read; the others are passed over.
        where: how errors call the file.

    Raises:
        InputError: the text is damaged, or larger or nested deeper than the bounds of `usda_scanner`.
    """
    return _Parser(Scanner(text, where), kept).layer()


class _Parser:
    def __init__(self, scanner: Scanner, kept: re.Pattern[str]) -> None:
        self.scan = scanner
        self.kept = kept

    def layer(self) -> Layer:
        metadata = self._metadata()
        root = Prim("", "def", "")
        while self.scan.peek()[0] != "end":
            self._statement(root, depth=0)
        return Layer(metadata, root.children)

    def _statement(self, parent: Prim, depth: int) -> None:
        """A prim, a variant set, a reordering or a property."""
        kind, text = self.scan.peek()
        if kind == "end":
            raise self.scan.fail("a prim does not end: is it truncated?")
        if kind != "word":
            raise self.scan.fail(f"{text[:40]!r} cannot begin a prim or property: is it damaged?")
        if text in _SPECIFIERS:
            parent.children.append(self._prim(parent.path, depth))
        elif text == "variantSet":
            self.scan.next()
            parent.metadata.setdefault("variantSets", self.scan.expect("string", "the name of a variant set"))
            self.scan.expect("mark", "=")
            self.scan.skip_value()
        else:
            self._property(parent)

    def _prim(self, parent_path: str, depth: int) -> Prim:
        if depth > MAX_DEPTH:
            raise self.scan.fail(f"prims are nested deeper than {MAX_DEPTH}")
        specifier = self.scan.expect("word", "def, over or class")
        type_name = self.scan.next()[1] if self.scan.peek()[0] == "word" else ""
        prim = Prim(f"{parent_path}/{self.scan.expect('string', 'the name of a prim')}", specifier, type_name)
        prim.metadata = self._metadata()
        self.scan.expect("mark", "{")
        while not self.scan.takes("}"):
            self._statement(prim, depth + 1)
        return prim

    def _property(self, prim: Prim) -> None:
        """`[qualifiers] type name[.timeSamples] [= value] [(metadata)]`; a relationship has the type `rel`."""
        word = self.scan.expect("word", "a property")
        while word in _QUALIFIERS:
            word = self.scan.expect("word", "the type of a property")
        if word in _ORDERS:
            self.scan.expect("mark", "=")
            self.scan.skip_value()
            return
        name, _, suffix = self.scan.expect("word", "the name of a property").partition(".")
        if self.scan.takes("="):
            self._property_value(prim, name, suffix)
        self._metadata()

    def _property_value(self, prim: Prim, name: str, suffix: str) -> None:
        if not self.kept.fullmatch(name) or suffix not in ("", "timeSamples", "spline"):
            self.scan.skip_value()
            if self.scan.peek()[0] == "path":
                self.scan.next()  # of an asset: @file@</prim>
            return
        attribute = prim.attributes.setdefault(name, Attribute())
        if suffix == "timeSamples":
            attribute.samples = self.scan.samples()
        elif suffix == "spline":
            attribute.has_spline = True
            self.scan.skip_value()
        else:
            attribute.default = self.scan.value()

    def _metadata(self) -> dict[str, object]:
        """The block in parentheses after a layer, prim or property, where there is one."""
        found: dict[str, object] = {}
        if not self.scan.takes("("):
            return found
        while not self.scan.takes(")"):
            kind, text = self.scan.next()
            if kind == "string":
                continue  # a comment
            if kind == "word" and text in _LIST_EDITS:
                kind, text = self.scan.next()
            if kind != "word":
                raise self.scan.fail("the name of a metadatum is needed: is it truncated or damaged?")
            self.scan.expect("mark", "=")
            found[text] = self._metadatum()
        return found

    def _metadatum(self) -> object:
        if self.scan.peek()[0] == "mark":
            self.scan.skip_value()
            return True
        value = self.scan.value()
        if self.scan.peek()[0] == "path":
            self.scan.next()  # of an asset: @file@</prim>
        if self.scan.peek() == ("mark", "("):
            self.scan.skip_value()  # the offset and scale of a sublayer or reference
        return value
