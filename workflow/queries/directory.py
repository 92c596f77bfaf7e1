"""The people, posts and packs of an installation, as whoever sits at its machine lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, or_, select

from workflow import db, read
from workflow.tables import office as tables

_PERSON: Final = tables.Person.__table__.c  # type: ignore[attr-defined]
_ACCOUNT: Final = tables.Account.__table__.c  # type: ignore[attr-defined]
_ABSENCE: Final = tables.Absence.__table__.c  # type: ignore[attr-defined]
_AREA: Final = tables.Area.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = tables.Office.__table__.c  # type: ignore[attr-defined]
_POST: Final = tables.Post.__table__.c  # type: ignore[attr-defined]
_PACK: Final = tables.Pack.__table__.c  # type: ignore[attr-defined]
_HOUSE: Final = tables.Installation.__table__.c  # type: ignore[attr-defined]
_SCOPE: Final = tables.Area.__table__.alias("scope")  # type: ignore[attr-defined]

# Everybody, and until when they are away if they are today. Index: absence_person.
USERS: Final[Select[Any]] = (
    select(
        _PERSON.id,
        _PERSON.name,
        _ACCOUNT.username,
        _ACCOUNT.disabled_at,
        func.max(_ABSENCE.until_on).label("away_until_on"),
    )
    .select_from(_PERSON.id.table)
    .outerjoin(_ACCOUNT.person_id.table, _ACCOUNT.person_id == _PERSON.id)
    .outerjoin(
        _ABSENCE.id.table,
        and_(
            _ABSENCE.person_id == _PERSON.id,
            _ABSENCE.until_on >= bindparam("today"),
            _ABSENCE.from_on <= bindparam("today"),
        ),
    )
    .group_by(_PERSON.id, _PERSON.name, _ACCOUNT.username, _ACCOUNT.disabled_at)
    .order_by(_ACCOUNT.username, _PERSON.name, _PERSON.id)
)
POSTS: Final[Select[Any]] = (
    select(
        _POST.id,
        _POST.role,
        _POST.office_id,
        _OFFICE.name.label("office"),
        _POST.scope_code.label("scope"),
        _SCOPE.c.name.label("scope_name"),
        _POST.holder_id,
        _POST.deputy_id,
    )
    .select_from(_POST.id.table)
    .join(_OFFICE.id.table, _OFFICE.id == _POST.office_id)
    .join(_AREA.code.table, _AREA.code == _OFFICE.area_code)
    .join(_SCOPE, _SCOPE.c.code == _POST.scope_code)
    .order_by(_OFFICE.depth, _OFFICE.area_code, _OFFICE.name, _POST.role, _POST.rank, _POST.id)
)
POSTS_WITHIN: Final = POSTS.where(
    or_(*(_AREA[f"area_{n}"] == bindparam("area") for n in range(1, 7)))
)
ONE_POST: Final = POSTS.where(_POST.id == bindparam("post_id"))
PACKS: Final[Select[Any]] = (
    select(
        _PACK.hash,
        _PACK.name,
        _PACK.version,
        _PACK.added_at,
        _HOUSE.id.is_not(None).label("is_active"),
    )
    .select_from(_PACK.hash.table.outerjoin(_HOUSE.id.table, _HOUSE.pack_hash == _PACK.hash))
    .order_by(_PACK.added_at, _PACK.hash)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who holds posts or may. `username` is None where nobody logs in as them,
    `away_until_on` the last day of the absence that is under way."""

    id: UUID
    name: str
    username: str | None
    is_disabled: bool
    away_until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post, where it is, how far it reaches, and who is in it."""

    id: UUID
    role: str
    office_id: UUID
    office: str
    scope: str
    scope_name: str
    holder_id: UUID | None
    deputy_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPack:
    """A pack that new cases may be started under, and whether they are."""

    hash: str
    name: str
    version: str
    added_at: datetime
    is_active: bool


def users(database: db.Database) -> tuple[User, ...]:
    """Everybody, by user name."""
    with db.snapshot(database) as tx:
        rows = tx.execute(USERS, {"today": read.house(tx).today})
        return tuple(
            User(
                id=row.id,
                name=row.name,
                username=row.username,
                is_disabled=row.disabled_at is not None,
                away_until_on=row.away_until_on,
            )
            for row in rows
        )


def posts(database: db.Database, *, area: str | None = None) -> tuple[Post, ...]:
    """The posts of the offices in an area and below it, the highest first; all without one."""
    with db.snapshot(database) as tx:
        rows = tx.execute(POSTS_WITHIN, {"area": area}) if area else tx.execute(POSTS)
        return tuple(Post(**row._mapping) for row in rows)


def post(database: db.Database, post_id: UUID) -> Post | None:
    """One post."""
    with db.snapshot(database) as tx:
        row = tx.execute(ONE_POST, {"post_id": post_id}).one_or_none()
        return None if row is None else Post(**row._mapping)


def packs(database: db.Database) -> tuple[StoredPack, ...]:
    """The packs that are stored, in the order they came."""
    with db.snapshot(database) as tx:
        return tuple(StoredPack(**row._mapping) for row in tx.execute(PACKS))
