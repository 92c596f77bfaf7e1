"""Files of a case: receipts of papers that were served, and scans of materials; attached, and
opened, which is a reading."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from api import caller, papers, problems, texts, uploads
from api.routes.answers import answer, refusals
from api.routes.shapes import papers as shapes
from api.routes.views import papers as views
from workflow import files
from workflow.commands import attachments as commands

router = APIRouter(tags=["papers"])

No = Annotated[int, Path(ge=1, le=999_999)]
_ATTACHED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Attached before under this id.", "model": shapes.Attached},
    **refusals(401, 403, 404, 409, 413),
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}} for media in files.SUFFIXES
        },
    }
}


@router.post(
    "/cases/{case_id}/papers/{no}/receipts",
    status_code=201,
    response_model=shapes.Attached,
    openapi_extra=uploads.BODY,
    responses=_ATTACHED,
)
def post_receipt(
    case_id: UUID,
    no: No,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    sent: uploads.Sent,
) -> Response:
    """Attach a receipt to a paper that was served, with the service or later. What a phone writes
    into a picture (place, time, device) is not kept."""
    wanted = commands.Request(
        case_id=case_id, id=sent.uuid(), kind="receipt", of_no=no, content=sent.content
    )
    return _attached(commands.attach(opened, signed.actor, wanted), case_id, words)


@router.post(
    "/cases/{case_id}/materials/{seq}/files",
    status_code=201,
    response_model=shapes.Attached,
    openapi_extra=uploads.BODY,
    responses=_ATTACHED,
)
def post_file(
    case_id: UUID,
    seq: No,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    sent: uploads.Sent,
) -> Response:
    """Attach a scan or a photo to a material, named by its event. What a phone writes into a
    picture (place, time, device) is not kept."""
    wanted = commands.Request(
        case_id=case_id, id=sent.uuid(), kind="material", of_no=seq, content=sent.content
    )
    return _attached(commands.attach(opened, signed.actor, wanted), case_id, words)


def _attached(done: commands.Attached, case_id: UUID, words: texts.Words) -> Response:
    place = f"{problems.API_PREFIX}v1/cases/{case_id}/attachments/{done.no}"
    status = 200 if done.is_repeat else 201
    return answer(views.attached(done), words, status=status, headers={"Location": place})


@router.get(
    "/cases/{case_id}/attachments/{no}",
    response_class=Response,
    responses=_FILE | refusals(401, 404, 409),
)
def get_attachment(
    case_id: UUID, no: No, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """A file of a case. The reading is recorded, and the party can see it."""
    reason = words.get("Opened an attached file")
    found = commands.open_one(opened, signed.actor, case_id, no, reason=reason)
    return papers.attached(found, words)
