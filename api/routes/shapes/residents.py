"""A resident's own case, by its number and code."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.routes import shapes
from api.routes.shapes import Shape
from api.routes.shapes.cases import Values
from api.routes.shapes.told import Length, Span

_CODE = "204817"
_NUMBER = "4803-7152-6"


class Lookup(Shape):
    """The number and the code that the resident was given, as typed."""

    model_config = shapes.example({"number": _NUMBER, "code": _CODE})

    number: str = Field(max_length=40)
    code: str = Field(max_length=20)


class ResidentAction(Shape):
    """What a resident does to their own case. `id` is a UUID that the client makes, once."""

    model_config = shapes.example(
        {
            "number": _NUMBER,
            "code": _CODE,
            "id": shapes.OTHER_ID,
            "fields": {"rating_result": "satisfied", "rating_attitude": "satisfied"},
        }
    )

    number: str = Field(max_length=40)
    code: str = Field(max_length=20)
    id: UUID
    fields: Values = Field(default_factory=dict)


class Fact(Shape):
    """Something that an office decided or said, in words."""

    field: str
    name: str
    text: str


class ResidentEvent(Shape):
    """What happened, as the resident is told."""

    seq: int
    at: datetime
    name: str
    title: str
    facts: tuple[Fact, ...]


class ResidentClock(Shape):
    """A time limit: whose it is, when it ends and why then."""

    name: str
    owner: Literal["office", "party"]
    state: str
    tag: str
    source: str
    limit: Length | None
    start_at: datetime
    due_at: datetime
    due_on: date
    ends_with: str | None
    is_provisional: bool
    is_late: bool
    ended_at: datetime | None
    spans: tuple[Span, ...]


class ResidentAct(Shape):
    """What the resident may do now."""

    name: str
    title: str
    fields_schema: dict[str, Any]


class ReadBy(Shape):
    """Who has opened personal values of the case, when and why."""

    at: datetime
    name: str
    fields: tuple[str, ...]
    reason: str


class GoesOn(Shape):
    """That the matter of a merged case is dealt with in an earlier one. `is_told`: whether it may
    be said if that one has ended, and on which day."""

    is_told: bool
    ended_on: date | None


class ResidentCase(Shape):
    """A case as the person it is about sees it."""

    model_config = shapes.example(
        {
            "number": _NUMBER,
            "process": "dispute",
            "process_name": "Dispute",
            "subject": "3号楼502漏水，402天花板受损",
            "state": "mediating",
            "state_name": "In mediation",
            "lead_office": "花果园社区人民调解委员会",
            "is_done": False,
            "is_closed": False,
            "received_at": "2026-03-20T08:00:00Z",
            "done_at": None,
            "closed_at": None,
            "goes_on": None,
            "events": [
                {
                    "seq": 2,
                    "at": "2026-03-23T01:30:00Z",
                    "name": "accept",
                    "title": "Accept",
                    "facts": [],
                }
            ],
            "clocks": [
                {
                    "name": "First session",
                    "owner": "office",
                    "state": "running",
                    "tag": "default",
                    "source": "本规则包约定",
                    "limit": {"n": 5, "unit": "working_day"},
                    "start_at": "2026-03-23T01:30:00Z",
                    "due_at": "2026-03-30T16:00:00Z",
                    "due_on": "2026-03-30",
                    "ends_with": None,
                    "is_provisional": False,
                    "is_late": False,
                    "ended_at": None,
                    "spans": [],
                }
            ],
            "actions": [],
            "readings": [
                {
                    "at": "2026-03-23T02:00:00Z",
                    "name": "示例调解员",
                    "fields": ["applicant_phone"],
                    "reason": "联系当事人约时间",
                }
            ],
            "now": "2026-03-23T02:05:00Z",
        }
    )

    number: str
    process: str
    process_name: str
    subject: str
    state: str
    state_name: str
    lead_office: str
    is_done: bool
    is_closed: bool
    received_at: datetime
    done_at: datetime | None
    closed_at: datetime | None
    goes_on: GoesOn | None
    events: tuple[ResidentEvent, ...]
    clocks: tuple[ResidentClock, ...]
    actions: tuple[ResidentAct, ...]
    readings: tuple[ReadBy, ...]
    now: datetime
