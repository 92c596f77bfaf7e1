"""Somebody says that they must not touch a case: from then on it does not exist for them."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from rules import errors
from tests import office
from tests.workflow import look
from workflow import db, ids
from workflow.commands import act
from workflow.queries import case as case_query
from workflow.queries import office as office_query
from workflow.queries import worklist
from workflow.tables import case as case_tables

_RECUSAL = case_tables.Recusal.__table__  # type: ignore[attr-defined]


def _rows(district: office.District, case: act.Receipt) -> list[tuple[UUID, int]]:
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(select(_RECUSAL).where(_RECUSAL.c.case_id == case.case_id))
        return [(row.person_id, row.seq) for row in rows]


def _step_back(district: office.District, case: act.Receipt, by: str) -> act.Receipt:
    return district.do(case, "declare_recusal", by, recusal_reason="relative")


def _mediating(district: office.District) -> act.Receipt:
    filed = district.file("officer")
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


def test_I8_who_does_not_step_back_and_must_is_out_by_their_head(
    district: office.District,
) -> None:
    """信访工作条例第28条第3款."""
    filed = district.file("petition_officer", process="petition")
    to = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=to)
    district.do(filed, "accept", "handler", route="6")
    why = {"recused_person": str(district.people["handler"]), "recusal_grounds": "是信访人的亲属。"}
    error = look.refused(district.do, filed, "order_recusal", "handler", **why)
    assert error.code == "action.not_yours"
    stranger = {**why, "recused_person": str(district.people["mediator"])}
    error = look.refused(district.do, filed, "order_recusal", "head", **stranger)
    assert (error.code, error.field) == ("field.person", "recused_person")
    done = district.do(filed, "order_recusal", "head", **why)
    assert _rows(district, filed) == [(district.people["handler"], done.seq)]
    found = look.hold(district, filed.case_id)
    assert (found.case.handler_id, found.case.state) == (None, "handling")
    with pytest.raises(errors.NotFound):
        case_query.view(district.engine, district.actor("handler"), filed.case_id)
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == done.seq}
    assert district.people["handler"] not in told
    view = case_query.view(district.engine, district.actor("head"), filed.case_id)
    assert "declare_recusal" in view.actions, "the head is still there"


def test_I8_a_handler_when_recused_by_themselves_is_out_at_once(district: office.District) -> None:
    filed = _mediating(district)
    person = district.people["mediator"]
    done = _step_back(district, filed, "mediator")
    found = look.hold(district, filed.case_id)
    assert _rows(district, filed) == [(person, done.seq)]
    assert found.events[-1].name == "declare_recusal"
    assert found.payloads("declare_recusal")[0]["fields"] == {"recusal_reason": "relative"}
    assert (found.case.handler_id, found.case.state) == (None, "mediating")
    engine, actor = district.engine, district.actor("mediator")
    with pytest.raises(errors.NotFound):
        case_query.view(engine, actor, filed.case_id)
    with pytest.raises(errors.NotFound):
        district.do(filed, "record_no_agreement", "mediator")
    assert worklist.page(engine.database, actor).items == ()
    assert office_query.inbox(engine.database, actor) == ()
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq > done.seq}
    assert person not in told
    # Nobody of the committee is left: the ladder goes up.
    district.at("2026-03-30 10:00")
    warned = look.hold(district, filed.case_id).rungs_of("dispute.first_session")[0]
    assert warned.target_person_id == district.people["street_mediator"]


def test_I8_a_recusal_when_sent_again_tells_nothing_and_changes_nothing(
    district: office.District,
) -> None:
    filed = _mediating(district)
    actor = district.actor("mediator")
    request = act.Request(
        case_id=filed.case_id,
        action_id=ids.uuid7(),
        action="declare_recusal",
        fields={"recusal_reason": "party"},
    )
    act.act(district.engine, actor, request)
    before = look.state_of(look.whole(district, filed.case_id))
    with pytest.raises(errors.NotFound) as refused:
        act.act(district.engine, actor, request)
    assert str(refused.value) == "case.unknown"
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_a_recusal_when_one_only_watches_is_possible_and_leaves_the_handler(
    district: office.District,
) -> None:
    filed = _mediating(district)
    for name in ("leader", "supervisor", "officer"):
        assert (
            "declare_recusal"
            in case_query.view(district.engine, district.actor(name), filed.case_id).actions
        )
        _step_back(district, filed, name)
    assert district.case(filed).handler_id == district.people["mediator"]
    assert len(_rows(district, filed)) == 3
    district.at("2026-04-02 10:00")
    found = look.hold(district, filed.case_id)
    out = {district.people[name] for name in ("leader", "supervisor", "officer")}
    assert not out & {rung.target_person_id for rung in found.rungs}


def test_a_recusal_when_one_does_not_see_the_case_is_not_there(district: office.District) -> None:
    filed = district.file("officer")
    for name in ("other_desk", "mediator", "handler"):
        with pytest.raises(errors.NotFound):
            _step_back(district, filed, name)
    with pytest.raises(errors.NotPermitted):
        _step_back(district, filed, "auditor")
    assert _rows(district, filed) == []


def test_a_leader_when_recused_gives_the_assignment_up_and_another_is_named(
    district: office.District,
) -> None:
    filed = _mediating(district)
    people = district.people
    district.do(filed, "name_leader", "supervisor", leader=str(people["leader"]))
    _step_back(district, filed, "leader")
    (first,) = look.hold(district, filed.case_id).assignments
    assert (first.person_id, first.state) == (people["leader"], "ended")
    with pytest.raises(errors.Invalid):
        district.do(filed, "name_leader", "supervisor", leader=str(people["leader"]))
    district.do(filed, "name_leader", "supervisor", leader=str(people["district_leader"]))
    found = look.hold(district, filed.case_id)
    assert [one.person_id for one in found.assignments][1:] == [people["district_leader"]]
    assert found.case.leader_id == people["district_leader"]


def test_a_supervisor_by_hand_when_recused_leaves_it_to_the_ladder(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.at("2026-04-02 10:00")
    district.do(filed, "supervise_case", "supervisor", supervise_reason="已超期，请本周内办结。")
    assert district.case(filed).supervisor_id == district.people["supervisor"]
    _step_back(district, filed, "supervisor")
    case = look.hold(district, filed.case_id).case
    assert case.supervisor_id is None
    assert case.supervision in (None, "ladder")


def test_a_recusal_when_the_case_is_closed_is_not_possible(district: office.District) -> None:
    filed = district.file("officer")
    district.do(filed, "withdraw", "desk", withdraw_reason="双方和好")
    with pytest.raises(errors.NotNow):
        _step_back(district, filed, "desk")
