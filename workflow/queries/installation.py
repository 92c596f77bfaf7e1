"""What data set this database holds, asked before anything is read from it or put into it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, true

from rules import errors
from workflow import access, clock, db, read
from workflow.tables import case as case_tables
from workflow.tables import delivery, paper, watch
from workflow.tables import office as tables

_HOUSE: Final = tables.Installation.__table__.c  # type: ignore[attr-defined]
_ACCOUNT: Final = tables.Account.__table__.c  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_CALENDAR: Final = tables.Calendar.__table__.c  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__.c  # type: ignore[attr-defined]
_WORKER: Final = tables.Worker.__table__.c  # type: ignore[attr-defined]
_AUDITOR: Final = watch.Auditor.__table__.c  # type: ignore[attr-defined]
_FILE: Final = paper.Attachment.__table__.c  # type: ignore[attr-defined]
_ALARM: Final = watch.Alarm.__table__.c  # type: ignore[attr-defined]
MARK: Final = select(_HOUSE.is_demo, _HOUSE.offset_s, _HOUSE.seeded_at)
CASES: Final = select(func.count()).select_from(_CASE.id.table)
USERS: Final = select(_ACCOUNT.username, _ACCOUNT.person_id).order_by(_ACCOUNT.username)
CHOSEN: Final = select(_HOUSE.pack_hash, _HOUSE.calendar_hash)
FILES: Final = select(_FILE.name)
_ALARMS: Final = (
    select(_ALARM.kind, func.count().label("n"))
    .where(_ALARM.closed_at.is_(None))
    .group_by(_ALARM.kind)
    .subquery("alarms")
)
_SIGNS: Final = select(
    db.DATABASE_TIME.label("database_at"),
    select(func.max(_WORKER.beat_at))
    .where(_WORKER.stopped_at.is_(None))
    .scalar_subquery()
    .label("beat_at"),
    select(_AUDITOR.looked_at).scalar_subquery().label("looked_at"),
).subquery("signs")
# Index: alarm_open; workers are few.
SIGNS: Final = select(_SIGNS, _ALARMS).select_from(_SIGNS.outerjoin(_ALARMS, true()))
# Index: case_stuck.
_STUCK: Final = (
    select(func.count())
    .select_from(_CASE.id.table)
    .where(case_tables.IS_STUCK, _CASE.is_closed.is_(False))
    .scalar_subquery()
    .label("stuck")
)
# Index: delivery_dead.
_DEAD: Final = select(func.count()).where(delivery.IS_DEAD).scalar_subquery().label("dead")
# Index: delivery_queue, and those of both.
QUEUES: Final = select(
    _STUCK,
    select(func.count()).where(delivery.IN_TRANSIT).scalar_subquery().label("waiting"),
    _DEAD,
)
HEALTH: Final = select(
    db.DATABASE_TIME.label("database_at"),
    select(func.max(_WORKER.beat_at)).scalar_subquery().label("beat_at"),
    select(_CALENDAR.zone)
    .where(_CALENDAR.hash == _HOUSE.calendar_hash)
    .scalar_subquery()
    .label("zone"),
    _STUCK,
    _DEAD,
)
# Index: delivery_queue.
WAITING: Final = (
    select(_DELIVERY.channel, func.count().label("n"))
    .where(delivery.IN_TRANSIT)
    .group_by(_DELIVERY.channel)
    .order_by(_DELIVERY.channel)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The data set's own mark. `seeded_at` is None until a demo's history is complete."""

    is_demo: bool
    offset_s: int
    seeded_at: datetime | None
    cases: int


def installed(database: db.Database) -> Installation | None:
    """The mark of a data set; None where the tables are there and nothing is in them."""
    with db.snapshot(database) as tx:
        row = tx.execute(MARK).one_or_none()
        if row is None:
            return None
        return Installation(**row._mapping, cases=tx.execute(CASES).scalar_one())


def usernames(database: db.Database) -> Mapping[str, UUID]:
    """The accounts and whose they are."""
    with db.snapshot(database) as tx:
        return {row.username: row.person_id for row in tx.execute(USERS)}


def actors(database: db.Database, person_ids: Sequence[UUID]) -> Mapping[UUID, access.Actor]:
    """Several persons with the posts they hold now."""
    with db.snapshot(database) as tx:
        return read.actors(tx, person_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What `gridcase doctor` asks of a database at this release's schema. `skew_s`: how far its
    clock runs ahead of this machine's; `beat_age_s`: since when the newest worker is silent;
    `waiting`: notices on their way outside, by channel."""

    skew_s: float
    beat_age_s: int | None
    zone: str | None
    stuck: int
    dead: int
    waiting: Mapping[str, int]


def about(database: db.Database) -> db.About:
    """What the database is. Raises: `database.unreachable`."""
    with db.snapshot(database) as tx:
        return db.about(tx)


def health(database: db.Database) -> Health:
    """How it goes."""
    with db.snapshot(database) as tx:
        before = clock.system()
        row = tx.execute(HEALTH).one()
        after = clock.system()
        waiting = {row.channel: row.n for row in tx.execute(WAITING)}
    here = before + (after - before) / 2
    age = None if row.beat_at is None else row.database_at - row.beat_at
    beat = None if age is None else max(0, int(age.total_seconds()))
    return Health(
        skew_s=(row.database_at - here).total_seconds(),
        beat_age_s=beat,
        zone=row.zone,
        stuck=row.stuck,
        dead=row.dead,
        waiting=waiting,
    )


def files(database: db.Database) -> frozenset[str]:
    """The names of all attached files."""
    with db.one_read(database) as tx:
        return frozenset(tx.execute(FILES).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Seconds since any worker's and the auditor's last sign of life, None without one, and how
    many alarms of each kind stand."""

    beat_age_s: float | None
    audit_age_s: float | None
    alarms: Mapping[str, int]


def signs(database: db.Database) -> Signs:
    """Whether somebody sweeps and somebody checks it, in one statement."""
    with db.one_read(database) as tx:
        rows = tx.execute(SIGNS).all()
    beat, audit = (
        None if at is None else (rows[0].database_at - at).total_seconds()
        for at in (rows[0].beat_at, rows[0].looked_at)
    )
    alarms = {row.kind: row.n for row in rows if row.kind is not None}
    return Signs(beat_age_s=beat, audit_age_s=audit, alarms=alarms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Open cases that cannot escalate; notices on their way outside the app, and given up."""

    stuck: int
    waiting: int
    dead: int


def queues(database: db.Database) -> Queues:
    """What waits for somebody, in the whole installation."""
    with db.one_read(database) as tx:
        return Queues(**tx.execute(QUEUES).one()._mapping)


def rules(database: db.Database) -> read.House:
    """The active pack and calendar, read from what is stored. Whoever starts asks this first:
    a pack that cannot be read would fail every request and every tick.

    Raises: `installation.empty`; `pack.stored` where a document is not what its hash says;
    PackInvalid where this release cannot read it.
    """
    with db.snapshot(database) as tx:
        chosen = tx.execute(CHOSEN).one_or_none()
        if chosen is None or chosen.pack_hash is None or chosen.calendar_hash is None:
            raise errors.NotNow("installation.empty")
        stored = {
            chosen.pack_hash: tx.execute(read.PACK, {"hash": chosen.pack_hash}).scalar(),
            chosen.calendar_hash: tx.execute(read.CALENDAR, {"hash": chosen.calendar_hash}).one()[
                1
            ],
        }
        for name, document in stored.items():
            if document is None or hashlib.sha256(document.encode()).hexdigest() != name:
                raise errors.NotNow("pack.stored", hash=name[:12])
        return read.house(tx)
