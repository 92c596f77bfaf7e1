"""The rules of this office, for whoever asks: its processes, deadlines and where they come from."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from api import caller
from api.pages import frame as frames
from api.rulebook import book, days, edition, pictures
from rules import picture
from workflow import machine
from workflow.queries import office

router = APIRouter()

PAPER: Final = 1.25
"""How high a drawing may be on paper, in its width: a sheet of A4 with its margins."""


@router.get("/rules", dependencies=[caller.PUBLIC])
def get_rules(frame: frames.Opened) -> Response:
    """The rules that new cases start under."""
    return _shown(frame, frame.house.rules)


@router.get("/rules/{pack_hash}", dependencies=[caller.PUBLIC])
def get_pinned_rules(frame: frames.Opened, pack_hash: str) -> Response:
    """The rules of a stored pack, as a case keeps them that started under it."""
    if pack_hash == frame.house.rules.hash:
        return _shown(frame, frame.house.rules)
    return _shown(frame, office.rules(frame.engine.database, pack_hash))


def _shown(frame: frames.Frame, rules: machine.Rules) -> Response:
    words = frame.words
    found = edition.Edition(pack=rules.pack, hash=rules.hash)
    names = tuple(rules.pack.processes)
    drawings = {name: pictures.drawn(found, name, words.language) for name in names}
    return frame.page(
        "rules.html",
        title=words.get("The rules of this office"),
        book=book.book(found, words.language),
        calendar=days.calendar(frame.house.calendar, words, today=frame.house.today),
        this_year=frame.house.today.year,
        drawings=drawings,
        strips={name: picture.strips(it, ratio=PAPER) for name, it in drawings.items()},
        told={name: pictures.described(found, name, words) for name in names},
        is_active=rules.hash == frame.house.rules.hash,
    )
