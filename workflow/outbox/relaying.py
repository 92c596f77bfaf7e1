"""The relay: queued notices reach their receivers, once, if they may still open the case.

The in-app channel is a mark in our own database, so claim and delivery are one transaction. In
it also stands which of them are to go outside, over which channel and from when on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, exists, select

from rules import telling
from workflow import access, db, read
from workflow.decide import CaseRow
from workflow.engine import Engine
from workflow.tables import delivery

_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
_DELIVERY: Final = delivery.Delivery.__table__  # type: ignore[attr-defined]
_CONTACT: Final = delivery.Contact.__table__  # type: ignore[attr-defined]
BATCH: Final = 500

# Index: notice_queue. SQLite ignores the lock clause; its transaction holds the only writer.
CLAIM: Final = (
    select(
        _NOTICE.c.case_id,
        _NOTICE.c.seq,
        _NOTICE.c.n,
        _NOTICE.c.receiver_id,
        _NOTICE.c.cause,
        _NOTICE.c.tries,
        db.DATABASE_TIME.label("at"),
        exists()
        .where(_CONTACT.c.person_id == _NOTICE.c.receiver_id, _CONTACT.c.rhythm != "off")
        .label("is_reached"),
    )
    .where(_NOTICE.c.state == "queued", _NOTICE.c.next_try_at <= bindparam("now"))
    .order_by(_NOTICE.c.next_try_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
# The key of contact. Held, so that a contact that goes takes with it all that was to reach it.
CONTACTS: Final = (
    select(_CONTACT.c.person_id, _CONTACT.c.channel, _CONTACT.c.rhythm)
    .where(
        _CONTACT.c.person_id.in_(bindparam("person_ids", expanding=True)),
        _CONTACT.c.rhythm != "off",
    )
    .order_by(_CONTACT.c.person_id, _CONTACT.c.channel)
    .with_for_update(read=True, key_share=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """What one run did. `dropped` receivers may no longer open the case."""

    sent: int = 0
    dropped: int = 0

    @property
    def is_full(self) -> bool:
        """Whether more may wait."""
        return self.sent + self.dropped >= BATCH

    def __add__(self, other: RelayReport) -> RelayReport:
        return RelayReport(sent=self.sent + other.sent, dropped=self.dropped + other.dropped)


def run(engine: Engine, *, is_ending: Callable[[], bool] = lambda: False) -> RelayReport:
    """Relays until the queue is empty, or the process is to end: each batch in a transaction of
    its own, which is finished; the rest is left for the next."""
    total = RelayReport()
    while True:
        report = relay(engine)
        total = total + report
        if not report.is_full or is_ending():
            return total
        db.give_way(engine.database)


def relay(engine: Engine) -> RelayReport:
    """One batch."""
    with db.transaction(engine.database, gives_way=True) as tx:
        return deliver(tx, read.house(tx))


def deliver(tx: db.Tx, house: read.House) -> RelayReport:
    """One batch, inside a transaction that is open."""
    claimed = tx.execute(CLAIM, {"now": house.now, "limit": BATCH}).all()
    if not claimed:
        return RelayReport()
    ids = {"case_ids": list({row.case_id for row in claimed})}
    cases = {row.id: CaseRow(*row) for row in tx.execute(read.CASES, ids)}
    people = read.actors(tx, list({row.receiver_id for row in claimed}))
    recused = read.kept_out(tx, ids["case_ids"])
    settled, reached = [], []
    for row in claimed:
        actor, case = people.get(row.receiver_id), cases[row.case_id]
        may = actor is not None and access.may_see(
            house.rules.pack, actor, case, recused=recused.get(case.id, frozenset())
        )
        settled.append(
            {
                **_key(row),
                "state": "sent" if may else "dropped",
                "sent_at": house.now if may else None,
                "tries": row.tries + 1,
            }
        )
        if may and row.is_reached:
            reached.append(row)
    db.change_rows(tx, _NOTICE, settled)
    if reached:
        _queue(tx, house, reached)
    sent = sum(row["state"] == "sent" for row in settled)
    return RelayReport(sent=sent, dropped=len(settled) - sent)


def _queue(tx: db.Tx, house: read.House, told: list[Row[*tuple[Any, ...]]]) -> None:
    """A row of the ledger for each notice and channel of its receiver."""
    ways: dict[UUID, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for contact in tx.execute(CONTACTS, {"person_ids": list({row.receiver_id for row in told})}):
        ways[contact.person_id].append(contact)
    rows = [
        {
            **_key(row),
            "channel": contact.channel,
            "receiver_id": row.receiver_id,
            "state": "waiting",
            "tries": 0,
            "next_try_at": row.at,
            "queued_at": house.now,
            "ready_at": telling.ready_at(
                house.rules.pack.delivery,
                house.calendar,
                house.now,
                rhythm=contact.rhythm,
                cause=row.cause,
            ),
        }
        for row in told
        for contact in ways[row.receiver_id]
    ]
    db.add_rows(tx, _DELIVERY, rows)


def _key(row: Row[*tuple[Any, ...]]) -> dict[str, object]:
    return {"case_id": row.case_id, "seq": row.seq, "n": row.n}
