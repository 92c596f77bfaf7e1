"""`gridcase transfer import`: what it says of a file, and how a case taken over is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import office
from tests.api import desk, test_office_cli
from tests.api.test_office_cli import Machine
from tests.workflow import look, test_transfer
from workflow import db, ids
from workflow.commands import transfer

machine = test_office_cli.machine
CASE = ids.imported_case("dispute", "D-17")


def _file(folder: Path, *lines: str, name: str = "old.csv") -> str:
    path = folder / name
    path.write_bytes(test_transfer.table(*lines))
    return str(path)


def _import(machine: Machine, path: str, *options: str) -> dict[str, object]:
    return machine.answered("transfer", "import", path, *options)


def test_a_file_when_checked_imports_nothing(machine: Machine, tmp_path: Path) -> None:
    path = _file(tmp_path, test_transfer.LEAK, test_transfer.NOISE)
    found = _import(machine, path, "--check")
    assert (found["cases"], found["new"], found["there"], found["imported"]) == (2, 2, 0, None)
    for lang, said in (
        ("en", "To import: 2; here already: 0. Nothing was written."),
        ("zh", "可导入 2 件"),
    ):
        result = machine.run("transfer", "import", path, "--check", lang=lang)
        assert (result.exit_code, said in result.stdout) == (0, True), result.output
    assert look.case_ids(machine.district) == []
    assert "cases_imported" not in machine.log()


@pytest.mark.parametrize(
    ("lang", "first", "again"),
    [
        ("en", "Imported: 1; here already: 0.", "Imported: 0; here already: 1."),
        ("zh", "已导入案件 1 件", "已导入案件 0 件；此前已在本系统中 1 件"),
    ],
)
def test_a_file_when_imported_twice_is_written_once(
    machine: Machine, tmp_path: Path, lang: str, first: str, again: str
) -> None:
    path = _file(tmp_path, test_transfer.LEAK)
    for said in (first, again):
        result = machine.run("transfer", "import", path, lang=lang)
        assert (result.exit_code, said in result.stdout) == (0, True), result.output
    assert look.case_ids(machine.district) == [CASE]
    assert machine.log().count("cases_imported") == 1
    found = _import(machine, path)
    assert (found["file"], found["imported"], found["there"]) == ("old.csv", 0, 1)
    assert machine.run("audit", "verify").exit_code == 0


@pytest.mark.parametrize(
    ("lang", "said", "remedy"),
    [
        ("en", 'old.csv:3: state: "filed" is no state', "Use one of these: closed"),
        ("zh", "old.csv:3: state: “filed”不是该流程的办结状态", "可用：closed"),
    ],
)
def test_a_file_with_faults_says_where_and_what_to_do(
    machine: Machine, tmp_path: Path, lang: str, said: str, remedy: str
) -> None:
    bad = test_transfer.LEAK.replace("closed", "filed").replace("0201", "9999")
    path = _file(tmp_path, test_transfer.NOISE, bad)
    result = machine.run("transfer", "import", path, lang=lang)
    assert (result.exit_code, result.stdout) == (2, "")
    for part in (said, remedy, "old.csv:3: category: ", "[transfer.invalid]"):
        assert part in result.stderr, result.stderr
    assert look.case_ids(machine.district) == []


def test_a_file_that_is_not_there_is_told(machine: Machine, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        exit_code, said = machine.refused("transfer", "import", str(path))
        assert (exit_code, "[transfer.no_file]" in said) == (2, True)


def test_the_example_of_the_README_is_sound(machine: Machine, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    path = tmp_path / "example.csv"
    path.write_text(text.split("### Old cases")[1].split("```")[1].lstrip(), "utf-8")
    assert _import(machine, str(path))["imported"] == 2


# -- how it is told -------------------------------------------------------------------------------


def test_the_case_on_its_page_and_in_the_API_tells_where_it_came_from(
    database: db.Database,
) -> None:
    open_ = desk.open_desk(database, "desk")
    line = test_transfer.LEAK
    data = test_transfer.table(line + ",邻居说的", head=test_transfer.HEAD + ",story")
    made = transfer.read_file(database, data, file="old.csv")
    assert transfer.apply(open_.district.engine, made) == 1
    headers = {"Authorization": f"Bearer {open_.token('desk')}"}
    for language, title, days in (
        ("en", "Taken over from the earlier system, number there: D-17", "Received "),
        ("zh-CN", "从原系统导入，原编号：D-17", "收到 2019 年 5 月 6 日"),
    ):
        asked = headers | {"Accept-Language": language}
        answer = open_.site.send("GET", f"/api/v1/cases/{CASE}/events", headers=asked)
        (event,) = answer.json()["items"]
        assert (event["name"], event["title"]) == ("case_imported", title)
        assert event["details"]["old_number"] == "D-17"
        page = open_.site.send("GET", f"/cases/{CASE}", headers=asked | {"Accept": "text/html"})
        assert page.status_code == 200
        text = re.sub(r"<[^>]+>", " ", page.text)
        assert title in text
        assert days in text
        assert "漏水" in text
    case = open_.site.send("GET", f"/api/v1/cases/{CASE}", headers=headers).json()
    assert (case["is_closed"], case["code"], case["due_at"]) == (True, None, None)
    assert case["grid_name"] == {area[0]: area[1] for area in office.AREAS}[office.GRID]
