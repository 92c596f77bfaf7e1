"""Packs and calendars of the installation: added as available, activated by choice."""

from __future__ import annotations

import json
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update

from rules import calendars, check, errors, load
from workflow import db, read
from workflow.commands import office
from workflow.tables import office as tables

_PACK: Final = tables.Pack.__table__  # type: ignore[attr-defined]
_CALENDAR: Final = tables.Calendar.__table__  # type: ignore[attr-defined]
_PROVED: Final[set[tuple[str, str]]] = set()
"""Hashes of packs and calendars that this process has found sound together."""
_HOUSE: Final = tables.Installation.__table__  # type: ignore[attr-defined]
_LOG: Final = tables.OfficeLog.__table__.c  # type: ignore[attr-defined]
IMPORTS: Final = select(_LOG.payload).where(_LOG.name == "calendar_imported").order_by(_LOG.seq)


def ship(
    database: db.Database, *, name: str = load.NATIONAL, folder: load.Folder | None = None
) -> str:
    """Adds a pack that comes with this release, or that of a folder, and its calendar; activates
    them where none is. Gives the pack's hash.

    Raises: PackInvalid, and then nothing is added.
    """
    loaded, calendar, document = load.with_calendar(folder) if folder else load.release(name)
    _prove(loaded, calendar)
    with db.transaction(database) as tx:
        add(tx, loaded, calendar, document=document)
        chosen = tx.execute(select(_HOUSE.c.pack_hash)).scalar()
        if chosen is None:
            activate(tx, loaded.hash, calendar_hash=calendar.hash)
    return loaded.hash


def add(tx: db.Tx, loaded: load.Loaded, calendar: calendars.Calendar, *, document: str) -> None:
    """Keeps a checked pack and a calendar. Raises: PackInvalid where the pack is not sound."""
    _prove(loaded, calendar)
    now = db.now(tx)
    if tx.execute(select(_PACK.c.hash).where(_PACK.c.hash == loaded.hash)).scalar() is None:
        pack = loaded.pack
        row = {"hash": loaded.hash, "name": pack.name, "version": pack.version}
        tx.execute(insert(_PACK), row | {"document": loaded.document, "added_at": now})
        office.log(tx, "pack_added", {"hash": loaded.hash, "name": pack.name})
    known = select(_CALENDAR.c.hash).where(_CALENDAR.c.hash == calendar.hash)
    if tx.execute(known).scalar() is None:
        row = {"hash": calendar.hash, "zone": calendar.zone, "document": document}
        tx.execute(insert(_CALENDAR), row | {"added_at": now})
        office.log(tx, "calendar_added", {"hash": calendar.hash})


def activate(
    tx: db.Tx, pack_hash: str, *, calendar_hash: str | None = None, actor_id: UUID | None = None
) -> None:
    """New cases start under this pack; open ones keep theirs. The only way in: what does not
    pass the check of this release starts no case, however it got into the database.

    Raises: `pack.unknown`, `calendar.unknown`, `installation.empty`; PackInvalid.
    Invariant: I10.
    """
    chosen = {"pack_hash": pack_hash}
    if calendar_hash is not None:
        chosen["calendar_hash"] = calendar_hash
    under = calendar_hash or tx.execute(select(_HOUSE.c.calendar_hash)).scalar()
    if under is None:
        raise errors.NotNow("installation.empty")
    _prove(_stored(tx, pack_hash), read.calendar(tx, _beginning(tx, under)))
    tx.execute(update(_HOUSE).values(**chosen))
    office.log(tx, "pack_activated", chosen, actor_id=actor_id)


def switch(database: db.Database, pack_hash: str) -> None:
    """Makes a stored pack the one that new cases start under; nothing where it is already.

    Raises: `pack.unknown`; PackInvalid where this release cannot read it, or finds it unsound.
    """
    with db.transaction(database) as tx:
        if tx.execute(select(_HOUSE.c.pack_hash)).scalar() != pack_hash:
            activate(tx, pack_hash)


def _stored(tx: db.Tx, pack_hash: str) -> load.Loaded:
    """Raises: `pack.unknown`; PackInvalid where this release cannot read it."""
    document = tx.execute(read.PACK, {"hash": pack_hash}).scalar()
    if document is None:
        raise errors.NotFound("pack.unknown", field="hash", hash=pack_hash)
    return load.from_document(document)


def _beginning(tx: db.Tx, calendar_hash: str) -> str:
    """The calendar that notices were imported into until it became this one: worked examples are
    of that one, and no pack is unsound because a holiday was moved."""
    began: dict[str, str] = {}
    for text in tx.execute(IMPORTS).scalars():
        row = json.loads(text)
        began.setdefault(row["calendar"], began.get(row["before"], row["before"]))
    return began.get(calendar_hash, calendar_hash)


def _prove(loaded: load.Loaded, calendar: calendars.Calendar) -> None:
    """Raises: PackInvalid with all that the check finds."""
    if (loaded.hash, calendar.hash) in _PROVED:
        return
    faults = check.check(loaded.pack, calendar, places=loaded.places)
    if faults:
        raise errors.PackInvalid(faults)
    _PROVED.add((loaded.hash, calendar.hash))
