"""The papers of a case as its page lists them: number, day, served or not, ways to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api import texts
from api.pages import frame as frames
from api.papers import docx, pdf
from rules import errors, pack
from workflow.decide import BOTH_SIDES
from workflow.decide import papers as deciding
from workflow.queries import case as case_query
from workflow.queries import papers as query

PDF: Final = "application/pdf"
MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as a line; `url` is None where it is not this person's to open."""

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
    receipts: tuple[Receipt, ...]
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
        receipts=tuple(_receipt(words, one, base=base) for one in it.receipts),
        attach_url=f"{base}/papers/{it.no}/receipts" if it.can_attach else None,
    )


def _receipt(words: texts.Words, it: query.ReceiptView, *, base: str) -> Receipt:
    kind = words.get("scan") if it.media == PDF else words.get("photo")
    return Receipt(
        words=words.get("Receipt ({kind})", kind=kind),
        day=words.day_short(words.local_day(it.attached_at)),
        size=size(it.size_bytes),
        url=f"{base}/attachments/{it.no}" if it.can_open else None,
    )


def size(n_bytes: int) -> str:
    """The weight of a file."""
    return f"{n_bytes / MB:.1f} MB" if n_bytes >= MB else f"{max(1, round(n_bytes / 1024))} kB"


def _served(frame: frames.Frame, rules: pack.Pack, it: query.PaperView) -> str:
    words, told = frame.words, []
    for one in it.services:
        method = _choice(words, rules, deciding.METHOD, one.method)
        how = " ".join(filter(None, (side_of(words, rules, one), method)))
        told.append(words.get("Served {day}: {how}", day=words.day_short(one.served_on), how=how))
    if it.is_for_service and not it.is_served:
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
