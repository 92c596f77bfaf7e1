"""What making or serving a paper must know: the fields of the case's earlier acts, sealed ones
opened, its papers, names, and the last numbers of the offices. Read for such actions alone."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, select

from rules import calendars
from rules import pack as pack_
from workflow import db, machine, personal
from workflow.decide import Command, EarlierPaper, Facts, PaperFacts, Scalar, is_overtaken, recount
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import paper as tables
from workflow.tables import personal as personal_tables

_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]
_AREA: Final = office_tables.Area.__table__.c  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__.c  # type: ignore[attr-defined]
_PAPER: Final = tables.Paper.__table__.c  # type: ignore[attr-defined]

# The acts of a case with the values they sealed, papers and files aside; by the keys of both.
HISTORY: Final = (
    select(
        _EVENT.seq,
        _EVENT.at,
        _EVENT.name,
        _EVENT.payload,
        _SEALED.field,
        _SEALED.nonce,
        _SEALED.sealed,
    )
    .outerjoin(
        _SEALED.case_id.table,
        and_(
            _SEALED.case_id == _EVENT.case_id,
            _SEALED.seq == _EVENT.seq,
            _SEALED.field.notlike("%:%"),
        ),
    )
    .where(_EVENT.case_id == bindparam("case_id"))
    .order_by(_EVENT.seq, _SEALED.field)
)
PEOPLE: Final = select(_PERSON.id, _PERSON.name).where(
    _PERSON.id.in_(bindparam("ids", expanding=True))
)
LOCKED: Final = (
    select(_OFFICE.id)
    .where(_OFFICE.id.in_(bindparam("offices", expanding=True)))
    .order_by(_OFFICE.id)
    .with_for_update(key_share=True)
)


@functools.cache
def _offices(series: int) -> Select[Any]:
    """The offices of a line, their last serials in so many series, and the grid's name.
    Index: paper_serial."""
    last = [
        select(func.max(_PAPER.serial))
        .where(
            _PAPER.office_id == _OFFICE.id,
            _PAPER.series == bindparam(f"series_{n}"),
            _PAPER.year == bindparam("year"),
        )
        .scalar_subquery()
        .label(f"last_{n}")
        for n in range(series)
    ]
    grid = select(_AREA.name).where(_AREA.code == bindparam("grid")).scalar_subquery()
    return select(_OFFICE.id, _OFFICE.name, grid.label("grid"), *last).where(
        _OFFICE.id.in_(bindparam("offices", expanding=True))
    )


@dataclass(slots=True)
class _Told:
    """What the events of a case have told, in order."""

    values: dict[str, Scalar] = field(default_factory=dict)
    history: list[tuple[str, datetime, int]] = field(default_factory=list)
    papers: list[tuple[Mapping[str, Any], datetime, set[str]]] = field(default_factory=list)
    """Each with when it was made and the acts since."""
    services: int = 0
    served: dict[int, set[str]] = field(default_factory=dict)


def are_needed(rules: machine.Rules, command: Command, given: Facts) -> bool:
    """Whether an action makes or serves papers."""
    flow = _flow(rules, command, given)
    return command.action in flow.papers or bool(flow.serves.get(command.action))


def are_told(rules: machine.Rules, command: Command, given: Facts) -> bool:
    """Whether an action must know what came before it: for papers, to count a clock again or let
    it run on, or to hold a day against an earlier one."""
    flow = _flow(rules, command, given)
    action = flow.process.actions.get(command.action)
    names = (*action.needs, *action.takes) if action is not None else ()
    return (
        are_needed(rules, command, given)
        or any(
            command.action in recount.corrections(clock.rule)
            for clock in flow.starts.get(command.action, ())
        )
        or any(rules.pack.fields[name].not_before is not None for name in names)
    )


def _flow(rules: machine.Rules, command: Command, given: Facts) -> machine.Flow:
    opening, case = command.opening, given.case
    return rules.flow(opening.process if opening else case.process if case else "")


def hold_numbers(tx: db.Tx, given: Facts) -> None:
    """For the rest of the transaction nobody else who holds them draws numbers of the offices of
    a line."""
    tx.execute(LOCKED, {"offices": _ids(given)}).all()


def _ids(given: Facts) -> list[UUID]:
    return sorted({office.id for office in given.line.offices}, key=str)


def facts(
    tx: db.Tx,
    rules: machine.Rules,
    command: Command,
    given: Facts,
    *,
    actor: str,
    seals: personal.Seals,
) -> PaperFacts:
    """The facts that the papers of an action need."""
    flow = _flow(rules, command, given)
    told = _told(tx, command.case_id, seals=seals) if given.case is not None else _Told()
    names, last = _numbers(tx, flow, command, given, pack=rules.pack)
    return PaperFacts(
        values=told.values,
        history=tuple(told.history),
        papers=tuple(
            EarlierPaper(
                no=note["no"],
                name=note["name"],
                number=note["number"],
                made_at=at,
                served=frozenset(told.served.get(note["no"], ())),
                is_overtaken=note["name"] in rules.pack.papers
                and is_overtaken(rules.pack.papers[note["name"]], {*since, command.action}),
            )
            for note, at, since in told.papers
        ),
        services=told.services,
        names=names | _people(tx, rules.pack, {**told.values, **command.fields}),
        last=last,
        actor=actor,
    )


def _told(tx: db.Tx, case_id: UUID, *, seals: personal.Seals) -> _Told:
    told, seen = _Told(), 0
    for row in tx.execute(HISTORY, {"case_id": case_id}):
        if row.seq != seen:
            seen = row.seq
            payload = json.loads(row.payload)
            told.values.update(payload.get("fields", {}))
            told.history.append((row.name, row.at, row.seq))
            for *_, since in told.papers:
                since.add(row.name)
            told.papers.extend((note, row.at, set()) for note in payload.get("papers", ()))
            if "service" in payload:
                service = payload["service"]
                told.services += 1
                told.served.setdefault(service["paper"], set()).add(service.get("side", ""))
        if row.field is not None:
            place = personal.place_of(case_id, seq=row.seq, field=row.field)
            told.values[row.field] = seals.open(row.sealed, nonce=row.nonce, place=place)
    return told


def _numbers(
    tx: db.Tx,
    flow: machine.Flow,
    command: Command,
    given: Facts,
    *,
    pack: pack_.Pack,
) -> tuple[dict[str, str], dict[tuple[UUID, str], int]]:
    """The names of the line's offices and of the grid, and the last serials of this year."""
    made = flow.papers.get(command.action, ())
    kept = sorted({pack.papers[name].series for name, _ in made})
    at = given.now if given.case is None else max(given.now, given.case.updated_at)
    grid = given.line.origin[-1]
    keys: dict[str, Any] = {f"series_{n}": name for n, name in enumerate(kept)}
    keys |= {"offices": _ids(given), "grid": grid}
    if kept:
        keys["year"] = calendars.local_date(given.calendar, at).year
    names: dict[str, str] = {}
    last: dict[tuple[UUID, str], int] = {}
    for row in tx.execute(_offices(len(kept)), keys):
        names[str(row.id)], names[grid] = row.name, row.grid
        for n, series in enumerate(kept):
            last[row.id, series] = getattr(row, f"last_{n}") or 0
    return names, last


def _people(tx: db.Tx, pack: pack_.Pack, values: Mapping[str, Scalar]) -> dict[str, str]:
    """The names of the persons that fields name."""
    wanted = {
        found
        for name, value in values.items()
        if name in pack.fields
        and pack.fields[name].type == "person"
        and (found := _id(value)) is not None
    }
    if not wanted:
        return {}
    rows: Iterable[Any] = tx.execute(PEOPLE, {"ids": sorted(wanted, key=str)})
    return {str(row.id): row.name for row in rows}


def _id(value: Scalar) -> UUID | None:
    """An id, if it is one; what is none is refused when the fields are read."""
    try:
        return UUID(str(value))
    except ValueError:
        return None
