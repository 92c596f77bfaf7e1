"""What one write brings: a tuple of rows per table, each in the order of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import Table

from workflow.tables import case, delivery, paper, personal

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows to write. Those of `COUNTED` carry their case first and a change of count last."""

    opened: tuple[Row, ...] = ()
    cases: tuple[Row, ...] = ()
    events: tuple[Row, ...] = ()
    deadlines: tuple[Row, ...] = ()
    escalations: tuple[Row, ...] = ()
    assignments: tuple[Row, ...] = ()
    parties: tuple[Row, ...] = ()
    links: tuple[Row, ...] = ()
    recusals: tuple[Row, ...] = ()
    offices: tuple[Row, ...] = ()
    papers: tuple[Row, ...] = ()
    services: tuple[Row, ...] = ()
    attachments: tuple[Row, ...] = ()
    sealed: tuple[Row, ...] = ()
    notices: tuple[Row, ...] = ()
    roll_up: tuple[Row, ...] = ()
    tally: tuple[Row, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable[Rows]) -> Rows:
        """All parts together, for a batch of cases."""
        found = list(parts)
        names = [field.name for field in fields(cls)]
        return cls(
            **{name: tuple(row for part in found for row in getattr(part, name)) for name in names}
        )


def _table(model: object) -> Table:
    return model.__table__  # type: ignore[attr-defined, no-any-return]


CASE: Final = _table(case.CaseFile)
ROLL_UP: Final = _table(case.RollUp)

INSERTED: Final = {
    "events": _table(case.Event),
    "escalations": _table(case.Escalation),
    "parties": _table(case.Party),
    "links": _table(case.Link),
    "recusals": _table(case.Recusal),
    "offices": _table(case.OfficeTie),
    "papers": _table(paper.Paper),
    "services": _table(paper.Service),
    "attachments": _table(paper.Attachment),
    "sealed": _table(personal.SealedValue),
    "notices": _table(delivery.Notice),
}
UPSERTED: Final = {
    "deadlines": _table(case.Deadline),
    "assignments": _table(case.Assignment),
}
CHILDREN: Final = INSERTED | UPSERTED
COUNTED: Final = {"roll_up": ROLL_UP, "tally": _table(case.Tally)}
"""Sums that many cases share: touched last, and in key order."""


def present(rows: Rows) -> Iterator[tuple[str, Table, tuple[Row, ...]]]:
    """The children's tables that have rows, in a fixed order."""
    for name, table in CHILDREN.items():
        found: tuple[Row, ...] = getattr(rows, name)
        if found:
            yield name, table, found
