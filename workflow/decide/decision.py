"""What a decision gives: values only. Sealed fields are named here and sealed at writing.

Named tuples, because a sweep makes them by the hundred thousand: a frozen dataclass as wide as a
decision takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from workflow.decide.facts import ActorKind, AssignmentRow, CaseRow, DeadlineRow, Scalar

Counted = Literal["missed", "returned", "paused"]
FileKind = Literal["receipt", "material"]


class Personal(NamedTuple):
    """A personal value to seal. `party_no` says whose it is, None where it is nobody's own."""

    field: str
    kind: str
    value: str
    party_no: int | None = None


class Event(NamedTuple):
    """Something that happened. `payload` holds no personal value."""

    seq: int
    at: datetime
    name: str
    action_id: str
    actor_kind: ActorKind
    actor_id: UUID | None
    post_id: UUID | None
    payload: Mapping[str, object]
    personal: tuple[Personal, ...] = ()


class EscalationRow(NamedTuple):
    """`escalation`, column by column."""

    case_id: UUID
    deadline_no: int
    rung: int
    cycle: int
    repetition: int
    seq: int
    effect: str
    planned_at: datetime
    fired_at: datetime
    level: int
    target_post_id: UUID | None
    target_person_id: UUID | None
    at_top: bool


class PartyRow(NamedTuple):
    """`party`, column by column."""

    case_id: UUID
    no: int
    side: str


class LinkRow(NamedTuple):
    """`link`, column by column."""

    case_id: UUID
    no: int
    other_case_id: UUID
    kind: str
    seq: int


class RecusalRow(NamedTuple):
    """`recusal`, column by column."""

    case_id: UUID
    person_id: UUID
    seq: int


class OfficeRow(NamedTuple):
    """`office_tie`, column by column."""

    case_id: UUID
    office_id: UUID
    relation: str
    seq: int


class PaperRow(NamedTuple):
    """`paper`, column by column."""

    case_id: UUID
    no: int
    seq: int
    name: str
    office_id: UUID
    series: str
    year: int
    serial: int
    number: str
    made_at: datetime


class ServiceRow(NamedTuple):
    """`service`, column by column."""

    case_id: UUID
    no: int
    seq: int
    paper_no: int
    side: str
    method: str
    served_on: date
    served_by: UUID | None
    recorded_at: datetime


class AttachmentRow(NamedTuple):
    """`attachment`, column by column."""

    case_id: UUID
    no: int
    seq: int
    id: UUID
    kind: FileKind
    of_no: int
    service_no: int | None
    media: str
    size_bytes: int
    name: str
    key_id: int
    nonce: bytes
    attached_by: UUID | None
    attached_at: datetime


class Count(NamedTuple):
    """Something an office answers for, in a month written as 202603."""

    office_id: UUID
    month: int
    what: Counted
    n: int


class Notice(NamedTuple):
    """Somebody is to be told of the event `seq`."""

    seq: int
    cause: str
    receiver_id: UUID
    words: Mapping[str, Scalar]


class Decision(NamedTuple):
    """What is to be written. `before` is the case as read, None for a new one; `case.head`
    is still the old one: the chain is linked at writing. Deadlines and assignments come in the
    order in which they were first touched."""

    before: CaseRow | None
    case: CaseRow
    events: tuple[Event, ...]
    deadlines: tuple[DeadlineRow, ...] = ()
    assignments: tuple[AssignmentRow, ...] = ()
    escalations: tuple[EscalationRow, ...] = ()
    parties: tuple[PartyRow, ...] = ()
    links: tuple[LinkRow, ...] = ()
    recusals: tuple[RecusalRow, ...] = ()
    offices: tuple[OfficeRow, ...] = ()
    papers: tuple[PaperRow, ...] = ()
    services: tuple[ServiceRow, ...] = ()
    attachments: tuple[AttachmentRow, ...] = ()
    notices: tuple[Notice, ...] = ()
    tally: tuple[Count, ...] = ()
