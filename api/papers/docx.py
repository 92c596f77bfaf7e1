"""A paper as a Word file: the one door to docxtpl.

The skeleton is ours and ships with the program; what the paper says goes in as data, in a
sandbox, and is never read as a template.
"""

from __future__ import annotations

import importlib.util
import io
from importlib import resources
from typing import Any

import jinja2.sandbox

from api import papers, texts
from api.papers import qr
from rules import errors

SKELETON = "papers/skeleton.docx"
QR_MM = 26


def is_there() -> bool:
    """Whether Word files can be made here."""
    return importlib.util.find_spec("docxtpl") is not None


def made(paper: papers.Print, words: texts.Words) -> bytes:
    """The paper as a Word file.

    Raises: `paper.no_docx` where the library is not installed.
    """
    try:
        import docxtpl  # noqa: PLC0415  an extra's library, in its one door
        from docx.shared import Mm  # noqa: PLC0415  comes with docxtpl
    except ModuleNotFoundError as error:
        raise errors.NotNow("paper.no_docx") from error
    skeleton = (resources.files("api") / SKELETON).read_bytes()
    document = docxtpl.DocxTemplate(io.BytesIO(skeleton))
    picture = qr.png(paper.qr.text) if paper.qr else None
    shown = {} if picture is None else {"width": Mm(QR_MM)}
    code: Any = docxtpl.InlineImage(document, io.BytesIO(picture), **shown) if picture else None
    sandbox = jinja2.sandbox.SandboxedEnvironment(autoescape=True, undefined=jinja2.StrictUndefined)
    document.render(_context(paper, words, code), jinja_env=sandbox, autoescape=True)
    found = io.BytesIO()
    document.save(found)
    return found.getvalue()


def _context(paper: papers.Print, words: texts.Words, code: Any) -> dict[str, object]:
    return {
        "note": paper.note,
        "title": paper.sheet.title,
        "number": paper.number,
        "to": paper.sheet.to,
        "body": [
            {
                "heading": block.heading,
                "lines": _lines(block.text),
                "rows": block.rows,
                # Its last line or row stays on the page of the signatures.
                "is_last": block is paper.sheet.body[-1],
            }
            for block in paper.sheet.body
        ],
        "sign": list(paper.sheet.sign),
        "foot": list(papers.foot(paper, words)),
        "qr": code,
    }


def _lines(text: str | None) -> list[str]:
    """A text's own paragraphs."""
    return [line for line in (text or "").split("\n") if line.strip()]
