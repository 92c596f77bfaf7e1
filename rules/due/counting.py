"""How a limit is counted: units, pauses and extension, on days or on minutes.

A course is a limit made ready to count. On day units it is a number of working or calendar
days after a base day; on the others a number of minutes after an instant. Gaps are what
pauses take out of it.
"""

from __future__ import annotations

import calendar as gregorian
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from rules import calendars, errors, pack

Roll = Literal["none", "next_working_day"]

DAY = timedelta(days=1)
SHORTEST_MONTH = 28
_MINUTES: dict[pack.Unit, int] = {
    "working_hour": 60,
    "wall_hour": 60,
    "working_minute": 1,
    "wall_minute": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A stretch for which a clock stood still.

    On day units the days after `from_on` up to and including `to_on` are not counted; on hour
    units the time from `from_at` to `to_at`, or those same days where no time is given.
    """

    from_on: date
    to_on: date
    from_at: datetime | None = None
    to_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days after `start` up to and including `end` that no limit counts."""

    start: date
    end: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGap:
    """Time from `start` up to `end` that no limit counts."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the whole limit: the limit itself, then its extension. On day units `n` working
    or calendar days, on others `n` minutes."""

    unit: pack.Unit
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCourse:
    """A limit on day units, ready to count: `base_on` is the last day before counting starts,
    `cut_on` the day on which it ends, counted out or not."""

    calendar: calendars.Calendar
    start_on: date
    base_on: date
    phases: tuple[Phase, ...]
    gaps: tuple[Gap, ...]
    cut_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCourse:
    """A limit on hour or minute units, ready to count; phases are in minutes."""

    calendar: calendars.Calendar
    start_at: datetime
    phases: tuple[Phase, ...]
    gaps: tuple[TimeGap, ...]


def on_days(rule: pack.DeadlineRule) -> bool:
    """Whether the clock counts days (or months, or until a day), not hours or minutes."""
    length = rule.limit.length
    return length is None or length.unit in pack.DAY_UNITS


def day_course(
    rule: pack.DeadlineRule,
    *,
    calendar: calendars.Calendar,
    start_on: date,
    pauses: tuple[Pause, ...] = (),
    extend_days: int = 0,
    until: date | None = None,
) -> DayCourse:
    """The rule's limit from this day on. Months and `until` become calendar days; a length ends on
    the day `until` at the latest, where that day is over on the first."""
    base_on = start_on if rule.first_day == "excluded" else start_on - DAY
    gaps = gaps_of(pauses)
    unit, n = plain_limit(rule, start_on, base_on=base_on, until=until)
    if rule.no_later_than and until is not None:
        cut_on = max(until, start_on)
        if cut_on < advance(calendar, unit, base_on=base_on, n=n, gaps=()):
            return _cut(calendar, unit, start_on=start_on, base_on=base_on, cut_on=cut_on)
    phases: tuple[Phase, ...] = (Phase(unit=unit, n=n),)
    if extend_days:
        longer = _extension(rule, extend_days)
        if longer.unit == "month":
            limit_on = advance(calendar, unit, base_on=base_on, n=n, gaps=gaps)
            days = (months_after(limit_on, longer.n) - limit_on).days
            longer = Phase(unit="calendar_day", n=days)
        phases = (*phases, longer)
    return DayCourse(
        calendar=calendar, start_on=start_on, base_on=base_on, phases=phases, gaps=gaps
    )


def _cut(
    calendar: calendars.Calendar, unit: pack.Unit, *, start_on: date, base_on: date, cut_on: date
) -> DayCourse:
    """What of a limit lies before the day on which it is cut."""
    working = unit == "working_day"
    n = _number(calendar, cut_on, working=working) - _number(calendar, base_on, working=working)
    return DayCourse(
        calendar=calendar,
        start_on=start_on,
        base_on=base_on,
        phases=(Phase(unit=unit, n=n),),
        gaps=(),
        cut_on=cut_on,
    )


def whole_course(
    rule: pack.DeadlineRule,
    *,
    calendar: calendars.Calendar,
    start_on: date,
    due_on: date,
    pauses: tuple[Pause, ...] = (),
    extend_days: int = 0,
) -> DayCourse:
    """The course of a clock whose end is known, for shares of its limit. Of months and `until`
    the limit is the counted days from the start to `due_on`."""
    length = rule.limit.length
    base_on = start_on if rule.first_day == "excluded" else start_on - DAY
    if length is not None and rule.no_later_than:
        return _cut(calendar, length.unit, start_on=start_on, base_on=base_on, cut_on=due_on)
    if length is not None and length.unit != "month":
        return day_course(
            rule, calendar=calendar, start_on=start_on, pauses=pauses, extend_days=extend_days
        )
    gaps = gaps_of(pauses)
    n = (due_on - base_on).days - sum(_overlap(gap, base_on, due_on) for gap in gaps)
    return DayCourse(
        calendar=calendar,
        start_on=start_on,
        base_on=base_on,
        phases=(Phase(unit="calendar_day", n=max(n, 0)),),
        gaps=gaps,
    )


def time_course(
    rule: pack.DeadlineRule,
    *,
    calendar: calendars.Calendar,
    start_at: datetime,
    pauses: tuple[Pause, ...] = (),
    extend_days: int = 0,
) -> TimeCourse:
    """The rule's limit from this instant on, in minutes."""
    length = rule.limit.length
    if length is None or length.unit in pack.DAY_UNITS:
        raise errors.Invalid("deadline.unit")
    phases = [Phase(unit=length.unit, n=_natural(length.n) * _MINUTES[length.unit])]
    if extend_days:
        longer = _extension(rule, extend_days)
        phases.append(Phase(unit=longer.unit, n=longer.n * _MINUTES[longer.unit]))
    return TimeCourse(
        calendar=calendar,
        start_at=start_at,
        phases=tuple(phases),
        gaps=time_gaps(calendar, pauses),
    )


def total(course: DayCourse | TimeCourse) -> int:
    """The whole limit with its extension: days, or minutes."""
    return sum(phase.n for phase in course.phases)


def day_reached(course: DayCourse, number: int) -> date:
    """The day on which this many counted days are reached; days beyond the last phase are
    counted as that phase's."""
    reached_on = course.base_on
    left = number
    for place, phase in enumerate(course.phases):
        n = left if place == len(course.phases) - 1 else min(phase.n, left)
        reached_on = advance(course.calendar, phase.unit, base_on=reached_on, n=n, gaps=course.gaps)
        left -= n
    return reached_on


def time_reached(course: TimeCourse, minutes: int) -> datetime:
    """The instant at which this many counted minutes have passed."""
    reached_at = course.start_at
    left = minutes
    for place, phase in enumerate(course.phases):
        n = left if place == len(course.phases) - 1 else min(phase.n, left)
        reached_at = advance_time(
            course.calendar, phase.unit, base_at=reached_at, minutes=n, gaps=course.gaps
        )
        left -= n
    return reached_at


def days_after(day: date, n: int) -> date:
    """The day n calendar days later.

    Raises: calendar.out_of_range.
    """
    try:
        return date.fromordinal(day.toordinal() + n)  # cheaper than making a timedelta
    except (ValueError, OverflowError) as error:
        raise errors.Invalid("calendar.out_of_range") from error


def months_after(day: date, n: int) -> date:
    """The same-numbered day n months later; where that month has none, its last day.

    Source: Civil Code art. 202.
    """
    months = day.year * 12 + day.month - 1 + n
    year, month = months // 12, months % 12 + 1
    if not date.min.year <= year <= date.max.year:
        raise errors.Invalid("calendar.out_of_range")
    if day.day <= SHORTEST_MONTH:  # every month has that day
        return date(year, month, day.day)
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))


def add(calendar: calendars.Calendar, at: datetime, *, length: pack.Length) -> datetime:
    """An instant n hours or minutes away, on the wall or in office time; n may be negative."""
    return later(calendar, length.unit, at, length=length_of(length))


def length_of(length: pack.Length) -> timedelta:
    """Hours or minutes as time."""
    return _minutes(length.n * _MINUTES[length.unit])


def plain_limit(
    rule: pack.DeadlineRule, start_on: date, *, base_on: date, until: date | None
) -> tuple[pack.Unit, int]:
    """The limit proper as working days, or as calendar days after `base_on`."""
    length = rule.limit.length
    if length is None:
        if until is None:
            raise errors.Invalid("deadline.until_missing", field=rule.limit.until)
        if until < start_on:
            raise errors.Invalid(
                "deadline.until_before_start", field=rule.limit.until, start=start_on.isoformat()
            )
        return "calendar_day", (until - base_on).days
    if length.unit == "month":
        return "calendar_day", (_months_end(rule, start_on, length.n) - base_on).days
    if length.n < 0:
        raise errors.Invalid("deadline.negative")
    return length.unit, length.n


def _months_end(rule: pack.DeadlineRule, start_on: date, n: int) -> date:
    """The last day of n months. Where the first day counts, they end a day earlier, unless the
    month is too short for that day anyway."""
    same = months_after(start_on, _natural(n))
    return same - DAY if rule.first_day == "counted" and same.day == start_on.day else same


def _extension(rule: pack.DeadlineRule, n: int) -> Phase:
    if rule.extension is None:
        raise errors.Invalid("deadline.extension_none", field="extend")
    unit = rule.extension.max.unit
    if (unit in pack.DAY_UNITS) != on_days(rule):
        raise errors.Invalid("deadline.extension_unit", field="extend")
    return Phase(unit=unit, n=_natural(n))


def _natural(n: int) -> int:
    if n < 0:
        raise errors.Invalid("deadline.negative")
    return n


def advance(
    calendar: calendars.Calendar,
    unit: pack.Unit,
    *,
    base_on: date,
    n: int,
    gaps: tuple[Gap, ...],
) -> date:
    """The day on which n days after `base_on` are counted, gaps left out."""
    if n <= 0:
        return base_on
    working = unit == "working_day"
    reached = _number(calendar, base_on, working=working) + n
    for gap in gaps:
        if gap.end <= base_on:
            continue
        before = _number(calendar, max(gap.start, base_on), working=working)
        if before >= reached:
            break
        reached += _number(calendar, gap.end, working=working) - before
    if working:
        return calendars.nth_workday(calendar, reached)
    return days_after(base_on, reached - base_on.toordinal())


def _number(calendar: calendars.Calendar, day: date, *, working: bool) -> int:
    return calendars.count_workdays(calendar, day) if working else day.toordinal()


def advance_time(
    calendar: calendars.Calendar,
    unit: pack.Unit,
    *,
    base_at: datetime,
    minutes: int,
    gaps: tuple[TimeGap, ...],
) -> datetime:
    """The instant at which so many minutes after `base_at` are counted, gaps left out."""
    reached = later(calendar, unit, base_at, length=_minutes(minutes))
    for gap in gaps:
        if gap.end <= base_at:
            continue
        start = max(gap.start, base_at)
        if start >= reached:
            break
        lost = elapsed(calendar, unit, start, end=gap.end)
        reached = later(calendar, unit, reached, length=lost)
    return reached


def _minutes(n: int) -> timedelta:
    try:
        return timedelta(minutes=n)
    except OverflowError as error:
        raise errors.Invalid("calendar.out_of_range") from error


def later(
    calendar: calendars.Calendar, unit: pack.Unit, at: datetime, *, length: timedelta
) -> datetime:
    """The instant so much time away as the unit counts it: on the wall, or in office hours."""
    try:
        if unit.startswith("working"):
            return calendars.add_working_time(calendar, at, length)
        return at + length
    except OverflowError as error:
        raise errors.Invalid("calendar.out_of_range") from error


def elapsed(
    calendar: calendars.Calendar, unit: pack.Unit, start: datetime, *, end: datetime
) -> timedelta:
    """The time between two instants as the unit counts it: on the wall, or in office hours."""
    if unit.startswith("working"):
        return calendars.working_time(calendar, start, end)
    return end - start


def gaps_of(pauses: tuple[Pause, ...]) -> tuple[Gap, ...]:
    """The pauses in order, none twice: a day belongs to the pause that began first."""
    gaps: list[Gap] = []
    for pause in sorted(pauses, key=lambda one: (one.from_on, one.to_on)):
        if pause.to_on < pause.from_on:
            raise errors.Invalid("deadline.pause_order", field="pause")
        start = max(pause.from_on, gaps[-1].end) if gaps else pause.from_on
        if start < pause.to_on:
            gaps.append(Gap(start=start, end=pause.to_on, reason=pause.reason))
    return tuple(gaps)


def time_gaps(calendar: calendars.Calendar, pauses: tuple[Pause, ...]) -> tuple[TimeGap, ...]:
    """The pauses as stretches of time in order, none twice."""
    gaps: list[TimeGap] = []
    stretches = [
        (
            pause.from_at or calendars.start_of_day(calendar, pause.from_on + DAY),
            pause.to_at or calendars.start_of_day(calendar, pause.to_on + DAY),
            pause.reason,
        )
        for pause in pauses
    ]
    for from_at, to_at, reason in sorted(stretches):
        if to_at < from_at:
            raise errors.Invalid("deadline.pause_order", field="pause")
        start = max(from_at, gaps[-1].end) if gaps else from_at
        if start < to_at:
            gaps.append(TimeGap(start=start, end=to_at, reason=reason))
    return tuple(gaps)


def _overlap(gap: Gap, after: date, last: date) -> int:
    """How many days of the gap lie after one day, up to and including another."""
    return max((min(gap.end, last) - max(gap.start, after)).days, 0)
