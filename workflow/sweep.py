"""One tick of the ladder: claim due cases, decide, write; all in one transaction.

Any number of sweeps may run at once, on one machine or several: a case is claimed by one
of them, and a rung's key lets it be written once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from rules import errors
from workflow import db, read, write
from workflow.decide import CaseRow, Decision, Facts, decide_due
from workflow.engine import Engine

BATCH: Final = 500
SQLITE_BATCH: Final = 100
"""Smaller where a batch holds the one write lock that people wait for."""

REFUSED: Final = (IntegrityError, DataError)
"""What a database says to rows that it will not have."""

MOVED_TRIES: Final = 3

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


def run(engine: Engine, *, is_ending: Callable[[], bool] = lambda: False) -> TickReport:
    """Ticks until nothing more is due, or the process is to end: the batch that runs is
    finished, the rest is left for the next. What could not be decided is passed over until the next
    run: a batch of it would leave no place for any other."""
    batch = BATCH if engine.database.is_postgres else SQLITE_BATCH
    total, failed = TickReport(), frozenset[UUID]()
    while True:
        report, more = _batch(engine, limit=batch, without=failed)
        total, failed = total + report, failed | more
        if report.cases + report.failed < batch or is_ending():
            return total
        db.give_way(engine.database)


def tick(engine: Engine, *, limit: int) -> TickReport:
    """One batch, written whole or not at all."""
    report, _ = _batch(engine, limit=limit, without=frozenset())
    return report


class _DirectoryMoved(Exception):
    """A post was filled while the batch found it vacant."""


_Apply = Callable[[db.Tx, list[db.Rows]], frozenset[int]]


def _batch(
    engine: Engine, *, limit: int, without: frozenset[UUID]
) -> tuple[TickReport, frozenset[UUID]]:
    """One batch, and the cases of it that failed. What the database refuses of one case does
    not take the others with it: they are then written one by one."""
    batch = functools.partial(_tick, engine, limit=limit, without=without)
    for _ in range(MOVED_TRIES):
        try:
            return batch(apply=_together, heeds=True)
        except _DirectoryMoved:
            continue
        except REFUSED:
            return batch(apply=_singly)
    return batch(apply=_together)  # what is stuck is tried again when the offices open


def _together(tx: db.Tx, rows: list[db.Rows]) -> frozenset[int]:
    """All in one write. Gives which were refused: none, or it raises."""
    written = db.apply(tx, db.Rows.joined(rows)) if rows else frozenset()
    if len(written) != len(rows):
        # Claimed rows are locked; a missing one means that the claim did not hold.
        raise errors.Busy("sweep.lost_claim")
    return frozenset()


def _singly(tx: db.Tx, rows: list[db.Rows]) -> frozenset[int]:
    """Each case's rows behind a savepoint. Gives which were refused."""
    refused = set()
    for n, one in enumerate(rows):
        try:
            with tx.begin_nested():
                _together(tx, [one])
        except REFUSED as error:
            refused.add(n)
            _LOG.error("sweep.case_refused", error=type(error.orig).__name__)
    return frozenset(refused)


def _tick(
    engine: Engine,
    *,
    limit: int,
    without: frozenset[UUID],
    apply: _Apply,
    heeds: bool = False,
) -> tuple[TickReport, frozenset[UUID]]:
    """One batch, and the cases of it that could not be decided or written. `heeds` what changes of
    offices and posts meanwhile, where something is blocked."""
    with db.transaction(engine.database, gives_way=True) as tx:
        house = read.house(tx)
        found = db.claim_due(tx, at=house.now, limit=limit + len(without))
        claimed = [case_id for case_id in found if case_id not in without]
        if not claimed:
            return TickReport(), frozenset()
        cases = [CaseRow(*row) for row in tx.execute(read.CASES, {"case_ids": claimed})]
        facts = read.many_facts(tx, cases, at=house)
        decisions, failed = _decide(tx, cases, facts)
        rows = [write.rows(decision, seals=engine.seals) for decision in decisions]
        refused = apply(tx, rows)
        if heeds and _blocks(decisions) and read.house(tx).directory_id != house.directory_id:
            # A post was filled while it was found vacant; who wakes the stuck did not see these.
            raise _DirectoryMoved
    failed += [decisions[n].case.id for n in refused]
    done = [decision for n, decision in enumerate(decisions) if n not in refused]
    return _report(done, failed=len(failed)), frozenset(failed)


def _blocks(decisions: Sequence[Decision]) -> bool:
    return any(row.blocked for decision in decisions for row in decision.deadlines)


def _decide(
    tx: db.Tx, cases: Sequence[CaseRow], facts: Mapping[UUID, Facts]
) -> tuple[list[Decision], list[UUID]]:
    """One case that cannot be decided does not hold up the others; it is counted and told."""
    decisions: list[Decision] = []
    failed: list[UUID] = []
    for case in cases:
        try:
            decision = decide_due(read.rules(tx, case.pack_hash), facts[case.id])
        except Exception as error:  # noqa: BLE001  the tick's boundary: counted, passed over
            failed.append(case.id)
            _LOG.error("sweep.case_failed", case_id=str(case.id), error=_name(error))
            continue
        if decision is not None:
            decisions.append(decision)
    return decisions, failed


def _name(error: Exception) -> str:
    """What went wrong, without values that a log must not hold."""
    return error.code if isinstance(error, errors.GridcaseError) else type(error).__name__


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
