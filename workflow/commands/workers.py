"""Sweeping processes make themselves known, so that the silence of one is seen.

Signs of life are in the database's own time: a machine whose clock is wrong neither looks dead
nor hides that it is.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from workflow import clock, db
from workflow.tables import office

_WORKER: Final = office.Worker.__table__  # type: ignore[attr-defined]
FORGET_DAYS: Final = 7
NOW: Final = select(db.DATABASE_TIME)
FORGET: Final = delete(_WORKER).where(_WORKER.c.beat_at < bindparam("before"))
BEAT: Final = (
    update(_WORKER)
    .where(_WORKER.c.id == bindparam("worker"))
    .values(beat_at=db.DATABASE_TIME, skew_ms=bindparam("skew"))
    .returning(_WORKER.c.beat_at)
)
TICK: Final = (
    update(_WORKER)
    .where(_WORKER.c.id == bindparam("worker"))
    .values(
        tick_at=db.DATABASE_TIME,
        tick_ms=bindparam("took"),
        ticks=_WORKER.c.ticks + 1,
        fired=_WORKER.c.fired + bindparam("rungs"),
        errors=_WORKER.c.errors + bindparam("failed"),
    )
)
STOP: Final = (
    update(_WORKER).where(_WORKER.c.id == bindparam("worker")).values(stopped_at=db.DATABASE_TIME)
)


def enrol(database: db.Database, worker_id: UUID) -> None:
    """Makes a worker known; those not heard of for a week are forgotten."""
    with db.transaction(database) as tx:
        now = tx.execute(NOW).scalar_one()
        tx.execute(FORGET, {"before": now - timedelta(days=FORGET_DAYS)})
        row = {"id": worker_id, "host": socket.gethostname()[:100], "pid": os.getpid()}
        counts = {"tick_ms": 0, "ticks": 0, "fired": 0, "errors": 0, "skew_ms": skew_ms(now)}
        tx.execute(insert(_WORKER), row | counts | {"started_at": now, "beat_at": now})


def beat(database: db.Database, worker_id: UUID, *, skew: int = 0) -> int:
    """A sign of life. Gives how far this machine's clock runs ahead of the database's, in
    milliseconds, to be told with the next."""
    with db.transaction(database) as tx:
        at = tx.execute(BEAT, {"worker": worker_id, "skew": skew}).scalar()
        ahead = skew if at is None else skew_ms(at)  # before the commit, which may take long
    if at is None:  # frozen for so long that it was forgotten
        enrol(database, worker_id)
    return ahead


def ticked(
    database: db.Database, worker_id: UUID, *, took_ms: int, fired: int, failed: int
) -> None:
    """What the last ring did."""
    with db.transaction(database) as tx:
        values = {"worker": worker_id, "took": took_ms, "rungs": fired, "failed": failed}
        tx.execute(TICK, values)


def stop(database: db.Database, worker_id: UUID) -> None:
    """It ended by itself; its silence is no alarm."""
    with db.transaction(database) as tx:
        tx.execute(STOP, {"worker": worker_id})


def skew_ms(at: datetime) -> int:
    """How far this machine's clock is ahead of a moment that the database gave just now."""
    return round((clock.system() - at).total_seconds() * 1000)
