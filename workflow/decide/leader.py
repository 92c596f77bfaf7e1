"""Leader case assignment (领导包案): named, plan approved with its four fixed things, ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from rules import errors
from workflow.decide.draft import Draft
from workflow.decide.facts import AssignmentRow, Scalar


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


def approve_plan(draft: Draft, fields: Mapping[str, Scalar], *, actor_id: UUID | None) -> None:
    """The plan fixes leader, responsible person, measures and date.

    Raises: `leader.none`, `leader.not_you`.
    """
    row = current(draft)
    if row is None:
        raise errors.NotNow("leader.none")
    if row.person_id != actor_id:
        raise errors.NotPermitted("leader.not_you")
    draft.put_assignment(
        row._replace(
            state="active",
            planned_at=draft.at,
            responsible_id=UUID(str(fields["responsible"])),
            until_on=date.fromisoformat(str(fields["plan_until"])),
        )
    )


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
