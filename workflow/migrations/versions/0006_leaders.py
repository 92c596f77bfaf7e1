"""A leader's assignment: duties, the way of its plan, contacts, and how it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    for column in (
        sa.Column("duties", sa.String(length=400), server_default="", nullable=False),
        sa.Column("proposed_at", UTCDateTime(), nullable=True),
        sa.Column("agreed_at", UTCDateTime(), nullable=True),
        sa.Column("contacts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("contacted_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
    ):
        op.add_column("assignment", column)
    is_open = sa.text("state <> 'ended'")
    op.create_index(
        "assignment_open",
        "assignment",
        ["case_id"],
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
