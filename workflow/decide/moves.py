"""Open deadlines put under another calendar: their dates computed anew, each move an event.

A date that has passed never moves without one. A limit that the new calendar does not find
missed is not charged any more; one that it does is charged by the same code as ever.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args
from uuid import UUID

from rules import calendars
from workflow.decide import clocks, tell
from workflow.decide.decision import Decision, Notice
from workflow.decide.draft import Draft
from workflow.decide.facts import ActorKind, DeadlineRow, changed

Mode = Literal["keep", "from_now_on", "rebuild"]
"""What a new calendar does to open deadlines: nothing; those that are not late are computed
anew; all are."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
MOVED: Final = "deadline_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One deadline's date before and after. `is_forgiven`: it counted as missed, and does not
    any more."""

    no: int
    rule: str
    from_at: datetime
    to_at: datetime
    from_on: date
    to_on: date
    is_forgiven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a new calendar does to one case. `overdue` and `lapsed` are the numbers of the
    deadlines that it found too late, `notices` what goes out, or would, because of it."""

    decision: Decision
    moves: tuple[Move, ...]
    overdue: tuple[int, ...]
    lapsed: tuple[int, ...]
    notices: tuple[Notice, ...]


def affected(draft: Draft, calendar: calendars.Calendar, *, mode: Mode) -> list[DeadlineRow]:
    """The open deadlines that this mode puts under the calendar."""
    if mode == "keep":
        return []
    return [
        row
        for row in draft.open_deadlines()
        if row.calendar_hash != calendar.hash and (mode == "rebuild" or row.missed_at is None)
    ]


def put(
    draft: Draft,
    rows: Sequence[DeadlineRow],
    *,
    calendar: calendars.Calendar,
    mode: Mode,
    actor_id: UUID | None,
) -> tuple[Move, ...]:
    """Puts deadlines under a calendar, and tells of those whose date moves."""
    kind: ActorKind = "ladder" if actor_id is None else "person"
    seq = draft.record(
        "calendar_changed",
        action_id=f"calendar:{draft.seq + 1}",
        actor_kind=kind,
        actor_id=actor_id,
        payload={
            "calendar": calendar.hash,
            "mode": mode,
            "deadlines": " ".join(str(row.no) for row in rows),
        },
    )
    moves = []
    for row in rows:
        moved = _under(draft, row, calendar)
        is_forgiven = row.missed_at is not None and moved.missed_at is None
        if moved.due_at == row.due_at:
            draft.put_deadline(clocks.wait(draft, moved))
            continue
        move = Move(
            no=row.no,
            rule=row.rule,
            from_at=row.due_at,
            to_at=moved.due_at,
            from_on=row.due_on,
            to_on=moved.due_on,
            is_forgiven=is_forgiven,
        )
        seq = draft.record(
            MOVED,
            action_id=f"moved:{row.no}:{draft.seq + 1}",
            actor_kind=kind,
            actor_id=actor_id,
            payload=_told(move),
        )
        draft.put_deadline(clocks.wait(draft, moved))
        tell.cause(draft, cause=MOVED, seq=seq, row=moved, actor_id=actor_id)
        moves.append(move)
    return tuple(moves)


def _told(move: Move) -> dict[str, object]:
    return {
        "deadline": move.rule,
        "no": move.no,
        "from": move.from_at.isoformat(),
        "to": move.to_at.isoformat(),
        "from_on": move.from_on.isoformat(),
        "to_on": move.to_on.isoformat(),
        "forgiven": move.is_forgiven,
    }


def _under(draft: Draft, row: DeadlineRow, calendar: calendars.Calendar) -> DeadlineRow:
    """The row as if it had been opened under this calendar."""
    old, start_at = draft.facts.calendars[row.calendar_hash], row.start_at
    if draft.rules.pack.deadlines[row.rule].start_at is not None:  # a day of the office, not a time
        start_at = calendars.start_of_day(calendar, calendars.local_date(old, start_at))
    moved = changed(row, calendar_hash=calendar.hash, start_at=start_at)
    moved = clocks.recompute(draft, moved)
    return moved if row.missed_at is None else _judged_again(draft, row, moved, old=old)


def _judged_again(
    draft: Draft, row: DeadlineRow, moved: DeadlineRow, *, old: calendars.Calendar
) -> DeadlineRow:
    """A missed one, by its new date: not missed, or missed at another time. `charged_office_id`
    stays where a charge is taken back, so that another miss is told apart from the first."""
    if row.missed_at is None or row.charged_office_id is None:
        return moved
    was_at = row.due_at if row.due_at <= row.missed_at else row.missed_at
    was_on = calendars.local_date(old, was_at)
    if moved.due_at > _looked_at(draft, row):
        draft.count("missed", office_id=row.charged_office_id, n=-1, on=was_on)
        return changed(moved, missed_at=None)
    now_on = calendars.local_date(draft.facts.calendars[moved.calendar_hash], moved.due_at)
    if (now_on.year, now_on.month) != (was_on.year, was_on.month):
        draft.count("missed", office_id=row.charged_office_id, n=-1, on=was_on)
        draft.count("missed", office_id=row.charged_office_id, on=now_on)
    return changed(moved, missed_at=max(row.missed_at, moved.due_at))


def _looked_at(draft: Draft, row: DeadlineRow) -> datetime:
    """Until when a clock has run: now, or when its pause began."""
    if row.state != "paused":
        return draft.at
    return datetime.fromisoformat(json.loads(row.pauses)[-1]["from"])
