"""A year's notice, or office hours, laid upon a calendar: what comes of it, what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from rules import calendars, errors, load
from rules.load import dates

NOTICE = """\
year: 2027
status: official
source: 通知
days_off: [2027-01-01, 2027-02-08]
extra_workdays: [2027-02-14]
half_days:
  2027-02-05: morning
  2027-12-31: [["09:00", "11:30"]]
names:
  2027-01-01: {zh: 元旦, en: New Year's Day}
"""
ROWS = """\
# 2027
year,2027
status,official
source,通知
day_off,2027/1/1,元旦,New Year's Day
day_off,2027-02-08
extra_workday,2027-02-14
half_day,2027-02-05,morning
half_day,2027-12-31,09:00-11:30
"""


def _edit(text: str | bytes, file: str = "2027.yaml") -> dates.Edit:
    data = text if isinstance(text, bytes) else text.encode()
    return dates.edit(load.calendar_document(load.shipped()), data, file=file)


def test_a_notice_replaces_its_year_and_nothing_else() -> None:
    before, edit = load.load_calendar(load.shipped()), _edit(NOTICE)
    assert edit.year is not None
    assert (edit.year.year, edit.year.status, edit.is_same) == (2027, "official", False)
    assert edit.calendar.years[:3] == before.years[:3]
    assert calendars.is_half(edit.calendar, date(2027, 2, 5))
    assert calendars.is_workday(edit.calendar, date(2027, 2, 14))
    again = load.calendar_from_document(edit.calendar.hash, edit.calendar.zone, edit.document)
    assert again.years == edit.calendar.years
    assert again == edit.calendar


def test_a_notice_in_rows_is_the_same_notice() -> None:
    assert _edit(ROWS, "2027.csv").document == _edit(NOTICE).document
    assert _edit("\ufeff" + ROWS, "2027.CSV").document == _edit(NOTICE).document


def test_what_is_exported_comes_back_as_nothing_new() -> None:
    edit = _edit(NOTICE)
    assert edit.year is not None
    text = yaml.safe_dump(dates.year_document(edit.year), allow_unicode=True)
    again = dates.edit(edit.document, text.encode(), file="2027.yaml")
    assert (again.is_same, again.calendar.hash) == (True, edit.calendar.hash)
    shipped = (load.shipped() / "calendars" / "2026.yaml").read_bytes()
    assert _edit(shipped, "2026.yaml").is_same
    hours = yaml.safe_dump(dates.hours_document(dates.hours_of(edit.document)), allow_unicode=True)
    assert dates.edit(edit.document, hours.encode(), file="hours.yaml").is_same


def test_office_hours_are_laid_upon_a_calendar() -> None:
    text = """\
zone: Asia/Shanghai
hours: [["09:00", "12:00"], ["13:30", "17:30"]]
weekdays: {friday: [["09:00", "12:00"]]}
versions:
  - {valid_from: 2026-06-01, hours: [["08:30", "12:00"]], source: 夏季}
tag: local
source: 通知
"""
    edit = _edit(text, "hours.yaml")
    assert (edit.year, edit.is_same) == (None, False)
    assert calendars.closing(edit.calendar, date(2026, 3, 20)).hour == 4  # noon in Shanghai
    assert calendars.opening(edit.calendar, date(2026, 6, 2)).minute == 30
    again = load.calendar_from_document(edit.calendar.hash, edit.calendar.zone, edit.document)
    assert again.versions == edit.calendar.versions


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2027-02-08]", "2026-02-08]", (4, "days_off.2", "calendar.other_year")),
        ("2027-02-08]", "2027-02-30]", (4, "days_off.2", "pack.wrong_shape")),
        ("[2027-02-14]", "[2027-02-08]", (5, "extra_workdays.1", "calendar.off_and_on")),
        ("status: official", "year: 2027", (2, "year", "pack.doubled_key")),
        ("status: official", "status: sure", (2, "status", "pack.choice")),
        ("source: 通知", "sourse: 通知", (3, "sourse", "pack.unknown_key")),
        ("year: 2027", "year: two", (1, "year", "pack.not_a_number")),
        ("year: 2027", "year: 99999", (1, "year", "calendar.year_range")),
        ("2027-02-05: morning", "2027-02-05: noon", (7, "half_days.2027-02-05", "pack.choice")),
        (
            "2027-02-05: morning",
            "2027-02-06: morning",
            (7, "half_days.2027-02-06", "calendar.half_on_weekend"),
        ),
        (
            "2027-02-05: morning",
            "2027-02-08: morning",
            (7, "half_days.2027-02-08", "calendar.half_and_off"),
        ),
        (
            "2027-02-05: morning",
            "1801785600: morning",
            (7, "half_days.1801785600", "pack.wrong_shape"),
        ),
        ('"11:30"', '"08:30"', (8, "half_days.2027-12-31", "calendar.hours")),
        ('"11:30"', '"900"', (8, "half_days.2027-12-31.1.2", "pack.wrong_shape")),
        ("year: 2027", "[1, 2]", (2, "", "pack.yaml")),
        (NOTICE, "- 1", (1, "", "pack.wrong_shape")),
        (NOTICE, "", (1, "", "pack.wrong_shape")),
    ],
)
def test_a_faulty_notice_is_refused_with_its_place(
    old: str, new: str, told: tuple[int, str, str]
) -> None:
    with pytest.raises(errors.PackInvalid) as caught:
        _edit(NOTICE.replace(old, new, 1))
    found = [(f.line, f.key, f.code) for f in caught.value.pack_faults]
    assert told in found, found
    assert all(fault.file == "2027.yaml" for fault in caught.value.pack_faults)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("status,official", "year,2028", (3, "year", "pack.doubled_key")),
        ("extra_workday", "make_up", (7, "make_up", "pack.unknown_key")),
        ("2027-02-08", "8 February", (6, "day_off", "pack.wrong_shape")),
        ("2027-02-14", "2027-02-08", (7, "extra_workday", "calendar.off_and_on")),
        ("morning", "", (8, "half_day", "pack.empty")),
        ("day_off,2027-02-08", "day_off,2027-02-08,a,b,c", (6, "day_off", "pack.wrong_shape")),
        ("source,通知", 'source,"通知', (9, "", "calendar.csv")),
        ("09:00-11:30", "09:00-11:30 11:00-12:00", (9, "half_day", "calendar.hours")),
        ("通知", "通\x07知", (4, "source", "pack.control_character")),
    ],
)
def test_faulty_rows_are_refused_with_their_place(
    old: str, new: str, told: tuple[int, str, str]
) -> None:
    with pytest.raises(errors.PackInvalid) as caught:
        _edit(ROWS.replace(old, new, 1), "2027.csv")
    found = [(f.line, f.key, f.code) for f in caught.value.pack_faults]
    assert told in found, found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (NOTICE.encode("gbk"), "pack.not_utf8"),
        (b"year: 2027\n#" + b"x" * dates.MAX_NOTICE_BYTES, "pack.too_large"),
    ],
)
@pytest.mark.parametrize("file", ["2027.yaml", "2027.csv"])
def test_a_file_that_is_no_text_of_this_size_is_refused(data: bytes, code: str, file: str) -> None:
    with pytest.raises(errors.PackInvalid) as caught:
        _edit(data, file)
    assert [fault.code for fault in caught.value.pack_faults] == [code]


@pytest.mark.parametrize(
    ("hours", "key"),
    [
        ('hours: [["09:00", "12:00"], ["11:30", "17:30"]]', "hours"),
        (
            'hours: [["09:00", "12:00"]]\nweekdays: {friday: [["12:00", "09:00"]]}',
            "weekdays.friday",
        ),
        (
            'hours: [["09:00", "12:00"]]\n'
            'versions: [{valid_from: 2026-06-01, hours: [["09:00", "09:00"]], source: x}]',
            "versions.1.hours",
        ),
    ],
)
def test_overlapping_office_hours_are_refused_with_their_place(hours: str, key: str) -> None:
    with pytest.raises(errors.PackInvalid) as caught:
        _edit(f"zone: Asia/Shanghai\ntag: local\nsource: x\n{hours}\n", "hours.yaml")
    [fault] = caught.value.pack_faults
    assert (fault.file, fault.key, fault.code) == ("hours.yaml", key, "calendar.hours")


def test_a_year_in_two_files_is_refused_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "hours.yaml").write_text(
        'zone: Asia/Shanghai\nhours: [["09:00", "12:00"]]\ntag: default\nsource: x\n', "utf-8"
    )
    for name in ("2026.yaml", "again.yaml"):
        year = "status: official\nsource: x\ndays_off: []\nextra_workdays: []\nyear: 2026\n"
        (folder / name).write_text(year, "utf-8")
    with pytest.raises(errors.PackInvalid) as caught:
        load.load_calendar(tmp_path)
    [fault] = caught.value.pack_faults
    told = (fault.file, fault.line, fault.key, fault.code)
    assert told == ("calendars/again.yaml", 5, "year", "calendar.year_twice")
