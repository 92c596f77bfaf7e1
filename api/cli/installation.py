"""Opening an installation for a command: its database, at this release's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rules import errors
from workflow import db, engine, settings


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

    Raises: `schema.missing`, `schema.other`.
    """
    found, needed = db.revision(database)
    if found is None:
        raise errors.NotNow("schema.missing")
    if found != needed:
        raise errors.NotNow("schema.other", found=found, needed=needed)
