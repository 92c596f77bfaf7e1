"""B7: deciding, in CPU: an action and a rung, beside a state machine that is one look-up and
beside a transition of the library alone, which tells how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import transitions

from tests import office as small
from tests.bench import loader, measure, town
from workflow import db, ids, machine, read
from workflow.decide import CaseRow, Command, Facts, decide, decide_due

FILED_AT: Final = "2026-03-20 16:00"
WARNED_AT: Final = "2026-03-25 09:01"
COUNT: Final = 500
PASSES: Final = 20
"""Of a round: each program decides a part of the cases, then the next one does, within the
milliseconds for which a machine keeps its pace."""
Work = tuple[Sequence[Facts], Callable[[Facts], object]]
"""What is done to each of some cases."""


def run(*, rounds: int, size: int | None) -> list[measure.Figure]:
    """All caches warm."""

    def program(work: Work) -> measure.Program:
        return lambda number: _us(work, number % PASSES)

    works = prepared(size or COUNT)
    found = measure.interleaved(
        {name: program(work) for name, work in works.items()}, rounds=rounds, passes=PASSES
    )
    return [
        measure.compared(
            f"B7 {name}, to a {floor}",
            floor=found[floor],
            ours=found[name],
            unit="us CPU (lower)",
            database="none",
        )
        for name in ("action", "rung")
        for floor in ("look-up", "transition")
    ]


def prepared(count: int) -> dict[str, Work]:
    """Accepting cases, the first rung of those left alone, and the floors, on the same cases."""
    with town.opened("sqlite", start=WARNED_AT) as place:
        rules, due = _facts(place, count=count)
    filed = small.local(FILED_AT)
    new = [replace(facts, now=filed + timedelta(hours=1)) for facts in due]
    command, table, bare = _accept(place), _table(rules), _bare()
    return {
        "look-up": (new, lambda facts: _look_up(table, facts)),
        "transition": (new, lambda facts: _move(bare, facts)),
        "action": (new, lambda facts: decide(rules, command, facts)),
        "rung": (due, lambda facts: decide_due(rules, facts)),
    }


def _facts(place: town.Town, *, count: int) -> tuple[machine.Rules, list[Facts]]:
    filed = small.local(FILED_AT)
    made = loader.load(place, loader.FILED, count=count, filed_at=filed, now=filed)
    with db.snapshot(place.engine.database) as tx:
        house = read.house(tx)
        cases = [CaseRow(*row) for row in tx.execute(read.CASES, {"case_ids": made})]
        return house.rules, list(read.many_facts(tx, cases, at=house).values())


def _accept(place: town.Town) -> Command:
    """`decide` does not ask who may: any desk will do."""
    desk = place.grids[0].actors["case_desk"]
    return Command(
        case_id=ids.uuid7(),
        action_id=str(ids.uuid7()),
        action="accept",
        fields={"note": "请于三日内提交材料。"},
        actor_id=desk.person_id,
        post_id=desk.posts[0].id,
    )


def _table(rules: machine.Rules) -> dict[tuple[str, str], str]:
    actions = rules.flow("dispute").process.actions.items()
    return {(at, name): a.to or at for name, a in actions for at in a.source or ("nothing",)}


def _look_up(table: dict[tuple[str, str], str], facts: Facts) -> str:
    assert facts.case is not None
    return table[facts.case.state, "accept"]


@dataclass(slots=True)
class _Slot:
    state: str


def _bare() -> transitions.core.Event:
    """16 states in a ring, 40 transitions, no conditions and no facts."""
    states = [f"state_{n}" for n in range(16)]
    ring = transitions.Machine(model=None, states=states, initial=None, auto_transitions=False)
    for n in range(40):
        ring.add_transition(f"act_{n // 16}", states[n % 16], states[(n + 1) % 16])
    return ring.events["act_0"]


def _move(event: transitions.core.Event, facts: Facts) -> bool:
    return event.trigger(_Slot(f"state_{len(facts.deadlines)}"))


def _us(work: Work, part: int) -> float:
    """Of a decision, on the cases of one pass: counted the second time, when all is warm."""
    facts, decided = work
    taken = facts[part::PASSES]
    for one in taken:
        decided(one)
    begun = time.process_time()
    for one in taken:
        decided(one)
    return (time.process_time() - begun) / len(taken) * 1e6
