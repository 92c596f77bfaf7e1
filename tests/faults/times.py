"""Faults of time: nobody sweeps for a while, clocks are wrong, the calendar is another."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from rules import calendars, load
from tests.bench import loader
from tests.faults import judge
from tests.faults.scene import Scene
from workflow import db, read
from workflow.commands import packs
from workflow.tables import case as case_tables

# --- downtime

BEFORE_THE_WARNING: Final = "2026-03-25 08:30"
GAPS: Final = (
    ("1 hour", "2026-03-25 09:30"),
    ("1 day", "2026-03-26 09:30"),
    ("30 days", "2026-04-25 09:30"),
)
"""Each ends at this moment, and begins at the one before."""


def downtime(scene: Scene) -> None:
    """No worker runs for an hour, a day, 30 days: every missed rung comes once, in order and with
    its planned moment, and each person gets one notice on a case."""
    scene.fill()
    for gap, to in GAPS:
        since = scene.now()
        with scene.fault():
            scene.jump(to)
        scene.start(2)
        scene.settle()
        for worker in list(scene.workers.running):
            scene.workers.stop(worker)
        twice = judge.combined(scene.place.district, since=since)
        scene.seen += judge.Verdict(doubled=tuple(f"{text}, after {gap}" for text in twice))


# --- clocks

MINUTES: Final = timedelta(minutes=7)
DAYS: Final = timedelta(days=2)
CLOCKS: Final = (MINUTES, -MINUTES, DAYS, -DAYS)
EDGE: Final = "2026-03-25 08:59:58"
"""Seconds before the first rungs are due."""
WATCH_S: Final = 4.0
AFTERNOON: Final = "2026-03-26 12:00"
LATER_NOON: Final = "2026-03-31 12:00"
BACK: Final = timedelta(hours=-1)

_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_DEADLINE: Final = case_tables.Deadline.__table__.c  # type: ignore[attr-defined]
FIRED: Final = select(func.count()).select_from(case_tables.Escalation)
LAST_PLANNED: Final = select(_RUNG.planned_at).order_by(_RUNG.planned_at.desc()).limit(1)


def clocks(scene: Scene) -> None:
    """The workers' clocks are off by minutes and days, then jump, back by days too.

    PostgreSQL's clock is the office's: nothing may change. SQLite has only the clock of whoever
    asks: a rung is then never early by the clock of the worker that fires it, and never twice.
    """
    scene.fill()
    for off in CLOCKS:
        scene.start(off=off, is_misled=True)
    with scene.fault():
        scene.jump(EDGE)
        _watch(scene, ahead=max(CLOCKS))
    scene.settle()
    with scene.fault():
        for worker, off in zip(scene.workers.running, reversed(CLOCKS), strict=True):
            worker.set_clock(off)
            scene.kills += 1
        scene.jump(AFTERNOON)
    scene.settle()
    _alone_and_back(scene)


def _watch(scene: Scene, *, ahead: timedelta) -> None:
    """Looks on while the moment comes: what is stored is never planned for later than the office's
    clock shows then. The clock is read after the rows, so it may only be later."""
    allowed = timedelta() if scene.dialect == "postgresql" else ahead
    until = time.monotonic() + WATCH_S
    while time.monotonic() < until:
        last = scene.read(lambda tx: tx.execute(LAST_PLANNED).scalar())
        if last is not None and last > (now := scene.now()) + allowed:
            there = f"a rung planned for {last:%F %T} was there at {now:%F %T}"
            scene.seen += judge.Verdict(early=(there,))
            return
        time.sleep(0.02)


def _alone_and_back(scene: Scene) -> None:
    """The only worker's clock is set back by an hour: it must go on at once."""
    scene.workers.kill_all()
    [worker] = scene.start(is_misled=True)
    fired = scene.scalar(FIRED)
    with scene.fault():
        worker.set_clock(BACK)
        scene.kills += 1
        time.sleep(0.5)
        scene.jump(LATER_NOON)
    scene.wait("the worker stood still", lambda: scene.scalar(FIRED) > fired, within_s=20)
    scene.settle()


# --- calendar

SWITCHES: Final = (
    ("2026-03-25 10:00", "2026-03-30"),
    ("2026-03-26 10:00", "2026-03-31"),
    ("2026-03-30 10:00", "2026-04-02"),
)
"""Moments at which a day to come is declared off; one that no worked example of the pack counts."""
LATER: Final = "2026-04-20 10:00"
FRESH: Final = 20
"""Cases filed after each of them."""

_Clocks = Mapping[tuple[UUID, int], tuple[str, datetime]]


def calendar(scene: Scene) -> None:
    """The calendar is replaced while cases are swept: what runs keeps the one it was computed
    with, what starts takes the new one."""
    scene.fill()
    before = _clocks(scene)
    scene.start(3)
    for moment, off in SWITCHES:
        with scene.fault():
            scene.jump(moment)
            time.sleep(0.1)
            made = _declare_off(scene, off)
        scene.settle()
        eight = moment.replace("10:00", "08:00")
        filed = scene.fill(lives=[loader.FILED], filed=eight, count=FRESH)
        taken = {row[0] for key, row in _clocks(scene).items() if key[0] in set(filed)}
        if taken != {made.hash}:
            scene.found.append(f"cases filed after {moment} do not all take the new calendar")
    with scene.fault():
        scene.jump(LATER)
    scene.settle()
    now = _clocks(scene)
    moved = sum(now[key] != was for key, was in before.items())
    if moved:
        scene.found.append(f"{moved} running deadlines moved with the calendar")


def _clocks(scene: Scene) -> _Clocks:
    wanted = select(_DEADLINE.case_id, _DEADLINE.no, _DEADLINE.calendar_hash, _DEADLINE.due_at)
    rows = scene.read(lambda tx: tx.execute(wanted).all())
    return {(row.case_id, row.no): (row.calendar_hash, row.due_at) for row in rows}


def _declare_off(scene: Scene, day: str) -> calendars.Calendar:
    """Another day off, in a calendar that is active from now on."""
    folder = load.shipped()
    loaded = load.load(folder)
    with db.transaction(scene.database) as tx:
        active = read.house(tx).calendar
        document: dict[str, Any] = json.loads(
            tx.execute(read.CALENDAR, {"hash": active.hash}).one().document
        )
        document["years"]["2026"]["days_off"].append(day)
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        made = load.calendar_from_document(_hash(text), active.zone, text)
        packs.add(tx, loaded, made, document=text)
        packs.activate(tx, loaded.hash, calendar_hash=made.hash)
    return made


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
