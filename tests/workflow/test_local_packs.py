"""The ladders that localities have published, each walked by one case on both databases: planned
and fired times as the source says."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from rules import errors, load
from tests import office
from tests.workflow import look
from workflow import access, db, ids, read
from workflow.commands import act, packs
from workflow.commands import papers as paper_commands
from workflow.queries import case as case_query
from workflow.queries import office as office_query

pytestmark = pytest.mark.long("sqlite")

GAOTAI_SPRING = ["2026-05-06", "2026-05-08", "2026-05-11", "2026-05-13"]
"""Due on, level by level, from 30 April (domain facts, L1)."""
GAOTAI_FESTIVAL = ["2026-02-13", "2026-02-24", "2026-02-26", "2026-02-28"]


def _under(district: office.District, name: str) -> None:
    """New cases start under a shipped local pack."""
    found = packs.ship(district.engine.database, name=name)
    packs.switch(district.engine.database, found)


def _gaotai(database: db.Database, start: str) -> office.District:
    district = office.build(database, start=start)
    street, above = office.STREET, office.DISTRICT
    district.staff("justice", kind="justice_office", area=street, justice_mediator="mediator")
    district.staff("centre", kind="governance_centre", area=above, centre_mediator="mediator")
    _under(district, "cn-gaotai")
    return district


def _fired(found: look.Whole) -> list[tuple[str, str, str]]:
    """Effect, planned and fired, of each rung."""
    return [
        (rung.effect, look.local(rung.planned_at), look.local(rung.fired_at))
        for rung in found.rungs
    ]


def _due(found: look.Whole, prefix: str) -> dict[str, str]:
    return {
        row.rule: row.due_on.isoformat() for row in found.deadlines if row.rule.startswith(prefix)
    }


# --- four levels, seven working days


@pytest.mark.parametrize(
    ("start", "due", "handed_up"),
    [
        (
            "2026-04-30 10:00",
            GAOTAI_SPRING,
            ["2026-05-07 09:00", "2026-05-09 09:00", "2026-05-12 09:00"],
        ),
        (
            "2026-02-12 10:00",
            GAOTAI_FESTIVAL,
            ["2026-02-14 09:00", "2026-02-25 09:00", "2026-02-27 09:00"],
        ),
    ],
)
def test_gaotai_a_dispute_climbs_four_levels_in_seven_working_days(
    database: db.Database, start: str, due: list[str], handed_up: list[str]
) -> None:
    district = _gaotai(database, start)
    filed = district.file()
    kinds = []
    for at in (*handed_up, f"{due[3]} 17:00"):
        kinds.append(district.case(filed).lead_kind)
        district.at(at)
    found = look.hold(district, filed.case_id)
    assert kinds == ["case_desk", "mediation_committee", "justice_office", "governance_centre"]
    assert found.case.lead_kind == "governance_centre"
    assert _due(found, "gaotai.") == {
        "gaotai.level_1": due[0],
        "gaotai.level_2": due[1],
        "gaotai.level_3": due[2],
        "gaotai.level_4": due[3],
        "gaotai.whole": due[3],
    }
    up = [it for it in _fired(found) if it[0] == "action"]
    assert up == [("action", at, at) for at in handed_up]
    levels = [district.deadlines(filed)[f"gaotai.level_{n}"][0].state for n in (1, 2, 3)]
    assert levels == ["met_late"] * 3, "a level ends, and another begins"
    assert found.names.count("hand_up") == 3
    look.chain_holds(district)
    look.counts_agree(district)


@pytest.mark.parametrize(
    ("category", "clock"), [("0502", "mediation.medical"), ("0701", "mediation.labour")]
)
def test_gaotai_no_hand_up_by_the_ladder_gives_a_period_of_law_anew(
    database: db.Database, category: str, clock: str
) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file(category=category)
    district.do(filed, "accept", "desk")
    (first,) = district.deadlines(filed)[clock]
    district.at("2026-05-12 10:00")
    assert look.whole(district, filed.case_id).names.count("hand_up") == 3
    assert [row.due_on for row in district.deadlines(filed)[clock]] == [first.due_on]


def test_gaotai_nothing_is_handed_up_while_a_side_declines(database: db.Database) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "record_refusal", "desk", refusing_side="respondent", routes_told=True)
    district.at("2026-05-07 10:00")
    found = look.hold(district, filed.case_id)
    assert (found.case.state, found.case.lead_kind) == ("declined", "case_desk")
    assert found.payloads("action_refused") == [{"action": "hand_up", "code": "action.wrong_state"}]
    assert "hand_up" not in found.names
    district.do(filed, "record_consent", "desk", both_willing=True)
    district.do(filed, "hand_up", "desk")
    found = look.hold(district, filed.case_id)
    assert (found.case.state, found.case.lead_kind) == ("accepted", "mediation_committee")


def test_gaotai_a_late_worker_gives_each_level_its_own_days(database: db.Database) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    district.jump("2026-05-20 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.names.count("hand_up") == 1
    assert found.case.lead_kind == "mediation_committee"
    assert _due(found, "gaotai.level_2") == {"gaotai.level_2": "2026-05-21"}
    assert ("action", "2026-05-07 09:00", "2026-05-20 10:00") in _fired(found)


def test_gaotai_a_dispute_settled_on_the_spot_climbs_nowhere(database: db.Database) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    district.do(
        filed,
        "settle_here",
        "officer",
        agreement_form="oral",
        agreement_terms="楼上修好防水。",
        perform_by="2026-05-20",
        both_signed=True,
    )
    district.at("2026-05-14 10:00")
    found = look.hold(district, filed.case_id)
    assert found.case.state == "performing"
    assert found.rungs_of("gaotai.level_1") == []


@pytest.mark.parametrize(
    ("form", "paper"),
    [("written", "dispute.agreement_paper"), ("oral", "dispute.oral_agreement")],
)
def test_gaotai_who_settles_on_the_spot_makes_the_papers_of_naming_a_mediator_and_of_agreeing(
    database: db.Database, form: str, paper: str
) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    agreed: dict[str, Any] = {
        "agreement_form": form,
        "agreement_terms": "楼上修好防水。",
        "perform_by": "2026-05-20",
        "both_signed": True,
    }
    for untold in ("rights_told", "agreement_facts"):
        with pytest.raises(errors.Invalid) as told:
            district.do(filed, "settle_here", "officer", **agreed, **{untold: ""})
        assert told.value.field == untold
    district.do(filed, "settle_here", "officer", **agreed)
    (payload,) = look.hold(district, filed.case_id).payloads("settle_here")
    assert [it["name"] for it in payload["papers"]] == [
        "dispute.registration",
        "dispute.rights_notice",
        paper,
    ]


@pytest.mark.parametrize("how", ["settle_here", "record_refusal"])
def test_gaotai_what_a_side_asked_for_is_over_once_it_is_settled_or_declines(
    database: db.Database, how: str
) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.ask(filed, "ask_to_end", asking_side="applicant", end_known=True)
    if how == "settle_here":
        agreed = {"agreement_form": "oral", "agreement_terms": "两清。", "both_signed": True}
        district.do(filed, how, "desk", **agreed, perform_by="2026-05-20")  # type: ignore[arg-type]
    else:
        district.do(filed, how, "desk", refusing_side="applicant", routes_told=True)
    assert district.deadlines(filed)["dispute.end_on_request"][-1].state == "met"


def test_gaotai_a_mediator_named_at_any_level_makes_the_papers_of_naming_one(
    database: db.Database,
) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    district.do(filed, "hand_up", "desk")
    district.do(filed, "name_mediator_here", "mediator", mediator=str(district.people["mediator"]))
    (payload,) = look.hold(district, filed.case_id).payloads("name_mediator_here")
    assert [paper["name"] for paper in payload["papers"]] == [
        "dispute.registration",
        "dispute.rights_notice",
    ]


def test_gaotai_the_mediator_goes_on_when_a_side_agrees_again(database: db.Database) -> None:
    district = _gaotai(database, "2026-04-30 10:00")
    filed = district.file()
    district.do(filed, "hand_up", "desk")
    mediator = {"mediator": str(district.people["mediator"])}
    district.do(filed, "name_mediator_here", "mediator", **mediator)
    district.do(filed, "record_refusal", "mediator", refusing_side="applicant", routes_told=True)
    district.do(filed, "record_consent", "mediator", both_willing=True)
    assert district.do(filed, "name_mediator_here", "mediator", **mediator).state == "mediating"


def test_gaotai_hands_no_petition_up() -> None:
    found = load.load(load.shipped("cn-gaotai")).pack
    national = load.release(load.NATIONAL)[0].pack
    assert found.processes["petition"] == national.processes["petition"]
    assert "hand_up" not in found.processes["petition"].actions


# --- limits by grade


@pytest.mark.parametrize(
    ("grade", "due_on"),
    [("simple", "2026-03-21"), ("general", "2026-03-27"), ("complex", "2026-04-09")],
)
def test_dongzhi_the_limit_goes_by_the_grade_and_lateness_is_explained(
    district: office.District, grade: str, due_on: str
) -> None:
    _under(district, "cn-dongzhi")
    filed = district.file()
    district.do(filed, "accept", "desk", grade=grade)
    mediator = str(district.people["mediator"])
    district.do(filed, "name_mediator", "desk", mediator=mediator)
    district.do(
        filed,
        "record_session",
        "mediator",
        session_on="2026-03-20",
        attended="both",
        minutes="各说各的。",
    )
    assert _due(look.whole(district, filed.case_id), "dongzhi.") == {f"dongzhi.{grade}": due_on}
    district.at("2026-04-10 10:00")
    found = look.hold(district, filed.case_id)
    missed = [it["deadline"] for it in found.payloads("deadline_missed")]
    assert f"dongzhi.{grade}" in missed
    words = [
        json.loads(it.words)
        for it in look.notices(district, filed.case_id)
        if it.cause == "deadline_missed" and it.receiver_id == district.people["mediator"]
    ]
    assert any(it.get("ask") == "explain_delay" for it in words), words
    district.do(filed, "explain_delay", "mediator", delay_reason="等检测", correct_by="2026-04-15")
    found = look.hold(district, filed.case_id)
    assert _due(found, "dongzhi.correct") == {"dongzhi.correct": "2026-04-15"}


def test_dongzhi_high_risk_cannot_be_without_its_letter_of_warning(
    district: office.District,
) -> None:
    _under(district, "cn-dongzhi")
    filed = district.file()
    district.do(filed, "accept", "desk", grade="general")
    asked = [it for it in look.notices(district, filed.case_id) if it.cause == "accept"]
    assert district.people["supervisor"] in {it.receiver_id for it in asked}
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    before = look.hold(district, filed.case_id)
    with pytest.raises(errors.Invalid) as told:
        district.do(filed, "assess_risk", "supervisor", risk="high")
    assert (told.value.code, told.value.field) == ("field.missing", "risk_points")
    for by in ("desk", "mediator"):
        with pytest.raises(errors.NotPermitted):
            district.do(filed, "assess_risk", by, risk="low")
    assert look.hold(district, filed.case_id) == before

    points = "双方在楼道口角两次；请物业今日起每晚巡查。"
    district.do(filed, "assess_risk", "supervisor", risk="middle")
    district.do(filed, "assess_risk", "supervisor", risk="high", risk_points=points)
    found = look.hold(district, filed.case_id)
    acts = [event for event in found.events if event.name == "assess_risk"]
    papers = [json.loads(event.payload).get("papers", []) for event in acts]
    assert papers[0] == []
    ((letter,),) = papers[1:]
    assert letter["number"].endswith("调解警〔2026〕1号")
    opened = paper_commands.open_one(
        district.engine, district.actor("mediator"), filed.case_id, letter["no"], reason="查看"
    )
    ids_ = (found.case.lead_office_id, district.offices["street"])
    names = office_query.names(district.engine.database, frozenset(), frozenset(ids_))
    committee, street = (names[it] for it in ids_)
    for sheet, seen in ((opened.filled.zh, "高风险"), (opened.filled.en, "high risk")):
        words = "".join(block.text or "" for block in sheet.body)
        assert points in words
        assert seen in words
        assert (sheet.to or "").startswith(committee)
        assert sheet.sign[0] == street
    told_of = [it for it in look.notices(district, filed.case_id) if it.cause == "assess_risk"]
    assert {it.receiver_id for it in told_of} == {district.people["mediator"]}
    resident = access.Actor(kind="resident", case_id=filed.case_id)
    shown = case_query.view(district.engine, resident, filed.case_id)
    assert letter["no"] not in {it.no for it in shown.papers}
    assert not any(it.resident_sees for it in shown.events if it.name == "assess_risk")


# --- hotline


def test_hotline_a_complaint_is_urged_on_the_next_day_and_told_above_five_days_later(
    database: db.Database,
) -> None:
    district = office.build(database, start="2026-04-29 10:00")
    _under(district, "cn-hotline")
    filed = act.act(
        district.engine,
        district.actor("petition_officer"),
        act.Request(
            case_id=ids.uuid7(),
            action_id=ids.uuid7(),
            action="file_case",
            fields={
                "subject": "小区电梯停了三天",
                "story": "电梯停运，物业未修。",
                "category": "0402",
                "order_class": "complaint",
                "petitioner_name": "吴样本",
            },
            filing=act.Filing(process="hotline", origin_grid=office.GRID),
        ),
    )
    district.do(filed, "assign", "petition_officer", to_office=str(district.offices["housing"]))
    district.at("2026-05-29 10:00")
    found = look.hold(district, filed.case_id)
    assert _due(found, "hotline.") == {"hotline.complaint": "2026-05-20"}
    assert _fired(found) == [
        ("warn", "2026-05-19 09:00", "2026-05-19 09:00"),
        ("urge", "2026-05-21 09:00", "2026-05-21 09:00"),
        ("urge", "2026-05-21 09:00", "2026-05-21 09:00"),
        ("supervise", "2026-05-28 09:00", "2026-05-28 09:00"),
        ("measure", "2026-05-28 09:00", "2026-05-28 09:00"),
    ]
    people = {person: name for name, person in district.people.items()}
    told = [people.get(rung.target_person_id) for rung in found.rungs]  # type: ignore[arg-type]
    assert told == ["handler", "handler", "head", "district_supervisor", "district_supervisor"]
    assert found.payloads("rung_fired")[-1]["measure"] == "通报批评"
    district.do(filed, "urge", "district_supervisor", urge_reason="已过期，请三日内答复。")
    found = look.hold(district, filed.case_id)
    (urged,) = [it for it in found.events if it.name == "urge"]
    (letter,) = json.loads(urged.payload)["papers"]
    assert letter["number"].endswith("热线催〔2026〕1号")

    district.do(filed, "answer", "handler", order_answer="已修好")
    district.do(
        filed,
        "redo",
        "petition_officer",
        called_on="2026-05-29",
        redo_reason="又停了",
        to_office=str(district.offices["housing"]),
    )
    found = look.hold(district, filed.case_id)
    assert [row.state for row in found.deadlines if row.rule == "hotline.complaint"] == [
        "met_late",
        "running",
    ]


# --- repeated petitions

THRESHOLDS = {">= 10": ">= 1", ">= 30": ">= 2", "< 50": "< 3", ">= 50": ">= 3"}
"""The same ladder with small numbers: fifty petitions are too many to file."""


def _small(district: office.District) -> None:
    loaded = load.load(load.shipped("cn-chongqing"))
    document: dict[str, Any] = json.loads(loaded.document)
    part = json.dumps(
        [document["ladders"]["repeated"], document["deadlines"]["chongqing.repeated"]]
    )
    for old, new in THRESHOLDS.items():
        assert old in part
        part = part.replace(old, new)
    document["ladders"]["repeated"], document["deadlines"]["chongqing.repeated"] = json.loads(part)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    small = load.from_document(text)
    with db.transaction(district.engine.database) as tx:
        packs.add(tx, small, read.house(tx).calendar, document="{}")
        packs.activate(tx, small.hash)


def test_chongqing_a_matter_that_comes_again_and_again_goes_up(
    district: office.District,
) -> None:
    """The first rungs come five minutes after the link, when a slip can no longer be undone."""
    _small(district)
    cases = [district.file("petition_officer", process="petition") for _ in range(4)]
    housing = str(district.offices["housing"])
    for case in cases[1:]:
        district.do(case, "transfer", "petition_officer", to_office=housing)
    for earlier, case in itertools.pairwise(cases):
        district.do(case, "link_earlier", "petition_officer", earlier_number=earlier.number)
    district.at("2026-03-20 17:00")
    found = [look.hold(district, case.case_id) for case in cases]
    assert [it.case.repeats for it in found] == [0, 1, 2, 3]
    effects = [[rung.effect for rung in it.rungs_of("chongqing.repeated")] for it in found]
    assert effects == [[], [], ["supervise", "leader"], ["supervise", "raise"]]
    assert found[2].case.leader_id == district.people["district_leader"]
    assert found[3].rungs[-1].at_top, "the test district ends below the city"
    assert [row.due_on.isoformat() for row in found[1].deadlines if row.ended_at is None][-1] == (
        "2026-04-19"
    )


def test_chongqing_counts_by_the_numbers_of_the_source() -> None:
    found = load.load(load.shipped("cn-chongqing")).pack
    rungs = found.ladders["repeated"]
    assert [rung.when for rung in rungs[:3]] == [
        ("case.repeats >= 30",),
        ("case.repeats >= 30 && case.repeats < 50",),
        ("case.repeats >= 50",),
    ]
    assert found.deadlines["chongqing.repeated"].when == ("case.repeats >= 10",)
