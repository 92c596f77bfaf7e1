"""Calendars: the shipped years against their sources, arithmetic against walking the days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import calendars, errors
from tests.rules import shipped

DAY = timedelta(days=1)
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Sao_Paulo",  # midnight was skipped in 2018
    "Asia/Beirut",  # midnight is skipped
    "Pacific/Apia",  # skipped a whole day in 2011
)


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + n * DAY for n in range((date(year + 1, 1, 1) - first).days)]


@st.composite
def calendars_of_any_kind(draw: st.DrawFn) -> calendars.Calendar:
    """One to three years, with or without a year missing between, with days off and extra."""
    numbers = draw(st.sets(st.integers(2024, 2027), max_size=3))
    years = []
    for number in sorted(numbers):
        days = days_of(number)
        off = draw(st.sets(st.sampled_from(days), max_size=40))
        extra = draw(st.sets(st.sampled_from([d for d in days if d.weekday() > 4]), max_size=10))
        years.append(
            calendars.Year(
                year=number,
                status=draw(st.sampled_from(["official", "provisional"])),
                source="drawn",
                days_off=frozenset(off - extra),
                extra_workdays=frozenset(extra),
            )
        )
    return shipped.other(years=tuple(years))


some_days = st.dates(date(2023, 6, 1), date(2028, 6, 1))


# --- what is shipped


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_shipped_year_agrees_with_the_package(year: int) -> None:
    calendar = shipped.calendar()
    for day in days_of(year):
        assert calendars.is_workday(calendar, day) is chinese_calendar.is_workday(day), day
        assert calendars.is_make_up(calendar, day) is (day in chinese_calendar.workdays), day


def test_working_days_per_month_of_2025_and_2026() -> None:
    calendar = shipped.calendar()
    counted = {
        year: [
            sum(calendars.is_workday(calendar, day) for day in days_of(year) if day.month == month)
            for month in range(1, 13)
        ]
        for year in (2025, 2026)
    }
    assert counted[2026] == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]
    assert counted[2025] == [19, 19, 21, 22, 19, 20, 23, 21, 23, 18, 20, 23]
    assert sum(counted[2025]) == sum(counted[2026]) == 248


def test_2027_has_the_thirteen_statutory_days_and_is_provisional() -> None:
    year = shipped.year("2027.yaml")
    assert year.status == "provisional"
    assert not year.extra_workdays
    assert sorted(f"{day:%m-%d}" for day in year.days_off) == [
        "01-01",
        *("02-05", "02-06", "02-07", "02-08"),
        "04-05",
        *("05-01", "05-02"),
        "06-09",
        "09-15",
        *("10-01", "10-02", "10-03"),
    ]


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_shipped_year_names_every_day_and_its_source(year: int) -> None:
    data = shipped.year(f"{year}.yaml")
    assert data.year == year
    assert set(data.names) == data.days_off | data.extra_workdays
    assert all(name.zh and name.en for name in data.names.values())
    assert (data.status == "official") is ("国办发明电" in data.source)


def test_office_hours_are_marked_as_ours() -> None:
    hours = shipped.document("hours.yaml")
    assert hours["tag"] == "default"
    assert hours["zone"] == "Asia/Shanghai"
    assert hours["hours"] == [["09:00", "12:00"], ["13:30", "17:30"]]


# --- single days


def test_why_off_tells_weekend_from_holiday() -> None:
    calendar = shipped.calendar()
    assert calendars.why_off(calendar, date(2026, 2, 16)) == "holiday"
    assert calendars.why_off(calendar, date(2026, 2, 15)) == "holiday"  # a Sunday of the block
    assert calendars.why_off(calendar, date(2026, 3, 21)) == "weekend"
    assert calendars.why_off(calendar, date(2026, 2, 14)) is None
    name = calendars.name_of(calendar, date(2026, 2, 16))
    assert name is not None
    assert (name.zh, name.en) == ("春节", "Spring Festival")
    assert calendars.name_of(calendar, date(2026, 3, 21)) is None


def test_year_absent_or_provisional_is_told() -> None:
    calendar = shipped.calendar()
    told = {
        year: calendars.is_provisional(calendar, date(year, 6, 1)) for year in range(2023, 2029)
    }
    assert told == {2023: True, 2024: False, 2025: False, 2026: False, 2027: True, 2028: True}


def test_year_absent_has_weekends_only() -> None:
    calendar = shipped.calendar()
    for day in [*days_of(2023), *days_of(2028)]:
        assert calendars.is_workday(calendar, day) is (day.weekday() < 5)


# --- counting days


@given(calendars_of_any_kind(), some_days, st.integers(-300, 300))
def test_adding_workdays_is_walking_them(calendar: calendars.Calendar, day: date, n: int) -> None:
    step = DAY if n > 0 else -DAY
    walked, left = day, abs(n)
    while left:
        walked += step
        left -= calendars.is_workday(calendar, walked)
    assert calendars.add_workdays(calendar, day, n) == walked


@given(calendars_of_any_kind(), some_days, st.integers(0, 400))
def test_counting_workdays_is_walking_them(calendar: calendars.Calendar, day: date, n: int) -> None:
    walked = sum(calendars.is_workday(calendar, day + k * DAY) for k in range(1, n + 1))
    assert calendars.workdays_between(calendar, day, day + n * DAY) == walked
    assert calendars.workdays_between(calendar, day + n * DAY, day) == -walked


@given(calendars_of_any_kind(), some_days, st.integers(1, 600))
def test_between_is_the_inverse_of_adding(calendar: calendars.Calendar, day: date, n: int) -> None:
    later = calendars.add_workdays(calendar, day, n)
    assert calendars.is_workday(calendar, later)
    assert calendars.workdays_between(calendar, day, later) == n
    number = calendars.count_workdays(calendar, later)
    assert calendars.nth_workday(calendar, number) == later
    if calendars.is_workday(calendar, day):
        assert calendars.add_workdays(calendar, later, -n) == day


@given(calendars_of_any_kind(), some_days)
def test_next_and_previous_workday_are_the_nearest(calendar: calendars.Calendar, day: date) -> None:
    after = before = day
    while not calendars.is_workday(calendar, after):
        after += DAY
    while not calendars.is_workday(calendar, before):
        before -= DAY
    assert calendars.next_workday(calendar, day) == after
    assert calendars.previous_workday(calendar, day) == before


def test_days_far_outside_the_data_are_counted_too() -> None:
    calendar = shipped.calendar()
    for start in (date(1950, 3, 4), date(2100, 2, 27), date(2023, 12, 29), date(2027, 12, 30)):
        day, left = start, 700
        while left:
            day += DAY
            left -= calendars.is_workday(calendar, day)
        assert calendars.add_workdays(calendar, start, 700) == day
        assert calendars.workdays_between(calendar, start, day) == 700


@pytest.mark.parametrize("n", [10**7, -(10**7)])
def test_a_day_out_of_range_is_refused(n: int) -> None:
    with pytest.raises(errors.Invalid, match=r"calendar\.out_of_range"):
        calendars.add_workdays(shipped.calendar(), date(2026, 1, 5), n)


# --- instants


@pytest.mark.parametrize("zone", ZONES)
@given(day=st.dates(date(2009, 1, 2), date(2030, 12, 30)))
def test_start_of_day_is_its_first_instant(zone: str, day: date) -> None:
    calendar = shipped.other(zone=zone)
    start = calendars.start_of_day(calendar, day)
    assert start.tzinfo is UTC
    if (zone, day) == ("Pacific/Apia", date(2011, 12, 30)):
        return  # this day was skipped whole
    assert calendars.local_date(calendar, start) == day
    assert calendars.local_date(calendar, start - timedelta(microseconds=1)) < day


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00+00:00"),
        ("Asia/Beirut", date(2022, 3, 27), "2022-03-26T22:00:00+00:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00:00+00:00"),
        ("Asia/Shanghai", date(2026, 3, 26), "2026-03-25T16:00:00+00:00"),
    ],
)
def test_start_of_day_where_midnight_is_skipped(zone: str, day: date, first: str) -> None:
    start = calendars.start_of_day(shipped.other(zone=zone), day)
    assert start == datetime.fromisoformat(first)


def test_opening_and_closing_are_on_the_wall() -> None:
    calendar = shipped.other(zone="Europe/Berlin")
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)):
        assert calendars.opening(calendar, day).astimezone(ZoneInfo("Europe/Berlin")).time() == (
            time(9)
        )
        assert calendars.closing(calendar, day).astimezone(ZoneInfo("Europe/Berlin")).time() == (
            time(17, 30)
        )


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(errors.Invalid, match=r"time\.not_aware"):
        calendars.local_date(shipped.calendar(), datetime(2026, 1, 1))  # noqa: DTZ001


# --- office time


def is_open(calendar: calendars.Calendar, at: datetime) -> bool:
    local = at.astimezone(calendars.zone(calendar))
    return calendars.is_workday(calendar, local.date()) and any(
        opens <= local.time() < closes for opens, closes in calendar.hours
    )


minutes_of_two_years = st.integers(0, 386 * 24 * 60).map(
    lambda minute: datetime(2025, 12, 20, tzinfo=UTC) + minute * calendars.MINUTE
)


@pytest.mark.parametrize("zone", ZONES[:4])
@given(at=minutes_of_two_years, n=st.integers(1, 1300))
def test_working_minutes_are_counted_minutes(zone: str, at: datetime, n: int) -> None:
    calendar = shipped.other(zone=zone, years=shipped.calendar().years)
    minute, left = at, n
    while left:
        left -= is_open(calendar, minute)
        minute += calendars.MINUTE
    assert calendars.add_working_minutes(calendar, at, n) == minute
    assert calendars.minutes_between(calendar, at, minute) == n
    assert calendars.minutes_between(calendar, minute, at) == -n
    back = calendars.add_working_minutes(calendar, minute, -n)
    assert back >= at
    assert calendars.minutes_between(calendar, back, minute) == n
    assert calendars.minutes_between(calendar, at, back) == 0


@given(at=minutes_of_two_years, seconds=st.integers(1, 10**6))
def test_office_time_adds_up_to_the_second(at: datetime, seconds: int) -> None:
    calendar = shipped.calendar()
    length = timedelta(seconds=seconds)
    later = calendars.add_working_time(calendar, at, length)
    assert calendars.working_time(calendar, at, later) == length
    middle = calendars.add_working_time(calendar, at, length / 2)
    assert calendars.add_working_time(calendar, middle, length - length / 2) == later


def test_office_time_ends_at_closing_and_not_at_the_next_opening() -> None:
    calendar = shipped.calendar()
    start = shipped.at("2026-03-20 16:30")
    assert calendars.add_working_minutes(calendar, start, 60) == shipped.at("2026-03-20 17:30")
    assert calendars.add_working_minutes(calendar, start, 61) == shipped.at("2026-03-23 09:01")
    assert calendars.add_working_minutes(
        calendar, shipped.at("2026-03-23 09:30"), -30
    ) == shipped.at("2026-03-23 09:00")
    assert calendars.add_working_minutes(
        calendar, shipped.at("2026-03-23 09:00"), -1
    ) == shipped.at("2026-03-20 17:29")
    assert calendars.add_working_minutes(calendar, start, 0) == start


def test_office_hours_inside_a_skipped_hour_do_not_count_twice() -> None:
    calendar = shipped.other(
        zone="Europe/Berlin",
        hours=(("01:30", "02:30"), ("03:00", "04:00")),
        years=(
            calendars.Year(
                year=2026,
                status="official",
                source="test",
                days_off=frozenset(),
                extra_workdays=frozenset({date(2026, 3, 29)}),
            ),
        ),
    )
    start, end = (calendars.start_of_day(calendar, date(2026, 3, day)) for day in (29, 30))
    assert calendars.minutes_between(calendar, start, end) == 90


def test_office_time_out_of_range_is_refused() -> None:
    with pytest.raises(errors.Invalid, match=r"calendar\.out_of_range"):
        calendars.add_working_minutes(shipped.calendar(), datetime.max.replace(tzinfo=UTC), 10**6)


# --- faulty calendars


def year_of(**changes: object) -> calendars.Year:
    facts = {
        "year": 2026,
        "status": "official",
        "source": "test",
        "days_off": frozenset(),
        "extra_workdays": frozenset(),
    }
    return calendars.Year(**(facts | changes))  # type: ignore[arg-type]


def test_a_year_without_a_working_day_is_refused() -> None:
    with pytest.raises(errors.Invalid, match=r"calendar\.no_working_day year=2026"):
        shipped.other(years=(year_of(days_off=frozenset(days_of(2026))),))


@pytest.mark.parametrize(
    ("code", "years"),
    [
        ("calendar.year_twice", (year_of(), year_of())),
        ("calendar.other_year", (year_of(days_off=frozenset({date(2025, 1, 1)})),)),
        (
            "calendar.off_and_on",
            (
                year_of(
                    days_off=frozenset({date(2026, 2, 14)}),
                    extra_workdays=frozenset({date(2026, 2, 14)}),
                ),
            ),
        ),
    ],
)
def test_faulty_years_are_refused(code: str, years: tuple[calendars.Year, ...]) -> None:
    with pytest.raises(errors.Invalid) as caught:
        shipped.other(years=years)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "hours",
    [(), (("12:00", "09:00"),), (("09:00", "12:00"), ("11:00", "17:00")), (("09:00", "09:00"),)],
)
def test_faulty_hours_are_refused(hours: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(errors.Invalid, match=r"calendar\.hours"):
        shipped.other(hours=hours)


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(errors.Invalid, match=r"calendar\.zone"):
        shipped.other(zone=zone)


def test_calendars_of_one_hash_are_the_same() -> None:
    assert shipped.other() == shipped.other()
    assert hash(shipped.other()) == hash(shipped.other())
    assert shipped.other() != shipped.calendar()
