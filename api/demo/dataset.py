"""The demo's data: made on the first start, reused on the next, made anew when asked.

Only a data set that a demo made is ever touched: its mark stands in the database itself. One
whose making was broken off is recognised by that mark and made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from api.demo import district, seed
from rules import errors, load
from workflow import db, settings
from workflow import engine as engine_
from workflow.commands import demo, office, packs
from workflow.engine import Engine
from workflow.queries import installation
from workflow.queries import office as office_query

FOLDER: Final = "demo"
"""The demo's own folder below the data directory."""

Found = Literal["empty", "half", "whole"]
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""For passwords that are read from a screen: none is like another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A data set that can be opened. `report` is None where it was there already."""

    passwords: Mapping[str, str]
    report: seed.Report | None


def settings_of(base: settings.Settings, *, data: Path | None) -> settings.Settings:
    """The demo's settings: its own folder, so that it never meets an installation."""
    return base.model_copy(update={"data_dir": data or base.data_dir / FOLDER})


@contextmanager
def prepared(
    chosen: settings.Settings, *, shape: seed.Shape, reset: bool, told: seed.Told
) -> Iterator[Prepared]:
    """The data set while it is used, made first if need be.

    Raises: `demo.in_use`, `demo.not_demo`, `demo.not_empty`, `demo.other_pack`, `pack.unknown`.
    """
    load.shipped(shape.pack)
    folder = chosen.make_data_dir()
    with (folder / "demo.lock").open("w") as lock:
        is_alone = _lock(lock.fileno(), fcntl.LOCK_EX)
        if not is_alone and (reset or not _lock(lock.fileno(), fcntl.LOCK_SH)):
            raise errors.Busy("demo.in_use", folder=str(chosen.data_dir))
        started = engine_.start(chosen)
        try:
            report = _prepare(started, shape=shape, reset=reset, told=told)
        finally:
            engine_.stop(started)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield Prepared(passwords=passwords(chosen.key()), report=report)


def _lock(handle: int, kind: int) -> bool:
    """Whether the lock could be had at once: shared to use the data, alone to make it."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prepare(
    engine: Engine, *, shape: seed.Shape, reset: bool, told: seed.Told
) -> seed.Report | None:
    found = state(engine.database)
    if found == "whole" and not reset:
        _check_pack(engine, shape.pack)
        db.upgrade(engine.database)
        return None
    if found != "empty":
        demo.wipe(engine)
    return make(engine, shape=shape, told=told)


def _check_pack(engine: Engine, name: str) -> None:
    """Raises: `demo.other_pack`, where the data were made under another one."""
    active = office_query.house(engine.database).rules.pack.name
    if name not in (load.NATIONAL, active):
        raise errors.NotNow("demo.other_pack", field="pack", name=name, active=active)


def state(database: db.Database) -> Found:
    """What is there. Raises: `demo.not_demo`, `demo.not_empty`."""
    ours, foreign = db.tables(database)
    if not ours:
        if foreign:
            raise errors.NotPermitted("demo.not_empty", count=len(foreign))
        return "empty"
    mark = installation.installed(database)
    if mark is None:
        return "empty"
    if not mark.is_demo:
        raise errors.NotPermitted("demo.not_demo")
    return "half" if mark.seeded_at is None else "whole"


def make(engine: Engine, *, shape: seed.Shape, told: seed.Told) -> seed.Report:
    """District, offices, people, accounts, and a history that ends now."""
    db.upgrade(engine.database)
    back = timedelta(days=shape.days)
    office.install(engine.database, is_demo=True, offset_s=-int(back.total_seconds()))
    packs.ship(engine.database, name=shape.pack)
    packs.ship(engine.database)
    cast = district.build(engine, passwords=passwords(engine.seals.secret))
    begin = office_query.house(engine.database).now
    return seed.history(engine, cast, shape=shape, begin=begin, told=told)


def passwords(secret: bytes) -> Mapping[str, str]:
    """The accounts' passwords, made from the installation's secret: the next start can print
    them again, and none is stored."""
    return {account.username: _password(secret, account.username) for account in district.ACCOUNTS}


def _password(secret: bytes, username: str) -> str:
    digest = hmac.digest(secret, f"demo password {username}".encode(), hashlib.sha256)
    letters = [_LETTERS[byte % len(_LETTERS)] for byte in digest[:8]]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"
