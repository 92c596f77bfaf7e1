"""Cases: lists, one case, filing, actions, and what a case tells of itself."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import caller, problems
from api.routes import answers, views
from api.routes.answers import answer, refusals
from api.routes.shapes import cases, told
from workflow.commands import act, people
from workflow.decide import FILE
from workflow.engine import Engine
from workflow.queries import case as case_query
from workflow.queries import office, papers, worklist

router = APIRouter(tags=["cases"])

MOST: int = 200
"""Lines that one page of a list may hold."""
CODE: str = r"^[0-9A-Za-z-]{1,32}$"
STATE: str = r"^[a-z][a-z0-9_]{0,59}\.[a-z][a-z0-9_]{0,59}$"
ActionName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
_TAGGED = {"ETag": {"description": "The case's version.", "schema": {"type": "string"}}}


async def narrowed(
    area: Annotated[str | None, Query(pattern=CODE, description="Led in or below it.")] = None,
    office: Annotated[UUID | None, Query(description="Led by it.")] = None,
    level: Annotated[
        int | None, Query(ge=1, le=6, description="Depth of the lead office's area, 1 at the top.")
    ] = None,
    handler: Annotated[UUID | None, Query(description="In this person's hands.")] = None,
    unheld: Annotated[bool, Query(description="In nobody's hands yet.")] = False,  # noqa: FBT002  a query's own word
    state: Annotated[str | None, Query(pattern=STATE, description="`process.state`")] = None,
) -> worklist.Only:
    """What a list of cases is narrowed to."""
    return worklist.Only(
        area=area,
        office=office,
        level=level,
        handler=handler,
        unheld=unheld or None,
        state=state,
    )


@router.get("/cases", response_model=cases.Page, responses=refusals(401, 404))
def get_cases(
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    only: Annotated[worklist.Only, Depends(narrowed)],
    seat: Annotated[str | None, Query(max_length=80)] = None,
    narrow: worklist.Narrow = "all",
    closed: bool = False,  # noqa: FBT001, FBT002  a query's own word
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = worklist.PAGE,
) -> Response:
    """The cases of one seat, earliest due first; the first seat where none is named."""
    found = worklist.page(
        opened.database,
        signed.actor,
        seat_key=seat,
        narrow=narrow,
        closed="closed" if closed else "open",
        cursor=cursor,
        only=only,
        limit=limit,
    )
    return answer(views.page(found, words), words)


@router.post(
    "/cases",
    status_code=201,
    response_model=cases.Receipt,
    responses={
        200: {"description": "Filed before under this id.", "model": cases.Receipt},
        **refusals(401, 403, 409, 413),
    },
)
def post_case(
    request: Request,
    sent: cases.NewCase,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
) -> Response:
    """File a case. Sent again with the same ids and content it answers again and does no more."""
    wanted = act.Request(
        case_id=sent.id,
        action_id=sent.action_id,
        action=FILE,
        fields=sent.fields,
        filing=act.Filing(
            process=sent.process, origin_grid=sent.origin_grid, received_at=sent.received_at
        ),
    )
    with answers.labelled(request, opened, words):
        done = act.act(opened, signed.actor, wanted)
    headers = {
        "Location": f"{problems.API_PREFIX}v1/cases/{done.case_id}",
        "ETag": answers.etag(done.version),
    }
    status = 200 if done.is_repeat else 201
    return answer(views.receipt(done), words, status=status, headers=headers)


@router.get(
    "/cases/{case_id}",
    response_model=cases.Case,
    responses={200: {"headers": _TAGGED}, **refusals(401, 404)},
)
def get_case(
    case_id: UUID, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """A case, and what this person may do with it now."""
    view = case_query.view(opened, signed.actor, case_id)
    shape = views.case(view, words, _offered(opened, view))
    return answer(shape, words, headers={"ETag": answers.etag(view.case.version)})


@router.post(
    "/cases/{case_id}/actions/{action}",
    response_model=cases.Receipt,
    responses={200: {"headers": _TAGGED}, **refusals(401, 403, 404, 409, 412, 413, 428)},
)
def post_action(
    request: Request,
    case_id: UUID,
    action: ActionName,
    sent: cases.NewAction,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    if_match: Annotated[str | None, Header(description='The version seen, as `"3"`.')] = None,
) -> Response:
    """Do an action, once however often it is sent. What the ladder did since the case was read
    does not make it stale; what a person did does."""
    wanted = act.Request(
        case_id=case_id,
        action_id=sent.id,
        action=action,
        fields=sent.fields,
        version=answers.seen_version(if_match),
    )
    with answers.labelled(request, opened, words):
        done = act.act(opened, signed.actor, wanted)
    return answer(views.receipt(done), words, headers={"ETag": answers.etag(done.version)})


@router.get("/cases/{case_id}/events", response_model=told.Events, responses=refusals(401, 404))
def get_events(
    case_id: UUID, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """Everything that happened to a case, in order."""
    view = case_query.view(opened, signed.actor, case_id)
    return answer(views.events(view, words), words)


@router.get(
    "/cases/{case_id}/deadlines", response_model=told.Deadlines, responses=refusals(401, 404)
)
def get_deadlines(
    case_id: UUID, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """The time limits of a case, each with the spans that explain it and its ladder."""
    view = case_query.view(opened, signed.actor, case_id)
    return answer(views.deadlines(view, words), words)


@router.get(
    "/cases/{case_id}/escalations",
    response_model=told.Escalations,
    responses=refusals(401, 404),
)
def get_escalations(
    case_id: UUID, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """What the ladder has done: planned, fired, how late, to whom."""
    view = case_query.view(opened, signed.actor, case_id)
    return answer(views.escalations(view, words), words)


@router.post(
    "/cases/{case_id}/readings", response_model=told.Reading, responses=refusals(401, 403, 404)
)
def post_reading(
    case_id: UUID,
    sent: told.NewReading,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
) -> Response:
    """Open personal values, with a reason. The reading is recorded, and the party can see it."""
    found = people.open_values(opened, signed.actor, case_id, reason=sent.reason, only=sent.only)
    declared = office.house(opened.database).rules.pack.fields
    return answer(views.reading(found, declared, words), words)


def _offered(opened: Engine, view: case_query.CaseView) -> views.Offered:
    """Whom and what the offered actions may name."""
    actions = {name: view.process.actions[name] for name in view.actions}
    named = office.candidates(
        opened.database, actions=actions, pack=view.pack, case=view.case, facts=view.facts
    )
    papers_ = {
        name: {
            field: papers.choices(view.papers, view.pack, name)
            for field in (*action.needs, *action.takes)
            if view.pack.fields[field].type == "paper"
        }
        for name, action in actions.items()
    }
    return {name: {**named[name], **papers_[name]} for name in actions}
