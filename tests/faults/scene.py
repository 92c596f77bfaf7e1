"""Where faults happen: an office with cases, its office time, and workers that sweep it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select, union_all

from rules import errors
from tests import office as small
from tests import postgres
from tests.bench import loader, town
from tests.bench.measure import Dialect
from tests.faults import judge
from tests.faults.server import Stoppable
from tests.faults.workers import Worker, Workers
from workflow import db
from workflow.commands import office
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

SURVIVES: Final = {
    name: value
    for name, value in postgres.FAST.items()
    if name not in ("synchronous_commit", "full_page_writes", "autovacuum")
}
"""A server whose processes may be killed at any moment: what was committed has been given to the
operating system. Only the machine itself must not lose its power."""

OTHER: Final = "GRIDCASE_TEST_DATABASE_URL"
"""Names a server that is not ours."""
START: Final = "2026-03-20 16:00"
MORNINGS: Final = (
    "2026-03-25 10:00",
    "2026-03-26 10:00",
    "2026-03-27 10:00",
    "2026-03-31 10:00",
    "2026-04-02 10:00",
    "2026-04-08 10:00",
    "2026-04-13 10:00",
    "2026-04-20 10:00",
)
"""Moments at which something is due of what was filed before START."""
COMMUNITIES: Final = 4
TICK_S: Final = "0.2"
LIVES: Final = (loader.FILED, loader.ACCEPTED, loader.MEDIATED)
FILED: Final = "2026-03-20 10:00"
"""Hours before START, so that all acts of a life are over then."""
PATIENCE_S: Final = 60.0

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__.c  # type: ignore[attr-defined]
_WORKER: Final = office_tables.Worker.__table__.c  # type: ignore[attr-defined]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a kind does: so many offices one after the other, each with so many `cases`;
    `mornings` on which they are due, `hits` on each; `gone_s` how long a database is away,
    `patience_s` how long the workers may take for what is due."""

    offices: int
    cases: int
    mornings: int
    hits: int
    gone_s: float
    patience_s: float
    is_long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all scenes of a run share: an empty database to copy, and where workers come from."""

    folder: Path
    nursery: Popen[str]
    template: str
    server: postgres.Server | None
    stoppable: Stoppable | None


@dataclass(slots=True)
class Scene:
    """One office. `faults` are the spans of office time in which something was wrong; `seen` is
    what the kind itself saw go wrong, `found` what must not be and has no count of its own."""

    dialect: Dialect
    place: town.Town
    workers: Workers
    size: Size
    server: Stoppable | None
    """Where it is PostgreSQL, and our own."""
    runs: int = 0
    kills: int = 0
    swept_at: datetime | None = None
    faults: list[tuple[datetime, datetime]] = field(default_factory=list)
    seen: judge.Verdict = field(default_factory=judge.Verdict)
    found: list[str] = field(default_factory=list)

    @property
    def database(self) -> db.Database:
        """The office's database, as this process has it open."""
        return self.place.engine.database

    def now(self) -> datetime:
        """Office time, by this machine's clock where the database has none."""
        return self.read(db.now)

    def read(self, ask: Callable[[db.Tx], _Answer]) -> _Answer:
        """An answer from the database, which may have been away."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with db.snapshot(self.database) as tx:
                    return ask(tx)
            except errors.Busy:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def scalar(self, statement: Any) -> Any:
        """The one value of a statement."""
        return self.read(lambda tx: tx.execute(statement).scalar_one())

    # --- cases and time

    def fill(
        self,
        *,
        lives: Sequence[loader.Life] = LIVES,
        filed: str = FILED,
        count: int | None = None,
    ) -> list[UUID]:
        """Adds cases that were filed within an hour from a local moment on, and wait; as many as
        the size says, where `count` does not."""
        now, made = self.now(), list[UUID]()
        for n, life in enumerate(lives):
            share = len(range(n, count or self.size.cases, len(lives)))
            made += loader.load(self.place, life, count=share, filed_at=small.local(filed), now=now)
        return made

    def mornings(self, *, until_hit: bool = False) -> Iterator[None]:
        """The moments of this size, each as a fault whose end the workers then recover from;
        `until_hit` as many more as it takes to hit anything."""
        for n, morning in enumerate(MORNINGS):
            if n >= self.size.mornings and (self.kills or not until_hit):
                return
            with self.fault():
                self.jump(morning)
                yield
            self.settle()

    def jump(self, to: str) -> None:
        """Office time moves at once to a local moment; what lies between is overdue then."""
        with db.transaction(self.database) as tx:
            away = small.local(to) - db.now(tx)
            office.advance(tx, seconds=int(away.total_seconds()))

    @contextmanager
    def fault(self) -> Iterator[None]:
        """Something is wrong inside; lateness counts from its end."""
        begun = self.now()
        yield
        self.faults.append((begun, self.now()))
        self.runs += 1

    # --- workers

    def start(
        self, count: int = 1, *, off: timedelta = timedelta(), is_misled: bool = False
    ) -> list[Worker]:
        """So many workers, each of which has begun to sweep."""
        made = [self.workers.start(off=off, is_misled=is_misled) for _ in range(count)]
        self.await_ticks(made)
        return made

    def await_ticks(self, made: Sequence[Worker]) -> None:
        """Until each of these workers has swept once."""
        pids = [worker.pid for worker in made]
        ticked = select(func.count()).where(_WORKER.pid.in_(pids), _WORKER.tick_at.is_not(None))
        self.wait("a worker did not begin", lambda: self.scalar(ticked) == len(pids))

    def wait(self, else_: str, is_so: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
        """Until something is so; else that is found wrong."""
        until = time.monotonic() + within_s
        while not is_so():
            if time.monotonic() > until:
                self.found.append(f"{else_} within {within_s:.0f} s")
                return
            time.sleep(0.03)

    def is_due(self, at: datetime) -> int:
        """How many cases and notices have waited since a moment or longer."""
        due = union_all(
            select(_CASE.id).where(_CASE.next_at <= at),
            select(_NOTICE.case_id).where(_NOTICE.state == "queued", _NOTICE.next_try_at <= at),
        )
        found: int = self.scalar(select(func.count()).select_from(due.subquery()))
        return found

    def settle(self) -> None:
        """Waits until the workers have done all that is due at this moment."""
        at = self.swept_at = self.now()
        self.wait("not all was swept", lambda: not self.is_due(at), within_s=self.size.patience_s)

    def verdict(self, *, sample: int) -> judge.Verdict:
        """What became of all that was due when the workers last had the time to do it. They are
        ended for it."""
        self.workers.kill_all()
        assert self.swept_at is not None
        return self.seen + judge.judge(
            self.place.district, at=self.swept_at, faults=self.faults, sample=sample
        )


@contextmanager
def stage(dialect: Dialect, nursery: Popen[str]) -> Iterator[Stage]:
    """An empty database to copy, and on PostgreSQL the server it is on."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridcase-faults-")))
        server = stoppable = None
        if dialect == "postgresql":
            server = stack.enter_context(postgres.server(SURVIVES))
            if OTHER not in os.environ:
                stoppable = stack.enter_context(closing(Stoppable(server)))
            template = f"gridcase_faults_{os.getpid()}"
            url = server.create(template)
            stack.callback(server.drop, template)
        else:
            template = str(folder / "template.db")
            url = f"sqlite:///{template}"
        with _opened(url) as database:
            db.upgrade(database)
        yield Stage(
            folder=folder, nursery=nursery, template=template, server=server, stoppable=stoppable
        )


@contextmanager
def opened(on: Stage, *, name: str, size: Size, start: str = START) -> Iterator[Scene]:
    """An office of its own on a copy of the stage's database; its workers end with the block."""
    folder = on.folder / name
    folder.mkdir()
    with _copy(on, folder) as url, _opened(url) as database:
        place = town.build(small.build(database, start=start), communities=COMMUNITIES)
        settings = {
            "GRIDCASE_DATABASE_URL": url,
            "GRIDCASE_SECRET_KEY": place.engine.seals.secret.hex(),
            "GRIDCASE_DATA_DIR": str(folder),
            "GRIDCASE_TICK_S": TICK_S,
        }
        found = Workers(on.nursery, folder, settings)
        try:
            yield Scene(
                dialect="postgresql" if database.is_postgres else "sqlite",
                place=place,
                workers=found,
                size=size,
                server=on.stoppable,
            )
        finally:
            found.kill_all()


@contextmanager
def _copy(on: Stage, folder: Path) -> Iterator[str]:
    if on.server is None:
        path = folder / "gridcase.db"
        shutil.copyfile(on.template, path)
        yield f"sqlite:///{path}"
        return
    name = f"{on.template}_{folder.name}"
    yield on.server.create(name, template=on.template)
    on.server.drop(name)


@contextmanager
def _opened(url: str) -> Iterator[db.Database]:
    database = db.open(url)
    try:
        yield database
    finally:
        db.close(database)
