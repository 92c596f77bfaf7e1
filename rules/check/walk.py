"""A process walked through: all that a case can be in, and every step from one to the next.

The walk goes over what a case can be in: its state, the clocks that run, the kind and level of
its lead office and its route, once for each class of categories that the conditions tell apart.
Conditions over these facts are judged, and so are those over the yes-or-no fields of an action,
once for each answer; of all others both outcomes are taken: an action may be possible, a clock
may not have started.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from rules import guards, pack

MAX_NODES = 50_000
KEPT = 4
"""Walks of a process that are remembered."""
_FIXED = frozenset({"case.process", "case.category"})
_KNOWN = _FIXED | {"case.state", "case.lead_office_kind", "case.route"}

Answers = Mapping[str, bool]
NO_ANSWERS: Answers = MappingProxyType({})


class Stand(NamedTuple):
    """An office as the walk sees it: its level counted from the top, and its kind."""

    depth: int
    kind: str


class Node(NamedTuple):
    """What a case can be in. `still` are those of its clocks that stand still without a bound."""

    state: str
    clocks: frozenset[str]
    still: frozenset[str]
    lead: Stand
    route: str


class Step(NamedTuple):
    """One action taken; `source` is None before filing."""

    source: Node | None
    action: str
    target: Node


NOWHERE = Stand(0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One walk, with all cases of one class of categories."""

    category: str
    steps: tuple[Step, ...]
    nodes: frozenset[Node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """All walks of one process; none ends early but one of too many nodes."""

    name: str
    process: pack.Process
    clocks: Mapping[str, pack.DeadlineRule]
    courses: tuple[Course, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no walk was given up: too many nodes."""
        return all(len(course.nodes) <= MAX_NODES for course in self.courses)

    def is_end(self, node: Node) -> bool:
        """Whether the case is closed there."""
        return self.process.states[node.state].end


def walked(rules: pack.Pack, name: str) -> Walked:
    """All that a case of one process can go through. The pack's names must all exist.

    What the walk reads decides what it finds, so packs that share a process share its walk.
    """
    walker = _Walker(rules, name)
    process, clocks, categories = walker.process, walker.clocks, walker.categories()
    routes = {(action.sets or {}).get("route") for action in process.actions.values()}
    facts = {
        key: (field.type, field.must_be_true, tuple(field.choices or ()) if key in routes else ())
        for key, field in rules.fields.items()
    }
    read = (process, clocks, rules.routing, rules.offices, categories, facts)
    kept = _KEPT.setdefault(name, deque(maxlen=KEPT))
    found = next((courses for one, courses in tuple(kept) if one == read), None)
    if found is None:
        found = tuple(walker.course(category) for category in categories)
        if not walker.gave_up:
            kept.append((read, found))
    return Walked(name=name, process=process, clocks=clocks, courses=found)


_KEPT: dict[str, deque[tuple[object, tuple[Course, ...]]]] = {}


@dataclass(slots=True)
class _Offices:
    """The offices of the pack, the top first."""

    rows: tuple[pack.Staffing, ...]
    depths: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            self.depths.setdefault(row.level, len(self.depths))

    def of(self, kinds: tuple[str, ...]) -> list[Stand]:
        """All of these kinds, the lowest level first, in it the kind named first."""
        found = [Stand(self.depths[r.level], r.kind) for r in self.rows if r.kind in kinds]
        return sorted(found, key=lambda at: (-at.depth, kinds.index(at.kind)))

    def leads(self, route: pack.Route, lead: Stand) -> list[Stand]:
        """Where a route may lead to from an office, as `routing.route` finds it."""
        fits = self.of(route.kinds)
        if route.place == "here":
            return [at for at in fits if at.depth == lead.depth][:1]
        if route.place == "above":
            return [at for at in fits if at.depth < lead.depth][:1]
        if route.place in ("superior", "common"):
            return [at for at in fits if at.depth < lead.depth or _beside(at, lead)]
        return fits[:1] if route.place == "nearest" else fits

    def above(self, kinds: tuple[str, ...], lead: Stand) -> list[Stand]:
        """Where a case may go up from an office that is complained about."""
        return [at for at in self.of(kinds) if at.depth < lead.depth or _beside(at, lead)]


def _beside(one: Stand, other: Stand) -> bool:
    """Whether an office may answer to another of its level: to one of another kind."""
    return one.depth == other.depth and one.kind != other.kind


class _Walker:
    """One process on its way."""

    def __init__(self, rules: pack.Pack, name: str) -> None:
        self.rules = rules
        self.name = name
        self.process = rules.processes[name]
        self.clocks = {key: r for key, r in rules.deadlines.items() if r.process == name}
        self.offices = _Offices(rules.offices)
        up = (r.kinds for r in rules.routing.values() if r.place in ("superior", "common"))
        self.superiors = tuple(dict.fromkeys(kind for kinds in up for kind in kinds))
        self.gave_up = False
        self.guard = cache(self._guard)
        self.leads = cache(self._leads)
        # What a window fires at its end, it fires when it has lapsed.
        self.ending = {key: {*rule.stops, rule.on_lapse} for key, rule in self.clocks.items()}
        self.starting = {
            action: tuple(key for key, rule in self.clocks.items() if action in rule.starts)
            for action in self.process.actions
        }
        self.answers = {
            key: tuple(self._answers(key, action)) for key, action in self.process.actions.items()
        }
        self.halts = {
            (key, pause.starts)
            for key, rule in self.clocks.items()
            for pause in rule.pauses
            if pause.max is None
        }
        self.resumes = {
            (key, pause.ends) for key, rule in self.clocks.items() for pause in rule.pauses
        }

    def course(self, category: str) -> Course:
        """Visits all nodes from filing on."""
        seen: set[Node] = set()
        steps: list[Step] = []
        queue: deque[Node | None] = deque([None])
        while queue:
            node = queue.popleft()
            for step in set(self._steps(node, category)):
                steps.append(step)
                if step.target not in seen:
                    seen.add(step.target)
                    queue.append(step.target)
            if len(seen) > MAX_NODES:
                self.gave_up = True
                break
        return Course(category=category, steps=tuple(steps), nodes=frozenset(seen))

    def _steps(self, node: Node | None, category: str) -> Iterator[Step]:
        state = node.state if node else "nothing"
        for name, action in self.process.actions.items():
            if (state in action.source) if node else not action.source:
                now = node or Node(state, frozenset(), frozenset(), NOWHERE, "")
                if all(self._holds(part.test, now, category) is not False for part in action.when):
                    for target in self._after(now, name, action, category):
                        yield Step(node, name, target)

    def _after(self, node: Node, name: str, action: pack.Action, category: str) -> Iterator[Node]:
        """The nodes an action leads to: one for each office and each route."""
        state = action.to or node.state
        left = frozenset(key for key in node.clocks if name not in self.ending[key])
        still = frozenset(
            key
            for key in left
            if (key in node.still and (key, name) not in self.resumes) or (key, name) in self.halts
        )
        for lead in self._led(action, node.lead):
            for route in self._routes(action, node.route):
                target = Node(state, left, still, lead, route)
                if self.process.states[state].end:
                    yield target._replace(clocks=frozenset(), still=frozenset())
                    continue
                for answers in self.answers[name]:
                    begun = self._begun(name, target, category, answers)
                    yield target._replace(clocks=left | begun, still=still - begun)

    def _led(self, action: pack.Action, lead: Stand) -> tuple[Stand, ...]:
        """The offices that may lead after an action: where it says which office is complained
        about, those above as well."""
        found = self.leads(action.lead, lead)
        given = (self.rules.fields[name] for name in (*action.needs, *action.takes))
        if action.lead is None or not any(field.excludes for field in given):
            return found
        up = (higher for at in found for higher in self.offices.above(self.superiors, at))
        return tuple(dict.fromkeys((*found, *up)))

    def _leads(self, route: str | None, lead: Stand) -> tuple[Stand, ...]:
        if route is None:
            return (lead,)
        return tuple(self.offices.leads(self.rules.routing[route], lead))

    def _answers(self, name: str, action: pack.Action) -> Iterator[Answers]:
        """Every way to answer the yes-or-no fields that the clocks of an action ask about."""
        tests = (test for key in self.starting[name] for test in self.clocks[key].when)
        asked = {fact for test in tests for fact in self.guard(test).names}
        open_ = [
            f"fields.{field}"
            for field in action.needs
            if f"fields.{field}" in asked and self._is_open(self.rules.fields[field])
        ]
        for values in itertools.product((True, False), repeat=len(open_)):
            yield dict(zip(open_, values, strict=True))

    @staticmethod
    def _is_open(field: pack.Field) -> bool:
        return field.type == "bool" and not field.must_be_true

    def _routes(self, action: pack.Action, route: str) -> tuple[str, ...]:
        if "route" not in (action.sets or {}):
            return (route,)
        choices = self.rules.fields[(action.sets or {})["route"]].choices
        return tuple(choices) if choices else (route,)

    def _begun(self, action: str, target: Node, category: str, answers: Answers) -> frozenset[str]:
        """The clocks that an action surely starts."""
        return frozenset(
            key
            for key in self.starting[action]
            if all(
                self._holds(test, target, category, answers) is True
                for test in self.clocks[key].when
            )
        )

    # --- conditions

    def _guard(self, test: str) -> guards.Guard:
        return guards.compile_guard(test, self.rules.fields, self.rules.fields)

    def _holds(
        self, test: str, node: Node, category: str, answers: Answers = NO_ANSWERS
    ) -> bool | None:
        """Whether a condition holds; None where it reads what the walk does not know."""
        guard = self.guard(test)
        if not guard.names <= _KNOWN | answers.keys():
            return None
        return guards.holds(
            guard,
            {
                "case.process": self.name,
                "case.category": category,
                "case.state": node.state,
                "case.lead_office_kind": node.lead.kind,
                "case.route": node.route,
                **answers,
            },
        )

    def categories(self) -> tuple[str, ...]:
        """One category for each class that the conditions tell apart."""
        tests = [
            test
            for test in (
                *(part.test for a in self.process.actions.values() for part in a.when),
                *(test for rule in self.clocks.values() for test in rule.when),
            )
            if self.guard(test).names <= _FIXED
        ]
        here = Node("nothing", frozenset(), frozenset(), NOWHERE, "")
        classes: dict[tuple[bool | None, ...], str] = {}
        for code in self.rules.categories or ("",):
            classes.setdefault(tuple(self._holds(test, here, code) for test in tests), code)
        return tuple(classes.values())
