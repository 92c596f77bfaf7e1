"""Instants and office time: when an office opens, and how many minutes lie between.

Office time is summed once per calendar and year, so that no question walks the minutes.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from rules import errors
from rules.calendars.days import count_workdays, is_workday, nth_workday
from rules.calendars.model import Calendar, Stretches, hours_on

MINUTE = timedelta(minutes=1)
_NONE = timedelta(0)
_SECOND = timedelta(seconds=1)


def zone(calendar: Calendar) -> ZoneInfo:
    """The time zone the office lives in."""
    return calendar.index.zone


def local_date(calendar: Calendar, at: datetime) -> date:
    """The date on the office's wall at this instant.

    Raises: time.not_aware, calendar.out_of_range.
    """
    if at.tzinfo is None:
        raise errors.Invalid("time.not_aware")
    try:
        return at.astimezone(calendar.index.zone).date()
    except OverflowError as error:
        raise errors.Invalid("calendar.out_of_range") from error


def start_of_day(calendar: Calendar, day: date) -> datetime:
    """The first instant of this local day, in UTC; where midnight is skipped, the first after."""
    return instant(calendar.zone, day, time.min)


def office_hours(calendar: Calendar, day: date) -> Stretches:
    """The local times between which the office is open on this day, were it a working day."""
    return calendar.hours if calendar.index.is_even else hours_on(calendar.index, day)


def opening(calendar: Calendar, day: date) -> datetime:
    """When the office opens on this day, were it a working day. UTC."""
    return instant(calendar.zone, day, office_hours(calendar, day)[0][0])


def closing(calendar: Calendar, day: date) -> datetime:
    """When the office closes on this day, were it a working day. UTC."""
    return instant(calendar.zone, day, office_hours(calendar, day)[-1][1])


@lru_cache(maxsize=16384)
def instant(zone: str, day: date, wall: time) -> datetime:
    """The instant, in UTC, at which the wall of this zone first shows this day and time; where
    the clocks skip it, the moment at which they do."""
    local = datetime.combine(day, wall, tzinfo=ZoneInfo(zone))
    at = local.astimezone(UTC)
    if at.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return at
    before = local.replace(fold=1).astimezone(UTC).replace(microsecond=0)
    return _turn(local.tzinfo, before, at)


def _turn(zone: tzinfo | None, before: datetime, after: datetime) -> datetime:
    """The moment between two at which the clocks of a zone are put forward, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0) if middle.microsecond else middle
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


# --- office hours


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfficeTime:
    """The opened stretches of one year, in UTC, and how much was worked up to each end."""

    starts: tuple[datetime, ...]
    worked: tuple[timedelta, ...]

    @property
    def total(self) -> timedelta:
        return self.worked[-1] if self.worked else _NONE


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How long the office is open between two instants; negative if `end` is the earlier."""
    if end < start:
        return -working_time(calendar, end, start)
    first = local_date(calendar, start).year
    last = local_date(calendar, end).year
    full = sum((_office_time(calendar, year).total for year in range(first, last)), _NONE)
    return full + _worked(calendar, last, end) - _worked(calendar, first, start)


def minutes_between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """The full minutes of office time between two instants."""
    return int(working_time(calendar, start, end) / MINUTE)


def add_working_minutes(calendar: Calendar, at: datetime, n: int) -> datetime:
    """The instant at which n minutes of office time have passed since `at`, the earliest one.

    With a negative n the latest instant from which n minutes still lie before `at`.
    Raises: calendar.out_of_range.
    """
    return add_working_time(calendar, at, n * MINUTE)


def add_working_time(calendar: Calendar, at: datetime, length: timedelta) -> datetime:
    """As `add_working_minutes`, for any length of office time."""
    if not length:
        return at
    year = local_date(calendar, at).year
    target = _worked(calendar, year, at) + length
    while target < _NONE:
        year -= 1
        target += _office_time(calendar, year).total
    while target > _office_time(calendar, year).total:
        target -= _office_time(calendar, year).total
        year += 1
    office = _office_time(calendar, year)
    find = bisect.bisect_left if length > _NONE else bisect.bisect_right
    place = find(office.worked, target)
    before = office.worked[place - 1] if place else _NONE
    return office.starts[place] + (target - before)


def _worked(calendar: Calendar, year: int, at: datetime) -> timedelta:
    """The office time of this year that lies before the instant."""
    office = _office_time(calendar, year)
    place = bisect.bisect_right(office.starts, at) - 1
    if place < 0:
        return _NONE
    before = office.worked[place - 1] if place else _NONE
    return min(before + (at - office.starts[place]), office.worked[place])


@lru_cache(maxsize=256)
def _office_time(calendar: Calendar, year: int) -> _OfficeTime:
    if not date.min.year <= year < date.max.year:
        raise errors.Invalid("calendar.out_of_range")
    starts: list[datetime] = []
    worked: list[timedelta] = []
    total = _NONE
    first = count_workdays(calendar, date(year, 1, 1)) + 1 - is_workday(calendar, date(year, 1, 1))
    last = count_workdays(calendar, date(year, 12, 31))
    for number in range(first, last + 1):
        day = nth_workday(calendar, number)
        end = start_of_day(calendar, day)
        for opens, closes in office_hours(calendar, day):
            start = max(instant(calendar.zone, day, opens), end)
            end = max(instant(calendar.zone, day, closes), start)
            if end > start:  # an hour the clocks skip is no office hour
                total += end - start
                starts.append(start)
                worked.append(total)
    return _OfficeTime(starts=tuple(starts), worked=tuple(worked))
