"""In which states each clock of a process may run, found by walking the process from where the
clock starts to where something stops it.

Conditions count as far as they can be judged without a case: category, class and route of the
matter and the kind of the lead office take every value that a condition names, and one that
none names.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rules import guards
from rules import pack as pack_

_FACTS: Final = ("case.category", "case.lead_office_kind", "case.petition_class", "case.route")
_STATE: Final = "case.state"
_LITERAL: Final = re.compile(r"'([^']*)'")

Facts = tuple[str, ...]
"""A value for each of `_FACTS`."""
_Node = tuple[str, Facts, bool]
"""A state, what is known of the case there, and whether the clock stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A clock that runs in a state, or stands still there."""

    clock: str
    is_paused: bool


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One process, and what its conditions gave before."""

    pack: pack_.Pack
    process: pack_.Process
    order: Mapping[str, int]
    domain: tuple[tuple[str, ...], ...]
    """The values of each of `_FACTS` that conditions tell apart."""
    judged: dict[tuple[str, str, Facts], bool] = field(default_factory=dict)


def running(
    pack: pack_.Pack, name: str, *, order: Sequence[str], besides: Collection[str] = ()
) -> Mapping[str, tuple[Running, ...]]:
    """The clocks that may run in each state of a process on its way on, in the pack's order.

    A case that goes back in `order` takes along what runs; that is not told again at every
    state before. Left out are clocks that only the actions of `besides` start.
    """
    process = pack.processes[name]
    rules = {key: rule for key, rule in pack.deadlines.items() if rule.process == name}
    walk = _Walk(
        pack=pack,
        process=process,
        order={state: n for n, state in enumerate(order)},
        domain=_domain(process, rules.values()),
    )
    found: dict[str, list[Running]] = {}
    for key, rule in rules.items():
        if any(act not in besides for act in rule.starts):
            for state, is_paused in _where(walk, rule).items():
                found.setdefault(state, []).append(Running(clock=key, is_paused=is_paused))
    return {state: tuple(clocks) for state, clocks in found.items()}


def _domain(
    process: pack_.Process, rules: Collection[pack_.DeadlineRule]
) -> tuple[tuple[str, ...], ...]:
    tests = [
        *(part.test for action in process.actions.values() for part in action.when),
        *(test for rule in rules for test in rule.when),
    ]
    return tuple(
        ("", *sorted({it for test in tests if fact in test for it in _LITERAL.findall(test)}))
        for fact in _FACTS
    )


def _where(walk: _Walk, rule: pack_.DeadlineRule) -> Mapping[str, bool]:
    """The states that a clock reaches, and whether it only ever stands still there."""
    todo = list(_started(walk, rule))
    seen: set[_Node] = set()
    # A paper of the act that ends the matter is served after it; nothing else outlives an end.
    beyond = {state for state, _, _ in todo} if rule.unserved else set()
    while todo:
        node = todo.pop()
        if node not in seen and (node[0] in beyond or not walk.process.states[node[0]].end):
            seen.add(node)
            todo.extend(_onward(walk, rule, node))
    runs = {state for state, _, is_paused in seen if not is_paused}
    reached = {state for state, _, _ in seen}
    return {state: state not in runs for state in walk.order if state in reached}


def _started(walk: _Walk, rule: pack_.DeadlineRule) -> Iterator[_Node]:
    """Where a clock can stand when it has just been started."""
    for act in rule.starts:
        action = walk.process.actions[act]
        for state in action.source or ("",):
            for before in itertools.product(*walk.domain):
                if _is_open(walk, action, state, before):
                    for facts in _after(walk, action, before):
                        to = action.to or state
                        if all(_may_hold(walk, test, to, facts) for test in rule.when):
                            yield to, facts, False


def _onward(walk: _Walk, rule: pack_.DeadlineRule, node: _Node) -> Iterator[_Node]:
    """Where it goes from there, the clock still running."""
    state, facts, is_paused = node
    for act, action in walk.process.actions.items():
        to = action.to or state
        is_back = walk.order.get(to, 0) < walk.order.get(state, 0)
        if state not in action.source or act in rule.stops or act in rule.starts or is_back:
            continue
        if _is_open(walk, action, state, facts):
            still = _is_still(rule, act, is_paused=is_paused)
            yield from ((to, after, still) for after in _after(walk, action, facts))


def _is_still(rule: pack_.DeadlineRule, action: str, *, is_paused: bool) -> bool:
    if any(pause.starts == action for pause in rule.pauses):
        return True
    return is_paused and all(action not in pause.ends for pause in rule.pauses)


def _is_open(walk: _Walk, action: pack_.Action, state: str, facts: Facts) -> bool:
    return all(_may_hold(walk, part.test, state, facts) for part in action.when)


def _after(walk: _Walk, action: pack_.Action, facts: Facts) -> Iterator[Facts]:
    """What may be so after an action: it can hand the case to another office and mark it."""
    kinds = walk.pack.routing[action.lead].kinds if action.lead else ()
    sets = {f"case.{name}" for name in action.sets or {}}
    values = []
    for fact, known, here in zip(_FACTS, walk.domain, facts, strict=True):
        if fact == "case.lead_office_kind" and kinds:
            others = ("",) if set(kinds) - set(known) else ()
            values.append((*others, *(kind for kind in known if kind in kinds)))
        else:
            values.append(known if fact in sets else (here,))
    yield from itertools.product(*values)


def _may_hold(walk: _Walk, test: str, state: str, facts: Facts) -> bool:
    """Whether a condition holds, or reads what only a case can tell."""
    key = (test, state, facts)
    if key not in walk.judged:
        guard = guards.compile_guard(test, walk.pack.fields, walk.pack.fields)
        known = {_STATE: state, **dict(zip(_FACTS, facts, strict=True))}
        walk.judged[key] = not guard.names <= known.keys() or guards.holds(guard, known)
    return walk.judged[key]
