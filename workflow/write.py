"""A Decision becomes rows: values sealed, salts drawn, events linked into their chain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from workflow import audit, db, personal
from workflow.decide import CaseRow, Decision, Event, Notice, changed

MONTHS_A_YEAR: Final = 100  # 2026-03 is written 202603


def rows(decision: Decision, *, seals: personal.Seals) -> db.Rows:
    """Everything one decision writes."""
    case = decision.case
    sealed = [_seal(case, event, seals=seals) for event in decision.events]
    events, head = _chain(decision, [commitments for _, commitments in sealed])
    written = changed(case, head=head)
    return db.Rows(
        opened=(written,) if decision.before is None else (),
        cases=() if decision.before is None else (written,),
        events=events,
        deadlines=decision.deadlines,
        escalations=decision.escalations,
        assignments=decision.assignments,
        parties=decision.parties,
        links=decision.links,
        recusals=decision.recusals,
        offices=decision.offices,
        papers=decision.papers,
        services=decision.services,
        attachments=decision.attachments,
        sealed=tuple(row for found, _ in sealed for row in found),
        notices=tuple(_notices(decision)),
        roll_up=tuple(_counts(decision)),
        tally=tuple(_tally(decision)),
    )


def month(at: datetime) -> int:
    """The month of a row, for native range partitions."""
    return at.year * MONTHS_A_YEAR + at.month


def _seal(
    case: CaseRow, event: Event, *, seals: personal.Seals
) -> tuple[list[tuple[object, ...]], str]:
    found: list[tuple[object, ...]] = []
    commitments: dict[str, str] = {}
    for value in event.personal:
        place = personal.place_of(case.id, seq=event.seq, field=value.field)
        made = seals.seal(value.value, kind=value.kind, place=place)
        commitments[value.field] = audit.commitment(made.salt, value.value)
        found.append(
            (
                case.id,
                event.seq,
                value.field,
                value.party_no,
                value.kind,
                made.key_id,
                made.nonce,
                made.sealed,
                made.salt,
                made.masked,
                made.finder,
            )
        )
    return found, audit.canonical(commitments) if commitments else "{}"


def _chain(
    decision: Decision, commitments: list[str]
) -> tuple[tuple[tuple[object, ...], ...], bytes]:
    head = decision.case.head
    case_id = decision.case.id
    found: list[tuple[object, ...]] = []
    for event, committed in zip(decision.events, commitments, strict=True):
        payload = audit.canonical(event.payload)
        prev = head
        head = audit.link(event, case_id=case_id, prev=prev, payload=payload, commitments=committed)
        found.append(
            (
                case_id,
                event.seq,
                month(event.at),
                event.at,
                event.name,
                event.action_id,
                event.actor_kind,
                event.actor_id,
                event.post_id,
                payload,
                committed,
                prev,
                head,
            )
        )
    return tuple(found), head


def _notices(decision: Decision) -> Iterator[tuple[object, ...]]:
    at = decision.case.updated_at
    for n, notice in enumerate(decision.notices, start=1):
        yield _notice(decision.case, notice, n=n, at=at)


def _notice(case: CaseRow, notice: Notice, *, n: int, at: datetime) -> tuple[object, ...]:
    words = audit.canonical(dict(notice.words))
    head = (case.id, notice.seq, n, month(at), notice.cause, notice.receiver_id, words)
    return (*head, "queued", 0, at, at, None, None)


def _counts(decision: Decision) -> Iterator[tuple[object, ...]]:
    """One less where the case stood, one more where it stands; nothing if it did not move."""
    after = _key(decision.case)
    before = None if decision.before is None else _key(decision.before)
    if before != after:
        if before is not None:
            yield (decision.case.id, *before, -1)
        yield (decision.case.id, *after, 1)


def _tally(decision: Decision) -> Iterator[tuple[object, ...]]:
    """What offices answer for; boards show it, so restricted cases are left out."""
    case = decision.case
    if case.confidentiality == "normal":
        for count in decision.tally:
            key = (count.office_id, count.month, case.process, count.what)
            yield (case.id, *key, count.n)


def _key(case: CaseRow) -> tuple[object, ...]:
    return (
        case.lead_office_id,
        case.origin_grid,
        case.process,
        case.state,
        case.light,
        case.confidentiality,
    )
