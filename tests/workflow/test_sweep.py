"""What time does to cases: after downtime, at the exact moment, and when nobody is there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from rules import errors
from tests import office
from tests.workflow import look
from workflow import db, ids, machine, outbox, read, scheduler, sweep, write
from workflow.commands import act
from workflow.commands import office as office_commands
from workflow.decide import Command, DeadlineRow, Decision, Facts, clocks, decide, decide_due
from workflow.decide.draft import Draft
from workflow.outbox import relaying
from workflow.queries import board
from workflow.queries import case as case_query
from workflow.queries import office as office_query
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

LADDER = ["warn", "urge", "supervise", "raise", "leader"]
ACCEPT = [
    ("warn", "2026-03-25 09:00"),
    ("deadline_missed", "2026-03-26 00:00"),
    ("urge", "2026-03-26 09:00"),
    ("supervise", "2026-03-27 09:00"),
    ("raise", "2026-03-31 09:00"),
    ("leader", "2026-04-02 09:00"),
]
"""Three working days from Friday 20 March (semantics §3)."""


def _vacate(district: office.District, *posts: str) -> None:
    for post in posts:
        office_commands.appoint(
            district.engine.database, district.posts[post], holder_id=None, deputy_id=None
        )


def _appoint(district: office.District, post: str, *, deputy: str | None = None) -> None:
    office_commands.appoint(
        district.engine.database,
        district.posts[post],
        holder_id=None if deputy else district.people[post],
        deputy_id=district.people[deputy] if deputy else None,
    )


def _mediating(district: office.District, *, category: str = "0201") -> act.Receipt:
    """A dispute with a mediator, on the morning of Monday 23 March."""
    filed = district.file("officer", category=category)
    district.at("2026-03-23 09:30")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    return filed


def _handling(district: office.District) -> act.Receipt:
    """A petition that its department has accepted on Monday 23 March, due on 22 May."""
    filed = district.file("petition_officer", process="petition")
    district.at("2026-03-23 10:00")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.do(filed, "accept", "handler", route="6")
    return filed


def _planned(found: look.Whole, rule: str) -> list[tuple[str, str]]:
    return [(rung.effect, look.local(rung.planned_at)) for rung in found.rungs_of(rule)]


# --- after downtime


def test_I3_what_was_due_while_nobody_swept_is_recorded_in_order(
    district: office.District,
) -> None:
    filed = district.file("officer")
    district.jump("2026-04-20 10:00")
    report = district.sweep()
    found = look.hold(district, filed.case_id)
    missed = found.payloads("deadline_missed")[0]
    told = [(name, look.local(datetime.fromisoformat(at))) for name, at in look.order(found)]
    assert told == ACCEPT
    assert missed["deadline"] == "dispute.accept"
    assert (report.fired, report.missed, report.cases) == (5, 1, 1)
    for rung, payload in zip(found.rungs, found.payloads("rung_fired"), strict=True):
        assert rung.fired_at == found.case.updated_at
        lateness = int((rung.fired_at - rung.planned_at).total_seconds())
        assert payload["lateness_s"] == lateness > 17 * 86_400
        assert payload["planned_at"] == rung.planned_at.isoformat()
        assert rung.seq == found.events[rung.seq - 1].seq
    assert report.max_late_s >= 25 * 86_400
    look.chain_holds(district)
    look.counts_agree(district)


def test_I3_a_second_sweep_finds_nothing(district: office.District) -> None:
    filed = district.file("officer")
    district.jump("2026-04-20 10:00")
    district.sweep()
    before = look.state_of(look.whole(district, filed.case_id))
    assert district.sweep() == sweep.TickReport()
    assert look.state_of(look.whole(district, filed.case_id)) == before


def test_I3_several_deadlines_of_one_case_are_told_in_one_order(
    district: office.District,
) -> None:
    filed = district.file("officer", category="0701")
    district.jump("2026-04-20 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    moments = [at for _, at in look.order(found)]
    assert moments == sorted(moments)
    assert [rung.effect for rung in found.rungs_of("dispute.accept")] == LADDER
    # Fifteen calendar days from 20 March end on 4 April; the 6th is a day off in lieu.
    assert _planned(found, "mediation.labour")[:2] == [
        ("warn", "2026-04-01 09:00"),
        ("urge", "2026-04-07 09:00"),
    ]
    # One leader only, who has one clock.
    assert [row.state for row in found.assignments] == ["awaiting_plan"]
    assert len([row for row in found.deadlines if row.rule == "dispute.leader_plan"]) == 1


def test_many_cases_are_swept_by_one_run(district: office.District) -> None:
    filed = [district.file("officer") for _ in range(5)]
    district.jump("2026-03-25 09:00")
    report = sweep.TickReport()
    for _ in range(3):
        report = report + sweep.tick(district.engine, limit=2)
    assert (report.cases, report.fired) == (5, 5)
    for one in filed:
        look.hold(district, one.case_id)
    look.counts_agree(district)


def test_each_receiver_gets_one_notice_after_downtime(district: office.District) -> None:
    filed = district.file("officer")
    outbox.run(district.engine)
    district.jump("2026-04-20 10:00")
    district.sweep()
    late = [row for row in look.notices(district, filed.case_id) if row.seq > 1]
    receivers = [row.receiver_id for row in late]
    assert set(receivers) >= {
        district.people[name] for name in ("desk", "district_supervisor", "district_leader")
    }
    assert len(receivers) == len(set(receivers)), [row.cause for row in late]


# --- at the moment itself


def test_I3_nothing_fires_a_second_early(district: office.District) -> None:
    filed = district.file("officer")
    district.at("2026-03-25 08:59")
    assert look.whole(district, filed.case_id).rungs == ()
    district.at("2026-03-25 09:00")
    found = look.hold(district, filed.case_id)
    assert [rung.effect for rung in found.rungs] == ["warn"]
    assert found.case.light == "yellow"
    assert found.rungs[0].fired_at - found.rungs[0].planned_at < timedelta(seconds=10)


def test_a_limit_is_missed_at_midnight_and_charged_once(district: office.District) -> None:
    filed = district.file("officer")
    district.at("2026-03-25 23:59")
    assert look.hold(district, filed.case_id).deadline("dispute.accept").missed_at is None
    district.at("2026-03-26 00:00")
    found = look.hold(district, filed.case_id)
    row = found.deadline("dispute.accept")
    assert row.missed_at is not None
    assert (row.state, row.charged_office_id) == ("running", district.offices["desk"])
    assert found.case.light == "red"
    for _ in range(3):
        district.sweep()
    assert look.whole(district, filed.case_id).names.count("deadline_missed") == 1


def test_who_takes_it_over_late_is_not_charged_for_it(district: office.District) -> None:
    filed = _mediating(district)
    district.jump("2026-05-05 10:00")
    district.sweep()
    row = look.hold(district, filed.case_id).deadline("mediation.general")
    assert row.charged_office_id == district.offices["committee"]
    assert look.whole(district, filed.case_id).case.state == "mediating"


def test_a_rung_and_an_act_at_the_same_moment_are_both_recorded(
    district: office.District,
) -> None:
    filed = district.file("officer")
    district.jump("2026-03-27 09:00")
    district.do(filed, "accept", "desk")  # nobody has swept
    found = look.hold(district, filed.case_id)
    assert found.names == [
        "file_case",
        "rung_fired",
        "deadline_missed",
        "rung_fired",
        "rung_fired",
        "accept",
        "supervision_ended",
    ]
    assert found.deadline("dispute.accept").state == "met_late"
    assert [rung.effect for rung in found.rungs] == LADDER[:3]
    assert district.sweep().fired == 0


def test_a_window_that_lapsed_closes_before_the_resident_can_rate(
    district: office.District,
) -> None:
    filed = _to_rate(district)
    resident = district.resident(filed)
    district.jump("2026-04-13 00:00")
    error = look.refused(
        act.act,
        district.engine,
        resident,
        act.Request(
            case_id=filed.case_id,
            action_id=ids.uuid7(),
            action="rate",
            fields={"rating_result": "satisfied", "rating_attitude": "satisfied"},
        ),
    )
    assert error.code == "action.wrong_state"
    district.sweep()
    assert look.hold(district, filed.case_id).case.state == "closed"


# --- kinds of clocks


def test_a_soft_clock_turns_red_and_ends_nothing(district: office.District) -> None:
    filed = _mediating(district)
    district.do(
        filed,
        "record_session",
        "mediator",
        session_on="2026-03-23",
        attended="both",
        minutes="各说各的。",
    )
    district.jump("2026-04-30 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.deadline("mediation.general").missed_at is not None
    assert (found.case.state, found.case.light) == ("session_held", "red")
    district.do(
        filed, "record_no_agreement", "mediator", no_agreement_reason="apart", routes_told=True
    )
    assert look.hold(district, filed.case_id).deadline("mediation.general").state == "met_late"


def _to_rate(district: office.District) -> act.Receipt:
    """A dispute that waits for its rating since Friday 3 April; the window ends on the 10th."""
    filed = _mediating(district)
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
    district.at("2026-03-30 10:00")
    district.do(filed, "confirm_performance", "mediator", performed_on="2026-03-30")
    district.at("2026-04-03 10:00")
    district.do(filed, "pay_visit", "officer", visited_on="2026-04-03", visit_result="performed")
    return filed


def test_a_partys_window_never_climbs_and_its_lapse_closes(district: office.District) -> None:
    filed = _to_rate(district)
    found = look.hold(district, filed.case_id)
    window = found.deadline("rating.window")
    assert (window.owner, window.due_on) == ("party", date(2026, 4, 10))
    assert found.case.light == "grey"
    before = len(found.rungs)
    district.jump("2026-06-01 10:00")
    report = district.sweep()
    found = look.hold(district, filed.case_id)
    assert (report.fired, report.missed) == (0, 0)
    assert len(found.rungs) == before
    assert found.names[-3:].count("window_lapsed") >= 1
    assert found.names[-1] == "close_unrated"
    assert found.events[-1].actor_kind == "ladder"
    assert found.case.state == "closed"
    assert found.deadline("rating.window").state == "lapsed"
    assert not any("window" in row.rule and row.missed_at for row in found.deadlines)


def test_I6_a_pause_excludes_no_more_than_its_cap(district: office.District) -> None:
    """One day (24 March) counts before the pause, which excludes 25 March to 23 May."""
    rule = "mediation.general"
    filed = _mediating(district)
    assert look.hold(district, filed.case_id).deadline(rule).due_on == date(2026, 4, 23)
    district.at("2026-03-24 15:00")
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    paused = look.hold(district, filed.case_id).deadline(rule)
    assert paused.state == "paused"
    assert paused.next_at == office.local("2026-05-24 00:00")
    district.jump("2026-07-20 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    row = found.deadline(rule)
    assert "pause_ended" in found.names
    assert (row.state, row.due_on) == ("running", date(2026, 6, 22))
    assert row.missed_at is not None
    moments = [at for _, at in look.order(found)]
    assert moments == sorted(moments)


def test_I6_a_pause_ended_on_its_last_day_counts_like_the_cap(
    district: office.District,
) -> None:
    filed = _mediating(district)
    district.at("2026-03-24 15:00")
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.at("2026-05-23 18:00")
    district.do(filed, "end_assessment", "mediator", assessment_result="渗漏")
    row = look.hold(district, filed.case_id).deadline("mediation.general")
    assert (row.state, row.due_on) == ("running", date(2026, 6, 22))


def test_an_extension_keeps_what_fired_and_plans_the_rest_anew(
    district: office.District,
) -> None:
    filed = _handling(district)
    district.at("2026-05-10 10:00")
    assert _planned(look.hold(district, filed.case_id), "petition.handle") == [
        ("warn", "2026-05-07 09:00")
    ]
    district.do(filed, "extend", "head", extend_days=30, extend_reason="核对账目")
    found = look.hold(district, filed.case_id)
    assert found.deadline("petition.handle").due_on == date(2026, 6, 21)
    assert look.local(found.deadline("petition.handle").next_at) == "2026-06-22 00:00"  # type: ignore[arg-type]
    district.jump("2026-07-20 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert _planned(found, "petition.handle") == [
        ("warn", "2026-05-07 09:00"),
        ("urge", "2026-06-22 09:00"),
        ("supervise", "2026-06-23 09:00"),
        ("raise", "2026-06-25 09:00"),
        ("leader", "2026-06-29 09:00"),
    ]


def test_an_extension_before_the_warning_moves_it(district: office.District) -> None:
    filed = _handling(district)
    district.do(filed, "extend", "head", extend_days=30, extend_reason="核对账目")
    row = look.hold(district, filed.case_id).deadline("petition.handle")
    assert look.local(row.next_at) == "2026-05-29 09:00"  # type: ignore[arg-type]  # day 68, a Saturday, back


def test_what_the_database_refuses_of_one_case_does_not_stop_the_others(
    district: office.District,
) -> None:
    sick, well = district.file(), district.file()
    with db.transaction(district.engine.database) as tx:  # a row that must not be there
        tx.execute(
            insert(case_tables.Escalation.__table__),  # type: ignore[attr-defined]
            {
                "case_id": sick.case_id,
                "deadline_no": 1,
                "rung": 0,
                "cycle": 1,
                "repetition": 0,
                "seq": 2,
                "effect": "warn",
                "planned_at": district.now(),
                "fired_at": district.now(),
                "level": 5,
                "at_top": False,
            },
        )
    district.jump("2026-03-27 09:00")
    for _ in range(2):
        report = district.sweep()
        assert report.failed == 1
    assert [r.effect for r in look.hold(district, well.case_id).rungs] == LADDER[:3]
    whole = look.whole(district, sick.case_id)
    assert whole.names == ["file_case"], "written whole or not at all"
    assert whole.case.light == "green"


def test_cases_woken_for_nothing_go_back_to_sleep_and_starve_nobody(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    monkeypatch.setattr(sweep, "SQLITE_BATCH", 2)
    woken = [district.file() for _ in range(3)]
    other = district.file("other_officer", grid=office.OTHER_GRID)
    case = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
    district.jump("2026-03-25 09:00")  # the warning of the other is due last
    with db.transaction(district.engine.database) as tx:
        clock = case_tables.Deadline.__table__  # type: ignore[attr-defined]
        ids_ = [one.case_id for one in woken]
        later, earlier = district.now() + timedelta(days=9), district.now() - timedelta(days=1)
        tx.execute(update(clock).where(clock.c.case_id.in_(ids_)).values(next_at=later))
        tx.execute(update(case).where(case.c.id.in_(ids_)).values(next_at=earlier))
    for _ in range(3):
        district.sweep()
    assert [r.effect for r in look.whole(district, other.case_id).rungs] == ["warn"]
    assert {district.case(one).next_at for one in woken} == {later}


def test_a_calendar_that_cannot_be_read_holds_up_its_own_cases_only(
    district: office.District,
) -> None:
    sick, other = district.file(), district.file()
    calendar = office_tables.Calendar.__table__  # type: ignore[attr-defined]
    clock = case_tables.Deadline.__table__  # type: ignore[attr-defined]
    broken = {"hash": "x" * 64, "zone": "Asia/Shanghai", "document": "{}"}
    with db.transaction(district.engine.database) as tx:
        tx.execute(insert(calendar), broken | {"added_at": db.now(tx)})
        of_sick = clock.c.case_id == sick.case_id
        tx.execute(update(clock).where(of_sick).values(calendar_hash="x" * 64))
    district.jump("2026-03-27 10:00")
    assert district.sweep().failed == 1
    assert [r.effect for r in look.whole(district, other.case_id).rungs] == LADDER[:3]


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_post_filled_while_the_sweep_finds_it_vacant_is_not_missed(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    _vacate(district, "desk", "street_desk")
    filed = district.file()
    district.jump("2026-03-25 10:00")
    written = db.apply

    def meanwhile(tx: db.Tx, rows: db.Rows) -> frozenset[UUID]:
        found = written(tx, rows)
        monkeypatch.setattr(db, "apply", written)
        _appoint(district, "desk")  # by somebody else, before this commits
        return found

    monkeypatch.setattr(db, "apply", meanwhile)
    district.sweep()
    assert [r.effect for r in look.hold(district, filed.case_id).rungs] == ["warn"]


def test_notices_go_out_though_the_sweep_fails(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = district.file()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no sweep")

    monkeypatch.setattr(sweep, "run", broken)
    rings: list[scheduler.Ring] = []
    scheduler.Bell(district.engine, tick_s=60, told=rings.append).ring()
    assert {notice.state for notice in look.notices(district, filed.case_id)} == {"sent"}
    assert [ring.failed for ring in rings] == [1]


def test_an_objection_that_waits_climbs_at_the_office_that_decides_it(
    district: office.District,
) -> None:
    filed = district.file("petition_officer", process="petition")
    housing = str(district.offices["housing"])
    district.do(filed, "transfer", "petition_officer", to_office=housing)
    district.do(filed, "object", "handler", objection_reason="不属本单位")
    district.at("2026-05-20 10:00")
    found = look.hold(district, filed.case_id)
    fired = [rung for rung in found.rungs_of("petition.decide_objection") if rung.effect == "urge"]
    assert [r.target_person_id for r in fired] == [district.people["petition_officer"]]
    assert not found.case.is_stuck
    told = [n for n in look.notices(district, filed.case_id) if n.cause == "deadline_missed"]
    assert district.people["petition_officer"] in {one.receiver_id for one in told}


# --- when nobody is there


def test_a_case_that_nobody_can_take_stands_in_the_queue_and_goes_on(
    district: office.District,
) -> None:
    _vacate(district, "supervisor", "district_supervisor")
    filed = district.file("officer")
    district.at("2026-04-10 10:00")
    found = look.hold(district, filed.case_id)
    # What somebody can take goes on: a leader is there.
    fired = [rung.effect for rung in found.rungs_of("dispute.accept")]
    assert fired == ["warn", "urge", "leader"]
    assert found.case.is_stuck
    blocked = [one for one in found.payloads("rung_blocked") if one["no"] == 1]
    assert [(one["effect"], one["role"]) for one in blocked] == [
        ("supervise", "supervisor"),
        ("raise", "supervisor"),
    ]
    stuck = board.board(district.engine.database, district.actor("district_leader")).stuck
    assert [one.case_id for one in stuck] == [filed.case_id]

    _appoint(district, "supervisor")
    district.sweep()
    found = look.hold(district, filed.case_id)
    supervised = found.rungs_of("dispute.accept")[3]
    assert _planned(found, "dispute.accept")[3] == ("supervise", "2026-03-27 09:00")
    assert supervised.target_person_id == district.people["supervisor"]
    # The district's post is still vacant: raising goes no further.
    assert found.case.is_stuck
    _appoint(district, "district_supervisor")
    district.sweep()
    found = look.hold(district, filed.case_id)
    fired = [rung.effect for rung in found.rungs_of("dispute.accept")]
    assert fired == ["warn", "urge", "leader", "supervise", "raise"]
    assert not found.case.is_stuck


def test_an_appointment_elsewhere_tells_nothing_twice(district: office.District) -> None:
    _vacate(district, "supervisor", "district_supervisor")
    filed = district.file("officer")
    district.at("2026-03-30 10:00")
    for _ in range(3):
        _appoint(district, "auditor")
        district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.names.count("rung_blocked") == 1
    assert found.case.is_stuck


def test_a_stuck_case_is_not_stuck_once_it_is_closed(district: office.District) -> None:
    _vacate(district, "supervisor", "district_supervisor")
    filed = district.file("officer")
    district.at("2026-03-30 10:00")
    district.do(filed, "withdraw", "desk", withdraw_reason="双方和好")
    assert not look.hold(district, filed.case_id).case.is_stuck
    _appoint(district, "supervisor")
    assert district.sweep() == sweep.TickReport()


def test_I3_a_stuck_clock_that_was_extended_waits_for_its_new_plan(
    district: office.District,
) -> None:
    filed = _handling(district)
    _vacate(district, "handler")
    district.at("2026-05-10 10:00")
    assert look.hold(district, filed.case_id).case.is_stuck  # the warning of 7 May
    district.do(filed, "extend", "head", extend_days=30, extend_reason="核对账目")
    _appoint(district, "handler")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.rungs_of("petition.handle") == []
    district.at("2026-06-01 10:00")
    found = look.hold(district, filed.case_id)
    assert _planned(found, "petition.handle") == [("warn", "2026-05-29 09:00")]


def test_I6_an_appointment_does_not_end_a_pause(district: office.District) -> None:
    filed = _mediating(district)
    _vacate(district, "supervisor", "district_supervisor")
    district.at("2026-04-28 10:00")  # due on the 23rd; nobody supervises
    assert look.hold(district, filed.case_id).deadline("mediation.general").is_blocked
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    paused = look.hold(district, filed.case_id).deadline("mediation.general")
    assert (paused.state, paused.is_blocked) == ("paused", False)
    _appoint(district, "auditor")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.deadline("mediation.general").state == "paused"
    assert "pause_ended" not in found.names
    # It runs again, and is stuck where it was: told again, under an id of its own.
    district.do(filed, "end_assessment", "mediator", assessment_result="渗漏")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.case.is_stuck
    again = [
        one for one in found.payloads("rung_blocked") if one["deadline"] == "mediation.general"
    ]
    assert len(again) == 2


def test_a_rung_that_a_decision_found_nobody_for_stays_stuck_though_its_clock_ran_anew(
    district: office.District,
) -> None:
    """A pause forgets what was stuck; one that begins and ends within the decision as well."""
    filed = district.file("officer")
    district.jump("2026-03-25 10:00")  # the warning is due
    with db.snapshot(district.engine.database) as tx:
        case = read.case_row(tx, filed.case_id)
        assert case is not None
        house = read.house(tx)
        facts = read.many_facts(tx, [case], at=house)[filed.case_id]
    draft = Draft(rules=house.rules, facts=facts, case=case)
    (row,) = (row for row in draft.open_deadlines() if row.rule == "dispute.accept")
    warning, *_ = clocks.plan(draft, row)
    draft.tried(row, warning)
    waiting = clocks.wait(draft, row)
    assert waiting.blocked == warning.key
    assert waiting.next_at == office.local("2026-03-26 00:00"), "missed before the next opening"


def test_an_appointment_is_not_lost_to_an_act_that_read_before_it(
    district: office.District,
) -> None:
    _vacate(district, "supervisor", "district_supervisor")
    filed = district.file("officer")
    district.at("2026-03-30 10:00")
    engine = district.engine
    with db.snapshot(engine.database) as tx:
        house = read.house(tx)
        row = read.case_row(tx, filed.case_id)
        assert row is not None
        facts = read.many_facts(tx, [row], at=house)[row.id]
    _appoint(district, "supervisor")
    command = Command(
        case_id=row.id,
        action_id=str(ids.uuid7()),
        action="accept",
        actor_id=district.people["desk"],
        post_id=district.posts["desk"],
    )
    decision = decide(house.rules, command, facts)
    with db.transaction(engine.database) as tx:
        assert db.apply(tx, write.rows(decision, seals=engine.seals)) == frozenset()
    assert district.sweep().fired == 1


def test_a_deputy_stands_in(district: office.District) -> None:
    _appoint(district, "supervisor", deputy="reviewer")
    filed = district.file("officer")
    district.at("2026-03-27 10:00")
    rung = look.hold(district, filed.case_id).rungs[-1]
    assert rung.effect == "supervise"
    assert rung.target_person_id == district.people["reviewer"]
    assert rung.target_post_id == district.posts["supervisor"]


def test_I8_a_recused_target_is_passed_over_and_not_told(district: office.District) -> None:
    filed = district.file("officer")
    look.recuse(district, filed.case_id, "supervisor", "desk")
    district.at("2026-04-20 10:00")
    found = look.hold(district, filed.case_id)
    supervise = next(rung for rung in found.rungs if rung.effect == "supervise")
    assert supervise.target_person_id == district.people["district_supervisor"]
    excluded = {district.people["supervisor"], district.people["desk"]}
    assert not excluded & {rung.target_person_id for rung in found.rungs}
    told = {row.receiver_id for row in look.notices(district, filed.case_id) if row.seq > 1}
    assert not told & excluded


def test_a_raise_at_the_top_is_recorded_and_goes_on(district: office.District) -> None:
    filed = district.file("officer")
    district.at("2026-05-10 10:00")
    found = look.hold(district, filed.case_id)
    raised = [rung for rung in found.rungs if rung.effect == "raise"]
    assert [(rung.level, rung.at_top) for rung in raised] == [(3, False), (3, True)]
    assert found.case.supervising_level == 3
    assert not found.case.is_stuck


def test_a_post_above_that_supervises_nothing_is_not_a_dead_end(
    district: office.District,
) -> None:
    province = ids.uuid7()
    office_commands.add_offices(
        district.engine.database,
        [office_commands.NewOffice(id=province, kind="leading_office", name="省", area_code="42")],
    )
    office_commands.add_posts(
        district.engine.database,
        [
            office_commands.NewPost(
                id=ids.uuid7(),
                role="auditor",
                office_id=province,
                holder_id=district.people["auditor"],
            )
        ],
    )
    filed = district.file("officer")
    district.at("2026-05-10 10:00")
    found = look.hold(district, filed.case_id)
    assert not found.case.is_stuck
    assert [rung.at_top for rung in found.rungs if rung.effect == "raise"] == [False, True]


def test_I9_closing_stops_everything(district: office.District) -> None:
    filed = district.file("officer", category="0701")
    district.at("2026-03-25 10:00")
    district.do(filed, "withdraw", "desk", withdraw_reason="双方和好")
    found = look.hold(district, filed.case_id)
    assert {row.state for row in found.deadlines} <= {"met", "stopped"}
    assert (found.case.next_at, found.case.light) == (None, "grey")
    district.jump("2026-06-25 10:00")
    assert district.sweep() == sweep.TickReport()
    assert look.whole(district, filed.case_id).events == found.events


def test_the_leader_named_by_the_ladder_is_asked_for_a_plan(district: office.District) -> None:
    filed = district.file("officer")
    district.at("2026-04-02 10:00")
    found = look.hold(district, filed.case_id)
    assert found.case.leader_id == district.people["district_leader"]
    plan = found.deadline("dispute.leader_plan")
    assert plan.started_by == found.rungs[-1].seq
    told = office_query.inbox(district.engine.database, district.actor("district_leader"))
    assert filed.number in {message.number for message in told}
    # The plan comes too late: the ladder tells, and names no second leader.
    district.at("2026-05-10 10:00")
    found = look.hold(district, filed.case_id)
    effects = [rung.effect for rung in found.rungs_of("dispute.leader_plan")]
    assert effects == ["warn", "urge", "supervise", "raise"]
    assert len(found.assignments) == 1


def test_cases_that_cannot_be_decided_do_not_hold_up_the_others(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a whole batch of them; they are tried again with the next run, and lose nothing."""
    broken = {district.file("officer").case_id for _ in range(3)}
    sound = district.file("officer")
    district.jump("2026-03-25 09:00")

    def fails(rules: machine.Rules, facts: Facts) -> Decision | None:
        assert facts.case is not None
        if facts.case.id in broken:
            raise errors.Invalid("guard.broken")
        return decide_due(rules, facts)

    monkeypatch.setattr(sweep, "decide_due", fails)
    monkeypatch.setattr(sweep, "BATCH", 2)
    monkeypatch.setattr(sweep, "SQLITE_BATCH", 2)
    report = district.sweep()
    assert (report.fired, report.failed) == (1, 3)
    assert _fired(district, sound.case_id) == 1
    monkeypatch.undo()
    assert district.sweep().fired == 3
    for case_id in broken:
        look.hold(district, case_id)


def test_background_work_gives_way_between_its_batches(
    district: office.District, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        district.file()
    district.jump("2026-03-25 09:00")
    rests: list[object] = []
    monkeypatch.setattr(db, "give_way", rests.append)
    monkeypatch.setattr(sweep, "BATCH", 1)
    monkeypatch.setattr(sweep, "SQLITE_BATCH", 1)
    monkeypatch.setattr(relaying, "BATCH", 2)
    assert sweep.run(district.engine).cases == 3
    assert len(rests) == 3
    rests.clear()
    assert outbox.run(district.engine).sent == 6, "the filings and the rungs"
    assert len(rests) == 3


def _fired(district: office.District, case_id: UUID) -> int:
    return len(look.whole(district, case_id).rungs)


def test_the_right_to_object_lapses_and_charges_nobody(database: db.Database) -> None:
    district = office.build(database, start="2026-03-02 10:00")
    filed = district.file("petition_officer", process="petition")
    district.at("2026-03-10 10:00")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.at("2026-03-18 00:01")
    window = district.deadlines(filed)["petition.objection"][0]
    assert (window.state, window.missed_at, window.charged_office_id) == ("lapsed", None, None)
    assert district.case(filed).light == "green"
    with pytest.raises(errors.NotNow) as refused:
        district.do(filed, "object", "handler", objection_reason="不属于本单位职责。")
    assert refused.value.code == "action.window_over"


def test_pauses_for_one_reason_are_capped_in_sum(database: db.Database) -> None:
    district = office.build(database, start="2026-03-20 10:00")
    filed = district.file("officer")
    district.do(filed, "accept", "desk")
    district.do(filed, "name_mediator", "desk", mediator=str(district.people["mediator"]))
    for start, end in (("2026-03-23", "2026-04-22"), ("2026-04-27", "2026-06-30")):
        district.at(f"{start} 10:00")
        district.do(filed, "start_assessment", "mediator", assessment_reason="等检测报告。")
        district.at(f"{end} 10:00")
        district.do(filed, "end_assessment", "mediator", assessment_result="已出报告。")
    row = district.deadlines(filed)["mediation.general"][0]
    spans = clocks.explain(
        office_query.house(database).rules.pack,
        DeadlineRow(*row),
        calendar=office_query.house(database).calendar,
    )
    stood = sum((span.last_on - span.first_on).days + 1 for span in spans if span.kind == "pause")
    assert stood == 60


def test_a_stuck_case_looks_again_at_the_next_opening(database: db.Database) -> None:
    district = office.build(database)
    filed = district.file("officer")
    office_commands.appoint(database, district.posts["supervisor"], holder_id=None)
    office_commands.appoint(database, district.posts["district_supervisor"], holder_id=None)
    district.at("2026-03-27 12:00")
    case = district.case(filed)
    assert case.is_stuck
    assert look.local(case.next_at) == "2026-03-30 09:00"


def test_a_post_reaches_its_scope_and_no_further(database: db.Database) -> None:
    district = office.build(database)
    seen, unseen = district.file("officer"), district.file("other_officer", grid=office.OTHER_GRID)
    office_commands.add_posts(
        database,
        [
            office_commands.NewPost(
                id=ids.uuid7(),
                role="supervisor",
                office_id=district.offices["government"],
                scope_code=office.STREET,
                holder_id=district.people["head"],
            )
        ],
    )
    actor = district.actor("head")
    assert case_query.view(district.engine, actor, seen.case_id).case.id == seen.case_id
    with pytest.raises(errors.NotFound):
        case_query.view(district.engine, actor, unseen.case_id)
    assert board.board(database, actor).total.total == 1
