"""Offices complained about, offices that part over a case, and the class of a petition."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OFFICE = sa.table(
    "office",
    sa.column("id", sa.Uuid()),
    sa.column("superior_id", sa.Uuid()),
    sa.column("line", sa.String()),
)


def upgrade() -> None:
    """Adds the table and columns, and writes down each office's line."""
    op.create_table(
        "office_tie",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.CheckConstraint("relation in ('complained', 'parted')", name="office_tie_relation"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["office_id"],
            ["office.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "office_id", "relation"),
    )
    op.create_index("office_tie_line", "office_tie", ["office_id", "case_id"], unique=False)
    op.add_column(
        "office", sa.Column("line", sa.String(length=400), server_default="", nullable=False)
    )
    op.add_column("case_file", sa.Column("petition_class", sa.String(length=20), nullable=True))
    _write_lines()


def _write_lines() -> None:
    """Each office and those above it; one that answers to itself in a circle ends there."""
    bind = op.get_bind()
    above: dict[uuid.UUID, uuid.UUID | None] = {
        row.id: row.superior_id
        for row in bind.execute(sa.select(_OFFICE.c.id, _OFFICE.c.superior_id))
    }
    rows = []
    for office in above:
        line: list[uuid.UUID] = []
        at: uuid.UUID | None = office
        while at is not None and at not in line:
            line.append(at)
            at = above.get(at)
        rows.append({"office": office, "words": " ".join(one.hex for one in line)})
    if rows:
        change = sa.update(_OFFICE).where(_OFFICE.c.id == sa.bindparam("office"))
        bind.execute(change.values(line=sa.bindparam("words")), rows)
