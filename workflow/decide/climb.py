"""What time does to a case: limits missed, windows lapsed, rungs climbed, in planned order.

It runs for the sweep and before every person's action alike, so what a case has been
through does not depend on when the sweep came by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rules import guards, ladders
from rules import pack as pack_
from workflow.decide import clocks, leader, supervision, tell
from workflow.decide.decision import EscalationRow
from workflow.decide.draft import Draft
from workflow.decide.facts import (
    PASSED,
    SUPERVISING,
    Command,
    DeadlineRow,
    Search,
    changed,
    search_of,
)

LEADER: Final = "leader"


def due_row(draft: Draft) -> DeadlineRow | None:
    """The deadline that has waited longest for something that is due now, of two the first. One
    that has ended waits for nothing."""
    found, earliest = None, draft.at
    for row in draft.deadlines.values():
        at = row.next_at
        if at is not None and (at < earliest or (found is None and at == earliest)):
            found, earliest = row, at
    return found


def step(draft: Draft, row: DeadlineRow) -> Command | None:
    """Writes what is due first on one deadline. Gives the action that it fires, if any."""
    if row.state == "paused":
        _end_pause(draft, row)
        return None
    if row.missed_at is None and row.next_at == row.due_at:
        return _too_late(draft, row)
    return _climb(draft, row)


def refuse(draft: Draft, command: Command, *, code: str) -> None:
    """An action that time fired and that the process does not allow now is told and left: the
    ladder goes on."""
    draft.record(
        "action_refused",
        action_id=f"refused:{command.action_id}",
        actor_kind="ladder",
        payload={"action": command.action, "code": code},
    )


def _end_pause(draft: Draft, row: DeadlineRow) -> None:
    at = row.next_at or draft.at
    draft.record(
        "pause_ended",
        action_id=f"cap:{row.no}:{row.cycle}:{len(row.pauses)}",
        actor_kind="ladder",
        payload={"deadline": row.rule, "no": row.no},
    )
    clocks.resume(draft, row, at=at)


def _too_late(draft: Draft, row: DeadlineRow) -> Command | None:
    rule = draft.rules.pack.deadlines[row.rule]
    is_window = row.owner != "office"
    name = "window_lapsed" if is_window else "deadline_missed"
    # A charge that a new calendar took back may come again.
    again = "" if row.charged_office_id is None else f":{draft.seq + 1}"
    seq = draft.record(
        name,
        action_id=f"due:{row.no}:{row.cycle}{again}",
        actor_kind="ladder",
        payload={"deadline": row.rule, "no": row.no, "due_at": row.due_at.isoformat()},
    )
    if is_window:
        clocks.lapse(draft, row)
    else:
        clocks.miss(draft, row)
    tell.cause(draft, cause=name, seq=seq, row=row, ask=rule.on_miss)
    if not is_window or rule.on_lapse is None:
        return None
    return _by_time(draft, rule.on_lapse, action_id=f"lapse:{row.no}:{row.cycle}")


def _by_time(draft: Draft, action: str, *, action_id: str) -> Command:
    return Command(case_id=draft.case.id, action_id=action_id, action=action, actor_kind="ladder")


def _climb(draft: Draft, row: DeadlineRow) -> Command | None:
    left = clocks.unfired(row.fired, clocks.plan(draft, row))
    planned = draft.untried(row, left)
    if planned is None or planned.at > draft.at:  # woken for nothing
        draft.put_deadline(clocks.wait(draft, row, left=left))
        return None
    later = [rung for rung in left if rung is not planned]
    if not _applies(draft, row, planned):
        passed = planned.key + PASSED
        draft.put_deadline(clocks.wait(draft, row, left=later, done=passed))
        return None
    role = draft.owner_role()
    search = search_of(draft.case, planned.rung, role, draft.facts.line)
    target = _target(draft, planned.rung, search, owner_role=role)
    if target is None and planned.rung.action is None:
        _block(draft, row, planned=planned, left=left)
        return None
    return _fire(draft, row, planned=planned, later=later, search=search, target=target)


def _fire(
    draft: Draft,
    row: DeadlineRow,
    *,
    planned: ladders.Planned,
    later: Sequence[ladders.Planned],
    search: Search,
    target: ladders.Target | None,
) -> Command | None:
    rung = planned.rung
    seq = _record(draft, row, planned=planned, target=target, at_top=search.at_top)
    draft.put_deadline(clocks.wait(draft, row, left=later, done=planned.key))
    person = None if target is None else target.person_id
    if target is not None:
        _take_effect(draft, rung, target=target, level=search.from_level, seq=seq)
    tell.cause(draft, cause=f"rung.{rung.do}", seq=seq, row=row, target=person)
    if rung.action is None:
        return None
    key = f"{row.no}:{planned.index}:{row.cycle}:{planned.repetition}"
    return _by_time(draft, rung.action, action_id=f"rung:{key}")


def _applies(draft: Draft, row: DeadlineRow, planned: ladders.Planned) -> bool:
    name = draft.rules.pack.deadlines[row.rule].ladder
    criteria = draft.rules.ladders[name][planned.index] if name else ()
    return not criteria or all(guards.holds(guard, draft.guard_facts()) for guard in criteria)


def _target(
    draft: Draft, rung: pack_.Rung, search: Search, *, owner_role: str | None
) -> ladders.Target | None:
    named: ladders.Target | None = None
    if rung.tell == LEADER and (rung.do == "leader" or rung.do not in SUPERVISING):
        # Who carries the case, or owes its plan: no other leader of the line.
        named = _holding(draft, LEADER, draft.case.leader_id)
    elif rung.do == "supervise":  # who watches the case already
        named = _holding(draft, rung.tell, draft.case.supervisor_id)
    if named is not None:
        return named
    return ladders.target(
        rung.tell,
        posts=draft.facts.line.by_role,
        lead_office=search.office_id,
        level=search.level,
        owner_role=owner_role,
        handler=draft.case.handler_id,
        excluded=draft.facts.recused,
        from_level=search.from_level,
    )


def _holding(draft: Draft, role: str, person: UUID | None) -> ladders.Target | None:
    """Somebody named on the case, while they hold a post of the role and are not recused; while
    they are away, who stands in for them: in the first of their posts in which anybody does."""
    if person is None or person in draft.facts.recused:
        return None
    for post in draft.facts.line.by_role.get(role, ()):
        if person in (post.holder, post.deputy, *post.away):
            found = ladders.able(post, draft.facts.recused, first=person)
            if found is not None:
                return found
    return None


def _block(
    draft: Draft, row: DeadlineRow, *, planned: ladders.Planned, left: Sequence[ladders.Planned]
) -> None:
    """Nobody can take this rung: the case is shown as stuck until a post is filled, while later
    rungs go on. Told once, however often it is tried again."""
    draft.tried(row, planned)
    key = planned.key
    blocked = row.blocked.split()
    if key not in blocked:
        blocked.append(key)
        draft.record(
            "rung_blocked",
            # A clock may be blocked at the same rung again, after a pause.
            action_id=f"blocked:{row.no}:{key}:{draft.seq + 1}",
            actor_kind="ladder",
            payload={
                "deadline": row.rule,
                "no": row.no,
                "rung": planned.index,
                "repetition": planned.repetition,
                "effect": planned.rung.do,
                "role": planned.rung.tell,
                "planned_at": planned.at.isoformat(),
            },
        )
    waiting = changed(row, blocked=" ".join(blocked))
    draft.put_deadline(clocks.wait(draft, waiting, left=left))


def _record(
    draft: Draft,
    row: DeadlineRow,
    *,
    planned: ladders.Planned,
    target: ladders.Target | None,
    at_top: bool,
) -> int:
    """The rung as an event and as a row under its key, with what was planned. Without a target
    there is only the action that it fires."""
    rung = planned.rung
    level = draft.case.level if target is None else target.level
    payload: dict[str, object] = {
        "deadline": row.rule,
        "no": row.no,
        "rung": planned.index,
        "effect": rung.do,
        "planned_at": planned.at.isoformat(),
        "lateness_s": int((draft.at - planned.at).total_seconds()),
        "target": None if target is None else str(target.person_id),
        "level": level,
        "at_top": at_top,
    }
    # The action that it fires, or the measure that it proposes: a joint conference decides on
    # that, never the ladder.
    if rung.action is not None:
        payload["action"] = rung.action
    if rung.measure is not None:
        payload["measure"] = rung.measure
    seq = draft.record(
        "rung_fired",
        action_id=f"ladder:{row.no}:{planned.index}:{row.cycle}:{planned.repetition}",
        actor_kind="ladder",
        payload=payload,
    )
    draft.escalate(
        EscalationRow(
            case_id=draft.case.id,
            deadline_no=row.no,
            rung=planned.index,
            cycle=row.cycle,
            repetition=planned.repetition,
            seq=seq,
            effect=rung.do,
            planned_at=planned.at,
            fired_at=draft.at,
            level=level,
            target_post_id=None if target is None else target.post_id,
            target_person_id=None if target is None else target.person_id,
            at_top=at_top,
        )
    )
    return seq


def _take_effect(
    draft: Draft, rung: pack_.Rung, *, target: ladders.Target, level: int, seq: int
) -> None:
    if rung.do in supervision.EFFECTS:
        supervision.climb(draft, target, level=level)
    elif rung.do == "leader":
        name_leader = draft.flow.names_leader
        if name_leader and leader.name(draft, target.person_id, post_id=target.post_id, seq=seq):
            clocks.start(draft, action=name_leader, seq=seq, fields={})
