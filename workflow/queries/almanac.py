"""The calendars that are stored, as whoever sits at the installation's machine lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select

from rules import calendars, errors, load
from rules.load import dates
from workflow import db
from workflow.tables import office as tables

_CALENDAR: Final = tables.Calendar.__table__.c  # type: ignore[attr-defined]
_HOUSE: Final = tables.Installation.__table__.c  # type: ignore[attr-defined]
SHORTEST: Final = 8
"""So many letters of a hash name a calendar."""

CALENDARS: Final[Select[Any]] = (
    select(
        _CALENDAR.hash,
        _CALENDAR.zone,
        _CALENDAR.document,
        _CALENDAR.added_at,
        _HOUSE.id.is_not(None).label("is_active"),
    )
    .select_from(
        _CALENDAR.hash.table.outerjoin(_HOUSE.id.table, _HOUSE.calendar_hash == _CALENDAR.hash)
    )
    .order_by(_CALENDAR.added_at, _CALENDAR.hash)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A calendar that is stored; new deadlines count by the active one."""

    calendar: calendars.Calendar
    hours: dates.Hours
    document: str
    added_at: datetime
    is_active: bool


def every(database: db.Database) -> tuple[Stored, ...]:
    """The calendars, in the order they came."""
    with db.snapshot(database) as tx:
        return tuple(
            Stored(
                calendar=load.calendar_from_document(row.hash, row.zone, row.document),
                hours=dates.hours_of(row.document),
                document=row.document,
                added_at=row.added_at,
                is_active=row.is_active,
            )
            for row in tx.execute(CALENDARS).all()
        )


def one(database: db.Database, name: str | None) -> Stored:
    """The calendar whose hash begins so; the active one without a name.

    Raises: `calendar.not_stored`, `calendar.ambiguous`.
    """
    found = [
        stored
        for stored in every(database)
        if (stored.is_active if name is None else _is_named(stored, name))
    ]
    if not found:
        raise errors.NotFound("calendar.not_stored", field="name", name=(name or "")[:64])
    if len(found) > 1:
        hashes = ", ".join(stored.calendar.hash[:12] for stored in found)
        raise errors.Invalid("calendar.ambiguous", field="name", hashes=hashes)
    return found[0]


def _is_named(stored: Stored, name: str) -> bool:
    return len(name) >= SHORTEST and stored.calendar.hash.startswith(name)
