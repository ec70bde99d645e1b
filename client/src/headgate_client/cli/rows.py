"""Rows of a file, one at a time: CSV and NDJSON by lines, Parquet by row groups. Memory does not grow with the file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol

import msgspec

from headgate_client.cli.lines import UTF16, Lines, require_bytes
from headgate_client.cli.problems import Problem
from headgate_contract.money import fraction

Kind = Literal["csv", "ndjson", "parquet"]
_SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}
#: characters of one CSV field; more is a quote that was never closed
_FIELD_LIMIT = 1 << 20
_PARQUET_ROWS = 10_000
_STRAY_QUOTE = "has text behind a closing quote; a quote inside of a value is written twice"
_NOT_TEXT = "is not {encoding} text; say --encoding, such as --encoding cp1252"


class Row(NamedTuple):
    """One row: its values in the order of the columns, or the JSON object of its line."""

    #: the first row of data is 1
    number: int
    #: the line of the file that it ends on, from 1; 0 where a file has no lines
    line: int
    #: bytes of the file up to its end; 0 where rows are not found by bytes
    position: int
    values: Sequence[Any] | Mapping[str, Any]
    #: why it cannot be read; empty for a good one
    error: str = ""


class Start(NamedTuple):
    """Where reading begins: behind so many rows, lines and bytes."""

    rows: int = 0
    lines: int = 0
    position: int = 0


class Layout(NamedTuple):
    """How a text file is written."""

    encoding: str = "utf-8-sig"
    #: None: found out from the header
    delimiter: str | None = None


class RowFile(Protocol):
    """A file of rows."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Names of the columns; None where each row is a JSON object with names of its own."""
        ...

    @property
    def total_rows(self) -> int | None:
        """Rows, where the file says it; None elsewhere."""
        ...

    def rows(self, start: Start) -> Iterator[Row]:
        """The rows behind the start. Raises `Problem` where the file cannot be read any further."""
        ...


def kind_of(path: Path | None, asked: Kind | None) -> Kind:
    """What kind of file this is: as asked, or by its name. Raises `Problem`."""
    if asked is not None:
        return asked
    if path is None:
        raise Problem("standard input has no name to tell its format by: add --format csv or --format ndjson")
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise Problem(f"{path.name}: the name does not tell the format; add --format csv, ndjson or parquet")
    return kind


def open_rows(file: IO[bytes], kind: Kind, layout: Layout) -> RowFile:
    """Open a file of rows; the header is read here. Raises `Problem`."""
    if kind == "parquet":
        return ParquetRows(file)
    if kind == "ndjson":
        return NdjsonRows(file)
    return CsvRows(file, layout)


class CsvRows:
    """A CSV file with a header line."""

    total_rows: int | None = None

    def __init__(self, file: IO[bytes], layout: Layout) -> None:
        csv.field_size_limit(_FIELD_LIMIT)
        self._lines = Lines(file, layout.encoding)
        self._text = iter(self._lines)
        header = next(self._text, "")
        if "\0" in header:
            raise Problem(UTF16)
        if not header.strip():
            raise Problem("the file has no header line; its first line must name the columns")
        self._delimiter = _delimiter(header) if layout.delimiter is None else _asked_delimiter(layout.delimiter)
        # a header may have line breaks inside quotes
        self._reader = csv.reader(self._with(header, self._text), delimiter=self._delimiter, strict=True)
        try:
            names = [name.strip() for name in next(self._reader)]
        except csv.Error as why:
            told = "its lines end in CR alone; save the file with LF" if "new-line" in str(why) else why
            raise Problem(f"the header line cannot be read: {told}") from None
        self.columns: tuple[str, ...] | None = tuple(names)

    @staticmethod
    def _with(first: str, rest: Iterable[str]) -> Iterator[str]:
        yield first
        yield from rest

    def rows(self, start: Start) -> Iterator[Row]:
        """The rows behind the start."""
        if start.rows:
            self._lines.seek(start.lines, start.position)
            self._text = iter(self._lines)
            self._reader = csv.reader(self._text, delimiter=self._delimiter, strict=True)
        number = start.rows
        width = len(self.columns or ())
        lines = self._lines
        while True:
            begins, error = lines.number + 1, ""
            try:
                values = next(self._reader, None)
            except csv.Error as why:
                values, error = [], _broken_row(why, number + 1, begins)
            if values is None:
                return
            if not error and not "".join(values).strip() and len(values) < 2:  # noqa: PLR2004 - no delimiter
                # an empty line
                continue
            number += 1
            if error or lines.broken:
                error, lines.broken = error or _NOT_TEXT.format(encoding=lines.encoding), False
            elif len(values) != width:
                error = (
                    f"has {len(values)} fields where the header has {width}; is a delimiter inside a value not quoted?"
                )
            yield Row(number, lines.number, lines.position, values, error)


def _broken_row(why: csv.Error, number: int, line: int) -> str:
    """What is wrong with a row, where the next one can be read. Raises `Problem` where nobody knows where it ends."""
    told = str(why)
    if "expected after" in told:
        return _STRAY_QUOTE
    if "new-line" in told:
        return "has a line end (CR) inside of a value that is not quoted"
    raise Problem(f"row {number} (line {line}): {told}; is a quote left open?")


def _asked_delimiter(text: str) -> str:
    char = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(char) != 1 or char in '"\r\n':
        raise Problem(f"--delimiter {text!r} must be one character, such as ';', or \\t for a tab")
    return char


def _delimiter(header: str) -> str:
    """The most frequent of the usual ones, in the header."""
    return max(",;\t|", key=header.count)


class NdjsonRows:
    """A file with a JSON object on each line."""

    columns: tuple[str, ...] | None = None
    total_rows: int | None = None

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = msgspec.json.Decoder(dict[str, Any], float_hook=fraction).decode

    def rows(self, start: Start) -> Iterator[Row]:
        """The rows behind the start."""
        if start.position:
            self._file.seek(start.position)
        number, line_number, position = start.rows, start.lines, start.position
        for line in self._file:
            line_number += 1
            position += len(line)
            if line_number == 1:
                require_bytes(line)
            if not line.strip():
                continue
            number += 1
            values: dict[str, Any] = {}
            error = ""
            try:
                values = self._decode(line.removeprefix(b"\xef\xbb\xbf") if line_number == 1 else line)
            except msgspec.ValidationError:
                error = "must be a JSON object"
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as why:
                error = "is nested too deeply" if isinstance(why, RecursionError) else "is not JSON"
            yield Row(number, line_number, position, values, error)


class ParquetRows:
    """A Parquet file."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 - large, and an extra
            from pyarrow import parquet  # noqa: PLC0415 - the same
        except ImportError:
            raise Problem("reading Parquet takes pyarrow: pip install 'headgate-client[parquet]'") from None
        try:
            self._file = parquet.ParquetFile(file)
        except (pa.ArrowException, OSError) as why:
            raise Problem(f"this is no Parquet file that can be read: {_plain(why)}") from None
        # a value that Python has no word for, such as the year 20000, is a ValueError
        self._problems = (pa.ArrowException, OSError, ValueError, OverflowError)
        self._arrow = pa
        self.columns: tuple[str, ...] | None = tuple(self._file.schema_arrow.names)
        self.total_rows: int | None = self._file.metadata.num_rows

    def rows(self, start: Start) -> Iterator[Row]:
        """The rows behind the start; whole row groups before it are not read."""
        number = 0
        groups: list[int] = []
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            if not groups and number + size <= start.rows:
                number += size
            else:
                groups.append(group)
        try:
            for batch in self._file.iter_batches(_PARQUET_ROWS, row_groups=groups):
                for values in zip(*map(self._values, batch.columns), strict=True):
                    number += 1
                    if number > start.rows:
                        yield Row(number, 0, 0, values)
        except self._problems as why:
            raise Problem(f"row {number + 1}: the Parquet file cannot be read any further: {_plain(why)}") from None

    def _values(self, column: Any) -> list[Any]:
        """The values of a column; times to the microsecond, as Python has them no finer."""
        kind = column.type
        if self._arrow.types.is_timestamp(kind) and kind.unit == "ns":
            column = column.cast(self._arrow.timestamp("us", kind.tz), safe=False)
        values: list[Any] = column.to_pylist()
        return values


def _plain(why: Exception) -> str:
    """What a library says, in one line."""
    return " ".join(str(why).split()).rstrip(".")
