"""The installation as forms and the API show it: areas, offices, who may be named, notices."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, true

from rules import errors, telling
from rules import pack as pack_
from workflow import access, db, machine, read
from workflow.decide import FILE, CaseRow, Facts, bounds, may_take_below
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

_AREA: Final = office_tables.Area.__table__  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]

AREAS: Final = (
    select(_AREA.c.code, _AREA.c.name, _AREA.c.level, _AREA.c.depth, _AREA.c.parent_code)
    .where(or_(_AREA.c.parent_code == bindparam("parent"), _AREA.c.code == bindparam("parent")))
    .order_by(_AREA.c.depth, _AREA.c.code)
)
ROOTS: Final = (
    select(_AREA.c.code, _AREA.c.name, _AREA.c.level, _AREA.c.depth, _AREA.c.parent_code)
    .where(_AREA.c.parent_code.is_(None))
    .order_by(_AREA.c.code)
)
OFFICES: Final = (
    select(_OFFICE.c.id, _OFFICE.c.kind, _OFFICE.c.name, _OFFICE.c.area_code, _OFFICE.c.superior_id)
    .where(_OFFICE.c.area_code == bindparam("area"))
    .order_by(_OFFICE.c.kind, _OFFICE.c.name)
)
NAMES: Final = select(_PERSON.c.id, _PERSON.c.name).where(
    _PERSON.c.id.in_(bindparam("ids", expanding=True))
)
NAMING: Final = ("person", "office")
"""The types of the fields that name somebody."""
OFFICE_NAMES: Final = select(_OFFICE.c.id, _OFFICE.c.name).where(
    _OFFICE.c.id.in_(bindparam("ids", expanding=True))
)
# Index: notice_receiver.
INBOX: Final = (
    select(
        _NOTICE.c.case_id,
        _NOTICE.c.seq,
        _NOTICE.c.n,
        _NOTICE.c.cause,
        _NOTICE.c.words,
        _NOTICE.c.sent_at,
        _NOTICE.c.read_at,
        _CASE.c.subject,
        _CASE.c.process,
        _OFFICE.c.name.label("office"),
    )
    .join(_CASE, _CASE.c.id == _NOTICE.c.case_id)
    .join(_OFFICE, _OFFICE.c.id == _CASE.c.lead_office_id)
    .where(_NOTICE.c.receiver_id == bindparam("person_id"), _NOTICE.c.state == "sent")
    .order_by(_NOTICE.c.sent_at.desc(), _NOTICE.c.case_id, _NOTICE.c.seq, _NOTICE.c.n)
    .limit(bindparam("limit"))
)
# Index: notice_receiver.
_UNREAD: Final = (
    select(_NOTICE.c.case_id, func.count().label("n"))
    .where(
        _NOTICE.c.receiver_id == bindparam("person_id"),
        _NOTICE.c.state == "sent",
        _NOTICE.c.read_at.is_(None),
    )
    .group_by(_NOTICE.c.case_id)
    .subquery("unread")
)
_HOUSE: Final = tuple(read.HOUSE.selected_columns)
# The installation with each case of which a person has notices unread, or with none.
STANDING: Final = select(
    *_HOUSE,
    _UNREAD.c.n,
    access.kept_from(_UNREAD.c.case_id),
    *_CASE.c,
).select_from(
    office_tables.Installation.__table__.outerjoin(_UNREAD, true()).outerjoin(  # type: ignore[attr-defined]
        _CASE, _CASE.c.id == _UNREAD.c.case_id
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something to pick in a form."""

    value: str
    label: str
    hint: pack_.Text | None = None
    """What tells it from others of the same name: a person's role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice in the app. `text` is the pack's own, its places open: how a day is written
    belongs to the reader's language."""

    case_id: UUID
    key: str
    subject: str
    text: pack_.Text
    number: str
    process: pack_.Text
    office: str
    due_on: date | None
    sent_at: datetime
    is_read: bool


def areas(database: db.Database, parent: str | None) -> tuple[Mapping[str, Any], ...]:
    """An area with those directly below it; the roots where none is named."""
    with db.snapshot(database) as tx:
        rows = tx.execute(AREAS, {"parent": parent}) if parent else tx.execute(ROOTS)
        return tuple(dict(row._mapping) for row in rows)


def offices(database: db.Database, area: str) -> tuple[Mapping[str, Any], ...]:
    """The offices of one area."""
    with db.snapshot(database) as tx:
        return tuple(dict(row._mapping) for row in tx.execute(OFFICES, {"area": area}))


def house(database: db.Database) -> read.House:
    """Office time, active pack and calendar."""
    with db.snapshot(database) as tx:
        return read.house(tx)


def rules(database: db.Database, pack_hash: str) -> machine.Rules:
    """A stored pack, ready to run. Raises: `pack.unknown`."""
    with db.snapshot(database) as tx:
        return read.rules(tx, pack_hash)


def grids(database: db.Database, actor: access.Actor) -> tuple[Choice, ...]:
    """The grids in which a person may file: those of their posts, or below their areas."""
    with db.snapshot(database) as tx:
        scopes = sorted({(post.scope_depth, post.scope) for post in actor.posts})
        found: dict[str, str] = {}
        for depth, scope in scopes:
            statement = (
                select(_AREA.c.code, _AREA.c.name)
                .where(_AREA.c[f"area_{depth}"] == scope, _AREA.c.level == "grid")
                .order_by(_AREA.c.code)
                .limit(500)
            )
            found |= {row.code: row.name for row in tx.execute(statement)}
    return tuple(Choice(value=code, label=name) for code, name in found.items())


def candidates(
    database: db.Database,
    *,
    actions: Mapping[str, pack_.Action],
    pack: pack_.Pack,
    case: CaseRow,
    facts: Facts,
) -> Mapping[str, Mapping[str, tuple[Choice, ...]]]:
    """For each person or office field of these actions: whom or what it may name."""
    fields = {
        key: {
            name: field
            for name in (*action.needs, *action.takes)
            if (field := pack.fields[name]).type in NAMING
        }
        for key, action in actions.items()
    }
    types = {field.type for found in fields.values() for field in found.values()}
    named = _named(database, facts, types)
    return {
        key: {
            name: _people(named, field, actions[key], pack, case, facts, name=name)
            if field.type == "person"
            else _offices(named, field, actions[key], pack, facts, name=name, case=case)
            for name, field in found.items()
        }
        for key, found in fields.items()
    }


def _named(database: db.Database, facts: Facts, types: Collection[str]) -> Mapping[UUID, str]:
    """The names of the line's offices and of who holds its posts, as far as they are asked for."""
    holders = {person for post in facts.line.posts for person in (post.holder, post.deputy)}
    return names(
        database,
        {person for person in holders if person is not None} if "person" in types else (),
        {office.id for office in facts.line.offices} if "office" in types else (),
    )


def nameable(
    database: db.Database, actor: access.Actor, *, process: str, grid: str
) -> Mapping[str, tuple[Choice, ...]]:
    """For each office field of a filing: the offices that it may name for a matter of this grid,
    the nearest first. None where the person files nothing there.

    Raises: `area.unknown`, `area.not_grid`.
    """
    with db.snapshot(database) as tx:
        house = read.house(tx)
        pack, action = house.rules.pack, house.rules.flow(process).process.actions[FILE]
        facts = read.opening_facts(tx, grid=grid, at=house)
        leave = access.may_file(pack, actor, process=process, grid=facts.line.origin)
        if leave is None:
            return {}
    own = leave.post.office_id if leave.post else None
    named = _named(database, facts, {"office"})
    return {
        name: _offices(named, pack.fields[name], action, pack, facts, name=name, own=own)
        for name in (*action.needs, *action.takes)
        if pack.fields[name].type == "office"
    }


def _people(
    named: Mapping[UUID, str],
    field: pack_.Field,
    action: pack_.Action,
    pack: pack_.Pack,
    case: CaseRow,
    facts: Facts,
    *,
    name: str,
) -> tuple[Choice, ...]:
    posts = [p for p in facts.line.posts if field.role is None or p.role == field.role]
    if action.handler == f"fields.{name}":
        lead = _lead_after(action, pack, case, facts)
        posts = [p for p in posts if p.office_id == lead]
    there = {p.holder or p.deputy: pack.roles[p.role].name for p in posts}  # who is away, not
    roles = {person: role for person, role in there.items() if person is not None}
    is_replaced = action.handler == f"fields.{name}" and action.to is None
    now = {case.handler_id} if is_replaced else set()
    found = sorted(roles.keys() - facts.recused - now, key=lambda person: (named[person], person))
    return tuple(Choice(value=str(it), label=named[it], hint=roles[it]) for it in found)


def _lead_after(action: pack_.Action, pack: pack_.Pack, case: CaseRow, facts: Facts) -> UUID:
    """The office that leads once the action has moved the case, as far as it goes by no field."""
    rule = pack.routing.get(action.lead or "")
    if rule is None or rule.place == "field":
        return case.lead_office_id
    try:
        return bounds.lead_after(rule, facts, case=case).id
    except errors.GridcaseError:  # it leads nowhere: the act itself will say so, and why
        return case.lead_office_id


def _offices(
    named: Mapping[UUID, str],
    field: pack_.Field,
    action: pack_.Action,
    pack: pack_.Pack,
    facts: Facts,
    *,
    name: str,
    case: CaseRow | None = None,
    own: UUID | None = None,
) -> tuple[Choice, ...]:
    """Those of the line, the nearest first: of the kinds of the route, where the field says where
    the case goes; below the lead office where it asks for that; where it says which office is
    complained about, those that it can go past, and
    of these those that lead it, or those that do not, as the action asks."""
    rule = pack.routing.get(action.lead or "")
    kinds = rule.kinds if rule and rule.field == name else ()
    found = {
        office.id: office
        for office in facts.line.offices
        if (not kinds or office.kind in kinds)
        and office.id not in facts.barred
        and (
            not field.below
            or (case is not None and office.id in may_take_below(field, case, facts))
        )
        and (
            not field.excludes
            or bounds.may_name(office.id, action, pack, facts, case=case, own=own)
        )
    }
    nearest = sorted(found.values(), key=lambda office: (-office.level, named[office.id]))
    return tuple(Choice(value=str(office.id), label=named[office.id]) for office in nearest)


def names(
    database: db.Database, people: Collection[UUID], offices: Collection[UUID]
) -> Mapping[UUID, str]:
    """The names of some persons and offices; those that are not there are left out."""
    found: dict[UUID, str] = {}
    with db.snapshot(database) as tx:
        for statement, ids in ((NAMES, people), (OFFICE_NAMES, offices)):
            if ids:
                rows = tx.execute(statement, {"ids": sorted(ids)})
                found |= {row.id: row.name for row in rows}
    return found


def inbox(database: db.Database, actor: access.Actor, *, limit: int = 50) -> tuple[Message, ...]:
    """A person's notices, newest first: of the cases that they may open still."""
    with db.snapshot(database) as tx:
        pack = read.house(tx).rules.pack
        found = tx.execute(INBOX, {"person_id": actor.person_id, "limit": limit}).all()
        open_ = _may_open(tx, pack, actor, {row.case_id for row in found})
    rows = [row for row in found if row.case_id in open_]
    return tuple(_message(row, pack) for row in rows)


def standing(database: db.Database, actor: access.Actor) -> tuple[read.House, int]:
    """The installation, and how many notices a person has not opened, as `inbox` shows them."""
    with db.snapshot(database) as tx:
        rows = tx.execute(STANDING, {"person_id": actor.person_id} | access.asker(actor)).all()
        house = read.house_of(tx, rows[0])
    return house, sum(_unread(row[len(_HOUSE) :], house.rules.pack, actor) for row in rows)


def _unread(row: Sequence[Any], pack: pack_.Pack, actor: access.Actor) -> int:
    n, is_recused, *columns = row
    if n is None or is_recused or not access.may_see(pack, actor, CaseRow(*columns)):
        return 0
    return int(n)


def unread(database: db.Database, actor: access.Actor) -> int:
    """How many notices a person has not opened."""
    return standing(database, actor)[1]


def _may_open(
    tx: db.Tx, pack: pack_.Pack, actor: access.Actor, case_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Those of the cases that the person may see now: posts and recusals have changed since
    the notice was sent. Invariant: 7, 8."""
    if not case_ids:
        return frozenset()
    ids = {"case_ids": sorted(case_ids)}
    hidden = read.kept_out(tx, case_ids)
    cases = [CaseRow(*row) for row in tx.execute(read.CASES, ids)]
    return frozenset(
        case.id
        for case in cases
        if access.may_see(pack, actor, case, recused=hidden.get(case.id, frozenset()))
    )


def _message(row: Any, pack: pack_.Pack) -> Message:
    words = json.loads(row.words)
    process = pack.processes.get(row.process)
    due_on = words.get("due_on")
    return Message(
        case_id=row.case_id,
        key=f"{row.case_id}.{row.seq}.{row.n}",
        subject=row.subject,
        text=telling.words_of(pack, cause=row.cause, process=row.process, ask=words.get("ask")),
        number=words["number"],
        process=process.name if process else pack_.Text(zh=row.process, en=row.process),
        office=row.office,
        due_on=date.fromisoformat(due_on) if due_on else None,
        sent_at=row.sent_at,
        is_read=row.read_at is not None,
    )
