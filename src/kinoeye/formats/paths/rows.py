"""Rows of numbers in text files: parsed whole blocks of lines at a time, so that a file of any length can be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.geometry.convention import Float64

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 1 << 16
MAX_ROWS = 2_000_000
"""More poses than a path in memory may have."""
FIRST_ROWS = 4
MAX_STRAY_LINES = 8
"""So many lines after the poses may be something else; with more, the file is of another kind."""
_PLAIN = b"0123456789+-.eE \t\n"
_WORDY = b"nNaAiIfFtTyY"  # nan, inf, infinity
_COMMENT = re.compile(rb"(?m)^[ \t]*#[^\n]*")
_FIRST_WORDS = re.compile(rb"(?m)^[ \t]*[^\s#][^\n]*")


@dataclass(frozen=True)
class RowBlock:
    """The rows of some lines of a file."""

    values: Float64
    """[n, columns]; NaN and infinity as written."""
    start: int
    """Index of the first of them in the file."""
    first_words: tuple[bytes, ...] = ()
    """The first word of each row, where asked for: nanoseconds have more digits than a float64."""
    findings: tuple[Diagnosis, ...] = ()
    """What is wrong at the end of the file; only the last block has any."""


@dataclass(frozen=True)
class FirstRows:
    """How a text of rows begins."""

    rows: tuple[tuple[str, ...], ...] = ()
    """The words of its first rows of numbers, at most `FIRST_ROWS`; empty where it does not begin with numbers."""
    preamble: tuple[str, ...] = ()
    """Comments and column names before them, without "#" and the spaces around."""
    header_lines: int = 0
    """How many lines of column names without "#" come first: at most one."""
    has_commas: bool = False

    @property
    def columns(self) -> int:
        """How many numbers the first row has; 0 without rows."""
        return len(self.rows[0]) if self.rows else 0


def first_rows(head: FileHead) -> FirstRows:
    """The first rows of a text after comments, blank lines and at most one line of column names."""
    preamble: list[str] = []
    rows: list[tuple[str, ...]] = []
    names, has_commas, start, text = 0, False, 0, head.text
    while start < len(text) and names < 2 and len(rows) < FIRST_ROWS:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].strip()
        start = end + 1
        if rows and not columns_of(line):
            continue
        if columns_of(line):
            rows.append(tuple(line.replace(",", " ").split()))
            has_commas = has_commas or "," in line
        else:
            names += bool(line) and not line.startswith("#")
            preamble.append(line.lstrip("#").strip())
    return FirstRows(tuple(rows), tuple(preamble), names, has_commas) if rows and names < 2 else FirstRows()


def columns_of(line: str) -> int:
    """How many numbers a line holds; 0 when it holds anything else."""
    return len(_numbers(line.encode()) or ())


def row_blocks(
    path: Path, columns: int, *, header_lines: int = 0, first_words: bool = False, block_bytes: int = BLOCK_BYTES
) -> Iterator[RowBlock]:
    """The rows of a text file a block of lines at a time; comments (#) and blank lines are skipped.

    A last row that breaks off, and a few lines after the last row that are something else, become findings of the
    last block, which has no rows; the same between rows is an error.

    Args:
        path: the file; numbers are separated by spaces, tabs or commas.
        columns: how many numbers a row has.
        header_lines: how many lines of column names come first.
        first_words: whether to keep the first word of each row.
        block_bytes: how much text to parse at a time.

    Raises:
        InputError: the file cannot be read, a row has another number of columns, or there is no row.
    """
    ending = _Ending(path, columns)
    for first_line, text in _line_blocks(path, block_bytes, header_lines):
        values = _parse(text, columns)
        if values is None:
            values, stray = _parse_lines(text, columns)
            ending.add(stray, first_line, len(values))
        else:
            ending.add([], first_line, len(values))
        if len(values):
            words = _first_words(text, columns)[: len(values)] if first_words else ()  # what is stray comes last
            yield RowBlock(values, ending.rows - len(values), words)
    yield RowBlock(np.empty((0, columns)), ending.rows, findings=ending.findings())


def read_rows(path: Path, columns: int, *, header_lines: int = 0, first_words: bool = False) -> RowBlock:
    """All rows of a text file, as one block.

    Raises:
        InputError: as `row_blocks`, or there are more than `MAX_ROWS`.
    """
    blocks = []
    for block in row_blocks(path, columns, header_lines=header_lines, first_words=first_words):
        if block.start > MAX_ROWS:
            raise InputError(
                f"{path} has more than {MAX_ROWS:,} poses, too many for memory; "
                "`kinoeye edit FILE resample:FRAMES -o OUT` thins TUM, KITTI, EuRoC and TartanAir files of any length"
            )
        blocks.append(block)
    words = tuple(word for block in blocks for word in block.first_words)
    return RowBlock(np.concatenate([block.values for block in blocks]), 0, words, blocks[-1].findings)


def row_count(path: Path) -> int:
    """How many lines of a text are neither blank nor comments, without parsing them.

    Raises:
        InputError: the file cannot be read.
    """
    count = 0
    for _, text in _line_blocks(path, BLOCK_BYTES, 0):
        is_dense = b"\n\n" not in text and b" \n" not in text and not text.startswith(b"\n")
        count += text.count(b"\n") if is_dense else sum(1 for line in text.split(b"\n") if line.strip())
    return count


def number_rows(lines: Iterable[tuple[int, str]], columns: int, path: Path) -> Float64:
    """[n, columns] of numbered lines that all hold that many numbers.

    Raises:
        InputError: a line does not, or there is none.
    """
    rows = []
    for number, line in lines:
        row = _numbers(line.encode())
        if row is None or len(row) != columns:
            raise _wrong_line(path, number, None if row is None else len(row), columns)
        rows.append(row)
    if not rows:
        raise InputError(f"{path} holds no poses: there are no rows of {columns} numbers")
    return np.array(rows)


def poses_of_quaternions(translation: Float64, wxyz: Float64) -> Float64:
    """[n, 3, 4] poses of quaternions as written: one of length q scales its rotation block by q squared."""
    w, x, y, z = wxyz.T
    with np.errstate(over="ignore", invalid="ignore"):
        ww, xx, yy, zz = w * w, x * x, y * y, z * z
        xy, xz, yz, wx, wy, wz = 2 * x * y, 2 * x * z, 2 * y * z, 2 * w * x, 2 * w * y, 2 * w * z
        poses = np.empty((len(wxyz), 3, 4))
        poses[:, 0, 0], poses[:, 0, 1], poses[:, 0, 2] = ww + xx - yy - zz, xy - wz, xz + wy
        poses[:, 1, 0], poses[:, 1, 1], poses[:, 1, 2] = xy + wz, ww - xx + yy - zz, yz - wx
        poses[:, 2, 0], poses[:, 2, 1], poses[:, 2, 2] = xz - wy, yz + wx, ww - xx - yy + zz
    poses[:, :, 3] = translation
    return poses


def format_row(values: Iterable[float], separator: str = " ") -> str:
    """Numbers in their shortest form that reads back to the same bits."""
    return separator.join(map(repr, map(float, values)))


def format_rows(values: Float64, separator: str = " ") -> Iterator[str]:
    """Each row of an array [n, columns] as `format_row`."""
    return (separator.join(map(repr, row)) for row in values.tolist())


@dataclass
class _Stray:
    """A line that is not a row."""

    line: int
    columns: int | None
    """How many numbers it holds; None when it holds something else."""
    breaks_off: bool
    """Whether it could be the beginning of a row."""


class _Ending:
    """Keeps lines that are no rows until it is clear whether the file ends with them."""

    def __init__(self, path: Path, columns: int) -> None:
        self.rows = 0
        self._path, self._columns = path, columns
        self._stray: list[_Stray] = []

    def add(self, found: Sequence[tuple[int, _Stray]], first_line: int, count: int) -> None:
        """Take the stray lines of a block of `count` rows, each with the number of rows before it in the block.

        Raises:
            InputError: rows follow a line that is none, or there are too many such lines.
        """
        if self._stray and count:
            raise self._error(self._stray[0])
        self.rows += count
        for before, stray in found:
            stray.line += first_line
            self._stray.append(stray)
            if before < count or len(self._stray) > min(MAX_STRAY_LINES, self.rows):
                raise self._error(self._stray[0])

    def findings(self) -> tuple[Diagnosis, ...]:
        """What is wrong at the end of the file.

        Raises:
            InputError: there is no row.
        """
        if not self.rows:
            raise InputError(f"{self._path} holds no poses: there are no rows of {self._columns} numbers")
        if not self._stray:
            return ()
        first, last = self._stray[0], self._stray[-1]
        if len(self._stray) == 1 and first.breaks_off:
            text = f"the file breaks off in line {first.line}, after {self.rows} whole rows"
            return (Diagnosis("truncated", "error", (), text),)
        lines = f"line {first.line}" if first is last else f"lines {first.line}-{last.line}"
        text = f"{lines} after the last of {self.rows} rows: not poses of {self._columns} numbers, and ignored"
        return (Diagnosis("trailing", "warning", (), text),)

    def _error(self, stray: _Stray) -> InputError:
        return _wrong_line(self._path, stray.line, stray.columns, self._columns)


def _wrong_line(path: Path, line: int, found: int | None, columns: int) -> InputError:
    encoding = file_head(path).encoding
    if encoding is not None:
        return InputError(f"{path} is {encoding} text; save it as UTF-8")
    if found is None:
        return InputError(f"{path} line {line} holds something else than numbers: is it truncated?")
    return InputError(f"{path} line {line} has {found} columns; {columns} are needed: is it truncated?")


def _line_blocks(path: Path, block_bytes: int, header_lines: int) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines that end with a newline, and the number of each block's first line."""
    first_line, rest = 1, b""
    try:
        with path.open("rb") as file:
            while data := file.read(block_bytes):
                data = data.removeprefix(b"\xef\xbb\xbf") if file.tell() == len(data) else data
                whole, newline, rest = (rest + data).rpartition(b"\n")
                if len(rest) > MAX_LINE_BYTES:
                    line = first_line + whole.count(b"\n") + len(newline)
                    raise InputError(f"{path} line {line} is longer than any row of numbers")
                if newline:
                    yield first_line, _plain_lines(whole + newline, header_lines if first_line == 1 else 0)
                    first_line += whole.count(b"\n") + 1
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if rest:
        yield first_line, _plain_lines(rest + b"\n", header_lines if first_line == 1 else 0)


def _plain_lines(text: bytes, header_lines: int) -> bytes:
    """The lines without comments, carriage returns and commas; lines of column names become comments before."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    names = _FIRST_WORDS.search(text) if header_lines else None
    if names:
        text = text[: names.start()] + text[names.end() :]
    if text.startswith(b"#"):  # comments mostly come first, where they need no search of the whole text
        start = 0
        while text[start : start + 1] == b"#":
            start = text.index(b"\n", start) + 1
        text = b"\n" * text.count(b"\n", 0, start) + text[start:]
    if b"#" in text:
        text = _COMMENT.sub(b"", text)
    return text.replace(b",", b" ") if b"," in text else text


def _parse(text: bytes, columns: int) -> Float64 | None:
    """[n, columns] of lines that are all rows or blank; None where any is neither, or has NaN or infinity."""
    if text.translate(None, _PLAIN):
        return None
    characters = np.frombuffer(text, np.uint8)
    is_space = characters <= 32
    begins = is_space[:-1] > is_space[1:]
    starts = np.flatnonzero(begins) + 1
    if not is_space[0]:
        starts = np.concatenate([[0], starts])
    counts = np.diff(np.searchsorted(starts, np.flatnonzero(characters == 10)), prepend=0)
    if ((counts != columns) & (counts != 0)).any():
        return None
    try:
        # Only the sentinel can be NaN here: it is reached if and only if every word before it was a number.
        values = np.fromstring(text + b"nan", sep=" ")
    except (DeprecationWarning, ValueError):  # what NumPy does with words that are no numbers
        return None
    if len(values) != len(starts) + 1 or not np.isnan(values[-1]):
        return None
    return values[:-1].reshape(-1, columns)


def _parse_lines(text: bytes, columns: int) -> tuple[Float64, list[tuple[int, _Stray]]]:
    """[n, columns] of the lines that are rows; of the others, how many rows come before and what they are."""
    rows: list[list[float]] = []
    strays: list[tuple[int, _Stray]] = []
    for number, line in enumerate(text.split(b"\n")):
        words = line.split()
        if not words:
            continue
        row = _numbers(line)
        if row is not None and len(row) == columns:
            rows.append(row)
            continue
        is_begun = _numbers(b" ".join(words[:-1])) is not None and not words[-1].translate(None, _PLAIN)
        breaks_off = len(words) <= columns and is_begun
        strays.append((len(rows), _Stray(number, None if row is None else len(row), breaks_off)))
        if len(strays) > MAX_STRAY_LINES:
            break
    return np.array(rows).reshape(-1, columns), strays


def _numbers(line: bytes) -> list[float] | None:
    """The numbers of a line; None when it holds anything else, such as digits with underscores or of other scripts."""
    if line.translate(None, _PLAIN + _WORDY + b",\r"):
        return None
    try:
        return [float(word) for word in line.replace(b",", b" ").split()]
    except ValueError:
        return None


def _first_words(text: bytes, columns: int) -> tuple[bytes, ...]:
    """The first word of each line that is a row."""
    lines = (line.split() for line in text.split(b"\n"))
    return tuple(words[0] for words in lines if len(words) == columns)
