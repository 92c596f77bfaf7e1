"""One matter, reported twice: merged into the earlier case, where it goes on for both; never where
it would be lost, seen by more people, or heard by whom it complains about."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest

from tests import office
from tests.peers import stage
from tests.workflow import look
from workflow import access, links
from workflow import decide as decide_module
from workflow.commands import act
from workflow.queries import case as case_query

REFUSED: dict[str, Any] = {
    "mediation_bar": "taken",
    "refusal_reason": "法院已经受理。",
    "legal_basis": "人民调解工作若干规定第22条",
    "other_routes": "可以向法院起诉。",
}
SURELY_S = 1.0
"""In which an act that nobody holds up is done."""
WHY = "两个网格员报了同一起漏水"


def _merge(
    district: office.District, case: act.Receipt, earlier: act.Receipt, by: str = "desk"
) -> act.Receipt:
    return district.do(case, "merge", by, earlier_number=earlier.number, merge_reason=WHY)


def _two(district: office.District, **fields: Any) -> tuple[act.Receipt, act.Receipt]:
    return district.file(), district.file(**fields)


def _stands(district: office.District, case: act.Receipt) -> tuple[object, ...]:
    return look.state_of(look.whole(district, case.case_id))


def _settle(district: office.District, case: act.Receipt) -> None:
    agreed = {"agreement_form": "oral", "agreement_terms": "修好漏点。", "perform_by": "2026-03-31"}
    district.do(case, "accept", "desk")
    district.do(case, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    district.hold_session(case)
    district.do(case, "record_agreement", "mediator", **agreed, both_signed=True)
    today = f"{district.now().astimezone(office.ZONE):%F}"
    district.do(case, "confirm_performance", "mediator", performed_on=today)


def test_a_merged_case_ends_and_the_earlier_one_stays(district: office.District) -> None:
    first, second = _two(district)
    before = _stands(district, first)
    done = _merge(district, second, first)
    assert done.state == "merged"
    found = look.hold(district, second.case_id)
    assert (found.case.is_closed, found.case.is_done, found.case.repeats) == (True, False, 1)
    assert {row.state for row in found.deadlines} == {"stopped"}
    (payload,) = found.payloads("merge")
    assert payload["linked"] == str(first.case_id)
    assert _stands(district, first) == before
    told = [row.cause for row in look.notices(district, second.case_id)]
    assert told.count("merge") == 1, "who filed it; who merged it knows"
    look.chain_holds(district)


def test_the_desk_whose_case_somebody_above_merges_is_told(district: office.District) -> None:
    first, second = _two(district)
    _merge(district, second, first, by="supervisor")
    told = [row for row in look.notices(district, second.case_id) if row.cause == "merge"]
    assert {row.receiver_id for row in told} == {district.people[it] for it in ("officer", "desk")}


def test_who_sees_both_finds_each_on_the_other(district: office.District) -> None:
    first, second = _two(district)
    _merge(district, second, first)
    for case, other in ((first, second), (second, first)):
        view = case_query.view(district.engine, district.actor("desk"), case.case_id)
        assert [one.number for one in view.linked] == [other.number]


def test_a_resident_learns_that_it_was_merged_and_not_into_what(district: office.District) -> None:
    first, second = _two(district)
    _merge(district, second, first)
    actor = access.Actor(kind="resident", case_id=second.case_id)
    view = case_query.view(district.engine, actor, second.case_id)
    assert (view.case.state, view.linked) == ("merged", ())
    assert [event.name for event in view.events if event.resident_sees][-1] == "merge"
    assert first.number not in str(view.events)


def test_a_resident_learns_whether_the_case_that_took_theirs_in_has_ended(
    district: office.District,
) -> None:
    oldest, first, second = (district.file() for _ in range(3))
    district.do(second, "link_earlier", "officer", earlier_number=oldest.number)
    _merge(district, second, first)
    _merge(district, first, oldest)
    district.do(oldest, "accept", "desk")
    told = partial(_goes_on, district)
    assert told(second) == told(first) == links.GoesOn(is_told=True, ended_at=None)
    assert told(oldest) is None
    district.do(oldest, "withdraw", "desk", withdraw_reason="和好了")
    ended_at = district.case(oldest).closed_at
    assert ended_at is not None
    assert told(second) == links.GoesOn(is_told=True, ended_at=ended_at)
    assert told(second, district.actor("desk")) is None, "has the links"


@pytest.mark.parametrize(
    "kind", ["restricted", "complained", "complained later", "recused", "unserved"]
)
def test_a_resident_learns_no_more_where_that_case_is_kept_from_others_or_not_yet_over(
    district: office.District, kind: str
) -> None:
    desk, by = {"complained_office": str(district.offices["desk"])}, "desk"
    fields: dict[str, Any] = {"restricted": {"confidentiality": "restricted"}, "complained": desk}
    first, second = district.file(**fields.get(kind, {})), district.file()
    _merge(district, second, first, by="supervisor" if kind == "complained" else "desk")
    if kind == "complained later":
        district.do(first, "name_complained", by, **desk)
    if kind == "unserved":
        district.do(first, "refuse", "desk", **REFUSED)
        assert not district.case(first).is_closed
    if kind == "recused":
        district.do(first, "declare_recusal", "officer", recusal_reason="relative")
    assert _goes_on(district, second) == links.GoesOn(is_told=False, ended_at=None)


def _goes_on(
    district: office.District, case: act.Receipt, actor: access.Actor | None = None
) -> links.GoesOn | None:
    actor = actor or access.Actor(kind="resident", case_id=case.case_id)
    return case_query.view(district.engine, actor, case.case_id).goes_on


def test_a_case_that_came_to_the_end_of_merged_ones_by_another_way_tells_nothing(
    district: office.District,
) -> None:
    """A pack may let merged cases end where withdrawn ones do."""

    def one_end(law: Any) -> None:
        dispute = law["processes"]["dispute"]
        dispute["actions"]["merge"]["to"] = "withdrawn"
        del dispute["states"]["merged"]

    stage.rules(district, pack=one_end)
    first, second, third = (district.file() for _ in range(3))
    _merge(district, second, first)
    district.do(third, "withdraw", "desk", withdraw_reason="和好了")
    assert _goes_on(district, second) == links.GoesOn(is_told=True, ended_at=None)
    assert _goes_on(district, third) is None


def test_a_linked_case_may_still_be_merged(district: office.District) -> None:
    first, second = _two(district)
    district.do(second, "link_earlier", "officer", earlier_number=first.number)
    _merge(district, second, first)
    assert district.case(second).repeats == 1
    look.chain_holds(district)


@pytest.mark.parametrize(
    "kind", ["settled", "closed", "unserved", "restricted", "complained", "recused", "later"]
)
def test_a_merge_in_which_the_matter_would_be_lost_or_heard_is_refused(
    district: office.District, kind: str
) -> None:
    fields: dict[str, Any] = {
        "restricted": {"confidentiality": "restricted"},
        "complained": {"complained_office": str(district.offices["desk"])},
    }.get(kind, {})
    first, second = _two(district, **fields)
    code = {
        "closed": "merge.settled",
        "unserved": "merge.settled",
        "complained": "merge.kept_out",
        "recused": "merge.kept_out",
        "later": "link.not_earlier",
    }.get(kind, f"merge.{kind}")
    case, earlier, by = second, first, "desk"
    if kind == "closed":
        district.do(first, "withdraw", "desk", withdraw_reason="不办了")
    if kind == "unserved":
        district.do(first, "refuse", "desk", **REFUSED)
        assert not district.case(first).is_closed, "its paper is still to be served"
    if kind == "recused":
        look.recuse(district, second.case_id, "mediator")
    if kind == "settled":
        _settle(district, first)
    if kind == "later":
        case, earlier = first, second
    if kind == "complained":
        by = "supervisor"
    before = _stands(district, case)
    error = look.refused(_merge, district, case, earlier, by=by)
    assert (error.code, error.field) == (code, "earlier_number")
    assert _stands(district, case) == before


def test_another_kind_of_case_takes_none_in(district: office.District) -> None:
    petition = district.file("petition_officer", process="petition")
    case = district.file()
    error = look.refused(_merge, district, case, petition, by="district_supervisor")
    assert error.code == "merge.other_process"
    assert district.case(case).state == "filed"


def test_a_case_out_of_sight_takes_none_in_and_is_not_there(district: office.District) -> None:
    hidden = district.file("other_officer", grid=office.OTHER_GRID)
    case = district.file()
    assert look.refused(_merge, district, case, hidden).code == "link.unknown"


def test_the_case_that_takes_another_in_cannot_end_meanwhile(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _two(district)
    gone = partial(district.do, first, "withdraw", "desk", withdraw_reason="不办了")
    ending = threading.Thread(target=gone)
    waited: list[bool] = []
    decided = decide_module.decide

    def decide(rules: Any, command: Any, facts: Any) -> Any:
        if command.action == "merge":
            ending.start()
            ending.join(SURELY_S)
            waited.append(ending.is_alive())
        return decided(rules, command, facts)

    monkeypatch.setattr(act, "decide", decide)
    _merge(district, second, first)
    ending.join()
    assert waited == [True]
    assert (district.case(second).state, district.case(first).state) == ("merged", "withdrawn")


def test_what_was_merged_in_error_is_filed_anew_and_loses_no_day(
    district: office.District,
) -> None:
    first, second = _two(district)
    received = district.case(second).received_at
    due = district.deadlines(second)["dispute.accept"][0].due_at
    district.at("2026-03-23 10:00")
    _merge(district, second, first)
    anew = district.file(received_at=received)
    assert district.deadlines(anew)["dispute.accept"][0].due_at == due
