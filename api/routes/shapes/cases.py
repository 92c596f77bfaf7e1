"""Cases: what is sent to file one and to act on it, and how one reads."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, WithJsonSchema

from api.routes import shapes
from api.routes.shapes import Shape

Light = Literal["green", "yellow", "red", "grey"]
Values = Annotated[
    dict[str, Any],
    Field(max_length=200),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 200,
            "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
        }
    ),
]
"""An action's fields as sent. `rules.fields` judges them, and names each that is at fault."""


class NewCase(Shape):
    """A case to file. Both ids are UUIDs that the client makes, once, and sends again as they
    are; `received_at` is when the office took the matter, if earlier than now."""

    model_config = shapes.example(
        {
            "id": shapes.EXAMPLE_ID,
            "action_id": shapes.OTHER_ID,
            "process": "dispute",
            "origin_grid": "420303001002001",
            "received_at": "2026-03-20T16:00:00+08:00",
            "fields": {
                "subject": "3号楼502漏水，402天花板受损",
                "story": "卫生间漏水，楼下天花板泡坏。",
                "category": "0201",
                "applicant_name": "张示例",
                "respondent_name": "李样本",
                "told": True,
            },
        }
    )

    id: UUID
    action_id: UUID
    process: str = Field(max_length=60)
    origin_grid: str = Field(max_length=32, pattern=r"^[0-9A-Za-z-]+$")
    received_at: AwareDatetime | None = None
    fields: Values = Field(default_factory=dict)


class NewAction(Shape):
    """An action to do. `id` is a UUID that the client makes, once."""

    model_config = shapes.example({"id": shapes.OTHER_ID, "fields": {"note": "材料齐全"}})

    id: UUID
    fields: Values = Field(default_factory=dict)


class Receipt(Shape):
    """What was done. `code` is the resident's look-up code, given to who filed the case."""

    model_config = shapes.example(
        {
            "case_id": shapes.EXAMPLE_ID,
            "number": "4803-7152-6",
            "state": "filed",
            "version": 1,
            "seq": 1,
            "at": "2026-03-20T08:00:00Z",
            "code": "204817",
        }
    )

    case_id: UUID
    number: str
    state: str
    version: int
    seq: int
    at: datetime
    code: str | None


class Climbed(Shape):
    """The rung of the ladder fired last on a case's open clocks."""

    effect: str
    planned_at: datetime
    fired_at: datetime


class Line(Shape):
    """A case as a line of a list."""

    id: UUID
    number: str
    subject: str
    process: str
    state: str
    state_name: str
    category: str | None
    category_name: str | None
    grid_name: str
    lead_office: str
    handler: str | None
    light: Light
    due_at: datetime | None
    is_stuck: bool
    has_leader: bool
    is_closed: bool
    updated_at: datetime
    climbed: Climbed | None


class Page(Shape):
    """One page of a list, earliest due first. `cursor` asks for the next; null on the last."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "id": shapes.EXAMPLE_ID,
                    "number": "4803-7152-6",
                    "subject": "3号楼502漏水，402天花板受损",
                    "process": "dispute",
                    "state": "filed",
                    "state_name": "Awaiting acceptance",
                    "category": "0201",
                    "category_name": "Neighbours",
                    "grid_name": "花果园社区第1网格",
                    "lead_office": "花果园社区案件台",
                    "handler": None,
                    "light": "green",
                    "due_at": "2026-03-25T16:00:00Z",
                    "is_stuck": False,
                    "has_leader": False,
                    "is_closed": False,
                    "updated_at": "2026-03-20T08:00:00Z",
                    "climbed": None,
                }
            ],
            "cursor": None,
            "seat": "filer",
            "now": "2026-03-20T08:05:00Z",
        }
    )

    items: tuple[Line, ...]
    cursor: str | None
    seat: str
    now: datetime


class Value(Shape):
    """A personal value, masked. `key` names it for a reading; `can_open`: this person may."""

    key: str
    field: str
    name: str
    kind: str
    masked: str
    can_open: bool


class Invitation(Shape):
    """A third party who was let in: `code` opens how the case stands until the mediation is
    over, or the invitations are taken back. Given to who may invite."""

    model_config = shapes.example({"at": "2026-03-24T02:00:00Z", "code": "730915"})

    at: datetime
    code: str


class Party(Shape):
    """One side of a case."""

    no: int
    side: str
    values: tuple[Value, ...]


class Candidate(Shape):
    """What a field may name: a person or an office by id, a paper by its number in the case.
    `hint` is a person's role, or the paper's name."""

    value: str
    label: str
    hint: str


class Action(Shape):
    """What this person may do now. `fields_schema` is the JSON Schema (2020-12) of `fields`."""

    name: str
    title: str
    fields_schema: dict[str, Any]
    candidates: dict[str, tuple[Candidate, ...]]


class Leader(Shape):
    """The leader who carries the case (领导包案), and the plan once it is approved."""

    person_id: UUID
    name: str
    state: str
    opened_at: datetime
    planned_at: datetime | None
    responsible: str | None
    until_on: date | None
    plan: str
    duties: tuple[str, ...]
    contacts: int
    contacted_on: date | None
    outcome: str | None


class Link(Shape):
    """Another case of the same matter (重复), earlier or later than this one."""

    id: UUID
    number: str
    subject: str
    state_name: str
    opened_at: datetime
    is_closed: bool
    is_earlier: bool


class Case(Shape):
    """A case as this person may see it now. Personal values are masked; `POST .../readings`
    opens them and leaves a record."""

    model_config = shapes.example(
        {
            "id": shapes.EXAMPLE_ID,
            "number": "4803-7152-6",
            "version": 1,
            "process": "dispute",
            "process_name": "Dispute",
            "state": "filed",
            "state_name": "Awaiting acceptance",
            "is_done": False,
            "is_closed": False,
            "subject": "3号楼502漏水，402天花板受损",
            "category": "0201",
            "category_name": "Neighbours",
            "grade": None,
            "scale": None,
            "channel": None,
            "route": None,
            "confidentiality": "normal",
            "origin_grid": "420303001002001",
            "grid_name": "花果园社区第1网格",
            "lead_office_id": shapes.OTHER_ID,
            "lead_office": "花果园社区案件台",
            "lead_office_kind": "case_desk",
            "areas": ["42", "4203", "420303", "420303001", "420303001002"],
            "area_names": ["湖北省", "十堰市", "张湾区", "花果街道", "花果园社区"],
            "supervising_level": None,
            "supervision": None,
            "supervisor": None,
            "handler": None,
            "filer": "示例网格员",
            "leader": None,
            "links": [],
            "likely": [],
            "light": "green",
            "is_stuck": False,
            "due_at": "2026-03-25T16:00:00Z",
            "received_at": "2026-03-20T08:00:00Z",
            "opened_at": "2026-03-20T08:00:00Z",
            "done_at": None,
            "closed_at": None,
            "updated_at": "2026-03-20T08:00:00Z",
            "code": None,
            "invitations": [],
            "parties": [
                {
                    "no": 1,
                    "side": "applicant",
                    "values": [
                        {
                            "key": "1:applicant_name",
                            "field": "applicant_name",
                            "name": "Applicant's name",
                            "kind": "name",
                            "masked": "张**",
                            "can_open": True,
                        }
                    ],
                }
            ],
            "actions": [
                {
                    "name": "accept",
                    "title": "Accept",
                    "fields_schema": {
                        "type": "object",
                        "properties": {
                            "note": {
                                "title": "Note",
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 500,
                            }
                        },
                        "required": [],
                        "additionalProperties": False,
                    },
                    "candidates": {},
                }
            ],
            "now": "2026-03-20T08:05:00Z",
        }
    )

    id: UUID
    number: str
    version: int
    process: str
    process_name: str
    state: str
    state_name: str
    is_done: bool
    is_closed: bool
    subject: str
    category: str | None
    category_name: str | None
    grade: str | None
    scale: str | None
    channel: str | None
    route: str | None
    confidentiality: str
    origin_grid: str
    grid_name: str
    lead_office_id: UUID
    lead_office: str
    lead_office_kind: str
    areas: tuple[str, ...]
    area_names: tuple[str, ...]
    supervising_level: int | None
    supervision: Literal["ladder", "hand"] | None
    supervisor: str | None
    handler: str | None
    filer: str | None
    leader: Leader | None
    links: tuple[Link, ...]
    likely: tuple[Link, ...]
    light: Light
    is_stuck: bool
    due_at: datetime | None
    received_at: datetime
    opened_at: datetime
    done_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    code: str | None
    invitations: tuple[Invitation, ...]
    parties: tuple[Party, ...]
    actions: tuple[Action, ...]
    now: datetime
