"""Where alembic meets the tables. Migrations run on the connection that `db.upgrade` gives,
or, from the command line, on the database of the settings."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from workflow import db, settings
from workflow.db import postgres
from workflow.tables import case, delivery, office, personal, watch

TABLES = (case, delivery, office, personal, watch)


def migrate(connection: Connection) -> None:
    """Runs the migrations in one transaction, waiting at most a little for locks."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("set local lock_timeout = '10s'")
        connection.exec_driver_sql("set local statement_timeout = '30min'")
        postgres.unbounded(connection)
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with db.open(settings.Settings().url).engine.begin() as opened:
        migrate(opened)
