"""Notices outside the app, absences, supervision by a person, auditor and alarms, tallies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables and columns."""
    op.create_table(
        "auditor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("looked_at", UTCDateTime(), nullable=True),
        sa.Column("round_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_looked", sa.Integer(), nullable=False),
        sa.Column("ended_differing", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name="auditor_one"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("entered_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("until_on >= from_on", name="absence_days"),
        sa.ForeignKeyConstraint(
            ["entered_by"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("absence_person", "absence", ["person_id", "until_on"], unique=False)

    op.create_table(
        "contact",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("rhythm", sa.String(length=10), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(length=60), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("rhythm in ('at_once', 'digest', 'off')", name="contact_rhythm"),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id", "channel"),
    )
    op.create_table(
        "tally",
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("what in ('missed', 'returned', 'paused')", name="tally_what"),
        sa.ForeignKeyConstraint(
            ["office_id"],
            ["office.id"],
        ),
        sa.PrimaryKeyConstraint("office_id", "month", "process", "what"),
    )
    op.create_table(
        "trend",
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("green", sa.Integer(), nullable=False),
        sa.Column("yellow", sa.Integer(), nullable=False),
        sa.Column("red", sa.Integer(), nullable=False),
        sa.Column("grey", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["office_id"],
            ["office.id"],
        ),
        sa.PrimaryKeyConstraint("counted_on", "office_id", "process"),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alarm_case", "alarm", ["case_id"], unique=False)
    op.create_index(
        "alarm_open",
        "alarm",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
        sqlite_where=sa.text("closed_at is null"),
    )

    op.create_table(
        "delivery",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ready_at", UTCDateTime(), nullable=False),
        sa.Column("next_try_at", UTCDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("error", sa.String(length=60), nullable=True),
        sa.Column("queued_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'sent') = (sent_at is not null)", name="delivery_sent"),
        sa.CheckConstraint(
            "state in ('waiting', 'sending', 'sent', 'dead', 'dropped')", name="delivery_state"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "seq", "n", "channel"),
    )
    op.create_index(
        "delivery_dead",
        "delivery",
        ["queued_at", "case_id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
        sqlite_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "delivery_queue",
        "delivery",
        ["ready_at", "receiver_id", "channel"],
        unique=False,
        postgresql_where=sa.text("state in ('waiting', 'sending')"),
        sqlite_where=sa.text("state in ('waiting', 'sending')"),
    )
    op.create_index("delivery_receiver", "delivery", ["receiver_id", "queued_at"], unique=False)
    op.execute(
        "insert into auditor (id, looked, differing, ended_looked, ended_differing) "
        "values (1, 0, 0, 0, 0)"
    )

    # Written out: SQLite adds a column with its checks and references in place, where alembic
    # would copy the table.
    op.execute(
        "alter table case_file add column supervision varchar(10) "
        "constraint case_supervision check (supervision in ('ladder', 'hand'))"
    )
    reference = "char(32)" if op.get_bind().dialect.name == "sqlite" else "uuid"
    op.execute(f"alter table case_file add column supervisor_id {reference} references person (id)")
    op.execute("alter table deadline add column blocked varchar(400) default '' not null")
    op.execute("update case_file set supervision = 'ladder' where supervising_level is not null")
    op.create_index(
        "case_supervisor",
        "case_file",
        ["supervisor_id", "is_closed", "due_at", "id"],
        unique=False,
    )
    op.create_index(
        "case_open",
        "case_file",
        ["id"],
        unique=False,
        postgresql_where=sa.text("not is_closed"),
        sqlite_where=sa.text("not is_closed"),
    )
    # What a clock was blocked at is found, and told, anew with the next sweep.
    op.execute("update deadline set next_at = start_at where is_blocked")
    op.execute("update case_file set next_at = received_at where is_stuck and not is_closed")
    op.execute("alter table deadline drop column is_blocked")
    op.add_column("worker", sa.Column("skew_ms", sa.Integer(), server_default="0", nullable=False))
    op.add_column("worker", sa.Column("stopped_at", UTCDateTime(), nullable=True))
