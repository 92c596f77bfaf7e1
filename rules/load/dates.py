"""The files of a calendar: office hours, and a year's notice, as YAML or CSV.

`edit` lays one such file upon a stored calendar. What is wrong with it is told by file, line
and key; nothing is stored here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pydantic

from rules import calendars, pack
from rules.load import rows, tree, valid

MAX_NOTICE_BYTES: Final = 100_000
"""A year's notice has some 3,000."""

_CSV: Final = ".csv"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR: Final = re.compile(r"[^+_ ]*")
_WALL: Final = re.compile(r"[0-2][0-9]:[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """calendars/hours.yaml."""

    zone: str
    hours: calendars.Stretches
    tag: pack.Tag
    source: str
    weekdays: Mapping[calendars.Weekday, calendars.Stretches] = field(default_factory=dict)
    versions: tuple[calendars.Hours, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calendar:
    """The folder `calendars/`."""

    hours: Hours
    years: Mapping[str, calendars.Year]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A calendar with one file laid upon it. `year` is the year that the file names, None where
    it names office hours; `is_same`: nothing in it differs from what was there."""

    calendar: calendars.Calendar
    document: str
    year: calendars.Year | None
    is_same: bool


_CALENDAR: Final = pydantic.TypeAdapter(tuple[_Calendar], config=valid.STRICT)


def stored(document: str) -> tree.Node:
    """The nodes of a stored calendar."""
    return tree.located(json.loads(document), tree.Place(file="calendars", line=0, key=""))


def built(root: tree.Node, *, hash: str = "", zone: str | None = None) -> calendars.Calendar:  # noqa: A002
    """The calendar of its nodes, `hours` and `years`.

    Raises: PackInvalid with every fault found (pack.*, calendar.*).
    """
    return _made(_judged(root), hash=hash, zone=zone)


def edit(document: str, data: bytes, *, file: str) -> Edit:
    """A stored calendar with the year, or the office hours, of a file in place of its own.

    Raises: PackInvalid (pack.*, calendar.*), with the places of the file.
    """
    node = _read(data, file=file)
    root, text = stored(document), json.loads(document)
    before, year = _judged(root), None
    if "hours" in node:
        judged = _judged(_with(root, node))
        is_same = judged.hours == before.hours
        text["hours"] = hours_document(judged.hours)
    else:
        key = _key(before, node)
        judged = _judged(_with(root, node, key=key))
        year = judged.years[key]
        is_same = year in before.years.values()
        text["years"][key] = year_document(year)
    made = document if is_same else canonical(text)
    named = hashlib.sha256(made.encode()).hexdigest()
    calendar = _made(judged, hash=named, zone=None)
    return Edit(calendar=calendar, document=made, year=year, is_same=is_same)


def year_document(year: calendars.Year) -> dict[str, Any]:
    """A year as its file has it, in one order and every scalar as text."""
    found: dict[str, Any] = {
        "year": str(year.year),
        "status": year.status,
        "source": year.source,
        "days_off": [day.isoformat() for day in sorted(year.days_off)],
        "extra_workdays": [day.isoformat() for day in sorted(year.extra_workdays)],
    }
    if year.half_days:
        found["half_days"] = {
            day.isoformat(): half if isinstance(half, str) else _walls(half)
            for day, half in sorted(year.half_days.items())
        }
    found["names"] = {
        day.isoformat(): {"zh": name.zh, "en": name.en} for day, name in sorted(year.names.items())
    }
    return found


def hours_document(hours: Hours) -> dict[str, Any]:
    """Office hours as their file has them, every scalar as text."""
    found: dict[str, Any] = {"zone": hours.zone, "tag": hours.tag, "source": hours.source}
    found |= _week_document(hours.hours, hours.weekdays)
    if hours.versions:
        found["versions"] = [
            {"valid_from": version.valid_from.isoformat(), "source": version.source}
            | _week_document(version.hours, version.weekdays)
            for version in hours.versions
        ]
    return found


def hours_of(document: str) -> Hours:
    """The office hours of a stored calendar."""
    return _judged(stored(document)).hours


def canonical(document: Mapping[str, Any]) -> str:
    """The one text of a document, of which its hash is taken."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _week_document(
    hours: calendars.Stretches, weekdays: Mapping[calendars.Weekday, calendars.Stretches]
) -> dict[str, Any]:
    found: dict[str, Any] = {"hours": _walls(hours)}
    if weekdays:
        found["weekdays"] = {
            name: _walls(weekdays[name]) for name in calendars.WEEKDAYS if name in weekdays
        }
    return found


def _walls(stretches: calendars.Stretches) -> list[list[str]]:
    return [[wall.isoformat("minutes") for wall in stretch] for stretch in stretches]


# --- judging


def _judged(root: tree.Node) -> _Calendar:
    _check_words(root)
    read: _Calendar = valid.validated(_CALENDAR, root)
    noted = tree.Faults()
    keys = _keys(read)
    for fault in calendars.faults(**_facts(read)):
        noted.add(fault.code, _place(root, fault.where, keys=keys), **dict(fault.params))
    noted.stop()
    return read


def _made(read: _Calendar, *, hash: str, zone: str | None) -> calendars.Calendar:  # noqa: A002
    facts = _facts(read)
    return calendars.Calendar(**(facts | {"zone": zone or read.hours.zone}), hash=hash)


def _facts(read: _Calendar) -> dict[str, Any]:
    return {
        "zone": read.hours.zone,
        "hours": read.hours.hours,
        "weekdays": read.hours.weekdays,
        "versions": read.hours.versions,
        "years": tuple(read.years[key] for key in _keys(read)),
    }


def _keys(read: _Calendar) -> list[str]:
    return sorted(read.years, key=lambda key: (read.years[key].year, key))


def _place(root: tree.Node, where: tuple[str | int | date, ...], *, keys: list[str]) -> tree.Place:
    """The place of the deepest node on the way to a fault."""
    if where[0] == "years":
        way: list[str | int | date] = ["years", keys[int(str(where[1]))], *where[2:]]
    else:
        way = ["hours", *where]
    node = root
    for part in way:
        found = _child(node, part)
        if found is None:
            break
        node = found
    return node.place


def _child(node: tree.Node, part: str | int | date) -> tree.Node | None:
    name = part.isoformat() if isinstance(part, date) else part
    if isinstance(node, tree.Table):
        return node.get(str(name))
    if isinstance(node, tree.Many):
        if isinstance(name, int):
            return node[name]
        return next((child for child in node if child == name), None)
    return None


def _check_words(root: tree.Node) -> None:
    """A time is written 08:00, a day 2026-03-20, a year 2026: other ways of writing one mean
    different things to readers."""
    faults = tree.Faults()
    for pattern, nodes, expected in (
        (_WALL, _times(root), "time, as 08:00"),
        (_DAY, _days(root), "date, as 2026-03-20"),
        (_YEAR, _numbers(root), "year, as 2026"),
    ):
        for node in nodes:
            if isinstance(node, tree.Word) and not pattern.fullmatch(node):
                faults.add("pack.wrong_shape", node.place, expected=expected)
    faults.stop()


def _numbers(root: tree.Node) -> Iterator[tree.Node]:
    """Where the numbers of years are written."""
    for year in _years(root):
        if "year" in year:
            yield year["year"]


def _days(root: tree.Node) -> Iterator[tree.Node]:
    """Where days are written."""
    for year in _years(root):
        yield from _leaves(year.get("days_off"))
        yield from _leaves(year.get("extra_workdays"))
        for key in ("half_days", "names"):
            named = year.get(key)
            for day, node in named.items() if isinstance(named, tree.Table) else ():
                yield tree.Word(day, node.place)


def _years(root: tree.Node) -> Iterator[tree.Table]:
    years = root.get("years") if isinstance(root, tree.Table) else None
    for year in years.values() if isinstance(years, tree.Table) else ():
        if isinstance(year, tree.Table):
            yield year


def _times(root: tree.Node) -> Iterator[tree.Node]:
    """Where times are written."""
    if not isinstance(root, tree.Table):
        return
    hours = root.get("hours")
    if isinstance(hours, tree.Table):
        versions = hours.get("versions")
        for week in (hours, *(versions if isinstance(versions, tree.Many) else ())):
            if isinstance(week, tree.Table):
                yield from _leaves(week.get("hours"))
                yield from _leaves(week.get("weekdays"))
    for year in _years(root):
        half = year.get("half_days")
        for day in half.values() if isinstance(half, tree.Table) else ():
            if isinstance(day, tree.Many):
                yield from _leaves(day)


def _leaves(node: tree.Node | None) -> Iterator[tree.Node]:
    if isinstance(node, tree.Table):
        node = _listed(node)
    if isinstance(node, tree.Many):
        for child in node:
            yield from _leaves(child)
    elif node is not None:
        yield node


def _listed(table: tree.Table) -> tree.Many:
    many = tree.Many(table.place)
    many.extend(table.values())
    return many


# --- one file


def _with(root: tree.Node, node: tree.Table, *, key: str | None = None) -> tree.Node:
    """The stored nodes with a file's in place of the office hours, or of a year."""
    if not isinstance(root, tree.Table) or not isinstance(years := root["years"], tree.Table):
        return root
    laid, laid_years = root.copy(), years.copy()
    if key is None:
        laid["hours"] = node
    else:
        laid_years[key] = node
        laid["years"] = laid_years
    return laid


def _key(before: _Calendar, node: tree.Table) -> str:
    """Under which key the stored calendar has the year of a file, or will have it."""
    named = str(node.get("year"))
    own = next((key for key, year in before.years.items() if str(year.year) == named), None)
    return own or (f"notice-{named}" if named in before.years else named)


def _read(data: bytes, *, file: str) -> tree.Table:
    """A file as nodes. Raises: PackInvalid."""
    faults = tree.Faults()
    place = tree.Place(file=file, line=1, key="")
    text = valid.decoded(data, place, max_bytes=MAX_NOTICE_BYTES, faults=faults)
    node: tree.Node | None = None
    if text is not None and file.lower().endswith(_CSV):
        node = rows.read(text, file=file, faults=faults)
    elif text is not None:
        node = tree.read(text, file=file, faults=faults)
    if not isinstance(node, tree.Table) and not faults.found:
        faults.add("pack.wrong_shape", place, expected="mapping")
    faults.stop()
    return node if isinstance(node, tree.Table) else tree.Table(place)
