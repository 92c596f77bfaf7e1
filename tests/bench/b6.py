"""B6: a due date and its spans beside one addition of a timedelta; 100 k recomputed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from rules import calendars, due, load
from rules import pack as pack_
from tests.bench import measure

MANY: Final = 100_000
SPAN: Final = timedelta(days=60)
YEAR: Final = 365
PASSES: Final = 20
RULES: Final = (
    "dispute.accept",  # working days
    "mediation.medical",  # many working days, may pause
    "petition.handle",  # calendar days, may be extended
    "mediation.general",  # a month
    "rating.window",  # calendar days, the end rolls
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One deadline to compute."""

    rule: pack_.DeadlineRule
    start_at: datetime
    pauses: tuple[due.Pause, ...] = ()
    extend_days: int = 0


def run(*, rounds: int, size: int | None) -> list[measure.Figure]:
    """Dates of plain deadlines of every unit, started on each day of a year."""
    folder = load.shipped()
    pack, calendar = load.load(folder).pack, load.load_calendar(folder)
    plain = [Asked(rule=pack.deadlines[name], start_at=at) for name in RULES for at in _year()]
    found = measure.interleaved(
        {
            "add": lambda _: _us(plain, _add, calendar),
            "date": lambda _: _us(plain, _dates, calendar),
            "spans": lambda _: _us(plain, _spans, calendar),
        },
        rounds=rounds,
        passes=PASSES,
    )
    many = _many(pack, size or MANY)
    recomputed = [_seconds(many, calendar) for _ in range(rounds)]
    return [
        measure.compared(
            f"B6 {name}, to one addition",
            floor=found["add"],
            ours=found[name],
            unit="us CPU (lower)",
            database="none",
        )
        for name in ("date", "spans")
    ] + [
        measure.plain(
            f"B6 {len(many):,} deadlines recomputed",
            ours=recomputed,
            unit="s CPU",
            database="none",
        )
    ]


# No call between the loop and what is measured: it would cost more than an addition.
def _add(asked: Sequence[Asked], _: calendars.Calendar) -> None:
    for one in asked:
        one.start_at + SPAN


def _dates(asked: Sequence[Asked], calendar: calendars.Calendar) -> None:
    for one in asked:
        due.due(
            one.rule,
            calendar=calendar,
            start_at=one.start_at,
            pauses=one.pauses,
            extend_days=one.extend_days,
        )


def _spans(asked: Sequence[Asked], calendar: calendars.Calendar) -> None:
    for one in asked:
        due.explain(one.rule, calendar=calendar, start_at=one.start_at)


def _us(
    asked: Sequence[Asked],
    work: Callable[[Sequence[Asked], calendars.Calendar], None],
    calendar: calendars.Calendar,
) -> float:
    """Of one pass, counted the second time, when all is warm."""
    work(asked, calendar)
    begun = time.process_time()
    work(asked, calendar)
    return (time.process_time() - begun) / len(asked) * 1e6


def _seconds(asked: Sequence[Asked], calendar: calendars.Calendar) -> float:
    begun = time.process_time()
    _dates(asked, calendar)
    return time.process_time() - begun


def _year() -> list[datetime]:
    first = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
    return [first + timedelta(days=n, minutes=7 * n) for n in range(YEAR)]


def _many(pack: pack_.Pack, count: int) -> list[Asked]:
    """As they stand in an office: every fifth has been paused or extended, where it may be."""
    pause = due.Pause(from_on=date(2026, 3, 2), to_on=date(2026, 3, 20))
    starts = _year()
    found = []
    for n in range(count):
        place, name = divmod(n, len(RULES))
        rule = pack.deadlines[RULES[name]]
        uneven = place % 5 == 0
        found.append(
            Asked(
                rule=rule,
                start_at=starts[place % YEAR],
                pauses=(pause,) if uneven and rule.pauses else (),
                extend_days=10 if uneven and rule.extension else 0,
            )
        )
    return found
