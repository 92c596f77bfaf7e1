"""The story Gridcase is made for, told once through the engine on both databases.

A neighbour dispute travels from the street to its rating; a petition to its lapsed window;
a third case is left alone and climbs the ladder without anybody touching it.
"""

from __future__ import annotations

import pytest

from tests import office
from workflow import audit, db, ids, outbox
from workflow.commands import act
from workflow.queries import case as case_query


@pytest.fixture
def district(database: db.Database) -> office.District:
    """The small district, on Friday 20 March 2026 at four in the afternoon."""
    return office.build(database)


def test_a_dispute_goes_from_the_street_to_its_rating(district: office.District) -> None:
    filed = district.file("officer")
    assert filed.state == "filed"
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    assert district.case(filed).handler_id == district.people["mediator"]
    district.at("2026-03-25 15:00")
    district.do(
        filed,
        "record_session",
        "mediator",
        session_on="2026-03-25",
        attended="both",
        minutes="双方到场，各说各的，没有谈拢。",
    )
    district.do(
        filed,
        "record_no_agreement",
        "mediator",
        no_agreement_reason="apart",
        routes_told=True,
    )
    district.do(
        filed,
        "serve_paper",
        "mediator",
        paper=4,
        served_to="both",
        served_method="in_person",
        served_on="2026-03-25",
        receipt="双方签收",
    )
    district.do(filed, "hand_up", "mediator", hand_up_reason="请街道调解", both_willing=True)
    assert district.case(filed).lead_office_id == district.offices["street_committee"]
    district.do(
        filed, "name_mediator", "street_desk", mediator=str(district.people["street_mediator"])
    )
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    district.at("2026-03-27 10:00")
    district.do(
        filed,
        "approve_plan",
        "leader",
        responsible=str(district.people["street_mediator"]),
        measures="现场查漏，请双方到场。",
        plan_until="2026-04-10",
    )
    district.at("2026-04-02 16:00")
    district.hold_session(filed, "street_mediator")
    district.do(
        filed,
        "record_agreement",
        "street_mediator",
        agreement_form="written",
        agreement_terms="修好漏点，赔偿 2400 元。",
        perform_by="2026-04-20",
        both_signed=True,
    )
    district.at("2026-04-18 11:00")
    district.do(filed, "confirm_performance", "street_mediator", performed_on="2026-04-18")
    assert district.case(filed).is_done
    district.at("2026-04-21 17:00")
    district.do(filed, "pay_visit", "officer", visited_on="2026-04-21", visit_result="performed")
    resident = district.resident(filed)
    request = act.Request(
        case_id=filed.case_id,
        action_id=ids.uuid7(),
        action="rate",
        fields={"rating_result": "satisfied", "rating_attitude": "satisfied"},
    )
    assert act.act(district.engine, resident, request).state == "closed"

    closed = district.case(filed)
    assert closed.is_closed
    assert closed.next_at is None
    assert all(row.ended_at for rows in district.deadlines(filed).values() for row in rows)
    report = audit.verify(district.engine.database, district.engine.seals)
    assert report.faults == ()


def test_a_petition_is_answered_served_and_closed_when_its_window_has_passed(
    district: office.District,
) -> None:
    filed = district.file("petition_officer", process="petition")
    assert set(district.deadlines(filed)) == {"petition.transfer"}
    district.at("2026-03-26 10:00")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.at("2026-03-30 10:00")
    district.do(filed, "accept", "handler", route="6")
    handle = district.deadlines(filed)["petition.handle"][0]
    assert handle.due_on.isoformat() == "2026-05-29"
    district.at("2026-05-20 10:00")
    district.do(filed, "extend", "head", extend_days=30, extend_reason="涉及两家单位，需核对账目。")
    handle = district.deadlines(filed)["petition.handle"][0]
    assert handle.due_on.isoformat() == "2026-06-28"
    district.at("2026-06-15 10:00")
    district.do(
        filed,
        "answer",
        "handler",
        outcome="support",
        facts_found="补贴确未发放。",
        opinion="七日内补发。",
        opinion_basis="公益岗位管理办法",
    )
    assert "petition.review_window" not in district.deadlines(filed)
    district.do(
        filed,
        "serve_answer",
        "handler",
        served_method="in_person",
        served_on="2026-06-15",
        receipt="送达回证 1 号",
    )
    window = district.deadlines(filed)["petition.review_window"][0]
    assert (window.due_on.isoformat(), window.owner) == ("2026-07-15", "party")
    assert district.case(filed).is_done
    district.at("2026-07-15 23:00")
    assert district.case(filed).state == "served"
    district.at("2026-07-16 00:01")
    assert district.case(filed).state == "closed"


def test_a_case_left_alone_climbs_the_ladder_by_itself(district: office.District) -> None:
    filed = district.file("officer")
    district.at("2026-04-02 10:00")
    with db.snapshot(district.engine.database) as tx:
        fired = tx.execute(case_query.FIRED, {"case_id": filed.case_id}).all()
    accept = [rung for rung in fired if rung.deadline_no == 1]
    assert [(r.effect, r.planned_at.astimezone(office.ZONE).isoformat()) for r in accept] == [
        ("warn", "2026-03-25T09:00:00+08:00"),
        ("urge", "2026-03-26T09:00:00+08:00"),
        ("supervise", "2026-03-27T09:00:00+08:00"),
        ("raise", "2026-03-31T09:00:00+08:00"),
        ("leader", "2026-04-02T09:00:00+08:00"),
    ]
    assert all((r.fired_at - r.planned_at).total_seconds() < 5 for r in accept)
    case = district.case(filed)
    assert case.light == "red"
    assert case.leader_id == district.people["district_leader"]
    missed = district.deadlines(filed)["dispute.accept"][0]
    assert missed.charged_office_id == district.offices["desk"]
    assert "dispute.leader_plan" in district.deadlines(filed)
    assert outbox.run(district.engine).sent == 0  # told already, on the way
