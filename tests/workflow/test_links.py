"""The same matter filed again: linked, counted, never deleted; and nobody learns by it of a case
that they may not see."""

from __future__ import annotations

from typing import Any

import pytest

from rules import errors
from tests import office
from tests.workflow import look
from workflow import access, ids
from workflow.commands import act
from workflow.queries import case as case_query

PHONE = "13800001234"


def _petition(district: office.District, **fields: Any) -> act.Receipt:
    return district.file("petition_officer", process="petition", **fields)


def _link(
    district: office.District,
    case: act.Receipt,
    earlier: act.Receipt | str,
    by: str = "petition_officer",
) -> act.Receipt:
    number = earlier if isinstance(earlier, str) else earlier.number
    return district.do(case, "link_earlier", by, earlier_number=number)


def _view(district: office.District, case: act.Receipt, by: str) -> case_query.CaseView:
    return case_query.view(district.engine, district.actor(by), case.case_id)


def _numbers(found: Any) -> list[str]:
    return [one.number for one in found]


# --- linking


def test_a_case_is_linked_to_the_earlier_one_and_both_stay(district: office.District) -> None:
    first = _petition(district)
    second = _petition(district)
    before = look.state_of(look.whole(district, first.case_id))
    _link(district, second, first)
    found = look.hold(district, second.case_id)
    assert found.case.repeats == 1
    (payload,) = found.payloads("link_earlier")
    assert (payload["linked"], payload["repeats"]) == (str(first.case_id), 1)
    assert look.state_of(look.whole(district, first.case_id)) == before, "the earlier one stays"
    assert {row.state for row in found.deadlines} == {"running"}, "no clock moves by a link"
    look.chain_holds(district)


def test_what_is_counted_is_the_matter_through_all_links(district: office.District) -> None:
    one, two, three, other, last = (_petition(district) for _ in range(5))
    _link(district, two, one)
    _link(district, three, two)
    assert district.case(three).repeats == 2
    _link(district, last, three)
    assert district.case(last).repeats == 3
    _link(district, last, one)  # was counted already
    assert district.case(last).repeats == 3
    _link(district, last, other)
    assert district.case(last).repeats == 4
    assert district.case(one).repeats == 0


def test_a_number_is_read_however_it_is_written(district: office.District) -> None:
    first, second = _petition(district), _petition(district)
    _link(district, second, " ".join(first.number.replace("-", "")))
    assert district.case(second).repeats == 1


def test_the_same_link_sent_twice_is_one(district: office.District) -> None:
    first, second = _petition(district), _petition(district)
    request = act.Request(
        case_id=second.case_id,
        action_id=ids.uuid7(),
        action="link_earlier",
        fields={"earlier_number": first.number},
    )
    actor = district.actor("petition_officer")
    done = act.act(district.engine, actor, request)
    again = act.act(district.engine, actor, request)
    assert (again.seq, again.is_repeat) == (done.seq, True)
    assert district.case(second).repeats == 1


@pytest.mark.parametrize("kind", ["later", "itself", "again"])
def test_a_link_that_says_nothing_is_refused(district: office.District, kind: str) -> None:
    first, second = _petition(district), _petition(district)
    _link(district, second, first)
    case, earlier, code = {
        "later": (first, second, "link.not_earlier"),
        "itself": (second, second, "link.not_earlier"),
        "again": (second, first, "link.already"),
    }[kind]
    before = look.state_of(look.whole(district, case.case_id))
    error = look.refused(_link, district, case, earlier)
    assert (error.code, error.field) == (code, "earlier_number")
    assert look.state_of(look.whole(district, case.case_id)) == before


# --- who may not see


def test_I7_a_case_out_of_sight_answers_as_a_number_that_is_not_there(
    district: office.District,
) -> None:
    hidden = district.file("other_officer", grid=office.OTHER_GRID)
    recused = district.file()
    look.recuse(district, recused.case_id, "officer")
    case = district.file()
    told = [
        look.refused(_link, district, case, number, by="officer")
        for number in (hidden.number, recused.number, ids.case_number(), "7", "漏水")
    ]
    assert {(e.code, e.field, tuple(e.params.items())) for e in told} == {
        ("link.unknown", "earlier_number", ())
    }
    assert isinstance(told[0], errors.Invalid)
    assert district.case(case).repeats == 0


def test_both_cases_show_each_other_to_who_sees_both(district: office.District) -> None:
    first, second = _petition(district), _petition(district)
    housing = str(district.offices["housing"])
    district.do(second, "transfer", "petition_officer", to_office=housing)
    _link(district, second, first)
    by_officer = _view(district, second, "petition_officer")
    assert _numbers(by_officer.linked) == [first.number]
    assert by_officer.events[-1].fields == {"earlier_number": first.number}
    assert _numbers(_view(district, first, "petition_officer").linked) == [second.number]
    # the department has the second only
    by_handler = _view(district, second, "handler")
    assert by_handler.linked == ()
    assert by_handler.events[-1].name == "link_earlier"
    assert first.number not in str(by_handler.events)
    assert str(first.case_id) not in str(by_handler.events)


def test_the_resident_sees_the_own_case_alone(district: office.District) -> None:
    first, second = _petition(district), _petition(district)
    _link(district, second, first)
    actor = access.Actor(kind="resident", case_id=second.case_id)
    view = case_query.view(district.engine, actor, second.case_id)
    assert (view.linked, view.likely) == ((), ())
    assert not any(event.resident_sees for event in view.events if event.name == "link_earlier")
    assert first.number not in str(view.events)


# --- likely the same


def test_earlier_cases_with_the_same_phone_are_shown_on_filing(district: office.District) -> None:
    first = _petition(district, petitioner_phone=PHONE)
    stranger = _petition(district, petitioner_phone="13900005678")
    nameless = _petition(district)
    second = _petition(district, petitioner_phone="138 0000 1234")
    assert _numbers(_view(district, second, "petition_officer").likely) == [first.number]
    assert _view(district, stranger, "petition_officer").likely == ()
    assert _view(district, nameless, "petition_officer").likely == ()
    assert _view(district, first, "petition_officer").likely == (), "the later one is no earlier"
    _link(district, second, first)
    assert _view(district, second, "petition_officer").likely == (), "linked already"


def test_likely_cases_out_of_sight_are_not_shown(district: office.District) -> None:
    district.file("other_officer", grid=office.OTHER_GRID, applicant_phone=PHONE)
    mine = district.file(applicant_phone=PHONE)
    case = district.file(applicant_phone=PHONE)
    assert _numbers(_view(district, case, "officer").likely) == [mine.number]
    look.recuse(district, mine.case_id, "officer")
    assert _view(district, case, "officer").likely == ()


def test_the_other_side_s_phone_makes_nothing_likely(district: office.District) -> None:
    district.file(respondent_phone=PHONE)
    case = district.file(applicant_phone=PHONE)
    assert _view(district, case, "officer").likely == ()


def test_who_cannot_link_is_shown_nothing_likely(district: office.District) -> None:
    _petition(district, petitioner_phone=PHONE)
    case = _petition(district, petitioner_phone=PHONE)
    assert _view(district, case, "district_supervisor").likely == ()
