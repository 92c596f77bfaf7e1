"""The days and hours that count, in words: each year with its days off, make-up workdays and half
days, the office hours from a day on, and where all of it comes from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from api import texts
from api.rulebook import labels
from rules import calendars
from rules import pack as pack_

_MONDAY: Final = date(2024, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOff:
    """Days off in a row, weekend days that the notice names among them. `told` is the run in
    words, `title` the festival (empty: the notice names none)."""

    first: date
    last: date
    n: int
    told: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workday:
    """A make-up workday, or a half day with the hours of its own."""

    on: date
    told: str
    title: str
    hours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """A year of the calendar: whether it is official, the notice it comes from, and its days.
    `is_known`: a year of which nothing is known is counted by weekends alone."""

    year: int
    is_known: bool
    is_provisional: bool
    source: str
    days_off: tuple[DaysOff, ...]
    extra_workdays: tuple[Workday, ...]
    half_days: tuple[Workday, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHours:
    """The office hours of working days from a day on (None: from the first), a line each: those of
    every day, then those of the days of the week that differ. `breaks` lie between two stretches
    of every day, and count nowhere."""

    since: date | None
    lines: tuple[str, ...]
    breaks: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRules:
    """The years and office hours that dates are counted by."""

    zone: str
    hours: tuple[OfficeHours, ...]
    years: tuple[CalendarYear, ...]


def calendar(found: calendars.Calendar, words: texts.Words, *, today: date) -> CalendarRules:
    """The calendar in words: every year that it holds, and this one and the next in any case."""
    first = _office_hours(found.hours, found.weekdays, words, since=None, source="")
    later = (
        _office_hours(it.hours, it.weekdays, words, since=it.valid_from, source=it.source)
        for it in found.versions
    )
    known = {it.year: it for it in found.years}
    return CalendarRules(
        zone=found.zone,
        hours=(first, *later),
        years=tuple(
            _year(found, known[year], words) if year in known else _unknown(year)
            for year in sorted({*known, today.year, today.year + 1})
        ),
    )


def _unknown(year: int) -> CalendarYear:
    return CalendarYear(
        year=year,
        is_known=False,
        is_provisional=True,
        source="",
        days_off=(),
        extra_workdays=(),
        half_days=(),
    )


def _year(found: calendars.Calendar, year: calendars.Year, words: texts.Words) -> CalendarYear:
    def workday(on: date, *, is_half: bool) -> Workday:
        hours = found.index.half[on] if is_half else ()
        return Workday(
            on=on,
            told=words.day(on),
            title=words.text(year.names.get(on)),
            hours=_stretches(hours, words),
        )

    return CalendarYear(
        year=year.year,
        is_known=True,
        is_provisional=year.status != "official",
        source=year.source,
        days_off=tuple(_runs(year, words)),
        extra_workdays=tuple(workday(on, is_half=False) for on in sorted(year.extra_workdays)),
        half_days=tuple(workday(on, is_half=True) for on in sorted(year.half_days)),
    )


def _runs(year: calendars.Year, words: texts.Words) -> Iterator[DaysOff]:
    """Days off that follow each other and have one name."""

    def key(at: tuple[int, date]) -> tuple[int, pack_.Text | None]:
        n, on = at
        return on.toordinal() - n, year.names.get(on)

    for (_, name), run in itertools.groupby(enumerate(sorted(year.days_off)), key=key):
        days = [on for _, on in run]
        told = words.day(days[0])
        if len(days) > 1:
            told = words.get("{first} to {last}", first=told, last=words.day(days[-1]))
        yield DaysOff(first=days[0], last=days[-1], n=len(days), told=told, title=words.text(name))


def _office_hours(
    every: calendars.Stretches,
    weekdays: Mapping[calendars.Weekday, calendars.Stretches],
    words: texts.Words,
    *,
    since: date | None,
    source: str,
) -> OfficeHours:
    differing = (
        words.get(
            "{field}: {text}",
            field=words.weekday(_MONDAY + timedelta(days=calendars.WEEKDAYS.index(day))),
            text=_stretches(weekdays[day], words),
        )
        for day in calendars.WEEKDAYS
        if day in weekdays
    )
    between = tuple((one[1], two[0]) for one, two in itertools.pairwise(every))
    return OfficeHours(
        since=since,
        lines=(_stretches(every, words), *differing),
        breaks=_stretches(between, words),
        source=source,
    )


def _stretches(found: calendars.Stretches, words: texts.Words) -> str:
    return labels.joined([f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in found], words)
