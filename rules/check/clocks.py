"""Every clock can be stopped while it runs, and what hangs on it can happen then."""

from __future__ import annotations

from collections import defaultdict, deque
from functools import lru_cache

from rules import errors, pack
from rules.check.report import Report
from rules.check.walk import KEPT, Course, Node, Walked

_FILE = "deadlines.yaml"


def check(walked: Walked, report: Report) -> None:
    """Notes the clocks of one process that nothing stops, and what no clock can reach.
    Invariant: I10."""
    for fault in _found(walked):
        report.add(fault.code, fault.file, fault.key, **dict(fault.params))


@lru_cache(maxsize=2 * KEPT)
def _found(walked: Walked) -> tuple[errors.PackFault, ...]:
    """What a walk alone tells, once for each that is kept."""
    report = Report({})
    seen = {key for course in walked.courses for node in course.nodes for key in node.clocks}
    running = _while_running(walked)
    for key in sorted(seen):
        _stops(walked, key, running[key], report)
        if walked.clocks[key].belongs_to is None:
            _left_running(walked, key, report)
            _asked_anew(walked, key, running[key], report)
        _other_ways_in(walked, key, report)
    for name, action in walked.process.actions.items():
        if action.within in seen:
            _within(walked, name, action, running[str(action.within)], report)
    return tuple(report.found)


def _while_running(walked: Walked) -> dict[str, set[tuple[str, str]]]:
    """State and action of every step that can be taken while a clock runs, by clock."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for course in walked.courses:
        for key, steps in course.of_clock.items():
            found[key] |= {(source.state, action) for source, action, _ in steps if source}
    return found


def _stops(walked: Walked, key: str, running: set[tuple[str, str]], report: Report) -> None:
    """Each action that is to stop a clock can be done while it runs."""
    done = {action for _, action in running}
    for action in walked.clocks[key].stops:
        if action not in done:
            report.add("check.stop_never", _FILE, f"{key}.stops", action=action)


def _asked_anew(walked: Walked, key: str, running: set[tuple[str, str]], report: Report) -> None:
    """What a party asks for once more while it is owed gives the office no new time."""
    rule, actions = walked.clocks[key], walked.process.actions
    again = [actions[name] for name in {action for _, action in running} & set(rule.starts)]
    asked = any(it.by == ("resident",) and it.outside != key for it in again)
    if asked and not rule.runs_on:
        report.add("check.asked_anew", _FILE, f"{key}.runs_on")


def _left_running(walked: Walked, key: str, report: Report) -> None:
    """From wherever an office's clock runs in a matter not settled, what it waits for can still
    be done. It waits for what stops it without closing the case unsettled, if that can be done
    from wherever it starts; else for all that stops it. Starting it anew does not count, where
    that resets it; nor does what corrects the case and may start it again, nor taking the case from
    an office, which most cases never need."""
    states, rule = walked.process.states, walked.clocks[key]
    stops = set(rule.stops) - set(rule.recounts)
    settling = {
        name
        for name in stops
        if not (stop := walked.process.actions[name]).ousts
        and not (stop.to and states[stop.to].end and not states[stop.to].done)
    }
    starts: dict[str, set[Node]] = defaultdict(set)
    begin = [name for name in rule.starts if name not in rule.recounts]
    for course in walked.courses:
        for _, action, target in (step for name in begin for step in course.of_action[name]):
            if key in target.clocks:
                starts[action].add(target)
    missed = _missed(walked, key, settling or stops)
    for action, targets in starts.items():
        if targets <= missed:
            report.add("check.start_in_vain", _FILE, f"{key}.starts", action=action)
    if any(missed & targets for targets in starts.values()):
        missed = _missed(walked, key, stops)
    for state in sorted({node.state for node in missed if not states[node.state].done}):
        report.add("check.left_running", _FILE, f"{key}.stops", state=state)


def _missed(walked: Walked, key: str, wanted: set[str]) -> set[Node]:
    rule = walked.clocks[key]
    return {node for course in walked.courses for node in _without(course, key, wanted, rule)}


def _without(course: Course, key: str, wanted: set[str], rule: pack.DeadlineRule) -> set[Node]:
    """The nodes where the clock runs and none of the wanted actions can be reached."""
    before: dict[Node, list[Node]] = defaultdict(list)
    good: set[Node] = set()
    for source, action, target in course.of_clock[key]:
        if source is None:
            continue
        if action in wanted:
            good.add(source)
        elif key in target.clocks and (rule.runs_on or action not in rule.starts):
            before[target].append(source)
    queue = deque(good)
    while queue:
        for node in before[queue.popleft()]:
            if node not in good:
                good.add(node)
                queue.append(node)
    return {node for node in course.nodes if key in node.clocks and node not in good}


def _comes_back(walked: Walked, state: str, from_: str) -> bool:
    """Whether whoever is in `from_` was in `state` just before."""
    ways = [set(it.source) for it in walked.process.actions.values() if it.to == from_]
    return from_ == state or (bool(ways) and all(way <= {state, from_} for way in ways))


def _other_ways_in(walked: Walked, key: str, report: Report) -> None:
    """A clock that several ways into one state start, every way into it starts, but for one from
    where a case only comes out of that state."""
    rule, actions = walked.clocks[key], walked.process.actions
    entered = {actions[name].to for name in rule.starts}
    if len(rule.starts) < 2 or len(entered) != 1 or None in entered or rule.when:
        return
    (state,) = entered
    entries = [name for name, action in actions.items() if action.to == state]
    for course in walked.courses:
        for step in (step for name in entries for step in course.of_action[name]):
            is_entry = step.source is None or not _comes_back(walked, str(state), step.source.state)
            if is_entry and key not in step.target.clocks:
                report.add(
                    "check.other_way_in", _FILE, f"{key}.starts", action=step.action, state=state
                )


def _within(
    walked: Walked,
    name: str,
    action: pack.Action,
    running: set[tuple[str, str]],
    report: Report,
) -> None:
    """An action that needs a running window can be done in each of its states; where the day of
    asking counts, in one: the others are entered after the window."""
    reached = {node.state for course in walked.courses for node in course.nodes}
    is_asked_before = action.within_on is not None and any(at == name for _, at in running)
    for state in () if is_asked_before else action.source:
        if state in reached and (state, name) not in running:
            where = f"actions.{name}.within"
            report.add("check.within_never", f"{walked.name}.yaml", where, state=state)
