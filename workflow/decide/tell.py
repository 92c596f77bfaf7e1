"""Who is told what: the active pack's notices for an action or a cause, turned into persons."""

from __future__ import annotations

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
        people = [person for role in notice.tell for person in _people(draft, role, target)]
        if actor_id is not None:
            people = [person for person in people if person != actor_id]
        draft.notify(people, seq=seq, cause=cause, words=_words(row, ask))


def _people(draft: Draft, role: str, target: UUID | None) -> list[UUID]:
    if role == "handler":
        return draft.handlers()
    if role == SUPERVISOR_ABOVE:
        return _above(draft)
    case = draft.case
    named = {
        "target": target,
        "filer": case.filer_id,
        "leader": case.leader_id,
        "supervisor": case.supervisor_id,
    }.get(role)
    if named is not None:
        return [named]
    office, _ = asked_of(case, role, draft.facts.line.by_role)
    return draft.holders(role, office_id=office)


def _above(draft: Draft) -> list[UUID]:
    """Who supervises the case, or would: the nearest supervisor from its level up."""
    if draft.case.supervisor_id is not None:
        return [draft.case.supervisor_id]
    found = ladders.target(
        supervision.SUPERVISOR,
        posts=draft.facts.line.by_role,
        lead_office=draft.case.lead_office_id,
        level=draft.case.level,
        owner_role=draft.owner_role(),
        excluded=draft.facts.recused,
        from_level=draft.case.level,
    )
    return [] if found is None else [found.person_id]


def _words(row: DeadlineRow | None, ask: str | None) -> dict[str, Scalar]:
    words: dict[str, Scalar] = {}
    if row is not None:
        words = {"deadline": row.rule, "due_on": row.due_on.isoformat()}
    if ask is not None:
        words["ask"] = ask
    return words
