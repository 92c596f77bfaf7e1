"""The history: every plan done through the commands, office time stepping from one moment to
the next, the sweep and the relay running at each. Nothing is inserted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from api.demo import district, fitting, mix
from api.demo.plans import PAPER, Plan, Step
from rules import calendars, errors, load, pack
from workflow import access, ids, outbox, scheduler, sweep
from workflow.commands import act, demo
from workflow.decide import FILE, Scalar
from workflow.engine import Engine
from workflow.queries import case as case_query
from workflow.queries import installation, papers, search
from workflow.queries import office as office_query

Told = Callable[[int, int], None]
"""Is told how many steps of how many are done."""

_SETTLE: Final = timedelta(seconds=5)
"""The last plans end this long before now, which moves on while the history is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a history is, and under which shipped pack."""

    cases: int = 300
    days: int = 92
    seed: int = 420303
    pack: str = load.NATIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was made."""

    cases: int
    commands: int
    sweep: sweep.TickReport
    left: int = 0
    """Plans that a local pack has overtaken: their cases go on by the ladder."""


@dataclass(slots=True, kw_only=True)
class _Run:
    """One history being made."""

    engine: Engine
    actors: Mapping[UUID, access.Actor]
    case_ids: list[UUID] = field(default_factory=list)
    residents: dict[int, access.Actor] = field(default_factory=dict)
    fits: pack.Pack | None = None
    """The pack to which the plans are fitted; None: they are made for it."""
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    left: set[int] = field(default_factory=set)

    def do(self, index: int, plan: Plan, step: Step) -> None:
        """One step of one plan, as the person or the resident would."""
        filing = None
        if step.action == FILE:
            filing = act.Filing(process=plan.process, origin_grid=plan.grid)
        request = act.Request(
            case_id=self.case_ids[index],
            action_id=ids.uuid7(),
            action=step.action,
            fields=self._fields(index, plan, step),
            filing=filing,
        )
        actor = self._actor(index, step)
        receipt = act.act(self.engine, actor, request)
        if receipt.code is not None and any(later.by is None for later in plan.steps):
            self.residents[index] = search.by_code(self.engine, receipt.number, receipt.code)

    def _actor(self, index: int, step: Step) -> access.Actor:
        return self.residents[index] if step.by is None else self.actors[step.by]

    def _sent(self, index: int, step: Step) -> Mapping[str, Scalar]:
        """What the plan sends, and of the papers that wait the one made last, as the form offers
        it."""
        if PAPER not in step.fields.values():
            return step.fields
        view = case_query.view(self.engine, self._actor(index, step), self.case_ids[index])
        waiting = papers.choices(view.papers, view.pack, step.action)
        latest = int(waiting[-1].value) if waiting else None
        return {name: latest if value == PAPER else value for name, value in step.fields.items()}

    def _fields(self, index: int, plan: Plan, step: Step) -> Mapping[str, Scalar]:
        sent = self._sent(index, step)
        if self.fits is None:
            return sent
        action = self.fits.processes[plan.process].actions[step.action]
        today = calendars.local_date(plan.calendar, step.at)
        return fitting.fitted(sent, action, self.fits.fields, today=today, dice=self.dice)


def history(
    engine: Engine, cast: district.Cast, *, shape: Shape, begin: datetime, told: Told
) -> Report:
    """Makes the history from `begin`, where office time stands, up to now.

    Raises: `demo.step`, where a plan does not fit the rules.
    """
    house = office_query.house(engine.database)
    found = installation.installed(engine.database)
    offset = timedelta(seconds=found.offset_s if found else 0)
    end = house.now - offset
    mixer = mix.Mixer(
        cast=cast,
        rules=house.rules.pack,
        calendar=house.calendar,
        dice=random.Random(shape.seed),
        begin=begin,
        end=end,
    )
    plans = mixer.plans(shape.cases)
    run = _Run(
        engine=engine,
        actors=_actors(engine, plans),
        case_ids=[ids.uuid7() for _ in plans],
        fits=None if shape.pack == load.NATIONAL else house.rules.pack,
        dice=random.Random(shape.seed),
    )
    total = _play(run, plans, told=told)
    total = total + scheduler.walk(engine, to=end - _SETTLE)
    steps = sum(len(plan.steps) for plan in plans)
    demo.complete(
        engine.database,
        {"cases": len(plans), "commands": steps, "days": shape.days, "seed": shape.seed},
    )
    total = total + sweep.run(engine)
    outbox.run(engine)
    return Report(cases=len(plans), commands=steps, sweep=total, left=len(run.left))


def _play(run: _Run, plans: Sequence[Plan], *, told: Told) -> sweep.TickReport:
    """The queue: the next planned command, or what falls due before it. Under a local pack a
    plan ends where its rules go another way.

    Raises: `demo.step`.
    """
    queue = sorted(
        (
            (step.at, index, nth)
            for index, plan in enumerate(plans)
            for nth, step in enumerate(plan.steps)
        )
    )
    total = sweep.TickReport()
    for done, (at, index, nth) in enumerate(queue):
        if index in run.left:
            continue
        total = total + scheduler.walk(run.engine, to=at)
        step = plans[index].steps[nth]
        try:
            run.do(index, plans[index], step)
        except errors.GridcaseError as error:
            if run.fits is None or step.action == FILE:
                raise errors.NotNow("demo.step", action=step.action, cause=str(error)) from error
            run.left.add(index)
        told(done + 1, len(queue))
    return total


def _actors(engine: Engine, plans: Sequence[Plan]) -> Mapping[UUID, access.Actor]:
    """Whoever acts in these plans, with their posts, read once."""
    people = {step.by for plan in plans for step in plan.steps if step.by is not None}
    return installation.actors(engine.database, sorted(people))
