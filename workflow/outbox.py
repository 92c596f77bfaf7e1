"""The relay: queued notices reach their receivers, once, if they may still open the case.

The in-app channel is a mark in our own database, so claim and delivery are one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update

from workflow import access, db, read
from workflow.decide import CaseRow
from workflow.engine import Engine
from workflow.tables import delivery

_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
BATCH: Final = 500

# Index: notice_queue. SQLite ignores the lock clause; its transaction holds the only writer.
CLAIM: Final = (
    select(_NOTICE.c.case_id, _NOTICE.c.seq, _NOTICE.c.n, _NOTICE.c.receiver_id)
    .where(_NOTICE.c.state == "queued", _NOTICE.c.next_try_at <= bindparam("now"))
    .order_by(_NOTICE.c.next_try_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
SETTLE: Final = (
    update(_NOTICE)
    .where(
        _NOTICE.c.case_id == bindparam("b_case"),
        _NOTICE.c.seq == bindparam("b_seq"),
        _NOTICE.c.n == bindparam("b_n"),
    )
    .values(state=bindparam("b_state"), sent_at=bindparam("b_at"), tries=_NOTICE.c.tries + 1)
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


def relay(engine: Engine) -> RelayReport:
    """One batch."""
    with db.transaction(engine.database) as tx:
        return deliver(tx, read.house(tx))


def deliver(tx: db.Tx, house: read.House) -> RelayReport:
    """One batch, inside a transaction that is open."""
    claimed = tx.execute(CLAIM, {"now": house.now, "limit": BATCH}).all()
    if not claimed:
        return RelayReport()
    ids = {"case_ids": list({row.case_id for row in claimed})}
    cases = {row.id: CaseRow(*row) for row in tx.execute(read.CASES, ids)}
    people = read.actors(tx, list({row.receiver_id for row in claimed}))
    recused = _recused(tx, ids)
    settled = []
    for row in claimed:
        actor, case = people.get(row.receiver_id), cases[row.case_id]
        may = actor is not None and access.may_see(
            house.rules.pack, actor, case, recused=recused.get(case.id, frozenset())
        )
        settled.append(
            {
                "b_case": row.case_id,
                "b_seq": row.seq,
                "b_n": row.n,
                "b_state": "sent" if may else "dropped",
                "b_at": house.now if may else None,
            }
        )
    tx.execute(SETTLE, settled)
    sent = sum(row["b_state"] == "sent" for row in settled)
    return RelayReport(sent=sent, dropped=len(settled) - sent)


def _recused(tx: db.Tx, ids: Mapping[str, list[UUID]]) -> Mapping[UUID, frozenset[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for row in tx.execute(read.RECUSED, dict(ids)):
        found[row.case_id].add(row.person_id)
    return {case_id: frozenset(people) for case_id, people in found.items()}
