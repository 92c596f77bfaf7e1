"""The demo: history made by commands on both databases, reused, made anew, and left alone
where it is not a demo's.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import httpx
import pytest
from sqlalchemy import func, select, text, update

from api.demo import dataset, disputes, district, mix, names, petitions, places, seed
from rules import errors, load
from tests import office as small
from workflow import audit, db, ids, scheduler, settings
from workflow import engine as engine_
from workflow.commands import office, packs, people
from workflow.engine import Engine
from workflow.queries import installation
from workflow.queries import office as office_query
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import paper as paper_tables

CASE = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
DEADLINE = case_tables.Deadline.__table__.c  # type: ignore[attr-defined]
RUNG = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
COUNT = case_tables.RollUp.__table__.c  # type: ignore[attr-defined]
SERVICE = paper_tables.Service.__table__.c  # type: ignore[attr-defined]
HOUSE = office_tables.Installation.__table__  # type: ignore[attr-defined]
LOG = office_tables.OfficeLog.__table__.c  # type: ignore[attr-defined]

SMALL = seed.Shape(cases=25, days=30)
TINY = seed.Shape(cases=3, days=8)
LATE = timedelta(seconds=5)


def nothing_told(_done: int, _total: int) -> None:
    """No progress bar."""


@pytest.fixture
def chosen(empty_url: str, tmp_path: Path) -> settings.Settings:
    """Settings of a demo on a database without tables."""
    return settings.Settings(data_dir=tmp_path / "demo", database_url=empty_url)


@pytest.fixture
def engine(chosen: settings.Settings) -> Iterator[Engine]:
    """The engine of that database."""
    started = engine_.start(chosen)
    yield started
    engine_.stop(started)


def prepare(
    chosen: settings.Settings, *, shape: seed.Shape = TINY, reset: bool = False
) -> dataset.Prepared:
    """A start of the demo that ends at once."""
    with dataset.prepared(chosen, shape=shape, reset=reset, told=nothing_told) as found:
        return found


# -- the district and its names -------------------------------------------------------------------


def test_places_when_read_are_the_whole_district() -> None:
    areas = places.read()
    counts = {level: len(areas.at(level)) for level in ("street", "community", "grid")}
    assert counts == {"street": 10, "community": 121, "grid": 363}
    names_ = {area.code: area.name for area in areas.all}
    assert names_[places.STREET] == "花果街道"
    assert names_[places.GRID] == f"{names_[places.COMMUNITY]}第1网格"


def test_offices_of_the_district_are_those_the_pack_tells_of() -> None:
    rows = load.release(load.NATIONAL)[0].pack.offices
    areas = places.read()
    level = {area.code: area.level for area in areas.all}
    cast = district.Cast()
    offices = tuple(district._offices(areas, cast))
    kinds = {place: new.kind for place, new in zip(cast.offices, offices, strict=True)}
    posts = {
        (level[seat.place[1]], kinds[seat.place], seat.role) for seat in district._seats(areas)
    }
    assert posts == {(row.level, row.kind, role) for row in rows for role in row.posts}
    assert {(level[new.area_code], new.kind) for new in offices} == {
        (row.level, row.kind) for row in rows
    }


def test_names_when_given_out_are_never_the_same() -> None:
    staff, sides = list(names.staff()), list(names.sides())
    assert len({*staff, *sides}) == len(staff) + len(sides) >= 2000


# -- the history ----------------------------------------------------------------------------------


@pytest.mark.long
def test_plans_when_made_on_any_day_keep_supervisors_out_of_restricted_cases(
    engine: Engine,
) -> None:
    """A step by somebody who may not see the case would end the whole history."""
    db.upgrade(engine.database)
    office.install(engine.database, is_demo=True)
    packs.ship(engine.database)
    cast = district.build(engine, passwords=dataset.passwords(engine.seals.secret))
    house = office_query.house(engine.database)
    named = restricted = 0
    for day in range(0, 360, 9):
        end = datetime(2026, 1, 5, 21, 10, tzinfo=UTC) + timedelta(days=day)
        mixer = mix.Mixer(
            cast=cast,
            rules=house.rules.pack,
            calendar=house.calendar,
            dice=random.Random(day),
            begin=end - timedelta(days=92),
            end=end,
        )
        for plan in mixer.plans(100):
            actions = [step.action for step in plan.steps]
            is_restricted = plan.steps[0].fields.get("confidentiality") == "restricted"
            named += "name_leader" in actions
            restricted += is_restricted
            assert not (is_restricted and "name_leader" in actions), f"{end}: {actions}"
    assert named
    assert restricted


@pytest.mark.long
def test_every_path_when_played_fits_the_rules(tmp_path: Path) -> None:
    """A path that chance takes on one day in ten would fail on the eleventh."""
    engine = engine_.start(
        settings.Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/all.db")
    )
    db.upgrade(engine.database)
    office.install(engine.database, is_demo=True)
    packs.ship(engine.database)
    cast = district.build(engine, passwords=dataset.passwords(engine.seals.secret))
    house = office_query.house(engine.database)
    end = house.now + timedelta(days=200)
    mixer = mix.Mixer(
        cast=cast,
        rules=house.rules.pack,
        calendar=house.calendar,
        dice=random.Random(1),
        begin=house.now,
        end=end,
    )
    at_first = (200, 200)
    plans = [
        *(mixer._dispute(path, days=at_first) for path in get_args(disputes.Path)),
        *(mixer._petition(path, days=at_first) for path in get_args(petitions.Path)),
    ]
    sides, phones = names.sides(), names.phones()
    for plan in plans:
        plan.call(sides, phones)
    run = seed._Run(
        engine=engine,
        actors=seed._actors(engine, plans),
        case_ids=[ids.uuid7() for _ in plans],
    )
    total = seed._play(run, plans, told=nothing_told)
    assert total.failed == 0
    with db.snapshot(engine.database) as tx:
        served = tx.execute(select(SERVICE.case_id).distinct()).all()
    assert len(served) > len(plans) / 2
    engine_.stop(engine)


@pytest.mark.slow
def test_history_when_made_holds_every_invariant(chosen: settings.Settings, engine: Engine) -> None:
    report = prepare(chosen, shape=SMALL).report
    assert report is not None
    assert report.cases >= SMALL.cases
    assert (report.sweep.failed, audit.verify(engine.database, engine.seals).faults) == (0, ())
    _check_marks(engine)
    _check_deadlines(engine)
    _check_ladder(engine)
    _check_counts(engine)

    moved = scheduler.advance(engine, by=timedelta(days=10))
    assert moved.fired > 0
    assert moved.failed == 0
    assert audit.verify(engine.database, engine.seals).faults == ()
    _check_deadlines(engine)
    _check_ladder(engine)
    _check_counts(engine)


def _check_marks(engine: Engine) -> None:
    mark = installation.installed(engine.database)
    assert mark is not None
    assert mark.is_demo
    assert mark.offset_s == 0
    assert mark.seeded_at is not None
    with db.snapshot(engine.database) as tx:
        rows = tx.execute(select(LOG.name)).scalars().all()
        numbers = tx.execute(select(CASE.number)).scalars().all()
        latest = tx.execute(select(func.max(CASE.updated_at))).scalar_one()
        now = db.now(tx)
    assert [name for name in rows if name.startswith(("demo", "clock"))] == ["demo_seeded"]
    assert len(set(numbers)) == len(numbers) == mark.cases
    assert latest <= now


def _check_deadlines(engine: Engine) -> None:
    """I9: a closed case has no open deadline, an open one has one."""
    opened = (
        select(func.count())
        .where(DEADLINE.case_id == CASE.id, DEADLINE.ended_at.is_(None))
        .scalar_subquery()
    )
    with db.snapshot(engine.database) as tx:
        for row in tx.execute(select(CASE.number, CASE.is_closed, opened.label("n"))):
            assert (row.n == 0) == row.is_closed, row.number


def _check_ladder(engine: Engine) -> None:
    """I3: never early; and here, where time walks, never late either."""
    with db.snapshot(engine.database) as tx:
        rows = tx.execute(select(RUNG.planned_at, RUNG.fired_at)).all()
    assert rows
    late = [row.fired_at - row.planned_at for row in rows]
    assert min(late) >= timedelta()
    assert max(late) < LATE


def _check_counts(engine: Engine) -> None:
    """The roll-up is the count of the cases."""
    key = ("lead_office_id", "origin_grid", "process", "state", "light", "confidentiality")
    columns = [CASE[name] for name in key]
    with db.snapshot(engine.database) as tx:
        counted = set(tx.execute(select(*columns, func.count()).group_by(*columns)).all())
        kept = tx.execute(select(*(COUNT[name] for name in key), COUNT.n).where(COUNT.n != 0))
        assert {tuple(row) for row in counted} == {tuple(row) for row in kept}


# -- made, reused, made anew ----------------------------------------------------------------------


@pytest.mark.long
def test_data_when_it_is_there_is_reused_and_made_anew_on_reset(
    chosen: settings.Settings, engine: Engine
) -> None:
    first = prepare(chosen)
    numbers = _numbers(engine)
    again = prepare(chosen)
    assert (again.report, again.passwords) == (None, first.passwords)
    assert _numbers(engine) == numbers
    assert dataset.state(engine.database) == "whole"

    anew = prepare(chosen, reset=True)
    assert anew.report is not None
    assert _numbers(engine).isdisjoint(numbers)


@pytest.mark.long
def test_data_when_its_making_was_broken_off_is_made_anew(
    chosen: settings.Settings, engine: Engine
) -> None:
    class Killed(Exception):
        pass

    def kill(done: int, _total: int) -> None:
        if done == 4:
            raise Killed

    with (
        pytest.raises(Killed),
        dataset.prepared(chosen, shape=TINY, reset=False, told=kill),
    ):
        pass
    assert dataset.state(engine.database) == "half"
    numbers = _numbers(engine)
    assert numbers
    assert prepare(chosen).report is not None
    assert dataset.state(engine.database) == "whole"
    assert _numbers(engine).isdisjoint(numbers)


def _numbers(engine: Engine) -> set[str]:
    with db.snapshot(engine.database) as tx:
        return set(tx.execute(select(CASE.number)).scalars())


def test_data_when_it_is_an_installation_is_left_alone(
    chosen: settings.Settings, engine: Engine
) -> None:
    db.upgrade(engine.database)
    office.install(engine.database, is_demo=False)
    for reset in (False, True):
        with pytest.raises(errors.NotPermitted, match=r"demo\.not_demo"):
            prepare(chosen, reset=reset)
    assert installation.installed(engine.database) is not None


def test_data_when_the_tables_are_somebody_elses_is_left_alone(
    chosen: settings.Settings, engine: Engine
) -> None:
    with db.transaction(engine.database) as tx:
        tx.execute(text("create table ledger (id integer)"))
    with pytest.raises(errors.NotPermitted, match=r"demo\.not_empty"):
        prepare(chosen, reset=True)
    assert db.tables(engine.database) == (frozenset(), frozenset({"ledger"}))


def test_data_when_in_use_is_not_made_anew(tmp_path: Path) -> None:
    chosen = settings.Settings(data_dir=tmp_path)
    database = db.open(chosen.url)
    db.upgrade(database)
    small.build(database)
    with db.transaction(database) as tx:
        tx.execute(update(HOUSE).values(seeded_at=db.now(tx)))
    db.close(database)
    with dataset.prepared(chosen, shape=TINY, reset=False, told=nothing_told):
        assert prepare(chosen).report is None, "two demos may share what is there"
        with pytest.raises(errors.Busy, match=r"demo\.in_use"):
            prepare(chosen, reset=True)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_accounts_when_printed_open_the_door(chosen: settings.Settings, engine: Engine) -> None:
    passwords = prepare(chosen).passwords
    found = installation.usernames(engine.database)
    assert set(found) == set(passwords) == {account.username for account in district.ACCOUNTS}
    actors = installation.actors(engine.database, list(found.values()))
    for account in district.ACCOUNTS:
        assert account.role in actors[found[account.username]].roles
    token = people.log_in(
        engine.database,
        "officer",
        passwords["officer"],
        kind="browser",
        max_days=1,
    )
    actor = people.session_actor(engine.database, token, idle_min=30)
    assert actor is not None
    assert [post.scope for post in actor.posts] == [places.GRID]


# -- a real process -------------------------------------------------------------------------------

PROGRAM = """
import pathlib, sys
from api import texts
from api.cli import running
from api.demo import seed
from workflow import settings
running.run_demo(
    settings.Settings(data_dir=pathlib.Path(sys.argv[1])),
    shape=seed.Shape(cases=3, days=8), reset=False, host="127.0.0.1", port=0,
    words=texts.Words(language="en"), browse=None,
)
"""


@pytest.mark.long
def test_demo_when_started_answers_and_ends_on_a_signal(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "data")],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            url = _address(tmp_path / "out", process)
            assert httpx.get(f"{url}/livez", timeout=60).status_code == 200
            page = httpx.get(f"{url}/login", timeout=60)
            assert page.status_code == 200
            assert "password" in page.text
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
    told = (tmp_path / "out").read_text("utf-8")
    assert code == 0, told
    assert all(account.username in told for account in district.ACCOUNTS)


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    """The address, once it is printed."""
    for _ in range(1200):
        for word in file.read_text("utf-8").split():
            if word.startswith("http://"):
                return word
        assert process.poll() is None, file.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(file.read_text("utf-8"))


@pytest.mark.long
@pytest.mark.parametrize("name", ["cn-chongqing", "cn-dongzhi", "cn-gaotai", "cn-hotline"])
def test_history_under_a_local_pack_is_made_by_its_rules(
    chosen: settings.Settings, engine: Engine, name: str
) -> None:
    """Where its rules go another way the ladder goes on with the case."""
    shape = seed.Shape(cases=6, days=8, pack=name)
    report = prepare(chosen, shape=shape).report
    assert report is not None
    assert report.sweep.failed == 0
    assert report.left < report.cases
    house = office_query.house(engine.database)
    assert house.rules.pack.name == name
    assert audit.verify(engine.database, engine.seals).faults == ()
    with db.snapshot(engine.database) as tx:
        under = set(tx.execute(select(CASE.pack_hash)).scalars())
    assert under == {house.rules.hash}
    with pytest.raises(errors.NotNow) as caught:
        prepare(chosen, shape=seed.Shape(cases=6, days=8, pack=_other(name)))
    assert caught.value.code == "demo.other_pack"


def _other(name: str) -> str:
    return "cn-gaotai" if name != "cn-gaotai" else "cn-dongzhi"
