"""Which days and minutes count for an office, and why the others do not.

Working days are counted from an index built once per calendar: how many there are up to a
day, and which day is the n-th. So no question walks day by day. Years outside the data have
weekends only and count as provisional.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules import errors, pack

Status = Literal["official", "provisional"]
WhyOff = Literal["weekend", "holiday"]

MINUTE = timedelta(minutes=1)
_NONE = timedelta(0)
_LAST = date.max.toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One year's days off and make-up workdays, as the notice named by `source` gives them.

    `days_off` may name weekend days too; `names` says which festival a day belongs to.
    """

    year: int
    status: Status
    source: str
    days_off: frozenset[date]
    extra_workdays: frozenset[date]
    names: Mapping[date, pack.Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Index:
    """The counted days of a calendar. `days` are the working days of its years in order, and
    `counts[i]` says how many of them lie up to the i-th day after `first` (an ordinal).

    `before` working days went before, from year 1 on; `shift` is what the years have more, or
    fewer, than Mondays to Fridays. Compared by identity, so that it is a cheap key.
    """

    zone: ZoneInfo
    first: int
    counts: tuple[int, ...]
    days: tuple[date, ...]
    before: int
    shift: int
    off: frozenset[date]
    extra: frozenset[date]
    official: frozenset[int]
    names: Mapping[date, pack.Text]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """The working days and office hours of a place. Two calendars of one hash are the same.

    Units: `hours` are local times of every working day, in order.
    Raises: calendar.zone, calendar.hours, calendar.year_twice, calendar.other_year,
        calendar.off_and_on, calendar.no_working_day.
    """

    zone: str
    hours: tuple[tuple[time, time], ...]
    years: tuple[Year, ...]
    hash: str
    index: Index = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_hours(self.hours)
        index = _index(self.years, _zone(self.zone))
        object.__setattr__(self, "index", index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and (self.hash, self.zone) == (other.hash, other.zone)

    def __hash__(self) -> int:
        return hash(self.hash)


# --- days


def is_workday(calendar: Calendar, day: date) -> bool:
    """Whether the office works on this day."""
    index = calendar.index
    return day in index.extra if day.weekday() > 4 else day not in index.off


def why_off(calendar: Calendar, day: date) -> WhyOff | None:
    """Why the office does not work on this day; None if it does."""
    if is_workday(calendar, day):
        return None
    return "holiday" if day in calendar.index.off else "weekend"


def is_make_up(calendar: Calendar, day: date) -> bool:
    """Whether this is a weekend day worked in exchange for a day off (调休)."""
    return day.weekday() > 4 and day in calendar.index.extra


def is_provisional(calendar: Calendar, day: date) -> bool:
    """Whether the year of this day is not, or not finally, in the data."""
    return day.year not in calendar.index.official


def name_of(calendar: Calendar, day: date) -> pack.Text | None:
    """The festival this day off, or make-up workday, belongs to."""
    return calendar.index.names.get(day)


def next_workday(calendar: Calendar, day: date) -> date:
    """This day if the office works on it, else the first working day after it."""
    return nth_workday(calendar, count_workdays(calendar, day) + 1 - is_workday(calendar, day))


def previous_workday(calendar: Calendar, day: date) -> date:
    """This day if the office works on it, else the last working day before it."""
    return nth_workday(calendar, count_workdays(calendar, day))


def add_workdays(calendar: Calendar, day: date, n: int) -> date:
    """The n-th working day after this one (before it, if n is negative); the day itself is not
    counted. Nothing moves for n = 0.

    Raises: calendar.out_of_range.
    """
    if n > 0:
        index = calendar.index
        place = day.toordinal() - index.first
        if 0 <= place < len(index.counts):  # the common case, without further calls
            number = index.counts[place] + n - 1
            if number < len(index.days):
                return index.days[number]
        return nth_workday(calendar, count_workdays(calendar, day) + n)
    if n == 0:
        return day
    before = count_workdays(calendar, day) - is_workday(calendar, day)
    return nth_workday(calendar, before + n + 1)


def workdays_between(calendar: Calendar, start: date, end: date) -> int:
    """How many working days lie after `start`, up to and including `end`; negative if `end`
    is the earlier."""
    return count_workdays(calendar, end) - count_workdays(calendar, start)


def count_workdays(calendar: Calendar, day: date) -> int:
    """The running number of working days up to and including this day, from year 1 on."""
    index = calendar.index
    ordinal = day.toordinal()
    place = ordinal - index.first
    if place < 0:
        return _weekdays(ordinal)
    if place < len(index.counts):
        return index.counts[place] + index.before
    return _weekdays(ordinal) + index.shift


def nth_workday(calendar: Calendar, number: int) -> date:
    """The day with this running number: the inverse of `count_workdays`.

    Raises: calendar.out_of_range.
    """
    index = calendar.index
    place = number - index.before - 1
    if place < 0:
        return _nth_weekday(number)
    if place < len(index.days):
        return index.days[place]
    return _nth_weekday(number - index.shift)


# --- instants


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


def opening(calendar: Calendar, day: date) -> datetime:
    """When the office opens on this day, were it a working day. UTC."""
    return instant(calendar.zone, day, calendar.hours[0][0])


def closing(calendar: Calendar, day: date) -> datetime:
    """When the office closes on this day, were it a working day. UTC."""
    return instant(calendar.zone, day, calendar.hours[-1][1])


@lru_cache(maxsize=16384)
def instant(zone: str, day: date, wall: time) -> datetime:
    """The instant, in UTC, at which the wall of this zone shows this day and time first."""
    return datetime.combine(day, wall, tzinfo=ZoneInfo(zone)).astimezone(UTC)


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
        for opens, closes in calendar.hours:
            start = max(instant(calendar.zone, day, opens), end)
            end = max(instant(calendar.zone, day, closes), start)
            if end > start:  # an hour the clocks skip is no office hour
                total += end - start
                starts.append(start)
                worked.append(total)
    return _OfficeTime(starts=tuple(starts), worked=tuple(worked))


# --- building the index


def _weekdays(ordinal: int) -> int:
    """Mondays to Fridays from year 1 on; its first day is a Monday."""
    weeks, rest = divmod(ordinal, 7)
    return weeks * 5 + min(rest, 5)


def _nth_weekday(number: int) -> date:
    weeks, rest = divmod(number - 1, 5)
    ordinal = weeks * 7 + rest + 1
    if not 1 <= ordinal <= _LAST:
        raise errors.Invalid("calendar.out_of_range")
    return date.fromordinal(ordinal)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise errors.Invalid("calendar.zone", zone=name) from error


def _check_hours(hours: tuple[tuple[time, time], ...]) -> None:
    marks = [mark for stretch in hours for mark in stretch]
    if not marks or any(one >= two for one, two in itertools.pairwise(marks)):
        raise errors.Invalid("calendar.hours")


def _check_years(years: tuple[Year, ...]) -> None:
    for place, year in enumerate(years):
        if any(other.year == year.year for other in years[:place]):
            raise errors.Invalid("calendar.year_twice", year=year.year)
        for day in year.days_off | year.extra_workdays:
            if day.year != year.year:
                raise errors.Invalid("calendar.other_year", year=year.year, day=day.isoformat())
        for day in year.days_off & year.extra_workdays:
            raise errors.Invalid("calendar.off_and_on", day=day.isoformat())


def _index(years: tuple[Year, ...], zone_info: ZoneInfo) -> Index:
    _check_years(years)
    off = frozenset[date]().union(*(year.days_off for year in years))
    extra = frozenset[date]().union(*(year.extra_workdays for year in years))
    known = [year.year for year in years] or [2000]
    first = date(min(known), 1, 1).toordinal()
    last = date(max(known), 12, 31).toordinal()
    counts: list[int] = []
    days: list[date] = []
    for ordinal in range(first, last + 1):
        day = date.fromordinal(ordinal)
        if day in extra if day.weekday() > 4 else day not in off:
            days.append(day)
        counts.append(len(days))
    worked = {day.year for day in days}
    for year in years:
        if year.year not in worked:
            raise errors.Invalid("calendar.no_working_day", year=year.year)
    return Index(
        zone=zone_info,
        first=first,
        counts=tuple(counts),
        days=tuple(days),
        before=_weekdays(first - 1),
        shift=len(days) + _weekdays(first - 1) - _weekdays(last),
        off=off,
        extra=extra,
        official=frozenset(year.year for year in years if year.status == "official"),
        names={day: name for year in years for day, name in year.names.items()},
    )
