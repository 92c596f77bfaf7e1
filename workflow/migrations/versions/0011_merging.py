"""Cases merged into an earlier one; cases of one phone from an index alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lets a link say that the case was merged; indexes what can be found, and nothing else."""
    with op.batch_alter_table("link") as table:
        table.drop_constraint("link_kind", type_="check")
        table.create_check_constraint("link_kind", "kind in ('repeat', 'merge')")
    op.drop_index("sealed_finder", "sealed_value")
    is_found = sa.text("finder is not null")
    op.create_index(
        "sealed_finder",
        "sealed_value",
        ["finder", "party_no", "case_id"],
        postgresql_where=is_found,
        sqlite_where=is_found,
    )
