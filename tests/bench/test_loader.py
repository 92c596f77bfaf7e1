"""The loader's rows are those that commands and sweeps write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Table, func, inspect, select

from tests import office as small
from tests.bench import bulk, loader, town
from workflow import audit, db, ids, outbox
from workflow.db import rows as rows_
from workflow.tables.personal import PersonalRead

FILED_AT: Final = "2026-03-20 16:00"
NOW: Final = "2026-03-27 10:00"
LIVES: Final = {
    "filed": loader.FILED,
    "accepted": loader.ACCEPTED,
    "heard": loader.HEARD,
    "led": loader.LED,
    "withdrawn": loader.WITHDRAWN,
}
# What is drawn anew each time, and what hangs on it; and when the relay came by.
DRAWN: Final = frozenset(
    {"id", "case_id", "head", "prev_hash", "hash", "nonce", "sealed", "salt", "sent_at"}
)


@pytest.mark.long
def test_loaded_rows_are_those_that_commands_write(database: db.Database) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    commanded = [_by_commands(place, life) for life in LIVES.values()]
    place.district.at(NOW)
    loaded = [_by_loader(place, life) for life in LIVES.values()]
    outbox.run(place.engine)
    for name, one, made in zip(LIVES, commanded, loaded, strict=True):
        again = made[loader.MINUTES]  # the same life once more, under another id
        for table in (rows_.CASE, *rows_.CHILDREN.values()):
            expected = _rows(database, table, one)
            assert _rows(database, table, made[0]) == expected, (name, table.name)
            assert _rows(database, table, again) == expected, (name, table.name)
    assert _drawn_twice(database) == []
    assert _counts(database) == _counted_anew(database)
    report = audit.verify(database, place.engine.seals)
    assert (report.cases, report.faults) == (len(LIVES) * (loader.MINUTES + 2), ())


@pytest.mark.long
def test_a_large_load_leaves_tables_as_migrations_made_them(
    database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = town.build(small.build(database, start=FILED_AT), communities=1)
    before = _shape(database)
    filed_at = small.local(FILED_AT)
    loader.load(place, loader.FILED, count=5, filed_at=filed_at, now=filed_at)
    monkeypatch.setattr(loader, "LARGE", 100)
    made = loader.load(place, loader.FILED, count=203, filed_at=filed_at, now=filed_at)
    assert len(set(made)) == 203
    assert _shape(database) == before
    assert _counts(database) == _counted_anew(database)
    report = audit.verify(database, place.engine.seals)
    assert (report.cases, report.faults) == (208, ())


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


def _by_loader(place: town.Town, life: loader.Life) -> list[UUID]:
    """Enough cases that the last one lives the first one's life over again."""
    now, filed_at = small.local(NOW), small.local(FILED_AT) + timedelta(seconds=5)
    at_once = tuple(
        loader.Step(action=step.action, role=step.role, fields=step.fields) for step in life
    )
    return loader.load(place, at_once, count=loader.MINUTES + 1, filed_at=filed_at, now=now)


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


def _counted_anew(database: db.Database) -> dict[tuple[object, ...], int]:
    columns = [rows_.CASE.c[column.name] for column in rows_.ROLL_UP.c if column.name != "n"]
    with db.snapshot(database) as tx:
        found = tx.execute(select(*columns, func.count()).group_by(*columns))
        return {tuple(row[:-1]): row[-1] for row in found}


def _drawn_twice(database: db.Database) -> list[str]:
    """The columns in which two rows hold what each should have drawn for itself."""
    event, sealed = rows_.CHILDREN["events"].c, rows_.CHILDREN["sealed"].c
    found = []
    with db.snapshot(database) as tx:
        for column in (event.action_id, event.hash, sealed.salt, sealed.nonce):
            wanted = select(func.count() - func.count(column.distinct()))
            if column is event.action_id:
                wanted = wanted.where(event.actor_kind == "person")
            if tx.execute(wanted).scalar_one():
                found.append(str(column))
    return found


def _shape(database: db.Database) -> dict[str, object]:
    """The keys and indexes of the tables, as the database tells them."""
    seen = inspect(database.engine)
    asked = (
        lambda name: [seen.get_pk_constraint(name)],
        seen.get_unique_constraints,
        seen.get_foreign_keys,
        seen.get_indexes,
    )
    tables = (*bulk.TABLES, PersonalRead.__table__)  # type: ignore[attr-defined]
    return {table.name: [sorted(map(_told, ask(table.name))) for ask in asked] for table in tables}


def _told(found: Mapping[str, Any]) -> str:
    """A key or index in words; what a condition is equal to, only its text tells."""
    words = {name: str(text) for name, text in found.get("dialect_options", {}).items()}
    return json.dumps({**found, "dialect_options": words}, sort_keys=True)
