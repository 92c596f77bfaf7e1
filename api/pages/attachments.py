"""Files of a case: the receipts of a paper and the scans of a material, attached from a phone's
camera or from a file, and opened."""

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
from workflow.decide import FileKind
from workflow.queries import case as case_query

router = APIRouter()

ACCEPT: Final = ",".join(files.SUFFIXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What files are attached to, with the words of the page: `told` stands below its name,
    `readable` is what a photo must show, `denied` is for who may not attach."""

    no: int
    url: str
    title: str
    name: str
    number: str
    told: str
    files: tuple[papers_listed.File, ...]
    can_attach: bool
    readable: str
    attach: str
    opening: str
    denied: str
    toast: str


@router.get("/cases/{case_id}/papers/{no}/receipts", dependencies=[caller.SESSION])
def get_receipts(frame: frames.Signed, case_id: str, no: str) -> Response:
    """What is attached to a paper, and the form for more."""
    return _form(frame, case_id, no, kind="receipt")


@router.post("/cases/{case_id}/papers/{no}/receipts", dependencies=[caller.SESSION])
def post_receipts(frame: frames.Signed, case_id: str, no: str, sent: uploads.Tried) -> Response:
    """Attaches what was sent. A fault brings the form back with its words."""
    return _attached(frame, case_id, no, sent, kind="receipt")


@router.get("/cases/{case_id}/materials/{no}/files", dependencies=[caller.SESSION])
def get_files(frame: frames.Signed, case_id: str, no: str) -> Response:
    """What is attached to a material, and the form for more."""
    return _form(frame, case_id, no, kind="material")


@router.post("/cases/{case_id}/materials/{no}/files", dependencies=[caller.SESSION])
def post_files(frame: frames.Signed, case_id: str, no: str, sent: uploads.Tried) -> Response:
    """Attaches what was sent. A fault brings the form back with its words."""
    return _attached(frame, case_id, no, sent, kind="material")


@router.get("/cases/{case_id}/attachments/{no}", dependencies=[caller.SESSION])
def get_attachment(frame: frames.Signed, case_id: str, no: str) -> Response:
    """The file to keep; opening it is recorded."""
    reason = frame.words.get("Opened an attached file")
    wanted, number = frames.read_id(case_id), papers_listed.number_of(no)
    found = commands.open_one(frame.engine, frame.person, wanted, number, reason=reason)
    return papers.attached(found, frame.words)


def _form(frame: frames.Frame, case_id: str, no: str, *, kind: FileKind) -> Response:
    view, owner = _owner(frame, case_id, no, kind=kind)
    return _page(frame, view, owner)


def _attached(
    frame: frames.Frame, case_id: str, no: str, sent: uploads.Tried, *, kind: FileKind
) -> Response:
    view, owner = _owner(frame, case_id, no, kind=kind)
    if isinstance(sent, errors.GridcaseError):
        return _page(frame, view, owner, error=sent)
    wanted = commands.Request(
        case_id=view.case.id, id=_id(sent), kind=kind, of_no=owner.no, content=sent.content
    )
    try:
        commands.attach(frame.engine, frame.person, wanted)
    except errors.NotFound:
        raise
    except errors.GridcaseError as error:
        return _page(frame, *_owner(frame, case_id, no, kind=kind), error=error)
    return frame.go(f"/cases/{view.case.id}", toast=owner.toast)


def _owner(
    frame: frames.Frame, case_id: str, no: str, *, kind: FileKind
) -> tuple[case_query.CaseView, Owner]:
    """Raises: `paper.unknown`, `attachment.not_served`; `material.unknown`."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    number = papers_listed.number_of(no)
    owner = _paper if kind == "receipt" else _material
    return view, owner(frame, view, number)


def _paper(frame: frames.Frame, view: case_query.CaseView, no: int) -> Owner:
    """The paper, served already."""
    paper = next((it for it in view.papers if it.no == no), None)
    if paper is None:
        raise errors.NotFound("paper.unknown")
    if not paper.services:
        raise errors.NotNow("attachment.not_served", number=paper.number)
    words = frame.words
    item = papers_listed.item(frame, view, paper, base=f"/cases/{view.case.id}")
    return Owner(
        no=no,
        url=f"/cases/{view.case.id}/papers/{no}/receipts",
        title=words.get("Receipt of service"),
        name=item.name,
        number=item.number,
        told=item.served,
        files=item.receipts,
        can_attach=paper.can_attach,
        readable=words.get("Both the signature and the date must be readable."),
        attach=words.get("Attach the receipt"),
        opening=words.get("Opening a receipt is recorded; the party can see it."),
        denied=words.get("Who may serve this paper attaches its receipt."),
        toast=words.get("The receipt is attached."),
    )


def _material(frame: frames.Frame, view: case_query.CaseView, no: int) -> Owner:
    """What came from outside, by the event that says so."""
    listed = papers_listed.materials(frame, view)
    item = next((it for it in listed if it.no == no), None)
    if item is None:
        raise errors.NotFound("material.unknown")
    words = frame.words
    return Owner(
        no=no,
        url=f"/cases/{view.case.id}/materials/{no}/files",
        title=words.get("Material of the file"),
        name=item.name,
        number="",
        told=f"{item.sheets} · {item.day}",
        files=item.files,
        can_attach=item.attach_url is not None,
        readable=words.get("All that is written on it must be readable."),
        attach=words.get("Attach the file"),
        opening=words.get("Opening a file is recorded; the party can see it."),
        denied=words.get("Who may add a material attaches its files."),
        toast=words.get("The file is attached."),
    )


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
    owner: Owner,
    *,
    error: errors.GridcaseError | None = None,
) -> Response:
    """The form, each time with another id: what is corrected is another file."""
    words = frame.words
    told = "" if error is None else problems.joined(words.error(error), words)
    return frame.page(
        "paper/attach.html",
        status=200 if error is None else int(problems.status_of(error)),
        view=view,
        owner=owner,
        attachment_id=str(ids.uuid7()),
        errors=(("f-file", told),) if told else (),
        error=told,
        accept=ACCEPT,
        most=words.number(caller.chosen(frame.request).attachment_max_mb),
    )
