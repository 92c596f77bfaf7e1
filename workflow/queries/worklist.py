"""Lists of cases as one person sees them from one seat, earliest due first."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Literal, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from rules import errors
from rules import pack as pack_
from workflow import access, db, machine, read
from workflow.decide import NEVER, CaseRow, guard_facts
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_CLOCK: Final = case_tables.Deadline.__table__.c  # type: ignore[attr-defined]
_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_CLIMBED: Final = case_tables.Escalation.__table__.alias("climbed").c  # type: ignore[attr-defined]
_HANDLER: Final = office_tables.Person.__table__.alias("handler")  # type: ignore[attr-defined]

PAGE: Final = 50
CURSOR_CHARS: Final = 400
ACCEPT: Final = "accept"
"""The action by which an office takes what it has received."""
COUNT_CAP: Final = 1000
"""Counts above this are shown as `1000+`."""

Narrow = Literal["all", "turn", "unaccepted", "green", "yellow", "red", "grey", "stuck"]
"""`turn`: the next act is one that a post of this person owes; `unaccepted`: received, and
nobody has taken it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """The rung fired last on a case's open clocks."""

    effect: str
    planned_at: datetime
    fired_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A case as a line of a list."""

    case_id: UUID
    number: str
    subject: str
    process: str
    state: str
    state_name: pack_.Text
    category: str | None
    category_name: pack_.Text | None
    grid_name: str
    lead_office: str
    handler: str | None
    light: str
    due_at: datetime | None
    is_stuck: bool
    has_leader: bool
    is_closed: bool
    updated_at: datetime
    climbed: Climbed | None = None
    offered: tuple[str, ...] = ()
    """The actions that can leave from its state, whoever may do them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """What a list may be narrowed to, besides its light: cases led in or below an `area`, by an
    `office`, by offices of a `level` (the depth of their area, 1 at the top), in the hands of a
    `handler` or, `unheld`, of nobody, standing in a `state` (`process.state`)."""

    area: str | None = None
    office: UUID | None = None
    level: int | None = None
    handler: UUID | None = None
    unheld: Literal[True] | None = None
    state: str | None = None

    @property
    def given(self) -> dict[str, object]:
        """Those of them that are asked for."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


ALL: Final = Only()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage:
    """One page of a list. `cursor` asks for the next one, None on the last; `turns` counts the
    open cases of the seat that wait for this person's own posts, capped."""

    items: tuple[WorkItem, ...]
    cursor: str | None
    turns: int
    seat: access.Seat
    now: datetime


def seats(database: db.Database, actor: access.Actor) -> tuple[tuple[access.Seat, int], ...]:
    """The seats of a person with the number of open cases in each, capped."""
    with db.snapshot(database) as tx:
        house = read.house(tx)
        found = access.seats(house.rules.pack, actor)
        return tuple((seat, _count(tx, actor, seat)) for seat in found)


def _count(
    tx: db.Tx,
    actor: access.Actor,
    seat: access.Seat,
    *,
    turns: list[tuple[str, str]] | None = None,
) -> int:
    narrow: Narrow = "all" if turns is None else "turn"
    statement = _count_statement(seat.kind, narrow=narrow, limited=bool(seat.processes))
    return int(tx.execute(statement, access.binds(actor, seat) | {"turns": turns}).scalar_one())


def page(
    database: db.Database,
    actor: access.Actor,
    *,
    seat_key: str | None = None,
    narrow: Narrow = "all",
    closed: Literal["open", "closed"] = "open",
    cursor: str | None = None,
    only: Only = ALL,
    limit: int = PAGE,
) -> WorkPage:
    """One page of the list of a seat; the first seat where none is named.

    Raises: `seat.unknown`, `cursor.broken`.
    """
    with db.snapshot(database) as tx:
        house = read.house(tx)
        seat = _chosen(access.seats(house.rules.pack, actor), seat_key)
        statement = _page_statement(
            seat.kind,
            narrow=narrow,
            limited=bool(seat.processes),
            continued=cursor is not None,
            only=frozenset(only.given),
        )
        values = _values(only) | {
            "closed": closed == "closed",
            "limit": limit + 1,
            "turns": turns(house.rules.pack, actor),
            "unaccepted": unaccepted(house.rules.pack),
        }
        if cursor is not None:
            values |= _from_cursor(cursor)
        rows = tx.execute(statement, access.binds(actor, seat) | values).all()
        waiting = _count(tx, actor, seat, turns=turns(house.rules.pack, actor))
    items = tuple(_item(row, house.rules) for row in rows[:limit])
    following = _cursor(rows[limit - 1]) if len(rows) > limit else None
    return WorkPage(items=items, cursor=following, turns=waiting, seat=seat, now=house.now)


def turns(pack: pack_.Pack, actor: access.Actor) -> list[tuple[str, str]]:
    """The states, with their process, in which it is the turn of a role that this person
    holds."""
    return [
        (name, state)
        for name, process in pack.processes.items()
        for state, found in process.states.items()
        if actor.roles & set(found.owner)
    ]


def unaccepted(pack: pack_.Pack) -> list[tuple[str, str]]:
    """The states, with their process, in which a case has been received and not accepted."""
    return [
        (name, state)
        for name, process in pack.processes.items()
        if ACCEPT in process.actions
        for state in process.actions[ACCEPT].source
    ]


def _values(only: Only) -> dict[str, object]:
    process, _, state = (only.state or "").partition(".")
    return {
        "within": only.area,
        "led_by": only.office,
        "led_at": only.level,
        "held_by": only.handler,
        "of_process": process,
        "in_state": state,
    }


def _chosen(found: tuple[access.Seat, ...], key: str | None) -> access.Seat:
    for seat in found:
        if key is None or seat.key == key:
            return seat
    raise errors.NotFound("seat.unknown", field="seat")


_ONLY: Final = {
    # a code is of one level only, so at most one of the columns holds it
    "area": or_(
        *(_CASE[f"area_{n}"] == bindparam("within", type_=_CASE.area_1.type) for n in range(1, 7))
    ),
    "office": _CASE.lead_office_id == bindparam("led_by", type_=_CASE.lead_office_id.type),
    "level": _CASE.level == bindparam("led_at", type_=_CASE.level.type),
    "handler": _CASE.handler_id == bindparam("held_by", type_=_CASE.handler_id.type),
    "unheld": _CASE.handler_id.is_(None),
    "state": and_(
        _CASE.process == bindparam("of_process", type_=_CASE.process.type),
        _CASE.state == bindparam("in_state", type_=_CASE.state.type),
    ),
}
"""Per field of `Only`: what it leaves of a seat's list. Index: the seat's own, in its order."""


@cache
def _page_statement(
    kind: str,
    *,
    narrow: Narrow,
    limited: bool,
    continued: bool,
    only: frozenset[str] = frozenset(),
) -> Select[Any]:
    """Index: case_area_<n>, case_office, case_grid, case_handler, case_filer, case_leader; the
    keys of escalation and deadline."""
    statement = (
        select(
            *_CASE,
            _AREA.name.label("grid_name"),
            _OFFICE.name.label("lead_office"),
            _HANDLER.c.name.label("handler"),
            _RUNG.effect,
            _RUNG.planned_at,
            _RUNG.fired_at,
        )
        .join(_AREA.code.table, _AREA.code == _CASE.origin_grid)
        .join(_OFFICE.id.table, _OFFICE.id == _CASE.lead_office_id)
        .outerjoin(_HANDLER, _HANDLER.c.id == _CASE.handler_id)
        .outerjoin(_RUNG.seq.table, and_(_RUNG.case_id == _CASE.id, _RUNG.seq == _last_climbed()))
        .where(_seen(kind, limited=limited), _CASE.is_closed == bindparam("closed"))
        .order_by(_CASE.due_at, _CASE.id)
        .limit(bindparam("limit"))
    )
    if continued:
        place = tuple_(
            bindparam("after_due", type_=_CASE.due_at.type),
            bindparam("after_id", type_=_CASE.id.type),
        )
        statement = statement.where(tuple_(_CASE.due_at, _CASE.id) > place)
    statement = statement.where(*(_ONLY[name] for name in sorted(only)))
    return _narrowed(statement, narrow)


def _last_climbed() -> Any:
    """The event of the rung fired last on the open clocks of a case."""
    of_clock = and_(
        _CLOCK.case_id == _CLIMBED.case_id,
        _CLOCK.no == _CLIMBED.deadline_no,
        _CLOCK.cycle == _CLIMBED.cycle,
    )
    return (
        select(func.max(_CLIMBED.seq))
        .join(_CLOCK.no.table, of_clock)
        .where(_CLIMBED.case_id == _CASE.id, _CLOCK.ended_at.is_(None))
        .correlate(_CASE.id.table)
        .scalar_subquery()
    )


@cache
def _count_statement(kind: str, *, narrow: Narrow, limited: bool) -> Select[Any]:
    inner: Select[Any] = select(literal_column("1")).where(
        _seen(kind, limited=limited), _CASE.is_closed.is_(False)
    )
    # In the index's order: without one the planner may read the table and hope to be done early.
    ordered = _narrowed(inner, narrow).order_by(_CASE.due_at, _CASE.id)
    capped = ordered.limit(COUNT_CAP + 1).subquery()
    return select(func.count()).select_from(capped)


def _seen(kind: str, *, limited: bool) -> Any:
    seat = access.Seat(key="", kind=kind, value="", processes=("any",) if limited else ())
    return access.visible(seat)


def _narrowed(statement: Select[Any], narrow: Narrow) -> Select[Any]:
    if narrow == "stuck":
        return statement.where(case_tables.IS_STUCK)
    if narrow in ("turn", "unaccepted"):
        named = "turns" if narrow == "turn" else narrow
        states: BindParameter[Any] = bindparam(named, expanding=True)
        return statement.where(tuple_(_CASE.process, _CASE.state).in_(states))
    if narrow != "all":
        return statement.where(_CASE.light == narrow)
    return statement


def _item(row: Row[*tuple[Any, ...]], rules: machine.Rules) -> WorkItem:
    values, pack = row._mapping, rules.pack
    category = pack.categories.get(values["category"] or "")
    return WorkItem(
        case_id=values["id"],
        number=values["number"],
        subject=values["subject"],
        process=values["process"],
        state=values["state"],
        state_name=state_name(pack, values["process"], values["state"]),
        category=values["category"],
        category_name=category.name if category else None,
        grid_name=values["grid_name"],
        lead_office=values["lead_office"],
        handler=values["handler"],
        light=values["light"],
        due_at=None if values["due_at"] == NEVER else values["due_at"],
        is_stuck=values["is_stuck"],
        has_leader=values["leader_id"] is not None,
        is_closed=values["is_closed"],
        updated_at=values["updated_at"],
        climbed=None
        if values["effect"] is None
        else Climbed(
            effect=values["effect"],
            planned_at=values["planned_at"],
            fired_at=values["fired_at"],
        ),
        offered=_offered(row, rules),
    )


def _offered(row: Row[*tuple[Any, ...]], rules: machine.Rules) -> tuple[str, ...]:
    process = rules.pack.processes.get(row.process)
    if process is None or row.state not in process.states:
        return ()
    known = guard_facts(cast(CaseRow, row))
    return machine.offered(rules.flow(row.process), state=row.state, facts=known)


def state_name(pack: pack_.Pack, process: str, state: str) -> pack_.Text:
    """A state's name; one that the active pack no longer knows shows its key."""
    found = pack.processes.get(process)
    known = found.states.get(state) if found else None
    return known.name if known else pack_.Text(zh=state, en=state)


def _cursor(row: Row[*tuple[Any, ...]]) -> str:
    place = json.dumps([row.due_at.isoformat(), str(row.id)])
    return base64.urlsafe_b64encode(place.encode()).decode()


def _from_cursor(cursor: str) -> dict[str, object]:
    if len(cursor) > CURSOR_CHARS:  # before any work is done on it
        raise errors.Invalid("cursor.broken", field="cursor")
    try:
        due_at, case_id = json.loads(base64.urlsafe_b64decode(cursor))
        at = datetime.fromisoformat(due_at)
        if at.tzinfo is None:
            raise ValueError(due_at)
        return {"after_due": at.astimezone(UTC), "after_id": UUID(case_id)}
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise errors.Invalid("cursor.broken", field="cursor") from error
