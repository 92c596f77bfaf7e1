"""Leader case assignment (领导包案): duties from the pack's list, the plan's way, contacts, more
time by consent of another, the party's sign-off or why not; and the leader never rates."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from rules import errors, load
from tests import office
from tests.workflow import look
from workflow import db, read
from workflow.commands import act, packs
from workflow.queries import case as case_query

PLAN = {"measures": "先停水，后修管。", "plan_until": "2026-04-20"}
CONTACT = {"contacted_who": "applicant", "contact_way": "visit", "contact_words": "当面听取意见。"}


def _led(district: office.District) -> act.Receipt:
    """A dispute that the street's leader carries."""
    filed = district.file()
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    return filed


def _planned(district: office.District, **fields: Any) -> act.Receipt:
    filed = _led(district)
    responsible = str(district.people["desk"])
    district.do(filed, "approve_plan", "leader", responsible=responsible, **(PLAN | fields))
    return filed


def _task(district: office.District, filed: act.Receipt) -> Any:
    return look.whole(district, filed.case_id).assignments[-1]


def _actions(district: office.District, filed: act.Receipt, by: str) -> set[str]:
    return set(case_query.view(district.engine, district.actor(by), filed.case_id).actions)


# --- duties


def test_all_four_duties_are_the_leaders_where_none_is_chosen(district: office.District) -> None:
    task = _task(district, _planned(district))
    assert task.duties.split() == ["duty_know", "duty_explain", "duty_settle", "duty_rest"]


def test_duties_are_chosen_from_the_list_of_the_pack(district: office.District) -> None:
    filed = _planned(district, duty_settle=True, duty_know=True, duty_rest=False)
    assert _task(district, filed).duties.split() == ["duty_know", "duty_settle"]
    view = case_query.view(district.engine, district.actor("supervisor"), filed.case_id)
    assert view.leader is not None
    assert [duty.zh for duty in view.leader.duties] == ["包掌握情况", "包解决化解"]


# --- contacts


def test_contacts_are_counted_and_their_words_are_sealed(district: office.District) -> None:
    filed = _planned(district)
    district.at("2026-03-25 10:00")
    district.do(filed, "log_contact", "leader", contacted_on="2026-03-25", **CONTACT)
    district.do(filed, "log_contact", "leader", contacted_on="2026-03-23", **CONTACT)
    task = _task(district, filed)
    assert (task.contacts, task.contacted_on) == (2, date(2026, 3, 25))
    found = look.hold(district, filed.case_id)
    assert CONTACT["contact_words"] not in str(found.events)
    fields = found.payloads("log_contact")[0]["fields"]
    assert fields == {
        "contacted_on": "2026-03-25",
        "contacted_who": "applicant",
        "contact_way": "visit",
    }


# --- more time


def test_more_time_is_asked_by_the_leader_and_agreed_by_another(district: office.District) -> None:
    filed = _planned(district)
    with pytest.raises(errors.NotPermitted):
        district.do(filed, "extend_plan", "leader", plan_extend_days=5, plan_extend_reason="等检测")
    district.do(filed, "ask_plan_extension", "leader", plan_extend_reason="等检测")
    told = [it for it in look.notices(district, filed.case_id) if it.cause == "ask_plan_extension"]
    assert [it.receiver_id for it in told] == [district.people["supervisor"]]
    district.do(filed, "extend_plan", "supervisor", plan_extend_days=10, plan_extend_reason="同意")
    found = look.hold(district, filed.case_id)
    (clock,) = [row for row in found.deadlines if row.rule == "dispute.leader_result"]
    assert clock.due_on == date(2026, 4, 30)
    assert found.assignments[-1].until_on == date(2026, 4, 30)
    error = look.refused(
        district.do,
        filed,
        "extend_plan",
        "supervisor",
        plan_extend_days=21,
        plan_extend_reason="再",
    )
    assert (error.code, error.field) == ("deadline.extension_cap", "plan_extend_days")


def test_no_more_time_once_the_date_is_over(district: office.District) -> None:
    filed = _planned(district)
    district.at("2026-04-21 10:00")
    error = look.refused(
        district.do, filed, "extend_plan", "supervisor", plan_extend_days=5, plan_extend_reason="迟"
    )
    assert error.code == "deadline.extension_late"


def test_nothing_follows_a_plan_that_is_not_approved(district: office.District) -> None:
    filed = _led(district)
    error = look.refused(district.do, filed, "sign_off", "leader", signed_on="2026-03-20")
    assert error.code == "leader.no_plan"
    assert {"sign_off", "record_unsigned"} & _actions(district, filed, "leader") == set()


# --- how it ends


@pytest.mark.parametrize(
    ("action", "by", "fields", "outcome"),
    [
        ("sign_off", "leader", {"signed_on": "2026-03-20"}, "signed"),
        (
            "record_unsigned",
            "leader",
            {"unsigned_reason": "refused", "sign_note": "不愿签字。"},
            "unsigned",
        ),
        ("end_assignment", "supervisor", {"end_assignment_reason": "工作调整"}, None),
    ],
)
def test_an_assignment_ends_and_its_clock_with_it(
    district: office.District, action: str, by: str, fields: dict[str, str], outcome: str | None
) -> None:
    filed = _planned(district)
    district.do(filed, action, by, **fields)
    found = look.hold(district, filed.case_id)
    task = found.assignments[-1]
    assert (task.state, task.outcome) == ("ended", outcome)
    assert [row.state for row in found.deadlines if row.rule == "dispute.leader_result"] == ["met"]
    assert not found.case.is_closed, "the case goes its own way"
    for name in ("approve_plan", "log_contact", "sign_off", "extend_plan"):
        assert name not in _actions(district, filed, "leader") | _actions(district, filed, by)
    error = look.refused(
        district.do, filed, "log_contact", "leader", contacted_on="2026-03-20", **CONTACT
    )
    assert error.code == "leader.none"
    district.do(filed, "name_leader", "supervisor", leader=str(district.people["leader"]))
    assert [row.no for row in look.hold(district, filed.case_id).assignments] == [1, 2]


# --- who may not


def test_another_leader_logs_and_signs_nothing(district: office.District) -> None:
    filed = _planned(district)
    for action, fields in (
        ("log_contact", {"contacted_on": "2026-03-20", **CONTACT}),
        ("sign_off", {"signed_on": "2026-03-20"}),
    ):
        error = look.refused(district.do, filed, action, "district_leader", **fields)
        assert error.code == "action.not_yours"


def test_a_leader_never_rates() -> None:
    for process in load.release(load.NATIONAL)[0].pack.processes.values():
        assert process.actions["rate"].by == ("resident",)


def test_I8_a_recused_leader_carries_nothing(district: office.District) -> None:
    filed = district.file()
    look.recuse(district, filed.case_id, "leader")
    error = look.refused(
        district.do, filed, "name_leader", "supervisor", leader=str(district.people["leader"])
    )
    assert (error.code, error.field) == ("field.person", "leader")
    led = _planned(district)
    district.do(led, "declare_recusal", "leader", recusal_reason="relative")
    assert _task(district, led).state == "ended"
    assert district.case(led).leader_id == district.people["leader"]
    with pytest.raises(errors.NotFound):
        district.do(led, "log_contact", "leader", contacted_on="2026-03-20", **CONTACT)


# --- the way of the plan, as a pack may have it


def _with_chain(district: office.District) -> None:
    """The leader proposes, the head of the desk agrees, the supervisor approves."""
    document = json.loads(load.release(load.NATIONAL)[0].document)
    actions = document["processes"]["dispute"]["actions"]
    states = actions["approve_plan"]["from"]
    name = {"zh": "提出方案", "en": "Propose the plan"}
    actions["propose_plan"] = {
        "name": name,
        "from": states,
        "by": ["leader"],
        "needs": ["measures"],
        "takes": actions["approve_plan"].pop("takes"),
        "duties": actions["approve_plan"].pop("duties"),
        "leader": "propose_plan",
    }
    proposed = {"zh": "方案还没有提出。", "en": "There is no plan yet."}
    actions["agree_plan"] = {
        "name": {"zh": "审核方案", "en": "Agree to the plan"},
        "from": states,
        "by": ["case_desk", "leader"],
        "when": [{"if": "case.plan == 'proposed'", "else": proposed}],
        "leader": "agree_plan",
    }
    agreed = {"zh": "方案还没有审核。", "en": "The plan has not been agreed to."}
    actions["approve_plan"] |= {
        "by": ["supervisor"],
        "needs": ["responsible", "plan_until"],
        "when": [{"if": "case.plan == 'agreed'", "else": agreed}],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    loaded = load.from_document(text)
    with db.transaction(district.engine.database) as tx:
        packs.add(tx, loaded, read.house(tx).calendar, document="{}")
        packs.activate(tx, loaded.hash)


def test_a_plan_goes_through_the_hands_that_the_pack_names(district: office.District) -> None:
    _with_chain(district)
    filed = _led(district)
    plan = {"responsible": str(district.people["desk"]), "plan_until": "2026-04-20"}
    assert look.refused(district.do, filed, "agree_plan", "desk").code == "action.condition"
    district.do(filed, "propose_plan", "leader", measures="先修管", duty_settle=True)
    error = look.refused(district.do, filed, "approve_plan", "supervisor", **plan)
    assert (error.code, error.params["en"]) == (
        "action.condition",
        "The plan has not been agreed to.",
    )
    assert look.refused(district.do, filed, "agree_plan", "leader").code == "leader.own_plan"
    assert "agree_plan" not in _actions(district, filed, "leader")
    district.do(filed, "agree_plan", "desk")
    district.do(filed, "approve_plan", "supervisor", **plan)
    task = _task(district, filed)
    assert (task.state, task.plan, task.duties) == ("active", "approved", "duty_settle")
    look.hold(district, filed.case_id)
