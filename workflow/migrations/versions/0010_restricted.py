"""Open restricted cases by whom they name, for boards that count them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the indexes, which hold few rows."""
    is_restricted = sa.text("confidentiality <> 'normal' and not is_closed")
    for name in ("lead_office", "sender", "handler", "filer", "leader", "supervisor"):
        op.create_index(
            f"case_restricted_{name}",
            "case_file",
            [f"{name}_id"],
            postgresql_where=is_restricted,
            sqlite_where=is_restricted,
        )
