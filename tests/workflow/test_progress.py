"""Who is concerned asks how it stands: an answer is owed, once, and the result is one too."""

from __future__ import annotations

from tests import office
from tests.workflow import look
from workflow.commands import act
from workflow.decide import Scalar
from workflow.queries import case as case_query

ANSWER: dict[str, Scalar] = {"progress_answer": "已约双方周三见面。"}
TO_HOUSING = "housing"


def _clock(district: office.District, filed: act.Receipt) -> list[tuple[str, str]]:
    process = district.case(filed).process
    rows = district.deadlines(filed).get(f"{process}.tell_progress", ())
    return [(row.state, row.due_on.isoformat()) for row in rows]


def _open_to_them(district: office.District, filed: act.Receipt) -> tuple[str, ...]:
    actor = district.resident(filed)
    return case_query.view(district.engine, actor, filed.case_id).actions


def test_a_party_that_asks_is_answered_and_may_ask_again(district: office.District) -> None:
    filed = district.file()
    assert look.refused(district.do, filed, "tell_progress", "desk", **ANSWER).code == (
        "action.window_over"
    ), "nobody has asked"
    district.ask(filed, "ask_progress", progress_question="什么时候开始调解？")
    assert _clock(district, filed) == [("running", "2026-03-25")]
    assert "ask_progress" not in _open_to_them(district, filed)
    told = [row for row in look.notices(district, filed.case_id) if row.cause == "ask_progress"]
    assert [row.receiver_id for row in told] == [district.people["desk"]]
    district.do(filed, "tell_progress", "desk", **ANSWER)
    assert _clock(district, filed) == [("met", "2026-03-25")]
    view = case_query.view(district.engine, district.resident(filed), filed.case_id)
    (answer,) = [event for event in view.events if event.name == "tell_progress"]
    assert (answer.resident_sees, "ask_progress" in view.actions) == (True, True)
    district.at("2026-03-26 10:00")
    district.ask(filed, "ask_progress")
    assert [state for state, _ in _clock(district, filed)] == ["met", "running"]


def test_asking_twice_is_refused_with_the_day_of_the_answer(district: office.District) -> None:
    filed = district.file()
    district.ask(filed, "ask_progress")
    district.at("2026-03-24 10:00")
    before = look.state_of(look.whole(district, filed.case_id))
    error = look.refused(district.ask, filed, "ask_progress")
    assert (error.code, error.params) == ("action.asked_already", {"due_on": "2026-03-25"})
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_what_is_owed_goes_with_the_case_to_whose_turn_it_is(district: office.District) -> None:
    filed = district.file("petition_officer", process="petition")
    district.ask(filed, "ask_progress")
    (owed,) = _clock(district, filed)
    district.at("2026-03-23 10:00")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices[TO_HOUSING]))
    assert _clock(district, filed) == [owed], "no day is won by sending it on"
    district.do(filed, "tell_progress", "handler", **ANSWER)
    assert _clock(district, filed) == [("met", owed[1])]


def test_what_is_settled_is_an_answer(district: office.District) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    agreed = {"agreement_form": "oral", "agreement_terms": "修好漏点。", "perform_by": "2026-03-31"}
    district.hold_session(filed)
    district.do(filed, "record_agreement", "mediator", **agreed, both_signed=True)
    district.ask(filed, "ask_progress")
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    assert [state for state, _ in _clock(district, filed)] == ["met"]


def test_where_the_matter_ends_unsettled_the_question_ends_with_it(
    district: office.District,
) -> None:
    filed = district.file()
    district.ask(filed, "ask_progress")
    district.do(filed, "withdraw", "desk", withdraw_reason="双方已经和好。")
    assert [state for state, _ in _clock(district, filed)] == ["stopped"]


def test_nobody_but_who_is_concerned_asks(district: office.District) -> None:
    filed = district.file()
    error = look.refused(district.do, filed, "ask_progress", "officer")
    assert error.code == "action.not_yours"
