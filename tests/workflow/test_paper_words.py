"""What papers say where something came before: a notice that corrects one, a new organ, a later
agreement, a second committee. Each line is what its reader goes by."""

from __future__ import annotations

from typing import Any

import pytest

from tests import office
from tests.workflow import look
from workflow.commands import act, papers
from workflow.decide import Scalar
from workflow.queries import case as case_query

SERVED: dict[str, Scalar] = {
    "served_method": "in_person",
    "served_on": "2026-03-20",
    "receipt": "本人签收",
}
ACCUSED: dict[str, Scalar] = {
    "offence_kind": "criminal",
    "police_organ": "花果派出所",
    "handed_on": "2026-03-20",
    "handover_reason": "涉嫌诈骗。",
}
REFUSED: dict[str, Scalar] = {
    "refusal_ground": "finished",
    "refusal_reason": "同一事项已经处理。",
    "earlier_number": "1234-5678-9",
    "remedy_told": True,
}


def _sent(district: office.District, **fields: Any) -> act.Receipt:
    filed = district.file("petition_officer", process="petition", **fields)
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    return filed


def _last(district: office.District, case: act.Receipt, by: str) -> tuple[str, str]:
    """The name and the Chinese words of the paper that was made last."""
    actor = district.actor(by)
    made = case_query.view(district.engine, actor, case.case_id).papers[-1]
    opened = papers.open_one(district.engine, actor, case.case_id, made.no, reason="查看文书")
    sheet = opened.filled.zh
    rows = [f"{title} {text}" for block in sheet.body for title, text in block.rows]
    words = [block.heading or block.text or "" for block in sheet.body]
    return made.key, "\n".join([sheet.to or "", *words, *rows, *sheet.sign])


# -- what comes again -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "take"),
    [("claim", {"accept": {"route": "6"}}), ("suggestion", {"study": {}})],
)
def test_what_was_answered_and_never_rechecked_is_taken_again(
    district: office.District, kind: str, take: dict[str, dict[str, Scalar]]
) -> None:
    earlier = _sent(district, petition_class=kind)
    filed = _sent(district, petition_class=kind)
    number = {"earlier_number": earlier.number}
    district.do(filed, "link_earlier", "petition_officer", **number)
    ((action, fields),) = take.items()
    error = look.refused(district.do, filed, action, "handler", **fields)
    assert error.code == "action.condition"
    done = district.do(filed, action, "handler", repeat_cleared="answered", **fields)
    assert done.state in ("handling", "studying")


@pytest.mark.parametrize("kind", ["suggestion", "accusation"])
def test_only_a_claim_is_refused_as_rechecked(district: office.District, kind: str) -> None:
    filed = district.file("petition_officer", process="petition", petition_class=kind)
    error = look.refused(district.do, filed, "refuse", "petition_officer", **REFUSED)
    assert error.code == "action.condition"


# -- a notice that corrects one -------------------------------------------------------------------


def test_a_route_corrected_late_promises_no_day_that_is_over(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="1", route_how="向法院起诉。")
    district.at("2026-06-25 10:00")
    district.do(filed, "correct_route", "handler", route="6", route_reason="不属于诉讼事项。")
    name, words = _last(district, filed, "handler")
    assert name == "petition.corrected_acceptance"
    assert "已于2026年3月20日受理" in words
    assert "办理期限届满之日 2026年5月19日" in words
    assert "届满之日已经过去的，本单位尽快办结" in words
    assert "不迟于" not in words
    assert "以本告知书为准" in words
    assert "发回重新处理的期限届满之日 没有发回" in words
    assert len(look.unserved(district, filed.case_id)) == 1, "the first is overtaken"


def test_a_route_corrected_to_another_organs_says_so(district: office.District) -> None:
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    how: dict[str, Scalar] = {"route_how": "向区劳动仲裁委申请。", "route_reason": "属于仲裁。"}
    district.do(filed, "correct_route", "handler", route="2", **how)
    name, words = _last(district, filed, "handler")
    assert name == "petition.corrected_route"
    assert "更正为：仲裁（信访工作条例第31条第2项）" in words
    assert "向区劳动仲裁委申请。" in words


# -- a new organ ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_studied", [False, True])
def test_a_new_organ_gives_its_own_notice_and_serves_none_of_the_one_before(
    district: office.District, is_studied: bool
) -> None:
    filed = _sent(district, petition_class="suggestion" if is_studied else "claim")
    if is_studied:
        district.do(filed, "study", "handler")
    else:
        district.do(filed, "accept", "handler", route="6")
    (first,) = look.unserved(district, filed.case_id)
    housing = str(district.offices["housing"])
    away, anew = ("take_study", "study_anew") if is_studied else ("take_away", "assign_anew")
    district.do(filed, away, "petition_officer", complained_office=housing)
    assert look.unserved(district, filed.case_id) == []
    labour = str(district.offices["labour"])
    why = {"designate_reason": "原承办单位回避。"}
    district.do(filed, anew, "district_supervisor", chosen_office=labour, **why)
    (second,) = look.unserved(district, filed.case_id)
    assert second > first
    name, words = _last(district, filed, "other_handler")
    assert name == ("petition.new_study_notice" if is_studied else "petition.new_organ_notice")
    assert "现改由单位 labour" in words
    assert words.count("单位 labour") == 2, "it signs"
    clocks = district.deadlines(filed)["petition.serve_paper"]
    assert [row.state for row in clocks] == ["stopped", "running"]
    error = look.refused(district.do, filed, "serve_paper", "other_handler", paper=first, **SERVED)
    assert (error.code, error.field) == ("service.no_paper", "paper")
    district.do(filed, "serve_paper", "other_handler", paper=second, **SERVED)
    assert district.deadlines(filed)["petition.serve_paper"][-1].state == "met"
    look.hold(district, filed.case_id)


def test_a_new_organ_serves_the_extension_and_corrects_as_itself(
    district: office.District,
) -> None:
    """The extension stands, and its reason is owed whoever handles the petition."""
    filed = _sent(district)
    district.do(filed, "accept", "handler", route="6")
    district.do(filed, "extend", "head", extend_days=20, extend_reason="需要鉴定。")
    housing, labour = (str(district.offices[name]) for name in ("housing", "labour"))
    district.do(filed, "take_away", "petition_officer", complained_office=housing)
    why = {"designate_reason": "原承办单位回避。"}
    district.do(filed, "assign_anew", "district_supervisor", chosen_office=labour, **why)
    extension, notice = look.unserved(district, filed.case_id)
    district.do(filed, "serve_paper", "other_handler", paper=extension, **SERVED)
    assert look.unserved(district, filed.case_id) == [notice]
    how: dict[str, Scalar] = {"route_how": "向区劳动仲裁委申请。", "route_reason": "属于仲裁。"}
    district.do(filed, "correct_route", "other_handler", route="2", **how)
    _, words = _last(district, filed, "other_handler")
    assert "受理，现由单位 labour办理" in words
    assert "本单位" not in words


# -- between offices ------------------------------------------------------------------------------


def test_an_objection_names_whom_it_is_to(district: office.District) -> None:
    why = {"objection_reason": "三定规定不由本单位负责。"}
    filed = _sent(district)
    district.do(filed, "object", "handler", **why)
    name, words = _last(district, filed, "handler")
    assert (name, words.splitlines()[0]) == ("petition.objection_letter", "转送单位：")
    district.do(filed, "uphold", "petition_officer", uphold_reason="属于住房保障职责。")
    district.do(filed, "ask_superior", "handler", **why)
    name, words = _last(district, filed, "district_supervisor")
    assert (name, words.splitlines()[0]) == ("petition.designation_request", "单位 government：")


def test_nothing_is_upheld_towards_whoever_upholds_it(district: office.District) -> None:
    """The organ below that objected is complained about meanwhile: the case is not sent back."""
    district.staff(
        "station",
        kind="department",
        area=office.DISTRICT,
        superior="housing",
        clerk="department_handler",
    )
    filed = district.file("handler", process="petition")
    station = str(district.offices["station"])
    district.do(filed, "tell_where", "handler", lower_office=station)
    (told,) = look.unserved(district, filed.case_id)
    district.do(filed, "serve_paper", "handler", paper=told, **SERVED)
    district.do(filed, "send_down", "handler")
    district.do(filed, "object_up", "clerk", objection_reason="不属于本单位。")
    view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
    assert "uphold_down" in view.actions
    district.do(filed, "name_complained_later", "handler", complained_office=station)
    view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
    assert {"uphold_down", "accept"} & {*view.actions} == {"accept"}
    error = look.refused(district.do, filed, "uphold_down", "handler", uphold_reason="属于。")
    assert error.code == "route.none"


# -- disputes -------------------------------------------------------------------------------------


def _mediating(district: office.District) -> act.Receipt:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


def _agree(district: office.District, case: act.Receipt, form: str) -> None:
    district.hold_session(case)
    oral = {"oral_wished": True} if form == "oral" else {}
    district.do(
        case,
        "record_agreement",
        "mediator",
        agreement_form=form,
        agreement_terms="赔偿 2400 元。",
        perform_by="2026-04-20",
        both_signed=True,
        **oral,
    )


def test_both_sides_are_told_that_a_dispute_was_handed_to_the_police(
    district: office.District,
) -> None:
    filed = _mediating(district)
    done = district.do(filed, "hand_to_police", "mediator", **ACCUSED)
    assert done.state == "handed_over"
    name, words = _last(district, filed, "mediator")
    assert name == "dispute.handover_notice"
    assert "第二十六条" in words
    assert "涉嫌" not in words, "both read it: of whom, and of what, it says nothing"
    (ending,) = district.deadlines(filed)["dispute.serve_ending"]
    assert ending.state == "running"
    (no,) = look.unserved(district, filed.case_id)
    for side in ("applicant", "respondent"):
        assert not district.case(filed).is_closed
        district.do(filed, "serve_paper", "mediator", paper=no, served_to=side, **SERVED)
    assert district.case(filed).is_closed
    look.hold(district, filed.case_id)


def test_a_failure_that_was_not_told_yet_is_told_after_the_hand_over(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    failed: dict[str, Scalar] = {"no_agreement_reason": "分歧太大。", "routes_told": True}
    district.do(filed, "record_no_agreement", "mediator", **failed)
    district.do(filed, "hand_to_police", "mediator", **ACCUSED)
    for no in look.unserved(district, filed.case_id):
        district.do(filed, "serve_paper", "mediator", paper=no, served_to="both", **SERVED)
    assert district.case(filed).is_closed


@pytest.mark.parametrize("form", ["written", "oral"])
def test_a_visit_names_the_agreement_that_holds(district: office.District, form: str) -> None:
    filed = _mediating(district)
    _agree(district, filed, "written")
    district.do(filed, "report_breach", "mediator", breach_note="没有付款。", routes_told=True)
    _agree(district, filed, form)
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    district.do(filed, "pay_visit", "officer", visited_on="2026-03-20", visit_result="performed")
    name, words = _last(district, filed, "desk")
    assert name == "dispute.visit_record"
    which = "单位 committee调解协〔2026〕2号" if form == "written" else "口头协议"
    assert f"协议编号 {which}" in words


def test_what_is_accepted_a_second_time_says_so_when_it_is_registered(
    district: office.District,
) -> None:
    filed = _mediating(district)
    _agree(district, filed, "written")
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    district.at("2026-03-24 10:00")
    district.do(filed, "reopen", "desk", reopen_reason="又漏水了。")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    view = case_query.view(district.engine, district.actor("mediator"), filed.case_id)
    (form,) = [it for it in view.papers if it.key == "dispute.registration"][1:]
    opened = papers.open_one(
        district.engine, district.actor("mediator"), filed.case_id, form.no, reason="查看文书"
    )
    rows = dict(opened.filled.zh.body[0].rows)
    assert rows["受理日期"] == "2026年3月20日"
    assert rows["重新办理日期"] == "2026年3月24日"
    assert rows["提请上级调解日期"] == "没有提请"


def test_an_oral_agreement_shows_neither_side_what_the_other_filed(
    district: office.District,
) -> None:
    filed = _mediating(district)
    _agree(district, filed, "oral")
    name, words = _last(district, filed, "mediator")
    assert name == "dispute.oral_agreement"
    assert str(office.DISPUTE["story"]) not in words
    assert "涉及身份关系的除外" in words


def test_a_refusal_to_mediate_says_which_case_it_is(district: office.District) -> None:
    filed = district.file()
    bar: dict[str, Scalar] = {
        "mediation_bar": "taken",
        "refusal_reason": "法院已经受理。",
        "legal_basis": "人民调解工作若干规定第22条",
        "other_routes": "请等法院审理。",
    }
    district.do(filed, "refuse", "desk", **bar)
    _, words = _last(district, filed, "desk")
    view = case_query.view(district.engine, district.actor("desk"), filed.case_id)
    grounds = view.pack.fields["mediation_bar"].choices or {}
    assert f"经审查，{grounds['taken'].name.zh}，" in words
