"""The papers of a case: listed, and one with what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from api import texts
from api.routes.shapes import papers as shapes
from rules import pack
from workflow.commands import attachments
from workflow.commands import papers as commands
from workflow.queries import case as case_query
from workflow.queries import papers as query


def papers(view: case_query.CaseView, words: texts.Words) -> shapes.Papers:
    """What was made, and what came from outside, in order."""
    return shapes.Papers(
        items=tuple(_paper(it, words) for it in view.papers),
        materials=tuple(
            shapes.Material(
                seq=it.seq,
                kind=words.text(it.kind),
                sheets=it.sheets,
                added_at=it.added_at,
                files=_files(it.files),
                can_attach=it.can_attach,
            )
            for it in view.materials
        ),
    )


def _files(found: tuple[query.FileView, ...]) -> tuple[shapes.File, ...]:
    return tuple(shapes.File.model_validate(asdict(one)) for one in found)


def _paper(it: query.PaperView, words: texts.Words) -> shapes.Paper:
    return shapes.Paper(
        no=it.no,
        key=it.key,
        name=words.text(it.name),
        number=it.number,
        made_at=it.made_at,
        to=it.to,
        is_for_service=it.is_for_service,
        is_served=it.is_served,
        is_overtaken=it.is_overtaken,
        served=tuple(
            shapes.Served(to=one.side or None, method=one.method, served_on=one.served_on)
            for one in it.services
        ),
        can_open=it.can_open,
        receipts=_files(it.receipts),
        can_attach=it.can_attach,
    )


def attached(done: attachments.Attached) -> shapes.Attached:
    """A file as it was kept."""
    return shapes.Attached(
        no=done.no,
        id=done.id,
        paper=done.of_no if done.kind == "receipt" else None,
        material=done.of_no if done.kind == "material" else None,
        media=done.media,
        size_bytes=done.size_bytes,
        attached_at=done.attached_at,
    )


def paper(opened: commands.Opened, words: texts.Words) -> shapes.PaperReading:
    """One paper, in both languages."""
    return shapes.PaperReading(
        no=opened.no,
        key=opened.key,
        name=words.text(opened.paper.name),
        number=opened.number,
        office=opened.office,
        made_at=opened.made_at,
        code=opened.code,
        zh=_sheet(opened.filled.zh),
        en=_sheet(opened.filled.en),
    )


def drafts(found: Sequence[commands.Opened], words: texts.Words) -> shapes.Drafts:
    """The papers of an act that is not done."""
    return shapes.Drafts(
        items=tuple(
            shapes.Draft(
                key=one.key,
                name=words.text(one.paper.name),
                office=one.office,
                zh=_sheet(one.filled.zh),
                en=_sheet(one.filled.en),
            )
            for one in found
        )
    )


def _sheet(sheet: pack.Sheet) -> shapes.Sheet:
    return shapes.Sheet.model_validate(asdict(sheet))
