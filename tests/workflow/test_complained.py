"""An office that is complained about: it and its line below neither see, handle nor receive the
case, which goes one level up. Invariant: 8."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from rules import errors
from tests import office
from tests.workflow import look
from workflow import outbox
from workflow.commands import act
from workflow.commands import office as office_commands
from workflow.decide import Scalar, bounds
from workflow.queries import board, search, worklist
from workflow.queries import case as case_query
from workflow.queries import office as office_query

HANDED = {"handed_to": "discipline", "handed_organ": "区纪委监委", "handed_on": "2026-03-20"}


def _accuse(district: office.District, about: str, *, by: str = "officer") -> act.Receipt:
    return district.file(
        by,
        process="petition",
        petition_class="accusation",
        complained_office=str(district.offices[about]),
    )


def _is_hidden(district: office.District, case: act.Receipt, name: str) -> None:
    """For this person there is no such case, anywhere."""
    engine, actor = district.engine, district.actor(name)
    with pytest.raises(errors.NotFound) as refused:
        case_query.view(engine, actor, case.case_id)
    assert str(refused.value) == "case.unknown"
    assert search.number_to_id(engine.database, actor, case.number) is None
    for seat, n in worklist.seats(engine.database, actor):
        items = worklist.page(engine.database, actor, seat_key=seat.key).items
        assert case.case_id not in {item.case_id for item in items}
        assert n == len(items)
    assert case.case_id not in {one.case_id for one in office_query.inbox(engine.database, actor)}


def test_I8_an_accused_petition_office_never_has_the_case_and_the_one_above_hands_it_over(
    district: office.District,
) -> None:
    filed = _accuse(district, "petitions")
    case = district.case(filed)
    assert case.lead_office_id == district.offices["government"]
    assert case.confidentiality == "restricted"
    _is_hidden(district, filed, "petition_officer")
    with pytest.raises(errors.NotFound):
        district.do(filed, "hand_over", "petition_officer", **HANDED)
    told = {row.receiver_id for row in look.notices(district, filed.case_id)}
    assert district.people["petition_officer"] not in told
    above = district.actor("district_supervisor")
    assert "hand_over" in case_query.view(district.engine, above, filed.case_id).actions
    assert district.do(filed, "hand_over", "district_supervisor", **HANDED).state == "handed_over"


def test_I8_an_office_below_the_one_complained_about_is_out_as_well(
    district: office.District,
) -> None:
    filed = district.file("officer", complained_office=str(district.offices["street_committee"]))
    # the community's committee answers to the street's
    _is_hidden(district, filed, "mediator")
    _is_hidden(district, filed, "street_mediator")
    district.do(filed, "accept", "desk")
    with pytest.raises(errors.GridcaseError):
        district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))


def test_I8_a_desk_complained_about_is_passed_over_and_the_street_designates(
    district: office.District,
) -> None:
    filed = district.file("desk", complained_office=str(district.offices["desk"]))
    assert district.case(filed).lead_office_id == district.offices["street"]
    _is_hidden(district, filed, "desk")
    _is_hidden(district, filed, "officer")
    engine, supervisor = district.engine, district.actor("supervisor")
    view = case_query.view(engine, supervisor, filed.case_id)
    assert "designate" in view.actions
    error = look.refused(district.do, filed, "accept", "desk")
    assert error.code == "case.unknown"
    district.do(filed, "designate", "supervisor", designate_reason="案件台被反映。")
    assert district.case(filed).lead_office_id == district.offices["street_committee"]
    assert district.do(filed, "accept", "street_desk").state == "accepted"


def test_an_objection_is_over_where_who_objected_is_complained_about(
    district: office.District,
) -> None:
    """The case goes to who may find another organ."""
    filed = district.file("petition_officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    district.do(filed, "object", "handler", objection_reason="不属于本单位。")
    district.do(filed, "name_complained", "handler", complained_office=housing)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("registered", district.offices["petitions"])
    assert _clock(district, filed, "petition.decide_objection")[3] == "met"
    assert _clock(district, filed, "petition.redirect")[3] == "running"
    look.hold(district, filed.case_id)


@pytest.mark.parametrize("state", ["sent", "objecting"])
def test_nobody_gets_rid_of_a_petition_by_naming_somebody_else(
    district: office.District, state: str
) -> None:
    """It stays where it is, in the days that run, and an office is named once."""
    filed = _sent(district)
    if state == "objecting":
        district.do(filed, "object", "handler", objection_reason="不属于本单位。")
    running = _clock(district, filed, "petition.notice_assigned")
    labour = str(district.offices["labour"])
    district.at("2026-03-26 16:00")
    error = look.refused(district.do, filed, "name_complained", "handler", complained_office=labour)
    assert error.code == "complained.leads_not"
    named = {"complained_office": labour}
    district.do(filed, "name_complained_later", "handler", **named)
    error = look.refused(district.do, filed, "name_complained_later", "handler", **named)
    assert error.code == "complained.known"
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == (state, district.offices["housing"])
    assert _clock(district, filed, "petition.notice_assigned") == running
    _is_hidden(district, filed, "other_handler")


@pytest.mark.parametrize("is_before", [True, False])
def test_where_the_sender_is_complained_about_the_supervisor_decides_on_an_objection(
    district: office.District, is_before: bool
) -> None:
    filed = _sent(district)
    running = _clock(district, filed, "petition.notice_assigned")
    sender = {"complained_office": str(district.offices["petitions"])}
    why: dict[str, Scalar] = {"objection_reason": "不属于本单位。"}
    if is_before:
        district.do(filed, "name_complained_later", "handler", **sender)
    district.do(filed, "object", "handler", **why)
    if not is_before:
        error = look.refused(district.do, filed, "name_complained", "handler", **sender)
        assert error.code == "complained.leads_not"
        district.do(filed, "name_complained_later", "handler", **sender)
    assert _clock(district, filed, "petition.notice_assigned") == running
    _is_hidden(district, filed, "petition_officer")
    district.do(filed, "uphold", "district_supervisor", uphold_reason="三定规定明确。")
    assert district.do(filed, "ask_superior", "handler", **why).state == "disputed"
    look.hold(district, filed.case_id)


def test_a_dispute_that_waits_for_a_desk_gains_no_day_by_naming_somebody_else(
    district: office.District,
) -> None:
    filed = district.file("desk")
    running = _clock(district, filed, "dispute.accept")
    committee = str(district.offices["committee"])
    district.do(filed, "name_complained_later", "desk", complained_office=committee)
    assert _clock(district, filed, "dispute.accept") == running
    _is_hidden(district, filed, "mediator")


def test_I8_an_office_named_later_loses_the_case_and_is_told_nothing_more(
    district: office.District,
) -> None:
    filed = district.file("officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    outbox.run(district.engine)
    assert office_query.unread(district.engine.database, district.actor("handler")) == 1
    done = district.do(filed, "name_complained", "petition_officer", complained_office=housing)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("registered", district.offices["petitions"])
    for name in ("handler", "head"):
        _is_hidden(district, filed, name)
    assert office_query.unread(district.engine.database, district.actor("handler")) == 0
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq >= done.seq}
    assert district.people["handler"] not in told
    view = case_query.view(district.engine, district.actor("petition_officer"), filed.case_id)
    chosen = office_query.candidates(
        district.engine.database,
        actions={"transfer": view.process.actions["transfer"]},
        pack=view.pack,
        case=view.case,
        facts=view.facts,
    )["transfer"]["to_office"]
    assert [one.value for one in chosen] == [str(district.offices["labour"])]
    with pytest.raises(errors.Invalid) as refused:
        district.do(filed, "transfer", "petition_officer", to_office=housing)
    assert (refused.value.code, refused.value.field) == ("route.complained", "to_office")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["labour"]))
    assert district.case(filed).lead_office_id == district.offices["labour"]


def test_I8_boards_of_the_line_below_do_not_count_it(district: office.District) -> None:
    database, actor = district.engine.database, district.actor("supervisor")

    def counted() -> int:
        return board.board(database, actor).total.total

    district.file("officer")
    assert counted() == 1
    filed = district.file("officer", complained_office=str(district.offices["street"]))
    # the desk answers to the street, so the case goes past it to the district
    assert district.case(filed).lead_office_id == district.offices["government"]
    _is_hidden(district, filed, "supervisor")
    assert counted() == 1


def test_I8_who_stands_in_at_another_office_is_out_there_too(district: office.District) -> None:
    office_commands.appoint(
        district.engine.database,
        district.posts["other_handler"],
        holder_id=district.people["other_handler"],
        deputy_id=district.people["handler"],
    )
    filed = district.file(
        "petition_officer",
        process="petition",
        complained_office=str(district.offices["housing"]),
    )
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["labour"]))
    _is_hidden(district, filed, "handler")
    view = case_query.view(district.engine, district.actor("other_handler"), filed.case_id)
    assert view.case.number == filed.number


def test_I8_the_ladder_passes_over_the_line_of_an_office_complained_about(
    district: office.District,
) -> None:
    filed = district.file("officer", complained_office=str(district.offices["street_committee"]))
    district.at("2026-04-02 10:00")
    found = look.hold(district, filed.case_id)
    assert found.rungs
    barred = {district.people[name] for name in ("mediator", "street_mediator", "street_desk")}
    assert not barred & {rung.target_person_id for rung in found.rungs}


def test_an_office_complained_about_when_there_is_none_above_is_told(
    district: office.District,
) -> None:
    with pytest.raises(errors.NotNow) as refused:
        _accuse(district, "government")
    assert refused.value.code == "route.no_one_above"


def test_an_office_complained_about_when_it_is_not_of_this_line_is_refused(
    district: office.District,
) -> None:
    with pytest.raises(errors.Invalid) as refused:
        district.file("officer", complained_office=str(district.offices["other_desk"]))
    assert (refused.value.code, refused.value.field) == ("field.office", "complained_office")


@pytest.mark.parametrize("process", ["dispute", "petition"])
def test_offices_that_a_filing_may_name_when_offered_are_those_that_are_accepted(
    district: office.District, process: str
) -> None:
    offered = office_query.nameable(
        district.engine.database, district.actor("officer"), process=process, grid=office.GRID
    )["complained_office"]
    accepted = set()
    for key, one in district.offices.items():
        with suppress(errors.GridcaseError):
            district.file("officer", process=process, complained_office=str(one))
            accepted.add(f"单位 {key}")
    assert {it.label for it in offered} == accepted
    assert [it.label for it in offered][:2] == ["单位 committee", "单位 desk"], "nearest first"
    assert "单位 government" not in accepted, "there is none above"


def test_offices_to_name_when_somebody_files_nothing_there_are_none(
    district: office.District,
) -> None:
    for name, process, grid in (
        ("mediator", "dispute", office.GRID),
        ("officer", "dispute", office.OTHER_GRID),
    ):
        database, actor = district.engine.database, district.actor(name)
        assert office_query.nameable(database, actor, process=process, grid=grid) == {}


def _sent(district: office.District, **fields: Scalar) -> act.Receipt:
    """A petition that waits for the housing department to accept it."""
    # the fields are of the pack, not the arguments that have a name
    filed = district.file("officer", process="petition", **fields)  # type: ignore[arg-type]
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    return filed


def _handled(district: office.District, **fields: Scalar) -> act.Receipt:
    """A petition that the housing department has accepted."""
    filed = _sent(district, **fields)
    district.do(filed, "accept", "handler", route="6")
    return filed


def _mediated(district: office.District) -> act.Receipt:
    """A dispute that the community's committee mediates."""
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


def _offered(
    district: office.District, case: act.Receipt, action: str, by: str, field: str
) -> list[UUID]:
    """What the form of an action offers; an action without any is not offered itself."""
    view = case_query.view(district.engine, district.actor(by), case.case_id)
    found = office_query.candidates(
        district.engine.database,
        actions={action: view.process.actions[action]},
        pack=view.pack,
        case=view.case,
        facts=view.facts,
    )[action]
    assert (action in view.actions) == bool(found[field])
    return [UUID(one.value) for one in found[field]]


def _clock(district: office.District, case: act.Receipt, rule: str) -> tuple[Any, ...]:
    """The one clock of a rule, as far as nothing may move it."""
    (row,) = district.deadlines(case)[rule]
    return (row.no, row.start_at, row.due_at, row.state)


def test_I8_an_office_named_after_acceptance_is_out_and_the_case_stays(
    district: office.District,
) -> None:
    filed = _handled(district)
    running = _clock(district, filed, "petition.handle")
    labour = str(district.offices["labour"])
    done = district.do(filed, "name_complained_later", "petition_officer", complained_office=labour)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("handling", district.offices["housing"])
    assert case.handler_id == district.people["handler"]
    assert _clock(district, filed, "petition.handle") == running
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == done.seq}
    assert told == {district.people["handler"]}
    _is_hidden(district, filed, "other_handler")


@pytest.mark.parametrize("confidentiality", ["normal", "restricted"])
def test_I8_the_office_that_handles_it_when_complained_about_loses_it_and_the_sixty_days_run_on(
    district: office.District, confidentiality: str
) -> None:
    filed = _handled(district, confidentiality=confidentiality)
    running = _clock(district, filed, "petition.handle")
    outbox.run(district.engine)
    assert office_query.unread(district.engine.database, district.actor("handler")) == 1
    housing, labour = (district.offices[name] for name in ("housing", "labour"))
    done = district.do(filed, "take_away", "petition_officer", complained_office=str(housing))
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("ousted", district.offices["government"])
    assert case.handler_id is None
    assert _clock(district, filed, "petition.redirect")[3] == "running"
    for name in ("handler", "head"):
        _is_hidden(district, filed, name)
        assert office_query.unread(district.engine.database, district.actor(name)) == 0
    assert _offered(district, filed, "assign_anew", "district_supervisor", "chosen_office") == [
        labour
    ]
    anew = {"designate_reason": "原承办单位回避。"}
    error = look.refused(
        district.do, filed, "assign_anew", "district_supervisor", chosen_office=str(housing), **anew
    )
    assert (error.code, error.field) == ("field.office_below", "chosen_office")
    district.do(filed, "assign_anew", "district_supervisor", chosen_office=str(labour), **anew)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("handling", labour)
    assert _clock(district, filed, "petition.handle") == running
    assert _clock(district, filed, "petition.redirect")[3] == "met"
    district.at("2026-06-01 10:00")  # late: the ladder is up
    found = look.whole(district, filed.case_id)
    out = {district.people[name] for name in ("handler", "head")}
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq >= done.seq}
    assert found.rungs_of("petition.handle")
    assert not out & (told | {rung.target_person_id for rung in found.rungs})
    assert district.people["other_handler"] in told
    outbox.run(district.engine)
    for name in ("handler", "head"):
        _is_hidden(district, filed, name)
    view = case_query.view(district.engine, district.actor("other_handler"), filed.case_id)
    assert {"answer", "settle"} <= set(view.actions)


def test_I8_the_office_that_studies_a_suggestion_loses_it_when_complained_about(
    district: office.District,
) -> None:
    filed = _sent(district, petition_class="suggestion")
    district.do(filed, "study", "handler")
    running = _clock(district, filed, "petition.suggestion")
    housing, labour = (district.offices[name] for name in ("housing", "labour"))
    assert _offered(district, filed, "take_study", "handler", "complained_office") == [housing]
    district.do(filed, "take_study", "petition_officer", complained_office=str(housing))
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("study_ousted", district.offices["government"])
    for name in ("handler", "head"):
        _is_hidden(district, filed, name)
    assert _offered(district, filed, "study_anew", "district_supervisor", "chosen_office") == [
        labour
    ]
    anew = {"designate_reason": "原研究单位回避。", "chosen_office": str(labour)}
    done = district.do(filed, "study_anew", "district_supervisor", **anew)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("studying", labour)
    assert _clock(district, filed, "petition.suggestion") == running
    assert _clock(district, filed, "petition.redirect")[3] == "met"
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == done.seq}
    assert told == {district.people["other_handler"]}
    view = case_query.view(district.engine, district.actor("other_handler"), filed.case_id)
    assert "reply" in view.actions
    assert view.papers[-2].name.en == "Reassignment letter"


def test_a_notice_of_an_act_speaks_of_the_clock_that_the_act_started(
    district: office.District,
) -> None:
    """Not of one that is long over: nobody can name another organ by a day of last month."""
    filed = _handled(district)
    district.at("2026-06-10 10:00")
    housing = str(district.offices["housing"])
    done = district.do(filed, "take_away", "petition_officer", complained_office=housing)
    (told,) = (row for row in look.notices(district, filed.case_id) if row.seq == done.seq)
    words = json.loads(told.words)
    assert (words["deadline"], words["due_on"]) == ("petition.redirect", "2026-06-17")


def test_what_a_later_form_offers_is_what_is_accepted_and_names_what_to_do_instead(
    district: office.District,
) -> None:
    filed = _handled(district)
    keys = {one: key for key, one in district.offices.items()}
    oustable = _offered(district, filed, "take_away", "handler", "complained_office")
    later = _offered(district, filed, "name_complained_later", "handler", "complained_office")
    assert [keys[one] for one in oustable] == ["housing"]
    assert {"government", "housing"}.isdisjoint(keys[one] for one in later)
    assert {"labour", "petitions", "street", "desk"} <= {keys[one] for one in later}

    def refusal(action: str, key: str) -> tuple[str, str | None]:
        named = {"complained_office": str(district.offices[key])}
        error = look.refused(district.do, filed, action, "handler", **named)
        return error.code, error.field

    field = "complained_office"
    for key in ("housing", "government"):
        assert refusal("name_complained_later", key) == ("complained.leads", field)
    assert refusal("take_away", "labour") == ("complained.leads_not", field)
    assert refusal("take_away", "government")[0] == "route.no_one_above"
    left = later
    while left:
        named = str(left[-1])
        district.do(filed, "name_complained_later", "handler", complained_office=named)
        assert refusal("name_complained_later", keys[left[-1]]) == ("complained.known", field)
        left = _offered(district, filed, "name_complained_later", "handler", "complained_office")
    assert district.case(filed).lead_office_id == district.offices["housing"]


def test_I8_a_committee_named_while_it_mediates_loses_the_case_and_the_desk_assigns_anew(
    district: office.District,
) -> None:
    filed = _mediated(district)
    running = _clock(district, filed, "mediation.general")
    committee = district.offices["committee"]
    assert committee in _offered(district, filed, "take_away", "supervisor", "complained_office")
    done = district.do(filed, "take_away", "supervisor", complained_office=str(committee))
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("filed", district.offices["desk"])
    assert case.handler_id is None
    _is_hidden(district, filed, "mediator")
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq >= done.seq}
    assert told == {district.people["desk"]}
    district.at("2026-03-23 10:00")
    district.do(filed, "accept", "desk")
    offered = _offered(district, filed, "name_mediator", "desk", "mediator")
    assert offered == [district.people["street_mediator"]]
    district.do(filed, "name_mediator", "desk", mediator=str(offered[0]))
    assert district.case(filed).lead_office_id == district.offices["street_committee"]
    assert _clock(district, filed, "mediation.general") == running
    _is_hidden(district, filed, "mediator")


def test_I8_a_committee_named_during_an_assessment_loses_the_case_and_the_period_goes_on(
    district: office.District,
) -> None:
    filed = _mediated(district)
    due = _clock(district, filed, "mediation.general")[2]
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.at("2026-03-25 10:00")
    assert _clock(district, filed, "mediation.general")[3] == "paused"
    committee = str(district.offices["committee"])
    district.do(filed, "take_away", "supervisor", complained_office=committee)
    _, _, later, state = _clock(district, filed, "mediation.general")
    assert state == "running"
    assert later > due, "the days of the assessment do not count"
    district.do(filed, "accept", "desk")
    street = str(district.people["street_mediator"])
    district.do(filed, "name_mediator", "desk", mediator=street)
    assert _clock(district, filed, "mediation.general")[2:] == (later, "running")
    district.do(filed, "start_assessment", "street_mediator", assessment_reason="接着鉴定")
    assert _clock(district, filed, "mediation.general")[3] == "paused"


def test_I8_a_committee_named_while_an_agreement_is_performed_loses_it_and_its_date_stays(
    district: office.District,
) -> None:
    filed = _mediated(district)
    district.hold_session(filed)
    agreed: dict[str, Scalar] = {"agreement_form": "oral", "agreement_terms": "晚九点后不施工。"}
    agreed |= {"perform_by": "2026-04-10", "both_signed": True}
    district.do(filed, "record_agreement", "mediator", **agreed)
    due = _clock(district, filed, "dispute.performance")
    committee = district.offices["committee"]
    offered = _offered(district, filed, "take_performance", "officer", "complained_office")
    assert committee in offered
    done = district.do(filed, "take_performance", "officer", complained_office=str(committee))
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("performance_ousted", district.offices["street"])
    _is_hidden(district, filed, "mediator")
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq >= done.seq}
    assert told == {district.people["supervisor"]}
    assert _offered(district, filed, "assign_performance", "supervisor", "to_committee") == [
        district.offices["street_committee"]
    ]
    given = {"to_committee": str(district.offices["street_committee"])}
    district.do(
        filed, "assign_performance", "supervisor", designate_reason="原调委会被反映。", **given
    )
    assert district.case(filed).lead_office_id == district.offices["street_committee"]
    assert _clock(district, filed, "dispute.performance") == due
    district.do(filed, "confirm_performance", "street_mediator", performed_on="2026-03-20")
    assert district.case(filed).state == "to_visit"


def _to_visit(district: office.District) -> act.Receipt:
    """A dispute performed and still to be visited; there is a justice office in the street."""
    district.staff(
        "justice", kind="justice_office", area=office.STREET, superior="street", visitor="mediator"
    )
    filed = _mediated(district)
    district.hold_session(filed)
    agreed: dict[str, Scalar] = {"agreement_form": "oral", "agreement_terms": "晚九点后不施工。"}
    agreed |= {"perform_by": "2026-04-10", "both_signed": True}
    district.do(filed, "record_agreement", "mediator", **agreed)
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    return filed


VISITED: dict[str, Scalar] = {"visited_on": "2026-03-20", "visit_result": "performed"}


def _give_visit(district: office.District, case: act.Receipt, by: str = "supervisor") -> None:
    given = {"to_visitors": str(district.offices["justice"]), "designate_reason": "案件台被反映。"}
    district.do(case, "assign_visit", by, **given)


def test_I8_an_office_named_before_its_return_visit_loses_it(
    district: office.District,
) -> None:
    filed = _to_visit(district)
    desk = district.offices["desk"]
    assert district.case(filed).lead_office_id == desk
    error = look.refused(
        district.do, filed, "name_complained_later", "supervisor", complained_office=str(desk)
    )
    assert error.code == "complained.leads"
    done = district.do(filed, "take_visit", "supervisor", complained_office=str(desk))
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("visit_ousted", district.offices["street"])
    for name in ("desk", "officer"):
        _is_hidden(district, filed, name)
    offered = _offered(district, filed, "assign_visit", "supervisor", "to_visitors")
    assert district.offices["justice"] in offered
    assert desk not in offered
    _give_visit(district, filed)
    told = [row for row in look.notices(district, filed.case_id) if row.seq > done.seq]
    assert {row.receiver_id for row in told} == {district.people["visitor"]}
    assert district.case(filed).lead_office_id == district.offices["justice"]
    clocks = district.deadlines(filed)["dispute.return_visit"]
    assert [row.state for row in clocks] == ["stopped", "running"], "it has days of its own"
    district.do(filed, "pay_visit", "visitor", **VISITED)
    assert district.case(filed).state == "awaiting_rating"


def test_what_another_office_finds_not_performed_is_reopened_by_it(
    district: office.District,
) -> None:
    filed = _to_visit(district)
    desk = str(district.offices["desk"])
    district.do(filed, "take_visit", "officer", complained_office=desk)
    _give_visit(district, filed)
    error = look.refused(
        district.do, filed, "pay_visit", "visitor", **VISITED | {"visit_result": "not_performed"}
    )
    assert error.code == "action.condition"
    district.do(filed, "reopen", "visitor", reopen_reason="没有履行。")
    case = district.case(filed)
    assert case.state == "accepted"
    assert case.lead_office_id == district.offices["street_committee"], "not the desk"
    _is_hidden(district, filed, "desk")


def test_I8_a_visit_paid_by_an_office_complained_about_is_paid_anew(
    district: office.District,
) -> None:
    filed = _to_visit(district)
    district.do(filed, "pay_visit", "officer", **VISITED)
    desk = str(district.offices["desk"])
    district.do(filed, "take_visit", "supervisor", complained_office=desk)
    _is_hidden(district, filed, "officer")
    clocks = district.deadlines(filed)
    assert [row.state for row in clocks["rating.window"]] == ["met"]
    assert [row.state for row in clocks["dispute.return_visit"]] == ["met", "running"]
    _give_visit(district, filed)
    district.do(filed, "pay_visit", "visitor", **VISITED)
    assert [row.state for row in district.deadlines(filed)["rating.window"]] == ["met", "running"]


def test_I8_the_office_above_that_is_complained_about_too_hands_the_visit_further_up(
    district: office.District,
) -> None:
    filed = _to_visit(district)
    desk, street = (str(district.offices[name]) for name in ("desk", "street"))
    district.do(filed, "take_visit", "supervisor", complained_office=desk)
    district.do(filed, "take_visit", "supervisor", complained_office=street)
    assert district.case(filed).lead_office_id == district.offices["government"]
    _is_hidden(district, filed, "supervisor")
    assert (
        "assign_visit"
        in case_query.view(
            district.engine, district.actor("district_supervisor"), filed.case_id
        ).actions
    )


def test_I8_what_an_office_complained_about_has_handed_over_is_taken_from_it(
    district: office.District,
) -> None:
    filed = district.file("officer", process="petition")
    to = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=to)
    district.do(filed, "reclassify", "handler", petition_class="accusation")
    district.do(filed, "hand_over", "handler", **HANDED)
    clock = _clock(district, filed, "petition.serve_ending")
    error = look.refused(
        district.do, filed, "name_complained_later", "handler", complained_office=to
    )
    assert error.code == "complained.leads"
    done = district.do(filed, "take_handed", "handler", complained_office=to)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("handed_over", district.offices["government"])
    _is_hidden(district, filed, "handler")
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == done.seq}
    assert told == {district.people["district_supervisor"]}
    assert _clock(district, filed, "petition.serve_ending") == clock
    (no,) = look.unserved(district, filed.case_id)[-1:]
    served: dict[str, Scalar] = {"served_method": "in_person", "served_on": "2026-03-20"}
    district.do(filed, "serve_paper", "district_supervisor", paper=no, receipt="本人签收", **served)
    assert district.case(filed).is_closed


def test_I8_what_was_handed_over_and_served_stays_closed_where_it_is_taken_away(
    district: office.District,
) -> None:
    filed = district.file("officer", process="petition", identity_clear=False)
    to = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=to)
    district.do(filed, "reclassify", "handler", petition_class="accusation")
    district.do(filed, "hand_over", "handler", **HANDED)
    assert district.case(filed).is_closed, "nobody to notify"
    district.do(filed, "take_handed", "petition_officer", complained_office=to)
    case = district.case(filed)
    assert (case.is_closed, case.lead_office_id) == (True, district.offices["government"])
    _is_hidden(district, filed, "handler")
    look.hold(district, filed.case_id)


def test_I8_whoever_has_to_serve_what_was_found_out_later_is_told(
    district: office.District,
) -> None:
    """The petition office, or where that is complained about, who supervises above it."""
    for accused, told in (("labour", "petition_officer"), ("petitions", "district_supervisor")):
        filed = district.file("officer", process="petition")
        to = str(district.offices["housing"])
        district.do(filed, "transfer", "petition_officer", to_office=to)
        district.do(filed, "accept", "handler", route="6")
        accused_id = str(district.offices[accused])
        district.do(filed, "name_complained_later", "handler", complained_office=accused_id)
        later = {"petition_class": "accusation", **HANDED}
        done = district.do(filed, "hand_over_later", "handler", **later)
        found = look.notices(district, filed.case_id)
        receivers = {row.receiver_id for row in found if row.seq == done.seq}
        assert receivers == {district.people[told], district.people["officer"]}


def test_I8_a_desk_named_after_it_accepted_is_out_and_the_street_gives_the_case_on(
    district: office.District,
) -> None:
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    district.do(filed, "take_away", "supervisor", complained_office=str(district.offices["desk"]))
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("filed", district.offices["street"])
    for name in ("desk", "officer"):
        _is_hidden(district, filed, name)
    district.do(filed, "designate", "supervisor", designate_reason="案件台被反映。")
    assert district.do(filed, "accept", "street_desk").state == "accepted"
    assert len(district.deadlines(filed)["mediation.general"]) == 1


def test_I8_another_office_named_while_a_dispute_is_mediated_is_out_and_the_case_stays(
    district: office.District,
) -> None:
    filed = _mediated(district)
    desk = str(district.offices["desk"])
    district.do(filed, "name_complained_later", "mediator", complained_office=desk)
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("mediating", district.offices["committee"])
    for name in ("desk", "officer"):
        _is_hidden(district, filed, name)


def test_I8_where_the_desk_is_complained_about_mediators_outside_its_line_pay_the_visit(
    district: office.District,
) -> None:
    district.staff(
        "justice", kind="justice_office", area=office.STREET, superior="street", visitor="mediator"
    )
    filed = _mediated(district)
    desk = str(district.offices["desk"])
    district.do(filed, "name_complained_later", "mediator", complained_office=desk)
    district.hold_session(filed)
    district.do(
        filed,
        "record_agreement",
        "mediator",
        agreement_form="oral",
        agreement_terms="修好漏点。",
        perform_by="2026-03-31",
        both_signed=True,
    )
    done = district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-20")
    case = district.case(filed)
    assert (case.state, case.lead_office_id) == ("to_visit", district.offices["justice"])
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == done.seq}
    assert told == {district.people["visitor"]}
    for name in ("desk", "officer"):
        _is_hidden(district, filed, name)
    view = case_query.view(district.engine, district.actor("visitor"), filed.case_id)
    assert {"pay_visit", "close_no_answer"} <= set(view.actions)
    visited = district.do(
        filed, "pay_visit", "visitor", visited_on="2026-03-20", visit_result="performed"
    )
    assert visited.state == "awaiting_rating"


def test_what_is_chosen_makes_a_case_restricted(district: office.District) -> None:
    assert district.case(district.file("officer", danger="minors")).confidentiality == "restricted"
    assert district.case(district.file("officer", danger="none")).confidentiality == "normal"


def test_line_of_an_office_is_kept_by_the_command(district: office.District) -> None:
    found = district.actor("mediator")
    keys = ("committee", "street_committee", "street", "government")
    assert found.posts[0].line == tuple(district.offices[key] for key in keys)


def test_what_leads_nowhere_is_not_offered_and_says_why(district: office.District) -> None:
    """Above the highest committee there is none; what stands with the government has no office
    left that it could be taken from."""

    def why(case: act.Receipt, action: str, by: str) -> str | None:
        view = case_query.view(district.engine, district.actor(by), case.case_id)
        assert (action in view.actions) == (
            bounds.why_not(view.process.actions[action], view.case, view.facts, view.pack) is None
        )
        error = bounds.why_not(view.process.actions[action], view.case, view.facts, view.pack)
        return None if error is None else error.code

    failed: dict[str, Scalar] = {"no_agreement_reason": "分歧太大。", "routes_told": True}
    up: dict[str, Scalar] = {"hand_up_reason": "请上级调解。", "both_willing": True}
    filed = district.file()
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.hold_session(filed)
    district.do(filed, "record_no_agreement", "mediator", **failed)
    assert why(filed, "hand_up", "mediator") is None
    district.do(filed, "hand_up", "mediator", **up)
    mediator = str(district.people["street_mediator"])
    district.do(filed, "name_mediator", "street_desk", mediator=mediator)
    held: dict[str, Scalar] = {
        "session_on": "2026-03-20",
        "attended": "both",
        "minutes": "没有谈拢。",
    }
    district.do(filed, "record_session", "street_mediator", **held)
    district.do(filed, "record_no_agreement", "street_mediator", **failed)
    assert why(filed, "hand_up", "street_mediator") == "route.none"
    error = look.refused(district.do, filed, "hand_up", "street_mediator", **up)
    assert error.code == "route.none"

    accused = _accuse(district, "petitions")
    assert district.case(accused).lead_office_id == district.offices["government"]
    assert why(accused, "name_complained", "district_supervisor") == "action.nobody_to_name"
    later = case_query.view(
        district.engine, district.actor("district_supervisor"), accused.case_id
    ).actions
    assert "name_complained_later" in later
