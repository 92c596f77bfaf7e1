"""What is not to be done now, whatever will be typed: the clocks of a case let it be done within a
window, outside of what is waited for, after what must have come first; and it needs an office that
may be named, and one that may lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from rules import calendars, errors, routing
from rules import pack as pack_
from workflow.decide import clocks
from workflow.decide.draft import Draft
from workflow.decide.facts import CaseRow, DeadlineRow, Facts, Scalar, is_led_by, may_take_below

OVER: Final = frozenset({"lapsed", "stopped"})
"""How a window ends in which nobody did what it is for."""
USED: Final = "met"
BY_WHO_ACTS: Final = ("field", "own")
"""The routes that hang on what is typed, and on who types it."""


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
) -> errors.GridcaseError | None:
    """Why nobody can do an action now, as far as what will be typed does not decide it."""
    asked = [pack.fields[name] for name in action.needs]
    if any(field.below and not may_take_below(field, case, facts) for field in asked):
        return errors.NotNow("action.nobody_below")
    if any(field.excludes for field in asked):
        if not any(may_name(it.id, action, pack, facts, case=case) for it in facts.line.offices):
            return errors.NotNow("action.nobody_to_name")
    elif (rule := _route(action, pack)) is not None and rule.place not in BY_WHO_ACTS:
        try:
            office = lead_after(rule, facts, case=case)
        except errors.GridcaseError as error:
            return error
        if (back := led_back(action, rule, office, case)) is not None:
            return back
    return barred(action, facts.deadlines, pack)


def may_name(
    office: UUID,
    action: pack_.Action,
    pack: pack_.Pack,
    facts: Facts,
    *,
    case: CaseRow | None,
    own: UUID | None = None,
) -> bool:
    """Whether an action takes this office as one complained about: not one that is known as such,
    and one that leads the case only where the action takes it there and another may have it."""
    leads = case is not None and is_led_by(case, office, facts.line)
    rule = _route(action, pack)
    if office in facts.barred or (leads if rule is None else action.ousts and not leads):
        return False
    if rule is not None:
        try:
            lead_after(rule, facts, case=case, past=office, own=own)
        except errors.GridcaseError:
            return False
    return True


def lead_after(
    rule: pack_.Route,
    facts: Facts,
    *,
    case: CaseRow | None,
    past: UUID | None = None,
    own: UUID | None = None,
) -> routing.Office:
    """The office to which a route that goes by no field leads, `past` one more that is complained
    about. Raises: what `rules.routing.route` raises."""
    by_id = {office.id: office for office in facts.line.offices}
    return routing.route(
        rule,
        offices=facts.line.offices,
        origin=facts.line.origin,
        lead=by_id.get(case.lead_office_id) if case else None,
        named=None,
        own=by_id.get(own) if own else None,
        sender=by_id.get(case.sender_id) if case and case.sender_id else None,
        excluded=facts.barred | ({past} if past else frozenset()),
        parted=facts.parted,
    )


def led_back(
    action: pack_.Action, rule: pack_.Route, office: routing.Office, case: CaseRow
) -> errors.NotNow | None:
    """Why a case is not sent on to this office: past one that is complained about the way may lead
    back to where it is."""
    if action.sends and office.id == case.lead_office_id:
        return errors.NotNow("route.none", kinds=", ".join(rule.kinds))
    return None


def _route(action: pack_.Action, pack: pack_.Pack) -> pack_.Route | None:
    return pack.routing.get(action.lead or "")


def _told_clock(code: str, pack: pack_.Pack, name: str) -> errors.NotNow:
    words = pack.deadlines[name].name
    return errors.NotNow(code, deadline_zh=words.zh, deadline_en=words.en)
