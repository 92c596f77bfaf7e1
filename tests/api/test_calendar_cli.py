"""`gridcase office calendar`: what it lists and exports; an import shown, done, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api import test_office_cli
from tests.api.test_office_cli import Machine
from workflow import db

machine = test_office_cli.machine

NOTICE = """\
year: 2027
status: official
source: 2027 年放假通知
days_off: [2027-01-01, 2027-02-05, 2027-02-08, 2027-02-09]
extra_workdays: [2027-02-14]
half_days: {2027-02-04: morning}
names:
  2027-02-05: {zh: 春节, en: Spring Festival}
"""


def _file(folder: Path, text: str, name: str = "notice.yaml") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def _with_day_off(machine: Machine, folder: Path) -> str:
    """The year 2026 with Tuesday 24 March off."""
    text = machine.run("office", "calendar", "export", "--year", "2026").stdout
    year = yaml.safe_load(text)
    year["days_off"].append("2026-03-24")
    return _file(folder, yaml.safe_dump(year, allow_unicode=True), "2026.yaml")


def test_calendars_when_listed_and_shown(machine: Machine) -> None:
    [only] = machine.answered("office", "calendar", "list")["calendars"]
    assert (only["is_active"], only["zone"]) == (True, "Asia/Shanghai")
    assert only["years"]["2027"] == "provisional"
    shown = machine.answered("office", "calendar", "show")
    assert shown["hours"]["hours"] == [["09:00", "12:00"], ["13:30", "17:30"]]
    assert machine.answered("office", "calendar", "show", only["hash"][:8]) == shown
    zh = machine.run("office", "calendar", "show", lang="zh").stdout
    assert "2027  暂定" in zh
    assert "补班" in zh
    assert "10-01..10-07" in zh
    assert "2027 (provisional)" in machine.run("office", "calendar", "list").stdout


def test_what_is_exported_is_what_is_imported(machine: Machine, tmp_path: Path) -> None:
    path = _file(tmp_path, NOTICE)
    machine.answered("office", "calendar", "import", path, "--apply=keep")
    for options, name in (
        (("--year", "2027"), "2027.yaml"),
        (("--year", "2027", "--csv"), "2027.csv"),
        (("--year", "2026"), "2026.yaml"),
        (("--hours",), "hours.yaml"),
    ):
        text = machine.run("office", "calendar", "export", *options).stdout
        again = _file(tmp_path, text, name)
        found = machine.answered("office", "calendar", "import", again)
        assert found["is_same"] is True, name
    assert machine.log().count("calendar_imported") == 1


def test_an_import_is_shown_first_and_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    filed = [machine.district.file() for _ in range(2)]
    path = _with_day_off(machine, tmp_path)
    before, log = machine.answered("office", "calendar", "list"), machine.log()
    shown = machine.answered("office", "calendar", "import", path)
    assert (shown["applied"], shown["year"], shown["was"]) == (None, 2026, "official")
    counts = {way: found["moved"] for way, found in shown["preview"].items()}
    assert counts == {"keep": 0, "from-now-on": 2, "rebuild": 2}
    for lang, words in (
        ("en", ("Nothing was changed", "Deadlines that move", "2026-03-25", "-> 2026-03-26")),
        ("zh", ("没有更改任何内容", "期限移动", "2026-03-25", "-> 2026-03-26", "受理期限")),
    ):
        text = machine.run("office", "calendar", "import", path, lang=lang).stdout
        assert all(word in text for word in words), text
        assert machine.district.case(filed[0]).number in text
    assert (machine.answered("office", "calendar", "list"), machine.log()) == (before, log)


@pytest.mark.parametrize(("lang", "words"), [("en", "is in use (rebuild)"), ("zh", "已启用")])
def test_an_import_when_applied_moves_and_says_so(
    machine: Machine, tmp_path: Path, lang: str, words: str
) -> None:
    filed = machine.district.file()
    path = _with_day_off(machine, tmp_path)
    shown = machine.answered("office", "calendar", "import", path)["preview"]["rebuild"]
    result = machine.run("office", "calendar", "import", path, "--apply", "rebuild", lang=lang)
    assert (result.exit_code, words in result.stdout) == (0, True), result.output
    clock = machine.district.deadlines(filed)["dispute.accept"][0]
    assert str(clock.due_on) == "2026-03-26"
    assert shown["moved"] == 1
    assert machine.log().count("calendar_imported") == 1
    again = machine.answered("office", "calendar", "import", path, "--apply", "rebuild")
    assert (again["cases"], again["moved"]) == (0, 0)
    assert machine.log().count("calendar_imported") == 1
    assert machine.run("doctor").exit_code in {0, 1}


def test_notices_go_out_only_when_asked(machine: Machine, tmp_path: Path) -> None:
    machine.district.file()
    path = _with_day_off(machine, tmp_path)
    found = machine.answered("office", "calendar", "import", path, "--apply=from-now-on")
    assert (found["notices"], found["notified"]) == (1, False)
    assert _told(machine) == 0
    year = yaml.safe_load(Path(path).read_text("utf-8"))
    year["days_off"].append("2026-03-25")
    other = _file(tmp_path, yaml.safe_dump(year, allow_unicode=True), "again.yaml")
    found = machine.answered(
        "office", "calendar", "import", other, "--apply=from-now-on", "--notify"
    )
    assert (found["notices"], found["notified"]) == (1, True)
    assert _told(machine) == 1


def _told(machine: Machine) -> int:
    with db.snapshot(machine.district.engine.database) as tx:
        sql = "select count(*) from notice where cause = 'deadline_moved'"
        return int(tx.exec_driver_sql(sql).scalar_one())


@pytest.mark.parametrize(
    ("text", "name", "place", "code"),
    [
        (NOTICE.replace("2027-01-01", "2026-01-01"), "n.yaml", "n.yaml:4", "calendar.other_year"),
        (NOTICE.replace("2027-02-14", "2027-02-08"), "n.yaml", "n.yaml:5", "calendar.off_and_on"),
        (NOTICE + "year: 2027\n", "n.yaml", "n.yaml:9", "pack.doubled_key"),
        (NOTICE + "holidays: []\n", "n.yaml", "n.yaml:9", "pack.unknown_key"),
        ("year,2027\nyear,2028\n", "n.csv", "n.csv:2", "pack.doubled_key"),
        ("x" * 100_001, "n.yaml", "n.yaml:1", "pack.too_large"),
        (
            "zone: Asia/Shanghai\ntag: local\nsource: x\n"
            'hours: [["09:00", "12:00"], ["11:00", "17:00"]]\n',
            "hours.yaml",
            "hours.yaml:4",
            "calendar.hours",
        ),
    ],
)
@pytest.mark.parametrize("apply", [(), ("--apply", "rebuild")])
def test_a_faulty_file_is_refused_with_place_and_remedy(
    machine: Machine, tmp_path: Path, text: str, name: str, place: str, code: str, apply: Any
) -> None:
    filed, before = machine.district.file(), machine.answered("office", "calendar", "list")
    stood = machine.district.deadlines(filed)
    exit_code, said = machine.refused(
        "office", "calendar", "import", _file(tmp_path, text, name), *apply
    )
    assert exit_code == 2
    assert place in said
    assert f"[{code}]" in said
    assert machine.answered("office", "calendar", "list") == before
    assert machine.district.deadlines(filed) == stood


def test_a_file_in_another_encoding_is_refused(machine: Machine, tmp_path: Path) -> None:
    path = tmp_path / "gbk.csv"
    path.write_bytes("year,2027\nsource,放假通知\n".encode("gbk"))
    exit_code, said = machine.refused("office", "calendar", "import", str(path))
    assert (exit_code, "[pack.not_utf8]" in said, "gbk.csv:1" in said) == (2, True, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("import", "nowhere.yaml"), "calendar.no_file"),
        (("show", "0" * 64), "calendar.not_stored"),
        (("show", "0"), "calendar.not_stored"),
        (("export",), "calendar.export_what"),
        (("export", "--hours", "--year", "2026"), "calendar.export_what"),
        (("export", "--year", "1999"), "calendar.no_year"),
    ],
)
def test_what_is_not_there_is_refused(
    machine: Machine, arguments: tuple[str, ...], code: str
) -> None:
    exit_code, said = machine.refused("office", "calendar", *arguments)
    assert (exit_code, f"[{code}]" in said) == (2, True), said


def test_office_hours_are_told_in_words(machine: Machine, tmp_path: Path) -> None:
    text = machine.run("office", "calendar", "export", "--hours").stdout
    hours = yaml.safe_load(text)
    hours["weekdays"] = {"friday": [["09:00", "12:00"]]}
    hours["versions"] = [
        {"valid_from": "2026-06-01", "hours": [["08:30", "12:00"]], "source": "夏季"}
    ]
    path = _file(tmp_path, yaml.safe_dump(hours, allow_unicode=True), "hours.yaml")
    said = machine.run("office", "calendar", "import", path, "--apply", "keep").stdout
    assert "Fri 09:00-12:00" in said
    shown = machine.run("office", "calendar", "show", lang="zh").stdout
    assert "自 2026-06-01 起" in shown
    assert "周五 09:00-12:00" in shown
    kept = machine.answered("office", "calendar", "show")
    assert kept["hours"]["weekdays"] == hours["weekdays"]
