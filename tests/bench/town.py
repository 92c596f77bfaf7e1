"""Where the benches run: a durable database, and a district with enough offices in it that
writers do not all count on the same row of the roll-up."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import insert

from rules import load
from tests import office as small
from tests import postgres
from tests.bench.measure import Dialect
from workflow import access, db, ids, read
from workflow.commands import office, packs, people
from workflow.engine import Engine
from workflow.tables import office as office_tables

_PACK: Final = office_tables.Pack.__table__  # type: ignore[attr-defined]

DURABLE: Final[Mapping[str, str]] = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": "60",
    "timezone": "UTC",
}
"""What an office would run: every commit is on the disk."""

COMMUNITIES: Final = 40
GRIDS: Final = 5
STREETS: Final = (
    (small.OTHER_STREET, "other_street", "other_supervisor"),
    (small.STREET, "street", "supervisor"),
)
"""The streets of the small district, each with its office and who supervises there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A grid, and who acts for it, by role."""

    code: str
    actors: Mapping[str, access.Actor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The district with its grids."""

    engine: Engine
    district: small.District
    grids: tuple[Grid, ...]


@contextmanager
def fresh(dialect: Dialect) -> Iterator[str]:
    """The address of an empty database without tables, on disk."""
    if dialect == "sqlite":
        with tempfile.TemporaryDirectory(prefix="gridcase-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    with postgres.server(DURABLE) as server:
        name = "gridcase_bench"
        url = server.create(name)
        try:
            yield url
        finally:
            server.drop(name)


@contextmanager
def opened(dialect: Dialect, *, start: str) -> Iterator[Town]:
    """A town on a database of its own, whose office time stands at a local moment."""
    with fresh(dialect) as url:
        database = db.open(url)
        try:
            db.upgrade(database)
            yield build(small.build(database, start=start))
        finally:
            db.close(database)


def build(district: small.District, *, communities: int = COMMUNITIES) -> Town:
    """Adds communities, each with desk, committee, grids and their people, by commands; a leader
    of the street's office carries what is grave in one of them."""
    database = district.engine.database
    _without_papers(database)
    areas, offices, persons, posts = [], [], [], []
    staff: dict[str, dict[str, UUID]] = {}
    for n in range(communities):
        street, street_office, supervisor = STREETS[n % len(STREETS)]
        community = f"{street}{100 + n:03d}"
        areas.append(_area(community, "community", street))
        grids = [f"{community}{g:03d}" for g in range(1, GRIDS + 1)]
        areas.extend(_area(grid, "grid", community) for grid in grids)
        desk, committee = ids.uuid7(), ids.uuid7()
        for key, kind in ((desk, "case_desk"), (committee, "mediation_committee")):
            offices.append(
                office.NewOffice(
                    id=key,
                    kind=kind,
                    name=f"单位 {community}",
                    area_code=community,
                    superior_id=district.offices[street_office],
                )
            )
        held = [
            ("case_desk", desk, community, grids),
            ("mediator", committee, community, grids),
            ("leader", district.offices[street_office], street, grids),
            *(("grid_officer", desk, grid, [grid]) for grid in grids),
        ]
        for role, at, scope, served in held:
            person = ids.uuid7()
            persons.append(
                people.NewPerson(
                    id=person, name=f"演示{scope}", username=f"{role}.{scope}.{community}"
                )
            )
            posts.append(
                office.NewPost(
                    id=ids.uuid7(), role=role, office_id=at, scope_code=scope, holder_id=person
                )
            )
            for grid in served:
                staff.setdefault(grid, {"supervisor": district.people[supervisor]})[role] = person
    office.add_areas(database, areas)
    office.add_offices(database, offices)
    people.add_people(database, persons)
    office.add_posts(database, posts)
    return Town(engine=district.engine, district=district, grids=_grids(district.engine, staff))


def _without_papers(database: db.Database) -> None:
    """The shipped pack without its papers, as a pack of its own. What a paper costs, its reading
    and its number, only acts that make one pay; what is measured here is an act."""
    with db.transaction(database) as tx:
        document = json.loads(load.release(load.NATIONAL)[0].document)
        del document["papers"], document["provisions"]  # which name them
        document["deadlines"] = {
            name: rule for name, rule in document["deadlines"].items() if "unserved" not in rule
        }
        waits = document["processes"]["petition"]["actions"]["send_down"]  # for a paper, and by it
        del waits["outside"]
        waits["needs"] = ["lower_office"]  # knows where to
        document["examples"] = [
            one for one in document["examples"] if one["deadline"] in document["deadlines"]
        ]
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        loaded = load.from_document(text)
        row = {"hash": loaded.hash, "name": loaded.pack.name, "version": loaded.pack.version}
        tx.execute(insert(_PACK), row | {"document": text, "added_at": db.now(tx)})
        packs.activate(tx, loaded.hash)


def _area(code: str, level: str, parent: str) -> office.NewArea:
    return office.NewArea(code=code, name=f"地区{code}", level=level, parent_code=parent)


def _grids(engine: Engine, staff: Mapping[str, Mapping[str, UUID]]) -> tuple[Grid, ...]:
    everybody = sorted({person for roles in staff.values() for person in roles.values()})
    with db.snapshot(engine.database) as tx:
        actors = read.actors(tx, everybody)
    return tuple(
        Grid(code=code, actors={role: actors[person] for role, person in roles.items()})
        for code, roles in staff.items()
    )
