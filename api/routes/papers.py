"""The papers of a case. Opening one is a reading: it is recorded, and the party can see it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import caller, papers, render, texts
from api.papers import docx, pdf
from api.routes import answers
from api.routes.answers import answer, refusals
from api.routes.cases import ActionName
from api.routes.shapes import cases
from api.routes.shapes import papers as shapes
from api.routes.views import papers as views
from rules import papers as papers_
from workflow.commands import act
from workflow.commands import papers as commands
from workflow.queries import case as case_query

router = APIRouter(tags=["papers"])

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"
No = Annotated[int, Path(ge=1, le=999_999)]
Copy = Annotated[papers_.Language, Query(description="`zh`: the paper; `en`: a reading copy.")]
REASON: Final = "Opened the paper"


def _file(media: str) -> dict[int | str, dict[str, Any]]:
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": "The file.", "content": content}}


@router.get("/cases/{case_id}/papers", response_model=shapes.Papers, responses=refusals(401, 404))
def get_papers(
    case_id: UUID, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """The papers of a case: numbers, days, served or not."""
    return answer(views.papers(case_query.view(opened, signed.actor, case_id), words), words)


@router.post(
    "/cases/{case_id}/actions/{action}/draft",
    response_model=shapes.Drafts,
    responses=refusals(401, 403, 404, 409, 412, 422, 428),
)
def post_draft(
    request: Request,
    case_id: UUID,
    action: ActionName,
    sent: cases.NewAction,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    if_match: Annotated[str | None, Header(description='The version seen, as `"3"`.')] = None,
) -> Response:
    """The papers that an action would make now, to read or to sign by hand before it is done. What
    it asks to be confirmed counts as confirmed; nothing is done, and the reading is recorded."""
    wanted = act.Request(
        case_id=case_id,
        action_id=sent.id,
        action=action,
        fields=sent.fields,
        version=answers.seen_version(if_match),
    )
    reason = words.get("Looked at a draft of the paper")
    with answers.labelled(request, opened, words):
        found = commands.draft(opened, signed.actor, wanted, reason=reason)
    return answer(views.drafts(found, words), words, headers={"Cache-Control": "no-store"})


@router.get(
    "/cases/{case_id}/papers/{no}", response_model=shapes.PaperReading, responses=refusals(401, 404)
)
def get_paper(
    case_id: UUID, no: No, signed: caller.Signed, opened: caller.Opened, words: caller.Spoken
) -> Response:
    """A paper as it was made, in both languages. The reading is recorded."""
    found = commands.open_one(opened, signed.actor, case_id, no, reason=words.get(REASON))
    return answer(views.paper(found, words), words, headers={"Cache-Control": "no-store"})


@router.get(
    "/cases/{case_id}/papers/{no}/pdf",
    response_class=Response,
    responses=_file(PDF) | refusals(401, 404, 409),
)
def get_paper_pdf(
    request: Request,
    case_id: UUID,
    no: No,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    copy: Copy = "zh",
) -> Response:
    """The same as PDF. 409 where this installation makes none."""
    found = commands.open_one(opened, signed.actor, case_id, no, reason=words.get(REASON))
    laid = _laid(request, found, copy)
    pages = ((laid, papers.foot(laid, texts.Words(language=laid.lang))),)
    here = render.here(request)
    html = render.text("paper/document.html", here, title=found.number, pages=pages, file=None)
    return Response(
        pdf.made(html), media_type=PDF, headers=papers.attachment(laid.file_name, "pdf")
    )


@router.get(
    "/cases/{case_id}/papers/{no}/docx",
    response_class=Response,
    responses=_file(DOCX) | refusals(401, 404, 409),
)
def get_paper_docx(
    request: Request,
    case_id: UUID,
    no: No,
    signed: caller.Signed,
    opened: caller.Opened,
    words: caller.Spoken,
    copy: Copy = "zh",
) -> Response:
    """The same as a Word file. 409 where this installation makes none."""
    found = commands.open_one(opened, signed.actor, case_id, no, reason=words.get(REASON))
    laid = _laid(request, found, copy)
    made = docx.made(laid, texts.Words(language=laid.lang))
    return Response(made, media_type=DOCX, headers=papers.attachment(laid.file_name, "docx"))


def _laid(request: Request, found: commands.Opened, copy: papers_.Language) -> papers.Print:
    public_url = caller.chosen(request).public_url
    return papers.printed(found, copy=copy, public_url=public_url)
