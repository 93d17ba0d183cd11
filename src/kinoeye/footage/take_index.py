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
_WORDS = [name for name, kind in _TYPES.items() if kind == "string"]


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
        # Words are kept once each: a small file can say a long one in every row.
        with parquet.ParquetFile(path, read_dictionary=_WORDS) as file:
            _check_bounds(file.metadata, path)
            if file.schema_arrow.names != list(_TYPES):
                raise InputError(f"{path} is no index of takes: its columns are {str(file.schema_arrow.names)[:200]}")
            table = file.read()
        columns = [_values(table.column(name), name, path) for name in _TYPES]
    except InputError:
        raise
    except KeyError as error:
        raise InputError(f"{path} is no index of takes: it lacks a column of {', '.join(_TYPES)}") from error
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from error
    rows = tuple(_row(dict(zip(_TYPES, values, strict=True)), path) for values in zip(*columns, strict=True))
    if len({row.key for row in rows}) != len(rows):
        raise InputError(f"{path} has a key twice")
    return rows


def _check_bounds(metadata: Any, path: Path) -> None:
    # Not from the metadata of columns: pyarrow ends the process where those are damaged.
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    size = max(path.stat().st_size, sum(group.total_byte_size for group in groups))
    if metadata.num_rows > MAX_TAKES or size > _MAX_BYTES:
        raise InputError(f"{path} has {metadata.num_rows:,} rows of {size:,} bytes; at most {MAX_TAKES:,} of "
                         f"{_MAX_BYTES:,} are read")  # fmt: skip


def _values(column: Any, name: str, path: Path) -> list[Any]:
    """The values of a column; rows with the same word share it."""
    values: list[Any] = []
    for chunk in column.chunks:
        if name in _WORDS:
            words = chunk.dictionary.to_pylist()
            values += [None if index is None else words[index] for index in chunk.indices.to_pylist()]
        else:
            values += chunk.to_pylist()
    wanted = str if name in _WORDS else int
    if not all(type(value) is wanted for value in values):
        raise InputError(f"{path} has something else than {'text' if wanted is str else 'whole numbers'} in {name}")
    return values


def _row(values: dict[str, Any], path: Path) -> IndexRow:
    row = IndexRow(**values)
    if not KEY.fullmatch(row.key) or not SHARD.fullmatch(row.shard):
        raise InputError(f"{path} names {row.key[:64]!r} in {row.shard[:64]!r}, which cannot be a take in a shard")
    if min(row.offset, row.length, row.frames, row.width, row.height) < 0:
        raise InputError(f"{path} has a number below 0 at {row.key}")
    return row
