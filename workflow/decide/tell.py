"""Who is told what: the active pack's notices for an action or a cause, turned into persons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from rules import ladders
from workflow.decide import supervision
from workflow.decide.draft import Draft
from workflow.decide.facts import DeadlineRow, Scalar, asked_of

SUPERVISOR_ABOVE: Final = "supervisor_above"
"""Receives what must be known above the office that leads the case."""


def cause(
    draft: Draft,
    *,
    cause: str,
    seq: int,
    row: DeadlineRow | None = None,
    target: UUID | None = None,
    ask: str | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Notices of one event. The person who acted knows already and is not told."""
    for notice in draft.facts.notices.get(cause, ()):
        if notice.process not in (None, draft.case.process):
            continue
        people = [p for role in notice.tell for p in _people(draft, role, target) if p != actor_id]
        draft.notify(people, seq=seq, cause=cause, words=_words(row, ask))


def _people(draft: Draft, role: str, target: UUID | None) -> Iterator[UUID]:
    if role == "handler":
        yield from draft.handlers()
    elif role == "filer" and draft.case.filer_id is not None:
        yield draft.case.filer_id
    elif role == "leader" and draft.case.leader_id is not None:
        yield draft.case.leader_id
    elif role == "supervisor" and draft.case.supervisor_id is not None:
        yield draft.case.supervisor_id
    elif role == SUPERVISOR_ABOVE:
        yield from _above(draft)
    elif role == "target" and target is not None:
        yield target
    else:
        office, _ = asked_of(draft.case, role, draft.facts.line.posts)
        yield from draft.holders(role, office_id=office)


def _above(draft: Draft) -> Iterator[UUID]:
    """Who supervises the case, or would: the nearest supervisor from its level up."""
    if draft.case.supervisor_id is not None:
        yield draft.case.supervisor_id
        return
    found = ladders.target(
        supervision.SUPERVISOR,
        posts=draft.facts.line.posts,
        lead_office=draft.case.lead_office_id,
        level=draft.case.level,
        owner_role=draft.owner_role(),
        excluded=draft.facts.recused,
        from_level=draft.case.level,
    )
    if found is not None:
        yield found.person_id


def _words(row: DeadlineRow | None, ask: str | None) -> dict[str, Scalar]:
    words: dict[str, Scalar] = {}
    if row is not None:
        words = {"deadline": row.rule, "due_on": row.due_on.isoformat()}
    if ask is not None:
        words["ask"] = ask
    return words
