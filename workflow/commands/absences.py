"""Days on which a person is away: entered and ended by themselves, or by who keeps their area.

A period takes effect with the next line that is read: who is away is not chosen. What they may
see and do stays as it is. Each act is one row of the office log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Delete, Select, Update, bindparam, delete, insert, or_, select, update

from rules import errors
from workflow import access, db, ids, read
from workflow.commands import office
from workflow.tables import office as tables

_ABSENCE: Final = tables.Absence.__table__  # type: ignore[attr-defined]
_PERSON: Final = tables.Person.__table__.c  # type: ignore[attr-defined]
_POST: Final = tables.Post.__table__.c  # type: ignore[attr-defined]
_AREA: Final = tables.Area.__table__.c  # type: ignore[attr-defined]

LONGEST_DAYS: Final = 366
"""From today to the last day of an absence."""

PERSON: Final[Select[Any]] = select(_PERSON.id).where(_PERSON.id == bindparam("person_id"))
# Where somebody's posts reach to. Index: post_holder, post_deputy.
PLACES: Final[Select[Any]] = (
    select(*(_AREA[f"area_{n}"] for n in range(1, office.MAX_DEPTH + 1)))
    .join(_POST.id.table, _POST.scope_code == _AREA.code)
    .where(
        or_(
            _POST.holder_id == bindparam("person_id"),
            _POST.deputy_id == bindparam("person_id"),
        )
    )
)
# Index: absence_person.
OVERLAPPING: Final[Select[Any]] = (
    select(_ABSENCE.c.id, _ABSENCE.c.from_on, _ABSENCE.c.until_on)
    .where(
        _ABSENCE.c.person_id == bindparam("person_id"),
        _ABSENCE.c.until_on >= bindparam("from_on"),
        _ABSENCE.c.from_on <= bindparam("until_on"),
    )
    .order_by(_ABSENCE.c.from_on)
)
ONE: Final[Select[Any]] = select(
    _ABSENCE.c.person_id, _ABSENCE.c.from_on, _ABSENCE.c.until_on
).where(_ABSENCE.c.id == bindparam("absence_id"))
SHORTENED: Final[Update] = (
    update(_ABSENCE)
    .where(_ABSENCE.c.id == bindparam("absence_id"))
    .values(until_on=bindparam("last_on"))
)
CALLED_OFF: Final[Delete] = delete(_ABSENCE).where(_ABSENCE.c.id == bindparam("absence_id"))


def enter(
    database: db.Database,
    actor: access.Actor | None,
    *,
    from_on: date,
    until_on: date,
    person_id: UUID | None = None,
) -> UUID:
    """Says that a person, or who acts where none is named, is away on local days, both included.
    Gives the period's id: that of the first time where the same days are sent again. `actor` is
    None at the machine itself.

    Raises: `absence.person`, `absence.past`, `absence.until_before_from`, `absence.too_long`,
    `absence.overlap`.
    """
    by = None if actor is None else actor.person_id
    person_id = person_id or by
    with db.transaction(database) as tx:
        # Holds the installation's row: acts on absences come one after the other.
        office.renew_directory(tx)
        house = read.house(tx)
        if person_id is None or not _keeps(tx, house, actor, person_id=person_id):
            raise errors.NotFound("absence.person", field="person_id")
        _check_days(from_on, until_on, today=house.today)
        days: dict[str, Any] = {"person_id": person_id, "from_on": from_on, "until_on": until_on}
        for there in tx.execute(OVERLAPPING, days):
            if (there.from_on, there.until_on) == (from_on, until_on):
                return UUID(str(there.id))
            raise errors.Conflict(
                "absence.overlap",
                field="from_on",
                first=there.from_on.isoformat(),
                last=there.until_on.isoformat(),
            )
        row = {"id": ids.uuid7(), **days, "entered_by": by, "entered_at": house.now}
        tx.execute(insert(_ABSENCE), row)
        office.log(tx, "absence_entered", _told(row["id"], days), actor_id=by)
        return UUID(str(row["id"]))


def end(database: db.Database, actor: access.Actor | None, absence_id: UUID) -> None:
    """The person is back today; a period that has not begun is called off. Cases that nobody
    could take go on. `actor` is None at the machine itself.

    Raises: `absence.unknown`, `absence.over`.
    """
    with db.transaction(database) as tx:
        office.renew_directory(tx)
        house = read.house(tx)
        row = tx.execute(ONE, {"absence_id": absence_id}).one_or_none()
        if row is None or not _keeps(tx, house, actor, person_id=row.person_id):
            raise errors.NotFound("absence.unknown")
        if row.until_on < house.today:
            raise errors.NotNow("absence.over", last=row.until_on.isoformat())
        last_on = house.today - timedelta(days=1)
        if row.from_on > last_on:
            tx.execute(CALLED_OFF, {"absence_id": absence_id})
        else:
            tx.execute(SHORTENED, {"absence_id": absence_id, "last_on": last_on})
        days = {**row._mapping, "until_on": max(last_on, row.from_on - timedelta(days=1))}
        by = None if actor is None else actor.person_id
        office.log(tx, "absence_ended", _told(absence_id, days), actor_id=by)
        if row.from_on <= house.today:
            office.wake_stuck(tx)


def _told(absence_id: object, days: Mapping[str, Any]) -> dict[str, str]:
    """A period as the office log keeps it; one that was called off ends before it begins."""
    return {
        "absence": str(absence_id),
        "person": str(days["person_id"]),
        "from_on": days["from_on"].isoformat(),
        "until_on": days["until_on"].isoformat(),
    }


def _check_days(from_on: date, until_on: date, *, today: date) -> None:
    """Raises: `absence.past`, `absence.until_before_from`, `absence.too_long`, all that hold."""
    faults = []
    if from_on < today:
        faults.append(errors.Invalid("absence.past", field="from_on", today=today.isoformat()))
    if until_on < from_on:
        faults.append(errors.Invalid("absence.until_before_from", field="until_on"))
    elif until_on > today + timedelta(days=LONGEST_DAYS):
        faults.append(errors.Invalid("absence.too_long", field="until_on", days=LONGEST_DAYS))
    if faults:
        first, *rest = faults
        raise errors.Invalid(first.code, field=first.field, also=rest, **first.params)


def _keeps(tx: db.Tx, house: read.House, actor: access.Actor | None, *, person_id: UUID) -> bool:
    """Whether somebody may enter and end a person's absences: their own, those of everybody
    whose posts all lie in the scope of a post that keeps them, and all at the machine itself."""
    if actor is None:
        return tx.execute(PERSON, {"person_id": person_id}).scalar() is not None
    if person_id == actor.person_id:
        return True
    scopes = {(post.scope_depth, post.scope) for post in access.keeps(house.rules.pack, actor)}
    places = tx.execute(PLACES, {"person_id": person_id}).all() if scopes else []
    return bool(places) and any(
        all(place[depth - 1] == scope for place in places) for depth, scope in scopes
    )
