"""Papers: read and printed, as PDF and Word file, one by one or as the whole file of a case; for
officers, and for the resident what is addressed to them."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from workflow.commands import attachments, people
from workflow.commands import papers as commands
from workflow.decide import FileKind
from workflow.queries import case as case_query
from workflow.queries import papers as query

router = APIRouter()

Copy = Annotated[papers_.Language, Query(description="`en`: the reading copy.")]
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF: Final = "application/pdf"
_WHOLE: Final = "Opened the whole file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the index: a paper with its number, or what came from outside with its title; how
    it was served, or how many sheets it has. `anchor` is where it begins, None where none of it is
    in this copy."""

    name: str
    number: str
    day: str
    told: str
    files: tuple[papers_listed.File, ...]
    anchor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A page with a scan or a photo: what it is of, and the picture, None where a page of a PDF is
    laid over it."""

    anchor: str
    words: str
    picture: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What lies in the file at one place: a paper and its receipts, or a material."""

    place: tuple[int, int, int]
    row: Row
    paper: tuple[papers.Print, tuple[str, ...]] | None
    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The cover, the index and the contents of a case's file."""

    title: str
    number: str
    subject: str
    process: str
    office: str
    opened: str
    closed: str | None
    parts: tuple[Part, ...]
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
    """The whole file of a case, in order, with cover, index and back; scans as lines."""
    wanted = frames.read_id(case_id)
    view = case_query.view(frame.engine, frame.person, wanted)
    links = [(f"/cases/{wanted}/file/pdf", "PDF")] if pdf.is_there() else []
    return frame.page(
        "paper/print.html",
        title=frame.words.get("File of case {number}", number=view.case.number),
        back_url=f"/cases/{wanted}",
        links=links,
        pages=(),
        file=_file(frame, view, None),
    )


@router.get("/cases/{case_id}/file/pdf", dependencies=[caller.SESSION])
def get_file_pdf(frame: frames.Signed, case_id: str) -> Response:
    """The whole file as one PDF, with the scans and photos that are attached."""
    pdf.ready()  # before anything is opened, on the record
    view = case_query.view(frame.engine, frame.person, frames.read_id(case_id))
    enclosed = _enclosed(frame, view)
    file = _file(frame, view, enclosed)
    html = render.text("paper/document.html", frame.here, title=file.title, pages=(), file=file)
    name = f"{file.title} {file.number}"
    content = pdf.made(html, scans=enclosed.sheets)
    return Response(content, media_type=PDF, headers=papers.attachment(name, "pdf"))


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
    frame: frames.Frame, found: Sequence[commands.Opened], *, copy: papers_.Language
) -> Response:
    pages = _pages(frame, found, copy=copy)
    title = found[0].number
    html = render.text("paper/document.html", frame.here, title=title, pages=pages, file=None)
    name = pages[0][0].file_name
    return Response(pdf.made(html), media_type=PDF, headers=papers.attachment(name, "pdf"))


def _docx(frame: frames.Frame, one: commands.Opened, *, copy: papers_.Language) -> Response:
    laid = papers.printed(one, copy=copy, public_url=caller.chosen(frame.request).public_url)
    made = docx.made(laid, texts.Words(language=laid.lang))
    return Response(made, media_type=DOCX, headers=papers.attachment(laid.file_name, "docx"))


# ---- the whole file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Enclosed:
    """The pages with scans and photos, by the kind and the number of what they belong to; what is
    laid over them; and the numbers of the files that are there whole."""

    pages: Mapping[tuple[str, int], Sequence[Scan]]
    sheets: pdf.Scans
    whole: frozenset[int]


def _file(frame: frames.Frame, view: case_query.CaseView, enclosed: _Enclosed | None) -> File:
    """Where nothing is enclosed, scans are lines of the index."""
    words = frame.words
    reason = words.get(_WHOLE)
    opened = commands.open_all(frame.engine, frame.person, view.case.id, reason=reason)
    parts = (*_papers(frame, view, opened, enclosed), *_materials(frame, view, enclosed))
    closed_at = view.case.closed_at
    return File(
        title=words.get("Case file"),
        number=view.case.number,
        subject=view.case.subject,
        process=words.text(view.process.name),
        office=view.lead_office,
        opened=_day(words.local_day(view.case.received_at), words),
        closed=_day(words.local_day(closed_at), words) if closed_at else None,
        parts=tuple(sorted(parts, key=lambda part: part.place)),
        closed_to_you=len(view.papers) - len(opened),
    )


def _papers(
    frame: frames.Frame,
    view: case_query.CaseView,
    opened: Sequence[commands.Opened],
    enclosed: _Enclosed | None,
) -> Iterator[Part]:
    words, known = frame.words, {it.no: it for it in view.papers}
    for one, page in zip(opened, _pages(frame, opened, copy="zh"), strict=True):
        it = known.get(one.no)
        files = papers_listed.item(frame, view, it, base="").receipts if it else ()
        row = Row(
            name=words.text(one.paper.name),
            number=one.number,
            day=_day(words.local_day(one.made_at), words),
            told=_served(it, view.pack, words) if it else "–",
            files=_told(words, files, enclosed),
            anchor=f"paper-{one.no}",
        )
        found = _pages_of(enclosed, "receipt", one.no)
        yield Part(place=(one.paper.place, 0, one.no), row=row, paper=page, scans=found)


def _materials(
    frame: frames.Frame, view: case_query.CaseView, enclosed: _Enclosed | None
) -> Iterator[Part]:
    """Their titles are sealed, and opened with the rest of the file."""
    words, found = frame.words, papers_listed.materials(frame, view)
    titles = _titles(frame, view) if found else {}
    for it, one in zip(found, view.materials, strict=True):
        pages = _pages_of(enclosed, "material", it.no)
        row = Row(
            name=it.name,
            number=titles.get(f"{it.no}:{papers_.MATERIAL_TITLE}", words.get("(kept closed)")),
            day=_day(words.local_day(one.added_at), words),
            told=it.sheets,
            files=_told(words, it.files, enclosed),
            anchor=pages[0].anchor if pages else None,
        )
        yield Part(place=(one.place, 1, it.no), row=row, paper=None, scans=pages)


def _pages_of(enclosed: _Enclosed | None, kind: FileKind, no: int) -> tuple[Scan, ...]:
    return tuple(enclosed.pages.get((kind, no), ())) if enclosed else ()


def _told(
    words: texts.Words, found: tuple[papers_listed.File, ...], enclosed: _Enclosed | None
) -> tuple[papers_listed.File, ...]:
    """The files as lines; one that is not in this copy says so: it has to be looked at itself."""
    return tuple(
        it
        if enclosed is None or it.no in enclosed.whole
        else replace(it, words=words.get("{file}, not in this copy", file=it.words))
        for it in found
    )


def _titles(frame: frames.Frame, view: case_query.CaseView) -> Mapping[str, str]:
    return people.open_values(
        frame.engine,
        frame.person,
        view.case.id,
        reason=frame.words.get(_WHOLE),
        only=frozenset({papers_.MATERIAL_TITLE}),
    )


def _enclosed(frame: frames.Frame, view: case_query.CaseView) -> _Enclosed:
    """A page for each photo, and for each page of a scan."""
    names = {("receipt", it.no): frame.words.text(it.name) for it in view.papers}
    names |= {("material", it.seq): frame.words.text(it.kind) for it in view.materials}
    pages: dict[tuple[str, int], list[Scan]] = defaultdict(list)
    sheets, whole = pdf.Scans(), set[int]()
    reason = frame.words.get(_WHOLE)
    for one in attachments.open_all(frame.engine, frame.person, view.case.id, reason=reason):
        owner, anchor = (one.kind, one.of_no), f"scan-{one.no}"
        picture = None if one.media == PDF else _picture(one)
        count = sheets.add(one.content, anchor=anchor) if picture is None else 1
        pages[owner] += [
            Scan(anchor=f"{anchor}-{n}", words=names.get(owner, ""), picture=picture)
            for n in range(count)
        ]
        if count:
            whole.add(one.no)
    return _Enclosed(pages=pages, sheets=sheets, whole=frozenset(whole))


def _picture(one: attachments.Opened) -> str:
    return f"data:{one.media};base64,{base64.b64encode(one.content).decode('ascii')}"


def _served(it: query.PaperView, rules: pack.Pack, words: texts.Words) -> str:
    told = []
    for one in it.services:
        side = papers_listed.side_of(words, rules, one)
        told.append(f"{_day(one.served_on, words)} {side}".strip())
    if it.is_overtaken:
        told.append(words.get("Overtaken, not served"))
    return " · ".join(told) or "–"


def _day(on: date, words: texts.Words) -> str:
    found = papers_.day(on)
    return words.text(found)
