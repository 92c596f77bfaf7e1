"""People and their way in: accounts, passwords, sessions, tokens; opening personal values."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pwdlib
from sqlalchemy import and_, bindparam, delete, insert, select, update

from rules import errors
from workflow import access, clock, db, ids, personal, read, write
from workflow.commands import office
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import office as tables
from workflow.tables import personal as personal_tables

_PERSON: Final = tables.Person.__table__  # type: ignore[attr-defined]
_ACCOUNT: Final = tables.Account.__table__  # type: ignore[attr-defined]
_SESSION: Final = tables.LoginSession.__table__  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
_READ: Final = personal_tables.PersonalRead.__table__  # type: ignore[attr-defined]

HASHER: Final = pwdlib.PasswordHash.recommended()
FAILURES: Final = 5
LOCKED_MIN: Final = 10
SEEN_EVERY_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody who will hold a post. Without a password nobody logs in as them."""

    id: UUID
    name: str
    username: str | None = None
    password: str | None = None


def add_people(database: db.Database, people: Iterable[NewPerson]) -> int:
    """Adds persons, with accounts where they have a user name."""
    found = list(people)
    accounts = [
        {
            "person_id": person.id,
            "username": person.username,
            "password_hash": HASHER.hash(person.password) if person.password else None,
            "failed": 0,
        }
        for person in found
        if person.username
    ]
    with db.transaction(database) as tx:
        db.add_rows(tx, _PERSON, [{"id": p.id, "name": p.name} for p in found])
        db.add_rows(tx, _ACCOUNT, accounts)
        office.log(tx, "people_added", {"count": len(found), "accounts": len(accounts)})
    return len(found)


# -- logging in ---------------------------------------------------------------------------------

# A user name that does not exist costs the same time as one that does. Of a thrown-away password,
# written down because making it costs every start 64 MiB.
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$ADQLIeWDjhJNlsiTNZnZzQ"
    "$iRiWqKvQWHIvLzI2tKUZHFAWIBKDBSNuEnBsODQEW1Y"
)


def log_in(database: db.Database, username: str, password: str, *, kind: str, max_days: int) -> str:
    """Opens a session and gives its token, which is stored only as a hash.

    Raises: `login.wrong`, whatever was wrong; `login.locked` after repeated failures.
    """
    now = clock.system()
    account = _account(database, username)
    locked_until = account.locked_until if account else None
    if locked_until is not None and locked_until > now:
        raise errors.NotPermitted("login.locked", minutes=LOCKED_MIN)
    stored = account.password_hash if account and not account.disabled_at else None
    is_right = HASHER.verify(password, stored or _NOBODY) and stored is not None
    if account is None or not is_right:
        _count_failure(database, account, now=now)
        raise errors.NotPermitted("login.wrong")
    token = secrets.token_urlsafe(32)
    with db.transaction(database) as tx:
        tx.execute(
            update(_ACCOUNT)
            .where(_ACCOUNT.c.person_id == account.person_id)
            .values(failed=0, locked_until=None)
        )
        tx.execute(
            insert(_SESSION),
            {
                "token_hash": _hash(token),
                "person_id": account.person_id,
                "kind": kind,
                "created_at": now,
                "seen_at": now,
                "expires_at": now + timedelta(days=max_days),
            },
        )
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    person_id: UUID
    password_hash: str | None
    failed: int
    locked_until: datetime | None
    disabled_at: datetime | None


def _account(database: db.Database, username: str) -> _Account | None:
    columns = (
        _ACCOUNT.c.person_id,
        _ACCOUNT.c.password_hash,
        _ACCOUNT.c.failed,
        _ACCOUNT.c.locked_until,
        _ACCOUNT.c.disabled_at,
    )
    with db.snapshot(database) as tx:
        row = tx.execute(select(*columns).where(_ACCOUNT.c.username == username)).one_or_none()
    return None if row is None else _Account(**row._mapping)


def _count_failure(database: db.Database, account: _Account | None, *, now: datetime) -> None:
    if account is None:
        return
    failed = account.failed + 1
    until = now + timedelta(minutes=LOCKED_MIN) if failed >= FAILURES else None
    with db.transaction(database) as tx:
        tx.execute(
            update(_ACCOUNT)
            .where(_ACCOUNT.c.person_id == account.person_id)
            .values(failed=0 if until else failed, locked_until=until)
        )


# Index: the session's own key; post_holder, post_deputy.
SESSION: Final = (
    read.PEOPLE.add_columns(_SESSION.c.kind.label("carried"), _SESSION.c.seen_at)
    .add_columns(_SESSION.c.expires_at)
    .join(_ACCOUNT, _ACCOUNT.c.person_id == _PERSON.c.id)
    .join(_SESSION, _SESSION.c.person_id == _PERSON.c.id)
    .where(_SESSION.c.token_hash == bindparam("token_hash"), _ACCOUNT.c.disabled_at.is_(None))
)


def session_actor(database: db.Database, token: str, *, idle_min: int) -> access.Actor | None:
    """Who a session token stands for; None where it has ended. Rights are read afresh."""
    now = clock.system()
    with db.one_read(database) as tx:
        rows = tx.execute(SESSION, {"token_hash": _hash(token)}).all()
    if not rows or rows[0].expires_at <= now:
        return None
    if rows[0].carried == "browser" and rows[0].seen_at + timedelta(minutes=idle_min) <= now:
        return None
    if now - rows[0].seen_at > timedelta(seconds=SEEN_EVERY_S):
        _touch(database, token, now=now)
    return read.one_actor(rows)


def _touch(database: db.Database, token: str, *, now: datetime) -> None:
    with db.transaction(database) as tx:
        tx.execute(
            update(_SESSION).where(_SESSION.c.token_hash == _hash(token)).values(seen_at=now)
        )


def log_out(database: db.Database, token: str) -> None:
    """Ends a session."""
    with db.transaction(database) as tx:
        tx.execute(delete(_SESSION).where(_SESSION.c.token_hash == _hash(token)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# -- personal values -------------------------------------------------------------------------------


def open_values(
    engine: Engine, actor: access.Actor, case_id: UUID, *, reason: str, only: Collection[str] = ()
) -> dict[str, str]:
    """The personal values of a case that this actor may read, by `seq:field`; for a resident none
    of an act that they do not see. The reading is recorded where the party can see it.

    Raises: `case.unknown`.
    """
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        case = read.case_row(tx, case_id)
        recused = read.recused(tx, case_id)
        if case is None or not access.may_see(house.rules.pack, actor, case, recused=recused):
            raise errors.NotFound("case.unknown")
        rights = access.field_rights(house.rules.pack, actor, case, recused=recused)
        rules = read.rules(tx, case.pack_hash)
        specs, actions = rules.pack.fields, rules.flow(case.process).process.actions
        hidden = {name for name, action in actions.items() if not action.resident_sees}
        rows = tx.execute(
            select(_SEALED)
            .join(
                _EVENT, and_(_EVENT.c.case_id == _SEALED.c.case_id, _EVENT.c.seq == _SEALED.c.seq)
            )
            .where(
                _SEALED.c.case_id == case_id,
                _SEALED.c.field.in_(list(specs)),
                _EVENT.c.name.not_in(hidden if actor.kind == "resident" else ()),
            )
            .order_by(_SEALED.c.seq)
        )
        found = {
            f"{row.seq}:{row.field}": engine.seals.open(
                row.sealed,
                nonce=row.nonce,
                place=personal.place_of(case_id, seq=row.seq, field=row.field),
            )
            for row in rows
            if rights.get(specs[row.field].seen_by or "") == "open"
            and (not only or row.field in only)
        }
        if found and actor.person_id is not None:
            record_reading(tx, actor.person_id, case_id, sorted(found), reason=reason, at=house.now)
        return found


def record_reading(
    tx: db.Tx, person_id: UUID, case_id: UUID, fields: list[str], *, reason: str, at: datetime
) -> None:
    """Notes that somebody opened values, named as `seq:field`, where the party can see it."""
    names = sorted({key.split(":", 1)[1] for key in fields})
    tx.execute(
        insert(_READ),
        {
            "id": ids.uuid7(),
            "month": write.month(at),
            "case_id": case_id,
            "at": at,
            "person_id": person_id,
            "fields": ", ".join(names)[:400],
            "reason": reason[:200],
        },
    )
