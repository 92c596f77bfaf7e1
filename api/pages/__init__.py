"""HTML pages. Each works without script; htmx only makes it faster."""

from fastapi import APIRouter

from api.pages import (
    absence,
    action,
    attachments,
    board,
    case,
    demo,
    entry,
    filing,
    leader,
    notices,
    papers,
    resident,
    rules,
    worklist,
)

ROUTERS: tuple[APIRouter, ...] = (
    entry.router,
    worklist.router,
    filing.router,
    case.router,
    action.router,
    leader.router,
    board.router,
    notices.router,
    absence.router,
    papers.router,
    attachments.router,
    resident.router,
    rules.router,
    demo.router,
)
