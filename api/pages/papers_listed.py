"""The papers of a case as its page lists them: number, day, served or not, ways to open."""

from __future__ import annotations

from dataclasses import dataclass

from api.pages import frame as frames
from api.papers import docx, pdf
from rules import pack
from workflow.decide import papers as deciding
from workflow.queries import case as case_query
from workflow.queries import papers as query


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A paper as a line; `url` is None where it is not this person's to open."""

    name: str
    number: str
    day: str
    served: str
    url: str | None
    links: tuple[tuple[str, str], ...]


def items(frame: frames.Frame, view: case_query.CaseView, *, base: str) -> tuple[Item, ...]:
    """The papers below the address of their case, newest first."""
    return tuple(_item(frame, view, it, base=base) for it in reversed(view.papers))


def _item(
    frame: frames.Frame, view: case_query.CaseView, it: query.PaperView, *, base: str
) -> Item:
    words, url = frame.words, f"{base}/papers/{it.no}" if it.can_open else None
    links = []
    if url and pdf.is_there():
        links.append((f"{url}/pdf", "PDF"))
    if url and docx.is_there() and base.startswith("/cases/"):
        links.append((f"{url}/docx", "Word"))
    if url:
        links.append((f"{url}?copy=en", words.get("English reading copy")))
    return Item(
        name=words.text(it.name),
        number=it.number,
        day=words.day_short(words.local_day(it.made_at)),
        served=_served(frame, view.pack, it),
        url=url,
        links=tuple(links),
    )


def _served(frame: frames.Frame, rules: pack.Pack, it: query.PaperView) -> str:
    words = frame.words
    if it.service is None:
        return words.get("Not served yet") if it.is_for_service else ""
    method = (rules.fields[deciding.METHOD].choices or {}).get(it.service.method)
    how = words.text(method.name) if method else it.service.method
    return words.get("Served {day}: {how}", day=words.day_short(it.service.served_on), how=how)
