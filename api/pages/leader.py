"""A leader's assignments: what awaits a plan first."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api import caller
from api.pages import frame as frames
from workflow.queries import assignment

router = APIRouter()


@router.get("/leader", dependencies=[caller.SESSION])
def get_leader(frame: frames.Signed) -> Response:
    """The cases that this person carries as a leader."""
    found = assignment.open_ones(frame.engine.database, frame.person)
    return frame.page(
        "leader.html",
        waiting=tuple(it for it in found if it.awaits_plan),
        active=tuple(it for it in found if not it.awaits_plan),
        plan_name=_plan_names(frame),
    )


def _plan_names(frame: frames.Frame) -> dict[str, tuple[str, str]]:
    """By process: the action that approves a plan, and its words."""
    return {
        name: (key, frame.words.text(action.name))
        for name, process in frame.pack.processes.items()
        for key, action in process.actions.items()
        if action.leader == "approve_plan"
    }
