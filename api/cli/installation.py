"""Opening an installation for a command: its database, at this release's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Final

import typer

from api import texts
from api.cli import answer, web
from rules import errors
from workflow import clock, db, engine, settings
from workflow.queries import installation as query

OURS: Final = ("rules", "workflow", "api")
"""The import packages of this distribution."""
LONGEST_PAUSE_S: Final = 5.0
"""Between two tries to reach the database."""
PASSING: Final = ("database.unreachable", "database.busy")
"""What may be over in a moment."""


@contextmanager
def opened(chosen: settings.Settings) -> Iterator[engine.Engine]:
    """The installation's engine while a command runs.

    Raises: as `check_version` and `check_schema`.
    """
    started = engine.start(chosen)
    try:
        check_version(started.database)
        check_schema(started.database)
        yield started
    finally:
        engine.stop(started)


@contextmanager
def started(
    chosen: settings.Settings, *, ended: web.Ended, words: texts.Words
) -> Iterator[engine.Engine]:
    """As `opened`, for what then goes on: waits for a database that is not there yet or is locked,
    as long as the settings say, and refuses what it may not write and a pack that cannot be read.
    Told to end meanwhile, it does.

    Raises: as `check_version`, `check_schema` and `installation.rules`; `settings.data_dir`,
    `database.unreachable`, `database.busy`, `database.not_writable`.
    """
    chosen.make_data_dir()
    found = engine.start(chosen)
    try:
        db.check_rights(found.database)
        _await(found.database, wait_s=chosen.start_wait_s, ended=ended, words=words)
        check_version(found.database)
        check_schema(found.database)
        query.rules(found.database)
        yield found
    finally:
        engine.stop(found)


def _await(database: db.Database, *, wait_s: float, ended: web.Ended, words: texts.Words) -> None:
    until = clock.monotonic() + wait_s
    pause_s = 1.0
    while True:
        try:
            db.try_write(database)
        except errors.Busy as error:
            left_s = until - clock.monotonic()
            if error.code not in PASSING or left_s <= 0:
                raise
            answer.ERR.print(_waiting(error, left_s, words))
            if ended.wait(min(pause_s, left_s)):
                raise typer.Exit from error
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            return


def _waiting(error: errors.Busy, left_s: float, words: texts.Words) -> str:
    line = (
        "{what}，再等最多 {left} 秒 {why}"
        if words.is_zh
        else "{what}; trying again for {left} s at most {why}"
    )
    what = words.error(error).text
    return line.format(what=what, left=round(left_s), why=answer.reason(error)).rstrip()


def check_version(database: db.Database) -> None:
    """Refuses a server that is too old for our statements.

    Raises: `database.old`.
    """
    if database.is_postgres and not (about := query.about(database)).is_supported:
        raise errors.NotNow("database.old", field="GRIDCASE_DATABASE_URL", version=about.version)


def check_for_demo(chosen: settings.Settings) -> None:
    """Refuses what a demo could not be made in or brought to this release. Makes nothing.

    Raises: as `check_version` and `check_not_later`.
    """
    database = db.open(chosen.url)
    try:
        if db.is_there(database):
            check_version(database)
            check_not_later(database)
    finally:
        db.close(database)


def check_schema(database: db.Database) -> None:
    """Refuses a database that is not at this release's schema.

    Raises: `schema.missing`, `schema.other`, `schema.later`.
    """
    found, needed = db.revision(database)
    if found is None:
        raise errors.NotNow("schema.missing")
    if found != needed:
        check_not_later(database)
        raise errors.NotNow("schema.other", found=found, needed=needed)


def check_not_later(database: db.Database) -> None:
    """Refuses a schema that a later release made: this one can neither use nor upgrade it.

    Raises: `schema.later`.
    """
    found, needed = db.revision(database)
    if found is not None and db.is_later(found):
        raise errors.NotNow("schema.later", found=found, needed=needed)


def foreign_names() -> str:
    """Which of our three import names another distribution owns too, and which one: two that
    share a name overwrite each other's files. Empty where all is well."""
    owners = metadata.packages_distributions()
    foreign = {name: sorted(set(owners.get(name, ())) - {"gridcase"}) for name in OURS}
    return ", ".join(f"{name} ({', '.join(found)})" for name, found in foreign.items() if found)


def check_names() -> None:
    """Refuses an environment that is shared with a distribution of the same names.

    Raises: `install.names`.
    """
    foreign = foreign_names()
    if foreign:
        raise errors.NotNow("install.names", names=foreign)
