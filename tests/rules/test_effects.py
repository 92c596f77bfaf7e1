"""What an action does besides moving the case has its other half, or the check says which (I10)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rules import check, load
from tests.rules import packs

NATIONAL = load.release(load.NATIONAL)[0].pack


def _without(process: str, action: str, **parts: Any) -> list[tuple[str, str]]:
    actions = NATIONAL.processes[process].actions
    bent = {**actions, action: dataclasses.replace(actions[action], **parts)}
    return packs.changed(process, actions=bent)


def _clock(name: str, **parts: Any) -> list[tuple[str, str]]:
    rule = dataclasses.replace(NATIONAL.deadlines[name], **parts)
    pack = dataclasses.replace(NATIONAL, deadlines={**NATIONAL.deadlines, name: rule})
    faults = check.check(pack, load.load_calendar(load.shipped()))
    return [(fault.code, fault.key) for fault in faults]


def test_who_is_let_in_comes_with_consent_and_can_be_let_out() -> None:
    actions = load.release(load.NATIONAL)[0].pack.processes["dispute"].actions
    unasked = dataclasses.replace(actions["invite"], needs=("invited_who", "invited_kind"))
    told = packs.changed("dispute", actions={**actions, "invite": unasked})
    assert ("check.invitation", "actions.invite") in told
    once = dataclasses.replace(actions["end_invitations"], source=("mediating", "session_held"))
    told = packs.changed("dispute", actions={**actions, "end_invitations": once})
    assert told == [("check.no_way_out", "actions.invite.from")]
    pack = load.release(load.NATIONAL)[0].pack
    blind = dataclasses.replace(
        pack, rights=tuple(right for right in pack.rights if right.role != "third_party")
    )
    faults = check.check(blind, load.load_calendar(load.shipped()))
    assert [(it.code, it.key) for it in faults] == [("check.invitation", "actions.invite")]


def test_who_takes_invitations_back_has_somebody_who_makes_them() -> None:
    told = _without("dispute", "invite", invitation=None)
    assert told == [("check.nobody_invited", "actions.end_invitations.invitation")]


@pytest.mark.parametrize("process", ["dispute", "petition"])
@pytest.mark.parametrize("action", ["extend_plan", "sign_off", "record_unsigned", "end_assignment"])
def test_a_leader_s_assignment_can_go_to_its_end(process: str, action: str) -> None:
    assert _without(process, action, leader=None) == [("check.leader_effect", "actions")]


@pytest.mark.parametrize("process", ["dispute", "petition"])
def test_a_duty_that_one_process_asks_for_and_does_not_count_is_told(process: str) -> None:
    approve = NATIONAL.processes[process].actions["approve_plan"]
    told = _without(process, "approve_plan", duties=approve.duties[1:])
    assert told == [("check.unread", f"{approve.duties[0]}.must_be_true")]


@pytest.mark.parametrize("action", ["agree_return", "object_again", "ask_superior"])
def test_who_objected_is_remembered_where_the_common_superior_decides(action: str) -> None:
    told = _without("petition", action, parts=False)
    assert told == [("check.objector_forgotten", f"actions.{action}.parts")]


@pytest.mark.parametrize(
    ("process", "states"),
    [("petition", 1), ("dispute", 5)],
)
def test_a_case_is_taken_from_the_office_that_leads_it_alone(process: str, states: int) -> None:
    told = _without(process, "take_away", ousts=False)
    assert set(told) == {("check.moves_for_nothing", "actions.take_away.ousts")}
    assert len(told) == states


def test_the_day_of_asking_that_bounds_an_action_is_a_date_that_it_needs() -> None:
    at = "actions.request_review.within_on"
    for day in ("fields.hearing_reason", "fields.served_on", "requested_on"):
        told = _without("petition", "request_review", within_on=day)
        assert ("check.date_field", at) in told, day
    told = _without("petition", "request_review", within=None)
    assert ("check.unknown_deadline", "actions.request_review.within") in told
    told = _without("petition", "request_review", within_on=None)
    assert told == [("check.within_never", "actions.request_review.within")]


def test_what_waits_for_an_answer_bars_no_way_on_and_names_a_clock_of_its_process() -> None:
    at = [("check.outside", "actions.accept.outside")]
    assert _without("dispute", "accept", outside="dispute.accept") == at
    at = [("check.outside", "actions.tell_progress.outside")]
    assert _without("dispute", "tell_progress", outside="dispute.tell_progress") == at
    assert _without("dispute", "ask_progress", outside="dispute.serve_paper") == [
        ("check.outside", "actions.ask_progress.outside")
    ]
    told = _without("dispute", "ask_progress", outside="petition.tell_progress")
    assert told == [("check.unknown_deadline", "actions.ask_progress.outside")]


def test_what_waits_for_papers_is_done_where_they_can_be_served() -> None:
    actions = NATIONAL.processes["petition"].actions
    serve = actions["serve_paper"]
    elsewhere = dataclasses.replace(
        serve, source=tuple(state for state in serve.source if state != "going_down")
    )
    told = packs.changed("petition", actions={**actions, "serve_paper": elsewhere})
    assert ("check.waits", "actions.send_down.from") in told


def test_an_office_below_is_asked_for_once_there_is_one_above_it() -> None:
    takes = (*NATIONAL.processes["petition"].actions["file_case"].takes, "lower_office")
    told = _without("petition", "file_case", takes=takes)
    assert ("check.below", "actions.file_case.needs") in told


def test_an_office_below_is_asked_for_by_a_field_of_offices() -> None:
    note = dataclasses.replace(NATIONAL.fields["note"], below=("department",))
    pack = dataclasses.replace(NATIONAL, fields={**NATIONAL.fields, "note": note})
    faults = check.check(pack, load.load_calendar(load.shipped()))
    found = [(fault.code, fault.key) for fault in faults]
    assert ("check.below", "actions.transfer.needs") in found


@pytest.mark.parametrize("act", ["tell_where", "refuse"])
def test_what_overtakes_a_paper_ends_the_clock_of_its_service_and_no_other_act_does(
    act: str,
) -> None:
    rule = NATIONAL.deadlines["petition.serve_paper"]
    told = _clock("petition.serve_paper", stops=tuple(it for it in rule.stops if it != act))
    assert ("check.overtaken", "petition.sent_down_notice.overtaken_by") in told
    paper = NATIONAL.papers["petition.sent_down_notice"]
    kept = dataclasses.replace(
        paper, overtaken_by=tuple(it for it in paper.overtaken_by if it != act)
    )
    pack = dataclasses.replace(
        NATIONAL, papers={**NATIONAL.papers, "petition.sent_down_notice": kept}
    )
    faults = check.check(pack, load.load_calendar(load.shipped()))
    assert ("check.unserved_stop", "petition.serve_paper") in [(it.code, it.key) for it in faults]


def test_a_material_says_what_it_is_and_how_many_sheets_it_has() -> None:
    told = _without("dispute", "add_material", needs=("material_kind", "material_title"))
    assert ("check.unknown_input", "actions.add_material.needs") in told


@pytest.mark.parametrize(("action", "at"), [("review", "served"), ("recheck", "review_served")])
def test_what_was_asked_in_time_can_be_recorded_when_the_window_is_over(
    action: str, at: str
) -> None:
    told = _without("petition", f"request_{action}", source=(at,))
    assert told == [("check.asked_late", f"actions.request_{action}.from")]


def test_a_period_of_the_law_does_not_begin_anew_with_another_office() -> None:
    told = _clock("mediation.labour", runs_on=False)
    assert told == [("check.time_gained", "mediation.labour.runs_on")]


@pytest.mark.parametrize("left", ["end_assessment", "take_away"])
@pytest.mark.parametrize("clock", ["mediation.general", "mediation.medical"])
def test_a_pause_ends_however_its_state_is_left(clock: str, left: str) -> None:
    (pause,) = NATIONAL.deadlines[clock].pauses
    ends = tuple(action for action in pause.ends if action != left)
    told = _clock(clock, pauses=(dataclasses.replace(pause, ends=ends),))
    assert ("check.pause_left", f"{clock}.pauses") in told


def test_a_pause_that_ends_ends_its_state_too() -> None:
    told = _without("dispute", "end_assessment", to=None)
    assert set(told) == {("check.pause_ended_there", "actions.end_assessment.to")}
