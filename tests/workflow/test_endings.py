"""A matter that ends with a paper stays an open case until the paper is served: it lights up where
the office looks, climbs the ladder, and service closes it. Invariant: 9."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests import office
from tests.workflow import look
from workflow.commands import act
from workflow.queries import board, worklist
from workflow.queries import case as case_query

SERVED: Final[dict[str, Any]] = {"served_method": "in_person", "receipt": "本人签收"}
REFUSED: Final[dict[str, Any]] = {"refusal_reason": "法院已经立案。", "remedy_told": True}
BARRED: Final[dict[str, Any]] = {
    "refusal_reason": "法院已经立案。",
    "legal_basis": "人民调解工作若干规定第22条",
    "other_routes": "可以向法院起诉。",
}


def _petition(district: office.District, **fields: Any) -> act.Receipt:
    filed = district.file("petition_officer", process="petition", **fields)
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    return filed


def _mediated(district: office.District) -> act.Receipt:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


def _refuse(district: office.District) -> act.Receipt:
    filed = _petition(district)
    district.do(filed, "refuse", "handler", refusal_ground="judicial", **REFUSED)
    return filed


def _refuse_again(district: office.District) -> act.Receipt:
    filed = _petition(district)
    district.do(
        filed, "refuse", "handler", refusal_ground="finished", earlier_number="X", **REFUSED
    )
    return filed


def _reply(district: office.District) -> act.Receipt:
    filed = _petition(district, petition_class="suggestion")
    district.do(filed, "study", "handler")
    district.do(filed, "reply", "handler", adoption="adopted", reply_words="已采纳。")
    return filed


def _hand_over(district: office.District) -> act.Receipt:
    filed = _petition(district)
    court = {"handed_to": "political_legal", "handed_organ": "区人民法院"}
    district.do(filed, "hand_over", "handler", handed_on="2026-03-20", **court)
    return filed


def _bar(district: office.District) -> act.Receipt:
    filed = district.file()
    district.do(filed, "refuse", "desk", **BARRED)
    return filed


def _end(district: office.District) -> act.Receipt:
    filed = _mediated(district)
    district.do(filed, "end_mediation", "mediator", end_reason="差距太大。", routes_told=True)
    return filed


def _decline(district: office.District) -> act.Receipt:
    filed = _mediated(district)
    district.do(filed, "refuse_mediation", "mediator", refusing_side="respondent", routes_told=True)
    return filed


ENDINGS: Final = {
    "petition.refusal_notice": (_refuse, "refused", "handler"),
    "petition.no_second_notice": (_refuse_again, "refused", "handler"),
    "petition.suggestion_reply": (_reply, "replied", "handler"),
    "petition.handover_notice": (_hand_over, "handed_over", "handler"),
    "dispute.refusal_notice": (_bar, "refused", "desk"),
    "dispute.end_notice": (_end, "ended", "mediator"),
    "dispute.end_notice (refused)": (_decline, "ended", "mediator"),
}


def _listed(district: office.District, name: str, case: act.Receipt) -> list[str]:
    """The lights of a case on the list of what is a person's turn."""
    actor = district.actor(name)
    found = [
        item.light
        for seat, _ in worklist.seats(district.engine.database, actor)
        for item in worklist.page(
            district.engine.database, actor, seat_key=seat.key, narrow="turn"
        ).items
        if item.case_id == case.case_id
    ]
    return found[:1]


@pytest.mark.parametrize("paper", ENDINGS)
def test_I9_an_end_whose_paper_waits_lights_up_until_it_is_served(
    district: office.District, paper: str
) -> None:
    end, state, by = ENDINGS[paper]
    filed = end(district)
    found = look.hold(district, filed.case_id)
    assert (found.case.state, found.case.is_closed, found.case.light) == (state, False, "green")
    clock = f"{found.case.process}.serve_ending"
    assert [row.rule for row in found.deadlines if row.is_open] == [clock]
    assert _listed(district, by, filed) == ["green"]
    watcher = "district_supervisor" if found.case.process == "petition" else "supervisor"
    before = board.board(district.engine.database, district.actor(watcher)).total
    assert (before.green, before.red) == (1, 0)

    district.at("2026-04-03 10:00")
    found = look.hold(district, filed.case_id)
    assert [rung.effect for rung in found.rungs_of(clock)] == ["warn", "urge", "supervise"]
    assert (found.case.light, found.case.supervision) == ("red", "ladder")
    assert _listed(district, by, filed) == ["red"]
    after = board.board(district.engine.database, district.actor(watcher)).total
    assert (after.green, after.red) == (0, 1)

    (no,) = look.unserved(district, filed.case_id)[-1:]
    to_both = {"served_to": "both"} if paper.startswith("dispute.end_notice") else {}
    district.do(filed, "serve_paper", by, paper=no, served_on="2026-04-03", **SERVED, **to_both)
    found = look.hold(district, filed.case_id)
    assert (found.case.is_closed, found.case.light, found.case.supervision) == (True, "grey", None)
    assert found.deadline(clock).state == "met_late"
    assert _listed(district, by, filed) == []
    closed = board.board(district.engine.database, district.actor(watcher)).total
    assert closed.total == 0
    look.counts_agree(district)


def test_an_end_with_nobody_to_notify_closes_the_case_at_once(district: office.District) -> None:
    filed = _petition(district, identity_clear=False)
    district.do(filed, "refuse", "handler", refusal_ground="judicial", **REFUSED)
    found = look.hold(district, filed.case_id)
    assert (found.case.is_closed, look.unserved(district, filed.case_id)) == (True, [])


def test_what_waited_before_the_end_is_overtaken_by_the_paper_of_the_end(
    district: office.District,
) -> None:
    """The notice of receipt was never served; now the notice of the route is what counts."""
    filed = _petition(district)
    district.do(filed, "accept", "handler", route="1")
    district.at("2026-03-24 10:00")
    district.do(filed, "tell_route", "handler", route_told="请申请劳动仲裁。")
    receipt, route = look.unserved(district, filed.case_id)
    found = look.hold(district, filed.case_id)
    assert found.deadline("petition.serve_paper").state == "stopped"
    district.do(filed, "serve_paper", "handler", paper=receipt, served_on="2026-03-24", **SERVED)
    assert look.hold(district, filed.case_id).case.is_closed is False
    district.do(filed, "serve_paper", "handler", paper=route, served_on="2026-03-24", **SERVED)
    found = look.hold(district, filed.case_id)
    assert found.case.is_closed
    assert [row.state for row in found.deadlines if row.rule == "petition.serve_ending"] == [
        "met",
        "met",
    ]


def test_a_notice_that_mediation_failed_lights_up_and_goes_along_when_it_is_handed_up(
    district: office.District,
) -> None:
    filed = _mediated(district)
    district.hold_session(filed)
    district.do(
        filed, "record_no_agreement", "mediator", no_agreement_reason="未谈拢。", routes_told=True
    )
    clock = look.hold(district, filed.case_id).deadline("dispute.serve_paper")
    assert (clock.state, clock.due_on.isoformat()) == ("running", "2026-03-27")
    district.do(filed, "hand_up", "mediator", hand_up_reason="请街道再调。", both_willing=True)
    (no,) = look.unserved(district, filed.case_id)
    served: dict[str, Any] = {"paper": no, "served_on": "2026-03-20", "served_to": "both"}
    district.do(filed, "serve_paper", "street_desk", **served, **SERVED)
    assert look.hold(district, filed.case_id).deadline("dispute.serve_paper").state == "met"


def test_a_notice_to_both_sides_waits_until_each_has_it(district: office.District) -> None:
    filed = _decline(district)
    (no,) = look.unserved(district, filed.case_id)
    made_on = look.hold(district, filed.case_id).deadline("dispute.serve_ending").start_at

    def serve(to: str | None) -> None:
        fields: dict[str, Any] = {"paper": no, "served_on": "2026-03-20", "served_to": to}
        district.do(filed, "serve_paper", "mediator", **fields, **SERVED)

    assert look.refused(serve, None).code == "service.side"
    serve("applicant")
    found = look.hold(district, filed.case_id)
    clocks = [row for row in found.deadlines if row.rule == "dispute.serve_ending"]
    assert (found.case.is_closed, [row.state for row in clocks]) == (False, ["met", "running"])
    assert clocks[-1].start_at == made_on, "the other side's notice is as old as this one's"
    assert look.refused(serve, "applicant").code == "service.side"
    view = case_query.view(district.engine, district.actor("mediator"), filed.case_id)
    (paper,) = [it for it in view.papers if it.no == no]
    assert (paper.is_served, [it.side for it in paper.services]) == (False, ["applicant"])
    serve("respondent")
    assert look.hold(district, filed.case_id).case.is_closed
    assert look.refused(serve, "respondent").code == "service.no_paper"


def test_a_notice_to_one_side_is_not_served_to_the_other(district: office.District) -> None:
    filed = _bar(district)
    (no,) = look.unserved(district, filed.case_id)
    fields = {"paper": no, "served_on": "2026-03-20", **SERVED}
    for to in ("respondent", "both"):
        told = look.refused(district.do, filed, "serve_paper", "desk", **fields, served_to=to)
        assert told.code == "service.side"
    district.do(filed, "serve_paper", "desk", **fields, served_to="applicant")
    assert look.unserved(district, filed.case_id) == []


def test_a_refusal_to_mediate_makes_the_notice_of_the_end_on_the_same_day(
    district: office.District,
) -> None:
    filed = _decline(district)
    (event,) = look.whole(district, filed.case_id).payloads("refuse_mediation")
    assert [paper["name"] for paper in event["papers"]] == ["dispute.end_notice"]
