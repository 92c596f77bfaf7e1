"""Petitions by the law: three classes, an objection that cannot go on for ever, what is not
accepted twice, what is handed over and reported."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from rules import errors
from tests import office
from tests.workflow import look
from workflow import ids
from workflow.commands import act, papers
from workflow.decide import Scalar, bounds
from workflow.queries import case as case_query
from workflow.queries import office as office_query

HANDED: dict[str, Scalar] = {
    "handed_to": "discipline",
    "handed_organ": "区纪委监委",
    "handed_on": "2026-03-20",
}
POLICE: dict[str, Scalar] = {
    "offence_kind": "criminal",
    "police_organ": "花果派出所",
    "handed_on": "2026-03-20",
    "handover_reason": "涉嫌诈骗。",
}
TERMS: dict[str, Scalar] = {
    "both_agree": True,
    "settlement_form": "mediation",
    "settlement_terms": "两清。",
}
ANSWER: dict[str, Scalar] = {
    "outcome": "support",
    "facts_found": "补贴确未发放。",
    "opinion": "十日内补发。",
    "opinion_basis": "公益岗位管理办法",
}
NOTICE = "Notice of non-acceptance"
WHY: dict[str, Scalar] = {"objection_reason": "三定规定不由本单位负责。"}


def _file(district: office.District, **fields: Scalar) -> act.Receipt:
    return district.file("petition_officer", process="petition", **fields)  # type: ignore[arg-type]


def _at(district: office.District, name: str) -> dict[str, Scalar]:
    return {"to_office": str(district.offices[name])}


def _sent(district: office.District, name: str = "housing", **fields: Scalar) -> act.Receipt:
    filed = _file(district, **fields)
    district.do(filed, "transfer", "petition_officer", **_at(district, name))
    return filed


def _refused(call: Any, *args: Any, **fields: Any) -> errors.GridcaseError:
    return look.refused(call, *args, **fields)


def _told(district: office.District, case: act.Receipt, seq: int) -> set[UUID]:
    return {one.receiver_id for one in look.notices(district, case.case_id) if one.seq == seq}


def _made(district: office.District, case: act.Receipt, action: str) -> list[str]:
    (payload,) = look.whole(district, case.case_id).payloads(action)
    return [paper["name"] for paper in payload.get("papers", ())]


# -- three classes --------------------------------------------------------------------------------


def test_a_suggestion_is_studied_and_replied_to_under_a_clock_of_ours(
    district: office.District,
) -> None:
    filed = _sent(district, petition_class="suggestion")
    assert str(_refused(district.do, filed, "accept", "handler", route="6")).startswith(
        "action.condition"
    )
    district.do(filed, "study", "handler")
    clocks = district.deadlines(filed)
    assert "petition.handle" not in clocks
    assert clocks["petition.notice_assigned"][0].state == "met"
    assert clocks["petition.suggestion"][0].state == "running"
    done = district.do(filed, "reply", "handler", adoption="partly", reply_words="拟列入计划。")
    assert done.state == "replied"
    assert district.deadlines(filed)["petition.suggestion"][0].state == "met"
    assert district.case(filed).is_done


@pytest.mark.parametrize("is_clear", [True, False])
def test_who_made_a_suggestion_is_told_in_writing_that_it_is_taken_up(
    district: office.District, is_clear: bool
) -> None:
    filed = _sent(district, petition_class="suggestion", identity_clear=is_clear)
    district.do(filed, "study", "handler")
    assert _made(district, filed, "study") == (["petition.suggestion_notice"] if is_clear else [])
    assert ("petition.serve_paper" in district.deadlines(filed)) == is_clear


def test_an_accusation_is_restricted_and_only_handed_over(district: office.District) -> None:
    filed = _file(district, petition_class="accusation")
    assert district.case(filed).confidentiality == "restricted"
    housing = _at(district, "housing")
    error = _refused(district.do, filed, "transfer", "petition_officer", **housing)
    assert error.code == "action.condition"
    done = district.do(filed, "hand_over", "petition_officer", **HANDED)
    assert done.state == "handed_over"
    assert district.deadlines(filed)["petition.transfer"][0].state == "met"
    for name in ("handler", "district_supervisor", "district_leader", "auditor"):
        assert _refused(district.do, filed, "urge", name, urge_reason="x").code == "case.unknown"


@pytest.mark.parametrize("state", ["studying", "handling", "ousted", "study_ousted"])
def test_an_accusation_found_out_after_acceptance_is_restricted_and_handed_over_by_one_act(
    district: office.District, state: str
) -> None:
    is_studied = state in ("studying", "study_ousted")
    filed = _sent(district, petition_class="suggestion" if is_studied else "claim")
    if is_studied:
        district.do(filed, "study", "handler")
    else:
        district.do(filed, "accept", "handler", route="6")
    who = "handler"
    if state.endswith("ousted"):
        complained: dict[str, Scalar] = {"complained_office": str(district.offices["housing"])}
        district.do(filed, "take_study" if is_studied else "take_away", "handler", **complained)
        who = "district_supervisor"
    assert district.case(filed).state == state
    claimed = HANDED | {"petition_class": "claim"}
    error = _refused(district.do, filed, "hand_over_later", who, **claimed)
    assert error.code == "action.condition"
    found = HANDED | {"petition_class": "accusation"}
    assert district.do(filed, "hand_over_later", who, **found).state == "handed_over"
    case = district.case(filed)
    assert (case.petition_class, case.confidentiality) == ("accusation", "restricted")
    at = {key: name for name, key in district.offices.items()}
    assert at[case.lead_office_id] == "petitions"
    for name in ("handler", "head", "district_supervisor"):
        assert _refused(district.do, filed, "urge", name, urge_reason="x").code == "case.unknown"
    housing = {"complained_office": str(district.offices["housing"])}
    if state in ("handling", "studying"):  # it may be about who had it, as comes out then
        district.do(filed, "name_complained_later", "petition_officer", **housing)
    (notice,) = look.unserved(district, filed.case_id)
    served: dict[str, Scalar] = {
        "paper": notice,
        "served_method": "in_person",
        "served_on": "2026-03-20",
    }
    district.do(filed, "serve_paper", "petition_officer", **served, receipt="本人签收")
    assert _made(district, filed, "hand_over_later") == ["petition.handover_notice"]
    clocks = district.deadlines(filed).items()
    running = {rule for rule, rows in clocks if rows[-1].state == "running"}
    assert running == set()


def test_a_hearing_while_an_item_is_handled_moves_no_date_and_is_for_route_6(
    district: office.District,
) -> None:
    heard: dict[str, Scalar] = {
        "heard_on": "2026-03-20",
        "hearing_reason": "事实有争议。",
        "hearing_note": "双方质证，补贴确未发放。",
    }
    other, filed = _sent(district), _sent(district)
    district.do(other, "accept", "handler", route="1")
    assert _refused(district.do, other, "hold_hearing", "handler", **heard).code == (
        "action.condition"
    )
    district.do(filed, "accept", "handler", route="6")
    before = district.deadlines(filed)["petition.handle"]
    assert district.do(filed, "hold_hearing", "handler", **heard).state == "handling"
    assert district.deadlines(filed)["petition.handle"] == before


@pytest.mark.parametrize("ground", ["not_in_remit", "judicial"])
def test_who_is_refused_is_told_whom_to_ask(district: office.District, ground: str) -> None:
    filed = district.file("handler", process="petition")
    refused: dict[str, Scalar] = {
        "refusal_ground": ground,
        "refusal_reason": "不由本单位处理。",
        "other_routes": "",
        "remedy_told": True,
    }
    error = _refused(district.do, filed, "refuse", "handler", **refused)
    assert (error.code, error.field) == ("field.missing", "other_routes")
    refused["other_routes"] = "请向区人社局提出。"
    district.do(filed, "refuse", "handler", **refused)
    (notice,) = [it for it in _opened(district, filed) if it.paper.name.en == NOTICE]
    assert "请向区人社局提出。" in str(notice.filled)


def test_what_was_transferred_is_objected_to_and_not_refused_for_the_remit(
    district: office.District,
) -> None:
    """信访工作条例第23条第3款: it goes back only where the sender agrees."""
    why: dict[str, Scalar] = {
        "refusal_ground": "not_in_remit",
        "refusal_reason": "不由本单位处理。",
        "remedy_told": True,
    }
    registered = _file(district)
    error = _refused(district.do, registered, "refuse", "petition_officer", **why)
    assert error.code == "action.condition"
    filed = _sent(district)
    assert _refused(district.do, filed, "refuse", "handler", **why).code == "action.condition"
    district.do(filed, "object", "handler", **WHY)
    district.do(filed, "uphold", "petition_officer", uphold_reason="三定方案载明。")
    assert _refused(district.do, filed, "refuse", "handler", **why).code == "action.condition"


def test_a_route_that_was_wrong_is_corrected_and_the_sixty_days_run_from_acceptance(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="1")
    (first,) = look.unserved(district, filed.case_id)[-1:]
    district.at("2026-03-30 10:00")
    why = {"route_reason": "没有别的途径。"}
    error = _refused(district.do, filed, "correct_route", "handler", route="1", **why)
    assert (error.code, error.field) == ("field.missing", "route_how")
    again = {"route": "1", "route_how": "向法院起诉。"}
    error = _refused(district.do, filed, "correct_route", "handler", **again, **why)
    assert error.code == "action.condition"
    district.do(filed, "correct_route", "handler", route="6", **why)
    assert _made(district, filed, "correct_route") == ["petition.corrected_acceptance"]
    clocks = district.deadlines(filed)
    assert clocks["petition.handle"][0].due_on.isoformat() == "2026-05-19"
    assert clocks["petition.tell_route"][0].state == "stopped"
    assert look.unserved(district, filed.case_id) != [first]
    assert [row.state for row in clocks["petition.serve_paper"]] == ["stopped", "running"]
    look.hold(district, filed.case_id)
    district.do(filed, "correct_route", "handler", route="2", route_how="申请仲裁。", **why)
    clocks = district.deadlines(filed)
    assert [row.state for row in clocks["petition.handle"]] == ["stopped"]
    assert [row.state for row in clocks["petition.tell_route"]] == ["running"]
    district.at("2026-05-10 10:00")
    district.do(filed, "correct_route", "handler", route="6", **why)
    clocks = district.deadlines(filed)
    assert clocks["petition.handle"][-1].due_on.isoformat() == "2026-05-19", "no time is gained"
    look.hold(district, filed.case_id)


def test_a_claim_of_the_fifth_route_ends_with_the_act_or_an_answer(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="5", route_how="由本单位依法查处。")
    clocks = district.deadlines(filed)
    assert clocks["petition.fulfil"][0].due_on.isoformat() == "2026-05-19"
    assert "petition.tell_route" not in clocks
    assert _refused(district.do, filed, "answer", "handler", **ANSWER).code == "action.condition"
    duty: dict[str, Scalar] = {"duty_done": "done", "duty_words": "已责令停工。"}
    done = district.do(filed, "fulfil", "handler", **duty)
    assert _made(district, filed, "fulfil") == ["petition.duty_answer"]
    clocks = district.deadlines(filed)
    assert clocks["petition.fulfil"][0].state == "met"
    assert clocks["petition.serve_ending"][0].state == "running"
    case = look.hold(district, filed.case_id).case
    assert (done.state, case.is_done, case.is_closed) == ("fulfilled", True, False)
    served: dict[str, Scalar] = {"served_method": "in_person", "served_on": "2026-03-20"}
    last = look.unserved(district, filed.case_id)[-1]
    district.do(filed, "serve_paper", "handler", paper=last, receipt="签收", **served)
    assert look.hold(district, filed.case_id).case.is_closed


def test_a_granted_extension_stays_when_the_route_is_corrected_to_and_fro(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "extend", "head", extend_days=30, extend_reason="需要核对历年资料。")
    (before,) = district.deadlines(filed)["petition.handle"]
    why: dict[str, Scalar] = {"route_reason": "更正。"}
    district.do(filed, "correct_route", "handler", route="1", route_how="起诉。", **why)
    assert look.unserved(district, filed.case_id) == [5], "the notice of receipt alone"
    district.do(filed, "correct_route", "handler", route="6", **why)
    (after,) = district.deadlines(filed)["petition.handle"]
    assert (after.due_on, after.extend_days) == (before.due_on, 30)
    look.hold(district, filed.case_id)


def test_the_fifth_route_found_out_later_runs_from_acceptance_too(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    duty: dict[str, Scalar] = {"duty_done": "answered", "duty_words": "已书面答复。"}
    assert _refused(district.do, filed, "fulfil", "handler", **duty).code == "action.condition"
    district.at("2026-04-01 10:00")
    why: dict[str, Scalar] = {"route_reason": "属于本单位的职责。"}
    district.do(filed, "correct_route", "handler", route="5", route_how="依法查处。", **why)
    district.at("2026-04-10 10:00")
    district.do(filed, "correct_route", "handler", route="6", **why)
    district.do(filed, "correct_route", "handler", route="5", route_how="依法查处。", **why)
    (handle,), (fulfil,) = (
        district.deadlines(filed)[name] for name in ("petition.handle", "petition.fulfil")
    )
    assert (handle.state, handle.due_on.isoformat()) == ("stopped", "2026-05-19")
    assert (fulfil.state, fulfil.due_on.isoformat()) == ("running", "2026-05-19")
    look.hold(district, filed.case_id)


def test_no_lateness_is_shed_by_correcting_the_route_to_and_fro(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    district.at("2026-05-25 10:00")
    district.sweep()
    before = district.case(filed)
    assert (before.light, before.supervision) == ("red", "ladder")
    why: dict[str, Scalar] = {"route_reason": "更正。"}
    district.do(filed, "correct_route", "handler", route="1", route_how="起诉。", **why)
    assert district.case(filed).supervision == "ladder", "what it was late with may come back"
    district.do(filed, "correct_route", "handler", route="6", **why)
    after = look.hold(district, filed.case_id).case
    assert (after.light, after.supervision) == ("red", "ladder")
    assert after.supervising_level == before.supervising_level
    district.do(filed, "answer", "handler", **ANSWER)
    assert district.case(filed).supervision is None


def test_no_lateness_in_telling_a_route_is_shed_either(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="1")
    district.at("2026-04-10 10:00")
    district.sweep()
    assert district.case(filed).supervision == "ladder"
    why: dict[str, Scalar] = {"route_reason": "更正。"}
    district.do(filed, "correct_route", "handler", route="6", **why)
    district.do(filed, "correct_route", "handler", route="1", route_how="起诉。", **why)
    case = look.hold(district, filed.case_id).case
    assert (case.light, case.supervision) == ("red", "ladder")


def test_a_route_to_tell_keeps_its_day_when_it_is_corrected_to_and_fro(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="1")
    (first,) = district.deadlines(filed)["petition.tell_route"]
    district.at("2026-03-30 10:00")
    why: dict[str, Scalar] = {"route_reason": "更正。"}
    for route in ("6", "2", "5", "1"):
        how = {} if route == "6" else {"route_how": "依法办理。"}
        district.do(filed, "correct_route", "handler", route=route, **how, **why)
    (last,) = district.deadlines(filed)["petition.tell_route"]
    assert (last.state, last.due_on) == ("running", first.due_on)
    look.hold(district, filed.case_id)


# -- accusations that the organ itself may deal with ----------------------------------------------


def _accused(district: office.District, **fields: Scalar) -> act.Receipt:
    """An accusation filed at the department itself."""
    return district.file(
        "handler",
        process="petition",
        petition_class="accusation",
        **fields,  # type: ignore[arg-type]
    )


def test_an_accusation_is_taken_up_examined_and_reported_back_on(
    district: office.District,
) -> None:
    filed = _accused(district)
    assert _refused(district.do, filed, "study", "handler").code == "action.condition"
    district.do(filed, "take_up", "handler")
    assert _made(district, filed, "take_up") == ["petition.accusation_notice"]
    clocks = district.deadlines(filed)
    assert clocks["petition.notice_direct"][0].state == "met"
    assert clocks["petition.accusation"][0].due_on.isoformat() == "2026-05-19"
    done = district.do(filed, "feed_back", "handler", feedback_words="已对当事人作出处理。")
    assert _made(district, filed, "feed_back") == ["petition.accusation_feedback"]
    case = look.hold(district, filed.case_id).case
    assert (done.state, case.is_done, case.confidentiality) == ("fed_back", True, "restricted")


def test_an_accusation_at_the_petition_office_is_handed_over_and_not_taken_up(
    district: office.District,
) -> None:
    filed = _file(district, petition_class="accusation")
    error = _refused(district.do, filed, "take_up", "petition_officer")
    assert error.code == "action.not_yours"
    claim = _sent(district)
    assert _refused(district.do, claim, "take_up", "handler").code == "action.condition"


def test_I8_an_accusation_leaves_the_organ_that_turns_out_to_be_meant(
    district: office.District,
) -> None:
    filed = _accused(district)
    district.do(filed, "take_up", "handler")
    housing = str(district.offices["housing"])
    district.do(filed, "take_accusation", "handler", complained_office=housing)
    case = look.hold(district, filed.case_id).case
    assert (case.state, case.lead_office_id) == ("registered", district.offices["petitions"])
    error = _refused(district.do, filed, "hand_over", "handler", **HANDED)
    assert error.code == "case.unknown"
    clocks = district.deadlines(filed)
    assert clocks["petition.redirect"][0].state == "running"
    assert [row.state for row in clocks["petition.serve_paper"]] == ["stopped"]
    assert district.do(filed, "hand_over", "petition_officer", **HANDED).state == "handed_over"


def test_an_accusation_that_belongs_elsewhere_is_handed_over_after_all(
    district: office.District,
) -> None:
    filed = _accused(district)
    district.do(filed, "take_up", "handler")
    over = {**HANDED, "petition_class": "accusation"}
    done = district.do(filed, "hand_over_later", "handler", **over)
    assert done.state == "handed_over"
    assert district.deadlines(filed)["petition.accusation"][0].state == "met"
    look.hold(district, filed.case_id)


# -- what is corrected later ----------------------------------------------------------------------


def test_what_comes_out_later_restricts_a_petition(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "restrict", "handler", restricted_because="minor")
    assert look.hold(district, filed.case_id).case.confidentiality == "restricted"
    error = _refused(district.do, filed, "urge", "district_supervisor", urge_reason="请抓紧。")
    assert error.code == "case.unknown"


def test_the_category_of_a_petition_is_corrected(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "correct_category", "handler", category="0201")
    assert look.hold(district, filed.case_id).case.category == "0201"


def test_the_petition_office_supervises_too(district: office.District) -> None:
    """信访工作条例第40条: who has sent it on watches what becomes of it."""
    filed = _sent(district)
    district.do(filed, "supervise_case", "petition_officer", supervise_reason="反映强烈。")
    case = look.hold(district, filed.case_id).case
    assert case.supervisor_id == district.people["petition_officer"]
    district.do(filed, "end_supervision", "petition_officer", end_supervision_reason="已办理。")
    assert district.case(filed).supervision is None


def test_what_somebody_did_is_reported_to_the_police_and_the_petition_goes_on(
    district: office.District,
) -> None:
    """信访工作条例第47条 is about the person, not the matter."""
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    before = district.deadlines(filed)["petition.handle"]
    told: dict[str, Scalar] = {
        "offence_kind": "public_order",
        "police_organ": "城关派出所",
        "handed_on": "2026-03-20",
        "handover_reason": "来访时滞留滋事。",
    }
    assert district.do(filed, "report_to_police", "handler", **told).state == "handling"
    assert district.deadlines(filed)["petition.handle"] == before


def test_what_becomes_a_major_item_is_reported_without_delay(district: office.District) -> None:
    filed = _sent(district)
    assert "petition.report_urgent" not in district.deadlines(filed)
    district.do(filed, "regrade", "handler", grade="01")
    assert district.deadlines(filed)["petition.report_urgent"][0].state == "running"


def test_a_grade_that_was_wrong_is_owed_no_report_and_going_to_and_fro_gains_no_day(
    district: office.District,
) -> None:
    filed = _sent(district, grade="01")
    (first,) = district.deadlines(filed)["petition.report_urgent"]
    error = _refused(district.do, filed, "regrade", "handler", grade="01")
    assert error.code == "action.condition"
    district.do(filed, "regrade", "handler", grade="02")
    assert district.deadlines(filed)["petition.report_urgent"] == [first]
    district.do(filed, "regrade", "handler", grade="04")
    (row,) = district.deadlines(filed)["petition.report_urgent"]
    assert row.state == "stopped"
    district.at("2026-03-24 10:00")
    district.do(filed, "regrade", "handler", grade="02")
    (row,) = district.deadlines(filed)["petition.report_urgent"]
    assert (row.state, row.due_on) == ("running", first.due_on)
    report: dict[str, Scalar] = {"reported_to": "区委区政府", "report_summary": "人数增加。"}
    district.do(filed, "report_up", "handler", **report)
    district.do(filed, "regrade", "handler", grade="01")
    (row,) = district.deadlines(filed)["petition.report_urgent"]
    assert row.state == "met_late", "reported is reported"
    look.hold(district, filed.case_id)


def test_what_is_returned_gets_no_second_fifteen_days(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "object", "handler", **WHY)
    district.do(filed, "agree_return", "petition_officer")
    clocks = district.deadlines(filed)
    assert [row.state for row in clocks["petition.transfer"]] == ["met"]
    assert [row.state for row in clocks["petition.transfer_again"]] == ["running"]


@pytest.mark.parametrize(
    ("channel", "heads", "representatives", "code"),
    [
        ("letter", 30, 8, None),
        ("fax", 30, 0, None),
        ("visit", 30, 8, "action.condition"),
        ("visit", 30, 0, "action.condition"),
        ("visit", 30, 5, None),
        ("visit", 5, 0, None),
    ],
)
def test_representatives_are_asked_of_those_who_come(
    district: office.District, channel: str, heads: int, representatives: int, code: str | None
) -> None:
    given: dict[str, Scalar] = {
        "channel": channel,
        "heads": heads,
        "representatives": representatives,
    }
    if code is None:
        assert _file(district, **given).state == "registered"
    else:
        assert _refused(_file, district, **given).code == code


def test_the_report_of_the_result_may_follow_the_end(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "ask_report", "petition_officer", report_by="2026-04-30")
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "settle", "handler", **TERMS)
    district.do(filed, "report_back", "handler", report_result="已经办结。")


def _opened(district: office.District, case: act.Receipt) -> tuple[papers.Opened, ...]:
    actor = district.actor("handler")
    return papers.open_all(district.engine, actor, case.case_id, reason="核对")


def test_a_claim_is_not_handed_over_and_a_class_can_be_corrected(
    district: office.District,
) -> None:
    filed = _sent(district)
    assert _refused(district.do, filed, "hand_over", "handler", **HANDED).code == "action.condition"
    assert _refused(district.do, filed, "study", "handler").code == "action.condition"
    district.do(filed, "reclassify", "handler", petition_class="accusation")
    case = district.case(filed)
    assert (case.petition_class, case.confidentiality) == ("accusation", "restricted")
    assert _refused(district.do, filed, "accept", "handler", route="6").code == "action.condition"
    assert district.do(filed, "hand_over", "handler", **HANDED).state == "handed_over"


@pytest.mark.parametrize("route", ["1", "2", "3", "4", "5"])
def test_routes_1_to_5_end_with_the_told_route_and_never_start_the_sixty_days(
    district: office.District, route: str
) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route=route)
    assert "petition.handle" not in district.deadlines(filed)
    assert _refused(district.do, filed, "settle", "handler", **TERMS).code == "action.condition"
    assert district.do(filed, "tell_route", "handler", route_told="法院").state == "routed"


def test_a_claim_of_route_6_may_end_by_agreement(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    assert district.do(filed, "settle", "handler", **TERMS).state == "settled"
    assert district.deadlines(filed)["petition.handle"][0].state == "met"


# -- who is competent -----------------------------------------------------------------------------


def test_two_that_refuse_go_to_their_common_superior_whose_choice_stands(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "object", "handler", **WHY)
    assert district.do(filed, "agree_return", "petition_officer").state == "returned"
    again = _at(district, "labour")
    assert district.do(filed, "transfer_again", "petition_officer", **again).state == "resent"
    done = district.do(filed, "object_again", "other_handler", **WHY)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("disputed", district.offices["government"])
    assert _told(district, filed, done.seq) == {district.people["district_supervisor"]}
    assert set(district.deadlines(filed)) >= {"petition.decide_dispute"}
    chosen = {
        "chosen_office": str(district.offices["housing"]),
        "designate_reason": "房屋事项由其主管。",
    }
    assert _refused(district.do, filed, "designate", "petition_officer", **chosen).code in {
        "action.not_yours",
        "case.unknown",
    }
    assert district.do(filed, "designate", "district_supervisor", **chosen).state == "designated"
    for action in ("object", "object_again", "ask_superior"):
        assert _refused(district.do, filed, action, "handler", **WHY).code == "action.wrong_state"
    assert district.deadlines(filed)["petition.notice_assigned"][-1].state == "running"
    assert district.do(filed, "accept", "handler", route="6").state == "handling"


def test_an_upheld_transfer_may_be_taken_to_the_common_superior_once(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "object", "handler", **WHY)
    upheld = district.do(filed, "uphold", "petition_officer", uphold_reason="三定规定明确。")
    assert upheld.state == "upheld"
    assert _refused(district.do, filed, "object", "handler", **WHY).code == "action.wrong_state"
    assert district.do(filed, "ask_superior", "handler", **WHY).state == "disputed"
    assert district.case(filed).lead_office_id == district.offices["government"]


@pytest.mark.parametrize("way", ["resent", "upheld", "found out there"])
def test_an_accusation_that_nobody_wants_is_handed_over_by_the_common_superior(
    district: office.District, way: str
) -> None:
    """Two organs do not take it, and it turns out to be none for a department at all."""
    filed = _sent(district)
    district.do(filed, "object", "handler", **WHY)
    who, last = "handler", "ask_superior"
    if way == "upheld":
        district.do(filed, "uphold", "petition_officer", uphold_reason="三定规定明确。")
        district.do(filed, "reclassify", who, petition_class="accusation")
    else:
        district.do(filed, "agree_return", "petition_officer")
        to = str(district.offices["labour"])
        district.do(filed, "transfer_again", "petition_officer", to_office=to)
        who, last = "other_handler", "object_again"
        if way == "resent":
            district.do(filed, "reclassify", who, petition_class="accusation")
    assert district.do(filed, last, who, **WHY).state == "disputed"
    accused = {"petition_class": "accusation", **HANDED}
    done = district.do(filed, "hand_over_later", "district_supervisor", **accused)
    assert done.state == "handed_over"
    assert district.deadlines(filed)["petition.decide_dispute"][-1].state == "met"
    assert _made(district, filed, "hand_over_later") == ["petition.handover_notice"]
    look.hold(district, filed.case_id)


@pytest.mark.parametrize("is_second", [False, True])
def test_an_objection_after_five_working_days_is_too_late(
    district: office.District, is_second: bool
) -> None:
    filed = _sent(district)
    if is_second:
        district.do(filed, "object", "handler", **WHY)
        district.do(filed, "agree_return", "petition_officer")
        district.do(filed, "transfer_again", "petition_officer", **_at(district, "labour"))
    district.at("2026-03-28 09:00")
    action, who = ("object_again", "other_handler") if is_second else ("object", "handler")
    assert _refused(district.do, filed, action, who, **WHY).code == "action.window_over"


def test_what_was_returned_goes_back_only_when_the_sender_agrees(
    district: office.District,
) -> None:
    filed = _sent(district)
    district.do(filed, "object", "handler", **WHY)
    assert district.case(filed).lead_office_id == district.offices["housing"]
    assert _refused(district.do, filed, "agree_return", "handler").code == "action.not_yours"
    district.do(filed, "agree_return", "petition_officer")
    assert district.case(filed).lead_office_id == district.offices["petitions"]


# -- what is not accepted, extended, handed over, reported ----------------------------------------


@pytest.mark.parametrize("ground", ["finished", "pending"])
def test_what_is_finished_or_pending_is_refused_with_the_number_of_the_earlier(
    district: office.District, ground: str
) -> None:
    filed = _sent(district)
    why: dict[str, Scalar] = {
        "refusal_ground": ground,
        "refusal_reason": "同一事实和理由。",
        "remedy_told": True,
    }
    error = _refused(district.do, filed, "refuse", "handler", **why)
    assert (error.code, error.field) == ("field.missing", "earlier_number")
    done = district.do(filed, "refuse", "handler", **why, earlier_number="4803-7152-6")
    assert done.state == "refused"
    told = " ".join(block.text or "" for block in _opened(district, filed)[-1].filled.zh.body)
    assert "4803-7152-6" in told


def test_an_extension_is_the_handling_organs_own_heads(district: office.District) -> None:
    longer: dict[str, Scalar] = {"extend_days": 10, "extend_reason": "情况复杂。"}
    filed = _sent(district, "labour")
    district.do(filed, "accept", "other_handler", route="6")
    assert _refused(district.do, filed, "extend", "head", **longer).code == "case.unknown"
    own = _sent(district, "housing")
    district.do(own, "accept", "handler", route="6")
    assert _refused(district.do, own, "extend", "handler", **longer).code == "action.not_yours"
    assert district.do(own, "extend", "head", **longer).state == "handling"


def test_an_offence_is_handed_to_the_police(district: office.District) -> None:
    filed = _sent(district)
    done = district.do(
        filed,
        "hand_to_police",
        "handler",
        **POLICE,
    )
    assert done.state == "handed_over"
    assert _made(district, filed, "hand_to_police") == ["petition.police_notice"]
    assert not district.case(filed).is_closed, "the petitioner is told in writing where it went"
    (ending,) = district.deadlines(filed)["petition.serve_ending"]
    assert ending.state == "running"


@pytest.mark.parametrize("route", ["6", "1", "suggestion"])
def test_a_notice_that_nobody_will_keep_is_not_served_any_more(
    district: office.District, route: str
) -> None:
    """It was taken up, and before that is served the matter goes to the police."""
    is_studied = route == "suggestion"
    filed = _sent(district, petition_class="suggestion" if is_studied else "claim")
    if is_studied:
        district.do(filed, "study", "handler")
    else:
        how = {} if route == "6" else {"route_how": "向法院起诉。"}
        district.do(filed, "accept", "handler", route=route, **how)
    (taken_up,) = look.unserved(district, filed.case_id)
    district.do(filed, "hand_to_police", "handler", **POLICE)
    (notice,) = look.unserved(district, filed.case_id)
    assert notice > taken_up
    served: dict[str, Scalar] = {"served_method": "in_person", "served_on": "2026-03-20"}
    served["receipt"] = "本人签收"
    error = _refused(district.do, filed, "serve_paper", "handler", paper=taken_up, **served)
    assert (error.code, error.field) == ("service.no_paper", "paper")
    district.do(filed, "serve_paper", "handler", paper=notice, **served)
    assert district.case(filed).is_closed
    (ending,) = district.deadlines(filed)["petition.serve_ending"]
    assert ending.state == "met"
    look.hold(district, filed.case_id)


def test_who_assigns_an_item_sets_the_day_of_the_report_and_has_it(
    district: office.District,
) -> None:
    filed = _file(district)
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    asked = district.do(filed, "ask_report", "petition_officer", report_by="2026-04-30")
    assert district.people["handler"] in _told(district, filed, asked.seq)
    clock = district.deadlines(filed)["petition.report_back"][0]
    assert (clock.state, f"{clock.due_on}") == ("running", "2026-04-30")
    district.do(filed, "accept", "handler", route="6")
    told = district.do(filed, "report_back", "handler", report_result="已核实，五日内发放。")
    assert district.deadlines(filed)["petition.report_back"][0].state == "met"
    assert _told(district, filed, told.seq) == {district.people["petition_officer"]}


def test_a_major_item_is_reported_to_who_supervises_above(district: office.District) -> None:
    filed = _file(district, grade="02")
    assert district.deadlines(filed)["petition.report_urgent"][0].state == "running"
    report: dict[str, Scalar] = {"reported_to": "区委区政府", "report_summary": "涉及三十人。"}
    done = district.do(filed, "report_up", "petition_officer", **report)
    assert done.state == "registered"
    assert district.deadlines(filed)["petition.report_urgent"][0].state == "met"
    assert _told(district, filed, done.seq) == {district.people["district_supervisor"]}
    assert "petition.report_urgent" not in district.deadlines(_file(district, grade="04"))


# -- what is linked to an earlier petition --------------------------------------------------------


@pytest.mark.parametrize("answer", ["other_matter", "not_decided", "new_facts"])
@pytest.mark.parametrize("kind", ["claim", "suggestion"])
def test_what_is_linked_to_an_earlier_petition_is_accepted_only_with_how_it_differs(
    district: office.District, answer: str, kind: str
) -> None:
    earlier, again = _sent(district), _sent(district, petition_class=kind)
    taking = "accept" if kind == "claim" else "study"
    said: dict[str, Scalar] = {"route": "6"} if kind == "claim" else {}
    district.do(again, "link_earlier", "petition_officer", earlier_number=earlier.number)
    error = _refused(district.do, again, taking, "handler", **said)
    assert error.code == "action.condition"
    assert "earlier petition" in str(error.params["en"])
    district.do(again, taking, "handler", repeat_cleared=answer, **said)
    assert district.do(earlier, "accept", "handler", route="6").state == "handling"


def test_what_is_linked_after_acceptance_says_how_it_stands_to_the_earlier_one(
    district: office.District,
) -> None:
    earlier, again = _sent(district), _sent(district)
    district.do(again, "accept", "handler", route="6")
    number = {"earlier_number": earlier.number}
    error = _refused(district.do, again, "link_earlier", "handler", **number)
    assert error.code == "action.wrong_state"
    error = _refused(district.do, again, "link_later", "handler", **number)
    assert (error.code, error.field) == ("field.missing", "repeat_found")
    district.do(again, "link_later", "handler", repeat_found="same_matter", **number)
    assert district.case(again).repeats == 1
    (payload,) = look.whole(district, again.case_id).payloads("link_later")
    assert payload["fields"]["repeat_found"] == "same_matter"
    assert district.case(again).state == "handling", "it is answered all the same"


# -- within one system ----------------------------------------------------------------------------


def _received_above(district: office.District, **fields: Scalar) -> act.Receipt:
    """A petition that a department received itself; it has two offices below it."""
    for name, clerk in (("station", "clerk"), ("depot", "other_clerk")):
        district.staff(
            name,
            kind="department",
            area=office.DISTRICT,
            superior="housing",
            **{clerk: "department_handler"},
        )
    return district.file("handler", process="petition", **fields)  # type: ignore[arg-type]


def _below(district: office.District, name: str) -> dict[str, Scalar]:
    return {"lower_office": str(district.offices[name])}


def _offered_below(district: office.District, case: act.Receipt) -> set[str]:
    view = case_query.view(district.engine, district.actor("handler"), case.case_id)
    form = office_query.candidates(
        district.engine.database,
        actions={"tell_where": view.process.actions["tell_where"]},
        pack=view.pack,
        case=view.case,
        facts=view.facts,
    )["tell_where"]
    names = {str(key): name for name, key in district.offices.items()}
    return {names[one.value] for one in form["lower_office"]}


def _serve(district: office.District, case: act.Receipt, who: str, on: str = "2026-03-20") -> None:
    *_, paper = look.unserved(district, case.case_id)
    served: dict[str, Scalar] = {"served_method": "in_person", "served_on": on}
    district.do(case, "serve_paper", who, paper=paper, receipt="本人签收", **served)


def _sent_down(district: office.District) -> act.Receipt:
    filed = _received_above(district)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    _serve(district, filed, "handler")
    district.do(filed, "send_down", "handler")
    return filed


def _assigned(district: office.District, case: act.Receipt) -> list[tuple[str, str]]:
    clocks = district.deadlines(case)["petition.notice_assigned"]
    return [(clock.state, f"{clock.due_on}") for clock in clocks]


def test_who_received_it_tells_where_it_goes_and_then_sends_it_within_the_fifteen_days(
    district: office.District,
) -> None:
    filed = _received_above(district)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    assert _made(district, filed, "tell_where") == ["petition.sent_down_notice"]
    offered = case_query.view(district.engine, district.actor("handler"), filed.case_id).actions
    assert "send_down" not in offered
    assert _refused(district.do, filed, "send_down", "handler").code == "action.unserved"
    assert district.deadlines(filed)["petition.notice_direct"][0].state == "running"

    _serve(district, filed, "handler")
    assert district.do(filed, "send_down", "handler").state == "sent_down"
    assert district.case(filed).lead_office_id == district.offices["station"]
    assert _made(district, filed, "send_down") == ["petition.sent_down_letter"]
    clocks = district.deadlines(filed)
    assert clocks["petition.notice_direct"][0].state == "met"
    assert clocks["petition.serve_paper"][0].state == "met"
    assert clocks["petition.objection"][0].state == "running"
    assert _assigned(district, filed) == [("running", "2026-04-04")]
    assert _refused(district.do, filed, "urge", "handler", urge_reason="x").code == "case.unknown"
    assert district.do(filed, "accept", "clerk", route="6").state == "handling"


def test_nobody_is_told_where_name_or_address_is_unclear(district: office.District) -> None:
    filed = _received_above(district, identity_clear=False)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    assert _made(district, filed, "tell_where") == []
    assert district.do(filed, "send_down", "handler").state == "sent_down"
    assert district.deadlines(filed)["petition.decide_unclear"][0].state == "met"


@pytest.mark.parametrize("name", ["housing", "labour", "petitions"])
def test_it_goes_down_to_an_office_that_answers_to_whoever_received_it(
    district: office.District, name: str
) -> None:
    filed = _received_above(district)
    error = _refused(district.do, filed, "tell_where", "handler", **_below(district, name))
    assert (error.code, error.field) == ("field.office_below", "lower_office")
    assert _offered_below(district, filed) == {"station", "depot"}


def test_an_objection_to_the_office_above_stops_and_restarts_nothing(
    district: office.District,
) -> None:
    filed = _sent_down(district)
    district.at("2026-03-22 10:00")
    assert district.do(filed, "object_up", "clerk", **WHY).state == "down_objecting"
    assert district.case(filed).lead_office_id == district.offices["housing"]
    assert district.deadlines(filed)["petition.decide_objection"][0].state == "running"
    assert _assigned(district, filed) == [("running", "2026-04-04")]
    done = district.do(filed, "uphold_down", "handler", uphold_reason="三定规定明确。")
    assert done.state == "designated"
    assert district.case(filed).lead_office_id == district.offices["station"]
    assert _made(district, filed, "uphold_down") == ["petition.upheld_letter"]
    assert _assigned(district, filed) == [("running", "2026-04-04")]
    assert _refused(district.do, filed, "object_up", "clerk", **WHY).code == "action.wrong_state"
    district.do(filed, "accept", "clerk", route="6")
    assert [state for state, _ in _assigned(district, filed)] == ["met"]


def test_another_office_below_is_told_of_first_and_who_objected_is_not_asked_again(
    district: office.District,
) -> None:
    filed = _sent_down(district)
    district.at("2026-03-22 10:00")
    district.do(filed, "object_up", "clerk", **WHY)
    assert _offered_below(district, filed) == {"depot"}
    error = _refused(district.do, filed, "tell_where", "handler", **_below(district, "station"))
    assert error.code == "field.office_below"
    district.do(filed, "tell_where", "handler", **_below(district, "depot"))
    clocks = district.deadlines(filed)
    assert clocks["petition.decide_objection"][0].state == "met"
    assert _assigned(district, filed) == [("running", "2026-04-04")], "what it takes is theirs"
    _serve(district, filed, "handler", on="2026-03-22")
    district.do(filed, "send_down", "handler")
    assert district.case(filed).lead_office_id == district.offices["depot"]
    assert _assigned(district, filed)[-1] == ("running", "2026-04-06")
    assert district.do(filed, "accept", "other_clerk", route="6").state == "handling"


def test_what_is_not_for_the_office_below_the_one_above_takes_itself(
    district: office.District,
) -> None:
    filed = _sent_down(district)
    asked = {"report_by": "2026-04-30"}
    district.do(filed, "ask_report", "district_supervisor", **asked)
    district.do(filed, "object_up", "clerk", **WHY)
    assert district.deadlines(filed)["petition.report_back"][0].state == "met"
    assert district.do(filed, "accept", "handler", route="6").state == "handling"
    clocks = district.deadlines(filed)
    assert clocks["petition.decide_objection"][0].state == "met"
    assert clocks["petition.notice_assigned"][0].state == "met"


def test_an_accusation_is_not_upheld_down(district: office.District) -> None:
    filed = _sent_down(district)
    district.do(filed, "reclassify", "clerk", petition_class="accusation")
    district.do(filed, "object_up", "clerk", **WHY)
    error = _refused(district.do, filed, "uphold_down", "handler", uphold_reason="三定。")
    assert error.code == "action.condition"
    assert district.do(filed, "hand_over", "handler", **HANDED).state == "handed_over"


def test_a_notice_that_is_not_true_any_more_is_not_served(district: office.District) -> None:
    filed = _received_above(district)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    (first,) = look.unserved(district, filed.case_id)
    district.do(filed, "tell_where", "handler", **_below(district, "depot"))
    view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
    assert [paper.no for paper in view.papers if paper.is_for_service] == [first + 1]
    served: dict[str, Scalar] = {"served_method": "in_person", "served_on": "2026-03-20"}
    error = _refused(
        district.do, filed, "serve_paper", "handler", paper=first, receipt="本人签收", **served
    )
    assert (error.code, error.field) == ("service.no_paper", "paper")
    clocks = district.deadlines(filed)["petition.serve_paper"]
    assert [clock.state for clock in clocks] == ["stopped", "running"]
    district.do(filed, "serve_paper", "handler", paper=first + 1, receipt="本人签收", **served)
    district.do(filed, "send_down", "handler")
    assert district.case(filed).lead_office_id == district.offices["depot"]


@pytest.mark.parametrize("act", ["accept", "name_complained", "withdraw"])
def test_nobody_serves_where_it_goes_once_it_goes_elsewhere(
    district: office.District, act: str
) -> None:
    filed = _received_above(district)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    (notice,) = look.unserved(district, filed.case_id)
    said: dict[str, dict[str, Scalar]] = {
        "accept": {"route": "6"},
        "name_complained": {"complained_office": str(district.offices["housing"])},
        "withdraw": {"withdraw_reason": "不再反映。"},
    }
    district.do(filed, act, "handler", **said[act])
    who = "petition_officer" if act == "name_complained" else "handler"
    view = case_query.view(district.engine, district.actor(who), filed.case_id)
    assert [paper.no for paper in view.papers if paper.is_overtaken] == [notice]
    assert notice not in [paper.no for paper in view.papers if paper.is_for_service]
    resident = case_query.view(district.engine, district.resident(filed), filed.case_id)
    assert notice not in [paper.no for paper in resident.papers]
    clocks = district.deadlines(filed)["petition.serve_paper"]
    assert clocks[0].state == "stopped", "nothing was served"
    assert len(clocks) == (2 if act == "accept" else 1), "the notice of receipt alone"


def test_what_is_told_to_go_down_and_proves_an_accusation_is_handed_over_by_one_act(
    district: office.District,
) -> None:
    filed = _received_above(district)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    accused = {"petition_class": "accusation", **HANDED}
    error = _refused(district.do, filed, "reclassify", "handler", petition_class="accusation")
    assert error.code == "action.wrong_state"
    assert district.do(filed, "hand_over_later", "handler", **accused).state == "handed_over"
    running = {
        rule
        for rule, rows in district.deadlines(filed).items()
        if any(row.ended_at is None for row in rows)
    }
    assert running == {"petition.serve_ending"}


def test_an_end_leaves_no_clock_of_a_paper_from_before_it(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    accused = {"petition_class": "accusation", **HANDED}
    district.do(filed, "hand_over_later", "handler", **accused)
    clocks = district.deadlines(filed)
    assert [row.state for row in clocks["petition.serve_paper"]] == ["stopped"]
    assert clocks["petition.serve_ending"][0].state == "running"


def test_where_nothing_is_below_nobody_is_offered_to_send_it_down(
    district: office.District,
) -> None:
    filed = district.file("handler", process="petition")
    view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
    assert "tell_where" not in view.actions
    why = bounds.why_not(view.process.actions["tell_where"], view.case, view.facts, view.pack)
    assert why is not None
    assert why.code == "action.nobody_below"
    district.staff("station", kind="justice_office", area=office.DISTRICT, superior="housing")
    view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
    assert "tell_where" not in view.actions, "of another kind"


def test_who_sends_it_on_reads_the_letter_before(district: office.District) -> None:
    filed = _received_above(district)
    district.do(filed, "tell_where", "handler", **_below(district, "station"))
    _serve(district, filed, "handler")
    request = act.Request(case_id=filed.case_id, action_id=ids.uuid7(), action="send_down")
    drafts = papers.draft(district.engine, district.actor("handler"), request, reason="核对")
    assert [one.key for one in drafts] == ["petition.sent_down_letter"]
