"""Where somebody is told of notices outside the app, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.routes import shapes
from api.routes.shapes import Shape

Channel = Literal["mail", "wecom", "dingtalk", "feishu", "sms"]
Rhythm = Literal["at_once", "digest", "off"]


class Contact(Shape):
    """One's own address on a channel, masked."""

    channel: Channel
    rhythm: Rhythm
    address: str
    updated_at: datetime


class Contacts(Shape):
    """One's own addresses; `offered` are the channels of this installation."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "channel": "mail",
                    "rhythm": "at_once",
                    "address": "d***@example.org",
                    "updated_at": "2026-03-20T08:00:00Z",
                }
            ],
            "offered": ["mail", "wecom"],
        }
    )

    items: tuple[Contact, ...]
    offered: tuple[Channel, ...]


class NewContact(Shape):
    """An address and when to use it. Without an address the one that is kept stays."""

    model_config = shapes.example({"address": "desk@example.org", "rhythm": "digest"})

    address: str | None = Field(default=None, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")
    rhythm: Rhythm


class Delivery(Shape):
    """One notice on its way over one channel. `ready_at` is when it may go at the earliest;
    `error` says why it has not arrived, or need not."""

    case_id: UUID
    number: str
    channel: Channel
    state: Literal["waiting", "sending", "sent", "dead", "dropped"]
    queued_at: datetime
    ready_at: datetime
    sent_at: datetime | None
    tries: int
    error: str | None


class Deliveries(Shape):
    """What went to somebody outside the app, newest first."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "case_id": shapes.EXAMPLE_ID,
                    "number": "6768-9961-9",
                    "channel": "mail",
                    "state": "sent",
                    "queued_at": "2026-03-20T08:00:00Z",
                    "ready_at": "2026-03-20T08:00:00Z",
                    "sent_at": "2026-03-20T08:00:02Z",
                    "tries": 1,
                    "error": None,
                }
            ]
        }
    )

    items: tuple[Delivery, ...]


class Dead(Shape):
    """Notices that could not be delivered to one person over one channel."""

    receiver_id: UUID
    name: str
    channel: Channel
    since_at: datetime
    notices: int
    error: str | None


class DeadList(Shape):
    """What could not be delivered, of the cases that one watches. `is_capped`: there is more."""

    model_config = shapes.example(
        {
            "items": [
                {
                    "receiver_id": shapes.EXAMPLE_ID,
                    "name": "示例受理员",
                    "channel": "mail",
                    "since_at": "2026-03-20T08:00:00Z",
                    "notices": 2,
                    "error": "delivery.refused",
                }
            ],
            "is_capped": False,
        }
    )

    items: tuple[Dead, ...]
    is_capped: bool


class Again(Shape):
    """Whose notices are to go once more, and over which channel."""

    model_config = shapes.example({"receiver_id": shapes.EXAMPLE_ID, "channel": "mail"})

    receiver_id: UUID
    channel: Channel


class Sent(Shape):
    """How many notices go once more."""

    model_config = shapes.example({"notices": 2})

    notices: int
