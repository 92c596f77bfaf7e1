"""Packs of the installation: an unsound one starts no case, by whatever way it came (I10)."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from rules import errors, load
from tests import office
from workflow import audit, db, read
from workflow.commands import office as house
from workflow.commands import packs
from workflow.queries import installation
from workflow.tables import office as tables

HOUSE = tables.Installation.__table__  # type: ignore[attr-defined]
PACK = tables.Pack.__table__  # type: ignore[attr-defined]
CALENDAR = tables.Calendar.__table__  # type: ignore[attr-defined]


def broken() -> load.Loaded:
    """The shipped pack without the way out of one state: every name exists, it is a trap."""
    document = json.loads(load.release(load.NATIONAL)[0].document)
    document["pack"]["version"] = "9.9"
    document["processes"]["dispute"]["actions"]["rate"]["to"] = "awaiting_rating"
    document["processes"]["dispute"]["actions"]["close_unrated"]["to"] = "awaiting_rating"
    document["processes"]["dispute"]["actions"]["reopen"]["from"] = ["to_visit", "closed"]
    document["processes"]["dispute"]["actions"]["take_visit"]["from"] = ["to_visit"]
    return load.from_document(audit.canonical(document))


def standing(database: db.Database) -> tuple[Any, ...]:
    """What is active, and what is stored."""
    with db.snapshot(database) as tx:
        house = tx.execute(select(HOUSE.c.pack_hash, HOUSE.c.calendar_hash)).one()
        stored = tx.execute(select(PACK.c.hash).order_by(PACK.c.hash)).scalars().all()
    return (*house, *stored)


def refused(error: errors.PackInvalid) -> set[str]:
    return {fault.code for fault in error.pack_faults}


def test_I10_pack_when_unsound_is_not_added(district: office.District) -> None:
    database, loaded = district.engine.database, broken()
    before, text = standing(database), load.calendar_document(load.shipped())
    with db.snapshot(database) as tx:
        calendar = read.house(tx).calendar
    with pytest.raises(errors.PackInvalid) as caught, db.transaction(database) as tx:
        packs.add(tx, loaded, calendar, document=text)
    assert "check.dead_end" in refused(caught.value)
    assert standing(database) == before


def test_I10_pack_when_unsound_and_stored_by_another_hand_is_not_activated(
    district: office.District,
) -> None:
    database, loaded = district.engine.database, broken()
    case = district.file("officer")
    with db.transaction(database) as tx:
        row = {"hash": loaded.hash, "name": loaded.pack.name, "version": loaded.pack.version}
        tx.execute(insert(PACK), row | {"document": loaded.document, "added_at": db.now(tx)})
    before, row_before = standing(database), district.case(case)
    with pytest.raises(errors.PackInvalid) as caught:
        packs.switch(database, loaded.hash)
    assert "check.dead_end" in refused(caught.value)
    with pytest.raises(errors.PackInvalid), db.transaction(database) as tx:
        packs.activate(tx, loaded.hash)
    assert standing(database) == before
    assert district.case(case) == row_before
    assert district.do(case, "accept", "desk").version == row_before.version + 1


def test_I10_pack_when_this_release_cannot_read_it_is_not_activated(
    district: office.District,
) -> None:
    database = district.engine.database
    with db.transaction(database) as tx:
        row = {"hash": "0" * 64, "name": "later", "version": "1", "document": '{"pack":{}}'}
        tx.execute(insert(PACK), row | {"added_at": db.now(tx)})
    before = standing(database)
    with pytest.raises(errors.PackInvalid):
        packs.switch(database, "0" * 64)
    assert standing(database) == before


@pytest.fixture
def unsound_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose pack asks a ladder to do what there is not."""
    path = tmp_path / "pack"
    with resources.as_file(resources.files("rules") / "packs" / "cn-national") as source:
        shutil.copytree(source, path)
    ladders = path / "ladders.yaml"
    ladders.write_text(ladders.read_text("utf-8").replace("tell: leader", "tell: chief"), "utf-8")
    monkeypatch.setattr(load, "release", lambda _name: load.with_calendar(path))


def test_I10_start_when_the_pack_it_brings_is_unsound_leaves_an_empty_database_empty(
    database: db.Database, unsound_release: None
) -> None:
    house.install(database, is_demo=False)
    with pytest.raises(errors.PackInvalid) as caught:
        packs.ship(database)
    (fault, *_) = caught.value.pack_faults
    assert (fault.file, fault.code) == ("ladders.yaml", "check.unknown_role")
    assert fault.line > 0
    assert standing(database) == (None, None)
    with db.snapshot(database) as tx:
        assert tx.execute(select(CALENDAR.c.hash)).all() == []
    assert installation.installed(database) is not None


def test_I10_start_when_the_pack_it_brings_is_unsound_leaves_the_active_one(
    district: office.District, unsound_release: None
) -> None:
    before = standing(district.engine.database)
    with pytest.raises(errors.PackInvalid):
        packs.ship(district.engine.database)
    assert standing(district.engine.database) == before
