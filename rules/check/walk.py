"""A process walked through: all that a case can be in, and every step from one to the next.

The walk goes over what a case can be in: its state, the clocks that run, the kind and level of
its lead office and its route, once for each class of categories that the conditions tell apart.
Conditions over these facts are judged, and so are those over the yes-or-no fields of an action,
once for each answer; of all others both outcomes are taken: an action may be possible, a clock
may not have started.
"""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

from rules import guards, pack

MAX_NODES = 50_000
KEPT = 4
"""Walks of a process that are remembered."""
_FIXED = frozenset({"case.process", "case.category"})

Answers = tuple[tuple[str, bool], ...]
"""Yes-or-no fields of an action, each with one answer."""


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


class Facts(NamedTuple):
    """What conditions may read of a node."""

    category: str
    state: str
    kind: str
    route: str


_BEFORE = Node("nothing", frozenset(), frozenset(), Stand(0, ""), "")
"""What a case is in before it is filed."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One walk, with all cases of one class of categories. `first` is the step by which a node
    is first come to."""

    category: str
    steps: tuple[Step, ...]
    first: Mapping[Node, Step]

    @cached_property
    def nodes(self) -> frozenset[Node]:
        """All that a case can be in."""
        return frozenset(self.first)

    @cached_property
    def before(self) -> Mapping[Node, Sequence[Node]]:
        """Where a node is come to from."""
        found: dict[Node, list[Node]] = defaultdict(list)
        for step in self.steps:
            if step.source is not None:
                found[step.target].append(step.source)
        return found

    @cached_property
    def of_clock(self) -> Mapping[str, Sequence[Step]]:
        """The steps that can be taken while a clock runs, by clock."""
        found: dict[str, list[Step]] = defaultdict(list)
        for step in self.steps:
            if step.source is not None:
                for key in step.source.clocks:
                    found[key].append(step)
        return found

    @cached_property
    def places(self) -> Mapping[str, Set[tuple[str, Stand]]]:
        """The state and the office of a case where an action can be done, by action."""
        found: dict[str, set[tuple[str, Stand]]] = defaultdict(set)
        for source, action, _ in self.steps:
            if source is not None:
                found[action].add((source.state, source.lead))
        return found

    @cached_property
    def of_action(self) -> Mapping[str, Sequence[Step]]:
        """The steps by their action."""
        found: dict[str, list[Step]] = defaultdict(list)
        for step in self.steps:
            found[step.action].append(step)
        return found


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Walked:
    """All walks of one process; none ends early but one of too many nodes. It is kept, and so is
    what is found by it: two of the same process are two."""

    name: str
    process: pack.Process
    clocks: Mapping[str, pack.DeadlineRule]
    courses: tuple[Course, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no walk was given up: too many nodes."""
        return all(len(course.nodes) <= MAX_NODES for course in self.courses)

    def is_end(self, node: Node) -> bool:
        """Whether the case is closed there: the matter has ended, and no paper is to be served."""
        return self.process.states[node.state].end and not node.clocks


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
    found = next((walk for one, walk in tuple(kept) if one == read), None)
    if found is None:
        courses = tuple(walker.course(category) for category in categories)
        found = Walked(name=name, process=process, clocks=clocks, courses=courses)
        if not walker.gave_up:
            kept.append((read, found))
    return found


_KEPT: dict[str, deque[tuple[object, Walked]]] = {}


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
            return self.above(route.kinds, lead)
        return fits[:1] if route.place == "nearest" else fits

    def above(self, kinds: tuple[str, ...], lead: Stand) -> list[Stand]:
        """What may stand over an office, of its own level too: of the first kind over the others,
        of another kind over its own."""
        first = kinds[0] if kinds else ""
        return [
            at
            for at in self.of(kinds)
            if at.kind in {first, lead.kind}
            and (
                at.depth < lead.depth
                or (at.depth == lead.depth and (at.kind != lead.kind or at.kind != first))
            )
        ]


class _Turns(NamedTuple):
    """The clocks that an action may start, that it counts again, ends, stops without a bound, and
    lets go on."""

    starts: tuple[str, ...]
    recounts: frozenset[str]
    ends: frozenset[str]
    halts: frozenset[str]
    resumes: frozenset[str]


def _facts(node: Node, category: str) -> Facts:
    return Facts(category, node.state, node.lead.kind, node.route)


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
        self.ends = {key for key, state in self.process.states.items() if state.end}
        self.gave_up = False
        # Of all that a case can be in, few things matter for each of these questions.
        self.guard = cache(self._guard)
        self.holds = cache(self._holds)
        self.is_open = cache(self._is_open)
        self.led = cache(self._led)
        self.begun = cache(self._begun)

    @cached_property
    def opening(self) -> Sequence[str]:
        """The actions by which a case is filed."""
        return [key for key, action in self.process.actions.items() if not action.source]

    @cached_property
    def leaving(self) -> Mapping[str, Sequence[str]]:
        """The actions that are done in a state, by state."""
        found: dict[str, list[str]] = defaultdict(list)
        for key, action in self.process.actions.items():
            for state in action.source:
                found[state].append(key)
        return found

    @cached_property
    def turns(self) -> Mapping[str, _Turns]:
        """What each action does to the clocks that run."""
        return {key: self._turns(key) for key in self.process.actions}

    @cached_property
    def answers(self) -> Mapping[str, Sequence[Answers]]:
        """What may be answered to the clocks of each action."""
        return {key: tuple(self._answers(key)) for key in self.process.actions}

    @cached_property
    def routes(self) -> Mapping[str, Sequence[str]]:
        """The routes among which each action chooses, none where it chooses none."""
        return {key: self._routes(key) for key in self.process.actions}

    def course(self, category: str) -> Course:
        """Visits all nodes from filing on."""
        first: dict[Node, Step] = {}
        steps: list[Step] = []
        queue: deque[Node | None] = deque([None])
        while queue:
            node = queue.popleft()
            for action, target in dict.fromkeys(self._steps(node, category)):
                if target not in first:
                    first[target] = Step(node, action, target)
                    queue.append(target)
                # One object a node: what is read off the walk finds it sooner.
                steps.append(Step(node, action, first[target].target))
            if len(first) > MAX_NODES:
                self.gave_up = True
                break
        return Course(category=category, steps=tuple(steps), first=first)

    def _steps(self, node: Node | None, category: str) -> Iterator[tuple[str, Node]]:
        now = node or _BEFORE
        for name in self.leaving[node.state] if node else self.opening:
            if self.is_open(name, _facts(now, category)):
                for target in self._after(now, name, category):
                    yield name, target

    def _after(self, node: Node, name: str, category: str) -> Iterator[Node]:
        """The nodes an action leads to: one for each office and each route."""
        turns, state = self.turns[name], self.process.actions[name].to or node.state
        left = node.clocks - turns.ends
        # One that is counted again takes the place of another: of none where none was running.
        over = frozenset() if node.clocks & turns.ends else turns.recounts
        still = ((node.still - turns.resumes) | turns.halts) & left
        for lead in self.led(name, node.lead):
            for route in self.routes[name] or (node.route,):
                target = Node(state, left, still, lead, route)
                for answers in self.answers[name]:
                    begun = self.begun(name, _facts(target, category), answers) - over
                    if state in self.ends:
                        yield self._ended(node, target, begun)
                    else:
                        yield target._replace(clocks=left | begun, still=still - begun)

    def _ended(self, node: Node, target: Node, begun: frozenset[str]) -> Node:
        """Where the matter ends: of the clocks only one of a paper that the act has made."""
        own = frozenset(key for key in begun if self.clocks[key].unserved)
        is_first = node.state not in self.ends
        return target._replace(clocks=own if is_first else own | target.clocks, still=frozenset())

    def _turns(self, name: str) -> _Turns:
        pauses = [(key, pause) for key, rule in self.clocks.items() for pause in rule.pauses]
        return _Turns(
            starts=tuple(key for key, rule in self.clocks.items() if name in rule.starts),
            recounts=frozenset(key for key, rule in self.clocks.items() if name in rule.recounts),
            # What a window fires at its end, it fires when it has lapsed.
            ends=frozenset(
                key for key, rule in self.clocks.items() if name in {*rule.stops, rule.on_lapse}
            ),
            halts=frozenset(key for key, it in pauses if it.starts == name and it.max is None),
            resumes=frozenset(key for key, pause in pauses if name in pause.ends),
        )

    def _led(self, name: str, lead: Stand) -> tuple[Stand, ...]:
        """The offices that may lead after an action: where it says which office is complained
        about, those above as well."""
        action = self.process.actions[name]
        if action.lead is None:
            return (lead,)
        found = tuple(self.offices.leads(self.rules.routing[action.lead], lead))
        given = (self.rules.fields[field] for field in (*action.needs, *action.takes))
        if not any(field.excludes for field in given):
            return found
        up = (higher for at in found for higher in self.offices.above(self.superiors, at))
        return tuple(dict.fromkeys((*found, *up)))

    def _answers(self, name: str) -> Iterator[Answers]:
        """Every way to answer the yes-or-no fields that the clocks of an action ask about."""
        tests = (test for key in self.turns[name].starts for test in self.clocks[key].when)
        asked = {fact for test in tests for fact in self.guard(test).names}
        open_ = [
            f"fields.{field}"
            for field in self.process.actions[name].needs
            if f"fields.{field}" in asked and self._is_free(self.rules.fields[field])
        ]
        for values in itertools.product((True, False), repeat=len(open_)):
            yield tuple(zip(open_, values, strict=True))

    @staticmethod
    def _is_free(field: pack.Field) -> bool:
        return field.type == "bool" and not field.must_be_true

    def _routes(self, name: str) -> tuple[str, ...]:
        field = (self.process.actions[name].sets or {}).get("route")
        return tuple(self.rules.fields[field].choices or ()) if field is not None else ()

    def _begun(self, name: str, facts: Facts, answers: Answers) -> frozenset[str]:
        """The clocks that an action surely starts."""
        return frozenset(
            key
            for key in self.turns[name].starts
            if all(self.holds(test, facts, answers) is True for test in self.clocks[key].when)
        )

    # --- conditions

    def _guard(self, test: str) -> guards.Guard:
        return guards.compile_guard(test, self.rules.fields, self.rules.fields)

    def _is_open(self, name: str, facts: Facts) -> bool:
        """Whether an action may be possible: no condition of it is known to be false."""
        conditions = self.process.actions[name].when
        return all(self.holds(part.test, facts) is not False for part in conditions)

    def _holds(self, test: str, facts: Facts, answers: Answers = ()) -> bool | None:
        """Whether a condition holds; None where it reads what the walk does not know."""
        known = {
            "case.process": self.name,
            "case.category": facts.category,
            "case.state": facts.state,
            "case.lead_office_kind": facts.kind,
            "case.route": facts.route,
            **dict(answers),
        }
        guard = self.guard(test)
        return guards.holds(guard, known) if guard.names <= known.keys() else None

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
        classes: dict[tuple[bool | None, ...], str] = {}
        for code in self.rules.categories or ("",):
            told = tuple(self.holds(test, _facts(_BEFORE, code)) for test in tests)
            classes.setdefault(told, code)
        return tuple(classes.values())
