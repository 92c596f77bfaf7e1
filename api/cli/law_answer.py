"""What `pack law` says: the law row by row, and the lines of the pack that keep it."""

from __future__ import annotations

from typing import Any, Final

import rich.table

from api import texts
from api.cli import answer
from rules import pack as pack_
from rules.check import provisions

_COLUMNS: Final = {
    True: ("编号", "规定", "依据", "类别", "由哪些条目落实"),
    False: ("Id", "Rule", "Source", "Tag", "Kept by"),
}


def told(pack: pack_.Pack) -> dict[str, Any]:
    """The rows for machines, with what is missing."""
    return {
        "rows": [_row(pack, name, row) for name, row in pack.provisions.items()],
        "missing": list(missing(pack)),
    }


def missing(pack: pack_.Pack) -> tuple[str, ...]:
    """The rows that have neither a line that is there nor a reason."""
    return tuple(
        name
        for name, row in pack.provisions.items()
        if row.not_kept is None
        and (not row.kept_by or not all(provisions.is_there(pack, one) for one in row.kept_by))
    )


def table(pack: pack_.Pack, words: texts.Words) -> rich.table.Table:
    """The rows for people."""
    found = rich.table.Table(box=None, pad_edge=False)
    for column in _COLUMNS[words.is_zh]:
        found.add_column(column, overflow="fold")
    for name, row in pack.provisions.items():
        reason = None if row.not_kept is None else f"（{words.text(row.not_kept)}）"
        kept = reason or "\n".join(row.kept_by)
        found.add_row(name, words.text(row.words), row.source, words.phrase(row.tag), kept)
    return found


def summary(pack: pack_.Pack, words: texts.Words) -> str:
    """How many rows there are, kept, left out with a reason, and missing."""
    rows, lost = pack.provisions.values(), len(missing(pack))
    reasons = sum(row.not_kept is not None for row in rows)
    line = (
        "规定 {rows} 条：{kept} 条已落实，{reasons} 条写明理由不落实，{lost} 条缺失。"
        if words.is_zh
        else "{rows} rows: {kept} kept, {reasons} left out with a reason, {lost} missing."
    )
    return line.format(rows=len(rows), kept=len(rows) - reasons - lost, reasons=reasons, lost=lost)


def _row(pack: pack_.Pack, name: str, row: pack_.Provision) -> dict[str, Any]:
    return {
        "id": name,
        "words": answer.both(row.words),
        "source": row.source,
        "tag": row.tag,
        "kept_by": [
            {"line": one, "is_there": provisions.is_there(pack, one)} for one in row.kept_by
        ],
        "not_kept": None if row.not_kept is None else answer.both(row.not_kept),
    }
