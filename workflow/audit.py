"""The chain of events of one case: canonical form, commitments, links, verification.

Personal values enter the chain as salted commitments only. Erasing a value with its salt
leaves every link valid, and nothing that could be guessed back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Row, select

from workflow import db, files, personal
from workflow.decide import attachments
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import paper as paper_tables
from workflow.tables import personal as personal_tables

_EVENT: Final = case_tables.Event.__table__  # type: ignore[attr-defined]
_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_LOG: Final = office_tables.OfficeLog.__table__  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
_FILE: Final = paper_tables.Attachment.__table__  # type: ignore[attr-defined]

_HEADS: Final = select(_CASE.id, _CASE.seq, _CASE.head, _CASE.state, _CASE.lead_office_id)

START: Final = bytes(32)
"""What the first event links to."""


def canonical(value: object) -> str:
    """RFC 8785 for what our payloads hold: strings, integers, booleans, null, in lists and
    mappings with ASCII keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def commitment(salt: bytes, value: str) -> str:
    """A salted hash of a personal value, hex."""
    return hashlib.sha256(salt + value.encode()).hexdigest()


def moment(at: datetime) -> str:
    """An instant as the chain writes it: UTC, always with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Linked(Protocol):
    """An event's facts that stand in the chain beside its payload."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def name(self) -> str: ...
    @property
    def action_id(self) -> str: ...
    @property
    def actor_kind(self) -> str: ...
    @property
    def actor_id(self) -> UUID | None: ...
    @property
    def post_id(self) -> UUID | None: ...


def link(event: Linked, *, case_id: UUID, prev: bytes, payload: str, commitments: str) -> bytes:
    """The hash of an event, which the next one carries. `payload` and `commitments` are
    canonical JSON already."""
    facts: Mapping[str, object] = {
        "case": str(case_id),
        "seq": event.seq,
        "at": moment(event.at),
        "name": event.name,
        "action": event.action_id,
        "kind": event.actor_kind,
        "actor": None if event.actor_id is None else str(event.actor_id),
        "post": None if event.post_id is None else str(event.post_id),
        "payload": payload,
        "commitments": commitments,
        "prev": prev.hex(),
    }
    return hashlib.sha256(canonical(facts).encode()).digest()


def log_link(
    *, prev: str, seq: int, at: datetime, name: str, actor_id: UUID | None, payload: str
) -> str:
    """The hash of a row of the office log, hex."""
    actor = None if actor_id is None else str(actor_id)
    facts: Mapping[str, object] = {
        "seq": seq,
        "at": moment(at),
        "name": name,
        "actor": actor,
        "payload": payload,
        "prev": prev,
    }
    return hashlib.sha256(canonical(facts).encode()).hexdigest()


# -- verification -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A place where what is stored cannot be what was written."""

    place: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a verification."""

    cases: int
    events: int
    values: int
    log_rows: int
    faults: tuple[Fault, ...]


def verify(database: db.Database, seals: personal.Seals) -> Report:
    """Checks every chain: no event changed, missing, added or moved; the case row ends where
    its chain ends; each personal value that is still there is the one committed to.

    What was cut off at the end of a chain together with its case row shows only against a
    root kept elsewhere. Invariant: 4.
    """
    faults: list[Fault] = []
    cases = events = 0
    with db.snapshot(database, is_long=True) as tx:
        rows = tx.execute(select(_EVENT).order_by(_EVENT.c.case_id, _EVENT.c.seq))
        heads = {row.id: row for row in tx.execute(_HEADS)}
        committed: dict[tuple[UUID, int], Mapping[str, str]] = {}
        for case_id, chain in groupby(rows, key=lambda row: row.case_id):
            cases += 1
            links = list(chain)
            events += len(links)
            faults.extend(_chain_faults(case_id, links, heads.pop(case_id, None)))
            for row in links:
                if row.commitments != "{}":
                    committed[case_id, row.seq] = _read(row.commitments)
        faults.extend(Fault(place=f"case {case_id}", what="has no events") for case_id in heads)
        values, found = _value_faults(tx, seals, committed)
        log_rows, log_found = _log_faults(tx)
    return Report(
        cases=cases,
        events=events,
        values=values,
        log_rows=log_rows,
        faults=(*faults, *found, *log_found),
    )


def _chain_faults(
    case_id: UUID, links: list[Row[*tuple[Any, ...]]], head: Row[*tuple[Any, ...]] | None
) -> Iterator[Fault]:
    prev = START
    for n, row in enumerate(links, start=1):
        place = f"case {case_id} event {row.seq}"
        if row.seq != n:
            yield Fault(place=place, what=f"stands where event {n} should")
            return
        if row.prev_hash != prev:
            yield Fault(place=place, what="does not link to the event before it")
        made = link(
            row,
            case_id=case_id,
            prev=prev,
            payload=row.payload,
            commitments=row.commitments,
        )
        if made != row.hash:
            yield Fault(place=place, what="is not what was written")
        prev = row.hash
    if head is None:
        yield Fault(place=f"case {case_id}", what="has events but no row")
    elif (head.seq, head.head) != (len(links), prev):
        yield Fault(place=f"case {case_id}", what="does not end where its chain ends")
    elif (head.state, str(head.lead_office_id)) != _stand(links):
        yield Fault(place=f"case {case_id}", what="stands where no event has put it")


def _read(text: str) -> Mapping[str, Any]:
    """A stored object; nothing where somebody has made it unreadable, which the hash tells."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _stand(links: list[Row[*tuple[Any, ...]]]) -> tuple[object, object]:
    """State and lead office after the last event that an action made."""
    for row in reversed(links):
        payload = _read(row.payload)
        if "state" in payload:
            return payload["state"], payload.get("lead")
    return None, None


def _value_faults(
    tx: db.Tx, seals: personal.Seals, committed: Mapping[tuple[UUID, int], Mapping[str, str]]
) -> tuple[int, list[Fault]]:
    found: list[Fault] = []
    count = 0
    for row in tx.execute(select(_SEALED)):
        count += 1
        place = personal.place_of(row.case_id, seq=row.seq, field=row.field)
        value = seals.try_open(row.sealed, nonce=row.nonce, place=place)
        expected = committed.get((row.case_id, row.seq), {}).get(row.field)
        if (
            value is None
            or commitment(row.salt, value) != expected
            or personal.mask(value, kind=row.kind) != row.masked
        ):
            where = f"case {row.case_id} event {row.seq} value {row.field}"
            found.append(Fault(place=where, what="is not the value committed to"))
    return count, found


def _log_faults(tx: db.Tx) -> tuple[int, list[Fault]]:
    found: list[Fault] = []
    prev, count = START.hex(), 0
    for row in tx.execute(select(_LOG).order_by(_LOG.c.seq)):
        count += 1
        made = log_link(
            prev=prev,
            seq=row.seq,
            at=row.at,
            name=row.name,
            actor_id=row.actor_id,
            payload=row.payload,
        )
        if row.seq != count or row.prev_hash != prev or row.hash != made:
            found.append(Fault(place=f"office log {row.seq}", what="is not what was written"))
        prev = row.hash
    return count, found


# -- files ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """The result of looking at every attached file."""

    files: int
    faults: tuple[Fault, ...]


def verify_files(database: db.Database, seals: personal.Seals, store: files.Store) -> FileReport:
    """Checks that each file is on the disk, that it is the one its event committed to, and that
    each event has its row. Invariant: 4."""
    with db.snapshot(database, is_long=True) as tx:
        rows = tx.execute(select(_FILE).order_by(_FILE.c.case_id, _FILE.c.no)).all()
        told = select(_EVENT.c.case_id, _EVENT.c.seq, _EVENT.c.payload)
        told = told.where(_EVENT.c.name == attachments.ATTACH)
        notes = {(row.case_id, row.seq): row.payload for row in tx.execute(told)}
        sealed = select(_SEALED).where(_SEALED.c.field.startswith(attachments.KEPT))
        prints = {(row.case_id, row.seq): row for row in tx.execute(sealed)}
    faults: list[Fault] = []
    for row in rows:
        key = (row.case_id, row.seq)
        what = _file_fault(row, notes.pop(key, "{}"), prints.get(key), seals, store)
        if what is not None:
            faults.append(Fault(place=f"case {row.case_id} file {row.no}", what=what))
    faults.extend(
        Fault(place=f"case {case_id} event {seq}", what="names a file that has no row")
        for case_id, seq in notes
    )
    return FileReport(files=len(rows), faults=tuple(faults))


def _file_fault(
    row: Row[*tuple[Any, ...]],
    payload: str,
    printed: Row[*tuple[Any, ...]] | None,
    seals: personal.Seals,
    store: files.Store,
) -> str | None:
    """What is wrong with one file."""
    note = _read(payload).get(attachments.NOTE, {})
    said = (row.no, row.kind, row.of_no, row.service_no, row.media, row.size_bytes)
    names = ("no", "kind", attachments.OF.get(row.kind), "service", "media", "bytes")
    if said != tuple(note.get(name) for name in names):
        return "is not what its event says"
    if not store.has(row.name):
        return "is not on the disk"
    place = files.place_of(row.case_id, row.id)
    content = store.open(seals, row.name, nonce=row.nonce, place=place)
    if content is None or printed is None:
        return "is not what was attached"
    value_place = personal.place_of(row.case_id, seq=row.seq, field=printed.field)
    value = seals.try_open(printed.sealed, nonce=printed.nonce, place=value_place)
    return None if files.fingerprint(content) == value else "is not what was attached"
