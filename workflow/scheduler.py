"""The bell: one interval job per process rings sweep and relay; the database holds the work.

`advance` moves a demo's office time from one due moment to the next, ringing at each, so
that planned and fired times stay together.
"""

from __future__ import annotations

import math
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import bindparam, func, insert, select, update

from rules import errors
from workflow import clock, db, ids, outbox, read, sweep
from workflow.commands import office
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_WORKER: Final = office_tables.Worker.__table__  # type: ignore[attr-defined]
# Index: case_next.
NEXT: Final = select(func.min(_CASE.next_at)).where(_CASE.next_at > bindparam("after"))
LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One ring of the bell: what the sweep and the relay did, and how long it took."""

    sweep: sweep.TickReport
    relay: outbox.RelayReport
    took_ms: int
    failed: int


def _untold(_ring: Ring) -> None:
    """Nobody watches."""


class Bell:
    """A scheduler of one process. A tick that fails is caught, counted and shown; `told`
    hears of each (metrics)."""

    def __init__(
        self, engine: Engine, *, tick_s: float, told: Callable[[Ring], None] = _untold
    ) -> None:
        self._engine = engine
        self._told = told
        self._id = ids.uuid7()
        self._ending = threading.Event()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        self._scheduler.add_job(self.ring, "interval", seconds=tick_s)

    def start(self) -> None:
        """Begins to ring."""
        enrol(self._engine, self._id)
        self._scheduler.start()

    def stop(self) -> None:
        """Finishes the batch that runs, then rings no more."""
        self._ending.set()
        self._scheduler.shutdown(wait=True)

    def ring(self) -> None:
        """One sweep, one relay, one heartbeat."""
        begun = clock.monotonic()
        report, relayed, failed = sweep.TickReport(), outbox.RelayReport(), 0
        try:
            report = sweep.run(self._engine, is_ending=self._ending.is_set)
            relayed = outbox.run(self._engine, is_ending=self._ending.is_set)
        except errors.Busy as error:
            failed = 1
            _LOG.warning("tick.busy", code=error.code)
        except Exception:  # noqa: BLE001  the tick's boundary: counted, the next one tries again
            failed = 1
            _LOG.exception("tick.failed")
        took_ms = int((clock.monotonic() - begun) * 1000)
        failed += report.failed
        self._told(Ring(sweep=report, relay=relayed, took_ms=took_ms, failed=failed))
        self._beat(took_ms=took_ms, fired=report.fired, failed=failed)

    def _beat(self, *, took_ms: int, fired: int, failed: int) -> None:
        try:
            beat(self._engine, self._id, took_ms=took_ms, fired=fired, failed=failed)
        except Exception:  # noqa: BLE001  a database that is away must not end the scheduler
            _LOG.exception("beat.failed")


def enrol(engine: Engine, worker_id: UUID) -> None:
    """Makes a worker known, so that its silence can be seen."""
    now = clock.system()
    row = {
        "id": worker_id,
        "host": socket.gethostname()[:100],
        "pid": os.getpid(),
        "started_at": now,
        "beat_at": now,
    }
    with db.transaction(engine.database) as tx:
        tx.execute(insert(_WORKER), row | {"tick_ms": 0, "ticks": 0, "fired": 0, "errors": 0})


def beat(engine: Engine, worker_id: UUID, *, took_ms: int, fired: int, failed: int) -> None:
    """A worker's heartbeat, in system time."""
    now = clock.system()
    with db.transaction(engine.database) as tx:
        tx.execute(
            update(_WORKER)
            .where(_WORKER.c.id == worker_id)
            .values(
                beat_at=now,
                tick_at=now,
                tick_ms=took_ms,
                ticks=_WORKER.c.ticks + 1,
                fired=_WORKER.c.fired + fired,
                errors=_WORKER.c.errors + failed,
            )
        )


def advance(engine: Engine, *, by: timedelta, actor_id: UUID | None = None) -> sweep.TickReport:
    """Moves a demo's office time forward, step by step, ringing at each due moment.

    Raises: `clock.not_demo`, `clock.backwards`.
    """
    if by < timedelta():
        raise errors.Invalid("clock.backwards", field="seconds")
    with db.snapshot(engine.database) as tx:
        to = db.now(tx) + by
    total = walk(engine, to=to)
    outbox.run(engine)
    with db.transaction(engine.database) as tx:
        seconds = math.ceil(by.total_seconds())
        office.log(tx, "clock_advanced", {"seconds": seconds}, actor_id=actor_id)
    return total


def jump(engine: Engine, *, by: timedelta, actor_id: UUID | None = None) -> sweep.TickReport:
    """As if every worker had been down: a demo's office time moves at once, then one ring
    catches up, each rung with the lateness it has.

    Raises: `clock.not_demo`, `clock.backwards`.
    """
    seconds = math.ceil(by.total_seconds())
    with db.transaction(engine.database) as tx:
        office.advance(tx, seconds=seconds)
        office.log(tx, "clock_jumped", {"seconds": seconds}, actor_id=actor_id)
    report = sweep.run(engine)
    outbox.run(engine)
    return report


def walk(engine: Engine, *, to: datetime) -> sweep.TickReport:
    """Moves a demo's office time to a moment, stopping at each due moment on the way to sweep
    and relay; what the last one queues goes with the next ring. Not logged: the run that walks
    is one row of the log.

    Raises: `clock.not_demo`.
    """
    total, swept = sweep.TickReport(), LONG_AGO
    while True:
        now, is_due = _move(engine, to=to, after=swept)
        if is_due:
            # What a sweep could not decide is not waited for again.
            total, swept = total + sweep.run(engine), now
        if now >= to:
            return total


def _move(engine: Engine, *, to: datetime, after: datetime) -> tuple[datetime, bool]:
    """Sends what is queued, then moves to the next due moment or to the end. Gives office
    time, and whether something is due."""
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        while outbox.deliver(tx, house).is_full:
            pass
        now = house.now
        due_at = tx.execute(NEXT, {"after": after}).scalar()
        target = to if due_at is None else min(to, due_at)
        seconds = max(0, math.ceil((target - now).total_seconds()))
        if seconds:
            office.advance(tx, seconds=seconds)
            now += timedelta(seconds=seconds)
    return now, due_at is not None and due_at <= now
