"""Papers and their service: made with their act or not at all, frozen, numbered without a gap,
opened only to whom they are for."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from rules import errors, load
from tests import conftest, office
from tests.workflow import look, races
from workflow import access, audit, db, ids
from workflow.commands import act
from workflow.commands import papers as commands
from workflow.decide import clocks
from workflow.queries import case as case_query
from workflow.tables import paper as tables
from workflow.tables import personal as personal_tables

_PAPER = tables.Paper.__table__  # type: ignore[attr-defined]
_SERVICE = tables.Service.__table__  # type: ignore[attr-defined]
_READ = personal_tables.PersonalRead.__table__  # type: ignore[attr-defined]

ANSWER: dict[str, Any] = {
    "outcome": "support",
    "facts_found": "补贴确未发放。",
    "opinion": "七日内补发。",
    "opinion_basis": "公益岗位管理办法",
}
SERVED: dict[str, Any] = {
    "served_method": "in_person",
    "served_on": "2026-03-24",
    "receipt": "本人签收",
}


def _accepted(district: office.District, *, route: str = "6", **fields: Any) -> act.Receipt:
    """A petition at the department, accepted on Monday the 23rd."""
    filed = district.file("petition_officer", process="petition", **fields)
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.at("2026-03-23 10:00")
    district.do(filed, "accept", "handler", route=route)
    return filed


def _rows(district: office.District, table: Any = _PAPER) -> list[Any]:
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(select(table).order_by(table.c.case_id, table.c.no)))


def _open(district: office.District, case: act.Receipt, no: int, by: str) -> commands.Opened:
    actor = district.actor(by)
    return commands.open_one(district.engine, actor, case.case_id, no, reason="查看文书")


def _refused(code: str, field: str | None = None) -> Any:
    class Told:
        def __enter__(self) -> Told:
            self._raises = pytest.raises(errors.GridcaseError)
            self._found = self._raises.__enter__()
            return self

        def __exit__(self, *given: Any) -> bool:
            caught = bool(self._raises.__exit__(*given))
            assert (self._found.value.code, self._found.value.field) == (code, field)
            return caught

    return Told()


# -- made --------------------------------------------------------------------------------------


def test_accepting_makes_the_notice_with_its_number_and_what_it_says(
    district: office.District,
) -> None:
    filed = _accepted(district)
    names = [(row.name, row.number, row.serial, row.year) for row in _rows(district)]
    assert names == [
        ("petition.registration", "单位 petitions信访登〔2026〕1号", 1, 2026),
        ("petition.transfer_letter", "单位 petitions信访转〔2026〕1号", 1, 2026),
        ("petition.acceptance", "单位 housing信访受〔2026〕1号", 1, 2026),
    ]
    notice = _open(district, filed, 3, "handler")
    assert notice.filled.zh.title == "信访事项受理告知书"
    assert notice.filled.zh.to == "吴样本："
    whole = " ".join(block.text or "" for block in notice.filled.zh.body)
    assert filed.number in whole
    assert "2026年5月22日" in whole, "sixty days from the 23rd of March"
    assert notice.filled.zh.sign == ("单位 housing", "2026年3月23日")
    assert notice.code == filed.code


def test_a_paper_is_frozen_with_its_hash_in_the_event(district: office.District) -> None:
    filed = _accepted(district)
    events = look.whole(district, filed.case_id).events
    accept = next(event for event in events if event.name == "accept")
    assert json.loads(accept.payload)["papers"] == [
        {"no": 3, "name": "petition.acceptance", "number": "单位 housing信访受〔2026〕1号"}
    ]
    assert set(json.loads(accept.commitments)) == {"paper:petition.acceptance"}
    assert "吴样本" not in accept.payload
    before = _open(district, filed, 3, "handler").filled
    district.at("2026-03-24 10:00")
    district.do(filed, "answer", "handler", **ANSWER)
    assert _open(district, filed, 3, "handler").filled == before
    assert audit.verify(district.engine.database, district.engine.seals).faults == ()


@pytest.mark.parametrize(
    ("route", "clear", "names"),
    [
        ("6", True, ["petition.acceptance"]),
        ("1", True, ["petition.receipt_notice"]),
        ("6", False, []),
        ("2", False, []),
    ],
)
def test_which_notice_is_made_depends_on_route_and_on_whether_somebody_can_be_told(
    district: office.District, route: str, clear: bool, names: list[str]
) -> None:
    filed = _accepted(district, route=route, identity_clear=clear)
    made = [row.name for row in _rows(district)][2:]
    assert made == names
    has_clock = "petition.serve_paper" in district.deadlines(filed)
    assert has_clock == bool(names)


def test_an_answer_holds_what_was_filed_and_what_was_found(district: office.District) -> None:
    filed = _accepted(district)
    district.at("2026-03-25 10:00")
    district.do(filed, "answer", "handler", **ANSWER)
    sheet = _open(district, filed, 4, "handler").filled.zh
    texts = [block.text for block in sheet.body]
    assert office.PETITION["story"] in texts
    assert "补贴确未发放。" in texts
    assert "支持。七日内补发。" in texts
    assert "公益岗位管理办法" in texts


def test_the_papers_of_a_mediation(district: office.District) -> None:
    filed = district.file("officer", applicant_address="花果园 3-502")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    for minutes in ("没有谈拢。", "各让一步。"):
        district.do(
            filed,
            "record_session",
            "mediator",
            session_on="2026-03-20",
            attended="both",
            minutes=minutes,
        )
    district.do(
        filed,
        "record_agreement",
        "mediator",
        agreement_form="written",
        agreement_terms="修好漏点，赔偿 2400 元。",
        perform_by="2026-04-20",
        both_signed=True,
    )
    assert [(row.name, row.serial) for row in _rows(district)] == [
        ("dispute.registration", 1),
        ("dispute.rights_notice", 1),
        ("dispute.record", 1),
        ("dispute.record", 2),
        ("dispute.agreement_paper", 1),
    ]
    assert {row.office_id for row in _rows(district)} == {district.offices["committee"]}
    second = _open(district, filed, 4, "mediator").filled.zh
    assert dict(second.body[0].rows)["第几次调解"] == "第 2 次"
    assert dict(second.body[0].rows)["调解员"] == "演示mediator"
    agreement = _open(district, filed, 5, "mediator").filled.zh
    assert dict(agreement.body[0].rows)["申请方"] == "张示例，住址：花果园 3-502"
    assert dict(agreement.body[0].rows)["被申请方"] == "李样本，住址：未提供"
    texts = [block.text for block in agreement.body]
    assert office.WRITTEN["agreement_facts"] in texts
    assert office.WRITTEN["agreement_duties"] in texts
    how = dict(row for block in agreement.body for row in block.rows)
    assert how["履行方式"] == office.WRITTEN["perform_how"]
    assert how["履行地点"] == office.WRITTEN["perform_place"]
    assert how["履行期限"] == "2026年4月20日以前履行完毕"


def test_sent_again_an_act_makes_no_second_paper(district: office.District) -> None:
    filed = district.file("petition_officer", process="petition")
    request = act.Request(
        case_id=filed.case_id,
        action_id=ids.uuid7(),
        action="transfer",
        fields={"to_office": str(district.offices["housing"]), "note": "急"},
    )
    actor = district.actor("petition_officer")
    first = act.act(district.engine, actor, request)
    again = act.act(district.engine, actor, request)
    assert (again.seq, again.is_repeat) == (first.seq, True)
    assert len(_rows(district)) == 2


def test_actions_without_papers_ask_the_database_nothing_more(
    district: office.District, statements: conftest.Statements
) -> None:
    filed, other = district.file(), district.file()
    with statements(district.engine.database) as sent:
        district.do(filed, "accept", "desk")
    first = sent.count
    with statements(district.engine.database) as sent:
        district.do(other, "accept", "desk")
    assert sent.count == first
    assert not any("sealed_value" in sql for sql in sent.sql if sql.lower().startswith("select"))


# -- numbers --------------------------------------------------------------------------------------


def test_offices_number_apart_and_each_year_anew(district: office.District) -> None:
    filed = [district.file("petition_officer", process="petition") for _ in range(3)]
    for case, at in zip(filed, ("housing", "labour", "housing"), strict=True):
        district.do(case, "transfer", "petition_officer", to_office=str(district.offices[at]))
    for case, by in zip(filed, ("handler", "other_handler", "handler"), strict=True):
        district.do(case, "accept", by, route="6")
    accepted = [row for row in _rows(district) if row.name == "petition.acceptance"]
    told = {(row.office_id, row.serial) for row in accepted}
    housing, labour = district.offices["housing"], district.offices["labour"]
    assert told == {(housing, 1), (housing, 2), (labour, 1)}
    district.jump("2027-01-04 09:00")
    new = district.file("petition_officer", process="petition")
    row = next(row for row in _rows(district) if row.case_id == new.case_id)
    assert (row.year, row.serial) == (2027, 1)


@pytest.mark.long
@pytest.mark.race
def test_numbers_drawn_by_several_processes_at_once_have_no_gap_and_no_double(
    database_url: str, district: office.District
) -> None:
    each, filed = 12, []
    for _ in range(races.WORKERS * each):
        case = district.file("petition_officer", process="petition")
        office_id = str(district.offices["housing"])
        district.do(case, "transfer", "petition_officer", to_office=office_id)
        filed.append(str(case.case_id))
    with races.workers() as pool:
        answers = races.at_once(
            [
                (
                    worker,
                    {
                        "op": "act",
                        "url": database_url,
                        "actor": str(district.people["handler"]),
                        "requests": [
                            {
                                "case_id": case_id,
                                "action_id": str(ids.uuid7()),
                                "action": "accept",
                                "version": None,
                                "fields": {"route": "6"},
                            }
                            for case_id in filed[n * each : (n + 1) * each]
                        ],
                        "threads": 3,
                    },
                )
                for n, worker in enumerate(pool)
            ]
        )
    assert [one.get("error") for answer in answers for one in answer] == [None] * len(filed)
    serials = Counter(row.serial for row in _rows(district) if row.name == "petition.acceptance")
    assert sorted(serials) == list(range(1, len(filed) + 1))
    assert set(serials.values()) == {1}
    look.chain_holds(district)


# -- service --------------------------------------------------------------------------------------


def test_a_notice_that_is_served_stops_its_clock(district: office.District) -> None:
    filed = _accepted(district)
    district.at("2026-03-24 10:00")
    district.do(filed, "serve_paper", "handler", paper=3, **SERVED)
    (row,) = _rows(district, _SERVICE)
    assert (row.paper_no, row.method, row.served_on.isoformat()) == (3, "in_person", "2026-03-24")
    assert row.served_by == district.people["handler"]
    assert [it.state for it in district.deadlines(filed)["petition.serve_paper"]] == ["met"]
    with _refused("service.no_paper", "paper"):
        district.do(filed, "serve_paper", "handler", paper=3, **SERVED)


def test_a_notice_that_nobody_serves_lights_up_for_the_office(district: office.District) -> None:
    filed = _accepted(district)
    district.at("2026-03-31 10:00")
    assert district.case(filed).light == "red"
    clock = district.deadlines(filed)["petition.serve_paper"][0]
    assert clock.charged_office_id == district.offices["housing"]
    district.do(filed, "serve_paper", "handler", paper=3, **SERVED | {"served_on": "2026-03-31"})
    assert district.case(filed).light == "green"


def test_of_two_notices_the_one_that_is_left_keeps_its_own_clock(district: office.District) -> None:
    filed = _accepted(district)
    district.at("2026-03-26 10:00")
    district.do(filed, "extend", "head", extend_days=10, extend_reason="需要核对账目。")
    clocks = district.deadlines(filed)["petition.serve_paper"]
    assert [(it.state, it.due_on.isoformat()) for it in clocks] == [("running", "2026-03-30")]
    district.do(filed, "serve_paper", "handler", paper=3, **SERVED | {"served_on": "2026-03-26"})
    clocks = district.deadlines(filed)["petition.serve_paper"]
    assert [(it.state, it.due_on.isoformat()) for it in clocks] == [
        ("met", "2026-03-30"),
        ("running", "2026-04-02"),
    ]
    district.do(filed, "serve_paper", "handler", paper=4, **SERVED | {"served_on": "2026-03-26"})
    assert district.deadlines(filed)["petition.serve_paper"][-1].state == "met"
    look.hold(district, filed.case_id)


def _service(district: office.District, case: act.Receipt, clock: str) -> list[tuple[str, str]]:
    return [(it.state, it.due_on.isoformat()) for it in district.deadlines(case)[clock]]


@pytest.mark.parametrize(
    ("made", "last"),
    [
        ("2026-03-27", "2026-04-03"),  # five working days
        ("2026-04-02", "2026-04-04"),  # the fifteenth day of the notice, a Saturday
        ("2026-04-04", "2026-04-04"),
        ("2026-04-08", "2026-04-08"),  # that day is over
    ],
)
def test_a_notice_is_served_within_the_days_that_the_law_gives_for_it(
    district: office.District, made: str, last: str
) -> None:
    district.at("2026-03-20 10:00")
    filed = district.file("petition_officer", process="petition")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.at(f"{made} 10:00")
    assert _service(district, filed, "petition.notice_assigned")[0][1] == "2026-04-04"
    district.do(filed, "accept", "handler", route="6")
    assert _service(district, filed, "petition.serve_paper") == [("running", last)]
    look.hold(district, filed.case_id)


def test_what_is_told_while_the_notice_is_owed_is_served_with_it(
    district: office.District,
) -> None:
    """A notice of where it goes stops no clock of notice: both run."""
    district.staff(
        "station",
        kind="department",
        area=office.DISTRICT,
        superior="housing",
        clerk="department_handler",
    )
    district.at("2026-03-20 10:00")
    filed = district.file("handler", process="petition")
    district.at("2026-04-02 10:00")
    to = str(district.offices["station"])
    district.do(filed, "tell_where", "handler", lower_office=to)
    assert _service(district, filed, "petition.notice_direct") == [("running", "2026-04-04")]
    assert _service(district, filed, "petition.serve_paper") == [("running", "2026-04-04")]
    view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
    (clock,) = [it for it in view.clocks if it.rule == "petition.serve_paper"]
    assert clock.ends_with is not None
    assert clock.ends_with.en == "Time for the notice (filed directly)"


def test_a_clock_ends_with_the_first_to_end_of_those_that_ran_as_it_started(
    district: office.District,
) -> None:
    filed = district.file("handler", process="petition")
    row = look.hold(district, filed.case_id).deadline("petition.notice_direct")
    rule = load.release(load.NATIONAL)[0].pack.deadlines["petition.serve_paper"]
    at, day = row.start_at, timedelta(days=1)
    later = row._replace(due_on=row.due_on + day)
    over = row._replace(due_on=row.due_on - day, ended_at=at + day)
    to_come = row._replace(due_on=row.due_on - day, start_at=at + 3 * day)
    other = row._replace(due_on=row.due_on - day, rule="petition.handle")
    rows = [later, row, over, to_come, other]
    assert clocks.latest(rows, rule, at=at + 2 * day) == row.due_on
    assert clocks.latest(rows, rule, at=at + day) == row.due_on - day, "it ran to that moment"
    assert clocks.latest([over], rule, at=at + 2 * day) is None


def test_nothing_warns_of_a_limit_that_is_over(district: office.District) -> None:
    district.at("2026-03-20 10:00")
    filed = district.file("petition_officer", process="petition")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.at("2026-04-04 23:57")
    district.do(filed, "accept", "handler", route="6")
    district.at("2026-04-20 10:00")
    found = look.hold(district, filed.case_id)
    assert [it.effect for it in found.rungs_of("petition.serve_paper")] == ["urge", "supervise"]


def test_a_refusal_is_served_within_the_days_that_the_law_gives_for_it(
    district: office.District,
) -> None:
    district.at("2026-03-20 10:00")
    filed = district.file("handler", process="petition")
    district.at("2026-04-03 10:00")
    why: dict[str, Any] = {
        "refusal_ground": "not_in_remit",
        "refusal_reason": "不由本单位处理。",
        "other_routes": "请向区人社局提出。",
        "remedy_told": True,
    }
    district.do(filed, "refuse", "handler", **why)
    assert _service(district, filed, "petition.serve_ending") == [("running", "2026-04-04")]
    district.at("2026-04-05 10:00")
    assert district.deadlines(filed)["petition.serve_ending"][0].missed_at is not None
    look.hold(district, filed.case_id)


def test_what_is_told_after_acceptance_has_days_of_its_own_and_what_waits_keeps_its_last_day(
    district: office.District,
) -> None:
    filed = _accepted(district)
    latest = _service(district, filed, "petition.notice_assigned")[0][1]
    district.at("2026-04-10 10:00")
    district.do(filed, "extend", "head", extend_days=10, extend_reason="需要核对账目。")
    assert _service(district, filed, "petition.serve_paper") == [("running", "2026-03-30")]
    assert latest < "2026-04-10"
    district.do(filed, "serve_paper", "handler", paper=3, **SERVED | {"served_on": "2026-04-10"})
    assert _service(district, filed, "petition.serve_paper") == [
        ("met_late", "2026-03-30"),
        ("running", "2026-04-17"),
    ]


def test_served_before_the_paper_was_made_is_refused_and_nothing_moves(
    district: office.District,
) -> None:
    filed = _accepted(district)
    before = look.state_of(look.whole(district, filed.case_id))
    with _refused("service.before_paper", "served_on"):
        day = {"served_on": "2026-03-22"}
        district.do(filed, "serve_paper", "handler", paper=3, **SERVED | day)
    assert look.state_of(look.whole(district, filed.case_id)) == before
    assert _rows(district, _SERVICE) == []


@pytest.mark.parametrize(
    ("method", "missing", "given"),
    [
        ("post", ["post_number"], {"post_number": "XA 123 00123 42"}),
        ("electronic", ["message_consent"], {"message_consent": True}),
        ("proxy", ["received_by"], {"received_by": "同住家属吴某样"}),
        (
            "left",
            ["refusal_note", "witness"],
            {"witness": "社区张某样", "refusal_note": "拒绝签收"},
        ),
        ("public_notice", ["notice_place"], {"notice_place": "公告栏，60日"}),
    ],
)
def test_each_way_of_service_asks_for_its_proof(
    district: office.District, method: str, missing: list[str], given: dict[str, Any]
) -> None:
    filed = _accepted(district)
    district.at("2026-03-24 10:00")
    fields = SERVED | {"served_method": method}
    with pytest.raises(errors.Invalid) as told:
        district.do(filed, "serve_paper", "handler", paper=3, **fields)
    assert sorted(str(fault.field) for fault in told.value.faults) == missing
    assert {fault.code for fault in told.value.faults} == {"field.missing"}
    district.do(filed, "serve_paper", "handler", paper=3, **fields, **given)
    assert _rows(district, _SERVICE)[0].method == method


def test_service_alone_starts_the_persons_window(district: office.District) -> None:
    filed = _accepted(district)
    district.at("2026-03-25 10:00")
    district.do(filed, "answer", "handler", **ANSWER)
    resident = access.Actor(kind="resident", case_id=filed.case_id)
    commands.open_one(district.engine, resident, filed.case_id, 4, reason="")
    assert "petition.review_window" not in district.deadlines(filed), "reading is no service"
    with _refused("service.before_paper", "served_on"):
        district.do(filed, "serve_answer", "handler", **SERVED)
    district.do(filed, "serve_answer", "handler", **SERVED | {"served_on": "2026-03-25"})
    window = district.deadlines(filed)["petition.review_window"][0]
    assert window.due_on.isoformat() == "2026-04-24"
    assert _rows(district, _SERVICE)[0].paper_no == 4


def test_what_ends_a_matter_is_served_after_it(district: office.District) -> None:
    filed = district.file("petition_officer", process="petition")
    district.do(
        filed,
        "refuse",
        "petition_officer",
        refusal_ground="judicial",
        refusal_reason="法院已经立案。",
        remedy_told=True,
    )
    assert _rows(district)[-1].name == "petition.refusal_notice"
    assert not district.case(filed).is_closed
    day = {"served_on": "2026-03-20"}
    district.do(filed, "serve_paper", "petition_officer", paper=2, **SERVED | day)
    found = look.hold(district, filed.case_id)
    assert found.case.is_closed
    assert found.case.closed_at is not None


def test_to_serve_is_offered_only_while_something_waits(district: office.District) -> None:
    filed = _accepted(district)

    def offered() -> bool:
        view = case_query.view(district.engine, district.actor("handler"), filed.case_id)
        return "serve_paper" in view.actions

    assert offered()
    day = {"served_on": "2026-03-23"}
    district.do(filed, "serve_paper", "handler", paper=3, **SERVED | day)
    assert not offered()


# -- opened --------------------------------------------------------------------------------------


def test_I7_a_paper_that_is_not_theirs_is_not_there(district: office.District) -> None:
    filed = _accepted(district)
    resident = access.Actor(kind="resident", case_id=filed.case_id)
    view = case_query.view(district.engine, resident, filed.case_id)
    assert [it.key for it in view.papers] == ["petition.acceptance"]
    for no in (1, 2, 4, 99):
        with _refused("paper.unknown"):
            commands.open_one(district.engine, resident, filed.case_id, no, reason="")
    with _refused("case.unknown"):
        _open(district, filed, 3, "other_handler")
    other = district.file("petition_officer", process="petition")
    with _refused("case.unknown"):
        commands.open_one(district.engine, resident, other.case_id, 1, reason="")
    with _refused("paper.unknown"):
        _open(district, filed, 3, "auditor")


def test_I7_who_reads_names_masked_opens_no_paper_that_holds_one(
    district: office.District,
) -> None:
    """The head and a supervisor read names masked: a letter without one opens to them."""
    filed = _accepted(district)
    district.do(filed, "urge", "district_supervisor", urge_reason="请三日内联系。")
    for by in ("head", "district_supervisor"):
        view = case_query.view(district.engine, district.actor(by), filed.case_id)
        opened = {it.key for it in view.papers if it.can_open}
        assert opened == {"petition.urge_letter"}, by
        with _refused("paper.unknown"):
            _open(district, filed, 3, by)
    assert _open(district, filed, 4, "district_supervisor").filled.zh.title == "信访事项催办函"


def test_what_an_act_asks_for_and_was_not_told_is_not_taken_from_an_earlier_act(
    district: office.District,
) -> None:
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    session = {"session_on": "2026-03-20", "attended": "both", "minutes": "各说各的。"}
    district.do(filed, "record_session", "mediator", **session, session_place="社区调解室")
    district.do(filed, "record_session", "mediator", **session)
    records = [_open(district, filed, no, "mediator").filled.zh for no in (3, 4)]
    places = [dict(sheet.body[0].rows)["地点"] for sheet in records]
    assert places == ["社区调解室", "未记录"]


def test_I7_what_both_sides_get_carries_no_code(district: office.District) -> None:
    """With it the other side would read the applicant's story, and rate in their place."""
    filed, refused = district.file(), district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    notice = _open(district, filed, 2, "mediator")
    assert (notice.key, notice.paper.to, notice.code) == ("dispute.rights_notice", "both", None)
    why = {"refusal_reason": "已立案", "legal_basis": "第22条", "other_routes": "诉讼"}
    district.do(refused, "refuse", "desk", **why)
    assert _open(district, refused, 1, "desk").code == refused.code


def test_each_reading_of_a_paper_is_recorded(district: office.District) -> None:
    filed = _accepted(district)
    _open(district, filed, 3, "handler")
    found = commands.open_all(
        district.engine, district.actor("handler"), filed.case_id, reason="查看全部卷宗"
    )
    assert [one.key for one in found] == [
        "petition.registration",
        "petition.transfer_letter",
        "petition.acceptance",
    ]
    rows = _rows_of_readings(district)
    assert [(row.person_id, row.reason) for row in rows] == [
        (district.people["handler"], "查看文书"),
        (district.people["handler"], "查看全部卷宗"),
    ]
    assert rows[0].fields == "paper:petition.acceptance"


def _rows_of_readings(district: office.District) -> list[Any]:
    with db.snapshot(district.engine.database) as tx:
        return list(tx.execute(select(_READ).order_by(_READ.c.id)))
