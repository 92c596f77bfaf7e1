"""A case for the person it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from api import forms, texts
from api.routes.shapes import residents
from api.routes.views import parts
from rules import pack as pack_
from workflow import links
from workflow.queries import case as case_query


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
            "goes_on": _goes_on(view.goes_on, words),
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


def _goes_on(found: links.GoesOn | None, words: texts.Words) -> residents.GoesOn | None:
    if found is None:
        return None
    ended_on = words.local_day(found.ended_at) if found.ended_at else None
    return residents.GoesOn(is_told=found.is_told, ended_on=ended_on)


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
            "limit": parts.length(clock.length),
            "start_at": clock.start_at,
            "due_at": clock.due_at,
            "due_on": clock.due_on,
            "ends_with": words.text(clock.ends_with) or None,
            "is_provisional": clock.is_provisional,
            "is_late": clock.is_late,
            "ended_at": clock.ended_at,
            "spans": parts.spans(clock, words),
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
