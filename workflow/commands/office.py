"""Setting up and changing the installation: areas, offices, posts. Each act is one row of
the office log, a chain of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, update

from rules import errors
from workflow import audit, db, ids
from workflow.tables import case as case_tables
from workflow.tables import office as tables

_AREA: Final = tables.Area.__table__  # type: ignore[attr-defined]
_OFFICE: Final = tables.Office.__table__  # type: ignore[attr-defined]
_POST: Final = tables.Post.__table__  # type: ignore[attr-defined]
_HOUSE: Final = tables.Installation.__table__  # type: ignore[attr-defined]
_LOG: Final = tables.OfficeLog.__table__  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
_DEADLINE: Final = case_tables.Deadline.__table__  # type: ignore[attr-defined]

MAX_DEPTH: Final = 6
LAST: Final = select(_LOG.c.seq, _LOG.c.hash).order_by(_LOG.c.seq.desc()).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArea:
    """An area to add; its parent must be there, or come before it."""

    code: str
    name: str
    level: str
    parent_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOffice:
    """An office to add."""

    id: UUID
    kind: str
    name: str
    area_code: str
    superior_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """A post to add; `scope_code` defaults to the office's area."""

    id: UUID
    role: str
    office_id: UUID
    scope_code: str | None = None
    holder_id: UUID | None = None
    deputy_id: UUID | None = None
    rank: int = 0


def install(database: db.Database, *, is_demo: bool, offset_s: int = 0) -> None:
    """Makes the one row of the installation, once. Only a demo may have an offset."""
    with db.transaction(database) as tx:
        if tx.execute(select(func.count()).select_from(_HOUSE)).scalar_one() == 0:
            row = {"id": 1, "is_demo": is_demo, "offset_s": offset_s}
            tx.execute(insert(_HOUSE), row | {"directory_id": ids.uuid7()})
            log(tx, "installed", {"is_demo": is_demo, "offset_s": offset_s})


def add_areas(database: db.Database, areas: Iterable[NewArea]) -> int:
    """Adds areas, parents first. Gives how many.

    Raises: `area.parent_unknown`, `area.too_deep`, `area.exists`.
    """
    with db.transaction(database) as tx:
        paths = _paths(tx)
        rows = [_area_row(area, paths) for area in areas]
        if rows:
            db.add_rows(tx, _AREA, rows)
            renew_directory(tx)
            log(tx, "areas_added", {"count": len(rows), "first": str(rows[0]["code"])})
        return len(rows)


def _paths(tx: db.Tx) -> dict[str, tuple[str, ...]]:
    columns = [_AREA.c[f"area_{n}"] for n in range(1, MAX_DEPTH + 1)]
    return {
        row[0]: tuple(code for code in row[1:] if code is not None)
        for row in tx.execute(select(_AREA.c.code, *columns))
    }


def _area_row(area: NewArea, paths: dict[str, tuple[str, ...]]) -> dict[str, object]:
    if area.code in paths:
        raise errors.Conflict("area.exists", field="code", area=area.code)
    if area.parent_code is not None and area.parent_code not in paths:
        raise errors.Invalid("area.parent_unknown", field="parent_code", area=area.parent_code)
    path = (*paths.get(area.parent_code or "", ()), area.code)
    if len(path) > MAX_DEPTH:
        raise errors.Invalid("area.too_deep", field="code", max=MAX_DEPTH)
    paths[area.code] = path
    levels = (*path, *[None] * (MAX_DEPTH - len(path)))
    return {
        "code": area.code,
        "name": area.name,
        "level": area.level,
        "depth": len(path),
        "parent_code": area.parent_code,
        **{f"area_{n}": code for n, code in enumerate(levels, start=1)},
    }


def add_offices(database: db.Database, offices: Iterable[NewOffice]) -> int:
    """Adds offices, superiors first. Raises: `area.unknown`, `office.unknown`."""
    with db.transaction(database) as tx:
        depths = {row.code: row.depth for row in tx.execute(select(_AREA.c.code, _AREA.c.depth))}
        lines = {row.id: row.line for row in tx.execute(select(_OFFICE.c.id, _OFFICE.c.line))}
        rows = [_office_row(office, depths, lines) for office in offices]
        if rows:
            db.add_rows(tx, _OFFICE, rows)
            renew_directory(tx)
            log(tx, "offices_added", {"count": len(rows)})
        return len(rows)


def _office_row(
    office: NewOffice, depths: Mapping[str, int], lines: dict[UUID, str]
) -> dict[str, object]:
    depth = depths.get(office.area_code)
    if depth is None:
        raise errors.Invalid("area.unknown", field="area_code", area=office.area_code)
    above = "" if office.superior_id is None else lines.get(office.superior_id)
    if above is None:
        raise errors.Invalid("office.unknown", field="superior_id")
    lines[office.id] = f"{office.id.hex} {above}".rstrip()
    return {
        "id": office.id,
        "kind": office.kind,
        "name": office.name,
        "area_code": office.area_code,
        "depth": depth,
        "superior_id": office.superior_id,
        "line": lines[office.id],
    }


def add_posts(database: db.Database, posts: Iterable[NewPost]) -> int:
    """Adds posts. Raises: `office.unknown`."""
    with db.transaction(database) as tx:
        areas = {
            row.id: row.area_code for row in tx.execute(select(_OFFICE.c.id, _OFFICE.c.area_code))
        }
        rows = [_post_row(post, areas) for post in posts]
        if rows:
            db.add_rows(tx, _POST, rows)
            renew_directory(tx)
            log(tx, "posts_added", {"count": len(rows)})
            wake_stuck(tx)
        return len(rows)


def _post_row(post: NewPost, areas: Mapping[UUID, str]) -> dict[str, object]:
    if post.office_id not in areas:
        raise errors.Invalid("office.unknown", field="office_id", office=str(post.office_id))
    return {
        "id": post.id,
        "role": post.role,
        "office_id": post.office_id,
        "scope_code": post.scope_code or areas[post.office_id],
        "holder_id": post.holder_id,
        "deputy_id": post.deputy_id,
        "rank": post.rank,
    }


def appoint(
    database: db.Database, post_id: UUID, *, holder_id: UUID | None, deputy_id: UUID | None = None
) -> None:
    """Says who holds a post and who stands in. Cases that nobody could take go on.

    Raises: `post.unknown`.
    """
    with db.transaction(database) as tx:
        found = tx.execute(
            update(_POST)
            .where(_POST.c.id == post_id)
            .values(holder_id=holder_id, deputy_id=deputy_id)
        )
        if found.rowcount != 1:
            raise errors.NotFound("post.unknown", field="post_id")
        renew_directory(tx)
        log(
            tx,
            "appointed",
            {
                "post": str(post_id),
                "holder": _text(holder_id),
                "deputy": _text(deputy_id),
            },
        )
        wake_stuck(tx)


def renew_directory(tx: db.Tx) -> None:
    """Whoever kept what they read of areas, offices and posts reads it again."""
    tx.execute(update(_HOUSE).values(directory_id=ids.uuid7()))


def wake_stuck(tx: db.Tx) -> None:
    """Stuck cases are looked at again with the next tick. Their version moves, so that a
    command that read them as stuck reads them again."""
    now = db.now(tx)
    stuck = (case_tables.IS_STUCK, _CASE.c.is_closed.is_(False))
    # Case rows first, as the sweep takes them: then neither waits for the other in a circle.
    woken = update(_CASE).where(*stuck).values(next_at=now, version=_CASE.c.version + 1)
    if tx.execute(woken).rowcount:
        # Those of this moment: one that has got stuck since is woken by whoever found it so.
        these = select(_CASE.c.id).where(*stuck, _CASE.c.next_at == now)
        blocked = update(_DEADLINE).where(_DEADLINE.c.case_id.in_(these), _DEADLINE.c.blocked != "")
        tx.execute(blocked.values(next_at=now))


def advance(tx: db.Tx, *, seconds: int) -> None:
    """Moves a demo's office time forward. Raises: `clock.not_demo`, `clock.backwards`."""
    if seconds < 0:
        raise errors.Invalid("clock.backwards", field="seconds")
    found = tx.execute(
        update(_HOUSE).where(_HOUSE.c.is_demo).values(offset_s=_HOUSE.c.offset_s + seconds)
    )
    if found.rowcount != 1:
        raise errors.NotPermitted("clock.not_demo")


def log(
    tx: db.Tx, name: str, payload: Mapping[str, object], *, actor_id: UUID | None = None
) -> None:
    """One row of the office log, linked to the one before."""
    last = tx.execute(LAST).one_or_none()
    seq, prev = (last.seq + 1, last.hash) if last else (1, audit.START.hex())
    at, text = db.now(tx), audit.canonical(dict(payload))
    tx.execute(
        insert(_LOG),
        {
            "seq": seq,
            "at": at,
            "name": name,
            "actor_id": actor_id,
            "payload": text,
            "prev_hash": prev,
            "hash": audit.log_link(
                prev=prev, seq=seq, at=at, name=name, actor_id=actor_id, payload=text
            ),
        },
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
