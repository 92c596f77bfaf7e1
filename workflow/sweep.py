"""One tick of the ladder: claim due cases, decide, write; all in one transaction.

Any number of sweeps may run at once, on one machine or several: a case is claimed by one
of them, and a rung's key lets it be written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import update

from rules import errors
from workflow import db, read, write
from workflow.decide import CaseRow, Decision, Facts, decide_due
from workflow.engine import Engine
from workflow.tables import case as case_tables

BATCH: Final = 500
SQLITE_BATCH: Final = 100
"""Smaller where a batch holds the one write lock that people wait for."""
PUT_OFF: Final = timedelta(minutes=5)

_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What one run did."""

    cases: int = 0
    fired: int = 0
    missed: int = 0
    blocked: int = 0
    failed: int = 0
    max_late_s: int = 0

    def __add__(self, other: TickReport) -> TickReport:
        return TickReport(
            cases=self.cases + other.cases,
            fired=self.fired + other.fired,
            missed=self.missed + other.missed,
            blocked=self.blocked + other.blocked,
            failed=self.failed + other.failed,
            max_late_s=max(self.max_late_s, other.max_late_s),
        )


def run(engine: Engine) -> TickReport:
    """Ticks until nothing more is due."""
    batch = BATCH if engine.database.is_postgres else SQLITE_BATCH
    total = TickReport()
    while True:
        report = tick(engine, limit=batch)
        total = total + report
        if report.cases + report.failed < batch:
            return total


def tick(engine: Engine, *, limit: int) -> TickReport:
    """One batch, written whole or not at all."""
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        claimed = db.claim_due(tx, at=house.now, limit=limit)
        if not claimed:
            return TickReport()
        cases = [CaseRow(*row) for row in tx.execute(read.CASES, {"case_ids": list(claimed)})]
        facts = read.many_facts(tx, cases, at=house)
        decisions, failed = _decide(tx, cases, facts)
        rows = [write.rows(decision, seals=engine.seals) for decision in decisions]
        written = db.apply(tx, db.Rows.joined(rows)) if rows else frozenset()
        if len(written) != len(rows):
            # Claimed rows are locked; a missing one means that the claim did not hold.
            raise errors.Busy("sweep.lost_claim")
        _put_off(tx, failed, at=house.now + PUT_OFF)
    return _report(decisions, failed=len(failed))


def _decide(
    tx: db.Tx, cases: Sequence[CaseRow], facts: Mapping[UUID, Facts]
) -> tuple[list[Decision], list[UUID]]:
    """One case that cannot be decided does not hold up the others; it is counted and told."""
    decisions: list[Decision] = []
    failed: list[UUID] = []
    for case in cases:
        try:
            decision = decide_due(read.rules(tx, case.pack_hash), facts[case.id])
        except errors.GridcaseError as error:
            failed.append(case.id)
            _LOG.error("sweep.case_failed", case_id=str(case.id), code=error.code)
            continue
        if decision is not None:
            decisions.append(decision)
    return decisions, failed


def _put_off(tx: db.Tx, failed: Sequence[UUID], *, at: datetime) -> None:
    """Cases that could not be decided are tried again later: at the head of the queue, a batch
    of them would leave no place for any other."""
    if failed:
        tx.execute(update(_CASE).where(_CASE.c.id.in_(failed)).values(next_at=at))


def _report(decisions: Sequence[Decision], *, failed: int) -> TickReport:
    names = [event.name for decision in decisions for event in decision.events]
    late = [
        int((rung.fired_at - rung.planned_at).total_seconds())
        for decision in decisions
        for rung in decision.escalations
    ]
    return TickReport(
        cases=len(decisions),
        fired=len(late),
        missed=names.count("deadline_missed"),
        blocked=names.count("rung_blocked"),
        failed=failed,
        max_late_s=max(late, default=0),
    )
