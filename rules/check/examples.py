"""The worked cases of a pack, run against the calendar."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from rules import calendars, due, errors, pack
from rules.check.report import Report

_FILE = "examples.yaml"
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}))?", re.ASCII)


def check(rules: pack.Pack, calendar: calendars.Calendar, report: Report) -> None:
    """Notes every example that does not come out as it says."""
    for number, example in enumerate(rules.examples, start=1):
        rule = rules.deadlines.get(example.deadline)
        if rule is None:
            report.add("check.unknown_deadline", _FILE, str(number), name=example.deadline)
            continue
        try:
            found = _run(rule, example, calendar)
            said = _instant(example.due, calendar)
        except errors.GridcaseError as fault:
            report.add("check.example_broken", _FILE, str(number), problem=str(fault))
            continue
        _compare(found, said, example, calendar, report=report, key=f"{number}.due")


def _run(rule: pack.DeadlineRule, example: pack.Example, calendar: calendars.Calendar) -> due.Due:
    pauses: tuple[due.Pause, ...] = ()
    if example.pause is not None:
        first, last = (_instant(day, calendar) for day in example.pause)
        pauses = (
            due.Pause(
                from_on=calendars.local_date(calendar, first),
                to_on=calendars.local_date(calendar, last),
                from_at=first,
                to_at=last,
                reason="example",
            ),
        )
    due.admit(rule, pauses=pauses, extend_days=example.extend)
    return due.due(
        rule,
        calendar=calendar,
        start_at=_instant(example.start, calendar),
        pauses=pauses,
        extend_days=example.extend,
        until=None if example.until is None else _date(example.until),
        roll=example.roll,
    )


def _compare(
    found: due.Due,
    said: datetime,
    example: pack.Example,
    calendar: calendars.Calendar,
    *,
    report: Report,
    key: str,
) -> None:
    """A day alone means the last day; with a time of day the exact end."""
    zone = calendars.zone(calendar)
    if " " in example.due:
        right = found.due_at == said
        got = found.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        if found.due_at.astimezone(zone).time() == time.min:
            got = f"{found.due_on.isoformat()} 24:00"
    else:
        right = found.due_on == calendars.local_date(calendar, said)
        got = found.due_on.isoformat()
    if not right:
        report.add("check.example_wrong", "examples.yaml", key, said=example.due, found=got)


def _instant(text: str, calendar: calendars.Calendar) -> datetime:
    """`2026-03-20`, `2026-03-20 16:00` or `2026-03-24 24:00` in the calendar's zone, as UTC."""
    found = _DAY.fullmatch(text)
    if found is None:
        raise errors.Invalid("check.example_date", text=text)
    day, clock = _date(found[1]), found[2]
    if clock is None:
        return calendars.start_of_day(calendar, day)
    if clock == "24:00":
        return calendars.start_of_day(calendar, day + timedelta(days=1))
    try:
        at = datetime.combine(day, time.fromisoformat(clock), calendars.zone(calendar))
    except ValueError:
        raise errors.Invalid("check.example_date", text=text) from None
    return at.astimezone(UTC)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise errors.Invalid("check.example_date", text=text) from None
