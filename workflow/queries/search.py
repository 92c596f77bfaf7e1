"""Finding one case: by its number, or as the resident who has its code."""

from __future__ import annotations

import hmac
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select

from rules import errors
from workflow import access, db, ids, read
from workflow.engine import Engine
from workflow.tables import case as case_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]

# Index: the unique number.
BY_NUMBER: Final = select(_CASE.id).where(_CASE.number == bindparam("number"))


def number_to_id(database: db.Database, actor: access.Actor, text: str) -> UUID | None:
    """The case of a number that this actor may see."""
    number = ids.read_number(text)
    if number is None:
        return None
    with db.snapshot(database) as tx:
        house = read.house(tx)
        case_id = tx.execute(BY_NUMBER, {"number": number}).scalar()
        case = read.case_row(tx, case_id) if case_id else None
        if case is None:
            return None
        recused = read.recused(tx, case.id)
        return case.id if access.may_see(house.rules.pack, actor, case, recused=recused) else None


def resident(engine: Engine, number: str, code: str) -> access.Actor:
    """Who a number and its code stand for. Raises: `lookup.wrong`, whichever was wrong."""
    stored = ids.read_number(number)
    with db.snapshot(engine.database) as tx:
        case_id = tx.execute(BY_NUMBER, {"number": stored or ""}).scalar()
    expected = ids.lookup_code(engine.seals.secret, case_id or UUID(int=0))
    if not hmac.compare_digest(expected, ids.digits_of(code)) or case_id is None:
        raise errors.NotFound("lookup.wrong")
    return access.Actor(kind="resident", case_id=case_id)
