"""What commands, queries and the sweep work with: one database and the keys of its values."""

from __future__ import annotations

from dataclasses import dataclass

from workflow import db, personal, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One installation, opened."""

    database: db.Database
    seals: personal.Seals


def start(chosen: settings.Settings) -> Engine:
    """Opens the installation that the settings name. Connects lazily."""
    return Engine(
        database=db.open(chosen.url, pool_size=chosen.pool_size),
        seals=personal.Seals(chosen.key()),
    )


def stop(engine: Engine) -> None:
    """Closes its connections."""
    db.close(engine.database)
