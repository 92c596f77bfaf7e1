"""Whether the ladder did what it should: the auditor's place, and the alarms it raised."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel


class Auditor(SQLModel, table=True):
    """The one row about the auditor's walk over all open cases: how far this round is, and what
    the last one found. `looked_at` is the auditor's own sign of life. Times are the database's."""

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    after_id: UUID | None = None
    looked: int = Field(default=0)
    differing: int = Field(default=0)
    looked_at: datetime | None = None
    round_at: datetime | None = None
    ended_at: datetime | None = None
    ended_looked: int = Field(default=0)
    ended_differing: int = Field(default=0)

    __table_args__ = (CheckConstraint("id = 1", name="auditor_one"),)


class Alarm(SQLModel, table=True):
    """Something that should not be: raised once for its subject, told again while it lasts,
    closed when it is over. `kind` names the texts; `case_id` is set where it is about a case,
    and whoever may not see the case does not see the alarm."""

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=40)
    subject: str = Field(max_length=120)
    case_id: UUID | None = Field(default=None, foreign_key="case_file.id")
    first_at: datetime
    last_at: datetime
    times: int = Field(default=1)
    closed_at: datetime | None = None

    __table_args__ = (
        Index(
            "alarm_open",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("closed_at is null"),
            sqlite_where=text("closed_at is null"),
        ),
        Index("alarm_case", "case_id"),
    )
