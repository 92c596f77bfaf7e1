"""The papers and materials of a case as its page lists them: number, day, served or not, ways to
open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api import texts
from api.pages import frame as frames
from api.papers import docx, pdf
from rules import errors, pack
from workflow.decide import BOTH_SIDES, FileKind
from workflow.decide import papers as deciding
from workflow.queries import case as case_query
from workflow.queries import papers as query

PDF: Final = "application/pdf"
MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that was attached as a line; `url` is None where it is not this person's to open."""

    no: int
    words: str
    day: str
    size: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A paper as a line; `url` is None where it is not this person's to open, `attach_url` where
    they have no receipt to attach."""

    no: int
    name: str
    number: str
    day: str
    served: str
    url: str | None
    links: tuple[tuple[str, str], ...]
    receipts: tuple[File, ...]
    attach_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What came from outside as a line; `no` is that of its event, `attach_url` None where they
    have nothing to attach."""

    no: int
    name: str
    sheets: str
    day: str
    files: tuple[File, ...]
    attach_url: str | None


def items(frame: frames.Frame, view: case_query.CaseView, *, base: str) -> tuple[Item, ...]:
    """The papers below the address of their case, newest first."""
    return tuple(item(frame, view, it, base=base) for it in reversed(view.papers))


def number_of(text: str) -> int:
    """The number of a paper or a file in an address. Raises: `paper.unknown`."""
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise errors.NotFound("paper.unknown")
    return int(text)


def item(frame: frames.Frame, view: case_query.CaseView, it: query.PaperView, *, base: str) -> Item:
    """One paper below the address of its case."""
    words, url = frame.words, f"{base}/papers/{it.no}" if it.can_open else None
    links = []
    if url and pdf.is_there():
        links.append((f"{url}/pdf", "PDF"))
    if url and docx.is_there() and base.startswith("/cases/"):
        links.append((f"{url}/docx", "Word"))
    if url:
        links.append((f"{url}?copy=en", words.get("English reading copy")))
    return Item(
        no=it.no,
        name=words.text(it.name),
        number=it.number,
        day=words.day_short(words.local_day(it.made_at)),
        served=_served(frame, view.pack, it),
        url=url,
        links=tuple(links),
        receipts=_files(words, it.receipts, base=base, of="receipt"),
        attach_url=f"{base}/papers/{it.no}/receipts" if it.can_attach else None,
    )


def materials(frame: frames.Frame, view: case_query.CaseView) -> tuple[Material, ...]:
    """What came from outside into the file, oldest first."""
    words, base = frame.words, f"/cases/{view.case.id}"
    return tuple(
        Material(
            no=it.seq,
            name=words.text(it.kind),
            sheets=words.count("{n} sheet", "{n} sheets", it.sheets),
            day=words.day_short(words.local_day(it.added_at)),
            files=_files(words, it.files, base=base, of="material"),
            attach_url=f"{base}/materials/{it.seq}/files" if it.can_attach else None,
        )
        for it in view.materials
    )


def _files(
    words: texts.Words, found: tuple[query.FileView, ...], *, base: str, of: FileKind
) -> tuple[File, ...]:
    return tuple(
        File(
            no=it.no,
            words=_called(words, it, of=of),
            day=words.day_short(words.local_day(it.attached_at)),
            size=size(it.size_bytes),
            url=f"{base}/attachments/{it.no}" if it.can_open else None,
        )
        for it in found
    )


def _called(words: texts.Words, it: query.FileView, *, of: FileKind) -> str:
    kind = words.get("scan") if it.media == PDF else words.get("photo")
    if of == "receipt":
        return words.get("Receipt ({kind})", kind=kind)
    return words.get("Attached file ({kind})", kind=kind)


def size(n_bytes: int) -> str:
    """The weight of a file."""
    return f"{n_bytes / MB:.1f} MB" if n_bytes >= MB else f"{max(1, round(n_bytes / 1024))} kB"


def _served(frame: frames.Frame, rules: pack.Pack, it: query.PaperView) -> str:
    words, told = frame.words, []
    for one in it.services:
        method = _choice(words, rules, deciding.METHOD, one.method)
        how = " ".join(filter(None, (side_of(words, rules, one), method)))
        told.append(words.get("Served {day}: {how}", day=words.day_short(one.served_on), how=how))
    if it.is_overtaken:
        told.append(words.get("Overtaken, not served"))
    elif it.is_for_service and not it.is_served:
        sides = {one.side for one in it.services}
        left = [side for side in BOTH_SIDES if sides and side not in sides]
        names = (_choice(words, rules, deciding.SERVED_TO, side) for side in left)
        told.append(" ".join([words.get("Not served yet"), *names]))
    return " · ".join(told)


def side_of(words: texts.Words, rules: pack.Pack, service: query.ServiceView) -> str:
    """Whom a paper to both sides was served to, where it was one of them."""
    return _choice(words, rules, deciding.SERVED_TO, service.side) if service.side else ""


def _choice(words: texts.Words, rules: pack.Pack, field: str, value: str) -> str:
    found = (rules.fields[field].choices or {}).get(value)
    return words.text(found.name) if found else value
