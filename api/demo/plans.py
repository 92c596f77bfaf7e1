"""Plans: what people will do with one case, and when, as far as it goes.

A plan is made before anything happens, from dice with a seed and the office's calendar; the
seeding then does it through the commands. `state` follows the pack, so that a plan knows
where its case will stand on any day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from rules import calendars, pack
from workflow.decide import FILE, Scalar

Who = UUID | None
"""A person; None is the resident, who comes with number and code."""

NAME: Final = "<name>"
PHONE: Final = "<phone>"
"""Stand for a name and a number until the plan is taken: many are made and not taken."""
PAPER: Final = "<paper>"
"""Stands for the paper made last that waits for this act: its number is known when it is made."""

_MORNING: Final = (time(9, 5), 170)
_AFTERNOON: Final = (time(13, 35), 225)
"""When people are at work, and for how many minutes of it."""
_LATEST: Final = time(17, 45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of a plan."""

    at: datetime
    by: Who
    action: str
    fields: Mapping[str, Scalar]
    state: str
    """Where the case stands after it."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """One case being planned. `at` is the moment of the last step."""

    process: str
    grid: str
    rules: pack.Process
    calendar: calendars.Calendar
    dice: random.Random
    at: datetime
    steps: list[Step] = field(default_factory=list)

    # -- time

    @property
    def today(self) -> date:
        """The local day of the last step."""
        return calendars.local_date(self.calendar, self.at)

    @property
    def is_office_hour(self) -> bool:
        """Whether somebody is at the desk."""
        local = self.at.astimezone(calendars.zone(self.calendar)).time()
        return calendars.is_workday(self.calendar, self.today) and time(9) <= local <= _LATEST

    def day(self, days: int) -> str:
        """A local day from today, as forms send it."""
        return (self.today + timedelta(days=days)).isoformat()

    def soon(self) -> None:
        """In the same sitting, some minutes later."""
        self.at += timedelta(minutes=self.dice.randint(4, 25), seconds=self.dice.randint(0, 59))

    def later(self, low: int, high: int) -> None:
        """After so many working days, in office hours; none: the same day if there is time."""
        n = self.dice.randint(low, high)
        if n == 0:
            self.at = self._same_day()
            return
        self._on(calendars.add_workdays(self.calendar, self.today, n))

    def days_later(self, low: int, high: int) -> None:
        """After so many days, on the working day at or before; at least the next one."""
        target = self.today + timedelta(days=self.dice.randint(low, high))
        day = calendars.previous_workday(self.calendar, target)
        if day <= self.today:
            day = calendars.add_workdays(self.calendar, self.today, 1)
        self._on(day)

    def _same_day(self) -> datetime:
        at = self.at + timedelta(minutes=self.dice.randint(20, 120))
        local = at.astimezone(calendars.zone(self.calendar))
        day = local.date()
        if day == self.today and calendars.is_workday(self.calendar, day):
            if time(9) <= local.time() <= _LATEST:
                return at
            if local.time() < time(9):
                return self._moment(day)
        return self._moment(calendars.add_workdays(self.calendar, self.today, 1))

    def _on(self, day: date) -> None:
        self.at = self._moment(day)

    def _moment(self, day: date) -> datetime:
        opens, minutes = self.dice.choice((_MORNING, _AFTERNOON))
        at = calendars.instant(self.calendar.zone, day, opens)
        return (at + timedelta(seconds=self.dice.randint(0, minutes * 60))).astimezone(UTC)

    # -- acts

    @property
    def state(self) -> str:
        """Where the case stands after the last step."""
        return self.steps[-1].state

    def do(self, action: str, by: Who, **fields: Scalar) -> None:
        """Adds a step at the moment that the plan has come to."""
        rule = self.rules.actions[action]
        state = rule.to if rule.to is not None else self.state
        self.steps.append(Step(at=self.at, by=by, action=action, fields=fields, state=state))

    def file(self, by: UUID, **fields: Scalar) -> None:
        """The step that opens the case."""
        self.do(FILE, by, **fields)

    def call(self, names: Iterator[str], phones: Iterator[str]) -> None:
        """Gives the people of the case their names and numbers."""
        opening = self.steps[0]
        given = {NAME: names, PHONE: phones}
        fields = {
            key: next(given[value]) if isinstance(value, str) and value in given else value
            for key, value in opening.fields.items()
        }
        self.steps[0] = replace(opening, fields=fields)

    def until(self, end: datetime) -> Plan:
        """The plan as far as it goes before a moment."""
        self.steps = [step for step in self.steps if step.at < end]
        return self
