"""One action: what is refused and leaves nothing behind, what is sent again, what is stale."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from rules import errors
from tests import office
from tests.workflow import look
from workflow import clock, db, ids
from workflow.commands import act
from workflow.commands import office as office_commands
from workflow.decide import Scalar
from workflow.queries import case as case_query

SESSION: dict[str, Scalar] = {
    "session_on": "2026-03-23",
    "attended": "both",
    "minutes": "各说各的。",
}
AGREEMENT: dict[str, Scalar] = {
    "agreement_form": "oral",
    "agreement_terms": "修好漏点。",
    "perform_by": "2026-03-31",
    "both_signed": True,
}


def _filing(**changes: Any) -> act.Request:
    fields = {**office.DISPUTE, **changes.pop("fields", {})}
    filing = {"process": "dispute", "origin_grid": office.GRID, **changes}
    return act.Request(
        case_id=ids.uuid7(),
        action_id=ids.uuid7(),
        action="file_case",
        fields=fields,
        filing=act.Filing(**filing),
    )


def _asked(case: act.Receipt, action: str, /, **fields: Scalar) -> act.Request:
    return act.Request(case_id=case.case_id, action_id=ids.uuid7(), action=action, fields=fields)


def _mediating(district: office.District) -> act.Receipt:
    filed = district.file("officer")
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


def _to_visit(district: office.District) -> act.Receipt:
    filed = _mediating(district)
    district.hold_session(filed)
    district.do(filed, "record_agreement", "mediator", **AGREEMENT)
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-23")
    return filed


def _handling(district: office.District) -> act.Receipt:
    """A petition with its department; sixty days from Monday 23 March end on 22 May."""
    filed = district.file("petition_officer", process="petition")
    district.at("2026-03-23 10:00")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.do(filed, "accept", "handler", route="6")
    return filed


# --- filing: refused, and nothing is there


WRONG_FILINGS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"origin_grid": "420303999999999"}, "area.unknown", "origin_grid"),
    ({"origin_grid": office.OTHER_GRID}, "case.not_your_area", "origin_grid"),
    ({"process": "quarrel"}, "process.unknown", "process"),
    ({"fields": {"category": "9999"}}, "field.choice", "category"),
    ({"fields": {"subject": None}}, "field.missing", "subject"),
    ({"fields": {"story": " \n "}}, "field.missing", "story"),
    ({"fields": {"told": False}}, "field.must_be_true", "told"),
    ({"fields": {"told": "maybe"}}, "field.type", "told"),
    ({"fields": {"story": "长" * 100_000}}, "field.too_long", "story"),
    ({"fields": {"subject": "长" * 61}}, "field.too_long", "subject"),
    ({"fields": {"subject": "a\x00b"}}, "field.control_character", "subject"),
    ({"fields": {"weight": 3}}, "field.unknown", "weight"),
)


def test_a_filing_that_is_wrong_is_refused_whole(district: office.District) -> None:
    officer = district.actor("officer")
    for changes, code, field in WRONG_FILINGS:
        error = look.refused(act.act, district.engine, officer, _filing(**changes))
        assert (error.code, error.field) == (code, field), changes
    assert look.case_ids(district) == []
    look.counts_agree(district)


def test_a_filing_tells_all_its_faults_at_once(district: office.District) -> None:
    request = _filing(fields={"subject": None, "category": "9999", "weight": 3})
    error = look.refused(act.act, district.engine, district.actor("officer"), request)
    assert {fault.field for fault in error.faults} == {"subject", "category", "weight"}


def test_a_matter_is_not_received_in_the_future(district: office.District) -> None:
    request = _filing(received_at=district.now() + timedelta(hours=1))
    error = look.refused(act.act, district.engine, district.actor("officer"), request)
    assert (error.code, error.field) == ("case.received_in_future", "received_at")
    assert look.case_ids(district) == []


def test_clocks_of_a_draft_sent_later_start_when_it_was_received(
    district: office.District,
) -> None:
    received = office.local("2026-03-17 10:00")
    filed = district.file("officer", received_at=received)
    found = look.hold(district, filed.case_id)
    assert found.case.received_at == received < found.case.opened_at
    assert found.deadline("dispute.accept").due_on == date(2026, 3, 20)


def test_html_in_a_text_stays_text(district: office.District) -> None:
    subject = "<script>alert(1)</script> & <b>楼上</b>"
    filed = district.file("officer", subject=subject, story=subject)
    assert look.whole(district, filed.case_id).case.subject == subject


def test_a_group_has_at_most_five_representatives(district: office.District) -> None:
    error = look.refused(
        district.file, "petition_officer", process="petition", heads=20, representatives=6
    )
    assert error.code == "action.condition"
    assert "5" in str(error.params["zh"])


# --- an action: refused, and the case is as it was


WRONG_ACTIONS: tuple[tuple[str, str, dict[str, Scalar], str, str | None], ...] = (
    ("end_assessment", "mediator", {"assessment_result": "无"}, "action.wrong_state", None),
    (
        "report_breach",
        "mediator",
        {"breach_note": "没修", "routes_told": True},
        "action.wrong_state",
        None,
    ),
    ("record_session", "desk", SESSION, "action.not_yours", None),
    ("record_session", "supervisor", SESSION, "action.not_yours", None),
    ("accept", "auditor", {}, "action.not_yours", None),
    ("approve_plan", "district_leader", {}, "action.not_yours", None),
    ("applaud", "mediator", {}, "action.unknown", "action"),
    ("file_case", "officer", dict(office.DISPUTE), "action.unknown", "action"),
    ("close_unrated", "mediator", {}, "action.not_yours", None),
    (
        "record_session",
        "mediator",
        {**SESSION, "session_on": "2026-03-24"},
        "field.in_future",
        "session_on",
    ),
    (
        "record_session",
        "mediator",
        {**SESSION, "session_on": "2026-03-19"},
        "field.before_case",
        "session_on",
    ),
    (
        "record_session",
        "mediator",
        {**SESSION, "session_on": "2026-02-30"},
        "field.date",
        "session_on",
    ),
    (
        "record_session",
        "mediator",
        {**SESSION, "attended": "nobody"},
        "field.choice",
        "attended",
    ),
    (
        "record_session",
        "mediator",
        {**SESSION, "minutes": "x" * 100_000},
        "field.too_long",
        "minutes",
    ),
    (
        "record_agreement",
        "mediator",
        {**AGREEMENT, "perform_by": "2026-03-22"},
        "field.in_past",
        "perform_by",
    ),
    (
        "record_agreement",
        "mediator",
        {**AGREEMENT, "both_signed": False},
        "field.must_be_true",
        "both_signed",
    ),
    ("name_leader", "supervisor", {"leader": "nobody"}, "field.id", "leader"),
)


def test_an_action_that_is_wrong_leaves_the_case_as_it_was(district: office.District) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    before = look.state_of(look.whole(district, filed.case_id))
    for action, by, fields, code, field in WRONG_ACTIONS:
        error = look.refused(district.do, filed, action, by, **fields)
        assert (error.code, error.field) == (code, field), (action, by)
        assert look.state_of(look.whole(district, filed.case_id)) == before, (action, by)
    look.chain_holds(district)


def test_who_is_named_must_hold_the_role_there(district: office.District) -> None:
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    before = look.state_of(look.whole(district, filed.case_id))
    for person in ("street_mediator", "desk", "officer"):
        named = str(district.people[person])
        error = look.refused(district.do, filed, "name_mediator", "desk", mediator=named)
        assert (error.code, error.field) == ("field.person", "mediator")
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_I8_a_recused_person_is_not_named(district: office.District) -> None:
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    look.recuse(district, filed.case_id, "mediator")
    error = look.refused(
        district.do, filed, "name_mediator", "desk", mediator=str(district.people["mediator"])
    )
    assert (error.code, error.field) == ("field.person", "mediator")


def test_an_office_that_is_not_there_or_not_of_the_kind_is_refused(
    district: office.District,
) -> None:
    filed = district.file("petition_officer", process="petition")
    before = look.state_of(look.whole(district, filed.case_id))
    for office_id, code in (
        (ids.uuid7(), "route.unknown"),
        (district.offices["desk"], "route.kind"),
        (district.offices["other_desk"], "route.unknown"),
    ):
        error = look.refused(
            district.do, filed, "transfer", "petition_officer", to_office=str(office_id)
        )
        assert (error.code, error.field) == (code, "to_office")
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_a_false_condition_says_which_one(district: office.District) -> None:
    filed = _to_visit(district)
    before = look.state_of(look.whole(district, filed.case_id))
    error = look.refused(
        district.do,
        filed,
        "pay_visit",
        "officer",
        visited_on="2026-03-23",
        visit_result="not_performed",
    )
    assert error.code == "action.condition"
    assert "Reopen" in str(error.params["en"])
    district.at("2026-03-25 10:00")
    error = look.refused(
        district.do,
        filed,
        "close_no_answer",
        "officer",
        attempt_1_on="2026-03-23",
        attempt_2_on="2026-03-25",
        attempt_3_on="2026-03-24",
    )
    assert "third" in str(error.params["en"])
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_a_date_at_the_end_of_time_is_counted_at_once(district: office.District) -> None:
    filed = _mediating(district)
    district.hold_session(filed)
    begun = time.monotonic()
    district.do(filed, "record_agreement", "mediator", **{**AGREEMENT, "perform_by": "2199-12-31"})
    assert time.monotonic() - begun < 10
    look.hold(district, filed.case_id)


# --- the same again


def test_I2_the_same_filing_again_answers_as_the_first_time(district: office.District) -> None:
    request, officer = _filing(), district.actor("officer")
    first = act.act(district.engine, officer, request)
    assert replace(act.act(district.engine, officer, request), is_repeat=False) == first
    assert act.act(district.engine, officer, request).is_repeat
    district.do(first, "accept", "desk")
    later = act.act(district.engine, officer, request)
    assert (later.number, later.code, later.seq) == (first.number, first.code, first.seq)
    assert look.hold(district, first.case_id).names == ["file_case", "accept"]
    assert len(look.case_ids(district)) == 1


def test_I2_the_same_action_again_is_one_event_even_after_its_state_has_gone(
    district: office.District,
) -> None:
    filed = district.file("officer")
    request, desk = _asked(filed, "accept", note="两家都在"), district.actor("desk")
    first = act.act(district.engine, desk, request)
    again = act.act(district.engine, desk, replace(request, version=1))
    assert (again.seq, again.is_repeat) == (first.seq, True)
    assert look.hold(district, filed.case_id).names == ["file_case", "accept"]


def test_I2_the_same_id_with_other_content_says_what_differs(district: office.District) -> None:
    request, officer = _filing(), district.actor("officer")
    filed = act.act(district.engine, officer, request)
    before = look.state_of(look.whole(district, filed.case_id))
    changes: dict[str, Scalar] = {
        "subject": "另一件事",
        "story": "另一个经过。",
        "applicant_phone": "13800000000",
        "respondent_name": "王样本",
    }
    for name, value in changes.items():
        changed = replace(request, fields={**request.fields, name: value})
        error = look.refused(act.act, district.engine, officer, changed)
        assert (error.code, error.field) == ("id.differs", name)
        assert error.params["fields"] == name
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_I2_the_same_filing_elsewhere_or_of_another_day_differs(
    database: db.Database,
) -> None:
    district = office.build(database)
    office_commands.add_areas(
        database,
        [
            office_commands.NewArea(
                code=office.COMMUNITY + "002",
                name="第2网格",
                level="grid",
                parent_code=office.COMMUNITY,
            )
        ],
    )
    desk = district.actor("desk")
    received = office.local("2026-03-19 10:00")
    request = _filing(received_at=received)
    act.act(district.engine, desk, request)
    assert request.filing is not None
    assert act.act(district.engine, desk, request).is_repeat
    for change, differs in (
        ({"origin_grid": office.COMMUNITY + "002"}, "origin_grid"),
        ({"received_at": received - timedelta(days=1)}, "received_at"),
        ({"process": "petition"}, "process"),
    ):
        changed = replace(request, filing=replace(request.filing, **change))
        error = look.refused(act.act, district.engine, desk, changed)
        assert (error.code, error.field) == ("id.differs", differs)


def test_I2_another_action_under_the_same_id_differs(district: office.District) -> None:
    filed = district.file("officer")
    request = _asked(filed, "accept")
    act.act(district.engine, district.actor("desk"), request)
    other = replace(request, action="withdraw", fields={"withdraw_reason": "和好"})
    error = look.refused(act.act, district.engine, district.actor("desk"), other)
    assert (error.code, error.field) == ("id.differs", "action")


def test_somebody_elses_id_is_taken_and_tells_nothing(district: office.District) -> None:
    request = _filing()
    filed = act.act(district.engine, district.actor("officer"), request)
    # The same ids from another person; a new action on the same case id; from elsewhere.
    for who in ("desk", "other_officer"):
        error = look.refused(act.act, district.engine, district.actor(who), request)
        assert error.code == "id.taken"
        assert "fields" not in error.params
    other = replace(request, action_id=ids.uuid7())
    elsewhere = look.refused(act.act, district.engine, district.actor("other_officer"), other)
    assert elsewhere.code == "id.taken"
    mine = _asked(filed, "accept")
    act.act(district.engine, district.actor("desk"), mine)
    error = look.refused(act.act, district.engine, district.actor("supervisor"), mine)
    assert error.code == "id.taken"
    assert look.hold(district, filed.case_id).names == ["file_case", "accept"]


def test_I7_a_resident_of_another_case_learns_nothing_by_an_id(
    district: office.District,
) -> None:
    filed, other = _rated(district), district.file("officer")
    stranger = district.resident(other)
    rating = _asked(filed, "rate", rating_result="satisfied", rating_attitude="satisfied")
    act.act(district.engine, district.resident(filed), rating)
    error = look.refused(act.act, district.engine, stranger, rating)
    assert error.code == "case.unknown"


def _rated(district: office.District) -> act.Receipt:
    filed = _to_visit(district)
    district.do(filed, "pay_visit", "officer", visited_on="2026-03-23", visit_result="performed")
    return filed


# --- what somebody else did meanwhile


def test_a_persons_act_makes_a_version_stale_and_a_rung_does_not(
    district: office.District,
) -> None:
    filed = district.file("officer")
    seen = filed.version
    district.at("2026-03-25 10:00")
    assert look.whole(district, filed.case_id).case.version > seen  # the yellow card
    leader = str(district.people["leader"])
    named = replace(_asked(filed, "name_leader", leader=leader), version=seen)
    act.act(district.engine, district.actor("supervisor"), named)
    before = look.state_of(look.whole(district, filed.case_id))
    accept = replace(_asked(filed, "accept"), version=seen)
    error = look.refused(act.act, district.engine, district.actor("desk"), accept)
    assert error.code == "case.stale"
    assert error.params["version"] == look.whole(district, filed.case_id).case.version
    assert look.state_of(look.whole(district, filed.case_id)) == before
    for wrong in (0, 99):
        error = look.refused(
            act.act, district.engine, district.actor("desk"), replace(accept, version=wrong)
        )
        assert error.code == "case.stale"
    now = look.whole(district, filed.case_id).case.version
    act.act(district.engine, district.actor("desk"), replace(accept, version=now))


# --- extensions, leaders, reopening


def test_I6_extensions_are_bounded_in_sum(district: office.District) -> None:
    filed = _handling(district)
    error = look.refused(district.do, filed, "extend", "head", extend_days=31, extend_reason="核对")
    assert (error.code, error.field) == ("field.too_large", "extend_days")
    district.do(filed, "extend", "head", extend_days=20, extend_reason="核对账目")
    before = look.state_of(look.whole(district, filed.case_id))
    error = look.refused(
        district.do, filed, "extend", "head", extend_days=11, extend_reason="再核对"
    )
    assert (error.code, error.field) == ("deadline.extension_cap", "extend_days")
    assert error.params["left"] == 10
    assert look.state_of(look.whole(district, filed.case_id)) == before
    district.do(filed, "extend", "head", extend_days=10, extend_reason="再核对")
    row = look.hold(district, filed.case_id).deadline("petition.handle")
    assert (row.extend_days, row.due_on) == (30, date(2026, 6, 21))
    assert (
        look.refused(
            district.do, filed, "extend", "handler", extend_days=1, extend_reason="再"
        ).code
        == "action.not_yours"
    )


@pytest.mark.parametrize("swept", [True, False])
def test_I6_an_extension_after_the_limit_is_refused(district: office.District, swept: bool) -> None:
    filed = _handling(district)
    if swept:
        district.at("2026-05-23 00:00")
    else:
        district.jump("2026-05-23 00:00")
    before = look.state_of(look.whole(district, filed.case_id))
    error = look.refused(
        district.do, filed, "extend", "head", extend_days=10, extend_reason="核对账目"
    )
    assert error.code == "deadline.extension_late"
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_I6_an_extension_in_the_last_minute_counts(district: office.District) -> None:
    filed = _handling(district)
    district.at("2026-05-22 23:59")
    district.do(filed, "extend", "head", extend_days=10, extend_reason="核对账目")
    assert look.hold(district, filed.case_id).deadline("petition.handle").missed_at is None


def test_I6_nothing_else_moves_a_due_date(district: office.District) -> None:
    filed = _mediating(district)
    before = {row.no: row.due_at for row in look.whole(district, filed.case_id).deadlines}
    district.do(filed, "record_session", "mediator", **SESSION)
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    found = look.hold(district, filed.case_id)
    assert {row.no: row.due_at for row in found.deadlines if row.no in before} == before


def test_a_plan_is_approved_by_the_named_leader_alone(district: office.District) -> None:
    filed = _mediating(district)
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    plan: dict[str, Scalar] = {
        "responsible": str(district.people["mediator"]),
        "measures": "现场查漏",
        "plan_until": "2026-04-10",
    }
    error = look.refused(district.do, filed, "approve_plan", "district_leader", **plan)
    assert error.code == "action.not_yours"
    error = look.refused(
        district.do, filed, "name_leader", "supervisor", leader=str(district.people["leader"])
    )
    assert error.code == "leader.already"
    district.do(filed, "approve_plan", "leader", **plan)
    found = look.hold(district, filed.case_id)
    assert [(row.state, row.until_on) for row in found.assignments] == [
        ("active", date(2026, 4, 10))
    ]
    assert found.assignments[0].responsible_id == district.people["mediator"]
    assert found.deadline("dispute.leader_plan").state == "met"
    assert found.deadline("dispute.leader_result").due_on == date(2026, 4, 10)


def test_a_second_leader_takes_over_from_the_first(district: office.District) -> None:
    filed = _mediating(district)
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["district_leader"]))
    found = look.hold(district, filed.case_id)
    assert [row.state for row in found.assignments] == ["ended", "awaiting_plan"]
    assert found.case.leader_id == district.people["district_leader"]
    running = [row for row in found.deadlines if row.is_open and row.rule == "dispute.leader_plan"]
    assert [row.started_by for row in running] == [found.case.seq], "the old plan is still awaited"


def _closed(district: office.District) -> act.Receipt:
    filed = _rated(district)
    rating = _asked(filed, "rate", rating_result="dissatisfied", rating_attitude="satisfied")
    act.act(district.engine, district.resident(filed), rating)
    return filed


@pytest.mark.parametrize(("made", "cycle"), [(_closed, 2), (_rated, 1), (_to_visit, 1)])
def test_a_reopened_case_is_not_done_and_a_closed_one_starts_a_new_cycle(
    district: office.District, made: Callable[[office.District], act.Receipt], cycle: int
) -> None:
    filed = made(district)
    assert look.hold(district, filed.case_id).case.is_done
    district.do(filed, "reopen", "supervisor", reopen_reason="又漏了")
    found = look.hold(district, filed.case_id)
    assert (found.case.state, found.case.is_done, found.case.done_at) == ("accepted", False, None)
    assert (found.case.is_closed, found.case.handler_id) == (False, None)
    assert found.case.cycle == cycle
    running = {row.rule: row for row in found.deadlines if row.is_open}
    assert {"dispute.name_mediator", "mediation.general"} <= set(running)
    assert running["dispute.name_mediator"].cycle == cycle
    district.at("2026-03-25 10:00")
    found = look.hold(district, filed.case_id)
    assert [rung.cycle for rung in found.rungs_of("dispute.name_mediator")][-1] == cycle
    look.counts_agree(district)


def test_the_petition_can_be_reviewed_and_rechecked(district: office.District) -> None:
    filed = _handling(district)
    district.do(
        filed,
        "answer",
        "handler",
        outcome="support",
        facts_found="确未发放。",
        opinion="七日内补发。",
        opinion_basis="管理办法",
    )
    served: dict[str, Scalar] = {
        "served_method": "in_person",
        "served_on": "2026-03-23",
        "receipt": "回证 1 号",
    }
    district.do(filed, "serve_answer", "handler", **served)
    district.do(filed, "request_review", "petition_officer", requested_on="2026-03-23")
    opinion: dict[str, Scalar] = {"review_outcome": "upheld", "review_opinion": "维持。"}
    assert look.hold(district, filed.case_id).case.lead_office_id == district.offices["government"]
    district.do(filed, "answer_review", "reviewer", **opinion)
    district.do(filed, "serve_review", "reviewer", **served)
    look.hold(district, filed.case_id)
    error = look.refused(
        district.do, filed, "request_recheck", "petition_officer", requested_on="2026-03-23"
    )
    assert error.code == "route.none"  # nobody stands above the district here
    district.jump("2026-05-01 10:00")
    district.sweep()
    assert look.hold(district, filed.case_id).case.state == "review_closed"


def test_office_time_within_a_case_never_runs_backwards(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = district.file("officer")
    behind = clock.system() - timedelta(days=1)
    if not district.engine.database.is_postgres:
        monkeypatch.setattr(clock, "system", lambda: behind)
    district.do(filed, "accept", "desk")
    assert look.hold(district, filed.case_id).events[-1].at >= filed.at


def test_an_unknown_case_is_unknown(district: office.District) -> None:
    before: list[UUID] = look.case_ids(district)
    error = look.refused(district.do, ids.uuid7(), "accept", "desk")
    assert error.code == "case.unknown"
    assert look.case_ids(district) == before


def test_a_case_arises_in_a_grid_and_was_not_received_long_ago(district: office.District) -> None:
    with pytest.raises(errors.Invalid) as refused:
        district.file("desk", grid=office.COMMUNITY)
    assert (refused.value.code, refused.value.field) == ("area.not_grid", "origin_grid")
    with pytest.raises(errors.Invalid) as refused:
        district.file("officer", received_at=office.local("2025-12-01 09:00"))
    assert (refused.value.code, refused.value.field) == (
        "case.received_long_ago",
        "received_at",
    )


def test_the_return_visit_falls_to_the_officer_of_the_grid(district: office.District) -> None:
    filed = district.file("desk", confidentiality="restricted")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.hold_session(filed)
    district.do(
        filed,
        "record_agreement",
        "mediator",
        agreement_form="oral",
        agreement_terms="各让一步。",
        perform_by="2026-03-25",
        both_signed=True,
    )
    with pytest.raises(errors.NotFound):
        case_query.view(district.engine, district.actor("officer"), filed.case_id)
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    assert district.case(filed).handler_id == district.people["officer"]
    district.do(filed, "pay_visit", "officer", visited_on="2026-03-20", visit_result="performed")


@pytest.mark.parametrize(
    ("is_clear", "rule"),
    [(True, "petition.notice_direct"), (False, "petition.decide_unclear")],
)
def test_no_notice_is_owed_to_whom_nobody_can_find(
    district: office.District, is_clear: bool, rule: str
) -> None:
    filed = district.file("handler", process="petition", identity_clear=is_clear)
    assert set(district.deadlines(filed)) == {rule}
