"""The mix of a history: mostly in time, some late, some stuck, open cases in every state now."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeVar

from api.demo import disputes, district, matters, names, petitions, places
from api.demo.plans import Plan
from rules import calendars, pack

_DISPUTE_PATHS: Final[Sequence[tuple[disputes.Path, int]]] = (
    ("agreed", 56), ("handed_up", 10), ("ended", 6), ("assessed", 4), ("breached", 4),
    ("refused", 5), ("withdrawn", 6), ("reopened", 2), ("no_answer", 3), ("led", 4),
)  # fmt: skip
_PETITION_PATHS: Final[Sequence[tuple[petitions.Path, int]]] = (
    ("answered", 40), ("extended", 8), ("routed", 14), ("refused", 6), ("objected", 8),
    ("withdrawn", 4), ("reviewed", 12), ("direct", 6), ("late", 2),
    ("suggested", 6), ("accused", 4), ("disputed", 2), ("moved", 2), ("settled", 2),
    ("examined", 2), ("annulled", 2),
)  # fmt: skip
_PATHS_TO: Final[dict[str, tuple[str, ...]]] = {
    "accepted": ("agreed", "handed_up", "reopened"),
    "assessing": ("assessed",),
    "no_agreement": ("handed_up", "ended"),
    "objecting": ("objected",),
    "upheld": ("objected",),
    "returned": ("moved", "disputed"),
    "resent": ("moved", "disputed"),
    "disputed": ("disputed",),
    "designated": ("disputed",),
    "studying": ("suggested",),
    "examining": ("examined",),
    "reviewing": ("reviewed",),
    "annulled": ("annulled",),
    "review_answered": ("reviewed",),
    "review_served": ("reviewed",),
    "rechecking": ("rechecked",),
    "hearing": ("heard",),
    "recheck_answered": ("rechecked",),
}
"""Paths that come through a rare state."""
_WINDOW_DAYS: Final = {"awaiting_rating": 5, "served": 25, "review_served": 25}
"""States that the ladder leaves by itself: how long they surely last."""
_FIRST: Final = 0.75
"""Share of cases that the first of two mediators or leaders carries."""
_PETITIONS: Final = 0.16
"""Share of petitions."""
_TRIES: Final = 400


@dataclass(slots=True, kw_only=True)
class Mixer:
    """Makes the plans of a history that ends at a moment."""

    cast: district.Cast
    rules: pack.Pack
    calendar: calendars.Calendar
    dice: random.Random
    begin: datetime
    end: datetime
    grids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.grids = tuple(sorted(self.cast.officers))

    def plans(self, cases: int) -> list[Plan]:
        """The plans of about so many cases, each as far as it goes before the end."""
        found = [*self._special(cases), *self._carried(), *self._standing(cases)]
        while len(found) < cases:
            is_petition = self.dice.random() < _PETITIONS
            found.append(self._petition() if is_petition else self._dispute())
        taken = [plan for plan in (p.until(self.end) for p in found) if plan.steps]
        sides, phones = itertools.cycle(names.sides()), names.phones()
        for plan in taken:
            plan.call(sides, phones)
        return taken

    # -- the parts of the mix

    def _special(self, cases: int) -> Iterator[Plan]:
        """Cases left alone, led, stuck, and fresh today."""
        few = max(1, cases // 60)
        for n in range(few):
            yield self._dispute("alone", days=(6, 60), grid=places.GRID if n == 0 else None)
            yield self._dispute("led", days=(9, 40), grid=places.GRID if n == 0 else None)
        for _ in range(max(1, cases // 80)):
            yield self._dispute("climbed", days=(18, 60))
        yield self._dispute("assessed", days=(45, 60))
        for _ in range(max(1, cases // 100)):
            yield self._petition("stuck", days=(20, 60))
        for n in range(3 * few):
            yield from self._stalled(is_late=n % 3 > 0, is_petition=n % 4 == 0, at_home=n < few)
        for n in range(few):
            ago = timedelta(minutes=self.dice.randint(3, 170))
            yield self._dispute(grid=places.GRID if n < 2 else None, start=self.end - ago)

    def _carried(self) -> Iterator[Plan]:
        """What the street's leader finds: a plan to approve, and a case under way."""
        for last, (low, high) in (("name_leader", (0, 2)), ("approve_plan", (1, 12))):
            for _ in range(_TRIES):
                plan = self._dispute("led", grid=places.GRID, days=(4, 20), nth=0)
                kept = [step.action for step in plan.steps].index(last) + 1
                quiet = (self.end - plan.steps[kept - 1].at).days
                if plan.steps[kept - 1].at < self.end and low <= quiet <= high:
                    plan.steps = plan.steps[:kept]
                    yield plan
                    break

    def _stalled(self, *, is_late: bool, is_petition: bool, at_home: bool) -> Iterator[Plan]:
        """Somebody began and went no further: a light turns yellow, then red."""
        low, high = (7, 24) if is_late else (3, 6)
        process = self.rules.processes["petition" if is_petition else "dispute"]
        for _ in range(_TRIES):
            grid = places.GRID if at_home else None
            plan = self._petition(grid=grid) if is_petition else self._dispute(grid=grid)
            kept = self.dice.randint(1, min(len(plan.steps), 6))
            last = plan.steps[kept - 1]
            quiet = (self.end - last.at).days
            state = process.states[last.state]
            if low <= quiet <= high and not state.end and not state.done:
                plan.steps = plan.steps[:kept]
                yield plan
                return

    def _standing(self, cases: int) -> Iterator[Plan]:
        """For every state of both processes, cases that stand in it now."""
        each = max(1, cases // 100)
        for name, process in self.rules.processes.items():
            for state, facts in process.states.items():
                if facts.end:
                    continue
                for n in range(each):
                    yield from self._standing_in(name, state, at_home=n == 0)

    def _standing_in(self, process: str, state: str, *, at_home: bool) -> Iterator[Plan]:
        made: Callable[..., Plan] = self._petition if process == "petition" else self._dispute
        grid = places.GRID if at_home else None
        reach = timedelta(days=_WINDOW_DAYS.get(state, 3650))
        for _ in range(_TRIES):
            path = self.dice.choice(_PATHS_TO.get(state, (None,)))
            plan = made(path, grid=grid, days=(0, 92 if process == "petition" else 45))
            done = [step for step in plan.steps if step.at < self.end]
            if done and done[-1].state == state and self.end - done[-1].at < reach:
                yield plan
                return

    # -- one plan

    def _dispute(
        self,
        path: disputes.Path | None = None,
        *,
        grid: str | None = None,
        days: tuple[int, int] | None = None,
        start: datetime | None = None,
        nth: int | None = None,
    ) -> Plan:
        dice = self.dice
        path = path or _chosen(dice, _DISPUTE_PATHS)
        grid = grid or self._grid()
        plan = self._plan("dispute", grid, start or self._start(days))
        roll = dice.random()
        stage = dice.choice(_STAGES)
        return disputes.Dispute(
            plan=plan,
            who=disputes.people(
                self.cast, grid, nth=int(dice.random() > _FIRST) if nth is None else nth
            ),
            matter=self._matter(path),
            path=path,
            late=stage if roll < 0.10 else None,
            slow=stage if 0.10 <= roll < 0.32 else None,
        ).work()

    def _matter(self, path: disputes.Path) -> matters.Matter:
        known = matters.of("dispute")
        if path == "assessed" and self.dice.random() < 0.6:
            known = tuple(matter for matter in known if matter.category == "0502")
        if path == "led":  # a supervisor names the leader, who sees no restricted case
            known = tuple(matter for matter in known if not disputes.is_restricted(matter))
        return self.dice.choice(known)

    def _petition(
        self,
        path: petitions.Path | None = None,
        *,
        grid: str | None = None,
        days: tuple[int, int] | None = None,
    ) -> Plan:
        path = path or _chosen(self.dice, _PETITION_PATHS)
        matter = self.dice.choice(matters.of("petition"))
        grid = grid or self._grid()
        plan = self._plan("petition", grid, self._start(days, at_desk=True))
        department = petitions.department_of(matter, path)
        return petitions.Petition(
            plan=plan,
            who=petitions.people(self.cast, department),
            matter=matter,
            path=path,
        ).work()

    def _plan(self, process: str, grid: str, start: datetime) -> Plan:
        return Plan(
            process=process,
            grid=grid,
            rules=self.rules.processes[process],
            calendar=self.calendar,
            dice=self.dice,
            at=start,
        )

    # -- where and when

    def _grid(self) -> str:
        """Often where the story plays, so that its people have something to do."""
        roll = self.dice.random()
        near = places.COMMUNITY if roll < 0.15 else places.STREET if roll < 0.35 else ""
        return self.dice.choice([grid for grid in self.grids if grid.startswith(near)])

    def _start(self, days: tuple[int, int] | None, *, at_desk: bool = False) -> datetime:
        """A moment so many days before the end, mostly on working days."""
        span = (self.end - self.begin).days - 1
        low, high = days or (0, span)
        back = self.dice.randint(min(low, span), min(high, span))
        day = calendars.local_date(self.calendar, self.end) - timedelta(days=back)
        if at_desk or self.dice.random() < 0.8:
            day = calendars.previous_workday(self.calendar, day)
        hours = (9, 17) if at_desk else (8, 20)
        wall = time(self.dice.randrange(*hours), self.dice.randrange(60), self.dice.randrange(60))
        at = calendars.instant(self.calendar.zone, day, wall).astimezone(UTC)
        return max(at, self.begin + timedelta(minutes=5))


_STAGES: Final[tuple[disputes.Stage, ...]] = ("accept", "session", "visit")

_Name = TypeVar("_Name", bound=str)


def _chosen(dice: random.Random, weights: Sequence[tuple[_Name, int]]) -> _Name:
    return dice.choices([name for name, _ in weights], [weight for _, weight in weights])[0]
