"""What queries give, as the shapes of the API in one language."""

from __future__ import annotations

from api.routes.views.board import board
from api.routes.views.cases import Offered, case, page, receipt
from api.routes.views.offices import notice, process
from api.routes.views.people import post, seat
from api.routes.views.residents import resident
from api.routes.views.told import deadlines, escalations, events, reading

__all__ = [
    "Offered",
    "board",
    "case",
    "deadlines",
    "escalations",
    "events",
    "notice",
    "page",
    "post",
    "process",
    "reading",
    "receipt",
    "resident",
    "seat",
]
