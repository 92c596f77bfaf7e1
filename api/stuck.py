"""Why a case cannot escalate and what helps, in words: for the page and for the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api import texts
from rules import pack
from workflow.decide import HANDLER
from workflow.queries import board

WHYS: Final[Mapping[str, str]] = {
    "vacant": "{office}: the post is vacant",
    "away": "{office}: the holder is away, and no deputy is there",
    "recused": "{office}: the holder is recused",
}
REMEDIES: Final[Mapping[str, str]] = {
    "vacant": "Have a holder or a deputy named at {office} or above.",
    "away": "Have a deputy named at {office} or above.",
    "recused": "Have somebody named at {office} or above who is not recused.",
}
NO_POST: Final = "Neither the lead office nor one above it has this post."
SET_UP: Final = "Have the post set up and somebody named."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The post that is sought in vain, why by office, and what helps."""

    role: str
    whys: tuple[str, ...]
    remedy: str


def of_case(it: board.StuckCase, words: texts.Words) -> Reason:
    """Why a case is stuck: all posts that were asked, and what helps at the nearest."""
    if not it.blockers:
        return Reason(
            role=_role(it.role, words), whys=(words.get(NO_POST),), remedy=words.get(SET_UP)
        )
    nearest = it.blockers[0]
    return Reason(
        role=_role(it.role, words),
        whys=tuple(words.get(WHYS[one.why], office=one.office) for one in it.blockers),
        remedy=words.get(REMEDIES[nearest.why], office=nearest.office),
    )


def of_post(it: board.WantedPost, words: texts.Words) -> Reason:
    """Why a post must be filled."""
    role = _role(it.role, words)
    if it.office is None:
        return Reason(role=role, whys=(words.get(NO_POST),), remedy=words.get(SET_UP))
    return Reason(
        role=role,
        whys=(words.get(WHYS[it.why], office=it.office),),
        remedy=words.get(REMEDIES[it.why], office=it.office),
    )


def _role(role: pack.Text, words: texts.Words) -> str:
    """A case's handler is no role of the pack."""
    return words.get("Handler") if role.en == HANDLER else words.text(role)
