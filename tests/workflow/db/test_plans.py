"""No statement of the product reads a large table whole.

An office is driven through every command, query and tick while what it sends is recorded; then
each statement is explained with the values it was sent with. The planners are made to see a
million cases: see `plans.as_of_a_million`. The real million, which takes minutes to load:

    GRIDCASE_TEST_PLAN_CASES=1000000 pytest --long tests/workflow/db/test_plans.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final, Literal, get_args
from uuid import UUID

import pytest

from rules import errors, load
from rules import pack as pack_
from tests import office as small
from tests.workflow import outside, test_transfer, ways
from tests.workflow.db import large, plans
from workflow import access, auditor, db, ids, outbox, read, scheduler, sweep
from workflow.commands import (
    absences,
    act,
    calendars,
    contacts,
    notices,
    packs,
    papers,
    people,
    transfer,
    workers,
)
from workflow.commands import office as office_commands
from workflow.queries import absences as absences_query
from workflow.queries import almanac, assignment, board, deliveries, directory, search, worklist
from workflow.queries import case as case_query
from workflow.queries import installation as installation_query
from workflow.queries import office as office_query

CASES: Final = int(os.environ.get("GRIDCASE_TEST_PLAN_CASES", "4000"))
SLOWEST: Final = 25
"""So many of what was asked are printed with their times (`-s`)."""
CLOSED: Final[tuple[Literal["open", "closed"], ...]] = ("open", "closed")

# What a district has of each when it has a million cases.
SMALL: Final = {
    "area": "some thousand grids",
    "office": "some hundred",
    "post": "some thousand",
    "person": "who holds a post",
    "handler": "person, under the name that lists give it",
    "scope": "area, under the name that a post's reach gives it",
    "account": "one a person",
    "login_session": "one a person and browser",
    "installation": "one row",
    "pack": "one a policy in force or past",
    "calendar": "one a notice of holidays",
    "absence": "some a person and year",
    "worker": "one a process",
    "auditor": "one row",
    "contact": "one a person and channel",
    "tally": "one an office, month and process",
    "roll_up": "one row per office, grid, process, state and light in use",
    "office_log": "one row an appointment; only its end is read",
}
# Who may read a large table whole, and why.
KNOWN: Final[dict[tuple[str, str], str]] = {
    ("installation.installed", "case_file"): "the demo counts its cases when it starts",
    ("installation.files", "attachment"): "gridcase doctor holds them against the disk",
}
# PostgreSQL alone, which knows how few there are, rather reads all than walks a list that long.
RARE: Final = re.compile(
    r"worklist\.page area_\d (yellow|red|green) closed"  # a closed case is grey
    r"|worklist\.page area_\d limited"  # to processes of which there are few or none: no index
)
NEVER: Final = re.compile(r"(?!)")
# What is not driven here.
APART: Final = {
    "demo.wipe": "drops the tables",
    "demo.complete": "sets back the clock; writes one row",
    "office.install": "on an empty database",
    "office.add_areas": "the directory alone",
    "office.add_offices": "the directory alone",
    "office.add_posts": "the directory alone",
    "people.add_people": "the directory alone",
    "attachments.attach": "by the keys of a case's papers and files, of which none is loaded",
    "attachments.open_one": "by the keys of a case's files, of which none is loaded",
    "attachments.open_all": "by the same key, of which none is loaded",
}

# An index that goes, and who is then told to read which table whole.
NEEDED: Final = {
    "case_next": ("sweep.run", "case_file"),
    "notice_receiver": ("office.inbox", "notice"),
    "notice_queue": ("outbox.run", "notice"),
    "delivery_queue": ("outbox.send", "delivery"),
    "delivery_receiver": ("deliveries.mine", "delivery"),
    "delivery_dead": ("deliveries.dead", "delivery"),
}


@pytest.mark.long
def test_no_statement_reads_a_large_table_whole(database: db.Database) -> None:
    drive = large.loaded(database, cases=CASES)
    for part in (_directory, _lists, _boards, _cases, _commands, _ticks):
        part(drive)
    for took_ms, name in sorted(drive.took_ms, reverse=True)[:SLOWEST]:
        print(f"{took_ms:10.1f} ms  {name}")
    assert ways.commands_and_queries() - drive.driven == APART.keys()
    is_rare = RARE.match if database.is_postgres else NEVER.match
    found = [whole for whole in _wholes(drive) if not is_rare(whole.name)]
    unknown = [whole for whole in found if (whole.name, whole.table) not in KNOWN]
    assert not unknown, "\n".join(map(str, unknown))
    assert {(whole.name, whole.table) for whole in found} == KNOWN.keys(), "one is mended"
    for index, expected in NEEDED.items():
        told = {(whole.name, whole.table) for whole in _wholes(drive, without=index)}
        assert expected in told, index


# -- what is asked --------------------------------------------------------------------------------


def _directory(drive: large.Drive) -> None:
    database, district = drive.database, drive.place.district
    desk, committee = drive.actor("desk"), district.offices["committee"]
    everybody = list(district.people.values())
    people_ = {
        "office.house": lambda: office_query.house(database),
        "office.rules": lambda: office_query.rules(database, _hash(drive)),
        "office.areas": lambda: office_query.areas(database, small.STREET),
        "office.areas of the root": lambda: office_query.areas(database, None),
        "office.offices": lambda: office_query.offices(database, small.DISTRICT),
        "office.grids": lambda: office_query.grids(database, desk),
        "office.nameable": lambda: office_query.nameable(
            database, desk, process="dispute", grid=drive.place.grids[0].code
        ),
        "office.names": lambda: office_query.names(database, everybody, [committee]),
        "office.inbox": lambda: office_query.inbox(database, desk),
        "office.standing": lambda: office_query.standing(database, desk),
        "office.unread": lambda: office_query.unread(database, desk),
        "installation.installed": lambda: installation_query.installed(database),
        "installation.files": lambda: installation_query.files(database),
        "installation.usernames": lambda: installation_query.usernames(database),
        "installation.actors": lambda: installation_query.actors(database, everybody),
        "installation.about": lambda: installation_query.about(database),
        "installation.health": lambda: installation_query.health(database),
        "installation.signs": lambda: installation_query.signs(database),
        "installation.queues": lambda: installation_query.queues(database),
        "installation.rules": lambda: installation_query.rules(database),
        "absences.own": lambda: absences_query.own(database, desk),
        "absences.kept": lambda: absences_query.kept(database, drive.actor("supervisor")),
        "absences.every": lambda: absences_query.every(database),
        "directory.users": lambda: directory.users(database),
        "directory.posts": lambda: directory.posts(database),
        "directory.posts of an area": lambda: directory.posts(database, area=small.STREET),
        "directory.post": lambda: directory.post(database, district.posts["desk"]),
        "directory.packs": lambda: directory.packs(database),
        "assignment.open_ones": lambda: assignment.open_ones(
            database, drive.place.grids[0].actors["leader"]
        ),
        "assignment.watched": lambda: assignment.watched(database, drive.actor("supervisor")),
    }
    for name, block in people_.items():
        drive.of(name, block)


def _lists(drive: large.Drive) -> None:
    """Every kind of seat, at every level, however narrowed and wherever continued."""
    seen: set[tuple[str, bool]] = set()
    for actor in _everybody(drive):
        drive.of("worklist.seats", partial(worklist.seats, drive.database, actor))
        for seat in access.seats(_pack(drive), actor):
            if (seat.kind, bool(seat.processes)) not in seen:
                seen.add((seat.kind, bool(seat.processes)))
                _list(drive, actor, seat)
    assert {kind for kind, _ in seen} == access.VISIBLE.keys()


def _list(drive: large.Drive, actor: access.Actor, seat: access.Seat) -> None:
    kind = f"{seat.kind} limited" if seat.processes else seat.kind
    page = partial(worklist.page, drive.database, actor, seat_key=seat.key)
    cursors: list[str | None] = []
    for narrow in get_args(worklist.Narrow):
        for closed in CLOSED:
            name = f"worklist.page {kind} {narrow} {closed}"
            drive.of(
                name,
                lambda narrow=narrow, closed=closed: cursors.append(  # type: ignore[misc]
                    page(narrow=narrow, closed=closed).cursor
                ),
            )
            if cursors[-1] is not None:
                block = partial(page, narrow=narrow, closed=closed, cursor=cursors[-1])
                drive.of(f"{name} continued", block)
    committee = drive.place.district.offices["committee"]
    mediator = drive.place.district.people["mediator"]
    for named, only in {
        "within": worklist.Only(area=small.STREET, office=committee),
        "level": worklist.Only(area=small.STREET, level=5),
        "handler": worklist.Only(office=committee, handler=mediator),
        "unheld": worklist.Only(office=committee, unheld=True),
        "state": worklist.Only(state="dispute.mediating"),
    }.items():
        drive.of(f"worklist.page {kind} {named}", partial(page, only=only))


def _everybody(drive: large.Drive) -> Iterator[access.Actor]:
    """The people of a grid and of the district; and a supervisor at each level there is."""
    yield from drive.place.grids[0].actors.values()
    district = drive.place.district
    yield from (district.actor(name) for name, *_ in small.POSTS)
    yield from _supervisors(drive)


def _supervisors(drive: large.Drive) -> Iterator[access.Actor]:
    supervisor = drive.actor("district_supervisor")
    (post, *_) = supervisor.posts
    with db.snapshot(drive.database) as tx:
        house = read.house(tx)
        line = read.opening_facts(tx, grid=drive.place.grids[0].code, at=house).line
    for depth, code in enumerate(line.origin, start=1):
        held = replace(post, scope=code, scope_depth=depth)
        yield replace(supervisor, posts=(held,))


def _pack(drive: large.Drive) -> pack_.Pack:
    return office_query.house(drive.database).rules.pack


def _hash(drive: large.Drive) -> str:
    return office_query.house(drive.database).rules.hash


def _boards(drive: large.Drive) -> None:
    for actor in _supervisors(drive):
        drive.of("board.board", partial(board.board, drive.database, actor))
        drive.of("board.board now", partial(board.board, drive.database, actor, with_past=False))
    watcher, committee = (
        drive.actor("district_supervisor"),
        drive.place.district.offices["committee"],
    )
    of_office = partial(board.board, drive.database, watcher, office=committee)
    drive.of("board.board of an office", of_office)
    drive.of("board.health", lambda: board.health(drive.database, watcher))
    drive.of("board.workers", lambda: board.workers(drive.database))


def _cases(drive: large.Drive) -> None:
    engine, database = drive.engine, drive.database
    viewer = drive.actor("district_supervisor")
    for name, (case_id, *_) in drive.sample.items():
        drive.of(f"case.view {name}", partial(case_query.view, engine, viewer, case_id))
    case = case_query.view(engine, viewer, drive.sample["filed"][0])
    code = ids.lookup_code(engine.seals.secret, case.case.id)
    number = case.case.number
    drive.of("search.number_to_id", lambda: search.number_to_id(database, viewer, number))
    drive.of("search.by_code", lambda: search.by_code(engine, number, code))
    drive.of("search.invited", lambda: search.invited(engine, case.case.id, 1))
    filed = case.case.id
    drive.of("papers.open_all", lambda: papers.open_all(engine, viewer, filed, reason="办理"))
    supervising = act.Request(
        case_id=filed,
        action_id=ids.uuid7(),
        action="supervise_case",
        fields={"supervise_reason": "拖延已久。"},
    )
    drive.of(
        "papers.draft not theirs to open, refused",
        lambda: papers.draft(engine, viewer, supervising, reason="看草稿"),
    )
    drive.of(
        "papers.open_one there is none, refused",
        lambda: papers.open_one(engine, viewer, filed, 1, reason="办理"),
    )
    resident = access.Actor(kind="resident", case_id=case.case.id)
    drive.of("case.view, a resident's", lambda: case_query.view(engine, resident, case.case.id))
    drive.of(
        "office.candidates",
        partial(
            office_query.candidates,
            database,
            actions=case.process.actions,
            pack=case.pack,
            case=case.case,
            facts=case.facts,
        ),
    )


def _commands(drive: large.Drive) -> None:
    engine, database, district = drive.engine, drive.database, drive.place.district
    actors = drive.place.grids[0].actors
    case_id = drive.sample["filed"][0]
    new = act.Request(
        case_id=ids.uuid7(),
        action_id=ids.uuid7(),
        action="file_case",
        fields=dict(small.DISPUTE),
        filing=act.Filing(process="dispute", origin_grid=drive.place.grids[0].code),
    )
    accept = act.Request(case_id=case_id, action_id=ids.uuid7(), action="accept")
    for name, role, request in (
        ("act.act file", "grid_officer", new),
        ("act.act file, sent again", "grid_officer", new),
        ("act.act", "case_desk", accept),
        ("act.act, sent again", "case_desk", accept),
        ("act.act not theirs, refused", "grid_officer", accept),
    ):
        drive.of(name, partial(act.act, engine, actors[role], request))
    drive.of("act.act, after a lost race", lambda: _locked(database, case_id))
    desk = actors["case_desk"]
    drive.of("people.open_values", lambda: people.open_values(engine, desk, case_id, reason="办理"))
    drive.of("notices.mark_read", lambda: notices.mark_read(database, desk))
    drive.of(
        "notices.mark_read one", lambda: notices.mark_read(database, desk, key=f"{case_id}.1.1")
    )
    post, holder = district.posts["desk"], district.people["desk"]
    drive.of("office.appoint", lambda: office_commands.appoint(database, post, holder_id=holder))
    drive.of("packs.ship", lambda: packs.ship(database))
    pack_hash = office_query.house(database).rules.hash
    drive.of("packs.switch", lambda: packs.switch(database, pack_hash))
    _calendars(drive)
    _old_cases(drive)
    _absences(drive)
    _sessions(drive)


def _calendars(drive: large.Drive) -> None:
    """The year as it stands: every open case is asked for what it is under."""
    engine, data = drive.engine, (load.shipped() / "calendars" / "2026.yaml").read_bytes()
    made: list[calendars.Import] = []

    def read_file() -> None:
        made.append(calendars.read_file(drive.database, data, file="2026.yaml"))

    drive.of("calendars.read_file", read_file)
    drive.of("calendars.preview", lambda: calendars.preview(engine, made[0]))
    drive.of("calendars.apply", lambda: calendars.apply(engine, made[0], mode="rebuild"))
    drive.of("almanac.every", lambda: almanac.every(drive.database))
    drive.of("almanac.one", lambda: almanac.one(drive.database, None))


def _old_cases(drive: large.Drive) -> None:
    """A file, and the same again: then what is there is compared."""
    line = test_transfer.LEAK.replace(small.GRID, drive.place.grids[0].code)
    engine, data = drive.engine, test_transfer.table(line)
    made: list[transfer.Import] = []

    def read_file() -> None:
        made.append(transfer.read_file(drive.database, data, file="old.csv"))

    drive.of("transfer.read_file", read_file)
    drive.of("transfer.apply", lambda: transfer.apply(engine, made[0]))
    drive.of("transfer.read_file given again", read_file)


def _absences(drive: large.Drive) -> None:
    database, district = drive.database, drive.place.district
    supervisor, today = drive.actor("supervisor"), office_query.house(database).today
    periods: list[UUID] = []

    def enter() -> None:
        days = {"from_on": today, "until_on": today}
        person = district.people["mediator"]
        periods.append(absences.enter(database, supervisor, person_id=person, **days))

    drive.of("absences.enter", enter)
    drive.of("absences.end", lambda: absences.end(database, supervisor, periods[0]))


def _locked(database: db.Database, case_id: UUID) -> None:
    with db.transaction(database) as tx:
        read.case_facts(tx, case_id, action_id=str(ids.uuid7()), locked=True)


def _sessions(drive: large.Drive) -> None:
    database = drive.database
    tokens: list[str] = []

    def log_in(password: str) -> None:
        tokens.append(people.log_in(database, "desk", password, kind="browser", max_days=1))

    drive.of("people.log_in", lambda: log_in(small.PASSWORD))
    drive.of("people.log_in wrong, refused", lambda: log_in("another"))
    drive.of("people.session_actor", lambda: people.session_actor(database, tokens[0], idle_min=60))
    drive.of("people.log_out", lambda: people.log_out(database, tokens[0]))


def _ticks(drive: large.Drive) -> None:
    engine, worker = drive.engine, ids.uuid7()
    drive.of("sweep.run", lambda: sweep.run(engine))
    drive.of("sweep.run empty", lambda: sweep.run(engine))
    _reached(drive)
    drive.of("outbox.run", lambda: outbox.run(engine))
    drive.of("outbox.run empty", lambda: outbox.run(engine))
    _outside(drive)
    drive.of("workers.enrol", lambda: workers.enrol(engine.database, worker))
    drive.of("workers.beat", lambda: workers.beat(engine.database, worker))
    ticked = partial(workers.ticked, engine.database, worker, took_ms=1, fired=0, failed=0)
    drive.of("workers.ticked", ticked)
    drive.of("workers.stop", lambda: workers.stop(engine.database, worker))
    drive.of("auditor.run", lambda: auditor.run(engine))
    for move in (scheduler.advance, scheduler.jump):
        step = partial(move, engine, by=timedelta(minutes=1))
        drive.of(f"scheduler.{move.__name__}", step)


def _reached(drive: large.Drive) -> None:
    """Some have an address outside the app."""
    for grid in drive.place.grids[:20]:
        for actor in grid.actors.values():
            set_ = partial(
                contacts.set_contact,
                drive.engine,
                actor,
                "mail",
                rhythm="at_once",
                address="somebody@example.org",
                language="en",
                offered=outside.ALL,
            )
            drive.of("contacts.set_contact", set_)


def _outside(drive: large.Drive) -> None:
    """Notices on their way out: failed, given up, sent, tried once more."""
    engine, database = drive.engine, drive.database
    watcher = drive.actor("district_supervisor")
    officer = drive.place.grids[0].actors["grid_officer"]
    door = outside.Recording(answer=outside.fails(errors.Busy("delivery.unreachable")))
    drive.of("outbox.send away", lambda: outbox.send(engine, door=door))
    outside.pass_back_off(database)
    refused: list[object] = []

    def refuses_one(message: object) -> None:
        refused.append(message)
        if len(refused) == 1:
            raise errors.Invalid("delivery.refused")

    door.answer = refuses_one
    drive.of("outbox.send", lambda: outbox.send(engine, door=door))
    assert door.sent
    drive.of("outbox.send nothing", lambda: outbox.send(engine, door=door))
    dead: list[deliveries.DeadList] = []
    drive.of("deliveries.dead", lambda: dead.append(deliveries.dead(database, watcher)))
    one = dead[0].items[0]
    retry = partial(notices.retry, receiver_id=one.receiver_id, channel=one.channel)
    drive.of("notices.retry", lambda: retry(database, watcher))
    drive.of("deliveries.mine", lambda: deliveries.mine(database, officer))
    drive.of("deliveries.contacts", lambda: deliveries.contacts(database, officer))
    tell = partial(contacts.send_test, engine, officer, "mail", door=door, language="en")
    drive.of("contacts.send_test", tell)
    drive.of("contacts.forget", lambda: contacts.forget(database, officer, "mail"))


# -- what the planners see ------------------------------------------------------------------------


def _wholes(drive: large.Drive, *, without: str = "") -> list[plans.Whole]:
    """What would be read whole at a million cases; on SQLite also while nobody has counted, which
    the product never does. Nothing of this stays."""
    found = []
    with drive.database.engine.connect() as tx:
        if without:
            tx.exec_driver_sql(f"drop index {without}")
        if not drive.database.is_postgres:
            found += plans.wholes(tx, drive.record, small=SMALL)
        plans.as_of_a_million(tx, cases=CASES)
        found += plans.wholes(tx, drive.record, small=SMALL)
        tx.rollback()
    return found
