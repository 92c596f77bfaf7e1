"""Files of a case: attached once however often they are sent, and opened only on the record.

The file is written first and its row with the event after; what is refused in between takes the
file away again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Row, and_, bindparam, func, null, select

from rules import errors, papers
from rules import pack as pack_
from workflow import access, db, files, machine, read, repeats, write
from workflow.commands import act, people
from workflow.decide import AttachmentRow, Facts, FileKind, attachments, decide_attachment
from workflow.engine import Engine
from workflow.tables import case as case_tables
from workflow.tables import paper as tables

_EVENT: Final = case_tables.Event.__table__.c  # type: ignore[attr-defined]
_PAPER: Final = tables.Paper.__table__.c  # type: ignore[attr-defined]
_SERVICE: Final = tables.Service.__table__.c  # type: ignore[attr-defined]
_FILE: Final = tables.Attachment.__table__.c  # type: ignore[attr-defined]

MOST: Final = 10
"""Of one paper or material: a receipt has two sides, and a parcel service its own slip; what has
more sheets than ten photos show is scanned into one file."""

_CASE_ID: Final[BindParameter[Any]] = bindparam("case_id")
_OF_NO: Final[BindParameter[Any]] = bindparam("of_no")
_LAST: Final = (
    select(func.coalesce(func.max(_FILE.no), 0))
    .where(_FILE.case_id == _CASE_ID)
    .scalar_subquery()
    .label("last_no")
)
_OWN: Final = (
    select(func.count())
    .where(_FILE.case_id == _CASE_ID, _FILE.kind == bindparam("kind"), _FILE.of_no == _OF_NO)
    .scalar_subquery()
    .label("own")
)
# A paper, its last service, and the files there are. Index: the keys of the three; service_paper.
PAPER: Final = select(
    _PAPER.name,
    _PAPER.number,
    select(func.max(_SERVICE.no))
    .where(_SERVICE.case_id == _CASE_ID, _SERVICE.paper_no == _OF_NO)
    .scalar_subquery()
    .label("service_no"),
    _LAST,
    _OWN,
).where(_PAPER.case_id == _CASE_ID, _PAPER.no == _OF_NO)
# The event of a material, and the files there are. Index: the keys of both.
MATERIAL: Final = select(
    _EVENT.name, _EVENT.payload, null().label("number"), null().label("service_no"), _LAST, _OWN
).where(_EVENT.case_id == _CASE_ID, _EVENT.seq == _OF_NO)
# By the keys of both.
ALL: Final = (
    select(
        _FILE.no,
        _FILE.seq,
        _FILE.id,
        _FILE.kind,
        _FILE.of_no,
        _FILE.media,
        _FILE.size_bytes,
        _FILE.name,
        _FILE.nonce,
        _FILE.attached_by,
        _FILE.attached_at,
        _PAPER.name.label("paper"),
        _PAPER.number,
    )
    .outerjoin(
        _PAPER.no.table,
        and_(_FILE.kind == "receipt", _PAPER.case_id == _FILE.case_id, _PAPER.no == _FILE.of_no),
    )
    .where(_FILE.case_id == _CASE_ID)
    .order_by(_FILE.no)
)
ONE: Final = ALL.where(_FILE.no == bindparam("no"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A receipt to attach to a paper that was served, or a file to a material: `of_no` is the
    number of the one, or of the event by which the other came in. `id` is the client's own."""

    case_id: UUID
    id: UUID
    kind: FileKind
    of_no: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What was attached, as it was kept."""

    no: int
    id: UUID
    kind: FileKind
    of_no: int
    media: str
    size_bytes: int
    attached_at: datetime
    is_repeat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file with its content. `kind` and `of_no` say what it belongs to, as in `Request`; `number`
    is that of a paper, None of a material."""

    no: int
    kind: FileKind
    of_no: int
    media: str
    number: str | None
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known before a file is written: the paper or material, and who may attach to it."""

    rules: machine.Rules
    facts: Facts
    owner: Row[*tuple[Any, ...]]
    post_id: UUID | None


def attach(engine: Engine, actor: access.Actor, request: Request) -> Attached:
    """Attaches a file. The same id with the same file answers as the first time.

    Raises: `case.unknown`, `paper.unknown`, `material.unknown`; `attachment.not_yours`;
    `attachment.not_served`, `attachment.too_many`; `id.taken`, `id.differs`; what `files.cleaned`
    and `Store.keep` raise; `case.busy`.
    """
    sent = files.fingerprint(request.content)
    with db.snapshot(engine.database) as tx:
        before = _look(tx, actor, request, sent=sent)
    if isinstance(before, Attached):
        return before
    clean = files.cleaned(request.content, most_bytes=engine.files.most_bytes)
    place = files.place_of(request.case_id, request.id)
    kept = engine.files.keep(engine.seals, clean.content, place=place)
    try:
        done = _record(engine, actor, request, clean=clean, kept=kept)
    except errors.Busy:
        raise  # perhaps it was written after all: the file stays, and is counted if it was not
    except errors.GridcaseError:
        engine.files.drop(kept.name)
        raise
    if done.is_repeat:
        engine.files.drop(kept.name)
    return done


def _record(
    engine: Engine,
    actor: access.Actor,
    request: Request,
    *,
    clean: files.Clean,
    kept: files.Kept,
) -> Attached:
    for attempt in range(act.GUARDED_TRIES + act.LOCKED_TRIES):
        locked = attempt >= act.GUARDED_TRIES
        with db.transaction(engine.database, locked=locked) as tx:
            found = _look(tx, actor, request, sent=clean.sent, locked=locked)
            if isinstance(found, Attached):
                return found
            asked = _asked(found, actor, request, clean=clean, kept=kept)
            decision = decide_attachment(found.rules, found.facts, asked=asked)
            if request.case_id in db.apply(tx, write.rows(decision, seals=engine.seals)):
                return _attached(decision.attachments[0])
    raise errors.Busy("case.busy")


def _asked(
    found: _Found,
    actor: access.Actor,
    request: Request,
    *,
    clean: files.Clean,
    kept: files.Kept,
) -> attachments.Attaching:
    return attachments.Attaching(
        id=request.id,
        no=found.owner.last_no + 1,
        kind=request.kind,
        of_no=request.of_no,
        paper_number=found.owner.number,
        service_no=found.owner.service_no,
        media=clean.media,
        size_bytes=len(clean.content),
        name=kept.name,
        key_id=kept.key_id,
        nonce=kept.nonce,
        sent=clean.sent,
        kept=clean.kept,
        actor_id=actor.person_id,
        post_id=found.post_id,
    )


def _look(
    tx: db.Tx, actor: access.Actor, request: Request, *, sent: str, locked: bool = False
) -> _Found | Attached:
    """Whether the file may be attached; the answer of the first time where it was before."""
    read_ = read.case_facts(tx, request.case_id, action_id=str(request.id), locked=locked)
    house, facts = read_.house, read_.facts
    if facts is None or facts.case is None or actor.is_kept_from(facts.recused):
        raise errors.NotFound("case.unknown")
    case, active = facts.case, house.rules.pack
    sees = access.may_see(active, actor, case, recused=facts.recused)
    if read_.is_repeat:
        try:
            return _again(tx, actor, request, sent=sent)
        except errors.Conflict:
            if sees:
                raise
    if not sees:
        raise errors.NotFound("case.unknown")
    rules = read.rules(tx, case.pack_hash)
    actions = rules.flow(case.process).process.actions
    keys = {"case_id": request.case_id, "kind": request.kind, "of_no": request.of_no}
    if request.kind == "receipt":
        row = tx.execute(PAPER, keys).one_or_none()
        paper = rules.pack.papers.get(row.name) if row else None
        rights = access.field_rights(active, actor, case, recused=facts.recused)
        if row is None or paper is None or not access.knows_paper(rights, paper, rules.pack, actor):
            raise errors.NotFound("paper.unknown")
        by = [actions[name] for name in paper.served_by if name in actions]
    else:
        row = tx.execute(MATERIAL, keys).one_or_none()
        if row is None or papers.MATERIAL not in json.loads(row.payload).get("fields", {}):
            raise errors.NotFound("material.unknown")
        by = [it for name, it in actions.items() if name == row.name]  # none of an imported one
    leave = access.may_attach(active, actor, case, by=by, recused=facts.recused)
    if leave is None:
        raise errors.NotPermitted("attachment.not_yours")
    if request.kind == "receipt" and row.service_no is None:
        raise errors.NotNow("attachment.not_served", field="no", number=row.number)
    if row.own >= MOST:
        raise errors.NotNow("attachment.too_many", field="file", most=MOST)
    post_id = leave.post.id if leave.post else None
    return _Found(rules=rules, facts=facts, owner=row, post_id=post_id)


def _again(tx: db.Tx, actor: access.Actor, request: Request, *, sent: str) -> Attached:
    no = repeats.same_file(tx, actor, request, sent=sent)
    row = tx.execute(ONE, {"case_id": request.case_id, "no": no}).one()
    return _attached(row, is_repeat=True)


def _attached(row: AttachmentRow | Row[*tuple[Any, ...]], *, is_repeat: bool = False) -> Attached:
    return Attached(
        no=row.no,
        id=row.id,
        kind=row.kind,
        of_no=row.of_no,
        media=row.media,
        size_bytes=row.size_bytes,
        attached_at=row.attached_at,
        is_repeat=is_repeat,
    )


def open_one(engine: Engine, actor: access.Actor, case_id: UUID, no: int, *, reason: str) -> Opened:
    """One file of a case. The reading is recorded where the party can see it.

    Raises: `case.unknown`; `attachment.unknown`, also where it is not theirs to open;
    `attachment.damaged` where the disk does not hold what was kept.
    """
    rows = _readable(engine, actor, case_id, no=no, reason=reason)
    if not rows:
        raise errors.NotFound("attachment.unknown")
    opened = _content(engine, case_id, rows[0])
    if opened is None:
        raise errors.NotNow("attachment.damaged")
    return opened


def open_all(
    engine: Engine, actor: access.Actor, case_id: UUID, *, reason: str
) -> Iterator[Opened]:
    """Every file of a case that this actor may open and that the disk still holds, one after the
    other, each read when it is asked for.

    Raises: `case.unknown`.
    """
    for row in _readable(engine, actor, case_id, no=None, reason=reason):
        opened = _content(engine, case_id, row)
        if opened is not None:
            yield opened


def _readable(
    engine: Engine, actor: access.Actor, case_id: UUID, *, no: int | None, reason: str
) -> list[Row[*tuple[Any, ...]]]:
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        case = read.case_row(tx, case_id)
        recused = read.recused(tx, case_id)
        if case is None or not access.may_see(house.rules.pack, actor, case, recused=recused):
            raise errors.NotFound("case.unknown")
        pack = read.rules(tx, case.pack_hash).pack
        rights = access.field_rights(house.rules.pack, actor, case, recused=recused)
        asked = {"case_id": case_id} if no is None else {"case_id": case_id, "no": no}
        found = tx.execute(ALL if no is None else ONE, asked)
        rows = [row for row in found if _may_open(rights, row, pack, actor)]
        if rows:
            assert actor.person_id is not None  # noqa: S101  a resident opens none
            names = [f"{row.seq}:{attachments.KEPT}{row.no}" for row in rows]
            people.record_reading(tx, actor.person_id, case_id, names, reason=reason, at=house.now)
    return rows


def _content(engine: Engine, case_id: UUID, row: Row[*tuple[Any, ...]]) -> Opened | None:
    place = files.place_of(case_id, row.id)
    content = engine.files.open(engine.seals, row.name, nonce=row.nonce, place=place)
    if content is None:
        return None
    return Opened(
        no=row.no,
        kind=row.kind,
        of_no=row.of_no,
        media=row.media,
        number=row.number,
        content=content,
    )


def _may_open(
    rights: Mapping[str, pack_.FieldRight],
    row: Row[*tuple[Any, ...]],
    pack: pack_.Pack,
    actor: access.Actor,
) -> bool:
    paper = pack.papers.get(row.paper or "")
    if row.kind == "receipt" and paper is None:
        return False
    is_own = row.attached_by == actor.person_id
    return access.may_open_file(rights, paper, pack, actor, is_own=is_own)
