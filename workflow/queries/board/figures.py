"""The numbers of a board: one statement, whose parts give rows of one shape.

Open cases come from the roll-up, so that they cost the same however many there are; those the
person is recused from come as negative counts beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    CompoundSelect,
    Date,
    Row,
    Select,
    String,
    Subquery,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    not_,
    null,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

from workflow import access, db, read
from workflow.queries import worklist
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_ABOUT: Final = case_tables.OfficeTie.__table__.c  # type: ignore[attr-defined]
_RECUSAL: Final = case_tables.Recusal.__table__.c  # type: ignore[attr-defined]
_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_COUNT: Final = case_tables.RollUp.__table__.c  # type: ignore[attr-defined]
_TALLY: Final = case_tables.Tally.__table__.c  # type: ignore[attr-defined]
_TREND: Final = case_tables.Trend.__table__.c  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__.c  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__.c  # type: ignore[attr-defined]
_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__.c  # type: ignore[attr-defined]

LADDER_DAYS: Final = 7
MOST_FIRED: Final = 100_000
"""Rungs of the last days that are counted at most."""
TREND_DAYS: Final = 30
Figure = Row[*tuple[Any, ...]]
"""What a figure is (`what`), of whom, and its numbers: see `_SHAPE`."""

_SHAPE: Final[Mapping[str, TypeEngine[Any]]] = {
    "office_id": Uuid(),
    "person_id": Uuid(),
    "name": String(),
    "process": String(),
    "word": String(),
    "light": String(),
    "counted_on": Date(),
    "at": UTCDateTime(),
    "until": UTCDateTime(),
    "n": BigInteger(),
    "red": BigInteger(),
    "month": BigInteger(),
}
_SEAT: Final[BindParameter[Any]] = bindparam("seat_value")
_OFFICE_ID: Final = bindparam("office_id", type_=Uuid())
_UNACCEPTED: Final[BindParameter[Any]] = bindparam("unaccepted", expanding=True)
_PROCESSES: Final[BindParameter[Any]] = bindparam("seat_processes", expanding=True)


def figures(
    tx: db.Tx,
    actor: access.Actor,
    seat: access.Seat,
    *,
    at: read.House,
    office_id: UUID | None,
    with_past: bool,
) -> list[Figure]:
    """All figures of an area, or of one office in it; `with_past` adds what the ladder, the days
    and the months have brought."""
    statement = _statement(
        seat.kind,
        is_limited=bool(seat.processes),
        of_office=office_id is not None,
        with_past=with_past,
    )
    values = access.binds(actor, seat) | {
        "office_id": office_id,
        "unaccepted": worklist.unaccepted(at.rules.pack),
        "fired_since": at.now - timedelta(days=LADDER_DAYS),
        "counted_since": at.today - timedelta(days=TREND_DAYS),
        "tallied_since": _month_before(at.today),
    }
    return list(tx.execute(statement, values))


def month_of(day: date) -> int:
    """A local day's month, as tallies write it: 202603."""
    return day.year * 100 + day.month


def _month_before(day: date) -> int:
    return month_of(day.replace(day=1) - timedelta(days=1))


@cache
def _statement(
    kind: str, *, is_limited: bool, of_office: bool, with_past: bool
) -> CompoundSelect[Any]:
    seat = access.Seat(key="board", kind=kind, value="", processes=("any",) if is_limited else ())
    parts = [_open, _recused, _named, _waiting, _stuck, _queued, _dead]
    parts += [_held] if of_office else []
    parts += [_fired, _trend, _tally] if with_past else []
    return union_all(*(part(seat, of_office=of_office) for part in parts))


def _columns(what: str, **given: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The shape that all parts share, empty where a part has nothing to say."""
    return [
        literal(what, String()).label("what"),
        *(given.get(name, cast(null(), type_)).label(name) for name, type_ in _SHAPE.items()),
    ]


def _led(
    seat: access.Seat, *, of_office: bool, office: Column[Any], process: Column[Any]
) -> list[ColumnElement[bool]]:
    """Which rows of a table of counts belong to the board: those of the offices in its area."""
    if of_office:
        chosen: ColumnElement[bool] = office == _OFFICE_ID
    else:
        inside = (
            select(_OFFICE.id)
            .join(_AREA.code.table, _AREA.code == _OFFICE.area_code)
            .where(_AREA[seat.kind] == _SEAT)
        )
        chosen = office.in_(inside)
    return [chosen, process.in_(_PROCESSES)] if seat.processes else [chosen]


def _seen(seat: access.Seat, *, of_office: bool) -> list[ColumnElement[bool]]:
    """Which cases do."""
    seen = access.visible(seat)
    return [seen, _CASE.lead_office_id == _OFFICE_ID] if of_office else [seen]


def _open(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """Cases by office, state and light. Index: the roll-up is small, one row per office, grid,
    process, state and light in use."""
    return (
        select(
            *_columns(
                "open",
                office_id=_COUNT.lead_office_id,
                process=_COUNT.process,
                word=_COUNT.state,
                light=_COUNT.light,
                n=cast(func.sum(_COUNT.n), BigInteger),
            )
        )
        .where(
            _COUNT.confidentiality == "normal",
            _COUNT.n != 0,
            *_led(seat, of_office=of_office, office=_COUNT.lead_office_id, process=_COUNT.process),
        )
        .group_by(_COUNT.lead_office_id, _COUNT.process, _COUNT.state, _COUNT.light)
    )


def _recused(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """The same of all cases that the person must not see, wherever they are led: they are few,
    and who reads the figures knows the offices. Index: recusal_person, office_tie_line."""
    del of_office
    hidden = union(
        select(_RECUSAL.case_id).where(_RECUSAL.person_id == bindparam("seat_person")),
        select(_ABOUT.case_id).where(*access.BARRED_LINE),
    ).subquery("hidden")
    return _by_light(
        seat, hidden, cast(-func.count(), BigInteger), _CASE.confidentiality == "normal"
    )


def _named(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """The same of restricted cases in which the person is named, wherever they are led: the
    roll-up does not know whom a case names. Index: case_restricted_<relation>."""
    del of_office
    by_name = union(
        *(
            select(_CASE.id.label("case_id")).where(names, case_tables.IS_RESTRICTED)
            for names in access.NAMING.values()
        )
    ).subquery("by_name")
    return _by_light(
        seat, by_name, cast(func.count(), BigInteger), not_(access.kept_from(_CASE.id))
    )


def _by_light(
    seat: access.Seat, found: Subquery, n: ColumnElement[Any], *only: ColumnElement[bool]
) -> Select[Any]:
    """A few cases by office, state and light, as the roll-up has them."""
    watched = [_CASE.process.in_(_PROCESSES)] if seat.processes else []
    return (
        select(
            *_columns(
                "open",
                office_id=_CASE.lead_office_id,
                process=_CASE.process,
                word=_CASE.state,
                light=_CASE.light,
                n=n,
            )
        )
        .select_from(found)
        .join(_CASE.id.table, _CASE.id == found.c.case_id)
        .where(*only, *watched)
        .group_by(_CASE.lead_office_id, _CASE.process, _CASE.state, _CASE.light)
    )


def _waiting(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """Since when the case first due has waited that an office has not accepted: within one
    process and state that is the oldest. Index: case_office, as far as the first one."""
    states = (
        select(_COUNT.lead_office_id, _COUNT.process, _COUNT.state)
        .where(
            _COUNT.n > 0,
            tuple_(_COUNT.process, _COUNT.state).in_(_UNACCEPTED),
            *_led(seat, of_office=of_office, office=_COUNT.lead_office_id, process=_COUNT.process),
        )
        .distinct()
        .subquery("waiting")
    )
    oldest = (
        select(_CASE.received_at)
        .where(
            _CASE.lead_office_id == states.c.lead_office_id,
            _CASE.process == states.c.process,
            _CASE.state == states.c.state,
            _CASE.is_closed.is_(False),
            access.visible(seat),
        )
        .order_by(_CASE.due_at, _CASE.id)
        .limit(1)
        .scalar_subquery()
    )
    return select(*_columns("waiting", office_id=states.c.lead_office_id, at=oldest))


def _stuck(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """In the index's order: without one the planner may read all of the area. Index:
    case_stuck."""
    capped = (
        select(_CASE.id)
        .where(case_tables.IS_STUCK, _CASE.is_closed.is_(False), *_seen(seat, of_office=of_office))
        .order_by(_CASE.due_at, _CASE.id)
        .limit(worklist.COUNT_CAP)
        .subquery("stuck")
    )
    return select(*_columns("stuck", n=cast(func.count(capped.c.id), BigInteger)))


def _queued(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """Notices of the board's cases that wait to be sent. Index: notice_queue."""
    counted = select(*_columns("queued", n=cast(func.count(), BigInteger)))
    return counted.select_from(_NOTICE.case_id.table).where(
        _NOTICE.state == literal_column("'queued'"),
        _of_seen_case(_NOTICE.case_id, seat, of_office=of_office),
    )


def _dead(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """Messages outside the app that were given up. Index: delivery_dead."""
    counted = select(*_columns("dead", n=cast(func.count(), BigInteger)))
    return counted.select_from(_DELIVERY.case_id.table).where(
        delivery.IS_DEAD,
        _of_seen_case(_DELIVERY.case_id, seat, of_office=of_office),
    )


def _of_seen_case(
    case_id: Column[Any], seat: access.Seat, *, of_office: bool
) -> ColumnElement[bool]:
    """Whether the row's case is one of the board's: a value for each of few rows, where EXISTS
    would let the planner begin at the cases of the area."""
    seen = select(literal(1)).where(_CASE.id == case_id, *_seen(seat, of_office=of_office))
    return seen.scalar_subquery() == 1


def _held(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """The open cases of one office by the person who handles them. Index: case_office."""
    return (
        select(
            *_columns(
                "held",
                person_id=_CASE.handler_id,
                name=_PERSON.name,
                light=_CASE.light,
                n=cast(func.count(), BigInteger),
            )
        )
        .select_from(_CASE.id.table)
        .outerjoin(_PERSON.id.table, _PERSON.id == _CASE.handler_id)
        .where(_CASE.is_closed.is_(False), *_seen(seat, of_office=of_office))
        .group_by(_CASE.handler_id, _PERSON.name, _CASE.light)
    )


def _fired(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """The rungs of the last days by effect and planned moment, of which there are few: they stand
    at the opening of office hours. In the index's order: without one the planner may read the
    whole table. Index: escalation_time."""
    lately = (
        select(_RUNG.effect, _RUNG.planned_at, _RUNG.fired_at)
        .where(
            _RUNG.fired_at >= bindparam("fired_since", type_=UTCDateTime()),
            _of_seen_case(_RUNG.case_id, seat, of_office=of_office),
        )
        .order_by(_RUNG.fired_at.desc())
        .limit(MOST_FIRED)
        .subquery("lately")
    )
    return select(
        *_columns(
            "fired",
            word=lately.c.effect,
            at=lately.c.planned_at,
            until=func.max(lately.c.fired_at),
            n=cast(func.count(), BigInteger),
        )
    ).group_by(lately.c.effect, lately.c.planned_at)


def _trend(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """Open and overdue cases at the beginning of each of the last days. Index: the key, which
    begins with the day."""
    total = _TREND.green + _TREND.yellow + _TREND.red + _TREND.grey
    return (
        select(
            *_columns(
                "trend",
                counted_on=_TREND.counted_on,
                n=cast(func.sum(total), BigInteger),
                red=cast(func.sum(_TREND.red), BigInteger),
            )
        )
        .where(
            _TREND.counted_on >= bindparam("counted_since", type_=Date()),
            *_led(seat, of_office=of_office, office=_TREND.office_id, process=_TREND.process),
        )
        .group_by(_TREND.counted_on)
    )


def _tally(seat: access.Seat, *, of_office: bool) -> Select[Any]:
    """What offices answer for, this month and the last. Index: the key, which begins with the
    office and the month."""
    return (
        select(
            *_columns(
                "tally",
                office_id=_TALLY.office_id,
                word=_TALLY.what,
                n=cast(func.sum(_TALLY.n), BigInteger),
                month=cast(_TALLY.month, BigInteger),
            )
        )
        .where(
            _TALLY.month >= bindparam("tallied_since"),
            *_led(seat, of_office=of_office, office=_TALLY.office_id, process=_TALLY.process),
        )
        .group_by(_TALLY.office_id, _TALLY.what, _TALLY.month)
    )
