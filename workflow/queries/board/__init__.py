"""What a supervisor watches, at an area of the tree below their own or at one office in it.

Counts take in lead offices, as lists do. Of restricted cases those count in which the person is
named, and cases that they are recused from are taken off; a post that any case seeks in vain is
told, without the case. Three statements bring it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rules import errors
from rules import pack as pack_
from workflow import access, db, read
from workflow.queries import places
from workflow.queries.board import figures, gravest
from workflow.queries.board import health as health_
from workflow.queries.board.gravest import Blocker, LateCase, Step, StuckCase, WantedPost
from workflow.queries.board.health import AUDIT_SILENT_S, SILENT_S, AlarmLine, Health, WorkerLine
from workflow.queries.board.lines import (
    LIGHTS,
    AreaLine,
    Day,
    FairLine,
    HandlerLine,
    LevelLine,
    Lights,
    Lines,
    Month,
    OfficeLine,
    RungCount,
    StillLine,
    read_figures,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board(Lines):
    """One board, as of `now` (office time): of `place`, which is the seat's own area or below
    it, or of one `office` there."""

    health: Health
    post: access.HeldPost
    place: places.Place
    office: places.Seated | None
    late: tuple[LateCase, ...]
    stuck: tuple[StuckCase, ...]
    wanted: tuple[WantedPost, ...]

    @property
    def now(self) -> datetime:
        """Office time."""
        return self.health.house.now

    @property
    def above(self) -> tuple[places.Named, ...]:
        """The areas on the way back: from the seat's own down to the one above this."""
        codes = [area.code for area in self.place.above]
        if self.post.scope not in codes:
            return ()
        return self.place.above[codes.index(self.post.scope) :]

    @property
    def is_drilled(self) -> bool:
        """Whether it shows less than the whole seat."""
        return self.office is not None or self.place.code != self.post.scope


def board(
    database: db.Database,
    actor: access.Actor,
    *,
    area: str | None = None,
    office: UUID | None = None,
    with_past: bool = True,
) -> Board:
    """The board of the first post whose role has one. `with_past` adds what days and months have
    brought; without it `ladder`, `trend` and `fairness` are empty.

    Raises: `board.none`; `area.unknown`, `office.unknown` for what is not there or outside the
    area of the post.
    """
    with db.snapshot(database) as tx:
        health = health_.health(tx, actor)
        house, post = health.house, _post(health.house.rules.pack, actor)
        place = _place(tx, post, area, at=house)
        seat = _seat(house.rules.pack, actor, post, place)
        chosen = None if office is None else _office(place, office)
        found = figures.figures(tx, actor, seat, at=house, office_id=office, with_past=with_past)
        named = gravest.gravest(
            tx,
            actor,
            seat,
            at=house,
            office_id=office,
            place=place,
            is_whole=chosen is None and place.code == post.scope,
        )
        return Board(
            health=health,
            post=post,
            place=place,
            office=chosen,
            **read_figures(found, at=house, place=place, office=chosen),
            late=named.late,
            stuck=named.stuck,
            wanted=named.wanted,
        )


def health(database: db.Database, actor: access.Actor) -> Health:
    """Workers and alarms alone, in one statement, for whoever has a board. Raises: `board.none`."""
    with db.snapshot(database) as tx:
        found = health_.health(tx, actor)
        _post(found.house.rules.pack, actor)
        return found


def workers(database: db.Database) -> tuple[WorkerLine, ...]:
    """The workers heard of in the last day."""
    with db.snapshot(database) as tx:
        return health_.workers(tx)


def _post(pack: pack_.Pack, actor: access.Actor) -> access.HeldPost:
    for post in actor.posts:
        if any(_watches(right) for right in access.rights_of(pack, post.role)):
            return post
    raise errors.NotFound("board.none")


def _watches(right: pack_.Right) -> bool:
    """A board shows an area: a role that does not see one has none."""
    return right.board and "area" in right.sees


def _place(tx: db.Tx, post: access.HeldPost, code: str | None, *, at: read.House) -> places.Place:
    place = places.place(tx, code or post.scope, at=at)
    if not place.is_in(post.scope):
        raise errors.NotFound("area.unknown", field="area", area=code)
    return place


def _office(place: places.Place, office_id: UUID) -> places.Seated:
    for office in place.offices:
        if office.id == office_id:
            return office
    raise errors.NotFound("office.unknown", field="office")


def _seat(
    pack: pack_.Pack, actor: access.Actor, post: access.HeldPost, place: places.Place
) -> access.Seat:
    """The post's own seat, seen from the area looked at: it lies in the post's scope."""
    rows = [right for right in access.rights_of(pack, post.role) if _watches(right)]
    is_limited = all(right.processes for right in rows)
    named = dict.fromkeys(name for right in rows for name in right.processes)
    seat = access.Seat(
        key="board",
        kind=f"area_{place.depth}",
        value=place.code,
        post=post,
        processes=tuple(named) if is_limited else (),
    )
    return access.with_named(seat, access.seats(pack, actor))


__all__ = [
    "AUDIT_SILENT_S",
    "LIGHTS",
    "SILENT_S",
    "AlarmLine",
    "AreaLine",
    "Blocker",
    "Board",
    "Day",
    "FairLine",
    "HandlerLine",
    "Health",
    "LateCase",
    "LevelLine",
    "Lights",
    "Lines",
    "Month",
    "OfficeLine",
    "RungCount",
    "Step",
    "StillLine",
    "StuckCase",
    "WantedPost",
    "WorkerLine",
    "board",
    "health",
    "workers",
]
