"""A year's notice, or other office hours, taken into the calendar of the installation.

`preview` and `apply` walk the same cases through the same decision, so that what is shown is
what is done. Batches are written whole, each guarded by the versions of its cases; a run that
ended early goes on when it is given again: what it moved already stands under the new calendar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError

from rules import calendars, errors, pack
from rules.load import dates
from workflow import db, read, write
from workflow.commands import office
from workflow.decide import CaseRow, Facts, decide_calendar, moves
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import office as tables

Mode = moves.Mode
MODES: Final = moves.MODES
BATCH: Final = 500
SQLITE_BATCH: Final = 100
"""Smaller where a batch holds the one write lock that people wait for."""
PASSES: Final = 3
"""A case filed while the first pass runs, under what its command had read, is met by another."""
SHOWN: Final = 5
"""Examples of each kind."""

_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
_DEADLINE: Final = case_tables.Deadline.__table__.c  # type: ignore[attr-defined]
_CALENDAR: Final = tables.Calendar.__table__  # type: ignore[attr-defined]
_HOUSE: Final = tables.Installation.__table__  # type: ignore[attr-defined]
_LOG: Final = tables.OfficeLog.__table__.c  # type: ignore[attr-defined]
_START: Final = UUID(int=0)
_REFUSED: Final = (IntegrityError, DataError)

# In three steps: with the deadlines in the first, a planner that expects few would read all of
# them for every batch. Indexes: case_open; the key of deadline.
OPEN: Final = (
    select(_CASE.c.id)
    .where(case_tables.IS_OPEN, _CASE.c.id > bindparam("after"))
    .order_by(_CASE.c.id)
    .limit(bindparam("limit"))
)
ELSEWHERE: Final = (
    select(_DEADLINE.case_id)
    .where(
        _DEADLINE.case_id.in_(bindparam("case_ids", expanding=True)),
        _DEADLINE.ended_at.is_(None),
        _DEADLINE.calendar_hash != bindparam("hash"),
    )
    .distinct()
)
CASES: Final = read.CASES.order_by(_CASE.c.id)
CLAIMED: Final = CASES.with_for_update()
ACTIVE: Final = (
    select(_CALENDAR.c.hash, _CALENDAR.c.document)
    .select_from(_HOUSE)
    .join(_CALENDAR, _CALENDAR.c.hash == _HOUSE.c.calendar_hash)
)
KNOWN: Final = select(_CALENDAR.c.hash).where(_CALENDAR.c.hash == bindparam("hash"))
LAST: Final = (
    select(_LOG.payload).where(_LOG.name == "calendar_imported").order_by(_LOG.seq.desc()).limit(1)
)

_TOLD: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file read against the active calendar, whose hash is `before`."""

    edit: dates.Edit
    before: str
    was: calendars.Year | None
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One deadline that moves, or becomes late, with its case."""

    case_id: UUID
    number: str
    rule: str
    name: pack.Text
    from_at: datetime
    to_at: datetime
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notice that goes out, or would."""

    case_id: UUID
    number: str
    cause: str
    name: pack.Text | None
    receiver_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a calendar does, or did. `cases` are put under it; `moved` of their deadlines have
    another date; `overdue` and `lapsed` become late by it, `forgiven` count as late no more;
    `notices` go out for it, were they not muted; `failed` cases could not be decided and stay
    as they are. Each comes with its first examples."""

    cases: int = 0
    moved: int = 0
    overdue: int = 0
    lapsed: int = 0
    forgiven: int = 0
    notices: int = 0
    failed: int = 0
    moving: tuple[Example, ...] = ()
    late: tuple[Example, ...] = ()
    told: tuple[Told, ...] = ()
    failing: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            cases=self.cases + other.cases,
            moved=self.moved + other.moved,
            overdue=self.overdue + other.overdue,
            lapsed=self.lapsed + other.lapsed,
            forgiven=self.forgiven + other.forgiven,
            notices=self.notices + other.notices,
            failed=self.failed + other.failed,
            moving=(self.moving + other.moving)[:SHOWN],
            late=(self.late + other.late)[:SHOWN],
            told=(self.told + other.told)[:SHOWN],
            failing=(self.failing + other.failing)[:SHOWN],
        )


def read_file(database: db.Database, data: bytes, *, file: str) -> Import:
    """A notice's file laid upon the active calendar. Stores nothing.

    Raises: PackInvalid with every fault, its line and key; `installation.empty`.
    """
    with db.snapshot(database) as tx:
        active = tx.execute(ACTIVE).one_or_none()
    if active is None:
        raise errors.NotNow("installation.empty")
    try:
        edit = dates.edit(active.document, data, file=file)
    except errors.PackInvalid as error:
        raise errors.PackInvalid(error.pack_faults, code="calendar.invalid") from error
    number = None if edit.year is None else edit.year.year
    before = dates.built(dates.stored(active.document))
    was = next((year for year in before.years if year.year == number), None)
    return Import(edit=edit, before=active.hash, was=was, file=file)


def preview(engine: Engine, made: Import) -> Mapping[Mode, Outcome]:
    """What each way would do, were it applied now. Changes nothing."""
    found: dict[Mode, Outcome] = {mode: Outcome() for mode in MODES}
    limit = _limit(engine.database)
    with db.snapshot(engine.database, is_long=True) as tx:
        house, after = read.house(tx), _START
        while True:
            cases, last = _next(tx, made, CASES, after=after, limit=limit)
            if last is None:
                return found
            facts = read.many_facts(tx, cases, at=house) if cases else {}
            for mode in MODES:
                batch = _decided(tx, cases, facts, made=made, mode=mode, is_muted=False)
                for one in batch:
                    found[mode] += one.outcome
            after = last


def apply(
    engine: Engine,
    made: Import,
    *,
    mode: Mode,
    notify: bool = False,
    actor_id: UUID | None = None,
    is_ending: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Takes the file's calendar into use: new deadlines count by it, and open ones as `mode`
    says. Told only where `notify`. One row of the office log; given again after it was ended
    early, it goes on and adds none.

    Raises: `calendar.changed` where another import came between.
    """
    _activate(engine.database, made, mode=mode, notify=notify, actor_id=actor_id)
    total = Outcome()
    for _ in range(PASSES if mode != "keep" else 0):
        passed = Outcome()
        for batch in _batches(engine, made, mode=mode, notify=notify, actor_id=actor_id):
            passed += batch
            if is_ending():
                return total + passed
        if total.failed:  # met again
            passed = replace(passed, failed=0, failing=())
        total += passed
        if not passed.cases:
            break
    return total


# --- the calendar itself


def _activate(
    database: db.Database, made: Import, *, mode: Mode, notify: bool, actor_id: UUID | None
) -> None:
    calendar = made.edit.calendar
    with db.transaction(database) as tx:
        active = tx.execute(ACTIVE.with_for_update()).one()
        if active.hash not in (made.before, calendar.hash):
            raise errors.Stale("calendar.changed")
        if tx.execute(KNOWN, {"hash": calendar.hash}).scalar() is None:
            row = {"hash": calendar.hash, "zone": calendar.zone, "document": made.edit.document}
            tx.execute(insert(_CALENDAR), row | {"added_at": db.now(tx)})
        tx.execute(update(_HOUSE).values(calendar_hash=calendar.hash))
        asked = {"calendar": calendar.hash, "mode": mode, "notify": notify}
        last = json.loads(tx.execute(LAST).scalar() or "{}")
        is_same = active.hash == calendar.hash
        if not is_same or any(last.get(key) != value for key, value in asked.items()):
            told = {"before": active.hash, "file": made.file, **asked}
            office.log(tx, "calendar_imported", told, actor_id=actor_id)


# --- the cases


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """One case with what became of it; without a decision it failed."""

    case: CaseRow
    moved: moves.Moved | None
    outcome: Outcome


def _limit(database: db.Database) -> int:
    return BATCH if database.is_postgres else SQLITE_BATCH


def _next(
    tx: db.Tx, made: Import, statement: Select[Any], *, after: UUID, limit: int
) -> tuple[list[CaseRow], UUID | None]:
    """Of the next so many open cases those with an open deadline under another calendar, and
    the last that was looked at; None where there is no more."""
    ids = list(tx.execute(OPEN, {"after": after, "limit": limit}).scalars())
    asked = {"case_ids": ids, "hash": made.edit.calendar.hash}
    wanted = list(tx.execute(ELSEWHERE, asked).scalars()) if ids else []
    rows = tx.execute(statement, {"case_ids": wanted}) if wanted else ()
    return [CaseRow(*row) for row in rows], ids[-1] if ids else None


def _batches(
    engine: Engine, made: Import, *, mode: Mode, notify: bool, actor_id: UUID | None
) -> Iterator[Outcome]:
    """One pass over the open cases; each batch is a transaction of its own."""
    after: UUID | None = _START
    while after is not None:
        with db.transaction(engine.database, gives_way=True) as tx:
            house = read.house(tx)
            if house.calendar.hash != made.edit.calendar.hash:
                raise errors.Stale("calendar.changed")
            limit = _limit(engine.database)
            cases, after = _next(tx, made, CLAIMED, after=after, limit=limit)
            facts = read.many_facts(tx, cases, at=house) if cases else {}
            found = _decided(
                tx, cases, facts, made=made, mode=mode, is_muted=not notify, actor_id=actor_id
            )
            outcome = _written(tx, found, engine=engine)
        yield outcome
        if after is not None:
            db.give_way(engine.database)


def _decided(
    tx: db.Tx,
    cases: Sequence[CaseRow],
    facts: Mapping[UUID, Facts],
    *,
    made: Import,
    mode: Mode,
    is_muted: bool,
    actor_id: UUID | None = None,
) -> list[_Decided]:
    """What the calendar does to each of some cases that it concerns. One that cannot be decided
    does not hold up the others."""
    calendar = made.edit.calendar
    found = []
    for case in cases:
        known = facts[case.id]
        under = replace(
            known, calendar=calendar, calendars={**known.calendars, calendar.hash: calendar}
        )
        try:
            rules = read.rules(tx, case.pack_hash)
            moved = decide_calendar(
                rules, under, calendar=calendar, mode=mode, is_muted=is_muted, actor_id=actor_id
            )
        except (errors.GridcaseError, KeyError) as error:
            _TOLD.error("calendar.case_failed", case_id=str(case.id), error=type(error).__name__)
            found.append(_failed(case))
            continue
        if moved is not None:
            found.append(
                _Decided(
                    case=case, moved=moved, outcome=_outcome(case, moved, rules.pack.deadlines)
                )
            )
    return found


def _failed(case: CaseRow) -> _Decided:
    return _Decided(case=case, moved=None, outcome=Outcome(failed=1, failing=(case.number,)))


def _name(deadlines: Mapping[str, pack.DeadlineRule], rule: object) -> pack.Text | None:
    return deadlines[str(rule)].name if rule in deadlines else None


def _outcome(
    case: CaseRow, moved: moves.Moved, deadlines: Mapping[str, pack.DeadlineRule]
) -> Outcome:
    examples = {
        move.no: Example(
            case_id=case.id,
            number=case.number,
            rule=move.rule,
            name=deadlines[move.rule].name,
            from_at=move.from_at,
            to_at=move.to_at,
            from_on=move.from_on,
            to_on=move.to_on,
        )
        for move in moved.moves
    }
    late = (*moved.overdue, *moved.lapsed)
    told = tuple(
        Told(
            case_id=case.id,
            number=case.number,
            cause=notice.cause,
            name=_name(deadlines, notice.words.get("deadline")),
            receiver_id=notice.receiver_id,
        )
        for notice in moved.notices
    )
    return Outcome(
        cases=1,
        moved=len(examples),
        overdue=len(moved.overdue),
        lapsed=len(moved.lapsed),
        forgiven=sum(move.is_forgiven for move in moved.moves),
        notices=len(told),
        moving=tuple(examples.values())[:SHOWN],
        late=tuple(examples[no] for no in late if no in examples)[:SHOWN],
        told=told[:SHOWN],
    )


def _written(tx: db.Tx, found: Sequence[_Decided], *, engine: Engine) -> Outcome:
    """Writes a batch; what the database refuses of one case does not take the others with it."""
    done = [one for one in found if one.moved is not None]
    rows = [write.rows(one.moved.decision, seals=engine.seals) for one in done if one.moved]
    total = Outcome()
    for one in found:
        total += one.outcome if one.moved is None else Outcome()
    try:
        with tx.begin_nested():
            _together(tx, rows)
    except _REFUSED:
        for one, own in zip(done, rows, strict=True):
            total += _singly(tx, one, own)
        return total
    for one in done:
        total += one.outcome
    return total


def _singly(tx: db.Tx, one: _Decided, rows: db.Rows) -> Outcome:
    try:
        with tx.begin_nested():
            _together(tx, [rows])
    except _REFUSED as error:
        _TOLD.error("calendar.case_refused", error=type(error.orig).__name__)
        return _failed(one.case).outcome
    return one.outcome


def _together(tx: db.Tx, rows: Sequence[db.Rows]) -> None:
    if rows and len(db.apply(tx, db.Rows.joined(rows))) != len(rows):
        raise errors.Busy("calendar.lost_claim")  # claimed rows are locked
