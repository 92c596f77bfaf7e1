"""Advancing the clock of a demo: what would have happened is made to happen, on the spot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from api import caller, render
from api.pages import frame as frames
from rules import errors
from workflow import scheduler

router = APIRouter()

STEPS: Final[Mapping[str, timedelta]] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


HOUR_S: Final = 3600


@router.get("/demo/clock", dependencies=[caller.PUBLIC])
def get_clock(frame: frames.Opened, back: str = "/") -> Response:
    """How far? Only where the data set is a demo's."""
    _only_demo(frame)
    return frame.page("demo.html", back=_back(frame, back), moved=None, report=None)


@router.post("/demo/advance", dependencies=[caller.PUBLIC])
def post_advance(frame: frames.Opened, sent: frames.Sent) -> Response:
    """Moves office time forward, sweeping on the way or, as if every worker had been down,
    only at the end; tells what fired."""
    _only_demo(frame)
    by = sent.get("by", "")
    if by not in STEPS:
        raise errors.Invalid("clock.step", field="by")
    actor_id = frame.actor.person_id if frame.actor else None
    move = scheduler.jump if sent.get("down") else scheduler.advance
    report = move(frame.engine, by=STEPS[by], actor_id=actor_id)
    words = frame.words
    moved = {
        "hour": words.get("The clock is one hour on."),
        "day": words.get("The clock is one day on."),
        "week": words.get("The clock is one week on."),
    }[by]
    told = [moved]
    if report.fired:
        told.append(
            words.count("{n} step of a ladder fired.", "{n} steps of ladders fired.", report.fired)
        )
    if report.max_late_s >= HOUR_S:
        hours = report.max_late_s // HOUR_S
        told.append(words.count("The latest by {n} hour.", "The latest by {n} hours.", hours))
    if report.missed:
        told.append(words.count("{n} deadline ran out.", "{n} deadlines ran out.", report.missed))
    if report.blocked:
        told.append(words.count("{n} cannot escalate.", "{n} cannot escalate.", report.blocked))
    if len(told) == 1:
        told.append(words.get("Nothing was due on the way."))
    return frame.go(render.local_path(sent.get("back")), toast=" ".join(told))


def _only_demo(frame: frames.Frame) -> None:
    """Raises: `not_found` where office time is nobody's to move."""
    if not frame.house.is_demo:
        raise errors.NotFound("not_found")


def _back(frame: frames.Frame, asked: str) -> str:
    """The page from which one came."""
    if asked != "/":
        return render.local_path(asked)
    referer = frame.request.headers.get("referer", "")
    base = str(frame.request.base_url)
    path = f"/{referer.removeprefix(base)}" if referer.startswith(base) else "/"
    return "/" if path.startswith("/demo") else render.local_path(path)
