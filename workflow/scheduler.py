"""The bell: interval jobs ring sweep and relay, sender, auditor, heartbeat; the database holds
the work.

`advance` moves a demo's office time from one due moment to the next, ringing at each, so
that planned and fired times stay together.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy import bindparam, func, select

from rules import calendars, errors
from workflow import auditor, channels, clock, db, ids, outbox, read, sweep
from workflow.commands import office, workers
from workflow.engine import Engine
from workflow.tables import case as case_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
# Index: case_next.
NEXT: Final = select(func.min(_CASE.next_at)).where(_CASE.next_at > bindparam("after"))
BEAT_S: Final = 1.0
AUDIT_S: Final = 5.0
SEND_S: Final = 2.0
DEAD_S: Final = 120.0
"""Longer than a job waits for a database that is away, or for its turn; one that hangs is given
up with this."""
WATCH_S: Final = 1.0
FROZEN_S: Final = 5.0
"""A watch that slept for so long was frozen, and with it the jobs."""
WATCHED: Final = ("ring", "beat", "audit")
LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One ring of the bell: what the sweep and the relay did, and how long it took."""

    sweep: sweep.TickReport
    relay: outbox.RelayReport
    took_ms: int
    failed: int


def _untold(_report: object) -> None:
    """Nobody watches."""


def unheard() -> None:
    """Nobody acts on it."""


class _Every(BaseTrigger):  # type: ignore[misc]
    """Again so many seconds after now, whenever that is. APScheduler's own interval makes a list
    of every moment it has missed: millions where a clock is set on by a month."""

    def __init__(self, seconds: float) -> None:
        self._apart = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """The next moment."""
        return now + self._apart


class Bell:
    """A scheduler of one process. What fails is caught, counted and shown; `told` hears of each
    ring (metrics). Each job has a thread of its own: a long sweep does not look like a dead
    worker. `stuck` is called once a job has stood still for `DEAD_S`."""

    def __init__(
        self,
        engine: Engine,
        *,
        tick_s: float,
        told: Callable[[Ring], None] = _untold,
        audited: Callable[[auditor.AuditReport], None] = _untold,
        sent: Callable[[outbox.SendReport], None] = _untold,
        stuck: Callable[[], None] = unheard,
        door: channels.Door = channels.NONE,
        public_url: str | None = None,
    ) -> None:
        self._engine = engine
        self._told, self._audited, self._sent, self._stuck = told, audited, sent, stuck
        self._door, self._public_url = door, public_url
        self._id = ids.uuid7()
        self._skew_ms = 0
        self._heard_at = dict.fromkeys(WATCHED, clock.monotonic())
        self._watch = threading.Thread(target=self._watch_jobs, daemon=True)
        self._ending = threading.Event()
        jobs = {
            "ring": (self.ring, tick_s),
            "beat": (self.beat, BEAT_S),
            "audit": (self.audit, AUDIT_S),
        }
        if door.names:
            jobs["send"] = (self.send, SEND_S)
        self._scheduler = BackgroundScheduler(
            executors={name: ThreadPoolExecutor(1) for name in jobs},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        for name, (job, seconds) in jobs.items():
            self._scheduler.add_job(job, _Every(seconds), executor=name)

    def start(self) -> None:
        """Begins to ring."""
        workers.enrol(self._engine.database, self._id)
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Finishes the batch that runs, then rings no more."""
        self._ending.set()
        self._watch.join()
        self._scheduler.shutdown(wait=True)
        with _counted("stop"):
            workers.stop(self._engine.database, self._id)

    def ring(self) -> None:
        """One sweep, one relay."""
        self._hear("ring")
        begun = clock.monotonic()
        report, relayed = sweep.TickReport(), outbox.RelayReport()
        with _counted("tick") as failures:
            report = sweep.run(self._engine, is_ending=self._goes_on)
        self._hear("ring")
        with _counted("relay") as unsent:
            relayed = outbox.run(self._engine, is_ending=self._goes_on)
        took_ms = int((clock.monotonic() - begun) * 1000)
        failed = failures.n + unsent.n + report.failed
        self._told(Ring(sweep=report, relay=relayed, took_ms=took_ms, failed=failed))
        with _counted("tick"):
            workers.ticked(
                self._engine.database, self._id, took_ms=took_ms, fired=report.fired, failed=failed
            )

    def send(self) -> None:
        """Sends what is ready outside the app: a mail server that hangs holds up this alone."""
        report = outbox.SendReport(failed=1)
        with _counted("send"):
            report = outbox.send(
                self._engine,
                door=self._door,
                public_url=self._public_url,
                is_ending=self._ending.is_set,
            )
        self._sent(report)

    def is_alive(self) -> bool:
        """Whether the jobs still run: a process that lives while its threads are dead, or hang,
        would sweep no more and say nothing. The sender is not asked: it waits for others."""
        return clock.monotonic() - min(self._heard_at.values()) < DEAD_S

    def _hear(self, job: str) -> None:
        self._heard_at[job] = clock.monotonic()

    def _goes_on(self) -> bool:
        """Whether to end, asked by a ring after each batch: so long it is heard of."""
        self._hear("ring")
        return self._ending.is_set()

    def _watch_jobs(self) -> None:
        """Tells when they stand still, and follows the clock: APScheduler waits for a time of
        day, so where this machine's clock is set back, jobs would wait for as long, and are asked
        anew. A process that was frozen whole begins to count when it wakes."""
        ahead, woke_at = self._ahead(), clock.monotonic()
        while not self._ending.wait(WATCH_S):
            before, ahead = ahead, self._ahead()
            if ahead < before - WATCH_S:
                with _counted("watch"):
                    for job in self._scheduler.get_jobs():
                        job.modify(next_run_time=clock.system())
            slept_at, woke_at = woke_at, clock.monotonic()
            if woke_at - slept_at > FROZEN_S:
                for name in WATCHED:
                    self._hear(name)
            if not self.is_alive():
                return self._stuck()

    @staticmethod
    def _ahead() -> float:
        """How far the time of day is before the time that only runs."""
        return clock.system().timestamp() - clock.monotonic()

    def beat(self) -> None:
        """One sign of life."""
        self._hear("beat")
        with _counted("beat"):
            self._skew_ms = workers.beat(self._engine.database, self._id, skew=self._skew_ms)

    def audit(self) -> None:
        """One look at whether the ladder does what it should."""
        self._hear("audit")
        with _counted("audit"):
            self._audited(auditor.run(self._engine))


@dataclass(slots=True)
class _Failures:
    n: int = 0


@contextmanager
def _counted(what: str) -> Iterator[_Failures]:
    """A job's boundary: what fails is logged and counted, and the next one tries again."""
    found = _Failures()
    try:
        yield found
    except errors.Busy as error:
        found.n = 1
        _LOG.warning(f"{what}.busy", code=error.code)
    except Exception:  # noqa: BLE001  the tick's boundary: counted, the next one tries again
        found.n = 1
        _LOG.exception(f"{what}.failed")


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
    and relay; what the last one queues goes with the next ring. Each day that begins on the way is
    counted as it began. Not logged: the run that walks is one row of the log.

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
    """Sends what is queued, then moves to the next due moment or to the end: no light changes
    before. Gives office time, and whether something is due."""
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        while outbox.deliver(tx, house).is_full:
            pass
        now = house.now
        due_at = tx.execute(NEXT, {"after": after}).scalar()
        seconds = max(0, math.ceil((min(to, due_at or to) - now).total_seconds()))
        if seconds:
            office.advance(tx, seconds=seconds)
            now += timedelta(seconds=seconds)
            first, last = (calendars.local_date(house.calendar, at) for at in (house.now, now))
            days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
            if days:
                auditor.count_days(tx, days)
    return now, due_at is not None and due_at <= now
