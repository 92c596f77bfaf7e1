"""The story told over HTTP: a dispute from the street to its rating, a petition to its closing,
and a case left alone."""

from __future__ import annotations

import pytest

from tests import office
from tests.api import desk
from workflow import audit, db, ids

WHO = (
    "officer",
    "desk",
    "mediator",
    "street_desk",
    "street_mediator",
    "supervisor",
    "leader",
    "petition_officer",
    "handler",
    "head",
)


@pytest.fixture
def front(database: db.Database) -> desk.Desk:
    """The district with everybody whom the story needs."""
    return desk.open_desk(database, *WHO)


def _person(front: desk.Desk, name: str) -> str:
    return str(front.district.people[name])


def test_a_dispute_goes_from_the_street_to_its_rating(front: desk.Desk) -> None:
    at, do = front.district.at, front.do
    filed = front.file()
    case = filed["case_id"]
    at("2026-03-23 09:30")
    do(case, "accept", "desk")
    do(case, "name_mediator", "desk", mediator=_person(front, "mediator"))
    mine = front.get("mediator", "/cases", params={"seat": "handler"}).json()["items"]
    assert [item["id"] for item in mine] == [case]
    at("2026-03-25 15:00")
    do(
        case,
        "record_session",
        "mediator",
        session_on="2026-03-25",
        attended="both",
        minutes="双方到场，各说各的，没有谈拢。",
    )
    do(
        case,
        "record_no_agreement",
        "mediator",
        no_agreement_reason="要求相差太远。",
        routes_told=True,
    )
    do(case, "hand_up", "mediator", hand_up_reason="请街道调解", both_willing=True)
    street = _person(front, "street_mediator")
    do(case, "name_mediator", "street_desk", mediator=street)
    do(case, "name_leader", "supervisor", leader=_person(front, "leader"))
    at("2026-03-27 10:00")
    do(
        case,
        "approve_plan",
        "leader",
        responsible=street,
        measures="现场查漏，请双方到场。",
        plan_until="2026-04-10",
    )
    seen = front.get("leader", f"/cases/{case}").json()["leader"]
    assert (seen["name"], seen["state"], seen["until_on"]) == ("演示leader", "active", "2026-04-10")
    at("2026-04-02 16:00")
    front.hold_session(case, "street_mediator")
    do(
        case,
        "record_agreement",
        "street_mediator",
        agreement_form="written",
        agreement_terms="修好漏点，赔偿 2400 元。",
        perform_by="2026-04-20",
        both_signed=True,
    )
    at("2026-04-18 11:00")
    do(case, "confirm_performance", "street_mediator", performed_on="2026-04-18")
    at("2026-04-21 17:00")
    do(case, "pay_visit", "officer", visited_on="2026-04-21", visit_result="performed")

    given = {"number": filed["number"], "code": filed["code"]}
    looked = front.post(None, "/lookup", given, headers=desk.ENGLISH).json()
    assert [action["name"] for action in looked["actions"]] == ["rate"]
    terms = {fact["field"]: fact["text"] for event in looked["events"] for fact in event["facts"]}
    assert terms["agreement_terms"] == "修好漏点，赔偿 2400 元。"
    assert "minutes" not in terms
    sent = {
        **given,
        "id": str(ids.uuid7()),
        "fields": {"rating_result": "satisfied", "rating_attitude": "satisfied"},
    }
    for _ in range(2):
        rated = front.post(None, "/lookup/actions/rate", sent)
        assert (rated.status_code, rated.json()["state"]) == (200, "closed")

    closed = front.get("officer", f"/cases/{case}").json()
    assert closed["is_closed"]
    assert [it["name"] for it in closed["actions"]] == ["add_material", "reopen"]
    clocks = front.get("officer", f"/cases/{case}/deadlines").json()["items"]
    assert all(clock["ended_at"] for clock in clocks)
    assert audit.verify(front.district.engine.database, front.district.engine.seals).faults == ()


def test_a_petition_is_answered_served_and_closed_when_its_window_has_passed(
    front: desk.Desk,
) -> None:
    at, do = front.district.at, front.do
    sent = {**front.new_case(), "process": "petition", "fields": dict(office.PETITION)}
    filed = front.post("petition_officer", "/cases", sent)
    assert filed.status_code == 201, filed.text
    case = filed.json()["case_id"]
    at("2026-03-26 10:00")
    do(case, "transfer", "petition_officer", to_office=str(front.district.offices["housing"]))
    at("2026-03-30 10:00")
    do(case, "accept", "handler", route="6")
    at("2026-05-20 10:00")
    do(case, "extend", "head", extend_days=30, extend_reason="涉及两家单位，需核对账目。")
    clocks = front.get("head", f"/cases/{case}/deadlines").json()["items"]
    handle = next(clock for clock in clocks if clock["rule"] == "petition.handle")
    assert handle["due_on"] == "2026-06-28"
    assert sum(span["counted"] for span in handle["spans"]) == 90
    at("2026-06-15 10:00")
    do(
        case,
        "answer",
        "handler",
        outcome="support",
        facts_found="补贴确未发放。",
        opinion="七日内补发。",
        opinion_basis="公益岗位管理办法",
    )
    do(
        case,
        "serve_answer",
        "handler",
        served_method="in_person",
        served_on="2026-06-15",
        receipt="送达回证 1 号",
    )
    at("2026-07-16 00:01")
    told = front.get("petition_officer", f"/cases/{case}").json()
    assert told.get("state") == "closed", told


def test_a_case_left_alone_climbs_the_ladder_by_itself(front: desk.Desk) -> None:
    case = front.file()["case_id"]
    front.district.at("2026-04-02 10:00")
    fired = front.get("supervisor", f"/cases/{case}/escalations").json()["items"]
    accept = [(it["effect"], it["planned_at"]) for it in fired if it["rule"] == "dispute.accept"]
    assert accept == [
        ("warn", "2026-03-25T01:00:00Z"),
        ("urge", "2026-03-26T01:00:00Z"),
        ("supervise", "2026-03-27T01:00:00Z"),
        ("raise", "2026-03-31T01:00:00Z"),
        ("leader", "2026-04-02T01:00:00Z"),
    ]
    case_now = front.get("supervisor", f"/cases/{case}").json()
    assert (case_now["light"], case_now["leader"]["state"]) == ("red", "awaiting_plan")
