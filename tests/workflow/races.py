"""Several real processes on one database: the workers, and the figures of a race.

    python -m tests.workflow.races --due 1000     four sweeps at once, on both databases

A worker (`python -m tests.workflow.races work`) is told one job a line: it opens the database,
says `ready`, waits for `go`, so that all begin together, and answers in one line.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text

from rules import errors
from tests import office, postgres
from workflow import channels, db, outbox, read, sweep
from workflow.commands import act
from workflow.commands import office as office_commands
from workflow.engine import Engine
from workflow.tables import case as case_tables

WORKERS: Final = 4
BATCH: Final = 100
"""Small, so that four sweeps meet often."""
START: Final = "2026-03-20 16:00"
WARNED: Final = "2026-03-25 09:00"
"""The moment of the first rung of a dispute filed at START."""
PATIENCE_S: Final = 60.0
OTHERS: Final = (
    "select count(*) from pg_stat_activity where datname = current_database() "
    "and state <> 'idle' and pid <> pg_backend_pid()"
)

_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]


# --- the parent's side


@dataclass(slots=True)
class Worker:
    """A process of its own."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Worker:
        """Starts one; it imports while we go on."""
        return cls(
            subprocess.Popen(
                [sys.executable, "-m", "tests.workflow.races", "work"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
            )
        )

    def tell(self, line: str) -> None:
        """Sends one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Waits for one line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the worker has died"
        return line.strip()

    def prepare(self, job: Mapping[str, Any]) -> None:
        """Gives it a job and waits until it stands ready."""
        self.tell(json.dumps(job))
        assert self.hear() == "ready"

    def kill(self) -> None:
        """The worst end: SIGKILL."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """A good end."""
        if self.process.poll() is None:
            self.process.communicate(timeout=PATIENCE_S)


@contextmanager
def workers(count: int = WORKERS) -> Iterator[list[Worker]]:
    """So many workers, ended with the block."""
    found = [Worker.start() for _ in range(count)]
    try:
        yield found
    finally:
        for worker in found:
            worker.stop()


def at_once(jobs: Sequence[tuple[Worker, Mapping[str, Any]]]) -> list[Any]:
    """Every worker does its job from the same moment on; their answers."""
    for worker, job in jobs:
        worker.prepare(job)
    for worker, _ in jobs:
        worker.tell("go")
    return [json.loads(worker.hear()) for worker, _ in jobs]


def wait_for_the_dead(district: office.District) -> None:
    """Until PostgreSQL has noticed that who was killed is gone: what they held, a sweep skips.
    SQLite's locks go with the process."""
    database, until = district.engine.database, time.monotonic() + PATIENCE_S
    while database.is_postgres:
        with db.snapshot(database) as tx:
            if tx.execute(text(OTHERS)).scalar_one() == 0:
                return
        assert time.monotonic() < until, "the dead still hold their locks"
        time.sleep(0.02)


def file_many(district: office.District, count: int) -> list[UUID]:
    """Files cases through the command, one after the other."""
    return [district.file("officer").case_id for _ in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What several sweeps have made of so many due rungs."""

    database: str
    due: int
    fired: int
    doubled: int
    lost: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"sweeps: database={self.database} due={self.due} fired={self.fired} "
            f"doubled={self.doubled} lost={self.lost} seconds={self.seconds:.1f}"
        )


def count(district: office.District, *, due: int, seconds: float) -> Outcome:
    """Counts the rungs that fired, by their events and by their rows."""
    with db.snapshot(district.engine.database) as tx:
        told = tx.execute(select(func.count()).where(_EVENT.name == "rung_fired")).scalar_one()
        keys = select(_RUNG.case_id, _RUNG.deadline_no, _RUNG.rung).distinct().subquery()
        rungs = tx.execute(select(func.count()).select_from(keys)).scalar_one()
    return Outcome(
        database="postgresql" if district.engine.database.is_postgres else "sqlite",
        due=due,
        fired=told,
        doubled=told - rungs,
        lost=due - rungs,
        seconds=seconds,
    )


def sweeps(url: str, district: office.District, pool: Sequence[Worker], *, due: int) -> Outcome:
    """Four sweeps at once over so many due rungs."""
    file_many(district, due)
    district.jump(WARNED)
    begun = time.monotonic()
    at_once([(worker, {"op": "sweep", "url": url}) for worker in pool])
    return count(district, due=due, seconds=time.monotonic() - begun)


# --- the worker's side


def _work() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        engine = office.engine_of(db.open(job["url"]))
        try:
            with db.snapshot(engine.database) as tx:
                read.house(tx)  # compiles the pack before the race
            _say("ready")
            assert sys.stdin.readline().strip() == "go"
            _say(json.dumps(_answer(engine, job)))
        finally:
            db.close(engine.database)


def _answer(engine: Engine, job: Mapping[str, Any]) -> Any:
    try:
        return _OPS[job["op"]](engine, job)
    except errors.GridcaseError as error:
        return {"error": f"{error.code}: {error.__cause__}"}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _sweep(engine: Engine, _job: Mapping[str, Any]) -> Any:
    """Sweeps until nothing is left that nobody holds."""
    total = sweep.TickReport()
    while True:
        report = sweep.tick(engine, limit=BATCH)
        total = total + report
        if not report.cases:
            return asdict(total)


def _tell_ticks(engine: Engine, _job: Mapping[str, Any]) -> Any:
    """Sweeps in small steps and says so after each, to be killed on the way."""
    while sweep.tick(engine, limit=10).cases:
        _say("ticked")
    return None


def _act(engine: Engine, job: Mapping[str, Any]) -> Any:
    """Sends requests one after the other, or each from a thread of its own."""
    with db.snapshot(engine.database) as tx:
        actor = read.actor(tx, UUID(job["actor"]))
    assert actor is not None

    def send(asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            receipt = act.act(engine, actor, _request(asked))
        except errors.GridcaseError as error:
            return {"error": error.code}
        return {
            "number": receipt.number,
            "code": receipt.code,
            "state": receipt.state,
            "seq": receipt.seq,
            "version": receipt.version,
            "at": receipt.at.isoformat(),
            "is_repeat": receipt.is_repeat,
        }

    with ThreadPoolExecutor(job.get("threads", 1)) as pool:
        return list(pool.map(send, job["requests"]))


def _request(asked: Mapping[str, Any]) -> act.Request:
    filing = asked.get("filing")
    return act.Request(
        case_id=UUID(asked["case_id"]),
        action_id=UUID(asked["action_id"]),
        action=asked["action"],
        fields=asked.get("fields", {}),
        version=asked.get("version"),
        filing=None if filing is None else act.Filing(**filing),
    )


def _relay(engine: Engine, _job: Mapping[str, Any]) -> Any:
    """Relays until the queue is empty."""
    return asdict(outbox.run(engine))


def _send(engine: Engine, job: Mapping[str, Any]) -> Any:
    """Sends until nothing is ready."""
    return asdict(outbox.send(engine, door=channels.open(job["channels"])))


def _appoint(engine: Engine, job: Mapping[str, Any]) -> Any:
    """Appoints the same person again and again, which wakes whatever is stuck."""
    for _ in range(job["times"]):
        office_commands.appoint(engine.database, UUID(job["post"]), holder_id=UUID(job["holder"]))
    return "appointed"


def _keep_sweeping(engine: Engine, job: Mapping[str, Any]) -> Any:
    """Sweeps for a while."""
    end = time.monotonic() + job["seconds"]
    while time.monotonic() < end:
        sweep.tick(engine, limit=BATCH)
    return "swept"


_OPS: Final = {
    "sweep": _sweep,
    "keep_sweeping": _keep_sweeping,
    "ticks": _tell_ticks,
    "relay": _relay,
    "send": _send,
    "appoint": _appoint,
    "act": _act,
}


# --- the command


def _measure(due: int) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(postgres.server())
        pool = stack.enter_context(workers())
        for url in (f"sqlite:///{folder}/gridcase.db", server.create("gridcase_races")):
            database = stack.enter_context(_opened(url))
            _say(str(sweeps(url, office.build(database, start=START), pool, due=due)))


@contextmanager
def _opened(url: str) -> Iterator[db.Database]:
    database = db.open(url)
    db.upgrade(database)
    yield database
    db.close(database)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflow.races")
    parser.add_argument("what", nargs="?", choices=["work"])
    parser.add_argument("--due", type=int, default=1000)
    asked = parser.parse_args()
    if asked.what == "work":
        _work()
    else:
        _measure(asked.due)


if __name__ == "__main__":
    main()
