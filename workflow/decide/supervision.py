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
from workflow.decide import recount
from workflow.decide.draft import Draft
from workflow.decide.facts import CaseRow, Command, DeadlineRow, Scalar

EFFECTS: Final = frozenset({"supervise", "raise"})
"""Rungs that put a case under supervision."""
SUPERVISOR: Final = "supervisor"
"""The field that names the person to whom it is given."""


def climb(draft: Draft, target: ladders.Target, *, level: int) -> None:
    """A rung's target watches from now on, from its level or above. Who supervises by hand goes
    on while they hold the post, unless it is raised above them."""
    case = draft.case
    is_raised = case.supervising_level is not None and level < case.supervising_level
    # Who stands in for somebody away is told, and sees a case that is not restricted anyway.
    can_see = case.confidentiality == "normal" or target.person_id == case.supervisor_id
    if (
        case.supervision == "hand"
        and not is_raised
        and can_see
        and _post(draft, case.supervisor_id)
    ):
        return
    draft.change(
        supervising_level=min(level, target.level),
        supervision="ladder",
        supervisor_id=target.person_id,
    )


def act(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar], command: Command) -> None:
    """What a person does about it: `take` it on, `give` it to somebody, `end` it.

    Raises: `supervision.already`, `supervision.none`; `supervision.higher` where a level above
    theirs watches the case.
    """
    if action.supervision is None:
        return
    case, post = draft.case, draft.post(command.post_id) if command.post_id else None
    level = post.level if post else case.level
    is_theirs = command.actor_id is not None and case.supervisor_id == command.actor_id
    if case.supervising_level is not None and level > case.supervising_level and not is_theirs:
        raise errors.NotPermitted("supervision.higher")
    if action.supervision == "end":
        if case.supervision is None:
            raise errors.NotNow("supervision.none")
        _end(draft)
        return
    given = action.supervision == "give"
    person = UUID(str(values[SUPERVISOR])) if given else command.actor_id
    if case.supervision == "hand" and case.supervisor_id == person:
        raise errors.NotNow("supervision.already")
    # Delegated, it is still watched from the level that gave it.
    draft.change(supervisor_id=person, supervision="hand", supervising_level=min(level, case.level))


def is_possible(action: pack_.Action, case: CaseRow, *, actor_id: UUID | None) -> bool:
    """Whether there is something to end, or somebody new to take it on."""
    if action.supervision == "end":
        return case.supervision is not None
    is_theirs = case.supervision == "hand" and case.supervisor_id == actor_id
    return action.supervision != "take" or not is_theirs


def moved(draft: Draft) -> None:
    """The case has another lead office: it is not watched from below."""
    case = draft.case
    if case.supervising_level is None:
        return
    post = _post(draft, case.supervisor_id)
    draft.change(supervising_level=min(case.supervising_level, case.level))
    if post is not None and post.level > case.level:
        draft.change(supervisor_id=None)


def _post(draft: Draft, person: UUID | None) -> ladders.Post | None:
    """The post of this line through which a person watches: of a role that may take it on, or to
    which it is given."""
    if person is None or person in draft.facts.recused:
        return None
    takers = (it.by for it in draft.flow.process.actions.values() if it.supervision == "take")
    roles = {SUPERVISOR, *(role for by in takers for role in by)}
    held = [p for p in draft.facts.line.posts if person in (p.holder, p.deputy, *p.away)]
    return min((p for p in held if p.role in roles), key=lambda p: p.level, default=None)


def lower(draft: Draft) -> None:
    """Ends what the ladder began, once nothing is late enough for it any more; a closed case is
    watched by nobody."""
    if draft.case.supervision is None:
        return
    if draft.case.is_closed:
        _end(draft)
    elif draft.case.supervision == "ladder" and not any(
        _is_supervised(draft, row) for row in draft.deadlines.values() if _may_come_back(draft, row)
    ):
        level = draft.case.supervising_level
        _end(draft)
        draft.record(
            "supervision_ended",
            action_id=f"lowered:{draft.seq + 1}",
            actor_kind="ladder",
            payload={"level": level},
        )


def _may_come_back(draft: Draft, row: DeadlineRow) -> bool:
    """Whether a clock runs, or was stopped by a correction and another runs in its place: it is
    taken up again as late as it was."""
    if row.is_open or row.state != "stopped":
        return row.is_open
    rules = draft.rules.pack.deadlines
    corrects = recount.corrections(rules[row.rule])
    return any(not corrects.isdisjoint(rules[it.rule].starts) for it in draft.open_deadlines())


def _end(draft: Draft) -> None:
    draft.change(supervision=None, supervisor_id=None, supervising_level=None)


def _is_supervised(draft: Draft, row: DeadlineRow) -> bool:
    """Whether a rung of this clock put the case under supervision."""
    name = draft.rules.pack.deadlines[row.rule].ladder
    ladder = draft.rules.pack.ladders[name] if name else ()
    fired = {int(word.split(".")[0]) for word in row.climbed}
    return any(ladder[index].do in EFFECTS for index in fired)
