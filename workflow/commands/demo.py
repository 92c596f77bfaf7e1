"""The data set of a demo: marked as complete when its history is made, wiped to begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select, update

from rules import errors
from workflow import db
from workflow.commands import office
from workflow.engine import Engine
from workflow.tables import office as tables
from workflow.tables import paper as paper_tables

_HOUSE: Final = tables.Installation.__table__  # type: ignore[attr-defined]
_FILE: Final = paper_tables.Attachment.__table__  # type: ignore[attr-defined]


def complete(database: db.Database, payload: Mapping[str, object]) -> None:
    """Office time becomes the database's time and the history is complete. The whole run of
    moves is this one row of the office log.

    Raises: `clock.not_demo`, `clock.backwards`.
    """
    with db.transaction(database) as tx:
        offset_s = tx.execute(select(_HOUSE.c.offset_s)).scalar_one()
        office.advance(tx, seconds=-offset_s)
        tx.execute(update(_HOUSE).values(seeded_at=db.now(tx)))
        office.log(tx, "demo_seeded", payload)


def wipe(engine: Engine) -> None:
    """Removes a demo's whole content, tables included, at once, and then the attached files that
    its rows named. Of any other file in its folder nothing says that it is the demo's: it stays.

    Raises: `demo.not_demo`.
    """
    ours, _ = db.tables(engine.database)
    names: list[str] = []
    with db.transaction(engine.database) as tx:
        is_demo = tx.execute(select(_HOUSE.c.is_demo)).scalar()
        if is_demo is False:
            raise errors.NotPermitted("demo.not_demo")
        if is_demo and _FILE.name in ours:  # an earlier release had none
            names.extend(tx.execute(select(_FILE.c.name)).scalars())
        db.drop(tx)
    for name in names:
        engine.files.drop(name)
