"""Notices in the app: what happened on cases that are mine to know of."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api import caller
from api.pages import frame as frames
from workflow.commands import notices
from workflow.queries import office

router = APIRouter()


@router.get("/notices", dependencies=[caller.SESSION])
def get_notices(frame: frames.Signed) -> Response:
    """The inbox, newest first."""
    found = office.inbox(frame.engine.database, frame.person)
    return frame.page(
        "notices.html",
        messages=tuple((message, frame.words.notice(message)) for message in found),
        unread=sum(not message.is_read for message in found),
    )


@router.post("/notices/read", dependencies=[caller.SESSION])
def post_read(frame: frames.Signed, sent: frames.Sent) -> Response:
    """Marks one as read and opens its case, or all of them and stays."""
    key = sent.get("key")
    notices.mark_read(frame.engine.database, frame.person, key=key)
    if key is None:
        return frame.go("/notices", toast=frame.words.get("All marked as read."))
    return frame.go(f"/cases/{key.partition('.')[0]}")
