"""How many statements it takes to set up and keep an office: a bound each, on both databases.

`pytest tests/workflow/test_statements_office.py -s` prints the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from tests import conftest, office
from tests.peers import stage
from tests.workflow import test_calendars, test_transfer
from tests.workflow.counts import Counts, forget
from workflow import db, ids
from workflow.commands import absences, calendars, demo, packs, people, transfer, workers
from workflow.commands import office as commands
from workflow.queries import installation
from workflow.queries import office as office_query

# What is sent today, name: (SQLite, PostgreSQL). A change that needs more says so here.
SET_UP: Final = {
    "office.install": (5, 5),
    "office.install, there is one": (1, 1),
    "packs.ship, the first": (19, 19),
    "packs.ship, there already": (4, 4),
    "office.add_areas, 2 of them": (6, 6),
    "office.add_offices, 2 of them": (7, 7),
    "people.add_people, 2 of them": (5, 5),
    "office.add_posts, 2 of them": (8, 8),
    "office.add_areas, 10 of them": (6, 6),
    "office.add_offices, 10 of them": (7, 7),
    "people.add_people, 10 of them": (5, 5),
    "office.add_posts, 10 of them": (8, 8),
    "packs.switch, to another": (8, 8),
    "packs.switch, to the same": (1, 1),
    "demo.complete": (7, 7),
}
STUCK: Final = {
    "office.appoint, 2 stuck": (8, 8),
    "office.add_posts, 2 stuck": (9, 9),
    "absences.end, 2 stuck": (11, 11),
    "office.appoint, 10 stuck": (8, 8),
    "office.add_posts, 10 stuck": (9, 9),
    "absences.end, 10 stuck": (11, 11),
}
ABSENCES: Final = {
    "absences.enter, one's own": (7, 7),
    "absences.enter, one's own, sent again": (3, 3),
    "absences.end, one's own, called off": (7, 7),
    "absences.enter, for all": (8, 8),
    "absences.enter, for all, sent again": (4, 4),
    "absences.end, for all, called off": (8, 8),
    "absences.enter, another's": (8, 8),
    "absences.enter, overlapping": (4, 4),
    "absences.end, not theirs": (3, 3),
    "absences.end, another's, back today": (10, 10),
}
CALENDARS: Final = {
    "calendars.read_file, 2 cases": (1, 1),
    "calendars.preview, 2 cases": (10, 11),
    "calendars.apply, 2 cases": (44, 32),
    "calendars.apply, 2 cases, given again": (17, 13),
    "calendars.apply, 2 cases, which stay": (7, 7),
    "calendars.read_file, 10 cases": (1, 1),
    "calendars.preview, 10 cases": (10, 11),
    "calendars.apply, 10 cases": (44, 32),
    "calendars.apply, 10 cases, given again": (17, 13),
    "calendars.apply, 10 cases, which stay": (7, 7),
}
TRANSFERS: Final = {
    "transfer.read_file, 2 cases": (5, 5),
    "transfer.apply, 2 cases": (13, 5),
    "transfer.read_file, 2 cases, given again": (3, 3),
    "transfer.apply, 2 cases, given again": (0, 0),
    "transfer.read_file, 10 cases": (5, 5),
    "transfer.apply, 10 cases": (13, 5),
    "transfer.read_file, 10 cases, given again": (3, 3),
    "transfer.apply, 10 cases, given again": (0, 0),
}
WORKERS: Final = {
    "workers.enrol": (3, 3),
    "workers.beat": (1, 1),
    "workers.beat, forgotten": (4, 4),
    "workers.ticked": (1, 1),
    "workers.stop": (1, 1),
}
OFFICE: Final = SET_UP | STUCK | ABSENCES | CALENDARS | TRANSFERS | WORKERS
FEW, MANY = 2, 10


def test_setting_up(database: db.Database, statements: conftest.Statements) -> None:
    """Ten of each are added with as many statements as two."""
    counts = Counts(database, statements)
    install = partial(commands.install, database, is_demo=True, offset_s=-60)
    counts.of("", install)
    counts.of("there is one", install)
    forget()
    counts.of("the first", partial(packs.ship, database))
    counts.of("there already", partial(packs.ship, database))
    commands.add_areas(database, [_area("root", parent=None)])
    for rows in (FEW, MANY):
        _added(counts, rows)
    counts.grow_not(f"{FEW} of them", f"{MANY} of them")
    _switched(counts)
    counts.of("", partial(demo.complete, database, {"cases": 0}))
    counts.hold(SET_UP)


def _added(counts: Counts, rows: int) -> None:
    case, database = f"{rows} of them", counts.database
    areas = [_area(f"{rows}.{n}", parent="root") for n in range(rows)]
    counts.of(case, partial(commands.add_areas, database, areas))
    offices = [
        commands.NewOffice(id=ids.uuid7(), kind="case_desk", name=f"{n}", area_code="root")
        for n in range(rows)
    ]
    counts.of(case, partial(commands.add_offices, database, offices))
    new = [people.NewPerson(id=ids.uuid7(), name="x", username=f"{rows}.{n}") for n in range(rows)]
    counts.of(case, partial(people.add_people, database, new))
    posts = [
        commands.NewPost(
            id=ids.uuid7(), role="case_desk", office_id=offices[n].id, holder_id=new[n].id
        )
        for n in range(rows)
    ]
    counts.of(case, partial(commands.add_posts, database, posts))


def _area(code: str, *, parent: str | None) -> commands.NewArea:
    return commands.NewArea(code=code, name=code, level="district", parent_code=parent)


def _switched(counts: Counts) -> None:
    database = counts.database
    shipped = packs.ship(database)
    stage.rules(office.District(engine=office.engine_of(database)), pack=_renamed)
    counts.of("to another", partial(packs.switch, database, shipped))
    counts.of("to the same", partial(packs.switch, database, shipped))


def _renamed(document: dict[str, object]) -> None:
    document["version"] = "9"


def test_waking_stuck_cases(database: db.Database, statements: conftest.Statements) -> None:
    """A post filled, and somebody who is back, wake ten cases as they wake two."""
    district, counts = office.build(database), Counts(database, statements)
    for name in ("supervisor", "district_supervisor"):
        _away(district, name, until=60)
    for rows, until in ((FEW, "2026-03-27 10:00"), (MANY, "2026-04-08 10:00")):
        for _ in range(rows - installation.health(database).stuck):
            district.file()
        district.jump(until)
        for call in _wakers(district):
            district.sweep()
            assert installation.health(database).stuck == rows
            counts.of(f"{rows} stuck", call)
    counts.grow_not(f"{FEW} stuck", f"{MANY} stuck")
    counts.hold(STUCK)


def _wakers(district: office.District) -> Iterator[partial[Any]]:
    database, at = district.engine.database, district.offices["government"]
    holder = district.people["reviewer"]
    yield partial(commands.appoint, database, district.posts["reviewer"], holder_id=holder)
    post = commands.NewPost(id=ids.uuid7(), role="reviewer", office_id=at)
    yield partial(commands.add_posts, database, [post])
    yield partial(absences.end, database, None, _away(district, "leader", until=1))


def _away(district: office.District, name: str, *, until: int) -> UUID:
    """Somebody is away from today on."""
    database = district.engine.database
    today = office_query.house(database).today
    person, last = district.people[name], today + timedelta(days=until)
    return absences.enter(database, None, person_id=person, from_on=today, until_on=last)


def test_being_away(database: db.Database, statements: conftest.Statements) -> None:
    district, counts = office.build(database), Counts(database, statements)
    supervisor, mediator = district.actor("supervisor"), district.people["mediator"]
    today = office_query.house(database).today
    coming = {"from_on": today + timedelta(days=7), "until_on": today + timedelta(days=9)}
    for case, actor in (("one's own", district.actor("desk")), ("for all", None)):
        person = actor.person_id if actor else district.people["officer"]
        enter = partial(absences.enter, database, actor, person_id=person, **coming)
        period = counts.of(case, enter)
        counts.of(f"{case}, sent again", enter)
        counts.of(f"{case}, called off", partial(absences.end, database, actor, period))
    enter = partial(absences.enter, database, supervisor, person_id=mediator)
    period = counts.of("another's", partial(enter, from_on=today, until_on=today))
    counts.refused("overlapping", partial(enter, from_on=today, until_on=coming["until_on"]))
    counts.refused("not theirs", partial(absences.end, database, district.actor("desk"), period))
    counts.of("another's, back today", partial(absences.end, database, supervisor, period))
    counts.hold(ABSENCES)


def test_importing_calendars(database: db.Database, statements: conftest.Statements) -> None:
    """Of ten open cases as much is sent as of two: they are moved together."""
    district, counts = office.build(database), Counts(database, statements)
    engine, filed = district.engine, 0
    for rows, days in ((FEW, ("2026-03-24",)), (MANY, ("2026-03-25", "2026-03-26"))):
        filed += len([district.file() for _ in range(rows - filed)])
        data = test_calendars.year_file(district, partial(_days_off, days))
        read_file = partial(calendars.read_file, database, data, file="2026.yaml")
        made = counts.of(f"{rows} cases", read_file)
        forget()
        shown = counts.of(f"{rows} cases", partial(calendars.preview, engine, made))
        apply = partial(calendars.apply, engine, made, mode="rebuild", notify=True)
        done = counts.of(f"{rows} cases", apply)
        assert shown["rebuild"].moved == done.moved == rows
        counts.of(f"{rows} cases, given again", apply)
        kept = partial(calendars.apply, engine, made, mode="keep")
        counts.of(f"{rows} cases, which stay", kept)
    counts.grow_not(f"{FEW} cases", f"{MANY} cases")
    counts.hold(CALENDARS)


def _days_off(days: Sequence[str], year: dict[str, list[str]]) -> None:
    year["days_off"].extend(days)


def test_importing_old_cases(database: db.Database, statements: conftest.Statements) -> None:
    """Ten old cases are checked and written with as many statements as two."""
    district, counts = office.build(database), Counts(database, statements)
    for rows in (FEW, MANY):
        old = [test_transfer.LEAK.replace("D-17", f"{rows}.{n}") for n in range(rows)]
        read = partial(transfer.read_file, database, test_transfer.table(*old), file="old.csv")
        forget()
        made = counts.of(f"{rows} cases", read)
        assert counts.of(f"{rows} cases", partial(transfer.apply, district.engine, made)) == rows
        again = counts.of(f"{rows} cases, given again", read)
        assert again.there == rows
        counts.of(f"{rows} cases, given again", partial(transfer.apply, district.engine, again))
    counts.grow_not(f"{FEW} cases", f"{MANY} cases")
    counts.hold(TRANSFERS)


def test_signs_of_life(database: db.Database, statements: conftest.Statements) -> None:
    counts, worker = Counts(database, statements), ids.uuid7()
    counts.of("", partial(workers.enrol, database, worker))
    counts.of("", partial(workers.beat, database, worker))
    counts.of("forgotten", partial(workers.beat, database, ids.uuid7()))
    ticked = partial(workers.ticked, database, worker, took_ms=1, fired=0, failed=0)
    counts.of("", ticked)
    counts.of("", partial(workers.stop, database, worker))
    counts.hold(WORKERS)
