"""The oracle of office time: every minute looked at, one by one, by what the wall clock shows.

It shares no code with `rules.calendars`: a day works or not by the lists of its year, an office
is open while the furthest that the wall has shown on that day lies in one of its stretches. So
an hour that the clocks skip is not worked, and one that comes twice is worked once through.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from rules import calendars

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Beirut",  # midnight is skipped
)
TURNS = {
    "Asia/Shanghai": (date(2026, 2, 14), date(2026, 10, 1)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Beirut": (date(2026, 3, 29), date(2026, 10, 25)),
}
"""Days around which to look: the clocks change, or a festival is near."""
SPAN = 9
"""Days of one look."""

Stretches = tuple[tuple[time, time], ...]


def walls(text: str) -> Stretches:
    """`09:00-12:00 13:30-17:30`."""
    pairs = [part.split("-") for part in text.split()]
    return tuple((time.fromisoformat(one), time.fromisoformat(two)) for one, two in pairs)


HOURS = tuple(
    walls(text)
    for text in (
        "09:00-12:00 13:30-17:30",
        "08:30-12:00 14:30-18:00",
        "09:00-17:00",
        "08:00-10:00 10:15-12:00 14:00-16:00",
        "00:30-03:15",  # in which clocks change
        "01:10-01:50 02:20-04:00 22:00-23:59",
        "00:00-06:00 20:00-23:30",
    )
)


@dataclass(frozen=True, kw_only=True)
class Office:
    """What a calendar is drawn from, and the first day of a look at it."""

    zone: str
    hours: Stretches
    weekdays: Mapping[int, Stretches]
    summer_on: date
    summer: Stretches
    off: frozenset[date]
    extra: frozenset[date]
    half: Mapping[date, str | Stretches]
    first: date

    def works(self, day: date) -> bool:
        """Whether anybody is there on this day."""
        return day in self.extra if day.weekday() in (5, 6) else day not in self.off

    def hours_on(self, day: date) -> Stretches:
        """From when to when, were it a working day."""
        if day >= self.summer_on:
            usual = self.summer
        else:
            usual = self.weekdays.get(day.weekday(), self.hours)
        half = self.half.get(day)
        if half is None:
            return usual
        if not isinstance(half, str):
            return half
        # by hand: parted at the longest break, and at noon where there is none
        noon, longest = time(12), 0
        for n in range(len(usual) - 1):
            one, two = usual[n][1], usual[n + 1][0]
            length = (two.hour - one.hour) * 60 + two.minute - one.minute
            if length > longest:
                noon, longest = one, length
        kept = []
        for opens, closes in usual:
            if half == "morning" and opens < noon:
                kept.append((opens, closes if closes < noon else noon))
            if half == "afternoon" and closes > noon:
                kept.append((opens if opens > noon else noon, closes))
        return tuple(kept)

    @property
    def start(self) -> datetime:
        """The first minute of the look: some hours before the first day, anywhere."""
        return datetime.combine(self.first, time.min, tzinfo=UTC) - 12 * 60 * MINUTE

    @cached_property
    def open(self) -> list[int]:
        """The minutes of the look, counted from its start, in which the office is open."""
        zone, found = ZoneInfo(self.zone), []
        day, furthest = date.min, time.min
        stretches: Stretches = ()
        for n in range((SPAN + 1) * 24 * 60):
            local = (self.start + n * MINUTE).astimezone(zone)
            if local.date() != day:
                day, furthest = local.date(), time.min
                stretches = self.hours_on(day) if self.works(day) else ()
            furthest = max(furthest, local.time())
            if any(opens <= furthest < closes for opens, closes in stretches):
                found.append(n)
        return found

    def counted(self, one: int, two: int) -> int:
        """Open minutes from the one-th up to the two-th of the look."""
        return bisect.bisect_left(self.open, two) - bisect.bisect_left(self.open, one)

    def at(self, n: int) -> datetime:
        """The n-th minute of the look as an instant."""
        return self.start + n * MINUTE

    @cached_property
    def calendar(self) -> calendars.Calendar:
        """The same as the program has it."""
        year = calendars.Year(
            year=2026,
            status="official",
            source="drawn",
            days_off=self.off,
            extra_workdays=self.extra,
            half_days=dict(self.half),  # type: ignore[arg-type]
        )
        summer = calendars.Hours(valid_from=self.summer_on, hours=self.summer, source="drawn")
        return calendars.Calendar(
            zone=self.zone,
            hours=self.hours,
            weekdays={calendars.WEEKDAYS[n]: hours for n, hours in self.weekdays.items()},
            versions=(summer,),
            years=(year,),
            hash=repr(self),
        )


@st.composite
def offices(draw: st.DrawFn) -> Office:
    """An office of any zone: lunch or none, another Friday, other hours in summer, days off,
    make-up workdays, half days of every kind, looked at where something happens."""
    zone = draw(st.sampled_from(ZONES))
    first = draw(st.sampled_from(TURNS[zone])) - draw(st.integers(1, SPAN - 2)) * DAY
    days = [first + n * DAY for n in range(-1, SPAN + 1)]
    weekend = [day for day in days if day.weekday() > 4]
    extra = draw(st.sets(st.sampled_from(weekend), max_size=2))
    off = draw(st.sets(st.sampled_from(days), max_size=4)) - extra
    working = [d for d in days if d not in off and (d.weekday() < 5 or d in extra)]
    office = Office(
        zone=zone,
        hours=draw(st.sampled_from(HOURS)),
        weekdays=draw(st.dictionaries(st.integers(0, 6), st.sampled_from(HOURS), max_size=2)),
        summer_on=draw(st.sampled_from(days)),
        summer=draw(st.sampled_from(HOURS)),
        off=frozenset(off),
        extra=frozenset(extra),
        half={},
        first=first,
    )
    kinds: st.SearchStrategy[str | Stretches] = st.sampled_from(
        ["morning", "afternoon", walls("10:00-11:30"), walls("01:00-02:30")]
    )
    drawn = draw(st.dictionaries(st.sampled_from(working or days), kinds, max_size=3))
    half = {
        day: kind
        for day, kind in drawn.items()
        if office.works(day) and replace(office, half={day: kind}).hours_on(day)
    }
    return replace(office, half=half)


def moments() -> st.SearchStrategy[int]:
    """A minute of a look, with room after it."""
    return st.integers(1, (SPAN - 1) * 24 * 60)
