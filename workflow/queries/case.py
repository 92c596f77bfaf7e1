"""One case as one actor may see it: facts, sides, clocks with explanation, ladder, events,
and what they may do now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, Row, bindparam, select

from rules import due, errors
from rules import pack as pack_
from workflow import access, db, ids, invitations, links, machine, read
from workflow.decide import (
    NEVER,
    CaseRow,
    DeadlineRow,
    Facts,
    bounds,
    clocks,
    guard_facts,
    leader,
    supervision,
)
from workflow.engine import Engine
from workflow.queries import assignment, papers
from workflow.tables import case as case_tables
from workflow.tables import office as office_tables
from workflow.tables import personal as personal_tables

_CASE: Final = case_tables.CaseFile.__table__.c  # type: ignore[attr-defined]
_EVENT: Final = case_tables.Event.__table__  # type: ignore[attr-defined]
_PARTY: Final = case_tables.Party.__table__  # type: ignore[attr-defined]
_ESCALATION: Final = case_tables.Escalation.__table__  # type: ignore[attr-defined]
_SEALED: Final = personal_tables.SealedValue.__table__  # type: ignore[attr-defined]
_READING: Final = personal_tables.PersonalRead.__table__  # type: ignore[attr-defined]
_PERSON: Final = office_tables.Person.__table__  # type: ignore[attr-defined]
_OFFICE: Final = office_tables.Office.__table__  # type: ignore[attr-defined]
_AREA: Final = office_tables.Area.__table__  # type: ignore[attr-defined]

_OFFICE_ONLY: Final = frozenset({
    "rung_blocked", "action_refused", "supervision_ended", "calendar_changed", "attach",
    "case_imported",
})  # fmt: skip
"""What is no action of the pack and tells the resident nothing."""

_ID: Final[BindParameter[Any]] = bindparam("case_id")
EVENTS: Final = select(_EVENT).where(_EVENT.c.case_id == _ID).order_by(_EVENT.c.seq)
PARTIES: Final = select(_PARTY).where(_PARTY.c.case_id == _ID).order_by(_PARTY.c.no)
SEALED: Final = (
    select(_SEALED.c.seq, _SEALED.c.field, _SEALED.c.party_no, _SEALED.c.kind, _SEALED.c.masked)
    .where(_SEALED.c.case_id == _ID)
    .order_by(_SEALED.c.seq, _SEALED.c.field)
)
FIRED: Final = select(_ESCALATION).where(_ESCALATION.c.case_id == _ID).order_by(_ESCALATION.c.seq)
READINGS: Final = (
    select(_READING.c.at, _READING.c.fields, _READING.c.reason, _PERSON.c.name)
    .join(_PERSON, _PERSON.c.id == _READING.c.person_id)
    .where(_READING.c.case_id == _ID)
    .order_by(_READING.c.at.desc())
    .limit(50)
)
PEOPLE: Final = select(_PERSON.c.id, _PERSON.c.name).where(
    _PERSON.c.id.in_(bindparam("ids", expanding=True))
)
OFFICES: Final = select(_OFFICE.c.id, _OFFICE.c.name).where(
    _OFFICE.c.id.in_(bindparam("ids", expanding=True))
)
AREAS: Final = select(_AREA.c.code, _AREA.c.name).where(
    _AREA.c.code.in_(bindparam("codes", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A personal value as this actor may read it: masked, or to be opened on purpose."""

    seq: int
    field: str
    name: pack_.Text
    kind: str
    masked: str
    can_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    """One side with what may be known of it."""

    no: int
    side: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RungView:
    """A rung of a deadline: planned, and fired if it was."""

    effect: str
    planned_at: datetime
    fired_at: datetime | None
    target: str | None
    at_top: bool = False
    is_blocked: bool = False

    @property
    def lateness_s(self) -> int | None:
        """Seconds between plan and firing."""
        return (
            None
            if self.fired_at is None
            else int((self.fired_at - self.planned_at).total_seconds())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """A deadline that can explain itself."""

    no: int
    rule: str
    name: pack_.Text
    owner: str
    state: str
    tag: str
    source: str
    length: pack_.Length | None
    start_at: datetime
    due_at: datetime
    due_on: date
    ends_with: pack_.Text | None
    is_provisional: bool
    is_late: bool
    light: str
    spans: tuple[due.Span, ...]
    rungs: tuple[RungView, ...]
    pauses: tuple[Mapping[str, object], ...]
    extensions: tuple[Mapping[str, object], ...]
    ended_at: datetime | None
    missed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One line of what happened."""

    seq: int
    at: datetime
    name: str
    title: pack_.Text
    actor: str | None
    actor_kind: str
    actor_id: UUID | None
    fields: Mapping[str, object]
    values: tuple[Value, ...]
    payload: Mapping[str, Any]
    resident_sees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    """A third party who may look the case up, with the code to give them."""

    at: datetime
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case, as one actor sees it now. `linked` are the cases of one matter that they may see,
    `likely` earlier ones with the same phone or id number, for who may link one: oldest first;
    `goes_on` is for the resident of a merged one; `invitations` those that hold, for who may
    invite."""

    case: CaseRow
    pack: pack_.Pack
    process: pack_.Process
    state: pack_.State
    now: datetime
    calendar_zone: str
    due_at: datetime | None
    lead_office: str
    area_names: tuple[str, ...]
    grid_name: str
    category: pack_.Text | None
    handler: str | None
    filer: str | None
    leader: assignment.LeaderView | None
    supervisor: str | None
    parties: tuple[PartyView, ...]
    clocks: tuple[ClockView, ...]
    events: tuple[EventView, ...]
    linked: tuple[links.LinkView, ...]
    likely: tuple[links.LinkView, ...]
    goes_on: links.GoesOn | None
    actions: tuple[str, ...]
    rights: Mapping[str, pack_.FieldRight]
    readings: tuple[Mapping[str, Any], ...]
    code: str | None
    invitations: tuple[InvitationView, ...]
    materials: tuple[papers.MaterialView, ...]
    papers: tuple[papers.PaperView, ...]
    facts: Facts


def view(engine: Engine, actor: access.Actor, case_id: UUID) -> CaseView:
    """The whole case. Raises: `case.unknown` where it is not there or not theirs."""
    with db.snapshot(engine.database) as tx:
        found = read.case_facts(tx, case_id)
        house, facts = found.house, found.facts
        if facts is None or facts.case is None:
            raise errors.NotFound("case.unknown")
        if not access.may_see(house.rules.pack, actor, facts.case, recused=facts.recused):
            raise errors.NotFound("case.unknown")
        whole = _view(tx, engine, actor, house=house, facts=facts, case=facts.case)
    return _narrowed(whole) if actor.kind == "third_party" else whole


def _narrowed(whole: CaseView) -> CaseView:
    """What a third party needs to know: which acts were done and what the office owes when;
    nothing that anybody said or chose."""
    events = tuple(
        replace(event, fields={}, values=(), payload={})
        for event in whole.events
        if event.resident_sees and event.name in whole.process.actions
    )
    clocks = tuple(clock for clock in whole.clocks if clock.owner == "office")
    return replace(whole, events=events, clocks=clocks, parties=(), readings=())


# -- building the view --------------------------------------------------------------------------


def _view(
    tx: db.Tx,
    engine: Engine,
    actor: access.Actor,
    *,
    house: read.House,
    facts: Facts,
    case: CaseRow,
) -> CaseView:
    rules = read.rules(tx, case.pack_hash)
    pack, flow = rules.pack, rules.flow(case.process)
    key = {"case_id": case.id}
    rights = access.field_rights(house.rules.pack, actor, case, recused=facts.recused)
    values = _values(tx.execute(SEALED, key).all(), pack, rights)
    events = tx.execute(EVENTS, key).all()
    fired = tx.execute(FIRED, key).all()
    people = _people(tx, case, facts, events, fired)
    offices = _names(tx, OFFICES, {"ids": [case.lead_office_id]})
    areas = _names(tx, AREAS, {"codes": sorted({case.origin_grid, *case.areas})})
    is_filer = actor.person_id is not None and actor.person_id == case.filer_id
    actions = _actions(actor, house.rules.pack, rules, case, facts)
    can_link = any(flow.process.actions[name].link for name in actions)
    can_invite = any(flow.process.actions[name].invitation for name in actions)
    around = links.around(tx, house.rules.pack, actor, case, can_link=can_link)
    known = frozenset(str(other.id) for other in around.linked)
    happened = tuple(_event(row, pack, flow.process, values, people, known) for row in events)
    waiting = papers.waiting(happened, pack)
    return CaseView(
        case=case,
        pack=pack,
        process=flow.process,
        state=flow.process.states[case.state],
        now=house.now,
        calendar_zone=house.calendar.zone,
        due_at=None if case.due_at == NEVER else case.due_at,
        lead_office=offices[case.lead_office_id],
        area_names=tuple(areas[code] for code in case.areas),
        grid_name=areas[case.origin_grid],
        category=_category(pack, case),
        handler=people.get(case.handler_id),
        filer=people.get(case.filer_id),
        leader=assignment.leader(facts, people, pack),
        supervisor=people.get(case.supervisor_id),
        parties=tuple(_party(row, values) for row in tx.execute(PARTIES, key)),
        clocks=tuple(_clock(row, facts, pack, fired, people) for row in facts.deadlines),
        events=happened,
        linked=tuple(links.view(tx, other, case) for other in around.linked),
        likely=tuple(links.view(tx, other, case) for other in around.likely),
        goes_on=links.goes_on(tx, actor, case),
        actions=tuple(name for name in actions if not flow.serves.get(name) or name in waiting),
        rights=rights,
        readings=tuple(dict(row._mapping) for row in tx.execute(READINGS, key)),
        code=ids.lookup_code(engine.seals.secret, case.id) if is_filer else None,
        invitations=_invitations(engine, case, flow.process, happened) if can_invite else (),
        papers=papers.listed(happened, rules, rights, actor, house=house, facts=facts),
        materials=papers.materials(happened, rules, rights, actor, house=house, facts=facts),
        facts=facts,
    )


def _invitations(
    engine: Engine, case: CaseRow, process: pack_.Process, events: Sequence[EventView]
) -> tuple[InvitationView, ...]:
    told = (
        invitations.Told(seq=it.seq, at=it.at, name=it.name, state=it.payload.get("state", ""))
        for it in events
    )
    secret = engine.seals.secret
    return tuple(
        InvitationView(at=it.at, code=ids.invitation_code(secret, case.id, it.seq))
        for it in invitations.standing(process, told)
    )


def _values(
    rows: Sequence[Row[*tuple[Any, ...]]], pack: pack_.Pack, rights: Mapping[str, pack_.FieldRight]
) -> tuple[tuple[int | None, Value], ...]:
    found = []
    for row in rows:
        spec = pack.fields.get(row.field)
        if spec is None:  # a paper, which opens whole
            continue
        right = rights.get(spec.seen_by or "")
        if right is not None:
            value = Value(
                seq=row.seq,
                field=row.field,
                name=spec.name,
                kind=row.kind,
                masked=row.masked,
                can_open=right == "open",
            )
            found.append((row.party_no, value))
    return tuple(found)


def _people(
    tx: db.Tx,
    case: CaseRow,
    facts: Facts,
    events: Sequence[Row[*tuple[Any, ...]]],
    fired: Sequence[Row[*tuple[Any, ...]]],
) -> Mapping[UUID | None, str]:
    wanted = {case.handler_id, case.filer_id, case.leader_id, case.supervisor_id}
    wanted |= {event.actor_id for event in events}
    wanted |= {rung.target_person_id for rung in fired}
    wanted |= {it for row in facts.assignments for it in (row.responsible_id, row.person_id)}
    return _names(tx, PEOPLE, {"ids": [person for person in wanted if person is not None]})


def _names(tx: db.Tx, statement: Any, values: dict[str, Any]) -> dict[Any, str]:
    return {row[0]: row[1] for row in tx.execute(statement, values)}


def _category(pack: pack_.Pack, case: CaseRow) -> pack_.Text | None:
    found = pack.categories.get(case.category or "")
    return found.name if found else None


def _party(row: Row[*tuple[Any, ...]], values: tuple[tuple[int | None, Value], ...]) -> PartyView:
    return PartyView(no=row.no, side=row.side, values=tuple(v for no, v in values if no == row.no))


def _clock(
    row: DeadlineRow,
    facts: Facts,
    pack: pack_.Pack,
    fired: Sequence[Row[*tuple[Any, ...]]],
    people: Mapping[UUID | None, str],
) -> ClockView:
    rule = pack.deadlines[row.rule]
    return ClockView(
        no=row.no,
        rule=row.rule,
        name=rule.name,
        owner=row.owner,
        state=row.state,
        tag=rule.tag,
        source=rule.source,
        length=rule.limit.length,
        start_at=row.start_at,
        due_at=row.due_at,
        due_on=row.due_on,
        ends_with=clocks.ends_with(pack, row, facts.deadlines),
        is_provisional=row.is_provisional,
        is_late=row.state == "met_late" or row.missed_at is not None,
        light=_light(row),
        spans=tuple(clocks.explain(pack, row, calendar=facts.calendars[row.calendar_hash])),
        rungs=_rungs(row, facts, pack, fired, people),
        pauses=tuple(json.loads(row.pauses)),
        extensions=tuple(json.loads(row.extensions)),
        ended_at=row.ended_at,
        missed_at=row.missed_at,
    )


def _light(row: DeadlineRow) -> str:
    if row.state != "running" or row.owner != "office":
        return "grey"
    if row.missed_at is not None:
        return "red"
    return "yellow" if row.climbed else "green"


def _rungs(
    row: DeadlineRow,
    facts: Facts,
    pack: pack_.Pack,
    fired: Sequence[Row[*tuple[Any, ...]]],
    people: Mapping[UUID | None, str],
) -> tuple[RungView, ...]:
    done = tuple(
        RungView(
            effect=rung.effect,
            planned_at=rung.planned_at,
            fired_at=rung.fired_at,
            target=people.get(rung.target_person_id),
            at_top=rung.at_top,
        )
        for rung in fired
        if rung.deadline_no == row.no
    )
    if not row.is_open:
        return done
    plan = clocks.plan_of(pack, row, calendar=facts.calendars[row.calendar_hash])
    to_come = tuple(
        RungView(
            effect=rung.rung.do,
            planned_at=rung.at,
            fired_at=None,
            target=None,
            is_blocked=rung.key in row.blocked.split(),
        )
        for rung in clocks.unfired(row.fired, plan)
    )
    return done + to_come


def _event(
    row: Row[*tuple[Any, ...]],
    pack: pack_.Pack,
    process: pack_.Process,
    values: tuple[tuple[int | None, Value], ...],
    people: Mapping[UUID | None, str],
    known: frozenset[str],
) -> EventView:
    payload = links.seen(json.loads(row.payload), known)
    action = process.actions.get(row.name)
    return EventView(
        seq=row.seq,
        at=row.at,
        name=row.name,
        title=action.name if action else pack_.Text(zh=row.name, en=row.name),
        actor=people.get(row.actor_id),
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        fields=payload.get("fields", {}),
        values=tuple(value for _, value in values if value.seq == row.seq),
        payload=payload,
        resident_sees=action.resident_sees if action else row.name not in _OFFICE_ONLY,
    )


def _actions(
    actor: access.Actor,
    rights: pack_.Pack,
    rules: machine.Rules,
    case: CaseRow,
    facts: Facts,
) -> tuple[str, ...]:
    known, flow = guard_facts(case, facts.assignments), rules.flow(case.process)
    found = {
        name: flow.process.actions[name]
        for name in machine.offered(flow, state=case.state, facts=known)
    }
    return tuple(
        name
        for name, action in found.items()
        if bounds.why_not(action, case, facts, rules.pack) is None
        and supervision.is_possible(action, case, actor_id=actor.person_id)
        and leader.is_possible(action, facts.assignments, actor_id=actor.person_id)
        and access.may_act(rights, actor, case, action=action, recused=facts.recused)
    )
