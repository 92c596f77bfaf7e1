"""A closed case of an earlier system, taken over as it ended: it stands closed at once, nothing of
it runs, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from rules import calendars, errors
from rules import fields as fields_
from rules import pack as pack_
from workflow import machine
from workflow.decide import act
from workflow.decide.decision import Event
from workflow.decide.draft import Draft
from workflow.decide.facts import Command, Facts, Opening, Scalar

IMPORTED: Final = "case_imported"
"""The event."""
NEEDED: Final = ("subject",)
"""Without it a list shows nothing; old records have holes everywhere else."""
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """A case as the earlier system has it. `number` is the one it had there; `state` an end of its
    process; `fields` what filing would have been given."""

    id: UUID
    number: str
    process: str
    grid: str
    received_on: date
    closed_on: date
    state: str
    fields: Mapping[str, Scalar]


def known(rules: machine.Rules, process: str) -> tuple[str, ...]:
    """The fields that an old case of a process may bring. Raises: `process.unknown`."""
    filing = rules.flow(process).process.actions[act.FILE]
    return (*filing.needs, *filing.takes)


def take_over(
    rules: machine.Rules, facts: Facts, *, old: Old, number: str, actor_id: UUID | None
) -> Draft:
    """A draft of the case as it stands from now on, under a number of ours.

    Raises: `process.unknown`, `transfer.no_end`, `transfer.closed_first`, `transfer.in_future`;
    what `rules.fields.read` and `act.place` raise.
    """
    filing = _filing(rules, old.process)
    values = _values(rules, filing, old, today=calendars.local_date(facts.calendar, facts.now))
    command = Command(
        case_id=old.id,
        action_id=IMPORTED,
        action=IMPORTED,
        fields=old.fields,
        actor_kind="ladder" if actor_id is None else "person",
        actor_id=actor_id,
    )
    received_at = calendars.start_of_day(facts.calendar, old.received_on)
    opening = Opening(
        process=old.process, origin_grid=old.grid, number=number, received_at=received_at
    )
    draft = act.blank(rules, command, facts, opening=opening)
    complained = act.place(draft, filing, values, command)
    _close(draft, old)
    seq = act.record(draft, values, command, more=_said(old))
    if complained is not None:
        act.part_with(draft, complained, seq=seq)
    return draft


def _filing(rules: machine.Rules, process: str) -> pack_.Action:
    """The action that files a case, as old ones meet it."""
    filing = rules.flow(process).process.actions[act.FILE]
    takes = tuple(name for name in known(rules, process) if name not in NEEDED)
    return replace(filing, needs=NEEDED, takes=takes, needs_if={})


def _values(
    rules: machine.Rules, filing: pack_.Action, old: Old, *, today: date
) -> Mapping[str, Scalar]:
    """What was given, read as if it had been filed on the day on which it was received. All that
    is wrong with a case is told at once."""
    faults, day = list(_faults(rules, old, today=today)), old.received_on
    values: Mapping[str, Scalar] = {}
    try:
        values = fields_.read(filing, rules.pack.fields, old.fields, today=day, received_on=day)
    except errors.Invalid as error:
        faults += error.faults
    if faults:
        first, *rest = faults
        raise errors.Invalid(first.code, field=first.field, also=rest, **first.params)
    return values


def _faults(rules: machine.Rules, old: Old, *, today: date) -> Iterator[errors.GridcaseError]:
    """Only what is over comes in."""
    states = rules.flow(old.process).process.states
    if old.state not in states or not states[old.state].end:
        ends = ", ".join(name for name, state in states.items() if state.end)
        yield errors.Invalid("transfer.no_end", field="state", state=old.state, ends=ends)
    if old.closed_on < old.received_on:
        yield errors.Invalid("transfer.closed_first", field="closed_on")
    if old.closed_on > today:
        yield errors.Invalid("transfer.in_future", field="closed_on")


def _close(draft: Draft, old: Old) -> None:
    """Its times are those of the earlier system: a case filed here later may be linked to it."""
    closed_at = _end_of_day(draft, old.closed_on)
    is_done = draft.flow.process.states[old.state].done
    draft.change(
        state=old.state,
        is_done=is_done,
        done_at=closed_at if is_done else None,
        is_closed=True,
        closed_at=closed_at,
        opened_at=draft.case.received_at,
        filer_id=None,
    )


def _end_of_day(draft: Draft, day: date) -> datetime:
    """The last second of a local day, which is all that is known of when a case was closed: never
    before it was received, and no shorter than it took. Of today no later than now."""
    end = calendars.start_of_day(draft.facts.calendar, day + timedelta(days=1))
    return min(end - _SECOND, draft.at)


def _said(old: Old) -> dict[str, object]:
    """What the event tells of the earlier system."""
    return {
        "old_number": old.number,
        "grid": old.grid,
        "received_on": old.received_on.isoformat(),
        "closed_on": old.closed_on.isoformat(),
    }


def sent(event: Event) -> dict[str, Any]:
    """Every value that an import brings, clear and personal, by the column it stands in."""
    fields: Mapping[str, Any] = event.payload["fields"]  # type: ignore[assignment]
    return {
        **{name: value for name, value in event.payload.items() if name not in _OURS},
        **fields,
        **{one.field: one.value for one in event.personal},
    }


def stored(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The clear ones of an event as it is kept."""
    return {
        **{name: value for name, value in payload.items() if name not in _OURS},
        **payload["fields"],
    }


_OURS: Final = frozenset({"fields", "lead", "old_number"})
"""What an event says beside what the file says of the case."""
