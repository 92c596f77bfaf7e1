"""How many statements each way in sends, on both databases: a bound each, and one table.

`pytest tests/workflow/test_statements.py -s` prints `name database statements bound`. What is
kept in memory (pack, calendar, lines of offices) is read before the count begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import pytest

from rules import errors
from tests import conftest, office
from tests.api import desk
from workflow import access, db, ids, outbox, sweep
from workflow.commands import act, notices, people
from workflow.commands import office as office_commands
from workflow.queries import assignment, board, search, worklist
from workflow.queries import case as case_query
from workflow.queries import installation as installation_query
from workflow.queries import office as office_query

# What is sent today, name: (SQLite, PostgreSQL). A change that needs more says so here.
COMMANDS: Final = {
    "file": (9, 2),
    "file, sent again": (3, 3),
    "act": (6, 2),
    "act, sent again": (3, 3),
    "act, wrong state": (1, 1),
    "act, not theirs": (1, 1),
    "act, not there": (1, 1),
    "appoint": (7, 7),
    "open_values": (5, 5),
    "log_in": (3, 3),
    "log_in, wrong": (2, 2),
    "session_actor": (1, 1),
    "log_out": (1, 1),
    "mark_read": (2, 2),
}
REFUSED: Final = {
    "act, wrong state",
    "act, not theirs",
    "act, not there",
    "log_in, wrong",
}
QUERIES: Final = {
    "house": (1, 1),
    "seats": (3, 3),
    "list": (3, 3),
    "list, my turn": (3, 3),
    "list, red": (3, 3),
    "list of an office": (3, 3),
    "number_to_id": (4, 4),
    "number_to_id, nobody's": (2, 2),
    "resident": (1, 1),
    "invited": (2, 2),
    "view, an officer's": (10, 10),
    "view, a resident's": (9, 9),
    "board": (3, 3),
    "board of an office": (3, 3),
    "board, health": (1, 1),
    "workers": (1, 1),
    "inbox": (4, 4),
    "unread": (1, 1),
    "grids": (1, 1),
    "nameable": (2, 2),
    "names": (2, 2),
    "open_ones": (2, 2),
    "health": (2, 2),
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
SWEPT: Final = {
    "tick, empty": (4, 2),
    "tick of 4": (14, 6),
    "tick of 40": (14, 6),
    "relay, empty": (4, 2),
    "relay of 4": (8, 6),
    "relay of 40": (8, 6),
}
"""On SQLite two of each say how long to wait for the writer's place (`db.transaction`)."""


@dataclass(slots=True)
class Counts:
    """What was counted in one test."""

    database: db.Database
    statements: conftest.Statements
    found: dict[str, int] = field(default_factory=dict)

    def of(self, name: str, block: Callable[[], object]) -> None:
        """Counts one block, which is refused if its name says so."""
        expected = pytest.raises(errors.GridcaseError) if name in REFUSED else nullcontext()
        with self.statements(self.database) as sent, expected:
            block()
        self.found[name] = sent.count

    def hold(self, bounds: Mapping[str, tuple[int, int]]) -> None:
        """Prints the table, then holds every count to its bound."""
        column, dialect = (1, "postgresql") if self.database.is_postgres else (0, "sqlite")
        for name, n in self.found.items():
            print(f"{name:38}{dialect:12}{n:4}{bounds[name][column]:4}")
        assert self.found.keys() == bounds.keys()
        more = {name: n for name, n in self.found.items() if n > bounds[name][column]}
        assert more == {}, "the SQL of each, in the order of the table, is below"


@pytest.fixture
def counts(database: db.Database, statements: conftest.Statements) -> Counts:
    """Nothing counted yet."""
    return Counts(database=database, statements=statements)


def _filing() -> act.Request:
    return act.Request(
        case_id=ids.uuid7(),
        action_id=ids.uuid7(),
        action="file_case",
        fields=dict(office.DISPUTE),
        filing=act.Filing(process="dispute", origin_grid=office.GRID),
    )


def _acting(case: act.Receipt, action: str) -> act.Request:
    return act.Request(case_id=case.case_id, action_id=ids.uuid7(), action=action)


def test_commands(database: db.Database, counts: Counts) -> None:
    district = office.build(database, accounts=("desk",))
    engine = district.engine
    filed = [district.file() for _ in range(3)]
    officer, desk_ = district.actor("officer"), district.actor("desk")
    new, accept = _filing(), _acting(filed[0], "accept")
    for name, actor, request in (
        ("file", officer, new),
        ("file, sent again", officer, new),
        ("act", desk_, accept),
        ("act, sent again", desk_, accept),
        ("act, wrong state", desk_, _acting(filed[0], "accept")),
        ("act, not theirs", officer, _acting(filed[1], "accept")),
        ("act, not there", district.actor("other_desk"), _acting(filed[1], "accept")),
    ):
        counts.of(name, partial(act.act, engine, actor, request))
    desk_id, post = district.people["desk"], district.posts["desk"]
    counts.of("appoint", lambda: office_commands.appoint(database, post, holder_id=desk_id))
    case_id = filed[1].case_id
    counts.of("open_values", lambda: people.open_values(engine, desk_, case_id, reason="办理"))
    outbox.run(engine)
    counts.of("mark_read", lambda: notices.mark_read(database, desk_))
    _sessions(database, counts)
    counts.hold(COMMANDS)


def _sessions(database: db.Database, counts: Counts) -> None:
    def log_in(password: str) -> str:
        return people.log_in(database, "desk", password, kind="browser", max_days=1)

    counts.of("log_in", lambda: log_in(office.PASSWORD))
    counts.of("log_in, wrong", lambda: log_in("another"))
    token = log_in(office.PASSWORD)
    counts.of("session_actor", lambda: people.session_actor(database, token, idle_min=60))
    counts.of("log_out", lambda: people.log_out(database, token))


def test_queries(database: db.Database, counts: Counts) -> None:
    district = office.build(database)
    engine = district.engine
    filed = [district.file() for _ in range(12)]
    outbox.run(engine)
    desk_, officer, case = district.actor("desk"), district.actor("officer"), filed[0]
    assert case.code is not None
    resident = access.Actor(kind="resident", case_id=case.case_id)
    committee = district.offices["committee"]
    case_query.view(engine, desk_, case.case_id)  # pack and lines are in memory now
    blocks: dict[str, Callable[[], object]] = {
        "house": lambda: office_query.house(database),
        "seats": lambda: worklist.seats(database, desk_),
        "list": lambda: worklist.page(database, desk_),
        "list, my turn": lambda: worklist.page(database, desk_, narrow="turn"),
        "list, red": lambda: worklist.page(database, desk_, narrow="red"),
        "list of an office": lambda: worklist.page(
            database, desk_, only=worklist.Only(office=committee)
        ),
        "number_to_id": lambda: search.number_to_id(database, desk_, case.number),
        "number_to_id, nobody's": lambda: search.number_to_id(database, desk_, ids.case_number()),
        "resident": lambda: search.by_code(engine, case.number, case.code or ""),
        "invited": lambda: search.invited(engine, case.case_id, 2),
        "view, an officer's": lambda: case_query.view(engine, desk_, case.case_id),
        "view, a resident's": lambda: case_query.view(engine, resident, case.case_id),
        "board": lambda: board.board(database, district_supervisor),
        "board of an office": lambda: board.board(database, district_supervisor, office=committee),
        "board, health": lambda: board.health(database, district_supervisor),
        "workers": lambda: board.workers(database),
        "inbox": lambda: office_query.inbox(database, desk_),
        "unread": lambda: office_query.unread(database, desk_),
        "grids": lambda: office_query.grids(database, desk_),
        "nameable": lambda: office_query.nameable(
            database, officer, process="dispute", grid=office.GRID
        ),
        "names": lambda: office_query.names(database, district.people.values(), [committee]),
        "open_ones": lambda: assignment.open_ones(database, leader),
        "health": lambda: installation_query.health(database),
    }
    district_supervisor, leader = district.actor("district_supervisor"), district.actor("leader")
    board.board(database, district_supervisor)  # so is the area it looks at
    for name, block in blocks.items():
        counts.of(name, block)
    counts.hold(QUERIES)


def test_requests(database: db.Database, counts: Counts) -> None:
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
        counts.of(name, sent)

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
    counts.of("POST /api/v1/cases", lambda: open_.post("officer", "/cases", new))
    accept = {"id": str(ids.uuid7()), "fields": {}}
    headers = {"If-Match": f'"{open_.version(case_id)}"'}
    counts.of(
        "POST /api/v1/cases/ID/actions/accept",
        lambda: open_.post("desk", f"/cases/{case_id}/actions/accept", accept, headers=headers),
    )
    assert open_.version(case_id) == 2


def test_sweep_and_relay(database: db.Database, counts: Counts) -> None:
    """A batch sends the same however many cases are in it."""
    district = office.build(database)
    engine = district.engine
    filed = [district.file() for _ in range(44)]
    counts.of("relay of 40", lambda: outbox.relay(engine))
    counts.of("relay, empty", lambda: outbox.relay(engine))
    counts.of("tick, empty", lambda: sweep.tick(engine, limit=40))
    district.jump("2026-03-25 09:00")
    case_query.view(engine, district.actor("desk"), filed[0].case_id)  # this day's line is kept now
    swept: list[sweep.TickReport] = []

    def tick(limit: int) -> None:
        swept.append(sweep.tick(engine, limit=limit))

    for limit in (4, 40):
        counts.of(f"tick of {limit}", partial(tick, limit))
        if limit == 4:
            counts.of("relay of 4", lambda: outbox.relay(engine))
    assert [report.cases for report in swept] == [4, 40]
    for what in ("tick", "relay"):
        assert counts.found[f"{what} of 40"] == counts.found[f"{what} of 4"]
    counts.hold(SWEPT)
