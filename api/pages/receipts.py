"""The receipts of a paper: attached from a phone's camera or from a file, and opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, papers, problems, uploads
from api.pages import frame as frames
from api.pages import papers_listed
from rules import errors
from workflow import files, ids
from workflow.commands import attachments as commands
from workflow.queries import case as case_query
from workflow.queries import papers as query

router = APIRouter()

ACCEPT: Final = ",".join(files.SUFFIXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An input for a file, as the template draws it."""

    id: str
    error: str = ""


@router.get("/cases/{case_id}/papers/{no}/receipts", dependencies=[caller.SESSION])
def get_receipts(frame: frames.Signed, case_id: str, no: str) -> Response:
    """What is attached to a paper, and the form for more."""
    view, paper = _paper(frame, case_id, no)
    return _page(frame, view, paper, attachment_id=str(ids.uuid7()))


@router.post("/cases/{case_id}/papers/{no}/receipts", dependencies=[caller.SESSION])
def post_receipts(frame: frames.Signed, case_id: str, no: str, sent: uploads.Tried) -> Response:
    """Attaches what was sent. A fault brings the form back with its words."""
    view, paper = _paper(frame, case_id, no)
    if isinstance(sent, errors.GridcaseError):
        return _page(frame, view, paper, attachment_id=str(ids.uuid7()), error=sent)
    wanted = commands.Request(
        case_id=view.case.id, id=_id(sent), paper_no=paper.no, content=sent.content
    )
    try:
        commands.attach(frame.engine, frame.person, wanted)
    except errors.NotFound:
        raise
    except errors.GridcaseError as error:
        # what is corrected is another file, so it goes under another id
        view, paper = _paper(frame, case_id, no)
        return _page(frame, view, paper, attachment_id=str(ids.uuid7()), error=error)
    toast = frame.words.get("The receipt is attached.")
    return frame.go(f"/cases/{view.case.id}", toast=toast)


@router.get("/cases/{case_id}/attachments/{no}", dependencies=[caller.SESSION])
def get_attachment(frame: frames.Signed, case_id: str, no: str) -> Response:
    """The file to keep; opening it is recorded."""
    reason = frame.words.get("Opened the receipt")
    wanted, number = frames.read_id(case_id), papers_listed.number_of(no)
    found = commands.open_one(frame.engine, frame.person, wanted, number, reason=reason)
    return papers.receipt(found, frame.words)


def _paper(
    frame: frames.Frame, case_id: str, no: str
) -> tuple[case_query.CaseView, query.PaperView]:
    """The paper, served already. Raises: `paper.unknown`, `attachment.not_served`."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    number = papers_listed.number_of(no)
    paper = next((it for it in view.papers if it.no == number), None)
    if paper is None:
        raise errors.NotFound("paper.unknown")
    if not paper.services:
        raise errors.NotNow("attachment.not_served", number=paper.number)
    return view, paper


def _id(sent: uploads.Upload) -> UUID:
    """The id made with the form, so that a second press is the same act; a new one where the form
    came without, which nobody at a page could mend."""
    try:
        return sent.uuid()
    except errors.Invalid:
        return ids.uuid7()


def _page(
    frame: frames.Frame,
    view: case_query.CaseView,
    paper: query.PaperView,
    *,
    attachment_id: str,
    error: errors.GridcaseError | None = None,
) -> Response:
    words = frame.words
    told = "" if error is None else problems.joined(words.error(error), words)
    return frame.page(
        "paper/receipts.html",
        status=200 if error is None else int(problems.status_of(error)),
        view=view,
        title=words.get("Receipt of service"),
        paper=papers_listed.item(frame, view, paper, base=f"/cases/{view.case.id}"),
        attachment_id=attachment_id,
        can_attach=paper.can_attach,
        errors=(("f-file", told),) if told else (),
        error=told,
        accept=ACCEPT,
        most=words.number(caller.chosen(frame.request).attachment_max_mb),
    )
