"""The loader's rows are those that commands and sweeps write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, func, select

from tests import office as small
from tests.bench import loader, town
from workflow import audit, db, ids, outbox
from workflow.db import rows as rows_

FILED_AT: Final = "2026-03-20 16:00"
NOW: Final = "2026-03-27 10:00"
LIVES: Final = {"filed": loader.FILED, "accepted": loader.ACCEPTED, "heard": loader.HEARD}
# What is drawn anew each time, and what hangs on it; and when the relay came by.
DRAWN: Final = frozenset(
    {"id", "case_id", "head", "prev_hash", "hash", "nonce", "sealed", "salt", "sent_at"}
)


def test_loaded_rows_are_those_that_commands_write(database: db.Database) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    commanded = [_by_commands(place, life) for life in LIVES.values()]
    place.district.at(NOW)
    counts = _counts(database)
    loaded = [_by_loader(place, life) for life in LIVES.values()]
    outbox.run(place.engine)
    assert _counts(database) == {key: 2 * n for key, n in counts.items()}
    for name, one, two in zip(LIVES, commanded, loaded, strict=True):
        for table in (rows_.CASE, *rows_.CHILDREN.values()):
            assert _rows(database, table, one) == _rows(database, table, two), (name, table.name)
    report = audit.verify(database, place.engine.seals)
    assert (report.cases, report.faults) == (2 * len(LIVES), ())


def test_case_numbers_are_all_different_and_check_out() -> None:
    found = {loader.number(n) for n in range(20_000)}
    assert len(found) == 20_000
    assert all(ids.read_number(number) == number for number in found)


def _by_commands(place: town.Town, life: loader.Life) -> UUID:
    """A life by commands; the acts of the first day follow each other at once."""
    grid = place.grids[0]
    for role, actor in grid.actors.items():
        assert actor.person_id is not None
        place.district.people[role] = actor.person_id
    filed = place.district.file(life[0].role, grid=grid.code)
    for step in life[1:]:
        place.district.do(filed, step.action, step.role, **loader.fields_of(step, grid))
    return filed.case_id


def _by_loader(place: town.Town, life: loader.Life) -> UUID:
    now, filed_at = small.local(NOW), small.local(FILED_AT) + timedelta(seconds=5)
    at_once = tuple(
        loader.Step(action=step.action, role=step.role, fields=step.fields) for step in life
    )
    (made,) = loader.load(place, at_once, count=1, filed_at=filed_at, now=now)
    return made


def _rows(database: db.Database, table: Table, case_id: UUID) -> list[dict[str, object]]:
    key = table.c.get("case_id", table.c.get("id"))
    assert key is not None
    with db.snapshot(database) as tx:
        number = tx.execute(select(rows_.CASE.c.number).where(rows_.CASE.c.id == case_id)).scalar()
        found = tx.execute(select(table).where(key == case_id).order_by(*table.primary_key))
        return [dict(_plain(row._mapping, str(number))) for row in found]


def _plain(row: Any, number: str) -> Iterator[tuple[str, object]]:
    """A row without what is drawn, its times to the minute."""
    for name, value in row.items():
        if name in DRAWN:
            continue
        if isinstance(value, datetime):
            yield name, value.replace(second=0, microsecond=0)
        elif name == "commitments":
            yield name, sorted(json.loads(value))
        elif name == "action_id" and ":" not in value:
            yield name, "a person's"
        elif isinstance(value, str):
            yield name, _timeless(value.replace(number, "NUMBER"))
        else:
            yield name, value


def _timeless(text: str) -> str:
    """How late a rung was recorded is a matter of the sweep."""
    if "lateness_s" not in text:
        return text
    payload = json.loads(text)
    assert 0 <= payload.pop("lateness_s") <= 60
    return json.dumps(payload)


def _counts(database: db.Database) -> dict[tuple[object, ...], int]:
    columns = [column for column in rows_.ROLL_UP.c if column.name != "n"]
    summed = select(*columns, func.sum(rows_.ROLL_UP.c.n)).group_by(*columns)
    with db.snapshot(database) as tx:
        return {tuple(row[:-1]): row[-1] for row in tx.execute(summed) if row[-1]}
