"""The outbox: what somebody is to be told, over which channels, and whether they were."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, literal_column, text
from sqlmodel import Field, SQLModel


class Notice(SQLModel, table=True):
    """One notice to one person, written with the event that caused it and sent later.
    `words` are the facts its text is filled with; never a name or a phone."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    seq: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    month: int
    cause: str = Field(max_length=60)
    receiver_id: UUID = Field(foreign_key="person.id")
    words: str
    state: str = Field(default="queued", max_length=10)
    tries: int = Field(default=0)
    next_try_at: datetime | None = None
    queued_at: datetime
    sent_at: datetime | None = None
    read_at: datetime | None = None

    __table_args__ = (
        CheckConstraint(
            "state in ('queued', 'sent', 'dropped', 'dead')",
            name="notice_state",
        ),
        Index(
            "notice_queue",
            "next_try_at",
            postgresql_where=text("state = 'queued'"),
            sqlite_where=text("state = 'queued'"),
        ),
        Index("notice_receiver", "receiver_id", "sent_at"),
    )


class Delivery(SQLModel, table=True):
    """One notice on its way over one channel outside the app: a row of the ledger. What is due
    for one person and channel goes as one message, whose `message_id` every further try keeps.
    `ready_at` is office time (quiet hours, digest), `next_try_at` the database's own: the
    next try, or while `sending` when the try counts as lost."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    seq: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    channel: str = Field(primary_key=True, max_length=20)
    receiver_id: UUID = Field(foreign_key="person.id")
    state: str = Field(default="waiting", max_length=10)
    ready_at: datetime
    next_try_at: datetime
    tries: int = Field(default=0)
    message_id: UUID | None = None
    error: str | None = Field(default=None, max_length=60)
    queued_at: datetime
    sent_at: datetime | None = None

    __table_args__ = (
        CheckConstraint(
            "state in ('waiting', 'sending', 'sent', 'dead', 'dropped')", name="delivery_state"
        ),
        CheckConstraint("(state = 'sent') = (sent_at is not null)", name="delivery_sent"),
        Index(
            "delivery_queue",
            "ready_at",
            "receiver_id",
            "channel",
            postgresql_where=text("state in ('waiting', 'sending')"),
            sqlite_where=text("state in ('waiting', 'sending')"),
        ),
        Index(
            "delivery_dead",
            "queued_at",
            "case_id",
            postgresql_where=text("state = 'dead'"),
            sqlite_where=text("state = 'dead'"),
        ),
        Index("delivery_receiver", "receiver_id", "queued_at"),
    )


_STATE = Delivery.__table__.c.state  # type: ignore[attr-defined]
IN_TRANSIT: Final = _STATE.in_((literal_column("'waiting'"), literal_column("'sending'")))
IS_DEAD: Final = literal_column("'dead'") == _STATE
"""The conditions of the indexes `delivery_queue` and `delivery_dead`, to the letter: SQLite
proves none from another."""

AWAY: Final = frozenset({"delivery.unreachable", "delivery.timeout"})
"""Errors of a channel, and not of one message."""


class Contact(SQLModel, table=True):
    """Where a person is reached outside the app, and when they want to be. The address is
    sealed; `masked` is what pages show."""

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    channel: str = Field(primary_key=True, max_length=20)
    rhythm: str = Field(max_length=10)
    key_id: int
    nonce: bytes = Field(max_length=12)
    sealed: bytes
    masked: str = Field(max_length=60)
    updated_at: datetime

    __table_args__ = (
        CheckConstraint("rhythm in ('at_once', 'digest', 'off')", name="contact_rhythm"),
    )
