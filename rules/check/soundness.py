"""Every state reachable, with a way to an end, and never unwatched: read off the walk."""

from __future__ import annotations

from collections import deque

from rules import pack
from rules.check.report import Report
from rules.check.walk import MAX_NODES, Course, Node, Step, Walked


def check(rules: pack.Pack, walked: Walked, report: Report) -> None:
    """Notes what is wrong with the way of one process. Invariant: I9, I10."""
    file, process = f"{walked.name}.yaml", walked.process
    _fired(rules, walked, report, file=file)
    if not walked.is_whole:
        report.add("check.too_large", file, "actions", max=MAX_NODES)
        return
    states = {node.state for course in walked.courses for node in course.nodes}
    actions = {step.action for course in walked.courses for step in course.steps}
    for state in process.states:
        if state not in states:
            report.add("check.unreachable", file, f"states.{state}", state=state)
    for name, action in process.actions.items():
        if name not in actions and set(action.source) <= states:
            report.add("check.never_possible", file, f"actions.{name}")
    stuck = {node.state for course in walked.courses for node in _stuck(walked, course)}
    for state in sorted(stuck):
        report.add("check.dead_end", file, f"states.{state}", state=state)
    _Watch(rules, walked, report).check()


def _fired(rules: pack.Pack, walked: Walked, report: Report, *, file: str) -> None:
    """What only the ladder does, something must fire."""
    fired = {rule.on_lapse for rule in walked.clocks.values()} | {
        rung.action
        for rule in walked.clocks.values()
        for rung in rules.ladders.get(rule.ladder or "", ())
    }
    for name, action in walked.process.actions.items():
        if action.by == ("ladder",) and name not in fired:
            report.add("check.never_fired", file, f"actions.{name}.by")


def _stuck(walked: Walked, course: Course) -> set[Node]:
    """The nodes from which no end can be reached."""
    good = {node for node in course.nodes if walked.is_end(node)}
    queue = deque(good)
    while queue:
        for node in course.before[queue.popleft()]:
            if node not in good:
                good.add(node)
                queue.append(node)
    return set(course.nodes) - good


class _Watch:
    """An open case has a clock of an office, or a window that does something at its end; and
    what a running clock may do must be possible in the state."""

    def __init__(self, rules: pack.Pack, walked: Walked, report: Report) -> None:
        self.rules, self.walked, self.report = rules, walked, report
        self.leader_from = {
            state
            for action in walked.process.actions.values()
            if action.leader == "name"
            for state in action.source
        }

    def check(self) -> None:
        for course in self.walked.courses:
            # Which office leads, and by which route, is not asked here.
            alike = {
                (step.action, *step.target[:3]): step
                for step in course.first.values()
                if not self.walked.is_end(step.target)
            }
            for step in alike.values():
                self.node(step, course.category)

    def node(self, step: Step, category: str) -> None:
        node = step.target
        running = [self.walked.clocks[name] for name in node.clocks - node.still]
        if not any(rule.belongs_to is None or rule.on_lapse for rule in running):
            code = "check.only_paused" if node.still else "check.no_clock"
            self.report.add(
                code,
                f"{self.walked.name}.yaml",
                f"states.{node.state}",
                state=node.state,
                action=step.action,
                category=category,
            )
        elif not self.walked.process.states[node.state].done and not any(
            rule.belongs_to is None for rule in running
        ):
            where = f"states.{node.state}"
            self.report.add("check.not_done", f"{self.walked.name}.yaml", where, state=node.state)
        for name in node.clocks:
            self.effects(name, node.state)

    def effects(self, name: str, state: str) -> None:
        """A lapse and a named leader must be possible where the clock runs."""
        rule, file = self.walked.clocks[name], "deadlines.yaml"
        lapse = self.walked.process.actions.get(rule.on_lapse or "")
        if lapse is not None and state not in lapse.source:
            self.report.add("check.lapse_state", file, f"{name}.on_lapse", state=state)
        ladder = self.rules.ladders.get(rule.ladder or "", ())
        if any(rung.do == "leader" for rung in ladder) and state not in self.leader_from:
            self.report.add("check.leader_state", file, f"{name}.ladder", state=state)
