"""HTML pages. Each works without script; htmx only makes it faster."""

from fastapi import APIRouter

from api.pages import (
    absence,
    action,
    board,
    case,
    demo,
    entry,
    filing,
    leader,
    notices,
    papers,
    receipts,
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
    receipts.router,
    resident.router,
    rules.router,
    demo.router,
)
