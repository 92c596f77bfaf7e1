"""What a case tells of itself: events, time limits, the ladder, opened values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.routes import shapes
from api.routes.shapes import Shape
from api.routes.shapes.cases import Light, Value

_RULE = "dispute.accept"


class Event(Shape):
    """The fact that something happened. `fields` are an action's clear values, `values` its
    personal ones, masked; `details` are the facts of what time alone did."""

    seq: int
    at: datetime
    name: str
    title: str
    actor_kind: Literal["person", "resident", "ladder"]
    actor: str | None
    fields: dict[str, Any]
    values: tuple[Value, ...]
    details: dict[str, Any]
    resident_sees: bool


class Events(Shape):
    """All events of a case, in order."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "seq": 1,
                    "at": "2026-03-20T08:00:00Z",
                    "name": "file_case",
                    "title": "File",
                    "actor_kind": "person",
                    "actor": "示例网格员",
                    "fields": {"subject": "3号楼502漏水，402天花板受损", "category": "0201"},
                    "values": [
                        {
                            "key": "1:story",
                            "field": "story",
                            "name": "What happened",
                            "kind": "free_text",
                            "masked": "…",
                            "can_open": True,
                        }
                    ],
                    "details": {"state": "filed"},
                    "resident_sees": True,
                }
            ]
        }
    )

    items: tuple[Event, ...]


class Length(Shape):
    """A length of time as the rule words it."""

    n: int
    unit: str


class Span(Shape):
    """Days in a row that count alike; the counted parts sum to the limit. On hour units
    `counted` is in minutes. `text` says why, in the request's language."""

    first_on: date
    last_on: date
    counted: int
    kind: str
    text: str
    note: str


class Rung(Shape):
    """One step of a ladder: planned, and fired if it was. `lateness_s` is in seconds."""

    effect: str
    text: str
    planned_at: datetime
    fired_at: datetime | None
    lateness_s: int | None
    target: str | None
    at_top: bool
    is_blocked: bool


class Deadline(Shape):
    """A time limit that explains itself. `due_at` is the first instant that is too late,
    `due_on` the last day, `ends_with` the one because of which it ends then."""

    no: int
    rule: str
    name: str
    owner: Literal["office", "party", "organ"]
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
    light: Light
    ended_at: datetime | None
    missed_at: datetime | None
    spans: tuple[Span, ...]
    ladder: tuple[Rung, ...]
    pauses: tuple[dict[str, Any], ...]
    extensions: tuple[dict[str, Any], ...]


class Deadlines(Shape):
    """All time limits of a case."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "no": 1,
                    "rule": _RULE,
                    "name": "Decide whether to accept",
                    "owner": "office",
                    "state": "running",
                    "tag": "default",
                    "source": "本规则包约定",
                    "limit": {"n": 3, "unit": "working_day"},
                    "start_at": "2026-03-20T08:00:00Z",
                    "due_at": "2026-03-25T16:00:00Z",
                    "due_on": "2026-03-25",
                    "ends_with": None,
                    "is_provisional": False,
                    "is_late": False,
                    "light": "green",
                    "ended_at": None,
                    "missed_at": None,
                    "spans": [
                        {
                            "first_on": "2026-03-20",
                            "last_on": "2026-03-20",
                            "counted": 0,
                            "kind": "first_day",
                            "text": "Day it began, not counted",
                            "note": "",
                        },
                        {
                            "first_on": "2026-03-23",
                            "last_on": "2026-03-25",
                            "counted": 3,
                            "kind": "counted",
                            "text": "Counted",
                            "note": "",
                        },
                    ],
                    "ladder": [
                        {
                            "effect": "warn",
                            "text": "Yellow card",
                            "planned_at": "2026-03-25T01:00:00Z",
                            "fired_at": None,
                            "lateness_s": None,
                            "target": None,
                            "at_top": False,
                            "is_blocked": False,
                        }
                    ],
                    "pauses": [],
                    "extensions": [],
                }
            ]
        }
    )

    items: tuple[Deadline, ...]


class Escalation(Rung):
    """A rung that fired, and on which time limit."""

    deadline_no: int
    rule: str


class Escalations(Shape):
    """What the ladder has done, in the order it was planned."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "deadline_no": 1,
                    "rule": _RULE,
                    "effect": "urge",
                    "text": "Red card: urged",
                    "planned_at": "2026-03-26T01:00:00Z",
                    "fired_at": "2026-03-26T01:00:01Z",
                    "lateness_s": 1,
                    "target": "示例受理员",
                    "at_top": False,
                    "is_blocked": False,
                }
            ]
        }
    )

    items: tuple[Escalation, ...]


class NewReading(Shape):
    """Why personal values are opened, and which (all where none is named)."""

    model_config = shapes.example({"reason": "联系当事人约时间", "only": ["applicant_phone"]})

    reason: str = Field(min_length=2, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    only: tuple[Annotated[str, Field(max_length=60)], ...] = Field(default=(), max_length=100)


class OpenValue(Shape):
    """A personal value in the clear."""

    key: str
    field: str
    name: str
    value: str


class Reading(Shape):
    """The personal values of a case that this person may read. The party can see that they did."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "key": "1:applicant_name",
                    "field": "applicant_name",
                    "name": "Applicant's name",
                    "value": "张示例",
                }
            ]
        }
    )

    items: tuple[OpenValue, ...]
