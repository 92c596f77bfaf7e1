"""A site for the journeys: the small district behind a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pwdlib
import pytest
from playwright import sync_api
from pwdlib.hashers import argon2

from tests import office
from tests.browser import walk
from workflow import db, files
from workflow.commands import people


@pytest.fixture(scope="session", autouse=True)
def light_passwords() -> Iterator[None]:
    """The product's hash costs 64 MiB on purpose; here many sign in, none is attacked."""
    with pytest.MonkeyPatch.context() as patch:
        light = pwdlib.PasswordHash((argon2.Argon2Hasher(time_cost=1, memory_cost=64),))
        patch.setattr(people, "HASHER", light)
        yield


@pytest.fixture
def site(
    database_url: str, database: db.Database, browser: sync_api.Browser, tmp_path: Path
) -> Iterator[walk.Site]:
    """A fresh district, once on each database."""
    district = office.build(database, accounts=walk.STAFF)
    district.engine = office.engine_of(database, folder=tmp_path / files.FOLDER)
    with walk.served(district, browser, url=database_url, folder=tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared_site(
    sqlite_template: Path, browser: sync_api.Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[walk.Site]:
    """One district for all tests of a file, on SQLite."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copyfile(sqlite_template, folder / "gridcase.db")
    url = f"sqlite:///{folder / 'gridcase.db'}"
    opened = db.open(url)
    district = office.build(opened, accounts=walk.STAFF)
    district.engine = office.engine_of(opened, folder=folder / files.FOLDER)
    with walk.served(district, browser, url=url, folder=folder) as found:
        yield found
    db.close(opened)
