"""Closed cases of an earlier system, brought in from a file.

`read_file` walks every line through the decision that `apply` takes, and writes nothing: a file is
sound as a whole, or nothing of it comes in. What came in before is known by its number, so that a
file given again, or a run that ended early, goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import IntegrityError

from rules import errors, fields
from rules.load import records, rows
from workflow import db, ids, machine, read, repeats, write
from workflow.commands import office
from workflow.decide import Facts, Scalar, decide_import, imported
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import personal as personal_tables

COLUMNS: Final = ("number", "process", "grid", "received_on", "closed_on", "state")
"""What every line says; all others are fields of its process's filing."""
BATCH: Final = 200
SQLITE_BATCH: Final = 100
"""Smaller where a batch holds the one write lock that people wait for."""
TRIES: Final = 5
"""A fresh case number may be taken, or a row of the office log be written in between."""

_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__.c  # type: ignore[attr-defined]

# Index: the key of event, of sealed_value.
FIRST: Final = select(_EVENT.case_id, _EVENT.name, _EVENT.payload, _EVENT.commitments).where(
    _EVENT.case_id.in_(bindparam("case_ids", expanding=True)), _EVENT.seq == 1
)
SALTS: Final = select(_SEALED.case_id, _SEALED.field, _SEALED.salt).where(
    _SEALED.case_id.in_(bindparam("case_ids", expanding=True)), _SEALED.seq == 1
)

Told = Callable[[int, int], None]
"""Is told how many are done, of how many."""


def _quietly(_done: int, _of: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file whose every line is sound. `new` are its cases that are not here yet, `there` is how
    many are; `pack_hash` the rules they were held to."""

    file: str
    hash: str
    pack_hash: str
    new: tuple[imported.Old, ...]
    there: int


def read_file(database: db.Database, data: bytes, *, file: str, told: Told = _quietly) -> Import:
    """A file held to the pack, the areas and what was imported before. Stores nothing.

    Raises: PackInvalid `transfer.invalid` with the faults, by line and column;
    `installation.empty`.
    """
    faults = records.Faults(file=file)
    with db.snapshot(database) as tx:
        house = read.house(tx)
    known = {*COLUMNS, *_every_field(house.rules)}
    found = records.read(data, needed=COLUMNS, known=known, faults=faults)
    lines = list(_lines(found, faults))
    new: list[imported.Old] = []
    for n in range(0, len(lines), BATCH):
        # Not one for all: where SQLite has no WAL, whoever writes waits for who reads.
        with db.snapshot(database) as tx:
            new += _checked(tx, lines[n : n + BATCH], house, faults)
        told(min(n + BATCH, len(lines)), len(lines))
    faults.stop()
    return Import(
        file=file,
        hash=hashlib.sha256(data).hexdigest(),
        pack_hash=house.rules.hash,
        new=tuple(new),
        there=len(lines) - len(new),
    )


def apply(
    engine: Engine, made: Import, *, actor_id: UUID | None = None, told: Told = _quietly
) -> int:
    """Writes the cases that are not here yet, closed as they are, batch by batch; with the first
    one row of the office log. Gives how many were written.

    Raises: `transfer.changed` where another pack came between; what `decide_import` raises where an
    office did. What was written until then stays.
    """
    written, size = 0, BATCH if engine.database.is_postgres else SQLITE_BATCH
    for n in range(0, len(made.new), size):
        part = made.new[n : n + size]
        written += _batch(engine, made, part, actor_id=actor_id, is_first=n == 0)
        told(n + len(part), len(made.new))
        db.give_way(engine.database)
    return written


# -- what a line says -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One sound line."""

    line: int
    old: imported.Old


def _every_field(rules: machine.Rules) -> set[str]:
    return {name for process in rules.flows for name in imported.known(rules, process)}


def _lines(found: Sequence[records.Record], faults: records.Faults) -> Iterator[_Line]:
    """Each line's case. A number comes once."""
    seen: dict[str, int] = {}
    for record in found:
        old = _old(record, faults)
        if old is None:
            continue
        if old.number in seen:
            first = seen[old.number]
            faults.add("transfer.doubled", line=record.line, column="number", first=first)
            continue
        seen[old.number] = record.line
        yield _Line(line=record.line, old=old)


def _old(record: records.Record, faults: records.Faults) -> imported.Old | None:
    said: dict[str, str] = {}
    for name in COLUMNS:
        try:
            said[name] = _word(record.cells.get(name))
        except errors.Invalid as fault:
            faults.add(fault.code, line=record.line, column=name, **fault.params)
    days = {
        name: _day(said[name], line=record.line, column=name, faults=faults)
        for name in ("received_on", "closed_on")
        if name in said
    }
    received_on, closed_on = days.get("received_on"), days.get("closed_on")
    if len(said) < len(COLUMNS) or received_on is None or closed_on is None:
        return None
    return imported.Old(
        id=ids.imported_case(said["process"], said["number"]),
        number=said["number"],
        process=said["process"],
        grid=said["grid"],
        received_on=received_on,
        closed_on=closed_on,
        state=said["state"],
        fields=_fields(record),
    )


def _fields(record: records.Record) -> Mapping[str, Scalar]:
    """The other cells; what is no single value is for `rules.fields` to refuse."""
    return {
        name: value  # type: ignore[misc]
        for name, value in record.cells.items()
        if name not in COLUMNS
    }


def _word(value: object) -> str:
    """The text of a cell that must be filled: one line, in one Unicode form.

    Raises: `field.missing`, `transfer.unprintable`, what `rules.fields.token` raises.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # JSON writes numbers of cases and codes of areas so
    text = "" if value is None else fields.token(value)
    if not text:
        raise errors.Invalid("field.missing")
    if not text.isprintable():
        raise errors.Invalid("transfer.unprintable")
    return text


def _day(text: str, *, line: int, column: str, faults: records.Faults) -> date | None:
    """A date, also as spreadsheets rewrite it."""
    try:
        return fields.day(rows.dashed(text))
    except errors.Invalid as fault:
        faults.add(fault.code, line=line, column=column)
        return None


# -- held to what is here -------------------------------------------------------------------------


def _checked(
    tx: db.Tx, part: Sequence[_Line], house: read.House, faults: records.Faults
) -> Iterator[imported.Old]:
    """Those of some lines that are new; what is wrong with any is noted."""
    facts = _facts(tx, {one.old.grid for one in part}, house)
    before = _before(tx, [one.old.id for one in part])
    for one in part:
        known = facts[one.old.grid]
        try:
            if isinstance(known, errors.GridcaseError):
                raise known
            made = decide_import(house.rules, known, old=one.old, number="")
        except errors.GridcaseError as error:
            for fault in error.faults:
                _note(fault, line=one.line, faults=faults)
            continue
        earlier = before.get(one.old.id)
        if earlier is None:
            yield one.old
            continue
        other = _differing(imported.sent(made.events[0]), earlier)
        if other:
            names = ", ".join(other)
            faults.add("transfer.differs", line=one.line, column="number", fields=names)


_COLUMN_OF: Final = {None: "grid", "origin_grid": "grid"}
"""What a case calls otherwise. A fault of no field is one of the way: no office for its grid."""
_CODES: Final = {"field.unknown": "transfer.unknown_column"}
"""What a file calls otherwise."""


def _note(fault: errors.GridcaseError, *, line: int, faults: records.Faults) -> None:
    code = _CODES.get(fault.code, fault.code)
    column = _COLUMN_OF.get(fault.field) or str(fault.field)
    faults.add(code, line=line, column=column, **fault.params)


def _facts(
    tx: db.Tx, grids: set[str], house: read.House
) -> Mapping[str, Facts | errors.GridcaseError]:
    """What a case of each grid must know, or why none can be of it. In one statement: after it the
    lines are kept."""
    lines = read.lines(tx, grids, at=house)
    found: dict[str, Facts | errors.GridcaseError] = {}
    for grid in grids:
        if grid not in lines:
            found[grid] = errors.Invalid("area.unknown", field="grid", area=grid)
            continue
        try:
            found[grid] = read.opening_facts(tx, grid=grid, at=house)
        except errors.Invalid as error:
            found[grid] = error
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """How a case that has this id began."""

    event: Row[*tuple[Any, ...]]
    salts: Mapping[str, bytes]


def _before(tx: db.Tx, case_ids: Sequence[UUID]) -> Mapping[UUID, _Before]:
    events = tx.execute(FIRST, {"case_ids": case_ids}).all()
    there = [event.case_id for event in events]
    salts: dict[UUID, dict[str, bytes]] = defaultdict(dict)
    for row in tx.execute(SALTS, {"case_ids": there}) if there else ():
        salts[row.case_id][row.field] = row.salt
    return {event.case_id: _Before(event=event, salts=salts[event.case_id]) for event in events}


def _differing(sent: Mapping[str, Scalar], earlier: _Before) -> list[str]:
    """The columns in which a case that is there was otherwise when it came."""
    event = earlier.event
    if event.name != imported.IMPORTED:
        return ["number"]
    return repeats.differing(
        sent,
        stored=imported.stored(json.loads(event.payload)),
        commitments=json.loads(event.commitments),
        salts=earlier.salts,
    )


# -- written --------------------------------------------------------------------------------------


def _batch(
    engine: Engine,
    made: Import,
    part: Sequence[imported.Old],
    *,
    actor_id: UUID | None,
    is_first: bool,
) -> int:
    for left in reversed(range(TRIES)):
        try:
            with db.transaction(engine.database, gives_way=True) as tx:
                if is_first:
                    _log(tx, made, actor_id=actor_id)
                return _written(tx, engine, made, part, actor_id=actor_id)
        except IntegrityError:
            if not left:
                raise
    raise errors.Busy("case.busy")  # never: the last try has raised


def _log(tx: db.Tx, made: Import, *, actor_id: UUID | None) -> None:
    said = {"file": made.file, "hash": made.hash, "new": len(made.new), "there": made.there}
    office.log(tx, "cases_imported", said, actor_id=actor_id)


def _written(
    tx: db.Tx,
    engine: Engine,
    made: Import,
    part: Sequence[imported.Old],
    *,
    actor_id: UUID | None,
) -> int:
    """One that somebody else has imported meanwhile is left out."""
    house = read.house(tx)
    if house.rules.hash != made.pack_hash:
        raise errors.Stale("transfer.changed")
    facts = _facts(tx, {old.grid for old in part}, house)
    found = []
    for old in part:
        known = facts[old.grid]
        if isinstance(known, errors.GridcaseError):
            raise known
        decision = decide_import(
            house.rules, known, old=old, number=ids.case_number(), actor_id=actor_id
        )
        found.append(write.rows(decision, seals=engine.seals))
    return len(db.apply(tx, db.Rows.joined(found)))
