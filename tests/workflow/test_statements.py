"""How many statements each way in sends, on both databases: a bound each, and one table.

`pytest tests/workflow/test_statements*.py -s` prints `name database statements bound`: here what
people do to cases, requests, and what a bell rings; beside it the office and the queries. What is
kept in memory (pack, calendar, lines of offices) is read before the count begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import time_machine

from rules import errors
from tests import conftest, office, pictures
from tests.api import desk
from tests.workflow import outside, test_statements_office, test_statements_queries, ways
from tests.workflow.counts import Bounds, Counts
from workflow import access, auditor, clock, db, ids, outbox, scheduler, sweep
from workflow.commands import act, attachments, contacts, demo, notices, papers, people
from workflow.engine import Engine
from workflow.queries import case as case_query

# What is sent today, name: (SQLite, PostgreSQL). A change that needs more says so here.
ACTS: Final = {
    "act.act, file": (9, 2),
    "act.act, file, sent again": (3, 3),
    "act.act, one": (6, 2),
    "act.act, sent again": (3, 3),
    "act.act, wrong state": (1, 1),
    "act.act, not theirs": (1, 1),
    "act.act, not there": (1, 1),
    "act.act, naming a leader": (6, 2),
    "act.act, of a case with a leader": (8, 3),
    "act.act, with a paper": (10, 4),
    "act.act, linking": (8, 6),
    "act.act, merging": (21, 15),
}
PAPERS: Final = {
    "attachments.attach, 2 files": (8, 5),
    "attachments.attach, 2 files, sent again": (4, 4),
    "attachments.open_all, 2 files": (5, 5),
    "attachments.open_one, 2 files": (5, 5),
    "papers.open_one, 2 files": (5, 5),
    "papers.open_all, 2 files": (5, 5),
    "papers.draft, 2 files": (4, 4),
    "people.open_values, 2 files": (5, 5),
    "attachments.attach, 9 files": (8, 5),
    "attachments.attach, a material": (8, 5),
    "attachments.attach, 9 files, sent again": (4, 4),
    "attachments.open_all, 9 files": (5, 5),
    "attachments.open_one, 9 files": (5, 5),
    "papers.open_one, 9 files": (5, 5),
    "papers.open_all, 9 files": (5, 5),
    "papers.draft, 9 files": (4, 4),
    "people.open_values, 9 files": (5, 5),
}
TOLD: Final = {
    "contacts.set_contact, the first": (5, 5),
    "contacts.set_contact, another": (4, 4),
    "contacts.send_test": (1, 1),
    "notices.mark_read, one of 2 notices": (2, 2),
    "notices.mark_read, 2 notices": (2, 2),
    "notices.retry, 2 notices": (9, 9),
    "notices.mark_read, one of 9 notices": (2, 2),
    "notices.mark_read, 9 notices": (2, 2),
    "notices.retry, 9 notices": (9, 9),
    "contacts.set_contact, none any more": (5, 5),
    "contacts.forget": (2, 2),
    "contacts.send_test, there is none": (1, 1),
}
SESSIONS: Final = {
    "people.log_in": (3, 3),
    "people.log_in, wrong": (2, 2),
    "people.log_in, nobody": (1, 1),
    "people.session_actor": (1, 1),
    "people.session_actor, for more than a minute": (2, 2),
    "people.log_out": (1, 1),
    "people.session_actor, ended": (1, 1),
}
REQUESTS: Final = {  # who calls and the frame's counters included
    "GET /": (8, 8),
    "GET /?narrow=turn": (8, 8),
    "GET /search": (6, 6),
    "GET /cases/new": (3, 3),
    "GET /cases/ID": (12, 12),
    "GET /cases/ID/do/accept": (12, 12),
    "GET /board": (5, 5),
    "GET /board/part": (4, 4),
    "GET /board/health": (2, 2),
    "GET /leader": (6, 6),
    "GET /notices": (6, 6),
    "GET /mine": (14, 14),
    "GET /api/v1/me": (6, 6),
    "GET /api/v1/cases": (4, 4),
    "GET /api/v1/cases/ID": (12, 12),
    "GET /api/v1/board": (4, 4),
    "GET /api/v1/notices": (6, 6),
    "POST /api/v1/cases": (10, 3),
    "POST /api/v1/cases/ID/actions/accept": (7, 3),
    "GET /readyz": (3, 3),
}
RINGS: Final = {
    "auditor.run, the first of a day": (16, 16),
    "auditor.run, 4 cases": (11, 11),
    "auditor.run, 40 cases": (11, 11),
    "outbox.relaying.relay, 40 cases": (8, 6),
    "outbox.relaying.relay, empty": (4, 2),
    "outbox.relaying.run, empty": (4, 2),
    "sweep.tick, empty": (4, 2),
    "sweep.run, empty": (4, 2),
    "auditor.count_day, counted already": (2, 2),
    "sweep.tick, 4 cases": (14, 6),
    "outbox.relaying.relay, 4 cases": (8, 6),
    "sweep.tick, 40 cases": (14, 6),
}
SENDING: Final = {
    "outbox.sending.send, nothing": (2, 2),
    "outbox.sending.send, one message of 2 notices": (14, 14),
    "outbox.sending.send, one message of 9 notices": (14, 14),
    "outbox.sending.send, two messages": (25, 25),
    "outbox.sending.send, unreachable": (12, 12),
}
CLOCK: Final = {
    "scheduler.walk, by 2 days": (7, 7),
    "scheduler.advance, by 2 days": (15, 13),
    "scheduler.jump, by 2 days": (12, 8),
    "scheduler.walk, by 9 days": (7, 7),
    "scheduler.advance, by 9 days": (15, 13),
    "scheduler.jump, by 9 days": (12, 8),
}
# On SQLite two of each ring say how long to wait for the writer's place (`db.transaction`).

BOUNDED: Final[tuple[Bounds, ...]] = (
    ACTS,
    PAPERS,
    TOLD,
    SESSIONS,
    RINGS,
    SENDING,
    CLOCK,
    test_statements_office.OFFICE,
    test_statements_queries.QUERIES,
)
APART: Final[Mapping[str, str]] = {
    "demo.wipe": "by the tables that there are: test_wiping_a_demo_is_counted_by_its_tables",
}
"""What has no bound of its own, and where it is counted instead."""
FEW, MANY = 2, 9
PLAN: Final = {"measures": "先停水，后修管。", "plan_until": "2026-04-20"}
PAPER: Final = 3
"""The notice of acceptance, which is served."""
ANSWER: Final = {
    "outcome": "support",
    "facts_found": "补贴确未发放。",
    "opinion": "七日内补发。",
    "opinion_basis": "公益岗位管理办法",
}
SERVED: Final = {"served_method": "in_person", "served_on": "2026-03-20", "receipt": "本人签收"}


def test_every_way_in_is_counted() -> None:
    """A command, a query or a ring that is new says what it sends."""
    counted = {name.partition(",")[0] for bounds in BOUNDED for name in bounds}
    assert ways.commands_and_queries() | ways.rings() == counted | APART.keys()
    assert not counted & APART.keys()


# -- what people do -------------------------------------------------------------------------------


def _filing() -> act.Request:
    return act.Request(
        case_id=ids.uuid7(),
        action_id=ids.uuid7(),
        action="file_case",
        fields=dict(office.DISPUTE),
        filing=act.Filing(process="dispute", origin_grid=office.GRID),
    )


def _acting(case: act.Receipt, action: str, **fields: Any) -> act.Request:
    return act.Request(case_id=case.case_id, action_id=ids.uuid7(), action=action, fields=fields)


def test_acts(database: db.Database, statements: conftest.Statements) -> None:
    district, counts = office.build(database), Counts(database, statements)
    officer, desk_ = district.actor("officer"), district.actor("desk")
    filed = [district.file() for _ in range(2)]
    new, accept = _filing(), _acting(filed[0], "accept")
    act_ = partial(act.act, district.engine)
    counts.of("file", partial(act_, officer, new))
    counts.of("file, sent again", partial(act_, officer, new))
    counts.of("one", partial(act_, desk_, accept))
    counts.of("sent again", partial(act_, desk_, accept))
    for case, actor, request in (
        ("wrong state", desk_, _acting(filed[0], "accept")),
        ("not theirs", officer, _acting(filed[1], "accept")),
        ("not there", district.actor("other_desk"), _acting(filed[1], "accept")),
    ):
        counts.refused(case, partial(act_, actor, request))
    leader = str(district.people["leader"])
    naming = _acting(filed[1], "name_leader", leader=leader)
    counts.of("naming a leader", partial(act_, district.actor("supervisor"), naming))
    plan = _acting(filed[1], "approve_plan", responsible=leader, **PLAN)
    counts.of("of a case with a leader", partial(act_, district.actor("leader"), plan))
    _petition_acts(counts, district)
    counts.hold(ACTS)


def _petition_acts(counts: Counts, district: office.District) -> None:
    first, again = (district.file("petition_officer", process="petition") for _ in range(2))
    act_ = partial(act.act, district.engine, district.actor("petition_officer"))
    housing = str(district.offices["housing"])
    counts.of("with a paper", partial(act_, _acting(first, "transfer", to_office=housing)))
    linking = _acting(again, "link_earlier", earlier_number=first.number)
    counts.of("linking", partial(act_, linking))
    one, two = (district.file() for _ in range(2))
    merging = _acting(two, "merge", earlier_number=one.number, merge_reason="同一起漏水")
    desk = district.actor("desk")
    counts.of("merging", partial(act.act, district.engine, desk, merging))


def _served(database: db.Database, folder: Path) -> tuple[office.District, act.Receipt]:
    """A petition whose notice of acceptance was served."""
    district = office.build(database)
    store = replace(district.engine.files, folder=folder / "attachments")
    district.engine = replace(district.engine, files=store)
    filed = district.file("petition_officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "serve_paper", "handler", paper=PAPER, **SERVED)
    return district, filed


def _opened(engine: Engine, actor: access.Actor, case_id: UUID, *, reason: str) -> int:
    """How many files there are, each read: they come one after the other."""
    return len(list(attachments.open_all(engine, actor, case_id, reason=reason)))


def test_papers_values_and_files(
    database: db.Database, statements: conftest.Statements, tmp_path: Path
) -> None:
    """A case with nine receipts costs what one with two does."""
    (district, filed), counts = _served(database, tmp_path), Counts(database, statements)
    handler = district.actor("handler")
    given: dict[str, Any] = {"reason": "办理"}
    for before, receipts in ((0, FEW), (FEW, MANY)):
        for _ in range(receipts - before - 1):
            attachments.attach(district.engine, handler, _receipt(filed))
        case, receipt = f"{receipts} files", _receipt(filed)
        attach = partial(attachments.attach, district.engine, handler, receipt)
        assert counts.of(case, attach).no == receipts
        counts.of(f"{case}, sent again", attach)
        engine, of = district.engine, filed.case_id
        counts.of(case, partial(attachments.open_one, engine, handler, of, receipts, **given))
        whole = partial(_opened, engine, handler, of, **given)
        assert counts.block(f"attachments.open_all, {case}", whole) == receipts
        counts.of(case, partial(papers.open_one, engine, handler, of, PAPER, **given))
        counts.of(case, partial(papers.open_all, engine, handler, of, **given))
        answer = _acting(filed, "answer", **ANSWER)
        counts.of(case, partial(papers.draft, engine, handler, answer, **given))
        counts.of(case, partial(people.open_values, engine, handler, of, **given))
    material = district.do(filed, "add_material", "handler", **MATERIAL)
    photo = replace(_receipt(filed), kind="material", of_no=material.seq)
    counts.of("a material", partial(attachments.attach, district.engine, handler, photo))
    counts.grow_not(f"{FEW} files", f"{MANY} files")
    counts.hold(PAPERS)


MATERIAL: Final[dict[str, Any]] = {
    "material_kind": "evidence",
    "material_title": "欠条",
    "material_sheets": 1,
}


def _receipt(filed: act.Receipt) -> attachments.Request:
    return attachments.Request(
        case_id=filed.case_id, id=ids.uuid7(), kind="receipt", of_no=PAPER, content=pictures.photo()
    )


def test_notices_and_contacts(database: db.Database, statements: conftest.Statements) -> None:
    """Nine notices are read, refused outside and let go once more as two are."""
    district, counts = office.build(database), Counts(database, statements)
    engine, person = district.engine, district.actor("desk")
    set_ = partial(contacts.set_contact, engine, person, "mail", language="en", offered=outside.ALL)
    new = partial(set_, rhythm="at_once", address="somebody@example.org")
    counts.of("the first", new)
    counts.of("another", new)
    door = outside.Recording()
    test = partial(contacts.send_test, engine, person, "mail", door=door, language="en")
    counts.of("", test)
    for rows in (FEW, MANY):
        _told(counts, district, rows)
    counts.grow_not(f"{FEW} notices", f"{MANY} notices")
    counts.of("none any more", partial(set_, rhythm="off", address=None))
    counts.of("", partial(contacts.forget, database, person, "mail"))
    counts.refused("there is none", test)
    counts.hold(TOLD)


def _told(counts: Counts, district: office.District, rows: int) -> None:
    database, case = counts.database, f"{rows} notices"
    person, watcher = district.actor("desk"), district.actor("district_supervisor")
    filed = [district.file() for _ in range(rows)]
    door = outside.Recording(answer=outside.fails(errors.Invalid("delivery.refused")))
    outside.send(district, door)
    key = f"{filed[0].case_id}.1.1"
    assert counts.of(f"one of {case}", partial(notices.mark_read, database, person, key=key)) == 1
    assert counts.of(case, partial(notices.mark_read, database, person)) == rows - 1
    retry = partial(notices.retry, receiver_id=district.people["desk"], channel="mail")
    assert counts.of(case, partial(retry, database, watcher)) == rows
    outside.send(district, outside.Recording())


def test_sessions(database: db.Database, statements: conftest.Statements) -> None:
    counts = Counts(database, statements)
    office.build(database, accounts=("desk",))
    log_in = partial(people.log_in, database, kind="browser", max_days=1)
    token = counts.of("", partial(log_in, "desk", office.PASSWORD))
    counts.refused("wrong", partial(log_in, "desk", "another"))
    counts.refused("nobody", partial(log_in, "nobody", "another"))
    session = partial(people.session_actor, database, token, idle_min=60)
    counts.of("", session)
    with time_machine.travel(clock.system() + timedelta(seconds=people.SEEN_EVERY_S + 1)):
        counts.of("for more than a minute", session)
    counts.of("", partial(people.log_out, database, token))
    counts.of("ended", session)
    counts.hold(SESSIONS)


# -- requests -------------------------------------------------------------------------------------


def test_requests(database: db.Database, statements: conftest.Statements) -> None:
    counts = Counts(database, statements)
    open_ = desk.open_desk(database, "officer", "desk", "district_supervisor", "leader")
    filed = [open_.file() for _ in range(3)]
    case_id = str(filed[0]["case_id"])
    outbox.run(open_.district.engine)

    def asked(name: str, path: str, by: str | None) -> None:
        headers = {"Authorization": f"Bearer {open_.token(by)}"} if by else {}

        def sent() -> None:
            answer = open_.site.send("GET", path, headers=headers, follow_redirects=False)
            assert answer.status_code in {200, 303}, (name, answer.text)

        sent()
        counts.block(name, sent)

    asked("GET /", "/", "desk")
    asked("GET /?narrow=turn", "/?narrow=turn", "desk")
    asked("GET /search", f"/search?q={filed[0]['number']}", "desk")
    asked("GET /cases/new", "/cases/new", "officer")
    asked("GET /cases/ID", f"/cases/{case_id}", "desk")
    asked("GET /cases/ID/do/accept", f"/cases/{case_id}/do/accept", "desk")
    asked("GET /board", "/board", "district_supervisor")
    asked("GET /board/part", "/board/part", "district_supervisor")
    asked("GET /board/health", "/board/health", "district_supervisor")
    asked("GET /leader", "/leader", "leader")
    asked("GET /notices", "/notices", "desk")
    for path in ("me", "cases", "notices"):
        asked(f"GET /api/v1/{path}", f"/api/v1/{path}", "desk")
    asked("GET /api/v1/cases/ID", f"/api/v1/cases/{case_id}", "desk")
    asked("GET /api/v1/board", "/api/v1/board", "district_supervisor")
    asked("GET /readyz", "/readyz", None)
    _sent_requests(open_, counts, case_id)
    known = {"number": filed[0]["number"], "code": filed[0]["code"]}
    assert open_.site.post("/lookup", data=known).status_code == 303
    asked("GET /mine", "/mine", None)
    counts.hold(REQUESTS)


def _sent_requests(open_: desk.Desk, counts: Counts, case_id: str) -> None:
    open_.get("officer", "/me")  # signed in
    new = open_.new_case()
    counts.block("POST /api/v1/cases", lambda: open_.post("officer", "/cases", new))
    accept = {"id": str(ids.uuid7()), "fields": {}}
    headers = {"If-Match": f'"{open_.version(case_id)}"'}
    counts.block(
        "POST /api/v1/cases/ID/actions/accept",
        lambda: open_.post("desk", f"/cases/{case_id}/actions/accept", accept, headers=headers),
    )
    assert open_.version(case_id) == 2


# -- what a bell rings ----------------------------------------------------------------------------


def test_rings(database: db.Database, statements: conftest.Statements) -> None:
    """A batch sends the same however many cases are in it."""
    district, counts = office.build(database), Counts(database, statements)
    engine = district.engine
    filed = [district.file() for _ in range(4)]
    counts.of("the first of a day", partial(auditor.run, engine))
    counts.of("4 cases", partial(auditor.run, engine))
    filed += [district.file() for _ in range(36)]
    counts.of("40 cases", partial(auditor.run, engine))
    filed += [district.file() for _ in range(4)]
    counts.of("40 cases", partial(outbox.relay, engine))
    counts.of("empty", partial(outbox.relay, engine))
    counts.of("empty", partial(outbox.run, engine))
    counts.of("empty", partial(sweep.tick, engine, limit=40))
    counts.of("empty", partial(sweep.run, engine))
    counts.of("counted already", partial(auditor.count_day, database))
    district.jump("2026-03-25 09:00")
    case_query.view(engine, district.actor("desk"), filed[0].case_id)  # this day's line is kept now
    for limit in (4, 40):
        tick = partial(sweep.tick, engine, limit=limit)
        assert counts.of(f"{limit} cases", tick).cases == limit
        if limit == 4:
            counts.of("4 cases", partial(outbox.relay, engine))
    counts.grow_not("4 cases", "40 cases")
    counts.hold(RINGS)


def test_sending(database: db.Database, statements: conftest.Statements) -> None:
    """A message is a message, however many notices it tells of."""
    district, counts = office.build(database), Counts(database, statements)
    for person in ("desk", "other_desk"):
        outside.reach(district, person)
    send = partial(outbox.send, district.engine, door=outside.Recording())
    send()  # pack and calendar are in memory now
    counts.of("nothing", send)
    for rows in (FEW, MANY):
        for _ in range(rows):
            district.file()
        outbox.run(district.engine)
        assert counts.of(f"one message of {rows} notices", send).messages == 1
    district.file()
    district.file("other_officer", grid=office.OTHER_GRID)
    outbox.run(district.engine)
    assert counts.of("two messages", send).messages == 2
    away = outside.Recording(answer=outside.fails(errors.Busy("delivery.unreachable")))
    district.file()
    outbox.run(district.engine)
    counts.of("unreachable", partial(send, door=away))
    counts.grow_not(f"{FEW} notices", f"{MANY} notices")
    counts.hold(SENDING)


def test_the_clock_of_a_demo(database: db.Database, statements: conftest.Statements) -> None:
    """Where nothing is due: by nine days as by two."""
    district, counts = office.build(database), Counts(database, statements)
    engine = district.engine
    scheduler.walk(engine, to=district.now())  # pack and calendar are in memory now
    for days in (FEW, MANY):
        case, by = f"by {days} days", timedelta(days=days)
        counts.of(case, partial(scheduler.walk, engine, to=district.now() + by))
        counts.of(case, partial(scheduler.advance, engine, by=by))
        counts.of(case, partial(scheduler.jump, engine, by=by))
    counts.grow_not(f"by {FEW} days", f"by {MANY} days")
    counts.hold(CLOCK)


# -- what goes by the tables ----------------------------------------------------------------------


def test_wiping_a_demo_is_counted_by_its_tables(
    database: db.Database, statements: conftest.Statements
) -> None:
    """A demo is wiped whole, and what is in it is not read but for the names of its files."""
    district, counts = office.build(database), Counts(database, statements)
    for _ in range(MANY):
        district.file()
    ours, _ = db.tables(database)
    counts.of("", partial(demo.wipe, district.engine))
    assert counts.found["demo.wipe"] <= 3 + 2 * len(ours)
