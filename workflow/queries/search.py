"""Finding one case: by its number, or as who has a code of it."""

from __future__ import annotations

import hmac
import json
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from rules import errors
from workflow import access, db, ids, invitations, read
from workflow.decide import CaseRow
from workflow.engine import Engine
from workflow.tables import case as case_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]

_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]

# Index: the unique number.
BY_NUMBER: Final = select(_CASE.id).where(_CASE.number == bindparam("number"))
# Index: the unique number; the primary key.
NUMBERED: Final = (
    select(*_CASE)
    .where(
        or_(
            _CASE.number == bindparam("number"),
            _CASE.id.in_(bindparam("case_ids", expanding=True)),
        )
    )
    .order_by(_CASE.opened_at.desc())
)

# Index: the primary key, which begins with the case.
TOLD: Final = (
    select(_EVENT.seq, _EVENT.at, _EVENT.name, _EVENT.payload)
    .where(_EVENT.case_id == bindparam("case_id"))
    .order_by(_EVENT.seq)
)


def number_to_id(database: db.Database, actor: access.Actor, text: str) -> UUID | None:
    """The case of a number, ours or that of an earlier system, that this actor may see."""
    with db.snapshot(database) as tx:
        house = read.house(tx)
        old = [ids.imported_case(process, text) for process in house.rules.flows]
        keys = {"number": ids.read_number(text) or "", "case_ids": old}
        found = [CaseRow(*row) for row in tx.execute(NUMBERED, keys)]
        out = read.kept_out(tx, [case.id for case in found]) if found else {}
        for case in found:
            recused = out.get(case.id, frozenset())
            if access.may_see(house.rules.pack, actor, case, recused=recused):
                return case.id
        return None


def by_code(engine: Engine, number: str, code: str) -> access.Actor:
    """Who a number and a code stand for: the resident, or a third party who was invited.

    Raises: `lookup.wrong`, whichever was wrong.
    """
    stored = ids.read_number(number)
    typed, secret = ids.digits_of(code), engine.seals.secret
    with db.snapshot(engine.database) as tx:
        found = tx.execute(BY_NUMBER, {"number": stored or ""}).scalar()
        case_id = found or UUID(int=0)
        is_residents = hmac.compare_digest(ids.lookup_code(secret, case_id), typed)
        if found is not None and is_residents:
            return access.Actor(kind="resident", case_id=found)
        for seq in _invitations(tx, case_id):
            if hmac.compare_digest(ids.invitation_code(secret, case_id, seq), typed):
                return access.Actor(kind="third_party", case_id=case_id, invitation=seq)
    raise errors.NotFound("lookup.wrong")


def invited(engine: Engine, case_id: UUID, seq: int) -> access.Actor | None:
    """The third party of an invitation, while it holds."""
    with db.snapshot(engine.database) as tx:
        if seq not in _invitations(tx, case_id):
            return None
    return access.Actor(kind="third_party", case_id=case_id, invitation=seq)


def _invitations(tx: db.Tx, case_id: UUID) -> tuple[int, ...]:
    """The events by which somebody is invited to a case."""
    case = read.case_row(tx, case_id)
    if case is None:
        return ()
    told = (
        invitations.Told(
            seq=row.seq, at=row.at, name=row.name, state=json.loads(row.payload).get("state", "")
        )
        for row in tx.execute(TOLD, {"case_id": case_id})
    )
    process = read.rules(tx, case.pack_hash).flow(case.process).process
    return tuple(it.seq for it in invitations.standing(process, told))
