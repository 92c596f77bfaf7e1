"""Opening an installation for a command: its database, at this release's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Final

from rules import errors
from workflow import db, engine, settings

OURS: Final = ("rules", "workflow", "api")
"""The import packages of this distribution."""


@contextmanager
def opened(chosen: settings.Settings) -> Iterator[engine.Engine]:
    """The installation's engine while a command runs.

    Raises: as `check_schema`.
    """
    started = engine.start(chosen)
    try:
        check_schema(started.database)
        yield started
    finally:
        engine.stop(started)


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
