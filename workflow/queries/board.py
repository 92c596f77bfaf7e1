"""What a supervisor watches: lights by area and office, the stuck queue, the ladder, workers.

Counts come from the roll-up and count lead offices, as lists do; restricted cases are left
out, and cases that the person is recused from are taken off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select

from rules import errors
from rules import pack as pack_
from workflow import access, clock, db, read
from workflow.tables import case as case_tables
from workflow.tables import delivery
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_RECUSAL: Final = case_tables.Recusal.__table__.c  # type: ignore[attr-defined]
_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_COUNT: Final = case_tables.RollUp.__table__.c  # type: ignore[attr-defined]
_NOTICE: Final = delivery.Notice.__table__.c  # type: ignore[attr-defined]
_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_WORKER: Final = office_tables.Worker.__table__.c  # type: ignore[attr-defined]

LIGHTS: Final = ("green", "yellow", "red", "grey")
EFFECTS: Final = ("warn", "urge", "supervise", "raise", "leader")
SILENT_S: Final = 30
"""A worker that has not been heard for this long is shown as stopped."""
FORGET_S: Final = 86_400
LADDER_DAYS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Lights:
    """Open cases by light."""

    green: int = 0
    yellow: int = 0
    red: int = 0
    grey: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.green + self.yellow + self.red + self.grey


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLine:
    """An area below the seat's own, with the open cases led in it."""

    code: str
    name: str
    lights: Lights


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeLine:
    """An office with what it leads, and what it has received but not accepted."""

    office_id: UUID
    name: str
    lights: Lights
    unaccepted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckCase:
    """A case that could not climb, and why."""

    case_id: UUID
    number: str
    subject: str
    effect: str
    role: pack_.Text
    planned_at: datetime
    deadline: pack_.Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RungCount:
    """How often an effect fired lately, and the worst lateness in seconds."""

    effect: str
    n: int
    max_late_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLine:
    """A sweeping process."""

    id: UUID
    host: str
    pid: int
    beat_age_s: int
    tick_ms: int
    fired: int
    errors: int
    is_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board, as of `now` (office time)."""

    now: datetime
    area_name: str
    post: access.HeldPost
    total: Lights
    stuck_count: int
    areas: tuple[AreaLine, ...]
    offices: tuple[OfficeLine, ...]
    stuck: tuple[StuckCase, ...]
    ladder: tuple[RungCount, ...]
    workers: tuple[WorkerLine, ...]
    queued_notices: int


# Index: the roll-up is small; one row per office, grid, process, state and light in use.
COUNTS: Final = (
    select(
        _COUNT.lead_office_id,
        _OFFICE.name,
        _OFFICE.area_code,
        _COUNT.process,
        _COUNT.state,
        _COUNT.light,
        func.sum(_COUNT.n).label("n"),
        *(_AREA[f"area_{n}"] for n in range(1, 7)),
    )
    .join(_OFFICE.id.table, _OFFICE.id == _COUNT.lead_office_id)
    .join(_AREA.code.table, _AREA.code == _OFFICE.area_code)
    .where(_COUNT.confidentiality == "normal", _COUNT.n != 0)
    .group_by(
        _COUNT.lead_office_id,
        _OFFICE.name,
        _OFFICE.area_code,
        _COUNT.process,
        _COUNT.state,
        _COUNT.light,
        *(_AREA[f"area_{n}"] for n in range(1, 7)),
    )
)
RECUSED: Final = (
    select(_CASE.lead_office_id, _CASE.process, _CASE.state, _CASE.light, func.count().label("n"))
    .join(_RECUSAL.case_id.table, _RECUSAL.case_id == _CASE.id)
    .where(_RECUSAL.person_id == bindparam("person_id"), _CASE.confidentiality == "normal")
    .group_by(_CASE.lead_office_id, _CASE.process, _CASE.state, _CASE.light)
)
CHILD_NAMES: Final = select(_AREA.code, _AREA.name).where(_AREA.parent_code == bindparam("code"))
NAME: Final = select(_AREA.name).where(_AREA.code == bindparam("code"))
WORKERS: Final = select(_WORKER.id.table).order_by(_WORKER.started_at)


def board(database: db.Database, actor: access.Actor) -> Board:
    """The board of the first post whose role has one. Raises: `board.none`."""
    with db.snapshot(database) as tx:
        house = read.house(tx)
        post = _post(house.rules.pack, actor)
        seat = access.Seat(
            key="board",
            kind=f"area_{post.scope_depth}",
            value=post.scope,
            post=post,
            processes=_watched(house.rules.pack, post.role),
        )
        counts = _counts(tx, actor, seat, house.rules.pack)
        names = {row.code: row.name for row in tx.execute(CHILD_NAMES, {"code": post.scope})}
        stuck = _stuck(tx, actor, seat)
        return Board(
            now=house.now,
            area_name=tx.execute(NAME, {"code": post.scope}).scalar_one(),
            post=post,
            total=_lights(counts),
            stuck_count=len(stuck),
            areas=_areas(counts, names, depth=post.scope_depth + 1),
            offices=_offices(counts, house.rules.pack),
            stuck=_stuck_lines(tx, stuck, house.rules.pack),
            ladder=_ladder(tx, actor, seat, since=house.now - timedelta(days=LADDER_DAYS)),
            workers=_workers(tx),
            queued_notices=_queued(tx, actor, seat),
        )


def workers(database: db.Database) -> tuple[WorkerLine, ...]:
    """The workers heard of in the last day."""
    with db.snapshot(database) as tx:
        return _workers(tx)


def _post(pack: pack_.Pack, actor: access.Actor) -> access.HeldPost:
    for post in actor.posts:
        if any(_watches(right) for right in access.rights_of(pack, post.role)):
            return post
    raise errors.NotFound("board.none")


def _watches(right: pack_.Right) -> bool:
    """A board shows an area: a role that does not see one has none."""
    return right.board and "area" in right.sees


def _watched(pack: pack_.Pack, role: str) -> tuple[str, ...]:
    """The processes that a role watches; none named is all of them."""
    rows = [right for right in access.rights_of(pack, role) if _watches(right)]
    if any(not right.processes for right in rows):
        return ()
    return tuple(dict.fromkeys(name for right in rows for name in right.processes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    office_id: UUID
    office: str
    areas: tuple[str | None, ...]
    process: str
    state: str
    light: str
    n: int


def _counts(tx: db.Tx, actor: access.Actor, seat: access.Seat, pack: pack_.Pack) -> list[_Count]:
    """Open cases led under the seat's area, less those the person is recused from."""
    statement = COUNTS.where(_AREA[seat.kind] == seat.value)
    if seat.processes:
        statement = statement.where(_COUNT.process.in_(seat.processes))
    off = {
        (row.lead_office_id, row.process, row.state, row.light): row.n
        for row in tx.execute(RECUSED, {"person_id": actor.person_id})
    }
    found = []
    for row in tx.execute(statement):
        state = pack.processes[row.process].states.get(row.state)
        n = int(row.n) - off.get((row.lead_office_id, row.process, row.state, row.light), 0)
        if n > 0 and not (state and state.end):
            found.append(
                _Count(
                    office_id=row.lead_office_id,
                    office=row.name,
                    areas=tuple(row[-6:]),
                    process=row.process,
                    state=row.state,
                    light=row.light,
                    n=n,
                )
            )
    return found


def _lights(counts: Sequence[_Count]) -> Lights:
    sums = dict.fromkeys(LIGHTS, 0)
    for count in counts:
        sums[count.light] += count.n
    return Lights(**sums)


def _areas(
    counts: Sequence[_Count], names: Mapping[str, str], *, depth: int
) -> tuple[AreaLine, ...]:
    grouped: dict[str, list[_Count]] = {}
    for count in counts:
        code = count.areas[depth - 1] if depth <= len(count.areas) else None
        if code is not None:
            grouped.setdefault(code, []).append(count)
    return tuple(
        AreaLine(code=code, name=names.get(code, code), lights=_lights(grouped.get(code, [])))
        for code in sorted(names)
    )


def _offices(counts: Sequence[_Count], pack: pack_.Pack) -> tuple[OfficeLine, ...]:
    grouped: dict[UUID, list[_Count]] = {}
    for count in counts:
        grouped.setdefault(count.office_id, []).append(count)
    lines = [
        OfficeLine(
            office_id=office_id,
            name=found[0].office,
            lights=_lights(found),
            unaccepted=sum(c.n for c in found if _awaits_acceptance(pack, c)),
        )
        for office_id, found in grouped.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.lights.red, -line.lights.total, line.name)))


def _awaits_acceptance(pack: pack_.Pack, count: _Count) -> bool:
    """Whether *accept* is still to come in this state."""
    accept = pack.processes[count.process].actions.get("accept")
    return accept is not None and count.state in accept.source


def _stuck(tx: db.Tx, actor: access.Actor, seat: access.Seat) -> list[Row[*tuple[Any, ...]]]:
    """Index: case_stuck."""
    statement = (
        select(_CASE.id, _CASE.number, _CASE.subject)
        .where(case_tables.IS_STUCK, access.visible(seat))
        .order_by(_CASE.due_at, _CASE.id)
        .limit(100)
    )
    return list(tx.execute(statement, access.binds(actor, seat)))


def _stuck_lines(
    tx: db.Tx, stuck: Sequence[Row[*tuple[Any, ...]]], pack: pack_.Pack
) -> tuple[StuckCase, ...]:
    ids = [row.id for row in stuck]
    blocked = select(_EVENT.case_id, _EVENT.payload).where(
        _EVENT.case_id.in_(ids), _EVENT.name == "rung_blocked"
    )
    last = {
        row.case_id: json.loads(row.payload) for row in tx.execute(blocked.order_by(_EVENT.seq))
    }
    return tuple(
        StuckCase(
            case_id=row.id,
            number=row.number,
            subject=row.subject,
            effect=why["effect"],
            role=pack.roles[why["role"]].name if why["role"] in pack.roles else _plain(why["role"]),
            planned_at=datetime.fromisoformat(why["planned_at"]),
            deadline=pack.deadlines[why["deadline"]].name,
        )
        for row in stuck
        if (why := last.get(row.id)) is not None
    )


def _plain(word: str) -> pack_.Text:
    return pack_.Text(zh=word, en=word)


def _ladder(
    tx: db.Tx, actor: access.Actor, seat: access.Seat, *, since: datetime
) -> tuple[RungCount, ...]:
    """Index: escalation_time."""
    statement = (
        select(_RUNG.effect, _RUNG.planned_at, _RUNG.fired_at)
        .join(_CASE.id.table, _CASE.id == _RUNG.case_id)
        .where(_RUNG.fired_at >= since, access.visible(seat))
    )
    late: dict[str, list[int]] = {effect: [] for effect in EFFECTS}
    for row in tx.execute(statement, access.binds(actor, seat)):
        lateness = int((row.fired_at - row.planned_at).total_seconds())
        late.setdefault(row.effect, []).append(lateness)
    return tuple(
        RungCount(effect=effect, n=len(found), max_late_s=max(found, default=0))
        for effect, found in late.items()
    )


def _queued(tx: db.Tx, actor: access.Actor, seat: access.Seat) -> int:
    """How many notices of the seat's own cases wait. Index: notice_queue."""
    statement = (
        select(func.count())
        .select_from(_NOTICE.case_id.table)
        .join(_CASE.id.table, _CASE.id == _NOTICE.case_id)
        .where(_NOTICE.state == "queued", access.visible(seat))
    )
    return int(tx.execute(statement, access.binds(actor, seat)).scalar_one())


def _workers(tx: db.Tx) -> tuple[WorkerLine, ...]:
    now = clock.system()
    lines = []
    for row in tx.execute(WORKERS):
        age = int((now - row.beat_at).total_seconds())
        if age < FORGET_S:
            lines.append(
                WorkerLine(
                    id=row.id,
                    host=row.host,
                    pid=row.pid,
                    beat_age_s=age,
                    tick_ms=row.tick_ms,
                    fired=row.fired,
                    errors=row.errors,
                    is_alive=age < SILENT_S,
                )
            )
    return tuple(lines)
