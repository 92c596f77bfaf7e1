"""The same action sent again: known by its id, compared by its content.

Clear values are compared as they are, personal ones by commitments recomputed with the
stored salts; an erased value compares equal. What differs is told only to who sent it first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import bindparam, select

from rules import errors
from rules import fields as fields_
from rules import pack as pack_
from workflow import access, audit, db, machine
from workflow.decide import CaseRow, FileKind, Scalar, attachments, papers
from workflow.tables import case as case_tables
from workflow.tables import personal as personal_tables

_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__.c  # type: ignore[attr-defined]

# Index: event_action.
REPEAT: Final = select(
    _EVENT.seq, _EVENT.at, _EVENT.name, _EVENT.actor_id, _EVENT.payload, _EVENT.commitments
).where(_EVENT.case_id == bindparam("case_id"), _EVENT.action_id == bindparam("action_id"))
SALTS: Final = select(_SEALED.field, _SEALED.salt).where(
    _SEALED.case_id == bindparam("case_id"), _SEALED.seq == bindparam("seq")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The event that the act made the first time, and the state it led to."""

    seq: int
    at: datetime
    state: str


class Asked(Protocol):
    """What a request says of itself."""

    @property
    def action_id(self) -> UUID: ...
    @property
    def action(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Scalar]: ...
    @property
    def filing(self) -> Filed | None: ...


class Filed(Protocol):
    """What the filing of a case says beside its fields."""

    @property
    def process(self) -> str: ...
    @property
    def origin_grid(self) -> str: ...
    @property
    def received_at(self) -> datetime | None: ...


class Attaching(Protocol):
    """What a request to attach a file says of itself."""

    @property
    def case_id(self) -> UUID: ...
    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> FileKind: ...
    @property
    def of_no(self) -> int: ...


def same(
    tx: db.Tx, rules: machine.Rules, actor: access.Actor, *, request: Asked, case: CaseRow
) -> Earlier:
    """The earlier event with this id, if it is the same act by the same person.

    Raises: `id.taken` where it is somebody else's; `id.differs` with the fields that differ;
    `case.unknown` to who has the code of another case, and is nobody here.
    """
    if actor.kind != "person" and actor.case_id != case.id:
        raise errors.NotFound("case.unknown")
    keys = {"case_id": case.id, "action_id": str(request.action_id)}
    event = tx.execute(REPEAT, keys).one()
    if event.actor_id != actor.person_id:
        raise errors.Conflict("id.taken", field="action_id")
    salted = tx.execute(SALTS, {"case_id": case.id, "seq": event.seq})
    salts = {row.field: row.salt for row in salted}
    found = _differences(rules.pack, case, event.name, request=request, event=event, salts=salts)
    if found:
        raise errors.Conflict("id.differs", field=found[0], fields=", ".join(found))
    state = str(json.loads(event.payload)["state"])
    return Earlier(seq=event.seq, at=event.at, state=state)


def same_file(tx: db.Tx, actor: access.Actor, asked: Attaching, *, sent: str) -> int:
    """The number in its case of the file with this id, if it is the same file for the same paper
    or material by the same person. `sent` is the fingerprint of what comes now.

    Raises: `id.taken` where it is somebody else's; `id.differs` with what differs.
    """
    keys = {"case_id": asked.case_id, "action_id": str(asked.id)}
    event = tx.execute(REPEAT, keys).one()
    if event.actor_id != actor.person_id:
        raise errors.Conflict("id.taken", field="id")
    if event.name != attachments.ATTACH:
        raise errors.Conflict("id.differs", field="id", fields="id")
    note = json.loads(event.payload)[attachments.NOTE]
    found = [] if note.get(attachments.OF[asked.kind]) == asked.of_no else ["no"]
    field = f"{attachments.SENT}{note['no']}"
    salted = tx.execute(SALTS, {"case_id": asked.case_id, "seq": event.seq})
    salt = next((row.salt for row in salted if row.field == field), None)
    if salt is not None:  # an erased file compares equal
        same = audit.commitment(salt, sent) == json.loads(event.commitments)[field]
        found += [] if same else ["file"]
    if found:
        raise errors.Conflict("id.differs", field=found[0], fields=", ".join(found))
    return int(note["no"])


def _differences(
    pack: pack_.Pack,
    case: CaseRow,
    name: str,
    *,
    request: Asked,
    event: object,
    salts: Mapping[str, bytes],
) -> list[str]:
    if request.action != name:
        return ["action"]
    elsewhere = _filed_elsewhere(request.filing, case)
    if elsewhere:
        return elsewhere
    action = pack.processes[case.process].actions[name]
    sent = dict(fields_.read(action, pack.fields, request.fields))
    stored: dict[str, Scalar] = json.loads(event.payload)["fields"]  # type: ignore[attr-defined]
    stored.pop(action.today or "", None)  # nobody sends it
    # what was made of the fields, a paper, nobody sends
    commitments: dict[str, str] = {
        key: value
        for key, value in json.loads(event.commitments).items()  # type: ignore[attr-defined]
        if not key.startswith(papers.SEALED)
    }
    return differing(sent, stored=stored, commitments=commitments, salts=salts)


def differing(
    sent: Mapping[str, Scalar],
    *,
    stored: Mapping[str, Scalar],
    commitments: Mapping[str, str],
    salts: Mapping[str, bytes],
) -> list[str]:
    """The fields that are sent with another value than an event has: `stored` are its clear ones,
    `commitments` those of its sealed ones, with their salts as far as they were not erased."""
    found = [key for key in stored if sent.get(key) != stored[key]]
    for key, value in sent.items():
        if key in commitments:
            salt = salts.get(key)
            if salt is not None and audit.commitment(salt, str(value)) != commitments[key]:
                found.append(key)
        elif key not in stored:
            found.append(key)
    found.extend(key for key in commitments if key not in sent and key in salts)
    return found


def _filed_elsewhere(filing: Filed | None, case: CaseRow) -> list[str]:
    """What a repeated filing says otherwise than the case it has opened."""
    if filing is None:
        return []
    received_at = filing.received_at or case.opened_at
    said = (filing.process, filing.origin_grid, received_at)
    stored = (case.process, case.origin_grid, case.received_at)
    names = ("process", "origin_grid", "received_at")
    return [name for name, one, other in zip(names, said, stored, strict=True) if one != other]
