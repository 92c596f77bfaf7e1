"""Deadlines of one draft: opened, paused, extended, met, missed, stopped.

Only named actions move a clock. Every due date is computed by `rules.due` from the start,
the pauses and the extensions that stand on the row, so it can be computed again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from rules import calendars, due, errors, guards, ladders
from rules import pack as pack_
from workflow import machine
from workflow.decide import papers, pauses, recount
from workflow.decide.draft import Draft
from workflow.decide.facts import PASSED, DeadlineRow, Scalar, changed


def run(draft: Draft, *, source: str, action: str, seq: int, fields: Mapping[str, Scalar]) -> None:
    """What an action does to the clocks of a case that stood in `source`: pauses, extensions,
    ends, starts, in this order."""
    _resume(draft, action=action, seq=seq)
    _extend(draft, action=action, seq=seq, fields=fields)
    stopped = _stop(draft, action=action, fields=fields)
    _pause(draft, action=action, seq=seq)
    if draft.state.end and not draft.is_end(source):
        stop_all(draft)
        stopped = frozenset()  # what waited before the end is overtaken by it
    start(draft, action=action, seq=seq, fields=fields)
    _go_on(draft, stopped, seq=seq, fields=fields)


def start(draft: Draft, *, action: str, seq: int, fields: Mapping[str, Scalar]) -> None:
    """Opens the clocks that an action starts and whose conditions hold; at an end only one of a
    paper that is still to be served."""
    facts, is_end = draft.guard_facts(fields), draft.state.end
    for clock in draft.flow.starts.get(action, ()):
        if is_end and not clock.rule.unserved:
            continue
        if clock.rule.unserved and not papers.is_to_serve(draft, clock.rule.starts):
            continue
        if not all(guards.holds(guard, facts) for guard in clock.when):
            continue
        if action in clock.rule.recounts:
            _recount(draft, name=clock.name, rule=clock.rule, seq=seq, fields=fields)
        elif action not in recount.corrections(clock.rule) or not _take_up(draft, clock):
            _open(draft, name=clock.name, rule=clock.rule, seq=seq, fields=fields)


def _recount(
    draft: Draft, *, name: str, rule: pack_.DeadlineRule, seq: int, fields: Mapping[str, Scalar]
) -> None:
    """Opens a clock as it would run, had what it reads been right from the beginning: the row that
    ran since then before, with its misses, rungs and extensions, or a new one."""
    since = recount.acts(draft, rule)
    if not since or any(row.rule == name for row in draft.open_deadlines()):
        return
    start_at = since[0].at
    rows = [it for it in draft.deadlines.values() if (it.rule, it.start_at) == (name, start_at)]
    if rows:
        row = _in_force(draft, rows[-1])
    else:
        row = _open(draft, name=name, rule=rule, seq=seq, fields=fields, start_at=start_at)
    row = recount.stood(draft, row, since, calendar=_calendar(draft, row))
    draft.put_deadline(wait(draft, recompute(draft, row)))


def _take_up(draft: Draft, clock: machine.Clock) -> bool:
    """Lets a clock that a correction has stopped run on, where there is one, and leaves one that
    was met; what began another attempt since has left both behind."""
    rows = [it for it in draft.deadlines.values() if it.rule == clock.name]
    if not rows or rows[-1].started_by < recount.begun_by(draft, clock.rule):
        return False
    if rows[-1].state != "stopped":
        return True
    row = changed(_in_force(draft, rows[-1]), state="running")
    draft.put_deadline(wait(draft, recompute(draft, row)))
    return True


def _in_force(draft: Draft, row: DeadlineRow) -> DeadlineRow:
    """An ended row, open again: it is counted by the calendar that is in force now."""
    return changed(row, ended_at=None, calendar_hash=draft.facts.calendar.hash)


def _go_on(
    draft: Draft, stopped: Collection[str], *, seq: int, fields: Mapping[str, Scalar]
) -> None:
    """A paper was served, another waits still: its clock runs from the day that one was made."""
    for name in sorted(stopped):
        rule = draft.rules.pack.deadlines[name]
        if not rule.unserved or any(row.rule == name for row in draft.open_deadlines()):
            continue
        left = papers.left_of(draft, rule.starts)
        if left:
            start_at = min(paper.made_at for paper in left)
            _open(draft, name=name, rule=rule, seq=seq, fields=fields, start_at=start_at)


def _open(
    draft: Draft,
    *,
    name: str,
    rule: pack_.DeadlineRule,
    seq: int,
    fields: Mapping[str, Scalar],
    start_at: datetime | None = None,
) -> DeadlineRow:
    for old in draft.open_deadlines():
        # The paper made first is still to be served; and what runs on is not begun anew.
        if old.rule == name and (rule.unserved or rule.runs_on):
            return old
        if old.rule == name:  # another leader's plan, another agreement: the first is over
            _end(draft, old, state="stopped")
    calendar, at = draft.facts.calendar, start_at or draft.at
    start_at = start_at or _start_at(draft, rule=rule, fields=fields)
    until = date_field(fields, rule.limit.until) or latest(draft.deadlines.values(), rule, at=at)
    found = due.due(rule, calendar=calendar, start_at=start_at, until=until)
    rungs = ladders.plan(
        _ladder(draft.rules.pack, rule),
        rule=rule,
        calendar=calendar,
        start_at=start_at,
        due_at=found.due_at,
        due_on=found.due_on,
    )
    row = DeadlineRow(
        case_id=draft.case.id,
        no=max(draft.deadlines, default=0) + 1,
        rule=name,
        owner=_owner(rule),
        state="running",
        cycle=draft.case.cycle,
        started_by=seq,
        start_at=start_at,
        due_at=found.due_at,
        due_on=found.due_on,
        is_provisional=found.provisional,
        calendar_hash=calendar.hash,
        until_on=until,
        next_at=min(found.due_at, rungs[0].at) if rungs else found.due_at,
    )
    draft.put_deadline(row)
    return row


def latest(rows: Iterable[DeadlineRow], rule: pack_.DeadlineRule, *, at: datetime) -> date | None:
    """The day on which a clock that starts at this moment ends at the latest: the earliest last
    day of those it names that were running."""
    days = [
        row.due_on
        for row in rows
        if row.rule in rule.no_later_than
        and row.start_at <= at
        and (row.ended_at is None or row.ended_at >= at)
    ]
    return min(days, default=None)


def ends_with(pack: pack_.Pack, row: DeadlineRow, rows: Iterable[DeadlineRow]) -> pack_.Text | None:
    """The clock because of which a stored one ends on its day."""
    if row.until_on is None or row.due_on < row.until_on:
        return None
    named = pack.deadlines[row.rule].no_later_than
    found = (it.rule for it in rows if it.rule in named and it.due_on == row.until_on)
    return next((pack.deadlines[name].name for name in found), None)


def _owner(rule: pack_.DeadlineRule) -> str:
    if rule.belongs_to is None:
        return "office"
    return "organ" if rule.belongs_to == pack_.ORGAN else "party"


def _start_at(draft: Draft, *, rule: pack_.DeadlineRule, fields: Mapping[str, Scalar]) -> datetime:
    on = date_field(fields, rule.start_at)
    if on is not None:
        return calendars.start_of_day(draft.facts.calendar, on)
    is_filing = draft.facts.case is None
    return draft.case.received_at if is_filing else draft.at


def date_field(fields: Mapping[str, Scalar], name: str | None) -> date | None:
    """The day in a field that a rule names."""
    if name is None:
        return None
    return date.fromisoformat(str(fields[name.removeprefix("fields.")]))


# -- what a row waits for -------------------------------------------------------------------


def wait(
    draft: Draft,
    row: DeadlineRow,
    *,
    left: Sequence[ladders.Planned] | None = None,
    done: str = "",
) -> DeadlineRow:
    """The row with the moment at which the sweep must look at it again. `left` are the rungs to
    come, where the ladder has not moved; `done` is the word for one that is to be remembered.
    A clock is blocked only by a rung that is due: one that stands still, or whose plan has moved
    on, waits like any other."""
    if row.state == "paused":
        ends = pauses.cap_ends(draft.rules.pack, row, calendar=_calendar(draft, row))
        return changed(row, next_at=ends, blocked="")
    if row.state != "running":
        return changed(row, next_at=None, blocked="")
    if left is None:
        left = unfired(row.fired, plan(draft, row))
    moments = [row.due_at] if row.missed_at is None else []
    blocked, is_tried = _blocked(draft, row, left)
    if is_tried:
        # Whoever fills the post wakes the case; the next opening makes sure that it is awake.
        moments.append(_next_opening(draft))
    upcoming = draft.untried(row, left)
    if upcoming is not None:
        moments.append(upcoming.at)
    return changed(
        row,
        fired=f"{row.fired} {done}".strip(),
        blocked=blocked,
        next_at=min(moments, default=None),
    )


def _blocked(draft: Draft, row: DeadlineRow, left: Sequence[ladders.Planned]) -> tuple[str, bool]:
    """The rungs that are due and that nobody can take, as a row has them, and whether this
    decision has found that of one of them."""
    if not left or left[0].at > draft.at:
        return "", False
    late = [rung for rung in left if rung.at <= draft.at]
    tried = [rung for rung in late if draft.has_tried(row, rung)]
    stuck = row.blocked.split()
    keys = [rung.key for rung in late if rung.key in stuck or rung in tried]
    return " ".join(keys), bool(tried)


def _next_opening(draft: Draft) -> datetime:
    calendar = draft.facts.calendar
    opens = calendars.opening(calendar, calendars.next_workday(calendar, draft.today))
    if opens > draft.at:
        return opens
    tomorrow = draft.today + timedelta(days=1)
    return calendars.opening(calendar, calendars.next_workday(calendar, tomorrow))


def unfired(fired: str, planned: Sequence[ladders.Planned]) -> Sequence[ladders.Planned]:
    """The planned rungs that have neither fired nor been passed over in this cycle, earliest
    first; `fired` as a row has it."""
    if not fired:
        return planned
    over = {word.removesuffix(PASSED) for word in fired.split()}
    return [rung for rung in planned if rung.key not in over]


def plan(draft: Draft, row: DeadlineRow) -> tuple[ladders.Planned, ...]:
    """The whole ladder of a deadline, with its moments."""
    return plan_of(draft.rules.pack, row, calendar=_calendar(draft, row))


def plan_of(
    pack: pack_.Pack, row: DeadlineRow, *, calendar: calendars.Calendar
) -> tuple[ladders.Planned, ...]:
    """The ladder of a stored deadline, as pages show it and the sweep climbs it."""
    return ladders.plan(
        _ladder(pack, pack.deadlines[row.rule]),
        rule=pack.deadlines[row.rule],
        calendar=calendar,
        start_at=row.start_at,
        due_at=row.due_at,
        due_on=row.due_on,
        pauses=pauses.of_row(row, calendar=calendar),
        extend_days=row.extend_days,
    )


def _ladder(pack: pack_.Pack, rule: pack_.DeadlineRule) -> Sequence[pack_.Rung]:
    """Somebody else's window has none."""
    return () if rule.ladder is None or rule.belongs_to else pack.ladders[rule.ladder]


def _calendar(draft: Draft, row: DeadlineRow) -> calendars.Calendar:
    return draft.facts.calendars[row.calendar_hash]


# -- ends -------------------------------------------------------------------------------------


def _stop(draft: Draft, *, action: str, fields: Mapping[str, Scalar]) -> frozenset[str]:
    """Gives the rules of those that it stopped. What overtakes papers has served none, and what
    corrects a case has done nothing that was waited for: their clocks are not met by it."""
    stopped = draft.flow.stops.get(action)
    if not stopped:
        return frozenset()
    stopped -= _kept(draft, action, stopped, fields)
    met = [row for row in draft.open_deadlines() if row.rule in stopped]
    for row in met:
        is_due = row.state == "running" and draft.at >= row.due_at
        late = is_due or row.missed_at is not None
        rule = draft.rules.pack.deadlines[row.rule]
        is_corrected = action in recount.corrections(rule)
        is_met = draft.flow.serves.get(action) or not (rule.unserved or is_corrected)
        _end(draft, row, state=("met_late" if late else "met") if is_met else "stopped")
    return frozenset([row.rule for row in met])


def _kept(
    draft: Draft, action: str, stopped: Collection[str], fields: Mapping[str, Scalar]
) -> frozenset[str]:
    """The clocks that an act stops and starts, and whose conditions hold before and after it: one
    that is counted again, or runs on, goes on as it was."""
    again = [
        clock
        for clock in draft.flow.starts.get(action, ())
        if clock.name in stopped and action in recount.corrections(clock.rule)
    ]
    facts = draft.guard_facts(fields) if again else {}
    return frozenset(
        [it.name for it in again if all(guards.holds(guard, facts) for guard in it.when)]
    )


def stop_all(draft: Draft) -> None:
    """Where the matter ends, nothing of before is waited for."""
    for row in draft.open_deadlines():
        _end(draft, row, state="stopped")


def lapse(draft: Draft, row: DeadlineRow) -> None:
    """A party's window has passed."""
    _end(draft, row, state="lapsed")


def used(draft: Draft, row: DeadlineRow) -> None:
    """What a window is for was asked in time and recorded after it: nobody asks by it again."""
    draft.put_deadline(changed(row, state="met"))


def miss(draft: Draft, row: DeadlineRow) -> None:
    """The first instant too late has come: the office that holds the case is charged, once."""
    office_id: UUID = draft.case.lead_office_id
    late_on = calendars.local_date(_calendar(draft, row), row.due_at)
    draft.count("missed", office_id=office_id, on=late_on)
    draft.put_deadline(wait(draft, changed(row, missed_at=draft.at, charged_office_id=office_id)))


def _end(draft: Draft, row: DeadlineRow, *, state: str) -> None:
    if row.state == "paused":
        _count_pause(draft, row, to=draft.at)
    draft.put_deadline(changed(row, state=state, ended_at=draft.at, next_at=None, blocked=""))


# -- pauses -----------------------------------------------------------------------------------


def _pause(draft: Draft, *, action: str, seq: int) -> None:
    for name, pause in draft.flow.pauses.get(action, ()):
        for row in draft.open_deadlines():
            is_there = row.rule == name and row.state == "running"
            if is_there and pauses.may_pause(row, pause, calendar=_calendar(draft, row)):
                paused = pauses.begun(row, pause, at=draft.at, seq=seq)
                draft.put_deadline(wait(draft, paused))


def _resume(draft: Draft, *, action: str, seq: int) -> None:
    for name, _ in draft.flow.resumes.get(action, ()):
        for row in draft.open_deadlines():
            if row.rule == name and row.state == "paused":
                resume(draft, row, at=draft.at)


def resume(draft: Draft, row: DeadlineRow, *, at: datetime) -> None:
    """The clock runs again from `at`; its due date is computed anew."""
    running = pauses.over(row, at=at)
    _count_pause(draft, row, to=at)
    draft.put_deadline(wait(draft, recompute(draft, running)))


def _count_pause(draft: Draft, row: DeadlineRow, *, to: datetime) -> None:
    """The days on which a clock stood still count for the office that holds the case."""
    note = json.loads(row.pauses)[-1] | {"to": to.isoformat()}
    calendar = _calendar(draft, row)
    first = calendars.local_date(calendar, datetime.fromisoformat(note["from"]))
    days = (pauses.last_day(calendar, note) - first).days
    if row.owner == "office":
        draft.count("paused", office_id=draft.case.lead_office_id, n=days)


# -- extensions -------------------------------------------------------------------------------


def _extend(draft: Draft, *, action: str, seq: int, fields: Mapping[str, Scalar]) -> None:
    found = draft.flow.extends.get(action)
    if found is None:
        return
    name, extension = found
    rows = [row for row in draft.open_deadlines() if row.rule == name]
    if not rows:
        raise errors.NotNow("deadline.not_running", deadline=name)
    for row in rows:
        _extend_row(draft, row, extension=extension, seq=seq, days=fields[extension.days])


def _extend_row(
    draft: Draft, row: DeadlineRow, *, extension: pack_.Extension, seq: int, days: Scalar
) -> None:
    if draft.at >= row.due_at:
        raise errors.NotNow("deadline.extension_late", deadline=row.rule)
    left = extension.max.n - row.extend_days
    n = int(days or 0)
    if not 1 <= n <= left:
        raise errors.Invalid(
            "deadline.extension_cap", field=extension.days, left=left, max=extension.max.n
        )
    note = {"days": n, "event": seq, "at": draft.at.isoformat()}
    extensions = pauses.append(row.extensions, note)
    longer = changed(row, extend_days=row.extend_days + n, extensions=extensions)
    draft.put_deadline(wait(draft, recompute(draft, longer)))


def recompute(draft: Draft, row: DeadlineRow) -> DeadlineRow:
    """The row with its due date computed from what stands on it."""
    found = due_of(draft.rules.pack, row, calendar=_calendar(draft, row))
    return changed(row, due_at=found.due_at, due_on=found.due_on, is_provisional=found.provisional)


def due_of(pack: pack_.Pack, row: DeadlineRow, *, calendar: calendars.Calendar) -> due.Due:
    """When a deadline is due by what stands on it. Invariant: I5."""
    return due.due(
        pack.deadlines[row.rule],
        calendar=calendar,
        start_at=row.start_at,
        pauses=pauses.of_row(row, calendar=calendar),
        extend_days=row.extend_days,
        until=row.until_on,
    )


def explain(
    pack: pack_.Pack, row: DeadlineRow, *, calendar: calendars.Calendar
) -> Sequence[due.Span]:
    """The spans of a stored deadline, for officer and resident alike."""
    return due.explain(
        pack.deadlines[row.rule],
        calendar=calendar,
        start_at=row.start_at,
        pauses=pauses.of_row(row, calendar=calendar),
        extend_days=row.extend_days,
        until=row.until_on,
    )
