"""What the pages ask for beyond a list and a case: assignments, notices read, names, narrowing."""

from __future__ import annotations

import pytest

from rules import errors
from tests import office
from workflow import db
from workflow.commands import notices
from workflow.queries import assignment, worklist
from workflow.queries import office as office_query


@pytest.fixture
def district(database: db.Database) -> office.District:
    """The small district, once on each database."""
    return office.build(database)


def test_assignments_when_listed_put_those_without_a_plan_first(district: office.District) -> None:
    planned, waiting = district.file(subject="有方案的"), district.file(subject="等方案的")
    for case in (planned, waiting):
        district.do(case, "name_leader", "supervisor", leader=str(district.people["leader"]))
    district.do(
        planned,
        "approve_plan",
        "leader",
        responsible=str(district.people["desk"]),
        measures="先谈。",
        plan_until="2026-03-30",
    )
    found = assignment.open_ones(district.engine.database, district.actor("leader"))
    assert [(it.subject, it.awaits_plan) for it in found] == [
        ("等方案的", True),
        ("有方案的", False),
    ]
    assert found[1].responsible == "演示desk"
    assert assignment.open_ones(district.engine.database, district.actor("district_leader")) == ()
    district.do(waiting, "withdraw", "desk", withdraw_reason="不谈了")
    left = assignment.open_ones(district.engine.database, district.actor("leader"))
    assert [it.case_id for it in left] == [planned.case_id]


def test_notices_when_marked_are_read_by_their_receiver_alone(district: office.District) -> None:
    district.file()
    district.file()
    district.at("2026-03-20 16:10")
    database, desk = district.engine.database, district.actor("desk")
    inbox = office_query.inbox(database, desk)
    assert len(inbox) == 2
    assert notices.mark_read(database, district.actor("other_desk"), key=inbox[0].key) == 0
    assert notices.mark_read(database, desk, key=inbox[0].key) == 1
    assert notices.mark_read(database, desk, key=inbox[0].key) == 0
    assert office_query.unread(database, desk) == 1
    assert notices.mark_read(database, desk) == 1
    assert office_query.unread(database, desk) == 0
    with pytest.raises(errors.NotFound):
        notices.mark_read(database, desk, key="nothing")


def test_names_when_asked_leave_out_who_is_not_there(district: office.District) -> None:
    people = {district.people["desk"], district.posts["desk"]}
    found = office_query.names(district.engine.database, people, {district.offices["housing"]})
    assert sorted(found.values()) == ["单位 housing", "演示desk"]


def test_list_when_narrowed_holds_what_is_led_there_and_its_acts(district: office.District) -> None:
    mine = district.file()
    district.file("other_officer", grid=office.OTHER_GRID)
    database, actor = district.engine.database, district.actor("district_supervisor")
    everything = worklist.page(database, actor)
    assert len(everything.items) == 2
    for narrowed in (
        worklist.page(database, actor, only=worklist.Only(area=office.STREET)),
        worklist.page(database, actor, only=worklist.Only(area=office.COMMUNITY), narrow="green"),
        worklist.page(database, actor, only=worklist.Only(office=district.offices["desk"])),
    ):
        assert [item.case_id for item in narrowed.items] == [mine.case_id]
    assert (
        worklist.page(database, actor, only=worklist.Only(area=office.GRID), narrow="red").items
        == ()
    )
    assert {"accept", "refuse", "withdraw"} <= set(everything.items[0].offered)
