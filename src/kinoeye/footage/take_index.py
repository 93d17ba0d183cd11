"""The index of takes in shards: a row of a Parquet table for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file
from kinoeye.base.optional import require
from kinoeye.footage.shards import KEY, SHARD

INDEX_FILE = "index.parquet"
MAX_TAKES = 1_000_000
_MAX_BYTES = 1024**3
_ENCODINGS = {"PLAIN", "RLE"}
"""Of columns that are as large in memory as their table says; others could make a small file fill it."""


@dataclass(frozen=True, kw_only=True)
class IndexRow:
    """What is known of a take without opening it."""

    key: str
    shard: str
    """Name of the tar file beside the index."""
    offset: int
    """Of the take's first header in the shard, in bytes."""
    length: int
    """Bytes of all its headers and files."""
    sha256: str
    """Of these bytes."""
    caption: str
    """The first of the take's captions; empty if it has none."""
    seed: int
    """Of the world."""
    frames: int
    width: int
    height: int


_TYPES = {field.name: "string" if field.type == "str" else "int64" for field in fields(IndexRow)}


def write_index(rows: Sequence[IndexRow], path: Path) -> None:
    """Write rows as a Parquet file, all or nothing; the same rows give the same bytes.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InputError: the file cannot be written.
    """
    pyarrow, parquet = (require(name, extra="data") for name in ("pyarrow", "pyarrow.parquet"))
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in _TYPES.items()])
    table = pyarrow.Table.from_pylist([asdict(row) for row in rows], schema=schema)
    with atomic_file(path) as temporary:
        parquet.write_table(table, temporary, use_dictionary=False, compression="none")


def read_index(path: Path) -> tuple[IndexRow, ...]:
    """The rows of an index.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InputError: it is missing, damaged or too large, or a row names what cannot be in a shard.
    """
    pyarrow, parquet = (require(name, extra="data") for name in ("pyarrow", "pyarrow.parquet"))
    if not path.is_file():
        raise InputError(f"{path} does not exist")
    try:
        with parquet.ParquetFile(path) as file:
            _check_bounds(file, path)
            schema = {field.name: str(field.type) for field in file.schema_arrow}
            if schema != _TYPES:
                raise InputError(f"{path} is no index of takes: its columns are {', '.join(schema)[:200]}")
            data = file.read().to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from error
    rows = tuple(_row(values, path) for values in data)
    if len({row.key for row in rows}) != len(rows):
        raise InputError(f"{path} has a key twice")
    return rows


def _check_bounds(file: Any, path: Path) -> None:
    meta = file.metadata
    groups = [meta.row_group(index) for index in range(meta.num_row_groups)]
    columns = [group.column(index) for group in groups for index in range(group.num_columns)]
    size = sum(column.total_uncompressed_size for column in columns)
    if meta.num_rows > MAX_TAKES or size > _MAX_BYTES:
        raise InputError(f"{path} has {meta.num_rows:,} rows of {size:,} bytes; at most {MAX_TAKES:,} of "
                         f"{_MAX_BYTES:,} are read")  # fmt: skip
    if any(column.has_dictionary_page or not set(column.encodings) <= _ENCODINGS for column in columns):
        raise InputError(f"{path} has columns that are not stored plainly; write them without dictionaries")


def _row(values: dict[str, Any], path: Path) -> IndexRow:
    if None in values.values():
        raise InputError(f"{path} has a row with nothing in a column")
    row = IndexRow(**values)
    if not KEY.fullmatch(row.key) or not SHARD.fullmatch(row.shard):
        raise InputError(f"{path} names {row.key[:64]!r} in {row.shard[:64]!r}, which cannot be a take in a shard")
    if min(row.offset, row.length, row.frames, row.width, row.height) < 0:
        raise InputError(f"{path} has a number below 0 at {row.key}")
    return row
