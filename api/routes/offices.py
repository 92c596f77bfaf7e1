"""The installation: areas, offices, processes, the board, notices."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api import caller
from api.routes import views
from api.routes.answers import answer, refusals
from api.routes.shapes import board as shapes_board
from api.routes.shapes import offices
from rules import errors
from workflow.commands import notices as notice_commands
from workflow.queries import board, office

router = APIRouter(tags=["offices"])

CODE = r"^[0-9A-Za-z-]{1,32}$"
NAME = r"^[a-z][a-z0-9_]{0,59}$"
NOTICE_KEY = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,9}\.[0-9]{1,9}$"


@router.get("/areas", response_model=offices.Areas, responses=refusals(401, 404))
def get_areas(
    _signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    parent: Annotated[str | None, Query(pattern=CODE)] = None,
) -> Response:
    """An area with those directly below it; the roots where none is named."""
    found = office.areas(opened.database, parent)
    if parent is not None and not found:
        raise errors.NotFound("area.unknown", field="parent", area=parent)
    items = tuple(offices.Area.model_validate(dict(row)) for row in found)
    return answer(offices.Areas(items=items), words)


@router.get("/offices", response_model=offices.Offices, responses=refusals(401))
def get_offices(
    _signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    area: Annotated[str, Query(pattern=CODE)],
) -> Response:
    """The offices of one area."""
    found = office.offices(opened.database, area)
    items = tuple(offices.Office.model_validate(dict(row)) for row in found)
    return answer(offices.Offices(items=items), words)


@router.get("/processes", response_model=offices.Processes, responses=refusals(401))
def get_processes(_signed: caller.Signed, opened: caller.Opened, words: caller.Spoken) -> Response:
    """The processes of the active pack."""
    pack = office.house(opened.database).rules.pack
    items = tuple(
        offices.ProcessLine(name=name, title=words.text(process.name), kind=process.kind)
        for name, process in pack.processes.items()
    )
    return answer(offices.Processes(items=items), words)


@router.get("/processes/{name}", response_model=offices.Process, responses=refusals(401, 404))
def get_process(
    name: Annotated[str, Path(pattern=NAME)],
    _signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
) -> Response:
    """A process: its states, actions with the schema of their fields, time limits."""
    pack = office.house(opened.database).rules.pack
    if name not in pack.processes:
        raise errors.NotFound("process.unknown", field="name", process=name)
    return answer(views.process(name, pack, words), words)


@router.get("/board", response_model=shapes_board.Board, responses=refusals(401, 404))
def get_board(
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    area: Annotated[str | None, Query(pattern=CODE)] = None,
    office_id: Annotated[UUID | None, Query(alias="office")] = None,
) -> Response:
    """The board of the first post whose role has one: of its whole area, of an area below it, or
    of one office there."""
    found = board.board(opened.database, signed.actor, area=area, office=office_id)
    return answer(views.board(found, words), words)


@router.get("/notices", response_model=offices.Notices, responses=refusals(401))
def get_notices(
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """One's own notices, newest first."""
    found = office.inbox(opened.database, signed.actor, limit=limit)
    return answer(
        offices.Notices(
            items=tuple(views.notice(message, words) for message in found),
            unread=office.unread(opened.database, signed.actor),
        ),
        words,
    )


@router.post("/notices/{key}/read", status_code=204, responses=refusals(401, 403))
def post_notice_read(
    key: Annotated[str, Path(pattern=NOTICE_KEY)], signed: caller.Signed, opened: caller.Opened
) -> Response:
    """Mark one's own notice as read. One that is not there, or not one's own, changes nothing."""
    notice_commands.mark_read(opened.database, signed.actor, key=key)
    return Response(status_code=204)
