"""Supervision (督办): who watches a case beside the office that handles it.

The ladder puts a case under supervision and takes it out when what was late is done; what
somebody took on by hand stays until they end it, or the case is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from rules import errors, ladders
from rules import pack as pack_
from workflow.decide.draft import Draft
from workflow.decide.facts import Command, DeadlineRow, Scalar

EFFECTS: Final = frozenset({"supervise", "raise"})
"""Rungs that put a case under supervision."""
SUPERVISOR: Final = "supervisor"
"""The role to which it may be given; the field that names the person."""


def climb(draft: Draft, rung: pack_.Rung, target: ladders.Target, *, level: int) -> None:
    """A rung's target watches from now on, from its level or above. Who supervises by hand goes
    on, unless it is raised above them."""
    draft.change(supervising_level=min(level, target.level))
    if draft.case.supervision is None:
        draft.change(supervision="ladder")
    elif draft.case.supervision == "hand" and rung.do == "supervise":
        return
    draft.change(supervisor_id=target.person_id)


def act(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], command: Command) -> None:
    """What a person does about it: `take` it on, `give` it to somebody, `end` it.

    Raises: `supervision.already`, `supervision.none`.
    """
    case = draft.case
    if action.supervision == "take":
        if case.supervisor_id == command.actor_id and case.supervision == "hand":
            raise errors.NotNow("supervision.already")
        _take(
            draft, command.actor_id, post=draft.post(command.post_id) if command.post_id else None
        )
    elif action.supervision == "give":
        person = UUID(str(values[SUPERVISOR]))
        if case.supervisor_id == person and case.supervision == "hand":
            raise errors.NotNow("supervision.already")
        _take(draft, person, post=_post(draft, person))
    elif action.supervision == "end":
        if case.supervision is None:
            raise errors.NotNow("supervision.none")
        _end(draft)


def _take(draft: Draft, person: UUID | None, *, post: ladders.Post | None) -> None:
    """Named by hand; the level never sinks below where the case is watched already."""
    level = draft.case.supervising_level or draft.case.level
    found = level if post is None else min(level, post.level)
    draft.change(supervisor_id=person, supervision="hand", supervising_level=found)


def _post(draft: Draft, person: UUID) -> ladders.Post | None:
    held = [p for p in draft.facts.line.posts if person in (p.holder, p.deputy)]
    return min((p for p in held if p.role == SUPERVISOR), key=lambda p: p.level, default=None)


def lower(draft: Draft) -> None:
    """Ends what the ladder began, once nothing is late enough for it any more; a closed case is
    watched by nobody."""
    if draft.case.supervision is None:
        return
    if draft.state.end:
        _end(draft)
    elif draft.case.supervision == "ladder" and not any(
        _is_supervised(draft, row) for row in draft.open_deadlines()
    ):
        level = draft.case.supervising_level
        _end(draft)
        draft.record(
            "supervision_ended",
            action_id=f"lowered:{draft.case.seq + 1}",
            actor_kind="ladder",
            payload={"level": level},
        )


def _end(draft: Draft) -> None:
    draft.change(supervision=None, supervisor_id=None, supervising_level=None)


def _is_supervised(draft: Draft, row: DeadlineRow) -> bool:
    """Whether a rung of this clock put the case under supervision."""
    name = draft.rules.pack.deadlines[row.rule].ladder
    ladder = draft.rules.pack.ladders[name] if name else ()
    fired = {int(word.split(".")[0]) for word in row.climbed}
    return any(ladder[index].do in EFFECTS for index in fired)
