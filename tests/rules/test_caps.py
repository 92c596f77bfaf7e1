"""How long a pause may last: against walking the days and the minutes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import calendars, due, pack
from rules.due import caps
from tests.rules import shipped

DAY = timedelta(days=1)
days = st.dates(date(2025, 12, 1), date(2026, 11, 1))


def pause(first: date, length: int) -> due.Pause:
    """Whole days, as a clock of days is paused."""
    return due.Pause(from_on=first, to_on=first + length * DAY, reason="expert")


@settings(deadline=None)
@given(
    days,
    st.sampled_from(["working_day", "calendar_day"]),
    st.integers(1, 40),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_a_cap_in_days_is_the_days_that_are_left(
    start: date, unit: pack.Unit, n: int, lengths: list[int]
) -> None:
    calendar, cap = shipped.calendar(), pack.Length(n=n, unit=unit)
    ended, at = [], start
    for length in lengths:
        ended.append(pause(at, length))
        at += (length + 2) * DAY

    def counts(day: date) -> bool:
        return unit == "calendar_day" or calendars.is_workday(calendar, day)

    used = sum(
        counts(p.from_on + k * DAY) for p in ended for k in range(1, (p.to_on - p.from_on).days + 1)
    )
    assert caps.is_used_up(cap, calendar=calendar, ended=ended) is (used >= n)
    walked, left = at, max(n - used, 0)
    while left:
        walked += DAY
        left -= counts(walked)
    from_at = shipped.at(f"{at} 10:00")
    found = caps.ends(cap, calendar=calendar, from_at=from_at, ended=ended)
    assert found == calendars.start_of_day(calendar, walked + DAY)


@settings(deadline=None)
@given(
    st.integers(0, 200 * 24 * 60),
    st.sampled_from(["working_hour", "wall_hour", "working_minute", "wall_minute"]),
    st.integers(1, 12),
    st.lists(st.integers(0, 500), max_size=3),
)
def test_a_cap_in_hours_is_the_minutes_that_are_left(
    start: int, unit: pack.Unit, n: int, lengths: list[int]
) -> None:
    calendar, cap = shipped.calendar(), pack.Length(n=n, unit=unit)
    at = shipped.at("2026-01-05 00:00") + start * calendars.MINUTE

    def counts(minute: datetime) -> bool:
        local = minute.astimezone(shipped.SHANGHAI)
        return unit.startswith("wall") or (
            calendars.is_workday(calendar, local.date())
            and any(opens <= local.time() < closes for opens, closes in calendar.hours)
        )

    ended, used = [], 0
    for length in lengths:
        minutes = [at + k * calendars.MINUTE for k in range(length)]
        used += sum(map(counts, minutes))
        end = at + length * calendars.MINUTE
        ended.append(
            due.Pause(
                from_on=calendars.local_date(calendar, at),
                to_on=calendars.local_date(calendar, end),
                from_at=at,
                to_at=end,
                reason="expert",
            )
        )
        at = end + 90 * calendars.MINUTE
    whole = n * (60 if unit.endswith("hour") else 1)
    assert caps.is_used_up(cap, calendar=calendar, ended=ended) is (used >= whole)
    walked, left = at, max(whole - used, 0)
    while left:
        left -= counts(walked)
        walked += calendars.MINUTE
    assert caps.ends(cap, calendar=calendar, from_at=at, ended=ended) == walked


@pytest.mark.parametrize(
    ("first", "ended", "last"),
    [
        ("2026-03-20", [], "2026-04-20"),
        ("2026-01-31", [], "2026-02-28"),  # no such day in February
        ("2026-03-20", [("2026-02-01", 10)], "2026-04-07"),  # of 28 days 18 are left
    ],
)
def test_a_cap_in_months_runs_to_the_same_day(
    first: str, ended: list[tuple[str, int]], last: str
) -> None:
    found = caps.ends(
        pack.Length(n=1, unit="month"),
        calendar=shipped.calendar(),
        from_at=shipped.at(f"{first} 10:00"),
        ended=[pause(date.fromisoformat(day), length) for day, length in ended],
    )
    day = date.fromisoformat(last) + DAY
    assert found == shipped.at(f"{day} 00:00")
