"""Areas, offices, posts and the people who hold them; packs, calendars, the installation."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel


class Area(SQLModel, table=True):
    """A node of the area tree, under its official code. `area_1` is the root of the tree,
    the area itself stands in the column of its own depth."""

    code: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=100)
    level: str = Field(max_length=20)
    depth: int
    parent_code: str | None = Field(default=None, foreign_key="area.code", max_length=32)
    area_1: str | None = Field(default=None, max_length=32)
    area_2: str | None = Field(default=None, max_length=32)
    area_3: str | None = Field(default=None, max_length=32)
    area_4: str | None = Field(default=None, max_length=32)
    area_5: str | None = Field(default=None, max_length=32)
    area_6: str | None = Field(default=None, max_length=32)

    __table_args__ = (
        CheckConstraint("depth between 1 and 6", name="area_depth"),
        Index("area_parent", "parent_code", "code"),
    )


class Office(SQLModel, table=True):
    """An organ at an area. Two offices of one area are two different things. `line` is the
    office itself and what it answers to, up to the top: their ids in hexadecimal, a blank
    between."""

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=40)
    name: str = Field(max_length=100)
    area_code: str = Field(foreign_key="area.code", max_length=32)
    depth: int
    superior_id: UUID | None = Field(default=None, foreign_key="office.id")
    line: str = Field(default="", max_length=400)

    __table_args__ = (Index("office_area", "area_code", "kind"),)


class Person(SQLModel, table=True):
    """Somebody who holds a post. Residents are not persons of the system."""

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=50)


class Account(SQLModel, table=True):
    """A person's way to log in. Without a password hash nobody can."""

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    username: str = Field(unique=True, max_length=50)
    password_hash: str | None = Field(default=None, max_length=200)
    failed: int = Field(default=0)
    locked_until: datetime | None = None
    disabled_at: datetime | None = None
    language: str | None = Field(default=None, max_length=10)


class LoginSession(SQLModel, table=True):
    """A browser that has logged in, or a token of a program; only its hash is stored."""

    __tablename__ = "login_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    kind: str = Field(max_length=10)
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    __table_args__ = (CheckConstraint("kind in ('browser', 'token')", name="login_session_kind"),)


class Post(SQLModel, table=True):
    """A role held in an office. `scope_code` is the office's area or one below it."""

    id: UUID = Field(primary_key=True)
    role: str = Field(max_length=40)
    office_id: UUID = Field(foreign_key="office.id")
    scope_code: str = Field(foreign_key="area.code", max_length=32)
    holder_id: UUID | None = Field(default=None, foreign_key="person.id")
    deputy_id: UUID | None = Field(default=None, foreign_key="person.id")
    rank: int = Field(default=0)

    __table_args__ = (
        Index("post_office", "office_id", "role", "rank"),
        Index("post_holder", "holder_id"),
        Index("post_deputy", "deputy_id"),
    )


class Absence(SQLModel, table=True):
    """Days on which a person is away, both included: the ladder passes them over. Ended early,
    `until_on` is what it became."""

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    from_on: date
    until_on: date
    entered_by: UUID | None = Field(default=None, foreign_key="person.id")
    entered_at: datetime

    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="absence_days"),
        Index("absence_person", "person_id", "until_on"),
    )


class Installation(SQLModel, table=True):
    """The one row about this data set. `offset_s` moves office time ahead of the database's;
    it is other than zero only where `is_demo`, and only grows. `directory_id` is drawn anew
    with every change of an area, office or post, so that a process can keep what it has read
    of them and know when it is out of date."""

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    is_demo: bool = Field(default=False)
    offset_s: int = Field(default=0)
    pack_hash: str | None = Field(default=None, foreign_key="pack.hash", max_length=64)
    calendar_hash: str | None = Field(default=None, foreign_key="calendar.hash", max_length=64)
    directory_id: UUID
    seeded_at: datetime | None = None

    __table_args__ = (
        CheckConstraint("id = 1", name="installation_one"),
        CheckConstraint("is_demo or offset_s = 0", name="installation_offset"),
    )


class Pack(SQLModel, table=True):
    """A pack as loaded, under the hash of its content."""

    hash: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=60)
    version: str = Field(max_length=30)
    document: str
    added_at: datetime


class Calendar(SQLModel, table=True):
    """A calendar as loaded; a deadline names the one it was computed with."""

    hash: str = Field(primary_key=True, max_length=64)
    zone: str = Field(max_length=40)
    document: str
    added_at: datetime


class OfficeLog(SQLModel, table=True):
    """What was done to the installation itself, as a chain of its own."""

    __tablename__ = "office_log"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    name: str = Field(max_length=40)
    actor_id: UUID | None = None
    payload: str
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class Worker(SQLModel, table=True):
    """A process that sweeps, and when it was last alive, in the database's own time. `skew_ms` is
    how far its clock runs ahead of that; `stopped_at` says that it ended by itself."""

    id: UUID = Field(primary_key=True)
    host: str = Field(max_length=100)
    pid: int
    started_at: datetime
    beat_at: datetime
    tick_at: datetime | None = None
    tick_ms: int = Field(default=0)
    ticks: int = Field(default=0)
    fired: int = Field(default=0)
    errors: int = Field(default=0)
    skew_ms: int = Field(default=0)
    stopped_at: datetime | None = None
