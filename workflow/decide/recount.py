"""A clock counted again: what its conditions read was corrected, and it runs as it would have, had
that been right from the beginning. So no time is gained by going to and fro, and none is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from rules import calendars
from rules import pack as pack_
from workflow import machine
from workflow.decide import papers, pauses
from workflow.decide.draft import Draft
from workflow.decide.facts import DeadlineRow, changed


def corrections(rule: pack_.DeadlineRule) -> frozenset[str]:
    """The acts that only correct what a clock reads: each stops and starts it, and has it counted
    again, or leaves it as it was. What begins another attempt begins it anew."""
    both = frozenset(rule.starts).intersection(rule.stops)
    return both if rule.runs_on else both.intersection(rule.recounts)


class Done(NamedTuple):
    """An act of the case, where it counts for the clock."""

    name: str
    at: datetime
    seq: int


def acts(draft: Draft, rule: pack_.DeadlineRule) -> tuple[Done, ...]:
    """The acts since which the clock would run, that which starts it first; none where it would
    not. Raises: `paper.by_time`: what time fires corrects nothing."""
    found: list[Done] = []
    for act in _all(draft):
        action = draft.flow.process.actions.get(act.name)
        if action is None or act.name in rule.recounts:
            continue
        if act.name in rule.stops or (action.to is not None and draft.is_end(action.to)):
            found = []
        if act.name in rule.starts and not (found and rule.runs_on):
            found = []
        if found or act.name in rule.starts:
            found.append(act)
    return tuple(found)


def begun_by(draft: Draft, rule: pack_.DeadlineRule) -> int:
    """The number of the act that began the attempt at hand; 0 where none has."""
    begin = frozenset(rule.starts) - corrections(rule)
    return max((act.seq for act in _all(draft) if act.name in begin), default=0)


def _all(draft: Draft) -> Iterable[Done]:
    """What was done, earlier and in this decision; a filing counts from the day of receipt."""
    for name, at, seq in papers.known(draft).history:
        yield Done(name, draft.case.received_at if name == machine.FILE else at, seq)
    for event in draft.events:
        yield Done(event.name, event.at, event.seq)


def stood(
    draft: Draft, row: DeadlineRow, since: Iterable[Done], *, calendar: calendars.Calendar
) -> DeadlineRow:
    """The row with the pauses that these acts have brought it, as they would have come."""
    pack = draft.rules.pack
    rule = pack.deadlines[row.rule]
    row = changed(row, state="running", pauses="[]")
    for act in since:
        own = {pause.name.zh: pause for pause in rule.pauses}
        if row.state == "paused" and act.name in own[json.loads(row.pauses)[-1]["reason"]].ends:
            row = _resumed(pack, row, at=act.at, calendar=calendar)
        for pause in rule.pauses:
            may = row.state == "running" and pauses.may_pause(row, pause, calendar=calendar)
            if act.name == pause.starts and may:
                row = pauses.begun(row, pause, at=act.at, seq=act.seq)
    if row.state == "paused" and _cap(pack, row, draft.at, calendar=calendar) < draft.at:
        return _resumed(pack, row, at=draft.at, calendar=calendar)
    return row


def _resumed(
    pack: pack_.Pack, row: DeadlineRow, *, at: datetime, calendar: calendars.Calendar
) -> DeadlineRow:
    return pauses.over(row, at=min(at, _cap(pack, row, at, calendar=calendar)))


def _cap(
    pack: pack_.Pack, row: DeadlineRow, at: datetime, *, calendar: calendars.Calendar
) -> datetime:
    return pauses.cap_ends(pack, row, calendar=calendar) or at
