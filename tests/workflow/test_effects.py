"""What a rung may do besides telling somebody: fire an action, propose a measure; and who may
supervise by hand. Each case runs under a pack with a ladder of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from rules import errors, load
from tests import office
from tests.workflow import look
from workflow import db, read
from workflow.commands import office as office_commands
from workflow.commands import packs
from workflow.tables import case as case_tables

TALLY = case_tables.Tally.__table__  # type: ignore[attr-defined]
SUPERVISE_AT = "2026-03-27 09:00"
"""A dispute filed on 20 March and not accepted is supervised then, raised on the 31st."""


def _climbing(district: office.District, *rungs: dict[str, Any]) -> None:
    """New disputes are accepted under a ladder of these rungs."""
    document = json.loads(load.load(load.shipped()).document)
    document["ladders"]["own"] = list(rungs)
    document["deadlines"]["dispute.accept"]["ladder"] = "own"
    actions = document["processes"]["dispute"]["actions"]
    actions["withdraw"]["by"] = ["case_desk", "ladder"]
    actions["withdraw"]["takes"] = actions["withdraw"].pop("needs")
    if any(rung.get("action") == "remind" for rung in rungs):
        name = {"zh": "提醒指派", "en": "Remind"}
        actions["remind"] = {"name": name, "from": ["accepted"], "by": ["ladder"]}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    loaded = load.from_document(text)
    with db.transaction(district.engine.database) as tx:
        packs.add(tx, loaded, read.house(tx).calendar, document="{}")
        packs.activate(tx, loaded.hash)


def _rung(at: str, do: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "do": do, "tell": "handler", **more}


def _tally(district: office.District) -> dict[str, int]:
    with db.snapshot(district.engine.database) as tx:
        names = {office_id: name for name, office_id in district.offices.items()}
        return {f"{names[row.office_id]}.{row.what}": row.n for row in tx.execute(select(TALLY))}


# --- actions and measures


def test_a_rung_that_fires_an_action_does_it_once_and_is_recorded(
    district: office.District,
) -> None:
    _climbing(district, _rung("1 working day after", "action", action="withdraw"))
    filed = district.file()
    district.at("2026-04-01 10:00")
    found = look.hold(district, filed.case_id)
    assert found.case.state == "withdrawn"
    assert found.names == ["file_case", "deadline_missed", "rung_fired", "withdraw"]
    (fired,) = found.rungs
    assert (fired.effect, look.local(fired.planned_at)) == ("action", SUPERVISE_AT)
    assert found.payloads("rung_fired")[0]["action"] == "withdraw"


def test_an_action_that_the_process_refuses_is_told_and_ends_nothing(
    district: office.District,
) -> None:
    _climbing(
        district,
        _rung("1 working day after", "action", action="remind"),
        _rung("2 working days after", "urge"),
    )
    filed = district.file()
    district.at("2026-04-01 10:00")
    found = look.hold(district, filed.case_id)
    assert found.names == [
        "file_case",
        "deadline_missed",
        "rung_fired",
        "action_refused",
        "rung_fired",
    ]
    (refused,) = found.payloads("action_refused")
    assert refused == {"action": "remind", "code": "action.wrong_state"}
    assert [rung.effect for rung in found.rungs] == ["action", "urge"]


def test_an_action_is_fired_though_nobody_can_be_told(district: office.District) -> None:
    for post in ("desk", "street_desk"):
        office_commands.appoint(district.engine.database, district.posts[post], holder_id=None)
    _climbing(district, _rung("1 working day after", "action", action="withdraw"))
    filed = district.file()
    district.at("2026-04-01 10:00")
    found = look.hold(district, filed.case_id)
    assert found.case.state == "withdrawn"
    assert found.rungs[0].target_person_id is None


def test_a_measure_is_proposed_and_changes_nothing(district: office.District) -> None:
    _climbing(district, _rung("when due", "measure", measure="约谈") | {"tell": "supervisor"})
    filed = district.file()
    district.at("2026-04-01 10:00")
    found = look.hold(district, filed.case_id)
    assert found.case.state == "filed"
    assert found.payloads("rung_fired")[0]["measure"] == "约谈"
    assert found.rungs[0].target_person_id == district.people["supervisor"]
    told = [n for n in look.notices(district, filed.case_id) if n.cause == "rung.measure"]
    assert [one.receiver_id for one in told] == [district.people["supervisor"]]


def test_a_rung_for_some_cases_leaves_the_others(district: office.District) -> None:
    _climbing(district, _rung("when due", "urge", when=["case.grade == '03' && case.level > 1"]))
    grave, plain = district.file(grade="03"), district.file(grade="04")
    district.at("2026-04-01 10:00")
    assert [r.effect for r in look.hold(district, grave.case_id).rungs] == ["urge"]
    assert look.hold(district, plain.case_id).rungs == ()


# --- supervision


def test_the_ladder_puts_a_case_under_supervision_and_ends_it_when_it_is_done(
    district: office.District,
) -> None:
    filed = district.file()
    district.at("2026-03-27 10:00")
    case = look.hold(district, filed.case_id).case
    assert (case.supervision, case.supervisor_id) == ("ladder", district.people["supervisor"])
    district.do(filed, "accept", "desk")
    found = look.hold(district, filed.case_id)
    assert (found.case.supervision, found.case.supervisor_id) == (None, None)
    assert found.case.supervising_level is None
    assert found.names[-1] == "supervision_ended"


def test_I8_a_restricted_case_reaches_the_supervisor_its_ladder_names(
    district: office.District,
) -> None:
    filed = district.file(confidentiality="restricted")
    with pytest.raises(errors.NotFound):
        district.do(filed, "urge", "supervisor", urge_reason="请抓紧")
    district.at("2026-03-27 10:00")
    told = [n for n in look.notices(district, filed.case_id) if n.cause == "rung.supervise"]
    assert {one.receiver_id for one in told} >= {district.people["supervisor"]}
    assert {one.state for one in told} <= {"queued", "sent"}
    district.do(filed, "urge", "supervisor", urge_reason="请抓紧")
    district.do(filed, "accept", "desk")
    with pytest.raises(errors.NotFound):  # no longer theirs
        district.do(filed, "urge", "supervisor", urge_reason="请抓紧")


def test_supervision_by_hand_stays_when_nothing_is_late(district: office.District) -> None:
    filed = district.file()
    district.do(filed, "supervise_case", "supervisor", supervise_reason="多次来访")
    case = look.hold(district, filed.case_id).case
    assert (case.supervision, case.supervisor_id) == ("hand", district.people["supervisor"])
    assert case.supervising_level == 4
    district.do(filed, "accept", "desk")
    assert look.hold(district, filed.case_id).case.supervision == "hand"
    with pytest.raises(errors.NotNow, match=r"supervision\.already"):
        district.do(filed, "supervise_case", "supervisor", supervise_reason="多次来访")
    district.do(filed, "end_supervision", "supervisor", end_supervision_reason="已办妥")
    assert look.hold(district, filed.case_id).case.supervision is None
    with pytest.raises(errors.NotNow, match=r"supervision\.none"):
        district.do(filed, "end_supervision", "supervisor", end_supervision_reason="已办妥")


def test_supervision_is_delegated_to_one_person_who_is_told_and_addressed(
    district: office.District,
) -> None:
    filed = district.file()
    below = str(district.people["supervisor"])
    district.do(
        filed,
        "delegate_supervision",
        "district_supervisor",
        supervisor=below,
        supervise_reason="请街道盯办",
    )
    case = look.hold(district, filed.case_id).case
    assert (case.supervision, str(case.supervisor_id)) == ("hand", below)
    told = [n for n in look.notices(district, filed.case_id) if n.cause == "delegate_supervision"]
    assert below in {str(one.receiver_id) for one in told}
    district.at("2026-03-27 10:00")
    supervised = look.hold(district, filed.case_id).rungs[-1]
    assert (supervised.effect, str(supervised.target_person_id)) == ("supervise", below)


def test_a_closed_case_is_watched_by_nobody(district: office.District) -> None:
    filed = district.file()
    district.do(filed, "supervise_case", "supervisor", supervise_reason="多次来访")
    district.do(filed, "withdraw", "desk", withdraw_reason="双方和好")
    case = look.hold(district, filed.case_id).case
    assert (case.supervision, case.supervisor_id, case.supervising_level) == (None, None, None)


# --- what offices answer for


def test_lateness_and_days_in_pause_count_for_the_office_that_held_the_case(
    district: office.District,
) -> None:
    filed = district.file()
    district.at("2026-03-27 10:00")  # missed by the desk
    district.do(filed, "accept", "desk")
    mediator = str(district.people["mediator"])
    district.do(filed, "name_mediator", "desk", mediator=mediator)
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.at("2026-04-03 10:00")
    district.do(filed, "end_assessment", "mediator", assessment_result="渗漏")
    assert _tally(district) == {"desk.missed": 1, "committee.paused": 7}


def test_a_return_counts_for_the_office_that_sent_it_back(district: office.District) -> None:
    filed = district.file("petition_officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    district.do(filed, "object", "handler", objection_reason="不属本单位")
    district.do(filed, "agree_return", "petition_officer")
    assert _tally(district) == {"housing.returned": 1}


def test_a_restricted_case_counts_for_nobody(district: office.District) -> None:
    district.file(confidentiality="restricted")
    district.at("2026-03-27 10:00")
    assert _tally(district) == {}
