"""What commands, queries and the sweep work with: one database, the keys of its values, and the
folder of its files."""

from __future__ import annotations

from dataclasses import dataclass

from workflow import db, files, personal, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One installation, opened."""

    database: db.Database
    seals: personal.Seals
    files: files.Store


def start(chosen: settings.Settings) -> Engine:
    """Opens the installation that the settings name. Connects lazily."""
    return Engine(
        database=db.open(chosen.url, pool_size=chosen.pool_size),
        seals=personal.Seals(chosen.key()),
        files=store(chosen),
    )


def store(chosen: settings.Settings) -> files.Store:
    """The folder of attached files that the settings name."""
    return files.Store(
        folder=chosen.data_dir / files.FOLDER, most_bytes=chosen.attachment_max_mb * files.MB
    )


def stop(engine: Engine) -> None:
    """Closes its connections."""
    db.close(engine.database)
