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
    """A time limit of a process, with its source. `until` names the field that sets its end."""

    rule: str
    name: str
    limit: Length | None
    until: str | None
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
                    "tag": "default",
                    "source": "本系统默认",
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


class Lights(Shape):
    """Open cases by light."""

    green: int
    yellow: int
    red: int
    grey: int


class AreaLine(Shape):
    """An area below one's own."""

    code: str
    name: str
    lights: Lights


class OfficeLine(Shape):
    """An office with what it leads, and what it has received but not accepted."""

    office_id: UUID
    name: str
    lights: Lights
    unaccepted: int


class Stuck(Shape):
    """A case that cannot escalate, and whom it looked for in vain."""

    case_id: UUID
    number: str
    subject: str
    effect: str
    role: str
    planned_at: datetime
    deadline: str


class RungCount(Shape):
    """How often the ladder did something in the last seven days, and how late at most."""

    effect: str
    n: int
    max_late_s: int


class Worker(Shape):
    """A process that sweeps."""

    id: UUID
    beat_age_s: int
    tick_ms: int
    fired: int
    errors: int
    is_alive: bool


class Board(Shape):
    """What a supervisor watches: open cases by light, area and office; the ladder; the workers."""

    model_config = shapes.example(
        {
            "now": "2026-03-26T02:00:00Z",
            "area_name": "张湾区",
            "post_id": shapes.EXAMPLE_ID,
            "total": {"green": 40, "yellow": 6, "red": 2, "grey": 3},
            "areas": [
                {
                    "code": "420303001",
                    "name": "花果街道",
                    "lights": {"green": 40, "yellow": 6, "red": 2, "grey": 3},
                }
            ],
            "offices": [
                {
                    "office_id": shapes.OTHER_ID,
                    "name": "花果园社区案件台",
                    "lights": {"green": 4, "yellow": 1, "red": 2, "grey": 0},
                    "unaccepted": 3,
                }
            ],
            "stuck": [],
            "ladder": [{"effect": "warn", "n": 6, "max_late_s": 2}],
            "workers": [
                {
                    "id": shapes.EXAMPLE_ID,
                    "beat_age_s": 1,
                    "tick_ms": 4,
                    "fired": 8,
                    "errors": 0,
                    "is_alive": True,
                }
            ],
            "queued_notices": 0,
        }
    )

    now: datetime
    area_name: str
    post_id: UUID
    total: Lights
    areas: tuple[AreaLine, ...]
    offices: tuple[OfficeLine, ...]
    stuck: tuple[Stuck, ...]
    ladder: tuple[RungCount, ...]
    workers: tuple[Worker, ...]
    queued_notices: int


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
