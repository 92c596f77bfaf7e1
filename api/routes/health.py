"""For machines that watch: alive, ready, metrics."""

from __future__ import annotations

from typing import Literal

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import caller, observe
from rules import errors
from workflow import db
from workflow.engine import Engine
from workflow.queries import board

router = APIRouter(tags=["health"])

_LOG = structlog.get_logger("api")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Ready(BaseModel):
    """Whether this process can serve, and why not."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"ready": True, "database": "ok", "schema": "ok", "sweep": "running"}
        }
    )

    ready: bool
    database: Literal["ok", "unreachable"]
    schema_: Literal["ok", "behind", "unknown"]
    sweep: Literal["running", "silent", "unknown"]


@router.get("/livez", dependencies=[caller.PUBLIC])
async def get_livez() -> dict[str, bool]:
    """The process answers."""
    return {"alive": True}


@router.get("/readyz", dependencies=[caller.PUBLIC])
def get_readyz(request: Request, opened: caller.Opened) -> Response:
    """Database reachable, schema of this release, and somebody sweeping.

    A silent sweep makes only a process unready whose own task it is.
    """
    found = _look(opened)
    is_ready = found["schema"] == "ok" and (
        found["sweep"] == "running" or not request.app.state.rings
    )
    return JSONResponse({"ready": is_ready, **found}, status_code=200 if is_ready else 503)


def _look(opened: Engine) -> dict[str, str]:
    try:
        revision, needed = db.revision(opened.database)
        if revision != needed:
            return {"database": "ok", "schema": "behind", "sweep": "unknown"}
        alive = any(line.is_alive for line in board.workers(opened.database))
    except errors.Busy:
        return {"database": "unreachable", "schema": "unknown", "sweep": "unknown"}
    except Exception as error:  # noqa: BLE001  whatever the driver says, the answer is: not ready
        _LOG.warning("ready.failed", error=type(error).__qualname__)
        return {"database": "unreachable", "schema": "unknown", "sweep": "unknown"}
    return {"database": "ok", "schema": "ok", "sweep": "running" if alive else "silent"}


@router.get("/metrics", dependencies=[caller.PUBLIC])
def get_metrics() -> Response:
    """Counts and times in Prometheus' text form; numbers only."""
    return Response(observe.metrics(), media_type=METRICS_TYPE)
