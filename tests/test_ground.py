"""The ground the other tests stand on: their server, their databases, their clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, update
from sqlmodel import SQLModel

from tests import conftest, office, postgres
from workflow import db


def test_server_is_set_to_an_odd_zone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("select current_setting('timezone')").fetchone()
    assert row == ("Pacific/Chatham",)


@pytest.mark.parametrize(
    ("done", "is_new"),
    [
        ("insert into area values ('42', '湖北省', 'province', 1, null, '42')", False),
        ("delete from auditor", False),
        ("alter table area add column colour text", True),
        ("alter table area alter column name drop not null", True),
        ("drop index case_next", True),
        ("delete from alembic_version", True),
        ("analyze area", True),
        ("create table ledger (id integer)", True),
    ],
)
def test_database_when_a_test_is_over_is_as_before(
    postgres_kept: postgres.Kept, done: str, is_new: bool
) -> None:
    def standing() -> list[object]:
        with psycopg.connect(postgres_kept.url()) as connection:
            asked = "select oid::text from pg_database where datname = current_database()"
            return [
                connection.execute(query).fetchall()
                for query in (asked, *(f"select * from {it}" for it in ("auditor", "area")))
            ]

    before = standing()
    connection = psycopg.connect(postgres_kept.url())
    connection.execute(done)
    connection.commit()
    connection.execute("select * from area for update")
    postgres_kept.clear()
    after = standing()
    assert after[1:] == before[1:]
    assert (after[0] != before[0]) is is_new
    connection.close()


def test_process_is_set_to_an_odd_zone() -> None:
    assert datetime(2026, 7, 1).astimezone().utcoffset() == timedelta(hours=-4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_server_goes_when_its_owner_dies(number: signal.Signals) -> None:
    if os.environ.get("GRIDCASE_TEST_DATABASE_URL"):
        pytest.skip("the server is not ours")
    script = "import time; from tests import postgres\n"
    script += "with postgres.server() as s: print(s.url, flush=True); time.sleep(60)"
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    with psycopg.connect(url) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    owner.send_signal(number)
    owner.communicate()
    assert _is_gone_within(Path(row[0]), seconds=60)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_database_is_a_copy(postgres_server: postgres.Server) -> None:
    first = postgres_server.create("gridcase_test_copied")
    with psycopg.connect(first) as connection:
        connection.execute("create table made (n int)")
    copy = postgres_server.create("gridcase_test_copy", template="gridcase_test_copied")
    with psycopg.connect(copy) as connection:
        assert connection.execute("select count(*) from made").fetchone() == (0,)
    postgres_server.drop("gridcase_test_copy")
    postgres_server.drop("gridcase_test_copied")


def _is_gone_within(folder: Path, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not folder.exists()


def test_district_when_copied_is_as_its_commands_made_it(tmp_path: Path) -> None:
    office._BUILT.pop(("2026-03-20 16:00", frozenset({"desk"})), None)
    made: list[dict[str, object]] = []
    for name in ("commands", "copied"):
        database = db.open(f"sqlite:///{tmp_path / name}")
        db.upgrade(database)
        district = office.build(database, accounts=["desk"])
        rows = office.rows(database)
        began = office.local("2026-03-20 16:00")
        assert began <= district.now() < began + timedelta(minutes=2)
        rows[office._HOUSE][0].pop("offset_s")
        assert district.actor("desk").posts, "who was given a post holds it already"
        with db.snapshot(database) as tx:
            tables = SQLModel.metadata.sorted_tables
            counts = [tx.execute(select(func.count()).select_from(it)).scalar() for it in tables]
        made.append({"rows": rows, "counts": counts, "ids": district.posts})
        db.close(database)
    assert made[0] == made[1]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_rows_to_copy_come_after_those_that_they_hang_on(database: db.Database) -> None:
    """The server keeps a row that was changed behind the others, so it gives it last."""
    office._BUILT.pop(("2026-03-20 16:00", frozenset()), None)
    office.build(database)
    (offices,) = (it for it in SQLModel.metadata.sorted_tables if it.name == "office")
    with db.transaction(database) as tx:
        tx.execute(update(offices).where(offices.c.superior_id.is_(None)).values(kind="x"))
        (first, *_) = tx.execute(select(offices)).all()
    assert first.superior_id is not None
    seen: set[object] = {None}
    for row in office.rows(database)[offices]:
        assert row["superior_id"] in seen
        seen.add(row["id"])


@pytest.mark.parametrize("hands", [1, 2, 3, 4])
def test_slow_tests_stand_at_the_head_of_every_process_and_files_stay_whole(hands: int) -> None:
    slow = [
        [f"{file}{n}" for n in range(size)] for file, size in zip("abcde", range(1, 6), strict=True)
    ]
    rest = [str(n) for n in range(100)]
    found = conftest.dealt(slow, rest, hands)
    assert sorted(found) == sorted([*chain(*slow), *rest])
    begin = 0
    for n in range(hands):  # as pytest-xdist parts them
        share = found[begin : (begin := begin + (len(found) - begin) // (hands - n))]
        own = [*chain(*slow[n::hands])]
        assert share[: len(own)] == own
        assert all(one.isdigit() for one in share[len(own) :])


def test_slow_tests_when_there_are_few_others_are_all_there() -> None:
    assert sorted(conftest.dealt([list("abc"), ["d"]], ["1"], 3)) == list("1abcd")


def test_suite_when_run_leaves_out_what_takes_long_and_the_long_part_has_it(
    request: pytest.FixtureRequest,
) -> None:
    """What is above the engine reaches PostgreSQL in the long part, but for the story."""
    is_long = request.config.getoption("long")
    for item in request.session.items:
        *folders, name = item.nodeid.partition("[")[0].split("/")
        variant = item.nodeid.partition("[")[2]
        if folders == ["tests", "api"] and variant.startswith("postgresql"):
            assert is_long or name.startswith("test_story_api.py::"), item.nodeid
        if "::test_dispute_when_walked_through_the_pages_is_closed_by_its_rating" in item.nodeid:
            assert is_long
