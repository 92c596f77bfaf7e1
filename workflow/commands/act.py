"""Filing a case and every action on one: the same way in.

The client makes the ids. The same id with the same content answers as the first time; with
other content it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from rules import errors
from rules import pack as pack_
from workflow import access, db, ids, links, machine, papers, read, repeats, write
from workflow.decide import FILE, CaseRow, Command, Facts, Opening, Scalar, decide
from workflow.engine import Engine

GUARDED_TRIES: Final = 3
LOCKED_TRIES: Final = 8
"""One is enough, but for the number of a paper, which one who does not lock may draw first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What only the filing of a case says: which process, where, and since when the matter
    is in an office's hands (never later than now)."""

    process: str
    origin_grid: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One action asked for. `version` is the case as the person saw it; None does not say."""

    case_id: UUID
    action_id: UUID
    action: str
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    version: int | None = None
    filing: Filing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was done. `code` is the resident's look-up code, given to who filed the case."""

    case_id: UUID
    number: str
    state: str
    version: int
    seq: int
    at: datetime
    code: str | None = None
    is_repeat: bool = False


class _Unheld(Exception):
    """A merge is decided with both cases held, or the other might end meanwhile."""


def act(engine: Engine, actor: access.Actor, request: Request) -> Receipt:
    """Does one action, exactly once however often it is sent.

    Raises: `case.unknown`, `action.not_yours`, `case.stale`, `id.taken`, `id.differs`,
    `case.busy`, and what `decide` raises.
    """
    locked = False
    for attempt in range(GUARDED_TRIES + LOCKED_TRIES):
        locked = locked or attempt >= GUARDED_TRIES
        try:
            receipt = _attempt(engine, actor, request, locked=locked)
        except _Unheld:
            locked = True
            continue
        except IntegrityError as error:
            if db.is_serial_taken(error):
                locked = True  # the next number is drawn with the offices held
            elif not db.is_number_taken(error):
                raise
            continue
        if receipt is not None:
            return receipt
    raise errors.Busy("case.busy")


def _attempt(
    engine: Engine, actor: access.Actor, request: Request, *, locked: bool
) -> Receipt | None:
    """One try; None where somebody else wrote in between."""
    with db.transaction(engine.database, locked=locked) as tx:
        found = read.case_facts(
            tx, request.case_id, action_id=str(request.action_id), locked=locked
        )
        house, facts = found.house, found.facts
        if facts is None or facts.case is None:
            return _file(tx, engine, actor, request, house=house, locked=locked)
        if found.is_repeat:
            return _again(tx, engine, actor, request, house=house, facts=facts, case=facts.case)
        return _move(tx, engine, actor, request, house=house, facts=facts, locked=locked)


def _again(
    tx: db.Tx,
    engine: Engine,
    actor: access.Actor,
    request: Request,
    *,
    house: read.House,
    facts: Facts,
    case: CaseRow,
) -> Receipt:
    """The answer to an act that was sent before. Who sees the case no more is told what the act
    did and nothing that came after it; who is recused is told nothing. Invariant: 7, 8."""
    if actor.is_kept_from(facts.recused):
        raise _unseen(request)
    rules = read.rules(tx, case.pack_hash)
    earlier = repeats.same(tx, rules, actor, request=request, case=case)
    receipt = _receipt(engine, actor, case, seq=earlier.seq, is_repeat=True)
    if access.may_see(house.rules.pack, actor, case, recused=facts.recused):
        return receipt
    return replace(receipt, state=earlier.state, at=earlier.at, version=earlier.seq)


def _file(
    tx: db.Tx,
    engine: Engine,
    actor: access.Actor,
    request: Request,
    *,
    house: read.House,
    locked: bool,
) -> Receipt | None:
    filing = request.filing
    if filing is None or request.action != FILE:
        raise errors.NotFound("case.unknown")
    house.rules.flow(filing.process)
    facts = read.opening_facts(tx, grid=filing.origin_grid, at=house)
    leave = access.may_file(house.rules.pack, actor, process=filing.process, grid=facts.line.origin)
    if leave is None:
        raise errors.NotPermitted("case.not_your_area", field="origin_grid")
    action = house.rules.flow(filing.process).process.actions[FILE]
    opening = Opening(
        process=filing.process,
        origin_grid=filing.origin_grid,
        number=ids.case_number(),
        received_at=filing.received_at,
    )
    command = replace(_command(actor, request, leave=leave), opening=opening)
    command = _with_earlier(tx, house.rules.pack, actor, command, action=action)
    return _write(tx, engine, actor, house.rules, command, facts=facts, locked=locked)


def _move(
    tx: db.Tx,
    engine: Engine,
    actor: access.Actor,
    request: Request,
    *,
    house: read.House,
    facts: Facts,
    locked: bool,
) -> Receipt | None:
    rules, command = commanded(tx, actor, request, house=house, facts=facts, holds=locked)
    if command.earlier is not None and command.earlier.is_merge and not locked:
        raise _Unheld
    return _write(tx, engine, actor, rules, command, facts=facts, locked=locked)


def commanded(
    tx: db.Tx,
    actor: access.Actor,
    request: Request,
    *,
    house: read.House,
    facts: Facts,
    holds: bool = False,
) -> tuple[machine.Rules, Command]:
    """What somebody asks of a case that is there, if they may. `holds`: the case into which it is
    merged stays as it is until the end of the transaction.

    Raises: `case.unknown`, `id.taken`, `action.unknown`, `action.not_yours`.
    """
    case, rights = facts.case, house.rules.pack
    if case is None:
        raise errors.NotFound("case.unknown")
    rules = read.rules(tx, case.pack_hash)
    if request.filing is not None or not access.may_see(rights, actor, case, recused=facts.recused):
        raise _unseen(request)
    action = rules.flow(case.process).process.actions.get(request.action)
    if action is None or request.action == FILE:
        raise errors.Invalid("action.unknown", field="action", action=request.action)
    leave = access.may_act(rights, actor, case, action=action, recused=facts.recused)
    if leave is None:
        raise errors.NotPermitted("action.not_yours", action=request.action)
    command = _command(actor, request, leave=leave)
    return rules, _with_earlier(tx, rights, actor, command, action=action, holds=holds)


def _with_earlier(
    tx: db.Tx,
    rights: pack_.Pack,
    actor: access.Actor,
    command: Command,
    *,
    action: pack_.Action,
    holds: bool = False,
) -> Command:
    """The command with the case that it names as the earlier one."""
    if action.link is None:
        return command
    found = links.earlier(tx, rights, actor, command, kind=action.link, holds=holds)
    return replace(command, earlier=found)


def _unseen(request: Request) -> errors.GridcaseError:
    """An id in use that is not the sender's says nothing of what stands behind it."""
    if request.filing is not None:
        return errors.Conflict("id.taken", field="id")
    return errors.NotFound("case.unknown")


def _command(actor: access.Actor, request: Request, *, leave: access.Leave) -> Command:
    return Command(
        case_id=request.case_id,
        action_id=str(request.action_id),
        action=request.action,
        fields=request.fields,
        actor_kind="person" if actor.kind == "person" else "resident",
        actor_id=actor.person_id,
        post_id=leave.post.id if leave.post else None,
        version=request.version,
    )


def _write(
    tx: db.Tx,
    engine: Engine,
    actor: access.Actor,
    rules: machine.Rules,
    command: Command,
    *,
    facts: Facts,
    locked: bool,
) -> Receipt | None:
    if papers.are_told(rules, command, facts):
        if locked:
            papers.hold_numbers(tx, facts)
        known = papers.facts(tx, rules, command, facts, actor=actor.name, seals=engine.seals)
        facts = replace(facts, papers=known)
    decision = decide(rules, command, facts)
    written = db.apply(tx, write.rows(decision, seals=engine.seals))
    if command.case_id not in written:
        return None
    return _receipt(engine, actor, decision.case, seq=decision.events[-1].seq)


def _receipt(
    engine: Engine, actor: access.Actor, case: CaseRow, *, seq: int, is_repeat: bool = False
) -> Receipt:
    is_filer = actor.person_id is not None and actor.person_id == case.filer_id
    return Receipt(
        case_id=case.id,
        number=case.number,
        state=case.state,
        version=case.version,
        seq=seq,
        at=case.updated_at,
        code=ids.lookup_code(engine.seals.secret, case.id) if is_filer and seq == 1 else None,
        is_repeat=is_repeat,
    )
