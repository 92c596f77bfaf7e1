"""The installation: areas, offices, processes, the board, notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from api.routes import shapes
from api.routes.shapes import Shape
from api.routes.shapes.told import Length


class Area(Shape):
    """A node of the area tree, under its official code."""

    code: str
    name: str
    level: str
    depth: int
    parent_code: str | None


class Areas(Shape):
    """An area with those directly below it; the roots where none was named."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "code": "420303",
                    "name": "张湾区",
                    "level": "district",
                    "depth": 3,
                    "parent_code": "4203",
                }
            ]
        }
    )

    items: tuple[Area, ...]


class Office(Shape):
    """An organ at an area."""

    id: UUID
    kind: str
    name: str
    area_code: str
    superior_id: UUID | None


class Offices(Shape):
    """The offices of one area."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "id": shapes.EXAMPLE_ID,
                    "kind": "petition_office",
                    "name": "张湾区信访局",
                    "area_code": "420303",
                    "superior_id": None,
                }
            ]
        }
    )

    items: tuple[Office, ...]


class ProcessLine(Shape):
    """A process of the active pack."""

    name: str
    title: str
    kind: str


class Processes(Shape):
    """All processes of the active pack."""

    model_config = shapes.example(
        {"items": [{"name": "dispute", "title": "Dispute", "kind": "dispute"}]}
    )

    items: tuple[ProcessLine, ...]


class State(Shape):
    """Where a case can stand."""

    name: str
    title: str
    owner: tuple[str, ...]
    is_done: bool
    is_end: bool


class ProcessAction(Shape):
    """What can be done, from which states, by which roles. `to` is null where the state stays."""

    name: str
    title: str
    source: tuple[str, ...]
    to: str | None
    by: tuple[str, ...]
    fields_schema: dict[str, Any]


class Clock(Shape):
    """A time limit of a process, with its source. `until` names the field that sets its end,
    `no_later_than` the clocks with which it ends at the latest."""

    rule: str
    name: str
    limit: Length | None
    until: str | None
    no_later_than: tuple[str, ...]
    tag: str
    source: str
    belongs_to: str | None
    ladder: str | None
    starts: tuple[str, ...]
    stops: tuple[str, ...]


class Process(Shape):
    """A process of the active pack, with its states, actions and time limits."""

    model_config = shapes.example(
        {
            "name": "dispute",
            "title": "Dispute",
            "kind": "dispute",
            "states": [
                {
                    "name": "filed",
                    "title": "Awaiting acceptance",
                    "owner": ["case_desk"],
                    "is_done": False,
                    "is_end": False,
                }
            ],
            "actions": [
                {
                    "name": "accept",
                    "title": "Accept",
                    "source": ["filed"],
                    "to": "accepted",
                    "by": ["case_desk"],
                    "fields_schema": {"type": "object", "properties": {}, "required": []},
                }
            ],
            "deadlines": [
                {
                    "rule": "dispute.accept",
                    "name": "Decide whether to accept",
                    "limit": {"n": 3, "unit": "working_day"},
                    "until": None,
                    "no_later_than": [],
                    "tag": "default",
                    "source": "本规则包约定",
                    "belongs_to": None,
                    "ladder": "default",
                    "starts": ["file_case"],
                    "stops": ["accept", "refuse", "withdraw"],
                }
            ],
        }
    )

    name: str
    title: str
    kind: str
    states: tuple[State, ...]
    actions: tuple[ProcessAction, ...]
    deadlines: tuple[Clock, ...]


class Notice(Shape):
    """A notice in the app."""

    key: str
    case_id: UUID
    subject: str
    text: str
    sent_at: datetime
    is_read: bool


class Notices(Shape):
    """A person's notices, newest first."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "key": f"{shapes.EXAMPLE_ID}.1.1",
                    "case_id": shapes.EXAMPLE_ID,
                    "subject": "3号楼502漏水，402天花板受损",
                    "text": "Dispute 4803-7152-6 was filed. Decide on it by 2026-03-25.",
                    "sent_at": "2026-03-20T08:00:01Z",
                    "is_read": False,
                }
            ],
            "unread": 1,
        }
    )

    items: tuple[Notice, ...]
    unread: int
