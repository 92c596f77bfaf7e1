"""The ground the other tests stand on: their server, their databases, their clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests import postgres


def test_server_is_set_to_an_odd_zone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("select current_setting('timezone')").fetchone()
    assert row == ("Pacific/Chatham",)


def test_process_is_set_to_an_odd_zone() -> None:
    assert datetime(2026, 7, 1).astimezone().utcoffset() == timedelta(hours=-4)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_server_goes_when_its_owner_dies(number: signal.Signals) -> None:
    if os.environ.get("GRIDCASE_TEST_DATABASE_URL"):
        pytest.skip("the server is not ours")
    script = "import time; from tests import postgres\n"
    script += "with postgres.server() as s: print(s.url, flush=True); time.sleep(60)"
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    with psycopg.connect(url) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    owner.send_signal(number)
    owner.communicate()
    assert _is_gone_within(Path(row[0]), seconds=10)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_database_is_a_copy(postgres_server: postgres.Server) -> None:
    first = postgres_server.create("gridcase_test_copied")
    with psycopg.connect(first) as connection:
        connection.execute("create table made (n int)")
    copy = postgres_server.create("gridcase_test_copy", template="gridcase_test_copied")
    with psycopg.connect(copy) as connection:
        assert connection.execute("select count(*) from made").fetchone() == (0,)
    postgres_server.drop("gridcase_test_copy")
    postgres_server.drop("gridcase_test_copied")


def _is_gone_within(folder: Path, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not folder.exists()
