"""When a time limit ends, and why: the date from counted days, the reasons as spans.

`due` is asked on every action, so it counts by the calendar's index and walks no days;
`explain` tells the same result day by day, for people. Both are pure: the same rule,
calendar, start, pauses and extension give the same answer for ever (I5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from rules import calendars, errors, pack
from rules.due import counting
from rules.due.counting import Pause, Roll
from rules.due.spans import Span, SpanKind, explain

__all__ = ["Due", "Pause", "Roll", "Span", "SpanKind", "admit", "due", "explain"]

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When a limit ends: `due_at` is the first instant too late, in UTC; `due_on` the last day.

    `provisional`: a year it touches has no official calendar yet, so it may move.
    """

    due_at: datetime
    due_on: date
    provisional: bool


def due(
    rule: pack.DeadlineRule,
    *,
    calendar: calendars.Calendar,
    start_at: datetime,
    pauses: tuple[Pause, ...] = (),
    extend_days: int = 0,
    until: date | None = None,
    roll: Roll | None = None,
) -> Due:
    """When this clock ends. `extend_days` are of the extension's own unit and follow the limit;
    `until` is the day its field names, or on which a length ends at the latest (then it has no
    pauses and no extension); `roll` overrides the rule's.

    The limit is counted first, then the extension, then the end rolls. Rolling and closing
    time concern day units only; hours run from the stated time.
    Raises: deadline.until_missing, deadline.until_before_start, deadline.extension_none,
        deadline.extension_unit, deadline.negative, deadline.pause_order,
        calendar.out_of_range, time.not_aware.
    Source: Civil Code art. 201-204.
    Invariant: I5.
    """
    length = rule.limit.length
    if length is not None and length.unit not in pack.DAY_UNITS:
        course = counting.time_course(
            rule, calendar=calendar, start_at=start_at, pauses=pauses, extend_days=extend_days
        )
        return _due_in_time(course)
    start_on = calendars.local_date(calendar, start_at)
    is_moved = pauses or extend_days or until is not None
    if length is None or is_moved or rule.first_day != "excluded" or length.n < 1:
        due_on = _counted_out(rule, calendar, start_on, pauses, extend_days, until)
    elif length.unit == "working_day":  # plain limits, asked by the hundred thousand
        due_on = calendars.add_workdays(calendar, start_on, length.n)
    elif length.unit == "calendar_day":
        due_on = counting.days_after(start_on, length.n)
    else:
        due_on = counting.months_after(start_on, length.n)
    if (roll or rule.roll) != "none":
        due_on = calendars.next_workday(calendar, due_on)
    closing = None
    if rule.ends != "midnight":
        closing = calendars.office_hours(calendar, due_on)[-1][1]
    return _ending(calendar.index, due_on, closing, start_on.year)


def admit(
    rule: pack.DeadlineRule,
    *,
    pauses: tuple[Pause, ...] = (),
    extend_days: int = 0,
    until: date | None = None,
) -> None:
    """Refuse a pause, an extension or a day that the rule does not allow.

    Raises: deadline.extension_none, deadline.extension_cap, deadline.pause_none,
        deadline.pause_order, deadline.negative, deadline.until_none.
    Invariant: I6.
    """
    if extend_days < 0:
        raise errors.Invalid("deadline.negative", field="extend")
    if extend_days and rule.extension is None:
        raise errors.Invalid("deadline.extension_none", field="extend")
    if rule.extension and extend_days > rule.extension.max.n:
        raise errors.Invalid("deadline.extension_cap", field="extend", max=rule.extension.max.n)
    if until is not None and rule.limit.until is None and not rule.no_later_than:
        raise errors.Invalid("deadline.until_none", field="until")
    if pauses and not rule.pauses:
        raise errors.Invalid("deadline.pause_none", field="pause")
    counting.gaps_of(pauses)


def _counted_out(
    rule: pack.DeadlineRule,
    calendar: calendars.Calendar,
    start_on: date,
    pauses: tuple[Pause, ...],
    extend_days: int,
    until: date | None,
) -> date:
    """The day on which all is counted, before it rolls."""
    course = counting.day_course(
        rule,
        calendar=calendar,
        start_on=start_on,
        pauses=pauses,
        extend_days=extend_days,
        until=until,
    )
    return course.cut_on or counting.day_reached(course, counting.total(course))


@lru_cache(maxsize=16384)
def _ending(index: calendars.Index, due_on: date, closing: time | None, start_year: int) -> Due:
    """The end of a day as a Due. Kept, because thousands of clocks end on the same day."""
    if closing is not None:
        due_at = calendars.instant(index.zone.key, due_on, closing)
    else:
        due_at = calendars.instant(index.zone.key, counting.days_after(due_on, 1), time.min)
    return Due(
        due_at=due_at,
        due_on=due_on,
        provisional=_touches_provisional(index, start_year, due_on.year),
    )


def _due_in_time(course: counting.TimeCourse) -> Due:
    calendar = course.calendar
    due_at = counting.time_reached(course, counting.total(course)).astimezone(UTC)
    due_on = calendars.local_date(calendar, max(due_at - _TICK, course.start_at))
    start_on = calendars.local_date(calendar, course.start_at)
    return Due(
        due_at=due_at,
        due_on=due_on,
        provisional=_touches_provisional(calendar.index, start_on.year, due_on.year),
    )


def _touches_provisional(index: calendars.Index, first: int, last: int) -> bool:
    return any(year not in index.official for year in range(first, last + 1))
