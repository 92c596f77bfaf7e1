"""The outbox: what somebody is to be told, and whether they were."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
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
