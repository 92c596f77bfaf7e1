"""Records of another system: tables and JSON lines as they come, and anything else as a fault."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import errors
from rules.load import records

NAMES = ("number", "subject", "note")
words = st.text(st.characters(codec="utf-8"), max_size=12)


def _read(data: bytes, *, file: str = "old.csv") -> tuple[records.Record, ...]:
    faults = records.Faults(file=file)
    found = records.read(data, needed=NAMES[:1], known=NAMES, faults=faults)
    faults.stop()
    return found


@given(
    rows=st.lists(st.tuples(words, words, words), min_size=1, max_size=6),
    ends=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_what_a_spreadsheet_writes_is_read(
    rows: list[tuple[str, str, str]], ends: str, mark: bytes
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ends, quoting=csv.QUOTE_ALL).writerows([NAMES, *rows])
    filled = [{n: w.strip() for n, w in zip(NAMES, row, strict=True) if w.strip()} for row in rows]
    expected = [cells for cells in filled if cells]
    if not expected:
        with pytest.raises(errors.PackInvalid):
            _read(mark + text.getvalue().encode())
        return
    assert [record.cells for record in _read(mark + text.getvalue().encode())] == expected


@given(data=st.binary(max_size=80), file=st.sampled_from(["old.csv", "old.jsonl"]))
def test_anything_is_records_or_faults(data: bytes, file: str) -> None:
    for head in (b"", b"number,subject\n"):
        told: tuple[errors.PackFault, ...] = ()
        try:
            _read(head + data, file=file)
        except errors.PackInvalid as error:
            told = error.pack_faults
        assert all(fault.line >= 1 and fault.key.isprintable() for fault in told)


def test_lines_are_those_that_a_text_editor_counts() -> None:
    data = 'number,subject\n1,"two\nlines"\n\n2,\u2028one\n'.encode()
    assert [record.line for record in _read(data)] == [2, 5]
    assert [
        record.line for record in _read(b'\n{"number": "1"}\n\n{"number": 2}', file="x.jsonl")
    ] == [
        2,
        4,
    ]


def test_what_stands_in_no_column_is_a_fault() -> None:
    with pytest.raises(errors.PackInvalid) as refused:
        _read(b"number,,subject\n1,lost,2\n2,,3\n")
    (fault,) = refused.value.pack_faults
    assert (fault.line, fault.code) == (2, "transfer.cells")


def test_values_of_JSON_keep_their_kind() -> None:
    said = {"number": 7, "subject": True, "note": None}
    (record,) = _read(json.dumps(said).encode(), file="old.jsonl")
    assert record.cells == {"number": 7, "subject": True}
