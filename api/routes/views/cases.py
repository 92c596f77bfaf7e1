"""A case, a list, a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from api import forms, texts
from api.routes.shapes import cases
from api.routes.views import parts
from workflow import links
from workflow.commands import act
from workflow.queries import assignment, worklist
from workflow.queries import case as case_query
from workflow.queries import office as office_query

Offered = Mapping[str, Mapping[str, tuple[office_query.Choice, ...]]]
"""For each action, by field: whom or what may be named."""


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
            "climbed": item.climbed and asdict(item.climbed),
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
            "supervision": row.supervision,
            "supervisor": view.supervisor,
            "handler": view.handler,
            "filer": view.filer,
            "leader": _leader(view.leader, words),
            "links": tuple(_link(it, words) for it in view.linked),
            "likely": tuple(_link(it, words) for it in view.likely),
            "light": row.light,
            "is_stuck": row.is_stuck,
            "due_at": view.due_at,
            "received_at": row.received_at,
            "opened_at": row.opened_at,
            "done_at": row.done_at,
            "closed_at": row.closed_at,
            "updated_at": row.updated_at,
            "code": view.code,
            "invitations": tuple(
                cases.Invitation(at=it.at, code=it.code) for it in view.invitations
            ),
            "parties": tuple(
                cases.Party(no=it.no, side=it.side, values=parts.values(it.values, words))
                for it in view.parties
            ),
            "actions": tuple(_action(name, view, words, offered) for name in view.actions),
            "now": view.now,
        }
    )


def _leader(found: assignment.LeaderView | None, words: texts.Words) -> cases.Leader | None:
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
        plan=found.plan,
        duties=tuple(words.text(it) for it in found.duties),
        contacts=found.contacts,
        contacted_on=found.contacted_on,
        outcome=found.outcome,
    )


def _link(found: links.LinkView, words: texts.Words) -> cases.Link:
    return cases.Link(
        id=found.case_id,
        number=found.number,
        subject=found.subject,
        state_name=words.text(found.state),
        opened_at=found.opened_at,
        is_closed=found.is_closed,
        is_earlier=found.is_earlier,
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
