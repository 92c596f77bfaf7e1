"""`gridcase doctor`: each line where all is well, and where that very thing is not."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.cli import app
from tests import obstacles, office
from tests.api import running
from workflow import clock, db, ids
from workflow.commands import office as office_commands
from workflow.commands import workers
from workflow.db import postgres as postgres_half
from workflow.db import sqlite
from workflow.engine import Engine
from workflow.queries import board

SECRET = bytes(range(32)).hex()
"""The key of `tests.office`."""
Lines = Mapping[str, list[tuple[str, str, str]]]
"""By check: state, Chinese, English."""


def ask(data: Path, env: Mapping[str, str] | None = None) -> tuple[int, Lines]:
    """The exit code, and the lines by what they look at."""
    result = CliRunner().invoke(app, ["doctor", "--json", "--data", str(data)], env=env)
    return result.exit_code, _lines(result.stdout)


def _lines(out: str) -> Lines:
    told = json.loads(out)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in told["lines"]:
        words = line["text"]
        assert words["en"].isascii(), words
        assert "\n" not in words["zh"] + words["en"]
        found.setdefault(line["check"], []).append((line["state"], words["zh"], words["en"]))
    assert told["ok"] == all(line["state"] != "wrong" for line in told["lines"])
    return found


def wrong(lines: Lines) -> set[str]:
    """What is wrong. The calendar is left out: this year's notice may not be shipped yet."""
    states = {name: {state for state, _, _ in found} for name, found in lines.items()}
    return {name for name, found in states.items() if "wrong" in found} - {"calendar"}


def said(lines: Lines, check: str) -> str:
    """What is said in English of one thing."""
    return " | ".join(en for _, _, en in lines[check])


@pytest.fixture
def env(database: db.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An installation with a district and a worker that has just been alive, however long a busy
    machine takes over the doctor's imports."""
    monkeypatch.setattr(board, "SILENT_S", 300)
    district = office.build(database)
    district.file("officer")
    _beat(district.engine)
    return {"GRIDCASE_DATABASE_URL": database.url, "GRIDCASE_SECRET_KEY": SECRET}


def _beat(engine: Engine) -> None:
    worker = ids.uuid7()
    workers.enrol(engine.database, worker)
    workers.ticked(engine.database, worker, took_ms=1, fired=0, failed=0)


ALL = {
    *(
        "python",
        "packages",
        "settings",
        "data",
        "key",
        "font",
        "papers",
        "database",
        "durable",
        "schema",
    ),
    *("clock", "zone", "pack", "calendar", "files", "worker", "queues", "channels"),
}


def test_doctor_when_all_is_well(
    env: dict[str, str], database: db.Database, tmp_path: Path
) -> None:
    """The tests' own PostgreSQL runs without fsync, and is told so."""
    _, lines = ask(tmp_path, env)
    assert set(lines) == ALL
    assert wrong(lines) == ({"durable"} if database.is_postgres else set())
    if database.is_postgres:
        assert "fsync=off" in said(lines, "durable")
    assert len(lines["calendar"]) == 2, "this year and the next"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_read_by_a_person(env: dict[str, str], tmp_path: Path, lang: str) -> None:
    asked = ["--lang", lang, "doctor", "--data", str(tmp_path)]
    result = CliRunner().invoke(app, asked, env=env)
    rows = result.stdout.splitlines()
    assert len(rows) == len(ALL) + 1, "one line each, two for the calendar"
    assert result.stdout.isascii() == (lang == "en")


def test_doctor_when_nothing_is_there_makes_nothing(tmp_path: Path) -> None:
    code, lines = ask(tmp_path / "none")
    assert code == 1
    assert wrong(lines) == {"data", "key", "database"}
    assert "gridcase db upgrade" in said(lines, "database")
    assert list(tmp_path.iterdir()) == []


def test_doctor_when_just_upgraded_misses_the_worker_alone(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["db", "upgrade", "--data", str(tmp_path)]).exit_code == 0
    code, lines = ask(tmp_path)
    assert (code, wrong(lines)) == (1, {"worker"})
    assert "start gridcase worker" in said(lines, "worker")
    (tmp_path / "gridcase.key").chmod(0o640)
    assert "chmod 600" in said(ask(tmp_path)[1], "key")


def test_doctor_when_the_database_cannot_be_reached_shows_no_password(tmp_path: Path) -> None:
    url = "postgresql://clerk:hush@127.0.0.1:1/office"
    code, lines = ask(tmp_path, {"GRIDCASE_DATABASE_URL": url, "GRIDCASE_SECRET_KEY": SECRET})
    assert (code, wrong(lines)) == (1, {"database"})
    assert "clerk:***@127.0.0.1:1/office" in said(lines, "database")
    assert "refused" in said(lines, "database")
    assert "hush" not in str(lines)


@pytest.mark.parametrize(
    ("damage", "check", "advice"),
    [
        ("update alembic_version set version_num = '9999'", "schema", "later release"),
        ("delete from alembic_version", "schema", "gridcase db upgrade"),
        ("update pack set document = '{}'", "pack", "backup"),
        ("update calendar set document = document || ' '", "pack", "backup"),
        ("update calendar set zone = 'Asia/Nowhere'", "zone", "tzdata"),
        ("update installation set pack_hash = null", "pack", "gridcase"),
        ("update worker set beat_at = '2020-01-01 00:00:00'", "worker", "gridcase worker"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_something_stored_is_wrong(
    env: dict[str, str],
    database: db.Database,
    tmp_path: Path,
    damage: str,
    check: str,
    advice: str,
) -> None:
    with db.transaction(database) as tx:
        tx.execute(text(damage))
    code, lines = ask(tmp_path, env)
    assert code == 1
    assert check in wrong(lines)
    assert advice in said(lines, check)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_cases_are_stuck_hints(
    env: dict[str, str], database: db.Database, tmp_path: Path
) -> None:
    with db.transaction(database) as tx:
        tx.execute(text("update case_file set is_stuck = true"))
        tx.execute(
            text(
                "insert into delivery (case_id, seq, n, channel, receiver_id, state, ready_at, "
                "next_try_at, tries, queued_at) select case_id, seq, n, 'mail', receiver_id, "
                "'dead', queued_at, queued_at, 14, queued_at from notice"
            )
        )
        dead = tx.execute(text("select count(*) from delivery")).scalar_one()
    _, lines = ask(tmp_path, env)
    assert lines["queues"][0][0] == "hint"
    assert dead > 0
    assert f"stuck cases: 1, failed notices: {dead}" in said(lines, "queues")
    assert wrong(lines) == set()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_files_and_their_rows_differ_names_them(
    env: dict[str, str], database: db.Database, tmp_path: Path
) -> None:
    left = tmp_path / "attachments" / "ab" / ("ab" * 16)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    _, lines = ask(tmp_path, env)
    assert lines["files"][0][0] == "ok", "it may be on its way to its row"
    os.utime(left, (0, 0))
    _, lines = ask(tmp_path, env)
    assert lines["files"][0][0] == "hint"
    assert left.name in said(lines, "files")
    with db.transaction(database) as tx:
        tx.execute(
            text(
                "insert into attachment (case_id, no, seq, id, kind, of_no, service_no, media, "
                "size_bytes, name, key_id, nonce, attached_at) select id, 1, 1, id, 'receipt', 1, "
                "1, 'image/png', 1, :name, 1, '', updated_at from case_file"
            ),
            {"name": "cd" * 16},
        )
    _, lines = ask(tmp_path, env)
    assert "files" in wrong(lines)
    assert "lacks 1 attached files" in said(lines, "files")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_notices_wait_for_a_channel_not_set_hints(
    env: dict[str, str], database: db.Database, tmp_path: Path
) -> None:
    with db.transaction(database) as tx:
        tx.execute(
            text(
                "insert into delivery (case_id, seq, n, channel, receiver_id, state, ready_at, "
                "next_try_at, tries, queued_at) select case_id, seq, n, 'sms', receiver_id, "
                "'waiting', queued_at, queued_at, 0, queued_at from notice"
            )
        )
        waiting = tx.execute(text("select count(*) from delivery")).scalar_one()
    _, lines = ask(tmp_path, env)
    assert waiting > 0
    assert lines["channels"][0][0] == "hint"
    assert f"(sms {waiting})" in said(lines, "channels")
    env["GRIDCASE_CHANNELS"] = '{"sms": "json://sms.example/{address}"}'
    _, lines = ask(tmp_path, env)
    assert lines["channels"][0][0] == "ok"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_the_clocks_differ(
    env: dict[str, str], database: db.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ahead() -> str:
        return (clock.system() + timedelta(seconds=31)).strftime("%Y-%m-%d %H:%M:%S.%f")

    with db.transaction(database) as tx:  # a sign of life in that database's time
        tx.execute(text("update worker set beat_at = :at"), {"at": ahead()})
    monkeypatch.setattr(sqlite, "_timestamp", ahead)
    code, lines = ask(tmp_path, env)
    assert (code, wrong(lines)) == (1, {"clock"})
    assert "+31.0 s" in said(lines, "clock")


@pytest.mark.parametrize(
    ("office_time", "states"),
    [
        ("2026-12-31 23:59", {2026: "ok", 2027: "hint"}),
        ("2027-01-01 00:01", {2027: "wrong", 2028: "wrong"}),
        ("2030-06-03 09:00", {2030: "wrong", 2031: "wrong"}),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_a_year_of_the_calendar_is_missing_names_it_and_the_command(
    env: dict[str, str],
    database: db.Database,
    tmp_path: Path,
    office_time: str,
    states: dict[int, str],
) -> None:
    """The calendar that is shipped has 2026 by its notice, 2027 for now, and no later year."""
    with db.transaction(database) as tx:
        ahead = office.local(office_time) - db.now(tx)
        office_commands.advance(tx, seconds=int(ahead.total_seconds()))
    code, lines = ask(tmp_path, env)
    assert [state for state, _, _ in lines["calendar"]] == list(states.values())
    assert code == int("wrong" in states.values())
    for (state, zh, en), year in zip(lines["calendar"], states, strict=True):
        assert f"{year} 年" in zh
        assert str(year) in en
        for words in (zh, en):
            assert ("gridcase office calendar import" in words) == (state != "ok")
        assert ("missing or provisional" in en) == ("缺失或仍为暂定" in zh) == (state == "wrong")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_there_is_little_room_says_how_much(
    env: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    for mb, state in ((499, "wrong"), (501, "ok")):
        with obstacles.small_disk(folder, mb=mb):
            code, lines = ask(folder, env)
        assert (code, wrong(lines)) == ((1, {"data"}) if state == "wrong" else (0, set()))
    with obstacles.small_disk(folder, mb=8):
        _, lines = ask(folder, env)
    assert lines["data"] == [
        (
            "wrong",
            f"{folder} 只剩 8 MB，至少要 500 MB；请腾出空间",
            f"{folder} has 8 MB left, 500 are needed; make room",
        )
    ]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_the_disk_is_full_says_why_it_cannot_be_written(
    env: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with obstacles.small_disk(folder, mb=1):
        obstacles.fill(folder)
        _, lines = ask(folder, env)
    assert wrong(lines) == {"data"}
    assert f"{folder} cannot be written (No space left on device)" in said(lines, "data")


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_doctor_when_the_server_is_too_old_says_what_is_wanted(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No old server is at hand: a later one is asked for than there is."""
    monkeypatch.setattr(postgres_half, "LOWEST", 990_000)
    code, lines = ask(tmp_path, env)
    assert (code, lines["database"][0][0]) == (1, "wrong")
    assert "is too old. Upgrade the server to 15 or later" in said(lines, "database")
    assert "太旧。请升级到 15 或更高" in lines["database"][0][1]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_doctor_when_sqlite_has_the_wal_fault_says_what_it_does(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "has_wal_fault", lambda: True)
    shutil.copyfile(env["GRIDCASE_DATABASE_URL"].removeprefix("sqlite:///"), tmp_path / "old.db")
    _, lines = ask(tmp_path, env | {"GRIDCASE_DATABASE_URL": f"sqlite:///{tmp_path / 'old.db'}"})
    assert lines["durable"][0][0] == "hint"
    assert "journal_mode=truncate" in said(lines, "durable")


def test_doctor_when_settings_are_wrong_names_what_they_take(tmp_path: Path) -> None:
    code, lines = ask(tmp_path, {"GRIDCASE_POOL_SIZE": "many", "GRIDCASE_DATABASE_URL": "oracle:x"})
    assert code == 1
    assert "GRIDCASE_POOL_SIZE" in said(lines, "settings")
    assert "at least 1, at most 64" in said(lines, "settings")
    assert "sqlite:///FILE or postgresql://" in said(lines, "settings")
    _, lines = ask(tmp_path, {"GRIDCASE_TICKS": "1"})
    assert lines["settings"] == [
        ("hint", "没有这些设置，请核对拼写：GRIDCASE_TICKS", "misspelled? GRIDCASE_TICKS")
    ]


def test_doctor_when_there_is_no_font_hints(tmp_path: Path) -> None:
    _, lines = ask(tmp_path, {"PATH": str(tmp_path)})
    assert lines["font"][0][0] == "hint"


def test_packages_when_another_distribution_owns_a_name_refuse_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rules_engine-2.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: rules-engine\nVersion: 2.0\n")
    (folder / "top_level.txt").write_text("rules\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "rules (rules-engine)" in said(ask(tmp_path)[1], "packages")
    for command in ("serve", "worker", "demo"):
        result = CliRunner().invoke(app, [command, "--data", str(tmp_path)])
        assert result.exit_code == 1
        assert "[install.names]" in result.stderr


@pytest.fixture
def closed() -> Iterator[Path]:
    """An empty folder that others may see and not write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.mark.long
def test_data_directory_when_it_may_not_be_written(closed: Path, tmp_path: Path) -> None:
    data, before = ("--data", str(closed)), obstacles.as_nobody()
    with (
        running.run(tmp_path / "1", "doctor", "--json", *data, before=before) as asked,
        running.run(tmp_path / "2", "db", "upgrade", *data, before=before) as upgrade,
        running.run(tmp_path / "3", "serve", *data, before=before) as serve,
    ):
        assert asked.ended() == 1
        assert "Permission denied" in said(_lines(asked.out), "data")
        for found in (upgrade, serve):
            assert found.ended() == 2, found.err
            assert "[settings.data_dir]" in found.err
            assert "Traceback" not in found.err
    assert list(closed.iterdir()) == []
