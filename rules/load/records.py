"""Records of another system as a file: a table as spreadsheets write it, or one JSON object a
line. Read as it stands: what a column means is for who asked for it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rules import errors, fields
from rules.load import tree

MAX_BYTES: Final = 50_000_000
MAX_RECORDS: Final = 100_000
MAX_TOLD: Final = 20
"""So many faults are told at once; they are counted all."""
JSON_LINES: Final = ".jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, with the line it begins on. Cells that nothing stands in are left out."""

    line: int
    cells: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults of a file, by line and column."""

    file: str
    _found: tree.Faults = field(default_factory=tree.Faults, init=False)

    def add(self, code: str, *, line: int, column: str = "", **params: errors.Param) -> None:
        """Note one fault; the second of the same cell is left out."""
        place = tree.Place(file=self.file, line=line, key=fields.shown(column))
        self._found.add(code, place, **params)

    def stop(self) -> None:
        """Raises: PackInvalid `transfer.invalid` if there is any fault."""
        found = sorted(self._found.found, key=lambda fault: fault.line)
        if found:
            raise errors.PackInvalid(found[:MAX_TOLD], code="transfer.invalid", count=len(found))


def read(
    data: bytes, *, needed: Sequence[str], known: Collection[str], faults: Faults
) -> tuple[Record, ...]:
    """The records of a file, by the names of its columns: `needed` are those that a table must
    have, `known` all that it may.

    Raises: PackInvalid where it cannot be read as a whole; faults of single lines are noted.
    """
    if len(data) > MAX_BYTES:
        faults.add("transfer.too_large", line=1, max_mb=MAX_BYTES // 1_000_000)
        faults.stop()
    text = _decoded(data, faults)
    is_lines = faults.file.lower().endswith(JSON_LINES)
    found = _objects(text, faults) if is_lines else _rows(text, needed, known, faults)
    kept = []
    for record in found:
        kept.append(record)
        if len(kept) > MAX_RECORDS:
            faults.add("transfer.too_many", line=record.line, max=MAX_RECORDS)
            break
    if not kept:
        faults.stop()
        faults.add("transfer.empty", line=1)
    return tuple(kept)


def _decoded(data: bytes, faults: Faults) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        faults.add("transfer.not_utf8", line=data.count(b"\n", 0, fault.start) + 1)
        faults.stop()
        raise  # never: a fault was noted


# -- a table --------------------------------------------------------------------------------------


def _rows(
    text: str, needed: Sequence[str], known: Collection[str], faults: Faults
) -> Iterator[Record]:
    names: list[str] | None = None
    for line, cells in _table(text, faults):
        words = [cell.strip() for cell in cells]
        if not any(words):
            continue
        if names is None:
            names = words
            _check_names(names, needed, known, line=line, faults=faults)
        elif len(words) < len(names) or _astray(names, words):
            faults.add("transfer.cells", line=line, wanted=len(names), found=len(words))
        else:
            filled = {name: word for name, word in zip(names, words, strict=False) if word}
            yield Record(line=line, cells=filled)


def _astray(names: list[str], words: list[str]) -> bool:
    """Whether something stands where the head names no column."""
    return any(words[len(names) :]) or any(
        word and not name for name, word in zip(names, words, strict=False)
    )


def _table(text: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in rows:
            yield line, cells
            line = rows.line_num + 1
    except csv.Error:
        faults.add("transfer.csv", line=line)


def _check_names(
    names: list[str],
    needed: Sequence[str],
    known: Collection[str],
    *,
    line: int,
    faults: Faults,
) -> None:
    """Raises: PackInvalid; no line below such a head would mean what it says."""
    for name in needed:
        if name not in names:
            faults.add("transfer.no_column", line=line, column=name)
    for n, name in enumerate(names):
        if name and name not in known:
            faults.add("transfer.unknown_column", line=line, column=name)
        elif name and name in names[:n]:
            faults.add("transfer.doubled_column", line=line, column=name)
    faults.stop()


# -- a JSON object a line -------------------------------------------------------------------------


def _objects(text: str, faults: Faults) -> Iterator[Record]:
    for n, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            faults.add("transfer.json", line=n)
            continue
        filled = {key: value for key, value in found.items() if value not in (None, "")}
        yield Record(line=n, cells=filled)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
