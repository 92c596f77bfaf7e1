"""Review and recheck (复查、复核): each asked of the organ above the one that answered, within its
window; a hearing stands still in between. Law: 信访工作条例第35条、第36条.
"""

from __future__ import annotations

import pytest

from tests import office
from tests.workflow import look
from workflow.commands import act
from workflow.commands import papers as commands
from workflow.decide import Scalar
from workflow.queries import case as case_query

ANSWER: dict[str, Scalar] = {
    "outcome": "support",
    "facts_found": "路灯确有三盏不亮。",
    "opinion": "十日内修复。",
    "opinion_basis": "市政设施管理规定",
}
SERVED: dict[str, Scalar] = {
    "served_method": "in_person",
    "served_on": "2026-03-20",
    "receipt": "本人签收",
}


@pytest.fixture
def station(district: office.District) -> office.District:
    """The district with a department of a street, so that two organs stand above it, each with
    its reviewer."""
    district.staff(
        "station",
        kind="department",
        area=office.STREET,
        superior="street",
        clerk="department_handler",
    )
    district.seat({"street_reviewer": ("reviewer", "street")})
    return district


def _reviewed(station: office.District, *, by: str, confidentiality: str) -> act.Receipt:
    """A petition filed at the department, answered, and under review at its street."""
    filed = station.file("clerk", process="petition", confidentiality=confidentiality)
    station.do(filed, "accept", "clerk", route="6")
    station.do(filed, "answer", "clerk", **ANSWER)
    station.do(filed, "serve_answer", "clerk", **SERVED)
    station.do(filed, "request_review", by, requested_on="2026-03-20")
    return filed


@pytest.mark.parametrize(
    ("confidentiality", "clerk", "reviewer"),
    [
        ("normal", "petition_officer", "petition_officer"),
        ("restricted", "clerk", "street_reviewer"),
    ],
)
def test_a_petition_goes_to_review_and_recheck_each_at_the_organ_above(
    station: office.District, confidentiality: str, clerk: str, reviewer: str
) -> None:
    filed = _reviewed(station, by=clerk, confidentiality=confidentiality)
    assert station.case(filed).lead_office_id == station.offices["street"]
    (review,) = station.deadlines(filed)["petition.review"]
    assert str(review.due_on) == "2026-04-19", "thirty days from the day of the request"
    outcome: dict[str, Scalar] = {"review_outcome": "upheld", "review_opinion": "维持处理意见。"}
    station.do(filed, "answer_review", "street_reviewer", **outcome)
    station.do(filed, "serve_review", "street_reviewer", **SERVED)
    station.do(filed, "request_recheck", reviewer, requested_on="2026-03-20")
    case = look.hold(station, filed.case_id).case
    assert (case.state, case.lead_office_id) == ("rechecking", station.offices["government"])
    station.do(filed, "start_hearing", "reviewer", hearing_reason="双方说法不一。")
    (before,) = station.deadlines(filed)["petition.recheck"]
    station.at("2026-03-30 10:00")
    station.do(filed, "end_hearing", "reviewer", hearing_note="听证笔录已经核对。")
    (after,) = station.deadlines(filed)["petition.recheck"]
    assert (after.due_on - before.due_on).days == 10, "the hearing does not count"
    final: dict[str, Scalar] = {"review_outcome": "changed", "review_opinion": "七日内修复。"}
    station.do(filed, "answer_recheck", "reviewer", **final)
    done = station.do(filed, "serve_recheck", "reviewer", **{**SERVED, "served_on": "2026-03-30"})
    assert done.state == "closed"
    view = case_query.view(station.engine, station.actor("reviewer"), filed.case_id)
    assert [it.key for it in view.papers][-2:] == [
        "petition.review_opinion",
        "petition.recheck_opinion",
    ]
    last = commands.open_one(
        station.engine,
        station.actor("reviewer"),
        filed.case_id,
        view.papers[-1].no,
        reason="查看文书",
    )
    said = " ".join(block.text or "" for block in last.filled.zh.body)
    assert "七日内修复。" in said
