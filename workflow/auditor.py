"""The auditor: what should have fired against what fired, and alarms where they differ.

Each run looks at a few hundred open cases more, round after round, and at what shows at once:
whether the sweep keeps up, whether every worker lives, whether its clock is right. It mends
nothing: an alarm stands on the board until the next look finds it gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Row, bindparam, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from rules import calendars
from workflow import db, ids, read
from workflow.decide import CaseRow, doubt
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import delivery, watch
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_COUNT: Final = case_tables.RollUp.__table__.c  # type: ignore[attr-defined]
_TREND: Final = case_tables.Trend.__table__  # type: ignore[attr-defined]
_WORKER: Final = office_tables.Worker.__table__.c  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__.c  # type: ignore[attr-defined]
_MARK: Final = watch.Auditor.__table__  # type: ignore[attr-defined]
_ALARM: Final = watch.Alarm.__table__  # type: ignore[attr-defined]

KINDS: Final = (
    "sweep_behind",
    "delivery_behind",
    "worker_silent",
    "clock_off",
    "will_not_wake",
    "due_differs",
    "record_differs",
    "no_clock",
    "case_unreadable",
)
"""Of what there may be alarms."""
CHUNK: Final = 500
SQLITE_CHUNK: Final = 200
BEHIND_S: Final = 60
"""How long something due may wait before the sweep counts as behind, in office time."""
DELIVERY_BEHIND: Final = timedelta(minutes=30)
"""How long a message may wait for a channel that is away, in office time; and, by the database's
own, for somebody who sends it."""
SILENT_S: Final = 5
SKEW_MS: Final = 5_000
FORGET_DAYS: Final = 1
"""A worker that died is no news after so long."""

NOW: Final = select(db.DATABASE_TIME)
MARK: Final = select(_MARK)
# Index: case_open.
NEXT: Final = (
    select(_CASE)
    .where(case_tables.IS_OPEN, _CASE.c.id > bindparam("after"))
    .order_by(_CASE.c.id)
    .limit(bindparam("limit"))
)
RECORDED: Final = select(
    _RUNG.case_id, _RUNG.deadline_no, _RUNG.cycle, _RUNG.rung, _RUNG.repetition
).where(_RUNG.case_id.in_(bindparam("case_ids", expanding=True)))
# Indexes: case_next, delivery_queue; the others are small.
AT_ONCE: Final = select(
    select(func.min(_CASE.c.next_at))
    .where(_CASE.c.next_at.is_not(None))
    .scalar_subquery()
    .label("waits_since"),
    exists(select(1).where(_TREND.c.counted_on == bindparam("today"))).label("is_counted"),
    exists(
        select(1).where(
            delivery.IN_TRANSIT,
            _DELIVERY.ready_at < bindparam("lately"),
            # a channel that is away, or nobody who sends; not what one receiver's server refuses
            or_(
                _DELIVERY.error.in_(sorted(delivery.AWAY)),
                _DELIVERY.next_try_at < bindparam("untried"),
            ),
        )
    ).label("is_unsent"),
)
WORKERS: Final = select(
    _WORKER.id,
    _WORKER.host,
    _WORKER.started_at,
    _WORKER.beat_at,
    _WORKER.skew_ms,
    _WORKER.stopped_at,
).where(_WORKER.beat_at > bindparam("since"))
# Index: alarm_open.
OPEN: Final = (
    select(_ALARM.c.id, _ALARM.c.kind, _ALARM.c.subject, _ALARM.c.case_id, _CASE.c.is_closed)
    .outerjoin(_CASE, _CASE.c.id == _ALARM.c.case_id)
    .where(_ALARM.c.closed_at.is_(None))
)
AGAIN: Final = (
    update(_ALARM)
    .where(_ALARM.c.id.in_(bindparam("alarms", expanding=True)))
    .values(last_at=bindparam("at"), times=_ALARM.c.times + 1)
)
CLOSE: Final = (
    update(_ALARM)
    .where(_ALARM.c.id.in_(bindparam("alarms", expanding=True)))
    .values(closed_at=bindparam("at"))
)
COUNTS: Final = (
    select(
        _COUNT.lead_office_id,
        _COUNT.process,
        _COUNT.state,
        _COUNT.light,
        func.sum(_COUNT.n).label("n"),
    )
    .where(_COUNT.confidentiality == "normal")
    .group_by(_COUNT.lead_office_id, _COUNT.process, _COUNT.state, _COUNT.light)
)
COUNTED: Final = (
    select(_TREND.c.counted_on).where(_TREND.c.counted_on >= bindparam("since")).distinct()
)
LIGHTS: Final = ("green", "yellow", "red", "grey")

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that should not be. `subject` tells one of a kind from another."""

    kind: str
    subject: str
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What one run looked at, and how many findings stand."""

    looked: int
    findings: tuple[Finding, ...]
    is_round_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one run has seen."""

    at: datetime
    now: datetime
    mark: Row[*tuple[Any, ...]]
    cases: Sequence[CaseRow]
    findings: tuple[Finding, ...]
    is_counted: bool


def run(engine: Engine) -> AuditReport:
    """Looks at the next cases of the round, and at what shows at once. Counts the day, where
    nobody has."""
    limit = CHUNK if engine.database.is_postgres else SQLITE_CHUNK
    look = _look(engine.database, limit=limit)
    if not look.is_counted:
        count_day(engine.database)
    is_done = len(look.cases) < limit
    with db.transaction(engine.database) as tx:
        _move_on(tx, look, is_done=is_done)
        _tell(tx, look)
    return AuditReport(looked=len(look.cases), findings=look.findings, is_round_done=is_done)


def _look(database: db.Database, *, limit: int) -> _Look:
    with db.snapshot(database) as tx:
        house = read.house(tx)
        today = calendars.local_date(house.calendar, house.now)
        at = tx.execute(NOW).scalar_one()
        lately, untried = house.now - DELIVERY_BEHIND, at - DELIVERY_BEHIND
        seen = tx.execute(AT_ONCE, {"today": today, "lately": lately, "untried": untried}).one()
        mark = tx.execute(MARK).one()
        place = {"after": mark.after_id or UUID(int=0), "limit": limit}
        cases = [CaseRow(*row) for row in tx.execute(NEXT, place)]
        findings = (*_behind(seen, house.now), *_workers(tx, at), *_doubts(tx, cases, house))
    return _Look(
        at=at,
        now=house.now,
        mark=mark,
        cases=cases,
        findings=findings,
        is_counted=seen.is_counted,
    )


def _behind(seen: Row[*tuple[Any, ...]], now: datetime) -> Iterator[Finding]:
    if seen.waits_since is not None and now - seen.waits_since > timedelta(seconds=BEHIND_S):
        yield Finding(kind="sweep_behind", subject="sweep")
    if seen.is_unsent:
        yield Finding(kind="delivery_behind", subject="delivery")


def _workers(tx: db.Tx, at: datetime) -> Iterator[Finding]:
    rows = tx.execute(WORKERS, {"since": at - timedelta(days=FORGET_DAYS)}).all()
    alive = [row for row in rows if at - row.beat_at <= timedelta(seconds=SILENT_S)]
    for row in _unreplaced(rows, alive):
        yield Finding(kind="worker_silent", subject=str(row.id))
    for row in alive:
        if abs(row.skew_ms) > SKEW_MS:
            yield Finding(kind="clock_off", subject=str(row.id))


_Worker = Row[*tuple[Any, ...]]


def _unreplaced(rows: Sequence[_Worker], alive: Sequence[_Worker]) -> Iterator[_Worker]:
    """The dead whose place nobody took. A newcomer of the same machine takes one place, of those
    that ended by themselves first."""
    newcomers = sorted(alive, key=lambda row: row.started_at)
    gone = [row for row in rows if row not in alive or row.stopped_at is not None]
    for row in sorted(gone, key=lambda one: (one.stopped_at is None, one.beat_at)):
        heir = next(
            (o for o in newcomers if o.host == row.host and o.started_at > row.beat_at), None
        )
        if heir is not None:
            newcomers.remove(heir)
        elif row.stopped_at is None:
            yield row


def _doubts(tx: db.Tx, cases: Sequence[CaseRow], house: read.House) -> Iterator[Finding]:
    if not cases:
        return
    facts = read.many_facts(tx, cases, at=house)
    recorded: dict[UUID, set[tuple[int, int, str]]] = defaultdict(set)
    for row in tx.execute(RECORDED, {"case_ids": [case.id for case in cases]}):
        key = (row.deadline_no, row.cycle, f"{row.rung}.{row.repetition}")
        recorded[row.case_id].add(key)
    for case in cases:
        try:
            rules = read.rules(tx, case.pack_hash)
            found = list(doubt.doubts(rules, facts[case.id], recorded=recorded[case.id]))
        except Exception as error:  # noqa: BLE001  one case must not blind it: told, passed over
            _LOG.error("audit.case_failed", case_id=str(case.id), error=type(error).__name__)
            yield Finding(kind="case_unreadable", subject=str(case.id), case_id=case.id)
            continue
        for one in found:
            subject = f"{case.id}:{one.no or ''}"
            yield Finding(kind=one.kind, subject=subject, case_id=case.id)


def _move_on(tx: db.Tx, look: _Look, *, is_done: bool) -> None:
    """The place in the round. Two auditors at once look at the same cases twice, and leave none
    out; they write one after the other, because each moves this row first."""
    looked = look.mark.looked + len(look.cases)
    differing = look.mark.differing + sum(1 for one in look.findings if one.case_id)
    if is_done:
        place: dict[str, Any] = {
            "after_id": None,
            "looked": 0,
            "differing": 0,
            "round_at": look.at,
            "ended_at": look.at,
            "ended_looked": looked,
            "ended_differing": differing,
        }
    else:
        place = {"after_id": look.cases[-1].id, "looked": looked, "differing": differing}
    tx.execute(update(_MARK).values(looked_at=look.at, **place))


def _tell(tx: db.Tx, look: _Look) -> None:
    """Alarms raised, told again, or closed. One about a case is closed by the look that finds
    nothing on it, or with the case."""
    standing = {(row.kind, row.subject): row for row in tx.execute(OPEN)}
    found = {(one.kind, one.subject): one for one in look.findings}
    fresh = [one for key, one in found.items() if key not in standing]
    db.add_rows(tx, _ALARM, [_alarm(one, at=look.at) for one in fresh])
    again = [row.id for key, row in standing.items() if key in found]
    if again:
        tx.execute(AGAIN, {"alarms": again, "at": look.at})
    looked = {case.id for case in look.cases}
    over = [
        row.id
        for key, row in standing.items()
        if key not in found and (row.case_id is None or row.is_closed or row.case_id in looked)
    ]
    if over:
        tx.execute(CLOSE, {"alarms": over, "at": look.at})


def _alarm(one: Finding, *, at: datetime) -> dict[str, object]:
    row = {"id": ids.uuid7(), "kind": one.kind, "subject": one.subject, "case_id": one.case_id}
    return row | {"first_at": at, "last_at": at, "times": 1}


# -- the day's count ------------------------------------------------------------------------------


def count_day(database: db.Database) -> bool:
    """Counts the open cases of every office by light, once a local day. False where somebody
    else has."""
    try:
        with db.transaction(database) as tx:
            house = read.house(tx)
            return count_days(tx, [calendars.local_date(house.calendar, house.now)])
    except IntegrityError:  # another worker was a moment earlier
        return False


def count_days(tx: db.Tx, days: Sequence[date]) -> bool:
    """The same for days in a row, in which no light has changed. False where there was nothing to
    count, or somebody has counted."""
    counted = set(tx.execute(COUNTED, {"since": days[0]}).scalars())
    offices = _offices(tx) if not counted.issuperset(days) else []
    rows = [{"counted_on": day, **one} for day in days if day not in counted for one in offices]
    db.add_rows(tx, _TREND, rows)
    return bool(rows)


def _offices(tx: db.Tx) -> list[Mapping[str, object]]:
    sums: dict[tuple[UUID, str], dict[str, int]] = {}
    ends = read.end_states(tx)
    for row in tx.execute(COUNTS):
        # What has ended with a paper still to be served is open, and has a light.
        if row.light != "grey" or (row.process, row.state) not in ends:
            lights = sums.setdefault((row.lead_office_id, row.process), dict.fromkeys(LIGHTS, 0))
            lights[row.light] += int(row.n)
    return [
        {"office_id": office_id, "process": process, **lights}
        for (office_id, process), lights in sums.items()
        if any(lights.values())
    ]
