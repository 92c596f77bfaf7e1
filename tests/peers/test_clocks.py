"""Clocks: calendars that change, pauses, extensions, working hours, summer time."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import calendars, due, ladders, pack
from tests import office
from tests.peers import stage
from tests.rules import shipped
from tests.workflow import look
from workflow import db
from workflow.commands import act

MEDIATION = "mediation.general"
DAY = timedelta(days=1)


# --- rules and calendars that change


def test_peer_1_27_a_new_calendar_counts_for_new_clocks_and_moves_no_running_one(
    district: office.District,
) -> None:
    """A calendar was edited and open tickets did not follow, or it was given and ignored:
    zammad #534, pm4py #558."""
    old = district.file()
    stage.rules(district, calendar=stage.day_off("2026-03-24"))
    new = district.file()
    due_on = {
        name: look.hold(district, filed.case_id).deadline("dispute.accept").due_on
        for name, filed in (("old", old), ("new", new))
    }
    assert due_on == {"old": date(2026, 3, 25), "new": date(2026, 3, 26)}
    district.at("2026-03-27 10:00")
    urged = {
        name: stage.planned(look.hold(district, filed.case_id), "dispute.accept")[1]
        for name, filed in (("old", old), ("new", new))
    }
    assert urged == {"old": ("urge", "2026-03-26 09:00"), "new": ("urge", "2026-03-27 09:00")}


def test_peer_2_a_ladder_switched_off_is_off_and_leaves_nothing_behind_where_it_was(
    district: office.District,
) -> None:
    """A service level was switched off; what had escalated stayed so and went on mailing:
    zammad #4353."""
    old = district.file()
    stage.rules(district, pack=stage.accepted_within("3 working days"))
    new = district.file()
    district.at("2026-03-31 10:00")
    assert look.hold(district, new.case_id).rungs_of("dispute.accept") == []
    assert [rung.effect for rung in look.hold(district, old.case_id).rungs] == stage.LADDER[:4]
    before = stage.told(district, old.case_id, rule="dispute.accept")
    district.do(old, "accept", "desk")
    case = look.hold(district, old.case_id).case
    assert (case.light, case.supervision, case.supervising_level) == ("green", None, None)
    district.at("2026-06-20 10:00")
    look.hold(district, old.case_id)
    assert stage.told(district, old.case_id, rule="dispute.accept") == before


def test_peer_7_an_answer_in_time_is_not_escalated_by_a_sweep_that_comes_late(
    district: office.District,
) -> None:
    """A ticket escalated although it had been answered: zammad #3140."""
    filed = district.file()
    district.jump("2026-03-25 08:59")
    district.do(filed, "accept", "desk")
    district.jump("2026-04-20 10:00")
    district.sweep()
    found = look.hold(district, filed.case_id)
    assert found.rungs_of("dispute.accept") == []
    assert found.deadline("dispute.accept").state == "met"
    assert stage.told(district, filed.case_id, rule="dispute.accept") == [
        row for row in look.notices(district, filed.case_id) if row.cause == "file_case"
    ]


def test_peer_8_a_merged_case_escalates_nothing_and_the_one_it_went_into_goes_on(
    district: office.District,
) -> None:
    """A merged ticket still escalated: zammad #904."""
    first, second = district.file(), district.file()
    reason = {"earlier_number": first.number, "merge_reason": "同一起漏水"}
    district.do(second, "merge", "desk", **reason)
    merged = look.state_of(look.whole(district, second.case_id))
    district.at("2026-04-20 10:00")
    assert look.state_of(look.whole(district, second.case_id)) == merged
    told = [row.cause for row in look.notices(district, second.case_id)]
    assert told == ["file_case", "merge"]
    found = look.hold(district, first.case_id)
    assert [rung.effect for rung in found.rungs_of("dispute.accept")] == stage.LADDER


# --- pauses


def test_peer_10_what_happens_to_a_paused_case_forgets_nothing_of_the_pause(
    district: office.District,
) -> None:
    """A ticket was raised while it stood: the time it had stood was gone, and it was late at
    once: glpi #6902."""
    plain, busy = (stage.mediating(district) for _ in range(2))
    district.jump("2026-04-10 15:00")
    for filed in (plain, busy):
        district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.jump("2026-05-05 10:00")
    district.do(busy, "urge", "supervisor", urge_reason="请抓紧")
    district.do(busy, "supervise_case", "supervisor", supervise_reason="多次来访")
    district.do(busy, "name_leader", "supervisor", leader=str(district.people["leader"]))
    district.jump("2026-05-10 10:00")
    for filed in (plain, busy):
        district.do(filed, "end_assessment", "mediator", assessment_result="渗漏")
    one, other = (look.hold(district, filed.case_id).deadline(MEDIATION) for filed in (plain, busy))
    assert one.due_on == other.due_on == date(2026, 5, 23)
    assert other.missed_at is None


@pytest.mark.parametrize(
    ("until", "due_on"),
    [
        ("2026-03-27 17:00", "2026-05-08"),
        ("2026-03-29 18:00", "2026-05-08"),
        ("2026-03-30 15:00", "2026-05-09"),  # a Saturday that is worked
    ],
)
def test_peer_11_18_a_pause_over_a_weekend_gives_no_working_day_away(
    district: office.District, until: str, due_on: str
) -> None:
    """A pause was measured around the clock and the limit in working time, so a weekend on hold
    gave days for nothing: glpi #10594, frappe/helpdesk #2449."""
    filed = stage.mediating(district, category="0502")
    stage.assess(district, filed, since="2026-03-27 15:00", until=until)
    row = look.hold(district, filed.case_id).deadline("mediation.medical")
    assert row.due_on.isoformat() == due_on


def test_peer_12_a_clock_that_stands_is_not_missed_and_does_not_climb(
    district: office.District,
) -> None:
    """Agreements were breached while the ticket was pending: glpi #24481."""
    filed = stage.mediating(district)
    assert look.hold(district, filed.case_id).deadline(MEDIATION).due_on == date(2026, 4, 23)
    district.at("2026-04-10 15:00")
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.at("2026-05-10 10:00")
    found = look.hold(district, filed.case_id)
    row = found.deadline(MEDIATION)
    assert (row.state, row.missed_at, found.rungs_of(MEDIATION)) == ("paused", None, [])
    assert found.case.light == "grey"


def test_peer_read_5_a_clock_that_goes_on_after_a_pause_escalates_nothing_at_once(
    district: office.District,
) -> None:
    """The pause only hid the clock, and the ticket escalated as soon as it was opened again:
    zammad's manual."""
    filed = stage.mediating(district)
    stage.assess(district, filed, since="2026-04-10 15:00", until="2026-05-10 10:00")
    assert district.sweep().fired == 0
    found = look.hold(district, filed.case_id)
    assert (found.rungs_of(MEDIATION), found.case.light) == ([], "green")
    district.at("2026-05-24 00:01")
    found = look.hold(district, filed.case_id)
    assert stage.planned(found, MEDIATION) == [("warn", "2026-05-15 09:00")]
    assert found.deadline(MEDIATION).missed_at is not None


def test_peer_17_a_case_that_ends_straight_from_its_pause_is_not_late(
    district: office.District,
) -> None:
    """A pause was forgotten where the ticket was resolved without being resumed: 42 days late:
    frappe/helpdesk #3776."""
    filed = stage.mediating(district)
    district.jump("2026-04-10 15:00")
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.jump("2026-05-20 10:00")
    district.do(filed, "end_mediation", "mediator", end_reason="双方不愿继续", routes_told=True)
    row = look.hold(district, filed.case_id).deadline(MEDIATION)
    assert (row.state, row.missed_at, row.charged_office_id) == ("met", None, None)
    assert district.sweep().cases == 0


# --- working hours


def test_peer_19_20_22_hours_of_work_run_while_the_office_is_open_alone(
    district: office.District,
) -> None:
    """Lunch and shifts could not be told, and "business hours only" was an option that nothing
    obeyed: frappe/helpdesk #2212, chatwoot #13392, freescout #3756."""
    rungs = {"at": "75 %", "do": "warn", "tell": "handler"}
    stage.rules(district, pack=stage.accepted_within("8 working hours", rungs))
    filed = district.file()  # Friday at 16:00: an hour and a half are left of the day
    district.at("2026-03-22 23:00")
    assert look.whole(district, filed.case_id).case.light == "green"
    district.at("2026-03-23 16:59")
    found = look.whole(district, filed.case_id)
    assert stage.planned(found, "dispute.accept") == [("warn", "2026-03-23 15:01")]
    assert found.deadline("dispute.accept").missed_at is None
    district.at("2026-03-23 17:01")
    row = look.whole(district, filed.case_id).deadline("dispute.accept")
    assert row.missed_at is not None
    assert look.local(row.due_at) == "2026-03-23 17:00"


# --- nights the clocks are changed


@pytest.mark.parametrize("start", ["2026-03-24", "2026-10-20"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Beirut"])
def test_peer_23_a_rung_stands_at_opening_on_the_wall_before_and_after_the_clocks_change(
    database: db.Database, zone: str, start: str
) -> None:
    """When summer time ended, everything that was planned moved by an hour: grafana/oncall
    #3261."""
    district, there = office.build(database, start=f"{start} 18:00"), ZoneInfo(zone)
    stage.rules(district, calendar=stage.zone(zone))
    filed = district.file()
    stage.walk(district, district.now() + 7 * DAY)
    found = look.hold(district, filed.case_id)
    rungs = found.rungs_of("dispute.accept")
    on = date.fromisoformat(start)
    assert [rung.planned_at.astimezone(there).date() for rung in rungs[:2]] == [
        on + 3 * DAY,  # Friday
        on + 6 * DAY,  # Monday, the clocks changed
    ]
    assert {rung.planned_at.astimezone(there).time() for rung in rungs} == {time(9)}
    assert rungs[1].planned_at - rungs[0].planned_at != 3 * DAY
    assert all(rung.fired_at - rung.planned_at < timedelta(seconds=10) for rung in rungs)
    due_at = found.deadline("dispute.accept").due_at.astimezone(there)
    assert (due_at.date(), due_at.time()) == (on + 4 * DAY, time(0))


def test_peer_35_a_rung_that_repeats_by_the_hour_comes_once_an_hour_in_the_hour_that_comes_twice(
    database: db.Database,
) -> None:
    """A trigger went round for ever in the hour that comes twice: apscheduler #1021."""
    district = office.build(database, start="2026-10-24 23:00")
    urge = {"at": "when due", "do": "urge", "tell": "handler", "every": "1 wall hour", "cap": "9"}
    pack_of = stage.accepted_within("2 wall hours", urge)
    stage.rules(district, pack=pack_of, calendar=stage.zone("Europe/Berlin"))
    filed = district.file()
    stage.walk(district, datetime(2026, 10, 25, 12, tzinfo=UTC))
    rungs = look.whole(district, filed.case_id).rungs_of("dispute.accept")
    moments = [rung.planned_at for rung in rungs]
    assert len(moments) == 9
    assert {later - one for one, later in itertools.pairwise(moments)} == {timedelta(hours=1)}
    hours = [at.astimezone(ZoneInfo("Europe/Berlin")).hour for at in moments]
    assert hours.count(2) == 2


# --- extensions, and days off


def _serve(district: office.District, filed: act.Receipt, *, on: str) -> None:
    """What has been made is handed over."""
    service = {"served_method": "in_person", "served_on": on, "receipt": "本人签收"}
    for no in look.unserved(district, filed.case_id):
        district.do(filed, "serve_paper", "handler", paper=no, **service)


def test_peer_25_a_lawful_extension_does_not_show_as_overdue(district: office.District) -> None:
    """A lawful extension was shown as a delay: righttoknow #102."""
    filed = district.file("petition_officer", process="petition")
    district.at("2026-03-23 10:00")
    district.do(filed, "transfer", "petition_officer", to_office=str(district.offices["housing"]))
    district.do(filed, "accept", "handler", route="6")
    _serve(district, filed, on="2026-03-23")
    assert look.hold(district, filed.case_id).deadline("petition.handle").due_on == date(
        2026, 5, 22
    )
    district.at("2026-05-22 17:00")
    district.do(filed, "extend", "head", extend_days=30, extend_reason="核对账目")
    _serve(district, filed, on="2026-05-22")
    district.at("2026-06-01 10:00")
    found = look.hold(district, filed.case_id)
    assert (found.case.light, found.deadline("petition.handle").missed_at) == ("yellow", None)
    assert [effect for effect, _ in stage.planned(found, "petition.handle")] == ["warn"]


LIMITS = ("3 working_day", "12 working_day", "15 calendar_day", "1 month", "9 working_hour")
AFTER = tuple(
    pack.Rung(at=at, do="urge", tell="handler")
    for at in (
        pack.When(kind="due"),
        pack.When(kind="after", length=shipped.length("3 working_day")),
        pack.When(kind="after", length=shipped.length("2 calendar_day")),
    )
)
days_of_spring = st.dates(date(2026, 3, 1), date(2026, 6, 1))


def _with_days_off(days: frozenset[date]) -> calendars.Calendar:
    year = calendars.Year(
        year=2026, status="official", source="test", days_off=days, extra_workdays=frozenset()
    )
    return shipped.other(years=(year,))


@given(
    limit=st.sampled_from(LIMITS),
    roll=st.sampled_from(["none", "next_working_day"]),
    off=st.frozensets(days_of_spring, max_size=9),
    more=st.frozensets(days_of_spring, min_size=1, max_size=9),
    start_at=st.datetimes(
        datetime(2026, 3, 1),  # noqa: DTZ001  the zone is drawn with it
        datetime(2026, 5, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
)
def test_peer_read_2_more_days_off_make_nothing_due_earlier_and_urge_nothing_earlier(
    limit: str, roll: str, off: frozenset[date], more: frozenset[date], start_at: datetime
) -> None:
    """Days off were taken from the age that a ticket must have: holidays made it escalate sooner:
    django-helpdesk's `escalate_tickets`."""
    rule = shipped.rule(limit, roll=roll)
    found = []
    for days in (off, off | more):
        calendar = _with_days_off(days)
        ends = due.due(rule, calendar=calendar, start_at=start_at)
        plan = ladders.plan(
            AFTER,
            rule=rule,
            calendar=calendar,
            start_at=start_at,
            due_at=ends.due_at,
            due_on=ends.due_on,
        )
        found.append([ends.due_at, *(one.at for one in sorted(plan, key=lambda it: it.index))])
    few, many = found
    assert all(one <= other for one, other in zip(few, many, strict=True))


def test_peer_read_1_what_people_do_restarts_no_clock(district: office.District) -> None:
    """Time ran from the last change, so any comment started it anew: DIGIT CCRS's
    `EscalationScheduler`."""
    left, busy = district.file(), district.file()
    for day in ("23", "24", "25"):
        district.at(f"2026-03-{day} 10:00")
        district.do(busy, "urge", "supervisor", urge_reason="请抓紧")
    district.at("2026-04-20 10:00")
    one, other = (look.hold(district, filed.case_id) for filed in (left, busy))
    assert other.deadline("dispute.accept").due_on == one.deadline("dispute.accept").due_on
    assert stage.planned(other, "dispute.accept") == stage.planned(one, "dispute.accept")
    assert [effect for effect, _ in stage.planned(other, "dispute.accept")] == stage.LADDER


def test_peer_17_a_missed_clock_stays_late_when_the_case_ends_straight_from_a_pause(
    district: office.District,
) -> None:
    """A pause was forgotten where the ticket was resolved without being resumed:
    frappe/helpdesk #3776."""
    filed = stage.mediating(district)
    district.at("2026-04-28 10:00")  # due on the 23rd
    district.do(filed, "start_assessment", "mediator", assessment_reason="鉴定")
    district.do(filed, "end_mediation", "mediator", end_reason="双方不愿继续", routes_told=True)
    row = look.hold(district, filed.case_id).deadline("mediation.general")
    assert (row.missed_at is not None, row.state) == (True, "met_late")
