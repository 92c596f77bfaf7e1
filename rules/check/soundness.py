"""A process walked through: every state reachable, with a way to an end, and never unwatched.

The walk goes over what a case can be in: its state, the clocks that run, the kind of its lead
office and its route, once for each class of categories that the conditions tell apart.
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
from rules.check.report import Report

MAX_NODES = 50_000
_FIXED = frozenset({"case.process", "case.category"})
_KNOWN = _FIXED | {"case.state", "case.lead_office_kind", "case.route"}


Answers = Mapping[str, bool]
NO_ANSWERS: Answers = MappingProxyType({})


class Node(NamedTuple):
    """What a case can be in."""

    state: str
    clocks: frozenset[str]
    kind: str
    route: str


class Step(NamedTuple):
    """One action taken."""

    action: str
    target: Node


def check(rules: pack.Pack, report: Report) -> None:
    """Notes what is wrong with every process."""
    for name in rules.processes:
        _Process(rules, name, report).check()


@dataclass(slots=True)
class _Walk:
    """What was seen in all walks of one process."""

    states: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)


class _Process:
    """One process under check."""

    def __init__(self, rules: pack.Pack, name: str, report: Report) -> None:
        self.rules = rules
        self.name = name
        self.process = rules.processes[name]
        self.report = report
        self.file = f"{name}.yaml"
        self.clocks = {key: r for key, r in rules.deadlines.items() if r.process == name}
        self.fired = {rule.on_lapse for rule in self.clocks.values()} | {
            rung.action
            for rule in self.clocks.values()
            for rung in rules.ladders.get(rule.ladder or "", ())
        }
        self.leader_from = {
            state
            for action in self.process.actions.values()
            if action.leader == "name"
            for state in action.source
        }
        self.guard = cache(self._guard)

    def check(self) -> None:
        for name, action in self.process.actions.items():
            if action.by == ("ladder",) and name not in self.fired:
                self.report.add("check.never_fired", self.file, f"actions.{name}.by")
        walk = _Walk()
        for category in self._categories():
            self._walk(category, walk)
        for state in self.process.states:
            if state not in walk.states:
                self.report.add("check.unreachable", self.file, f"states.{state}", state=state)
        for name, action in self.process.actions.items():
            if name not in walk.actions and set(action.source) <= walk.states:
                self.report.add("check.never_possible", self.file, f"actions.{name}")
        for state in sorted(walk.stuck):
            self.report.add("check.dead_end", self.file, f"states.{state}", state=state)

    # --- the walk

    def _walk(self, category: str, walk: _Walk) -> None:
        """Visit all nodes from filing on; then look back from the ends."""
        before: dict[Node, list[Node]] = {}
        queue: deque[Node | None] = deque([None])
        while queue:
            node = queue.popleft()
            for step in self._steps(node, category):
                walk.actions.add(step.action)
                if step.target not in before:
                    before[step.target] = []
                    queue.append(step.target)
                    walk.states.add(step.target.state)
                    self._check_clocks(step, category)
                if node is not None:
                    before[step.target].append(node)
            if len(before) > MAX_NODES:
                self.report.add("check.too_large", self.file, "actions", max=MAX_NODES)
                return
        walk.stuck |= {node.state for node in set(before) - self._ending(before)}

    def _ending(self, before: dict[Node, list[Node]]) -> set[Node]:
        """The nodes from which an end can be reached."""
        good = {node for node in before if self.process.states[node.state].end}
        queue = deque(good)
        while queue:
            for node in before[queue.popleft()]:
                if node not in good:
                    good.add(node)
                    queue.append(node)
        return good

    def _steps(self, node: Node | None, category: str) -> Iterator[Step]:
        """What can happen next; None stands before filing."""
        state = node.state if node else "nothing"
        for name, action in self.process.actions.items():
            if (state in action.source) if node else not action.source:
                now = node or Node(state, frozenset(), "", "")
                if all(self._holds(part.test, now, category) is not False for part in action.when):
                    yield from self._after(now, name, action, category)

    def _after(self, node: Node, name: str, action: pack.Action, category: str) -> Iterator[Step]:
        """The nodes an action leads to: one for each kind of office and each route."""
        state = action.to or node.state
        kinds = self.rules.routing[action.lead].kinds if action.lead else (node.kind,)
        for kind in kinds:
            for route in self._routes(action, node.route):
                target = Node(state, frozenset(), kind, route)
                for answers in self._answers(name, action):
                    clocks = self._clocks(node.clocks, name, target, category, answers)
                    yield Step(name, target._replace(clocks=clocks))

    def _answers(self, name: str, action: pack.Action) -> Iterator[Answers]:
        """Every way to answer the yes-or-no fields that the clocks of an action ask about."""
        started = [rule for rule in self.clocks.values() if name in rule.starts]
        asked = {fact for rule in started for test in rule.when for fact in self.guard(test).names}
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

    def _clocks(
        self,
        running: frozenset[str],
        action: str,
        target: Node,
        category: str,
        answers: Answers,
    ) -> frozenset[str]:
        """The clocks that surely run after an action."""
        if self.process.states[target.state].end:
            return frozenset()
        left = {name for name in running if action not in self.clocks[name].stops}
        for name, rule in self.clocks.items():
            if action in rule.starts and all(
                self._holds(test, target, category, answers) is True for test in rule.when
            ):
                left.add(name)
        return frozenset(left)

    # --- what must be true of a node

    def _check_clocks(self, step: Step, category: str) -> None:
        """An open case has a clock of an office, or a window that does something at its end;
        and what a running clock may do must be possible in the state."""
        node = step.target
        if self.process.states[node.state].end:
            return
        rules = [self.clocks[name] for name in node.clocks]
        if not any(rule.belongs_to is None or rule.on_lapse for rule in rules):
            self.report.add(
                "check.no_clock",
                self.file,
                f"states.{node.state}",
                state=node.state,
                action=step.action,
                category=category,
            )
        for name in node.clocks:
            self._check_effects(name, node.state)

    def _check_effects(self, name: str, state: str) -> None:
        """A lapse and a named leader must be possible where the clock runs."""
        rule, file = self.clocks[name], "deadlines.yaml"
        lapse = self.process.actions.get(rule.on_lapse or "")
        if lapse is not None and state not in lapse.source:
            self.report.add("check.lapse_state", file, f"{name}.on_lapse", state=state)
        ladder = self.rules.ladders.get(rule.ladder or "", ())
        if any(rung.do == "leader" for rung in ladder) and state not in self.leader_from:
            self.report.add("check.leader_state", file, f"{name}.ladder", state=state)

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
                "case.lead_office_kind": node.kind,
                "case.route": node.route,
                **answers,
            },
        )

    def _categories(self) -> tuple[str, ...]:
        """One category for each class that the conditions tell apart."""
        tests = [
            test
            for test in (
                *(part.test for a in self.process.actions.values() for part in a.when),
                *(test for rule in self.clocks.values() for test in rule.when),
            )
            if self.guard(test).names <= _FIXED
        ]
        here = Node("nothing", frozenset(), "", "")
        classes: dict[tuple[bool | None, ...], str] = {}
        for code in self.rules.categories or ("",):
            classes.setdefault(tuple(self._holds(test, here, code) for test in tests), code)
        return tuple(classes.values())
