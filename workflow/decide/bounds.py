"""What the clocks of a case let be done: within a window, outside of what is waited for, after what
must have come first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rules import calendars, errors
from rules import pack as pack_
from workflow.decide import clocks
from workflow.decide.draft import Draft
from workflow.decide.facts import CaseRow, DeadlineRow, Facts, Scalar, may_take_below

OVER: Final = frozenset({"lapsed", "stopped"})
"""How a window ends in which nobody did what it is for."""
USED: Final = "met"


def check(draft: Draft, action: pack_.Action, values: Mapping[str, Scalar]) -> None:
    """Raises: what `barred` tells; `action.asked_late` for a day outside of the window, which is
    used by what was asked in time and is recorded after it."""
    error = barred(action, draft.deadlines.values(), draft.rules.pack)
    if error is not None:
        raise error
    row = {row.rule: row for row in draft.deadlines.values()}.get(action.within or "")
    if row is None or (row.state == "running" and action.within_on is None):
        return
    first = calendars.local_date(draft.facts.calendar, row.start_at)
    asked_on = clocks.date_field(values, action.within_on)
    if asked_on is None or not first <= asked_on <= row.due_on:
        field = str(action.within_on).removeprefix("fields.")
        last = row.due_on.isoformat()
        raise errors.NotNow("action.asked_late", field=field, first=first.isoformat(), last=last)
    if row.state != "running":
        clocks.used(draft, row)


def barred(
    action: pack_.Action, deadlines: Iterable[DeadlineRow], pack: pack_.Pack
) -> errors.NotNow | None:
    """Why the clocks do not let an action be done: that which it is `outside` of runs; that which
    it comes `after` is not late, or is a person's window that nobody has used; the window that it
    is `within` does not run, unless that is over and nobody has used it, where the day of asking
    counts and not that of recording. Of each clock the last counts."""
    rows = {row.rule: row for row in deadlines}
    out, late, window = (rows.get(it or "") for it in (action.outside, action.after, action.within))
    if out is not None and out.is_open:
        if action.to is None and action.by != ("resident",):
            return _told_clock("action.not_while", pack, out.rule)
        code = "action.asked_already" if action.to is None else "action.unserved"
        return errors.NotNow(code, due_on=out.due_on.isoformat())
    if action.after and pack.deadlines[action.after].belongs_to:
        if late is None or late.state != USED:
            return _told_clock("action.not_asked", pack, action.after)
    elif action.after and not (late is not None and late.is_open and late.missed_at is not None):
        return _told_clock("action.too_early", pack, action.after)
    is_over = window is not None and action.within_on is not None and window.state in OVER
    if action.within and not (window is not None and window.state == "running") and not is_over:
        return _told_clock("action.window_over", pack, action.within)
    return None


def why_not(
    action: pack_.Action, case: CaseRow, facts: Facts, pack: pack_.Pack
) -> errors.NotNow | None:
    """Why nobody can do an action now, as far as what will be typed does not decide it."""
    asked = (pack.fields[name] for name in action.needs)
    if any(field.below and not may_take_below(field, case, facts) for field in asked):
        return errors.NotNow("action.nobody_below")
    return barred(action, facts.deadlines, pack)


def _told_clock(code: str, pack: pack_.Pack, name: str) -> errors.NotNow:
    words = pack.deadlines[name].name
    return errors.NotNow(code, deadline_zh=words.zh, deadline_en=words.en)
