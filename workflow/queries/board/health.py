"""Whether the machinery runs: the workers' signs of life and the alarms, in one statement.

Ages are differences of the database's own time: no other machine's clock can make a dead worker
look alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    String,
    Uuid,
    cast,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.types import TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

from workflow import access, db, read
from workflow.decide import CaseRow
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import watch

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]

_WORKER: Final = office_tables.Worker.__table__.c  # type: ignore[attr-defined]
_ALARM: Final = watch.Alarm.__table__.c  # type: ignore[attr-defined]

SILENT_S: Final = 3
"""A worker that has not been heard for this long is taken for dead: it beats every second."""
AUDIT_SILENT_S: Final = 60
"""The auditor looks every few seconds; one that fails each time is silent."""
FORGET_S: Final = 86_400
"""So long a silent worker is shown."""
FORGET_STOPPED_S: Final = 3_600
"""So long one is shown that ended by itself."""
MOST_ALARMS: Final = 200

Life = Literal["alive", "silent", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """A sweeping process. `silent` is one that died, hangs, or cannot reach the database;
    `stopped` one that ended by itself. `skew_ms`: how far its clock runs ahead of the
    database's."""

    id: UUID
    host: str
    pid: int
    beat_age_s: int
    tick_ms: int
    fired: int
    errors: int
    skew_ms: int
    life: Life

    @property
    def is_alive(self) -> bool:
        """Whether it was heard just now."""
        return self.life == "alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """Something that should not be, as long as it lasts. `case_id` where it is about a case."""

    kind: str
    subject: str
    first_at: datetime
    times: int
    case_id: UUID | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The workers and the alarms, as of `house.now`. `is_checked`: whether the auditor, which
    raises the alarms, has looked lately, or no worker has lived long enough for it."""

    house: read.House
    is_checked: bool
    workers: tuple[WorkerLine, ...]
    alarms: tuple[AlarmLine, ...]

    def of(self, *lives: Life) -> int:
        """How many workers live so."""
        return sum(worker.life in lives for worker in self.workers)


class _Sign(NamedTuple):
    """A worker or an alarm, as the statement brings both."""

    id: UUID
    host: str
    pid: int
    beat_at: datetime
    started_at: datetime
    stopped_at: datetime | None
    tick_ms: int
    fired: int
    errors: int
    skew_ms: int
    kind: str | None
    subject: str
    about_id: UUID | None
    first_at: datetime
    times: int


_TYPES: Final[Sequence[TypeEngine[Any]]] = (
    *(Uuid(), String(), Integer(), UTCDateTime(), UTCDateTime(), UTCDateTime()),
    *(
        Integer(),
        Integer(),
        Integer(),
        Integer(),
        String(),
        String(),
        Uuid(),
        UTCDateTime(),
        Integer(),
    ),
)


def _columns(**given: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [
        given.get(name, cast(null(), type_)).label(name)
        for name, type_ in zip(_Sign._fields, _TYPES, strict=True)
    ]


_WORKERS: Final = select(
    *_columns(
        **{name: _WORKER[name] for name in ("id", "host", "pid", "beat_at")},
        **{name: _WORKER[name] for name in ("started_at", "stopped_at")},
        **{name: _WORKER[name] for name in ("tick_ms", "fired", "errors", "skew_ms")},
    )
)
# Index: alarm_open.
_ALARMS: Final = (
    select(
        *_columns(
            **{name: _ALARM[name] for name in ("id", "kind", "subject", "first_at", "times")},
            about_id=_ALARM.case_id,
        )
    )
    .where(_ALARM.closed_at.is_(None))
    .order_by(_ALARM.first_at)
    .limit(MOST_ALARMS)
)
_SIGN: Final = union_all(_WORKERS, select(_ALARMS.subquery("alarms"))).subquery("sign")
_LOOKED_AT: Final = select(watch.Auditor.looked_at).scalar_subquery()  # type: ignore[call-overload]
_HOUSE: Final = tuple(read.HOUSE.selected_columns)
SIGNS: Final = (
    select(
        *_HOUSE,
        _LOOKED_AT,
        *_SIGN.c,
        access.kept_from(_CASE.id),
        *_CASE,
    )
    .select_from(
        office_tables.Installation.__table__.outerjoin(_SIGN, true()).outerjoin(  # type: ignore[attr-defined]
            _CASE.id.table, _CASE.id == _SIGN.c.about_id
        )
    )
    .order_by(_SIGN.c.beat_at.desc(), _SIGN.c.first_at, _SIGN.c.id)
)
_SIGN_AT: Final = len(_HOUSE) + 1
_CASE_AT: Final = _SIGN_AT + len(_Sign._fields) + 1
WORKERS: Final = select(db.DATABASE_TIME, *_WORKERS.selected_columns).order_by(
    _WORKER.beat_at.desc(), _WORKER.id
)


def health(tx: db.Tx, actor: access.Actor) -> Health:
    """The workers, and the alarms that are about no case or about one the person may see.
    Invariant: 7."""
    rows = tx.execute(SIGNS, access.asker(actor)).all()
    house = read.house_of(tx, rows[0])
    signs = [(row, _Sign(*row[_SIGN_AT : _CASE_AT - 1])) for row in rows if row[_SIGN_AT]]
    workers = tuple(_workers((row[0], sign) for row, sign in signs if sign.kind is None))
    alive = {worker.id for worker in workers if worker.is_alive}
    begun = [sign.started_at for _, sign in signs if sign.id in alive]
    looked_at = rows[0][_SIGN_AT - 1] or min(begun, default=rows[0][0])
    return Health(
        house=house,
        is_checked=(rows[0][0] - looked_at).total_seconds() < AUDIT_SILENT_S,
        workers=workers,
        alarms=tuple(
            line
            for row, sign in signs
            if sign.kind is not None and (line := _alarm(row, sign, actor, house))
        ),
    )


def workers(tx: db.Tx) -> tuple[WorkerLine, ...]:
    """The workers alone."""
    return tuple(_workers((row[0], _Sign(*row[1:])) for row in tx.execute(WORKERS)))


def _workers(signs: Iterable[tuple[datetime, _Sign]]) -> Iterator[WorkerLine]:
    for database_at, sign in signs:
        age_s = max(0, int((database_at - sign.beat_at).total_seconds()))
        life = _life(sign.stopped_at, age_s=age_s)
        if age_s < (FORGET_STOPPED_S if life == "stopped" else FORGET_S):
            yield WorkerLine(
                id=sign.id,
                host=sign.host,
                pid=sign.pid,
                beat_age_s=age_s,
                tick_ms=sign.tick_ms,
                fired=sign.fired,
                errors=sign.errors,
                skew_ms=sign.skew_ms,
                life=life,
            )


def _life(stopped_at: datetime | None, *, age_s: int) -> Life:
    if stopped_at is not None:
        return "stopped"
    return "alive" if age_s < SILENT_S else "silent"


def _alarm(
    row: Row[*tuple[Any, ...]], sign: _Sign, actor: access.Actor, house: read.House
) -> AlarmLine | None:
    """The alarm, unless it is about a case that the person may not see."""
    is_recused, *columns = row[_CASE_AT - 1 :]
    case = None if sign.about_id is None else CaseRow(*columns)
    if case is not None and (is_recused or not access.may_see(house.rules.pack, actor, case)):
        return None
    return AlarmLine(
        kind=sign.kind or "",
        subject=sign.subject,
        first_at=sign.first_at,
        times=sign.times,
        case_id=sign.about_id,
        number=None if case is None else case.number,
    )
