"""The rules of the office, for whoever asks: they are no secret."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api import caller, texts
from api.routes.answers import answer, refusals
from api.routes.shapes import rules as shapes_rules
from api.rulebook import book, days, edition
from workflow import machine, read
from workflow.queries import office

router = APIRouter(tags=["rules"], dependencies=[caller.PUBLIC])

HASH = r"^[0-9a-f]{64}$"


@router.get("/rules", response_model=shapes_rules.Rules, responses=refusals())
def get_rules(opened: caller.Opened, words: caller.Spoken) -> Response:
    """The rules that new cases start under: processes, deadlines with their sources, grounds,
    articles, working days."""
    house = office.house(opened.database)
    return _answer(house, house.rules, words)


@router.get("/rules/{pack_hash}", response_model=shapes_rules.Rules, responses=refusals(404))
def get_pinned_rules(
    pack_hash: Annotated[str, Path(pattern=HASH)], opened: caller.Opened, words: caller.Spoken
) -> Response:
    """The rules of a stored pack, as a case keeps them that started under it."""
    house = office.house(opened.database)
    return _answer(house, office.rules(opened.database, pack_hash), words)


def _answer(house: read.House, rules: machine.Rules, words: texts.Words) -> Response:
    found = book.book(edition.Edition(pack=rules.pack, hash=rules.hash), words.language)
    shape = shapes_rules.Rules(
        name=found.name,
        version=found.version,
        title=found.title,
        hash=found.hash,
        is_active=rules.hash == house.rules.hash,
        processes=found.processes,
        articles=found.articles,
        calendar=days.calendar(house.calendar, words, today=house.today),
    )
    return answer(shape, words)
