"""What a rung may do besides telling somebody: fire an action, propose a measure; and what
offices answer for. Cases run under a pack with a ladder of its own."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from rules import load
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
    document = json.loads(load.release(load.NATIONAL)[0].document)
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


def test_days_of_a_pause_that_the_end_of_mediation_cuts_off_count(
    district: office.District,
) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.at("2026-03-30 10:00")
    district.do(filed, "end_mediation", "mediator", end_reason="一方不愿", routes_told=True)
    assert _tally(district)["committee.paused"] == 10


def test_lateness_counts_in_the_month_in_which_it_began(district: office.District) -> None:
    district.file()  # late since 26 March
    district.jump("2026-05-02 10:00")
    district.sweep()
    with db.snapshot(district.engine.database) as tx:
        months = tx.execute(select(TALLY.c.month).where(TALLY.c.what == "missed")).scalars().all()
    assert months == [202603]


def test_an_action_that_closes_the_case_ends_the_rungs_that_were_due_after_it(
    district: office.District,
) -> None:
    _climbing(
        district,
        _rung("when due", "urge"),
        _rung("1 working day after", "action", action="withdraw"),
        _rung("2 working days after", "urge"),
    )
    filed = district.file()
    district.jump("2026-05-02 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.case.is_closed
    assert [rung.effect for rung in found.rungs] == ["urge", "action"]
