"""Who watches a case beside its office: put there by the ladder, or by hand."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from rules import errors
from tests import office
from tests.workflow import look
from workflow import ids
from workflow.commands import absences, people
from workflow.commands import office as office_commands
from workflow.decide import Scalar
from workflow.queries import case as case_query


def _second(district: office.District, *, role: str, at: str) -> UUID:
    """Another person with a post of that role, after the first in rank."""
    person, post = ids.uuid7(), ids.uuid7()
    database = district.engine.database
    people.add_people(database, [people.NewPerson(id=person, name="演示乙")])
    office_commands.add_posts(
        database,
        [
            office_commands.NewPost(
                id=post, role=role, office_id=district.offices[at], holder_id=person, rank=1
            )
        ],
    )
    district.people["second"], district.posts["second"] = person, post
    return person


def _mediate(district: office.District, filed: UUID) -> None:
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))


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


def test_the_street_neither_ends_nor_takes_what_the_district_supervises(
    district: office.District,
) -> None:
    by_hand, raised = district.file(), district.file()
    district.do(by_hand, "supervise_case", "district_supervisor", supervise_reason="重大")
    district.at("2026-03-31 10:00")  # raised to the district by the ladder
    case = look.hold(district, raised.case_id).case
    above = district.people["district_supervisor"]
    assert (case.supervising_level, case.supervisor_id) == (3, above)
    with pytest.raises(errors.NotPermitted, match=r"supervision\.higher"):
        district.do(by_hand, "end_supervision", "supervisor", end_supervision_reason="已办")
    with pytest.raises(errors.NotPermitted, match=r"supervision\.higher"):
        district.do(raised, "supervise_case", "supervisor", supervise_reason="接手")


def test_who_supervises_by_hand_goes_on_when_a_raise_finds_no_level_above(
    district: office.District,
) -> None:
    second = _second(district, role="supervisor", at="government")
    filed = district.file()
    district.do(
        filed,
        "delegate_supervision",
        "district_supervisor",
        supervisor=str(second),
        supervise_reason="请盯办",
    )
    district.at("2026-03-31 10:00")
    found = look.hold(district, filed.case_id)
    assert found.rungs[-1].at_top
    assert (found.case.supervision, found.case.supervisor_id) == ("hand", second)


def test_a_raise_over_a_hand_is_the_ladders_and_ends_with_it(district: office.District) -> None:
    filed = district.file()
    district.do(filed, "supervise_case", "supervisor", supervise_reason="多次来访")
    district.at("2026-03-31 10:00")
    case = look.hold(district, filed.case_id).case
    above = district.people["district_supervisor"]
    assert (case.supervision, case.supervisor_id) == ("ladder", above)
    district.do(filed, "accept", "desk")
    assert look.hold(district, filed.case_id).case.supervision is None


def test_a_ladder_names_no_second_leader_beside_the_one_who_carries_the_case(
    district: office.District,
) -> None:
    second = _second(district, role="leader", at="street")
    filed = district.file()
    district.do(filed, "name_leader", "supervisor", leader=str(second))
    plan = {
        "responsible": str(district.people["desk"]),
        "measures": "入户",
        "plan_until": "2026-06-01",
    }
    district.do(filed, "approve_plan", "second", **plan)
    district.at("2026-04-02 10:00")
    found = look.hold(district, filed.case_id)
    (named,) = [rung for rung in found.rungs if rung.effect == "leader"]
    assert (named.target_person_id, found.case.leader_id) == (second, second)
    assert [row.state for row in found.assignments] == ["active"]


def test_a_case_handed_up_is_not_watched_by_a_post_below_its_office(
    district: office.District,
) -> None:
    filed = district.file()
    _mediate(district, filed.case_id)
    below = _second(district, role="supervisor", at="committee")
    district.do(
        filed,
        "delegate_supervision",
        "supervisor",
        supervisor=str(below),
        supervise_reason="请盯办",
    )
    told: dict[str, Scalar] = {"no_agreement_reason": "差距大", "routes_told": True}
    district.hold_session(filed)
    district.do(filed, "record_no_agreement", "mediator", **told)
    district.do(filed, "hand_up", "mediator", hand_up_reason="再调一次", both_willing=True)
    case = look.hold(district, filed.case_id).case
    assert (case.level, case.supervising_level, case.supervisor_id) == (4, 4, None)


def test_I8_a_restricted_case_whose_supervisor_left_is_told_to_who_took_the_post(
    district: office.District,
) -> None:
    filed = district.file(confidentiality="restricted")
    district.at("2026-03-27 10:00")
    district.do(filed, "supervise_case", "supervisor", supervise_reason="保护当事人")
    second = _second(district, role="supervisor", at="street")
    office_commands.appoint(district.engine.database, district.posts["supervisor"], holder_id=None)
    district.do(filed, "accept", "desk")
    district.at("2026-04-01 10:00")  # name_mediator was due on 30 March
    found = look.hold(district, filed.case_id)
    supervised = [rung for rung in found.rungs if rung.effect == "supervise"][-1]
    assert supervised.target_person_id == found.case.supervisor_id == second
    states = {n.state for n in look.notices(district, filed.case_id) if n.receiver_id == second}
    assert states
    assert states <= {"queued", "sent"}


def test_I7_who_led_a_closed_case_does_not_see_it_when_it_is_reopened(
    district: office.District,
) -> None:
    filed = district.file(confidentiality="restricted")
    district.at("2026-04-02 10:00")
    assert look.hold(district, filed.case_id).case.leader_id
    _mediate(district, filed.case_id)
    terms = {"agreement_form": "written", "agreement_terms": "修好", "perform_by": "2026-04-05"}
    district.hold_session(filed)
    district.do(filed, "record_agreement", "mediator", both_signed=True, **terms)
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-04-02")
    district.at("2026-04-07 10:00")
    tries = {f"attempt_{n}_on": f"2026-04-0{1 + n}" for n in (1, 2, 3)}
    district.do(filed, "close_no_answer", "officer", **tries)
    district.do(filed, "reopen", "officer", reopen_reason="没有修好")
    assert look.hold(district, filed.case_id).case.leader_id is None


def test_who_supervises_a_restricted_case_by_delegation_may_end_it(
    district: office.District,
) -> None:
    filed = district.file(confidentiality="restricted")
    district.at("2026-03-31 10:00")  # raised: the district's supervisor is named
    district.do(
        filed,
        "delegate_supervision",
        "district_supervisor",
        supervisor=str(district.people["supervisor"]),
        supervise_reason="请街道盯办",
    )
    with pytest.raises(errors.NotFound):
        district.do(filed, "end_supervision", "district_supervisor", end_supervision_reason="已办")
    district.do(filed, "end_supervision", "supervisor", end_supervision_reason="已办")
    assert look.hold(district, filed.case_id).case.supervision is None


def test_a_day_off_does_not_end_what_was_taken_on_by_hand(district: office.District) -> None:
    filed = district.file()
    away = district.people["supervisor"]
    district.do(filed, "supervise_case", "supervisor", supervise_reason="多次来访")
    district.at("2026-03-26 10:00")
    friday = date(2026, 3, 27)
    database = district.engine.database
    absences.enter(database, None, from_on=friday, until_on=friday, person_id=away)
    district.at("2026-03-27 15:00")
    case = look.hold(district, filed.case_id).case
    assert (case.supervision, case.supervisor_id) == ("hand", away)
    district.do(filed, "accept", "desk")
    assert look.hold(district, filed.case_id).case.supervisor_id == away


def test_ending_supervision_is_offered_where_there_is_something_to_end(
    district: office.District,
) -> None:
    filed, supervisor = district.file(), district.actor("supervisor")

    def offered() -> set[str]:
        found = set(case_query.view(district.engine, supervisor, filed.case_id).actions)
        return found & {"supervise_case", "delegate_supervision", "end_supervision"}

    assert offered() == {"supervise_case", "delegate_supervision"}
    district.do(filed, "supervise_case", "supervisor", supervise_reason="多次来访")
    assert offered() == {"delegate_supervision", "end_supervision"}
