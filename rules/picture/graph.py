"""A process in the order in which it is read: the usual way from top to bottom, what leaves it
and comes back beside it, what may be done at any time after it; and where each clock runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rules import pack as pack_
from rules.picture import clocks
from rules.picture.clocks import Running

SEVERAL: Final = 2
"""An action that leaves the state as it is and is open in more states than these is told once
for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """An action that is open in a state. `to` is None where the state stays."""

    action: str
    to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A state with its place: `depth` counts how far it is off the usual way. `straight` are
    the actions that lead to `below`, the next state of the same way; `exits` all others."""

    state: str
    depth: int
    below: str | None
    straight: tuple[str, ...]
    exits: tuple[Exit, ...]
    running: tuple[Running, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Actions that are open in the same states and leave them as they are, each with the
    clocks that it starts."""

    states: tuple[str, ...]
    actions: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A process, ready to be drawn. An end off the usual way that nothing leaves is no node:
    each way to an end names it."""

    opening: tuple[str, ...]
    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    ends: frozenset[str]


def graph(pack: pack_.Pack, name: str) -> Graph:
    """The process `name` of a pack in its order."""
    process = pack.processes[name]
    opening = tuple(act for act, it in process.actions.items() if not it.source)
    first = next(to for act in opening if (to := process.actions[act].to) is not None)
    at_any_time = _at_any_time(process)
    order = _order(process, first, at_any_time=at_any_time)
    runs = clocks.running(pack, name, order=[state for state, _, _ in order], besides=at_any_time)
    nodes = tuple(
        _node(process, it, at_any_time=at_any_time, runs=runs.get(it[0], ())) for it in order
    )
    return Graph(
        opening=opening,
        nodes=nodes,
        groups=_groups(pack, name, at_any_time),
        ends=frozenset(state for state, it in process.states.items() if _rests(it)),
    )


def _node(
    process: pack_.Process,
    placed: tuple[str, int, str | None],
    *,
    at_any_time: Collection[str],
    runs: tuple[Running, ...],
) -> Node:
    state, depth, below = placed
    found = [
        Exit(action=act, to=None if it.to == state else it.to)
        for act, it in process.actions.items()
        if state in it.source and act not in at_any_time
    ]
    exits = sorted(found, key=lambda it: _rank(process, state, it))
    return Node(
        state=state,
        depth=depth,
        below=below,
        straight=tuple(it.action for it in exits if below is not None and it.to == below),
        exits=tuple(it for it in exits if below is None or it.to != below),
        running=runs,
    )


def _rank(process: pack_.Process, state: str, exit_: Exit) -> tuple[int, bool, str]:
    """The usual act first; what closes a case unsettled comes last."""
    is_ending = exit_.to is not None and process.states[exit_.to].end
    is_settled = exit_.to is not None and process.states[exit_.to].done
    main = process.states[state].main
    return (
        main.index(exit_.action) if exit_.action in main else len(main),
        is_ending and not is_settled,
        exit_.action,
    )


def _at_any_time(process: pack_.Process) -> frozenset[str]:
    return frozenset(
        name
        for name, action in process.actions.items()
        if action.to is None and len(action.source) > SEVERAL
    )


def _rests(state: pack_.State) -> bool:
    """Whether it is nobody's turn there any more: an end whose paper is still to be served has an
    owner, and is drawn like a state on the way."""
    return state.end and not state.owner


def _groups(pack: pack_.Pack, name: str, actions: Collection[str]) -> tuple[Group, ...]:
    found: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
    for act, action in pack.processes[name].actions.items():
        if act in actions:
            clocks = tuple(
                key
                for key, rule in pack.deadlines.items()
                if rule.process == name and act in rule.starts
            )
            found.setdefault(action.source, {})[act] = clocks
    return tuple(Group(states=states, actions=acts) for states, acts in found.items())


# ---- the order of the states


def _order(
    process: pack_.Process, first: str, *, at_any_time: Collection[str]
) -> tuple[tuple[str, int, str | None], ...]:
    """Each drawn state with its depth and the one straight below it. What leaves the usual way
    stands right after the state that leads there."""
    left = {
        state
        for act, action in process.actions.items()
        if act not in at_any_time
        for state in action.source
    }
    open_ = [
        name
        for name, state in process.states.items()
        if name == first or name in left or not _rests(state)
    ]
    usual = (first, *_way(process, first, taken={first}, within=None))
    depths = dict.fromkeys(usual, 0)
    below: dict[str, str | None] = dict(zip(usual, (*usual[1:], None), strict=True))
    order = list(usual)
    while rest := [name for name in open_ if name not in depths]:
        parent, start = _branch(process, order, rest)
        chain = (start, *_way(process, start, taken={*depths, start}, within=rest))
        depth = depths[parent] + 1
        at = _after(order, parent, depths)
        order[at:at] = chain
        depths |= dict.fromkeys(chain, depth)
        below |= dict(zip(chain, (*chain[1:], None), strict=True))
    return tuple((name, depths[name], below[name]) for name in order)


def _branch(
    process: pack_.Process, order: Collection[str], rest: Collection[str]
) -> tuple[str, str]:
    """The first state in the order that leads to one not yet placed, and that one. A state that
    nothing leads to is placed last."""
    for placed in order:
        found = min((to for to in _targets(process, placed) if to in rest), default=None)
        if found is not None:
            return placed, found
    return list(order)[-1], next(iter(rest))


def _after(order: list[str], parent: str, depths: Mapping[str, int]) -> int:
    """Behind a state and everything that already branches off from it."""
    at = order.index(parent) + 1
    while at < len(order) and depths[order[at]] > depths[parent]:
        at += 1
    return at


def _targets(process: pack_.Process, state: str) -> Iterator[str]:
    for action in process.actions.values():
        if state in action.source and action.to is not None:
            yield action.to


def _way(
    process: pack_.Process, state: str, *, taken: set[str], within: Collection[str] | None
) -> tuple[str, ...]:
    """How it usually goes on from a state, through states not taken yet."""
    far = _distances(process)
    found: list[str] = []
    here = state
    while not process.states[here].end:
        following = _next(process, here, far, seen=taken, offered=None)
        if within is not None and following not in within:
            # past what is settled: to ask for a review is a way on as well
            following = next((to for to in _targets(process, here) if to in within), None)
        if following is None or following in taken:
            break
        taken.add(following)
        found.append(following)
        here = following
    return tuple(found)


# ---- how it usually goes on


def ahead(
    process: pack_.Process, state: str, offered: Collection[str] | None = None
) -> tuple[str, ...]:
    """The states still to come if all goes as hoped, up to the end. `offered` are the actions
    that can leave from the state now; without it, all."""
    far = _distances(process)
    seen, found, here = {state}, [], state
    first: Collection[str] | None = offered
    while not process.states[here].end:
        following = _next(process, here, far, seen=seen, offered=first)
        if following is None:
            break
        first = None
        seen.add(following)
        found.append(following)
        here = following
    return tuple(found)


def _next(
    process: pack_.Process,
    state: str,
    far: Mapping[str, int],
    *,
    seen: Collection[str],
    offered: Collection[str] | None,
) -> str | None:
    """Where the state's usual action leads; else the state that brings the matter nearest to
    being settled; once settled, one that leads on before one that ends. Never by what takes the
    case from an office."""
    here = process.states[state]
    targets = {
        name: action.to
        for name, action in process.actions.items()
        if action.to is not None
        and not action.ousts
        and action.to not in seen
        and state in action.source
        and (offered is None or name in offered)
    }
    if here.done:
        settled = {to for to in targets.values() if process.states[to].done}
        return min(settled, key=lambda to: (process.states[to].end, to), default=None)
    usual = (targets[name] for name in here.main if targets.get(name) in far)
    if (to := next(usual, None)) is not None:
        return to
    hopeful = {to for to in targets.values() if to in far}
    return min(hopeful, key=lambda to: (far[to], to), default=None)


def _distances(process: pack_.Process) -> dict[str, int]:
    """How many steps each state is from the first settled one; states that never lead there
    are left out."""
    far = {name: 0 for name, state in process.states.items() if state.done}
    steps = 0
    while True:
        steps += 1
        added = {
            source
            for action in process.actions.values()
            if action.to in far and far[action.to] == steps - 1
            for source in action.source
            if source not in far
        }
        if not added:
            return far
        far |= dict.fromkeys(added, steps)
