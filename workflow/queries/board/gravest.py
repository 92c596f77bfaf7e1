"""The cases that a board names: the gravest that are late, and those that cannot escalate.

Both come by one statement, with their open clocks and the rungs fired on them; what comes next
is planned anew from the stored rows, as the sweep does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, select, union

from rules import ladders
from rules import pack as pack_
from workflow import access, db, machine, read
from workflow.decide import (
    HANDLER,
    CaseRow,
    DeadlineRow,
    EscalationRow,
    Line,
    clocks,
    guard_facts,
    search_of,
    supervision,
)
from workflow.queries import places
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_CLOCK: Final = case_tables.Deadline.__table__.c  # type: ignore[attr-defined]
_RUNG: Final = case_tables.Escalation.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_HANDLER: Final = office_tables.Person.__table__.alias("handler")  # type: ignore[attr-defined]
_WATCHER: Final = office_tables.Person.__table__.alias("watcher")  # type: ignore[attr-defined]
_TOLD: Final = office_tables.Person.__table__.alias("told")  # type: ignore[attr-defined]

MOST_LATE: Final = 20
MOST_STUCK: Final = 50
BY_HAND: Final = ("urge", "supervise_case", "delegate_supervision", "end_supervision")
"""What a supervisor does about a late case: actions of the pack, each with a reason."""

Why = Literal["vacant", "away", "recused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A rung of a case's ladder: fired, with whom it told, or still to come, with whom it will
    look for."""

    effect: str
    planned_at: datetime
    fired_at: datetime | None = None
    target: str | None = None
    role: pack_.Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCase:
    """A late case: where it stands on its ladder, who holds it, who watches. `acts` are the
    actions that this person may do about it."""

    case_id: UUID
    number: str
    subject: str
    state: pack_.Text
    lead_office: str
    handler: str | None
    deadline: pack_.Text
    due_at: datetime
    last: Step | None
    next: Step | None
    supervisor: str | None
    supervision: str | None
    is_stuck: bool
    acts: tuple[tuple[str, pack_.Text], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A post that should have taken a rung, and why it could not."""

    office: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckCase:
    """A case that cannot climb: the rung, the role that it looks for in vain, and every post of
    that role from where the search begins up to the root; none of them is *no such post*."""

    case_id: UUID
    number: str
    subject: str
    lead_office: str
    effect: str
    role: pack_.Text
    planned_at: datetime
    deadline: pack_.Text
    blockers: tuple[Blocker, ...]
    acts: tuple[tuple[str, pack_.Text], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPost:
    """A post that a ladder seeks in vain; without an `office`, one that is not set up. It names
    no case, and stands for restricted ones too, whoever may see them: a post that nobody holds
    is no secret, and somebody must fill it. Told of the whole seat alone: a closer look would tell
    where such a case is."""

    role: pack_.Text
    office: str | None
    why: Literal["vacant", "away", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gravest:
    """The late cases and the stuck ones, first due first, and the posts to fill."""

    late: tuple[LateCase, ...]
    stuck: tuple[StuckCase, ...]
    wanted: tuple[WantedPost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One case with what hangs on it. `is_seen`: the board may name it."""

    case: CaseRow
    is_seen: bool
    lead_office: str
    handler: str | None
    supervisor: str | None
    deadlines: tuple[DeadlineRow, ...]
    fired: tuple[tuple[EscalationRow, str | None], ...]

    @property
    def missed(self) -> tuple[DeadlineRow, ...]:
        """The open clocks that are late."""
        return tuple(row for row in self.deadlines if row.missed_at is not None)


def gravest(
    tx: db.Tx,
    actor: access.Actor,
    seat: access.Seat,
    *,
    at: read.House,
    office_id: UUID | None,
    place: places.Place,
    is_whole: bool,
) -> Gravest:
    """What a board names. `is_whole`: it shows all of the person's seat."""
    statement = _statement(
        seat.kind,
        is_limited=bool(seat.processes),
        of_office=office_id is not None,
        is_whole=is_whole,
    )
    rows = tx.execute(statement, access.binds(actor, seat) | {"office_id": office_id}).all()
    found = sorted(_grouped(rows), key=lambda one: (one.case.due_at, one.case.id))
    blocked = [one for one in found if one.case.is_stuck]
    lines = read.lines(tx, {one.case.origin_grid for one in blocked}, at=at) if blocked else {}
    stuck = [
        (one.is_seen, line)
        for one in blocked
        if (line := _stuck(tx, actor, one, at=at, line=lines[one.case.origin_grid], place=place))
    ]
    late = (one for one in found if one.is_seen and one.case.light == "red" and one.missed)
    return Gravest(
        late=tuple(_late(tx, actor, one, at=at) for one in islice(late, MOST_LATE)),
        stuck=tuple(line for is_seen, line in stuck if is_seen)[:MOST_STUCK],
        wanted=_wanted(stuck) if is_whole else (),
    )


@cache
def _statement(kind: str, *, is_limited: bool, of_office: bool, is_whole: bool) -> Select[Any]:
    """Index: case_area_<n> as far as the late ones reach, case_stuck; then the keys. With the
    whole seat the stuck ones that the person may not see come too, for their posts."""
    seat = access.Seat(key="board", kind=kind, value="", processes=("any",) if is_limited else ())
    led_by = bindparam("office_id", type_=_CASE.lead_office_id.type)
    led = [_CASE.lead_office_id == led_by] if of_office else []
    seen = [access.visible(seat), *led]
    late = (
        select(_CASE.id)
        .where(_CASE.is_closed.is_(False), _CASE.light == "red", *seen)
        .order_by(_CASE.due_at, _CASE.id)
        .limit(MOST_LATE)
        .subquery("late")
    )
    stuck = (
        select(_CASE.id)
        .where(case_tables.IS_STUCK, _CASE.is_closed.is_(False), *seen)
        .order_by(_CASE.due_at, _CASE.id)
        .limit(MOST_STUCK)
        .subquery("stuck")
    )
    restricted = (
        select(_CASE.id)
        .where(case_tables.IS_STUCK, _CASE.is_closed.is_(False), access.restricted(seat))
        .order_by(_CASE.due_at, _CASE.id)
        .limit(MOST_STUCK)
        .subquery("restricted")
    )
    parts = (late, stuck, restricted) if is_whole else (late, stuck)
    picked = union(*(select(part.c.id) for part in parts)).subquery("picked")
    return (
        select(
            *_CASE,
            *_CLOCK,
            *_RUNG,
            _OFFICE.name.label("lead_office"),
            _HANDLER.c.name.label("handler"),
            _WATCHER.c.name.label("supervisor"),
            access.visible(seat).label("is_seen"),
            _TOLD.c.name.label("told"),
        )
        .select_from(picked)
        .join(_CASE.id.table, _CASE.id == picked.c.id)
        .join(_OFFICE.id.table, _OFFICE.id == _CASE.lead_office_id)
        .outerjoin(_HANDLER, _HANDLER.c.id == _CASE.handler_id)
        .outerjoin(_WATCHER, _WATCHER.c.id == _CASE.supervisor_id)
        .outerjoin(_CLOCK.no.table, and_(_CLOCK.case_id == _CASE.id, _CLOCK.ended_at.is_(None)))
        .outerjoin(
            _RUNG.rung.table,
            and_(
                _RUNG.case_id == _CASE.id,
                _RUNG.deadline_no == _CLOCK.no,
                _RUNG.cycle == _CLOCK.cycle,
            ),
        )
        .outerjoin(_TOLD, _TOLD.c.id == _RUNG.target_person_id)
        .order_by(_CASE.id, _CLOCK.no, _RUNG.seq)
    )


_CLOCK_AT: Final = len(CaseRow._fields)
_RUNG_AT: Final = _CLOCK_AT + len(DeadlineRow._fields)
_NAMES_AT: Final = _RUNG_AT + len(EscalationRow._fields)


def _grouped(rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[_Found]:
    by_case: dict[UUID, list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        by_case.setdefault(row[0], []).append(row)
    for own in by_case.values():
        case = CaseRow(*own[0][:_CLOCK_AT])
        open_ = (DeadlineRow(*row[_CLOCK_AT:_RUNG_AT]) for row in own if row[_CLOCK_AT])
        fired = [row for row in own if row[_RUNG_AT]]
        office, handler, supervisor, is_seen, _ = own[0][_NAMES_AT:]
        yield _Found(
            case=case,
            is_seen=bool(is_seen),
            lead_office=office,
            handler=handler,
            supervisor=supervisor,
            deadlines=tuple({clock.no: clock for clock in open_}.values()),
            fired=tuple((EscalationRow(*row[_RUNG_AT:_NAMES_AT]), row[-1]) for row in fired),
        )


# -- late ---------------------------------------------------------------------------------------


def _late(tx: db.Tx, actor: access.Actor, one: _Found, *, at: read.House) -> LateCase:
    case, rules = one.case, read.rules(tx, one.case.pack_hash)
    row = min(one.missed, key=lambda clock: (clock.due_at, clock.no))
    return LateCase(
        case_id=case.id,
        number=case.number,
        subject=case.subject,
        state=rules.flow(case.process).process.states[case.state].name,
        lead_office=one.lead_office,
        handler=one.handler,
        deadline=rules.pack.deadlines[row.rule].name,
        due_at=row.due_at,
        last=_last(one),
        next=_next(tx, one, rules),
        supervisor=one.supervisor,
        supervision=case.supervision,
        is_stuck=case.is_stuck,
        acts=_acts(actor, case, rules, at=at),
    )


def _last(one: _Found) -> Step | None:
    fired = max(one.fired, key=lambda pair: pair[0].seq, default=None)
    if fired is None:
        return None
    rung, told = fired
    return Step(effect=rung.effect, planned_at=rung.planned_at, fired_at=rung.fired_at, target=told)


def _next(tx: db.Tx, one: _Found, rules: machine.Rules) -> Step | None:
    """The first rung to come on any clock that runs."""
    to_come = [
        rung
        for row in one.deadlines
        if row.state == "running"
        for rung in clocks.unfired(row.fired, _plan(tx, row, rules.pack))
        if rung.key not in row.blocked.split()
    ]
    rung = min(to_come, key=lambda planned: planned.at, default=None)
    if rung is None:
        return None
    role = _role(rules.pack, rung.rung.tell)
    return Step(effect=rung.rung.do, planned_at=rung.at, role=role)


def _plan(tx: db.Tx, row: DeadlineRow, pack: pack_.Pack) -> tuple[ladders.Planned, ...]:
    return clocks.plan_of(pack, row, calendar=read.calendar(tx, row.calendar_hash))


def _role(pack: pack_.Pack, role: str) -> pack_.Text | None:
    """A role's name; the case's handler has none."""
    found = pack.roles.get(role)
    return found.name if found else None


def _acts(
    actor: access.Actor, case: CaseRow, rules: machine.Rules, *, at: read.House
) -> tuple[tuple[str, pack_.Text], ...]:
    """The person is not recused: the case would not be among what they see."""
    flow = rules.flow(case.process)
    offered = machine.offered(flow, state=case.state, facts=guard_facts(case))
    return tuple(
        (name, flow.process.actions[name].name)
        for name in BY_HAND
        if name in offered
        and supervision.is_possible(flow.process.actions[name], case, actor_id=actor.person_id)
        and access.may_act(at.rules.pack, actor, case, action=flow.process.actions[name])
    )


# -- stuck --------------------------------------------------------------------------------------


def _stuck(
    tx: db.Tx,
    actor: access.Actor,
    one: _Found,
    *,
    at: read.House,
    line: Line,
    place: places.Place,
) -> StuckCase | None:
    case, rules = one.case, read.rules(tx, one.case.pack_hash)
    blocked = [
        (rung, row)
        for row in one.deadlines
        for rung in _plan(tx, row, rules.pack)
        if rung.key in row.blocked.split()
    ]
    if not blocked:
        return None
    planned, row = min(blocked, key=lambda pair: pair[0].at)
    rung = planned.rung
    role = _sought(case, rung, rules, line)
    return StuckCase(
        case_id=case.id,
        number=case.number,
        subject=case.subject,
        lead_office=one.lead_office,
        effect=rung.do,
        role=_role(rules.pack, role) or pack_.Text(zh=role, en=role),
        planned_at=planned.at,
        deadline=rules.pack.deadlines[row.rule].name,
        blockers=tuple(
            Blocker(office=place.names.get(post.office_id, ""), why=_why(post))
            for post in _passed_over(case, rung, line, role=role)
        ),
        acts=_acts(actor, case, rules, at=at),
    )


def _sought(case: CaseRow, rung: pack_.Rung, rules: machine.Rules, line: Line) -> str:
    """The role that a rung looks for: of the handler, the one whose turn it is."""
    if rung.tell != HANDLER:
        return rung.tell
    owners = rules.flow(case.process).process.states[case.state].owner
    here = {post.role for post in line.posts if post.office_id == case.lead_office_id}
    return next((role for role in (*owners, HANDLER) if role in here), (*owners, HANDLER)[0])


def _passed_over(
    case: CaseRow, rung: pack_.Rung, line: Line, *, role: str
) -> Iterator[ladders.Post]:
    """Every post that the search for a target has asked."""
    search = search_of(case, rung, role, line)
    return ladders.asked(
        role,
        posts=line.by_role,
        lead_office=search.office_id,
        from_level=search.from_level,
    )


def _why(post: ladders.Post) -> Why:
    if post.holder is not None or post.deputy is not None:
        return "recused"
    return "away" if post.away else "vacant"


def _wanted(stuck: Iterable[tuple[bool, StuckCase]]) -> tuple[WantedPost, ...]:
    """The posts to fill. A case that the person may not see tells none where a holder is recused
    from it: that some are passed over says of whom it is."""
    found: dict[WantedPost, None] = {}
    for is_seen, line in stuck:
        whys = [one.why for one in line.blockers]
        if "recused" in whys and not is_seen:
            continue
        if not whys:
            found[WantedPost(role=line.role, office=None, why="missing")] = None
        for one in line.blockers:
            if one.why != "recused":
                found[WantedPost(role=line.role, office=one.office, why=one.why)] = None
    return tuple(sorted(found, key=lambda it: (it.office or "", it.role.en)))
