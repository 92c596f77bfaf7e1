"""A year's notice as a table of rows, as spreadsheets write it.

`year,2027`, `day_off,2027-01-01,元旦,New Year's Day`, `half_day,2027-02-05,morning`: the first
cell is the key, names are optional.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from rules import calendars
from rules.load import tree

_SLASHED: Final = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})")
_ONCE: Final = ("year", "status", "source")
_LISTS: Final = {"day_off": "days_off", "extra_workday": "extra_workdays"}
_HALF: Final = "half_day"


def read(text: str, *, file: str, faults: tree.Faults) -> tree.Table:
    """The rows as the nodes that YAML would give."""
    top = tree.Place(file=file, line=1, key="")
    table = tree.Table(top)
    for name in _LISTS.values():
        table[name] = tree.Many(top.under(name))
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        for cells in rows:
            words = [cell.strip() for cell in cells]
            while words and not words[-1]:
                words.pop()
            if words and not words[0].startswith("#"):
                place = top.under(words[0] or "?", line=rows.line_num)
                _row(table, words, place=place, faults=faults)
    except csv.Error as fault:
        faults.add("calendar.csv", top.under("", line=rows.line_num), problem=str(fault))
    return table


def _row(table: tree.Table, words: list[str], *, place: tree.Place, faults: tree.Faults) -> None:
    key, values = words[0], [tree.Word(dashed(word), place) for word in words[1:]]
    most = 1 if key in _ONCE else 4 if key == _HALF else 3
    if not all(word.isprintable() for word in words):
        faults.add("pack.control_character", place)
    elif key not in (*_ONCE, *_LISTS, _HALF):
        faults.add("pack.unknown_key", place, key=key[:60])
    elif not values or (key == _HALF and len(values) < 2):
        faults.add("pack.empty", place)
    elif len(values) > most:
        faults.add("pack.wrong_shape", place, expected=_SHAPES.get(key, f"{key},VALUE"))
    elif key in _ONCE and key in table:
        faults.add("pack.doubled_key", place, key=key)
    elif key in _ONCE:
        table[key] = values[0]
    else:
        _day(table, key, values, faults=faults)


def write(year: calendars.Year) -> str:
    """A year as rows that `read` takes."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows([("year", year.year), ("status", year.status), ("source", year.source)])
    for key, name in _LISTS.items():
        days: frozenset[date] = getattr(year, name)
        rows.writerows((key, day.isoformat(), *_names(year, day)) for day in sorted(days))
    for day, half in sorted(year.half_days.items()):
        part = half if isinstance(half, str) else _walls(half)
        rows.writerow((_HALF, day.isoformat(), part, *_names(year, day)))
    return text.getvalue()


def _names(year: calendars.Year, day: date) -> tuple[str, ...]:
    name = year.names.get(day)
    return () if name is None else (name.zh, name.en)


def _walls(stretches: calendars.Stretches) -> str:
    return " ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in stretches)


_SHAPES: Final[Mapping[str, str]] = {
    "day_off": "day_off,DATE,ZH,EN",
    "extra_workday": "extra_workday,DATE,ZH,EN",
    "half_day": "half_day,DATE,HALF,ZH,EN",
}


def _day(table: tree.Table, key: str, values: list[tree.Word], *, faults: tree.Faults) -> None:
    day, place = values[0], values[0].place
    if key == _HALF:
        half = _under(table, "half_days")
        if day in half:
            faults.add("pack.doubled_key", place, key=str(day))
        half[str(day)] = _half(values[1])
        names = values[2:]
    else:
        listed = table[_LISTS[key]]
        if isinstance(listed, tree.Many):
            listed.append(day)
        names = values[1:]
    if names:
        name = tree.Table(place)
        name["zh"], name["en"] = names[0], names[-1]
        _under(table, "names")[str(day)] = name


def _half(word: tree.Word) -> tree.Node:
    """`morning`, or `09:00-12:00 14:00-15:00` as stretches."""
    if "-" not in word:
        return word
    many = tree.Many(word.place)
    for part in word.split():
        stretch = tree.Many(word.place)
        stretch.extend(tree.Word(wall, word.place) for wall in part.split("-"))
        many.append(stretch)
    return many


def _under(table: tree.Table, name: str) -> tree.Table:
    found = table.get(name)
    if not isinstance(found, tree.Table):
        found = table[name] = tree.Table(table.place.under(name))
    return found


def dashed(word: str) -> str:
    """A date as a spreadsheet rewrites it, 2027/1/4, as 2027-01-04."""
    found = _SLASHED.fullmatch(word)
    return word if found is None else f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
