"""How many statements each query sends: for ten rows of everything the same as for two.

`pytest tests/workflow/test_statements_queries.py -s` prints the table. What is kept in memory
(packs, calendars, lines of offices, areas of boards) is read before the count begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from rules import errors
from tests import conftest, office, pictures
from tests.peers import stage
from tests.workflow import counts, outside
from workflow import access, db, ids, outbox
from workflow.commands import absences as absence_commands
from workflow.commands import act, attachments, people, workers
from workflow.commands import office as office_commands
from workflow.decide import Scalar
from workflow.queries import (
    absences,
    almanac,
    assignment,
    board,
    deliveries,
    directory,
    installation,
    search,
    worklist,
)
from workflow.queries import case as case_query
from workflow.queries import office as office_query

# What is sent today, name: (SQLite, PostgreSQL). A change that needs more says so here.
QUERIES: Final = {
    "worklist.seats": (3, 3),
    "worklist.page": (3, 3),
    "worklist.page, my turn": (3, 3),
    "worklist.page, red": (3, 3),
    "worklist.page, of an office": (3, 3),
    "search.number_to_id": (3, 3),
    "search.number_to_id, nobody's": (2, 2),
    "search.by_code, a resident's": (1, 1),
    "search.by_code, a guest's": (3, 3),
    "search.invited": (2, 2),
    "case.view, an officer's": (12, 12),
    "case.view, a resident's": (9, 9),
    "case.view, a merged one's": (12, 12),
    "board.board": (3, 3),
    "board.board, of an office": (3, 3),
    "board.board, now": (3, 3),
    "board.health": (1, 1),
    "board.workers": (1, 1),
    "assignment.open_ones": (2, 2),
    "assignment.watched": (2, 2),
    "deliveries.contacts": (1, 1),
    "deliveries.mine": (4, 4),
    "deliveries.dead": (4, 4),
    "office.inbox": (4, 4),
    "office.unread": (1, 1),
    "office.standing": (1, 1),
    "office.candidates": (2, 2),
    "office.nameable": (2, 2),
    "office.house": (1, 1),
    "office.rules": (0, 0),
    "office.grids": (1, 1),
    "office.names": (2, 2),
    "office.areas": (1, 1),
    "office.areas, the roots": (1, 1),
    "office.offices": (1, 1),
    "absences.own": (2, 2),
    "absences.kept": (3, 3),
    "absences.every": (2, 2),
    "almanac.every": (1, 1),
    "almanac.one": (1, 1),
    "directory.users": (2, 2),
    "directory.posts": (1, 1),
    "directory.posts, of an area": (1, 1),
    "directory.post": (1, 1),
    "directory.packs": (1, 1),
    "installation.installed": (2, 2),
    "installation.usernames": (1, 1),
    "installation.actors": (1, 1),
    "installation.about": (2, 5),
    "installation.health": (2, 2),
    "installation.files": (1, 1),
    "installation.queues": (1, 1),
    "installation.signs": (1, 1),
    "installation.rules": (4, 4),
}
FEW, MANY = 2, 10
ONCE: Final = 2 * (1 + MANY) + 2
"""What a process reads once on top: each pack and calendar in use, a line, an area."""
PAPER: Final = 3
"""The notice of acceptance, which is served."""
SERVED: Final = {"served_method": "in_person", "served_on": "2026-03-20", "receipt": "本人签收"}
INVITED: Final[Mapping[str, Scalar]] = {
    "invited_who": "王示例",
    "invited_kind": "expert",
    "invited_agreed": True,
}
Ask = tuple[str, partial[Any], Callable[[Any], int] | None]
"""A query, a word for the case, and how many rows its answer has; None where it is one thing."""


@dataclass(slots=True)
class Scene:
    """A district with some of everything: a petition at the housing department, whose paper was
    served; a dispute in mediation, which took another in; disputes that are late, and that nobody
    can take."""

    district: office.District
    petition: act.Receipt
    mediated: act.Receipt
    merged: act.Receipt
    filed: list[act.Receipt] = field(default_factory=list)
    rows: int = 0

    @property
    def database(self) -> db.Database:
        """Where it all is."""
        return self.district.engine.database

    def grow(self, rows: int, *, until: str) -> None:
        """Adds to everything until there are so many; then nobody acts until a local moment."""
        for n in range(self.rows, rows):
            _directory(self.district, n)
            _away(self.district, n)
            stage.rules(
                self.district, pack=_version(n), calendar=stage.day_off(f"2026-11-{n + 10}")
            )
            self._cases(n)
            _undelivered(self.district)
        self.rows = rows
        self.district.jump(until)
        self.district.sweep()
        outbox.run(self.district.engine)

    def _cases(self, n: int) -> None:
        district, petition = self.district, self.petition
        filed = district.file()
        district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
        self.filed.append(filed)
        again = district.file("petition_officer", process="petition")
        district.do(again, "link_earlier", "petition_officer", earlier_number=petition.number)
        district.do(self.mediated, "invite", "mediator", **INVITED)
        handler, case_id = district.actor("handler"), petition.case_id
        people.open_values(district.engine, handler, case_id, reason=f"第{n}次")
        receipt = attachments.Request(
            case_id=case_id, id=ids.uuid7(), kind="receipt", of_no=PAPER, content=pictures.photo()
        )
        attachments.attach(district.engine, handler, receipt)


def _scene(database: db.Database, folder: Path) -> Scene:
    district = office.build(database)
    district.engine = replace(
        district.engine, files=replace(district.engine.files, folder=folder / "attachments")
    )
    petition = district.file("petition_officer", process="petition")
    housing, mediator = str(district.offices["housing"]), str(district.people["mediator"])
    district.do(petition, "transfer", "petition_officer", to_office=housing)
    district.do(petition, "accept", "handler", route="6")
    district.do(petition, "serve_paper", "handler", paper=PAPER, **SERVED)
    mediated, merged = district.file(), district.file()
    into = {"earlier_number": mediated.number, "merge_reason": "同一起漏水"}
    district.do(merged, "merge", "desk", **into)
    district.do(mediated, "accept", "desk")
    district.do(mediated, "name_mediator", "desk", mediator=mediator)
    outside.reach(district, "desk")
    return Scene(district, petition, mediated, merged)


def _directory(district: office.District, n: int) -> None:
    """A province and a grid, an office, people with and without an account, a worker."""
    database, below = district.engine.database, office.COMMUNITY
    for code, level, parent in ((f"9{n}", "province", None), (f"{below}{n + 100}", "grid", below)):
        area = office_commands.NewArea(code=code, name=code, level=level, parent_code=parent)
        office_commands.add_areas(database, [area])
    district.staff(f"bureau{n}", kind="department", area=office.DISTRICT)
    district.seat({f"mediator{n}": ("mediator", "committee"), f"clerk{n}": ("case_desk", "desk")})
    account = people.NewPerson(id=ids.uuid7(), name=f"演示{n}", username=f"user{n}")
    people.add_people(database, [account])
    workers.enrol(database, ids.uuid7())


def _away(district: office.District, n: int) -> None:
    """A clerk is away today, the mediator will be some day; nobody is there who supervises."""
    database = district.engine.database
    today = office_query.house(database).today
    days = {f"clerk{n}": (0, 60), "mediator": (60 + n, 60 + n)}
    if n == 0:
        days |= {"supervisor": (0, 90), "district_supervisor": (0, 90)}
    for name, (first, last) in days.items():
        absence_commands.enter(
            database,
            None,
            person_id=district.people[name],
            from_on=today + timedelta(days=first),
            until_on=today + timedelta(days=last),
        )


def _version(n: int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["version"] = f"9.{n}"

    return change


def _undelivered(district: office.District) -> None:
    """What is told outside is refused there."""
    door = outside.Recording(answer=outside.fails(errors.Invalid("delivery.refused")))
    outside.send(district, door)


# -- what is asked --------------------------------------------------------------------------------


def _of_cases(scene: Scene) -> Iterator[Ask]:
    district, database, engine = scene.district, scene.database, scene.district.engine
    desk, officer, handler = map(district.actor, ("desk", "officer", "handler"))
    watcher, leads = district.actor("district_supervisor"), district.offices["desk"]
    page = partial(worklist.page, database, desk)
    yield "", partial(worklist.seats, database, desk), lambda it: sum(n for _, n in it)
    yield "", page, _items
    yield "my turn", partial(page, narrow="turn"), _items
    yield "red", partial(page, narrow="red"), _items
    yield "of an office", partial(page, only=worklist.Only(office=leads)), _items
    number, code = scene.petition.number, scene.petition.code or ""
    yield "", partial(search.number_to_id, database, handler, number), None
    yield "nobody's", partial(search.number_to_id, database, handler, ids.case_number()), None
    yield "a resident's", partial(search.by_code, engine, number, code), None
    guest = case_query.view(engine, district.actor("mediator"), scene.mediated.case_id).invitations
    yield "a guest's", partial(search.by_code, engine, scene.mediated.number, guest[0].code), None
    yield "", partial(search.invited, engine, scene.mediated.case_id, 4), None
    case_id = scene.petition.case_id
    resident = access.Actor(kind="resident", case_id=case_id)
    view = partial(case_query.view, engine)
    yield "an officer's", partial(view, watcher, case_id), _around
    yield "a resident's", partial(view, resident, case_id), lambda it: len(it.events)
    merged = access.Actor(kind="resident", case_id=scene.merged.case_id)
    yield "a merged one's", partial(view, merged, scene.merged.case_id), None
    boards = partial(board.board, database, watcher)
    yield "", boards, lambda it: min(len(it.late), len(it.stuck))
    yield "of an office", partial(boards, office=leads), lambda it: len(it.late)
    yield "now", partial(boards, with_past=False), lambda it: len(it.late)
    yield "", partial(board.health, database, watcher), lambda it: len(it.workers)
    yield "", partial(board.workers, database), len
    yield "", partial(assignment.open_ones, database, district.actor("leader")), len
    yield "", partial(assignment.watched, database, watcher), len
    yield "", partial(deliveries.contacts, database, desk), None
    yield "", partial(deliveries.mine, database, desk), len
    yield "", partial(deliveries.dead, database, watcher), lambda it: it.items[0].notices
    yield "", partial(office_query.inbox, database, desk), len
    yield "", partial(office_query.unread, database, desk), int
    yield "", partial(office_query.standing, database, desk), lambda it: it[1]
    found = case_query.view(engine, desk, scene.filed[0].case_id)
    named = partial(
        office_query.candidates,
        database,
        actions=found.process.actions,
        pack=found.pack,
        case=found.case,
        facts=found.facts,
    )
    yield "", named, lambda it: len(it["name_mediator"]["mediator"])
    nameable = partial(office_query.nameable, database, officer)
    yield "", partial(nameable, process="dispute", grid=office.GRID), None


def _of_the_office(scene: Scene) -> Iterator[Ask]:
    district, database = scene.district, scene.database
    everybody, offices = list(district.people.values()), list(district.offices.values())
    supervisor, mediator = district.actor("supervisor"), district.actor("mediator")
    yield "", partial(office_query.house, database), None
    pack_hash = office_query.house(database).rules.hash
    yield "", partial(office_query.rules, database, pack_hash), None
    yield "", partial(office_query.grids, database, district.actor("desk")), len
    yield "", partial(office_query.names, database, everybody, offices), len
    yield "", partial(office_query.areas, database, office.COMMUNITY), len
    yield "the roots", partial(office_query.areas, database, None), len
    yield "", partial(office_query.offices, database, office.DISTRICT), len
    yield "", partial(absences.own, database, mediator), len
    yield "", partial(absences.kept, database, supervisor), lambda it: len(it.absences)
    yield "", partial(absences.every, database), len
    yield "", partial(almanac.every, database), len
    yield "", partial(almanac.one, database, None), None
    yield "", partial(directory.users, database), len
    yield "", partial(directory.posts, database), len
    yield "of an area", partial(directory.posts, database, area=office.STREET), len
    yield "", partial(directory.post, database, district.posts["desk"]), None
    yield "", partial(directory.packs, database), len
    yield "", partial(installation.installed, database), lambda it: it.cases
    yield "", partial(installation.usernames, database), len
    yield "", partial(installation.actors, database, everybody), len
    yield "", partial(installation.about, database), None
    yield "", partial(installation.health, database), lambda it: it.dead
    yield "", partial(installation.files, database), len
    yield "", partial(installation.queues, database), lambda it: it.dead
    yield "", partial(installation.signs, database), None
    yield "", partial(installation.rules, database), None


def _items(page: worklist.WorkPage) -> int:
    return len(page.items)


def _around(view: case_query.CaseView) -> int:
    """Of what grows around a case the least."""
    receipts = sum(len(paper.receipts) for paper in view.papers)
    return min(len(view.linked), len(view.readings), len(view.events), receipts)


def _counted(
    scene: Scene, count: counts.Counts, *, before: Callable[[], object] = tuple
) -> dict[str, int]:
    """Asks everything, and gives how many rows each answer has that has some."""
    rows = {}
    for case, call, size in (*_of_cases(scene), *_of_the_office(scene)):
        before()
        answer = count.of(case, call)
        if size is not None:
            rows[counts.called(call, case)] = size(answer)
    return rows


@pytest.mark.slow
def test_queries(database: db.Database, statements: conftest.Statements, tmp_path: Path) -> None:
    """None sends more where there is more."""
    scene = _scene(database, tmp_path)
    few, many, first = (counts.Counts(database, statements) for _ in range(3))
    scene.grow(FEW, until="2026-03-27 10:00")
    _counted(scene, first)  # read into memory
    before = _counted(scene, few)
    scene.grow(MANY, until="2026-04-08 10:00")
    _counted(scene, many)
    after = _counted(scene, many)
    _counted(scene, first, before=counts.forget)
    assert {name: (n, after[name]) for name, n in before.items() if after[name] < n + 8} == {}
    assert few.found == many.found
    more = {name: n - many.found[name] for name, n in first.found.items()}
    assert max(more.values()) <= ONCE, more
    many.hold(QUERIES)
