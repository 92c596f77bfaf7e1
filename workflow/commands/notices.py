"""A person's own notices, marked as read; and what could not be delivered, once more."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Update, bindparam, select, update

from rules import errors
from rules import pack as pack_
from workflow import access, db, read
from workflow.commands import office
from workflow.decide import CaseRow
from workflow.tables import delivery

_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]
_CONTACT: Final = delivery.Contact.__table__.c  # type: ignore[attr-defined]
MOST: Final = 999_999_999
"""Above any number of an event; a database's integer holds it."""
_MINE: Final[Update] = (
    update(_NOTICE)
    .where(
        _NOTICE.c.receiver_id == bindparam("person_id"),
        _NOTICE.c.state == "sent",
        _NOTICE.c.read_at.is_(None),
    )
    .values(read_at=bindparam("at"))
)
_ONE: Final[Update] = _MINE.where(
    _NOTICE.c.case_id == bindparam("of_case"),
    _NOTICE.c.seq == bindparam("of_seq"),
    _NOTICE.c.n == bindparam("of_n"),
)
_OF_ONE = (
    _DELIVERY.c.receiver_id == bindparam("b_receiver"),
    _DELIVERY.c.channel == bindparam("b_channel"),
)
# Index: delivery_dead.
DEAD_OF_ONE: Final = (
    select(_DELIVERY.c.case_id, _DELIVERY.c.seq, _DELIVERY.c.n, db.DATABASE_TIME.label("at"))
    .where(delivery.IS_DEAD, *_OF_ONE)
    .with_for_update()
)
REACHED: Final = (
    select(_CONTACT.channel)
    .where(
        _CONTACT.person_id == bindparam("b_receiver"),
        _CONTACT.channel == bindparam("b_channel"),
        _CONTACT.rhythm != "off",
    )
    .with_for_update(read=True, key_share=True)
)


def mark_read(database: db.Database, actor: access.Actor, *, key: str | None = None) -> int:
    """Marks one notice of a person as read, or all of them. Gives how many were new.

    Raises: `notice.unknown`.
    """
    values: dict[str, Any] = {"person_id": actor.person_id}
    if key is not None:
        values |= _place(key)
    with db.transaction(database) as tx:
        values["at"] = db.now(tx)
        found: int = tx.execute(_MINE if key is None else _ONE, values).rowcount
    return found


def _place(key: str) -> dict[str, Any]:
    """A notice's key, as `queries.office.inbox` gives it."""
    parts = key.split(".")
    try:
        case_id, seq, n = UUID(parts[0]), int(parts[1]), int(parts[2])
    except (ValueError, IndexError) as error:
        raise errors.NotFound("notice.unknown") from error
    if not (0 <= seq <= MOST and 0 <= n <= MOST):
        raise errors.NotFound("notice.unknown")
    return {"of_case": case_id, "of_seq": seq, "of_n": n}


def retry(database: db.Database, actor: access.Actor, *, receiver_id: UUID, channel: str) -> int:
    """Lets go once more, as a new message, what could not be delivered to a person over a
    channel: of the cases that the actor watches. Gives how many notices.

    Raises: `delivery.unknown`; `delivery.no_contact` where they have no address there any more.
    """
    one = {"b_receiver": receiver_id, "b_channel": channel}
    with db.transaction(database) as tx:
        house = read.house(tx)
        rows = tx.execute(DEAD_OF_ONE, one).all()
        seen = _watched(tx, house.rules.pack, actor, {row.case_id for row in rows})
        chosen = [row for row in rows if row.case_id in seen]
        if not chosen:
            raise errors.NotFound("delivery.unknown")
        if tx.execute(REACHED, one).first() is None:
            raise errors.NotNow("delivery.no_contact")
        again = {
            "channel": channel,
            "state": "waiting",
            "tries": 0,
            "message_id": None,
            "error": None,
            "ready_at": house.now,
        }
        keys = [
            {"case_id": row.case_id, "seq": row.seq, "n": row.n, "next_try_at": row.at}
            for row in chosen
        ]
        db.change_rows(tx, _DELIVERY, [key | again for key in keys])
        told = {"receiver_id": str(receiver_id), "channel": channel, "notices": len(chosen)}
        office.log(tx, "deliveries_retried", told, actor_id=actor.person_id)
    return len(chosen)


def _watched(
    tx: db.Tx, pack: pack_.Pack, actor: access.Actor, case_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Those of the cases that the actor sees from a post with a board."""
    ids = {"case_ids": sorted(case_ids)}
    watching = access.watching(pack, actor)
    hidden = read.kept_out(tx, case_ids)
    cases = [CaseRow(*row) for row in tx.execute(read.CASES, ids)]
    return frozenset(
        case.id
        for case in cases
        if access.may_see(pack, watching, case, recused=hidden.get(case.id, frozenset()))
    )
