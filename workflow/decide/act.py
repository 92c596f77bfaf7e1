"""One action on one case: fields checked, machine fired, effects collected.

A person, a resident and the ladder act alike; only the command differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from rules import calendars, errors, ladders, routing
from rules import fields as fields_
from rules import pack as pack_
from workflow import machine
from workflow.decide import bounds, clocks, leader, links, papers, supervision, tell
from workflow.decide.decision import Personal
from workflow.decide.draft import SIDES, Draft
from workflow.decide.facts import (
    NEVER,
    CaseRow,
    Command,
    Facts,
    Opening,
    Scalar,
    is_led_by,
    may_take_below,
)

FILE: Final = "file_case"
EMPTY_HEAD: Final = bytes(32)
MAX_DRAFT_DAYS: Final = 60
"""How long before its sending a matter may have been received: a draft on a phone, a letter in
a tray. Older papers come in by import, which escalates nothing."""


def opened(rules: machine.Rules, command: Command, facts: Facts, *, opening: Opening) -> Draft:
    """A draft of a case that does not exist yet.

    Raises: `process.unknown`, `case.received_in_future`, `case.received_long_ago`.
    """
    received_at = opening.received_at or facts.now
    if received_at > facts.now:
        raise errors.Invalid("case.received_in_future", field="received_at")
    if received_at < facts.now - timedelta(days=MAX_DRAFT_DAYS):
        raise errors.Invalid("case.received_long_ago", field="received_at", days=MAX_DRAFT_DAYS)
    return blank(rules, command, facts, opening=opening)


def blank(rules: machine.Rules, command: Command, facts: Facts, *, opening: Opening) -> Draft:
    """The same, however long ago it was received. Raises: `process.unknown`."""
    flow = rules.flow(opening.process)
    case = CaseRow(
        id=command.case_id,
        number=opening.number,
        process=opening.process,
        kind=flow.process.kind,
        pack_hash=rules.hash,
        state=machine.NOTHING,
        is_done=False,
        is_closed=False,
        version=0,
        acted_version=0,
        seq=0,
        head=EMPTY_HEAD,
        category=None,
        grade=None,
        scale=None,
        channel=None,
        route=None,
        petition_class=None,
        confidentiality="normal",
        subject="",
        parties=0,
        repeats=0,
        origin_grid=opening.origin_grid,
        # Both are set by the route of the first action.
        lead_office_id=UUID(int=0),
        lead_kind="",
        level=0,
        sender_id=None,
        area_1=None,
        area_2=None,
        area_3=None,
        area_4=None,
        area_5=None,
        area_6=None,
        supervising_level=None,
        supervision=None,
        supervisor_id=None,
        handler_id=None,
        filer_id=command.actor_id,
        leader_id=None,
        light="grey",
        is_stuck=False,
        cycle=1,
        next_at=None,
        due_at=NEVER,
        received_at=opening.received_at or facts.now,
        opened_at=facts.now,
        done_at=None,
        closed_at=None,
        updated_at=facts.now,
    )
    return Draft(rules=rules, facts=facts, case=case)


def act(draft: Draft, command: Command) -> None:
    """Does the action, or raises and leaves the case as it was.

    Raises: `action.unknown`; `field.before`; what
    `rules.fields.read`, `machine.fire`, `place`, `bounds`, `links.link` and the clocks raise.
    """
    action = draft.flow.process.actions.get(command.action)
    if action is None:
        raise errors.Invalid("action.unknown", field="action", action=command.action)
    values = _values(draft, action, command)
    _check_days(draft, values)
    source, held_by = draft.case.state, draft.case.lead_office_id
    handled_by = draft.case.handler_id
    facts = draft.guard_facts(values)
    state = machine.fire(draft.flow, state=draft.case.state, action=command.action, facts=facts)
    bounds.check(draft, action, values)
    complained = place(draft, action, values, command)
    _take_over(draft, action, values, command)
    _enter(draft, state, reopened=draft.is_end(source) and action.to is not None)
    seq = record(draft, values, command, more=links.link(draft, action, command))
    if complained is not None:
        part_with(draft, complained, seq=seq)
    _carry(draft, action, values, command, seq=seq, held_by=held_by)
    if handled_by is not None and _is_chosen(draft, values, "recuses"):
        step_back(draft, handled_by, seq=seq)
    papers.serve(draft, action, values, command, seq=seq)
    papers.plan(draft, values, command.action)
    clocks.run(draft, source=source, action=command.action, seq=seq, fields=values)
    leader.extended(draft, action, name=command.action)
    papers.make(draft, values, command, seq=seq)
    if draft.state.end:
        leader.end(draft)
        _close(draft)
    supervision.lower(draft)
    tell.cause(
        draft, cause=command.action, seq=seq, row=draft.most_urgent(seq), actor_id=command.actor_id
    )


# -- what was sent ---------------------------------------------------------------------------


def _values(draft: Draft, action: pack_.Action, command: Command) -> Mapping[str, Scalar]:
    return fields_.read(
        action,
        draft.rules.pack.fields,
        command.fields,
        today=draft.today,
        received_on=_local(draft, draft.case.received_at),
    )


def _check_days(draft: Draft, values: Mapping[str, Scalar]) -> None:
    """A day that is not before another one does not lie before what was last entered there."""
    for name, value in values.items():
        other = draft.rules.pack.fields[name].not_before
        if other is None:
            continue
        first = values.get(other) or papers.known(draft).values.get(other)
        if first is not None and str(value) < str(first):
            raise errors.Invalid("field.before", field=name, earliest=str(first))


def _local(draft: Draft, at: datetime) -> date:
    return calendars.local_date(draft.facts.calendar, at)


def _named(
    action: pack_.Action, values: Mapping[str, Scalar], draft: Draft, type_: str
) -> list[str]:
    return [name for name in values if draft.rules.pack.fields[name].type == type_]


def _check_people(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar]) -> None:
    """A person named in a field must hold the field's role in this line, and not be recused."""
    for name in _named(action, values, draft, "person"):
        role = draft.rules.pack.fields[name].role
        person = UUID(str(values[name]))
        posts = [p for p in draft.facts.line.posts if role is None or p.role == role]
        if action.handler == f"fields.{name}":
            posts = [p for p in posts if p.office_id == draft.case.lead_office_id]
        known = any(person in (p.holder, p.deputy) for p in posts)
        if not known or person in draft.facts.recused:
            raise errors.Invalid("field.person", field=name)
        is_same = action.handler == f"fields.{name}" and person == draft.case.handler_id
        if is_same and action.to is None:  # where it leads on, whoever had it may go on
            raise errors.Invalid("field.person_now", field=name)


def _check_below(draft: Draft, values: Mapping[str, Scalar]) -> None:
    """Where a field asks for an office below, it answers to the lead office and did not object."""
    for name, value in values.items():
        field = draft.rules.pack.fields[name]
        if field.below and UUID(str(value)) not in may_take_below(field, draft.case, draft.facts):
            raise errors.Invalid("field.office_below", field=name)


def _complained(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar]) -> UUID | None:
    """The office that the action says is complained about, which must be one of this line: no
    other could come near the case. One that leads the case is named by what takes the case from
    it, and so is one that it answers to. Invariant: 8."""
    for name, value in values.items():
        if draft.rules.pack.fields[name].excludes:
            office = UUID(str(value))
            if _office(draft, office) is None:
                raise errors.Invalid("field.office", field=name)
            if office in draft.facts.barred:
                raise errors.Invalid("complained.known", field=name)
            leads = is_led_by(draft.case, office, draft.facts.line)
            if leads and action.lead is None:
                raise errors.Invalid("complained.leads", field=name)
            if action.ousts and not leads:
                raise errors.Invalid("complained.leads_not", field=name)
            return office
    return None


def part_with(draft: Draft, office: UUID, *, seq: int) -> None:
    """An office complained about lets go of what it has."""
    draft.relate(office, relation="complained", seq=seq)
    if draft.case.leader_id in draft.facts.recused and draft.case.leader_id is not None:
        leader.give_up(draft, draft.case.leader_id)


# -- what changes -----------------------------------------------------------------------------


def place(
    draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], command: Command
) -> UUID | None:
    """Where the case goes, and the columns that the action sets. Gives the office that it says is
    complained about, for `part_with`.

    Raises: what `rules.routing.route` raises; `field.person`, `field.person_now`, `field.office`,
    `field.office_below`; `complained.known`, `complained.leads` and `complained.leads_not`.
    """
    complained = _complained(draft, action, values)
    if complained is not None:
        draft.exclude(complained)
    _check_below(draft, values)
    _route(draft, action, values, command)
    _check_people(draft, action, values)
    _set(draft, action, values)
    return complained


def _route(
    draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], command: Command
) -> None:
    if action.lead is None:
        return
    rule = draft.rules.pack.routing[action.lead]
    named = values.get(rule.field) or _told(draft, rule.field) if rule.field else None
    office = routing.route(
        rule,
        offices=draft.facts.line.offices,
        origin=draft.facts.line.origin,
        lead=_office(draft, draft.case.lead_office_id),
        named=UUID(str(named)) if named else None,
        own=_own_office(draft, command),
        sender=_office(draft, draft.case.sender_id),
        excluded=draft.facts.barred,
        parted=draft.facts.parted,
    )
    led_back = bounds.led_back(action, rule, office, draft.case)
    if led_back is not None:
        raise led_back
    areas = (*office.ancestors, *[None] * (6 - len(office.ancestors)))
    draft.change(
        lead_office_id=office.id,
        lead_kind=office.kind,
        level=office.level,
        **{f"area_{n}": code for n, code in enumerate(areas, start=1)},
    )
    supervision.moved(draft)


def _told(draft: Draft, field: str) -> Scalar | None:
    """What an earlier act said, as the papers of this act know it."""
    return draft.facts.papers.values.get(field) if draft.facts.papers else None


def _office(draft: Draft, office_id: UUID | None) -> routing.Office | None:
    return next((o for o in draft.facts.line.offices if o.id == office_id), None)


def _own_office(draft: Draft, command: Command) -> routing.Office | None:
    post: ladders.Post | None = draft.post(command.post_id) if command.post_id else None
    return _office(draft, post.office_id) if post else None


def _take_over(
    draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], command: Command
) -> None:
    """Who handles the case from now on."""
    if action.handler == "nobody":
        draft.change(handler_id=None)
    elif action.handler == "actor":
        draft.change(handler_id=command.actor_id)
    elif action.handler is not None and action.handler in draft.rules.pack.roles:
        draft.change(handler_id=next(iter(draft.holders(action.handler)), None))
    elif action.handler is not None:
        draft.change(handler_id=UUID(str(values[action.handler.removeprefix("fields.")])))


def _set(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar]) -> None:
    for column, name in (action.sets or {}).items():
        if name in values:
            draft.change(**{column: values[name]})
    if _is_chosen(draft, values, "restricts"):
        draft.change(confidentiality="restricted")
    if "subject" in values and draft.seq == 0:
        draft.change(subject=values["subject"])


def _is_chosen(draft: Draft, values: Mapping[str, Scalar], what: str) -> bool:
    """Whether something was chosen that `restricts` the case, or `recuses` whoever handled it."""
    for name, value in values.items():
        choice = (draft.rules.pack.fields[name].choices or {}).get(str(value))
        if choice is not None and getattr(choice, what):
            return True
    return False


def _enter(draft: Draft, state: str, *, reopened: bool) -> None:
    done_at = None if reopened else draft.case.done_at
    if not draft.flow.process.states[state].done:
        done_at = None  # opened again, or under review: the matter is not settled any more
    elif done_at is None:
        done_at = draft.at
    draft.change(state=state, done_at=done_at, is_done=done_at is not None)
    if reopened:  # the assignment ended with the case
        draft.change(is_closed=False, closed_at=None, cycle=draft.case.cycle + 1, leader_id=None)


def _close(draft: Draft) -> None:
    """The matter has ended: the case is closed, unless the paper that says so waits to be served.
    Invariant: 9."""
    if not draft.case.is_closed and not draft.open_deadlines():
        draft.change(is_closed=True, closed_at=draft.at)


def _carry(
    draft: Draft,
    action: pack_.Action,
    values: Mapping[str, Scalar],
    command: Command,
    *,
    seq: int,
    held_by: UUID,
) -> None:
    if action.leader == "name":
        person = UUID(str(values["leader"]))
        posts = [p for p in draft.facts.line.posts if p.role == "leader" and person == p.holder]
        if not leader.name(draft, person, post_id=posts[0].id if posts else None, seq=seq):
            raise errors.NotNow("leader.already")
    leader.act(draft, action, values, command)
    supervision.act(draft, action, values, command)
    if action.is_return:
        draft.count("returned", office_id=held_by)
    if action.parts and held_by not in draft.facts.parted:
        draft.relate(held_by, relation="parted", seq=seq)
    if action.sends:
        draft.change(sender_id=held_by)
    if action.recuses:
        recused = command.actor_id
        if action.recuses == "named":
            recused = UUID(str(values[_named(action, values, draft, "person")[0]]))
        if recused is not None:
            step_back(draft, recused, seq=seq)


def step_back(draft: Draft, person: UUID, *, seq: int) -> None:
    """Somebody is out of the case, as its leader too."""
    draft.recuse(person, seq=seq)
    leader.give_up(draft, person)


# -- what is recorded --------------------------------------------------------------------------


def record(
    draft: Draft, values: Mapping[str, Scalar], command: Command, *, more: Mapping[str, object]
) -> int:
    """The event of a command: clear values in its payload, personal ones to be sealed; with the
    first the sides of the case. Gives its number."""
    pack = draft.rules.pack
    sealed = {name for name in values if pack.fields[name].personal}
    if draft.seq == 0:
        draft.add_parties(side for name in sealed if (side := pack.fields[name].party))
    personal = tuple(
        Personal(
            field=name,
            kind=str(pack.fields[name].personal),
            value=str(values[name]),
            party_no=_party_no(pack.fields[name].party),
        )
        for name in sorted(sealed)
    )
    clear = {name: value for name, value in values.items() if name not in sealed}
    return draft.record(
        command.action,
        action_id=command.action_id,
        actor_kind=command.actor_kind,
        actor_id=command.actor_id,
        post_id=command.post_id,
        payload={
            "fields": clear,
            "state": draft.case.state,
            "lead": str(draft.case.lead_office_id),
            **more,
        },
        personal=personal,
    )


def _party_no(side: pack_.Side | None) -> int | None:
    return None if side is None else SIDES.index(side) + 1
