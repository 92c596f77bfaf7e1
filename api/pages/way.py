"""Where a case stands on its way: whose turn it is, and the act that comes next.

Read from the pack alone, so that a process nobody has seen before is drawn as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from rules import pack
from workflow import access
from workflow.queries import case as case_query

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
    actions that can leave from it now. Where the matter is settled and nothing is usually done
    next, no office is waited for."""
    process = rules.processes[name]
    here = process.states[state]
    owners = set(here.owner) if here.main or not here.done else set()
    by = {act: process.actions[act].by for act in ranked(rules, process, state, offered)}
    theirs = [
        act
        for act, roles in by.items()
        if owners.intersection(roles) and not process.actions[act].recuses
    ]
    # What goes to another office is the resident's to ask for, and nobody waits for it.
    residents = [
        act for act, roles in by.items() if RESIDENT in roles and process.actions[act].lead is None
    ]
    if residents and (not theirs or process.actions[residents[0]].to is not None):
        return Turn(action=residents[0], roles=(RESIDENT,))
    if not theirs:
        return Turn(action=None, roles=())
    roles = tuple(role for role in by[theirs[0]] if role in owners)
    return Turn(action=theirs[0], roles=roles)


def ranked(
    rules: pack.Pack, process: pack.Process, state: str, acts: Collection[str]
) -> tuple[str, ...]:
    """Acts with the state's usual one first, or, where that waits for papers to be served, with
    what serves them; those that close an unsettled case come last."""
    main = process.states[state].main
    usual = next((act for act in main if act in acts), main[0] if main else None)
    waits = process.actions[usual].outside if usual and usual not in acts else None
    if waits is not None:
        serving = {act for paper in rules.papers.values() for act in paper.served_by}
        usual = next((it for it in rules.deadlines[waits].stops if it in serving & {*acts}), usual)
    return tuple(
        sorted(
            acts,
            key=lambda act: (act != usual, is_ending(process, process.actions[act]), act),
        )
    )


def is_mine(turn: Turn, actor: access.Actor) -> bool:
    """Whether it is this person's turn, by role."""
    return any(role in actor.roles for role in turn.roles)


def is_ending(process: pack.Process, action: pack.Action) -> bool:
    """Whether an action closes a case that was not settled: it cannot be undone lightly."""
    if action.to is None:
        return False
    state = process.states[action.to]
    return state.end and not state.done


def link_ways(view: case_query.CaseView) -> tuple[tuple[pack.Action, str], ...]:
    """The forms that link an earlier case or merge this one into it, where this person may do
    that now: the action and the page."""
    actions = view.process.actions
    found = (name for name in view.actions if actions[name].link)
    return tuple((actions[name], f"/cases/{view.case.id}/do/{name}") for name in found)
