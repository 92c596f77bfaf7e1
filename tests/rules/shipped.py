"""Builders for the tests of `rules`: the shipped calendar, other calendars, small rules."""

from __future__ import annotations

import importlib.resources
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from rules import calendars, pack

FOLDER = importlib.resources.files("rules") / "packs" / "cn-national" / "calendars"
SHANGHAI = ZoneInfo("Asia/Shanghai")
NAME = pack.Text(zh="时限", en="Limit")


def document(name: str) -> dict[str, Any]:
    """One file of the shipped calendar, every scalar as text."""
    loaded = yaml.load((FOLDER / name).read_text("utf-8"), Loader=yaml.BaseLoader)
    assert isinstance(loaded, dict)
    return loaded


def year(name: str) -> calendars.Year:
    """One shipped year."""
    data = document(name)
    return calendars.Year(
        year=int(data["year"]),
        status=data["status"],
        source=data["source"],
        days_off=frozenset(map(date.fromisoformat, data["days_off"])),
        extra_workdays=frozenset(map(date.fromisoformat, data["extra_workdays"])),
        names={date.fromisoformat(day): pack.Text(**text) for day, text in data["names"].items()},
    )


@cache
def calendar() -> calendars.Calendar:
    """The shipped calendar."""
    hours = document("hours.yaml")
    years = tuple(year(f"{number}.yaml") for number in (2024, 2025, 2026, 2027))
    return other(zone=hours["zone"], hours=tuple(map(tuple, hours["hours"])), years=years)


def other(
    *,
    zone: str = "Asia/Shanghai",
    hours: tuple[tuple[str, str], ...] = (("09:00", "12:00"), ("13:30", "17:30")),
    years: tuple[calendars.Year, ...] = (),
) -> calendars.Calendar:
    """A calendar of one's own; its hash is its content."""
    stretches = tuple((time.fromisoformat(one), time.fromisoformat(two)) for one, two in hours)
    return calendars.Calendar(
        zone=zone, hours=stretches, years=years, hash=repr((zone, hours, years))
    )


def length(words: str) -> pack.Length:
    """`3 working_day` as a length."""
    n, unit = words.split()
    return pack.Length(n=int(n), unit=unit)  # type: ignore[arg-type]


def rule(limit: str | None, **changes: Any) -> pack.DeadlineRule:
    """A clock with this limit, or with `until` where it is None."""
    facts: dict[str, Any] = {
        "process": "dispute",
        "name": NAME,
        "limit": pack.Limit(length=length(limit)) if limit else pack.Limit(until="fields.by"),
        "starts": ("file_case",),
        "stops": ("accept",),
        "tag": "default",
        "source": "test",
    }
    return pack.DeadlineRule(**(facts | changes))


def extension(limit: str = "30 calendar_day") -> pack.Extension:
    """An extension of at most this much."""
    return pack.Extension(
        name="extend",
        text=NAME,
        action="extend",
        days="extend_days",
        max=length(limit),
        by="organ_head",
        tag="national",
        source="test",
    )


def at(words: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """A local date, or date and time, as an instant in UTC; a bare date is ten o'clock."""
    wall = datetime.fromisoformat(words if len(words) > 10 else f"{words} 10:00")
    return wall.replace(tzinfo=zone).astimezone(UTC)
