"""Who is away now or will be: one's own days, those that one keeps, and all at the machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, Select, bindparam, exists, or_, select

from workflow import access, db, read
from workflow.queries.office import Choice
from workflow.tables import office as tables

_ABSENCE: Final = tables.Absence.__table__.c  # type: ignore[attr-defined]
_PERSON: Final = tables.Person.__table__.c  # type: ignore[attr-defined]
_POST: Final = tables.Post.__table__.c  # type: ignore[attr-defined]
_AREA: Final = tables.Area.__table__.c  # type: ignore[attr-defined]

MOST: Final = 200
"""So many people or periods are shown at once; a part of a name narrows them."""

# Index: absence_person.
_COMING: Final[Select[Any]] = (
    select(_ABSENCE.id, _ABSENCE.person_id, _PERSON.name, _ABSENCE.from_on, _ABSENCE.until_on)
    .join(_PERSON.id.table, _PERSON.id == _ABSENCE.person_id)
    .where(_ABSENCE.until_on >= bindparam("today"))
    .order_by(_ABSENCE.from_on, _PERSON.name, _ABSENCE.id)
)
OWN: Final = _COMING.where(_ABSENCE.person_id == bindparam("person_id"))
ALL: Final = _COMING


def _placed(*where: ColumnElement[bool]) -> Exists:
    """A post that the person holds, or stands in for. Index: post_holder, post_deputy."""
    return (
        exists()
        .where(or_(_POST.holder_id == _PERSON.id, _POST.deputy_id == _PERSON.id), *where)
        .where(_AREA.code == _POST.scope_code)
        .correlate_except(_POST.id.table, _AREA.code.table)
    )


# By the depth of an area: others whose posts all lie in it.
_KEPT: Final[dict[int, tuple[ColumnElement[bool], ...]]] = {
    n: (
        _placed(_AREA[f"area_{n}"] == bindparam("scope")),
        ~_placed(_AREA[f"area_{n}"].is_distinct_from(bindparam("scope"))),
        _PERSON.id != bindparam("person_id"),
        _PERSON.name.like(bindparam("name"), escape="\\"),
    )
    for n in range(1, 7)
}
PEOPLE: Final[dict[int, Select[Any]]] = {
    n: select(_PERSON.id, _PERSON.name)
    .where(*kept)
    .order_by(_PERSON.name, _PERSON.id)
    .limit(MOST + 1)
    for n, kept in _KEPT.items()
}
OTHERS: Final[dict[int, Select[Any]]] = {
    n: _COMING.where(*kept).limit(MOST + 1) for n, kept in _KEPT.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Days on which a person is away, both included; `is_now` where today is one of them."""

    id: UUID
    person_id: UUID
    name: str
    from_on: date
    until_on: date
    is_now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What somebody keeps for others. `is_capped`: there is more than is shown."""

    people: tuple[Choice, ...] = ()
    absences: tuple[Absence, ...] = ()
    is_capped: bool = False


def own(database: db.Database, actor: access.Actor) -> tuple[Absence, ...]:
    """A person's days away, from today on."""
    with db.snapshot(database) as tx:
        today = read.house(tx).today
        rows = tx.execute(OWN, {"today": today, "person_id": actor.person_id})
        return tuple(_absence(row, today) for row in rows)


def kept(database: db.Database, actor: access.Actor, *, name: str = "") -> Kept:
    """The people whose absences somebody keeps, and these from today on; those with a part of a
    name where one is given. Empty for who keeps none."""
    people: dict[UUID, str] = {}
    absences: dict[UUID, Absence] = {}
    with db.snapshot(database) as tx:
        house = read.house(tx)
        values = {"today": house.today, "person_id": actor.person_id, "name": _like(name)}
        for post in access.keeps(house.rules.pack, actor):
            values["scope"] = post.scope
            found = tx.execute(PEOPLE[post.scope_depth], values)
            people |= {row.id: row.name for row in found}
            rows = tx.execute(OTHERS[post.scope_depth], values)
            absences |= {row.id: _absence(row, house.today) for row in rows}
    shown = [Choice(value=str(key), label=label) for key, label in people.items()]
    return Kept(
        people=tuple(shown[:MOST]),
        absences=tuple(absences.values())[:MOST],
        is_capped=max(len(people), len(absences)) > MOST,
    )


def every(database: db.Database) -> tuple[Absence, ...]:
    """Everybody's days away, from today on: for who sits at the machine itself."""
    with db.snapshot(database) as tx:
        today = read.house(tx).today
        return tuple(_absence(row, today) for row in tx.execute(ALL, {"today": today}))


def _like(part: str) -> str:
    """A pattern for a part of a name, taken as it is written."""
    for letter in ("\\", "%", "_"):
        part = part.replace(letter, f"\\{letter}")
    return f"%{part}%"


def _absence(row: Any, today: date) -> Absence:
    return Absence(
        id=row.id,
        person_id=row.person_id,
        name=row.name,
        from_on=row.from_on,
        until_on=row.until_on,
        is_now=row.from_on <= today,
    )
