"""Fills a database with cases in bulk: the rows that commands would have written.

Each case lives its life in memory, decided and sealed by the engine's own code; what time does
to it happens where a sweep would have come by. Only the way into the tables is another: COPY
on PostgreSQL, executemany on SQLite.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Table, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from tests import office as small
from tests.bench.town import Grid, Town
from workflow import access, db, ids, machine, read, write
from workflow.db import rows as rows_
from workflow.decide import (
    FILE,
    AssignmentRow,
    CaseRow,
    Command,
    DeadlineRow,
    Decision,
    Facts,
    Opening,
    Scalar,
    decide,
    decide_due,
)

BATCH: Final = 2_000
STRIDE: Final = 61_803_399  # shares no factor with 10**8: every case gets a number of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act of a life: by whom, and how long after the case was filed."""

    action: str
    role: str
    after: timedelta = timedelta()
    fields: Mapping[str, Scalar] = field(default_factory=dict)


Life = tuple[Step, ...]
_Numbered = TypeVar("_Numbered", DeadlineRow, AssignmentRow)

_FILED: Final = Step(action=FILE, role="grid_officer", fields=small.DISPUTE)
_ACCEPTED: Final = Step(action="accept", role="case_desk", after=timedelta(hours=2))
MEDIATOR: Final = "@mediator"
"""Stands for the mediator of the case's own committee."""
_NAMED: Final = Step(
    action="name_mediator",
    role="case_desk",
    after=timedelta(hours=3),
    fields={"mediator": MEDIATOR},
)
_MET: Final = Step(
    action="record_session",
    role="mediator",
    after=timedelta(hours=5),
    fields={"session_on": "2026-03-20", "attended": "both", "minutes": "双方各让一步。"},
)
FILED: Final[Life] = (_FILED,)
ACCEPTED: Final[Life] = (_FILED, _ACCEPTED)
MEDIATED: Final[Life] = (_FILED, _ACCEPTED, _NAMED)
HEARD: Final[Life] = (_FILED, _ACCEPTED, _NAMED, _MET)


@dataclass(slots=True)
class Story:
    """One case as it stands in memory, and the rows that it has brought so far."""

    facts: Facts
    rows: list[db.Rows] = field(default_factory=list)

    def take(self, decision: Decision, written: db.Rows) -> None:
        """Goes on from a decision as if it had been written and read again."""
        case = CaseRow(*(written.opened or written.cases)[0])  # type: ignore[arg-type]
        self.rows.append(written)
        self.facts = replace(
            self.facts,
            case=case,
            deadlines=_merged(self.facts.deadlines, decision.deadlines),
            assignments=_merged(self.facts.assignments, decision.assignments),
        )


def load(town: Town, life: Life, *, count: int, filed_at: datetime, now: datetime) -> list[UUID]:
    """Adds so many cases that were filed from `filed_at` on, a second apart within an hour, and
    left to themselves after their last step until `now`. Gives their ids."""
    with db.snapshot(town.engine.database) as tx:
        house = read.house(tx)
        facts = {g.code: read.opening_facts(tx, grid=g.code, at=house) for g in town.grids}
        there = tx.execute(select(func.count()).select_from(rows_.CASE)).scalar_one()
    made: list[UUID] = []
    stories = (
        live(
            town,
            life,
            house.rules,
            grid=grid,
            facts=facts[grid.code],
            filed_at=filed_at + timedelta(seconds=n % 3600),
            now=now,
            number=number(there + n),
        )
        for n in range(count)
        for grid in [town.grids[n % len(town.grids)]]
    )
    while batch := [joined(story.rows) for story in islice(stories, BATCH)]:
        put(town.engine.database, db.Rows.joined(batch))
        made.extend(rows.opened[0][0] for rows in batch)  # type: ignore[misc]
    return made


def number(n: int) -> str:
    """The n-th case number; no two of the first hundred million are alike."""
    digits = f"{n * STRIDE % 10**ids.NUMBER_DIGITS:0{ids.NUMBER_DIGITS}d}"
    return f"{digits[:4]}-{digits[4:]}-{ids.check_digit(digits)}"


def live(
    town: Town,
    life: Life,
    rules: machine.Rules,
    *,
    grid: Grid,
    facts: Facts,
    filed_at: datetime,
    now: datetime,
    number: str,
) -> Story:
    """One life, decided act by act and rung by rung."""
    story = Story(facts)
    case_id = ids.uuid7()
    for step in life:
        at = filed_at + step.after
        _let_time_pass(town, story, rules, until=at)
        story.facts = replace(story.facts, now=at)
        command = _command(rules, story, step, grid=grid, case_id=case_id, number=number)
        decision = decide(rules, command, story.facts)
        story.take(decision, write.rows(decision, seals=town.engine.seals))
    _let_time_pass(town, story, rules, until=now)
    return story


def joined(parts: Sequence[db.Rows]) -> db.Rows:
    """A life's rows as they stand at its end: the last case row and deadlines, every event."""
    last = parts[-1].opened or parts[-1].cases
    whole = db.Rows.joined(parts)
    return replace(
        whole,
        opened=last,
        cases=(),
        deadlines=_last(whole.deadlines),
        assignments=_last(whole.assignments),
    )


def put(database: db.Database, rows: db.Rows) -> None:
    """Writes a batch; the roll-up is counted once for all of it."""
    with db.transaction(database) as tx:
        _copy(tx, rows_.CASE, rows.opened)
        for _, table, found in rows_.present(rows):
            _copy(tx, table, found)
        _count(tx, rows.roll_up)


def _copy(tx: db.Tx, table: Table, rows: Iterable[tuple[object, ...]]) -> None:
    names = list(table.columns.keys())
    if tx.dialect.name == "sqlite":
        tx.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    raw: Any = tx.connection.driver_connection
    with raw.cursor().copy(f"copy {table.name} ({', '.join(names)}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _count(tx: db.Tx, changes: Iterable[tuple[object, ...]]) -> None:
    sums: dict[tuple[object, ...], int] = defaultdict(int)
    for _, *key, n in changes:
        sums[tuple(key)] += n  # type: ignore[operator]
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(rows_.ROLL_UP)
    counted = statement.on_conflict_do_update(
        index_elements=[column.name for column in rows_.ROLL_UP.primary_key],
        set_={"n": rows_.ROLL_UP.c.n + statement.excluded.n},
    )
    names = rows_.ROLL_UP.columns.keys()
    keep = [dict(zip(names, (*key, n), strict=True)) for key, n in sums.items() if n]
    if keep:
        tx.execute(counted, keep)


def _let_time_pass(town: Town, story: Story, rules: machine.Rules, *, until: datetime) -> None:
    """What the sweep would have done up to a moment."""
    while (case := story.facts.case) and case.next_at is not None and case.next_at <= until:
        story.facts = replace(story.facts, now=case.next_at)
        decision = decide_due(rules, story.facts)
        if decision is None:
            return
        story.take(decision, write.rows(decision, seals=town.engine.seals))


def _command(
    rules: machine.Rules, story: Story, step: Step, *, grid: Grid, case_id: UUID, number: str
) -> Command:
    """What `commands.act` would have handed to `decide`, seat included."""
    actor = grid.actors[step.role]
    case = story.facts.case
    if case is None:
        line = story.facts.line.origin
        leave = access.may_file(rules.pack, actor, process="dispute", grid=line)
        opening = Opening(process="dispute", origin_grid=grid.code, number=number)
    else:
        action = rules.flow(case.process).process.actions[step.action]
        leave = access.may_act(rules.pack, actor, case, action=action)
        opening = None
    assert leave is not None, step.action
    assert leave.post is not None
    return Command(
        case_id=case_id,
        action_id=str(ids.uuid7()),
        action=step.action,
        fields=fields_of(step, grid),
        actor_id=actor.person_id,
        post_id=leave.post.id,
        opening=opening,
    )


def fields_of(step: Step, grid: Grid) -> dict[str, Scalar]:
    """What the act says, with persons for their marks."""
    mediator = str(grid.actors["mediator"].person_id)
    return {name: mediator if v == MEDIATOR else v for name, v in step.fields.items()}


def _merged(old: tuple[_Numbered, ...], new: tuple[_Numbered, ...]) -> tuple[_Numbered, ...]:
    found = {row.no: row for row in old} | {row.no: row for row in new}
    return tuple(found[no] for no in sorted(found))


def _last(rows: Iterable[tuple[object, ...]]) -> tuple[tuple[object, ...], ...]:
    """The last of the rows under each key (case, number)."""
    return tuple({row[:2]: row for row in rows}.values())
