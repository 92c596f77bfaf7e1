"""What a clock has stood still for, read off its row, and for how long it still may."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from rules import calendars, due
from rules import pack as pack_
from rules.due import caps
from workflow.decide.facts import DeadlineRow, changed


def cap_ends(
    pack: pack_.Pack, row: DeadlineRow, *, calendar: calendars.Calendar
) -> datetime | None:
    """When a pause, with those before it for the same reason, has lasted as long as the pack
    allows."""
    last = json.loads(row.pauses)[-1]
    rule = pack.deadlines[row.rule]
    pause = next((p for p in rule.pauses if p.name.zh == last["reason"]), None)
    if pause is None or pause.max is None:
        return None
    return caps.ends(
        pause.max,
        calendar=calendar,
        from_at=datetime.fromisoformat(last["from"]),
        ended=_ended(row, pause, calendar=calendar),
    )


def may_pause(row: DeadlineRow, pause: pack_.Pause, *, calendar: calendars.Calendar) -> bool:
    """Whether the clock may still stand still for this reason."""
    if pause.max is None:
        return True
    ended = _ended(row, pause, calendar=calendar)
    return not caps.is_used_up(pause.max, calendar=calendar, ended=ended)


def _ended(
    row: DeadlineRow, pause: pack_.Pause, *, calendar: calendars.Calendar
) -> tuple[due.Pause, ...]:
    """The pauses for one reason that are over."""
    return tuple(p for p in of_row(row, calendar=calendar) if p.reason == pause.name.zh)


def of_row(row: DeadlineRow, *, calendar: calendars.Calendar) -> tuple[due.Pause, ...]:
    """The ended pauses of a row."""
    return _pauses(row.pauses, calendar) if row.pauses != "[]" else ()


@functools.lru_cache(maxsize=4096)
def _pauses(notes: str, calendar: calendars.Calendar) -> tuple[due.Pause, ...]:
    return tuple(
        due.Pause(
            from_on=calendars.local_date(calendar, datetime.fromisoformat(note["from"])),
            to_on=last_day(calendar, note),
            from_at=datetime.fromisoformat(note["from"]),
            to_at=datetime.fromisoformat(note["to"]),
            reason=note["reason"],
        )
        for note in json.loads(notes)
        if note["to"] is not None
    )


def last_day(calendar: calendars.Calendar, note: Mapping[str, str]) -> date:
    """The last day of a pause. `to` is the first instant at which the clock runs again: where
    that is midnight, the pause ended with the day before."""
    first, end = datetime.fromisoformat(note["from"]), datetime.fromisoformat(note["to"])
    return calendars.local_date(calendar, max(first, end - timedelta(microseconds=1)))


def begun(row: DeadlineRow, pause: pack_.Pause, *, at: datetime, seq: int) -> DeadlineRow:
    """The row from when it stands still, by the event of this number."""
    note = {"from": at.isoformat(), "to": None, "event": seq, "reason": pause.name.zh}
    note["reason_en"] = pause.name.en
    return changed(row, state="paused", pauses=append(row.pauses, note))


def over(row: DeadlineRow, *, at: datetime) -> DeadlineRow:
    """The row from when it runs again."""
    notes = json.loads(row.pauses)
    notes[-1]["to"] = at.isoformat()
    return changed(row, state="running", pauses=_dump(notes))


def append(notes: str, note: Mapping[str, object]) -> str:
    """The notes of a row, a pause's or an extension's, and one more."""
    return _dump([*json.loads(notes), note])


def _dump(notes: object) -> str:
    return json.dumps(notes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
