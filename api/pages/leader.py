"""A leader's assignments: what awaits a plan first; and what leaders carry where one watches."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api import caller
from api.pages import frame as frames
from workflow.queries import assignment

router = APIRouter()


@router.get("/leader", dependencies=[caller.SESSION])
def get_leader(frame: frames.Signed) -> Response:
    """The cases that this person carries as a leader, or that leaders carry in their area."""
    found = assignment.open_ones(frame.engine.database, frame.person)
    watched = assignment.watched(frame.engine.database, frame.person)
    mine = {it.case_id for it in found}
    return frame.page(
        "leader.html",
        waiting=tuple(it for it in found if it.awaits_plan),
        active=tuple(it for it in found if not it.awaits_plan),
        watched=tuple(it for it in watched if it.case_id not in mine),
        is_leader="leader" in frame.person.roles,
        plan_name=_plan_names(frame),
        steps=_steps(frame),
    )


def _steps(frame: frames.Frame) -> dict[str, tuple[tuple[str, str], ...]]:
    """By process: what a leader does once the plan is approved, and its words."""
    return {
        name: tuple(
            (key, frame.words.text(process.actions[key].name))
            for effect in ("contact", "sign_off", "unsigned")
            for key, action in process.actions.items()
            if action.leader == effect
        )
        for name, process in frame.pack.processes.items()
    }


def _plan_names(frame: frames.Frame) -> dict[str, tuple[str, str]]:
    """By process: the action that approves a plan, and its words."""
    return {
        name: (key, frame.words.text(action.name))
        for name, process in frame.pack.processes.items()
        for key, action in process.actions.items()
        if action.leader == "approve_plan"
    }
