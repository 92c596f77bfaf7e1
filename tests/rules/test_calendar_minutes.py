"""Office time and hour clocks against a counter that looks at every minute (`minutes.Office`).

Zones with and without summer time, lunch, hours that differ by weekday and from a day on, days
off, make-up workdays, half days. Every property is drawn as often as `EXAMPLES` says.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules import calendars, due, errors, ladders, pack
from tests.rules import minutes, shipped
from tests.rules.minutes import DAY, MINUTE, Office, moments, offices, walls

EXAMPLES: Final = 40
often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PAUSES = st.lists(st.tuples(st.integers(-400, 4000), st.integers(0, 1500)), max_size=3)
UNITS = st.sampled_from(["working_hour", "wall_hour", "working_minute", "wall_minute"])


# --- office time


@pytest.mark.long
@often
@given(offices(), moments(), moments())
def test_office_time_is_the_open_minutes(office: Office, one: int, two: int) -> None:
    found = calendars.minutes_between(office.calendar, office.at(one), office.at(two))
    assert found == (office.counted(one, two) if one <= two else -office.counted(two, one))


@pytest.mark.long
@often
@given(offices(), moments(), st.integers(1, 2500), st.booleans())
def test_adding_is_the_inverse_of_counting(
    office: Office, start: int, n: int, at_closing: bool
) -> None:
    later = [minute for minute in office.open if minute >= start]
    assume(len(later) >= n)
    if at_closing:  # up to a moment at which the office closes
        while n < len(later) and later[n] == later[n - 1] + 1:
            n += 1
    end = later[n - 1] + 1  # the first instant at which n minutes are over
    at = calendars.add_working_minutes(office.calendar, office.at(start), n)
    assert at == office.at(end)
    assert calendars.minutes_between(office.calendar, office.at(start), at) == n
    back = calendars.add_working_minutes(office.calendar, at, -n)
    assert back == office.at(later[0]), "the latest instant from which n minutes lie before"


@often
@given(offices(), moments(), moments(), st.integers(0, 1500), st.integers(0, 1500))
def test_adding_is_monotone(office: Office, one: int, two: int, n: int, m: int) -> None:
    (one, two), (n, m) = sorted((one, two)), sorted((n, m))

    def added(start: int, length: int) -> datetime:
        return calendars.add_working_minutes(office.calendar, office.at(start), length)

    assert added(one, n) <= added(one, m)
    if n:
        assert added(one, n) <= added(two, n)
    assert added(added_at(office, added(one, n)), m) == added(one, n + m)


def added_at(office: Office, at: datetime) -> int:
    """Which minute of the look an instant is."""
    return int((at - office.start) / MINUTE)


@often
@given(offices(), moments(), moments(), moments())
def test_office_time_adds_up(office: Office, one: int, two: int, three: int) -> None:
    parts = itertools.pairwise((one, two, three))
    counted = [
        calendars.minutes_between(office.calendar, office.at(a), office.at(b)) for a, b in parts
    ]
    whole = calendars.minutes_between(office.calendar, office.at(one), office.at(three))
    assert sum(counted) == whole


@pytest.mark.long
@often
@given(offices(), st.integers(1, minutes.SPAN - 2))
def test_an_office_opens_with_its_first_minute_and_closes_after_its_last(
    office: Office, n: int
) -> None:
    day, zone = office.first + n * DAY, ZoneInfo(office.zone)
    own = [m for m in office.open if office.at(m).astimezone(zone).date() == day]
    assume(own)
    opens = calendars.opening(office.calendar, day)
    closes = calendars.closing(office.calendar, day)
    assert opens <= office.at(own[0])
    assert closes >= office.at(own[-1])
    # earlier or later only by what the clocks skip
    assert calendars.minutes_between(office.calendar, opens, closes) == len(own)
    assert calendars.office_hours(office.calendar, day) == office.hours_on(day)


@often
@given(
    st.sampled_from([(zone, day) for zone in minutes.ZONES for day in minutes.TURNS[zone]]),
    st.integers(-1, 1),
    st.integers(0, 4 * 60).map(lambda n: time(n // 60, n % 60)),
)
def test_an_instant_is_the_first_at_which_the_wall_shows_it(
    turn: tuple[str, date], shift: int, wall: time
) -> None:
    zone, day = turn[0], turn[1] + shift * DAY
    at, wanted = calendars.instant(zone, day, wall), datetime.combine(day, wall)
    shown = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    before = (at - MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown >= wanted
    assert before < wanted
    if shown != wanted:  # skipped: the clocks go forward at this instant
        assert shown - before > MINUTE


@pytest.mark.parametrize(
    ("zone", "day", "wall", "shown"),
    [
        ("America/New_York", date(2026, 3, 8), time(2, 20), "03:00"),
        ("Europe/London", date(2026, 3, 29), time(1, 59), "02:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10), "02:30"),
        ("Asia/Beirut", date(2026, 3, 29), time(0, 30), "01:00"),
        ("America/New_York", date(2026, 11, 1), time(1, 30), "01:30"),
    ],
)
def test_a_time_that_the_clocks_skip_is_the_moment_at_which_they_do(
    zone: str, day: date, wall: time, shown: str
) -> None:
    at = calendars.instant(zone, day, wall)
    assert at.astimezone(ZoneInfo(zone)).strftime("%F %H:%M") == f"{day} {shown}"
    assert at.astimezone(ZoneInfo(zone)).fold == 0, "the first, where it comes twice"


# --- hour and minute clocks


@pytest.mark.long
@often
@given(offices(), moments(), UNITS, st.integers(1, 14), st.integers(0, 6), PAUSES)
def test_I5_an_hour_clock_ends_when_its_minutes_are_over(
    office: Office,
    start: int,
    unit: pack.Unit,
    n: int,
    more: int,
    drawn: list[tuple[int, int]],
) -> None:
    rule, start_at = _rule(unit, n), office.at(start)
    pauses = _pauses(office, start, drawn)
    whole = (n + more) * (60 if unit.endswith("hour") else 1)
    end = _walked(office, start, whole, pauses=drawn, unit=unit)
    assume(end is not None)
    terms: dict[str, Any] = {"calendar": office.calendar, "start_at": start_at, "pauses": pauses}
    found = due.due(rule, extend_days=more, **terms)
    assert found.due_at == office.at(end or 0)
    spans = due.explain(rule, extend_days=more, **terms)
    assert sum(span.counted for span in spans) == whole
    assert spans[0].first_on == calendars.local_date(office.calendar, start_at)
    assert spans[-1].last_on == found.due_on
    for one, two in itertools.pairwise(spans):
        assert two.first_on in (one.last_on, one.last_on + DAY)


@often
@given(offices(), moments(), UNITS, st.integers(1, 14), PAUSES)
def test_I6_what_a_pause_takes_is_what_it_covers(
    office: Office, start: int, unit: pack.Unit, n: int, drawn: list[tuple[int, int]]
) -> None:
    rule, start_at = _rule(unit, n), office.at(start)
    pauses = _pauses(office, start, drawn)
    whole = n * (60 if unit.endswith("hour") else 1)
    found = due.due(rule, calendar=office.calendar, start_at=start_at, pauses=pauses)
    end = added_at(office, found.due_at)
    assume(end < minutes.SPAN * 24 * 60)
    paused = _paused(start, drawn) & set(range(start, end))
    counts = set(range(start, end)) if unit.startswith("wall") else set(office.open)
    assert len(counts & set(range(start, end))) == whole + len(counts & paused)
    plain = due.due(rule, calendar=office.calendar, start_at=start_at)
    assert plain.due_at <= found.due_at


@often
@given(offices(), moments(), UNITS, st.integers(1, 14), st.integers(1, 100), st.integers(0, 500))
def test_I3_a_rung_of_an_hour_clock_stands_where_its_share_is_over(
    office: Office, start: int, unit: pack.Unit, n: int, percent: int, offset: int
) -> None:
    rule, start_at = replace(_rule(unit, n), ladder="own"), office.at(start)
    whole = n * (60 if unit.endswith("hour") else 1)
    share = -(-whole * percent // 100)
    at = pack.When(kind="percent", percent=percent)
    after = pack.When(kind="after", length=pack.Length(n=offset, unit="working_minute"))
    rungs = [pack.Rung(at=at, do="warn", tell="handler")]
    rungs += [pack.Rung(at=after, do="raise", tell="supervisor")] if offset else []
    ends = due.due(rule, calendar=office.calendar, start_at=start_at)
    plan = ladders.plan(
        rungs,
        rule=rule,
        calendar=office.calendar,
        start_at=start_at,
        due_at=ends.due_at,
        due_on=ends.due_on,
    )
    reached = _walked(office, start, share, pauses=[], unit=unit)
    end = added_at(office, ends.due_at)
    later = _walked(office, end, offset, pauses=[], unit="working_minute") if offset else end
    assume(reached is not None and later is not None)
    assert plan[0].at == max(office.at(reached or 0), start_at + ladders.SLIP)
    if offset:
        assert plan[-1].at == max(office.at(later or 0), start_at + ladders.SLIP)


# --- half days where days are counted


@often
@given(offices(), moments(), st.sampled_from(["working_day", "calendar_day"]), st.integers(1, 40))
def test_half_days_and_hours_move_no_clock_of_days(
    office: Office, start: int, unit: pack.Unit, n: int
) -> None:
    rule, start_at = shipped.rule(f"{n} {unit}"), office.at(start)
    plain = shipped.other(
        zone=office.zone,
        years=tuple(replace(year, half_days={}) for year in office.calendar.years),
    )
    found = due.due(rule, calendar=office.calendar, start_at=start_at)
    assert found == due.due(rule, calendar=plain, start_at=start_at)
    walked, left = calendars.local_date(office.calendar, start_at), n
    while left:
        walked += DAY
        left -= unit == "calendar_day" or office.works(walked)
    assert found.due_on == walked
    spans = due.explain(rule, calendar=office.calendar, start_at=start_at)
    assert sum(span.counted for span in spans) == n
    told = {span.first_on for span in spans if span.kind == "half_day"}
    if unit == "working_day":
        inside = {d for d in office.half if spans[0].last_on < d <= walked}
        assert told <= set(office.half)
        assert all(any(s.first_on <= d <= s.last_on for s in spans) for d in inside)


@often
@given(offices(), moments(), st.integers(1, 9))
def test_a_day_that_ends_with_the_office_ends_at_the_closing_of_that_day(
    office: Office, start: int, n: int
) -> None:
    rule = shipped.rule(f"{n} working_day", ends="office_closing")
    found = due.due(rule, calendar=office.calendar, start_at=office.at(start))
    closes = office.hours_on(found.due_on)[-1][1]
    assert found.due_at == calendars.instant(office.zone, found.due_on, closes)


# --- worked cases


def test_a_half_day_counts_as_a_day_and_only_its_minutes_as_minutes() -> None:
    calendar = _with(half_days={date(2026, 2, 13): "morning"})
    friday = shipped.at("2026-02-12 16:30")  # Thursday; Friday is the half day
    day = due.due(shipped.rule("1 working_day"), calendar=calendar, start_at=friday)
    assert day.due_on == date(2026, 2, 13)
    found = due.due(shipped.rule("5 working_hour"), calendar=calendar, start_at=friday)
    assert found.due_at == shipped.at("2026-02-14 10:00"), "1 + 3 + 1 hours"
    spans = due.explain(shipped.rule("5 working_hour"), calendar=calendar, start_at=friday)
    told = [(str(span.first_on)[5:], span.kind, span.counted) for span in spans]
    assert told == [("02-12", "counted", 60), ("02-13", "half_day", 180), ("02-14", "make_up", 60)]


def test_an_afternoon_begins_after_the_longest_break() -> None:
    hours = walls("08:00-09:30 09:40-12:00 14:00-18:00")
    stretches = {
        half: calendars.office_hours(_with(hours=hours, half_days={date(2026, 3, 4): half}), day)
        for half in ("morning", "afternoon")
        for day in [date(2026, 3, 4)]
    }
    assert stretches["morning"] == walls("08:00-09:30 09:40-12:00")
    assert stretches["afternoon"] == walls("14:00-18:00")
    through = _with(hours=walls("09:00-17:00"), half_days={date(2026, 3, 4): "afternoon"})
    assert calendars.office_hours(through, date(2026, 3, 4)) == walls("12:00-17:00")


def test_hours_change_on_the_day_they_are_valid_from() -> None:
    summer = calendars.Hours(
        valid_from=date(2026, 6, 1),
        hours=walls("08:30-12:00 15:00-18:00"),
        source="notice",
        weekdays={"friday": walls("08:30-12:00")},
    )
    calendar = calendars.Calendar(
        zone="Asia/Shanghai",
        hours=walls("09:00-12:00 13:30-17:30"),
        years=shipped.calendar().years,
        versions=(summer,),
        hash="summer",
    )
    assert calendars.opening(calendar, date(2026, 5, 29)) == shipped.at("2026-05-29 09:00")
    assert calendars.opening(calendar, date(2026, 6, 1)) == shipped.at("2026-06-01 08:30")
    assert calendars.closing(calendar, date(2026, 6, 4)) == shipped.at("2026-06-04 18:00")
    assert calendars.closing(calendar, date(2026, 6, 5)) == shipped.at("2026-06-05 12:00")
    found = due.due(
        shipped.rule("8 working_hour"), calendar=calendar, start_at=shipped.at("2026-05-29 16:30")
    )
    assert found.due_at == shipped.at("2026-06-02 09:00"), "1 + 6.5 + 0.5 hours"


def test_a_rung_on_a_half_day_stands_when_that_half_begins() -> None:
    calendar = _with(half_days={date(2026, 3, 26): "afternoon"})
    rule = shipped.rule("3 working_day", ladder="own")
    start_at = shipped.at("2026-03-20 10:00")
    ends = due.due(rule, calendar=calendar, start_at=start_at)
    rung = pack.Rung(at=pack.When(kind="due"), do="urge", tell="handler")
    plan = ladders.plan(
        [rung],
        rule=rule,
        calendar=calendar,
        start_at=start_at,
        due_at=ends.due_at,
        due_on=ends.due_on,
    )
    assert [one.at for one in plan] == [shipped.at("2026-03-26 13:30")]


# --- faulty ones


def test_a_calendar_of_half_days_in_which_nobody_works_is_refused() -> None:
    first = date(2026, 1, 1)
    every = frozenset(first + n * DAY for n in range(365))
    with pytest.raises(errors.Invalid, match=r"calendar\.no_working_day year=2026"):
        _with(days_off=every, extra_workdays=frozenset(), half_days={})


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("calendar.half_and_off", {"half_days": {date(2026, 2, 16): "morning"}}),
        ("calendar.half_on_weekend", {"half_days": {date(2026, 3, 21): "morning"}}),
        ("calendar.other_year", {"half_days": {date(2025, 3, 21): "morning"}}),
        ("calendar.hours", {"half_days": {date(2026, 3, 20): walls("10:00-09:00")}}),
        ("calendar.hours", {"half_days": {date(2026, 3, 20): ()}}),
        (
            "calendar.half_empty",
            {"half_days": {date(2026, 3, 20): "afternoon"}, "hours": walls("08:00-11:00")},
        ),
        ("calendar.hours", {"weekdays": {"friday": walls("09:00-12:00 11:00-13:00")}}),
        ("calendar.hours", {"versions": [("2026-06-01", "12:00-09:00")]}),
        ("calendar.version_order", {"versions": [("2026-06-01", "09:00-12:00")] * 2}),
        ("calendar.year_range", {"year": 99999}),
    ],
)
def test_a_faulty_calendar_is_refused(code: str, changes: dict[str, Any]) -> None:
    with pytest.raises(errors.Invalid) as caught:
        _with(**changes)
    assert caught.value.code == code


# --- builders


def _with(
    *,
    hours: minutes.Stretches = minutes.HOURS[0],
    weekdays: dict[calendars.Weekday, minutes.Stretches] | None = None,
    versions: list[tuple[str, str]] | None = None,
    **changes: Any,
) -> calendars.Calendar:
    """The shipped 2026 with changes."""
    year = replace(shipped.year("2026.yaml"), **changes)
    return calendars.Calendar(
        zone="Asia/Shanghai",
        hours=hours,
        weekdays=weekdays or {},
        versions=tuple(
            calendars.Hours(valid_from=date.fromisoformat(day), hours=walls(text), source="x")
            for day, text in versions or []
        ),
        years=(year,),
        hash=repr((hours, weekdays, versions, changes)),
    )


def _rule(unit: pack.Unit, n: int) -> pack.DeadlineRule:
    return shipped.rule(f"{n} {unit}", extension=shipped.extension(f"90 {unit}"))


def _pauses(office: Office, start: int, drawn: list[tuple[int, int]]) -> tuple[due.Pause, ...]:
    return tuple(
        due.Pause(
            from_on=calendars.local_date(office.calendar, office.at(start + first)),
            to_on=calendars.local_date(office.calendar, office.at(start + first + length)),
            from_at=office.at(start + first),
            to_at=office.at(start + first + length),
            reason="expert",
        )
        for first, length in drawn
    )


def _paused(start: int, drawn: list[tuple[int, int]]) -> set[int]:
    return {start + first + n for first, length in drawn for n in range(length)}


def _walked(
    office: Office, start: int, whole: int, *, pauses: list[tuple[int, int]], unit: str
) -> int | None:
    """The minute at which `whole` minutes are over, walked one by one; None beyond the look."""
    opened, paused = set(office.open), _paused(start, pauses)
    minute, left = start, whole
    while left:
        if minute >= minutes.SPAN * 24 * 60:
            return None
        left -= (unit.startswith("wall") or minute in opened) and minute not in paused
        minute += 1
    return minute
