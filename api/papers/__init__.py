"""A paper as it is handed out: on the print page, as PDF, as a Word file, one or a whole file.

What a paper says was frozen when it was made; here it is only laid out. The number, the code and
the way to the look-up page stand below what goes to a party.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from api import texts
from api.papers import qr
from rules import pack, papers
from workflow import files
from workflow.commands import attachments
from workflow.commands import papers as commands

LOOKUP = "/lookup"
COPY: Final = "Reading copy. The Chinese text is the paper."
DRAFT: Final = "Draft: not in force, and without a number."
TO_SIGN: Final = "Not recorded yet: to be read and signed. Its number comes when it is recorded."


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """One paper to lay out. `code` and `qr` are None where it goes to no party; `lookup_url` and
    `qr` where pages have no public address, `qr` also where nothing draws one. `note` is what a
    draft or a reading copy says of itself, in its own language like all that stands on it; what
    is to be signed says it on the screen alone."""

    no: int
    name: pack.Text
    number: str
    office: str
    made_at: datetime
    sheet: pack.Sheet
    lang: texts.Language
    note: str | None
    is_note_printed: bool
    case_number: str
    code: str | None
    lookup_url: str | None
    qr: qr.Code | None

    @property
    def file_name(self) -> str:
        """What it is kept as: a copy is not taken for the paper."""
        return self.number if self.note is None else f"{self.number} ({self.lang})"


def printed(opened: commands.Opened, *, copy: papers.Language, public_url: str | None) -> Print:
    """A paper in the language asked for: the Chinese text is the paper, the English a copy."""
    lookup_url = f"{public_url}{LOOKUP}" if public_url else None
    words = texts.Words(language="zh-CN" if copy == "zh" else "en")
    is_to_sign = opened.is_draft and opened.paper.signed
    note = None if copy == "zh" else COPY
    if opened.is_draft:
        note = TO_SIGN if is_to_sign else DRAFT
    return Print(
        no=opened.no,
        name=opened.paper.name,
        number=opened.number,
        office=opened.office,
        made_at=opened.made_at,
        sheet=opened.filled.sheet(copy),
        lang=words.language,
        note=note and words.get(note),
        is_note_printed=not is_to_sign,
        case_number=opened.case_number,
        code=opened.code,
        lookup_url=lookup_url,
        qr=qr.code(lookup_url) if opened.code and lookup_url else None,
    )


def foot(paper: Print, words: texts.Words) -> tuple[str, ...]:
    """What stands below a paper that goes to a party."""
    if paper.code is None:
        return (words.get("Case number: {number}", number=paper.case_number),)
    lines = [
        words.get("Case number: {number}", number=paper.case_number),
        words.get("Look-up code: {code}", code=paper.code),
    ]
    if paper.lookup_url is not None:
        lines.append(words.get("See how it stands: {url}", url=paper.lookup_url))
    return tuple(lines)


def attached(opened: attachments.Opened, words: texts.Words) -> Response:
    """A file as it is handed out: kept by the browser under our name, never shown by it."""
    if opened.number is None:
        name = words.get("Material ({no})", no=opened.no)
    else:
        name = words.get("Receipt {number} ({no})", number=opened.number, no=opened.no)
    return Response(
        opened.content,
        media_type=opened.media,
        headers={
            **attachment(name, files.SUFFIXES[opened.media]),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def attachment(name: str, suffix: str) -> dict[str, str]:
    """The header by which a browser keeps a file under this name."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{suffix}')}",
        "Cache-Control": "private, no-store",
    }
