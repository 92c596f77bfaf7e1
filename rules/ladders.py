"""When each rung of a ladder is due, and whom it addresses.

On day units a rung stands at the opening of office hours, on others at the minute. A rung
before the limit may come earlier than planned by a day off, never later; a rung after it only
later. A ladder ends where no post is left above.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from rules import calendars, due, errors, pack
from rules.due import counting

SLIP = timedelta(minutes=5)
"""How long after its start a deadline stays silent, so that a slip can be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One firing to come. `index` is the rung's place in its ladder, `repetition` 0 for the
    first firing, `key` the word for these two by which a deadline remembers it, `at` the planned
    moment in UTC."""

    index: int
    rung: pack.Rung
    repetition: int
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as a ladder sees it. `level` is the depth of the office's area, 1 at the top;
    absent people do not stand here: the caller leaves them out of `holder` and `deputy`, and
    names them in `away`, so that what was given to one of them finds who stands in."""

    id: UUID
    role: str
    office_id: UUID
    level: int
    holder: UUID | None
    deputy: UUID | None
    rank: int
    away: tuple[UUID, ...] = ()


Posts = Mapping[str, Sequence[Post]]
"""The posts of a line by role, each role's as `by_role` orders them."""


class Target(NamedTuple):
    """Whom a rung addresses, and at which level."""

    post_id: UUID
    person_id: UUID
    level: int
    is_deputy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    """A deadline as its rungs see it: `due_day` is the day of the first opening at or after
    `due_at`, from which rungs after the limit count."""

    rule: pack.DeadlineRule
    calendar: calendars.Calendar
    start_at: datetime
    start_on: date
    due_at: datetime
    due_on: date
    due_day: date
    pauses: tuple[due.Pause, ...]
    extend_days: int


def plan(
    ladder: Sequence[pack.Rung],
    *,
    rule: pack.DeadlineRule,
    calendar: calendars.Calendar,
    start_at: datetime,
    due_at: datetime,
    due_on: date,
    pauses: tuple[due.Pause, ...] = (),
    extend_days: int = 0,
) -> tuple[Planned, ...]:
    """Every firing of the ladder on this deadline, in time order.

    None is planned earlier than five minutes after the start; where the limit is over by then,
    nothing warns of it any more.
    Raises: ladder.percent, ladder.length, calendar.out_of_range, time.not_aware.
    Invariant: I3.
    """
    if not ladder:
        return ()
    start_on = calendars.local_date(calendar, start_at)
    clock = (rule, calendar, start_on, due_at, due_on, pauses, extend_days)
    planned = _by_days(tuple(ladder), *clock)
    if planned is None:
        planned = _firings(tuple(ladder), _clock(*clock, start_at=start_at))
    earliest = start_at.astimezone(UTC) + SLIP
    if planned and planned[0].at < earliest:
        planned = _in_order(
            replace(one, at=max(one.at, earliest))
            for one in planned
            if earliest < due_at or not _is_before(one.rung)
        )
    return planned


def _is_before(rung: pack.Rung) -> bool:
    """Whether it warns of a limit that is still to come."""
    return rung.at.kind in ("percent", "before")


@lru_cache(maxsize=4096)
def _by_days(
    ladder: tuple[pack.Rung, ...],
    rule: pack.DeadlineRule,
    calendar: calendars.Calendar,
    start_on: date,
    due_at: datetime,
    due_on: date,
    pauses: tuple[due.Pause, ...],
    extend_days: int,
) -> tuple[Planned, ...] | None:
    """The firings of a ladder that knows days only, whatever the hour of the start. Kept,
    because the clocks that start and end on the same days climb together. None: it knows hours."""
    lengths = [length for rung in ladder for length in (rung.at.length, rung.every) if length]
    if not counting.on_days(rule) or any(length.unit not in pack.DAY_UNITS for length in lengths):
        return None
    start_at = calendars.start_of_day(calendar, start_on)
    clock = _clock(rule, calendar, start_on, due_at, due_on, pauses, extend_days, start_at=start_at)
    return _firings(ladder, clock)


def _clock(
    rule: pack.DeadlineRule,
    calendar: calendars.Calendar,
    start_on: date,
    due_at: datetime,
    due_on: date,
    pauses: tuple[due.Pause, ...],
    extend_days: int,
    *,
    start_at: datetime,
) -> _Clock:
    return _Clock(
        rule=rule,
        calendar=calendar,
        start_at=start_at,
        start_on=start_on,
        due_at=due_at,
        due_on=due_on,
        due_day=_first_open_day(calendar, due_at),
        pauses=pauses,
        extend_days=extend_days,
    )


def _firings(ladder: tuple[pack.Rung, ...], clock: _Clock) -> tuple[Planned, ...]:
    moments = _on_days if counting.on_days(clock.rule) else _on_minutes
    return _in_order(
        Planned(index=index, rung=rung, repetition=repetition, key=f"{index}.{repetition}", at=at)
        for index, rung in enumerate(ladder)
        for repetition, at in enumerate(moments(clock, rung))
    )


def _in_order(planned: Iterable[Planned]) -> tuple[Planned, ...]:
    return tuple(sorted(planned, key=lambda one: (one.at, one.index, one.repetition)))


def by_role(posts: Iterable[Post]) -> Posts:
    """Posts of one line in the order in which they are asked: the lowest level first, at each by
    rank."""
    found: dict[str, list[Post]] = {}
    for post in sorted(posts, key=lambda post: (-post.level, post.rank, post.id)):
        found.setdefault(post.role, []).append(post)
    return found


def target(
    tell: str,
    *,
    posts: Posts,
    lead_office: UUID,
    level: int,
    owner_role: str | None,
    excluded: frozenset[UUID],
    from_level: int,
    handler: UUID | None = None,
) -> Target | None:
    """Whom to tell: the case's handler, or the holder of a role, or the deputy, or the same one
    level up, and so on; None where nobody is left and the case cannot escalate. A handler who
    is away or recused is passed over for who shares their post, then for the role; a role that
    the lead office has not is asked of another office of its level.

    `level` is the lead office's, `from_level` where the search begins (the supervising level,
    for supervise and raise), `posts` those of the case's line, `excluded` the recused.
    Invariant: I8, I10.
    """
    role = tell
    if tell == "handler":
        named = handler and _post_of(handler, posts=posts, lead_office=lead_office)
        found = able(named, excluded, first=handler) if named else None
        if found is not None:
            return found
        if owner_role is None:
            return None
        role, from_level = owner_role, level
    for post in asked(role, posts=posts, lead_office=lead_office, from_level=from_level):
        found = able(post, excluded)
        if found is not None:
            return found
    return None


def asked(role: str, *, posts: Posts, lead_office: UUID, from_level: int) -> Iterator[Post]:
    """The posts of which a role is asked, one after another, from `from_level` up to the top. At
    the lead office's own level a role means the lead office, where it has such a post."""
    of_role = posts.get(role, ())
    own = next((post.level for post in of_role if post.office_id == lead_office), None)
    for post in of_role:
        if post.level <= from_level and (post.level != own or post.office_id == lead_office):
            yield post


# --- day units


def _on_days(clock: _Clock, rung: pack.Rung) -> Iterator[datetime]:
    """The planned moments of one rung and its repetitions."""
    length = rung.at.length
    if length is not None and length.unit not in pack.DAY_UNITS:
        yield from _by_the_hour(clock, rung, length)
        return
    first_on = _day_of(clock, rung.at)
    first_at = calendars.opening(clock.calendar, first_on)
    yield first_at
    first_on = max(first_on, clock.start_on)
    for repetition in range(1, rung.cap if rung.every else 1):
        yield _repeated(clock, rung, first_on=first_on, first_at=first_at, repetition=repetition)


def _day_of(clock: _Clock, at: pack.When) -> date:
    """The day of a rung: back to a working day before the limit, forward after it. It may lie
    before the start; `plan` then moves the rung to the start."""
    calendar = clock.calendar
    if at.kind == "due":
        return clock.due_day
    if at.kind == "after":
        later = _days_away(calendar, clock.due_day, length=_checked(at.length), sign=1)
        return calendars.next_workday(calendar, later)
    if at.kind == "before":
        day = _days_away(calendar, clock.due_on, length=_checked(at.length), sign=-1)
    else:
        course = counting.whole_course(
            clock.rule,
            calendar=calendar,
            start_on=clock.start_on,
            due_on=clock.due_on,
            pauses=clock.pauses,
            extend_days=clock.extend_days,
        )
        day = counting.day_reached(course, _share(counting.total(course), at))
    return calendars.previous_workday(calendar, day)


def _repeated(
    clock: _Clock, rung: pack.Rung, *, first_on: date, first_at: datetime, repetition: int
) -> datetime:
    """A repetition counts from the rung's own day, that day excluded, and moves forward."""
    every = _checked(rung.every)
    length = pack.Length(n=every.n * repetition, unit=every.unit)
    if every.unit not in pack.DAY_UNITS:
        earliest = max(first_at, clock.start_at + SLIP)
        return counting.add(clock.calendar, earliest, length=length)
    day = _days_away(clock.calendar, first_on, length=length, sign=1)
    return calendars.opening(clock.calendar, calendars.next_workday(clock.calendar, day))


def _by_the_hour(clock: _Clock, rung: pack.Rung, length: pack.Length) -> Iterator[datetime]:
    """Hours before the limit, or after the first opening that follows it, on a clock of days."""
    if rung.at.kind == "before":
        base, sign = clock.due_at, -1
    else:
        base, sign = calendars.opening(clock.calendar, clock.due_day), 1
    away = pack.Length(n=sign * length.n, unit=length.unit)
    yield from _repeated_at(clock, rung, counting.add(clock.calendar, base, length=away))


def _first_open_day(calendar: calendars.Calendar, at: datetime) -> date:
    """The day of the first office opening at or after an instant."""
    day = calendars.next_workday(calendar, calendars.local_date(calendar, at))
    if calendars.opening(calendar, day) >= at:
        return day
    return calendars.add_workdays(calendar, day, 1)


def _days_away(calendar: calendars.Calendar, day: date, *, length: pack.Length, sign: int) -> date:
    """The day so many working days, calendar days or months away, the first excluded."""
    n = sign * length.n
    if length.unit == "working_day":
        return calendars.add_workdays(calendar, day, n)
    if length.unit == "month":
        return counting.months_after(day, n)
    return counting.days_after(day, n)


# --- hour and minute units


def _on_minutes(clock: _Clock, rung: pack.Rung) -> Iterator[datetime]:
    yield from _repeated_at(clock, rung, _moment_of(clock, rung.at))


def _moment_of(clock: _Clock, at: pack.When) -> datetime:
    if at.kind == "due":
        return clock.due_at
    if at.kind == "percent":
        course = counting.time_course(
            clock.rule,
            calendar=clock.calendar,
            start_at=clock.start_at,
            pauses=clock.pauses,
            extend_days=clock.extend_days,
        )
        return counting.time_reached(course, _share(counting.total(course), at))
    length = _checked(at.length)
    away = pack.Length(n=-length.n if at.kind == "before" else length.n, unit=length.unit)
    return _moved(clock, clock.due_at, away)


def _repeated_at(clock: _Clock, rung: pack.Rung, first_at: datetime) -> Iterator[datetime]:
    first_at = max(_to_the_minute(first_at), clock.start_at + SLIP)
    yield first_at
    for repetition in range(1, rung.cap if rung.every else 1):
        every = _checked(rung.every)
        away = pack.Length(n=every.n * repetition, unit=every.unit)
        yield _to_the_minute(_moved(clock, first_at, away))


def _moved(clock: _Clock, at: datetime, away: pack.Length) -> datetime:
    """An instant moved by a length; by days it keeps the time on the wall."""
    if away.unit not in pack.DAY_UNITS:
        return counting.add(clock.calendar, at, length=away)
    local = at.astimezone(calendars.zone(clock.calendar))
    day = _days_away(clock.calendar, local.date(), length=away, sign=1)
    return calendars.instant(clock.calendar.zone, day, local.time())


def _to_the_minute(at: datetime) -> datetime:
    """The full minute at or after an instant: a rung is never early."""
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + calendars.MINUTE


# --- shares and lengths


def _share(limit: int, at: pack.When) -> int:
    """The counted days, or minutes, that make up a percentage of the limit, rounded up."""
    if at.percent is None or not 0 <= at.percent <= 100:
        raise errors.Invalid("ladder.percent", percent=at.percent)
    return -(-limit * at.percent // 100)


def _checked(length: pack.Length | None) -> pack.Length:
    if length is None or length.n < 0:
        raise errors.Invalid("ladder.length")
    return length


# --- targets


def _post_of(person: UUID, *, posts: Posts, lead_office: UUID) -> Post | None:
    """The post at the lead office through which a person handles the case."""
    held = [
        post
        for post in itertools.chain.from_iterable(posts.values())
        if post.office_id == lead_office and person in (post.holder, post.deputy, *post.away)
    ]
    return min(held, key=lambda post: (post.holder != person, post.rank, post.id), default=None)


def able(post: Post, excluded: frozenset[UUID], *, first: UUID | None = None) -> Target | None:
    """Who of a post can be told: `first`, if it is one of its people, then holder, then deputy."""
    is_second = first is not None and first == post.deputy
    people = (post.deputy, post.holder) if is_second else (post.holder, post.deputy)
    for person in people:
        if person is not None and person not in excluded:
            return Target(
                post_id=post.id,
                person_id=person,
                level=post.level,
                is_deputy=person != post.holder,
            )
    return None
