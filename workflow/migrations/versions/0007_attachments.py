"""Files attached to a case, first the receipts of papers that were served."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "attachment",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("paper_no", sa.Integer(), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("media", sa.String(length=60), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=12), nullable=False),
        sa.Column("attached_by", sa.Uuid(), nullable=True),
        sa.Column("attached_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("size_bytes > 0", name="attachment_size"),
        sa.ForeignKeyConstraint(["attached_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.PrimaryKeyConstraint("case_id", "no"),
    )
    op.create_index("attachment_id", "attachment", ["case_id", "id"], unique=True)
    op.create_index("attachment_name", "attachment", ["name"], unique=True)
