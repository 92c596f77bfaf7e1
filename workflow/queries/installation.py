"""What data set this database holds, asked before anything is read from it or put into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from workflow import access, db, read
from workflow.tables import case as case_tables
from workflow.tables import office as tables

_HOUSE: Final = tables.Installation.__table__.c  # type: ignore[attr-defined]
_ACCOUNT: Final = tables.Account.__table__.c  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
MARK: Final = select(_HOUSE.is_demo, _HOUSE.offset_s, _HOUSE.seeded_at)
CASES: Final = select(func.count()).select_from(_CASE.id.table)
USERS: Final = select(_ACCOUNT.username, _ACCOUNT.person_id).order_by(_ACCOUNT.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The data set's own mark. `seeded_at` is None until a demo's history is complete."""

    is_demo: bool
    offset_s: int
    seeded_at: datetime | None
    cases: int


def installed(database: db.Database) -> Installation | None:
    """The mark of a data set; None where the tables are there and nothing is in them."""
    with db.snapshot(database) as tx:
        row = tx.execute(MARK).one_or_none()
        if row is None:
            return None
        return Installation(**row._mapping, cases=tx.execute(CASES).scalar_one())


def usernames(database: db.Database) -> Mapping[str, UUID]:
    """The accounts and whose they are."""
    with db.snapshot(database) as tx:
        return {row.username: row.person_id for row in tx.execute(USERS)}


def actors(database: db.Database, person_ids: Sequence[UUID]) -> Mapping[UUID, access.Actor]:
    """Several persons with the posts they hold now."""
    with db.snapshot(database) as tx:
        return read.actors(tx, person_ids)
