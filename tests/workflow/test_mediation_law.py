"""Mediation by the law: of their own will, refused at any time, and what an agreement holds."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

import pytest

from tests import office
from tests.workflow import look
from workflow.commands import act, papers
from workflow.decide import Scalar
from workflow.queries import case as case_query
from workflow.queries import office as office_query

POLICE: dict[str, Scalar] = {
    "offence_kind": "criminal",
    "police_organ": "花果派出所",
    "handed_on": "2026-03-20",
    "handover_reason": "一方持械，现场有人受伤。",
}
ORAL: dict[str, Scalar] = {
    "agreement_form": "oral",
    "agreement_terms": "修好水管",
    "perform_by": "2026-04-10",
    "both_signed": True,
}
THEY: dict[str, Scalar] = {"asking_side": "respondent"}


def _mediating(district: office.District, **fields: str) -> act.Receipt:
    filed = district.file(**fields)  # type: ignore[arg-type]
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


@pytest.mark.parametrize("side", ["consent_applicant", "consent_respondent"])
def test_mediation_when_a_side_has_not_agreed_does_not_start(
    district: office.District, side: str
) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    named: dict[str, Scalar] = {"mediator": str(district.people["mediator"]), side: False}
    error = look.refused(district.do, filed, "name_mediator", "desk", **named)
    assert (error.code, error.field) == ("field.must_be_true", side)
    assert district.case(filed).state == "accepted"


@pytest.mark.parametrize(
    "state", ["accepted", "mediating", "session_held", "assessing", "no_agreement"]
)
def test_either_side_may_refuse_at_any_time_and_is_told_the_routes_in_the_same_act(
    district: office.District, state: str
) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    if state != "accepted":
        district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    if state == "assessing":
        district.do(filed, "start_assessment", "mediator", assessment_reason="认定责任")
    if state in ("session_held", "no_agreement"):
        district.hold_session(filed)
    if state == "no_agreement":
        why: dict[str, Scalar] = {"no_agreement_reason": "分歧大", "routes_told": True}
        district.do(filed, "record_no_agreement", "mediator", **why)
    who = "desk" if state == "accepted" else "mediator"
    untold: dict[str, Scalar] = {"refusing_side": "respondent", "routes_told": False}
    error = look.refused(district.do, filed, "refuse_mediation", who, **untold)
    assert (error.code, error.field) == ("field.must_be_true", "routes_told")
    done = district.do(filed, "refuse_mediation", who, refusing_side="respondent", routes_told=True)
    assert done.state == "ended"
    left = [
        row.rule for rows in district.deadlines(filed).values() for row in rows if not row.ended_at
    ]
    assert left == ["dispute.serve_ending"], "the notice of the end is still to be served"


def _wish(district: office.District, filed: act.Receipt) -> list[str]:
    return [row.state for row in district.deadlines(filed).get("dispute.end_on_request", ())]


def test_a_side_that_asks_to_end_it_is_answered_within_a_working_day(
    district: office.District,
) -> None:
    filed = _mediating(district)
    error = look.refused(district.ask, filed, "ask_to_end", **THEY, end_known=False)
    assert (error.code, error.field) == ("field.must_be_true", "end_known")
    district.ask(filed, "ask_to_end", **THEY, end_known=True, end_words="不想再谈了。")
    (clock,) = district.deadlines(filed)["dispute.end_on_request"]
    assert (clock.due_on.isoformat(), clock.owner) == ("2026-03-23", "office")
    assert district.case(filed).state == "mediating", "who asked is heard before it is recorded"
    told = [row for row in look.notices(district, filed.case_id) if row.cause == "ask_to_end"]
    assert [row.receiver_id for row in told] == [district.people["mediator"]]
    # Asking again does not put the clock back.
    district.at("2026-03-23 10:00")
    district.ask(filed, "ask_to_end", **THEY, end_known=True)
    (same,) = district.deadlines(filed)["dispute.end_on_request"]
    assert (same.no, same.due_at) == (clock.no, clock.due_at)
    district.do(filed, "refuse_mediation", "mediator", refusing_side="respondent", routes_told=True)
    assert _wish(district, filed) == ["met"]
    error = look.refused(district.ask, filed, "ask_to_end", **THEY, end_known=True)
    assert error.code == "action.wrong_state"


def test_a_side_that_asked_to_end_it_may_go_on_after_all(district: office.District) -> None:
    filed = _mediating(district)
    error = look.refused(district.ask, filed, "ask_to_go_on", **THEY)
    assert error.code == "action.window_over", "nobody has asked to end it"
    district.ask(filed, "ask_to_end", **THEY, end_known=True)
    district.ask(filed, "ask_to_go_on", **THEY)
    assert (_wish(district, filed), district.case(filed).state) == (["met"], "mediating")


def test_a_wish_to_end_that_nobody_records_climbs(district: office.District) -> None:
    filed = _mediating(district)
    district.ask(filed, "ask_to_end", **THEY, end_known=True)
    district.at("2026-03-25 10:00")
    found = look.hold(district, filed.case_id)
    assert "urge" in [rung.effect for rung in found.rungs_of("dispute.end_on_request")]
    assert found.case.light == "red"


def test_rights_and_duties_are_told_before_a_session(district: office.District) -> None:
    filed = _mediating(district)
    session: dict[str, Scalar] = {
        "session_on": "2026-03-20",
        "attended": "both",
        "minutes": "各说各的。",
        "rights_told": False,
    }
    error = look.refused(district.do, filed, "record_session", "mediator", **session)
    assert (error.code, error.field) == ("field.must_be_true", "rights_told")


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"session_open": ""}, "field.missing", "session_open"),
        ({"session_open": "open"}, "field.missing", "open_fits"),
        ({"session_open": "open", "open_fits": False}, "field.must_be_true", "open_fits"),
    ],
)
def test_a_session_is_open_only_where_nobody_objects_and_nothing_private_is_touched(
    district: office.District, said: dict[str, Scalar], code: str, field: str
) -> None:
    filed = _mediating(district)
    session = {"session_on": "2026-03-20", "attended": "both", "minutes": "各说各的。", **said}
    error = look.refused(district.do, filed, "record_session", "mediator", **session)
    assert (error.code, error.field) == (code, field)
    session |= {"session_open": "open", "open_fits": True}
    district.do(filed, "record_session", "mediator", **session)


@pytest.mark.parametrize("category", ["0201", "0502", "0701"])
def test_nothing_is_agreed_and_nothing_fails_before_a_session_is_on_record(
    district: office.District, category: str
) -> None:
    why: dict[str, Scalar] = {"no_agreement_reason": "分歧大", "routes_told": True}
    filed = _mediating(district, category=category)
    for action, said in (("record_agreement", ORAL), ("record_no_agreement", why)):
        error = look.refused(district.do, filed, action, "mediator", **said)
        assert error.code == "action.wrong_state"
    assert district.hold_session(filed).state == "session_held"
    assert district.do(filed, "record_no_agreement", "mediator", **why).state == "no_agreement"


@pytest.mark.parametrize("is_heard", [False, True])
def test_a_medical_dispute_counts_as_failed_by_its_period_alone(
    district: office.District, is_heard: bool
) -> None:
    filed = _mediating(district, category="0502")
    if is_heard:
        district.hold_session(filed)

    def offered() -> bool:
        view = case_query.view(district.engine, district.actor("mediator"), filed.case_id)
        return "deem_failed" in view.actions

    due_on = district.deadlines(filed)["mediation.medical"][0].due_on
    district.at(f"{due_on} 23:00")
    error = look.refused(district.do, filed, "deem_failed", "mediator", routes_told=True)
    assert (error.code, error.params["deadline_en"]) == (
        "action.too_early",
        "Medical mediation period",
    )
    assert not offered()
    district.at(f"{due_on + timedelta(days=1)} 00:01")
    assert offered()
    done = district.do(filed, "deem_failed", "mediator", routes_told=True)
    assert done.state == "no_agreement"
    (payload,) = look.whole(district, filed.case_id).payloads("deem_failed")
    assert [paper["name"] for paper in payload["papers"]] == ["dispute.deemed_notice"]
    clocks = district.deadlines(filed)
    running = {rule for rule, rows in clocks.items() if rows[-1].state == "running"}
    assert {"dispute.decide_next", "dispute.serve_paper"} <= running
    assert not {"mediation.medical", "dispute.first_session"} & running


def test_the_time_of_an_assessment_never_counts_in_a_medical_dispute_and_is_watched(
    district: office.District,
) -> None:
    """医疗纠纷预防和处理条例第38条: the law sets no cap; a clock of ours reminds."""
    filed = _mediating(district, category="0502")
    district.do(filed, "start_assessment", "mediator", assessment_reason="认定责任")
    district.at("2026-09-01 10:00")
    clocks = district.deadlines(filed)
    assert clocks["mediation.medical"][0].state == "paused"
    assert clocks["dispute.assessment"][0].missed_at is not None
    error = look.refused(district.do, filed, "deem_failed", "mediator", routes_told=True)
    assert error.code == "action.too_early"
    district.do(filed, "end_assessment", "mediator", assessment_result="责任已经认定")
    clocks = district.deadlines(filed)
    assert clocks["dispute.assessment"][0].state == "met_late"
    assert clocks["mediation.medical"][0].state == "running"


def test_a_breach_leaves_both_sides_their_window_for_confirmation_and_tells_the_court_route(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    district.do(filed, "record_agreement", "mediator", **ORAL)
    error = look.refused(
        district.do, filed, "report_breach", "mediator", breach_note="没修", routes_told=False
    )
    assert (error.code, error.field) == ("field.must_be_true", "routes_told")
    district.do(filed, "report_breach", "mediator", breach_note="没修")
    (window,) = district.deadlines(filed)["confirm.window"]
    assert window.state == "running"
    applied: dict[str, Scalar] = {
        "applied_on": "2026-03-20",
        "both_applied": True,
        "confirmable": True,
        "court": "区人民法院",
    }
    district.do(filed, "apply_confirmation", "mediator", **applied)
    assert district.deadlines(filed)["confirm.window"][0].state == "met"


def test_an_agreement_in_a_medical_dispute_is_made_in_writing(district: office.District) -> None:
    """医疗纠纷预防和处理条例第39条."""
    filed = _mediating(district, category="0502")
    district.hold_session(filed)
    error = look.refused(district.do, filed, "record_agreement", "mediator", **ORAL)
    assert error.code == "action.condition"
    written = {**ORAL, "agreement_form": "written"}
    written.pop("oral_wished", None)
    assert district.do(filed, "record_agreement", "mediator", **written).state == "performing"


def test_what_is_found_out_in_mediation_restricts_the_case(district: office.District) -> None:
    filed = _mediating(district)
    assert district.case(filed).confidentiality == "normal"
    district.do(filed, "note_danger", "mediator", danger="minors")
    assert district.case(filed).confidentiality == "restricted"


def test_no_other_dispute_counts_as_failed_by_a_period(district: office.District) -> None:
    filed = _mediating(district)
    district.at("2026-07-01 10:00")
    error = look.refused(district.do, filed, "deem_failed", "mediator", routes_told=True)
    assert error.code == "action.too_early"


def test_an_assessment_after_a_session_asks_for_another_one(district: office.District) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    district.do(filed, "start_assessment", "mediator", assessment_reason="认定责任")
    district.do(filed, "end_assessment", "mediator", assessment_result="责任已经认定")
    error = look.refused(district.do, filed, "record_agreement", "mediator", **ORAL)
    assert error.code == "action.wrong_state"
    district.hold_session(filed)
    assert district.do(filed, "record_agreement", "mediator", **ORAL).state == "performing"


def test_an_agreement_is_oral_only_where_no_side_wants_it_written(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    oral = {**ORAL, "oral_wished": False}
    error = look.refused(district.do, filed, "record_agreement", "mediator", **oral)
    assert (error.code, error.field) == ("field.must_be_true", "oral_wished")
    assert district.case(filed).state == "session_held"


def test_another_mediator_takes_over_when_a_party_asks_or_the_mediator_steps_back(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    why: dict[str, Scalar] = {"no_agreement_reason": "分歧大", "routes_told": True}
    district.do(filed, "record_no_agreement", "mediator", **why)
    district.do(filed, "hand_up", "mediator", hand_up_reason="请街道调", both_willing=True)
    named = {"mediator": str(district.people["street_mediator"])}
    district.do(filed, "name_mediator", "street_desk", **named)
    district.do(filed, "declare_recusal", "street_mediator", recusal_reason="relative")
    assert district.case(filed).handler_id is None
    again = {"replace_cause": "recused", **named}
    error = look.refused(district.do, filed, "replace_mediator", "street_desk", **again)
    assert (error.code, error.field) == ("field.person", "mediator")


def test_a_mediator_is_replaced_without_a_reason(district: office.District) -> None:
    filed = _mediating(district)
    district.seat({"second": ("mediator", "committee")})
    same = {"replace_cause": "party_asks", "mediator": str(district.people["mediator"])}
    error = look.refused(district.do, filed, "replace_mediator", "supervisor", **same)
    assert (error.code, error.field) == ("field.person_now", "mediator")
    view = case_query.view(district.engine, district.actor("supervisor"), filed.case_id)
    offered = office_query.candidates(
        district.engine.database,
        actions={"replace_mediator": view.process.actions["replace_mediator"]},
        pack=view.pack,
        case=view.case,
        facts=view.facts,
    )["replace_mediator"]
    second = str(district.people["second"])
    assert [one.value for one in offered["mediator"]] == [second]
    done = district.do(filed, "replace_mediator", "supervisor", **{**same, "mediator": second})
    assert done.state == "mediating"
    assert district.case(filed).handler_id == district.people["second"]


@pytest.mark.parametrize("cause", ["party_asks", "recused", "other"])
def test_who_is_replaced_because_a_party_asks_or_they_stepped_back_is_out_of_the_case(
    district: office.District, cause: str
) -> None:
    filed = _mediating(district)
    district.seat({"second": ("mediator", "committee")})
    second, first = (str(district.people[name]) for name in ("second", "mediator"))
    district.do(filed, "replace_mediator", "mediator", replace_cause=cause, mediator=second)
    back = {"replace_cause": "other", "mediator": first}
    if cause == "other":
        district.do(filed, "replace_mediator", "second", **back)
        assert district.case(filed).handler_id == district.people["mediator"]
        return
    error = look.refused(district.hold_session, filed, by="mediator")
    assert error.code == "case.unknown"
    error = look.refused(district.do, filed, "replace_mediator", "second", **back)
    assert (error.code, error.field) == ("field.person", "mediator")
    district.hold_session(filed, by="second")
    look.hold(district, filed.case_id)


def test_where_no_mediator_is_left_the_supervisor_records_that_a_side_ends_it(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.do(filed, "declare_recusal", "mediator", recusal_reason="relative")
    ended = district.do(
        filed, "refuse_mediation", "supervisor", refusing_side="respondent", routes_told=True
    )
    assert ended.state == "ended"


def test_a_visit_and_its_attempts_are_not_before_the_performance(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    district.do(filed, "record_agreement", "mediator", **ORAL)
    district.at("2026-03-25 10:00")
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-25")
    tried: dict[str, Scalar] = {f"attempt_{n}_on": f"2026-03-{19 + n}" for n in (1, 2, 3)}
    error = look.refused(district.do, filed, "close_no_answer", "officer", **tried)
    assert (error.code, error.field) == ("field.before", "attempt_1_on")
    visited: dict[str, Scalar] = {"visited_on": "2026-03-24", "visit_result": "performed"}
    error = look.refused(district.do, filed, "pay_visit", "officer", **visited)
    assert (error.code, error.field) == ("field.before", "visited_on")


def test_a_court_decides_on_what_was_applied_for(district: office.District) -> None:
    """And both apply only for what has taken effect."""
    filed = _mediating(district)
    district.hold_session(filed)
    district.at("2026-03-25 10:00")
    district.do(filed, "record_agreement", "mediator", **ORAL, effective_on="2026-03-23")
    view = case_query.view(district.engine, district.actor("mediator"), filed.case_id)
    assert "record_confirmation" not in view.actions
    decided: dict[str, Scalar] = {"court_decision": "confirmed", "decided_on": "2026-03-25"}
    error = look.refused(district.do, filed, "record_confirmation", "mediator", **decided)
    assert error.code == "action.not_asked"
    early: dict[str, Scalar] = {**APPLIED, "applied_on": "2026-03-21"}
    error = look.refused(district.do, filed, "apply_confirmation", "mediator", **early)
    assert (error.code, error.params["first"]) == ("action.asked_late", "2026-03-23")
    district.do(filed, "apply_confirmation", "mediator", **{**early, "applied_on": "2026-03-23"})
    assert district.do(filed, "record_confirmation", "mediator", **decided).state == "performing"


def test_a_third_party_is_invited_only_with_both_sides_consent(district: office.District) -> None:
    filed = _mediating(district)
    invited: dict[str, Scalar] = {
        "invited_who": "王示例（亲属）",
        "invited_kind": "relative",
        "invited_agreed": False,
    }
    error = look.refused(district.do, filed, "invite", "mediator", **invited)
    assert (error.code, error.field) == ("field.must_be_true", "invited_agreed")
    invited["invited_agreed"] = True
    assert district.do(filed, "invite", "mediator", **invited).state == "mediating"


@pytest.mark.parametrize("missing", sorted(office.WRITTEN))
def test_a_written_agreement_lacks_nothing_that_the_law_names(
    district: office.District, missing: str
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    written: dict[str, Scalar] = {**ORAL, "agreement_form": "written", missing: ""}
    error = look.refused(district.do, filed, "record_agreement", "mediator", **written)
    assert (error.code, error.field) == ("field.missing", missing)


def test_a_written_agreement_bears_the_day_from_which_both_may_apply(
    district: office.District,
) -> None:
    """Recorded days later, it would let them count from the wrong one."""
    filed = _mediating(district)
    district.hold_session(filed)
    district.at("2026-03-27 10:00")
    written: dict[str, Scalar] = {**ORAL, "agreement_form": "written"}
    district.do(filed, "record_agreement", "mediator", **written, effective_on="2026-03-20")
    (window,) = district.deadlines(filed)["confirm.window"]
    assert str(window.due_on) == "2026-04-20"
    actor = district.actor("mediator")
    paper = papers.open_all(district.engine, actor, filed.case_id, reason="核对")[-1].filled
    for sheet, day in ((paper.zh, "2026年3月20日"), (paper.en, "20 March 2026")):
        assert sheet.sign[-1] == day
        assert day in (sheet.body[-1].text or "")


APPLIED: dict[str, Scalar] = {
    "both_applied": True,
    "confirmable": True,
    "court": "张湾区人民法院",
}
"""A joint application, but for its day."""


def test_the_window_for_confirmation_runs_from_effect_and_both_apply_together(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.at("2026-03-25 10:00")
    district.do(filed, "record_session", "mediator", **office.SESSION, session_on="2026-03-23")
    district.do(filed, "record_agreement", "mediator", **ORAL, effective_on="2026-03-23")
    window = district.deadlines(filed)["confirm.window"][0]
    assert (window.owner, window.due_on) == ("party", date(2026, 4, 22))
    applied: dict[str, Scalar] = {**APPLIED, "applied_on": "2026-03-25", "both_applied": False}
    error = look.refused(district.do, filed, "apply_confirmation", "mediator", **applied)
    assert (error.code, error.field) == ("field.must_be_true", "both_applied")
    applied["both_applied"] = True
    district.do(filed, "apply_confirmation", "mediator", **applied)
    assert district.deadlines(filed)["confirm.window"][0].state == "met"
    again = look.refused(district.do, filed, "apply_confirmation", "mediator", **applied)
    assert again.code == "action.window_over"
    decided: dict[str, Scalar] = {"court_decision": "confirmed", "decided_on": "2026-03-25"}
    assert district.do(filed, "record_confirmation", "mediator", **decided).state == "performing"


def test_an_application_made_in_time_is_recorded_after_the_case_was_closed(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    district.do(filed, "record_agreement", "mediator", **ORAL, effective_on="2026-03-20")
    (window,) = district.deadlines(filed)["confirm.window"]
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    tried: dict[str, Scalar] = {f"attempt_{n}_on": f"2026-03-{22 + n}" for n in (1, 2, 3)}
    district.at("2026-03-25 10:00")
    district.do(filed, "close_no_answer", "officer", **tried)
    district.at("2026-05-06 10:00")
    applied: dict[str, Scalar] = {**APPLIED, "applied_on": "2026-05-06"}
    error = look.refused(district.do, filed, "apply_confirmation", "desk", **applied)
    assert (error.code, error.field) == ("action.asked_late", "applied_on")
    applied["applied_on"] = window.due_on.isoformat()
    assert district.do(filed, "apply_confirmation", "desk", **applied).state == "closed"
    assert look.hold(district, filed.case_id).case.is_closed
    again = look.refused(district.do, filed, "apply_confirmation", "desk", **applied)
    assert again.code == "action.window_over", "once"


def test_a_medical_period_is_extended_by_agreement_alone(district: office.District) -> None:
    longer: dict[str, Scalar] = {"extend_days": 5, "both_agree_extension": True}
    filed = _mediating(district, category="0502")
    before = district.deadlines(filed)["mediation.medical"][0].due_on
    district.do(filed, "agree_extension", "mediator", **longer)
    assert district.deadlines(filed)["mediation.medical"][0].due_on > before
    other = _mediating(district)
    error = look.refused(district.do, other, "agree_extension", "mediator", **longer)
    assert error.code == "action.condition"


def test_a_labour_dispute_when_its_days_are_over_asks_to_tell_of_arbitration(
    district: office.District,
) -> None:
    filed = _mediating(district, category="0701")
    district.at("2026-04-06 09:00")
    asked = [
        one.words
        for one in look.notices(district, filed.case_id)
        if "tell_arbitration" in str(one.words)
    ]
    assert asked
    assert district.case(filed).state == "mediating"
    done = district.do(filed, "tell_arbitration", "mediator", routes_told=True)
    assert done.state == "mediating"


def test_an_offence_is_reported_and_mediation_goes_on_or_is_handed_over(
    district: office.District,
) -> None:
    filed = _mediating(district)
    done = district.do(filed, "report_to_police", "mediator", **POLICE)
    assert done.state == "mediating"
    told = {one.receiver_id for one in look.notices(district, filed.case_id) if one.seq == done.seq}
    assert district.people["supervisor"] in told
    assert district.do(filed, "hand_to_police", "mediator", **POLICE).state == "handed_over"


def test_an_agreement_takes_effect_on_no_day_before_the_session(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.at("2026-03-25 10:00")
    district.hold_session(filed)
    early = {**ORAL, "effective_on": "2026-03-24"}
    error = look.refused(district.do, filed, "record_agreement", "mediator", **early)
    assert (error.code, error.field) == ("field.before", "effective_on")
    assert error.params == {"earliest": "2026-03-25"}
    district.do(filed, "record_agreement", "mediator", **ORAL, effective_on="2026-03-25")
    applied: dict[str, Scalar] = {
        "applied_on": "2026-03-25",
        "both_applied": True,
        "confirmable": True,
        "court": "张湾区人民法院",
    }
    district.at("2026-03-27 10:00")
    district.do(filed, "apply_confirmation", "mediator", **applied)
    decided: dict[str, Scalar] = {"court_decision": "confirmed", "decided_on": "2026-03-24"}
    error = look.refused(district.do, filed, "record_confirmation", "mediator", **decided)
    assert (error.code, error.field) == ("field.before", "decided_on")


# -- a category that was wrong --------------------------------------------------------------------


def _correct(
    district: office.District, filed: act.Receipt, category: str, *, by: str = "desk"
) -> dict[str, list]:  # type: ignore[type-arg]
    district.do(filed, "correct_category", by, category=category)
    look.hold(district, filed.case_id)
    return district.deadlines(filed)


def test_a_category_corrected_later_gives_the_period_of_its_kind(
    district: office.District,
) -> None:
    """Labour from the application, the others from acceptance; to and fro gains no time."""
    filed = district.file("officer")
    district.at("2026-03-23 10:00")
    district.do(filed, "accept", "desk")
    error = look.refused(district.do, filed, "correct_category", "desk", category="0201")
    assert error.code == "action.condition"
    district.at("2026-03-26 10:00")
    clocks = _correct(district, filed, "0701")
    assert [row.state for row in clocks["mediation.general"]] == ["stopped"]
    assert str(clocks["mediation.labour"][0].due_on) == "2026-04-04", "from the application"
    clocks = _correct(district, filed, "0502")
    assert str(clocks["mediation.medical"][0].due_on) == "2026-05-08", "from acceptance"
    clocks = _correct(district, filed, "0201")
    (general,) = clocks["mediation.general"]
    assert (general.state, str(general.due_on)) == ("running", "2026-04-23")
    clocks = _correct(district, filed, "0701")
    assert {str(row.due_on) for row in clocks["mediation.labour"]} == {"2026-04-04"}


def test_a_category_corrected_before_acceptance_starts_what_runs_from_the_application(
    district: office.District,
) -> None:
    filed = district.file("officer")
    district.at("2026-03-22 10:00")
    clocks = _correct(district, filed, "0701")
    assert str(clocks["mediation.labour"][0].due_on) == "2026-04-04"
    clocks = _correct(district, filed, "0502")
    assert "mediation.medical" not in clocks, "it is not accepted yet"
    assert [row.state for row in clocks["mediation.labour"]] == ["stopped"]


def test_an_assessment_before_the_correction_is_not_counted_either(
    district: office.District,
) -> None:
    filed = district.file("officer", category="0502")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定因果关系。")
    district.at("2026-04-03 10:00")
    district.do(filed, "end_assessment", "mediator", assessment_result="已出具意见。")
    (medical,) = district.deadlines(filed)["mediation.medical"]
    district.do(filed, "correct_category", "mediator", category="0201")
    (general,) = district.deadlines(filed)["mediation.general"]
    assert general.start_at == medical.start_at
    assert str(general.due_on) == "2026-05-04", "a month, and the fourteen days of the assessment"
    look.hold(district, filed.case_id)


def test_an_assessment_under_another_category_counts_as_long_as_the_right_one_allows(
    district: office.District,
) -> None:
    """By way of labour, whose clock never stands still; and past the cap of the general one."""
    filed = _mediating(district)
    district.do(filed, "start_assessment", "mediator", assessment_reason="查漏点。")
    district.at("2026-06-20 10:00")
    district.do(filed, "end_assessment", "mediator", assessment_result="已查明。")
    general, medical = "mediation.general", "mediation.medical"
    (capped,) = district.deadlines(filed)[general]
    for category in ("0701", "0502"):
        _correct(district, filed, category, by="mediator")
    clocks = _correct(district, filed, "0201", by="mediator")
    assert [it.due_on for it in clocks[general]] == [capped.due_on]
    pause = json.loads(clocks[medical][0].pauses)
    assert [note["to"][:10] for note in pause] == ["2026-06-20"], "without a cap"
    assert json.loads(clocks[general][0].pauses) == json.loads(capped.pauses)


def test_a_correction_charges_no_miss_twice_and_turns_nothing_green(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.at("2026-04-27 10:00")
    district.sweep()
    (before,) = district.deadlines(filed)["mediation.general"]
    assert before.missed_at is not None
    clocks = _correct(district, filed, "0202", by="mediator")
    assert clocks["mediation.general"] == [before], "of the same kind nothing moves"
    _correct(district, filed, "0502", by="mediator")
    (after,) = _correct(district, filed, "0201", by="mediator")["mediation.general"]
    assert (after.missed_at, after.fired) == (before.missed_at, before.fired)


def test_what_is_taken_away_and_corrected_keeps_its_day(district: office.District) -> None:
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.at("2026-03-26 10:00")
    committee = str(district.offices["committee"])
    district.do(filed, "take_away", "supervisor", complained_office=committee)
    (labour,) = _correct(district, filed, "0701")["mediation.labour"]
    assert str(labour.due_on) == "2026-04-04", "from the application"
    (general,) = _correct(district, filed, "0302")["mediation.general"]
    assert str(general.due_on) == "2026-04-20", "from the first acceptance"


def test_a_category_corrected_between_two_attempts_starts_nothing(
    district: office.District,
) -> None:
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.hold_session(filed)
    failed: dict[str, Scalar] = {"no_agreement_reason": "分歧太大。", "routes_told": True}
    district.do(filed, "record_no_agreement", "mediator", **failed)
    clocks = _correct(district, filed, "0502", by="mediator")
    assert "mediation.medical" not in clocks
    up: dict[str, Scalar] = {"hand_up_reason": "请上级调解。", "both_willing": True}
    district.do(filed, "hand_up", "mediator", **up)
    assert district.deadlines(filed)["mediation.medical"][0].state == "running"


def test_a_second_attempt_begins_anew_though_a_correction_had_stopped_the_first(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    _correct(district, filed, "0502", by="mediator")
    failed: dict[str, Scalar] = {"no_agreement_reason": "分歧太大。", "routes_told": True}
    district.do(filed, "record_no_agreement", "mediator", **failed)
    _correct(district, filed, "0201", by="mediator")
    district.at("2026-04-01 10:00")
    up: dict[str, Scalar] = {"hand_up_reason": "请上级调解。", "both_willing": True}
    district.do(filed, "hand_up", "mediator", **up)
    rows = district.deadlines(filed)["mediation.general"]
    assert [(row.state, str(row.due_on)) for row in rows] == [
        ("stopped", "2026-04-20"),
        ("running", "2026-05-01"),
    ]
    look.hold(district, filed.case_id)


def test_what_comes_out_later_restricts_a_dispute(district: office.District) -> None:
    filed = district.file("officer")
    district.do(filed, "restrict", "officer", restricted_because="violence")
    assert look.hold(district, filed.case_id).case.confidentiality == "restricted"


_MOVES: dict[str, tuple[tuple[str, str], ...]] = {
    "filed": (("accept", "accepted"),),
    "accepted": (("name_mediator", "mediating"),),
    "mediating": (
        ("start_assessment", "assessing"),
        ("hold_session", "session_held"),
        ("take_away", "filed"),
    ),
    "assessing": (("end_assessment", "mediating"),),
    "session_held": (("start_assessment", "assessing"), ("record_no_agreement", "no_agreement")),
    "no_agreement": (("hand_up", "accepted"),),
}
"""Some ways of a dispute, from state to state."""


@pytest.mark.parametrize("seed", range(12))
def test_a_corrected_category_runs_as_one_that_was_right_from_the_beginning(
    district: office.District, seed: int
) -> None:
    """Two cases do the same, and one of them is corrected again and again."""
    dice = random.Random(seed)
    right = dice.choice(["0201", "0502", "0701"])
    wrong, twin = (district.file("officer", category=it) for it in ("0201", right))
    state, at, by = "filed", date(2026, 3, 20), ("desk", "mediator")
    seats = {"accept": 0, "name_mediator": 0}
    is_away = False
    for _ in range(dice.randint(3, 12)):
        at += timedelta(days=dice.randint(1, 9))
        district.at(f"{at:%F} {dice.randint(0, 23):02}:30")
        name, to = dice.choice(_MOVES[state])
        if is_away and name in ("take_away", "hand_up"):
            break
        for case in (wrong, twin):
            fields = _of_move(district, name, by)
            if name == "hold_session":
                district.hold_session(case, by[1])
            else:
                who = "supervisor" if name == "take_away" else by[seats.get(name, 1)]
                district.do(case, name, who, **fields)
        if name in ("take_away", "hand_up"):
            by, is_away = (
                ("desk" if name == "take_away" else "street_desk", "street_mediator"),
                True,
            )
        state = to
        if state != "assessing":
            category = dice.choice(["0201", "0502", "0701", "0202"])
            if category != district.case(wrong).category:
                district.do(wrong, "correct_category", "supervisor", category=category)
    if state == "assessing":
        for case in (wrong, twin):
            district.do(case, "end_assessment", by[1], assessment_result="已查明。")
    if district.case(wrong).category != right:
        district.do(wrong, "correct_category", "supervisor", category=right)
    look.hold(district, wrong.case_id)
    assert _periods(district, wrong) == _periods(district, twin)


def _of_move(district: office.District, name: str, by: tuple[str, str]) -> dict[str, Scalar]:
    fields: dict[str, dict[str, Scalar]] = {
        "name_mediator": {"mediator": str(district.people[by[1]])},
        "take_away": {"complained_office": str(district.offices["committee"])},
        "start_assessment": {"assessment_reason": "查漏点。"},
        "end_assessment": {"assessment_result": "已查明。"},
        "record_no_agreement": {"no_agreement_reason": "分歧太大。", "routes_told": True},
        "hand_up": {"hand_up_reason": "请上级调解。", "both_willing": True},
    }
    return fields.get(name, {})


def _periods(district: office.District, case: act.Receipt) -> list[tuple[str, str, str]]:
    """The mediation periods that run, with when they end."""
    return [
        (name, row.state, str(row.due_on))
        for name, rows in district.deadlines(case).items()
        for row in rows
        if name.startswith("mediation.") and row.state in ("running", "paused")
    ]
