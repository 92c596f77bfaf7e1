"""The ledger of what goes outside the app: one's own, and what could not be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, exists, select

from workflow import access, db, read
from workflow.decide import CaseRow
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

_DELIVERY: Final = delivery.Delivery.__table__.c  # type: ignore[attr-defined]
_CONTACT: Final = delivery.Contact.__table__.c  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__.c  # type: ignore[attr-defined]
MOST: Final = 200
"""Dead notices looked at in one seat; beyond them `is_capped`."""

CONTACTS: Final = (
    select(_CONTACT.channel, _CONTACT.rhythm, _CONTACT.masked, _CONTACT.updated_at)
    .where(_CONTACT.person_id == bindparam("person_id"))
    .order_by(_CONTACT.channel)
)
# Index: delivery_receiver.
MINE: Final = (
    select(
        _DELIVERY.case_id,
        _DELIVERY.channel,
        _DELIVERY.state,
        _DELIVERY.queued_at,
        _DELIVERY.ready_at,
        _DELIVERY.sent_at,
        _DELIVERY.tries,
        _DELIVERY.error,
        _CASE.number,
    )
    .join(_CASE.id.table, _CASE.id == _DELIVERY.case_id)
    .where(_DELIVERY.receiver_id == bindparam("person_id"))
    .order_by(_DELIVERY.queued_at.desc(), _DELIVERY.case_id, _DELIVERY.seq, _DELIVERY.n)
    .limit(bindparam("limit"))
)
# Index: delivery_dead; the key of case_file. Few are dead, and their cases are looked at one by
# one: joined, SQLite would rather begin at the seat's cases.
DEAD: Final = (
    select(
        _DELIVERY.case_id,
        _DELIVERY.seq,
        _DELIVERY.n,
        _DELIVERY.channel,
        _DELIVERY.receiver_id,
        _DELIVERY.queued_at,
        _DELIVERY.error,
        _PERSON.name,
    )
    .join(_PERSON.id.table, _PERSON.id == _DELIVERY.receiver_id)
    .where(delivery.IS_DEAD)
    .order_by(_DELIVERY.queued_at.desc(), _DELIVERY.case_id.desc())
    .limit(MOST + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A way to reach somebody, the address masked."""

    channel: str
    rhythm: str
    masked: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on its way over one channel, or arrived, or given up. `error` is a code."""

    case_id: UUID
    number: str
    channel: str
    state: str
    queued_at: datetime
    ready_at: datetime
    sent_at: datetime | None
    tries: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """What could not be delivered to one person over one channel: `notices` of them, the
    earliest from `since_at`, the latest for the reason `error`."""

    receiver_id: UUID
    name: str
    channel: str
    since_at: datetime
    notices: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadList:
    """What a supervisor may see of it. `is_capped`: there are more than are counted."""

    items: tuple[Dead, ...]
    is_capped: bool


def contacts(database: db.Database, actor: access.Actor) -> tuple[Contact, ...]:
    """Somebody's own ways to be reached."""
    with db.one_read(database) as tx:
        rows = tx.execute(CONTACTS, {"person_id": actor.person_id})
        return tuple(Contact(**row._mapping) for row in rows)


def mine(database: db.Database, actor: access.Actor, *, limit: int = 20) -> tuple[Delivery, ...]:
    """What went to somebody outside the app, newest first: of the cases that they may open
    still. Invariant: 7, 8."""
    with db.snapshot(database) as tx:
        rows = tx.execute(MINE, {"person_id": actor.person_id, "limit": limit}).all()
        if not rows:
            return ()
        pack = read.house(tx).rules.pack
        ids = {"case_ids": sorted({row.case_id for row in rows})}
        hidden = read.kept_out(tx, ids["case_ids"])
        cases = [CaseRow(*row) for row in tx.execute(read.CASES, ids)]
    open_ = {
        case.id
        for case in cases
        if access.may_see(pack, actor, case, recused=hidden.get(case.id, frozenset()))
    }
    return tuple(Delivery(**row._mapping) for row in rows if row.case_id in open_)


def dead(database: db.Database, actor: access.Actor) -> DeadList:
    """What could not be delivered, of the cases that somebody watches; newest first."""
    found: dict[tuple[Any, ...], Row[*tuple[Any, ...]]] = {}
    is_capped = False
    with db.snapshot(database) as tx:
        pack = read.house(tx).rules.pack
        watching = access.watching(pack, actor)
        for seat in access.seats(pack, watching):
            statement = DEAD.where(
                exists().where(_CASE.id == _DELIVERY.case_id, access.visible(seat))
            )
            rows = tx.execute(statement, access.binds(watching, seat)).all()
            is_capped |= len(rows) > MOST
            found |= {tuple(row[:4]): row for row in rows[:MOST]}
    newest = sorted(found.values(), key=lambda row: row.queued_at, reverse=True)
    grouped: dict[tuple[UUID, str], list[Row[*tuple[Any, ...]]]] = {}
    for row in newest:
        grouped.setdefault((row.receiver_id, row.channel), []).append(row)
    return DeadList(items=tuple(_dead(rows) for rows in grouped.values()), is_capped=is_capped)


def _dead(rows: Sequence[Row[*tuple[Any, ...]]]) -> Dead:
    newest = rows[0]
    return Dead(
        receiver_id=newest.receiver_id,
        name=newest.name,
        channel=newest.channel,
        since_at=rows[-1].queued_at,
        notices=len(rows),
        error=newest.error,
    )
