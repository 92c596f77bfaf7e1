"""What queries give, as the shapes of the API in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from api import forms, texts
from api.routes.shapes import cases, offices, people, residents
from rules import pack as pack_
from workflow import access
from workflow.commands import act
from workflow.queries import board as board_query
from workflow.queries import case as case_query
from workflow.queries import office as office_query
from workflow.queries import worklist

Offered = Mapping[str, Mapping[str, tuple[office_query.Choice, ...]]]
"""For each action, by field: whom or what may be named."""


# ---- people


def seat(found: access.Seat, n: int) -> people.Seat:
    """A seat with its count."""
    relation = found.kind if found.kind in access.PERSONAL_RELATIONS else found.key.split(".")[0]
    return people.Seat.model_validate(
        {
            "key": found.key,
            "relation": relation,
            "post_id": found.post.id if found.post else None,
            "processes": found.processes,
            "count": min(n, worklist.COUNT_CAP),
            "is_capped": n > worklist.COUNT_CAP,
        }
    )


def post(held: access.HeldPost, pack: pack_.Pack, words: texts.Words) -> people.Post:
    """A post that somebody holds."""
    role = pack.roles.get(held.role)
    return people.Post(
        id=held.id,
        role=held.role,
        role_name=words.text(role.name) if role else held.role,
        office_id=held.office_id,
        office_name=held.office_name,
        scope=held.scope,
        scope_name=held.scope_name,
    )


# ---- cases


def receipt(done: act.Receipt) -> cases.Receipt:
    """What was done."""
    return cases.Receipt(
        case_id=done.case_id,
        number=done.number,
        state=done.state,
        version=done.version,
        seq=done.seq,
        at=done.at,
        code=done.code,
    )


def page(found: worklist.WorkPage, words: texts.Words) -> cases.Page:
    """One page of a list."""
    return cases.Page(
        items=tuple(_line(item, words) for item in found.items),
        cursor=found.cursor,
        seat=found.seat.key,
        now=found.now,
    )


def _line(item: worklist.WorkItem, words: texts.Words) -> cases.Line:
    return cases.Line.model_validate(
        {
            "id": item.case_id,
            "number": item.number,
            "subject": item.subject,
            "process": item.process,
            "state": item.state,
            "state_name": words.text(item.state_name),
            "category": item.category,
            "category_name": words.text(item.category_name) or None,
            "grid_name": item.grid_name,
            "lead_office": item.lead_office,
            "handler": item.handler,
            "light": item.light,
            "due_at": item.due_at,
            "is_stuck": item.is_stuck,
            "has_leader": item.has_leader,
            "is_closed": item.is_closed,
            "updated_at": item.updated_at,
        }
    )


def case(view: case_query.CaseView, words: texts.Words, offered: Offered) -> cases.Case:
    """A whole case, with what may be done now."""
    row = view.case
    return cases.Case.model_validate(
        {
            "id": row.id,
            "number": row.number,
            "version": row.version,
            "process": row.process,
            "process_name": words.text(view.process.name),
            "state": row.state,
            "state_name": words.text(view.state.name),
            "is_done": row.is_done,
            "is_closed": row.is_closed,
            "subject": row.subject,
            "category": row.category,
            "category_name": words.text(view.category) or None,
            "grade": row.grade,
            "scale": row.scale,
            "channel": row.channel,
            "route": row.route,
            "confidentiality": row.confidentiality,
            "origin_grid": row.origin_grid,
            "grid_name": view.grid_name,
            "lead_office_id": row.lead_office_id,
            "lead_office": view.lead_office,
            "lead_office_kind": row.lead_kind,
            "areas": row.areas,
            "area_names": view.area_names,
            "supervising_level": row.supervising_level,
            "handler": view.handler,
            "filer": view.filer,
            "leader": _leader(view.leader),
            "light": row.light,
            "is_stuck": row.is_stuck,
            "due_at": view.due_at,
            "received_at": row.received_at,
            "opened_at": row.opened_at,
            "done_at": row.done_at,
            "closed_at": row.closed_at,
            "updated_at": row.updated_at,
            "code": view.code,
            "parties": tuple(
                cases.Party(no=it.no, side=it.side, values=_values(it.values, words))
                for it in view.parties
            ),
            "actions": tuple(_action(name, view, words, offered) for name in view.actions),
            "now": view.now,
        }
    )


def _leader(found: case_query.LeaderView | None) -> cases.Leader | None:
    if found is None:
        return None
    return cases.Leader(
        person_id=found.person_id,
        name=found.name,
        state=found.state,
        opened_at=found.opened_at,
        planned_at=found.planned_at,
        responsible=found.responsible,
        until_on=found.until_on,
    )


def _action(
    name: str, view: case_query.CaseView, words: texts.Words, offered: Offered
) -> cases.Action:
    action = view.process.actions[name]
    return cases.Action.model_validate(
        {
            "name": name,
            "title": words.text(action.name),
            "fields_schema": forms.schema(action, view.pack.fields, words),
            "candidates": {
                field: tuple(
                    {"value": it.value, "label": it.label, "hint": words.text(it.hint)}
                    for it in choices
                )
                for field, choices in offered.get(name, {}).items()
            },
        }
    )


def _values(values: Iterable[case_query.Value], words: texts.Words) -> tuple[cases.Value, ...]:
    return tuple(
        cases.Value(
            key=f"{value.seq}:{value.field}",
            field=value.field,
            name=words.text(value.name),
            kind=value.kind,
            masked=value.masked,
            can_open=value.can_open,
        )
        for value in values
    )


def events(view: case_query.CaseView, words: texts.Words) -> cases.Events:
    """What happened, in order."""
    return cases.Events(items=tuple(_event(event, words) for event in view.events))


def _event(event: case_query.EventView, words: texts.Words) -> cases.Event:
    return cases.Event.model_validate(
        {
            "seq": event.seq,
            "at": event.at,
            "name": event.name,
            "title": words.text(event.title),
            "actor_kind": event.actor_kind,
            "actor": event.actor,
            "fields": dict(event.fields),
            "values": _values(event.values, words),
            "details": {key: it for key, it in event.payload.items() if key != "fields"},
            "resident_sees": event.resident_sees,
        }
    )


def deadlines(view: case_query.CaseView, words: texts.Words) -> cases.Deadlines:
    """All time limits, explained."""
    return cases.Deadlines(items=tuple(_deadline(clock, words) for clock in view.clocks))


def _deadline(clock: case_query.ClockView, words: texts.Words) -> cases.Deadline:
    return cases.Deadline.model_validate(
        {
            "no": clock.no,
            "rule": clock.rule,
            "name": words.text(clock.name),
            "owner": clock.owner,
            "state": clock.state,
            "tag": clock.tag,
            "source": clock.source,
            "limit": _length(clock.length),
            "start_at": clock.start_at,
            "due_at": clock.due_at,
            "due_on": clock.due_on,
            "is_provisional": clock.is_provisional,
            "is_late": clock.is_late,
            "light": clock.light,
            "ended_at": clock.ended_at,
            "missed_at": clock.missed_at,
            "spans": _spans(clock, words),
            "ladder": tuple(_rung(rung, words) for rung in clock.rungs),
            "pauses": tuple(dict(note) for note in clock.pauses),
            "extensions": tuple(dict(note) for note in clock.extensions),
        }
    )


def _length(length: pack_.Length | None) -> cases.Length | None:
    return None if length is None else cases.Length(n=length.n, unit=length.unit)


def _spans(clock: case_query.ClockView, words: texts.Words) -> tuple[cases.Span, ...]:
    return tuple(
        cases.Span(
            first_on=span.first_on,
            last_on=span.last_on,
            counted=span.counted,
            kind=span.kind,
            text=words.text(span.name) or words.phrase(span.kind),
            note=span.note,
        )
        for span in clock.spans
    )


def _rung(rung: case_query.RungView, words: texts.Words) -> cases.Rung:
    return cases.Rung(
        effect=rung.effect,
        text=words.phrase(rung.effect),
        planned_at=rung.planned_at,
        fired_at=rung.fired_at,
        lateness_s=rung.lateness_s,
        target=rung.target,
        at_top=rung.at_top,
        is_blocked=rung.is_blocked,
    )


def escalations(view: case_query.CaseView, words: texts.Words) -> cases.Escalations:
    """The rungs that fired, in the order they were planned."""
    fired = [
        cases.Escalation(deadline_no=clock.no, rule=clock.rule, **_rung(rung, words).model_dump())
        for clock in view.clocks
        for rung in clock.rungs
        if rung.fired_at is not None
    ]
    return cases.Escalations(
        items=tuple(sorted(fired, key=lambda it: (it.planned_at, it.deadline_no)))
    )


def reading(
    opened: Mapping[str, str], declared: Mapping[str, pack_.Field], words: texts.Words
) -> cases.Reading:
    """Opened values by `seq:field`."""
    fields = {key: key.split(":", 1)[1] for key in opened}
    return cases.Reading(
        items=tuple(
            cases.OpenValue(
                key=key,
                field=fields[key],
                name=words.text(declared[fields[key]].name) if fields[key] in declared else key,
                value=value,
            )
            for key, value in opened.items()
        )
    )


# ---- a resident's own case


def resident(
    view: case_query.CaseView, opened: Mapping[str, str], words: texts.Words
) -> residents.ResidentCase:
    """A case for the person it is about: no names of staff, no ladder, no internal grading.
    `opened` are the texts addressed to the parties, by `seq:field`."""
    row = view.case
    return residents.ResidentCase.model_validate(
        {
            "number": row.number,
            "process": row.process,
            "process_name": words.text(view.process.name),
            "subject": row.subject,
            "state": row.state,
            "state_name": words.text(view.state.name),
            "lead_office": view.lead_office,
            "is_done": row.is_done,
            "is_closed": row.is_closed,
            "received_at": row.received_at,
            "done_at": row.done_at,
            "closed_at": row.closed_at,
            "events": tuple(
                _resident_event(event, view, opened, words)
                for event in view.events
                if event.resident_sees
            ),
            "clocks": tuple(
                _resident_clock(clock, words) for clock in view.clocks if clock.owner != "organ"
            ),
            "actions": tuple(
                residents.ResidentAct(
                    name=name,
                    title=words.text(view.process.actions[name].name),
                    fields_schema=forms.schema(view.process.actions[name], view.pack.fields, words),
                )
                for name in view.actions
            ),
            "readings": tuple(_read_by(note) for note in view.readings),
            "now": view.now,
        }
    )


def _resident_event(
    event: case_query.EventView,
    view: case_query.CaseView,
    opened: Mapping[str, str],
    words: texts.Words,
) -> residents.ResidentEvent:
    return residents.ResidentEvent(
        seq=event.seq,
        at=event.at,
        name=event.name,
        title=words.text(event.title),
        facts=tuple(_facts(event, view.pack, opened, words)),
    )


def _facts(
    event: case_query.EventView,
    pack: pack_.Pack,
    opened: Mapping[str, str],
    words: texts.Words,
) -> Iterable[residents.Fact]:
    """What an office decided and said: clear values in words, and the opened texts. What was
    typed at filing is not told back: some of it is the office's own grading."""
    if event.seq == 1:
        return
    for name, value in event.fields.items():
        field = pack.fields.get(name)
        if field is not None and field.type in ("text", "int", "date", "choice"):
            yield residents.Fact(
                field=name, name=words.text(field.name), text=_said(field, value, words)
            )
    for value in event.values:
        text = opened.get(f"{value.seq}:{value.field}")
        if text is not None:
            yield residents.Fact(field=value.field, name=words.text(value.name), text=text)


def _said(field: pack_.Field, value: object, words: texts.Words) -> str:
    if field.type == "choice" and field.choices and str(value) in field.choices:
        return words.text(field.choices[str(value)].name)
    if field.type == "date":
        return words.day(date.fromisoformat(str(value)))
    return str(value)


def _resident_clock(clock: case_query.ClockView, words: texts.Words) -> residents.ResidentClock:
    return residents.ResidentClock.model_validate(
        {
            "name": words.text(clock.name),
            "owner": clock.owner,
            "state": clock.state,
            "tag": clock.tag,
            "source": clock.source,
            "limit": _length(clock.length),
            "start_at": clock.start_at,
            "due_at": clock.due_at,
            "due_on": clock.due_on,
            "is_provisional": clock.is_provisional,
            "is_late": clock.is_late,
            "ended_at": clock.ended_at,
            "spans": _spans(clock, words),
        }
    )


def _read_by(note: Mapping[str, object]) -> residents.ReadBy:
    return residents.ReadBy.model_validate(
        {
            "at": note["at"],
            "name": note["name"],
            "fields": tuple(str(note["fields"]).split(", ")),
            "reason": note["reason"],
        }
    )


# ---- the installation


def process(name: str, pack: pack_.Pack, words: texts.Words) -> offices.Process:
    """A process with its states, actions and time limits."""
    found = pack.processes[name]
    return offices.Process(
        name=name,
        title=words.text(found.name),
        kind=found.kind,
        states=tuple(
            offices.State(
                name=key,
                title=words.text(state.name),
                owner=state.owner,
                is_done=state.done,
                is_end=state.end,
            )
            for key, state in found.states.items()
        ),
        actions=tuple(
            offices.ProcessAction(
                name=key,
                title=words.text(action.name),
                source=action.source,
                to=action.to,
                by=action.by,
                fields_schema=forms.schema(action, pack.fields, words),
            )
            for key, action in found.actions.items()
        ),
        deadlines=tuple(
            _clock(key, rule, words) for key, rule in pack.deadlines.items() if rule.process == name
        ),
    )


def _clock(key: str, rule: pack_.DeadlineRule, words: texts.Words) -> offices.Clock:
    return offices.Clock(
        rule=key,
        name=words.text(rule.name),
        limit=_length(rule.limit.length),
        until=rule.limit.until,
        tag=rule.tag,
        source=rule.source,
        belongs_to=rule.belongs_to,
        ladder=rule.ladder,
        starts=rule.starts,
        stops=rule.stops,
    )


def board(found: board_query.Board, words: texts.Words) -> offices.Board:
    """A board. Which machine a worker runs on stays inside."""
    return offices.Board(
        now=found.now,
        area_name=found.area_name,
        post_id=found.post.id,
        total=_lights(found.total),
        areas=tuple(
            offices.AreaLine(code=it.code, name=it.name, lights=_lights(it.lights))
            for it in found.areas
        ),
        offices=tuple(
            offices.OfficeLine(
                office_id=it.office_id,
                name=it.name,
                lights=_lights(it.lights),
                unaccepted=it.unaccepted,
            )
            for it in found.offices
        ),
        stuck=tuple(
            offices.Stuck(
                case_id=it.case_id,
                number=it.number,
                subject=it.subject,
                effect=it.effect,
                role=words.text(it.role),
                planned_at=it.planned_at,
                deadline=words.text(it.deadline),
            )
            for it in found.stuck
        ),
        ladder=tuple(
            offices.RungCount(effect=it.effect, n=it.n, max_late_s=it.max_late_s)
            for it in found.ladder
        ),
        workers=tuple(_worker(it) for it in found.workers),
        queued_notices=found.queued_notices,
    )


def _lights(found: board_query.Lights) -> offices.Lights:
    return offices.Lights(green=found.green, yellow=found.yellow, red=found.red, grey=found.grey)


def _worker(line: board_query.WorkerLine) -> offices.Worker:
    return offices.Worker(
        id=line.id,
        beat_age_s=line.beat_age_s,
        tick_ms=line.tick_ms,
        fired=line.fired,
        errors=line.errors,
        is_alive=line.is_alive,
    )


def notice(message: office_query.Message, words: texts.Words) -> offices.Notice:
    """A notice as its receiver reads it."""
    return offices.Notice(
        key=message.key,
        case_id=message.case_id,
        subject=message.subject,
        text=words.text(message.text),
        sent_at=message.sent_at,
        is_read=message.is_read,
    )
