"""The cases that a leader carries (领导包案), those that await a plan first; and for who watches an
area, those that its leaders carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, select, text

from rules import pack as pack_
from workflow import access, db, read
from workflow.decide import NEVER, Facts, plan_of
from workflow.queries import worklist
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_TASK: Final = case_tables.Assignment.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__.c  # type: ignore[attr-defined]
MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderView:
    """The leader who carries the case, and the plan."""

    person_id: UUID
    name: str
    state: str
    opened_at: datetime
    planned_at: datetime | None
    responsible: str | None
    until_on: date | None
    plan: str
    """How far the plan is: awaited, proposed, agreed, approved; empty where it is over."""
    duties: tuple[pack_.Text, ...]
    contacts: int
    contacted_on: date | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A case that a leader carries, and how far its plan is."""

    case_id: UUID
    number: str
    subject: str
    process: str
    state_name: pack_.Text
    grid_name: str
    lead_office: str
    light: str
    due_at: datetime | None
    awaits_plan: bool
    opened_at: datetime
    responsible: str | None
    until_on: date | None
    leader: str
    plan: str
    duties: tuple[pack_.Text, ...]
    contacts: int
    contacted_on: date | None


_LEADER: Final = office_tables.Person.__table__.alias("leader").c  # type: ignore[attr-defined]
_TASKS: Final[Select[Any]] = (
    select(
        _CASE.id,
        _CASE.number,
        _CASE.subject,
        _CASE.process,
        _CASE.state,
        _CASE.light,
        _CASE.due_at,
        _TASK.state.label("task"),
        _TASK.opened_at.label("named_at"),
        _TASK.until_on,
        _AREA.name.label("grid_name"),
        _OFFICE.name.label("lead_office"),
        _PERSON.name.label("responsible"),
        _LEADER.name.label("leader"),
        _TASK.planned_at,
        _TASK.proposed_at,
        _TASK.agreed_at,
        _TASK.duties,
        _TASK.contacts,
        _TASK.contacted_on,
    )
    .join(_TASK.case_id.table, _TASK.case_id == _CASE.id)
    .join(_AREA.code.table, _AREA.code == _CASE.origin_grid)
    .join(_OFFICE.id.table, _OFFICE.id == _CASE.lead_office_id)
    .join(_LEADER.id.table, _LEADER.id == _TASK.person_id)
    .outerjoin(_PERSON.id.table, _PERSON.id == _TASK.responsible_id)
    .where(_CASE.is_closed.is_(False), text("assignment.state <> 'ended'"))
    .order_by(_TASK.state.desc(), _CASE.due_at, _CASE.id)
    .limit(bindparam("most"))
)
# Index: case_leader.
OPEN: Final = _TASKS.where(access.visible(access.Seat(key="leader", kind="leader", value="")))
# Index: assignment_open, then the key of case_file.
WATCHED: Final[Mapping[str, Select[Any]]] = {
    kind: _TASKS.where(found) for kind, found in access.VISIBLE.items() if kind.startswith("area_")
}


def open_ones(database: db.Database, actor: access.Actor) -> tuple[Assignment, ...]:
    """What a leader carries now."""
    with db.snapshot(database) as tx:
        pack = read.house(tx).rules.pack
        seats = (seat for seat in access.seats(pack, actor) if seat.kind == "leader")
        seat = next(seats, None)
        if seat is None:  # who has left the post carries nothing
            return ()
        rows = tx.execute(OPEN, access.binds(actor, seat) | {"most": MOST}).all()
    return _of_seat(rows, seat, pack)


def watched(database: db.Database, actor: access.Actor) -> tuple[Assignment, ...]:
    """What leaders carry in the areas that somebody watches; of restricted cases, in those in
    which they are named."""
    found: dict[UUID, Assignment] = {}
    with db.snapshot(database) as tx:
        pack = read.house(tx).rules.pack
        for seat in access.seats(pack, access.watching(pack, actor)):
            if seat.kind in WATCHED:
                values = access.binds(actor, seat) | {"most": MOST}
                rows = tx.execute(WATCHED[seat.kind], values).all()
                found |= {it.case_id: it for it in _of_seat(rows, seat, pack)}
    return tuple(found.values())


def _of_seat(
    rows: Sequence[Row[*tuple[Any, ...]]], seat: access.Seat, pack: pack_.Pack
) -> tuple[Assignment, ...]:
    open_ = (row for row in rows if not seat.processes or row.process in seat.processes)
    return tuple(_assignment(row, pack) for row in open_)


def _assignment(row: Row[*tuple[Any, ...]], pack: pack_.Pack) -> Assignment:
    return Assignment(
        case_id=row.id,
        number=row.number,
        subject=row.subject,
        process=row.process,
        state_name=worklist.state_name(pack, row.process, row.state),
        grid_name=row.grid_name,
        lead_office=row.lead_office,
        light=row.light,
        due_at=None if row.due_at == NEVER else row.due_at,
        awaits_plan=row.task == "awaiting_plan",
        opened_at=row.named_at,
        responsible=row.responsible,
        until_on=row.until_on,
        leader=row.leader,
        plan=plan_of(planned=row.planned_at, agreed=row.agreed_at, proposed=row.proposed_at),
        duties=tuple(pack.fields[it].name for it in row.duties.split() if it in pack.fields),
        contacts=row.contacts,
        contacted_on=row.contacted_on,
    )


def leader(facts: Facts, people: Mapping[UUID | None, str], pack: pack_.Pack) -> LeaderView | None:
    """The last leader of a case, who still carries it or has ended."""
    if not facts.assignments:
        return None
    row = facts.assignments[-1]
    return LeaderView(
        person_id=row.person_id,
        name=people.get(row.person_id, ""),
        state=row.state,
        opened_at=row.opened_at,
        planned_at=row.planned_at,
        responsible=people.get(row.responsible_id),
        until_on=row.until_on,
        plan=row.plan,
        duties=tuple(pack.fields[it].name for it in row.duties.split() if it in pack.fields),
        contacts=row.contacts,
        contacted_on=row.contacted_on,
        outcome=row.outcome,
    )
