"""What a case tells of itself: events, time limits, the ladder, opened values."""

from __future__ import annotations

from collections.abc import Mapping

from api import texts
from api.routes.shapes import told
from api.routes.views import parts
from rules import pack as pack_
from workflow.decide import imported
from workflow.queries import case as case_query


def events(view: case_query.CaseView, words: texts.Words) -> told.Events:
    """What happened, in order."""
    return told.Events(items=tuple(_event(event, words) for event in view.events))


def _title(event: case_query.EventView, words: texts.Words) -> str:
    if event.name == imported.IMPORTED:
        return words.imported(event.payload)
    return words.text(event.title)


def _event(event: case_query.EventView, words: texts.Words) -> told.Event:
    return told.Event.model_validate(
        {
            "seq": event.seq,
            "at": event.at,
            "name": event.name,
            "title": _title(event, words),
            "actor_kind": event.actor_kind,
            "actor": event.actor,
            "fields": dict(event.fields),
            "values": parts.values(event.values, words),
            "details": {key: it for key, it in event.payload.items() if key != "fields"},
            "resident_sees": event.resident_sees,
        }
    )


def deadlines(view: case_query.CaseView, words: texts.Words) -> told.Deadlines:
    """All time limits, explained."""
    return told.Deadlines(items=tuple(_deadline(clock, words) for clock in view.clocks))


def _deadline(clock: case_query.ClockView, words: texts.Words) -> told.Deadline:
    return told.Deadline.model_validate(
        {
            "no": clock.no,
            "rule": clock.rule,
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
            "light": clock.light,
            "ended_at": clock.ended_at,
            "missed_at": clock.missed_at,
            "spans": parts.spans(clock, words),
            "ladder": tuple(_rung(rung, words) for rung in clock.rungs),
            "pauses": tuple(dict(note) for note in clock.pauses),
            "extensions": tuple(dict(note) for note in clock.extensions),
        }
    )


def _rung(rung: case_query.RungView, words: texts.Words) -> told.Rung:
    return told.Rung(
        effect=rung.effect,
        text=words.phrase(rung.effect),
        planned_at=rung.planned_at,
        fired_at=rung.fired_at,
        lateness_s=rung.lateness_s,
        target=rung.target,
        at_top=rung.at_top,
        is_blocked=rung.is_blocked,
    )


def escalations(view: case_query.CaseView, words: texts.Words) -> told.Escalations:
    """The rungs that fired, in the order they were planned."""
    fired = [
        told.Escalation(deadline_no=clock.no, rule=clock.rule, **_rung(rung, words).model_dump())
        for clock in view.clocks
        for rung in clock.rungs
        if rung.fired_at is not None
    ]
    return told.Escalations(
        items=tuple(sorted(fired, key=lambda it: (it.planned_at, it.deadline_no)))
    )


def reading(
    opened: Mapping[str, str], declared: Mapping[str, pack_.Field], words: texts.Words
) -> told.Reading:
    """Opened values by `seq:field`."""
    fields = {key: key.split(":", 1)[1] for key in opened}
    return told.Reading(
        items=tuple(
            told.OpenValue(
                key=key,
                field=fields[key],
                name=words.text(declared[fields[key]].name) if fields[key] in declared else key,
                value=value,
            )
            for key, value in opened.items()
        )
    )
