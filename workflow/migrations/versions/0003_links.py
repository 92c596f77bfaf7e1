"""Repeated filing: links between cases of one matter, and how many earlier ones a case has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table and the column."""
    op.add_column(
        "case_file", sa.Column("repeats", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_table(
        "link",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("other_case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('repeat')", name="link_kind"),
        sa.CheckConstraint("case_id <> other_case_id", name="link_other"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["other_case_id"], ["case_file.id"]),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    op.create_index("link_other_case", "link", ["other_case_id", "case_id"], unique=True)
