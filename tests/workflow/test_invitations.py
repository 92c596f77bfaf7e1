"""Third parties whom both sides let in: they come by a code of their own, read how the case stands
and nothing else, and are out when the mediation is over. Law: 人民调解法第20条.
"""

from __future__ import annotations

import pytest

from rules import errors
from tests import office
from workflow import access, ids
from workflow.commands import act, people
from workflow.decide import Scalar
from workflow.queries import case as case_query
from workflow.queries import search

INVITED: dict[str, Scalar] = {
    "invited_who": "王示例（专业人员）",
    "invited_kind": "expert",
    "invited_agreed": True,
}
ORAL: dict[str, Scalar] = {
    "agreement_form": "oral",
    "agreement_terms": "修好水管",
    "perform_by": "2026-04-10",
    "both_signed": True,
}


@pytest.fixture
def mediated(district: office.District) -> act.Receipt:
    """A dispute in mediation, to which somebody was invited."""
    filed = district.file(applicant_phone="13800000402")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "invite", "mediator", **INVITED)
    return filed


def _codes(district: office.District, filed: act.Receipt, who: str = "mediator") -> list[str]:
    view = case_query.view(district.engine, district.actor(who), filed.case_id)
    return [it.code for it in view.invitations]


def _enter(district: office.District, filed: act.Receipt, code: str) -> access.Actor:
    return search.by_code(district.engine, filed.number, code)


def _is_out(district: office.District, filed: act.Receipt, code: str, guest: access.Actor) -> bool:
    """Whether neither the code leads in, nor what who came by it before still holds."""
    with pytest.raises(errors.NotFound, match=r"lookup\.wrong"):
        _enter(district, filed, code)
    assert guest.invitation is not None
    return search.invited(district.engine, filed.case_id, guest.invitation) is None


def test_I7_who_was_invited_reads_how_the_case_stands_and_nothing_that_anybody_said(
    district: office.District, mediated: act.Receipt
) -> None:
    (code,) = _codes(district, mediated)
    assert code != mediated.code
    guest = _enter(district, mediated, code)
    assert guest.kind == "third_party"
    view = case_query.view(district.engine, guest, mediated.case_id)
    assert view.state.name.en == "In mediation"
    assert [event.name for event in view.events][-2:] == ["name_mediator", "invite"]
    assert {clock.owner for clock in view.clocks} == {"office"}
    assert not any(event.fields or event.values or event.payload for event in view.events)
    seen = (view.parties, view.papers, view.readings, view.actions, view.invitations, view.code)
    assert not any(seen)
    assert view.rights == {}
    opened = people.open_values(district.engine, guest, mediated.case_id, reason="invited")
    assert opened == {}


def test_I7_who_was_invited_does_nothing_and_opens_no_other_case(
    district: office.District, mediated: act.Receipt
) -> None:
    other = district.file()
    guest = _enter(district, mediated, _codes(district, mediated)[0])
    for case, code in ((mediated, "action.not_yours"), (other, "case.unknown")):
        request = act.Request(
            case_id=case.case_id, action_id=ids.uuid7(), action="end_invitations", fields={}
        )
        with pytest.raises(errors.GridcaseError) as refused:
            act.act(district.engine, guest, request)
        assert refused.value.code == code
    with pytest.raises(errors.NotFound):
        _enter(district, other, _codes(district, mediated)[0])
    with pytest.raises(errors.NotFound):
        case_query.view(district.engine, guest, other.case_id)


def test_codes_are_given_to_who_may_invite_and_to_nobody_else(
    district: office.District, mediated: act.Receipt
) -> None:
    assert len(_codes(district, mediated)) == 1
    for who in ("officer", "desk", "supervisor", "leader"):
        assert _codes(district, mediated, who) == []
    district.do(mediated, "invite", "mediator", **INVITED)
    assert len(set(_codes(district, mediated))) == 2, "each has their own"


def test_a_restricted_case_opens_to_who_was_invited(district: office.District) -> None:
    filed = district.file(confidentiality="restricted")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.do(filed, "invite", "mediator", **INVITED)
    guest = _enter(district, filed, _codes(district, filed)[0])
    assert case_query.view(district.engine, guest, filed.case_id).case.id == filed.case_id


def test_invitations_taken_back_open_nothing_and_who_stays_is_invited_anew(
    district: office.District, mediated: act.Receipt
) -> None:
    (before,) = _codes(district, mediated)
    guest = _enter(district, mediated, before)
    district.do(mediated, "end_invitations", "mediator", invitation_end_reason="party")
    assert _codes(district, mediated) == []
    assert _is_out(district, mediated, before, guest)
    district.do(mediated, "invite", "mediator", **INVITED)
    (after,) = _codes(district, mediated)
    assert _enter(district, mediated, after).kind == "third_party"
    assert _is_out(district, mediated, before, guest), "the old code stays shut"


def test_the_access_of_who_was_invited_ends_with_the_mediation_and_never_comes_back(
    district: office.District, mediated: act.Receipt
) -> None:
    (code,) = _codes(district, mediated)
    guest = _enter(district, mediated, code)
    district.hold_session(mediated)
    district.do(mediated, "record_agreement", "mediator", **ORAL)
    assert _enter(district, mediated, code).kind == "third_party", "it is still to be performed"
    district.do(mediated, "confirm_performance", "mediator", performed_on="2026-03-20")
    assert _is_out(district, mediated, code, guest)
    district.do(mediated, "reopen", "officer", reopen_reason="又漏水了。")
    assert _is_out(district, mediated, code, guest)


def test_a_case_that_ended_without_an_agreement_is_shut_too(
    district: office.District, mediated: act.Receipt
) -> None:
    (code,) = _codes(district, mediated)
    guest = _enter(district, mediated, code)
    district.do(
        mediated, "refuse_mediation", "mediator", refusing_side="respondent", routes_told=True
    )
    assert _is_out(district, mediated, code, guest)


def test_the_resident_is_told_of_it_by_the_timeline(
    district: office.District, mediated: act.Receipt
) -> None:
    resident = _enter(district, mediated, mediated.code or "")
    view = case_query.view(district.engine, resident, mediated.case_id)
    assert "invite" in {event.name for event in view.events if event.resident_sees}
    assert view.invitations == ()
