"""The office that sent a case on, which decides on an objection to that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# By the post that sent it on: of the act itself nothing was kept but this.
BACKFILL = """
update case_file set sender_id = (
    select post.office_id from event join post on post.id = event.post_id
    where event.case_id = case_file.id and event.name in ('transfer', 'transfer_again')
    order by event.seq desc limit 1
)
where case_file.process = 'petition' and not case_file.is_closed
"""


def upgrade() -> None:
    """Adds the column with its index, and fills it for petitions under way."""
    reference = "char(32)" if op.get_bind().dialect.name == "sqlite" else "uuid"
    # Written out: SQLite adds a column with its reference in place, where alembic would copy
    # the table.
    op.execute(f"alter table case_file add column sender_id {reference} references office (id)")
    op.execute(BACKFILL)
    is_sent = sa.text("sender_id is not null")
    op.create_index(
        "case_sender",
        "case_file",
        ["sender_id", "is_closed", "due_at", "id"],
        postgresql_where=is_sent,
        sqlite_where=is_sent,
    )
