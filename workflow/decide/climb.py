"""What time does to a case: limits missed, windows lapsed, rungs climbed, in planned order.

It runs for the sweep and before every person's action alike, so what a case has been
through does not depend on when the sweep came by.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rules import guards, ladders
from rules import pack as pack_
from workflow.decide import clocks, leader, tell
from workflow.decide.decision import EscalationRow
from workflow.decide.draft import Draft
from workflow.decide.facts import DeadlineRow

SUPERVISING: Final = frozenset({"supervise", "raise", "leader"})
LEADER: Final = "leader"


def due_row(draft: Draft) -> DeadlineRow | None:
    """The open deadline that has waited longest for something that is due now."""
    waiting = [
        row for row in draft.open_deadlines() if row.next_at is not None and row.next_at <= draft.at
    ]
    return min(waiting, key=lambda row: (row.next_at, row.no), default=None)


def lapsed_action(draft: Draft, row: DeadlineRow) -> str | None:
    """Writes what is due on one deadline. Gives the action that a lapse fires, if any."""
    if row.state == "paused":
        _end_pause(draft, row)
    elif row.missed_at is None and row.next_at == row.due_at:
        return _too_late(draft, row)
    else:
        _climb(draft, row)
    return None


def _end_pause(draft: Draft, row: DeadlineRow) -> None:
    at = row.next_at or draft.at
    draft.record(
        "pause_ended",
        action_id=f"cap:{row.no}:{row.cycle}:{len(row.pauses)}",
        actor_kind="ladder",
        payload={"deadline": row.rule, "no": row.no},
    )
    clocks.resume(draft, row, at=at)


def _too_late(draft: Draft, row: DeadlineRow) -> str | None:
    rule = draft.rules.pack.deadlines[row.rule]
    is_window = row.owner != "office"
    name = "window_lapsed" if is_window else "deadline_missed"
    seq = draft.record(
        name,
        action_id=f"due:{row.no}:{row.cycle}",
        actor_kind="ladder",
        payload={"deadline": row.rule, "no": row.no, "due_at": row.due_at.isoformat()},
    )
    if is_window:
        clocks.lapse(draft, row)
    else:
        clocks.miss(draft, row)
    tell.cause(draft, cause=name, seq=seq, row=row, ask=rule.on_miss)
    return rule.on_lapse if is_window else None


def _climb(draft: Draft, row: DeadlineRow) -> None:
    plan = clocks.plan(draft, row)
    planned = clocks.next_rung(row, plan)
    if planned is None or planned.at > draft.at:  # woken for nothing
        draft.put_deadline(clocks.wait(draft, row, planned=plan))
        return
    if not _applies(draft, row, planned):
        draft.put_deadline(clocks.wait(draft, clocks.with_fired(row, planned), planned=plan))
        return
    level, at_top = _level(draft, planned.rung)
    target = _target(draft, planned.rung, level=level)
    if target is None:
        _block(draft, row, planned=planned)
        return
    seq = _record(draft, row, planned=planned, target=target, at_top=at_top)
    draft.put_deadline(clocks.wait(draft, clocks.with_fired(row, planned), planned=plan))
    _take_effect(draft, planned.rung, target=target, level=level, seq=seq)
    cause = f"rung.{planned.rung.do}"
    tell.cause(draft, cause=cause, seq=seq, row=row, target=target.person_id)


def _applies(draft: Draft, row: DeadlineRow, planned: ladders.Planned) -> bool:
    name = draft.rules.pack.deadlines[row.rule].ladder
    criteria = draft.rules.ladders[name][planned.index] if name else ()
    facts = draft.guard_facts()
    return all(guards.holds(guard, facts) for guard in criteria)


def _level(draft: Draft, rung: pack_.Rung) -> tuple[int, bool]:
    """Where the search for a target begins, and whether a raise found no level above: none
    that has a post of the role it tells, be it vacant."""
    level = draft.case.supervising_level or draft.case.level
    if rung.do != "raise":
        return level, False
    levels = [post.level for post in draft.facts.line.posts if post.role == rung.tell]
    top = min(levels, default=level)
    return (level - 1, False) if level > top else (level, True)


def _target(draft: Draft, rung: pack_.Rung, *, level: int) -> ladders.Target | None:
    if rung.tell == LEADER and rung.do not in SUPERVISING:
        named = _named_leader(draft)
        if named is not None:  # who owes the plan, and no other leader of the line
            return named
    return ladders.target(
        rung.tell,
        posts=draft.facts.line.posts,
        lead_office=draft.case.lead_office_id,
        level=draft.case.level,
        owner_role=draft.owner_role(),
        handler=draft.case.handler_id,
        excluded=draft.facts.recused,
        from_level=level if rung.do in SUPERVISING else draft.case.level,
    )


def _named_leader(draft: Draft) -> ladders.Target | None:
    """The leader who carries the case, while they hold the post and are not recused."""
    person = draft.case.leader_id
    if person is None or person in draft.facts.recused:
        return None
    for post in draft.facts.line.posts:
        if post.role == LEADER and person in (post.holder, post.deputy):
            return ladders.Target(
                post_id=post.id,
                person_id=person,
                level=post.level,
                is_deputy=person != post.holder,
            )
    return None


def _block(draft: Draft, row: DeadlineRow, *, planned: ladders.Planned) -> None:
    """Nobody can take this rung: the case is shown as stuck until a post is filled. Told
    once, however often it is tried again."""
    if not row.is_blocked:
        draft.record(
            "rung_blocked",
            # A clock may be blocked at the same rung again, after a pause.
            action_id=f"blocked:{row.no}:{clocks.key_of(planned)}:{draft.case.seq + 1}",
            actor_kind="ladder",
            payload={
                "deadline": row.rule,
                "no": row.no,
                "rung": planned.index,
                "effect": planned.rung.do,
                "role": planned.rung.tell,
                "planned_at": planned.at.isoformat(),
            },
        )
    draft.put_deadline(clocks.wait(draft, row._replace(is_blocked=True)))


def _record(
    draft: Draft,
    row: DeadlineRow,
    *,
    planned: ladders.Planned,
    target: ladders.Target,
    at_top: bool,
) -> int:
    """The rung as an event and as a row under its key, with what was planned."""
    rung = planned.rung
    seq = draft.record(
        "rung_fired",
        action_id=f"ladder:{row.no}:{planned.index}:{row.cycle}:{planned.repetition}",
        actor_kind="ladder",
        payload={
            "deadline": row.rule,
            "no": row.no,
            "rung": planned.index,
            "effect": rung.do,
            "planned_at": planned.at.isoformat(),
            "lateness_s": _seconds(draft.at, planned.at),
            "target": str(target.person_id),
            "level": target.level,
            "at_top": at_top,
        },
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
            level=target.level,
            target_post_id=target.post_id,
            target_person_id=target.person_id,
            at_top=at_top,
        )
    )
    return seq


def _take_effect(
    draft: Draft, rung: pack_.Rung, *, target: ladders.Target, level: int, seq: int
) -> None:
    if rung.do in ("supervise", "raise"):
        draft.change(supervising_level=min(level, target.level))
    elif rung.do == "leader":
        name_leader = draft.flow.names_leader
        if name_leader and leader.name(draft, target.person_id, post_id=target.post_id, seq=seq):
            clocks.start(draft, action=name_leader, seq=seq, fields={})


def _seconds(later: datetime, earlier: datetime) -> int:
    return int((later - earlier).total_seconds())
