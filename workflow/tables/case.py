"""One case: its row, and everything keyed by its id."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

LIGHTS = ("green", "yellow", "red", "grey")

IS_STUCK: Final = text("is_stuck")
"""The condition of the index `case_stuck`, which queries use to the letter: SQLite proves none
from another, and SQLAlchemy would write `is_stuck = 1`."""
IS_OPEN: Final = text("not is_closed")
"""The condition of the index `case_open`, likewise."""
IS_SENT: Final = text("sender_id is not null")
"""The condition of the index `case_sender`, which an equality proves: disputes are not in it."""

IS_RESTRICTED: Final = text("confidentiality <> 'normal' and not is_closed")
"""The condition of the indexes `case_restricted_<relation>`: those whom an open restricted case
names find it among few."""
NAMES: Final = ("lead_office", "sender", "handler", "filer", "leader", "supervisor")


class CaseFile(SQLModel, table=True):
    """A case as it stands now; the fold of its events.

    `area_1` .. `area_6` are the lead office's area and what lies above it. `next_at` is when
    the sweep must look again. `acted_version` is the version that the last person's act
    made: a rung in between does not spoil what somebody is typing. `due_at` is the earliest
    running deadline, for lists; a case without one carries `NEVER`, so that a keyset can
    order all of them. `supervision` says who put it under supervision: the `ladder`, whose
    supervision ends when what was late is done, or somebody by `hand`. `repeats` counts the
    earlier cases of the same matter that it is linked to, through all links. `sender_id` is the
    office that sent it on to another last, and may have to answer for that.
    """

    __tablename__ = "case_file"

    id: UUID = Field(primary_key=True)
    number: str = Field(unique=True, max_length=12)
    process: str = Field(max_length=40)
    kind: str = Field(max_length=20)
    pack_hash: str = Field(foreign_key="pack.hash", max_length=64)
    state: str = Field(max_length=40)
    is_done: bool = Field(default=False)
    is_closed: bool = Field(default=False)
    version: int
    acted_version: int
    seq: int
    head: bytes = Field(max_length=32)
    category: str | None = Field(default=None, max_length=10)
    grade: str | None = Field(default=None, max_length=20)
    scale: str | None = Field(default=None, max_length=20)
    channel: str | None = Field(default=None, max_length=20)
    route: str | None = Field(default=None, max_length=20)
    petition_class: str | None = Field(default=None, max_length=20)
    confidentiality: str = Field(default="normal", max_length=20)
    subject: str = Field(max_length=200)
    parties: int = Field(default=0)
    repeats: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    origin_grid: str = Field(foreign_key="area.code", max_length=32)
    lead_office_id: UUID = Field(foreign_key="office.id")
    lead_kind: str = Field(max_length=40)
    level: int
    sender_id: UUID | None = Field(default=None, foreign_key="office.id")
    area_1: str | None = Field(default=None, max_length=32)
    area_2: str | None = Field(default=None, max_length=32)
    area_3: str | None = Field(default=None, max_length=32)
    area_4: str | None = Field(default=None, max_length=32)
    area_5: str | None = Field(default=None, max_length=32)
    area_6: str | None = Field(default=None, max_length=32)
    supervising_level: int | None = None
    supervision: str | None = Field(default=None, max_length=10)
    supervisor_id: UUID | None = Field(default=None, foreign_key="person.id")
    handler_id: UUID | None = Field(default=None, foreign_key="person.id")
    filer_id: UUID | None = Field(default=None, foreign_key="person.id")
    leader_id: UUID | None = Field(default=None, foreign_key="person.id")
    light: str = Field(max_length=10)
    is_stuck: bool = Field(default=False)
    cycle: int = Field(default=1)
    next_at: datetime | None = None
    due_at: datetime
    received_at: datetime
    opened_at: datetime
    done_at: datetime | None = None
    closed_at: datetime | None = None
    updated_at: datetime

    __table_args__ = (
        CheckConstraint("light in ('green', 'yellow', 'red', 'grey')", name="case_light"),
        CheckConstraint("confidentiality in ('normal', 'restricted')", name="case_confidentiality"),
        CheckConstraint("is_closed = (closed_at is not null)", name="case_closed"),
        CheckConstraint("not is_closed or next_at is null", name="case_closed_rests"),
        CheckConstraint("supervision in ('ladder', 'hand')", name="case_supervision"),
        # The sweep's claim: only rows that wait for something.
        Index(
            "case_next",
            "next_at",
            "id",
            postgresql_where=text("next_at is not null"),
            sqlite_where=text("next_at is not null"),
        ),
        # One keyset index per seat: an equality, open before closed, then by due date.
        *(Index(f"case_area_{n}", f"area_{n}", "is_closed", "due_at", "id") for n in range(1, 7)),
        Index("case_office", "lead_office_id", "is_closed", "due_at", "id"),
        Index("case_grid", "origin_grid", "is_closed", "due_at", "id"),
        Index("case_handler", "handler_id", "is_closed", "due_at", "id"),
        Index("case_filer", "filer_id", "is_closed", "due_at", "id"),
        Index("case_leader", "leader_id", "is_closed", "due_at", "id"),
        Index("case_supervisor", "supervisor_id", "is_closed", "due_at", "id"),
        Index(
            "case_sender",
            "sender_id",
            "is_closed",
            "due_at",
            "id",
            postgresql_where=IS_SENT,
            sqlite_where=IS_SENT,
        ),
        # The auditor's walk.
        Index("case_open", "id", postgresql_where=IS_OPEN, sqlite_where=IS_OPEN),
        *(
            Index(
                f"case_restricted_{name}",
                f"{name}_id",
                postgresql_where=IS_RESTRICTED,
                sqlite_where=IS_RESTRICTED,
            )
            for name in NAMES
        ),
        Index(
            "case_stuck",
            "is_stuck",
            "due_at",
            "id",
            postgresql_where=IS_STUCK,
            sqlite_where=IS_STUCK,
        ),
    )


class Event(SQLModel, table=True):
    """The fact that something happened; append-only. `payload` is canonical JSON without
    personal values, `commitments` their salted hashes, `hash` links to the one before."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    seq: int = Field(primary_key=True)
    month: int
    at: datetime
    name: str = Field(max_length=40)
    action_id: str = Field(max_length=120)
    actor_kind: str = Field(max_length=10)
    actor_id: UUID | None = None
    post_id: UUID | None = None
    payload: str
    commitments: str
    prev_hash: bytes = Field(max_length=32)
    hash: bytes = Field(max_length=32)

    __table_args__ = (
        Index("event_action", "case_id", "action_id", "seq"),
        CheckConstraint("actor_kind in ('person', 'resident', 'ladder')", name="event_actor"),
    )


class Deadline(SQLModel, table=True):
    """A time limit on a case. `owner`: an `office` owes it; a `party`'s or an `organ`'s window
    is a right that lapses. `fired` names the rungs already recorded in this cycle, as
    `rung.repetition` words (one that was not for this case ends with a dash), so that a plan
    that moves never skips or repeats one; `blocked` those that are due and that nobody can
    take. `pauses` and `extensions` are JSON lists with the number of the event that made each,
    so that one read brings all facts."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    rule: str = Field(max_length=60)
    owner: str = Field(max_length=20)
    state: str = Field(max_length=10)
    cycle: int
    started_by: int
    start_at: datetime
    due_at: datetime
    due_on: date
    is_provisional: bool
    calendar_hash: str = Field(foreign_key="calendar.hash", max_length=64)
    until_on: date | None = None
    extend_days: int = Field(default=0)
    pauses: str = Field(default="[]")
    extensions: str = Field(default="[]")
    fired: str = Field(default="", max_length=400)
    blocked: str = Field(default="", max_length=400)
    next_at: datetime | None = None
    missed_at: datetime | None = None
    ended_at: datetime | None = None
    charged_office_id: UUID | None = Field(default=None, foreign_key="office.id")

    __table_args__ = (
        CheckConstraint(
            "state in ('running', 'paused', 'met', 'met_late', 'lapsed', 'stopped')",
            name="deadline_state",
        ),
        CheckConstraint("owner in ('office', 'party', 'organ')", name="deadline_owner"),
        CheckConstraint(
            "(state in ('running', 'paused')) = (ended_at is null)", name="deadline_end"
        ),
    )


class Escalation(SQLModel, table=True):
    """A rung that fired: once per (case, deadline, rung, cycle, repetition), with the moment
    it was planned for and the moment it was recorded."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    deadline_no: int = Field(primary_key=True)
    rung: int = Field(primary_key=True)
    cycle: int = Field(primary_key=True)
    repetition: int = Field(primary_key=True)
    seq: int
    effect: str = Field(max_length=20)
    planned_at: datetime
    fired_at: datetime
    level: int
    target_post_id: UUID | None = None
    target_person_id: UUID | None = None
    at_top: bool = Field(default=False)

    __table_args__ = (
        CheckConstraint("fired_at >= planned_at", name="escalation_never_early"),
        Index("escalation_time", "fired_at"),
    )


class Assignment(SQLModel, table=True):
    """A leader who carries the case (领导包案). `duties` are names of fields of the pack;
    `contacts` counts what was logged, `contacted_on` is the last day of it; `outcome` says
    whether the party signed off (`signed`) or why not was recorded (`unsigned`)."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    state: str = Field(max_length=20)
    person_id: UUID = Field(foreign_key="person.id")
    post_id: UUID | None = Field(default=None, foreign_key="post.id")
    opened_at: datetime
    opened_by: int
    planned_at: datetime | None = None
    responsible_id: UUID | None = Field(default=None, foreign_key="person.id")
    until_on: date | None = None
    ended_at: datetime | None = None
    duties: str = Field(default="", max_length=400, sa_column_kwargs={"server_default": ""})
    proposed_at: datetime | None = None
    agreed_at: datetime | None = None
    contacts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    contacted_on: date | None = None
    outcome: str | None = Field(default=None, max_length=10)

    __table_args__ = (
        CheckConstraint("state in ('awaiting_plan', 'active', 'ended')", name="assignment_state"),
        Index("assignment_person", "person_id", "state", "case_id"),
        Index(
            "assignment_open",
            "case_id",
            postgresql_where=text("state <> 'ended'"),
            sqlite_where=text("state <> 'ended'"),
        ),
    )


class Party(SQLModel, table=True):
    """One side of a case. Names and addresses stand in sealed rows."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    side: str = Field(max_length=20)


class Link(SQLModel, table=True):
    """A case of the same matter that was there before. Linked by event `seq`, and for ever: no
    case is deleted. `kind` is that of the first tie between the two."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    no: int = Field(primary_key=True)
    other_case_id: UUID = Field(foreign_key="case_file.id")
    kind: str = Field(max_length=10)
    seq: int

    __table_args__ = (
        CheckConstraint("kind in ('repeat', 'merge')", name="link_kind"),
        CheckConstraint("case_id <> other_case_id", name="link_other"),
        Index("link_other_case", "other_case_id", "case_id", unique=True),
    )


class Recusal(SQLModel, table=True):
    """A person who must not see, handle or receive this case."""

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    seq: int

    __table_args__ = (Index("recusal_person", "person_id", "case_id"),)


class OfficeTie(SQLModel, table=True):
    """An office in a relation to a case other than leading it. `complained`: it is complained
    about, so that it and its line below neither see, handle nor receive the case. `parted`: it
    was sent the case and objected; the common superior of those decides."""

    __tablename__ = "office_tie"

    case_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    office_id: UUID = Field(primary_key=True, foreign_key="office.id")
    relation: str = Field(primary_key=True, max_length=12)
    seq: int

    __table_args__ = (
        CheckConstraint("relation in ('complained', 'parted')", name="office_tie_relation"),
        Index("office_tie_line", "office_id", "case_id"),
    )


class RollUp(SQLModel, table=True):
    """Counts for boards, kept by the command that changes them."""

    __tablename__ = "roll_up"

    lead_office_id: UUID = Field(primary_key=True)
    origin_grid: str = Field(primary_key=True, max_length=32)
    process: str = Field(primary_key=True, max_length=40)
    state: str = Field(primary_key=True, max_length=40)
    light: str = Field(primary_key=True, max_length=10)
    confidentiality: str = Field(primary_key=True, max_length=20)
    n: int


class Tally(SQLModel, table=True):
    """What an office answers for, by month, kept by the command that does it: `missed` limits
    (charged to who held the case), cases `returned`, and days on which clocks of its cases were
    `paused`. Restricted cases are not counted: a board shows it."""

    office_id: UUID = Field(primary_key=True, foreign_key="office.id")
    month: int = Field(primary_key=True)
    process: str = Field(primary_key=True, max_length=40)
    what: str = Field(primary_key=True, max_length=12)
    n: int

    __table_args__ = (
        CheckConstraint("what in ('missed', 'returned', 'paused')", name="tally_what"),
    )


class Trend(SQLModel, table=True):
    """How many cases an office led at the beginning of a local day, by light. Restricted cases
    are not counted."""

    counted_on: date = Field(primary_key=True)
    office_id: UUID = Field(primary_key=True, foreign_key="office.id")
    process: str = Field(primary_key=True, max_length=40)
    green: int
    yellow: int
    red: int
    grey: int
