"""Where a case stands on its way: whose turn it is, the act that comes next, the states ahead.

Read from the pack alone, so that a process nobody has seen before is drawn as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from rules import pack
from workflow import access

RESIDENT: Final = "resident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The act that comes next, and the roles whose turn it is. None: there is nothing to do
    but wait for a clock."""

    action: str | None
    roles: tuple[str, ...]

    @property
    def is_residents(self) -> bool:
        """Whether the office waits for the resident."""
        return self.roles == (RESIDENT,)


def turn(rules: pack.Pack, name: str, state: str, offered: Collection[str]) -> Turn:
    """Whose turn it is in a state of the process `name`, and with which act. `offered` are the
    actions that can leave from it now."""
    process = rules.processes[name]
    owners = set(process.states[state].owner)
    by = {act: process.actions[act].by for act in ranked(process, state, offered)}
    theirs = [
        act
        for act, roles in by.items()
        if owners.intersection(roles) and not process.actions[act].recuses
    ]
    residents = [act for act, roles in by.items() if RESIDENT in roles]
    if residents and (not theirs or process.actions[residents[0]].to is not None):
        return Turn(action=residents[0], roles=(RESIDENT,))
    if not theirs:
        return Turn(action=None, roles=())
    roles = tuple(role for role in by[theirs[0]] if role in owners)
    return Turn(action=theirs[0], roles=roles)


def ranked(process: pack.Process, state: str, acts: Collection[str]) -> tuple[str, ...]:
    """Acts with the state's usual one first; those that close an unsettled case come last."""
    usual = process.states[state].main
    return tuple(
        sorted(
            acts,
            key=lambda act: (act != usual, is_ending(process, process.actions[act]), act),
        )
    )


def is_mine(turn: Turn, actor: access.Actor) -> bool:
    """Whether it is this person's turn, by role."""
    return any(role in actor.roles for role in turn.roles)


def ahead(process: pack.Process, state: str, offered: Collection[str]) -> tuple[str, ...]:
    """The states still to come if all goes as hoped, up to the end."""
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
    process: pack.Process,
    state: str,
    far: Mapping[str, int],
    *,
    seen: Collection[str],
    offered: Collection[str] | None,
) -> str | None:
    """The state that brings the matter nearest to being settled; once settled, one that leads
    on before one that ends."""
    targets = [
        action.to
        for name, action in process.actions.items()
        if action.to is not None
        and action.to not in seen
        and state in action.source
        and (offered is None or name in offered)
    ]
    if process.states[state].done:
        settled = [name for name in targets if process.states[name].done]
        return min(settled, key=lambda name: (process.states[name].end, name), default=None)
    hopeful = [name for name in targets if name in far]
    return min(hopeful, key=lambda name: (far[name], name), default=None)


def _distances(process: pack.Process) -> dict[str, int]:
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


def is_ending(process: pack.Process, action: pack.Action) -> bool:
    """Whether an action closes a case that was not settled: it cannot be undone lightly."""
    if action.to is None:
        return False
    state = process.states[action.to]
    return state.end and not state.done
