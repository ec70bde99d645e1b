"""Reading rows: from any row on, the rest of a file is the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from headgate_client.cli.rows import Kind, Layout, Row, Start, open_rows

_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)
_TABLES = st.lists(st.tuples(_VALUES, _VALUES, _VALUES), min_size=1, max_size=12)


def _rows(text: bytes, kind: Kind, start: Start = Start()) -> list[Row]:  # noqa: B008 - frozen
    return list(open_rows(io.BytesIO(text), kind, Layout()).rows(start))


def _resumed_at_each_row(text: bytes, kind: Kind) -> list[Row]:
    rows = _rows(text, kind)
    for place, row in enumerate(rows):
        assert row.number == place + 1
        rest = _rows(text, kind, Start(row.number, row.line, row.position))
        assert rest == rows[place + 1 :]
    return rows


@given(_TABLES, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_csv_file_reads_as_it_was_written_from_any_row_on(
    table: list[tuple[str, str, str]], delimiter: str, ending: str, marked: bool
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["first", "sec\nond", "third"])
    writer.writerows(table)
    text = written.getvalue().encode("utf-8-sig" if marked else "utf-8")
    if delimiter == ",":
        rows = _resumed_at_each_row(text, "csv")
    else:
        rows = list(open_rows(io.BytesIO(text), "csv", Layout(delimiter=delimiter)).rows(Start()))
    assert [tuple(row.values) for row in rows] == table
    assert not any(row.error for row in rows)


@given(st.lists(st.dictionaries(_VALUES, _VALUES | st.integers(-(2**53), 2**53) | st.none(), max_size=4), max_size=8))
def test_an_ndjson_file_reads_as_it_was_written_from_any_row_on(objects: list[dict[str, Any]]) -> None:
    text = "\n\n".join(json.dumps(one, ensure_ascii=False) for one in objects).encode()
    rows = _resumed_at_each_row(text, "ndjson")
    assert [dict(row.values) for row in rows if isinstance(row.values, Mapping)] == objects


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_parquet_file_reads_from_any_row_on(size: int) -> None:
    written = io.BytesIO()
    parquet.write_table(pa.table({"a": list(range(10)), "b": [[n] for n in range(10)]}), written, row_group_size=size)
    rows = _resumed_at_each_row(written.getvalue(), "parquet")
    assert [row.values for row in rows] == [(n, [n]) for n in range(10)]


def test_lines_are_those_that_an_editor_shows() -> None:
    text = b'a,b\n1,"x\ny"\n\n2,z\n'
    assert [(row.number, row.line) for row in _rows(text, "csv")] == [(1, 3), (2, 5)]
