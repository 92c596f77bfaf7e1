"""Processes, notices."""

from __future__ import annotations

from api import forms, texts
from api.routes.shapes import offices
from api.routes.views import parts
from rules import pack as pack_
from workflow.queries import office as office_query


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
        limit=parts.length(rule.limit.length),
        until=rule.limit.until,
        no_later_than=rule.no_later_than,
        tag=rule.tag,
        source=rule.source,
        belongs_to=rule.belongs_to,
        ladder=rule.ladder,
        starts=rule.starts,
        stops=rule.stops,
    )


def notice(message: office_query.Message, words: texts.Words) -> offices.Notice:
    """A notice as its receiver reads it."""
    return offices.Notice(
        key=message.key,
        case_id=message.case_id,
        subject=message.subject,
        text=words.notice(message),
        sent_at=message.sent_at,
        is_read=message.is_read,
    )
