"""Papers: read and printed, as PDF and Word file, one by one or as the whole file of a case; for
officers, and for the resident what is addressed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from api import caller, papers, render, texts
from api.pages import frame as frames
from api.pages import papers_listed, resident
from api.papers import docx, pdf
from rules import pack
from rules import papers as papers_
from workflow import access
from workflow.commands import papers as commands
from workflow.commands import people
from workflow.queries import case as case_query
from workflow.queries import papers as query

router = APIRouter()

Copy = Annotated[papers_.Language, Query(description="`en`: the reading copy.")]
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the index."""

    no: int
    name: str
    number: str
    day: str
    served: str
    receipts: tuple[papers_listed.File, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A line of the index for what came from outside: its title and its sheets."""

    name: str
    title: str
    sheets: str
    day: str
    files: tuple[papers_listed.File, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The cover and the index of a case's file."""

    title: str
    number: str
    subject: str
    process: str
    office: str
    opened: str
    closed: str | None
    rows: tuple[Row, ...]
    enclosed: tuple[Enclosed, ...]
    closed_to_you: int


# ---- an officer's


@router.get("/cases/{case_id}/papers/{no}", dependencies=[caller.SESSION])
def get_paper(frame: frames.Signed, case_id: str, no: str, copy: Copy = "zh") -> Response:
    """The paper to read and to print; opening it is recorded."""
    base = f"/cases/{frames.read_id(case_id)}"
    return _shown(frame, _one(frame, frame.person, case_id, no), base=base, copy=copy)


@router.get("/cases/{case_id}/papers/{no}/pdf", dependencies=[caller.SESSION])
def get_pdf(frame: frames.Signed, case_id: str, no: str, copy: Copy = "zh") -> Response:
    """The same as PDF."""
    return _pdf(frame, [_one(frame, frame.person, case_id, no)], copy=copy)


@router.get("/cases/{case_id}/papers/{no}/docx", dependencies=[caller.SESSION])
def get_docx(frame: frames.Signed, case_id: str, no: str, copy: Copy = "zh") -> Response:
    """The same as a Word file."""
    return _docx(frame, _one(frame, frame.person, case_id, no), copy=copy)


@router.get("/cases/{case_id}/file", dependencies=[caller.SESSION])
def get_file(frame: frames.Signed, case_id: str) -> Response:
    """The whole file of a case, in order, with cover, index and back."""
    wanted = frames.read_id(case_id)
    view = case_query.view(frame.engine, frame.person, wanted)
    found = _all(frame, case_id)
    links = [(f"/cases/{wanted}/file/pdf", "PDF")] if pdf.is_there() else []
    return frame.page(
        "paper/print.html",
        title=frame.words.get("File of case {number}", number=view.case.number),
        back_url=f"/cases/{wanted}",
        links=links,
        pages=_pages(frame, found, copy="zh"),
        file=_cover(frame, view, found),
    )


@router.get("/cases/{case_id}/file/pdf", dependencies=[caller.SESSION])
def get_file_pdf(frame: frames.Signed, case_id: str) -> Response:
    """The whole file as one PDF."""
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    found = _all(frame, case_id)
    return _pdf(frame, found, copy="zh", file=_cover(frame, view, found))


# ---- a resident's


@router.get("/mine/papers/{no}", dependencies=[caller.RESIDENT])
def get_mine(frame: frames.Public, no: str, copy: Copy = "zh") -> Response:
    """A paper addressed to the resident."""
    actor = resident.known(frame)
    if actor is None:
        return frame.go(papers.LOOKUP)
    found = _one(frame, actor, str(actor.case_id), no)
    return _shown(frame, found, base=resident.HOME, copy=copy)


@router.get("/mine/papers/{no}/pdf", dependencies=[caller.RESIDENT])
def get_mine_pdf(frame: frames.Public, no: str, copy: Copy = "zh") -> Response:
    """The same as PDF."""
    actor = resident.known(frame)
    if actor is None:
        return frame.go(papers.LOOKUP)
    return _pdf(frame, [_one(frame, actor, str(actor.case_id), no)], copy=copy)


# ---- how


def _one(frame: frames.Frame, actor: access.Actor, case_id: str, no: str) -> commands.Opened:
    """One paper opened. Raises: `paper.unknown`."""
    reason = frame.words.get("Opened the paper")
    wanted, number = frames.read_id(case_id), papers_listed.number_of(no)
    return commands.open_one(frame.engine, actor, wanted, number, reason=reason)


def _all(frame: frames.Frame, case_id: str) -> tuple[commands.Opened, ...]:
    reason = frame.words.get("Opened the whole file")
    return commands.open_all(frame.engine, frame.person, frames.read_id(case_id), reason=reason)


def _pages(
    frame: frames.Frame, found: Sequence[commands.Opened], *, copy: papers_.Language
) -> tuple[tuple[papers.Print, tuple[str, ...]], ...]:
    """Each paper laid out, with what stands below it in the paper's own language."""
    public_url = caller.chosen(frame.request).public_url
    laid = [papers.printed(one, copy=copy, public_url=public_url) for one in found]
    return tuple((it, papers.foot(it, texts.Words(language=it.lang))) for it in laid)


def _shown(
    frame: frames.Frame, one: commands.Opened, *, base: str, copy: papers_.Language
) -> Response:
    words, at = frame.words, f"{base}/papers/{one.no}"
    links = []
    if pdf.is_there():
        links.append((f"{at}/pdf?copy={copy}", "PDF"))
    if docx.is_there() and base != resident.HOME:
        links.append((f"{at}/docx?copy={copy}", "Word"))
    if copy == "zh":
        links.append((f"{at}?copy=en", words.get("English reading copy")))
    else:
        links.append((at, words.get("The paper in Chinese")))
    return frame.page(
        "paper/print.html",
        title=f"{words.text(one.paper.name)} {one.number}",
        back_url=base,
        links=links,
        pages=_pages(frame, [one], copy=copy),
        file=None,
    )


def drafts(frame: frames.Frame, found: Sequence[commands.Opened], *, base: str) -> Response:
    """Papers of an act that is not done, to print."""
    return frame.page(
        "paper/print.html",
        title=frame.words.get("Draft: {paper}", paper=frame.words.text(found[0].paper.name)),
        back_url=base,
        links=[],
        pages=_pages(frame, found, copy="zh"),
        file=None,
    )


def _pdf(
    frame: frames.Frame,
    found: Sequence[commands.Opened],
    *,
    copy: papers_.Language,
    file: File | None = None,
) -> Response:
    pages = _pages(frame, found, copy=copy)
    title = file.title if file else found[0].number
    html = render.text("paper/document.html", frame.here, title=title, pages=pages, file=file)
    name = f"{title} {file.number}" if file else pages[0][0].file_name
    return Response(pdf.made(html), media_type=PDF, headers=papers.attachment(name, "pdf"))


def _docx(frame: frames.Frame, one: commands.Opened, *, copy: papers_.Language) -> Response:
    laid = papers.printed(one, copy=copy, public_url=caller.chosen(frame.request).public_url)
    made = docx.made(laid, texts.Words(language=laid.lang))
    return Response(made, media_type=DOCX, headers=papers.attachment(laid.file_name, "docx"))


def _cover(
    frame: frames.Frame, view: case_query.CaseView, found: Sequence[commands.Opened]
) -> File:
    words = frame.words
    known = {it.no: it for it in view.papers}
    listed = {no: papers_listed.item(frame, view, it, base="") for no, it in known.items()}
    closed_at = view.case.closed_at
    return File(
        title=words.get("Case file"),
        number=view.case.number,
        subject=view.case.subject,
        process=words.text(view.process.name),
        office=view.lead_office,
        opened=_day(words.local_day(view.case.received_at), words),
        closed=_day(words.local_day(closed_at), words) if closed_at else None,
        rows=tuple(
            Row(
                no=one.no,
                name=words.text(one.paper.name),
                number=one.number,
                day=_day(words.local_day(one.made_at), words),
                served=_served(known[one.no], view.pack, words) if one.no in known else "–",
                receipts=listed[one.no].receipts if one.no in listed else (),
            )
            for one in found
        ),
        enclosed=_enclosed(frame, view),
        closed_to_you=len(view.papers) - len(found),
    )


def _enclosed(frame: frames.Frame, view: case_query.CaseView) -> tuple[Enclosed, ...]:
    """Their titles are sealed, and opened with the rest of the file."""
    materials = papers_listed.materials(frame, view)
    if not materials:
        return ()
    titles = people.open_values(
        frame.engine,
        frame.person,
        view.case.id,
        reason=frame.words.get("Opened the whole file"),
        only=frozenset({papers_.MATERIAL_TITLE}),
    )
    closed = frame.words.get("(kept closed)")
    return tuple(
        Enclosed(
            name=it.name,
            title=titles.get(f"{it.no}:{papers_.MATERIAL_TITLE}", closed),
            sheets=it.sheets,
            day=_day(frame.words.local_day(one.added_at), frame.words),
            files=it.files,
        )
        for it, one in zip(materials, view.materials, strict=True)
    )


def _served(it: query.PaperView, rules: pack.Pack, words: texts.Words) -> str:
    told = []
    for one in it.services:
        side = papers_listed.side_of(words, rules, one)
        told.append(f"{_day(one.served_on, words)} {side}".strip())
    return " · ".join(told) or "–"


def _day(on: date, words: texts.Words) -> str:
    found = papers_.day(on)
    return words.text(found)
