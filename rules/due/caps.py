"""How long a clock may stand still: the cap of a pause, in days or in hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from rules import calendars, pack
from rules.due import counting

_NONE = timedelta(0)


def ends(
    cap: pack.Length,
    *,
    calendar: calendars.Calendar,
    from_at: datetime,
    ended: Sequence[counting.Pause] = (),
) -> datetime:
    """The first instant at which a clock runs again whose pause began at `from_at`, when with
    those `ended` before it has lasted as long as the cap. On day units the day on which a pause
    began is not counted; on the others every minute is, of office time or of the wall's.

    Raises: calendar.out_of_range, time.not_aware.
    """
    if cap.unit not in pack.DAY_UNITS:
        left = _time_left(cap, calendar=calendar, ended=ended)
        return counting.later(calendar, cap.unit, from_at, length=left)
    first = calendars.local_date(calendar, from_at)
    left_days = _days_left(cap, calendar=calendar, first=first, ended=ended)
    if cap.unit == "working_day":
        last = calendars.add_workdays(calendar, first, left_days)
    else:
        last = counting.days_after(first, left_days)
    return calendars.start_of_day(calendar, counting.days_after(last, 1))


def is_used_up(
    cap: pack.Length, *, calendar: calendars.Calendar, ended: Sequence[counting.Pause]
) -> bool:
    """Whether the pauses that ended leave nothing of the cap."""
    if cap.unit not in pack.DAY_UNITS:
        return _time_left(cap, calendar=calendar, ended=ended) <= _NONE
    first = min((pause.from_on for pause in ended), default=None)
    if first is None:
        return False
    return _days_left(cap, calendar=calendar, first=first, ended=ended) <= 0


def _days_left(
    cap: pack.Length,
    *,
    calendar: calendars.Calendar,
    first: date,
    ended: Sequence[counting.Pause],
) -> int:
    whole = cap.n
    if cap.unit == "working_day":
        used = sum(calendars.workdays_between(calendar, p.from_on, p.to_on) for p in ended)
    else:
        used = sum((p.to_on - p.from_on).days for p in ended)
    if cap.unit == "month":  # as long as its months are from the first pause on
        begun = min((pause.from_on for pause in ended), default=first)
        whole = (counting.months_after(begun, cap.n) - begun).days
    return max(whole - used, 0)


def _time_left(
    cap: pack.Length, *, calendar: calendars.Calendar, ended: Sequence[counting.Pause]
) -> timedelta:
    used = sum(
        (
            counting.elapsed(calendar, cap.unit, gap.start, end=gap.end)
            for gap in counting.time_gaps(calendar, tuple(ended))
        ),
        _NONE,
    )
    return max(counting.length_of(cap) - used, _NONE)
