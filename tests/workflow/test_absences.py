"""Days on which somebody is away: who is chosen meanwhile, who enters them, when all are gone."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from rules import errors, ladders
from tests import office
from tests.workflow import look
from workflow import audit, db, ids, read, sweep
from workflow.commands import absences, act
from workflow.commands import office as office_commands
from workflow.queries import absences as absences_query
from workflow.queries import board
from workflow.queries import case as case_query
from workflow.tables import office as office_tables

FRIDAY = date(2026, 3, 20)
"""The day on which the district's office time begins."""
_LOG = office_tables.OfficeLog.__table__  # type: ignore[attr-defined]


def _away(
    district: office.District,
    name: str,
    first: date = FRIDAY,
    last: date | None = None,
    *,
    by: str | None = "",
) -> UUID:
    """Enters an absence, of one day unless a last one is given; by the person where nobody is."""
    return absences.enter(
        district.engine.database,
        None if by is None else district.actor(by or name),
        person_id=district.people[name],
        from_on=first,
        until_on=last or first,
    )


def _days(n: int) -> date:
    return FRIDAY + timedelta(days=n)


def _appoint(district: office.District, post: str, *, deputy: str | None) -> None:
    office_commands.appoint(
        district.engine.database,
        district.posts[post],
        holder_id=district.people[post],
        deputy_id=None if deputy is None else district.people[deputy],
    )


def _log(district: office.District) -> list[tuple[str, UUID | None, dict[str, Any]]]:
    with db.snapshot(district.engine.database) as tx:
        rows = tx.execute(select(_LOG).order_by(_LOG.c.seq)).all()
    return [(row.name, row.actor_id, json.loads(row.payload)) for row in rows]


def _told(district: office.District, case: act.Receipt, cause: str) -> set[UUID]:
    sent = look.notices(district, case.case_id)
    return {row.receiver_id for row in sent if row.cause == cause}


def _line(district: office.District) -> dict[UUID, ladders.Post]:
    with db.snapshot(district.engine.database) as tx:
        line = read.opening_facts(tx, grid=office.GRID, at=read.house(tx)).line
    return {post.id: post for post in line.posts}


def _code(refused: pytest.ExceptionInfo[errors.GridcaseError]) -> list[tuple[str, str | None]]:
    return [(fault.code, fault.field) for fault in refused.value.faults]


# --- who is chosen


def test_the_line_when_somebody_is_away_is_without_them_on_those_days_alone(
    district: office.District,
) -> None:
    _appoint(district, "desk", deputy="auditor")
    post, desk = district.posts["desk"], district.people["desk"]
    _away(district, "desk", _days(3), _days(4))
    for text, there in (
        ("2026-03-22 23:59", True),
        ("2026-03-23 00:00", False),
        ("2026-03-24 23:59", False),
        ("2026-03-25 00:00", True),
    ):
        district.jump(text)
        found = _line(district)[post]
        assert (found.holder == desk) is there, text
        assert found.away == (() if there else (desk,)), text
        assert found.deputy == district.people["auditor"]


def test_a_rung_when_its_holder_is_away_goes_to_the_deputy(district: office.District) -> None:
    _appoint(district, "supervisor", deputy="reviewer")
    filed = district.file("officer")
    _away(district, "supervisor", _days(7))
    district.at("2026-03-27 10:00")
    rung = look.hold(district, filed.case_id).rungs[-1]
    assert (rung.effect, rung.target_person_id) == ("supervise", district.people["reviewer"])
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq == rung.seq}
    assert district.people["reviewer"] in told
    assert district.people["supervisor"] not in told


def test_a_rung_when_holder_and_deputy_are_away_goes_a_level_up(district: office.District) -> None:
    _appoint(district, "supervisor", deputy="reviewer")
    filed = district.file("officer")
    for name in ("supervisor", "reviewer"):
        _away(district, name, _days(7))
    district.at("2026-03-27 10:00")
    rung = look.hold(district, filed.case_id).rungs[-1]
    assert rung.target_person_id == district.people["district_supervisor"]


def test_a_new_case_when_the_desk_is_away_is_told_to_the_deputy(district: office.District) -> None:
    _appoint(district, "desk", deputy="auditor")
    _away(district, "desk")
    filed = district.file("officer")
    told = {row.receiver_id for row in look.notices(district, filed.case_id)}
    assert told == {district.people["auditor"]}


def test_a_handler_when_away_is_passed_over_and_told_like_who_stands_in(
    district: office.District,
) -> None:
    _appoint(district, "mediator", deputy="street_mediator")
    mediator, deputy = district.people["mediator"], district.people["street_mediator"]
    filed = district.file("officer")
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(mediator))
    _away(district, "mediator", _days(4), _days(40))
    district.at("2026-03-30 10:00")
    found = look.hold(district, filed.case_id)
    warned = found.rungs_of("dispute.first_session")[0]
    assert (warned.effect, warned.target_person_id) == ("warn", deputy)
    assert _told(district, filed, "rung.warn") >= {deputy}
    district.at("2026-03-31 00:01")
    assert _told(district, filed, "deadline_missed") >= {mediator, deputy}
    assert found.case.handler_id == mediator
    # From home they see and do what they did before.
    assert case_query.view(district.engine, district.actor("mediator"), filed.case_id).actions
    district.do(filed, "start_assessment", "mediator", assessment_reason="等检测报告。")


def test_a_person_when_away_is_not_named(district: office.District) -> None:
    _appoint(district, "mediator", deputy="street_mediator")
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    _away(district, "mediator")
    with pytest.raises(errors.Invalid) as refused:
        district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    assert _code(refused) == [("field.person", "mediator")]
    deputy = str(district.people["street_mediator"])
    district.do(filed, "name_mediator", "desk", mediator=deputy)
    assert district.case(filed).handler_id == district.people["street_mediator"]


# --- when nobody is left


def test_a_case_when_everybody_is_away_is_stuck_and_goes_on_the_day_they_are_back(
    district: office.District,
) -> None:
    filed = district.file("officer")
    for name in ("supervisor", "district_supervisor"):
        _away(district, name, _days(7), _days(10))
    district.at("2026-03-27 09:00")
    found = look.hold(district, filed.case_id)
    assert found.case.is_stuck
    (blocked,) = found.payloads("rung_blocked")
    assert (blocked["effect"], blocked["role"]) == ("supervise", "supervisor")
    # Whoever watches the queue may be away: they see it from home.
    stuck = board.board(district.engine.database, district.actor("supervisor")).stuck
    assert [one.case_id for one in stuck] == [filed.case_id]
    district.at("2026-03-30 18:00")
    assert look.hold(district, filed.case_id).case.is_stuck
    district.at("2026-03-31 09:00")
    found = look.hold(district, filed.case_id)
    assert not found.case.is_stuck
    late = next(rung for rung in found.rungs if rung.effect == "supervise")
    assert late.target_person_id == district.people["supervisor"]
    assert look.local(late.planned_at) == "2026-03-27 09:00"
    assert look.local(late.fired_at) == "2026-03-31 09:00"
    assert found.names.count("rung_blocked") == 1


def test_a_stuck_case_when_somebody_comes_back_early_goes_on_with_the_next_sweep(
    district: office.District,
) -> None:
    filed = district.file("officer")
    period = _away(district, "supervisor", _days(7), _days(40))
    _away(district, "district_supervisor", _days(7), _days(40))
    district.at("2026-03-28 10:00")
    assert look.hold(district, filed.case_id).case.is_stuck
    assert district.sweep() == sweep.TickReport()
    absences.end(district.engine.database, district.actor("supervisor"), period)
    assert district.sweep().fired == 1
    assert not look.hold(district, filed.case_id).case.is_stuck


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_target_when_people_are_away_or_recused_is_there_and_found_while_anybody_is(
    district: office.District, data: st.DataObject
) -> None:
    """Invariant 8 and 10, from the stored periods to the person whom a rung addresses."""
    database = district.engine.database
    people = st.sampled_from([None, *sorted(district.people)])
    roles = {name: role for name, role, _, _ in office.POSTS}
    posts = data.draw(st.lists(st.sampled_from(sorted(district.posts)), min_size=3, unique=True))
    for name in posts:
        holder, deputy = data.draw(people), data.draw(people)
        office_commands.appoint(
            database,
            district.posts[name],
            holder_id=district.people[holder] if holder else None,
            deputy_id=district.people[deputy] if deputy else None,
        )
    away = data.draw(st.sets(st.sampled_from(sorted(district.people))), label="away")
    recused = data.draw(st.sets(st.sampled_from(sorted(district.people))), label="recused")
    entered = [_away(district, name, by=None) for name in sorted(away)]
    line = tuple(_line(district).values())
    for period in entered:
        absences.end(database, None, period)
    gone = {district.people[name] for name in away | recused}
    handler = data.draw(people, label="handler")
    tell = data.draw(st.sampled_from(["handler", *sorted(set(roles.values()))]), label="tell")
    level = data.draw(st.integers(3, 5), label="from")
    found = ladders.target(
        tell,
        posts=ladders.by_role(line),
        lead_office=district.offices["committee"],
        level=5,
        owner_role="mediator",
        excluded=frozenset(district.people[name] for name in recused),
        from_level=level,
        handler=district.people[handler] if handler else None,
    )
    if found is not None:
        assert found.person_id not in gone
    role, height = ("mediator", 5) if tell == "handler" else (tell, level)
    above = [p for p in _line(district).values() if p.role == role and p.level < min(height, 5)]
    if any(one not in gone for post in above for one in (post.holder, post.deputy) if one):
        assert found is not None


# --- who may enter what


def test_entering_when_it_is_one_s_own_is_one_row_of_the_log(district: office.District) -> None:
    before = len(_log(district))
    period = _away(district, "mediator", _days(1), _days(3))
    name, actor_id, payload = _log(district)[-1]
    person = district.people["mediator"]
    assert len(_log(district)) == before + 1
    assert (name, actor_id) == ("absence_entered", person)
    assert payload == {
        "absence": str(period),
        "person": str(person),
        "from_on": "2026-03-21",
        "until_on": "2026-03-23",
    }
    assert not audit.verify(district.engine.database, district.engine.seals).faults


def test_entering_when_the_same_days_are_sent_again_is_the_same_period(
    district: office.District,
) -> None:
    first = _away(district, "mediator", _days(1), _days(3))
    rows = len(_log(district))
    assert _away(district, "mediator", _days(1), _days(3)) == first
    assert len(_log(district)) == rows
    assert len(absences_query.own(district.engine.database, district.actor("mediator"))) == 1


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (-1, 3, [("absence.past", "from_on")]),
        (2, 1, [("absence.until_before_from", "until_on")]),
        (-2, -3, [("absence.past", "from_on"), ("absence.until_before_from", "until_on")]),
        (0, 367, [("absence.too_long", "until_on")]),
        (3, 4, [("absence.overlap", "from_on")]),
        (1, 3, [("absence.overlap", "from_on")]),
        (9, 20, [("absence.overlap", "from_on")]),
        (4, 6, [("absence.overlap", "from_on")]),
    ],
)
def test_entering_when_the_days_cannot_be_is_refused(
    district: office.District, first: int, last: int, expected: list[tuple[str, str]]
) -> None:
    _away(district, "mediator", _days(3), _days(9))
    _away(district, "desk", _days(1), _days(2))
    with pytest.raises(errors.GridcaseError) as refused:
        _away(district, "mediator", _days(first), _days(last))
    assert _code(refused) == expected
    assert len(absences_query.every(district.engine.database)) == 2


def test_entering_when_it_only_touches_another_period_is_taken(district: office.District) -> None:
    _away(district, "mediator", _days(3), _days(9))
    _away(district, "mediator", _days(0), _days(2))
    _away(district, "mediator", _days(10), _days(366))
    found = absences_query.own(district.engine.database, district.actor("mediator"))
    assert [one.is_now for one in found] == [True, False, False]


def test_keeping_others_when_asked_is_for_who_watches_their_area(district: office.District) -> None:
    for by, name in (
        ("supervisor", "officer"),
        ("supervisor", "leader"),
        ("district_supervisor", "supervisor"),
        ("district_supervisor", "other_desk"),
    ):
        _away(district, name, by=by)
        entered = absences_query.every(district.engine.database)
        assert district.people[name] in {one.person_id for one in entered}
    for by, name in (
        ("supervisor", "other_desk"),
        ("supervisor", "district_supervisor"),
        ("supervisor", "head"),
        ("other_supervisor", "desk"),
        ("desk", "mediator"),
        ("leader", "desk"),
        ("petition_officer", "desk"),
        ("auditor", "desk"),
    ):
        with pytest.raises(errors.NotFound) as refused:
            _away(district, name, by=by)
        assert _code(refused) == [("absence.person", "person_id")], (by, name)


def test_keeping_when_a_person_holds_a_post_elsewhere_too_is_not_theirs_alone(
    district: office.District,
) -> None:
    office_commands.appoint(
        district.engine.database,
        district.posts["reviewer"],
        holder_id=district.people["reviewer"],
        deputy_id=district.people["desk"],
    )
    with pytest.raises(errors.NotFound):
        _away(district, "desk", by="supervisor")
    _away(district, "desk", by="district_supervisor")


def test_keeping_when_one_is_administrator_reaches_the_post_s_scope(
    district: office.District,
) -> None:
    office_commands.add_posts(
        district.engine.database,
        [
            office_commands.NewPost(
                id=ids.uuid7(),
                role="administrator",
                office_id=district.offices["street"],
                holder_id=district.people["auditor"],
            )
        ],
    )
    _away(district, "desk", by="auditor")
    with pytest.raises(errors.NotFound):
        _away(district, "other_desk", by="auditor")


def test_entering_at_the_machine_when_nobody_is_called_so_is_refused(
    district: office.District,
) -> None:
    with pytest.raises(errors.NotFound) as refused:
        absences.enter(
            district.engine.database,
            None,
            person_id=ids.uuid7(),
            from_on=FRIDAY,
            until_on=FRIDAY,
        )
    assert refused.value.code == "absence.person"


# --- coming back


def test_ending_when_under_way_leaves_the_days_that_were(district: office.District) -> None:
    database = district.engine.database
    period = _away(district, "mediator", _days(0), _days(20))
    district.jump("2026-03-24 08:00")
    absences.end(database, district.actor("supervisor"), period)
    name, actor_id, payload = _log(district)[-1]
    assert (name, actor_id) == ("absence_ended", district.people["supervisor"])
    assert (payload["from_on"], payload["until_on"]) == ("2026-03-20", "2026-03-23")
    assert absences_query.own(database, district.actor("mediator")) == ()
    assert _line(district)[district.posts["mediator"]].holder == district.people["mediator"]
    with pytest.raises(errors.NotNow) as refused:
        absences.end(database, district.actor("mediator"), period)
    assert refused.value.code == "absence.over"


@pytest.mark.parametrize("first", [0, 3])
def test_ending_when_not_a_day_has_passed_calls_it_off(
    district: office.District, first: int
) -> None:
    database = district.engine.database
    period = _away(district, "mediator", _days(first), _days(20))
    absences.end(database, district.actor("mediator"), period)
    payload = _log(district)[-1][2]
    assert payload["until_on"] == _days(first - 1).isoformat()
    assert absences_query.every(database) == ()
    with pytest.raises(errors.NotFound):
        absences.end(database, district.actor("mediator"), period)
    _away(district, "mediator", _days(first), _days(20))


def test_ending_when_it_is_not_one_s_own_is_as_if_it_were_not_there(
    district: office.District,
) -> None:
    period = _away(district, "mediator", _days(0), _days(20))
    for name in ("desk", "other_supervisor"):
        for asked in (period, ids.uuid7()):
            with pytest.raises(errors.NotFound) as refused:
                absences.end(district.engine.database, district.actor(name), asked)
            assert str(refused.value) == "absence.unknown"


# --- what is shown


def test_kept_when_asked_is_what_may_be_entered(district: office.District) -> None:
    database = district.engine.database
    for name in ("mediator", "other_desk", "district_leader"):
        _away(district, name, _days(2))
    for name in ("supervisor", "district_supervisor", "other_supervisor", "desk", "leader"):
        actor = district.actor(name)
        found = absences_query.kept(database, actor)
        listed = {UUID(choice.value) for choice in found.people}
        allowed = set()
        for person in district.people.values():
            days = {"from_on": _days(5), "until_on": _days(5)}
            try:
                period = absences.enter(database, actor, person_id=person, **days)
            except errors.NotFound:
                continue
            absences.end(database, actor, period)
            allowed.add(person)
        assert listed == allowed - {actor.person_id}, name
        assert {one.person_id for one in found.absences} <= listed


def test_kept_when_narrowed_takes_the_name_as_it_is_written(district: office.District) -> None:
    database, actor = district.engine.database, district.actor("district_supervisor")
    _away(district, "street_mediator", _days(2))
    found = absences_query.kept(database, actor, name="mediator")
    assert [one.label for one in found.people] == ["演示mediator", "演示street_mediator"]
    assert [one.name for one in found.absences] == ["演示street_mediator"]
    found = absences_query.kept(database, actor, name="t_m")
    assert [one.label for one in found.people] == ["演示street_mediator"]
    assert absences_query.kept(database, actor, name="%").people == ()
