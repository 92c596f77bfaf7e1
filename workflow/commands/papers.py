"""Opening papers: what they say is personal, so each reading is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, literal, select

from rules import errors
from rules import pack as pack_
from rules import papers as papers_
from workflow import access, db, ids, machine, personal, read
from workflow import papers as making
from workflow.commands import act, people
from workflow.decide import Command, Decision, Facts, PaperRow, decide
from workflow.decide import papers as deciding
from workflow.engine import Engine
from workflow.tables import office as office_tables
from workflow.tables import paper as tables
from workflow.tables import personal as personal_tables

_PAPER: Final = tables.Paper.__table__.c  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__.c  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__.c  # type: ignore[attr-defined]

# By the keys of all three.
PAPERS: Final = (
    select(
        _PAPER.no,
        _PAPER.seq,
        _PAPER.name,
        _PAPER.number,
        _PAPER.made_at,
        _OFFICE.name.label("office"),
        _SEALED.field,
        _SEALED.nonce,
        _SEALED.sealed,
    )
    .join(_OFFICE.id.table, _OFFICE.id == _PAPER.office_id)
    .join(
        _SEALED.case_id.table,
        and_(
            _SEALED.case_id == _PAPER.case_id,
            _SEALED.seq == _PAPER.seq,
            _SEALED.field == literal(deciding.SEALED) + _PAPER.name,
        ),
    )
    .where(_PAPER.case_id == bindparam("case_id"))
    .order_by(_PAPER.no)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A paper with what it says. `code` is the look-up code, on papers that go to nobody but whom
    it belongs to: what both sides get would hand the one's own story to the other. A draft is
    of an act that is not done: it has no number and no code, and nothing keeps it."""

    no: int
    key: str
    paper: pack_.Paper
    number: str
    made_at: datetime
    office: str
    filled: papers_.Filled
    case_number: str
    code: str | None
    is_draft: bool = False


def draft(
    engine: Engine, actor: access.Actor, request: act.Request, *, reason: str
) -> tuple[Opened, ...]:
    """The papers that an action would make now, to be read, or signed by hand, before it is done.
    Nothing is done and no number is drawn; what the action has its sender confirm counts as
    confirmed. Who may not open a paper both now and after the act sees no draft of it, but for
    one of the office that leads the case now: it signs what it sends the case on with. The reading
    is recorded.

    Raises: `case.unknown`, `action.unknown`, `action.not_yours`, what `decide` raises;
    `paper.none` where it makes none that this actor may open.
    """
    with db.transaction(engine.database) as tx:
        found = read.case_facts(tx, request.case_id, action_id=str(request.action_id), locked=False)
        house, facts = found.house, found.facts
        if facts is None or facts.case is None:
            raise errors.NotFound("case.unknown")
        rules, command = act.commanded(tx, actor, request, house=house, facts=facts)
        if not making.are_needed(rules, command, facts):
            raise errors.Invalid("paper.none", field="action")
        command = replace(command, fields={**command.fields, **_confirmed(rules, command, facts)})
        known = making.facts(tx, rules, command, facts, actor=actor.name, seals=engine.seals)
        decision = decide(rules, command, replace(facts, papers=replace(known, is_draft=True)))
        rights = [
            access.field_rights(house.rules.pack, actor, case, recused=facts.recused)
            for case in (facts.case, decision.case)
        ]
        opened = tuple(
            Opened(
                no=row.no,
                key=row.name,
                paper=paper,
                number=row.number,
                made_at=row.made_at,
                office=known.names.get(str(row.office_id), ""),
                filled=papers_.from_document(_said(decision, row)),
                case_number=decision.case.number,
                code=None,
                is_draft=True,
            )
            for row in decision.papers
            for paper in [rules.pack.papers[row.name]]
            for asked in [rights[:1] if row.office_id == facts.case.lead_office_id else rights]
            if all(access.may_open_paper(one, paper, rules.pack, actor) for one in asked)
        )
        if not opened:
            raise errors.Invalid("paper.none", field="action")
        if actor.person_id is not None:
            names = [f"{request.action}:{deciding.SEALED}{one.key}" for one in opened]
            at = house.now
            people.record_reading(tx, actor.person_id, request.case_id, names, reason=reason, at=at)
        return opened


def _confirmed(rules: machine.Rules, command: Command, facts: Facts) -> dict[str, bool]:
    """What is ticked when the act is done, as that all have signed."""
    assert facts.case is not None  # noqa: S101  a case that is there
    action = rules.flow(facts.case.process).process.actions[command.action]
    asked = (*action.needs, *action.takes)
    return {name: True for name in asked if rules.pack.fields[name].must_be_true}


def _said(decision: Decision, row: PaperRow) -> str:
    """What a paper of a decision says."""
    values = (value for event in decision.events for value in event.personal)
    return next(it.value for it in values if it.field == f"{deciding.SEALED}{row.name}")


def open_one(engine: Engine, actor: access.Actor, case_id: UUID, no: int, *, reason: str) -> Opened:
    """One paper of a case. Raises: `case.unknown`; `paper.unknown`, also where it is not theirs
    to open."""
    found = _opened(engine, actor, case_id, only=no, reason=reason)
    if not found:
        raise errors.NotFound("paper.unknown")
    return found[0]


def open_all(
    engine: Engine, actor: access.Actor, case_id: UUID, *, reason: str
) -> tuple[Opened, ...]:
    """Every paper of a case that this actor may open, in the order of its file.

    Raises: `case.unknown`.
    """
    found = _opened(engine, actor, case_id, only=None, reason=reason)
    return tuple(sorted(found, key=lambda one: (one.paper.place, one.no)))


def _opened(
    engine: Engine, actor: access.Actor, case_id: UUID, *, only: int | None, reason: str
) -> list[Opened]:
    with db.transaction(engine.database) as tx:
        house = read.house(tx)
        case = read.case_row(tx, case_id)
        recused = read.recused(tx, case_id)
        if case is None or not access.may_see(house.rules.pack, actor, case, recused=recused):
            raise errors.NotFound("case.unknown")
        rights = access.field_rights(house.rules.pack, actor, case, recused=recused)
        pack = read.rules(tx, case.pack_hash).pack
        declared = pack.papers
        rows = [
            row
            for row in tx.execute(PAPERS, {"case_id": case_id})
            if only in (None, row.no)
            and row.name in declared
            and access.may_open_paper(rights, declared[row.name], pack, actor)
        ]
        found = [_one(row, declared, engine, case_id=case_id, number=case.number) for row in rows]
        if found and actor.person_id is not None:
            names = [f"{row.seq}:{row.field}" for row in rows]
            people.record_reading(tx, actor.person_id, case_id, names, reason=reason, at=house.now)
        return found


def _one(
    row: Row[*tuple[Any, ...]],
    declared: Mapping[str, pack_.Paper],
    engine: Engine,
    *,
    case_id: UUID,
    number: str,
) -> Opened:
    paper = declared[row.name]
    place = personal.place_of(case_id, seq=row.seq, field=row.field)
    kept = engine.seals.open(row.sealed, nonce=row.nonce, place=place)
    is_theirs = paper.to == "applicant"
    return Opened(
        no=row.no,
        key=row.name,
        paper=paper,
        number=row.number,
        made_at=row.made_at,
        office=row.office,
        filled=papers_.from_document(kept),
        case_number=number,
        code=ids.lookup_code(engine.seals.secret, case_id) if is_theirs else None,
    )
