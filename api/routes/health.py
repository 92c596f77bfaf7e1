"""For machines that watch: alive, ready, metrics."""

from __future__ import annotations

from typing import Literal

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api import caller, observe
from api.routes import shapes
from api.routes.shapes import Shape
from rules import errors
from workflow import db
from workflow.engine import Engine
from workflow.queries import board, installation

router = APIRouter(tags=["health"])

_LOG = structlog.get_logger("api")
_UNKNOWN = {"sweep": "unknown", "audit": "unknown", "alarms": None}
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Alive(Shape):
    """The process answers."""

    model_config = shapes.example({"alive": True})

    alive: bool


class Ready(Shape):
    """Whether this process can serve, and why not."""

    model_config = shapes.example(
        {
            "ready": True,
            "draining": False,
            "database": "ok",
            "revision": "ok",
            "sweep": "running",
            "audit": "running",
            "alarms": 0,
        }
    )

    ready: bool
    draining: bool
    database: Literal["ok", "unreachable"]
    revision: Literal["ok", "behind", "unknown"]
    sweep: Literal["running", "silent", "unknown"]
    audit: Literal["running", "silent", "unknown"]
    alarms: int | None
    """How many alarms of the auditor stand; unknown without a database."""


@router.get("/livez", response_model=Alive, dependencies=[caller.PUBLIC])
async def get_livez() -> Response:
    """The process answers."""
    return JSONResponse({"alive": True})


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"description": "Not ready.", "model": Ready}},
    dependencies=[caller.PUBLIC],
)
def get_readyz(request: Request, opened: caller.Opened) -> Response:
    """Database reachable, schema of this release, somebody sweeping, and not about to end.

    A silent sweep makes only a process unready whose own task it is.
    """
    found = _look(opened)
    is_draining: bool = request.app.state.is_draining
    is_ready = (
        not is_draining
        and found["revision"] == "ok"
        and (found["sweep"] == "running" or not request.app.state.rings)
    )
    told = {"ready": is_ready, "draining": is_draining, **found}
    return JSONResponse(told, status_code=200 if is_ready else 503)


def _look(opened: Engine) -> dict[str, str | int | None]:
    try:
        revision, needed = db.revision(opened.database)
        if revision != needed:
            return {"database": "ok", "revision": "behind", **_UNKNOWN}
        signs = installation.signs(opened.database)
    except errors.Busy:
        return {"database": "unreachable", "revision": "unknown", **_UNKNOWN}
    except Exception as error:  # noqa: BLE001  whatever the driver says, the answer is: not ready
        _LOG.warning("ready.failed", error=type(error).__qualname__)
        return {"database": "unreachable", "revision": "unknown", **_UNKNOWN}
    return {
        "database": "ok",
        "revision": "ok",
        "sweep": _life(signs.beat_age_s, silent_s=board.SILENT_S),
        "audit": _life(signs.audit_age_s, silent_s=board.AUDIT_SILENT_S),
        "alarms": sum(signs.alarms.values()),
    }


def _life(age_s: float | None, *, silent_s: float) -> str:
    return "silent" if age_s is None or age_s > silent_s else "running"


@router.get("/metrics", response_class=PlainTextResponse, dependencies=[caller.PUBLIC])
def get_metrics(opened: caller.Opened) -> Response:
    """Counts and times in Prometheus' text form; numbers only."""
    try:
        observe.looked(installation.signs(opened.database), installation.queues(opened.database))
    except Exception as error:  # noqa: BLE001  the rest is told all the same
        observe.looked_in_vain()
        _LOG.warning("metrics.failed", error=type(error).__qualname__)
    return Response(observe.metrics(), media_type=METRICS_TYPE)
