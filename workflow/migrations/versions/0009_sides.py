"""Whom a paper to both sides was served to, where it was one of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column. What was served before reached all whom it was to."""
    op.add_column("service", sa.Column("side", sa.String(20), nullable=False, server_default=""))
    op.drop_index("service_paper", "service")
    op.create_index("service_paper", "service", ["case_id", "paper_no", "side"], unique=True)
