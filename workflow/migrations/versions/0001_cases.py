"""Offices, cases, clocks, ladders, sealed values, outbox: the tables the product starts with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915  one table after the other
    """Creates all tables."""
    op.create_table(
        "area",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("parent_code", sa.String(length=32), nullable=True),
        sa.Column("area_1", sa.String(length=32), nullable=True),
        sa.Column("area_2", sa.String(length=32), nullable=True),
        sa.Column("area_3", sa.String(length=32), nullable=True),
        sa.Column("area_4", sa.String(length=32), nullable=True),
        sa.Column("area_5", sa.String(length=32), nullable=True),
        sa.Column("area_6", sa.String(length=32), nullable=True),
        sa.CheckConstraint("depth between 1 and 6", name="area_depth"),
        sa.ForeignKeyConstraint(
            ["parent_code"],
            ["area.code"],
        ),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("area_parent", "area", ["parent_code", "code"], unique=False)
    op.create_table(
        "calendar",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "office_log",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "pack",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=30), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "roll_up",
        sa.Column("lead_office_id", sa.Uuid(), nullable=False),
        sa.Column("origin_grid", sa.String(length=32), nullable=False),
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("light", sa.String(length=10), nullable=False),
        sa.Column("confidentiality", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "lead_office_id", "origin_grid", "process", "state", "light", "confidentiality"
        ),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("beat_at", UTCDateTime(), nullable=False),
        sa.Column("tick_at", UTCDateTime(), nullable=True),
        sa.Column("tick_ms", sa.Integer(), nullable=False),
        sa.Column("ticks", sa.Integer(), nullable=False),
        sa.Column("fired", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "account",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=50), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", UTCDateTime(), nullable=True),
        sa.Column("disabled_at", UTCDateTime(), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("offset_s", sa.Integer(), nullable=False),
        sa.Column("pack_hash", sa.String(length=64), nullable=True),
        sa.Column("calendar_hash", sa.String(length=64), nullable=True),
        sa.Column("directory_id", sa.Uuid(), nullable=False),
        sa.Column("seeded_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("id = 1", name="installation_one"),
        sa.CheckConstraint("is_demo or offset_s = 0", name="installation_offset"),
        sa.ForeignKeyConstraint(
            ["calendar_hash"],
            ["calendar.hash"],
        ),
        sa.ForeignKeyConstraint(
            ["pack_hash"],
            ["pack.hash"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("kind in ('browser', 'token')", name="login_session_kind"),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(
        op.f("ix_login_session_person_id"), "login_session", ["person_id"], unique=False
    )
    op.create_table(
        "office",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("area_code", sa.String(length=32), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("superior_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["area.code"],
        ),
        sa.ForeignKeyConstraint(
            ["superior_id"],
            ["office.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("office_area", "office", ["area_code", "kind"], unique=False)
    op.create_table(
        "case_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("process", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("pack_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("acted_version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("category", sa.String(length=10), nullable=True),
        sa.Column("grade", sa.String(length=20), nullable=True),
        sa.Column("scale", sa.String(length=20), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("route", sa.String(length=20), nullable=True),
        sa.Column("confidentiality", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("parties", sa.Integer(), nullable=False),
        sa.Column("origin_grid", sa.String(length=32), nullable=False),
        sa.Column("lead_office_id", sa.Uuid(), nullable=False),
        sa.Column("lead_kind", sa.String(length=40), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("area_1", sa.String(length=32), nullable=True),
        sa.Column("area_2", sa.String(length=32), nullable=True),
        sa.Column("area_3", sa.String(length=32), nullable=True),
        sa.Column("area_4", sa.String(length=32), nullable=True),
        sa.Column("area_5", sa.String(length=32), nullable=True),
        sa.Column("area_6", sa.String(length=32), nullable=True),
        sa.Column("supervising_level", sa.Integer(), nullable=True),
        sa.Column("handler_id", sa.Uuid(), nullable=True),
        sa.Column("filer_id", sa.Uuid(), nullable=True),
        sa.Column("leader_id", sa.Uuid(), nullable=True),
        sa.Column("light", sa.String(length=10), nullable=False),
        sa.Column("is_stuck", sa.Boolean(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "confidentiality in ('normal', 'restricted')", name="case_confidentiality"
        ),
        sa.CheckConstraint("light in ('green', 'yellow', 'red', 'grey')", name="case_light"),
        sa.CheckConstraint("is_closed = (closed_at is not null)", name="case_closed"),
        sa.CheckConstraint("not is_closed or next_at is null", name="case_closed_rests"),
        sa.ForeignKeyConstraint(
            ["filer_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["handler_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["lead_office_id"],
            ["office.id"],
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["origin_grid"],
            ["area.code"],
        ),
        sa.ForeignKeyConstraint(
            ["pack_hash"],
            ["pack.hash"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(
        "case_area_1", "case_file", ["area_1", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_area_2", "case_file", ["area_2", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_area_3", "case_file", ["area_3", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_area_4", "case_file", ["area_4", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_area_5", "case_file", ["area_5", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_area_6", "case_file", ["area_6", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_filer", "case_file", ["filer_id", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_grid", "case_file", ["origin_grid", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_handler", "case_file", ["handler_id", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_leader", "case_file", ["leader_id", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_next",
        "case_file",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_at is not null"),
        sqlite_where=sa.text("next_at is not null"),
    )
    op.create_index(
        "case_office", "case_file", ["lead_office_id", "is_closed", "due_at", "id"], unique=False
    )
    op.create_index(
        "case_stuck",
        "case_file",
        ["is_stuck", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("is_stuck"),
        sqlite_where=sa.text("is_stuck"),
    )
    op.create_table(
        "post",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("scope_code", sa.String(length=32), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deputy_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["holder_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["office_id"],
            ["office.id"],
        ),
        sa.ForeignKeyConstraint(
            ["scope_code"],
            ["area.code"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("post_deputy", "post", ["deputy_id"], unique=False)
    op.create_index("post_holder", "post", ["holder_id"], unique=False)
    op.create_index("post_office", "post", ["office_id", "role", "rank"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=True),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state in ('awaiting_plan', 'active', 'ended')", name="assignment_state"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["responsible_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    op.create_index(
        "assignment_person", "assignment", ["person_id", "state", "case_id"], unique=False
    )
    op.create_table(
        "deadline",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=False),
        sa.Column("start_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("calendar_hash", sa.String(length=64), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("extend_days", sa.Integer(), nullable=False),
        sa.Column("pauses", sa.String(), nullable=False),
        sa.Column("extensions", sa.String(), nullable=False),
        sa.Column("fired", sa.String(length=400), nullable=False),
        sa.Column("is_blocked", sa.Boolean(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.Column("missed_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("charged_office_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state in ('running', 'paused')) = (ended_at is null)", name="deadline_end"
        ),
        sa.CheckConstraint("owner in ('office', 'party', 'organ')", name="deadline_owner"),
        sa.CheckConstraint(
            "state in ('running', 'paused', 'met', 'met_late', 'lapsed', 'stopped')",
            name="deadline_state",
        ),
        sa.ForeignKeyConstraint(
            ["calendar_hash"],
            ["calendar.hash"],
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["charged_office_id"],
            ["office.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    op.create_table(
        "escalation",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("deadline_no", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("repetition", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("effect", sa.String(length=20), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=False),
        sa.Column("fired_at", UTCDateTime(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("target_post_id", sa.Uuid(), nullable=True),
        sa.Column("target_person_id", sa.Uuid(), nullable=True),
        sa.Column("at_top", sa.Boolean(), nullable=False),
        sa.CheckConstraint("fired_at >= planned_at", name="escalation_never_early"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "deadline_no", "rung", "cycle", "repetition"),
    )
    op.create_index("escalation_time", "escalation", ["fired_at"], unique=False)
    op.create_table(
        "event",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("action_id", sa.String(length=120), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("commitments", sa.String(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("actor_kind in ('person', 'resident', 'ladder')", name="event_actor"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_index("event_action", "event", ["case_id", "action_id", "seq"], unique=False)
    op.create_table(
        "notice",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UTCDateTime(), nullable=True),
        sa.Column("queued_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("read_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("state in ('queued', 'sent', 'dropped', 'dead')", name="notice_state"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "seq", "n"),
    )
    op.create_index(
        "notice_queue",
        "notice",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
        sqlite_where=sa.text("state = 'queued'"),
    )
    op.create_index("notice_receiver", "notice", ["receiver_id", "sent_at"], unique=False)
    op.create_table(
        "party",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    op.create_table(
        "personal_read",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("fields", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("personal_read_case", "personal_read", ["case_id", "at"], unique=False)
    op.create_table(
        "recusal",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "person_id"),
    )
    op.create_index("recusal_person", "recusal", ["person_id", "case_id"], unique=False)
    op.create_table(
        "sealed_value",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("party_no", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(length=200), nullable=False),
        sa.Column("finder", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "seq", "field"),
    )
    op.create_index("sealed_finder", "sealed_value", ["finder"], unique=False)
