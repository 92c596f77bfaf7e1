"""Fills a database with cases in bulk: the rows that commands would have written.

A life is decided once for each grid and moment, in memory, by the engine's own code; what time
does to it happens where a sweep would have come by. Every case gets these decisions under its own
id, number and action ids, sealed, salted and chained anew by `write.rows`. Only the way into the
tables is another: see `bulk`.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from tests import office as small
from tests.bench import bulk
from tests.bench.town import Grid, Town
from workflow import access, audit, db, ids, machine, personal, read, write
from workflow.db import rows as rows_
from workflow.decide import (
    FILE,
    AssignmentRow,
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
LARGE: Final = 20_000
"""From here on indexes are built afterwards, and on PostgreSQL every core loads."""
MINUTES: Final = 60
"""Cases are filed a minute apart, again and again within one hour."""
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
"""Stands for the mediator of the case's own committee; any role may stand like this."""
_NAMED: Final = Step(
    action="name_mediator",
    role="case_desk",
    after=timedelta(hours=3),
    fields={"mediator": MEDIATOR, **small.CONSENT},
)
_MET: Final = Step(
    action="record_session",
    role="mediator",
    after=timedelta(hours=5),
    fields={
        "session_on": "2026-03-20",
        "attended": "both",
        "rights_told": True,
        "session_open": "closed",
        "minutes": "双方各让一步。",
    },
)
_LED: Final = Step(
    action="name_leader",
    role="supervisor",
    after=timedelta(minutes=30),
    fields={"leader": "@leader"},
)
_WITHDRAWN: Final = Step(
    action="withdraw",
    role="case_desk",
    after=timedelta(minutes=50),
    fields={"withdraw_reason": "双方已自行和解。"},
)
FILED: Final[Life] = (_FILED,)
LED: Final[Life] = (_FILED, _LED)
WITHDRAWN: Final[Life] = (_FILED, _WITHDRAWN)
ACCEPTED: Final[Life] = (_FILED, _ACCEPTED)
MEDIATED: Final[Life] = (_FILED, _ACCEPTED, _NAMED)
HEARD: Final[Life] = (_FILED, _ACCEPTED, _NAMED, _MET)


@dataclass(slots=True)
class Story:
    """One case as it stands in memory, and what was decided of it so far."""

    facts: Facts
    decisions: list[Decision] = field(default_factory=list)

    def take(self, decision: Decision) -> None:
        """Goes on from a decision as if it had been written and read again."""
        self.decisions.append(decision)
        self.facts = replace(
            self.facts,
            case=decision.case,
            deadlines=_merged(self.facts.deadlines, decision.deadlines),
            assignments=_merged(self.facts.assignments, decision.assignments),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moulds:
    """The life of every case to load: the n-th has the n-th of these, round and round."""

    lives: tuple[tuple[Decision, ...], ...]
    secret: bytes = field(repr=False)
    first: int
    """The number of cases that were there before."""

    def rows(self, some: range) -> Iterator[db.Rows]:
        """The rows of some cases, batch by batch."""
        seals = personal.Seals(self.secret)
        for start in range(0, len(some), BATCH):
            yield db.Rows.joined(
                cast(self.lives[n % len(self.lives)], number(self.first + n), seals=seals)
                for n in some[start : start + BATCH]
            )


def load(town: Town, life: Life, *, count: int, filed_at: datetime, now: datetime) -> list[UUID]:
    """Adds so many cases that were filed from `filed_at` on, a minute apart within an hour, and
    left to themselves after their last step until `now`. Gives their ids."""
    database = town.engine.database
    moulds = _moulds(town, life, count=count, filed_at=filed_at, now=now)
    is_large = count >= LARGE
    workers = (os.cpu_count() or 1) if is_large and database.is_postgres else 1
    size = math.ceil(count / workers)
    shares = [range(start, min(start + size, count)) for start in range(0, count, size)]
    work = partial(_load, database.url, moulds)
    with bulk.without_indexes(database.url) if is_large else nullcontext():
        if workers == 1:
            done = [work(share) for share in shares]
        else:
            with multiprocessing.get_context("spawn").Pool(workers) as pool:
                done = pool.map(work, shares, chunksize=1)
    with db.transaction(database) as tx:
        bulk.count(tx, sum((counts for _, counts in done), bulk.Counts()))
    return [case_id for made, _ in done for case_id in made]


def _load(url: str, moulds: Moulds, share: range) -> tuple[list[UUID], bulk.Counts]:
    """One process's share, and the ids that it has made."""
    made: list[UUID] = []

    def batches() -> Iterator[db.Rows]:
        for rows in moulds.rows(share):
            made.extend(row[0] for row in rows.opened)  # type: ignore[misc]
            yield rows

    counts = bulk.write(url, batches())
    return made, counts


def _moulds(town: Town, life: Life, *, count: int, filed_at: datetime, now: datetime) -> Moulds:
    with db.snapshot(town.engine.database) as tx:
        house = read.house(tx)
        facts = {g.code: read.opening_facts(tx, grid=g.code, at=house) for g in town.grids}
        there = tx.execute(select(func.count()).select_from(rows_.CASE)).scalar_one()
    lives = (
        live(
            life,
            house.rules,
            grid=grid,
            facts=facts[grid.code],
            filed_at=filed_at + timedelta(minutes=n % MINUTES),
            now=now,
        )
        for n in range(min(count, math.lcm(len(town.grids), MINUTES)))
        for grid in [town.grids[n % len(town.grids)]]
    )
    return Moulds(lives=tuple(lives), secret=town.engine.seals.secret, first=there)


def cast(life: Sequence[Decision], number: str, *, seals: personal.Seals) -> db.Rows:
    """The rows of a case that lives this life, under an id and a number of its own."""
    case_id, head = ids.uuid7(), audit.START
    parts: list[db.Rows] = []
    for decision in life:
        written = write.rows(_of(decision, case_id, number=number, head=head), seals=seals)
        head = (written.opened or written.cases)[0].head  # type: ignore[attr-defined]
        parts.append(written)
    return parts[0] if len(parts) == 1 else joined(parts)


def _of(decision: Decision, case_id: UUID, *, number: str, head: bytes) -> Decision:
    """The same decision on another case: all that names the case is its own."""
    return decision._replace(
        case=decision.case._replace(id=case_id, number=number, head=head),
        events=tuple(
            event if event.actor_kind == "ladder" else event._replace(action_id=str(ids.uuid7()))
            for event in decision.events
        ),
        deadlines=tuple(row._replace(case_id=case_id) for row in decision.deadlines),
        assignments=tuple(row._replace(case_id=case_id) for row in decision.assignments),
        escalations=tuple(row._replace(case_id=case_id) for row in decision.escalations),
        parties=tuple(row._replace(case_id=case_id) for row in decision.parties),
        notices=tuple(
            notice._replace(words={**notice.words, "number": number}) for notice in decision.notices
        ),
    )


def number(n: int) -> str:
    """The n-th case number; no two of the first hundred million are alike."""
    digits = f"{n * STRIDE % 10**ids.NUMBER_DIGITS:0{ids.NUMBER_DIGITS}d}"
    return f"{digits[:4]}-{digits[4:]}-{ids.check_digit(digits)}"


def live(
    life: Life,
    rules: machine.Rules,
    *,
    grid: Grid,
    facts: Facts,
    filed_at: datetime,
    now: datetime,
) -> tuple[Decision, ...]:
    """One life, decided act by act and rung by rung."""
    story = Story(facts)
    case_id = ids.uuid7()
    for step in life:
        at = filed_at + step.after
        _let_time_pass(story, rules, until=at)
        story.facts = replace(story.facts, now=at)
        story.take(
            decide(rules, _command(rules, story, step, grid=grid, case_id=case_id), story.facts)
        )
    _let_time_pass(story, rules, until=now)
    return tuple(story.decisions)


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


def _let_time_pass(story: Story, rules: machine.Rules, *, until: datetime) -> None:
    """What the sweep would have done up to a moment."""
    while (case := story.facts.case) and case.next_at is not None and case.next_at <= until:
        story.facts = replace(story.facts, now=case.next_at)
        decision = decide_due(rules, story.facts)
        if decision is None:
            return
        story.take(decision)


def _command(
    rules: machine.Rules, story: Story, step: Step, *, grid: Grid, case_id: UUID
) -> Command:
    """What `commands.act` would have handed to `decide`, seat included."""
    actor = grid.actors[step.role]
    case = story.facts.case
    if case is None:
        line = story.facts.line.origin
        leave = access.may_file(rules.pack, actor, process="dispute", grid=line)
        opening = Opening(process="dispute", origin_grid=grid.code, number=ids.case_number())
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
    named = {f"@{role}": str(actor.person_id) for role, actor in grid.actors.items()}
    return {name: named.get(str(value), value) for name, value in step.fields.items()}


def _merged(old: tuple[_Numbered, ...], new: tuple[_Numbered, ...]) -> tuple[_Numbered, ...]:
    found = {row.no: row for row in old} | {row.no: row for row in new}
    return tuple(found[no] for no in sorted(found))


def _last(rows: Iterable[tuple[object, ...]]) -> tuple[tuple[object, ...], ...]:
    """The last of the rows under each key (case, number)."""
    return tuple({row[:2]: row for row in rows}.values())
