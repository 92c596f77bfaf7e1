"""An office that is complained about: it and its line below neither see, handle nor receive the
case, which goes one level up. Invariant: 8."""

from __future__ import annotations

from contextlib import suppress

import pytest

from rules import errors
from tests import office
from tests.workflow import look
from workflow import outbox
from workflow.commands import act
from workflow.commands import office as office_commands
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
        action=view.process.actions["transfer"],
        pack=view.pack,
        case=view.case,
        facts=view.facts,
    )["to_office"]
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


def test_what_is_chosen_makes_a_case_restricted(district: office.District) -> None:
    assert district.case(district.file("officer", danger="minors")).confidentiality == "restricted"
    assert district.case(district.file("officer", danger="none")).confidentiality == "normal"


def test_line_of_an_office_is_kept_by_the_command(district: office.District) -> None:
    found = district.actor("mediator")
    keys = ("committee", "street_committee", "street", "government")
    assert found.posts[0].line == tuple(district.offices[key] for key in keys)
