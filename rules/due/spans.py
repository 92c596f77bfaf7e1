"""Why a limit ends when it does: its days as spans that count alike, for people to read."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from rules import calendars, pack
from rules.due import counting

SpanKind = Literal[
    "first_day",
    "counted",
    "weekend",
    "holiday",
    "make_up",
    "half_day",
    "pause",
    "extension",
    "roll",
    "after_hours",
]
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days in a row that count alike. `counted` is in days; on hour units in minutes, where one
    day may hold two spans. `note` is the pause's reason or the extension's approver, `name`
    the festival."""

    first_on: date
    last_on: date
    counted: int
    kind: SpanKind
    note: str = ""
    name: pack.Text | None = None


def explain(
    rule: pack.DeadlineRule,
    *,
    calendar: calendars.Calendar,
    start_at: datetime,
    pauses: tuple[counting.Pause, ...] = (),
    extend_days: int = 0,
    until: date | None = None,
    roll: counting.Roll | None = None,
) -> tuple[Span, ...]:
    """Why the clock ends when it does: spans in order from the first day to `due_on`, whose
    counted parts sum to the limit and its extension, or to what of it lies before `until`.

    Raises: as `due`.
    Invariant: I5.
    """
    approver = rule.extension.by if rule.extension and extend_days else ""
    if not counting.on_days(rule):
        timed = counting.time_course(
            rule, calendar=calendar, start_at=start_at, pauses=pauses, extend_days=extend_days
        )
        return _explain_time(timed, approver)
    course = counting.day_course(
        rule,
        calendar=calendar,
        start_on=calendars.local_date(calendar, start_at),
        pauses=pauses,
        extend_days=extend_days,
        until=until,
    )
    return _explain_days(course, approver, roll=roll or rule.roll)


def _explain_days(
    course: counting.DayCourse, approver: str, *, roll: counting.Roll
) -> tuple[Span, ...]:
    spans: list[Span] = []
    last_on = course.base_on
    if course.base_on == course.start_on:
        spans.append(Span(first_on=last_on, last_on=last_on, counted=0, kind="first_day"))
    for place, phase in enumerate(course.phases):
        end_on = counting.advance(
            course.calendar, phase.unit, base_on=last_on, n=phase.n, gaps=course.gaps
        )
        cover = _cover(course, phase.unit, after=last_on, last=end_on)
        spans.extend(cover if place == 0 else (_as_extension(span, approver) for span in cover))
        last_on = end_on
    if course.cut_on is not None:
        unit = course.phases[-1].unit
        spans.extend(_stretch(course.calendar, unit, after=last_on, last=course.cut_on))
        last_on = course.cut_on
    if roll == "next_working_day":
        due_on = calendars.next_workday(course.calendar, last_on)
        if due_on > last_on:
            spans.append(
                Span(first_on=last_on + counting.DAY, last_on=due_on, counted=0, kind="roll")
            )
    return tuple(spans)


def _as_extension(span: Span, approver: str) -> Span:
    if not span.counted:
        return span
    return Span(
        first_on=span.first_on,
        last_on=span.last_on,
        counted=span.counted,
        kind="extension",
        note=approver,
        name=span.name,
    )


def _cover(
    course: counting.DayCourse, unit: pack.Unit, *, after: date, last: date
) -> Iterator[Span]:
    """The days after one up to and including another, as spans of one phase."""
    for gap in course.gaps:
        if gap.end <= after:
            continue
        start = max(gap.start, after)
        if start >= last:
            break
        yield from _stretch(course.calendar, unit, after=after, last=start)
        yield Span(
            first_on=start + counting.DAY, last_on=gap.end, counted=0, kind="pause", note=gap.reason
        )
        after = gap.end
    yield from _stretch(course.calendar, unit, after=after, last=last)


def _stretch(
    calendar: calendars.Calendar, unit: pack.Unit, *, after: date, last: date
) -> tuple[Span, ...]:
    if after >= last:
        return ()
    if unit == "working_day":
        return _working_stretch(calendar, after + counting.DAY, last)
    days = (last - after).days
    return (Span(first_on=after + counting.DAY, last_on=last, counted=days, kind="counted"),)


def _working_stretch(calendar: calendars.Calendar, first: date, last: date) -> tuple[Span, ...]:
    """The runs between two days, the first and the last cut to fit; whole ones are shared."""
    spans: list[Span] = []
    for year in range(first.year, last.year + 1):
        runs = _runs(calendar, year)
        low = bisect.bisect_right(runs.firsts, first) - 1 if year == first.year else 0
        high = bisect.bisect_right(runs.firsts, last) if year == last.year else None
        part = runs.spans[low:high]
        if spans and _alike(spans[-1], part[0]):  # a weekend over the year's end
            spans[-1] = _joined(spans[-1], part[0])
            part = part[1:]
        spans.extend(part)
    spans[0] = _cut(spans[0], first, spans[0].last_on)
    spans[-1] = _cut(spans[-1], spans[-1].first_on, last)
    return tuple(spans)


def _cut(span: Span, first: date, last: date) -> Span:
    if (first, last) == (span.first_on, span.last_on):
        return span
    counted = (last - first).days + 1 if span.counted else 0
    return Span(
        first_on=first,
        last_on=last,
        counted=counted,
        kind=span.kind,
        note=span.note,
        name=span.name,
    )


def _alike(one: Span, two: Span) -> bool:
    return (one.kind, one.note, one.name) == (two.kind, two.note, two.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """The spans of one year, and the first days by which they are found."""

    spans: tuple[Span, ...]
    firsts: tuple[date, ...]


@lru_cache(maxsize=256)
def _runs(calendar: calendars.Calendar, year: int) -> _Runs:
    """One year's days in runs that count alike for working days."""
    first = date(year, 1, 1)
    days = [first + n * counting.DAY for n in range((date(year, 12, 31) - first).days + 1)]
    runs: list[Span] = []
    for (kind, name), group in itertools.groupby(days, key=lambda day: _face(calendar, day)):
        run = list(group)
        counted = len(run) if kind in ("counted", "make_up", "half_day") else 0
        runs.append(Span(first_on=run[0], last_on=run[-1], counted=counted, kind=kind, name=name))
    return _Runs(spans=tuple(runs), firsts=tuple(run.first_on for run in runs))


def _face(calendar: calendars.Calendar, day: date) -> tuple[SpanKind, pack.Text | None]:
    """How a day looks to a clock of working days."""
    off = calendars.why_off(calendar, day)
    if off is not None:
        return off, calendars.name_of(calendar, day) if off == "holiday" else None
    if calendars.is_half(calendar, day):
        return "half_day", calendars.name_of(calendar, day)
    if calendars.is_make_up(calendar, day):
        return "make_up", calendars.name_of(calendar, day)
    return "counted", None


def _explain_time(course: counting.TimeCourse, approver: str) -> tuple[Span, ...]:
    """Each piece of time as a span of its day; pieces alike on days in a row are one."""
    spans: list[Span] = []
    passed, told = _NONE, 0
    for piece in _pieces(course):
        passed += piece.counts
        minutes = int(passed / calendars.MINUTE) - told
        told += minutes
        kind, name = _face_of(course.calendar, piece)
        note = piece.reason or (approver if kind == "extension" else "")
        span = Span(
            first_on=piece.day, last_on=piece.day, counted=minutes, kind=kind, note=note, name=name
        )
        if spans and _alike(spans[-1], span):
            span = _joined(spans.pop(), span)
        spans.append(span)
    return tuple(spans)


def _joined(one: Span, two: Span) -> Span:
    return Span(
        first_on=one.first_on,
        last_on=two.last_on,
        counted=one.counted + two.counted,
        kind=one.kind,
        note=one.note,
        name=one.name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A piece of one day within one phase, paused or not; `counts` is what it gives."""

    day: date
    counts: timedelta
    unit: pack.Unit
    extra: bool
    reason: str
    paused: bool


def _pieces(course: counting.TimeCourse) -> Iterator[_Piece]:
    """The time from start to end, cut at midnights, at pauses and where the extension begins;
    hours in which nothing counts are left out on days that have some."""
    limit_at = counting.time_reached(course, course.phases[0].n)
    end_at = counting.time_reached(course, counting.total(course))
    marks = {course.start_at, limit_at, end_at}
    marks.update(mark for gap in course.gaps for mark in (gap.start, gap.end))
    day = calendars.local_date(course.calendar, course.start_at)
    while (midnight := calendars.start_of_day(course.calendar, day + counting.DAY)) < end_at:
        marks.add(midnight)
        day += counting.DAY
    inside = sorted(mark for mark in marks if course.start_at <= mark <= end_at)
    pieces = [
        _piece(course, one, two, limit_at=limit_at) for one, two in itertools.pairwise(inside)
    ]
    busy = {piece.day for piece in pieces if piece.counts or piece.paused}
    return (piece for piece in pieces if piece.counts or piece.paused or piece.day not in busy)


def _piece(
    course: counting.TimeCourse, start: datetime, end: datetime, *, limit_at: datetime
) -> _Piece:
    extra = start >= limit_at
    unit = course.phases[-1 if extra else 0].unit
    gap = next((gap for gap in course.gaps if gap.start <= start < gap.end), None)
    counts = _NONE if gap else counting.elapsed(course.calendar, unit, start, end=end)
    return _Piece(
        day=calendars.local_date(course.calendar, start),
        counts=counts,
        unit=unit,
        extra=extra,
        reason=gap.reason if gap else "",
        paused=gap is not None,
    )


def _face_of(calendar: calendars.Calendar, piece: _Piece) -> tuple[SpanKind, pack.Text | None]:
    if piece.paused:
        return "pause", None
    if piece.extra and piece.counts:
        return "extension", None
    if not piece.unit.startswith("working"):
        return "counted", None
    kind, name = _face(calendar, piece.day)
    return ("after_hours", None) if kind == "counted" and not piece.counts else (kind, name)
