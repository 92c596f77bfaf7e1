"""A person's own notices: marked as read."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Update, bindparam, update

from rules import errors
from workflow import access, db
from workflow.tables import delivery

_NOTICE: Final = delivery.Notice.__table__  # type: ignore[attr-defined]
MOST: Final = 999_999_999
"""Above any number of an event; a database's integer holds it."""
_MINE: Final[Update] = (
    update(_NOTICE)
    .where(
        _NOTICE.c.receiver_id == bindparam("person_id"),
        _NOTICE.c.state == "sent",
        _NOTICE.c.read_at.is_(None),
    )
    .values(read_at=bindparam("at"))
)
_ONE: Final[Update] = _MINE.where(
    _NOTICE.c.case_id == bindparam("of_case"),
    _NOTICE.c.seq == bindparam("of_seq"),
    _NOTICE.c.n == bindparam("of_n"),
)


def mark_read(database: db.Database, actor: access.Actor, *, key: str | None = None) -> int:
    """Marks one notice of a person as read, or all of them. Gives how many were new.

    Raises: `notice.unknown`.
    """
    values: dict[str, Any] = {"person_id": actor.person_id}
    if key is not None:
        values |= _place(key)
    with db.transaction(database) as tx:
        values["at"] = db.now(tx)
        found: int = tx.execute(_MINE if key is None else _ONE, values).rowcount
    return found


def _place(key: str) -> dict[str, Any]:
    """A notice's key, as `queries.office.inbox` gives it."""
    parts = key.split(".")
    try:
        case_id, seq, n = UUID(parts[0]), int(parts[1]), int(parts[2])
    except (ValueError, IndexError) as error:
        raise errors.NotFound("notice.unknown") from error
    if not (0 <= seq <= MOST and 0 <= n <= MOST):
        raise errors.NotFound("notice.unknown")
    return {"of_case": case_id, "of_seq": seq, "of_n": n}
