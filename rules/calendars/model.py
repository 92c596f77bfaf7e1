"""What a calendar is: its years, its office hours from a date on, and the index made of them.

Half a day is a working day like any other where days are counted, and only its own minutes
where minutes are. All that can be wrong with a calendar is told by `faults`, with its place.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules import errors, pack

Status = Literal["official", "provisional"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Half = Literal["morning", "afternoon"]
Stretches = tuple[tuple[time, time], ...]
"""Times on the wall from opening to closing, in order; lunch is what lies between two."""
Week = tuple[Stretches, ...]
"""The office hours of a Monday, a Tuesday and so on, were they working days."""

WEEKDAYS: Final[tuple[Weekday, ...]] = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199
_NOON: Final = time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One year's days off and make-up workdays, as the notice named by `source` gives them.

    `days_off` may name weekend days too; `half_days` are working days on which the office is
    open for half of its hours, or for hours of their own; `names` says which festival a day
    belongs to.
    """

    year: int
    status: Status
    source: str
    days_off: frozenset[date]
    extra_workdays: frozenset[date]
    half_days: Mapping[date, Half | Stretches] = field(default_factory=dict)
    names: Mapping[date, pack.Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Office hours valid from a day on. `weekdays` are the days of the week that differ."""

    valid_from: date
    hours: Stretches
    source: str
    weekdays: Mapping[Weekday, Stretches] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a calendar. `where` is the way to it: `("years", 0, "days_off", day)`,
    years and versions by their place in the calendar."""

    code: str
    where: tuple[str | int | date, ...]
    params: tuple[tuple[str, errors.Param], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Index:
    """The counted days of a calendar. `days` are the working days of its years in order, and
    `counts[i]` says how many of them lie up to the i-th day after `first` (an ordinal).

    `before` working days went before, from year 1 on; `shift` is what the years have more, or
    fewer, than Mondays to Fridays. `weeks` are the office hours, each from its ordinal in
    `turns` on; `is_even` says that every day has the same. Compared by identity, so that it is
    a cheap key.
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
    weeks: tuple[Week, ...]
    turns: tuple[int, ...]
    half: Mapping[date, Stretches]
    is_even: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """The working days and office hours of a place. Two calendars of one hash are the same.

    Units: `hours` are local times of every working day, `weekdays` those of the days of the week
    that differ; from the first of `versions` on these hold instead.
    Raises: the first of `faults`: calendar.zone, calendar.hours, calendar.version_order,
        calendar.year_range, calendar.year_twice, calendar.other_year, calendar.off_and_on,
        calendar.half_and_off, calendar.half_on_weekend, calendar.half_empty,
        calendar.no_working_day.
    """

    zone: str
    hours: Stretches
    years: tuple[Year, ...]
    hash: str
    weekdays: Mapping[Weekday, Stretches] = field(default_factory=dict)
    versions: tuple[Hours, ...] = ()
    index: Index = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = faults(
            zone=self.zone,
            hours=self.hours,
            weekdays=self.weekdays,
            versions=self.versions,
            years=self.years,
        )
        for fault in found:
            raise errors.Invalid(fault.code, field=None, also=(), **dict(fault.params))
        object.__setattr__(self, "index", _index(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and (self.hash, self.zone) == (other.hash, other.zone)

    def __hash__(self) -> int:
        return hash(self.hash)


# --- what is wrong


def _fault(code: str, *where: str | int | date, **params: errors.Param) -> Fault:
    return Fault(code=code, where=where, params=tuple(params.items()))


def faults(
    *,
    zone: str,
    hours: Stretches,
    weekdays: Mapping[Weekday, Stretches],
    versions: tuple[Hours, ...],
    years: tuple[Year, ...],
) -> Iterator[Fault]:
    """Everything that is wrong with what a calendar is to be made of."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield _fault("calendar.zone", "zone", zone=zone[:60])
    wrong_hours = list(_faults_of_hours(hours, weekdays, versions))
    yield from wrong_hours
    weeks = None if wrong_hours else _weeks(hours, weekdays, versions)
    seen: set[int] = set()
    for n, year in enumerate(years):
        where = ("years", n, "year")
        if not FIRST_YEAR <= year.year <= LAST_YEAR:
            limits = {"first": FIRST_YEAR, "last": LAST_YEAR}
            yield _fault("calendar.year_range", *where, year=year.year, **limits)
        elif year.year in seen:
            yield _fault("calendar.year_twice", *where, year=year.year)
        else:
            seen.add(year.year)
            yield from _faults_of_year(year, n, weeks)


def _faults_of_hours(
    hours: Stretches, weekdays: Mapping[Weekday, Stretches], versions: tuple[Hours, ...]
) -> Iterator[Fault]:
    yield from _wrong_stretches(hours, weekdays, ())
    last = date.min
    for n, version in enumerate(versions):
        yield from _wrong_stretches(version.hours, version.weekdays, ("versions", n))
        if version.valid_from <= last:
            where = ("versions", n, "valid_from")
            yield _fault("calendar.version_order", *where, day=version.valid_from.isoformat())
        last = max(last, version.valid_from)


def _wrong_stretches(
    hours: Stretches, weekdays: Mapping[Weekday, Stretches], at: tuple[str | int, ...]
) -> Iterator[Fault]:
    if not _are_hours(hours):
        yield _fault("calendar.hours", *at, "hours")
    for name, stretches in weekdays.items():
        if not _are_hours(stretches):
            yield _fault("calendar.hours", *at, "weekdays", name)


def _are_hours(stretches: Stretches) -> bool:
    """Whether each stretch begins before it ends, in order, with a break between them."""
    marks = [mark for stretch in stretches for mark in stretch]
    return bool(marks) and all(one < two for one, two in itertools.pairwise(marks))


def _faults_of_year(
    year: Year, n: int, weeks: tuple[tuple[int, ...], tuple[Week, ...]] | None
) -> Iterator[Fault]:
    found = list(_wrong_days(year, n))
    yield from found
    if found:
        return
    for day, half in sorted(year.half_days.items()):
        where, told = ("years", n, "half_days", day), day.isoformat()
        if day in year.days_off:
            yield _fault("calendar.half_and_off", *where, day=told)
        elif not _works(day, year.days_off, year.extra_workdays):
            yield _fault("calendar.half_on_weekend", *where, day=told)
        elif not isinstance(half, str) and not _are_hours(half):
            yield _fault("calendar.hours", *where)
        elif weeks is not None and not _half_hours(half, _hours_of(day, *weeks)):
            yield _fault("calendar.half_empty", *where, day=told, half=str(half))
    if not _has_workday(year):
        yield _fault("calendar.no_working_day", "years", n, "days_off", year=year.year)


def _wrong_days(year: Year, n: int) -> Iterator[Fault]:
    """Days of another year, and those that are on two lists."""
    for name in ("days_off", "extra_workdays", "half_days", "names"):
        days: frozenset[date] | Mapping[date, object] = getattr(year, name)
        for day in sorted(days):
            if day.year != year.year:
                where: tuple[str | int | date, ...] = ("years", n, name, day)
                told = day.isoformat()
                yield _fault("calendar.other_year", *where, year=year.year, day=told)
    for day in sorted(year.days_off & year.extra_workdays):
        where = ("years", n, "extra_workdays", day)
        yield _fault("calendar.off_and_on", *where, day=day.isoformat())


def _has_workday(year: Year) -> bool:
    first, last = date(year.year, 1, 1).toordinal(), date(year.year, 12, 31).toordinal()
    days = map(date.fromordinal, range(first, last + 1))
    return any(_works(day, year.days_off, year.extra_workdays) for day in days)


# --- the index


def _works(day: date, off: frozenset[date], extra: frozenset[date]) -> bool:
    return day in extra if day.weekday() > 4 else day not in off


def _index(calendar: Calendar) -> Index:
    years = calendar.years
    off = frozenset[date]().union(*(year.days_off for year in years))
    extra = frozenset[date]().union(*(year.extra_workdays for year in years))
    known = [year.year for year in years] or [2000]
    first = date(min(known), 1, 1).toordinal()
    last = date(max(known), 12, 31).toordinal()
    counts: list[int] = []
    days: list[date] = []
    for ordinal in range(first, last + 1):
        day = date.fromordinal(ordinal)
        if _works(day, off, extra):
            days.append(day)
        counts.append(len(days))
    turns, weeks = _weeks(calendar.hours, calendar.weekdays, calendar.versions)
    half = {
        day: _half_hours(part, _hours_of(day, turns, weeks))
        for year in years
        for day, part in year.half_days.items()
    }
    return Index(
        zone=ZoneInfo(calendar.zone),
        first=first,
        counts=tuple(counts),
        days=tuple(days),
        before=weekdays_up_to(first - 1),
        shift=len(days) + weekdays_up_to(first - 1) - weekdays_up_to(last),
        off=off,
        extra=extra,
        official=frozenset(year.year for year in years if year.status == "official"),
        names={day: name for year in years for day, name in year.names.items()},
        weeks=weeks,
        turns=turns,
        half=half,
        is_even=not half and len({stretches for week in weeks for stretches in week}) == 1,
    )


def weekdays_up_to(ordinal: int) -> int:
    """Mondays to Fridays from year 1 on; its first day is a Monday."""
    weeks, rest = divmod(ordinal, 7)
    return weeks * 5 + min(rest, 5)


def _weeks(
    hours: Stretches, weekdays: Mapping[Weekday, Stretches], versions: tuple[Hours, ...]
) -> tuple[tuple[int, ...], tuple[Week, ...]]:
    """From which ordinal on which week of hours holds."""
    turns = (1, *(version.valid_from.toordinal() for version in versions))
    weeks = (
        _week(hours, weekdays),
        *(_week(version.hours, version.weekdays) for version in versions),
    )
    return turns, weeks


def _week(hours: Stretches, weekdays: Mapping[Weekday, Stretches]) -> Week:
    return tuple(weekdays.get(name, hours) for name in WEEKDAYS)


def _hours_of(day: date, turns: tuple[int, ...], weeks: tuple[Week, ...]) -> Stretches:
    return weeks[bisect.bisect_right(turns, day.toordinal()) - 1][day.weekday()]


def hours_on(index: Index, day: date) -> Stretches:
    """The office hours of this day, were it a working day."""
    return index.half.get(day) or _hours_of(day, index.turns, index.weeks)


@functools.lru_cache(maxsize=1024)
def _half_hours(half: Half | Stretches, hours: Stretches) -> Stretches:
    """Half of a day's hours, parted at its longest break; without a break at noon."""
    if not isinstance(half, str):
        return half
    breaks = [
        (_minutes(two[0]) - _minutes(one[1]), one[1]) for one, two in itertools.pairwise(hours)
    ]
    longest = max((length for length, _ in breaks), default=0)
    noon = next((at for length, at in breaks if length == longest), _NOON)
    if half == "morning":
        cut = ((opens, min(closes, noon)) for opens, closes in hours)
    else:
        cut = ((max(opens, noon), closes) for opens, closes in hours)
    return tuple((opens, closes) for opens, closes in cut if opens < closes)


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute
