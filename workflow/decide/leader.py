"""Leader case assignment (领导包案): named, plan approved with its four fixed things, contacts
logged, date extended by consent of another, signed off by the party or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from rules import errors
from rules import pack as pack_
from workflow.decide.draft import Draft
from workflow.decide.facts import AssignmentRow, Command, Scalar

ROLE: Final = "leader"
CONTACTED: Final = "contacted_on"
"""The field that says on which day somebody was contacted."""
OF_OTHERS: Final = frozenset({"agree_plan", "extend"})
"""What a leader does not do for the own assignment."""
AFTER_PLAN: Final = frozenset({"extend", "sign_off", "unsigned"})
ENDS: Final[Mapping[str, str | None]] = {"sign_off": "signed", "unsigned": "unsigned", "end": None}
"""What ends it, and with which outcome."""


def current(draft: Draft) -> AssignmentRow | None:
    """The assignment that has not ended."""
    return next((row for row in draft.assignments.values() if row.state != "ended"), None)


def name(draft: Draft, person_id: UUID, *, post_id: UUID | None, seq: int) -> bool:
    """Opens an assignment that awaits its plan. False where this leader already carries it."""
    old = current(draft)
    if old is not None:
        if old.person_id == person_id:
            return False
        draft.put_assignment(old._replace(state="ended", ended_at=draft.at))
    draft.put_assignment(
        AssignmentRow(
            case_id=draft.case.id,
            no=max(draft.assignments, default=0) + 1,
            state="awaiting_plan",
            person_id=person_id,
            post_id=post_id,
            opened_at=draft.at,
            opened_by=seq,
            planned_at=None,
            responsible_id=None,
            until_on=None,
            ended_at=None,
        )
    )
    draft.change(leader_id=person_id)
    return True


def act(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], command: Command) -> None:
    """What somebody does with the assignment, other than to name a leader.

    A plan may go through hands before it is approved (`propose_plan`, `agree_plan`, then
    `approve_plan`): which, the pack says, by who may do what in which order (`case.plan`).
    Raises: `leader.none`, `leader.not_you`, `leader.own_plan`, `leader.no_plan`.
    """
    effect = action.leader
    if effect is None or effect == "name":
        return
    row = _mine(draft, action, command)
    if effect == "propose_plan":
        row = row._replace(proposed_at=draft.at, agreed_at=None, duties=duties(action, values))
    elif effect == "agree_plan":
        row = row._replace(agreed_at=draft.at)
    elif effect == "approve_plan":
        row = _approved(draft, row, action, values)
    elif effect == "contact":
        on = date.fromisoformat(str(values[CONTACTED]))
        last = max(on, row.contacted_on or on)
        row = row._replace(contacts=row.contacts + 1, contacted_on=last)
    elif effect in ENDS:
        row = row._replace(state="ended", ended_at=draft.at, outcome=ENDS[effect])
    draft.put_assignment(row)


def _mine(draft: Draft, action: pack_.Action, command: Command) -> AssignmentRow:
    """The assignment that the person may act on: of leaders only the one who carries it, and of
    those who agree to a plan anybody else."""
    row = current(draft)
    if row is None:
        raise errors.NotNow("leader.none")
    post = draft.post(command.post_id) if command.post_id else None
    is_theirs = row.person_id == command.actor_id
    if post is not None and post.role == ROLE and not is_theirs:
        raise errors.NotPermitted("leader.not_you")
    if is_theirs and action.leader in OF_OTHERS:
        raise errors.NotPermitted("leader.own_plan")
    if action.leader in AFTER_PLAN and row.planned_at is None:
        raise errors.NotNow("leader.no_plan")
    return row


def _approved(
    draft: Draft, row: AssignmentRow, action: pack_.Action, values: Mapping[str, Scalar]
) -> AssignmentRow:
    """The plan fixes leader, responsible person, measures and date."""
    chosen = duties(action, values) if action.duties else row.duties
    return row._replace(
        state="active",
        planned_at=draft.at,
        responsible_id=UUID(str(values["responsible"])),
        until_on=date.fromisoformat(str(values["plan_until"])),
        duties=chosen,
    )


def duties(action: pack_.Action, values: Mapping[str, Scalar]) -> str:
    """The duties chosen among those of the pack; all of them where none was."""
    chosen = [name for name in action.duties if values.get(name) is True]
    return " ".join(chosen or action.duties)


def extended(draft: Draft, action: pack_.Action, *, name: str) -> None:
    """The leader's date follows its clock, which the action has lengthened."""
    row, found = current(draft), draft.flow.extends.get(name)
    if action.leader != "extend" or row is None or found is None:
        return
    longer = [clock for clock in draft.open_deadlines() if clock.rule == found[0]]
    if longer:
        draft.put_assignment(row._replace(until_on=longer[-1].due_on))


def is_possible(
    action: pack_.Action, assignments: Iterable[AssignmentRow], *, actor_id: UUID | None
) -> bool:
    """Whether there is an assignment that this person could act on so."""
    if action.leader is None or action.leader == "name":
        return True
    row = next((row for row in assignments if row.state != "ended"), None)
    if row is None:
        return False
    if action.leader in AFTER_PLAN and row.planned_at is None:
        return False
    return not (action.leader in OF_OTHERS and row.person_id == actor_id)


def give_up(draft: Draft, person_id: UUID) -> None:
    """Somebody must not carry the case any more; another may be named."""
    row = current(draft)
    if row is not None and row.person_id == person_id:
        end(draft)


def end(draft: Draft) -> None:
    """Nobody carries the case any more."""
    row = current(draft)
    if row is not None:
        draft.put_assignment(row._replace(state="ended", ended_at=draft.at))
