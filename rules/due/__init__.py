"""When a time limit ends, and why: the date from counted days, the reasons as spans.

`due` is asked on every action, so it counts by the calendar's index and walks no days;
`explain` tells the same result day by day, for people. Both are pure: the same rule,
calendar, start, pauses and extension give the same answer for ever (I5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

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
    `until` is the day its field names; `roll` overrides the rule's.

    The limit is counted first, then the extension, then the end rolls. Rolling and closing
    time concern day units only; hours run from the stated time.
    Raises: deadline.until_missing, deadline.until_before_start, deadline.extension_none,
        deadline.extension_unit, deadline.negative, deadline.pause_order,
        calendar.out_of_range, time.not_aware.
    Source: Civil Code art. 201-204.
    Invariant: I5.
    """
    if not counting.on_days(rule):
        return _due_in_time(
            counting.time_course(
                rule,
                calendar=calendar,
                start_at=start_at,
                pauses=pauses,
                extend_days=extend_days,
            )
        )
    start_on = calendars.local_date(calendar, start_at)
    if pauses or extend_days:
        course = counting.day_course(
            rule,
            calendar=calendar,
            start_on=start_on,
            pauses=pauses,
            extend_days=extend_days,
            until=until,
        )
        due_on = counting.day_reached(course, counting.total(course))
    else:  # the plain case, asked a hundred thousand times in a rebuild
        base_on = start_on if rule.first_day == "excluded" else start_on - counting.DAY
        unit, n = counting.plain_limit(rule, start_on, base_on=base_on, until=until)
        due_on = counting.advance(calendar, unit, base_on=base_on, n=n, gaps=())
    if (roll or rule.roll) == "next_working_day":
        due_on = calendars.next_workday(calendar, due_on)
    return _ending(calendar, due_on, rule.ends, start_on.year)


def admit(rule: pack.DeadlineRule, *, pauses: tuple[Pause, ...] = (), extend_days: int = 0) -> None:
    """Refuse a pause or an extension that the rule does not allow.

    Raises: deadline.extension_none, deadline.extension_cap, deadline.pause_none,
        deadline.pause_order, deadline.negative.
    Invariant: I6.
    """
    if extend_days < 0:
        raise errors.Invalid("deadline.negative", field="extend")
    if extend_days and rule.extension is None:
        raise errors.Invalid("deadline.extension_none", field="extend")
    if rule.extension and extend_days > rule.extension.max.n:
        raise errors.Invalid("deadline.extension_cap", field="extend", max=rule.extension.max.n)
    if pauses and not rule.pauses:
        raise errors.Invalid("deadline.pause_none", field="pause")
    counting.gaps_of(pauses)


@lru_cache(maxsize=16384)
def _ending(
    calendar: calendars.Calendar,
    due_on: date,
    ends: Literal["midnight", "office_closing"],
    start_year: int,
) -> Due:
    """The end of a day as a Due. Kept, because thousands of clocks end on the same day."""
    if ends == "office_closing":
        due_at = calendars.closing(calendar, due_on)
    else:
        due_at = calendars.start_of_day(calendar, _day_after(due_on))
    return Due(
        due_at=due_at,
        due_on=due_on,
        provisional=_touches_provisional(calendar, start_year, due_on.year),
    )


def _due_in_time(course: counting.TimeCourse) -> Due:
    due_at = counting.time_reached(course, counting.total(course)).astimezone(UTC)
    due_on = calendars.local_date(course.calendar, max(due_at - _TICK, course.start_at))
    start_on = calendars.local_date(course.calendar, course.start_at)
    return Due(
        due_at=due_at,
        due_on=due_on,
        provisional=_touches_provisional(course.calendar, start_on.year, due_on.year),
    )


def _touches_provisional(calendar: calendars.Calendar, first: int, last: int) -> bool:
    return any(
        calendars.is_provisional(calendar, date(year, 1, 1)) for year in range(first, last + 1)
    )


def _day_after(day: date) -> date:
    if day == date.max:
        raise errors.Invalid("calendar.out_of_range")
    return day + counting.DAY
