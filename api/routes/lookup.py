"""A resident's way to their own case, and that of who was invited to it: the number and the code,
in the body and never in an address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api import caller, login
from api.routes import answers, views
from api.routes.answers import answer, refusals
from api.routes.shapes import cases, residents
from workflow.commands import act, people
from workflow.queries import case as case_query

router = APIRouter(tags=["residents"], dependencies=[caller.RESIDENT])


@router.post(
    "/lookup", response_model=residents.ResidentCase, responses=refusals(403, 404, 413, 429)
)
def post_lookup(
    request: Request, sent: residents.Lookup, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """How one's own case stands: what happened, which time limits run and why they end when
    they do, who has read one's data. What an office wrote to the parties is in the clear. Who was
    invited sees which acts were done and what the office owes, and nothing else."""
    actor = login.resident(request, sent.number, sent.code)
    assert actor.case_id is not None  # noqa: S101  a resident is known by one case
    view = case_query.view(opened, actor, actor.case_id)
    texts = sorted(
        {
            value.field
            for event in view.events
            for value in event.values
            if event.resident_sees and value.kind == "free_text" and value.can_open
        }
    )
    found = (
        people.open_values(opened, actor, actor.case_id, reason="lookup", only=texts)
        if texts
        else {}
    )
    return answer(views.resident(view, found, words), words)


@router.post(
    "/lookup/actions/{action}",
    response_model=cases.Receipt,
    responses=refusals(403, 404, 409, 413, 429),
)
def post_lookup_action(
    request: Request,
    action: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$")],
    sent: residents.ResidentAction,
    opened: caller.Opened,
    words: caller.Spoken,
) -> Response:
    """What a resident may do: ask how it stands, ask that mediation end, rate. It is their own act:
    refused where an officer's token or session comes with it."""
    caller.refuse_staff(request)
    actor = login.resident(request, sent.number, sent.code)
    assert actor.case_id is not None  # noqa: S101  a resident is known by one case
    wanted = act.Request(
        case_id=actor.case_id, action_id=sent.id, action=action, fields=sent.fields
    )
    with answers.labelled(request, opened, words):
        done = act.act(opened, actor, wanted)
    return answer(views.receipt(done), words)
