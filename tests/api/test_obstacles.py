"""A start in whose way something stands: rights that lack, a lock, a pack that cannot be read. It
says what and what to do, and touches nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from typer.testing import CliRunner, Result

from api.cli import app
from rules import load
from tests import obstacles, office
from tests.api import running
from workflow import audit, db, read
from workflow.db import sqlite
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

SECRET = bytes(range(32)).hex()
"""The key of `tests.office`."""
CASE = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
PACK = office_tables.Pack.__table__  # type: ignore[attr-defined]
NOWHERE = ("--host", "192.0.2.1")
GOES_ON = (("serve", *NOWHERE), ("worker", "--metrics-port", "0", *NOWHERE))
"""The commands that go on until they are told to end; one that was not refused ends where it should
listen, at an address that is no machine's."""
NAMES = [command[0] for command in GOES_ON]


def told(*arguments: str, env: dict[str, str], lang: str = "en") -> Result:
    """One call in this process."""
    return CliRunner().invoke(app, ["--lang", lang, *arguments], env=env)


def environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    """The settings of an installation on this database."""
    found = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "DATA_DIR": str(folder)} | more
    return {f"GRIDCASE_{name}": value for name, value in found.items()}


def refused(result: Result, code: int, *words: str) -> None:
    """It ended with that code, said so, and did not wait."""
    assert result.exit_code == code, result.output
    for word in words:
        assert word in result.stderr, result.stderr
    assert "trying again" not in result.stderr


def doctors(out: str) -> dict[str, tuple[str, str]]:
    """What the doctor says of each thing: its state, and the English words."""
    lines = json.loads(out)["lines"]
    return {line["check"]: (line["state"], line["text"]["en"]) for line in lines}


# -- what may only be read, and what may not be looked at -----------------------------------------


@pytest.mark.parametrize("closed", ["gridcase.db", ""], ids=["file", "folder"])
def test_start_when_the_database_may_only_be_read_names_what_is_closed(
    closed: str, sqlite_template: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    shutil.copyfile(sqlite_template, kept / "gridcase.db")
    named = kept / closed
    env = environment(f"sqlite:///{kept / 'gridcase.db'}", tmp_path / "data")
    with obstacles.only_to_read(named):
        for command in GOES_ON:
            refused(
                told(*command, env=env),
                3,
                f"{named}: The database file cannot be opened or written; nothing was saved",
                "[database.not_writable]\n  Let this account write the file and its folder;",
            )
            refused(told(*command, env=env, lang="zh"), 3, f"{named}：数据库文件打不开或不能写入")
        asked = told("doctor", "--json", env=env)
        assert asked.exit_code == 1
        state, line = doctors(asked.stdout)["database"]
        assert (state, line.startswith(f"{named}: ")) == ("wrong", True), line
    assert (kept / "gridcase.db").read_bytes() == sqlite_template.read_bytes()
    assert list(kept.iterdir()) == [kept / "gridcase.db"]


def test_upgrade_when_the_database_may_only_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "gridcase.db"
    path.touch()
    env = environment(f"sqlite:///{path}", tmp_path / "data")
    with obstacles.only_to_read(path):
        result = told("db", "upgrade", env=env)
        refused(result, 3, "[database.not_writable]", "(attempt to write a readonly database)")
    assert path.read_bytes() == b""


def test_upgrade_when_the_database_cannot_be_opened_says_so(tmp_path: Path) -> None:
    env = environment(f"sqlite:///{tmp_path / 'none' / 'gridcase.db'}", tmp_path / "data")
    result = told("db", "upgrade", env=env)
    refused(result, 3, "[database.not_writable]", "(unable to open database file)")


@pytest.mark.parametrize("command", GOES_ON, ids=NAMES)
def test_start_when_the_data_directory_may_only_be_read_though_the_key_is_set(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    env = environment("postgresql://nobody@127.0.0.1:1/none", data, START_WAIT_S="0")
    with obstacles.only_to_read(data):
        refused(
            told(*command, env=env),
            2,
            f"GRIDCASE_DATA_DIR: The data directory {data} cannot be used (Permission denied)",
            "[settings.data_dir]",
        )
    assert list(data.iterdir()) == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter and write; below it rights count."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.long
@pytest.mark.parametrize(("closed", "mode"), [("data", 0o444), ("", 0o666)])
def test_doctor_when_it_may_not_look_into_the_data_directory_says_so(
    closed: str, mode: int, open_folder: Path, tmp_path: Path
) -> None:
    data = open_folder / "data"
    data.mkdir()
    (data / "gridcase.db").touch()
    named = open_folder / closed
    named.chmod(mode)
    env, before = {"GRIDCASE_DATA_DIR": str(data)}, obstacles.as_nobody()
    with running.run(tmp_path / "run", "doctor", "--json", env=env, before=before) as found:
        assert found.ended() == 1
        assert "Traceback" not in found.err
        lines = doctors(found.out)
    said = [lines[check] for check in ("data", "key", "database")]
    assert {state for state, _ in said} == {"wrong"}
    assert f"{data} cannot be written (Permission denied)" in lines["data"][1]
    assert f"{data} cannot be used (Permission denied)" in lines["key"][1]
    assert lines["database"][1].startswith(f"{named}: ")


# -- a lock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", GOES_ON, ids=NAMES)
@pytest.mark.parametrize("journal", ["wal", "truncate"])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_start_when_another_process_locks_the_file_waits_then_gives_up(
    command: tuple[str, ...],
    journal: str,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "has_wal_fault", lambda: journal == "truncate")
    monkeypatch.setattr(sqlite, "BUSY_MS", 100)
    database = db.open(database_url)
    district = office.build(database)
    district.file()
    db.close(database)
    path = Path(database_url.removeprefix("sqlite:///"))
    env = environment(database_url, tmp_path, START_WAIT_S="0.5")
    with obstacles.locked(path):
        before = path.read_bytes()
        began = time.monotonic()
        result = told(*command, env=env)
        assert time.monotonic() - began >= 0.5
        assert result.exit_code == 3
        assert "trying again for" in result.stderr
        assert "The database is busy, nothing was saved [database.busy]" in result.stderr
        assert "(database is locked)" in result.stderr.splitlines()[-1]
        assert path.read_bytes() == before
    assert _count(database) == 1
    assert audit.verify(database, district.engine.seals).faults == ()
    db.close(database)


def _count(database: db.Database) -> int:
    with db.snapshot(database) as tx:
        return tx.execute(select(func.count()).select_from(CASE)).scalar_one()


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_start_when_the_lock_is_let_go_goes_on(database: db.Database, tmp_path: Path) -> None:
    office.build(database).file()
    db.close(database)
    env = environment(database.url, tmp_path, DRAIN_S="0")
    with ExitStack() as lock:
        lock.enter_context(obstacles.locked(Path(database.url.removeprefix("sqlite:///"))))
        with (
            running.run(tmp_path / "serve", "serve", "--port", "0", env=env) as serve,
            running.run(tmp_path / "worker", "worker", env=env) as worker,
        ):
            for found in (serve, worker):
                found.wait(lambda found=found: "trying again" in found.err)  # type: ignore[misc]
                assert found.out == ""
            lock.close()
            assert serve.url()
            worker.wait(lambda: _workers(database) == 1)
            for found in (serve, worker):
                found.stop()
                assert found.ended() == 0
    assert _count(database) == 1


def _workers(database: db.Database) -> int:
    with db.snapshot(database) as tx:
        return int(tx.execute(text("select count(*) from worker")).scalar_one())


# -- a pack ---------------------------------------------------------------------------------------


def _break_pack(database: db.Database) -> None:
    """The active pack asks of a ladder what this release does not know, and its hash fits."""
    with db.transaction(database) as tx:
        loaded = read.house(tx).rules
        document = json.loads(tx.execute(read.PACK, {"hash": loaded.hash}).scalar_one())
        document["ladders"]["default"][0]["do"] = "shout"
        broken = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        row = {"hash": hashlib.sha256(broken.encode()).hexdigest(), "document": broken}
        named = {"name": loaded.pack.name, "version": "later", "added_at": db.now(tx)}
        tx.execute(insert(PACK), row | named)
        tx.execute(text("update installation set pack_hash = :hash"), {"hash": row["hash"]})


@pytest.mark.parametrize("command", GOES_ON, ids=NAMES)
@pytest.mark.parametrize(
    ("lang", "remedy"),
    [("zh", "没有这个取值。请用允许的取值：'warn',"), ("en", "Use one of: 'warn', 'urge',")],
)
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_start_when_this_release_cannot_read_the_pack_names_place_and_remedy(
    command: tuple[str, ...], lang: str, remedy: str, database: db.Database, tmp_path: Path
) -> None:
    office.build(database)
    _break_pack(database)
    result = told(*command, env=environment(database.url, tmp_path), lang=lang)
    assert result.exit_code == 2
    assert result.stderr.startswith("document: ladders.default.1.do: "), result.stderr
    assert remedy in result.stderr
    assert "[pack.choice]" in result.stderr


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_upgrade_when_the_pack_it_brings_is_broken_names_the_line_and_adds_nothing(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pack"
    shutil.copytree(Path(str(load.shipped())), path)
    ladders = path / "ladders.yaml"
    lines = ladders.read_text("utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if "do: urge" in line)
    lines[at] = lines[at].replace("do: urge", "do: shout")
    ladders.write_text("\n".join(lines), "utf-8")
    monkeypatch.setattr(load, "release", lambda _name: load.with_calendar(path))
    result = told("db", "upgrade", env=environment(empty_url, tmp_path))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"ladders.yaml:{at + 1}: "), result.stderr
    assert "Use one of: 'warn', 'urge'," in result.stderr
    database = db.open(empty_url)
    with db.snapshot(database) as tx:
        assert tx.execute(select(func.count()).select_from(PACK)).scalar_one() == 0
    db.close(database)
