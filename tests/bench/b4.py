"""B4: the sweep: so many cases due of those that are open.

Three programs fire the first rung of each due case and write the same tables: the engine; a bare
program that claims, hashes and writes set by set, knowing nothing of packs; and SQL alone, one
statement a batch on PostgreSQL, which makes no chain. After each run the rows are put back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from tests import office as small
from tests.bench import bare, bulk, loader, measure, sweeps, town
from workflow import db, sweep
from workflow.db import rows as rows_
from workflow.db import sqlite

DUE: Final = 2_000
TIMES_OPEN: Final = 10
"""Open cases for each due one; from a million on, a hundred."""
MILLION: Final = 10_000
DUE_FILED_AT: Final = "2026-03-20 16:00"
FILED_AT: Final = "2026-03-24 10:00"
NOW: Final = "2026-03-25 09:01"
FLAT_AT: Final = (10_000, 100_000)
"""Open cases at which an empty tick is measured before all are there."""
EMPTY_TICKS: Final = 25
SAVED: Final = ("case_file", "deadline")
CHILDREN: Final = ("event", "escalation", "notice")


def run(
    dialect: measure.Dialect, *, rounds: int, size: int | None, say: Callable[[str], None]
) -> list[measure.Figure]:
    """`size` cases are due of ten times as many, of a million from ten thousand on."""
    due = size or DUE
    open_cases = due * (100 if due >= MILLION else TIMES_OPEN)
    with town.opened(dialect, start=NOW) as place:
        empty = _empty_ticks(place, open_cases - due, rounds=rounds, say=say)
        loader.load(
            place,
            loader.FILED,
            count=due,
            filed_at=small.local(DUE_FILED_AT),
            now=small.local(DUE_FILED_AT) + timedelta(hours=1),
        )
        swept = _swept(place, dialect, due=due, open_cases=open_cases, rounds=rounds)
    (few, first), *_ = empty.items()
    for n, ticks in empty.items():
        swept.append(
            measure.compared(
                f"B4 empty tick of {n:,}, to {few:,} open",
                floor=first,
                ours=ticks,
                unit="ms (lower)",
                database=dialect,
            )
        )
    return swept


def _empty_ticks(
    place: town.Town, most: int, *, rounds: int, say: Callable[[str], None]
) -> dict[int, list[float]]:
    """Milliseconds of a tick that finds nothing, among more and more open cases."""
    found: dict[int, list[float]] = {}
    there = 0
    for n in sorted({n for n in FLAT_AT if n < most} | {most}):
        life = loader.MEDIATED if not there else loader.FILED
        _fill(place, n - there, life=life, say=say)
        found[n], there = _empty(place, rounds=rounds), n
    return found


def _fill(place: town.Town, count: int, *, life: loader.Life, say: Callable[[str], None]) -> None:
    """Cases for which nothing is due yet."""
    filed = small.local(FILED_AT)
    with measure.told(f"{count:,} cases loaded", say=say):
        loader.load(place, life, count=count, filed_at=filed, now=filed)
    bulk.settle(place.engine.database)


def _empty(place: town.Town, *, rounds: int) -> list[float]:
    """Milliseconds of a tick that finds nothing."""
    sweep.run(place.engine)
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(EMPTY_TICKS):
            assert sweep.run(place.engine).cases == 0
        found.append((time.perf_counter() - begun) / EMPTY_TICKS * 1000)
    return found


def _swept(
    place: town.Town, dialect: measure.Dialect, *, due: int, open_cases: int, rounds: int
) -> list[measure.Figure]:
    kept = Kept(place)
    kept.save()
    batch = sweep.BATCH if dialect == "postgresql" else sweep.SQLITE_BATCH
    connections = bare.Connections(place.engine.database.url)
    floor = sweeps.Floor(connections, place, at=place.district.now(), batch=batch)

    def program(work: Callable[[], int]) -> measure.Program:
        def once(_: int) -> float:
            begun = time.perf_counter()
            fired = work()
            took = time.perf_counter() - begun
            assert fired == due, f"{fired} fired of {due}"
            kept.restore()
            bulk.settle(place.engine.database)
            return due / took

        return once

    floors = {"the same set by set": floor.set_based, "SQL alone": floor.sql}
    ours = {"sweep": lambda: sweep.run(place.engine).fired}
    if dialect == "sqlite":
        ours["sweep without rests"] = lambda: _restless(place)
    works = {name: program(work) for name, work in {**floors, **ours}.items()}
    found = measure.interleaved(works, rounds=rounds)
    connections.close()
    return [
        measure.compared(
            f"B4 {name}, {due:,} due of {open_cases:,}, to {bare_name}",
            floor=found[bare_name],
            ours=found[name],
            unit="cases/s",
            database=dialect,
        )
        for name in ours
        for bare_name in floors
    ]


def _restless(place: town.Town) -> int:
    """The sweep on SQLite as it were if nobody else wrote: no batch gives way."""
    rest_s, sqlite.REST_S = sqlite.REST_S, 0.0  # type: ignore[misc]
    try:
        return sweep.run(place.engine).fired
    finally:
        sqlite.REST_S = rest_s  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Kept:
    """The due cases as they were, in tables beside."""

    place: town.Town

    def save(self) -> None:
        """Copies what a sweep changes."""
        due = "select id from case_file where next_at <= :now"
        with db.transaction(self.place.engine.database) as tx:
            bound = {"now": _moment(self.place)}
            tx.execute(text(f"create table kept_case_file as {due.replace('id', '*', 1)}"), bound)
            tx.execute(
                text(
                    f"create table kept_deadline as select * from deadline where case_id in ({due})"
                ),
                bound,
            )
            tx.execute(text("create table kept_roll_up as select * from roll_up"))
            tx.execute(text("create unique index kept_case_id on kept_case_file (id)"))
        bulk.settle(self.place.engine.database)

    def restore(self) -> None:
        """Puts it back."""
        names = ", ".join(column.name for column in rows_.CASE.columns if column.name != "id")
        ids = "(select id from kept_case_file)"
        with db.transaction(self.place.engine.database) as tx:
            for table in CHILDREN:
                later = "" if table == "escalation" else " and seq > 1"
                tx.execute(text(f"delete from {table} where case_id in {ids}{later}"))
            tx.execute(
                text(
                    f"update case_file set ({names}) = (select {names} from kept_case_file k "
                    f"where k.id = case_file.id) where id in {ids}"
                )
            )
            tx.execute(text(f"delete from deadline where case_id in {ids}"))
            tx.execute(text("insert into deadline select * from kept_deadline"))
            tx.execute(text("delete from roll_up"))
            tx.execute(text("insert into roll_up select * from kept_roll_up"))


def _moment(place: town.Town) -> object:
    now = place.district.now()
    return now if place.engine.database.is_postgres else now.strftime(bare.MOMENT)
