"""What a decision needs to know, read in as few statements as the database allows.

Packs and calendars are read once per process: they never change under their hash.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, exists, literal, or_, select, union_all

from rules import calendars, errors, ladders, load, routing
from workflow import access, db, machine
from workflow.decide import AssignmentRow, CaseRow, DeadlineRow, Facts, Line
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables

_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_POST: Final = office_tables.Post.__table__.c  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__.c  # type: ignore[attr-defined]
_ABSENCE: Final = office_tables.Absence.__table__.c  # type: ignore[attr-defined]
_HOUSE: Final = office_tables.Installation.__table__.c  # type: ignore[attr-defined]
_PACK: Final = office_tables.Pack.__table__.c  # type: ignore[attr-defined]
_CALENDAR: Final = office_tables.Calendar.__table__.c  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__  # type: ignore[attr-defined]
_DEADLINE: Final = case_tables.Deadline.__table__  # type: ignore[attr-defined]
_ASSIGNMENT: Final = case_tables.Assignment.__table__  # type: ignore[attr-defined]
_RECUSAL: Final = case_tables.Recusal.__table__.c  # type: ignore[attr-defined]
_ABOUT: Final = case_tables.OfficeTie.__table__.c  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]

_DEPTHS: Final = range(1, 7)
_SCOPE: Final = office_tables.Area.__table__.alias("scope")  # type: ignore[attr-defined]

_STANDING: Final = (
    db.DATABASE_TIME,
    _HOUSE.offset_s,
    _HOUSE.pack_hash,
    _HOUSE.calendar_hash,
    _HOUSE.is_demo,
    _HOUSE.directory_id,
)
HOUSE: Final = select(*_STANDING)
CASE: Final = select(_CASE).where(_CASE.c.id == bindparam("case_id"))
# The installation and one case of it, if it is there, with its deadlines, one a row; and
# whether two rare things are so.
ONE: Final = (
    select(
        *_STANDING,
        or_(
            exists().where(_RECUSAL.case_id == bindparam("case_id")),
            exists().where(_ABOUT.case_id == bindparam("case_id")),
        ),
        exists().where(
            _EVENT.case_id == bindparam("case_id"), _EVENT.action_id == bindparam("action_id")
        ),
        *_CASE.c,
        *_DEADLINE.c,
    )
    .select_from(
        _HOUSE.id.table.outerjoin(
            _CASE, _CASE.c.id == bindparam("case_id", type_=_CASE.c.id.type)
        ).outerjoin(_DEADLINE, _DEADLINE.c.case_id == _CASE.c.id)
    )
    .order_by(_DEADLINE.c.no)
)
_CASE_AT: Final = len(_STANDING) + 2
_DEADLINES_AT: Final = _CASE_AT + len(_CASE.c)
CASES: Final = select(_CASE).where(_CASE.c.id.in_(bindparam("case_ids", expanding=True)))
DEADLINES: Final = (
    select(_DEADLINE)
    .where(_DEADLINE.c.case_id.in_(bindparam("case_ids", expanding=True)))
    .order_by(_DEADLINE.c.case_id, _DEADLINE.c.no)
)
ASSIGNMENTS: Final = (
    select(_ASSIGNMENT)
    .where(_ASSIGNMENT.c.case_id.in_(bindparam("case_ids", expanding=True)))
    .order_by(_ASSIGNMENT.c.case_id, _ASSIGNMENT.c.no)
)
_ASKED_FOR: Final[BindParameter[Any]] = bindparam("case_ids", expanding=True)
# Persons recused, offices complained about, offices that objected. Index: both keys.
TIES: Final = union_all(
    select(
        _RECUSAL.case_id, _RECUSAL.person_id.label("who_id"), literal("recused").label("relation")
    ).where(_RECUSAL.case_id.in_(_ASKED_FOR)),
    select(_ABOUT.case_id, _ABOUT.office_id, _ABOUT.relation).where(_ABOUT.case_id.in_(_ASKED_FOR)),
)
_AWAY: Final = (
    exists()
    .where(_ABSENCE.until_on >= bindparam("today"), _ABSENCE.from_on <= bindparam("today"))
    .correlate_except(_ABSENCE.id.table)
)
# The offices of every area from the grids up to the root, with their posts, and who of these is
# away today. Index: absence_person.
LINE: Final = (
    select(
        _AREA.code.label("grid"),
        _AREA.level,
        *(_AREA[f"area_{n}"] for n in _DEPTHS),
        _OFFICE.id.label("office_id"),
        _OFFICE.kind,
        _OFFICE.area_code,
        _OFFICE.depth,
        _OFFICE.superior_id,
        _POST.id.label("post_id"),
        _POST.role,
        _POST.scope_code,
        _POST.holder_id,
        _POST.deputy_id,
        _POST.rank,
        _AWAY.where(_ABSENCE.person_id == _POST.holder_id).label("is_holder_away"),
        _AWAY.where(_ABSENCE.person_id == _POST.deputy_id).label("is_deputy_away"),
    )
    .select_from(_AREA.code.table)
    .outerjoin(
        _OFFICE.id.table,
        _OFFICE.area_code.in_([_AREA[f"area_{n}"] for n in _DEPTHS]),
    )
    .outerjoin(_POST.id.table, _POST.office_id == _OFFICE.id)
    .where(_AREA.code.in_(bindparam("grids", expanding=True)))
    .order_by(_AREA.code, _OFFICE.depth.desc(), _OFFICE.id, _POST.rank, _POST.id)
)
# Index: post_holder, post_deputy.
PEOPLE: Final = (
    select(
        _PERSON.id.label("person_id"),
        _PERSON.name,
        _POST.id,
        _POST.role,
        _POST.office_id,
        _OFFICE.name.label("office_name"),
        _OFFICE.kind,
        _OFFICE.area_code,
        _OFFICE.depth,
        _OFFICE.line,
        _POST.scope_code,
        _SCOPE.c.depth.label("scope_depth"),
        _SCOPE.c.name.label("scope_name"),
    )
    .select_from(_PERSON.id.table)
    .outerjoin(_POST.id.table, or_(_POST.holder_id == _PERSON.id, _POST.deputy_id == _PERSON.id))
    .outerjoin(_OFFICE.id.table, _OFFICE.id == _POST.office_id)
    .outerjoin(_SCOPE, _SCOPE.c.code == _POST.scope_code)
    .order_by(_PERSON.id, _POST.rank, _POST.id)
)
"""People with their posts, a row each; who asks says whom."""
ACTORS: Final = PEOPLE.where(_PERSON.id.in_(bindparam("person_ids", expanding=True)))
PACK: Final = select(_PACK.document).where(_PACK.hash == bindparam("hash"))
PACKS: Final = select(_PACK.hash)
CALENDAR: Final = select(_CALENDAR.zone, _CALENDAR.document).where(
    _CALENDAR.hash == bindparam("hash")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The installation at one moment: office time, active pack and calendar."""

    now: datetime
    rules: machine.Rules
    calendar: calendars.Calendar
    is_demo: bool
    directory_id: UUID

    @property
    def today(self) -> date:
        """The office's local day."""
        return calendars.local_date(self.calendar, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One case with its facts, if it is there. `is_repeat`: the action id is in use on it."""

    house: House
    facts: Facts | None
    is_repeat: bool


# Immutable values under the hash of their content; kept for the life of the process.
_RULES: dict[str, machine.Rules] = {}
_CALENDARS: dict[str, calendars.Calendar] = {}
# Lines by the directory they were read from, which any change of an office or an absence gives a
# new id, and by the local day: absences begin and end with it.
_LINES: OrderedDict[tuple[UUID, date, str], Line] = OrderedDict()
MAX_LINES: Final = 20_000
GRID: Final = "grid"
"""The area level in which a case arises."""


def rules(tx: db.Tx, pack_hash: str) -> machine.Rules:
    """The compiled pack of that hash. Raises: `pack.unknown`."""
    found = _RULES.get(pack_hash)
    if found is None:
        document = tx.execute(PACK, {"hash": pack_hash}).scalar()
        if document is None:
            raise errors.NotFound("pack.unknown", hash=pack_hash)
        found = machine.compile_rules(load.from_document(document))
        _RULES[pack_hash] = found
    return found


def end_states(tx: db.Tx) -> frozenset[tuple[str, str]]:
    """Process and state of every end that a stored pack knows: cases of an older pack may stand
    in one that the active pack has not."""
    return frozenset(
        (name, state)
        for pack_hash in tx.execute(PACKS).scalars()
        for name, process in rules(tx, pack_hash).pack.processes.items()
        for state, facts in process.states.items()
        if facts.end
    )


def calendar(tx: db.Tx, calendar_hash: str) -> calendars.Calendar:
    """The calendar of that hash. Raises: `calendar.unknown`."""
    found = _CALENDARS.get(calendar_hash)
    if found is None:
        row = tx.execute(CALENDAR, {"hash": calendar_hash}).one_or_none()
        if row is None:
            raise errors.NotFound("calendar.unknown", hash=calendar_hash)
        found = load.calendar_from_document(calendar_hash, row.zone, row.document)
        _CALENDARS[calendar_hash] = found
    return found


def house(tx: db.Tx) -> House:
    """Office time and what is active. Raises: `installation.empty` before the first set-up."""
    return house_of(tx, tx.execute(HOUSE).one())


def house_of(tx: db.Tx, row: Sequence[Any]) -> House:
    """The same from a row that begins with what `HOUSE` selects, for statements that bring more."""
    at, offset_s, pack_hash, calendar_hash, is_demo, directory_id = row[: len(_STANDING)]
    if pack_hash is None or calendar_hash is None:
        raise errors.NotNow("installation.empty")
    return House(
        now=db.office_time(at, offset_s=offset_s),
        rules=rules(tx, pack_hash),
        calendar=calendar(tx, calendar_hash),
        is_demo=is_demo,
        directory_id=directory_id,
    )


def case_facts(tx: db.Tx, case_id: UUID, *, action_id: str = "", locked: bool = False) -> Found:
    """One case: one statement, and one more for each of leader and recusals where there are
    any. `locked` holds the case for the rest of the transaction."""
    if locked:
        tx.execute(CASE.with_for_update(), {"case_id": case_id})
    rows = tx.execute(ONE, {"case_id": case_id, "action_id": action_id}).all()
    found = house_of(tx, rows[0])
    has_ties, is_repeat, *columns = rows[0][len(_STANDING) : _DEADLINES_AT]
    if columns[0] is None:
        return Found(house=found, facts=None, is_repeat=False)
    case = CaseRow(*columns)
    deadlines = [DeadlineRow(*row[_DEADLINES_AT:]) for row in rows if row[_DEADLINES_AT]]
    facts = _facts(tx, [case], deadlines, at=found, has_ties=has_ties)[case.id]
    return Found(house=found, facts=facts, is_repeat=is_repeat)


def case_row(tx: db.Tx, case_id: UUID) -> CaseRow | None:
    """The case row alone."""
    row = tx.execute(CASE, {"case_id": case_id}).one_or_none()
    return None if row is None else CaseRow(*row)


def recused(tx: db.Tx, case_id: UUID) -> frozenset[UUID]:
    """Persons who must not see this case, and offices complained about."""
    return kept_out(tx, [case_id]).get(case_id, frozenset())


def kept_out(tx: db.Tx, case_ids: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """The same of several cases."""
    found: dict[UUID, frozenset[UUID]] = {}
    for (case_id, relation), who in _ties(tx, sorted(case_ids)).items():
        if relation != "parted":
            found[case_id] = found.get(case_id, frozenset()) | who
    return found


def opening_facts(tx: db.Tx, *, grid: str, at: House) -> Facts:
    """The facts for a case that does not exist yet. Raises: `area.unknown`,
    `area.not_grid`."""
    line = lines(tx, [grid], at=at).get(grid)
    if line is None:
        raise errors.Invalid("area.unknown", field="origin_grid", area=grid)
    if line.level != GRID:
        raise errors.Invalid("area.not_grid", field="origin_grid", area=grid)
    return Facts(
        now=at.now,
        line=line,
        notices=at.rules.notices,
        calendar=at.calendar,
        calendars={at.calendar.hash: at.calendar},
    )


def many_facts(tx: db.Tx, cases: Sequence[CaseRow], *, at: House) -> Mapping[UUID, Facts]:
    """The facts of several cases, each kind read once for all."""
    ids = {"case_ids": [case.id for case in cases]}
    deadlines = [DeadlineRow(*row) for row in tx.execute(DEADLINES, ids)]
    return _facts(tx, cases, deadlines, at=at, has_ties=True)


def _facts(
    tx: db.Tx,
    cases: Sequence[CaseRow],
    deadlines: Sequence[DeadlineRow],
    *,
    at: House,
    has_ties: bool,
) -> Mapping[UUID, Facts]:
    clocks = _by_case(deadlines)
    carried = [case.id for case in cases if case.leader_id is not None]
    led = tx.execute(ASSIGNMENTS, {"case_ids": carried}) if carried else ()
    assignments = _by_case(AssignmentRow(*row) for row in led)
    ties = _ties(tx, [case.id for case in cases]) if has_ties else {}
    found = lines(tx, {case.origin_grid for case in cases}, at=at)
    known = {row.calendar_hash for row in deadlines}
    used = _calendars(tx, known | {at.calendar.hash}, is_batch=len(cases) > 1)
    return {
        case.id: Facts(
            now=at.now,
            line=found[case.origin_grid],
            notices=at.rules.notices,
            calendar=at.calendar,
            calendars=used,
            case=case,
            deadlines=tuple(clocks.get(case.id, ())),
            assignments=tuple(assignments.get(case.id, ())),
            recused=ties.get((case.id, "recused"), frozenset()),
            parted=ties.get((case.id, "parted"), frozenset()),
        ).barring(ties.get((case.id, "complained"), frozenset()))
        for case in cases
    }


def _calendars(
    tx: db.Tx, hashes: Iterable[str], *, is_batch: bool
) -> dict[str, calendars.Calendar]:
    """The calendars of that hash. In a batch one that cannot be read holds up its own cases only:
    it is left out, and deciding them fails."""
    found: dict[str, calendars.Calendar] = {}
    for key in hashes:
        try:
            found[key] = calendar(tx, key)
        except errors.GridcaseError:
            if not is_batch:
                raise
    return found


def _ties(tx: db.Tx, case_ids: list[UUID]) -> dict[tuple[UUID, str], frozenset[UUID]]:
    """Persons and offices by case and by what they are to it."""
    found: dict[tuple[UUID, str], set[UUID]] = {}
    for row in tx.execute(TIES, {"case_ids": case_ids}):
        found.setdefault((row.case_id, row.relation), set()).add(row.who_id)
    return {key: frozenset(who) for key, who in found.items()}


_ByCase = TypeVar("_ByCase", DeadlineRow, AssignmentRow)


def _by_case(rows: Iterable[_ByCase]) -> dict[UUID, list[_ByCase]]:
    found: dict[UUID, list[_ByCase]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


def lines(tx: db.Tx, grids: Iterable[str], *, at: House) -> dict[str, Line]:
    """For each grid that exists: the offices above it and their posts, with who is there today."""
    wanted = set(grids)
    kept = (at.directory_id, at.today)
    found = {grid: line for grid in wanted if (line := _LINES.get((*kept, grid)))}
    missing = sorted(wanted - found.keys())
    if missing:
        for grid, line in _read_lines(tx, missing, today=at.today).items():
            found[grid] = _LINES[*kept, grid] = line
        while len(_LINES) > MAX_LINES:
            _LINES.popitem(last=False)
    return found


def _read_lines(tx: db.Tx, grids: Sequence[str], *, today: date) -> dict[str, Line]:
    grouped: dict[str, list[Row[*tuple[Any, ...]]]] = {}
    for row in tx.execute(LINE, {"grids": list(grids), "today": today}):
        grouped.setdefault(row.grid, []).append(row)
    return {grid: _line(rows) for grid, rows in grouped.items()}


def _line(rows: Sequence[Row[*tuple[Any, ...]]]) -> Line:
    first = rows[0]
    origin = tuple(code for n in _DEPTHS if (code := getattr(first, f"area_{n}")) is not None)
    offices: dict[UUID, routing.Office] = {}
    posts: list[ladders.Post] = []
    for row in rows:
        if row.office_id is None:
            continue
        offices.setdefault(row.office_id, _office(row, origin))
        # A post whose scope is another grid of the same office is not on this line.
        if row.post_id is not None and row.scope_code in origin:
            posts.append(_post(row))
    return Line(
        origin=origin, level=first.level, offices=tuple(offices.values()), posts=tuple(posts)
    )


def _office(row: Row[*tuple[Any, ...]], origin: tuple[str, ...]) -> routing.Office:
    return routing.Office(
        id=row.office_id,
        kind=row.kind,
        area=row.area_code,
        level=row.depth,
        superior=row.superior_id,
        ancestors=origin[: row.depth],
    )


def _post(row: Row[*tuple[Any, ...]]) -> ladders.Post:
    holder = None if row.is_holder_away else row.holder_id
    deputy = None if row.is_deputy_away else row.deputy_id
    return ladders.Post(
        id=row.post_id,
        role=row.role,
        office_id=row.office_id,
        level=row.depth,
        holder=holder,
        deputy=deputy,
        rank=row.rank,
        away=tuple(
            person
            for person in (row.holder_id, row.deputy_id)
            if person is not None and person not in (holder, deputy)
        ),
    )


def actor(tx: db.Tx, person_id: UUID) -> access.Actor | None:
    """A person with the posts they hold or stand in for."""
    return actors(tx, [person_id]).get(person_id)


def actors(tx: db.Tx, person_ids: Sequence[UUID]) -> dict[UUID, access.Actor]:
    """Several persons with their posts, in one statement."""
    grouped: dict[UUID, list[Row[*tuple[Any, ...]]]] = {}
    for row in tx.execute(ACTORS, {"person_ids": list(person_ids)}):
        grouped.setdefault(row.person_id, []).append(row)
    return {person: one_actor(rows) for person, rows in grouped.items()}


def one_actor(rows: Sequence[Row[*tuple[Any, ...]]]) -> access.Actor:
    """The person of these rows of `PEOPLE`."""
    posts = tuple(_held(row) for row in rows if row.id is not None)
    first = rows[0]
    return access.Actor(kind="person", person_id=first.person_id, name=first.name, posts=posts)


def _held(row: Row[*tuple[Any, ...]]) -> access.HeldPost:
    return access.HeldPost(
        id=row.id,
        role=row.role,
        office_id=row.office_id,
        office_name=row.office_name,
        office_kind=row.kind,
        area=row.area_code,
        depth=row.depth,
        scope=row.scope_code,
        scope_depth=row.scope_depth,
        scope_name=row.scope_name,
        line=tuple(map(UUID, row.line.split())),
    )
