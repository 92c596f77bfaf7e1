"""An area as a board looks at it: what lies above and below it, and the offices there.

Kept in memory while the directory stays as it is, like the lines of offices.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, or_, select

from rules import errors
from workflow import db, read
from workflow.tables import office as office_tables

_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_HERE: Final = office_tables.Area.__table__.alias("here")  # type: ignore[attr-defined]
_DEPTHS: Final = range(1, 7)

# The areas above, the area itself and those below, with their offices. The directory is small,
# and this is read once for every change of it.
PLACE: Final = (
    select(
        *(_AREA.code, _AREA.name, _AREA.level, _AREA.depth, _AREA.parent_code),
        *(_AREA[f"area_{n}"] for n in _DEPTHS),
        _OFFICE.id,
        _OFFICE.name.label("office"),
        _OFFICE.kind,
    )
    .select_from(_HERE)
    .join(
        _AREA.code.table,
        or_(
            *(_AREA[f"area_{n}"] == _HERE.c.code for n in _DEPTHS),
            *(_AREA.code == _HERE.c[f"area_{n}"] for n in _DEPTHS),
        ),
    )
    .outerjoin(_OFFICE.id.table, _OFFICE.area_code == _AREA.code)
    .where(_HERE.c.code == bindparam("code"))
    .order_by(_AREA.depth, _AREA.code, _OFFICE.name, _OFFICE.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An area's code and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """An office at or below the area. `path` is its area's, root first; `level` that area's."""

    id: UUID
    name: str
    kind: str
    level: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One area. `above` begins at the root; `names` knows the offices above as well."""

    code: str
    name: str
    level: str
    depth: int
    above: tuple[Named, ...]
    below: tuple[Named, ...]
    offices: tuple[Seated, ...]
    names: Mapping[UUID, str]

    def is_in(self, code: str) -> bool:
        """Whether it is that area or lies below it."""
        return code == self.code or any(area.code == code for area in self.above)


_PLACES: OrderedDict[tuple[UUID, str], Place] = OrderedDict()
MAX_PLACES: Final = 500


def place(tx: db.Tx, code: str, *, at: read.House) -> Place:
    """The area of that code. Raises: `area.unknown`."""
    found = _PLACES.get((at.directory_id, code))
    if found is None:
        rows = tx.execute(PLACE, {"code": code}).all()
        if not rows:
            raise errors.NotFound("area.unknown", field="area", area=code)
        found = _PLACES[at.directory_id, code] = _place(code, rows)
        while len(_PLACES) > MAX_PLACES:
            _PLACES.popitem(last=False)
    return found


def _place(code: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> Place:
    areas = {row.code: row for row in rows}
    here = areas[code]
    seated = [row for row in rows if row.id is not None]
    return Place(
        code=code,
        name=here.name,
        level=here.level,
        depth=here.depth,
        above=tuple(_named(row) for row in areas.values() if row.depth < here.depth),
        below=tuple(_named(row) for row in areas.values() if row.parent_code == code),
        offices=tuple(_seated(row) for row in seated if code in _path(row)),
        names={row.id: row.office for row in seated},
    )


def _named(row: Row[*tuple[Any, ...]]) -> Named:
    return Named(code=row.code, name=row.name)


def _seated(row: Row[*tuple[Any, ...]]) -> Seated:
    return Seated(id=row.id, name=row.office, kind=row.kind, level=row.level, path=_path(row))


def _path(row: Row[*tuple[Any, ...]]) -> tuple[str, ...]:
    return tuple(code for n in _DEPTHS if (code := getattr(row, f"area_{n}")) is not None)
