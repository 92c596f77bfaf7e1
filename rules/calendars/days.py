"""Which days an office works, and counting them: by the calendar's index, never day by day."""

from __future__ import annotations

from datetime import date
from typing import Literal

from rules import errors, pack
from rules.calendars.model import Calendar, weekdays_up_to

WhyOff = Literal["weekend", "holiday"]

_LAST = date.max.toordinal()


def is_workday(calendar: Calendar, day: date) -> bool:
    """Whether the office works on this day, be it for half of it."""
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


def is_half(calendar: Calendar, day: date) -> bool:
    """Whether the office works on this day for half of its hours, or for hours of its own."""
    return day in calendar.index.half


def is_provisional(calendar: Calendar, day: date) -> bool:
    """Whether the year of this day is not, or not finally, in the data."""
    return day.year not in calendar.index.official


def name_of(calendar: Calendar, day: date) -> pack.Text | None:
    """The festival this day off, or make-up workday, belongs to."""
    return calendar.index.names.get(day)


def next_workday(calendar: Calendar, day: date) -> date:
    """This day if the office works on it, else the first working day after it."""
    if is_workday(calendar, day):
        return day
    return nth_workday(calendar, count_workdays(calendar, day) + 1)


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
        return weekdays_up_to(ordinal)
    if place < len(index.counts):
        return index.counts[place] + index.before
    return weekdays_up_to(ordinal) + index.shift


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


def _nth_weekday(number: int) -> date:
    weeks, rest = divmod(number - 1, 5)
    ordinal = weeks * 7 + rest + 1
    if not 1 <= ordinal <= _LAST:
        raise errors.Invalid("calendar.out_of_range")
    return date.fromordinal(ordinal)
