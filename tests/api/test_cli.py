"""The command line: packs and their clocks, the chain of events, refusals with their codes."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from api.cli import app, web
from rules import errors, load
from tests import office
from workflow import db

SECRET = bytes(range(32)).hex()
"""The key of `tests.office`."""
SHIPPED = resources.files("rules") / "packs" / "cn-national"


def run(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """One call, in English."""
    return CliRunner().invoke(app, ["--lang", "en", *arguments], env=dict(env or {}))


def answered(*arguments: str) -> dict[str, Any]:
    """The JSON of a call that went well."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def _span(first: str, last: str, counted: int, kind: str, **more: object) -> dict[str, object]:
    return {"first_on": first, "last_on": last, "counted": counted, "kind": kind} | more


NEW_YEAR = {"zh": "元旦", "en": "New Year's Day"}
VECTORS: tuple[tuple[tuple[str, ...], dict[str, object]], ...] = (
    (
        ("petition.handle", "--start", "2026-03-20"),
        {
            "due_at": "2026-05-20T00:00:00+08:00",
            "due_on": "2026-05-19",
            "provisional": False,
            "spans": [
                _span("2026-03-20", "2026-03-20", 0, "first_day"),
                _span("2026-03-21", "2026-05-19", 60, "counted"),
            ],
        },
    ),
    (
        ("petition.handle", "--start", "2026-05-01T23:59", "--extend", "30"),
        {
            "due_at": "2026-07-31T00:00:00+08:00",
            "due_on": "2026-07-30",
            "provisional": False,
            "spans": [
                _span("2026-05-01", "2026-05-01", 0, "first_day"),
                _span("2026-05-02", "2026-06-30", 60, "counted"),
                _span("2026-07-01", "2026-07-30", 30, "extension", note="organ_head"),
            ],
        },
    ),
    (
        ("dispute.accept", "--start", "2026-03-20T08:00:00Z"),
        {
            "due_at": "2026-03-26T00:00:00+08:00",
            "due_on": "2026-03-25",
            "provisional": False,
            "spans": [
                _span("2026-03-20", "2026-03-20", 0, "first_day"),
                _span("2026-03-21", "2026-03-22", 0, "weekend"),
                _span("2026-03-23", "2026-03-25", 3, "counted"),
            ],
        },
    ),
    (
        ("petition.recheck", "--start", "2026-03-02", "--pause", "2026-03-10", "2026-03-20"),
        {
            "due_at": "2026-04-12T00:00:00+08:00",
            "due_on": "2026-04-11",
            "provisional": False,
            "spans": [
                _span("2026-03-02", "2026-03-02", 0, "first_day"),
                _span("2026-03-03", "2026-03-10", 8, "counted"),
                _span("2026-03-11", "2026-03-20", 0, "pause", note="--pause"),
                _span("2026-03-21", "2026-04-11", 22, "counted"),
            ],
        },
    ),
    (
        ("confirm.window", "--start", "2026-01-30"),
        {
            "due_at": "2026-03-03T00:00:00+08:00",
            "due_on": "2026-03-02",
            "provisional": False,
            "spans": [
                _span("2026-01-30", "2026-01-30", 0, "first_day"),
                _span("2026-01-31", "2026-03-01", 30, "counted"),
                _span("2026-03-02", "2026-03-02", 0, "roll"),
            ],
        },
    ),
    (
        ("dispute.name_mediator", "--start", "2026-12-31"),
        {
            "due_at": "2027-01-05T00:00:00+08:00",
            "due_on": "2027-01-04",
            "provisional": True,
            "spans": [
                _span("2026-12-31", "2026-12-31", 0, "first_day"),
                _span("2027-01-01", "2027-01-01", 0, "holiday", name=NEW_YEAR),
                _span("2027-01-02", "2027-01-03", 0, "weekend"),
                _span("2027-01-04", "2027-01-04", 1, "counted"),
            ],
        },
    ),
)


# -- packs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "expected"), VECTORS, ids=lambda value: str(value)[:40])
def test_pack_due_when_computed(asked: tuple[str, ...], expected: dict[str, object]) -> None:
    found = answered("pack", "due", *asked)
    assert {key: found[key] for key in expected} == expected


@pytest.fixture
def hours(tmp_path: Path) -> str:
    """A pack in which mediation is counted in working hours."""
    (tmp_path / "pack.yaml").write_text(
        'name: hours\nextends: cn-national\nversion: "1"\ntitle: {zh: 小时, en: Hours}\n', "utf-8"
    )
    (tmp_path / "deadlines.yaml").write_text(
        "mediation.general: {limit: 20 working hours, pauses: {1: {max: 4 working hours}}}\n"
        "petition.handle: {limit: 90 wall minutes, extension: {max: 30 wall minutes},"
        " tag: default, source: x}\n",
        "utf-8",
    )
    return str(tmp_path)


@pytest.mark.parametrize(
    ("asked", "due_at", "spans"),
    [
        (
            ("mediation.general", "--pause", "2026-03-23T10:00", "2026-03-23T15:30"),
            "2026-03-26T14:00:00+08:00",
            [
                _span("2026-03-23", "2026-03-23", 30, "counted"),
                _span("2026-03-23", "2026-03-23", 0, "pause", note="--pause"),
                _span("2026-03-23", "2026-03-26", 1170, "counted"),
            ],
        ),
        (
            ("petition.handle", "--extend", "30"),
            "2026-03-23T11:30:00+08:00",
            [
                _span("2026-03-23", "2026-03-23", 90, "counted"),
                _span("2026-03-23", "2026-03-23", 30, "extension", note="organ_head"),
            ],
        ),
    ],
)
def test_pack_due_when_counted_in_hours_or_minutes(
    hours: str, asked: tuple[str, ...], due_at: str, spans: list[dict[str, object]]
) -> None:
    found = answered("pack", "due", *asked, "--start", "2026-03-23T09:30", "--pack", hours)
    assert (found["due_at"], found["spans"]) == (due_at, spans)
    words = run("pack", "due", *asked, "--start", "2026-03-23T09:30", "--pack", hours)
    assert "minutes" in words.stdout


@pytest.mark.parametrize(
    ("pause", "until"),
    [
        (("2026-03-23T10:00", "2026-03-23T15:31"), "2026-03-23 15:30"),
        (("2026-03-23", "2026-03-24"), "2026-03-24 14:30"),
    ],
)
def test_pack_due_when_a_pause_is_longer_than_its_hours(
    hours: str, pause: tuple[str, str], until: str
) -> None:
    result = run(
        "pack",
        "due",
        "mediation.general",
        "--start",
        "2026-03-23T09:30",
        "--pack",
        hours,
        "--pause",
        *pause,
    )
    assert result.exit_code == 2
    assert "deadline.pause_cap" in result.stderr
    assert until in result.stderr


def test_pack_due_when_any_clock_of_the_pack_is_asked() -> None:
    pack = load.release(load.NATIONAL)[0].pack
    for name, rule in pack.deadlines.items():
        until = ("--until", "2026-06-30") if rule.limit.until else ()
        found = answered("pack", "due", name, "--start", "2026-05-08", *until)
        length = rule.limit.length
        if length is not None and length.unit != "month":
            assert sum(span["counted"] for span in found["spans"]) == length.n, name
        assert found["spans"][-1]["last_on"] == found["due_on"], name


def test_pack_due_when_a_clock_ends_with_another_names_it_and_takes_its_day() -> None:
    asked = ("pack", "due", "petition.serve_paper", "--start", "2026-04-02")
    assert answered(*asked)["due_on"] == "2026-04-10"
    found = answered(*asked, "--until", "2026-04-04")
    assert found["due_on"] == "2026-04-04"
    assert found["no_later_than"] == ["petition.notice_direct", "petition.notice_assigned"]
    told = run(*asked, "--lang", "en").stdout
    assert "No later than the end of: petition.notice_direct" in told
    assert (
        "No later than"
        not in run("pack", "due", "petition.handle", "--start", "2026-04-02", "--lang", "en").stdout
    )


def test_pack_due_when_an_extension_is_asked_says_whose_it_is() -> None:
    found = answered("pack", "due", "petition.extend", "--start", "2026-03-20")
    assert found["extension_of"] == "petition.handle"
    assert (found["extension"]["max"], found["extension"]["by"]) == (
        "30 calendar days",
        "organ_head",
    )
    assert found["due_on"] == "2026-06-18", "sixty days, and the most that it may add"
    assert "petition.handle" in found["how"]["en"]
    assert "petition.handle" in found["how"]["zh"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("petition.handle", "--extend", "31"), "deadline.extension_cap"),
        (("petition.handle", "--extend", "-1"), "deadline.negative"),
        (("petition.review", "--extend", "1"), "deadline.extension_none"),
        (("petition.handle", "--pause", "2026-03-21", "2026-03-22"), "deadline.pause_none"),
        (("petition.recheck", "--pause", "2026-03-22", "2026-03-21"), "deadline.pause_order"),
        (("mediation.general", "--pause", "2026-03-21", "2026-06-21"), "deadline.pause_cap"),
        (("petition.recheck", "--pause", "2026-03-22", "soon"), "field.date"),
        (("petition.recheck", "--pause", "2026-03-22T10:00", "soon enough"), "cli.pause"),
        (
            ("petition.recheck", "--pause", "2026-03-22T10:00", "2026-03-22T09:00"),
            "deadline.pause_order",
        ),
        (("dispute.performance",), "deadline.until_missing"),
        (("petition.handle", "--until", "2026-04-10"), "deadline.until_none"),
        (("petition.nothing",), "pack.no_clock"),
    ],
)
def test_pack_due_when_a_case_would_refuse_refuses(asked: tuple[str, ...], code: str) -> None:
    result = run("pack", "due", *asked, "--start", "2026-03-20")
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("start", ["2026-13-01", "yesterday", "2026-03-20T25:00", "2026-3-2"])
def test_pack_due_when_the_start_is_no_moment(start: str) -> None:
    result = run("pack", "due", "petition.handle", "--start", start)
    assert result.exit_code == 2
    assert "[cli.start]" in result.stderr


@pytest.mark.long
def test_pack_check_when_sound() -> None:
    assert run("pack", "check").exit_code == 0
    found = answered("pack", "check", "cn-national")
    assert found["ok"] is True
    assert found["hash"] == load.release(load.NATIONAL)[0].hash


@pytest.mark.long
def test_pack_check_when_no_name_is_given_checks_every_shipped_pack() -> None:
    found = answered("pack", "check")
    assert found["ok"] is True
    assert [one["name"] for one in found["packs"]] == list(load.shipped_names())
    said = run("pack", "check").stdout
    assert all(f"Pack {name} " in said for name in load.shipped_names())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped pack, to be spoiled."""
    path = tmp_path / "pack"
    with resources.as_file(SHIPPED) as source:
        shutil.copytree(source, path)
    return path


def test_pack_check_when_broken_names_file_line_and_key(folder: Path) -> None:
    file = folder / "ladders.yaml"
    file.write_text(file.read_text("utf-8").replace("do: urge", "do: shout", 1), "utf-8")
    line = next(
        n for n, row in enumerate(file.read_text("utf-8").splitlines(), 1) if "shout" in row
    )
    result = run("pack", "check", str(folder))
    assert result.exit_code == 2
    assert f"ladders.yaml:{line}: default.2.do:" in result.stderr.replace("[", " ")
    machine = run("pack", "check", str(folder), "--json")
    assert machine.exit_code == 2
    fault = json.loads(machine.stdout)["faults"][0]
    assert (fault["file"], fault["line"]) == ("ladders.yaml", line)
    assert fault["remedy"]


def test_pack_check_when_a_state_has_no_way_out(folder: Path) -> None:
    file = folder / "dispute.yaml"
    text_ = file.read_text("utf-8").replace(
        "  closed: {", "  limbo: {name: {zh: 悬置, en: Limbo}, owner: case_desk}\n  closed: {", 1
    )
    file.write_text(text_.replace("to: withdrawn", "to: limbo", 1), "utf-8")
    result = run("pack", "check", str(folder))
    assert result.exit_code == 2
    assert "dispute.yaml:" in result.stderr
    assert "[check.dead_end]" in result.stderr


def test_pack_check_when_a_local_change_spoils_the_pack_below_says_whose_doing_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "pack.yaml").write_text(
        "name: here\nextends: cn-national\nversion: '1'\ntitle: {zh: 本地, en: Here}\n", "utf-8"
    )
    (tmp_path / "deadlines.yaml").write_text(
        "petition.handle: {limit: 45 calendar days, tag: local, source: 某地规定}\n", "utf-8"
    )
    result = run("pack", "check", str(tmp_path), "--lang", "en")
    assert result.exit_code == 2
    assert "cn-national/examples.yaml" in result.stderr
    assert "cn-national is sound by itself" in result.stderr


def test_pack_check_when_there_is_no_such_folder(tmp_path: Path) -> None:
    assert run("pack", "check", str(tmp_path / "none")).exit_code == 2
    assert run("pack", "check", "no-such-pack").exit_code == 2


def test_pack_show_when_asked_for_pack_process_or_clock() -> None:
    assert set(answered("pack", "show")["document"]) > {"processes", "deadlines"}
    assert answered("pack", "show", "dispute")["process"] == "dispute"
    clock = answered("pack", "show", "petition.handle")
    assert (clock["limit"], clock["source"]) == ("60 calendar days", "信访工作条例第34条")
    for name in ((), ("petition",), ("petition.handle",)):
        assert run("pack", "show", *name).exit_code == 0
    assert run("pack", "show", "nothing").exit_code == 2


# -- language -------------------------------------------------------------------------------------


def test_pack_law_when_asked_for_the_table() -> None:
    rows = answered("pack", "law")["rows"]
    assert answered("pack", "law")["missing"] == []
    by_id = {row["id"]: row for row in rows}
    assert {"line": "clock petition.handle", "is_there": True} in by_id["P05"]["kept_by"]
    assert by_id["S03"]["kept_by"] == []
    assert by_id["S03"]["not_kept"]["zh"]
    told = run("pack", "law").stdout
    assert "P05" in told
    assert "0 missing" in told


def test_pack_law_when_a_row_leads_nowhere_says_so(folder: Path) -> None:
    path = folder / "provisions.yaml"
    path.write_text(path.read_text("utf-8").replace("clock petition.handle", "clock gone"), "utf-8")
    result = run("pack", "law", "--pack", str(folder), "--json")
    assert result.exit_code == 1
    assert "P05" in json.loads(result.stdout)["missing"]


def test_language_when_chosen_before_or_after_the_command() -> None:
    asked = ["pack", "due", "petition.handle", "--start", "2026-03-20", "--extend", "31"]
    english = CliRunner().invoke(app, [*asked, "--lang", "en"]).stderr
    chinese = CliRunner().invoke(app, ["--lang", "zh", *asked]).stderr
    assert english.isascii()
    assert not chinese.isascii()
    assert len(english.splitlines()) == len(chinese.splitlines()) == 2, "what is wrong, what to do"


def test_pack_when_its_words_look_like_markup_is_shown_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "marked"
    folder.mkdir()
    (folder / "pack.yaml").write_text(
        "name: ours\nextends: cn-national\nversion: '[/2026]'\n"
        "title: {zh: '[/x] 甲', en: '[/x] A'}\n",
        "utf-8",
    )
    for command in (("check", str(folder)), ("show", "--pack", str(folder))):
        found = run("pack", *command, "--lang", "en")
        assert found.exit_code == 0, found.stderr
        assert "[/2026]" in found.stdout


def test_pack_when_the_name_is_longer_than_any_says_so() -> None:
    found = run("pack", "check", "a" * 5000)
    assert found.exit_code == 2
    assert "[pack.no_folder]" in found.stderr


def test_version_when_asked() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("gridcase ")


# -- installation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("audit", "verify"), ("serve",), ("worker",)])
def test_commands_when_the_schema_is_missing_name_the_command_to_run(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    result = run(*command, "--data", str(tmp_path))
    assert result.exit_code == 1
    assert "gridcase db upgrade" in result.stderr or "[schema.missing]" in result.stderr


def test_db_upgrade_when_run_twice(tmp_path: Path) -> None:
    for _ in range(2):
        assert run("db", "upgrade", "--data", str(tmp_path)).exit_code == 0
    result = run("audit", "verify", "--data", str(tmp_path), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["log_rows"] == 4


def test_audit_verify_when_an_event_was_changed(database: db.Database, tmp_path: Path) -> None:
    district = office.build(database)
    district.file("officer")
    env = {
        "GRIDCASE_DATABASE_URL": database.url,
        "GRIDCASE_SECRET_KEY": SECRET,
        "GRIDCASE_DATA_DIR": str(tmp_path),
    }
    assert run("audit", "verify", env=env).exit_code == 0
    with db.transaction(database) as tx:
        tx.execute(text("update event set payload = '{}'"))
    result = run("audit", "verify", "--json", env=env)
    assert result.exit_code == 1
    assert "is not what was written" in json.loads(result.stdout)["faults"][0]["what"]


def test_audit_verify_when_the_database_cannot_be_reached(tmp_path: Path) -> None:
    env = {
        "GRIDCASE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "GRIDCASE_DATA_DIR": str(tmp_path),
    }
    assert run("audit", "verify", env=env).exit_code == 3


def test_settings_when_a_value_does_not_fit_names_the_variable() -> None:
    result = run("audit", "verify", env={"GRIDCASE_POOL_SIZE": "many"})
    assert result.exit_code == 2
    assert "GRIDCASE_POOL_SIZE" in result.stderr


# -- ports ----------------------------------------------------------------------------------------


def test_listen_when_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(errors.Invalid, match=r"port\.in_use"):
            web.listen("127.0.0.1", port)
        with web.listen_near("127.0.0.1", port) as found:
            assert found.getsockname()[1] > port
            assert web.address(found).startswith("http://127.0.0.1:")


def test_show_when_asked_for_a_drawing_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "dispute.svg"
    result = run("pack", "show", "--process", "dispute", "--svg", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert file.read_text("utf-8").startswith("<svg ")
    assert "Awaiting acceptance" in file.read_text("utf-8")
    said = run("--lang", "zh", "pack", "show", "dispute", "--svg", "-")
    assert said.exit_code == 0
    assert said.stdout.startswith("<svg ")
    assert "待受理" in said.stdout


@pytest.mark.parametrize("named", [(), ("--process", "nothing"), ("petition.handle",)])
def test_show_when_no_process_is_named_for_the_drawing_names_them(named: tuple[str, ...]) -> None:
    result = run("pack", "show", *named, "--svg", "-")
    assert result.exit_code == 2
    assert "[pack.no_process]" in result.stderr
    assert "dispute, petition" in result.stderr


def test_show_when_the_file_cannot_be_written_says_so(tmp_path: Path) -> None:
    result = run("pack", "show", "dispute", "--svg", str(tmp_path))
    assert result.exit_code == 2
    assert "[cli.not_written]" in result.stderr


def test_show_when_a_process_is_named_as_an_option_tells_it_in_words() -> None:
    by_option = run("pack", "show", "--process", "dispute")
    assert by_option.stdout == run("pack", "show", "dispute").stdout


@pytest.mark.long
@pytest.mark.parametrize("name", ["cn-chongqing", "cn-dongzhi", "cn-gaotai", "cn-hotline"])
def test_a_local_pack_is_checked_shown_and_counted(name: str) -> None:
    told = answered("pack", "check", name)
    assert (told["ok"], told["name"]) == (True, name)
    assert answered("pack", "show", "--pack", name)["document"]["pack"]["name"] == name
    own = next(
        key
        for key in answered("pack", "show", "--pack", name)["document"]["deadlines"]
        if not key.startswith(("petition.", "dispute.", "mediation.", "confirm.", "rating."))
    )
    assert answered("pack", "show", own, "--pack", name)["tag"] == "practice"


def test_due_under_a_local_pack_counts_by_the_national_calendar() -> None:
    told = answered("pack", "due", "gaotai.whole", "--start", "2026-04-30", "--pack", "cn-gaotai")
    assert told["due_on"] == "2026-05-13"
