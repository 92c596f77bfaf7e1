"""What happens to a case, decided purely: no I/O, no clock, no randomness.

`decide` serves a person's command, `decide_due` the sweep. Both first write what time has
done to the case, by the same code and in the same order.
"""

from __future__ import annotations

from uuid import UUID

from rules import calendars, errors
from workflow import machine
from workflow.decide import act, attachments, climb, imported, moves
from workflow.decide.decision import (
    AttachmentRow,
    Decision,
    EscalationRow,
    Event,
    FileKind,
    LinkRow,
    Notice,
    PaperRow,
    PartyRow,
    Personal,
    ServiceRow,
)
from workflow.decide.draft import Draft
from workflow.decide.facts import (
    BOTH_SIDES,
    HANDLER,
    NEVER,
    AssignmentRow,
    CaseRow,
    Command,
    DeadlineRow,
    Earlier,
    EarlierPaper,
    Facts,
    Line,
    Opening,
    PaperFacts,
    Scalar,
    changed,
    guard_facts,
    is_led_by,
    is_overtaken,
    may_take_below,
    plan_of,
    reached_all,
    search_of,
)

FILE = act.FILE


def decide(rules: machine.Rules, command: Command, facts: Facts) -> Decision:
    """What a command does.

    Raises: `case.stale` where the person acted on an older version; what `act.act` raises.
    """
    if command.opening is not None:
        draft = act.opened(rules, command, facts, opening=command.opening)
    else:
        draft = _read(rules, facts)
        _refuse_stale(draft.case, command)
        _catch_up(draft)
    act.act(draft, command)
    return draft.finish(is_act=True)


def decide_attachment(
    rules: machine.Rules, facts: Facts, *, asked: attachments.Attaching
) -> Decision:
    """What attaching a file does. Nobody's typing is stale for it."""
    draft = _read(rules, facts)
    _catch_up(draft)
    attachments.attach(draft, asked)
    return draft.finish()


def decide_import(
    rules: machine.Rules,
    facts: Facts,
    *,
    old: imported.Old,
    number: str,
    actor_id: UUID | None = None,
) -> Decision:
    """What taking over a closed case of an earlier system writes, under a number of ours. It starts
    no clock and tells nobody. Raises: what `imported.take_over` raises."""
    draft = imported.take_over(rules, facts, old=old, number=number, actor_id=actor_id)
    return draft.finish(is_act=True)


def decide_due(rules: machine.Rules, facts: Facts) -> Decision | None:
    """What time alone does; None where nothing is due. A case that was woken for nothing is put
    back to sleep, or every sweep would begin with it."""
    draft = _read(rules, facts)
    woken = draft.case.next_at is not None and draft.case.next_at <= draft.at
    return draft.finish() if _catch_up(draft) or woken else None


def decide_calendar(
    rules: machine.Rules,
    facts: Facts,
    *,
    calendar: calendars.Calendar,
    mode: moves.Mode,
    is_muted: bool,
    actor_id: UUID | None = None,
) -> moves.Moved | None:
    """What another calendar does to a case; None where it does nothing. What was due before is
    written first and told as ever; what the calendar makes due is told unless `is_muted`."""
    draft = _read(rules, facts)
    _catch_up(draft)
    rows = moves.affected(draft, calendar, mode=mode)
    if not rows:
        return None
    seq = draft.seq
    draft.tell_apart()
    moved = moves.put(draft, rows, calendar=calendar, mode=mode, actor_id=actor_id)
    _catch_up(draft)
    notices = draft.told_apart()
    if is_muted:
        draft.hush()
    decision = draft.finish()
    late: dict[str, list[int]] = {"deadline_missed": [], "window_lapsed": []}
    for event in decision.events:
        if event.seq > seq and event.name in late:
            late[event.name].append(int(str(event.payload["no"])))
    return moves.Moved(
        decision=decision,
        moves=moved,
        overdue=tuple(late["deadline_missed"]),
        lapsed=tuple(late["window_lapsed"]),
        notices=notices,
    )


def _read(rules: machine.Rules, facts: Facts) -> Draft:
    if facts.case is None:
        raise errors.NotFound("case.unknown")
    return Draft(rules=rules, facts=facts, case=facts.case)


def _refuse_stale(case: CaseRow, command: Command) -> None:
    """What the ladder did since the person looked does not count; what a person did does."""
    seen = command.version
    if seen is not None and not case.acted_version <= seen <= case.version:
        raise errors.Stale("case.stale", version=case.version)


def _catch_up(draft: Draft) -> bool:
    """Writes everything that was due, earliest first. Whether there was anything."""
    found = False
    while (row := climb.due_row(draft)) is not None:
        found = True
        command = climb.step(draft, row)
        if command is not None:
            _act_by_time(draft, command)
    return found


def _act_by_time(draft: Draft, command: Command) -> None:
    """An action that time fires; one that is refused leaves nothing half done."""
    kept = draft.keep()
    try:
        act.act(draft, command)
    except errors.GridcaseError as error:
        draft.restore(kept)
        climb.refuse(draft, command, code=error.code)


__all__ = [
    "BOTH_SIDES",
    "FILE",
    "HANDLER",
    "NEVER",
    "AssignmentRow",
    "AttachmentRow",
    "CaseRow",
    "Command",
    "DeadlineRow",
    "Decision",
    "Earlier",
    "EarlierPaper",
    "EscalationRow",
    "Event",
    "Facts",
    "FileKind",
    "Line",
    "LinkRow",
    "Notice",
    "Opening",
    "PaperFacts",
    "PaperRow",
    "PartyRow",
    "Personal",
    "Scalar",
    "ServiceRow",
    "changed",
    "decide",
    "decide_attachment",
    "decide_calendar",
    "decide_due",
    "decide_import",
    "guard_facts",
    "is_led_by",
    "is_overtaken",
    "may_take_below",
    "plan_of",
    "reached_all",
    "search_of",
]
