"""Tokens and values of USD's text format: bounded in depth and number, and quick where a value is skipped."""

from __future__ import annotations

import re

from kinoeye.base.errors import InputError

MAX_DEPTH = 64
"""Brackets and prims nested deeper are refused."""
MAX_NUMBERS = 4_000_000
"""A layer with more of them in arrays that are read is refused."""
MAX_TOKENS = 500_000
"""A layer with more is refused; plain arrays, and samples of numbers, vectors and matrices, count as one each."""
Token = tuple[str, str]
"""Its kind (word, number, string, path, asset, mark or end) and its text."""

# Possessive (++, *+): a match of millions of characters must not remember how to take them back.
_BLANK = r"(?:[\s,;]++|#[^\n]*+|//[^\n]*+)*+"
_NUMBER = r"[-+]?(?:\d++\.?\d*+|\.\d++)(?:[eE][-+]?\d++)?(?![\w.])"
_PLAIN = r"[-+\d.eE,\s]{0,4000}+"
_VECTOR = rf"\((?:{_PLAIN}|\s*+(?:\({_PLAIN}\)[\s,]*+){{1,4}}+)\)"
_TOKEN = re.compile(
    rf"{_BLANK}(?:"
    rf"(?P<number>{_NUMBER}|[-+](?:inf|nan)\b)"
    r"|(?P<word>[^\W\d][\w:.]*+(?:\[\])?)"
    r"|(?P<path><[^<>\n]*+>)"
    r"|(?P<mark>[()\[\]{}=:])"
    r"|(?P<quote>\"\"\"|'{3}|@@@|[\"'@])"
    r"|(?P<comment>/\*)"
    r"|(?P<end>\Z))"
)
_FLAT_ARRAY = re.compile(r"""\[[^\[\]{}"'@<>#]*+\]""")
_ARRAY = re.compile(r"\[(?=[^\]]*\d)(?:[-+\d.eE,\s]*+|\s*+(?:\([-+\d.eE,\s]*+\)[\s,]*+)*+)\]")
_WORD = re.compile(r"[^\s,()]++")
_TUPLE = re.compile(_VECTOR)
_SAMPLE = re.compile(rf"{_BLANK}({_NUMBER})\s*+:\s*+({_NUMBER}|{_VECTOR})(?=\s*+[,}}])")
_SEPARATORS = str.maketrans("(),", "   ")
_OPEN, _CLOSE = "([{", ")]}"


class Scanner:
    """A position in the text of a layer."""

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where
        self.at = 0
        self._tokens = 0
        self._held = 0
        self._peeked: Token | None = None

    def fail(self, problem: str) -> InputError:
        """The error for a place that cannot be read."""
        line = self.text.count("\n", 0, self.at) + 1
        return InputError(f"{self.where} line {line}: {problem}")

    def peek(self) -> Token:
        """The next token, left where it is."""
        if self._peeked is None:
            self._peeked = self._scan()
        return self._peeked

    def next(self) -> Token:
        """The next token."""
        token = self.peek()
        self._peeked = None
        return token

    def takes(self, mark: str) -> bool:
        """Whether the next token is that mark or word; it is taken then."""
        if self.peek() not in (("mark", mark), ("word", mark)):
            return False
        self.next()
        return True

    def expect(self, kind: str, what: str) -> str:
        """The text of the next token, which must be of that kind, or the mark `what`.

        Raises:
            InputError: it is not.
        """
        token = self.next()
        if token[0] != kind or (kind == "mark" and token[1] != what):
            found = "the end of the file" if token[0] == "end" else repr(token[1][:40])
            raise self.fail(f"{what} is needed where {found} stands: is it truncated or damaged?")
        return token[1]

    def value(self, depth: int = 0) -> object:
        """A number, text, None, or a tuple of values; a dictionary is skipped.

        Matrices and arrays of vectors are one flat tuple.

        Raises:
            InputError: there is no value, or it is nested too deeply.
        """
        if depth > MAX_DEPTH:
            raise self.fail(f"brackets are nested deeper than {MAX_DEPTH}")
        kind, text = self.peek()
        if text == "(" and kind == "mark" and (plain := _TUPLE.match(self.text, self.at - 1)):
            self._peeked, self.at = None, plain.end()
            return self._numbers(plain.group())
        if text == "[" and kind == "mark" and (plain := _ARRAY.match(self.text, self.at - 1)):
            self._peeked, self.at = None, plain.end()
            return self._array(plain.group()[1:-1])
        if kind == "mark" and text == "{":
            self.skip_value()
            return None
        self.next()
        if kind == "mark" and text in "([":
            items = []
            while not self.takes(_CLOSE[_OPEN.index(text)]):
                items.append(self.value(depth + 1))
            return tuple(items)
        if kind in ("mark", "end"):
            raise self.fail("a value is needed: is it truncated or damaged?")
        if kind == "number" or (kind == "word" and text in ("inf", "nan")):
            return self._floats([text])[0]
        return None if (kind, text) == ("word", "None") else text

    def samples(self) -> dict[float, object]:
        """The time samples `{time: value, ...}`; a blocked one (None) is left out.

        Raises:
            InputError: they are no such list.
        """
        self.expect("mark", "{")
        found: dict[float, object] = {}
        while True:
            while plain := _SAMPLE.match(self.text, self.at):
                self._count()
                self.at = plain.end()
                found[float(plain[1])] = self._numbers(plain[2])
            if self.takes("}"):
                break
            time = self._floats([self.expect("number", "a time")])[0]
            self.expect("mark", ":")
            value = self.value()
            if value is not None:
                found[time] = value
        return found

    def skip_value(self) -> None:
        """Pass over one value of any kind.

        Raises:
            InputError: it breaks off, or is nested too deeply.
        """
        depth = 0
        while True:
            kind, text = self.peek()
            if text == "[" and kind == "mark" and (plain := _FLAT_ARRAY.match(self.text, self.at - 1)):
                self._peeked, self.at = None, plain.end()
            else:
                self.next()
                if kind == "end" or (kind == "mark" and depth == 0 and text not in _OPEN):
                    raise self.fail("a value is needed: is it truncated or damaged?")
                if kind == "mark":
                    depth += (text in _OPEN) - (text in _CLOSE)
                if depth > MAX_DEPTH:
                    raise self.fail(f"brackets are nested deeper than {MAX_DEPTH}")
            if depth == 0:
                break

    def _numbers(self, text: str) -> float | tuple[float, ...]:
        """A number, or the numbers of a vector or matrix."""
        if text[0] != "(":
            return self._floats([text])[0]
        return self._floats(text.translate(_SEPARATORS).split())

    def _array(self, text: str) -> tuple[float, ...]:
        """The numbers of an array, counted before they take memory."""
        self._held += sum(1 for _ in _WORD.finditer(text))
        if self._held > MAX_NUMBERS:
            raise InputError(f"{self.where} has more than {MAX_NUMBERS:,} numbers in arrays that are read")
        return self._floats(text.translate(_SEPARATORS).split())

    def _floats(self, words: list[str]) -> tuple[float, ...]:
        try:
            return tuple(map(float, words))
        except ValueError as error:
            raise self.fail("something else than a number stands among numbers") from error

    def _count(self) -> None:
        self._tokens += 1
        if self._tokens > MAX_TOKENS:
            raise InputError(f"{self.where} has more than {MAX_TOKENS:,} words and numbers outside of plain arrays")

    def _scan(self) -> Token:
        self._count()
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            raise self.fail("a character cannot stand where it does: is it damaged?")
        self.at = match.end()
        kind = match.lastgroup
        assert kind is not None
        text = match[kind]
        if kind == "quote":
            return "asset" if text[0] == "@" else "string", self._until(text)
        if kind == "comment":
            self._until("*/")
            return self._scan_after_comments()
        return kind, text[1:-1] if kind == "path" else text

    def _scan_after_comments(self) -> Token:
        """The next token after block comments, any number of them in a row."""
        blank = re.compile(_BLANK)
        while (spaces := blank.match(self.text, self.at)) and self.text.startswith("/*", spaces.end()):
            self._count()
            self.at = spaces.end() + 2
            self._until("*/")
        return self._scan()

    def _until(self, quote: str) -> str:
        """The text up to a closing mark, which is passed; a backslash before it makes it a part of the text."""
        start = self.at
        end = self.text.find(quote, start)
        while end > 0 and quote[0] in "\"'" and self._is_escaped(start, end):
            self._count()
            end = self.text.find(quote, end + 1)
        if end < 0 or (len(quote) == 1 and self.text.find("\n", start, end) >= 0):
            what = "a comment" if quote == "*/" else f"a text that begins with {quote}"
            raise self.fail(f"{what} does not end: is it truncated?")
        self.at = end + len(quote)
        return self.text[start:end]

    def _is_escaped(self, start: int, end: int) -> bool:
        first = end
        while first > start and self.text[first - 1] == "\\":
            first -= 1
        return (end - first) % 2 == 1
