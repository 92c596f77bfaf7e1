"""Files of materials: what came from outside into the file of a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lets a file belong to something else than a paper that was served."""
    with op.batch_alter_table("attachment") as table:
        table.alter_column("paper_no", new_column_name="of_no")
        table.alter_column("service_no", existing_type=sa.Integer(), nullable=True)
