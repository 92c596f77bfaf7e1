"""What the auditor asks of a case: does what is stored agree with what its clocks say?

The sweep reads `next_at` and `fired`; here both are doubted. Everything is worked out anew from
the start, the pauses and the extensions, and from the rungs that were recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from workflow import machine
from workflow.decide import clocks, pauses
from workflow.decide.facts import DeadlineRow, Facts

Kind = Literal["due_differs", "record_differs", "will_not_wake", "no_clock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing that does not agree. `no` is the deadline's; None for the case itself."""

    kind: Kind
    no: int | None


def doubts(
    rules: machine.Rules, facts: Facts, *, recorded: Collection[tuple[int, int, str]]
) -> Iterator[Doubt]:
    """What does not agree on an open case. `recorded` are its rungs as the ledger has them:
    deadline, cycle, and `rung.repetition`."""
    case = facts.case
    waits: list[datetime] = []
    for row in facts.deadlines:
        if row.is_open:
            yield from _of_clock(rules, row, facts, recorded=recorded)
            waits += [row.next_at] if row.next_at else []
    if not any(row.is_open for row in facts.deadlines):
        yield Doubt(kind="no_clock", no=None)
    if case is not None and waits and (case.next_at is None or case.next_at > min(waits)):
        yield Doubt(kind="will_not_wake", no=None)


def _of_clock(
    rules: machine.Rules,
    row: DeadlineRow,
    facts: Facts,
    *,
    recorded: Collection[tuple[int, int, str]],
) -> Iterator[Doubt]:
    calendar = facts.calendars[row.calendar_hash]
    found = clocks.due_of(rules.pack, row, calendar=calendar)
    if (found.due_at, found.due_on) != (row.due_at, row.due_on):
        yield Doubt(kind="due_differs", no=row.no)
    ledger = {key for no, cycle, key in recorded if (no, cycle) == (row.no, row.cycle)}
    if ledger != set(row.climbed):
        yield Doubt(kind="record_differs", no=row.no)
    if not _will_wake(rules, row, facts):
        yield Doubt(kind="will_not_wake", no=row.no)


def _will_wake(rules: machine.Rules, row: DeadlineRow, facts: Facts) -> bool:
    """Whether the sweep looks at it no later than something is due."""
    calendar = facts.calendars[row.calendar_hash]
    if row.state == "paused":
        ends = pauses.cap_ends(rules.pack, row, calendar=calendar)
        return ends is None or (row.next_at is not None and row.next_at <= ends)
    plan = clocks.plan_of(rules.pack, row, calendar=calendar)
    blocked = row.blocked.split()
    left = clocks.unfired(row.fired, plan)
    due = [rung.at for rung in left if rung.key not in blocked]
    due += [] if row.missed_at else [row.due_at]
    if not due and not blocked:
        return True
    return row.next_at is not None and row.next_at <= min(due, default=row.next_at)
