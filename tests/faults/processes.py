"""Faults of processes: several at once, killed, frozen, restarted."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Final

from sqlalchemy import text

from tests.faults.scene import MORNINGS, Scene
from tests.faults.workers import Worker
from workflow import db
from workflow.db import sqlite

WORKERS: Final = 4
MONTH_LATER: Final = "2026-04-20 10:00"
HIT_S: Final = (0.02, 0.3)
"""How long after the moment, or after the hit before, a worker is hit."""
IDLE_S: Final = 30.0
"""The server ends a transaction in which nothing happens for so long."""
LOOK_S: Final = 0.002
BUSY_S: Final = sqlite.LOOKS * sqlite.LOOK_S[1] + sqlite.BUSY_MS / 1000
"""So long a process waits for SQLite's one writer: a sweep looks for its moment before."""
LONGER_S: Final = 1.5
STALLED_S: Final = 1.0

# A backend of ours whose client has said nothing for a while, in the middle of a transaction:
# between two statements, or of one.
STALLED: Final = text(
    "select pid from pg_stat_activity where datname = current_database() "
    "and application_name = 'gridcase' "
    "and (state like 'idle in transaction%' or (state = 'active' and wait_event = 'ClientRead')) "
    "and clock_timestamp() - state_change > make_interval(secs => :stalled_s)"
)
END: Final = text("select pg_terminate_backend(:pid)")


def race(scene: Scene) -> None:
    """Four workers sweep the same cases at once, all overdue over the whole ladder."""
    scene.fill()
    scene.start(WORKERS)
    with scene.fault():
        scene.jump(MONTH_LATER)
    scene.settle()


def kill(scene: Scene) -> None:
    """Workers are killed while they sweep, and come back. Only a hit that left something due
    counts."""
    scene.fill()
    scene.start(WORKERS)
    for _ in scene.mornings(until_hit=True):
        for _ in range(scene.size.hits):
            time.sleep(random.uniform(*HIT_S))
            scene.workers.kill(random.choice(scene.workers.running))
            _count(scene)
            scene.workers.start()


def restart(scene: Scene) -> None:
    """Workers are told to end while they sweep, finish their batch, and others take over."""
    scene.fill()
    scene.start(WORKERS)
    for _ in scene.mornings(until_hit=True):
        for _ in range(scene.size.hits):
            time.sleep(random.uniform(*HIT_S))
            _count(scene)
            code = scene.workers.stop(scene.workers.running[0])
            if code != 0:
                scene.found.append(f"a worker that was told to end, ended with {code}")
            scene.workers.start()


def freeze(scene: Scene) -> None:
    """A worker stands still in the middle of a transaction for longer than anybody waits for
    it, then goes on as if nothing had been. The short form ends with the first that is caught."""
    scene.fill()
    caught, *others = scene.start(WORKERS)
    for morning in MORNINGS:
        with scene.fault():
            _set_aside(scene, others)  # so that it is this one that sweeps
            scene.jump(morning)
            scene.kills += _catch(scene, caught)
            send_all(others, signal.SIGCONT)
            _outlast(scene)
            caught.signal(signal.SIGCONT)
        scene.settle()
        if scene.kills and not scene.size.is_long:
            return


def _count(scene: Scene) -> None:
    scene.kills += bool(scene.is_due(scene.now()))


def send_all(these: Iterable[Worker], number: signal.Signals) -> None:
    """A signal to each of them."""
    for worker in these:
        worker.signal(number)


def _set_aside(scene: Scene, these: Iterable[Worker]) -> None:
    """Freezes workers, none of them while it keeps SQLite's one writer's place."""
    for worker in these:
        worker.freeze()
        while scene.dialect == "sqlite" and is_held(scene):
            worker.signal(signal.SIGCONT)
            time.sleep(random.uniform(*HIT_S))
            worker.freeze()


def _catch(scene: Scene, worker: Worker) -> bool:
    """Freezes a worker. Whether in the middle of a transaction, before all was swept."""
    while True:
        time.sleep(random.uniform(*HIT_S))
        while scene.dialect == "sqlite" and not is_held(scene) and scene.is_due(scene.now()):
            time.sleep(LOOK_S)  # a writer's place is seen at once, and kept for a short time only
        worker.signal(signal.SIGSTOP)
        time.sleep(STALLED_S + 0.2)
        caught = is_held(scene)
        if caught or not scene.is_due(scene.now()):
            return caught
        worker.signal(signal.SIGCONT)


def is_held(scene: Scene) -> bool:
    """Whether somebody who stands still is in a transaction."""
    if scene.dialect == "postgresql":
        return bool(_backends(scene))
    path = scene.database.url.removeprefix("sqlite:///")
    with closing(sqlite.DRIVER.connect(path, timeout=0)) as connection:
        try:
            connection.execute("begin immediate")
        except sqlite.DRIVER.OperationalError:
            return True
    return False


def stand_still(scene: Scene, *, told: Callable[[], None]) -> None:
    """Freezes all workers, for longer than a lease. What one of them holds is taken from it on
    PostgreSQL, as the server does after 30 s; on SQLite nobody would, so there it takes several
    tries until none of them holds it. `told` hears of each."""
    while True:
        send_all(scene.workers.running, signal.SIGSTOP)
        time.sleep(STALLED_S + 0.2)
        told()
        if scene.dialect == "postgresql":
            _end_stalled(scene)
            return
        if not is_held(scene):
            return
        send_all(scene.workers.running, signal.SIGCONT)
        time.sleep(random.uniform(*HIT_S))


def _backends(scene: Scene) -> list[int]:
    stalled = scene.read(lambda tx: tx.execute(STALLED, {"stalled_s": STALLED_S}))
    return list(stalled.scalars())


def _end_stalled(scene: Scene) -> None:
    with db.transaction(scene.database) as tx:
        for pid in _backends(scene):
            tx.execute(END, {"pid": pid})


def _outlast(scene: Scene) -> None:
    """Waits until nobody waits any more. PostgreSQL ends the transaction, and the others do the
    frozen worker's share; the short form ends its backend as the server would. SQLite's other
    writers find the office busy. The long form waits twice as long."""
    times = 2 if scene.size.is_long else 1
    if scene.dialect == "sqlite":
        time.sleep(times * BUSY_S + LONGER_S)
        return
    if scene.size.is_long:
        time.sleep(times * IDLE_S + LONGER_S)
    else:
        _end_stalled(scene)
    scene.settle()
